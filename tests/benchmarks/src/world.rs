//! A company and an organisation with the real poll and the real worker between them, by a clock of their own. Nothing is disturbed: what is counted is what work costs.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail, ensure};
use fake_bigchange::FakeContact;
use futures::future::BoxFuture;
use poll::{Mode, Poller, Report};
use rules::{AskedBy, ContactId};
use runtime::records::{ContactRecord, DeferredRecord, ProblemRecord, Records};
use runtime::{Configuration, DeadLetter, Host, Message, Queue, QueueError, Services};
use secrets::MemoryVault;
use serde_json::{Value, json};
use store::MemoryTable;
use sync_contact::Worker;
use time::format_description::well_known::Rfc3339;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::network::{Network, Traffic};

const START: OffsetDateTime = datetime!(2026-11-02 09:00 UTC);
pub(crate) const CUSTOMERS: u64 = 10;
const SITES: u64 = 20;
/// Each is listed by every poll.
pub(crate) const GROUPS: usize = 2;
const BIGCHANGE_SECRET: &str = "bigchange";
const TOKEN_SECRET: &str = "xero-token";
const TOKEN_LIFE: Duration = Duration::minutes(30);
/// A token is renewed this long before its end.
const RENEWED_BEFORE: Duration = Duration::minutes(10);
/// The worker's time limit, as in the template.
const TIME_LIMIT: Duration = Duration::minutes(2);
/// The poll's schedule.
const POLL_EVERY: Duration = Duration::minutes(1);
/// How many messages AWS hands to one invocation: the template's `BatchSize`.
pub(crate) const EVENT_SIZE: usize = 200;
/// Work that is not done by then never will be: Xero's calls of a day suffice for far more.
const LONGEST: Duration = Duration::days(2);

pub(crate) struct World {
    pub(crate) network: Arc<Network>,
    table: MemoryTable,
    vault: MemoryVault,
    queue: Arc<MemoryQueue>,
    poller: Poller,
    /// Those that AWS would keep running at once; events go to them in turn.
    workers: Vec<Worker>,
    next_worker: usize,
    token_expires_at: OffsetDateTime,
    event_size: usize,
    next_id: u64,
}

/// How a world is set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    /// Workers at once; the template allows two.
    pub(crate) workers: usize,
    /// Messages in one event.
    pub(crate) event_size: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            workers: 1,
            event_size: EVENT_SIZE,
        }
    }
}

impl World {
    /// Everything is authorised.
    pub(crate) fn new(setup: Setup) -> anyhow::Result<Self> {
        let network = Network::new(START);
        {
            let mut company = network.bigchange();
            company.add_group(CUSTOMERS, "Customers");
            company.add_group(SITES, "Sites");
        }
        let table = MemoryTable::new();
        let vault = MemoryVault::new();
        let login =
            json!({"username": "fake-user", "password": "fake-password", "key": "fake-key"});
        vault.set_current(BIGCHANGE_SECRET, login.to_string());
        let queue = Arc::<MemoryQueue>::default();
        let parts = || parts(&network, &table, &vault, &queue);
        let mut world = Self {
            poller: Poller::new(parts()?),
            workers: (0..setup.workers)
                .map(|_| Ok(Worker::new(parts()?)))
                .collect::<anyhow::Result<_>>()?,
            network: network.clone(),
            table,
            vault,
            queue,
            next_worker: 0,
            token_expires_at: START,
            event_size: setup.event_size,
            next_id: 1,
        };
        world.connect();
        Ok(world)
    }

    /// New processes: what the ones before knew is gone.
    pub(crate) fn restart_workers(&mut self) -> anyhow::Result<()> {
        for worker in &mut self.workers {
            *worker = Worker::new(parts(&self.network, &self.table, &self.vault, &self.queue)?);
        }
        Ok(())
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.network.pass(time);
        self.connect();
    }

    /// What the token refresh does, as far as this is concerned.
    fn connect(&mut self) {
        let now = self.network.now();
        if now < self.token_expires_at - RENEWED_BEFORE {
            return;
        }
        let mut xero = self.network.xero();
        let tokens = xero.issue_tokens(now.into());
        self.token_expires_at = now + TOKEN_LIFE;
        let secret = json!({
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_at": self.token_expires_at.format(&Rfc3339).unwrap_or_default(),
            "tenant_id": xero.tenant_id(),
        });
        self.vault.set_current(TOKEN_SECRET, secret.to_string());
    }

    /// Adds an account customer with every field that is synchronised; a blank reference is for one that has none.
    pub(crate) fn add_customer(&mut self, name: &str, reference: &str) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let contact = customer(id, name, reference);
        let now = self.network.now().into();
        self.network.bigchange().add_contact(now, contact);
        id
    }

    pub(crate) fn edit(&self, id: u64, change: impl FnOnce(&mut FakeContact)) {
        let now = self.network.now().into();
        self.network.bigchange().edit(now, id, change);
    }

    /// Adds contacts to Xero as people do there.
    pub(crate) fn add_to_xero(&self, contacts: &Value) -> anyhow::Result<()> {
        let now = self.network.now().into();
        self.network.xero().seed(now, contacts)?;
        Ok(())
    }

    /// One poll, and everything that it queued.
    pub(crate) async fn poll(&mut self, mode: Mode) -> anyhow::Result<()> {
        match self.poller.poll(mode, AskedBy::Schedule).await? {
            Report::Done(_) => self.work_off().await,
            other => bail!("the poll did nothing: {other:?}"),
        }
    }

    async fn work_off(&mut self) -> anyhow::Result<()> {
        loop {
            let contacts = self.queue.take(self.event_size);
            if contacts.is_empty() {
                return Ok(());
            }
            self.connect();
            let worker = &self.workers[self.next_worker];
            self.next_worker = (self.next_worker + 1) % self.workers.len();
            let deadline = self.network.now() + TIME_LIMIT;
            let response = sync_contact::handle(worker, &event(&contacts), deadline).await?;
            ensure!(
                response.batch_item_failures.is_empty(),
                "messages failed, with nothing amiss"
            );
        }
    }

    /// Polls by schedule until nothing is left to do. Returns how many minutes of the world's clock that took.
    pub(crate) async fn until_done(&mut self) -> anyhow::Result<u64> {
        let began = self.network.now();
        let mut next_poll = began;
        loop {
            self.poll(Mode::Changes).await?;
            let deferred = self.records()?.list::<DeferredRecord>("").await?;
            let took = self.network.now() - began;
            if deferred.is_empty() {
                return Ok(minutes(took));
            }
            if took > LONGEST {
                let reasons: Vec<_> = deferred.iter().map(|d| d.value.reason).take(3).collect();
                bail!("{} contacts still wait: {reasons:?} ...", deferred.len());
            }
            next_poll += POLL_EVERY;
            let wait = next_poll - self.network.now();
            if wait.is_positive() {
                self.pass(wait);
            } else {
                next_poll = self.network.now();
            }
        }
    }

    pub(crate) fn records(&self) -> anyhow::Result<Records> {
        let tenant = self.network.xero().tenant_id();
        Ok(Records::new(
            Arc::new(self.table.clone()),
            tenant.try_into()?,
        ))
    }

    /// Nothing may be left undone, or its cost would be missing from the figures.
    pub(crate) async fn expect_all_linked(&self, contacts: usize) -> anyhow::Result<()> {
        let records = self.records()?;
        let known = records.list::<ContactRecord>("").await?;
        let linked = known.iter().filter(|record| record.value.link.is_some());
        let linked = linked.count();
        let problems = records.list::<ProblemRecord>("").await?;
        ensure!(
            linked == contacts && problems.is_empty(),
            "{linked} of {contacts} contacts are linked, {} are held",
            problems.len()
        );
        Ok(())
    }

    pub(crate) fn traffic(&self) -> Traffic {
        self.network.traffic()
    }
}

/// An account customer with every field that is synchronised.
pub(crate) fn customer(id: u64, name: &str, reference: &str) -> FakeContact {
    FakeContact {
        id,
        group_id: CUSTOMERS,
        name: name.to_owned(),
        street: format!("{id} High Street"),
        town: "Leeds".to_owned(),
        postcode: "LS1 1AA".to_owned(),
        country: "United Kingdom".to_owned(),
        person: "Mary Ann Smith".to_owned(),
        phone: format!("+44113{id:07}"),
        email: format!("office{id}@example.com"),
        account_reference: reference.to_owned(),
        ..FakeContact::default()
    }
}

/// In minutes, a begun one counting whole.
pub(crate) fn minutes(time: Duration) -> u64 {
    time.unsigned_abs().as_secs().div_ceil(60)
}

/// An event of SQS with one message for each contact.
pub(crate) fn event(contacts: &[ContactId]) -> Value {
    event_by(contacts, AskedBy::Schedule)
}

/// The same for contacts that somebody asked for.
pub(crate) fn event_by(contacts: &[ContactId], by: AskedBy) -> Value {
    let message = |contact: &ContactId| {
        let mut body = json!({ "contact_id": contact });
        if by == AskedBy::Person {
            body["by"] = json!(by);
        }
        json!({
            "messageId": format!("message-{contact}"),
            "body": body.to_string(),
            "attributes": { "ApproximateReceiveCount": "1" },
            "eventSource": "aws:sqs",
        })
    };
    json!({ "Records": contacts.iter().map(message).collect::<Vec<_>>() })
}

fn parts(
    network: &Arc<Network>,
    table: &MemoryTable,
    vault: &MemoryVault,
    queue: &Arc<MemoryQueue>,
) -> anyhow::Result<Services> {
    let customers = CUSTOMERS.to_string();
    let sites = SITES.to_string();
    let variables = BTreeMap::from([
        ("ACCOUNT_GROUP_IDS", customers.as_str()),
        ("SYNC_ENABLED", "true"),
        ("SITE_GROUP_IDS", &sites),
        ("CREATE_IN_XERO", "true"),
        ("GENERATE_ACCOUNT_REF", "true"),
        ("TABLE_NAME", "table"),
        ("SYNC_QUEUE_URL", "queue"),
        ("SYNC_DEAD_LETTER_QUEUE_URL", "dead-letter-queue"),
        ("BIGCHANGE_SECRET_ID", BIGCHANGE_SECRET),
        ("XERO_APP_SECRET_ID", "xero-app"),
        ("XERO_TOKEN_SECRET_ID", TOKEN_SECRET),
        ("BIGCHANGE_URL", "http://localhost/v01/services.ashx"),
    ]);
    let configuration =
        Configuration::read(|name| variables.get(name).map(|value| (*value).to_owned()))
            .context("the world's own settings")?;
    let (clock, ids) = (network.clone(), network.clone());
    let host = Host::new(move || clock.now(), move || Uuid::from_u128(ids.unique()))
        .with_metrics(|_, _| ());
    Ok(Services::assemble(
        configuration,
        Arc::new(table.clone()),
        Arc::new(vault.clone()),
        queue.clone(),
        network.clone(),
        host,
    ))
}

#[derive(Default)]
struct MemoryQueue {
    waiting: Mutex<VecDeque<ContactId>>,
}

impl MemoryQueue {
    fn take(&self, at_most: usize) -> Vec<ContactId> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let count = waiting.len().min(at_most);
        waiting.drain(..count).collect()
    }
}

impl Queue for MemoryQueue {
    fn send<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), QueueError>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(messages.iter().map(|message| message.contact_id));
        Box::pin(std::future::ready(Ok(())))
    }

    fn give_up<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), QueueError>> {
        let refused = QueueError(format!(
            "nothing is to be given up here, but: {}",
            letter.reason
        ));
        Box::pin(std::future::ready(Err(refused)))
    }
}
