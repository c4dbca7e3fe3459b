//! Outgoing calls, what becomes of them, and those that are waiting.

use std::collections::BTreeMap;
use std::fmt;

use fake_xero::Garbling;
use futures::channel::oneshot;
use time::Duration;

/// Which process.
pub(crate) type ProcessId = u32;

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
    Mail,
}

impl System {
    /// Whether it is reached by the AWS SDK, which gives up sooner than an exchange over plain HTTP.
    pub(crate) fn is_aws(self) -> bool {
        matches!(self, Self::Table | Self::Vault | Self::Queue | Self::Mail)
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
    pub(crate) fn wait(
        &mut self,
        process: ProcessId,
        fate: Fate,
    ) -> (CallId, oneshot::Receiver<()>) {
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
