//! Calls to Xero that share what must be shared: the token, the pause when a limit is reached, and
//! the knowledge that the connection is dead.

use std::sync::Arc;
use std::time::Duration as StdDuration;

use rules::{CallsLeft, Limit, LimitPolicy, PauseReason, TenantId};
use secrets::{SecretError, Vault, VaultError, XeroTokenSecret};
use store::{Table, TableError};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use xero::{Access, Answer, AuthLostCause, Error, LimitProblem, Limits, Xero};

use crate::Host;
use crate::clock_skew::TWO_CLOCKS;
use crate::organisation::confirmed_tenant;
use crate::records::{
    DayLimitRecord, DeadCause, DeadConnectionRecord, DeferReason, PauseRecord, Records, SINGLETON,
    expect,
};
use crate::telemetry::Metric;

/// A token this near to its end is read again before it is used: longer than one call may take.
const TOKEN_MARGIN: Duration = Duration::seconds(60);
/// How long a contact waits where there is no access token, until the token refresh has brought
/// one.
const NOT_CONNECTED_WAIT: Duration = Duration::minutes(5);
/// How long it waits for a person where the connection is dead.
const DEAD_CONNECTION_WAIT: Duration = Duration::minutes(5);
const LIMITS: LimitPolicy = LimitPolicy::STANDARD;

/// Why a function cannot even begin: a person must act, or the store and the vault must come back.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The token secret is not one.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// No organisation is connected yet.
    #[error(
        "the Xero token secret names no organisation yet: contact-sync connect xero says which"
    )]
    NoOrganisation,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Everybody has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Until when.
    pub until: OffsetDateTime,
    /// Why.
    pub reason: DeferReason,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub enum CallError {
    /// Everybody has to wait; it has been stored where others must know. The call was not carried
    /// out.
    Paused(Pause),
    /// This call failed; the others need not care.
    Failed(Error),
    /// The store or the vault failed.
    Open(OpenError),
}

/// What one process keeps of the connection to Xero between invocations.
pub struct XeroConnection {
    xero: Xero,
    vault: Arc<dyn Vault>,
    token_secret_id: String,
    table: Arc<dyn Table>,
    host: Host,
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    version: String,
    secret: XeroTokenSecret,
}

impl XeroConnection {
    /// Reads the token from `vault` and shares what must be shared through `table`.
    #[must_use]
    pub fn new(
        xero: Xero,
        vault: Arc<dyn Vault>,
        token_secret_id: String,
        table: Arc<dyn Table>,
        host: Host,
    ) -> Self {
        Self {
            xero,
            vault,
            token_secret_id,
            table,
            host,
            token: Mutex::new(None),
        }
    }

    async fn token(&self, read_again: bool) -> Result<Token, OpenError> {
        let mut kept = self.token.lock().await;
        let now = self.host.now();
        let fresh = |token: &Token| {
            token
                .secret
                .expires_at
                .is_some_and(|end| end - TOKEN_MARGIN > now)
        };
        if let Some(token) = kept.as_ref().filter(|token| !read_again && fresh(token)) {
            return Ok(token.clone());
        }
        let current = self.vault.current(&self.token_secret_id).await?;
        let token = Token {
            version: current.id,
            secret: XeroTokenSecret::parse(&current.value)?,
        };
        *kept = Some(token.clone());
        Ok(token)
    }

    /// Begins a piece of work: finds out whose records are in force and whether Xero may be called.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(&self) -> Result<Session<'_>, OpenError> {
        let mut token = self.token(false).await?;
        let mut state = self.state(&token).await?;
        if state.may_need_a_person() {
            // Who may have mended it since this process kept its token; or the token that is dead
            // is newer than the one that it kept.
            let stored = self.token(true).await?;
            if stored.version != token.version {
                state = self.state(&stored).await?;
                token = stored;
            }
        }
        let organisation_changed = state.is_of_another_organisation();
        let access = access(&token, state.connected, self.host.now());
        let ready = match (self.wait_of(&state), access) {
            (Some(wait), _) => Err(wait),
            (None, Some(access)) => Ok(XeroSession {
                connection: self,
                records: state.records.clone(),
                tenant: state.connected,
                shared: Mutex::new(Shared {
                    access,
                    paused: None,
                    left: CallsLeft::default(),
                    day_limit_at_least: state.day.map_or(0, |day| day.at_least),
                }),
            }),
            (None, None) => {
                tracing::warn!(
                    "there is no Xero access token that is still valid; the token refresh has to bring one"
                );
                Err(self.wait_for(NOT_CONNECTED_WAIT))
            }
        };
        Ok(Session {
            records: state.records,
            organisation_changed,
            ready,
        })
    }

    async fn state(&self, token: &Token) -> Result<ConnectionState, OpenError> {
        let connected = token.secret.tenant_id.ok_or(OpenError::NoOrganisation)?;
        let confirmed = confirmed_tenant(&*self.table, connected).await?;
        let records = Records::new(self.table.clone(), confirmed);
        let (dead, pause, day) = futures::try_join!(
            records.get::<DeadConnectionRecord>(SINGLETON),
            records.get::<PauseRecord>(SINGLETON),
            records.get::<DayLimitRecord>(SINGLETON)
        )?;
        Ok(ConnectionState {
            connected,
            token_version: token.version.clone(),
            dead: dead.map(|dead| dead.value),
            pause: pause.map(|pause| pause.value),
            day: day.map(|day| day.value),
            records,
        })
    }

    /// Until when everybody has to wait, if they have to; told where a person must act.
    fn wait_of(&self, state: &ConnectionState) -> Option<Pause> {
        let now = self.host.now();
        if state.is_of_another_organisation() {
            self.host.count(Metric::OrganisationChanged);
            let (confirmed, connected) = (state.records.tenant(), state.connected);
            tracing::error!(
                %confirmed, %connected,
                "the Xero connection is to another organisation than before; nothing is done until a person confirms it (README, \"When the organisation has changed\")"
            );
            return Some(self.wait_for(DEAD_CONNECTION_WAIT));
        }
        if let Some(dead) = state.dead() {
            if dead.cause == DeadCause::DisconnectedByPerson {
                tracing::info!(since = %dead.since, "Xero is left alone: {}", dead.why);
                return Some(self.wait_for(DEAD_CONNECTION_WAIT));
            }
            self.host.count(Metric::ConnectionDead);
            tracing::error!(since = %dead.since, "the connection to Xero is dead: {}", dead.why);
            return Some(self.wait_for(DEAD_CONNECTION_WAIT));
        }
        let pause = state.pause.as_ref().filter(|pause| !may_call(pause, now));
        pause.map(|pause| {
            tracing::info!(until = %pause.until, reason = ?pause.reason, "Xero is left alone: {}", pause.why);
            Pause {
                until: pause.until,
                reason: pause.reason,
            }
        })
    }

    fn wait_for(&self, wait: Duration) -> Pause {
        Pause {
            until: self.host.now() + wait,
            reason: DeferReason::NotConnected,
        }
    }
}

/// Whether Xero may be called although this pause is stored.
fn may_call(pause: &PauseRecord, now: OffsetDateTime) -> bool {
    let left = StdDuration::try_from(pause.until - now).unwrap_or_default();
    let skew = StdDuration::try_from(TWO_CLOCKS).unwrap_or_default();
    LIMITS.may_call(Some(left), skew)
}

/// What the table says about the connection.
struct ConnectionState {
    /// The organisation that the token is for.
    connected: TenantId,
    /// The records of the confirmed one.
    records: Records,
    token_version: String,
    /// What was last found dead, of whatever token.
    dead: Option<DeadConnectionRecord>,
    pause: Option<PauseRecord>,
    day: Option<DayLimitRecord>,
}

impl ConnectionState {
    fn is_of_another_organisation(&self) -> bool {
        self.records.tenant() != self.connected
    }

    /// The connection is dead: another version of the token than the one that was found dead is
    /// another chance.
    fn dead(&self) -> Option<&DeadConnectionRecord> {
        self.dead
            .as_ref()
            .filter(|dead| dead.secret_version == self.token_version)
    }

    fn may_need_a_person(&self) -> bool {
        self.is_of_another_organisation() || self.dead.is_some()
    }
}

fn access(token: &Token, tenant: TenantId, now: OffsetDateTime) -> Option<Access> {
    let secret = &token.secret;
    let valid = secret.expires_at.is_some_and(|end| end > now) && secret.tenant_id == Some(tenant);
    secret
        .access_token
        .clone()
        .filter(|_| valid)
        .map(|token| Access { token, tenant })
}

/// A piece of work's beginning.
pub struct Session<'a> {
    /// The records of the confirmed organisation.
    pub records: Records,
    /// Whether the connection is to another organisation than the confirmed one: then all work
    /// stops until a person confirms it.
    pub organisation_changed: bool,
    /// A session, or until when everybody has to wait.
    pub ready: Result<XeroSession<'a>, Pause>,
}

/// Calls to Xero within one invocation.
pub struct XeroSession<'a> {
    connection: &'a XeroConnection,
    records: Records,
    tenant: TenantId,
    shared: Mutex<Shared>,
}

struct Shared {
    access: Access,
    paused: Option<Pause>,
    /// As the last answer said.
    left: CallsLeft,
    day_limit_at_least: u32,
}

impl XeroSession<'_> {
    /// The client, for what it knows without a call.
    #[must_use]
    pub fn client(&self) -> &Xero {
        &self.connection.xero
    }

    /// Makes one call. A token that was renewed meanwhile is read again, once; a limit or a dead
    /// connection is stored for every worker.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn call<T, F>(&self, make: impl Fn(Xero, Access) -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<Answer<T>, Error>>,
    {
        let mut access = {
            let shared = self.shared.lock().await;
            if let Some(wait) = shared.paused {
                return Err(CallError::Paused(wait));
            }
            shared.access.clone()
        };
        let mut answer = make(self.connection.xero.clone(), access.clone()).await;
        // A lost authorisation too may be that of a token which a person, or the refresh, has
        // replaced since this process read it.
        if let Err(Error::AuthExpired | Error::AuthLost { .. }) = answer {
            let is_expired = matches!(answer, Err(Error::AuthExpired));
            match self.renewed(&access).await? {
                Some(renewed) => {
                    access = renewed.clone();
                    answer = make(self.connection.xero.clone(), renewed).await;
                }
                None if !is_expired => {}
                None => return Err(self.token_refused().await?),
            }
        }
        match answer {
            Ok(Answer { value, limits }) => {
                // The call was carried out, whatever comes of noting what it leaves.
                if let Err(error) = self.record_limits(limits).await {
                    tracing::warn!("Xero's limits could not be noted for other workers: {error}");
                }
                Ok(value)
            }
            Err(error) => Err(self.pause_for_error(error, &access).await?),
        }
    }

    /// Whether the last answer left enough calls of the day to read the whole list of contacts for
    /// nothing but a comparison.
    pub async fn may_compare(&self) -> bool {
        let shared = self.shared.lock().await;
        LIMITS.may_compare(shared.left, shared.day_limit_at_least)
    }

    async fn renewed(&self, refused: &Access) -> Result<Option<Access>, CallError> {
        use secrecy::ExposeSecret as _;
        let token = self.connection.token(true).await.map_err(CallError::Open)?;
        let renewed = access(&token, self.tenant, self.connection.host.now());
        let renewed =
            renewed.filter(|access| access.token.expose_secret() != refused.token.expose_secret());
        if let Some(access) = &renewed {
            self.shared.lock().await.access = access.clone();
        }
        Ok(renewed)
    }

    async fn wait(&self, wait: Duration, reason: DeferReason) -> CallError {
        let wait = Pause {
            until: self.connection.host.now() + wait,
            reason,
        };
        self.shared.lock().await.paused = Some(wait);
        CallError::Paused(wait)
    }

    async fn pause(
        &self,
        wait: Duration,
        reason: DeferReason,
        why: String,
    ) -> Result<CallError, TableError> {
        let stop = self.wait(wait, reason).await;
        if let CallError::Paused(Pause { until, .. }) = stop {
            tracing::warn!(%until, ?reason, "Xero is left alone for a while: {why}");
            self.store_pause(PauseRecord { until, why, reason }).await?;
        }
        Ok(stop)
    }

    /// Stores a pause, unless another worker has met a longer one, which must not be cut short.
    async fn store_pause(&self, pause: PauseRecord) -> Result<(), TableError> {
        loop {
            let known = self.records.get::<PauseRecord>(SINGLETON).await?;
            let now = self.connection.host.now();
            if known.as_ref().is_some_and(|known| {
                known.value.until >= pause.until && !may_call(&known.value, now)
            }) {
                return Ok(());
            }
            let write = self
                .records
                .put(SINGLETON, &pause, expect(known.as_ref()))?;
            match self.records.write(vec![write]).await {
                // Another worker was quicker; with each that was, the pause has become longer.
                Err(TableError::Conflict) => {}
                stored => return stored,
            }
        }
    }

    async fn store<R: crate::records::Record>(&self, record: &R) -> Result<(), TableError> {
        let write = self.records.replace(SINGLETON, record).await?;
        self.records.write(vec![write]).await
    }

    /// The last calls are left: those of the minute to the other worker, those of the day to a
    /// person.
    async fn record_limits(&self, limits: Limits) -> Result<(), TableError> {
        let left = CallsLeft {
            minute: limits.minute_remaining,
            day: limits.day_remaining,
        };
        let (before, at_least) = {
            let mut shared = self.shared.lock().await;
            let before = shared.day_limit_at_least;
            shared.day_limit_at_least = before.max(left.day.unwrap_or(0));
            shared.left = left;
            (before, shared.day_limit_at_least)
        };
        if LIMITS.shows_a_larger_tier(left, before) {
            self.store(&DayLimitRecord { at_least }).await?;
        }
        let Some((wait, reason)) = LIMITS.pause_after(left, at_least) else {
            return Ok(());
        };
        let why = match reason {
            PauseReason::DayKeptForPeople(left) => {
                format!("{left} calls of the day are left, which are kept for people")
            }
            PauseReason::MinuteUsedUp => "the calls of the minute are used up".to_owned(),
        };
        self.pause(as_wait(wait), DeferReason::XeroLimit, why)
            .await?;
        Ok(())
    }

    async fn pause_for_error(&self, error: Error, used: &Access) -> Result<CallError, CallError> {
        match error {
            Error::RateLimited {
                problem,
                retry_after,
                ..
            } => {
                let limit = match problem {
                    LimitProblem::Concurrent => Limit::Concurrent,
                    LimitProblem::Day => Limit::Day,
                    LimitProblem::Minute => Limit::Minute,
                    LimitProblem::Unknown => Limit::Unnamed,
                };
                let wait = as_wait(LIMITS.pause_after_limit(limit, retry_after));
                if limit == Limit::Concurrent {
                    return Ok(self.wait(wait, DeferReason::XeroLimit).await);
                }
                let why = format!("its limit of calls is reached ({problem})");
                self.pause(wait, DeferReason::XeroLimit, why)
                    .await
                    .map_err(|error| CallError::Open(error.into()))
            }
            Error::AuthLost { cause } => self.connection_lost(cause, used).await,
            // The other workers need not find out for themselves. What became of this call is for
            // its caller to know, whatever the store says.
            Error::Transient { retry_after, .. } => {
                let wait = as_wait(LIMITS.pause_after_outage(retry_after));
                let why = "it cannot be reached or is out of order".to_owned();
                let paused = self.pause(wait, DeferReason::XeroUnavailable, why).await;
                if let Err(error) = paused {
                    tracing::warn!("a pause of Xero could not be stored: {error}");
                }
                Ok(CallError::Failed(error))
            }
            // Renewed just now and refused all the same.
            Error::AuthExpired => self.token_refused().await,
            other => Ok(CallError::Failed(other)),
        }
    }

    /// The newest token is refused. Nobody needs to find that out again before the refresh has had
    /// a chance to bring another.
    async fn token_refused(&self) -> Result<CallError, CallError> {
        let why = "it refuses the access token, and the token refresh has to bring another";
        self.pause(
            NOT_CONNECTED_WAIT,
            DeferReason::NotConnected,
            why.to_owned(),
        )
        .await
        .map_err(|error| CallError::Open(error.into()))
    }

    async fn connection_lost(
        &self,
        cause: AuthLostCause,
        refused: &Access,
    ) -> Result<CallError, CallError> {
        use secrecy::ExposeSecret as _;
        let now = self.connection.host.now();
        let token = self
            .connection
            .token(false)
            .await
            .map_err(CallError::Open)?;
        let current = token.secret.access_token.as_ref();
        if current.is_none_or(|current| current.expose_secret() != refused.token.expose_secret()) {
            // Nobody has refused the token that is stored now: a person may have connected anew,
            // and the refresh has yet to bring its access token.
            return self.token_refused().await;
        }
        // A person may have ended it while this call was under way: that is no reason for alarm.
        let known = self.records.get::<DeadConnectionRecord>(SINGLETON).await;
        let known = known.map_err(|error| CallError::Open(error.into()))?;
        let is_ended_by_person = known.is_some_and(|known| {
            known.value.cause == DeadCause::DisconnectedByPerson
                && known.value.secret_version == token.version
        });
        if is_ended_by_person {
            return Ok(self
                .wait(DEAD_CONNECTION_WAIT, DeferReason::NotConnected)
                .await);
        }
        self.connection.host.count(Metric::ConnectionDead);
        tracing::error!("the connection to Xero is dead: {cause}");
        self.store(&DeadConnectionRecord {
            since: now,
            why: cause.to_string(),
            secret_version: token.version,
            cause: match cause {
                AuthLostCause::NotConnected => DeadCause::NotConnected,
                AuthLostCause::MissingScope => DeadCause::MissingScope,
            },
        })
        .await
        .map_err(|error| CallError::Open(error.into()))?;
        Ok(self
            .wait(DEAD_CONNECTION_WAIT, DeferReason::NotConnected)
            .await)
    }
}

/// A wait of the policy, which is a day at most.
fn as_wait(wait: StdDuration) -> Duration {
    Duration::try_from(wait).unwrap_or(Duration::DAY)
}
