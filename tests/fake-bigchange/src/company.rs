//! The fake itself: its state, who may call, and the log.

use std::collections::BTreeMap;
use std::time::SystemTime;

use time::OffsetDateTime;

use crate::{Behaviour, Call, FakeContact, FakeGroup, FakeNote, Fault, Seed, Write};

/// The path that the web services live at.
pub const PATH: &str = "/v01/services.ashx";

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeCredentials {
    /// User name of Basic authentication.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The company key, in the header `key`.
    pub key: String,
}

impl Default for FakeCredentials {
    /// `fake-user`, `fake-password`, `fake-key`.
    fn default() -> Self {
        Self {
            username: "fake-user".to_owned(),
            password: "fake-password".to_owned(),
            key: "fake-key".to_owned(),
        }
    }
}

/// A BigChange company, held in memory.
#[derive(Debug, Clone, Default)]
pub struct FakeBigChange {
    /// What the reference leaves open.
    pub behaviour: Behaviour,
    /// Who may call.
    pub credentials: FakeCredentials,
    pub(crate) groups: BTreeMap<u64, String>,
    pub(crate) contacts: BTreeMap<u64, FakeContact>,
    pub(crate) notes: Vec<FakeNote>,
    pub(crate) note_types: BTreeMap<u64, String>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) calls: Vec<Call>,
    pub(crate) writes: Vec<Write>,
}

impl FakeBigChange {
    /// An empty company with the default credentials and behaviour.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a group, or renames it.
    pub fn add_group(&mut self, id: u64, name: &str) {
        self.groups.insert(id, name.to_owned());
    }

    /// Adds a contact, or replaces the one with its id, and returns its id. Not a call: nothing is logged.
    pub fn add_contact(&mut self, now: SystemTime, mut contact: FakeContact) -> u64 {
        if contact.id == 0 {
            contact.id = self.next_contact_id();
        }
        contact.last_updated.get_or_insert(to_the_second(now));
        let id = contact.id;
        self.contacts.insert(id, contact);
        id
    }

    /// Adds groups and contacts, or replaces those with the same ids.
    pub fn seed(&mut self, now: SystemTime, seed: Seed) {
        for FakeGroup { id, name } in seed.groups {
            self.groups.insert(id, name);
        }
        for contact in seed.contacts {
            self.add_contact(now, contact);
        }
    }

    /// Everything held, deleted contacts included: a seed that makes the same company again.
    #[must_use]
    pub fn dump(&self) -> Seed {
        Seed {
            groups: self
                .groups
                .iter()
                .map(|(id, name)| FakeGroup {
                    id: *id,
                    name: name.clone(),
                })
                .collect(),
            contacts: self.contacts.values().cloned().collect(),
        }
    }

    /// A contact, deleted or not.
    #[must_use]
    pub fn contact(&self, id: u64) -> Option<&FakeContact> {
        self.contacts.get(&id)
    }

    /// All contacts, ascending by id, deleted ones included.
    pub fn contacts(&self) -> impl Iterator<Item = &FakeContact> {
        self.contacts.values()
    }

    /// A person's edit on the General tab: the lists see it. Does nothing where there is no such contact.
    pub fn edit(&mut self, now: SystemTime, id: u64, change: impl FnOnce(&mut FakeContact)) {
        if let Some(contact) = self.contacts.get_mut(&id) {
            change(contact);
            contact.last_updated = Some(to_the_second(now));
        }
    }

    /// A person's edit on the Financials tab: whether the lists see it is set by [`Behaviour::financial_edits_bump_last_updated`].
    pub fn edit_financials(
        &mut self,
        now: SystemTime,
        id: u64,
        change: impl FnOnce(&mut FakeContact),
    ) {
        let bump = self.behaviour.financial_edits_bump_last_updated;
        if let Some(contact) = self.contacts.get_mut(&id) {
            change(contact);
            if bump {
                contact.last_updated = Some(to_the_second(now));
            }
        }
    }

    /// A person deletes a contact.
    pub fn delete(&mut self, now: SystemTime, id: u64) {
        self.edit(now, id, |c| c.deleted_at = Some(to_the_second(now)));
    }

    /// Adds a type of notes, and returns its id.
    pub fn add_note_type(&mut self, name: &str) -> u64 {
        let id = self
            .note_types
            .last_key_value()
            .map_or(83_519, |(id, _)| id + 1);
        self.note_types.insert(id, name.to_owned());
        id
    }

    /// Every note of every contact, oldest first.
    #[must_use]
    pub fn notes(&self) -> &[FakeNote] {
        &self.notes
    }

    /// Adds a note, as another program or a person does. Not a call: nothing is logged.
    pub fn add_note(&mut self, mut note: FakeNote) -> u64 {
        note.id = self.next_note_id();
        let id = note.id;
        self.notes.push(note);
        id
    }

    /// A person's change of a note. Does nothing where there is no such note.
    pub fn edit_note(&mut self, id: u64, change: impl FnOnce(&mut FakeNote)) {
        if let Some(note) = self.notes.iter_mut().find(|note| note.id == id) {
            change(note);
        }
    }

    /// A person deletes a note.
    pub fn delete_note(&mut self, id: u64) {
        self.notes.retain(|note| note.id != id);
    }

    pub(crate) fn next_note_id(&self) -> u64 {
        self.notes.iter().map(|note| note.id).max().unwrap_or(500) + 1
    }

    /// Orders a failure. Of several that fit a call, the first ordered is due first.
    pub fn order_fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// The failures still due.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Takes back every failure still due.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Every call since the last reset, oldest first.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// How often each action was called since the last reset.
    #[must_use]
    pub fn call_counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for call in &self.calls {
            *counts.entry(call.action.as_str()).or_insert(0) += 1;
        }
        counts
    }

    /// Every contact saved or deleted by a call since the last reset, oldest first.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Forgets the calls and writes so far.
    pub fn reset_calls(&mut self) {
        self.calls.clear();
        self.writes.clear();
    }

    pub(crate) fn next_contact_id(&self) -> u64 {
        self.contacts.last_key_value().map_or(1, |(id, _)| id + 1)
    }
}

/// BigChange keeps times to the second.
pub(crate) fn to_the_second(now: SystemTime) -> OffsetDateTime {
    let now = OffsetDateTime::from(now);
    now.replace_nanosecond(0).unwrap_or(now)
}
