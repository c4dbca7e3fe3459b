//! What is carried from BigChange to Xero.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{ContactData, Field};

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

/// A postal address (Xero's `POBOX` type). Sent as one unit; all blank means: empty it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `AddressLine1`, at most 500 characters.
    pub street: String,
    /// `City`, at most 255.
    pub town: String,
    /// `PostalCode`, at most 50.
    pub postcode: String,
    /// `Country`, at most 50, letters only.
    pub country: String,
}

/// The person to ask for. Sent as one unit; both blank means: empty it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// `FirstName`, at most 255.
    pub first_names: String,
    /// `LastName`, at most 255.
    pub last_name: String,
}
