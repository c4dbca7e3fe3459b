//! The world outside the three functions: time, both fakes, the table, the vault, the queues, the people; and what is known of each process.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fake_bigchange::{FakeBigChange, FakeContact};
use fake_xero::{FakeXero, Garbling};
use rules::ContactId;
use secrets::MemoryVault;
use store::MemoryTable;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::calls::{Call, CallId, Fate, Gate, ProcessId, ServerFault, System};
use crate::coverage::Coverage;
use crate::invariant::{Invariant, Violation};
use crate::ledger::{Ledger, Unit};
use crate::profile::Profile;
use crate::sqs::Sqs;

/// How an answer to a write can leave open what was done.
const GARBLINGS: [Garbling; 6] = [
    Garbling::Reversed,
    Garbling::FirstLeftOut,
    Garbling::NilIds,
    Garbling::Anonymous,
    Garbling::NothingDone,
    Garbling::Summarised,
];

/// The world, as everything in it shares it.
pub(crate) type Shared = Arc<Mutex<World>>;

/// Locks the world. Nobody panics while they hold it, but the code under test may be anywhere.
pub(crate) fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a process runs: one of the three functions, or the operator's tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Function {
    Poll,
    SyncContact,
    RefreshToken,
    /// A person says which Xero contact a contact is, or is not.
    Operator,
}

impl Function {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::SyncContact => "sync-contact",
            Self::RefreshToken => "refresh-token",
            Self::Operator => "operator",
        }
    }

    /// As in the template. A person has less patience.
    pub(crate) const fn time_limit(self) -> Duration {
        match self {
            Self::Poll => Duration::seconds(300),
            Self::SyncContact => Duration::seconds(120),
            Self::RefreshToken | Self::Operator => Duration::seconds(60),
        }
    }

    /// As in the template.
    pub(crate) const fn schedule(self) -> Duration {
        match self {
            Self::Poll => Duration::minutes(1),
            Self::RefreshToken => Duration::minutes(5),
            Self::SyncContact | Self::Operator => Duration::ZERO,
        }
    }
}

/// What is known of a process.
pub(crate) struct Process {
    pub(crate) function: Function,
    /// How far its clock is ahead.
    pub(crate) skew: Duration,
    /// In its present invocation: until when Xero is to be left alone, as far as it has read or been told.
    pub(crate) paused_until: Option<OffsetDateTime>,
    /// In its present invocation: the token version that it has read to be dead.
    pub(crate) dead_version: Option<String>,
    /// Contacts as it last read them.
    pub(crate) has_read: HasRead,
    /// Whether its present invocation is left in peace.
    pub(crate) is_spared: bool,
    /// Its present invocation began while the switch was off since then, and no person asked for any of its contacts.
    pub(crate) held_back_since: Option<OffsetDateTime>,
}

/// What a process has read, as it was when it read it last.
#[derive(Debug, Clone, Default)]
pub(crate) struct HasRead {
    /// Of BigChange.
    pub(crate) bigchange: BTreeMap<u64, FakeContact>,
    /// Of Xero, by their ids.
    pub(crate) xero: BTreeMap<Uuid, fake_xero::Contact>,
}

type Effect = Box<dyn FnOnce(&mut World) + Send>;

/// Something that is to happen.
pub(crate) enum Event {
    /// A call may go on.
    Ready(CallId),
    /// A call takes effect whose caller has given up.
    LateEffect(String, Effect),
    /// An invocation has used up its time.
    Deadline(ProcessId, u64),
    /// A schedule is due.
    Tick(Function),
    /// The queue looks whether there is something to hand over.
    Deliver,
    /// Somebody does something.
    Person,
    /// Somebody says which Xero contact a contact is, or is not.
    Word,
    /// Somebody closes a note on a held contact.
    CloseNote,
    /// Somebody edits a contact back, once more.
    EditBack(u64),
    /// Somebody corrects in Xero what was just edited in BigChange.
    Correct(u64, Unit),
    /// A person disconnects the app.
    Disconnect,
    /// A person connects anew.
    Reconnect,
    /// The stack is deployed again with other settings.
    Deploy,
    /// A person switches the synchronisation on or off.
    Switch(bool),
    /// From now on nothing goes wrong any more.
    EndOfFaults,
}

/// When something happens, and by lot before or after what happens at the same time.
type Moment = (OffsetDateTime, u32, u64);

pub(crate) struct World {
    pub(crate) now: OffsetDateTime,
    pub(crate) rng: fastrand::Rng,
    pub(crate) profile: Profile,
    /// Whether things still go wrong.
    pub(crate) is_stormy: bool,
    pub(crate) bigchange: FakeBigChange,
    pub(crate) xero: FakeXero,
    pub(crate) table: MemoryTable,
    pub(crate) vault: MemoryVault,
    pub(crate) sqs: Sqs,
    pub(crate) gate: Gate,
    pub(crate) processes: BTreeMap<ProcessId, Process>,
    pub(crate) ledger: Ledger,
    pub(crate) violation: Option<Violation>,
    pub(crate) coverage: Coverage,
    events: BTreeMap<Moment, Event>,
    sequence: u64,
    identifiers: u128,
    /// While something takes effect late: what its process had read when it was sent, whatever that
    /// process has learnt since.
    pub(crate) late_effect: Option<HasRead>,
    /// Numbers that people use up.
    pub(crate) numbers: u32,
    digest: DefaultHasher,
    trace: Option<Vec<String>>,
}

impl World {
    pub(crate) fn new(
        seed: u64,
        profile: Profile,
        xero: FakeXero,
        now: OffsetDateTime,
        is_traced: bool,
    ) -> Self {
        Self {
            now,
            rng: fastrand::Rng::with_seed(seed),
            profile,
            is_stormy: true,
            bigchange: FakeBigChange::new(),
            xero,
            table: MemoryTable::new(),
            vault: MemoryVault::new(),
            sqs: Sqs::default(),
            gate: Gate::default(),
            processes: BTreeMap::new(),
            ledger: Ledger::default(),
            violation: None,
            coverage: Coverage::default(),
            events: BTreeMap::new(),
            sequence: 0,
            identifiers: 0,
            late_effect: None,
            numbers: 0,
            digest: DefaultHasher::new(),
            trace: is_traced.then(Vec::new),
        }
    }

    // Time.

    pub(crate) fn schedule(&mut self, at: OffsetDateTime, event: Event) {
        self.sequence += 1;
        let moment = (at.max(self.now), self.rng.u32(..), self.sequence);
        self.events.insert(moment, event);
    }

    /// What happens next; the time passes until then.
    pub(crate) fn next_event(&mut self) -> Option<Event> {
        let ((at, ..), event) = self.events.pop_first()?;
        self.now = self.now.max(at);
        Some(event)
    }

    /// The time by a process's own clock.
    pub(crate) fn time_of(&self, process: ProcessId) -> OffsetDateTime {
        let skew = self.processes.get(&process).map(|process| process.skew);
        self.now + skew.unwrap_or_default()
    }

    /// An identifier that was not given before.
    pub(crate) fn unique(&mut self) -> Uuid {
        self.identifiers += 1;
        let wide = (u128::from(self.rng.u64(..)) << 64) | self.identifiers;
        uuid::Builder::from_random_bytes(wide.to_be_bytes()).into_uuid()
    }

    // Chance.

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.rng.f64() < probability
    }

    pub(crate) fn milliseconds(&mut self, most: u32) -> Duration {
        Duration::milliseconds(i64::from(self.rng.u32(0..=most)))
    }

    /// How long a call takes to arrive.
    pub(crate) fn latency(&mut self, is_aws: bool) -> Duration {
        self.milliseconds(if is_aws { 30 } else { 400 })
    }

    /// What becomes of a call.
    pub(crate) fn choose_fate(&mut self, process: ProcessId, call: &Call) -> Fate {
        let is_spared = self
            .processes
            .get(&process)
            .is_none_or(|process| process.is_spared);
        let rate = self.profile.rate(call.system);
        if !self.is_stormy || is_spared || !self.chance(rate) {
            return Fate::Done;
        }
        let is_aws = call.system.is_aws();
        // The SDK gives up after 20 seconds, an HTTP exchange after 30.
        let gives_up = Duration::seconds(if is_aws { 20 } else { 30 });
        let wait = if self.rng.bool() {
            gives_up
        } else {
            self.milliseconds(800)
        };
        let slow = self.milliseconds(if is_aws { 4_500 } else { 29_000 });
        let stall = self.milliseconds(60_000);
        // Xero ends its own calls after a minute.
        let later = self.milliseconds(if is_aws { 5_000 } else { 30_000 });
        let writes = u32::from(call.mutates);
        let is_xero = u32::from(call.system == System::Xero);
        let http = u32::from(!is_aws);
        let garbling = GARBLINGS[self.rng.usize(0..GARBLINGS.len())];
        let choices = [
            (4, Fate::Stalled(stall)),
            (3, Fate::Slow(slow)),
            (3, Fate::NotSent),
            (2, Fate::RequestLost(wait)),
            (1 + 4 * writes, Fate::AnswerLost(wait)),
            (2 * writes, Fate::Late(gives_up, later)),
            (1 + 2 * writes, Fate::CrashBefore),
            (1 + 4 * writes, Fate::CrashAfter),
            (2 * http, Fate::Server(ServerFault::Status(500))),
            (2 * http, Fate::Server(ServerFault::Status(503))),
            (is_xero, Fate::Server(ServerFault::Status(401))),
            (2 * is_xero, Fate::Server(ServerFault::Minute)),
            (is_xero, Fate::Server(ServerFault::Day)),
            (2 * is_xero, Fate::Server(ServerFault::Concurrent)),
            (
                3 * is_xero * writes,
                Fate::Server(ServerFault::Garbled(garbling)),
            ),
        ];
        let total = choices.iter().map(|(weight, _)| weight).sum();
        let mut drawn = self.rng.u32(0..total);
        for (weight, fate) in choices {
            if drawn < weight {
                return fate;
            }
            drawn -= weight;
        }
        Fate::Done
    }

    // What is told.

    pub(crate) fn note_call(&mut self, process: ProcessId, call: &Call, fate: Fate) {
        self.coverage.calls += 1;
        if let Some(kind) = fate.kind() {
            *self.coverage.faults.entry(kind).or_default() += 1;
        }
        self.tell_of(process, || format!("{}: {fate}", call.name));
    }

    /// Adds a line to the trace, and to the digest by which two runs are compared.
    pub(crate) fn tell(&mut self, what: impl FnOnce() -> String) {
        let what = what();
        (self.now.unix_timestamp_nanos(), &what).hash(&mut self.digest);
        if let Some(trace) = &mut self.trace {
            let clock = self
                .now
                .format(format_description!(
                    "[day] [hour]:[minute]:[second].[subsecond digits:3]"
                ))
                .unwrap_or_default();
            trace.push(format!("{clock}  {what}"));
        }
    }

    pub(crate) fn tell_of(&mut self, process: ProcessId, what: impl FnOnce() -> String) {
        let name = self
            .processes
            .get(&process)
            .map_or("?", |process| process.function.name());
        self.tell(|| format!("{name}#{process}  {}", what()));
    }

    pub(crate) fn trace(&mut self) -> Vec<String> {
        self.trace.take().unwrap_or_default()
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// Notes that a promise is broken: the first one counts.
    pub(crate) fn violate(&mut self, invariant: Invariant, what: impl Into<String>) {
        let what = what.into();
        self.tell(|| format!("BROKEN {invariant}: {what}"));
        self.violation.get_or_insert(Violation { invariant, what });
    }

    // The queues.

    pub(crate) fn send_message(&mut self, contact: ContactId, body: String) {
        self.ledger.queued_at.insert(contact.get(), self.now);
        self.watch_text("a message", &body);
        let visible_at = self.now;
        self.sqs.send(body, visible_at);
        self.coverage.messages += 1;
        let window = self.milliseconds(5_000);
        self.schedule(self.now + window, Event::Deliver);
    }

    pub(crate) fn dead_letter(&mut self, body: String) {
        self.watch_text("a dead letter", &body);
        self.tell(|| format!("dead letter {body}"));
        self.coverage.dead_letters += 1;
        self.sqs.dead_letters.push(body);
    }
}
