//! Groups that cannot be read while others can: what is remembered of them, and what they hold up.

use std::collections::{BTreeMap, BTreeSet};

use rules::GroupId;
use runtime::clock_skew::TWO_CLOCKS;
use runtime::records::{GroupFaultRecord, Records, Stored, expect};
use store::{TableError, Write};
use time::{Duration, OffsetDateTime};

use crate::GroupError;
use crate::groups::{Extent, Reading};

/// How long a fault that passes by itself holds up a full sweep, and counts as a failure of the
/// poll.
const PASSES_WITHIN: Duration = Duration::hours(1);
/// After so long a person is told.
const TOLD_AFTER: Duration = Duration::hours(24);
/// How often it is tried to read all of a group whose changes alone can be read.
const TRIED_WHOLE_EVERY: Duration = Duration::minutes(5);

/// What is known of the groups that could not be read.
pub(crate) struct GroupFaults {
    known: BTreeMap<GroupId, Stored<GroupFaultRecord>>,
    now: OffsetDateTime,
}

impl GroupFaults {
    pub(crate) async fn read(records: &Records, now: OffsetDateTime) -> Result<Self, TableError> {
        let mut known = BTreeMap::new();
        for record in records.list::<GroupFaultRecord>("").await? {
            let group = record.sort_key.parse().map_err(|_| {
                let sort = &record.sort_key;
                TableError::Refused(format!(
                    "the record {sort} of a contact group's fault has a key that is no group id"
                ))
            })?;
            known.insert(group, record);
        }
        Ok(Self { known, now })
    }

    /// How much of a group a poll for changes reads. Without a cursor it is all of it.
    pub(crate) fn extent(&self, group: GroupId, cursor: Option<OffsetDateTime>) -> Extent {
        let Some(cursor) = cursor else {
            return Extent::Whole;
        };
        let is_due = |fault: &GroupFaultRecord| {
            let tried = fault.tried_whole_at.map(|tried| (self.now - tried).abs());
            fault.missed_sweep && tried.is_none_or(|ago| ago >= TRIED_WHOLE_EVERY)
        };
        match self.known.get(&group) {
            Some(fault) if is_due(&fault.value) => Extent::ChangesThenWhole(cursor),
            _ => Extent::Changes(cursor),
        }
    }

    /// Whether a group fails for itself, so that the others go on without it: its fault lasts until
    /// a person acts, or has lasted for longer than what passes.
    pub(crate) fn fails_for_itself(&self, group: GroupId, error: &GroupError) -> bool {
        let since = self.known.get(&group).map(|known| known.value.since);
        error.fault().is_lasting() || since.is_some_and(|since| self.now - since > PASSES_WITHIN)
    }

    /// Whether a person is to be told of a group: by the alarm, once it has failed for a day.
    pub(crate) fn is_to_be_told(&self, reading: &Reading) -> bool {
        let failing = reading.failures.iter().chain(&reading.not_whole);
        failing
            .filter_map(|(group, _)| self.known.get(group))
            .any(|known| self.now - known.value.since >= TOLD_AFTER)
    }

    /// The writes that note what came of a reading. `swept` says whether a full sweep was made of
    /// it. A lost login is no group's fault.
    pub(crate) fn notes(
        &self,
        records: &Records,
        reading: &Reading,
        configured: &BTreeSet<GroupId>,
        swept: bool,
    ) -> Result<Vec<Write>, TableError> {
        let mut writes = Vec::new();
        for (group, known) in &self.known {
            let listing = reading
                .listings
                .iter()
                .find(|listing| listing.group == *group);
            let is_read =
                listing.is_some_and(|listing| listing.is_whole || !known.value.missed_sweep);
            if is_read || !configured.contains(group) {
                writes.push(records.delete::<GroupFaultRecord>(group, known.as_read()));
            }
        }
        if reading.is_login_lost() {
            return Ok(writes);
        }
        let failures = reading.failures.iter().map(|failure| (failure, false));
        let not_whole = reading.not_whole.iter().map(|failure| (failure, true));
        for ((group, error), changes_read) in failures.chain(not_whole) {
            let known = self.known.get(group);
            let before = known.map(|known| &known.value);
            // One from the future comes from a clock that was wrong.
            let since = before.map(|before| before.since);
            let since = since.filter(|since| *since <= self.now + TWO_CLOCKS);
            let after = GroupFaultRecord {
                since: since.unwrap_or(self.now),
                fault: error.fault(),
                words: error.words(),
                missed_sweep: swept || before.is_some_and(|before| before.missed_sweep),
                tried_whole_at: if changes_read {
                    Some(self.now)
                } else {
                    before.and_then(|before| before.tried_whole_at)
                },
            };
            if before != Some(&after) {
                writes.push(records.put(group, &after, expect(known))?);
            }
        }
        Ok(writes)
    }
}
