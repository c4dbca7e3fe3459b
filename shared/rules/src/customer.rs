//! An account customer: what of a contact Xero would take.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{AccountReference, AccountType, ContactId, Details, Field};

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
