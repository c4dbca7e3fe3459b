//! A company, an organisation and a worker between them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use fake_bigchange::FakeContact;
use fake_xero::{Config, Status};
use rules::{AskedBy, ContactId, Settings, TenantId, XeroContactId};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, DirectoryRecord, ProblemRecord, Record, Records,
    ReferenceScan, SINGLETON,
};
use runtime::telemetry::Metric;
use runtime::{Configuration, DeadLetter, Host, Message, Services};
use secrets::MemoryVault;
use serde_json::{Value, json};
use store::{Expect, Item, MemoryTable, Table};
use sync_contact::event::NotFromSqs;
use sync_contact::{Response, Worker};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::network::{Clock, Network};
use crate::stores::{RecordingQueue, TroubledTable};
use crate::trouble::Trouble;

/// A contact group of account customers, and one of site contacts.
pub(crate) const CUSTOMERS: u64 = 10;
pub(crate) const SITES: u64 = 20;

const BIGCHANGE_SECRET: &str = "bigchange";
pub(crate) const TOKEN_SECRET: &str = "xero-token";
/// How long the function may take.
const TIME_LIMIT: Duration = Duration::minutes(2);
const TOKEN_LIFE: Duration = Duration::minutes(30);
/// However much goes wrong, by then everything must be quiet.
const MAX_ROUNDS: usize = 60;

/// What was counted, in order.
pub(crate) type Metrics = Arc<Mutex<Vec<Metric>>>;

pub(crate) struct World {
    pub(crate) network: Arc<Network>,
    pub(crate) table: Arc<TroubledTable>,
    pub(crate) queue: Arc<RecordingQueue>,
    pub(crate) metrics: Metrics,
    pub(crate) vault: MemoryVault,
    pub(crate) clock: Clock,
    pub(crate) trouble: Arc<Trouble>,
    pub(crate) worker: Worker,
    settings: BTreeMap<String, String>,
    token_expires_at: OffsetDateTime,
    next_id: u64,
}

impl World {
    /// A world in which creating in Xero is authorised.
    pub(crate) fn creating() -> Self {
        Self::new(&[("CREATE_IN_XERO", "true")])
    }

    /// A world in which account references are generated, every reference in use being known.
    pub(crate) async fn generating() -> Self {
        let world = Self::new(&[("CREATE_IN_XERO", "true"), ("GENERATE_ACCOUNT_REF", "true")]);
        world.references_are_read(true).await;
        world
    }

    pub(crate) fn new(settings: &[(&str, &str)]) -> Self {
        Self::with(settings, Config::default())
    }

    pub(crate) fn with(settings: &[(&str, &str)], config: Config) -> Self {
        let mut all: BTreeMap<String, String> = [
            ("ACCOUNT_GROUP_IDS".to_owned(), CUSTOMERS.to_string()),
            ("SITE_GROUP_IDS".to_owned(), SITES.to_string()),
            ("SYNC_ENABLED".to_owned(), "true".to_owned()),
        ]
        .into();
        all.extend(
            settings
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let clock = Clock::new(datetime!(2026-11-02 09:00 UTC));
        let trouble = Arc::new(Trouble::default());
        let network = Arc::new(Network::new(clock.clone(), trouble.clone(), config));
        let vault = MemoryVault::new();
        vault.set_current(
            BIGCHANGE_SECRET,
            json!({"username": "fake-user", "password": "fake-password", "key": "fake-key"})
                .to_string(),
        );
        let table = Arc::new(TroubledTable::new(MemoryTable::new(), trouble.clone()));
        let queue = Arc::new(RecordingQueue::default());
        let metrics = Metrics::default();
        let worker = worker(&all, &network, &table, &queue, &vault, &clock, &metrics);
        let mut world = Self {
            network,
            table,
            queue,
            metrics,
            vault,
            token_expires_at: clock.now(),
            clock,
            trouble,
            worker,
            settings: all,
            next_id: 1,
        };
        world.network.bigchange().add_group(CUSTOMERS, "Customers");
        world.network.bigchange().add_group(SITES, "Sites");
        world.connect();
        world
    }

    /// Another process: it knows nothing of what the one before kept.
    pub(crate) fn another_worker(&self) -> Worker {
        worker(
            &self.settings,
            &self.network,
            &self.table,
            &self.queue,
            &self.vault,
            &self.clock,
            &self.metrics,
        )
    }

    pub(crate) fn restart(&mut self) {
        self.worker = self.another_worker();
    }

    /// Changes a setting, which takes a new process.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
        self.restart();
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Lets time pass; the token is refreshed as it goes.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.clock.pass(time);
        if self.now() + Duration::minutes(5) > self.token_expires_at {
            self.connect();
        }
    }

    /// Stores a fresh token.
    pub(crate) fn connect(&mut self) {
        self.connect_until(self.now() + TOKEN_LIFE);
    }

    /// Stores a fresh token, which the secret says to expire then.
    pub(crate) fn connect_until(&mut self, expires_at: OffsetDateTime) {
        let tenant = self.network.xero().tenant_id();
        self.connect_to(tenant, expires_at);
    }

    pub(crate) fn connect_to(&mut self, tenant: Uuid, expires_at: OffsetDateTime) {
        let tokens = self.network.xero().issue_tokens(self.network.now());
        self.token_expires_at = expires_at;
        let expires_at = expires_at
            .format(&time::format_description::well_known::Rfc3339)
            .unwrap();
        self.vault.set_current(
            TOKEN_SECRET,
            json!({
                "access_token": tokens.access_token,
                "refresh_token": tokens.refresh_token,
                "expires_at": expires_at,
                "tenant_id": tenant,
            })
            .to_string(),
        );
    }

    // BigChange.

    /// A new account customer, with every field filled but the references.
    pub(crate) fn customer(&mut self, name: &str, with: impl FnOnce(&mut FakeContact)) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let mut contact = FakeContact {
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
            ..FakeContact::default()
        };
        with(&mut contact);
        self.network
            .bigchange()
            .add_contact(self.network.now(), contact);
        id
    }

    /// A new account customer with an account reference of its own.
    pub(crate) fn customer_with_reference(&mut self, name: &str, reference: &str) -> u64 {
        self.customer(name, |c| {
            reference.clone_into(&mut c.account_reference);
            c.account_type = Some(1);
        })
    }

    pub(crate) fn edit(&self, id: u64, change: impl FnOnce(&mut FakeContact)) {
        self.network
            .bigchange()
            .edit(self.network.now(), id, change);
    }

    pub(crate) fn in_bigchange(&self, id: u64) -> FakeContact {
        self.network.bigchange().contact(id).unwrap().clone()
    }

    /// The actions of BigChange that saved something, in order.
    pub(crate) fn bigchange_writes(&self) -> Vec<&'static str> {
        self.network
            .bigchange()
            .writes()
            .iter()
            .map(|write| write.action)
            .collect()
    }

    // Xero.

    /// Contacts as people made them in Xero's own pages.
    pub(crate) fn xero_contacts(&self, contacts: &Value) -> Vec<Uuid> {
        self.network
            .xero()
            .seed(self.network.now(), contacts)
            .unwrap()
    }

    pub(crate) fn xero_contact(&self, contact: Value) -> Uuid {
        self.xero_contacts(&json!([contact]))[0]
    }

    /// A person's edit in Xero's own pages.
    pub(crate) fn edit_in_xero(&self, id: Uuid, mut fields: Value) {
        fields["ContactID"] = json!(id);
        self.xero_contact(fields);
    }

    pub(crate) fn in_xero(&self, id: Uuid) -> fake_xero::Contact {
        self.network.xero().contact(id).unwrap().clone()
    }

    /// The Xero contacts that carry a BigChange contact's number.
    pub(crate) fn created_for(&self, id: u64) -> Vec<fake_xero::Contact> {
        let number = format!("BigChange-{id}");
        let xero = self.network.xero();
        xero.contacts()
            .filter(|contact| contact.text("ContactNumber") == number)
            .cloned()
            .collect()
    }

    pub(crate) fn xero_population(&self) -> usize {
        self.network.xero().contacts().count()
    }

    pub(crate) fn xero_calls(&self) -> usize {
        self.network.xero().api_call_count()
    }

    /// Method and path (without the query) of every call to Xero.
    pub(crate) fn xero_call_log(&self) -> Vec<String> {
        let xero = self.network.xero();
        xero.calls()
            .map(|call| {
                let path = call.path_and_query.split('?').next().unwrap_or_default();
                format!("{} {path}", call.method)
            })
            .collect()
    }

    pub(crate) fn reset_calls(&self) {
        self.network.xero().reset_calls();
        self.network.bigchange().reset_calls();
    }

    // The worker.

    /// Works these contacts as one event. Every message must be taken.
    pub(crate) async fn sync(&self, ids: &[u64]) {
        let response = self.deliver(&event(ids)).await.unwrap();
        assert_eq!(response, Response::default(), "no message may fail");
    }

    /// Works an event.
    pub(crate) async fn deliver(&self, event: &Value) -> Result<Response, NotFromSqs> {
        sync_contact::handle(&self.worker, event, self.now() + TIME_LIMIT).await
    }

    /// Works an event until it is done, or the process is gone; then another process takes its
    /// place.
    pub(crate) async fn deliver_or_crash(&mut self, ids: &[u64]) {
        let event = event(ids);
        let is_gone = tokio::select! {
            // A message that failed comes again; whoever calls does that.
            _ = self.deliver(&event) => false,
            () = self.trouble.crashed() => true,
        };
        if is_gone {
            self.restart();
        }
    }

    /// Does what the poll and the queue do, until nothing is left to do: time passes to whatever is
    /// due next, and it is delivered.
    pub(crate) async fn settle(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let queued: BTreeSet<u64> = self
                .queue
                .sent
                .lock()
                .unwrap()
                .drain(..)
                .map(|message| message.contact_id.get())
                .collect();
            let queued: Vec<u64> = queued.into_iter().collect();
            if !queued.is_empty() {
                self.deliver_or_crash(&queued).await;
                continue;
            }
            let deferred = self.all::<DeferredRecord>().await;
            let Some(due) = deferred.iter().map(|(_, record)| record.due).min() else {
                return;
            };
            let wait = (due - self.now()).max(Duration::ZERO) + Duration::seconds(1);
            self.pass(wait);
            self.poll_deferred().await;
        }
        panic!("it never became quiet");
    }

    /// Queues the contacts that are due, as the poll does: the record is made due later and stays.
    pub(crate) async fn poll_deferred(&mut self) {
        let mut due = Vec::new();
        for (sort, record) in self.all::<DeferredRecord>().await {
            if record.due <= self.now() {
                due.push(sort.parse().unwrap());
                let later = DeferredRecord {
                    due: self.now() + Duration::minutes(15),
                    ..record
                };
                self.put(&sort, &later).await;
            }
        }
        if !due.is_empty() {
            self.deliver_or_crash(&due).await;
        }
    }

    // The store.

    pub(crate) fn tenant(&self) -> TenantId {
        self.network.xero().tenant_id().try_into().unwrap()
    }

    /// The records, read beside the trouble.
    pub(crate) fn records(&self) -> Records {
        Records::new(Arc::new(self.table.inner.clone()), self.tenant())
    }

    pub(crate) async fn get<R: Record>(&self, sort_key: impl ToString) -> Option<R> {
        let stored = self.records().get::<R>(sort_key).await.unwrap();
        stored.map(|stored| stored.value)
    }

    pub(crate) async fn all<R: Record>(&self) -> Vec<(String, R)> {
        let stored = self.records().list::<R>("").await.unwrap();
        stored
            .into_iter()
            .map(|stored| (stored.sort_key, stored.value))
            .collect()
    }

    pub(crate) async fn put<R: Record>(&self, sort_key: impl ToString, record: &R) {
        let records = self.records();
        let write = records.put(sort_key, record, Expect::Any).unwrap();
        records.write(vec![write]).await.unwrap();
    }

    pub(crate) async fn record(&self, id: u64) -> ContactRecord {
        self.get(id).await.unwrap_or_default()
    }

    /// The Xero contact that a contact is linked to.
    pub(crate) async fn linked(&self, id: u64) -> Option<Uuid> {
        let link = self.record(id).await.link;
        link.map(|link| XeroContactId::into(link.xero_id))
    }

    pub(crate) async fn problem(&self, id: u64) -> Option<ProblemRecord> {
        self.get(id).await
    }

    /// The code of a contact's open problem; blank where there is none.
    pub(crate) async fn problem_code(&self, id: u64) -> &'static str {
        let problem = self.problem(id).await;
        problem.map_or("", |record| record.problem.code())
    }

    pub(crate) async fn deferred(&self, id: u64) -> Option<DeferredRecord> {
        self.get(id).await
    }

    pub(crate) async fn defer_reason(&self, id: u64) -> Option<DeferReason> {
        self.deferred(id).await.map(|deferred| deferred.reason)
    }

    /// Every account contact has been read once, or is about to have been.
    pub(crate) async fn references_are_read(&self, complete: bool) {
        let settings = settings(&self.settings).groups_fingerprint();
        self.put(
            SINGLETON,
            &ReferenceScan {
                settings,
                complete,
                missing: std::collections::BTreeSet::new(),
            },
        )
        .await;
    }

    pub(crate) async fn organisation_has_pages(&self, pages: u32) {
        self.put(SINGLETON, &DirectoryRecord { pages, kept: None })
            .await;
    }

    /// What the daily sweep does to held contacts.
    pub(crate) async fn try_again(&self, ids: &[u64]) {
        for id in ids {
            let held = self.problem(*id).await.unwrap();
            let again = ProblemRecord {
                retry: true,
                ..held
            };
            self.put(*id, &again).await;
        }
    }

    pub(crate) fn dump(&self) -> Vec<Item> {
        self.table.inner.dump()
    }

    pub(crate) fn store_is_down(&self, is_down: bool) {
        self.table.is_down.store(is_down, Ordering::Relaxed);
    }

    pub(crate) fn letters(&self) -> Vec<DeadLetter> {
        self.queue.letters.lock().unwrap().clone()
    }

    /// One more round over these contacts makes no call to Xero and no write anywhere.
    pub(crate) async fn is_quiet(&self, ids: &[u64]) {
        self.reset_calls();
        let before = self.dump();
        self.sync(ids).await;
        assert_eq!(self.xero_calls(), 0, "calls to Xero");
        assert_eq!(
            self.bigchange_writes(),
            Vec::<&str>::new(),
            "writes to BigChange"
        );
        assert_eq!(self.dump(), before, "writes to the store");
    }

    /// What must hold at any moment: one BigChange contact has at most one Xero contact, and no
    /// account reference is on two.
    pub(crate) fn holds_its_promises(&self, says: &str) {
        let xero = self.network.xero();
        let mut numbers = BTreeSet::new();
        let mut references = BTreeSet::new();
        let mut names = BTreeSet::new();
        for contact in xero.contacts() {
            let number = contact.text("ContactNumber");
            assert!(
                number.is_empty() || numbers.insert(number.to_owned()),
                "{says}: two Xero contacts for {number}"
            );
            let reference = contact.text("AccountNumber").to_lowercase();
            assert!(
                reference.is_empty() || references.insert(reference.clone()),
                "{says}: account reference {reference} is on two"
            );
            assert!(
                contact.status != Status::Active || names.insert(contact.name().to_lowercase()),
                "{says}: two of the name {}",
                contact.name()
            );
        }
    }
}

fn settings(all: &BTreeMap<String, String>) -> Settings {
    Settings::read(|name| all.get(name).cloned()).unwrap()
}

fn worker(
    all: &BTreeMap<String, String>,
    network: &Arc<Network>,
    table: &Arc<TroubledTable>,
    queue: &Arc<RecordingQueue>,
    vault: &MemoryVault,
    clock: &Clock,
    metrics: &Metrics,
) -> Worker {
    let name = |name: &str| name.to_owned();
    let configuration = Configuration {
        settings: settings(all),
        table_name: name("table"),
        sync_queue_url: name("queue"),
        dead_letter_queue_url: name("dead letters"),
        bigchange_secret_id: name(BIGCHANGE_SECRET),
        xero_app_secret_id: name("xero-app"),
        xero_token_secret_id: name(TOKEN_SECRET),
        bigchange_url: "http://localhost/v01/services.ashx".parse().unwrap(),
        xero_api_url: "https://api.xero.com".parse().unwrap(),
        xero_identity_url: "https://identity.xero.com".parse().unwrap(),
        max_receive_count: 5,
        history_days: 400,
        digest_topic: all.get("DIGEST_TOPIC_ARN").cloned(),
        stack_name: "contact-sync".to_owned(),
    };
    let (clock, metrics) = (clock.clone(), metrics.clone());
    let table: Arc<dyn Table> = table.clone();
    Worker::new(Services::assemble(
        configuration,
        table,
        Arc::new(vault.clone()),
        queue.clone(),
        network.clone(),
        Host::new(move || clock.now(), unique())
            .with_metrics(move |metric, _| metrics.lock().unwrap().push(metric)),
    ))
}

/// Identifiers that repeat in every run of a test, but not within it.
fn unique() -> impl Fn() -> Uuid + Send + Sync {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    || Uuid::from_u128(u128::from(NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// An event of SQS with one message for each contact.
pub(crate) fn event(ids: &[u64]) -> Value {
    let records: Vec<Value> = ids.iter().map(|id| message(*id, 1)).collect();
    json!({ "Records": records })
}

/// One message, received for the `received`th time.
pub(crate) fn message(id: u64, received: u32) -> Value {
    json!({
        "messageId": format!("message-{id}"),
        "body": json!({ "contact_id": id }).to_string(),
        "attributes": { "ApproximateReceiveCount": received.to_string() },
    })
}

/// What the poll queues for a contact of its own accord.
pub(crate) fn queued(id: u64) -> Message {
    Message {
        contact_id: contact(id),
        by: AskedBy::Schedule,
    }
}

pub(crate) fn contact(id: u64) -> ContactId {
    id.try_into().unwrap()
}
