//! The contacts of one organisation, found by id, name, account number and contact number.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::contact::{Contact, Status};
use crate::text::fold_case;

type Index = BTreeMap<String, BTreeSet<Uuid>>;

/// The contacts of one organisation.
#[derive(Default)]
pub(crate) struct Directory {
    contacts: BTreeMap<Uuid, Contact>,
    active_names: Index,
    account_numbers: Index,
    contact_numbers: Index,
}

impl Directory {
    pub(crate) fn get(&self, id: Uuid) -> Option<&Contact> {
        self.contacts.get(&id)
    }

    /// Every contact, by ascending id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Contact> {
        self.contacts.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.contacts.len()
    }

    /// The active contact of that name, other than `except`.
    pub(crate) fn active_named(&self, name: &str, except: Option<Uuid>) -> Option<&Contact> {
        self.find(&self.active_names, name, except)
    }

    /// The contact of that account number in any status, other than `except`: that archived ones count is what users of Xero report.
    pub(crate) fn with_account_number(
        &self,
        number: &str,
        except: Option<Uuid>,
    ) -> Option<&Contact> {
        self.find(&self.account_numbers, number, except)
    }

    /// The contact of that contact number in any status, other than `except`.
    pub(crate) fn with_contact_number(
        &self,
        number: &str,
        except: Option<Uuid>,
    ) -> Option<&Contact> {
        self.find(&self.contact_numbers, number, except)
    }

    fn find(&self, index: &Index, text: &str, except: Option<Uuid>) -> Option<&Contact> {
        let ids = index.get(&fold_case(text))?;
        self.get(*ids.iter().find(|id| Some(**id) != except)?)
    }

    /// Stores a contact, and returns what stood under its id.
    pub(crate) fn put(&mut self, contact: Contact) -> Option<Contact> {
        let before = self.remove(contact.id);
        for (index, key) in keys(&contact) {
            self.index(index).entry(key).or_default().insert(contact.id);
        }
        self.contacts.insert(contact.id, contact);
        before
    }

    /// Forgets a contact, as if it had never been.
    fn remove(&mut self, id: Uuid) -> Option<Contact> {
        let contact = self.contacts.remove(&id)?;
        for (index, key) in keys(&contact) {
            let index = self.index(index);
            if let Some(ids) = index.get_mut(&key) {
                ids.remove(&id);
                if ids.is_empty() {
                    index.remove(&key);
                }
            }
        }
        Some(contact)
    }

    fn index(&mut self, key: Key) -> &mut Index {
        match key {
            Key::ActiveName => &mut self.active_names,
            Key::AccountNumber => &mut self.account_numbers,
            Key::ContactNumber => &mut self.contact_numbers,
        }
    }
}

#[derive(Clone, Copy)]
enum Key {
    ActiveName,
    AccountNumber,
    ContactNumber,
}

fn keys(contact: &Contact) -> Vec<(Key, String)> {
    let name = if contact.status == Status::Active {
        contact.name()
    } else {
        ""
    };
    [
        (Key::ActiveName, name),
        (Key::AccountNumber, contact.text("AccountNumber")),
        (Key::ContactNumber, contact.text("ContactNumber")),
    ]
    .into_iter()
    .filter(|(_, text)| !text.is_empty())
    .map(|(key, text)| (key, fold_case(text)))
    .collect()
}
