//! `sync-contact` under faults.

use std::collections::BTreeSet;

use anyhow::bail;
use local_stack::{Ended, Function};
use runtime::records::{DeferredRecord, ProblemRecord};
use serde_json::Value;

use crate::faults::{Case, kills, lost_answers};
use crate::population::{self, EXPECTED, everyone};
use crate::state::Standing;
use crate::world::{Ground, Run, Snapshot, World, failed_messages, sqs_event};

/// However much goes wrong, by then everything must be quiet.
const MAX_ROUNDS: usize = 12;

/// One batch with contacts of every kind.
pub(crate) struct Batch {
    pub(crate) ground: Ground,
    pub(crate) snapshot: Snapshot,
    /// How everything stands where nothing goes wrong.
    pub(crate) expected: Standing,
}

impl Batch {
    pub(crate) async fn new() -> Self {
        let ground = Ground::start().await;
        let snapshot = population::snapshot(&ground).await;
        let expected = undisturbed(&ground, &snapshot).await.unwrap();
        Self {
            ground,
            snapshot,
            expected,
        }
    }

    /// Settles what is left to do, and checks how everything stands then.
    pub(crate) async fn check_end(
        &self,
        world: &World<'_>,
        left: BTreeSet<u64>,
    ) -> anyhow::Result<()> {
        settle(world, left).await?;
        let standing = Standing::of(world).await?;
        let differences = standing.differences(&self.expected);
        if !differences.is_empty() {
            bail!("the end is another one:\n  {}", differences.join("\n  "));
        }
        once_more(world).await
    }
}

impl Case for Batch {
    const FUNCTION: Function = Function::SyncContact;

    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn event(&self) -> Value {
        sqs_event(&everyone())
    }

    async fn check(&self, world: &World<'_>, run: &Run) -> anyhow::Result<()> {
        let left = match &run.ended {
            // Nothing was acknowledged: SQS delivers the whole event again.
            Ended::Killed => everyone(),
            Ended::Answered(answer) => left_to_do(world, failed_messages(answer)?).await?,
            other => bail!("it ended with {other:?}"),
        };
        self.check_end(world, left).await
    }
}

/// How a batch ends where nothing goes wrong, which must be as the rules have it.
async fn undisturbed(ground: &Ground, snapshot: &Snapshot) -> anyhow::Result<Standing> {
    let world = ground.world(snapshot).await?;
    settle(&world, everyone()).await?;
    let standing = Standing::of(&world).await?;
    for (id, expected) in EXPECTED {
        let outcome = standing.outcomes.get(&id).map_or("", String::as_str);
        if outcome != expected {
            bail!("contact {id} should be {expected:?}, but it is {outcome:?}");
        }
    }
    once_more(&world).await?;
    Ok(standing)
}

/// Delivers contacts, and again what failed or was put off, until nothing is left to do.
pub(crate) async fn settle(world: &World<'_>, mut due: BTreeSet<u64>) -> anyhow::Result<()> {
    for _ in 0..MAX_ROUNDS {
        if due.is_empty() {
            return Ok(());
        }
        world.let_time_pass().await?;
        let event = sqs_event(&due);
        let run = world.run_undisturbed(Function::SyncContact, &event).await?;
        due = left_to_do(world, failed_messages(run.answer()?)?).await?;
    }
    bail!("it does not come to rest: {due:?} are still left")
}

/// What failed, what was put off, and what the worker itself has queued. A held contact that a disturbed worker meant to wake, and did not, comes with the daily sweep.
pub(crate) async fn left_to_do(
    world: &World<'_>,
    failed: BTreeSet<u64>,
) -> anyhow::Result<BTreeSet<u64>> {
    let mut due = failed;
    due.extend(world.take_queued().await?);
    for deferred in world.records.list::<DeferredRecord>("").await? {
        due.insert(deferred.sort_key.parse()?);
    }
    for held in world.records.list::<ProblemRecord>("").await? {
        if held.value.retry {
            due.insert(held.sort_key.parse()?);
        }
    }
    Ok(due)
}

/// The same event again, when everything is done: no call to Xero, and no write anywhere.
async fn once_more(world: &World<'_>) -> anyhow::Result<()> {
    let event = sqs_event(&everyone());
    let run = world.run_undisturbed(Function::SyncContact, &event).await?;
    let failed = failed_messages(run.answer()?)?;
    let calls = run.calls_that_matter();
    if !failed.is_empty() || !calls.is_empty() {
        bail!("once more was not for nothing: failed {failed:?}, called {calls:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_contact_is_killed_at_each_call_and_nothing_is_doubled_or_lost() {
    kills(&Batch::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_contact_loses_the_answer_of_each_write_and_nothing_is_doubled_or_lost() {
    lost_answers(&Batch::new().await).await;
}
