//! What the functions' own binaries take, as `make build` left them: their start, their memory, their time and what they ask of AWS. The stand-in for AWS, the
//! fakes and the runtime that hands out events run on the same machine.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail, ensure};
use fake_bigchange::Seed;
use fake_xero::Limits;
use local_stack::company::{self, Choices};
use local_stack::gate::{Call, Destinations, System, Treatment};
use local_stack::{Ended, Function, LocalStack, Memory, Process, Setup};
use rules::AskedBy;
use runtime::records::{ContactRecord, DeferredRecord};
use serde_json::{Value, json};

use crate::aws::Usage;
use crate::work::FirstSync;
use crate::world;

/// Starts of which the median is taken.
const STARTS: usize = 21;
/// How long a call to either system takes where time is measured.
pub(crate) const LATENCY: Duration = Duration::from_millis(100);
/// SQS hands over at most this many messages in a call.
const MESSAGES_A_CALL: usize = 10;

/// A deployed stack, with a queue of its own so that nobody else takes its messages.
struct Ground {
    stack: LocalStack,
    environments: BTreeMap<&'static str, BTreeMap<String, String>>,
    time_limits: BTreeMap<&'static str, Duration>,
    queue: String,
}

impl Ground {
    async fn start(work: FirstSync) -> anyhow::Result<Self> {
        let stack = LocalStack::start(setup(work, Limits::default())).await?;
        stack.connect().await?;
        stack.refresh_token().await?;
        let input = json!({"QueueName": "benchmarks"});
        let created = stack.aws().aws("AmazonSQS.CreateQueue", &input).await?;
        let queue = created["QueueUrl"].as_str();
        let queue = queue.context("a queue without an address")?.to_owned();
        let mut environments = BTreeMap::new();
        let mut time_limits = BTreeMap::new();
        for function in Function::ALL {
            let mut environment = stack.environment_of(function).await?;
            environment.insert("SYNC_QUEUE_URL".to_owned(), queue.clone());
            environments.insert(function.crate_name(), environment);
            time_limits.insert(function.crate_name(), stack.time_limit_of(function).await?);
        }
        stack.reset_calls();
        Ok(Self {
            stack,
            environments,
            time_limits,
            queue,
        })
    }

    async fn process(&self, function: Function) -> anyhow::Result<Process> {
        let name = function.crate_name();
        let destinations = Destinations {
            aws: self.stack.aws().endpoint().to_owned(),
            bigchange: format!("http://{}", self.stack.bigchange.address()),
            xero: self.stack.xero.url(),
        };
        let (environment, limit) = (&self.environments[name], self.time_limits[name]);
        Process::start(
            function,
            environment,
            limit,
            destinations,
            Treatment::default(),
        )
        .await
    }

    /// Takes what is queued, in events as AWS makes them.
    async fn take_events(&self) -> anyhow::Result<VecDeque<Value>> {
        let mut records = Vec::new();
        loop {
            let input = json!({"QueueUrl": self.queue, "MaxNumberOfMessages": MESSAGES_A_CALL, "AttributeNames": ["ApproximateReceiveCount"]});
            let answer = self
                .stack
                .aws()
                .aws("AmazonSQS.ReceiveMessage", &input)
                .await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            let mut entries = Vec::new();
            for (index, message) in messages.iter().enumerate() {
                entries.push(
                    json!({"Id": index.to_string(), "ReceiptHandle": message["ReceiptHandle"]}),
                );
                records.push(json!({
                    "messageId": message["MessageId"],
                    "body": message["Body"],
                    "attributes": {"ApproximateReceiveCount": "1"},
                    "eventSource": "aws:sqs",
                }));
            }
            let input = json!({"QueueUrl": self.queue, "Entries": entries});
            self.stack
                .aws()
                .aws("AmazonSQS.DeleteMessageBatch", &input)
                .await?;
        }
        let events = records.chunks(world::EVENT_SIZE);
        Ok(events
            .map(|records| json!({ "Records": records }))
            .collect())
    }

    /// A poll and the work that it queued, by as many workers at once as there are.
    async fn round(
        &self,
        poll: &mut Process,
        workers: &mut [Process],
        mode: &Value,
    ) -> anyhow::Result<Spent> {
        let before = calls_of(poll, workers);
        let began = Instant::now();
        answered(poll.invoke(mode).await?)?;
        let polled = began.elapsed();
        let events = tokio::sync::Mutex::new(self.take_events().await?);
        let began = Instant::now();
        let work = workers
            .iter_mut()
            .map(async |worker| -> anyhow::Result<Duration> {
                let mut busy = Duration::ZERO;
                loop {
                    let Some(event) = events.lock().await.pop_front() else {
                        return Ok(busy);
                    };
                    let began = Instant::now();
                    let answer = answered(worker.invoke(&event).await?)?;
                    busy += began.elapsed();
                    let failures = answer["batchItemFailures"].as_array();
                    ensure!(
                        failures.is_some_and(Vec::is_empty),
                        "messages failed, with nothing amiss: {}",
                        worker.troubles()
                    );
                }
            });
        let busy: Duration = futures::future::try_join_all(work).await?.into_iter().sum();
        let elapsed = polled + began.elapsed();
        let after = calls_of(poll, workers);
        let new: Vec<Call> = after
            .into_iter()
            .zip(before)
            .flat_map(|(after, before)| after.into_iter().skip(before.len()))
            .collect();
        Ok(Spent {
            elapsed,
            polled,
            busy,
            calls: new,
        })
    }

    async fn expect_all_linked(&self, contacts: usize) -> anyhow::Result<()> {
        let records = self.stack.records_in(&self.stack.outputs().table);
        let known = records.list::<ContactRecord>("").await?;
        let linked = known
            .iter()
            .filter(|record| record.value.link.is_some())
            .count();
        let deferred = records.list::<DeferredRecord>("").await?.len();
        ensure!(
            linked == contacts && deferred == 0,
            "{linked} of {contacts} contacts are linked, {deferred} wait"
        );
        Ok(())
    }
}

fn calls_of(poll: &Process, workers: &[Process]) -> Vec<Vec<Call>> {
    let workers = workers.iter().map(Process::calls);
    std::iter::once(poll.calls()).chain(workers).collect()
}

fn answered(ended: Ended) -> anyhow::Result<Value> {
    match ended {
        Ended::Answered(answer) => Ok(answer),
        other => bail!("a function ended with {other:?}"),
    }
}

fn setup(work: FirstSync, limits: Limits) -> Setup {
    let customers = work.customers();
    let contacts = (1..).zip(&customers).map(|(id, customer)| {
        let mut contact = world::customer(id, &customer.name, &customer.reference);
        contact.group_id = company::CUSTOMERS;
        contact
    });
    Setup {
        choices: Choices::AUTHORISED,
        bigchange: Seed {
            contacts: contacts.collect(),
            ..company::bigchange()
        },
        xero: work.organisation(),
        limits,
    }
}

/// What a round of a poll and its work took.
#[derive(Debug, Clone)]
pub(crate) struct Spent {
    /// From the beginning of the poll to the last answer of a worker; what the stand-in for SQS takes to hand messages over is left out.
    pub(crate) elapsed: Duration,
    /// The poll's part of it.
    pub(crate) polled: Duration,
    /// What the workers' invocations took, added up.
    pub(crate) busy: Duration,
    calls: Vec<Call>,
}

impl Spent {
    pub(crate) fn calls_to(&self, system: System) -> usize {
        self.calls
            .iter()
            .filter(|call| call.system == system)
            .count()
    }

    /// What the functions asked of AWS.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(self.calls.iter().filter(|call| call.system == System::Aws))
    }
}

/// A first synchronisation, an update and an unchanged sweep of the same contacts.
#[derive(Debug, Clone)]
pub(crate) struct EndToEnd {
    pub(crate) contacts: usize,
    pub(crate) first: Spent,
    /// A poll that queues nothing: what it lists was queued a moment ago.
    pub(crate) settled: Spent,
    /// How many contacts were edited.
    pub(crate) edited: usize,
    pub(crate) update: Spent,
    pub(crate) sweep: Spent,
    /// Calls that Xero refused for its limits.
    pub(crate) refused: usize,
}

/// Brings contacts in line with so many workers at once; then edits some; then sweeps.
pub(crate) async fn end_to_end(work: FirstSync, workers: usize) -> anyhow::Result<EndToEnd> {
    let ground = Ground::start(work).await?;
    ground.stack.bigchange.set_latency(LATENCY);
    ground.stack.xero.set_latency(LATENCY);
    let mut poll = ground.process(Function::Poll).await?;
    let mut running = Vec::new();
    for _ in 0..workers {
        running.push(ground.process(Function::SyncContact).await?);
    }
    let first = ground.round(&mut poll, &mut running, &json!({})).await?;
    ground.expect_all_linked(work.contacts).await?;
    let settled = ground.round(&mut poll, &mut running, &json!({})).await?;
    let edited = work.contacts / 10;
    {
        let mut company = ground.stack.bigchange.core();
        for id in 1..=u64::try_from(edited)? {
            company.edit(SystemTime::now(), id, |contact| {
                contact.phone = format!("+44114{id:07}")
            });
        }
    }
    let update = ground.round(&mut poll, &mut running, &json!({})).await?;
    let sweep = ground
        .round(&mut poll, &mut running, &json!({"mode": "full"}))
        .await?;
    let refused = ground
        .stack
        .xero
        .core()
        .calls()
        .filter(|call| call.status == 429)
        .count();
    Ok(EndToEnd {
        contacts: work.contacts,
        first,
        settled,
        edited,
        update,
        sweep,
        refused,
    })
}

/// The same first synchronisation by the local stack's own event source, which hands over 10 messages at a time. Calls to Xero, with its limit of a minute raised.
pub(crate) async fn by_the_local_event_source(work: FirstSync) -> anyhow::Result<usize> {
    let limits = Limits {
        per_minute: 100_000,
        ..Limits::default()
    };
    let stack = LocalStack::start(setup(work, limits)).await?;
    stack.connect().await?;
    stack.refresh_token().await?;
    stack.reset_calls();
    stack.poll().await?;
    stack.settle().await?;
    Ok(stack.calls().xero_api())
}

/// A function's start and its first invocations.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    pub(crate) function: Function,
    /// Process start to the first request for an event: the median, and the slowest.
    pub(crate) start: Duration,
    pub(crate) slowest_start: Duration,
    pub(crate) first: Duration,
    pub(crate) second: Duration,
    /// What its second invocation asked of AWS.
    pub(crate) second_usage: Usage,
    /// After a batch of 50 for the worker, after its two runs for the others.
    pub(crate) memory: Memory,
}

/// How many contacts the batch has after which memory is read.
pub(crate) const BATCH: usize = 50;

pub(crate) async fn starts() -> anyhow::Result<Vec<Start>> {
    let ground = Ground::start(FirstSync::new(2 * BATCH + 2, 1_600)).await?;
    let mut all = Vec::new();
    for function in Function::ALL {
        let mut times = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            times.push(ground.process(function).await?.start_time().await?);
        }
        times.sort_unstable();
        let mut process = ground.process(function).await?;
        process.start_time().await?;
        let events = match function {
            Function::SyncContact => [event(1..=1)?, event(2..=2)?],
            Function::Poll | Function::RefreshToken => [json!({}), json!({})],
        };
        let mut took = Vec::new();
        let mut calls_before = 0;
        for event in &events {
            calls_before = process.calls().len();
            let began = Instant::now();
            answered(process.invoke(event).await?)?;
            took.push(began.elapsed());
        }
        let second_usage = Usage::of(
            process
                .calls()
                .iter()
                .skip(calls_before)
                .filter(|call| call.system == System::Aws),
        )?;
        if function == Function::SyncContact {
            answered(
                process
                    .invoke(&event(3..=2 + u64::try_from(BATCH)?)?)
                    .await?,
            )?;
            ground.expect_all_linked(2 + BATCH).await?;
        }
        all.push(Start {
            function,
            start: times[STARTS / 2],
            slowest_start: times[STARTS - 1],
            first: took[0],
            second: took[1],
            second_usage,
            memory: process.memory()?,
        });
    }
    Ok(all)
}

/// What a worker takes in a large organisation.
#[derive(Debug, Clone)]
pub(crate) struct Large {
    /// How many contacts the organisation has.
    pub(crate) contacts: usize,
    /// Of the worker that was the first to look through it.
    pub(crate) looked_through: Memory,
    /// Of one that was started later, and took what the table keeps of it.
    pub(crate) taken_from_table: Memory,
    /// That one's first invocation.
    pub(crate) first: Duration,
}

pub(crate) async fn large_organisation() -> anyhow::Result<Large> {
    let contacts = 20_000;
    let ground = Ground::start(FirstSync::new(2 * BATCH + 2, contacts)).await?;
    let batch = u64::try_from(BATCH)?;
    let mut worker = ground.process(Function::SyncContact).await?;
    answered(worker.invoke(&event(1..=batch)?).await?)?;
    let looked_through = worker.memory()?;
    let mut worker = ground.process(Function::SyncContact).await?;
    worker.start_time().await?;
    let began = Instant::now();
    let next = batch + 1;
    answered(worker.invoke(&event(next..=next)?).await?)?;
    let first = began.elapsed();
    let others = event(next + 1..=next + batch)?;
    answered(worker.invoke(&others).await?)?;
    ground.expect_all_linked(2 * BATCH + 1).await?;
    Ok(Large {
        contacts,
        looked_through,
        taken_from_table: worker.memory()?,
        first,
    })
}

/// An event for these contacts. A person asks, for the switch of a new stack is off.
fn event(contacts: std::ops::RangeInclusive<u64>) -> anyhow::Result<Value> {
    let contacts: Vec<_> = contacts
        .map(rules::ContactId::try_from)
        .collect::<Result<_, _>>()?;
    Ok(world::event_by(&contacts, AskedBy::Person))
}
