//! What a problem is about: contacts, groups, and what could clear it.

use super::kinds::Problem;
use crate::{Alike, ContactId, GroupId, XeroContactId, XeroContactRef};

impl Problem {
    /// The contact group that the contact is wrong in, whose name [`Self::sentence`] is to be
    /// given.
    #[must_use]
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Self::ParentInSiteGroup { group } | Self::SiteContactInAccountGroup { group, .. } => {
                *group
            }
            _ => None,
        }
    }

    /// Whether what is in Xero could clear it: such a contact is tried again only when something
    /// that matters to it changed, since each try costs a call.
    #[must_use]
    pub fn depends_on_xero(&self) -> bool {
        !matches!(
            self,
            Self::ParentInSiteGroup { .. }
                | Self::SiteContactInAccountGroup { .. }
                | Self::InvalidField { .. }
                | Self::IncompleteAnswer { .. }
                | Self::RefusedByBigChange { .. }
        )
    }

    /// Whether it says that a link may be to the wrong Xero contact, so that a person who names that
    /// contact once more confirms the link.
    #[must_use]
    pub fn contradicts_a_link(&self) -> bool {
        matches!(
            self,
            Self::AmbiguousMatch { .. } | Self::OwnedByAnotherProgram { .. }
        )
    }

    /// The other BigChange contact that it names: when that one syncs, this one is tried again.
    #[must_use]
    pub fn names_contact(&self) -> Option<ContactId> {
        match self {
            Self::LinkedToAnotherContact { other, .. } => Some(*other),
            Self::DuplicateAccountReference { holder, .. } => Some(*holder),
            Self::MergedInXero { holder, .. } => *holder,
            Self::PossibleDuplicate { candidates, .. } => {
                candidates.iter().find_map(|candidate| candidate.linked_to)
            }
            _ => None,
        }
    }

    /// The Xero contacts that it names.
    #[must_use]
    pub fn named(&self) -> Vec<&XeroContactRef> {
        match self {
            Self::AmbiguousMatch { found } => found.iter().collect(),
            Self::PossibleDuplicate {
                candidates,
                archived,
            } => {
                let candidates = candidates.iter().map(|candidate| &candidate.xero);
                candidates.chain(archived).collect()
            }
            Self::NotInXero { candidates, .. } => {
                candidates.iter().map(|candidate| &candidate.xero).collect()
            }
            Self::LinkedToAnotherContact {
                xero, merged_from, ..
            } => std::iter::once(xero)
                .chain(merged_from.as_deref())
                .collect(),
            Self::MergedInXero { from, xero, .. } => vec![xero, from],
            Self::NumberHeldByArchived { xero, archived, .. } => vec![xero, archived],
            Self::ErasedInXero { xero }
            | Self::ArchivedInXero { xero, .. }
            | Self::NameTakenInXero { xero, .. }
            | Self::OwnedByAnotherProgram { xero, .. }
            | Self::WebsiteInXero { xero }
            | Self::UnlinkedByPerson { xero } => vec![xero],
            _ => Vec::new(),
        }
    }

    /// The Xero contacts that it names because they are like the contact.
    #[must_use]
    pub fn alike(&self) -> &[Alike] {
        match self {
            Self::PossibleDuplicate { candidates, .. } | Self::NotInXero { candidates, .. } => {
                candidates
            }
            _ => &[],
        }
    }

    pub(super) fn xero_ids(&self) -> Vec<XeroContactId> {
        match self {
            Self::AmbiguousMatch { .. }
            | Self::PossibleDuplicate { .. }
            | Self::LinkedToAnotherContact { .. }
            | Self::MergedInXero { .. }
            | Self::NumberHeldByArchived { .. }
            | Self::NotInXero { .. } => self.named().iter().map(|named| named.id).collect(),
            Self::ArchivedInXero { xero, survivor } => {
                std::iter::once(xero.id).chain(*survivor).collect()
            }
            Self::ErasedInXero { xero }
            | Self::NameTakenInXero { xero, .. }
            | Self::UnlinkedByPerson { xero }
            | Self::WebsiteInXero { xero }
            | Self::OwnedByAnotherProgram { xero, .. } => vec![xero.id],
            Self::LinkedContactNotInXero { xero_id } => vec![*xero_id],
            _ => Vec::new(),
        }
    }
}
