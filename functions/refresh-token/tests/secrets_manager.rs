//! The custody of the token in Secrets Manager itself, as `moto` stands in for it: labels, versions
//! and replayed tokens behave there as AWS documents them. A program of its own, because it needs
//! that to be installed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

#[path = "../../../shared/secrets/tests/support/lost_answers.rs"]
mod lost_answers;
#[path = "../../../shared/secrets/tests/support/moto.rs"]
mod moto;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::{Builder, Credentials, Region};
use fake_xero::{CallKind, Config, Delivery, FakeXero, Fault, FaultKind};
use futures::future::{BoxFuture, join};
use lost_answers::that_loses_answers;
use refresh_token::{Outcome, STAGING_LABEL, Services, refresh};
use runtime::Host;
use secrecy::{ExposeSecret, SecretString};
use secrets::{
    CURRENT, PREVIOUS, SecretVersion, SecretsManagerVault, Vault, VaultError, VersionInfo,
    XeroTokenSecret,
};
use serde_json::json;
use store::MemoryTable;
use time::{Duration, OffsetDateTime};
use tokio::sync::Notify;
use transport::{Request, Response, Transport, TransportError};
use uuid::Uuid;

const TOKEN: &str = "xero-token-secret";
const APP: &str = "xero-app-secret";

#[tokio::test]
async fn a_new_token_is_stored_under_its_own_label_and_then_takes_the_place_of_the_old_one() {
    let world = World::connected().await;
    let first = world.current().await.0;
    assert_eq!(world.run().await, Outcome::Fresh);
    world.pass_until_due();
    assert_eq!(world.run().await, Outcome::Refreshed);
    let second = world.current().await.0;
    world.pass_until_due();
    assert_eq!(world.run().await, Outcome::Refreshed);
    let third = world.current().await.0;
    assert!(world.is_alive().await);
    assert_eq!(world.token_calls(), 2);
    assert_eq!(world.labels(&first).await, BTreeSet::new());
    assert_eq!(world.labels(&second).await, labels([PREVIOUS]));
    assert_eq!(world.labels(&third).await, labels([CURRENT, STAGING_LABEL]));
}

#[tokio::test]
async fn a_custom_connection_that_holds_nothing_yet_gets_its_token_and_its_organisation() {
    let blank =
        json!({ "access_token": "", "refresh_token": "", "expires_at": "", "tenant_id": "" });
    let world = World::with("client_credentials", |_| blank.to_string().into()).await;
    assert_eq!(world.run().await, Outcome::OrganisationLearnt);
    let (version, secret) = world.current().await;
    let tenant = world.xero.lock().unwrap().tenant_id();
    assert_eq!(secret.tenant_id, Some(tenant.try_into().unwrap()));
    assert_eq!(
        world.labels(&version).await,
        labels([CURRENT, STAGING_LABEL])
    );
    assert_eq!(world.run().await, Outcome::Fresh);
    assert_eq!((world.token_calls(), world.version_count().await), (1, 3));
}

/// The client makes every call twice: the store is replayed under the same token, and the swap
/// finds itself done.
#[tokio::test]
async fn lost_answers_of_secrets_manager_store_the_token_once() {
    let world = World::connected().await;
    world.pass_until_due();
    let losing = SecretsManagerVault::new(that_loses_answers(&world.client));
    let parts = world.parts(Meddled::new(losing), &world.table);
    assert_eq!(refresh(&parts).await.unwrap(), Outcome::Refreshed);
    assert_eq!((world.token_calls(), world.version_count().await), (1, 2));
    assert!(world.is_alive().await);
    let current = world.current().await.0;
    assert_eq!(
        world.labels(&current).await,
        labels([CURRENT, STAGING_LABEL])
    );
}

/// So often that the client has given up: the function itself replays the store under the same
/// token.
#[tokio::test]
async fn a_store_whose_answer_the_client_gave_up_is_replayed_under_the_same_token() {
    let world = World::connected().await;
    world.pass_until_due();
    let vault = Meddled::new(world.vault.clone());
    vault.answers_to_lose.store(2, Ordering::SeqCst);
    let parts = world.parts(vault, &world.table);
    assert_eq!(refresh(&parts).await.unwrap(), Outcome::Refreshed);
    assert_eq!((world.token_calls(), world.version_count().await), (1, 2));
    assert!(world.is_alive().await);
}

#[tokio::test]
async fn of_two_refreshers_the_one_that_loses_the_swap_never_becomes_current() {
    let world = World::connected().await;
    let first = world.current().await.0;
    world.pass_until_due();
    // The other knows of no lease, and is done between this one's answer from Xero and its store.
    let (vault, gate) = Meddled::stopping_before(Step::Stage, &world);
    let parts = world.parts(vault, &world.table);
    let other = world.parts(Meddled::new(world.vault.clone()), &MemoryTable::new());
    let meanwhile = async {
        gate.reached.notified().await;
        assert_eq!(refresh(&other).await.unwrap(), Outcome::Refreshed);
        gate.open.notify_one();
    };
    let (outcome, ()) = join(refresh(&parts), meanwhile).await;
    assert_eq!(outcome.unwrap(), Outcome::Superseded);
    assert_eq!((world.token_calls(), world.version_count().await), (2, 3));

    let (winner, _) = world.current().await;
    let loser = world.other_than([&first, &winner]).await;
    assert_eq!(world.labels(&first).await, labels([PREVIOUS]));
    assert_eq!(world.labels(&winner).await, labels([CURRENT]));
    assert_eq!(world.labels(&loser).await, labels([STAGING_LABEL]));
    assert!(world.is_alive().await);
    assert_eq!(world.run().await, Outcome::Fresh);
    for _ in 0..5 {
        world.pass_until_due();
        assert_eq!(world.run().await, Outcome::Refreshed);
        assert_ne!(world.current().await.0, loser);
        assert!(world.is_alive().await);
    }
}

#[tokio::test]
async fn a_refresher_that_loses_to_a_person_leaves_what_the_person_stored() {
    let world = World::connected().await;
    world.pass_until_due();
    let (vault, gate) = Meddled::stopping_before(Step::Promote, &world);
    let parts = world.parts(vault, &world.table);
    let meanwhile = async {
        gate.reached.notified().await;
        world.a_person_connects().await;
        gate.open.notify_one();
    };
    let (outcome, ()) = join(refresh(&parts), meanwhile).await;
    assert_eq!(outcome.unwrap(), Outcome::Superseded);
    let (version, _) = world.current().await;
    assert_eq!(world.labels(&version).await, labels([CURRENT]));
    assert_eq!(world.run().await, Outcome::Fresh);
    assert_eq!(world.current().await.0, version);
    assert!(world.is_alive().await);
}

#[tokio::test]
async fn a_token_that_was_stored_and_not_made_current_is_recovered_without_another_call() {
    let world = World::connected().await;
    world.pass_until_due();
    let (vault, gate) = Meddled::stopping_before(Step::Promote, &world);
    let parts = world.parts(vault, &MemoryTable::new());
    tokio::select! {
        outcome = refresh(&parts) => panic!("it was to crash, and ended as {outcome:?}"),
        () = gate.reached.notified() => {}
    }
    let (old, _) = world.current().await;
    let staged = world.other_than([&old]).await;
    assert_eq!(world.labels(&staged).await, labels([STAGING_LABEL]));
    assert_eq!(world.run().await, Outcome::Recovered);
    assert_eq!(world.current().await.0, staged);
    assert_eq!(world.labels(&old).await, labels([PREVIOUS]));
    assert_eq!((world.token_calls(), world.version_count().await), (1, 2));
    assert!(world.is_alive().await);
}

#[tokio::test]
async fn a_lost_answer_of_xero_is_asked_for_again_within_the_grace() {
    let world = World::connected().await;
    world.pass_until_due();
    let lost = Fault::next_call(FaultKind::LostAnswer).on("POST", "/connect/token");
    world.xero.lock().unwrap().inject(lost);
    assert_eq!(world.run().await, Outcome::TryAgain);
    assert_eq!(world.version_count().await, 1);
    assert_eq!(world.run().await, Outcome::Refreshed);
    assert!(world.is_alive().await);
}

fn labels<const N: usize>(labels: [&str; N]) -> BTreeSet<String> {
    labels.map(str::to_owned).into()
}

/// Secrets Manager, Xero, and the time.
struct World {
    _server: moto::LocalServer,
    client: Client,
    vault: SecretsManagerVault,
    xero: Mutex<FakeXero>,
    table: MemoryTable,
    now: Mutex<OffsetDateTime>,
    ids: AtomicU64,
}

impl World {
    /// An app that a person connected just now.
    async fn connected() -> Arc<Self> {
        Self::with("authorization_code", |world| world.new_tokens().to_json()).await
    }

    async fn with(grant_type: &str, token: impl FnOnce(&Self) -> SecretString) -> Arc<Self> {
        let server = moto::start();
        // The function's own client, but for what it would find in its environment.
        let config = Builder::from(&runtime::aws_config())
            .endpoint_url(server.url())
            .region(Region::new("eu-west-2"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"));
        let client = Client::from_conf(config.build());
        let world = Arc::new(Self {
            vault: SecretsManagerVault::new(client.clone()),
            client,
            _server: server,
            xero: Mutex::new(FakeXero::new(Config::default())),
            table: MemoryTable::new(),
            now: Mutex::new(OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap()),
            ids: AtomicU64::new(1),
        });
        let app = json!({ "client_id": "fake-client-id", "client_secret": "fake-client-secret", "grant_type": grant_type });
        let token = token(&world);
        for (name, value) in [
            (APP, app.to_string().as_str()),
            (TOKEN, token.expose_secret()),
        ] {
            let create = world.client.create_secret().name(name).secret_string(value);
            create.send().await.unwrap();
        }
        world
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

    /// As in the console: the new value is current at once.
    async fn a_person_connects(&self) {
        let value = self.new_tokens().to_json();
        let put = self.client.put_secret_value().secret_id(TOKEN);
        let stored = put.secret_string(value.expose_secret()).send().await;
        stored.unwrap();
    }

    fn now(&self) -> OffsetDateTime {
        *self.now.lock().unwrap()
    }

    /// Lets the time pass until the token is due.
    fn pass_until_due(&self) {
        *self.now.lock().unwrap() += Duration::minutes(20);
    }

    /// One run of the function in which nothing goes wrong.
    async fn run(self: &Arc<Self>) -> Outcome {
        let parts = self.parts(Meddled::new(self.vault.clone()), &self.table);
        refresh(&parts).await.unwrap()
    }

    fn parts(self: &Arc<Self>, vault: Meddled, table: &MemoryTable) -> Services {
        let (clock, ids) = (self.clone(), self.clone());
        let unique = move || Uuid::from_u128(ids.ids.fetch_add(1, Ordering::SeqCst).into());
        Services {
            vault: Arc::new(vault),
            table: Arc::new(table.clone()),
            transport: Arc::new(ToXero(self.clone())),
            host: Host::new(move || clock.now(), unique).with_metrics(|_, _| ()),
            app_secret_id: APP.to_owned(),
            token_secret_id: TOKEN.to_owned(),
            identity_url: "https://identity.xero.test".parse().unwrap(),
            api_url: "https://api.xero.test".parse().unwrap(),
        }
    }

    fn token_calls(&self) -> usize {
        self.xero.lock().unwrap().call_count(CallKind::Token)
    }

    async fn current(&self) -> (String, XeroTokenSecret) {
        let current = self.vault.current(TOKEN).await.unwrap();
        (current.id, XeroTokenSecret::parse(&current.value).unwrap())
    }

    async fn versions(&self) -> Vec<VersionInfo> {
        self.vault.versions(TOKEN).await.unwrap()
    }

    async fn version_count(&self) -> usize {
        self.versions().await.len()
    }

    /// The one version that is none of these.
    async fn other_than<const N: usize>(&self, known: [&String; N]) -> String {
        let mut versions = self.versions().await;
        versions.retain(|version| !known.contains(&&version.id));
        let [other] = versions.try_into().unwrap();
        other.id
    }

    async fn labels(&self, version: &str) -> BTreeSet<String> {
        let versions = self.versions().await;
        let found = versions.into_iter().find(|listed| listed.id == version);
        found.unwrap().stages.into_iter().collect()
    }

    /// Whether Xero would take the stored refresh token.
    async fn is_alive(&self) -> bool {
        let (_, secret) = self.current().await;
        let token = secret.refresh_token.unwrap();
        let xero = self.xero.lock().unwrap();
        xero.accepts_refresh_token(self.now().into(), token.expose_secret())
    }
}

struct ToXero(Arc<World>);

impl Transport for ToXero {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let now = self.0.now().into();
            let answer = self.0.xero.lock().unwrap().handle(now, &request);
            if answer.extensions().get::<Delivery>() == Some(&Delivery::Lost) {
                return Err(TransportError::AnswerLost);
            }
            Ok(answer)
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Stage,
    Promote,
}

/// Where a refresher stops until it is let on.
#[derive(Default)]
struct Gate {
    reached: Notify,
    open: Notify,
}

/// The way of one refresher to the vault, and what happens on it.
struct Meddled {
    vault: SecretsManagerVault,
    gate: Option<(Step, Arc<Gate>)>,
    /// How many stores are carried out without an answer.
    answers_to_lose: AtomicUsize,
}

impl Meddled {
    fn new(vault: SecretsManagerVault) -> Self {
        Self {
            vault,
            gate: None,
            answers_to_lose: AtomicUsize::new(0),
        }
    }

    fn stopping_before(step: Step, world: &World) -> (Self, Arc<Gate>) {
        let gate = Arc::new(Gate::default());
        let vault = Self {
            gate: Some((step, gate.clone())),
            ..Self::new(world.vault.clone())
        };
        (vault, gate)
    }

    async fn pass(&self, step: Step) {
        if let Some((stop, gate)) = &self.gate
            && *stop == step
        {
            gate.reached.notify_one();
            gate.open.notified().await;
        }
    }

    fn loses_this_answer(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
        self.answers_to_lose
            .fetch_update(set, fetch, one_less)
            .is_ok()
    }
}

impl Vault for Meddled {
    fn current<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        self.vault.current(id)
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        self.vault.version(id, version)
    }

    fn stage<'a>(
        &'a self,
        id: &'a str,
        value: SecretString,
        token: &'a str,
        label: &'a str,
    ) -> BoxFuture<'a, Result<String, VaultError>> {
        Box::pin(async move {
            self.pass(Step::Stage).await;
            let stored = self.vault.stage(id, value, token, label).await;
            if self.loses_this_answer() {
                return Err(VaultError::Unavailable("a test".to_owned()));
            }
            stored
        })
    }

    fn promote<'a>(
        &'a self,
        id: &'a str,
        to: &'a str,
        from: &'a str,
    ) -> BoxFuture<'a, Result<(), VaultError>> {
        Box::pin(async move {
            self.pass(Step::Promote).await;
            self.vault.promote(id, to, from).await
        })
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<VersionInfo>, VaultError>> {
        self.vault.versions(id)
    }
}
