//! Contacts of one batch that want the same.

use std::collections::{BTreeSet, HashSet};

use crate::{ContactId, NameKey, Plan, XeroWrite};

/// The contacts that have to wait until another of their batch is done, because both would create a
/// contact of one name, take one account reference, or link to one Xero contact. The first of
/// `plans` goes first; the caller orders them by the contacts' ids, so that of two that compete the
/// one goes first that has been in BigChange for longer.
#[must_use]
pub fn kept_back<'a>(
    plans: impl IntoIterator<Item = (ContactId, &'a Plan)>,
) -> BTreeSet<ContactId> {
    let mut names = HashSet::new();
    let mut references = HashSet::new();
    let mut xero_ids = HashSet::new();
    let mut kept_back = BTreeSet::new();
    for (contact, plan) in plans {
        let first_of_name = match &plan.xero {
            XeroWrite::Create(new) => names.insert(NameKey::of(&new.name)),
            XeroWrite::Nothing { .. } | XeroWrite::Change { .. } | XeroWrite::Unknown(_) => true,
        };
        let first_of_reference = references.insert(&plan.account_reference);
        let first_of_xero = plan.xero.existing().is_none_or(|id| xero_ids.insert(id));
        if !(first_of_name && first_of_reference && first_of_xero) {
            kept_back.insert(contact);
        }
    }
    kept_back
}
