//! What an attempt may have written that stopped without saying so, and when that is settled.

use serde::{Deserialize, Serialize};

use crate::{ContactId, Details, Earlier, Notice, Plan, Unit, XeroChanges, XeroContact, XeroWrite};

/// What an earlier attempt was about to write to Xero when it stopped without saying whether it
/// did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum InDoubt {
    /// A create.
    Create(Details),
    /// An update. Its units are compared with Xero again whatever the last sync says: they may have
    /// been changed and edited back since.
    Update {
        /// What was to be changed.
        changes: Box<XeroChanges>,
        /// What would then have been carried over.
        synced: Details,
        /// What stood in Xero before; `None` where version 0.1 began it, which did not look.
        before: Option<Box<Details>>,
        /// What it would have told.
        notices: Vec<Notice>,
        /// What attempts before it may have done.
        earlier: Earlier,
    },
}

impl InDoubt {
    /// What had been carried over to a contact of our own before it, which is not linked yet: what
    /// the create wrote, or what stood there before the update. Of an update by version 0.1, which
    /// did not look, that is not known.
    #[must_use]
    pub fn base(&self) -> Details {
        match self {
            Self::Create(synced) => synced.clone(),
            Self::Update {
                changes,
                synced,
                before,
                ..
            } => {
                let not_known = Details::default();
                let before = before.as_deref().unwrap_or(&not_known);
                let mut base = synced.clone();
                for unit in Unit::ALL.into_iter().filter(|unit| unit.is_in(changes)) {
                    unit.copy(before, &mut base);
                }
                base
            }
        }
    }
}

/// What the stored plan of an earlier attempt leaves in doubt:
///
/// | the plan was to | the contact is | in doubt |
/// |---|---|---|
/// | create | any | a create |
/// | change a Xero contact | any | that update |
/// | link without a write | not linked yet | a create: the contact may be one of ours, found again |
/// | write nothing to Xero | linked | nothing |
/// | do what only a newer version knows | any | a create, as far as this version is concerned |
#[must_use]
pub fn left_in_doubt(plan: &Plan, is_linked: bool) -> Option<InDoubt> {
    match &plan.xero {
        XeroWrite::Nothing { .. } if is_linked => None,
        XeroWrite::Nothing { .. } | XeroWrite::Create(_) | XeroWrite::Unknown(_) => {
            Some(InDoubt::Create(plan.synced.clone()))
        }
        XeroWrite::Change { changes, .. } => Some(InDoubt::Update {
            changes: changes.clone(),
            synced: plan.synced.clone(),
            before: plan.xero.stood_there().cloned().map(Box::new),
            notices: plan.notices.clone(),
            earlier: plan.earlier.clone(),
        }),
    }
}

/// Whether the create of an earlier attempt certainly was not made: Xero was asked for our own
/// contact number since (`found`), and has no such contact.
#[must_use]
pub fn was_never_created(plan: &Plan, contact: ContactId, found: Option<&[XeroContact]>) -> bool {
    let is_create = matches!(plan.xero, XeroWrite::Create(_));
    is_create && found.is_some_and(|found| !found.iter().any(|one| one.is_ours_for(contact)))
}

/// Whether nothing is in doubt any more of what an earlier attempt was about to write, since Xero
/// was asked again: its create was not made, or all that it was to write shows in what was found.
#[must_use]
pub fn is_settled(plan: &Plan, contact: ContactId, found: Option<&[XeroContact]>) -> bool {
    was_never_created(plan, contact, found)
        || (found.is_some() && plan.only_fills_in_a_number(contact))
}
