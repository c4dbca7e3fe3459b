//! One seed: the real code of the three functions, and of a person's word, run step by step.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use fake_xero::{Config, FakeXero, Limits, SearchReading};
use poll::{Mode, Poller, Report, asked_by};
use rules::{AskedBy, Settings, TenantId};
use runtime::manual_match::{self, Remembering};
use runtime::records::{DeferredRecord, Records};
use runtime::{Configuration, Host, Message, Queue, Services};
use serde_json::{Value, json};
use sync_contact::Worker;
use time::{Duration, OffsetDateTime};
use url::Url;

use crate::adapters::{Adapters, Outside};
use crate::calls::{Fate, ProcessId};
use crate::coverage::Coverage;
use crate::invariant::{Invariant, TOKEN_SECRET, Violation};
use crate::log;
use crate::people::{Says, Word, beginning};
use crate::planted::{self, Planted};
use crate::profile::Profile;
use crate::sqs::{MAX_CONCURRENCY, MAX_RECEIVE_COUNT};
use crate::world::{Event, Function, HasRead, Process, Shared, World, lock};

/// As in the template.
const HISTORY_DAYS: u16 = 400;
const BIGCHANGE_SECRET: &str = "bigchange";
const APP_SECRET: &str = "xero-app";
/// However much went wrong, by then everything is quiet: a day's pause, and what was put off for it.
const LONGEST_CALM: Duration = Duration::hours(60);
/// A deployment at the very end has its second sweep by then.
const SHORTEST_CALM: Duration = Duration::minutes(75);
/// In the calm a poll may be skipped while nothing is due.
const LONGEST_IDLE: Duration = Duration::minutes(15);
/// Steps that no seed needs: more are a circle.
const MAX_STEPS: u64 = 400_000;
/// So many runs of the refresh in a row may be disturbed; the next is left in peace, for no promise holds against one who disturbs every run.
const MAX_DISTURBED_REFRESHES: u32 = 3;

/// A seed in which a promise was broken.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// Which promise, and how.
    pub violation: Violation,
    /// What happened, if it was to be told.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(f, "{line}")?;
        }
        write!(f, "seed {}: {}", self.seed, self.violation)
    }
}

/// A seed in which every promise held.
#[derive(Debug, Clone)]
pub struct Success {
    /// What it went through.
    pub coverage: Coverage,
    /// The same for two runs in which the same happened.
    pub digest: u64,
    /// What happened, if it was to be told.
    pub trace: Vec<String>,
}

/// Runs one seed.
///
/// # Errors
/// At the first promise that is broken.
pub fn simulate(seed: u64, is_traced: bool) -> Result<Success, Box<Failure>> {
    simulate_planted(seed, is_traced, None)
}

/// Runs one seed, with a planted bug if one is given.
///
/// # Errors
/// At the first promise that is broken.
pub fn simulate_planted(
    seed: u64,
    is_traced: bool,
    planted: Option<Planted>,
) -> Result<Success, Box<Failure>> {
    let mut simulation = Simulation::new(seed, is_traced);
    simulation.planted = planted;
    simulation.run();
    let mut world = lock(&simulation.world);
    let trace = world.trace();
    match world.violation.take() {
        Some(violation) => Err(Box::new(Failure {
            seed,
            violation,
            trace,
        })),
        None => Ok(Success {
            coverage: world.coverage.clone(),
            digest: world.digest(),
            trace,
        }),
    }
}

/// What a process keeps between invocations.
#[derive(Clone)]
enum Program {
    Poll(Arc<Poller>),
    SyncContact(Arc<Worker>),
    RefreshToken(Arc<refresh_token::Services>),
    Operator(Arc<Operator>),
}

/// What the operator's tool has when a person links or unlinks a contact.
struct Operator {
    records: Records,
    queue: Arc<dyn Queue>,
    host: Host,
}

impl Operator {
    /// As the tool does it, without its looks at both systems beforehand: what a person sees there may have changed since.
    async fn say(&self, said: Word) -> Result<(), String> {
        let Word {
            contact, xero_id, ..
        } = said;
        let remembering = Remembering {
            at: self.host.now(),
            days: HISTORY_DAYS,
        };
        let records = &self.records;
        let written = match said.says {
            Says::Is => manual_match::pin(records, contact, xero_id, remembering).await,
            Says::IsNot => manual_match::unlink(records, contact, xero_id, remembering).await,
            Says::Keep(side) => match manual_match::held_units(records, contact).await {
                Ok(units) => manual_match::keep(records, contact, side, &units, remembering).await,
                Err(error) => Err(error),
            },
            Says::IsNew => match manual_match::candidates(records, contact).await {
                Ok(all) => manual_match::declare_new(records, contact, &all, remembering).await,
                Err(error) => Err(error),
            },
        };
        written.map_err(|error| error.to_string())?;
        if said.says != Says::IsNot {
            let queued = self
                .queue
                .send(&Message::for_each(&[contact], AskedBy::Person))
                .await;
            queued.map_err(|error| error.to_string())?;
        }
        Ok(())
    }
}

impl Operator {
    async fn turn(&self, on: bool) -> Result<(), String> {
        let now = self.host.now();
        let turned = if on {
            poll::enable(&self.records, now).await
        } else {
            poll::disable(&self.records, now).await
        };
        turned.map_err(|error| error.to_string())
    }
}

/// How an invocation ended.
enum Ended {
    Poll(Result<Report, String>),
    /// Which messages failed.
    SyncContact(Result<Vec<String>, String>),
    RefreshToken(Result<String, String>),
    Operator(Result<(), String>),
}

struct Invocation {
    number: u64,
    future: Pin<Box<dyn Future<Output = Ended>>>,
    /// Those that SQS handed over.
    messages: Vec<u64>,
}

struct Running {
    program: Program,
    invocation: Option<Invocation>,
    /// Deployed with the settings of before.
    is_outdated: bool,
}

struct Simulation {
    world: Shared,
    processes: BTreeMap<ProcessId, Running>,
    settings: BTreeMap<String, String>,
    next_process: ProcessId,
    invocations: u64,
    disturbed_refreshes: u32,
    /// Polls in a row that found nothing to do.
    quiet_polls: u32,
    faults_ended_at: Option<OffsetDateTime>,
    planted: Option<Planted>,
}

impl Simulation {
    fn new(seed: u64, is_traced: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x5EED);
        let profile = Profile::draw(&mut rng);
        let limits = Limits {
            per_minute: profile.calls_a_minute,
            ..Limits::default()
        };
        let xero = FakeXero::new(Config {
            limits,
            batch_needs_names: profile.batch_needs_names,
            // What Xero's search finds, and whether its lists say how long they are, is not certain.
            search: if seed.is_multiple_of(2) {
                SearchReading::Anywhere
            } else {
                SearchReading::BeginningsOfWords
            },
            without_pagination: seed.is_multiple_of(5),
            seed,
            ..Config::default()
        });
        let settings = profile.settings.clone();
        let mut world = World::new(seed, profile, xero, beginning(), is_traced);
        for (secret, content) in [
            (
                BIGCHANGE_SECRET,
                json!({"username": "fake-user", "password": "fake-password", "key": "fake-key"}),
            ),
            (
                APP_SECRET,
                json!({"client_id": "fake-client-id", "client_secret": "fake-client-secret", "grant_type": "authorization_code"}),
            ),
        ] {
            world.vault.set_current(secret, content.to_string());
        }
        world.populate();
        Self {
            world: Arc::new(Mutex::new(world)),
            processes: BTreeMap::new(),
            settings,
            next_process: 1,
            invocations: 0,
            disturbed_refreshes: 0,
            quiet_polls: 0,
            faults_ended_at: None,
            planted: None,
        }
    }

    fn run(&mut self) {
        log::start();
        self.set_the_stage();
        // The storm, and then until nothing is left to do.
        if !self.until_quiet() {
            return;
        }
        crate::check::arrived(&mut lock(&self.world));
        self.look_at_token_calls();
        // What the lists do not show, a full sweep does; what one contact gives up in it, another may take
        // only in the next; and a third that is held for the same is told whose it is now in the one after.
        for _ in 0..3 {
            self.sweep();
            if !self.until_quiet() {
                return;
            }
        }
        crate::check::converged(&mut lock(&self.world));
        let before = crate::check::Stillness::of(&lock(&self.world));
        self.sweep();
        if !self.until_quiet() {
            return;
        }
        before.is_kept(&mut lock(&self.world));
        self.until_the_next_digest();
        let mut world = lock(&self.world);
        world.coverage.seeds = 1;
        let hours = (world.now - beginning()).whole_hours();
        world.coverage.simulated_hours = u64::try_from(hours).unwrap_or_default();
    }

    /// What no digest has told yet is in the next one.
    fn until_the_next_digest(&mut self) {
        {
            let mut world = lock(&self.world);
            if !world.profile.tells_people || world.violation.is_some() {
                return;
            }
            world.sleep_until_the_next_digest();
            self.faults_ended_at = Some(world.now);
        }
        if self.until_quiet() {
            crate::told::everything_was_told(&mut lock(&self.world));
        }
    }

    /// What is to happen by itself, and when.
    fn set_the_stage(&mut self) {
        let mut world = lock(&self.world);
        let start = world.now;
        world.schedule(start, Event::Tick(Function::RefreshToken));
        world.schedule(start, Event::Tick(Function::Poll));
        let storm = world.profile.storm;
        let minutes = u32::try_from(storm.whole_minutes()).unwrap_or(1);
        for _ in 0..world.profile.deeds {
            let at = start + world.milliseconds(minutes * 60_000);
            world.schedule(at, Event::Person);
        }
        for _ in 0..world.profile.notes_closed {
            let at = start + world.milliseconds(minutes * 60_000);
            world.schedule(at, Event::CloseNote);
        }
        for _ in 0..world.profile.words {
            let at = start + world.milliseconds(minutes * 60_000);
            world.schedule(at, Event::Word);
        }
        if world.profile.later_settings.is_some() {
            let at = start + world.milliseconds(minutes * 60_000);
            world.schedule(at, Event::Deploy);
        }
        for _ in 0..world.profile.switches {
            let off = start + world.milliseconds(minutes * 60_000);
            let on = off + world.milliseconds(30 * 60_000);
            world.schedule(off, Event::Switch(false));
            world.schedule(on, Event::Switch(true));
        }
        if world.profile.disconnects {
            let at = start + world.milliseconds(minutes * 30_000);
            let again = at + Duration::minutes(20) + world.milliseconds(minutes * 30_000);
            world.schedule(at, Event::Disconnect);
            world.schedule(again, Event::Reconnect);
        }
        if world.profile.reconnects {
            // While the refresh may be at it, which begins with its schedule.
            for _ in 0..4 {
                let runs = world.rng.i32(1..=12);
                let at =
                    start + Function::RefreshToken.schedule() * runs + world.milliseconds(1_500);
                world.schedule(at, Event::Reconnect);
            }
        }
        world.schedule(start + storm, Event::EndOfFaults);
    }

    /// Runs on until nothing is left to do. `false` where a promise is broken.
    fn until_quiet(&mut self) -> bool {
        self.quiet_polls = 0;
        loop {
            if lock(&self.world).violation.is_some() {
                return false;
            }
            if self.is_quiet() {
                return true;
            }
            let event = {
                let mut world = lock(&self.world);
                world.coverage.steps += 1;
                let calm_for = self.faults_ended_at.map(|ended| world.now - ended);
                if world.coverage.steps > MAX_STEPS
                    || calm_for.is_some_and(|calm| calm > LONGEST_CALM)
                {
                    let left: Vec<_> = world
                        .records::<DeferredRecord>()
                        .into_iter()
                        .map(|(id, deferred)| format!("{id} {:?}", deferred.reason))
                        .collect();
                    world.violate(
                        Invariant::Converges,
                        format!("it never becomes quiet; put off: {left:?}"),
                    );
                    return false;
                }
                world.next_event()
            };
            match event {
                Some(event) => self.happen(event),
                None => {
                    lock(&self.world).violate(Invariant::NoStandstill, "nothing is left to happen");
                }
            }
        }
    }

    fn is_quiet(&self) -> bool {
        let calm_since = self
            .faults_ended_at
            .map(|ended| lock(&self.world).now - ended);
        calm_since.is_some_and(|calm| calm > SHORTEST_CALM)
            && self.quiet_polls >= 2
            && !lock(&self.world).notes_are_due()
            && self
                .processes
                .values()
                .all(|running| running.invocation.is_none())
            && lock(&self.world).sqs.is_empty()
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Ready(call) => self.go_on(call),
            Event::LateEffect(name, effect) => {
                let mut world = lock(&self.world);
                world.tell(|| format!("late effect: {name}"));
                effect(&mut world);
            }
            Event::Deadline(process, number) => self.deadline(process, number),
            Event::Tick(function) => self.tick(function),
            Event::Deliver => self.deliver(),
            Event::Person => lock(&self.world).do_something(),
            Event::CloseNote => lock(&self.world).close_a_note(),
            Event::Word => {
                let said = lock(&self.world).think_of_a_word();
                if let Some(said) = said {
                    self.invoke(Function::Operator, &json!(said), Vec::new());
                }
            }
            Event::EditBack(id) => lock(&self.world).edit_back(id),
            Event::Correct(id, unit) => lock(&self.world).correct_linked(id, unit),
            Event::Disconnect => lock(&self.world).disconnect(),
            Event::Reconnect => {
                let mut world = lock(&self.world);
                world.tell(|| "a person connects the app anew".to_owned());
                *world.coverage.people.entry("connects the app").or_default() += 1;
                world.connect();
            }
            Event::Deploy => self.deploy(),
            Event::Switch(on) => {
                let name = if on {
                    "switches it on"
                } else {
                    "switches it off"
                };
                *lock(&self.world).coverage.people.entry(name).or_default() += 1;
                self.invoke(Function::Operator, &json!({ "switch": on }), Vec::new());
            }
            Event::EndOfFaults => {
                let mut world = lock(&self.world);
                world.is_stormy = false;
                world.tell(|| "from now on nothing goes wrong any more".to_owned());
                self.faults_ended_at = Some(world.now);
                self.quiet_polls = 0;
                if world.profile.switches > 0 {
                    // Once more a little later: an earlier turning of the switch may take effect only now.
                    let now = world.now;
                    world.schedule(now, Event::Switch(true));
                    world.schedule(now + Duration::minutes(10), Event::Switch(true));
                }
            }
        }
    }

    // Schedules and deliveries.

    fn tick(&mut self, function: Function) {
        let (overlaps, next) = {
            let mut world = lock(&self.world);
            world.watch_token();
            world.watch_token_calls();
            world.watch_population();
            let overlap = world.profile.overlaps;
            let overlaps = world.is_stormy && world.chance(overlap);
            (overlaps, world.now + function.schedule())
        };
        let next = if function == Function::Poll {
            next.max(self.next_poll_in_the_calm())
        } else {
            next
        };
        lock(&self.world).schedule(next, Event::Tick(function));
        let event = json!({ "scheduled": true });
        self.invoke(function, &event, Vec::new());
        if overlaps {
            self.invoke(function, &event, Vec::new());
        }
    }

    /// In the calm it is of no use to poll every minute while all that is left waits for its time.
    fn next_poll_in_the_calm(&self) -> OffsetDateTime {
        let world = lock(&self.world);
        if world.is_stormy || self.quiet_polls == 0 {
            return world.now;
        }
        let deferred = world.records::<DeferredRecord>();
        let due = deferred.values().map(|deferred| deferred.due);
        let due = due.chain(world.notes_due_at()).min();
        due.map_or(world.now, |due| due.min(world.now + LONGEST_IDLE))
    }

    fn deliver(&mut self) {
        let at_work = self
            .processes
            .values()
            .filter(|running| {
                running.invocation.is_some() && matches!(running.program, Program::SyncContact(_))
            })
            .count();
        let mut records = Vec::new();
        let mut messages = Vec::new();
        {
            let mut world = lock(&self.world);
            if at_work >= MAX_CONCURRENCY {
                // The end of an invocation looks again.
                return;
            }
            let now = world.now;
            let mut visible = world.sqs.visible(now);
            world.rng.shuffle(&mut visible);
            visible.truncate(world.profile.batch);
            for id in visible {
                let duplicates = world.profile.duplicates;
                let is_duplicate = world.is_stormy && world.chance(duplicates);
                world.coverage.duplicates += u64::from(is_duplicate);
                match world.sqs.receive(id, now, is_duplicate) {
                    Some(record) => {
                        records.push(record);
                        messages.push(id);
                    }
                    None => world.coverage.dead_letters += 1,
                }
            }
            if let Some(next) = world.sqs.next_visible_at() {
                let wait = world.milliseconds(5_000);
                world.schedule(
                    next.max(now) + wait + Duration::milliseconds(10),
                    Event::Deliver,
                );
            }
        }
        if !records.is_empty() {
            self.invoke(
                Function::SyncContact,
                &json!({ "Records": records }),
                messages,
            );
        }
    }

    fn sweep(&mut self) {
        self.quiet_polls = 0;
        self.invoke(
            Function::Poll,
            &json!({ "mode": "full", "scheduled": true }),
            Vec::new(),
        );
    }

    /// New settings: processes at work end their work with the old ones.
    fn deploy(&mut self) {
        let mut world = lock(&self.world);
        if let Some(later) = world.profile.later_settings.clone() {
            self.settings = later;
        }
        *world
            .coverage
            .people
            .entry("deploys other settings")
            .or_default() += 1;
        world.tell(|| {
            format!(
                "the stack is deployed with other settings: {:?}",
                self.settings
            )
        });
        self.processes
            .retain(|_, running| running.invocation.is_some());
        for running in self.processes.values_mut() {
            running.is_outdated = true;
        }
    }

    // Processes and invocations.

    fn invoke(&mut self, function: Function, event: &Value, messages: Vec<u64>) {
        let id = self.process_for(function);
        self.invocations += 1;
        let number = self.invocations;
        let deadline = {
            let mut world = lock(&self.world);
            world.coverage.invocations += 1;
            let is_of_a_person = event.to_string().contains(r#"\"by\":\"person\""#);
            let held_back_since = (function == Function::SyncContact && !is_of_a_person)
                .then(|| world.off_since())
                .flatten();
            let is_spared = function == Function::RefreshToken
                && self.disturbed_refreshes >= MAX_DISTURBED_REFRESHES;
            if let Some(process) = world.processes.get_mut(&id) {
                process.paused_until = None;
                process.dead_version = None;
                process.is_spared = is_spared;
                process.held_back_since = held_back_since;
            }
            world.tell_of(id, || format!("invoked with {event}"));
            let ends = world.now + function.time_limit();
            world.schedule(ends, Event::Deadline(id, number));
            world.time_of(id) + function.time_limit()
        };
        let Some(running) = self.processes.get_mut(&id) else {
            return;
        };
        let future = begin(running.program.clone(), event.clone(), deadline);
        running.invocation = Some(Invocation {
            number,
            future,
            messages,
        });
        self.step(id);
    }

    fn process_for(&mut self, function: Function) -> ProcessId {
        let idle: Vec<ProcessId> = {
            let world = lock(&self.world);
            self.processes
                .iter()
                .filter(|(id, running)| {
                    running.invocation.is_none()
                        && world
                            .processes
                            .get(id)
                            .is_some_and(|process| process.function == function)
                })
                .map(|(id, _)| *id)
                .collect()
        };
        let mut world = lock(&self.world);
        let warm = world.profile.warm;
        if let Some(id) = idle.first().copied()
            && world.chance(warm)
        {
            return id;
        }
        let id = self.next_process;
        self.next_process += 1;
        let most = i64::from(world.profile.max_skew_seconds);
        let skew = Duration::seconds(world.rng.i64(-most..=most));
        world.processes.insert(
            id,
            Process {
                function,
                skew,
                paused_until: None,
                dead_version: None,
                has_read: HasRead::default(),
                is_spared: false,
                held_back_since: None,
            },
        );
        drop(world);
        let program = self.program(function, id);
        self.processes.insert(
            id,
            Running {
                program,
                invocation: None,
                is_outdated: false,
            },
        );
        id
    }

    fn program(&self, function: Function, process: ProcessId) -> Program {
        let outside = Outside {
            world: self.world.clone(),
            process,
        };
        let mut adapters = Adapters::of(&outside);
        if let Some(planted) = self.planted {
            let settings = configuration(&self.settings).settings.fingerprint();
            adapters = planted::plant(planted, function, settings.to_string(), adapters);
        }
        let (clock, unique, metrics) = (self.world.clone(), self.world.clone(), self.world.clone());
        let host = Host::new(
            move || lock(&clock).time_of(process),
            move || lock(&unique).unique(),
        )
        .with_metrics(move |metric, _| {
            let mut world = lock(&metrics);
            world.watch_text("a metric", &format!("{metric:?}"));
            world.tell_of(process, || format!("  counts {metric:?}"));
        });
        if function == Function::Operator {
            let tenant = TenantId::try_from(lock(&self.world).xero.tenant_id());
            return Program::Operator(Arc::new(Operator {
                records: match tenant {
                    Ok(tenant) => Records::new(adapters.table, tenant),
                    Err(error) => unreachable!("the fake's tenant id is one: {error}"),
                },
                queue: adapters.queue,
                host,
            }));
        }
        if function == Function::RefreshToken {
            return Program::RefreshToken(Arc::new(refresh_token::Services {
                vault: adapters.vault,
                table: adapters.table,
                transport: adapters.transport,
                host,
                app_secret_id: APP_SECRET.to_owned(),
                token_secret_id: TOKEN_SECRET.to_owned(),
                identity_url: address("https://identity.xero.com"),
                api_url: address("https://api.xero.com"),
            }));
        }
        let mail = adapters.mail;
        let configuration = configuration(&self.settings);
        let mail = configuration.digest_topic.is_some().then_some(mail);
        let parts = Services::assemble(
            configuration,
            adapters.table,
            adapters.vault,
            adapters.queue,
            adapters.transport,
            host,
        );
        let parts = parts.with_mail(mail);
        if function == Function::Poll {
            Program::Poll(Arc::new(Poller::new(parts)))
        } else {
            Program::SyncContact(Arc::new(Worker::new(parts)))
        }
    }

    /// A call is ready: it goes on, or its process is gone.
    fn go_on(&mut self, call: u64) {
        let waiting = lock(&self.world).gate.of(call);
        let Some((process, fate)) = waiting else {
            return;
        };
        if fate == Fate::CrashBefore {
            return self.crash(process);
        }
        lock(&self.world).gate.release(call);
        self.step(process);
    }

    /// Lets a process run until all that it does waits for something outside.
    fn step(&mut self, id: ProcessId) {
        let Some(invocation) = self
            .processes
            .get_mut(&id)
            .and_then(|running| running.invocation.as_mut())
        else {
            return;
        };
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let mut context = Context::from_waker(&waker);
        let ended = loop {
            woken.0.store(false, Ordering::Relaxed);
            match invocation.future.as_mut().poll(&mut context) {
                Poll::Ready(ended) => break Some(ended),
                Poll::Pending if woken.0.load(Ordering::Relaxed) => {}
                Poll::Pending => break None,
            }
        };
        self.read_log(id);
        match ended {
            Some(ended) => self.ended(id, ended),
            None if lock(&self.world).gate.has_any_of(id) => {}
            None => lock(&self.world).violate(
                Invariant::NoStandstill,
                format!("process {id} waits for nothing that could come"),
            ),
        }
    }

    fn read_log(&self, id: ProcessId) {
        let lines = log::take();
        let mut world = lock(&self.world);
        for line in lines {
            world.watch_text("a log line", &line);
            world.tell_of(id, || format!("  logs {line}"));
        }
    }

    fn ended(&mut self, id: ProcessId, ended: Ended) {
        let messages = self.finish(id);
        match ended {
            Ended::Poll(result) => {
                let is_quiet = matches!(&result, Ok(Report::Done(queued)) if queued.queued == 0 && queued.deferred == 0);
                let nothing_left = lock(&self.world).records::<DeferredRecord>().is_empty();
                self.quiet_polls = match (is_quiet, nothing_left) {
                    (true, true) => self.quiet_polls + 1,
                    // Nothing is due, but something will be.
                    (true, false) => 1,
                    (false, _) => 0,
                };
                self.told(id, result.map(|report| format!("{report:?}")));
            }
            Ended::RefreshToken(result) => {
                let came_to_nothing = ["TryAgain", "AnotherIsAtIt", "Superseded"];
                let is_done = result
                    .as_ref()
                    .is_ok_and(|outcome| !came_to_nothing.contains(&outcome.as_str()));
                self.disturbed_refreshes = if is_done {
                    0
                } else {
                    self.disturbed_refreshes + 1
                };
                self.told(id, result);
            }
            Ended::Operator(result) => self.told(id, result.map(|()| "said".to_owned())),
            Ended::SyncContact(result) => {
                let failed = match &result {
                    Ok(failed) => failed.clone(),
                    Err(_) => messages.iter().map(ToString::to_string).collect(),
                };
                let mut world = lock(&self.world);
                for message in messages {
                    if !failed.contains(&message.to_string()) {
                        world.sqs.delete(message);
                    }
                }
                drop(world);
                self.told(
                    id,
                    result.map(|failed| format!("{} messages failed", failed.len())),
                );
            }
        }
    }

    fn told(&self, id: ProcessId, result: Result<String, String>) {
        let mut world = lock(&self.world);
        if let Err(error) = &result {
            world.watch_text("an error", error);
        }
        world.tell_of(id, || format!("ends: {result:?}"));
    }

    /// The process is idle, or gone if it is outdated. Returns the messages that it had.
    fn finish(&mut self, id: ProcessId) -> Vec<u64> {
        let Some(running) = self.processes.get_mut(&id) else {
            return Vec::new();
        };
        let invocation = running.invocation.take();
        if running.is_outdated {
            self.processes.remove(&id);
        }
        let mut world = lock(&self.world);
        world.gate.forget(id);
        // There may be room for another worker now.
        let now = world.now;
        world.schedule(now, Event::Deliver);
        invocation.map_or_else(Vec::new, |invocation| invocation.messages)
    }

    fn crash(&mut self, id: ProcessId) {
        lock(&self.world).tell_of(id, || "is gone".to_owned());
        let gone = self.processes.remove(&id);
        {
            let mut world = lock(&self.world);
            world.gate.forget(id);
            let now = world.now;
            world.schedule(now, Event::Deliver);
            if world
                .processes
                .get(&id)
                .is_some_and(|process| process.function == Function::RefreshToken)
            {
                self.disturbed_refreshes += 1;
            }
        }
        // What it held outside, such as a place among the calls at once, is given back as it falls; nobody may hold the world meanwhile.
        drop(gone);
    }

    fn deadline(&mut self, id: ProcessId, number: u64) {
        let is_still_at_it = self
            .processes
            .get(&id)
            .and_then(|running| running.invocation.as_ref())
            .is_some_and(|invocation| invocation.number == number);
        if is_still_at_it {
            *lock(&self.world)
                .coverage
                .faults
                .entry("invocation out of time")
                .or_default() += 1;
            self.crash(id);
        }
    }

    fn look_at_token_calls(&self) {
        let Some(ended) = self.faults_ended_at else {
            return;
        };
        let mut world = lock(&self.world);
        let most = world.most_token_calls_an_hour(ended + Duration::hours(1));
        if most > 4 {
            world.violate(
                Invariant::TokenCallsBounded,
                format!("{most} token calls within an hour of quiet"),
            );
        }
    }
}

/// Whether something wants to go on.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn begin(
    program: Program,
    event: Value,
    deadline: OffsetDateTime,
) -> Pin<Box<dyn Future<Output = Ended>>> {
    Box::pin(async move {
        match program {
            Program::Poll(poller) => {
                let report = poller
                    .poll(Mode::from_event(&event), asked_by(&event))
                    .await;
                Ended::Poll(report.map_err(|error| error.to_string()))
            }
            Program::SyncContact(worker) => {
                let response = sync_contact::handle(&worker, &event, deadline).await;
                let failed = response.map(|response| {
                    let failures = response.batch_item_failures.into_iter();
                    failures.map(|failure| failure.item_identifier).collect()
                });
                Ended::SyncContact(failed.map_err(|error| error.to_string()))
            }
            Program::Operator(operator) if event["switch"].is_boolean() => {
                Ended::Operator(operator.turn(event["switch"] == true).await)
            }
            Program::Operator(operator) => match serde_json::from_value(event) {
                Ok(said) => Ended::Operator(operator.say(said).await),
                Err(error) => unreachable!("what a person says is a word: {error}"),
            },
            Program::RefreshToken(parts) => {
                let outcome = refresh_token::refresh(&parts).await;
                Ended::RefreshToken(
                    outcome
                        .map(|outcome| format!("{outcome:?}"))
                        .map_err(|error| error.to_string()),
                )
            }
        }
    })
}

fn address(text: &str) -> Url {
    match text.parse() {
        Ok(url) => url,
        Err(error) => unreachable!("{text} is an address: {error}"),
    }
}

fn configuration(settings: &BTreeMap<String, String>) -> Configuration {
    let tells_people = settings.contains_key("NOTE_TYPE_ID");
    let settings = match Settings::read(|name| settings.get(name).cloned()) {
        Ok(settings) => settings,
        Err(error) => unreachable!("the settings are right: {error}"),
    };
    Configuration {
        settings,
        table_name: "table".to_owned(),
        sync_queue_url: "queue".to_owned(),
        dead_letter_queue_url: "dead letters".to_owned(),
        bigchange_secret_id: BIGCHANGE_SECRET.to_owned(),
        xero_app_secret_id: APP_SECRET.to_owned(),
        xero_token_secret_id: TOKEN_SECRET.to_owned(),
        bigchange_url: address("http://localhost/v01/services.ashx"),
        xero_api_url: address("https://api.xero.com"),
        xero_identity_url: address("https://identity.xero.com"),
        max_receive_count: MAX_RECEIVE_COUNT,
        history_days: HISTORY_DAYS,
        // Whoever gets notes gets the digest.
        digest_topic: tells_people.then(|| "digest".to_owned()),
        stack_name: "contact-sync".to_owned(),
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // Processes that are still at it hold the world, which holds what they wait for.
        self.processes.clear();
    }
}
