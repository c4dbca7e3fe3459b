//! Every outgoing call of every process passes here: it waits until the scheduler lets it go on, and meets what the scheduler chose for it.

use std::collections::BTreeMap;
use std::fmt;

use fake_xero::Garbling;
use futures::channel::oneshot;
use time::{Duration, OffsetDateTime};

use crate::world::{Event, ProcessId, Shared, World, lock};

/// A call that is waiting.
pub(crate) type CallId = u64;

/// Which of the systems outside a call goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum System {
    Table,
    Vault,
    Queue,
    BigChange,
    Xero,
    Identity,
}

impl System {
    /// Whether it is reached by the AWS SDK, which gives up sooner than an exchange over plain HTTP.
    fn is_aws(self) -> bool {
        matches!(self, Self::Table | Self::Vault | Self::Queue)
    }
}

/// An outgoing call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) system: System,
    pub(crate) name: String,
    pub(crate) mutates: bool,
}

/// How a server fails by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerFault {
    /// An HTTP status.
    Status(u16),
    /// 429 for the minute, with `Retry-After`.
    Minute,
    /// 429 for the day, with `Retry-After` of an hour.
    Day,
    /// 429 for calls at once, which says nothing of a wait.
    Concurrent,
    /// A write of contacts is done, and its answer does not tell all of it.
    Garbled(Garbling),
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fate {
    /// It takes effect and is answered.
    Done,
    /// The process stands still before the call is sent, then it is as if nothing had been.
    Stalled(Duration),
    /// It takes effect, and the answer is long in coming.
    Slow(Duration),
    /// It never leaves, and the caller knows.
    NotSent,
    /// It is lost on its way; the caller waits and does not know.
    RequestLost(Duration),
    /// It takes effect, and the answer is lost; the caller waits and does not know.
    AnswerLost(Duration),
    /// The caller gives up waiting; the call takes effect only after that.
    Late(Duration, Duration),
    /// The server fails.
    Server(ServerFault),
    /// The process is gone before the call has its effect.
    CrashBefore,
    /// The process is gone after the effect, before the answer.
    CrashAfter,
}

impl Fate {
    /// Its kind, for the count of what was covered; `None` where nothing goes wrong.
    pub(crate) fn kind(self) -> Option<&'static str> {
        Some(match self {
            Self::Done => return None,
            Self::Stalled(_) => "process stalled before the call",
            Self::Slow(_) => "slow answer",
            Self::NotSent => "failure before the effect",
            Self::RequestLost(_) => "time-out, request lost",
            Self::AnswerLost(_) => "failure after the effect, answer lost",
            Self::Late(..) => "time-out, effect later",
            Self::Server(ServerFault::Minute) => "429 minute",
            Self::Server(ServerFault::Day) => "429 day",
            Self::Server(ServerFault::Concurrent) => "429 concurrent",
            Self::Server(ServerFault::Garbled(_)) => "answer that does not tell all",
            Self::Server(ServerFault::Status(401)) => "401",
            Self::Server(ServerFault::Status(503)) => "503",
            Self::Server(ServerFault::Status(_)) => "500",
            Self::CrashBefore => "crash before the effect",
            Self::CrashAfter => "crash after the effect",
        })
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stalled(wait) => write!(f, "sent only {wait} later"),
            Self::Slow(wait) => write!(f, "answered only after {wait}"),
            Self::Late(wait, later) => {
                write!(
                    f,
                    "the caller gives up after {wait}, and it takes effect {later} later"
                )
            }
            other => f.write_str(other.kind().unwrap_or("done")),
        }
    }
}

/// Why the caller has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    NotSent,
    Lost,
}

pub(crate) struct Waiting {
    pub(crate) process: ProcessId,
    pub(crate) fate: Fate,
    go: oneshot::Sender<()>,
}

/// The calls that are waiting.
#[derive(Default)]
pub(crate) struct Gate {
    next: CallId,
    waiting: BTreeMap<CallId, Waiting>,
}

impl Gate {
    fn wait(&mut self, process: ProcessId, fate: Fate) -> (CallId, oneshot::Receiver<()>) {
        let (go, gone) = oneshot::channel();
        self.next += 1;
        let waiting = Waiting { process, fate, go };
        self.waiting.insert(self.next, waiting);
        (self.next, gone)
    }

    /// The process and the fate of a call that is ready.
    pub(crate) fn of(&self, call: CallId) -> Option<(ProcessId, Fate)> {
        let waiting = self.waiting.get(&call)?;
        Some((waiting.process, waiting.fate))
    }

    /// Lets a call go on.
    pub(crate) fn release(&mut self, call: CallId) {
        if let Some(waiting) = self.waiting.remove(&call) {
            // Its process may be gone: then nobody goes on.
            let _ = waiting.go.send(());
        }
    }

    /// Forgets the calls of a process that is gone.
    pub(crate) fn forget(&mut self, process: ProcessId) {
        self.waiting.retain(|_, waiting| waiting.process != process);
    }

    pub(crate) fn has_any_of(&self, process: ProcessId) -> bool {
        self.waiting
            .values()
            .any(|waiting| waiting.process == process)
    }
}

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
                let effect = move |world: &mut World| {
                    world.is_late_effect = true;
                    drop(effect(world, None));
                    world.is_late_effect = false;
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
