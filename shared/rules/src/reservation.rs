//! Who keeps which account reference, and what a contact gives back that is left alone.

use crate::{AccountReference, ManualMatch, Skip};

/// The account reference that is reserved for a contact, with what decides whether it stays so.
#[derive(Debug, Clone, Copy)]
pub struct Reservation<'a> {
    /// The reserved reference.
    pub reserved: &'a AccountReference,
    /// Whether it is a code that was generated for this contact.
    pub is_generated: bool,
    /// The reference of the contact's link to Xero, if it is linked.
    pub linked_under: Option<&'a AccountReference>,
    /// Whether an attempt to write it is under way, or may have been made.
    pub is_in_doubt: bool,
    /// The reference that BigChange has for the contact now.
    pub in_bigchange: Option<&'a AccountReference>,
}

/// Whether a contact keeps its reservation, the first row that fits:
///
/// | the contact is | reserved | in BigChange | keeps it |
/// |---|---|---|---|
/// | in doubt | any | any | yes: it may be in Xero |
/// | linked | the link's | any | yes |
/// | linked | another | any | no: it has the link's |
/// | neither | any | the same | yes |
/// | neither | a generated code | blank | yes: it is still to be written |
/// | neither | any | another, or blank | no |
#[must_use]
pub fn keeps_reservation(of: &Reservation<'_>) -> bool {
    match of.linked_under {
        _ if of.is_in_doubt => true,
        Some(linked_under) => linked_under == of.reserved,
        None => {
            let is_to_be_written = of.is_generated && of.in_bigchange.is_none();
            is_to_be_written || of.in_bigchange == Some(of.reserved)
        }
    }
}

/// What a contact gives up that is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenUp {
    /// Its link, and with it its Xero contact, its intent and its notices: another contact may take
    /// that Xero contact.
    pub link: bool,
    /// The account reference reserved for it.
    pub reservation: bool,
}

/// What a contact gives up that is left alone, for a reason:
///
/// | | its link | its reservation |
/// |---|---|---|
/// | deleted in BigChange | given up | given up |
/// | left its group, linked | kept, for its return | kept |
/// | left its group, not linked | - | given up |
#[must_use]
pub fn given_up_by(skip: Skip, is_linked: bool) -> GivenUp {
    let is_deleted = skip == Skip::Deleted;
    GivenUp {
        link: is_deleted,
        reservation: is_deleted || !is_linked,
    }
}

impl ManualMatch {
    /// What stays of it when its contact is deleted in BigChange. The contact may be restored, and
    /// a Xero contact that it is not, it is not then either.
    #[must_use]
    pub fn after_deletion(self) -> Self {
        Self {
            pinned: None,
            ..self
        }
    }

    /// What stays of it once it has led to a link: `is_not` outlives it.
    #[must_use]
    pub fn after_link(self) -> Self {
        Self {
            pinned: None,
            ..self
        }
    }

    /// What counts of it now. A choice has to wait while a create of ours may have reached Xero:
    /// that one has to be looked for first, or the customer could be there twice.
    #[must_use]
    pub fn that_counts(&self, in_doubt: Option<&crate::Plan>) -> Self {
        use crate::XeroWrite::{Create, Unknown};
        let may_be_created =
            in_doubt.is_some_and(|plan| matches!(plan.xero, Create(_) | Unknown(_)));
        Self {
            pinned: self.pinned.filter(|_| !may_be_created),
            excluded: self.excluded.clone(),
            distinct_from: self.distinct_from.clone(),
        }
    }
}
