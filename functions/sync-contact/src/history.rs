//! What is kept of what was done: the history of a contact, and how it ended for whoever follows along.

use rules::{
    Change, ContactId, Field, Outcome, Plan, System, XeroContact, XeroContactId, XeroWrite, changes,
};
use runtime::records::{
    EndingKind, FollowRecord, HistoryEvent, HistoryRecord, ONLY, OutcomeRecord, Records,
};
use store::{Expect, MAX_WRITES, TableError, Write};
use time::{Duration, OffsetDateTime};

use crate::apply::Told;
use crate::batch::{Batch, Results};
use crate::work::{Done, Work};

/// How long an outcome is kept for a follower: none follows longer.
const OUTCOME_LIFE: Duration = Duration::days(1);

impl Batch<'_> {
    /// The fields that a plan has written, as far as BigChange took its part. What it has not taken yet is told when it has.
    pub(crate) fn changes_of(&self, work: &Work, plan: &Plan, told: Told) -> Vec<Change> {
        let Some(customer) = &work.customer else {
            return Vec::new();
        };
        let content = work.content();
        let carried = content.link.map(|link| link.synced);
        let before = carried.or_else(|| Some(work.intent_before.as_ref()?.plan.synced.clone()));
        let mut done = changes(plan, customer, before.as_ref());
        done.retain(|change| {
            let is_done = match (change.system, change.field) {
                (System::Xero | System::Unknown, _) => true,
                (System::BigChange, Field::ContactReference) => told.contact_reference,
                (System::BigChange, _) => told.account,
            };
            // What was sent again because an answer was lost is no change.
            is_done && change.before != change.after
        });
        done
    }

    /// A record of what was done, unless no history is kept.
    pub(crate) fn history(
        &self,
        work: &Work,
        plan: &Plan,
        xero_id: XeroContactId,
        done: &[Change],
    ) -> Result<Option<Write>, TableError> {
        let event = match plan.outcome {
            Outcome::Created => HistoryEvent::Created,
            // It was this software that created it, although it learnt of it only now.
            Outcome::Linked if let Some(created) = self.lost_create(work, xero_id) => {
                let done: Vec<Change> = created.into_iter().chain(done.iter().cloned()).collect();
                return self.remember(work.id, HistoryEvent::Created, xero_id, &done);
            }
            Outcome::Linked => HistoryEvent::Linked,
            // What was carried over without a write (a field that was left out) is nothing that was done.
            Outcome::Updated | Outcome::Unchanged if done.is_empty() => return Ok(None),
            Outcome::Updated | Outcome::Unchanged => HistoryEvent::Updated,
            // No decision of this version has it.
            Outcome::Unknown => HistoryEvent::Unknown,
        };
        self.remember(work.id, event, xero_id, done)
    }

    /// What an earlier attempt wrote that created this Xero contact and never saw the answer; `None` where there was none.
    fn lost_create(&self, work: &Work, xero_id: XeroContactId) -> Option<Vec<Change>> {
        // Where nothing is left to write, this attempt has not replaced it.
        let in_record = || {
            let intent = work.record.as_ref()?.value.intent.as_ref();
            intent.filter(|intent| intent.attempt != self.attempt)
        };
        let earlier = &work.intent_before.as_ref().or_else(in_record)?.plan;
        let is_create = matches!(earlier.xero, XeroWrite::Create(_));
        let is_it = |found: &XeroContact| found.id == xero_id && found.is_ours_for(work.id);
        if !is_create || !work.found.contacts().any(is_it) {
            return None;
        }
        let mut created = changes(earlier, work.customer.as_ref()?, None);
        created.retain(|change| change.system == System::Xero);
        Some(created)
    }

    /// A record that the link of a deleted contact was released, if there was one.
    pub(crate) fn history_of_release(&self, work: &Work) -> Result<Option<Write>, TableError> {
        match work.content().link {
            Some(link) => self.remember(work.id, HistoryEvent::Released, link.xero_id, &[]),
            None => Ok(None),
        }
    }

    fn remember(
        &self,
        contact: ContactId,
        event: HistoryEvent,
        xero_id: XeroContactId,
        done: &[Change],
    ) -> Result<Option<Write>, TableError> {
        let parts = &self.worker.parts;
        let record = HistoryRecord {
            at: parts.surroundings.now(),
            event,
            xero_id,
            changes: done.to_vec(),
        };
        record.write(&self.records, contact, parts.history_days)
    }
}

/// Whoever follows along, if anybody does.
pub(crate) struct Follower {
    until: Option<OffsetDateTime>,
}

impl Follower {
    /// Nobody, where the store does not say: what a person would like to watch must not stop the work.
    pub(crate) async fn of(records: &Records) -> Self {
        let until = match records.get::<FollowRecord>(ONLY).await {
            Ok(record) => record.map(|record| record.value.until),
            Err(error) => {
                tracing::warn!("whether somebody follows along is not known: {error}");
                None
            }
        };
        Self { until }
    }

    /// Notes how the contacts ended. That it cannot be noted is no reason to work them again.
    pub(crate) async fn note(&self, records: &Records, now: OffsetDateTime, results: &Results) {
        if self.until.is_none_or(|until| until < now) {
            return;
        }
        let ended = results.iter().filter_map(|(contact, result)| {
            let outcome = outcome(result.as_ref().ok()?, now);
            Some(records.put_expiring(contact, &outcome, Expect::Anything, now + OUTCOME_LIFE))
        });
        let writes: Result<Vec<Write>, TableError> = ended.collect();
        let written = async {
            for part in writes?.chunks(MAX_WRITES) {
                records.write(part.to_vec()).await?;
            }
            Ok::<_, TableError>(())
        };
        if let Err(error) = written.await {
            tracing::warn!("whoever follows along is not told how this batch ended: {error}");
        }
    }
}

fn outcome(done: &Done, now: OffsetDateTime) -> OutcomeRecord {
    let (ending, detail) = match done {
        Done::InLine(Outcome::Created) => (EndingKind::Created, String::new()),
        Done::InLine(Outcome::Linked) => (EndingKind::Linked, String::new()),
        Done::InLine(Outcome::Updated) => (EndingKind::Updated, String::new()),
        Done::InLine(Outcome::Unchanged) => (EndingKind::Unchanged, String::new()),
        Done::InLine(Outcome::Unknown) => (EndingKind::Unknown, String::new()),
        Done::Skipped(skip) => (EndingKind::LeftAlone, format!("{skip:?}")),
        Done::Held(code) | Done::StillHeld(code) => (EndingKind::Held, (*code).to_owned()),
        Done::Deferred(reason) => (EndingKind::PutOff, format!("{reason:?}")),
        Done::GivenUp(reason) => (EndingKind::GivenUp, reason.clone()),
    };
    OutcomeRecord {
        at: now,
        ending,
        detail,
    }
}
