//! Full sweeps: when one is due, and what it queues beyond what BigChange lists.

use std::collections::BTreeSet;

use rules::{ContactId, Settings};
use runtime::clock_skew::TWO_CLOCKS;
use runtime::records::{
    ContactRecord, ProblemRecord, Record, Records, SINGLETON, Stored, SweepRecord, expect,
    whatever_is_there,
};
use serde::{Deserialize, Serialize};
use store::{TableError, Write};
use time::serde::rfc3339;
use time::{Duration, OffsetDateTime};

use crate::groups::Reading;
use crate::references;
use crate::writes::{contact_of, try_again, write_where_unchanged};

/// A sweep is asked for once a day; where none came for so long, that request was lost.
const MAX_AGE: Duration = Duration::hours(26);
/// By then every worker that was at it with other settings has come to its end: twice the
/// function's time limit, and what two clocks may differ.
const OLD_SETTINGS_LAST: Duration = Duration::minutes(8);
/// How long a sweep is put off when a group cannot be read, so that the polls until then are spent
/// on changes.
const PUT_OFF: Duration = Duration::minutes(5);

/// Whether a full sweep was asked for and not yet done. Rewritten rather than removed, so that its
/// versions go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct SweepRequestRecord {
    pending: bool,
    /// A group could not be read: not before then.
    #[serde(default, with = "rfc3339::option")]
    not_before: Option<OffsetDateTime>,
}

impl Record for SweepRequestRecord {
    const KIND: &'static str = "state-sweep-request";
}

/// Remembers that a full sweep is wanted at once.
pub(crate) async fn request(records: &Records) -> Result<(), TableError> {
    records.write(vec![wanted(records).await?]).await
}

/// The write that remembers it.
pub(crate) async fn wanted(records: &Records) -> Result<Write, TableError> {
    let wanted = SweepRequestRecord {
        pending: true,
        not_before: None,
    };
    records.replace(SINGLETON, &wanted).await
}

/// A full sweep that is due.
pub(crate) struct Sweep {
    request: Option<Stored<SweepRequestRecord>>,
    last: Option<Stored<SweepRecord>>,
    /// Whether the last one ran under other settings.
    settings_changed: bool,
}

impl Sweep {
    /// A sweep, if one was asked for, the settings changed, or the last one is too long ago.
    pub(crate) async fn due(
        records: &Records,
        settings: &Settings,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, TableError> {
        let request = records.get::<SweepRequestRecord>(SINGLETON).await?;
        let stored_last = records.get::<SweepRecord>(SINGLETON).await?;
        let last = stored_last.as_ref().map(|last| &last.value);
        let settings_changed = last.is_some_and(|last| last.settings != settings.fingerprint());
        let is_outdated = last.is_none_or(|last| {
            let is_again_due = last.again_at.is_some_and(|again_at| again_at <= now);
            // One from the future comes from a clock that was wrong, and would stop the sweeps
            // until then.
            let is_from_the_future = last.at > now + TWO_CLOCKS;
            settings_changed || is_again_due || is_from_the_future || now - last.at > MAX_AGE
        });
        let asked = request.as_ref().map(|request| &request.value);
        let is_wanted = is_outdated || asked.is_some_and(|asked| asked.pending);
        let is_put_off = asked
            .and_then(|asked| asked.not_before)
            .is_some_and(|not_before| not_before > now && not_before <= now + PUT_OFF + TWO_CLOCKS);
        Ok((is_wanted && !is_put_off).then_some(Self {
            request,
            last: stored_last,
            settings_changed,
        }))
    }

    /// Puts the sweep off for some minutes.
    pub(crate) async fn put_off(
        &self,
        records: &Records,
        now: OffsetDateTime,
    ) -> Result<(), TableError> {
        let later = SweepRequestRecord {
            pending: true,
            not_before: Some(now + PUT_OFF),
        };
        let write = records.put(SINGLETON, &later, expect(self.request.as_ref()))?;
        write_where_unchanged(records, vec![write]).await
    }

    /// The writes that say that everything is queued. A request that came meanwhile stays.
    pub(crate) fn done(
        &self,
        records: &Records,
        settings: &Settings,
        now: OffsetDateTime,
    ) -> Result<Vec<Write>, TableError> {
        let swept = SweepRecord {
            settings: settings.fingerprint(),
            at: now,
            again_at: self.settings_changed.then(|| now + OLD_SETTINGS_LAST),
        };
        let mut writes =
            vec![records.put(SINGLETON, &swept, whatever_is_there(self.last.as_ref()))?];
        if let Some(request) = &self.request {
            let nothing = SweepRequestRecord {
                pending: false,
                not_before: None,
            };
            if request.value != nothing {
                writes.push(records.put(SINGLETON, &nothing, request.as_read())?);
            }
        }
        Ok(writes)
    }
}

/// Readies the store for a sweep, and returns the contacts that it queues although BigChange may
/// not list them any more: those that are linked, held or still to be read.
pub(crate) async fn prepare(
    records: &Records,
    settings: &Settings,
    reading: &Reading,
) -> Result<BTreeSet<ContactId>, TableError> {
    let problems = records.list::<ProblemRecord>("").await?;
    try_again(records, problems.iter()).await?;
    let known = records.list::<ContactRecord>("").await?;
    let unread = references::require_reading(records, settings, reading).await?;
    let held = problems.iter().map(contact_of);
    // A record with nothing in it is what a deleted contact leaves behind.
    let linked = known
        .iter()
        .filter(|record| record.value != ContactRecord::default())
        .map(contact_of);
    held.chain(linked)
        .chain(unread.into_iter().map(Ok))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_request_that_version_0_1_wrote_is_read_and_written_back_as_it_was() {
        let golden = include_str!("../../../shared/runtime/tests/golden/records-0.1.json");
        let items: Vec<Value> = serde_json::from_str(golden).unwrap();
        let ours = items
            .iter()
            .filter(|item| item["kind"] == SweepRequestRecord::KIND);
        let bodies: Vec<&Value> = ours.map(|item| &item["body"]).collect();
        assert_eq!(bodies.len(), 2);
        for body in bodies {
            let record = SweepRequestRecord::deserialize(body).unwrap();
            assert!(record.pending);
            assert_eq!(&serde_json::to_value(record).unwrap(), body);
        }
    }
}
