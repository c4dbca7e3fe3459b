//! How a contact's work ends in the store. Each ending is one transaction, so that it is there as a whole or not at all.

use std::collections::HashMap;

use rules::{
    AccountReference, ContactId, Field, KnownNames, PersonsWord, Problem, Skip, Watch, XeroWrite,
    contact_fingerprint, looks_like_a_code, normalise_spaces,
};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, ProblemRecord, ReferenceRecord, WaitingRecord,
    XeroContactRecord, whatever_is_there,
};
use store::{Expect, TableError, Write};
use time::{Duration, OffsetDateTime};

use crate::batch::Batch;
use crate::work::{Done, Ending, Work};

/// A problem that stays the same is written at most this often.
const PROBLEM_REFRESH: Duration = Duration::hours(24);
/// How long a contact waits that was put off for its own sake: doubled each time, up to the longest.
const FIRST_WAIT: Duration = Duration::minutes(1);
pub(crate) const LONGEST_WAIT: Duration = Duration::hours(1);
/// A contact that was put off this often for its own sake is given up: about four hours.
const MAX_ATTEMPTS: u32 = 9;
/// While a system is out of order nothing is given up before a day has passed.
const LONGEST_OUTAGE: Duration = Duration::hours(24);

impl Batch<'_> {
    /// Leaves a contact alone.
    pub(crate) async fn skip(&self, work: &mut Work, skip: Skip) {
        let ending = self.try_skip(work, skip).await;
        work.ending = Some(ending);
    }

    async fn try_skip(&self, work: &mut Work, skip: Skip) -> Ending {
        let mut writes = self.clearing(work);
        let mut gives_back = false;
        if let Some(record) = &work.record {
            let mut content = record.value.clone();
            if skip == Skip::Deleted {
                // It may be restored: what a person said that it is not, it is not then either.
                content = ContactRecord {
                    word: PersonsWord {
                        is: None,
                        is_not: content.word.is_not,
                    },
                    ..ContactRecord::default()
                };
                writes.extend(self.unclaim(work, &content).await?);
                writes.extend(self.history_of_release(work)?);
            }
            // A link keeps its reference for the contact's return.
            if content.link.is_none()
                && let Some(reference) = content
                    .reserved
                    .take()
                    .or_else(|| record.value.reserved.clone())
            {
                content.generated = false;
                writes.extend(self.release(work, &reference).await?);
            }
            if content != record.value {
                writes.push(self.records.put(work.id, &content, record.as_read())?);
                gives_back = true;
            }
        }
        self.end(work, writes).await?;
        work.gave_back |= gives_back;
        Ok(Done::Skipped(skip))
    }

    /// Gives back the Xero contact that this contact claims and, by its record's next `content`, does so no longer: it may be somebody else's.
    pub(crate) async fn unclaim(
        &self,
        work: &Work,
        content: &ContactRecord,
    ) -> Result<Option<Write>, TableError> {
        let claimed = work
            .record
            .as_ref()
            .and_then(|record| record.value.claimed());
        let Some(xero_id) = claimed.filter(|claimed| content.claimed() != Some(*claimed)) else {
            return Ok(None);
        };
        let claim = self.records.get::<XeroContactRecord>(xero_id).await?;
        let ours = claim.filter(|claim| claim.value.contact == work.id);
        Ok(ours.map(|claim| {
            self.records
                .delete::<XeroContactRecord>(xero_id, claim.as_read())
        }))
    }

    /// Gives a reservation back, if it is this contact's. One that a code could equal stays as a mark: another contact may carry it as its contact reference,
    /// which was marked before this contact took it, or this one may carry it still.
    pub(crate) async fn release(
        &self,
        work: &Work,
        reference: &AccountReference,
    ) -> Result<Option<Write>, TableError> {
        let held = self
            .records
            .get::<ReferenceRecord>(reference.folded())
            .await?;
        let Some(held) = held.filter(|held| held.value.holder == Some(work.id)) else {
            return Ok(None);
        };
        if looks_like_a_code(reference.as_str()) {
            let mark = ReferenceRecord {
                reference: reference.clone(),
                holder: None,
            };
            let put = self
                .records
                .put(reference.folded(), &mark, held.as_read())?;
            return Ok(Some(put));
        }
        let delete = self
            .records
            .delete::<ReferenceRecord>(reference.folded(), held.as_read());
        Ok(Some(delete))
    }

    /// Holds a contact until a person mends what is wrong.
    pub(crate) async fn hold(&self, work: &mut Work, problem: Problem) {
        let held = self.try_hold(work, problem, false).await;
        work.is_held(held);
    }

    /// Holds a contact whose write was refused: the intent is over, for nothing was written.
    pub(crate) async fn hold_refused(&self, work: &mut Work, problem: Problem) {
        work.intent_before
            .take_if(|intent| intent.plan.only_fills_in_a_number(work.id));
        let held = self.try_hold(work, problem, true).await;
        work.is_held(held);
    }

    async fn names(&self, problem: &Problem) -> KnownNames {
        KnownNames {
            group: self.group_name(problem).await,
            contact: self.other_name(problem).await,
        }
    }

    /// The name of the contact group that a problem is about: people know groups by their names. `None` where it cannot be had; the problem is told all the same.
    async fn group_name(&self, problem: &Problem) -> Option<String> {
        let wanted = problem.group()?;
        let names = self.group_names.get_or_init(|| async {
            if self.is_out_of_time() {
                return HashMap::new();
            }
            let groups = self.groups.get_or_try_init(|| self.bigchange.groups());
            let groups = groups.await.into_iter().flatten();
            groups
                .map(|group| (group.id, normalise_spaces(&group.name)))
                .collect()
        });
        let name = names.await.get(&wanted)?;
        (!name.is_empty()).then(|| name.clone())
    }

    /// The name of the other BigChange contact that a problem is about, as it was carried over last.
    async fn other_name(&self, problem: &Problem) -> Option<String> {
        let other = problem.names_contact()?;
        let record = self.records.get::<ContactRecord>(other).await.ok()??;
        record.value.name().map(str::to_owned)
    }

    async fn try_hold(
        &self,
        work: &Work,
        problem: Problem,
        ends_intent: bool,
    ) -> Result<Held, TableError> {
        let code = problem.code();
        let old = work.problem.as_ref();
        let linked = work
            .record
            .as_ref()
            .and_then(|record| record.value.link.as_ref())
            .map(|link| link.xero_id);
        let fingerprint = self.fingerprint(work);
        // Boxed, for few contacts need it and every one would carry its size.
        let names = Box::pin(self.names(&problem)).await;
        let record = ProblemRecord {
            sentence: problem.sentence(work.id, &work.name(), &names),
            cure: problem.cure(),
            name: work.name(),
            fingerprint,
            watch: work
                .contact
                .as_ref()
                .map_or_else(Watch::nothing, |contact| {
                    Watch::of(contact, &problem, linked)
                }),
            retry: false,
            first_seen: old
                .filter(|old| old.value.problem.code() == code)
                .map_or(self.now, |old| old.value.first_seen),
            last_seen: self.now,
            problem,
        };
        // A contact whose reference BigChange did not tell is not read yet: a code could equal it.
        let mut writes = if is_reference_told(work, &record.problem) {
            self.clearing_marks(work)
        } else {
            Vec::new()
        };
        let told = old.is_some_and(|old| {
            let same = ProblemRecord {
                last_seen: record.last_seen,
                ..old.value.clone()
            } == record;
            same && self.now - old.value.last_seen < PROBLEM_REFRESH
        });
        if !told {
            let named_before = old.and_then(|old| old.value.problem.names_contact());
            let named_now = record.problem.names_contact();
            if let Some(named) = named_before.filter(|named| named_now != Some(*named)) {
                writes.push(
                    self.records
                        .delete::<WaitingRecord>(waiting_key(named, work), Expect::Anything),
                );
            }
            if let Some(named) = named_now {
                writes.push(self.records.put(
                    waiting_key(named, work),
                    &WaitingRecord {
                        named,
                        waiter: work.id,
                    },
                    Expect::Anything,
                )?);
            }
            writes.push(
                self.records
                    .put(work.id, &record, runtime::records::expect(old))?,
            );
        }
        let mut gives_back = false;
        match self.intent_ended(work).await? {
            Some((content, ended)) if ends_intent => {
                gives_back = work.claimed() != content.claimed();
                writes.extend(ended);
            }
            None if let Some(content) = without_moot_intent(work) => {
                gives_back = work.claimed() != content.claimed();
                writes.extend(self.unclaim(work, &content).await?);
                let read = runtime::records::expect(work.record.as_ref());
                writes.push(self.records.put(work.id, &content, read)?);
            }
            // What was decided may be said of the contact only as it was read: another worker may have linked it meanwhile.
            _ if !writes.is_empty() => {
                writes.push(self.records.unchanged(work.id, work.record.as_ref()));
            }
            _ => {}
        }
        self.end(work, writes).await?;
        let done = if told {
            Done::StillHeld(code)
        } else {
            Done::Held(code)
        };
        Ok(Held { done, gives_back })
    }

    /// This attempt's intent is over and nothing was written: what it claimed and reserved is given back. The intent of an earlier attempt, which it replaced,
    /// is in doubt again. The record's next content and the writes that make it so; `None` where this attempt has begun nothing.
    pub(crate) async fn intent_ended(
        &self,
        work: &Work,
    ) -> Result<Option<(ContactRecord, Vec<Write>)>, TableError> {
        let is_ours = |record: &ContactRecord| {
            let intent = record.intent.as_ref();
            intent.is_some_and(|intent| intent.attempt == self.attempt)
        };
        let Some(record) = work.record.as_ref().filter(|record| is_ours(&record.value)) else {
            return Ok(None);
        };
        let mut content = ContactRecord {
            intent: work.intent_before.clone(),
            ..record.value.clone()
        };
        let mut writes = Vec::from_iter(self.unclaim(work, &content).await?);
        let own = work
            .customer
            .as_ref()
            .and_then(|customer| customer.account_reference.as_ref());
        let follows_bigchange =
            content.link.is_none() && content.intent.is_none() && !content.generated;
        if follows_bigchange
            && let Some(reference) = content.reserved.take_if(|reserved| Some(&*reserved) != own)
        {
            writes.extend(self.release(work, &reference).await?);
        }
        writes.push(self.records.put(work.id, &content, record.as_read())?);
        Ok(Some((content, writes)))
    }

    /// A held contact whose problem could only be cleared by what has not changed.
    pub(crate) async fn stay_held(&self, work: &mut Work, code: &'static str) {
        let ending = self
            .end(work, self.clearing_marks(work))
            .await
            .map(|()| Done::StillHeld(code));
        work.ending = Some(ending);
    }

    /// Puts a contact off until `due`; the poll queues it again.
    pub(crate) async fn defer(&self, work: &mut Work, reason: DeferReason, due: OffsetDateTime) {
        let ending = self.try_defer(work, reason, due, work.attempts()).await;
        work.ending = Some(ending);
    }

    /// Puts a contact off for its own sake: longer each time, and not for ever.
    pub(crate) async fn defer_for_its_own_sake(
        &self,
        work: &mut Work,
        reason: DeferReason,
        at_least: Option<std::time::Duration>,
    ) {
        let attempts = work.attempts();
        // A system that is out of order is waited for; what it does not understand is soon given up.
        let waited = work
            .deferred
            .as_ref()
            .map_or(Duration::ZERO, |deferred| self.now - deferred.value.since);
        let is_outage = reason != DeferReason::UnexpectedAnswer;
        if attempts >= MAX_ATTEMPTS && (!is_outage || waited >= LONGEST_OUTAGE) {
            let reason = format!("put off {attempts} times and still {reason:?}");
            // Its mark goes too: one contact that cannot be read must not keep every other from getting a code.
            let ending = self
                .end(work, self.clearing_marks(work))
                .await
                .map(|()| Done::GivenUp(reason));
            work.ending = Some(ending);
            return;
        }
        let doubled = FIRST_WAIT * 2_i32.saturating_pow(attempts.min(16));
        let asked = at_least
            .and_then(|asked| Duration::try_from(asked).ok())
            .unwrap_or_default();
        let due = self.now + doubled.min(LONGEST_WAIT).max(asked);
        let ending = self.try_defer(work, reason, due, attempts + 1).await;
        work.ending = Some(ending);
    }

    /// Only what is put off for its own sake counts as an attempt: whoever waits because everybody has to wait is not to blame, whatever the reason.
    async fn try_defer(
        &self,
        work: &Work,
        reason: DeferReason,
        due: OffsetDateTime,
        attempts: u32,
    ) -> Ending {
        let record = DeferredRecord {
            since: work
                .deferred
                .as_ref()
                .map_or(self.now, |deferred| deferred.value.since),
            due,
            reason,
            incomplete_answers: if work.answer_is_whole {
                0
            } else {
                work.incomplete_answers
            },
            unknown_answers: work.unknown_answers(),
            by: work.asked_by,
            attempts,
        };
        // Whoever defers last knows best.
        self.records
            .write(vec![self.records.put(
                work.id,
                &record,
                whatever_is_there(work.deferred.as_ref()),
            )?])
            .await?;
        Ok(Done::Deferred(reason))
    }

    /// The removals that go with any ending but a deferral and a problem.
    pub(crate) fn clearing(&self, work: &Work) -> Vec<Write> {
        let mut writes = self.clearing_marks(work);
        if let Some(problem) = &work.problem {
            writes.push(
                self.records
                    .delete::<ProblemRecord>(work.id, Expect::Anything),
            );
            if let Some(named) = problem.value.problem.names_contact() {
                writes.push(
                    self.records
                        .delete::<WaitingRecord>(waiting_key(named, work), Expect::Anything),
                );
            }
        }
        writes
    }

    fn clearing_marks(&self, work: &Work) -> Vec<Write> {
        let mut writes = Vec::new();
        if work.unread.is_some() {
            writes.push(
                self.records
                    .delete::<runtime::records::UnreadRecord>(work.id, Expect::Anything),
            );
        }
        writes
    }

    /// Writes an ending, and with it the removal of the contact's deferral. Where another worker has put it off again meanwhile, that stands and does not
    /// undo the ending: it only brings the contact round once more.
    pub(crate) async fn end(&self, work: &Work, writes: Vec<Write>) -> Result<(), TableError> {
        let Some(deferred) = &work.deferred else {
            return self.records.write(writes).await;
        };
        let removal = self
            .records
            .delete::<DeferredRecord>(work.id, deferred.as_read());
        let all = writes.iter().cloned().chain([removal]).collect();
        match self.records.write(all).await {
            Err(TableError::Conflict) => self.records.write(writes).await,
            written => written,
        }
    }

    pub(crate) fn fingerprint(&self, work: &Work) -> rules::Fingerprint {
        let settings = &self.worker.parts.settings;
        match &work.contact {
            Some(contact) => contact_fingerprint(contact, settings),
            None => settings.fingerprint(),
        }
    }
}

/// Whether it is known which account reference BigChange has for a contact, if any.
fn is_reference_told(work: &Work, problem: &Problem) -> bool {
    let contact = work.contact.as_ref();
    match contact {
        Some(contact) => !contact.missing.contains(&Field::AccountReference),
        None => !matches!(problem, Problem::IncompleteAnswer { .. }),
    }
}

/// A contact that is held.
pub(crate) struct Held {
    pub(crate) done: Done,
    /// A Xero contact that others may be waiting for is free again.
    pub(crate) gives_back: bool,
}

/// The record without the intent of an earlier attempt of which nothing can be in doubt any more, where Xero has been asked since.
pub(crate) fn without_moot_intent(work: &Work) -> Option<ContactRecord> {
    without_create_that_never_was(work).or_else(|| {
        let record = &work.record.as_ref()?.value;
        let intent = record
            .intent
            .as_ref()
            .filter(|_| work.found.found().is_some())?;
        let is_moot = intent.plan.only_fills_in_a_number(work.id);
        is_moot.then(|| ContactRecord {
            intent: None,
            ..record.clone()
        })
    })
}

pub(crate) fn waiting_key(named: ContactId, work: &Work) -> String {
    format!("{named}#{}", work.id)
}

/// The record without the intent of an earlier attempt to create the contact, where Xero has been asked for our own number since and knows no such contact:
/// nothing is in doubt any more.
pub(crate) fn without_create_that_never_was(work: &Work) -> Option<ContactRecord> {
    let record = &work.record.as_ref()?.value;
    let intent = record.intent.as_ref()?;
    let found = work.found.found()?;
    let was_made = found.iter().any(|contact| contact.is_ours_for(work.id));
    (matches!(intent.plan.xero, XeroWrite::Create(_)) && !was_made).then(|| ContactRecord {
        intent: None,
        ..record.clone()
    })
}
