//! An account customer: what of a contact Xero would take.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{AccountReference, AccountType, Address, ContactData, ContactId, Field, Person};

/// What is carried from BigChange to Xero, in units that are sent as a whole. Blank means that
/// BigChange has none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Name, spaces normalised.
    pub name: String,
    /// Postal address.
    pub address: Address,
    /// Phone.
    pub phone: String,
    /// Email.
    pub email: String,
    /// Person.
    pub person: Person,
    /// Fields that were not known when they were to be noted, because BigChange left their keys out
    /// when the contact was linked: the first value that it tells is noted, and not sent.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub not_known: BTreeSet<Field>,
}

impl Details {
    /// What of it is compared, besides the name, with contacts in Xero.
    #[must_use]
    pub fn data(&self) -> ContactData {
        ContactData::default()
            .email(&self.email)
            .phone(&self.phone)
            .postcode(&self.address.postcode)
            .street(&self.address.street)
    }
}

/// A contact that takes part: everything in it is something that Xero takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its contact id in BigChange.
    pub id: ContactId,
    /// What is carried over. A field that was left out is blank here.
    pub details: Details,
    /// Its account reference, if BigChange has one.
    pub account_reference: Option<AccountReference>,
    /// Its contact reference, trimmed; blank where there is none.
    pub contact_reference: String,
    /// Its account type.
    pub account_type: Option<AccountType>,
    /// Fields that BigChange has and Xero would refuse.
    pub left_out: Vec<LeftOut>,
    /// Fields whose key BigChange left out of its answer: see [`crate::Contact::missing`].
    pub missing: BTreeSet<Field>,
}

/// A field that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Which.
    pub field: Field,
    /// What Xero takes there.
    pub takes: String,
}
