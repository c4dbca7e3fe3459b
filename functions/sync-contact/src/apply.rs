//! Carrying out plans: an intent, then Xero, then BigChange, then the link.

use std::collections::HashMap;
use std::sync::Arc;

use futures::{StreamExt, stream};
use rules::{
    AccountType, ContactId, Link, NewXeroContact, Notice, Outcome, Plan, XeroChanges, XeroContact,
    XeroContactId, XeroWrite, contact_form, is_still_as_found, refused_by_xero,
};
use runtime::CallError;
use runtime::records::{
    ContactRecord, DeferReason, Intent, ReferenceRecord, XeroContactRecord, expect,
};
use store::{Expect, TableError, Write};
use time::Duration;
use xero::{ElementResult, Refusal, Update};

use crate::batch::{BIGCHANGE_AT_ONCE, Batch, SHORT_WAIT, STORE_AT_ONCE};
use crate::work::{Done, Work};

/// An intent outlives its function by the longest exchange that may still be under way (half a minute) and by what two clocks may differ.
const INTENT_MARGIN: Duration = Duration::minutes(3);
/// So few changes of linked contacts go singly, one call each; more are cheaper as one read and one write for 40.
const FEW_CHANGES: usize = 2;
/// A contact that failed this often with others is sent alone, so that it cannot hold them up.
const ALONE_AFTER_ATTEMPTS: u32 = 2;

/// A contact whose plan was tried and that has not come to an end.
pub(crate) struct Applied {
    pub(crate) contact: ContactId,
    /// What was found in Xero is not so any more.
    pub(crate) look_again: bool,
}

/// What became of a write to Xero.
#[derive(Debug)]
enum Written {
    /// It is there: this is the Xero contact.
    Done(XeroContactId),
    /// Xero refused it; nothing was written.
    Refused { kind: Refusal, words: Vec<String> },
    /// What was found is not so any more; nothing was written.
    Stale,
    /// Nothing was written, and why.
    NotCalled(Arc<CallError>),
    /// It may have been written or not: nobody knows before the intent has expired.
    InDoubt,
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
    /// Carries out the plans. Those contacts that have come to no end are returned.
    pub(crate) async fn apply(
        &self,
        works: &mut [Work],
        mut plans: HashMap<ContactId, Plan>,
    ) -> Vec<Applied> {
        self.begin(works, &mut plans).await;
        let mut written = self.write_to_xero(works, &plans).await;
        let mut again = Vec::new();
        let mut bigchange = Vec::new();
        for work in works.iter_mut().filter(|work| work.ending.is_none()) {
            let Some(plan) = plans.remove(&work.id) else {
                continue;
            };
            match written.remove(&work.id).unwrap_or(Written::InDoubt) {
                Written::Done(xero_id) => bigchange.push((work, plan, xero_id)),
                other => {
                    if let Some(look_again) = self.not_written(work, &plan, other).await {
                        again.push(Applied {
                            contact: work.id,
                            look_again,
                        });
                    }
                }
            }
        }
        stream::iter(
            bigchange
                .into_iter()
                .map(|(work, plan, xero_id)| self.write_to_bigchange(work, plan, xero_id)),
        )
        .buffer_unordered(BIGCHANGE_AT_ONCE)
        .collect::<Vec<()>>()
        .await;
        again
    }

    /// Stores what is about to be written. Where that fails nothing is.
    async fn begin(&self, works: &mut [Work], plans: &mut HashMap<ContactId, Plan>) {
        let begun = works
            .iter_mut()
            .filter(|work| {
                work.ending.is_none()
                    && plans
                        .get(&work.id)
                        .is_some_and(|plan| !plan.writes_nothing())
            })
            .map(|work| {
                let plan = &plans[&work.id];
                async move {
                    match self.try_begin(work, plan).await {
                        Ok(()) => {}
                        // Another worker, or another contact, was quicker: what they did has to be read first.
                        Err(TableError::Conflict) => {
                            self.defer(work, DeferReason::AnotherWorker, self.now + SHORT_WAIT)
                                .await
                        }
                        Err(error) => work.ending = Some(Err(error)),
                    }
                }
            });
        stream::iter(begun.collect::<Vec<_>>())
            .buffer_unordered(STORE_AT_ONCE)
            .collect::<Vec<()>>()
            .await;
        let open: Vec<ContactId> = works
            .iter()
            .filter(|work| work.ending.is_none())
            .map(|work| work.id)
            .collect();
        plans.retain(|contact, _| open.contains(contact));
    }

    async fn try_begin(&self, work: &mut Work, plan: &Plan) -> Result<(), TableError> {
        let mut content = work.content();
        let mut writes = self.reserve_for(work, plan, &mut content).await?;
        if let Some(xero_id) = plan.xero.existing().filter(|_| content.link.is_none()) {
            writes.extend(self.claim(work, xero_id).await?);
        }
        let due = content
            .contact_reference_in_doubt()
            .filter(|due| **due == plan.account_reference)
            .cloned();
        content.contact_reference_due = due;
        let before = content.intent.replace(Intent {
            attempt: self.attempt.clone(),
            expires_at: self.deadline + INTENT_MARGIN,
            plan: plan.clone(),
        });
        writes.extend(self.unclaim(work, &content).await?);
        writes.push(
            self.records
                .put(work.id, &content, expect(work.record.as_ref()))?,
        );
        self.records.write(writes).await?;
        work.intent_before = before;
        work.wrote(content);
        Ok(())
    }

    /// The account reference of the plan, reserved for this contact; the one that it had before is given back.
    async fn reserve_for(
        &self,
        work: &Work,
        plan: &Plan,
        content: &mut ContactRecord,
    ) -> Result<Vec<Write>, TableError> {
        let reference = &plan.account_reference;
        if content.reserved.as_ref() == Some(reference) {
            return Ok(Vec::new());
        }
        let mut writes = Vec::new();
        if let Some(old) = content.reserved.take() {
            writes.extend(self.release(work, &old).await?);
        }
        let known = self
            .records
            .get::<ReferenceRecord>(reference.folded())
            .await?;
        if known
            .as_ref()
            .is_some_and(|known| known.value.holder.is_some_and(|holder| holder != work.id))
        {
            return Err(TableError::Conflict);
        }
        let record = ReferenceRecord {
            reference: reference.clone(),
            holder: Some(work.id),
        };
        writes.push(
            self.records
                .put(reference.folded(), &record, expect(known.as_ref()))?,
        );
        content.reserved = Some(reference.clone());
        content.generated = false;
        Ok(writes)
    }

    /// The Xero contact, claimed for this contact.
    async fn claim(
        &self,
        work: &Work,
        xero_id: XeroContactId,
    ) -> Result<Option<Write>, TableError> {
        match self.records.get::<XeroContactRecord>(xero_id).await? {
            Some(claim) if claim.value.contact == work.id => Ok(None),
            Some(_) => Err(TableError::Conflict),
            None => self
                .records
                .put(
                    xero_id,
                    &XeroContactRecord { contact: work.id },
                    Expect::Absent,
                )
                .map(Some),
        }
    }

    async fn write_to_xero(
        &self,
        works: &[Work],
        plans: &HashMap<ContactId, Plan>,
    ) -> HashMap<ContactId, Written> {
        let mut written = HashMap::new();
        let mut creates = Vec::new();
        let mut changes = Vec::new();
        for work in works.iter().filter(|work| work.ending.is_none()) {
            let alone = work.attempts() >= ALONE_AFTER_ATTEMPTS;
            match plans.get(&work.id).map(|plan| &plan.xero) {
                None => {}
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
                .session
                .call(|xero, access| async move { xero.create(&access, new, key).await })
                .await;
            self.take_results(&contacts, answer, written).await;
        }
    }

    async fn change(&self, changes: Vec<Change>, written: &mut HashMap<ContactId, Written>) {
        // Renames go singly: an element of a batch carries the name just read, which must be right.
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

    /// Reads the contacts again, for a directory may be stale and an element needs the name as it is, then writes to those that are still as found.
    async fn change_together(&self, part: &[Change], written: &mut HashMap<ContactId, Written>) {
        let Some(mut now) = self.read_again(part, written).await else {
            return;
        };
        let mut updates = Vec::new();
        let mut contacts = Vec::new();
        for change in part {
            let read = now.remove(&change.id);
            let update = read
                .filter(|read| may_be_changed(change, read))
                .and_then(|read| Update::new(change.id, read.name, change.changes.clone()).ok());
            match update {
                Some(update) => {
                    updates.push(update);
                    contacts.push(change.contact);
                }
                None if change.as_found.is_some() => {
                    drop(written.insert(change.contact, Written::Stale))
                }
                // A linked contact that is no longer active: the single call tells why.
                None => self.change_one(change.clone(), written).await,
            }
        }
        if updates.is_empty() {
            return;
        }
        let key = self.idempotency_key();
        let (updates, key) = (updates.as_slice(), key.as_str());
        let answer = self
            .session
            .call(|xero, access| async move { xero.update_many(&access, updates, key).await })
            .await;
        self.take_results(&contacts, answer, written).await;
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
            .session
            .call(|xero, access| async move { xero.update(&access, change.id, changes, key).await })
            .await;
        if matches!(answer, Err(CallError::Failed(xero::Error::NotFound))) {
            let words =
                vec!["Xero no longer knows the contact that this one is linked to.".to_owned()];
            written.insert(
                change.contact,
                Written::Refused {
                    kind: Refusal::Invalid,
                    words,
                },
            );
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
                            if let Some(directory) = directory
                                .as_mut()
                                .filter(|directory| directory.is_of(self.records.tenant()))
                            {
                                directory.put(saved);
                            }
                            Written::Done(id)
                        }
                        ElementResult::Refused { kind, messages } => Written::Refused {
                            kind,
                            words: messages.into_vec(),
                        },
                    };
                    written.insert(*contact, result);
                }
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

    /// What becomes of a contact whose write to Xero was not done. `Some` if it is to be decided anew, with whether Xero is to be asked again.
    async fn not_written(&self, work: &mut Work, plan: &Plan, written: Written) -> Option<bool> {
        match written {
            Written::Done(_) => None,
            Written::Stale => {
                self.drop_intent(work).await;
                Some(true)
            }
            Written::InDoubt => {
                // Not before the intent has expired; longer each time, for what Xero chokes on may be this contact.
                let at_least = self.deadline + INTENT_MARGIN - self.now;
                self.defer_for_its_own_sake(
                    work,
                    DeferReason::XeroUnavailable,
                    at_least.try_into().ok(),
                )
                .await;
                None
            }
            Written::NotCalled(error) => {
                self.drop_intent(work).await;
                if work.ending.is_none() {
                    self.call_failed(work, &error).await;
                }
                None
            }
            Written::Refused { kind, words } => self.refused(work, plan, kind, words).await,
        }
    }

    async fn drop_intent(&self, work: &mut Work) {
        let dropped = async {
            let Some((content, writes)) = self.intent_ended(work).await? else {
                return Ok(None);
            };
            self.records.write(writes).await?;
            Ok(Some(content))
        };
        match dropped.await {
            Ok(Some(content)) => work.wrote(content),
            Ok(None) => {}
            Err(error) => work.ending = Some(Err(error)),
        }
    }

    async fn refused(
        &self,
        work: &mut Work,
        plan: &Plan,
        kind: Refusal,
        words: Vec<String>,
    ) -> Option<bool> {
        // A refused element is read again before it is called a problem: somebody else, or an earlier attempt of ours, may have been quicker.
        let taken = matches!(
            kind,
            Refusal::NameTaken | Refusal::AccountNumberTaken | Refusal::ContactNumberTaken
        );
        let is_new = matches!(plan.outcome, Outcome::Created | Outcome::Linked);
        if is_new && (taken || kind == Refusal::Archived) && !work.looked_again {
            work.looked_again = true;
            self.drop_intent(work).await;
            return Some(true);
        }
        if is_new && kind == Refusal::AccountNumberTaken && work.content().code().is_some() {
            if let Err(error) = self.burn_code(work).await {
                work.ending = Some(Err(error));
                return None;
            }
            return Some(false);
        }
        let linked_now = match plan.xero.existing() {
            Some(id) if kind == Refusal::Archived => self
                .read_by_id(&[id])
                .await
                .ok()
                .and_then(|contacts| contacts.into_iter().next()),
            _ => None,
        };
        self.hold_refused(work, refused_by_xero(words, linked_now.as_ref()))
            .await;
        None
    }

    async fn write_to_bigchange(&self, work: &mut Work, plan: Plan, xero_id: XeroContactId) {
        let mut notices = plan.notices.clone();
        let written = self.try_write_to_bigchange(work, &plan, &mut notices).await;
        if let Err(error) = self
            .link(work, &plan, xero_id, notices, written.is_ok())
            .await
        {
            work.ending = Some(Err(error));
            return;
        }
        match written {
            Ok(()) => work.ending = Some(Ok(Done::InLine(plan.outcome))),
            Err(error) => {
                if matches!(error, bigchange::Error::AuthLost(_)) {
                    self.bigchange_login_refused().await;
                }
                self.bigchange_failed(work, &error).await;
            }
        }
    }

    async fn try_write_to_bigchange(
        &self,
        work: &Work,
        plan: &Plan,
        notices: &mut Vec<Notice>,
    ) -> Result<(), bigchange::Error> {
        if !plan.bigchange_account && !plan.bigchange_contact_reference {
            return Ok(());
        }
        let bigchange = &self.bigchange;
        if plan.bigchange_account {
            bigchange
                .save_account(work.id, &plan.account_reference, AccountType::XERO)
                .await?;
        }
        if !plan.bigchange_contact_reference {
            return Ok(());
        }
        // Last, and from a fresh read: the form rewrites the whole record.
        let Some(contact) = bigchange
            .contact(work.id)
            .await?
            .filter(|contact| contact.contact_reference.trim().is_empty())
        else {
            return Ok(());
        };
        let groups = bigchange.groups().await?;
        let group = groups
            .iter()
            .find(|group| Some(group.id) == contact.group)
            .map(|group| group.name.as_str());
        match contact_form(&contact, group, &plan.account_reference) {
            Ok(form) if bigchange::fits(&form) => bigchange.save_form(&form).await,
            Ok(_) => {
                notices.push(Notice::ContactReferenceNotWritten {
                    field: rules::Field::Extra,
                });
                Ok(())
            }
            Err(field) => {
                notices.push(Notice::ContactReferenceNotWritten { field });
                Ok(())
            }
        }
    }

    /// Records the link. Where BigChange has not taken its part yet, what is missing shows in BigChange itself, but for the contact reference, which is noted.
    async fn link(
        &self,
        work: &mut Work,
        plan: &Plan,
        xero_id: XeroContactId,
        notices: Vec<Notice>,
        bigchange_done: bool,
    ) -> Result<(), TableError> {
        let mut content = work.content();
        let mut writes = if bigchange_done {
            self.clearing(work)
        } else {
            Vec::new()
        };
        writes.extend(self.reserve_for(work, plan, &mut content).await?);
        if content.link.is_none() {
            writes.extend(self.claim(work, xero_id).await?);
        }
        content.link = Some(Link {
            xero_id,
            account_reference: plan.account_reference.clone(),
            synced: plan.synced.clone(),
        });
        content.intent = None;
        let lasting = content
            .notices
            .drain(..)
            .filter(|notice| notice.outlasts(plan, work.customer.as_ref()));
        content.notices = notices
            .into_iter()
            .chain(lasting.collect::<Vec<_>>())
            .collect();
        content.contact_reference_due = (!bigchange_done && plan.bigchange_contact_reference)
            .then(|| plan.account_reference.clone());
        let changed = work
            .record
            .as_ref()
            .is_none_or(|record| record.value != content);
        if changed {
            writes.push(
                self.records
                    .put(work.id, &content, expect(work.record.as_ref()))?,
            );
        }
        if bigchange_done {
            self.end(work, writes).await?;
        } else {
            self.records.write(writes).await?;
        }
        if changed {
            work.wrote(content);
        }
        Ok(())
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
