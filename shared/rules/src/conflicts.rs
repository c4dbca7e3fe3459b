//! Contacts of one batch that want the same.

use std::collections::{BTreeSet, HashSet};

use crate::{
    Compared, ContactData, ContactId, Grade, MatchIndex, NameKey, NewXeroContact, Plan, Settings,
    XeroWrite,
};

/// The contacts that have to wait until another of their batch is done, because both would create a
/// contact of one name, or contacts that are likely the same customer, take one account reference,
/// or link to one Xero contact. The first of `plans` goes first; the caller orders them by the
/// contacts' ids, so that of two that compete the one goes first that has been in BigChange for
/// longer.
#[must_use]
pub fn kept_back<'a>(
    settings: &Settings,
    plans: impl IntoIterator<Item = (ContactId, &'a Plan)>,
) -> BTreeSet<ContactId> {
    let mut names = HashSet::new();
    let mut created = Created::default();
    let mut references = HashSet::new();
    let mut xero_ids = HashSet::new();
    let mut kept_back = BTreeSet::new();
    for (contact, plan) in plans {
        let first_of_name = match &plan.xero {
            XeroWrite::Create(new) => {
                let is_first = names.insert(NameKey::of(&new.name));
                let is_alone = !settings.hold_likely_duplicates || created.is_alone(new);
                is_first && is_alone
            }
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

/// The contacts that would be created by now.
#[derive(Default)]
struct Created<'a> {
    index: MatchIndex<usize>,
    contacts: Vec<(&'a str, ContactData)>,
}

impl<'a> Created<'a> {
    /// Takes in a contact, unless it is likely the same as one of them.
    fn is_alone(&mut self, new: &'a NewXeroContact) -> bool {
        let data = new.data();
        let compared = Compared {
            name: &new.name,
            data: &data,
        };
        let alike = self.index.alike(compared, |at| {
            let (name, data) = self.contacts.get(at)?;
            Some(Compared { name, data })
        });
        if alike.iter().any(|(_, found)| found.grade == Grade::Likely) {
            return false;
        }
        self.index.insert(self.contacts.len(), compared);
        self.contacts.push((&new.name, data));
        true
    }
}
