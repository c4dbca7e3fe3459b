//! Which of BigChange's preconditions a problem breaks.

use serde::{Deserialize, Serialize};

use super::kinds::Problem;
use crate::Field;

impl Problem {
    /// Which of BigChange's preconditions it breaks.
    #[must_use]
    pub fn precondition(&self) -> Precondition {
        match self {
            Self::ParentInSiteGroup { .. } | Self::SiteContactInAccountGroup { .. } => {
                Precondition::RightGroup
            }
            Self::InvalidField {
                field: Field::AccountReference,
                ..
            }
            | Self::NameTakenInXero { .. }
            | Self::DuplicateAccountReference { .. }
            | Self::NoAccountReference { .. }
            | Self::AccountReferenceChanged { .. }
            | Self::MergedInXero { .. }
            | Self::NumberHeldByArchived { .. }
            | Self::IncompleteAnswer { .. }
            | Self::RefusedByBigChange { .. } => Precondition::MatchingReference,
            Self::InvalidField { .. }
            | Self::AmbiguousMatch { .. }
            | Self::ErasedInXero { .. }
            | Self::ArchivedInXero { .. }
            | Self::LinkedToAnotherContact { .. }
            | Self::OwnedByAnotherProgram { .. }
            | Self::PossibleDuplicate { .. }
            | Self::NotInXero { .. }
            | Self::ChangedInBoth { .. }
            | Self::UnlinkedByPerson { .. }
            | Self::LinkedContactNotInXero { .. }
            | Self::WebsiteInXero { .. }
            | Self::RefusedByXero { .. }
            | Self::XeroRefusesLookups
            | Self::Unknown => Precondition::LinkedOrLinkable,
        }
    }
}

/// What BigChange's help centre asks of a company before its contacts are synchronised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Precondition {
    /// Account customers are in account groups and site contacts in others; no group mixes the two.
    RightGroup,
    /// Each is linked to a Xero contact, or can be.
    LinkedOrLinkable,
    /// Each account reference is valid, unique and the same as its Xero contact's.
    MatchingReference,
}

impl Precondition {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::RightGroup,
        Self::LinkedOrLinkable,
        Self::MatchingReference,
    ];

    /// As a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::RightGroup => "Every contact is in the right kind of group",
            Self::LinkedOrLinkable => {
                "Every account customer is linked, or can be, to one Xero contact"
            }
            Self::MatchingReference => {
                "Every account reference is valid, unique and the same as in Xero"
            }
        }
    }
}
