//! Two processes of `sync-contact` with one batch at the same time.

use std::time::Instant;

use futures::{StreamExt, stream};
use local_stack::Function;
use local_stack::gate::Treatment;
use runtime::records::{DeferReason, DeferredRecord, Stored};

use crate::population::everyone;
use crate::sync_contact::{Batch, left_to_do};
use crate::world::{failed_messages, sqs_event};

/// Each time the calls of the two are delayed by other amounts.
const REPEATS: u64 = 12;
const AT_ONCE: usize = 2;

/// How many contacts one of them left to the other.
async fn two_at_once(batch: &Batch, repeat: u64) -> anyhow::Result<usize> {
    let world = batch.ground.world(&batch.snapshot).await?;
    let event = sqs_event(&everyone());
    let treated = |jitter| Treatment {
        order: None,
        jitter: Some(jitter),
    };
    let (one, other) = futures::try_join!(
        world.run(Function::SyncContact, &event, treated(2 * repeat)),
        world.run(Function::SyncContact, &event, treated(2 * repeat + 1)),
    )?;
    let mut failed = failed_messages(one.answer()?)?;
    failed.extend(failed_messages(other.answer()?)?);
    let deferred = world.records.list::<DeferredRecord>("").await?;
    let of_the_other = |record: &&Stored<_>| is_for_another_worker(record);
    let left_to_the_other = deferred.iter().filter(of_the_other).count();
    let left = left_to_do(&world, failed).await?;
    batch.check_end(&world, left).await?;
    Ok(left_to_the_other)
}

fn is_for_another_worker(record: &Stored<DeferredRecord>) -> bool {
    record.value.reason == DeferReason::AnotherWorker
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::print_stderr,
    reason = "what was covered is for the person who ran the tests"
)]
async fn two_workers_with_one_batch_double_nothing() {
    let batch = &Batch::new().await;
    let began = Instant::now();
    let results: Vec<_> = stream::iter(0..REPEATS)
        .map(|repeat| async move { (repeat, two_at_once(batch, repeat).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut left_to_the_other = 0;
    for (repeat, result) in results {
        match result {
            Ok(count) => left_to_the_other += count,
            Err(error) => panic!("two sync-contact processes, repeat {repeat}: {error:#}"),
        }
    }
    eprintln!(
        "two workers: {REPEATS} times one batch of {}, {left_to_the_other} contacts left to the other, in {:.0} s",
        everyone().len(),
        began.elapsed().as_secs_f64()
    );
    assert!(left_to_the_other > 0, "the two never met");
}
