//! What a poll does while it holds the lease.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bigchange::BigChange;
use rules::{AskedBy, ContactId, Fingerprint, GroupId, Switch};
use runtime::records::{CursorRecord, Records, Stored, expect};
use runtime::telemetry::Metric;
use runtime::{Message, Services, XeroSession};
use store::{TableError, Write};
use time::{Duration, OffsetDateTime};

use crate::group_faults::GroupFaults;
use crate::groups::{Extent, Reading};
use crate::recent::{OVERLAP, RecentlyQueued};
use crate::sweep::{self, Sweep};
use crate::writes::write_where_unchanged;
use crate::xero_changes::scan;
use crate::{GroupError, PollError, Queued, deferred, references};

/// A cursor this far in the future comes from a clock that was wrong, and would hide every change
/// until then. One that is ahead by less is made good by the daily sweep.
const FAR_OFF: Duration = Duration::days(1);
/// No page is asked for later than this. A call may take 30 seconds more, and what was read is
/// queued within the rest of the function's 300.
const READING_TIME: Duration = Duration::seconds(200);

/// One poll.
pub(crate) struct PollRun<'a> {
    pub(crate) services: &'a Services,
    pub(crate) records: &'a Records,
    /// Only where Xero may be called now.
    pub(crate) session: Option<&'a XeroSession<'a>>,
    pub(crate) recently_queued: &'a Mutex<RecentlyQueued>,
    /// When the poll began.
    pub(crate) started: OffsetDateTime,
    /// Who asked for this poll.
    pub(crate) asked_by: AskedBy,
    /// Where the switch stands.
    pub(crate) switch: Switch,
}

/// Listed contacts, with how.
type Listed<'a> = BTreeMap<ContactId, Option<&'a Fingerprint>>;
type Cursors = BTreeMap<String, Stored<CursorRecord>>;

impl PollRun<'_> {
    /// Queues what is due.
    pub(crate) async fn run(&self) -> Result<Queued, PollError> {
        let deferred = match self.session {
            Some(_) => {
                let queue = &*self.services.queue;
                deferred::queue_due(self.records, queue, self.started, self.switch).await?
            }
            None => 0,
        };
        let cursors = self.records.get_many::<CursorRecord>(self.groups()).await?;
        let bigchange = self.services.bigchange().await?;
        let sweep = Sweep::due(self.records, &self.services.settings, self.started).await?;
        let faults = GroupFaults::read(self.records, self.started).await?;
        let fails_for_itself = |group, error: &GroupError| faults.fails_for_itself(group, error);
        let (reading, sweep, failure) = match sweep {
            None => {
                let changes = self.read_changes(&bigchange, &cursors, &faults).await;
                (changes, None, None)
            }
            Some(sweep) => {
                let whole = self.read(&bigchange, |_| Extent::Whole).await;
                match whole.error(fails_for_itself) {
                    None => (whole, Some(sweep), None),
                    // As soon as somebody lets us in, the sweep is made.
                    Some(_) if whole.is_shut_out() => (whole, None, None),
                    // A sweep is made of every group that does not fail for itself, or of none;
                    // else those that can be read would be queued again and again. Their changes
                    // need not wait for it.
                    Some(error) => {
                        sweep.put_off(self.records, self.started).await?;
                        let changes = self.read_changes(&bigchange, &cursors, &faults).await;
                        (changes, None, Some(error))
                    }
                }
            }
        };
        let queued = self
            .queue(&reading, sweep.as_ref(), deferred, &cursors, &faults)
            .await?;
        if faults.is_to_be_told(&reading) {
            self.services.host.count(Metric::ContactGroupNotRead);
        }
        if let Some(error) = failure.or_else(|| reading.error(fails_for_itself)) {
            if error.is_login_lost() {
                self.services.host.count(Metric::BigChangeAuthLost);
                self.services.forget_bigchange().await;
            }
            return Err(error);
        }
        self.services.host.count(Metric::PollSucceeded);
        tracing::info!(
            full_sweep = queued.full_sweep,
            deferred = queued.deferred,
            listed = queued.listed,
            touched_in_xero = queued.touched_in_xero,
            queued = queued.queued,
            groups_not_read = queued.groups_not_read,
            "polled: {} contacts queued, and {} that had been put off",
            queued.queued,
            queued.deferred
        );
        Ok(queued)
    }

    /// The account groups, then the site groups.
    fn groups(&self) -> impl Iterator<Item = GroupId> {
        let settings = &self.services.settings;
        settings
            .account_groups
            .iter()
            .chain(&settings.site_groups)
            .copied()
    }

    /// What changed in each group since its cursor; everything in a group that has none, or that a
    /// full sweep was made without. A cursor from the future comes from a clock that was wrong, and
    /// would hide every change until then.
    async fn read_changes(
        &self,
        bigchange: &BigChange,
        cursors: &Cursors,
        faults: &GroupFaults,
    ) -> Reading {
        self.read(bigchange, |group| {
            let cursor = cursors.get(&group.to_string());
            let cursor = cursor.map(|cursor| cursor.value.changed_since);
            faults.extent(
                group,
                cursor.filter(|cursor| *cursor <= self.started + FAR_OFF),
            )
        })
        .await
    }

    async fn read(&self, bigchange: &BigChange, extent: impl Fn(GroupId) -> Extent) -> Reading {
        let groups: Vec<_> = self.groups().map(|group| (group, extent(group))).collect();
        Reading::of(bigchange, &groups, || self.is_late()).await
    }

    fn is_late(&self) -> bool {
        self.services.host.now() - self.started > READING_TIME
    }

    /// Queues what was read and what goes with it, and only then notes how far the poll has come.
    async fn queue(
        &self,
        reading: &Reading,
        sweep: Option<&Sweep>,
        deferred: usize,
        cursors: &Cursors,
        faults: &GroupFaults,
    ) -> Result<Queued, PollError> {
        let (records, settings) = (self.records, &self.services.settings);
        references::keep_from_being_generated(records, &reading.code_like()).await?;
        let listed = reading.contacts();
        let mut contacts: BTreeSet<ContactId> = match sweep {
            Some(_) => listed.keys().copied().collect(),
            None => self.due(&listed),
        };
        let mut notes = self.moved_cursors(reading, cursors)?;
        let groups: BTreeSet<GroupId> = self.groups().collect();
        notes.extend(faults.notes(records, reading, &groups, sweep.is_some())?);
        contacts.extend(references::groups_were_read(records, settings, reading).await?);
        let mut touched_in_xero = 0;
        if let Some(sweep) = sweep {
            contacts.extend(sweep::prepare(records, settings, reading).await?);
            notes.extend(sweep.done(records, settings, self.services.host.now())?);
        } else if let Some(session) = self.session
            && let Some(scanned) = scan(records, session, self.started, || self.is_late()).await
        {
            touched_in_xero = scanned.touched.len();
            contacts.extend(scanned.touched);
            notes.push(scanned.moved);
        }
        let contacts: Vec<_> = contacts.into_iter().collect();
        if !contacts.is_empty() {
            let messages = Message::for_each(&contacts, self.asked_by);
            self.services.queue.send(&messages).await?;
            self.remember(&contacts, &listed);
        }
        write_where_unchanged(records, notes).await?;
        Ok(Queued {
            full_sweep: sweep.is_some(),
            deferred,
            listed: listed.len(),
            touched_in_xero,
            queued: contacts.len(),
            groups_not_read: reading.failures.len() + reading.not_whole.len(),
        })
    }

    /// Those of the listed contacts that were not queued a moment ago.
    fn due(&self, listed: &Listed<'_>) -> BTreeSet<ContactId> {
        let mut recent = self.recently_queued();
        recent.forget_old(self.started);
        let is_due = |(contact, list_fingerprint): &(&ContactId, &Option<&Fingerprint>)| {
            recent.is_due(**contact, **list_fingerprint, self.started)
        };
        let due = listed.iter().filter(is_due);
        due.map(|(contact, _)| *contact).collect()
    }

    fn remember(&self, queued: &[ContactId], listed: &Listed<'_>) {
        let mut recent = self.recently_queued();
        for contact in queued {
            if let Some(list_fingerprint) = listed.get(contact) {
                recent.queued(*contact, *list_fingerprint, self.started);
            }
        }
    }

    fn recently_queued(&self) -> MutexGuard<'_, RecentlyQueued> {
        let recent = self.recently_queued.lock();
        recent.unwrap_or_else(PoisonError::into_inner)
    }

    /// The cursors of the groups that were read to their end. None moves back, whatever the clock
    /// does, but one from the future after all of its group was read.
    fn moved_cursors(
        &self,
        reading: &Reading,
        cursors: &Cursors,
    ) -> Result<Vec<Write>, TableError> {
        let moved = CursorRecord {
            changed_since: self.started - OVERLAP,
        };
        let mut writes = Vec::with_capacity(reading.listings.len());
        for listing in &reading.listings {
            let cursor = cursors.get(&listing.group.to_string());
            let is_behind = |at: OffsetDateTime| {
                at < moved.changed_since || (listing.is_whole && at > self.started + FAR_OFF)
            };
            if cursor.is_none_or(|cursor| is_behind(cursor.value.changed_since)) {
                writes.push(self.records.put(listing.group, &moved, expect(cursor))?);
            }
        }
        Ok(writes)
    }
}
