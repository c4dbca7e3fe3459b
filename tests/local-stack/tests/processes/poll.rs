//! `poll` under faults.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use anyhow::{Context, bail};
use fake_bigchange::FakeContact;
use local_stack::company::{self, CUSTOMERS, SITES, TRADE_ACCOUNTS};
use local_stack::{Ended, Function};
use rules::ContactId;
use runtime::records::{
    CursorRecord, DeferReason, DeferredRecord, ProblemRecord, Record, Records, SINGLETON,
    SweepRecord, XeroChangesRecord,
};
use serde_json::{Value, json};
use store::Expect;
use time::{Duration, OffsetDateTime};

use crate::faults::{Case, kills, lost_answers};
use crate::population::{self, ARCHIVED_IN_XERO, RENAMED, everyone};
use crate::world::{Ground, Run, Snapshot, World};

/// Up to when the groups had been read. Every change is later than this, and earlier than the overlap by which a cursor stays behind its poll: so a cursor that
/// moved too far would hide it.
const READ_UNTIL: Duration = Duration::hours(3);
const CHANGED: Duration = Duration::hours(1);
/// They were put off, and are due.
const DUE: [u64; 3] = [2015, 2016, 2017];
/// It is linked, and is in no list any more.
const LEFT_ITS_GROUP: u64 = RENAMED;
/// Its account group.
const TRADE: u64 = 2030;

/// The contacts that changed, by group.
fn changed() -> BTreeMap<u64, BTreeSet<u64>> {
    [
        (CUSTOMERS, (2010..=2014).collect()),
        (TRADE_ACCOUNTS, [TRADE].into()),
        (SITES, [2022].into()),
    ]
    .into()
}

/// One poll, of changes or of everything.
struct Poll {
    ground: Ground,
    snapshot: Snapshot,
    event: Value,
    is_sweep: bool,
    /// What has to be queued.
    expected: BTreeSet<u64>,
}

impl Poll {
    async fn of_changes() -> Self {
        let ground = Ground::start().await;
        let snapshot = snapshot(&ground).await.unwrap();
        let mut expected: BTreeSet<u64> = changed().into_values().flatten().collect();
        expected.extend(DUE);
        // Somebody restored it in Xero, which the hourly look sees.
        expected.insert(ARCHIVED_IN_XERO);
        Self {
            ground,
            snapshot,
            event: json!({}),
            is_sweep: false,
            expected,
        }
    }

    /// A sweep that is due since the settings changed, and asked for by its schedule as well.
    async fn of_everything() -> Self {
        let ground = Ground::start().await;
        let mut snapshot = snapshot(&ground).await.unwrap();
        let world = ground.world(&snapshot).await.unwrap();
        forget::<SweepRecord>(&world.records).await.unwrap();
        snapshot.items = world.items().await.unwrap();
        let mut expected = everyone();
        expected.insert(TRADE);
        Self {
            ground,
            snapshot,
            event: json!({"mode": "full"}),
            is_sweep: true,
            expected,
        }
    }

    fn check_queued(&self, queued: &BTreeSet<u64>) -> anyhow::Result<()> {
        let expected = &self.expected;
        if queued != expected {
            bail!("{queued:?} were queued instead of {expected:?}");
        }
        Ok(())
    }

    /// What was noted as done must be queued.
    async fn check_notes(&self, world: &World<'_>, queued: &BTreeSet<u64>) -> anyhow::Result<()> {
        for (group, changed) in changed() {
            let cursor = world.records.get::<CursorRecord>(group).await?;
            let until = cursor.context("a cursor is gone")?.value.changed_since;
            let has_moved = OffsetDateTime::now_utc() - until < CHANGED;
            if has_moved && !changed.is_subset(queued) {
                bail!(
                    "the cursor of group {group} passed {changed:?}, but only {queued:?} are queued"
                );
            }
        }
        let swept = world.records.get::<SweepRecord>(SINGLETON).await?;
        if self.is_sweep && swept.is_some() && !self.expected.is_subset(queued) {
            bail!("the sweep is noted as done, but only {queued:?} are queued");
        }
        Ok(())
    }
}

impl Case for Poll {
    const FUNCTION: Function = Function::Poll;

    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn event(&self) -> Value {
        self.event.clone()
    }

    async fn check(&self, world: &World<'_>, run: &Run) -> anyhow::Result<()> {
        // A poll that could not do all of it says so; the schedule starts the next one anyway.
        if let Ended::Exited(status) = &run.ended {
            bail!("it ended by itself: {status}");
        }
        let mut queued = world.take_queued().await?;
        self.check_notes(world, &queued).await?;
        if run.order.is_none() {
            run.answer()?;
            self.check_queued(&queued)?;
        }
        // The next minute's poll, and one after what it had made due later.
        for _ in 0..2 {
            world.let_time_pass().await?;
            world.run_undisturbed(Self::FUNCTION, &json!({})).await?;
            queued.extend(world.take_queued().await?);
            self.check_notes(world, &queued).await?;
        }
        self.check_queued(&queued)
    }
}

/// The population, polled three hours ago, with changes since, work that is due, and a contact restored in Xero.
async fn snapshot(ground: &Ground) -> anyhow::Result<Snapshot> {
    let mut population = population::snapshot(ground).await;
    let now = OffsetDateTime::now_utc();
    let long_ago = SystemTime::from(now - Duration::hours(5));
    let company = &mut population.bigchange;
    let all: Vec<FakeContact> = company.contacts().cloned().collect();
    let changed: BTreeSet<u64> = changed().into_values().flatten().collect();
    for contact in all {
        let at = if changed.contains(&contact.id) {
            SystemTime::from(now - CHANGED)
        } else {
            long_ago
        };
        company.edit(at, contact.id, |_| ());
    }
    let at = SystemTime::from(now - CHANGED);
    let trade = company::contact(TRADE, TRADE_ACCOUNTS, "Teasel Trading");
    company.add_contact(at, trade);
    company.edit(at, TRADE, |_| ());
    company.edit(long_ago, LEFT_ITS_GROUP, |c| c.group_id = company::LEADS);

    let world = ground.world(&population).await?;
    let records = &world.records;
    let read_until = CursorRecord {
        changed_since: now - READ_UNTIL,
    };
    let mut writes = Vec::new();
    for group in [CUSTOMERS, TRADE_ACCOUNTS, SITES] {
        writes.push(records.put(group, &read_until, Expect::Any)?);
    }
    for (minutes, id) in (1..).zip(DUE) {
        let deferred = DeferredRecord {
            since: now - READ_UNTIL,
            due: now - Duration::minutes(minutes),
            reason: DeferReason::XeroLimit,
            by: rules::AskedBy::Person,
            attempts: 0,
            incomplete_answers: 0,
            unknown_answers: rules::UnknownAnswers::default(),
            look_at_xero: false,
        };
        writes.push(records.put(ContactId::try_from(id)?, &deferred, Expect::Any)?);
    }
    let held = records.get::<ProblemRecord>(ARCHIVED_IN_XERO).await?;
    let held = held.context("it is not held")?.value;
    let held = ProblemRecord {
        first_seen: now - READ_UNTIL,
        last_seen: now - READ_UNTIL,
        ..held
    };
    writes.push(records.put(ARCHIVED_IN_XERO, &held, Expect::Any)?);
    let looked = XeroChangesRecord {
        changed_since: now - READ_UNTIL,
        compared_at: None,
        next_page: None,
    };
    writes.push(records.put(SINGLETON, &looked, Expect::Any)?);
    records.write(writes).await?;
    restore_in_xero(&mut population.xero);
    population.items = world.items().await?;
    Ok(population)
}

fn restore_in_xero(contacts: &mut Value) {
    for contact in contacts.as_array_mut().into_iter().flatten() {
        if contact["AccountNumber"] == "DAM05" {
            contact["ContactStatus"] = "ACTIVE".into();
        }
    }
}

async fn forget<R: Record>(records: &Records) -> anyhow::Result<()> {
    let delete = records.delete::<R>(SINGLETON, Expect::Any);
    Ok(records.write(vec![delete]).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_is_killed_at_each_call_and_no_change_is_lost() {
    kills(&Poll::of_changes().await).await;
    kills(&Poll::of_everything().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn poll_loses_the_answer_of_each_write_and_no_change_is_lost() {
    lost_answers(&Poll::of_changes().await).await;
    lost_answers(&Poll::of_everything().await).await;
}
