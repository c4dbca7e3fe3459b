//! Xero contacts as people are told of them.

use serde::{Deserialize, Serialize};

use crate::{ContactId, Grade, XeroContact, XeroContactId};

/// A contact in Xero, as a problem names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XeroContactRef {
    /// Its id.
    pub id: XeroContactId,
    /// Its name.
    pub name: String,
    /// Its account number; blank where there is none.
    pub account_number: String,
}

impl From<&XeroContact> for XeroContactRef {
    fn from(contact: &XeroContact) -> Self {
        Self {
            id: contact.id,
            name: contact.name.clone(),
            account_number: contact.account_number.trim().to_owned(),
        }
    }
}

impl XeroContactRef {
    pub(crate) fn told(&self) -> String {
        if self.account_number.is_empty() {
            format!("\"{}\" (no account number)", self.name)
        } else {
            format!("\"{}\" (account number {})", self.name, self.account_number)
        }
    }
}

/// An active Xero contact that is like a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alike {
    /// The Xero contact.
    pub xero: XeroContactRef,
    /// To which BigChange contact it is linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linked_to: Option<ContactId>,
    /// How like.
    pub grade: Grade,
    /// What the two have in common.
    pub evidence: String,
}
