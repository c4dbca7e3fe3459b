//! A poll that is stopped anywhere loses nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use poll::Mode;
use rules::AskedBy;
use runtime::records::{DeferReason, DeferredRecord};
use store::{Item, Key, MemoryTable, Table, TableError, Write};
use time::Duration;

use crate::world::{World, not_in_xero};

/// A table that takes so many writes; then its caller is cut off from it.
struct CutOff {
    table: MemoryTable,
    writes_left: AtomicUsize,
    /// Whether the write at which it happens is carried out, and only its answer is lost.
    after_the_write: bool,
}

impl CutOff {
    fn has_happened(&self) -> bool {
        self.writes_left.load(Ordering::SeqCst) == 0
    }
}

fn gone<T>() -> Result<T, TableError> {
    Err(TableError::Unavailable("cut off".to_owned()))
}

impl Table for CutOff {
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        if self.has_happened() {
            return Box::pin(async { gone() });
        }
        self.table.get_many(keys)
    }

    fn query<'a>(
        &'a self,
        partition: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        if self.has_happened() {
            return Box::pin(async { gone() });
        }
        self.table.query(partition, prefix)
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), TableError>> {
        Box::pin(async move {
            if self.has_happened() {
                return gone();
            }
            let left = self.writes_left.fetch_sub(1, Ordering::SeqCst) - 1;
            if left == 0 && !self.after_the_write {
                return gone();
            }
            self.table.write(writes).await?;
            if left == 0 { gone() } else { Ok(()) }
        })
    }
}

/// A world in which a poll of that kind has everything to do.
async fn busy() -> World {
    let world = World::swept().await;
    world.hold(2, "Acme Ltd", not_in_xero()).await;
    world.add_in_xero("Acme Ltd");
    world.pass(Duration::hours(1));
    world.edit(1, |contact| {
        contact.contact_reference = "ACME0001".to_owned()
    });
    let deferred = DeferredRecord {
        since: world.now(),
        due: world.now(),
        reason: DeferReason::XeroUnavailable,
        attempts: 1,
        incomplete_answers: 0,
        unknown_answers: rules::UnknownAnswers::default(),
        look_at_xero: false,
        by: AskedBy::Schedule,
    };
    world.put(3, &deferred).await;
    world
}

/// Whether a poll that is cut off at one of its writes came to an end before it, and which contacts
/// it and the next poll queue.
async fn stopped_at(write: usize, mode: Mode, after_the_write: bool) -> (bool, BTreeSet<u64>) {
    let world = busy().await;
    let cut_off = CutOff {
        table: world.table.clone(),
        writes_left: AtomicUsize::new(write),
        after_the_write,
    };
    let poller = world.poller_over(Arc::new(cut_off), &[]);
    let came_to_an_end = poller.poll(mode, AskedBy::Schedule).await.is_ok();
    let mut queued: BTreeSet<u64> = world.queue.take().into_iter().collect();
    // Its lease and what it had made due later run out.
    world.pass(Duration::minutes(20));
    queued.extend(world.polled().await.1);
    (came_to_an_end, queued)
}

#[tokio::test]
async fn whatever_write_a_poll_stops_at_the_next_ones_queue_what_is_left() {
    // A full sweep's first write remembers that it is wanted. Where not even that is possible, the
    // sweep is made when the last one is too long ago.
    for (mode, first_write, expected) in [
        (Mode::Changes, 1, [1, 2, 3].as_slice()),
        (Mode::Full, 2, [1, 2, 3, 4].as_slice()),
    ] {
        for after_the_write in [false, true] {
            let mut write = first_write;
            loop {
                let (came_to_an_end, queued) = stopped_at(write, mode, after_the_write).await;
                let missing: Vec<_> = expected.iter().filter(|id| !queued.contains(id)).collect();
                assert!(
                    missing.is_empty(),
                    "{mode:?}, stopped at write {write}: {missing:?} were lost"
                );
                if came_to_an_end {
                    break;
                }
                write += 1;
            }
            assert!(write > 5, "{mode:?} was stopped at only {write} writes");
        }
    }
}
