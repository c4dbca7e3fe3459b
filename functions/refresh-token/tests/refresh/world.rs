//! The world that a refresher lives in, and what can go wrong with each of its calls.

use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use fake_xero::{CallKind, Config, Delivery, FakeXero, Fault, FaultKind};
use futures::FutureExt;
use futures::future::{BoxFuture, pending};
use refresh_token::{Outcome, RefreshError, Services, refresh};
use runtime::Host;
use runtime::telemetry::Metric;
use secrecy::{ExposeSecret, SecretString};
use secrets::{MemoryVault, SecretVersion, Vault, VaultError, VersionInfo, XeroTokenSecret};
use serde_json::json;
use store::{Item, Key, MemoryTable, Table, TableError, Write};
use time::{Duration, OffsetDateTime};
use transport::{Request, Response, Transport, TransportError};
use uuid::Uuid;

pub(crate) const TOKEN: &str = "xero-token-secret";
pub(crate) const APP: &str = "xero-app-secret";
/// How often the schedule runs the function.
pub(crate) const SCHEDULE: Duration = Duration::minutes(5);

/// Xero, the vault, the table and the time.
pub(crate) struct World {
    pub(crate) xero: Mutex<FakeXero>,
    pub(crate) vault: MemoryVault,
    pub(crate) table: MemoryTable,
    pub(crate) metrics: Mutex<Vec<Metric>>,
    now: Mutex<OffsetDateTime>,
    ids: AtomicUsize,
}

impl World {
    /// An app that a person connected just now.
    pub(crate) fn connected() -> Arc<Self> {
        let world = Self::with_app("authorization_code");
        world.a_person_connects();
        world
    }

    /// A custom connection as the template creates it: every field of the token secret is blank.
    pub(crate) fn custom_connection() -> Arc<Self> {
        let world = Self::with_app("client_credentials");
        let blank =
            json!({ "access_token": "", "refresh_token": "", "expires_at": "", "tenant_id": "" });
        world.vault.set_current(TOKEN, blank.to_string());
        world
    }

    fn with_app(grant_type: &str) -> Arc<Self> {
        let world = Self {
            xero: Mutex::new(FakeXero::new(Config::default())),
            vault: MemoryVault::new(),
            table: MemoryTable::new(),
            metrics: Mutex::default(),
            now: Mutex::new(OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap()),
            ids: AtomicUsize::new(1),
        };
        world.vault.set_clock(world.now());
        world.set_app("fake-client-secret", grant_type);
        Arc::new(world)
    }

    pub(crate) fn set_app(&self, client_secret: &str, grant_type: &str) {
        let app = json!({ "client_id": "fake-client-id", "client_secret": client_secret, "grant_type": grant_type });
        self.vault.set_current(APP, app.to_string());
    }

    /// Connects the app and stores the tokens as the current version; returns its id.
    pub(crate) fn a_person_connects(&self) -> String {
        self.vault.set_current(TOKEN, self.new_tokens().to_json())
    }

    /// As [`Self::a_person_connects`], but without the access token.
    pub(crate) fn a_person_stores_a_refresh_token(&self) -> String {
        let secret = XeroTokenSecret {
            access_token: None,
            expires_at: None,
            ..self.new_tokens()
        };
        self.vault.set_current(TOKEN, secret.to_json())
    }

    fn new_tokens(&self) -> XeroTokenSecret {
        let mut xero = self.xero.lock().unwrap();
        let pair = xero.issue_tokens(self.now().into());
        XeroTokenSecret {
            access_token: Some(pair.access_token.into()),
            refresh_token: pair.refresh_token.map(SecretString::from),
            expires_at: Some(pair.expires_at.into()),
            tenant_id: Some(xero.tenant_id().try_into().unwrap()),
        }
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        *self.now.lock().unwrap()
    }

    pub(crate) fn pass(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        *now += time;
        self.vault.set_clock(*now);
    }

    /// Lets the time pass until the token is due.
    pub(crate) fn pass_until_due(&self) {
        self.pass(Duration::minutes(20));
    }

    pub(crate) fn inject(&self, kind: FaultKind) {
        let fault = Fault::next_call(kind).on("POST", "/connect/token");
        self.xero.lock().unwrap().inject(fault);
    }

    pub(crate) fn token_calls(&self) -> usize {
        self.xero.lock().unwrap().call_count(CallKind::Token)
    }

    pub(crate) fn calls(&self) -> usize {
        self.xero.lock().unwrap().calls().count()
    }

    pub(crate) async fn current(&self) -> (String, XeroTokenSecret) {
        let current = self.vault.current(TOKEN).await.unwrap();
        let secret = XeroTokenSecret::parse(&current.value).unwrap();
        (current.id, secret)
    }

    pub(crate) async fn version_count(&self) -> usize {
        self.vault.versions(TOKEN).await.unwrap().len()
    }

    /// Whether Xero would take the stored refresh token, the promise of this crate.
    pub(crate) async fn is_alive(&self) -> bool {
        let (_, secret) = self.current().await;
        let token = secret.refresh_token.unwrap();
        let xero = self.xero.lock().unwrap();
        xero.accepts_refresh_token(self.now().into(), token.expose_secret())
    }

    pub(crate) async fn minutes_left(&self) -> i64 {
        let (_, secret) = self.current().await;
        (secret.expires_at.unwrap() - self.now()).whole_minutes()
    }

    /// One run of the function in which nothing goes wrong.
    pub(crate) async fn run(self: &Arc<Self>) -> Result<Outcome, RefreshError> {
        refresh(&self.parts(&Fate::kind())).await
    }

    /// The parts of a refresher with that fate.
    pub(crate) fn parts(self: &Arc<Self>, fate: &Arc<Fate>) -> Services {
        self.parts_with(fate, self.table.clone(), Duration::ZERO)
    }

    /// The parts of a refresher with a table of its own, hence without regard to the lease, and a
    /// clock that differs.
    pub(crate) fn parts_with(
        self: &Arc<Self>,
        fate: &Arc<Fate>,
        table: MemoryTable,
        clock_difference: Duration,
    ) -> Services {
        let (clock, ids, metrics) = (self.clone(), self.clone(), self.clone());
        let fate = fate.clone();
        Services {
            vault: Arc::new(FatedVault(self.vault.clone(), fate.clone())),
            table: Arc::new(FatedTable(table, fate.clone())),
            transport: Arc::new(FatedTransport(self.clone(), fate)),
            host: Host::new(
                move || clock.now() + clock_difference,
                move || Uuid::from_u128(ids.ids.fetch_add(1, Ordering::Relaxed) as u128),
            )
            .with_metrics(move |metric, _| metrics.metrics.lock().unwrap().push(metric)),
            app_secret_id: APP.to_owned(),
            token_secret_id: TOKEN.to_owned(),
            identity_url: "https://identity.xero.test".parse().unwrap(),
            api_url: "https://api.xero.test".parse().unwrap(),
        }
    }
}

/// What happens to one of a refresher's outgoing calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accident {
    /// The process ends before the call has its effect.
    CrashBefore,
    /// The process ends after the effect.
    CrashAfter,
    /// The call fails without an effect.
    FailureBefore,
    /// The call has its effect and its answer is lost.
    FailureAfter,
}

/// What becomes of a refresher's calls, counted from 0.
pub(crate) struct Fate {
    accident: Option<(Range<usize>, Accident)>,
    /// How often each of them waits for others: derived from this.
    pace: Option<u64>,
    calls: AtomicUsize,
}

impl Fate {
    /// Nothing happens.
    pub(crate) fn kind() -> Arc<Self> {
        Self::new(None, None)
    }

    /// One call has an accident.
    pub(crate) fn accident(call: usize, accident: Accident) -> Arc<Self> {
        Self::accidents(call..call + 1, accident)
    }

    /// Some calls after each other have the same accident.
    pub(crate) fn accidents(calls: Range<usize>, accident: Accident) -> Arc<Self> {
        Self::new(Some((calls, accident)), None)
    }

    /// Every call takes its time.
    pub(crate) fn paced(seed: u64) -> Arc<Self> {
        Self::new(None, Some(seed))
    }

    fn new(accident: Option<(Range<usize>, Accident)>, pace: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            accident,
            pace,
            calls: AtomicUsize::new(0),
        })
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    async fn befall<T>(&self, call: BoxFuture<'_, T>, failure: impl Fn(Accident) -> T) -> T {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let accident = self
            .accident
            .as_ref()
            .filter(|(calls, _)| calls.contains(&number))
            .map(|(_, accident)| *accident);
        self.dawdle(number).await;
        match accident {
            None => call.await,
            Some(Accident::CrashBefore) => pending().await,
            Some(Accident::FailureBefore) => failure(Accident::FailureBefore),
            Some(Accident::CrashAfter) => {
                call.await;
                pending().await
            }
            Some(Accident::FailureAfter) => {
                call.await;
                failure(Accident::FailureAfter)
            }
        }
    }

    async fn dawdle(&self, number: usize) {
        let Some(seed) = self.pace else { return };
        // A few steps of an xorshift generator mix the seed with the call's number.
        let mut mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (number as u64 + 1) << 17;
        for _ in 0..4 {
            mixed ^= mixed << 13;
            mixed ^= mixed >> 7;
            mixed ^= mixed << 17;
        }
        for _ in 0..mixed % 6 {
            tokio::task::yield_now().await;
        }
    }
}

/// Runs a refresher until it is done, or until it waits for what never comes: then it has crashed.
pub(crate) async fn run_or_crash(services: Services) -> Option<Result<Outcome, RefreshError>> {
    refresh(&services).now_or_never()
}

/// Polls a future so often, or until it is done.
pub(crate) async fn poll_times<F: Future>(mut run: Pin<&mut F>, times: usize) -> Option<F::Output> {
    for _ in 0..times {
        if let Poll::Ready(output) = futures::poll!(&mut run) {
            return Some(output);
        }
    }
    None
}

struct FatedVault(MemoryVault, Arc<Fate>);

impl FatedVault {
    fn befall<'a, T: Send + 'a>(
        &'a self,
        call: BoxFuture<'a, Result<T, VaultError>>,
    ) -> BoxFuture<'a, Result<T, VaultError>> {
        Box::pin(
            self.1
                .befall(call, |_| Err(VaultError::Unavailable("a test".to_owned()))),
        )
    }
}

impl Vault for FatedVault {
    fn current<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        self.befall(self.0.current(id))
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        self.befall(self.0.version(id, version))
    }

    fn stage<'a>(
        &'a self,
        id: &'a str,
        value: SecretString,
        token: &'a str,
        label: &'a str,
    ) -> BoxFuture<'a, Result<String, VaultError>> {
        self.befall(self.0.stage(id, value, token, label))
    }

    fn promote<'a>(
        &'a self,
        id: &'a str,
        to: &'a str,
        from: &'a str,
    ) -> BoxFuture<'a, Result<(), VaultError>> {
        self.befall(self.0.promote(id, to, from))
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<VersionInfo>, VaultError>> {
        self.befall(self.0.versions(id))
    }
}

struct FatedTable(MemoryTable, Arc<Fate>);

impl FatedTable {
    fn befall<'a, T: Send + 'a>(
        &'a self,
        call: BoxFuture<'a, Result<T, TableError>>,
    ) -> BoxFuture<'a, Result<T, TableError>> {
        Box::pin(
            self.1
                .befall(call, |_| Err(TableError::Unavailable("a test".to_owned()))),
        )
    }
}

impl Table for FatedTable {
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        self.befall(self.0.get_many(keys))
    }

    fn query<'a>(
        &'a self,
        partition: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        self.befall(self.0.query(partition, prefix))
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), TableError>> {
        self.befall(self.0.write(writes))
    }
}

struct FatedTransport(Arc<World>, Arc<Fate>);

impl Transport for FatedTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let exchange = Box::pin(async move {
            let now = self.0.now().into();
            let answer = self.0.xero.lock().unwrap().handle(now, &request);
            if answer.extensions().get::<Delivery>() == Some(&Delivery::Lost) {
                return Err(TransportError::AnswerLost);
            }
            Ok(answer)
        });
        Box::pin(self.1.befall(exchange, |accident| {
            Err(if accident == Accident::FailureBefore {
                TransportError::NotSent
            } else {
                TransportError::AnswerLost
            })
        }))
    }
}
