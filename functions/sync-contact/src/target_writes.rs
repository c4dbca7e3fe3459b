//! The writes of a batch to Xero: few calls for many contacts.

use std::collections::HashMap;
use std::sync::Arc;

use rules::{
    ContactId, Details, NewXeroContact, Refusal, XeroChanges, XeroContact, XeroContactId,
    XeroWrite, is_still_as_found,
};
use runtime::records::DeferReason;
use runtime::{CallError, Pause};
use xero::{ElementResult, Update};

use crate::context::Context;
use crate::model::{Begun, UnknownWrite};
use crate::queries::{self, call};

/// A contact that failed this often with others is sent alone, so that it cannot hold them up.
const ALONE_AFTER_ATTEMPTS: u32 = 2;

/// What became of a contact's write to Xero.
#[derive(Debug)]
pub(crate) enum WriteResult {
    /// It is there: this is the Xero contact.
    Done {
        id: XeroContactId,
        /// How Xero shows it in its answer, if something was written.
        answered: Option<Box<Details>>,
    },
    /// Xero refused it; nothing was written.
    Refused { kind: Refusal, words: Vec<String> },
    /// Xero does not know the contact that this one is linked to; nothing was written.
    Gone(XeroContactId),
    /// Xero's answer does not tell whether it was written.
    Unknown(UnknownWrite),
    /// What was found is not so any more; nothing was written.
    Stale,
    /// Nothing was written, and why.
    NotCalled(Arc<CallError>),
    /// It may have been written or not: nobody knows before the intent has expired.
    InDoubt,
}

/// What became of each contact's write.
pub(crate) type Results = HashMap<ContactId, WriteResult>;

/// A contact that is to be created.
#[derive(Debug, Clone)]
pub(crate) struct Create {
    contact: ContactId,
    new: NewXeroContact,
    alone: bool,
}

/// A write to an existing Xero contact.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    contact: ContactId,
    id: XeroContactId,
    changes: XeroChanges,
    /// The contact as a list showed it, which may be stale: it is read again first.
    expected: Option<XeroContact>,
    alone: bool,
}

/// The writes of a batch as the calls that make them.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Contacts that need no write.
    in_place: Vec<(ContactId, XeroContactId)>,
    creates: Vec<Vec<Create>>,
    /// Changes of linked contacts, which were read just now: each part is one call.
    updates_together: Vec<Vec<Change>>,
    /// Each part is read again first, and then written in one call.
    links_together: Vec<Vec<Change>>,
    changes_alone: Vec<Change>,
}

impl Calls {
    /// The calls that write what was planned.
    pub(crate) fn of(begun: &[Begun]) -> Self {
        let mut calls = Self::default();
        let (mut creates, mut changes) = (Vec::new(), Vec::new());
        for begun in begun {
            let state = begun.state();
            let alone =
                state.attempts() >= ALONE_AFTER_ATTEMPTS || !state.unknown_answers().is_none();
            match &begun.planned.plan.xero {
                // One that is not known was never decided here.
                XeroWrite::Unknown(_) => {}
                XeroWrite::Nothing { id } => calls.in_place.push((state.id, *id)),
                XeroWrite::Create(new) => creates.push(Create {
                    contact: state.id,
                    new: (**new).clone(),
                    alone,
                }),
                XeroWrite::Change {
                    id,
                    changes: what,
                    expected,
                    before: _,
                } => changes.push(Change {
                    contact: state.id,
                    id: *id,
                    changes: (**what).clone(),
                    expected: expected.as_deref().cloned(),
                    alone,
                }),
            }
        }
        let (alone, together): (Vec<_>, Vec<_>) = creates.into_iter().partition(|one| one.alone);
        let together = together.chunks(xero::MAX_BATCH).map(<[_]>::to_vec);
        calls.creates = together
            .chain(alone.into_iter().map(|one| vec![one]))
            .collect();
        // Renames go singly: an element without a name that Xero refuses for its name can only lack
        // one.
        let (alone, together): (Vec<_>, Vec<_>) = changes
            .into_iter()
            .partition(|change| change.alone || change.changes.name.is_some());
        let (links, updates): (Vec<_>, Vec<_>) = together
            .into_iter()
            .partition(|change| change.expected.is_some());
        calls.changes_alone = alone;
        calls.links_together = links.chunks(xero::MAX_IDS).map(<[_]>::to_vec).collect();
        if let [_] = updates.as_slice() {
            calls.changes_alone.extend(updates);
        } else {
            let parts = updates.chunks(xero::MAX_BATCH);
            calls.updates_together = parts.map(<[_]>::to_vec).collect();
        }
        calls
    }

    /// How many reads and writes they are, if nothing has changed in Xero meanwhile.
    pub(crate) fn count(&self) -> (usize, usize) {
        let reads_alone = self
            .changes_alone
            .iter()
            .filter(|change| change.expected.is_some());
        let writes = self.creates.len()
            + self.updates_together.len()
            + self.links_together.len()
            + self.changes_alone.len();
        (self.links_together.len() + reads_alone.count(), writes)
    }
}

/// Writes to Xero.
pub(crate) async fn run(context: &Context<'_>, begun: &[Begun]) -> Results {
    let calls = Calls::of(begun);
    let mut results = Results::new();
    let in_place = calls.in_place.into_iter();
    results.extend(in_place.map(|(contact, id)| {
        let answered = None;
        (contact, WriteResult::Done { id, answered })
    }));
    // First what was read a moment ago: what a person enters in Xero meanwhile is written over.
    for part in calls.updates_together {
        write_together(context, part, &mut results).await;
    }
    let (links_alone, updates_alone): (Vec<_>, Vec<_>) = calls
        .changes_alone
        .into_iter()
        .partition(|change| change.expected.is_some());
    for change in updates_alone {
        change_alone(context, change, &mut results).await;
    }
    for part in calls.creates {
        create(context, &part, &mut results).await;
    }
    for part in calls.links_together {
        link_together(context, &part, &mut results).await;
    }
    for change in links_alone {
        change_alone(context, change, &mut results).await;
    }
    results
}

async fn create(context: &Context<'_>, part: &[Create], results: &mut Results) {
    let contacts: Vec<ContactId> = part.iter().map(|one| one.contact).collect();
    if context.is_out_of_time() {
        return no_time(context, &contacts, results);
    }
    let new: Vec<NewXeroContact> = part.iter().map(|one| one.new.clone()).collect();
    let key = idempotency_key(context);
    let (new, key) = (new.as_slice(), key.as_str());
    let answer = call(context, |xero, access| async move {
        xero.create(&access, new, key).await
    });
    take_results(context, &contacts, answer.await, results).await;
}

/// Reads the contacts again, for a directory may be stale, then writes to those that are still as
/// found.
async fn link_together(context: &Context<'_>, part: &[Change], results: &mut Results) {
    let Some(now) = read_again(context, part, results).await else {
        return;
    };
    let (same, stale): (Vec<_>, Vec<_>) = part.iter().cloned().partition(|change| {
        let read = now.get(&change.id);
        read.is_some_and(|read| is_as_expected(change, read))
    });
    let stale = stale.iter().map(|one| (one.contact, WriteResult::Stale));
    results.extend(stale);
    write_together(context, same, results).await;
}

/// Writes many changes in one call. An element holds no name: to repeat the one that was read would
/// undo a rename made meanwhile.
async fn write_together(context: &Context<'_>, part: Vec<Change>, results: &mut Results) {
    let contacts: Vec<ContactId> = part.iter().map(|change| change.contact).collect();
    if contacts.is_empty() {
        return;
    }
    if context.is_out_of_time() {
        return no_time(context, &contacts, results);
    }
    let updates: Result<Vec<Update>, _> = part
        .iter()
        .map(|change| Update::new(change.id, change.changes.clone()))
        .collect();
    let Ok(updates) = updates else {
        // Only a rename is none, and these are singled out before.
        for change in part {
            change_alone(context, change, results).await;
        }
        return;
    };
    let key = idempotency_key(context);
    let (updates, key) = (updates.as_slice(), key.as_str());
    let answer = call(context, |xero, access| async move {
        xero.update_many(&access, updates, key).await
    });
    take_results(context, &contacts, answer.await, results).await;
    let lacks_name = |change: &Change| {
        let kind = Refusal::NameMissing;
        matches!(results.get(&change.contact), Some(WriteResult::Refused { kind: refused, .. }) if *refused == kind)
    };
    // The address of a single contact takes the same without a name.
    let singly: Vec<Change> = part.into_iter().filter(lacks_name).collect();
    for change in singly {
        change_alone(context, change, results).await;
    }
}

async fn change_alone(context: &Context<'_>, change: Change, results: &mut Results) {
    if context.is_out_of_time() {
        return no_time(context, &[change.contact], results);
    }
    if change.expected.is_some() {
        let part = std::slice::from_ref(&change);
        let Some(now) = read_again(context, part, results).await else {
            return;
        };
        let read = now.get(&change.id);
        if !read.is_some_and(|read| is_as_expected(&change, read)) {
            results.insert(change.contact, WriteResult::Stale);
            return;
        }
    }
    let key = idempotency_key(context);
    let (changes, key) = (&change.changes, key.as_str());
    let answer = call(context, |xero, access| async move {
        xero.update(&access, change.id, changes, key).await
    });
    let answer = answer.await;
    if matches!(answer, Err(CallError::Failed(xero::Error::NotFound))) {
        let gone = match change.expected {
            Some(_) => WriteResult::Stale,
            None => WriteResult::Gone(change.id),
        };
        results.insert(change.contact, gone);
        return;
    }
    let answer = answer.map(|result| vec![result]);
    take_results(context, &[change.contact], answer, results).await;
}

async fn read_again(
    context: &Context<'_>,
    part: &[Change],
    results: &mut Results,
) -> Option<HashMap<XeroContactId, XeroContact>> {
    let contacts: Vec<ContactId> = part.iter().map(|change| change.contact).collect();
    if context.is_out_of_time() {
        no_time(context, &contacts, results);
        return None;
    }
    let ids: Vec<XeroContactId> = part.iter().map(|change| change.id).collect();
    match queries::by_id(context, &ids).await {
        Ok(read) => Some(
            read.into_iter()
                .map(|contact| (contact.id, contact))
                .collect(),
        ),
        Err(error) => {
            not_called(&contacts, error, results);
            None
        }
    }
}

async fn take_results(
    context: &Context<'_>,
    contacts: &[ContactId],
    answer: Result<Vec<ElementResult>, CallError>,
    results: &mut Results,
) {
    match answer {
        Ok(elements) => {
            for (contact, element) in contacts.iter().zip(elements) {
                let result = result_of(context, *contact, element, contacts.len() == 1).await;
                results.insert(*contact, result);
            }
        }
        Err(CallError::Failed(xero::Error::NothingProcessed { messages }))
            if contacts.len() == 1 =>
        {
            let (kind, words) = (Refusal::Invalid, messages.into_vec());
            results.insert(contacts[0], WriteResult::Refused { kind, words });
        }
        // Of one contact it is known what was refused. Of many the ones that Xero does not name may
        // be saved.
        Err(CallError::Failed(xero::Error::Rejected { kind, messages })) if contacts.len() == 1 => {
            let words = messages.into_vec();
            results.insert(contacts[0], WriteResult::Refused { kind, words });
        }
        Err(error) if nothing_was_written(&error) => not_called(contacts, error, results),
        Err(error) => {
            tracing::warn!(
                "a write of {} contacts to Xero has no certain end: {}",
                contacts.len(),
                CallErrorText(&error)
            );
            let in_doubt = contacts
                .iter()
                .map(|contact| (*contact, WriteResult::InDoubt));
            results.extend(in_doubt);
        }
    }
}

async fn result_of(
    context: &Context<'_>,
    contact: ContactId,
    element: ElementResult,
    was_alone: bool,
) -> WriteResult {
    match element {
        ElementResult::Saved(saved) => {
            let id = saved.id;
            let mut answered = None;
            // An element that tells only its id says nothing to match by.
            if !saved.name.is_empty() {
                let mut saved = saved;
                answered = saved.details.take();
                let mut directory = context.worker.directory.lock().await;
                let tenant = context.records.tenant();
                if let Some(directory) = directory.as_mut().filter(|known| known.is_of(tenant)) {
                    directory.put(saved);
                }
            }
            WriteResult::Done { id, answered }
        }
        ElementResult::Refused { kind, messages } => WriteResult::Refused {
            kind,
            words: messages.into_vec(),
        },
        ElementResult::Unknown { what } => {
            tracing::warn!(
                %contact,
                "contact {contact}: Xero's answer to a write does not tell what became of it: {what}"
            );
            WriteResult::Unknown(UnknownWrite { what, was_alone })
        }
    }
}

fn no_time(context: &Context<'_>, contacts: &[ContactId], results: &mut Results) {
    let wait = Pause {
        until: context.now,
        reason: DeferReason::OutOfTime,
    };
    not_called(contacts, CallError::Paused(wait), results);
}

fn not_called(contacts: &[ContactId], error: CallError, results: &mut Results) {
    let error = Arc::new(error);
    let not_called = |contact: &ContactId| (*contact, WriteResult::NotCalled(error.clone()));
    results.extend(contacts.iter().map(not_called));
}

/// New for every call, and never derived from the content: A, then B, then A again within minutes
/// would replay the first A. The key holds the tenant, for Xero keeps keys for an app as a whole.
fn idempotency_key(context: &Context<'_>) -> String {
    format!("{}/{}", context.records.tenant(), context.host().new_id())
}

/// Whether a contact may be written to: it is as the list showed it, if it was found in one.
fn is_as_expected(change: &Change, read: &XeroContact) -> bool {
    let expected = change.expected.as_ref();
    expected.is_none_or(|found| is_still_as_found(found, read, &change.changes))
}

/// Whether a call certainly changed nothing.
fn nothing_was_written(error: &CallError) -> bool {
    use xero::Error;
    match error {
        CallError::Paused(_) | CallError::Open(_) => true,
        CallError::Failed(error) => matches!(
            error,
            Error::Transient {
                answer_lost: false,
                ..
            } | Error::AuthExpired
                | Error::NotFound
                | Error::InvalidRequest { .. }
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
            CallError::Paused(_) => f.write_str("everybody waits"),
            CallError::Failed(error) => error.fmt(f),
            CallError::Open(error) => error.fmt(f),
        }
    }
}
