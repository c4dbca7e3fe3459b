//! What a dry run has planned so far: the contacts of Xero as they would be by then.
//!
//! A dry run is the pipeline without the writes: nothing is ever sent that changes something in
//! either system. What would be stored goes to a table that is thrown away, and what Xero would
//! have by then is kept here, so that later contacts meet it as they would in earnest.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rules::{
    AccountReference, Alike, ContactStatus, Customer, NameKey, NewXeroContact, Refusal, TenantId,
    XeroChanges, XeroContact, XeroContactId,
};
use time::OffsetDateTime;

use crate::directory::Directory;
use crate::model::Found;

/// Calls to Xero's API that count against its limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct XeroCalls {
    /// Reads.
    pub reads: usize,
    /// Writes.
    pub writes: usize,
}

/// A dry run.
pub struct DryRun {
    planned: Mutex<Planned>,
}

struct Planned {
    /// Xero contacts as they would be, of those that would be written.
    written: Directory,
    /// Those that would first be created.
    created: BTreeSet<XeroContactId>,
    /// What is known beside that of contacts that may be in the way.
    known: Option<Directory>,
    /// The calls that the writes would take, with the reads that go with them.
    calls: XeroCalls,
    /// Reads that were made to foresee what a write would bring.
    foresight: usize,
}

impl DryRun {
    /// Nothing is planned yet.
    #[must_use]
    pub fn new(tenant: TenantId, now: OffsetDateTime) -> Self {
        Self {
            planned: Mutex::new(Planned {
                written: Directory::new(tenant, now, now),
                created: BTreeSet::new(),
                known: None,
                calls: XeroCalls::default(),
                foresight: 0,
            }),
        }
    }

    /// Tells what is in Xero, so that a name or an account number that is taken can be foreseen
    /// even where the synchronisation would not look for it.
    pub fn know(&self, contacts: Directory) {
        self.planned().known = Some(contacts);
    }

    /// Whether a Xero contact would first be created.
    #[must_use]
    pub fn would_be_created(&self, id: XeroContactId) -> bool {
        self.planned().created.contains(&id)
    }

    /// The calls that a real worker would make, where so many `reads` were made in this run.
    #[must_use]
    pub fn calls(&self, reads: usize) -> XeroCalls {
        let planned = self.planned();
        XeroCalls {
            reads: (reads + planned.calls.reads).saturating_sub(planned.foresight),
            writes: planned.calls.writes,
        }
    }

    /// Adds to what was found for a customer what would be there by now.
    pub(crate) fn add_planned(&self, customer: &Customer, found: &mut Found) {
        let planned = self.planned();
        planned.bring_up_to_date(&mut found.contacts);
        let written = planned.written.candidates(customer);
        add(&mut found.contacts, written);
        let is_as_read = |one: &Alike| planned.written.get(one.xero.id).is_none();
        found.alike.retain(is_as_read);
        let mut alike = planned.written.alike(customer);
        alike.append(&mut found.alike);
        alike.sort_by_key(|one| std::cmp::Reverse(one.grade));
        found.alike = alike;
    }

    /// Adds to the contacts that were read those that would have a name or an account number by
    /// now.
    pub(crate) fn add_holders(
        &self,
        name: &str,
        number: &AccountReference,
        read: &mut Vec<XeroContact>,
    ) {
        let planned = self.planned();
        planned.bring_up_to_date(read);
        let by_name = planned.written.with_name(name);
        let by_number = planned.written.with_account_number(number);
        let holders = by_name.chain(by_number).cloned().collect();
        add(read, holders);
    }

    /// Notes calls: those that the writes would take, and the reads that were made to foresee them.
    pub(crate) fn count(&self, calls: XeroCalls, foresight: usize) {
        let mut planned = self.planned();
        planned.calls.reads += calls.reads;
        planned.calls.writes += calls.writes;
        planned.foresight += foresight;
    }

    /// Creates a contact, unless Xero would refuse it.
    pub(crate) fn create(&self, id: XeroContactId, new: &NewXeroContact) -> Result<(), Refused> {
        let mut planned = self.planned();
        planned.check(None, Some(&new.name), Some(&new.account_number))?;
        planned.created.insert(id);
        planned.written.put(new.created_as(id));
        Ok(())
    }

    /// Changes a contact that is there as `now`, unless Xero would refuse it.
    pub(crate) fn change(&self, now: &XeroContact, changes: &XeroChanges) -> Result<(), Refused> {
        let mut planned = self.planned();
        let mut now = now.clone();
        if now.status != ContactStatus::Active {
            let words = "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.";
            return Err(Refused::new(Refusal::Archived, words));
        }
        let (name, number) = (changes.name.as_deref(), changes.account_number.as_ref());
        planned.check(Some(now.id), name, number)?;
        if let Some(name) = &changes.name {
            now.name.clone_from(name);
        }
        if let Some(number) = &changes.account_number {
            now.account_number = number.to_string();
        }
        planned.written.put(now);
        Ok(())
    }

    /// A contact as it would be by now.
    pub(crate) fn up_to_date(&self, contact: &XeroContact) -> XeroContact {
        let planned = self.planned();
        let written = planned.written.get(contact.id);
        written.unwrap_or(contact).clone()
    }

    fn planned(&self) -> MutexGuard<'_, Planned> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why Xero would refuse a write, in its words.
pub(crate) struct Refused {
    pub(crate) kind: Refusal,
    pub(crate) words: Vec<String>,
}

impl Refused {
    fn new(kind: Refusal, words: &str) -> Self {
        Self {
            kind,
            words: vec![words.to_owned()],
        }
    }
}

impl Planned {
    fn bring_up_to_date(&self, contacts: &mut [XeroContact]) {
        for contact in contacts {
            if let Some(written) = self.written.get(contact.id) {
                contact.clone_from(written);
            }
        }
    }

    /// Whether another contact has the name, if it is active, or the account number.
    fn check(
        &self,
        own: Option<XeroContactId>,
        name: Option<&str>,
        number: Option<&AccountReference>,
    ) -> Result<(), Refused> {
        let has_name = |holder: &XeroContact, name: &str| {
            holder.status == ContactStatus::Active && NameKey::of(&holder.name) == NameKey::of(name)
        };
        if let Some(name) = name
            && self
                .others(own, |known| known.with_name(name))
                .any(|holder| has_name(holder, name))
        {
            let words = format!(
                "The contact name {name} is already assigned to another contact. The contact name must be unique across all active contacts."
            );
            return Err(Refused::new(Refusal::NameTaken, &words));
        }
        if let Some(number) = number
            && self
                .others(own, |known| known.with_account_number(number))
                .next()
                .is_some()
        {
            let words =
                "The Account Number already exists. Please enter a different Account Number.";
            return Err(Refused::new(Refusal::AccountNumberTaken, words));
        }
        Ok(())
    }

    /// The contacts beside the own one, as they would be by now.
    fn others<'a, I: Iterator<Item = &'a XeroContact> + 'a>(
        &'a self,
        own: Option<XeroContactId>,
        look_up: impl Fn(&'a Directory) -> I,
    ) -> impl Iterator<Item = &'a XeroContact> {
        let is_as_known = |contact: &&XeroContact| self.written.get(contact.id).is_none();
        let known = self.known.as_ref().map(&look_up);
        let known = known.into_iter().flatten().filter(is_as_known);
        let all = look_up(&self.written).chain(known);
        all.filter(move |contact| Some(contact.id) != own)
    }
}

fn add(contacts: &mut Vec<XeroContact>, more: Vec<XeroContact>) {
    for contact in more {
        if !contacts.iter().any(|known| known.id == contact.id) {
            contacts.push(contact);
        }
    }
}
