//! What was decided to be written.

use serde::{Deserialize, Serialize};

use crate::{
    AccountReference, ContactId, Customer, Details, Earlier, NewXeroContact, Notice, Unit,
    UnitConflict, XeroChanges, XeroContact, XeroContactId,
};

/// What is to be written, in this order: Xero, then BigChange's account fields, then BigChange's
/// contact reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What happens to the contact, in a word.
    pub outcome: SyncAction,
    /// The account reference that both sides will carry.
    pub account_reference: AccountReference,
    /// To Xero.
    pub xero: XeroWrite,
    /// Account reference and account type, to BigChange.
    pub bigchange_account: bool,
    /// The contact reference, to BigChange: always equal to the account reference.
    pub bigchange_contact_reference: bool,
    /// What will have been carried over once the plan is done.
    pub synced: Details,
    /// What the accounts admin should know.
    pub notices: Vec<Notice>,
    /// Units that are held back while the rest is written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<UnitConflict>,
    /// What attempts before it did whose answers were lost.
    #[serde(default, skip_serializing_if = "Earlier::is_empty")]
    pub earlier: Earlier,
    /// A person confirmed the Xero contact: that others were merged into it, and may be active
    /// again, matters no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forgets_moves: bool,
}

/// What happens to a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SyncAction {
    /// Created in Xero.
    Created,
    /// Linked to an existing Xero contact.
    Linked,
    /// Changes carried over, or an account reference put right.
    Updated,
    /// Nothing differs.
    Unchanged,
    /// Something that only a newer version of this software does: read from a stored plan, never
    /// decided.
    #[serde(other)]
    Unknown,
}

/// A write to Xero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum XeroWrite {
    /// Nothing; the contact is linked, or is to be.
    Nothing {
        /// The Xero contact.
        id: XeroContactId,
    },
    /// Create.
    Create(Box<NewXeroContact>),
    /// Change an existing contact.
    Change {
        /// The Xero contact.
        id: XeroContactId,
        /// What.
        changes: Box<XeroChanges>,
        /// The contact as it was found, if the write relies on how it looked: it must be read again
        /// if that was not just now.
        #[serde(rename = "as_found")]
        expected: Option<Box<XeroContact>>,
        /// The contact as it was read for this write, with what stands in it: it is linked, and
        /// need not be read again. Version 0.1 did not read it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<Box<XeroContact>>,
    },
    /// A write that only a newer version of this software knows: read from a stored plan, never
    /// decided. Whether it was done cannot be told, so the contact is left to that version.
    #[serde(untagged)]
    Unknown(UnknownWrite),
}

/// A stored write that this version does not know. What it says is kept where it was read from, not
/// here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownWrite;

impl Serialize for UnknownWrite {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for UnknownWrite {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

impl XeroWrite {
    /// Whether anything is sent to Xero.
    #[must_use]
    pub fn is_write(&self) -> bool {
        !matches!(self, Self::Nothing { .. })
    }

    /// The existing Xero contact, unless it is yet to be created.
    #[must_use]
    pub fn existing(&self) -> Option<XeroContactId> {
        match self {
            Self::Nothing { id } | Self::Change { id, .. } => Some(*id),
            Self::Create(_) | Self::Unknown(_) => None,
        }
    }
}

impl Plan {
    /// Whether there is nothing to write to either system.
    #[must_use]
    pub fn writes_nothing(&self) -> bool {
        matches!(self.xero, XeroWrite::Nothing { .. })
            && !self.bigchange_account
            && !self.bigchange_contact_reference
    }

    /// Whether all that it writes to Xero is an account number, to link a contact there that this
    /// software did not create for `contact`. Whether that was done shows in the Xero contact
    /// itself, and the number is right for this contact either way: an attempt at it leaves nothing
    /// in doubt once Xero has been asked again.
    #[must_use]
    pub fn only_fills_in_a_number(&self, contact: ContactId) -> bool {
        let XeroWrite::Change {
            changes, expected, ..
        } = &self.xero
        else {
            return false;
        };
        let nothing_else = XeroChanges {
            account_number: None,
            ..(**changes).clone()
        };
        self.outcome == SyncAction::Linked
            && nothing_else == XeroChanges::default()
            && expected
                .as_ref()
                .is_some_and(|found| !found.is_ours_for(contact))
    }
}

impl XeroWrite {
    /// What stood in the Xero contact when it was read for this write, as far as that is known.
    #[must_use]
    pub fn stood_there(&self) -> Option<&Details> {
        match self {
            Self::Change {
                expected, before, ..
            } => {
                let read = before.as_ref().or(expected.as_ref());
                read.and_then(|read| read.details.as_deref())
            }
            Self::Nothing { .. } | Self::Create(_) | Self::Unknown(_) => None,
        }
    }

    /// Whether it sends this unit.
    #[must_use]
    pub fn sends(&self, unit: Unit) -> bool {
        match self {
            // What a new contact is not given is blank in it.
            Self::Create(_) => true,
            Self::Change { changes, .. } => unit.is_in(changes),
            Self::Nothing { .. } | Self::Unknown(_) => false,
        }
    }

    /// The new name, if this renames an existing contact.
    #[must_use]
    pub fn renames(&self) -> Option<&str> {
        match self {
            Self::Change { changes, .. } => changes.name.as_deref(),
            Self::Nothing { .. } | Self::Create(_) | Self::Unknown(_) => None,
        }
    }
}

impl Notice {
    /// Whether an earlier notice still holds once `plan` is carried out.
    #[must_use]
    pub fn outlasts(&self, plan: &Plan, customer: Option<&Customer>) -> bool {
        let later = !matches!(plan.outcome, SyncAction::Created | SyncAction::Linked);
        later
            && match self {
                Self::FieldLeftOut(_) => false,
                Self::LinkedUnderAnotherName { .. } => plan.xero.renames().is_none(),
                Self::CreatedBesideLikely { .. } | Self::Unknown => true,
                // What happened, rather than what is so: told until the next thing happens.
                Self::CorrectionOverwritten { .. } | Self::FollowedMerge { .. } => {
                    plan.outcome == SyncAction::Unchanged
                }
                Self::ContactReferenceNotWritten { .. } => {
                    customer.is_some_and(|customer| customer.contact_reference.is_empty())
                }
            }
    }
}
