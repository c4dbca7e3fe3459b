//! The order in which a report tells of contacts: the most harmful first.

use crate::{Notice, Problem, SyncAction};

/// What a report tells of a contact.
#[derive(Debug, Clone, Copy)]
pub enum Reported<'a> {
    /// It is held by this problem.
    Held(&'a Problem),
    /// It is brought in line by this, with these notices.
    InLine(SyncAction, &'a [Notice]),
    /// It could not be decided about now.
    PutOff,
    /// It takes no part.
    LeftAlone,
}

/// Where a contact stands in a report. What stands first can do the most harm if nobody looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReportRank {
    /// Held; taken for the wrong one, it would become a second contact of one customer, or another
    /// customer's contact would be written over.
    RiskyProblem,
    /// Held for any other reason.
    OtherProblem,
    /// Would be created although Xero has likely the same customer.
    CreateBesideLikely,
    /// Would be created.
    Create,
    /// Would be linked to an existing Xero contact.
    Link,
    /// Its changes would be carried over.
    Update,
    /// Could not be decided about now.
    PutOff,
    /// Nothing differs.
    Unchanged,
    /// Takes no part.
    #[default]
    LeftAlone,
}

impl ReportRank {
    /// The rank of what is told.
    #[must_use]
    pub fn of(reported: Reported<'_>) -> Self {
        match reported {
            Reported::Held(problem) if problem.risks_another_contact() => Self::RiskyProblem,
            Reported::Held(_) => Self::OtherProblem,
            Reported::InLine(SyncAction::Created, notices) => {
                let mut notices = notices.iter();
                let is_risky = |notice| matches!(notice, &Notice::CreatedBesideLikely { .. });
                if notices.any(is_risky) {
                    Self::CreateBesideLikely
                } else {
                    Self::Create
                }
            }
            Reported::InLine(SyncAction::Linked, _) => Self::Link,
            Reported::InLine(SyncAction::Updated, _) => Self::Update,
            Reported::InLine(SyncAction::Unchanged | SyncAction::Unknown, _) => Self::Unchanged,
            Reported::PutOff => Self::PutOff,
            Reported::LeftAlone => Self::LeftAlone,
        }
    }
}

impl Problem {
    /// Whether it is about which contact is which, or whose value stays: mended in the wrong way,
    /// or not at all, it leads to a second contact of one customer, or to another customer's
    /// contact or value being written over. Any other problem only keeps the contact waiting.
    #[must_use]
    pub fn risks_another_contact(&self) -> bool {
        match self {
            Self::AmbiguousMatch { .. }
            | Self::LinkedToAnotherContact { .. }
            | Self::NameTakenInXero { .. }
            | Self::OwnedByAnotherProgram { .. }
            | Self::DuplicateAccountReference { .. }
            | Self::PossibleDuplicate { .. }
            | Self::AccountReferenceChanged { .. }
            | Self::MergedInXero { .. }
            | Self::ChangedInBoth { .. }
            | Self::Unknown => true,
            Self::NotInXero { candidates, .. } => !candidates.is_empty(),
            Self::ParentInSiteGroup { .. }
            | Self::SiteContactInAccountGroup { .. }
            | Self::InvalidField { .. }
            | Self::ErasedInXero { .. }
            | Self::ArchivedInXero { .. }
            | Self::NoAccountReference { .. }
            | Self::NumberHeldByArchived { .. }
            | Self::UnlinkedByPerson { .. }
            | Self::LinkedContactNotInXero { .. }
            | Self::WebsiteInXero { .. }
            | Self::IncompleteAnswer { .. }
            | Self::XeroRefusesLookups
            | Self::RefusedByXero { .. }
            | Self::RefusedByBigChange { .. } => false,
        }
    }
}
