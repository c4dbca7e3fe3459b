//! A company in BigChange, an organisation in Xero, and everything that a poll works with. The
//! clock stands until it is moved.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use fake_bigchange::{FakeBigChange, FakeContact, InProcess};
use fake_xero::{Config, Delivery, FakeXero};
use futures::future::BoxFuture;
use poll::{Mode, PollError, Poller, Queued, Report};
use rules::{AccountReference, AskedBy, Contact, ContactId, GroupId, Problem, Watch};
use runtime::records::{
    ContactRecord, CursorRecord, PendingReferenceScan, ProblemRecord, Record, Records,
    ReferenceScan, SINGLETON, XeroContactRecord,
};
use runtime::telemetry::Metric;
use runtime::{Configuration, DeadLetter, Host, Message, Queue, QueueError, Services};
use secrets::{MemoryVault, XeroTokenSecret};
use serde_json::{Value, json};
use store::{Expect, MemoryTable, Table};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use transport::{Request, Response, Transport, TransportError};
use uuid::Uuid;

const START: OffsetDateTime = datetime!(2026-11-02 10:00 UTC);
/// Two account groups and a site group.
pub(crate) const TRADE: u64 = 10;
pub(crate) const RETAIL: u64 = 11;
pub(crate) const SITES: u64 = 20;

pub(crate) const TOKEN_SECRET: &str = "xero-token";
pub(crate) const BIGCHANGE_SECRET: &str = "bigchange";

pub(crate) struct World {
    pub(crate) table: MemoryTable,
    pub(crate) queue: Arc<RecordingQueue>,
    pub(crate) bigchange: InProcess,
    pub(crate) xero: Arc<Mutex<FakeXero>>,
    pub(crate) vault: MemoryVault,
    pub(crate) metrics: Arc<Mutex<Vec<Metric>>>,
    clock: Arc<Mutex<OffsetDateTime>>,
}

impl World {
    /// Contacts 1 and 2 are trade customers, 3 is a retail customer, 4 is a site of 1; all of them
    /// are an hour old.
    pub(crate) fn new() -> Self {
        let clock = Arc::new(Mutex::new(START));
        let mut company = FakeBigChange::new();
        for (group, name) in [(TRADE, "Trade"), (RETAIL, "Retail"), (SITES, "Sites")] {
            company.add_group(group, name);
        }
        let bigchange_clock = {
            let clock = clock.clone();
            Arc::new(move || SystemTime::from(*clock.lock().unwrap()))
        };
        let world = Self {
            table: MemoryTable::new(),
            queue: Arc::default(),
            bigchange: InProcess::with_clock(Arc::new(Mutex::new(company)), bigchange_clock),
            xero: Arc::new(Mutex::new(FakeXero::new(Config::default()))),
            vault: MemoryVault::new(),
            metrics: Arc::default(),
            clock,
        };
        world.set_password("fake-password");
        world.connect();
        world.add(1, TRADE);
        world.add(2, TRADE);
        world.add(3, RETAIL);
        world.add(4, SITES);
        world.edit(4, |contact| contact.parent_id = Some(1));
        world.pass(Duration::hours(1));
        world
    }

    /// A world whose first sweep lies an hour back.
    pub(crate) async fn swept() -> Self {
        let world = Self::new();
        world.poll(Mode::Changes).await.unwrap();
        world.queue.take();
        world.pass(Duration::hours(1));
        world
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        *self.clock.lock().unwrap()
    }

    /// Moves the clock on; the connection to Xero stays fresh.
    pub(crate) fn pass(&self, time: Duration) {
        *self.clock.lock().unwrap() += time;
        self.connect();
    }

    fn connect(&self) {
        let mut xero = self.xero.lock().unwrap();
        let tenant = xero.tenant_id();
        let tokens = xero.issue_tokens(self.now().into());
        let secret = XeroTokenSecret {
            access_token: Some(tokens.access_token.into()),
            refresh_token: None,
            expires_at: Some(tokens.expires_at.into()),
            tenant_id: Some(tenant.try_into().unwrap()),
        };
        self.vault.set_current(TOKEN_SECRET, secret.to_json());
    }

    /// Connects another organisation.
    pub(crate) fn connect_another_organisation(&self) {
        let secret = json!({"tenant_id": Uuid::from_u128(77)});
        self.vault.set_current(TOKEN_SECRET, secret.to_string());
    }

    pub(crate) fn set_password(&self, password: &str) {
        let secret = json!({"username": "fake-user", "password": password, "key": "fake-key"});
        self.vault.set_current(BIGCHANGE_SECRET, secret.to_string());
    }

    pub(crate) fn add(&self, id: u64, group_id: u64) {
        let contact = FakeContact {
            id,
            group_id,
            name: format!("Customer {id}"),
            ..FakeContact::default()
        };
        self.bigchange
            .core()
            .add_contact(self.now().into(), contact);
    }

    pub(crate) fn edit(&self, id: u64, change: impl FnOnce(&mut FakeContact)) {
        self.bigchange.core().edit(self.now().into(), id, change);
    }

    /// A new process.
    pub(crate) fn poller(&self) -> Poller {
        self.poller_over(Arc::new(self.table.clone()), &[])
    }

    pub(crate) fn poller_over(&self, table: Arc<dyn Table>, settings: &[(&str, &str)]) -> Poller {
        let variables: BTreeMap<&str, &str> = [
            ("ACCOUNT_GROUP_IDS", "10,11"),
            ("SITE_GROUP_IDS", "20"),
            ("SYNC_ENABLED", "true"),
            ("TABLE_NAME", "table"),
            ("SYNC_QUEUE_URL", "queue"),
            ("SYNC_DEAD_LETTER_QUEUE_URL", "dead-letter-queue"),
            ("BIGCHANGE_SECRET_ID", BIGCHANGE_SECRET),
            ("XERO_APP_SECRET_ID", "xero-app"),
            ("XERO_TOKEN_SECRET_ID", TOKEN_SECRET),
        ]
        .into_iter()
        .chain(settings.iter().copied())
        .collect();
        let configuration =
            Configuration::read(|name| variables.get(name).map(|value| (*value).to_owned()));
        let clock = self.clock.clone();
        let ids = Mutex::new(0_u128);
        let metrics = self.metrics.clone();
        let host = Host::new(
            move || *clock.lock().unwrap(),
            move || {
                let mut ids = ids.lock().unwrap();
                *ids += 1;
                Uuid::from_u128(*ids)
            },
        )
        .with_metrics(move |metric, _| metrics.lock().unwrap().push(metric));
        Poller::new(Services::assemble(
            configuration.unwrap(),
            table,
            Arc::new(self.vault.clone()),
            self.queue.clone(),
            Arc::new(Internet {
                bigchange: self.bigchange.clone(),
                xero: self.xero.clone(),
                clock: self.clock.clone(),
            }),
            host,
        ))
    }

    /// A poll by a new process of a stack with this `SyncEnabled`.
    pub(crate) async fn poll_where_enabled_is(
        &self,
        sync_enabled: &str,
        mode: Mode,
        asked_by: AskedBy,
    ) -> Result<Report, PollError> {
        let poller = self.poller_over(
            Arc::new(self.table.clone()),
            &[("SYNC_ENABLED", sync_enabled)],
        );
        poller.poll(mode, asked_by).await
    }

    /// What was counted since this was last asked.
    pub(crate) fn take_metrics(&self) -> Vec<Metric> {
        std::mem::take(&mut *self.metrics.lock().unwrap())
    }

    /// The two secrets as the template creates them.
    pub(crate) fn blank_xero_token(&self) {
        let blank =
            json!({"access_token": "", "refresh_token": "", "expires_at": "", "tenant_id": ""});
        self.vault.set_current(TOKEN_SECRET, blank.to_string());
    }

    pub(crate) fn blank_bigchange_secret(&self) {
        let blank = json!({"username": "", "password": "", "key": ""});
        self.vault.set_current(BIGCHANGE_SECRET, blank.to_string());
    }

    /// A poll by a new process.
    pub(crate) async fn poll(&self, mode: Mode) -> Result<Report, PollError> {
        self.poller().poll(mode, AskedBy::Schedule).await
    }

    /// A poll for changes that is done, and the contacts that it queued.
    pub(crate) async fn polled(&self) -> (Queued, Vec<u64>) {
        match self.poll(Mode::Changes).await.unwrap() {
            Report::Done(queued) => (queued, self.queue.take()),
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn records(&self) -> Records {
        let tenant = self.xero.lock().unwrap().tenant_id();
        Records::new(Arc::new(self.table.clone()), tenant.try_into().unwrap())
    }

    pub(crate) async fn put<R: Record>(&self, sort_key: impl ToString, record: &R) {
        let records = self.records();
        let write = records.put(sort_key, record, Expect::Any).unwrap();
        records.write(vec![write]).await.unwrap();
    }

    pub(crate) async fn read<R: Record>(&self, sort_key: impl ToString) -> Option<R> {
        let record = self.records().get::<R>(sort_key).await.unwrap();
        record.map(|record| record.value)
    }

    pub(crate) async fn cursor(&self, group: u64) -> Option<OffsetDateTime> {
        let cursor = self.read::<CursorRecord>(group).await;
        cursor.map(|cursor| cursor.changed_since)
    }

    pub(crate) async fn unread(&self) -> Vec<String> {
        let unread = self
            .records()
            .list::<PendingReferenceScan>("")
            .await
            .unwrap();
        unread.into_iter().map(|record| record.sort_key).collect()
    }

    /// What the workers do with the marks once they have read everything.
    pub(crate) async fn read_all_references(&self) {
        let records = self.records();
        for contact in self.unread().await {
            let removal = records.delete::<PendingReferenceScan>(contact, Expect::Any);
            records.write(vec![removal]).await.unwrap();
        }
        let read: ReferenceScan = self.read(SINGLETON).await.unwrap();
        let complete = ReferenceScan {
            complete: true,
            ..read
        };
        self.put(SINGLETON, &complete).await;
    }

    /// What a worker does with the mark of a contact that it has read.
    pub(crate) async fn read_one_reference(&self, id: u64) {
        let records = self.records();
        let removal = records.delete::<PendingReferenceScan>(id, Expect::Any);
        records.write(vec![removal]).await.unwrap();
    }

    /// Holds a contact of this name since now.
    pub(crate) async fn hold(&self, id: u64, name: &str, problem: Problem) {
        let contact = contact_named(id, name);
        let held = ProblemRecord {
            watch: Watch::of(&contact, &problem, None),
            sentence: String::new(),
            cure: String::new(),
            problem,
            name: name.to_owned(),
            fingerprint: rules::Fingerprint::of([]),
            retry: false,
            put_off_since: None,
            first_seen: self.now(),
            last_seen: self.now(),
        };
        self.put(id, &held).await;
    }

    pub(crate) async fn is_to_be_tried_again(&self, id: u64) -> bool {
        self.read::<ProblemRecord>(id).await.unwrap().retry
    }

    pub(crate) fn xero_calls(&self) -> usize {
        self.xero.lock().unwrap().api_call_count()
    }

    /// What people enter in Xero's own pages.
    pub(crate) fn in_xero(&self, contacts: &Value) -> Vec<Uuid> {
        let mut xero = self.xero.lock().unwrap();
        xero.seed(self.now().into(), contacts).unwrap()
    }

    /// Links a contact, as a worker does.
    pub(crate) async fn link(&self, id: u64, xero_id: Uuid, reference: &str) {
        let xero_id = xero_id.try_into().unwrap();
        let contact = contact_id(id);
        let reference = AccountReference::parse(reference).unwrap();
        let mut link = rules::Link::new(xero_id, reference, rules::Details::default());
        link.contact_number = Some(rules::ContactNumber::ours(contact));
        let linked = ContactRecord {
            link: Some(link),
            ..ContactRecord::default()
        };
        self.put(id, &linked).await;
        self.put(xero_id, &XeroContactRecord { contact }).await;
    }

    /// A person adds a contact in Xero.
    pub(crate) fn add_in_xero(&self, name: &str) {
        let mut xero = self.xero.lock().unwrap();
        let contacts = json!([{ "Name": name, "ContactStatus": "ACTIVE" }]);
        xero.seed(self.now().into(), &contacts).unwrap();
    }
}

pub(crate) fn not_in_xero() -> Problem {
    Problem::NotInXero {
        candidates: Vec::new(),
        reference: AccountReference::parse("NONE0001").ok(),
    }
}

pub(crate) fn contact_id(id: u64) -> ContactId {
    id.try_into().unwrap()
}

fn contact_named(id: u64, name: &str) -> Contact {
    Contact {
        id: contact_id(id),
        group: GroupId::try_from(TRADE).ok(),
        parent: None,
        deleted: false,
        excluded_from_financial_sync: false,
        name: name.to_owned(),
        street: String::new(),
        town: String::new(),
        postcode: String::new(),
        country: String::new(),
        person: String::new(),
        phone: String::new(),
        email: String::new(),
        extra: String::new(),
        contact_reference: String::new(),
        account_reference: String::new(),
        account_type: None,
        missing: std::collections::BTreeSet::new(),
    }
}

/// Carries each request to the one that it is for.
struct Internet {
    bigchange: InProcess,
    xero: Arc<Mutex<FakeXero>>,
    clock: Arc<Mutex<OffsetDateTime>>,
}

impl Transport for Internet {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        match request.uri().host() {
            Some("webservice.bigchange.com") => self.bigchange.send(request),
            Some("api.xero.com") => Box::pin(async move {
                let now = *self.clock.lock().unwrap();
                let answer = self.xero.lock().unwrap().handle(now.into(), &request);
                if answer.extensions().get::<Delivery>() == Some(&Delivery::Lost) {
                    return Err(TransportError::AnswerLost);
                }
                Ok(answer)
            }),
            other => panic!("a call to {other:?}"),
        }
    }
}

/// Remembers what was queued; fails while it is told to.
#[derive(Default)]
pub(crate) struct RecordingQueue {
    sent: Mutex<Vec<Message>>,
    pub(crate) is_down: AtomicBool,
}

impl RecordingQueue {
    /// What was queued since it was last asked, in that order.
    pub(crate) fn take(&self) -> Vec<u64> {
        let sent = self.take_messages().into_iter();
        sent.map(|message| message.contact_id.get()).collect()
    }

    /// The same, with who asked.
    pub(crate) fn take_messages(&self) -> Vec<Message> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

impl Queue for RecordingQueue {
    fn send<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if self.is_down.load(Ordering::SeqCst) {
                return Err(QueueError("down".to_owned()));
            }
            self.sent.lock().unwrap().extend(messages);
            Ok(())
        })
    }

    fn give_up<'a>(&'a self, _: &'a DeadLetter) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async { Err(QueueError("the poll gives nothing up".to_owned())) })
    }
}
