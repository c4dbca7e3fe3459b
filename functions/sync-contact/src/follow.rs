//! Notes how contacts ended for whoever follows along in the operator's tool.

use rules::SyncAction;
use runtime::records::{EndingKind, FollowRecord, OutcomeRecord, Records, SINGLETON};
use store::{Expect, MAX_WRITES, TableError, Write};
use time::{Duration, OffsetDateTime};

use crate::model::{ContactOutcome, Outcomes};

/// How long an outcome is kept for a follower: none follows longer.
const OUTCOME_LIFE: Duration = Duration::days(1);

/// Whoever follows along, if anybody does.
pub(crate) struct Follower {
    until: Option<OffsetDateTime>,
}

impl Follower {
    /// Nobody, where the store does not say: what a person would like to watch must not stop the
    /// work.
    pub(crate) async fn of(records: &Records) -> Self {
        let until = match records.get::<FollowRecord>(SINGLETON).await {
            Ok(record) => record.map(|record| record.value.until),
            Err(error) => {
                tracing::warn!("whether somebody follows along is not known: {error}");
                None
            }
        };
        Self { until }
    }

    /// Notes how the contacts ended. That it cannot be noted is no reason to work them again.
    pub(crate) async fn note(&self, records: &Records, now: OffsetDateTime, results: &Outcomes) {
        if self.until.is_none_or(|until| until < now) {
            return;
        }
        let ended = results.iter().filter_map(|(contact, result)| {
            let record = record_of(result.as_ref().ok()?, now);
            Some(records.put_expiring(contact, &record, Expect::Any, now + OUTCOME_LIFE))
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

fn record_of(outcome: &ContactOutcome, now: OffsetDateTime) -> OutcomeRecord {
    let (ending, detail) = match outcome {
        ContactOutcome::InLine(SyncAction::Created) => (EndingKind::Created, String::new()),
        ContactOutcome::InLine(SyncAction::Linked) => (EndingKind::Linked, String::new()),
        ContactOutcome::InLine(SyncAction::Updated) => (EndingKind::Updated, String::new()),
        ContactOutcome::InLine(SyncAction::Unchanged) => (EndingKind::Unchanged, String::new()),
        ContactOutcome::InLine(SyncAction::Unknown) => (EndingKind::Unknown, String::new()),
        ContactOutcome::Skipped(skip) => (EndingKind::LeftAlone, format!("{skip:?}")),
        ContactOutcome::Held(code) | ContactOutcome::StillHeld(code) => {
            (EndingKind::Held, (*code).to_owned())
        }
        ContactOutcome::Deferred(reason) => (EndingKind::PutOff, format!("{reason:?}")),
        ContactOutcome::GivenUp(reason) => (EndingKind::GivenUp, reason.clone()),
    };
    OutcomeRecord {
        at: now,
        ending,
        detail,
    }
}
