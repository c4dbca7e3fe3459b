//! Every outgoing call of every process passes here: it waits until the scheduler lets it go on, and meets what the scheduler chose for it.

use futures::channel::oneshot;
use time::{Duration, OffsetDateTime};

use crate::calls::{Call, Fate, NoAnswer, ProcessId, ServerFault};
use crate::world::{Event, Shared, World, lock};

/// Passes one call. `effect` is what happens outside, done at once and as a whole; a fault of the server, if one is due, is its to carry out.
pub(crate) async fn pass<T: Send + 'static>(
    world: &Shared,
    process: ProcessId,
    call: Call,
    effect: impl FnOnce(&mut World, Option<ServerFault>) -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    let (fate, arrived) = {
        let mut world = lock(world);
        let fate = world.choose_fate(process, &call);
        let stalled = match fate {
            Fate::Stalled(wait) => wait,
            _ => Duration::ZERO,
        };
        let due = world.now + world.latency(call.system.is_aws()) + stalled;
        world.note_call(process, &call, fate);
        (fate, wait_until(&mut world, process, fate, due))
    };
    passed(arrived).await;
    let lost = |answer: NoAnswer| Err(answer);
    match fate {
        Fate::Done | Fate::Stalled(_) => Ok(effect(&mut lock(world), None)),
        Fate::Server(fault) => Ok(effect(&mut lock(world), Some(fault))),
        Fate::NotSent => lost(NoAnswer::NotSent),
        Fate::Slow(wait) => {
            let answer = effect(&mut lock(world), None);
            hold(world, process, wait, Fate::Done).await;
            Ok(answer)
        }
        Fate::AnswerLost(wait) => {
            drop(effect(&mut lock(world), None));
            hold(world, process, wait, Fate::Done).await;
            lost(NoAnswer::Lost)
        }
        Fate::RequestLost(wait) => {
            hold(world, process, wait, Fate::Done).await;
            lost(NoAnswer::Lost)
        }
        Fate::Late(wait, later) => {
            {
                let mut world = lock(world);
                let due = world.now + wait + later;
                // It was decided by what its process had read by now, whatever that reads later.
                let had_read = world
                    .processes
                    .get(&process)
                    .map(|known| known.has_read.clone());
                let effect = move |world: &mut World| {
                    world.late_effect = Some(had_read.unwrap_or_default());
                    drop(effect(world, None));
                    world.late_effect = None;
                };
                world.schedule(due, Event::LateEffect(call.name, Box::new(effect)));
            }
            hold(world, process, wait, Fate::Done).await;
            lost(NoAnswer::Lost)
        }
        Fate::CrashAfter => {
            drop(effect(&mut lock(world), None));
            // The scheduler ends the process in place of the answer.
            hold(world, process, Duration::ZERO, Fate::CrashBefore).await;
            lost(NoAnswer::Lost)
        }
        // The scheduler has ended the process.
        Fate::CrashBefore => lost(NoAnswer::Lost),
    }
}

async fn hold(world: &Shared, process: ProcessId, wait: Duration, then: Fate) {
    let arrived = {
        let mut world = lock(world);
        let due = world.now + wait;
        wait_until(&mut world, process, then, due)
    };
    passed(arrived).await;
}

fn wait_until(
    world: &mut World,
    process: ProcessId,
    fate: Fate,
    due: OffsetDateTime,
) -> oneshot::Receiver<()> {
    let (call, gone) = world.gate.wait(process, fate);
    world.schedule(due, Event::Ready(call));
    gone
}

async fn passed(gone: oneshot::Receiver<()>) {
    if gone.await.is_err() {
        // The process is gone, and this with it.
        std::future::pending::<()>().await;
    }
}
