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
    /// A value of Xero's own was written over, because BigChange's had changed too.
    CorrectionOverwritten {
        /// Of which field.
        field: Field,
        /// What stood in Xero; blank where there was nothing.
        in_xero: String,
        /// What was sent.
        sent: String,
    },
    /// Its Xero contact was merged into another there, and the link followed.
    FollowedMerge {
        /// The one that was merged.
        from: XeroContactRef,
        /// The one that it was merged into.
        to: XeroContactRef,
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
            Self::CorrectionOverwritten { .. } => "CorrectionOverwritten",
            Self::FollowedMerge { .. } => "FollowedMerge",
            Self::Unknown => "Unknown",
        }
    }

    /// What it is about, in a few words that are true of every contact with this code and name
    /// nobody.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::FieldLeftOut(LeftOut { field, .. }) => {
                format!("The {} was not sent to Xero", field.label())
            }
            Self::LinkedUnderAnotherName { .. } => {
                "Linked to a Xero contact of another name".to_owned()
            }
            Self::ContactReferenceNotWritten { .. } => {
                "BigChange did not take the contact reference".to_owned()
            }
            Self::CreatedBesideLikely { .. } => {
                "Created in Xero beside a contact that is likely the same customer".to_owned()
            }
            Self::CorrectionOverwritten { field, .. } => {
                format!("The {} that stood in Xero was written over", field.label())
            }
            Self::FollowedMerge { .. } => "Merged in Xero, and the link followed".to_owned(),
            Self::Unknown => "Something that only a newer version knows".to_owned(),
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
            Self::CorrectionOverwritten {
                field: Field::AccountReference,
                sent,
                ..
            } => format!(
                "Its account number was taken away in Xero; {sent} was entered there again. To keep this customer out of the synchronisation, tick \"Exclude from \
                 financial sync\" in BigChange (CRM → Contacts → the contact → Financials)."
            ),
            Self::CorrectionOverwritten {
                field,
                in_xero,
                sent,
            } => format!(
                "The {} was changed in BigChange to {}, and Xero, which had {} of its own, has that now. If Xero's was right, enter it in BigChange (CRM → Contacts → \
                 the contact → General).",
                field.label(),
                quoted(sent),
                quoted(in_xero)
            ),
            Self::FollowedMerge { from, to } => format!(
                "Its Xero contact {} was merged there into {}, to which it is linked now.",
                from.told(),
                to.told()
            ),
            Self::Unknown => "A newer version of the synchronisation noted something that this version does not know.".to_owned(),
        }
    }

    /// Whether it tells what happened once, rather than what is so: it is in the history too.
    #[must_use]
    pub fn is_event(&self) -> bool {
        match self {
            Self::CorrectionOverwritten { .. } | Self::FollowedMerge { .. } => true,
            Self::FieldLeftOut(_)
            | Self::LinkedUnderAnotherName { .. }
            | Self::ContactReferenceNotWritten { .. }
            | Self::CreatedBesideLikely { .. }
            | Self::Unknown => false,
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

/// A value as it stands in a sentence.
pub(crate) fn quoted(value: &str) -> String {
    if value.is_empty() {
        "nothing".to_owned()
    } else {
        format!("\"{value}\"")
    }
}
