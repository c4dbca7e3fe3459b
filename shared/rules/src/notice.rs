//! What the accounts admin should know of a contact that is not held.

use serde::{Deserialize, Serialize};

use crate::{Customer, Field, LeftOut, XeroContactRef};

const ENTER_BY_HAND: &str = "enter the account reference there by hand if you search by it (CRM → Contacts → the contact → General).";

/// Something that the accounts admin should know, which does not hold the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Notice {
    /// A field that Xero would refuse was left out.
    FieldLeftOut(LeftOut),
    /// The Xero contact that it was linked to has another name.
    LinkedUnderAnotherName {
        /// Its name in Xero.
        in_xero: String,
    },
    /// The contact reference was not written: BigChange does not take it.
    ContactReferenceNotWritten {
        /// Why, in BigChange's words or in ours. Blank in a notice of version 0.1.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// Version 0.1 set the reference through a form of the whole contact: the field that this
        /// form could not carry back unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        field: Option<Field>,
    },
    /// It was created although Xero had contacts that are likely the same customer.
    CreatedBesideLikely {
        /// Those.
        candidates: Vec<XeroContactRef>,
    },
    /// A notice that only a newer version of this software knows: read from a record, never given.
    #[serde(other)]
    Unknown,
}

impl Notice {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::FieldLeftOut(_) => "FieldLeftOut",
            Self::LinkedUnderAnotherName { .. } => "LinkedUnderAnotherName",
            Self::ContactReferenceNotWritten { .. } => "ContactReferenceNotWritten",
            Self::CreatedBesideLikely { .. } => "CreatedBesideLikely",
            Self::Unknown => "Unknown",
        }
    }

    /// What it says.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::FieldLeftOut(LeftOut { field, takes }) => {
                format!(
                    "The {} was not sent to Xero, which takes {takes}; correct it in BigChange (CRM → Contacts → the contact → General).",
                    field.label()
                )
            }
            Self::LinkedUnderAnotherName { in_xero } => {
                format!(
                    "It was linked to the Xero contact \"{in_xero}\", which has its account number but another name."
                )
            }
            Self::ContactReferenceNotWritten {
                field: Some(field), ..
            } => format!(
                "The contact reference was not written, because BigChange's form would not take the {} back unchanged; {ENTER_BY_HAND}",
                field.label()
            ),
            Self::ContactReferenceNotWritten { reason, .. } => format!(
                "The contact reference was not written, because BigChange does not take it ({}); {ENTER_BY_HAND}",
                reason.trim().trim_end_matches('.')
            ),
            Self::CreatedBesideLikely { candidates } => {
                let names: Vec<String> = candidates.iter().map(XeroContactRef::told).collect();
                format!(
                    "It was created in Xero, where likely the same customer was already: {}. If it is, merge the two in Xero, keeping the one with this account number \
                     (Contacts → tick them → Options → Merge).",
                    names.join(", ")
                )
            }
            Self::Unknown => "A newer version of the synchronisation noted something that this version does not know.".to_owned(),
        }
    }

    /// The notices that a customer's own fields give rise to.
    pub(crate) fn of_fields(customer: &Customer) -> Vec<Self> {
        customer
            .left_out
            .iter()
            .cloned()
            .map(Self::FieldLeftOut)
            .collect()
    }
}
