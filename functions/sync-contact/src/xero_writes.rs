//! The writes of a batch to Xero: few calls for many contacts.

use std::collections::HashMap;
use std::sync::Arc;

use rules::{
    ContactId, NewXeroContact, Plan, XeroChanges, XeroContact, XeroContactId, XeroWrite,
    is_still_as_found,
};
use runtime::CallError;
use runtime::records::DeferReason;
use xero::{ElementResult, Refusal, Update};

use crate::batch::Batch;
use crate::work::Work;

/// So few changes of linked contacts go singly, one call each; more are cheaper as one read and one write for 40.
const FEW_CHANGES: usize = 2;
/// A contact that failed this often with others is sent alone, so that it cannot hold them up.
const ALONE_AFTER_ATTEMPTS: u32 = 2;

/// What became of a write to Xero.
#[derive(Debug)]
pub(crate) enum Written {
    /// It is there: this is the Xero contact.
    Done(XeroContactId),
    /// Xero refused it; nothing was written.
    Refused { kind: Refusal, words: Vec<String> },
    /// Xero does not know the contact that this one is linked to; nothing was written.
    Gone(XeroContactId),
    /// Xero's answer does not tell whether it was written.
    Unknown(Unknown),
    /// What was found is not so any more; nothing was written.
    Stale,
    /// Nothing was written, and why.
    NotCalled(Arc<CallError>),
    /// It may have been written or not: nobody knows before the intent has expired.
    InDoubt,
}

/// An answer that did not tell what became of a contact's write.
#[derive(Debug, Clone, Copy)]
pub struct Unknown {
    /// What came instead.
    pub(crate) what: &'static str,
    /// Whether this contact was sent alone, so that another answer cannot be expected.
    pub(crate) was_alone: bool,
}

/// A write to an existing Xero contact.
#[derive(Debug, Clone)]
struct Change {
    contact: ContactId,
    id: XeroContactId,
    changes: XeroChanges,
    as_found: Option<XeroContact>,
    alone: bool,
}

impl Batch<'_> {
    pub(crate) async fn write_to_xero(
        &self,
        works: &[Work],
        plans: &HashMap<ContactId, Plan>,
    ) -> HashMap<ContactId, Written> {
        let mut written = HashMap::new();
        let mut creates = Vec::new();
        let mut changes = Vec::new();
        for work in works.iter().filter(|work| work.ending.is_none()) {
            let alone =
                work.attempts() >= ALONE_AFTER_ATTEMPTS || !work.unknown_answers().is_none();
            match plans.get(&work.id).map(|plan| &plan.xero) {
                // One that is not known was never decided here.
                None | Some(XeroWrite::Unknown(_)) => {}
                Some(XeroWrite::Nothing { id }) => {
                    drop(written.insert(work.id, Written::Done(*id)))
                }
                Some(XeroWrite::Create(new)) => creates.push((work.id, (**new).clone(), alone)),
                Some(XeroWrite::Change {
                    id,
                    changes: what,
                    as_found,
                }) => changes.push(Change {
                    contact: work.id,
                    id: *id,
                    changes: (**what).clone(),
                    as_found: as_found.as_deref().cloned(),
                    alone,
                }),
            }
        }
        self.create(creates, &mut written).await;
        self.change(changes, &mut written).await;
        written
    }

    async fn create(
        &self,
        creates: Vec<(ContactId, NewXeroContact, bool)>,
        written: &mut HashMap<ContactId, Written>,
    ) {
        let (alone, together): (Vec<_>, Vec<_>) =
            creates.into_iter().partition(|(_, _, alone)| *alone);
        for part in together.chunks(xero::MAX_BATCH).chain(alone.chunks(1)) {
            let contacts: Vec<ContactId> = part.iter().map(|(contact, _, _)| *contact).collect();
            if self.is_out_of_time() {
                self.no_time(&contacts, written);
                continue;
            }
            let new: Vec<NewXeroContact> = part.iter().map(|(_, new, _)| new.clone()).collect();
            let key = self.idempotency_key();
            let (new, key) = (new.as_slice(), key.as_str());
            let answer = self
                .call(|xero, access| async move { xero.create(&access, new, key).await })
                .await;
            self.take_results(&contacts, answer, written).await;
        }
    }

    async fn change(&self, changes: Vec<Change>, written: &mut HashMap<ContactId, Written>) {
        // Renames go singly: an element without a name that Xero refuses for its name can only lack one.
        let linking = changes
            .iter()
            .filter(|change| change.as_found.is_some())
            .count();
        let plain = changes
            .iter()
            .filter(|change| {
                change.as_found.is_none() && change.changes.name.is_none() && !change.alone
            })
            .count();
        let goes_singly = |change: &Change| {
            change.changes.name.is_some()
                || change.alone
                || (change.as_found.is_none() && linking == 0 && plain <= FEW_CHANGES)
        };
        let (single, together): (Vec<_>, Vec<_>) = changes.into_iter().partition(goes_singly);
        for part in together.chunks(xero::MAX_IDS) {
            self.change_together(part, written).await;
        }
        for change in single {
            self.change_one(change, written).await;
        }
    }

    /// Reads the contacts again, for a directory may be stale, then writes to those that are still as
    /// found. An element holds no name: to repeat the one just read would undo a rename made meanwhile.
    async fn change_together(&self, part: &[Change], written: &mut HashMap<ContactId, Written>) {
        let Some(mut now) = self.read_again(part, written).await else {
            return;
        };
        let mut updates = Vec::new();
        let mut sent = Vec::new();
        for change in part {
            let read = now.remove(&change.id);
            let update = read
                .filter(|read| may_be_changed(change, read))
                .and_then(|_| Update::new(change.id, change.changes.clone()).ok());
            match update {
                Some(update) => {
                    updates.push(update);
                    sent.push(change);
                }
                None if change.as_found.is_some() => {
                    drop(written.insert(change.contact, Written::Stale))
                }
                // A linked contact that is no longer active, or not there: the single call tells why.
                None => self.change_one(change.clone(), written).await,
            }
        }
        if updates.is_empty() {
            return;
        }
        let contacts: Vec<ContactId> = sent.iter().map(|change| change.contact).collect();
        let key = self.idempotency_key();
        let (updates, key) = (updates.as_slice(), key.as_str());
        let answer = self
            .call(|xero, access| async move { xero.update_many(&access, updates, key).await })
            .await;
        self.take_results(&contacts, answer, written).await;
        let lacks_name = |change: &&Change| {
            let written = written.get(&change.contact);
            matches!(
                written,
                Some(Written::Refused {
                    kind: Refusal::NameMissing,
                    ..
                })
            )
        };
        // The address of a single contact takes the same without a name.
        let singly: Vec<Change> = sent.into_iter().filter(lacks_name).cloned().collect();
        for change in singly {
            self.change_one(change, written).await;
        }
    }

    async fn change_one(&self, change: Change, written: &mut HashMap<ContactId, Written>) {
        if self.is_out_of_time() {
            return self.no_time(&[change.contact], written);
        }
        if change.as_found.is_some() {
            let part = [change.clone()];
            let Some(now) = self.read_again(&part, written).await else {
                return;
            };
            if !now
                .get(&change.id)
                .is_some_and(|read| may_be_changed(&change, read))
            {
                written.insert(change.contact, Written::Stale);
                return;
            }
        }
        let key = self.idempotency_key();
        let (changes, key) = (&change.changes, key.as_str());
        let answer = self
            .call(|xero, access| async move { xero.update(&access, change.id, changes, key).await })
            .await;
        if matches!(answer, Err(CallError::Failed(xero::Error::NotFound))) {
            let gone = match change.as_found {
                Some(_) => Written::Stale,
                None => Written::Gone(change.id),
            };
            written.insert(change.contact, gone);
            return;
        }
        self.take_results(
            &[change.contact],
            answer.map(|result| vec![result]),
            written,
        )
        .await;
    }

    async fn read_again(
        &self,
        part: &[Change],
        written: &mut HashMap<ContactId, Written>,
    ) -> Option<HashMap<XeroContactId, XeroContact>> {
        let contacts: Vec<ContactId> = part.iter().map(|change| change.contact).collect();
        if self.is_out_of_time() {
            self.no_time(&contacts, written);
            return None;
        }
        let ids: Vec<XeroContactId> = part.iter().map(|change| change.id).collect();
        match self.read_by_id(&ids).await {
            Ok(read) => Some(
                read.into_iter()
                    .map(|contact| (contact.id, contact))
                    .collect(),
            ),
            Err(error) => {
                let error = Arc::new(error);
                written.extend(
                    contacts
                        .into_iter()
                        .map(|contact| (contact, Written::NotCalled(error.clone()))),
                );
                None
            }
        }
    }

    async fn take_results(
        &self,
        contacts: &[ContactId],
        answer: Result<Vec<ElementResult>, CallError>,
        written: &mut HashMap<ContactId, Written>,
    ) {
        match answer {
            Ok(results) => {
                let mut directory = self.worker.directory.lock().await;
                for (contact, result) in contacts.iter().zip(results) {
                    let result = match result {
                        ElementResult::Saved(saved) => {
                            let id = saved.id;
                            // An element that tells only its id says nothing to match by.
                            if let Some(directory) = directory
                                .as_mut()
                                .filter(|directory| directory.is_of(self.records.tenant()))
                                .filter(|_| !saved.name.is_empty())
                            {
                                directory.put(saved);
                            }
                            Written::Done(id)
                        }
                        ElementResult::Refused { kind, messages } => Written::Refused {
                            kind,
                            words: messages.into_vec(),
                        },
                        ElementResult::Unknown { what } => {
                            tracing::warn!(
                                %contact,
                                "contact {contact}: Xero's answer to a write does not tell what became of it: {what}"
                            );
                            Written::Unknown(Unknown {
                                what,
                                was_alone: contacts.len() == 1,
                            })
                        }
                    };
                    written.insert(*contact, result);
                }
            }
            Err(CallError::Failed(xero::Error::NothingProcessed { messages }))
                if contacts.len() == 1 =>
            {
                let (kind, words) = (Refusal::Invalid, messages.into_vec());
                written.insert(contacts[0], Written::Refused { kind, words });
            }
            // Of one contact it is known what was refused. Of many the ones that Xero does not name may be saved.
            Err(CallError::Failed(xero::Error::Rejected { kind, messages }))
                if contacts.len() == 1 =>
            {
                let words = messages.into_vec();
                written.insert(contacts[0], Written::Refused { kind, words });
            }
            Err(error) if nothing_was_written(&error) => {
                let error = Arc::new(error);
                written.extend(
                    contacts
                        .iter()
                        .map(|contact| (*contact, Written::NotCalled(error.clone()))),
                );
            }
            Err(error) => {
                tracing::warn!(
                    "a write of {} contacts to Xero has no certain end: {}",
                    contacts.len(),
                    CallErrorText(&error)
                );
                written.extend(contacts.iter().map(|contact| (*contact, Written::InDoubt)));
            }
        }
    }

    fn no_time(&self, contacts: &[ContactId], written: &mut HashMap<ContactId, Written>) {
        let wait = runtime::Wait {
            until: self.now,
            reason: DeferReason::OutOfTime,
        };
        let error = Arc::new(CallError::Wait(wait));
        written.extend(
            contacts
                .iter()
                .map(|contact| (*contact, Written::NotCalled(error.clone()))),
        );
    }

    /// New for every call, and never derived from the content: A, then B, then A again within minutes would replay the first A.
    /// The key holds the tenant, for Xero keeps keys for an app as a whole.
    fn idempotency_key(&self) -> String {
        format!(
            "{}/{}",
            self.records.tenant(),
            self.worker.parts.surroundings.unique()
        )
    }
}

/// A contact that was found may be written to if it is as it was found; a linked one if it is active.
fn may_be_changed(change: &Change, read: &XeroContact) -> bool {
    match &change.as_found {
        Some(found) => is_still_as_found(found, read),
        None => read.status == rules::ContactStatus::Active,
    }
}

/// Whether a call certainly changed nothing.
fn nothing_was_written(error: &CallError) -> bool {
    use xero::Error;
    match error {
        CallError::Wait(_) | CallError::Open(_) => true,
        CallError::Failed(error) => matches!(
            error,
            Error::Transient {
                answer_lost: false,
                ..
            } | Error::AuthExpired
                | Error::NotFound
                | Error::NotAsked { .. }
                | Error::NothingProcessed { .. }
                | Error::QueryRefused
                | Error::TooManyContacts
        ),
    }
}

struct CallErrorText<'a>(&'a CallError);

impl std::fmt::Display for CallErrorText<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            CallError::Wait(_) => f.write_str("everybody waits"),
            CallError::Failed(error) => error.fmt(f),
            CallError::Open(error) => error.fmt(f),
        }
    }
}
