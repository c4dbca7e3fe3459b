//! Calls to Xero that share what must be shared: the token, the pause when a limit is reached, and the knowledge that the connection is dead.

use std::sync::Arc;

use rules::TenantId;
use secrets::{SecretError, Vault, VaultError, XeroTokenSecret};
use store::{Table, TableError};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;
use xero::{Access, Answer, AuthLostCause, Error, LimitProblem, Limits, Xero};

use crate::Surroundings;
use crate::clock_skew::TWO_CLOCKS;
use crate::records::{
    DayLimitRecord, DeadCause, DeadConnectionRecord, DeferReason, ONLY, PauseRecord, Records,
    confirmed_tenant, expect,
};
use crate::telemetry::Metric;

/// A token this near to its end is read again before it is used: longer than one call may take.
const TOKEN_MARGIN: Duration = Duration::seconds(60);
/// How long to wait where Xero does not say.
const MINUTE_PAUSE: Duration = Duration::seconds(60);
const OUTAGE_PAUSE: Duration = Duration::seconds(30);
const DAY_PAUSE: Duration = Duration::hours(1);
const CONCURRENT_WAIT: Duration = Duration::seconds(10);
const NOT_CONNECTED_WAIT: Duration = Duration::minutes(5);
const DEAD_CONNECTION_WAIT: Duration = Duration::minutes(5);
/// Calls of a minute that are left to the other worker, which may have some under way.
const MINUTE_RESERVE: u32 = 3;
/// Calls of a day that are kept for a person's own retries: 2 % of the 5,000, or of the starter tier's 1,000.
const DAY_RESERVE: u32 = 100;
const STARTER_DAY_RESERVE: u32 = 20;
const STARTER_DAY_LIMIT: u32 = 1_000;
/// No pause is longer, whatever an answer says: a day's limit is over by then.
const LONGEST_PAUSE: Duration = Duration::hours(24);

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
pub struct Wait {
    /// Until when.
    pub until: OffsetDateTime,
    /// Why.
    pub reason: DeferReason,
}

/// Why a call brought nothing.
#[derive(Debug)]
pub enum CallError {
    /// Everybody has to wait; it has been stored where others must know. The call was not carried out.
    Wait(Wait),
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
    surroundings: Surroundings,
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
        surroundings: Surroundings,
    ) -> Self {
        Self {
            xero,
            vault,
            token_secret_id,
            table,
            surroundings,
            token: Mutex::new(None),
        }
    }

    async fn token(&self, read_again: bool) -> Result<Token, OpenError> {
        let mut kept = self.token.lock().await;
        let now = self.surroundings.now();
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
    pub async fn open(&self) -> Result<Opened<'_>, OpenError> {
        let mut token = self.token(false).await?;
        let mut standing = self.standing(&token).await?;
        if standing.may_need_a_person() {
            // Who may have mended it since this process kept its token; or the token that is dead is newer than the one that it kept.
            let stored = self.token(true).await?;
            if stored.version != token.version {
                standing = self.standing(&stored).await?;
                token = stored;
            }
        }
        let organisation_changed = standing.is_of_another_organisation();
        let access = access(&token, standing.connected, self.surroundings.now());
        let ready = match (self.wait_of(&standing), access) {
            (Some(wait), _) => Err(wait),
            (None, Some(access)) => Ok(XeroSession {
                connection: self,
                records: standing.records.clone(),
                tenant: standing.connected,
                shared: Mutex::new(Shared {
                    access,
                    paused: None,
                    day_limit_at_least: standing.day.map_or(0, |day| day.at_least),
                }),
            }),
            (None, None) => {
                tracing::warn!(
                    "there is no Xero access token that is still valid; the token refresh has to bring one"
                );
                Err(self.wait_for(NOT_CONNECTED_WAIT))
            }
        };
        Ok(Opened {
            records: standing.records,
            organisation_changed,
            ready,
        })
    }

    async fn standing(&self, token: &Token) -> Result<Standing, OpenError> {
        let connected = token.secret.tenant_id.ok_or(OpenError::NoOrganisation)?;
        let confirmed = confirmed_tenant(&*self.table, connected).await?;
        let records = Records::new(self.table.clone(), confirmed);
        let (dead, pause, day) = futures::try_join!(
            records.get::<DeadConnectionRecord>(ONLY),
            records.get::<PauseRecord>(ONLY),
            records.get::<DayLimitRecord>(ONLY)
        )?;
        Ok(Standing {
            connected,
            token_version: token.version.clone(),
            dead: dead.map(|dead| dead.value),
            pause: pause.map(|pause| pause.value),
            day: day.map(|day| day.value),
            records,
        })
    }

    /// Until when everybody has to wait, if they have to; told where a person must act.
    fn wait_of(&self, standing: &Standing) -> Option<Wait> {
        let now = self.surroundings.now();
        if standing.is_of_another_organisation() {
            self.surroundings.count(Metric::OrganisationChanged);
            let (confirmed, connected) = (standing.records.tenant(), standing.connected);
            tracing::error!(
                %confirmed, %connected,
                "the Xero connection is to another organisation than before; nothing is done until a person confirms it (README, \"When the organisation has changed\")"
            );
            return Some(self.wait_for(DEAD_CONNECTION_WAIT));
        }
        if let Some(dead) = standing.dead() {
            self.surroundings.count(Metric::ConnectionDead);
            tracing::error!(since = %dead.since, "the connection to Xero is dead: {}", dead.why);
            return Some(self.wait_for(DEAD_CONNECTION_WAIT));
        }
        let pause = standing
            .pause
            .as_ref()
            .filter(|pause| pause.until > now && is_plausible(pause, now));
        pause.map(|pause| {
            tracing::info!(until = %pause.until, reason = ?pause.reason, "Xero is left alone: {}", pause.why);
            Wait {
                until: pause.until,
                reason: pause.reason,
            }
        })
    }

    fn wait_for(&self, wait: Duration) -> Wait {
        Wait {
            until: self.surroundings.now() + wait,
            reason: DeferReason::NotConnected,
        }
    }
}

/// A pause that is longer than any that is stored comes from a clock that is wrong, or a hand that slipped, and must not stop everything without a sound.
fn is_plausible(pause: &PauseRecord, now: OffsetDateTime) -> bool {
    pause.until <= now + LONGEST_PAUSE + TWO_CLOCKS
}

/// What the table says about the connection.
struct Standing {
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

impl Standing {
    fn is_of_another_organisation(&self) -> bool {
        self.records.tenant() != self.connected
    }

    /// The connection is dead: another version of the token than the one that was found dead is another chance.
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
pub struct Opened<'a> {
    /// The records of the confirmed organisation.
    pub records: Records,
    /// Whether the connection is to another organisation than the confirmed one: then all work stops until a person confirms it.
    pub organisation_changed: bool,
    /// A session, or until when everybody has to wait.
    pub ready: Result<XeroSession<'a>, Wait>,
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
    paused: Option<Wait>,
    day_limit_at_least: u32,
}

impl XeroSession<'_> {
    /// The client, for what it knows without a call.
    #[must_use]
    pub fn client(&self) -> &Xero {
        &self.connection.xero
    }

    /// Makes one call. A token that was renewed meanwhile is read again, once; a limit or a dead connection is stored for every worker.
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
                return Err(CallError::Wait(wait));
            }
            shared.access.clone()
        };
        let mut answer = make(self.connection.xero.clone(), access.clone()).await;
        // A lost authorisation too may be that of a token which a person, or the refresh, has replaced since this process read it.
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
                if let Err(error) = self.heed(limits).await {
                    tracing::warn!("Xero's limits could not be noted for other workers: {error}");
                }
                Ok(value)
            }
            Err(error) => Err(self.stop(error, &access).await?),
        }
    }

    async fn renewed(&self, refused: &Access) -> Result<Option<Access>, CallError> {
        use secrecy::ExposeSecret as _;
        let token = self.connection.token(true).await.map_err(CallError::Open)?;
        let renewed = access(&token, self.tenant, self.connection.surroundings.now());
        let renewed =
            renewed.filter(|access| access.token.expose_secret() != refused.token.expose_secret());
        if let Some(access) = &renewed {
            self.shared.lock().await.access = access.clone();
        }
        Ok(renewed)
    }

    async fn wait(&self, wait: Duration, reason: DeferReason) -> CallError {
        let wait = Wait {
            until: self.connection.surroundings.now() + wait.min(LONGEST_PAUSE),
            reason,
        };
        self.shared.lock().await.paused = Some(wait);
        CallError::Wait(wait)
    }

    async fn pause(
        &self,
        wait: Duration,
        reason: DeferReason,
        why: String,
    ) -> Result<CallError, TableError> {
        let stop = self.wait(wait, reason).await;
        if let CallError::Wait(Wait { until, .. }) = stop {
            tracing::warn!(%until, ?reason, "Xero is left alone for a while: {why}");
            self.store_pause(PauseRecord { until, why, reason }).await?;
        }
        Ok(stop)
    }

    /// Stores a pause, unless another worker has met a longer one, which must not be cut short.
    async fn store_pause(&self, pause: PauseRecord) -> Result<(), TableError> {
        loop {
            let known = self.records.get::<PauseRecord>(ONLY).await?;
            let now = self.connection.surroundings.now();
            if known.as_ref().is_some_and(|known| {
                known.value.until >= pause.until && is_plausible(&known.value, now)
            }) {
                return Ok(());
            }
            let write = self.records.put(ONLY, &pause, expect(known.as_ref()))?;
            match self.records.write(vec![write]).await {
                // Another worker was quicker; with each that was, the pause has become longer.
                Err(TableError::Conflict) => {}
                stored => return stored,
            }
        }
    }

    async fn store<R: crate::records::Record>(&self, record: &R) -> Result<(), TableError> {
        let write = self.records.replace(ONLY, record).await?;
        self.records.write(vec![write]).await
    }

    /// The last calls are left: those of the minute to the other worker, those of the day to a person.
    async fn heed(&self, limits: Limits) -> Result<(), TableError> {
        let Limits {
            minute_remaining,
            day_remaining,
        } = limits;
        if let Some(left) = day_remaining {
            let most = {
                let mut shared = self.shared.lock().await;
                let grown = left > shared.day_limit_at_least
                    && left > STARTER_DAY_LIMIT
                    && shared.day_limit_at_least <= STARTER_DAY_LIMIT;
                shared.day_limit_at_least = shared.day_limit_at_least.max(left);
                if grown {
                    drop(shared);
                    self.store(&DayLimitRecord { at_least: left }).await?;
                    left
                } else {
                    shared.day_limit_at_least
                }
            };
            let reserve = if most > STARTER_DAY_LIMIT {
                DAY_RESERVE
            } else {
                STARTER_DAY_RESERVE
            };
            if left <= reserve {
                self.pause(
                    DAY_PAUSE,
                    DeferReason::XeroLimit,
                    format!("{left} calls of the day are left, which are kept for people"),
                )
                .await?;
                return Ok(());
            }
        }
        if minute_remaining.is_some_and(|left| left <= MINUTE_RESERVE) {
            self.pause(
                MINUTE_PAUSE,
                DeferReason::XeroLimit,
                "the calls of the minute are used up".to_owned(),
            )
            .await?;
        }
        Ok(())
    }

    async fn stop(&self, error: Error, used: &Access) -> Result<CallError, CallError> {
        match error {
            Error::RateLimited {
                problem,
                retry_after,
                ..
            } => {
                let asked = retry_after.and_then(|asked| Duration::try_from(asked).ok());
                let wait = match problem {
                    LimitProblem::Concurrent => {
                        return Ok(self
                            .wait(asked.unwrap_or(CONCURRENT_WAIT), DeferReason::XeroLimit)
                            .await);
                    }
                    LimitProblem::Day => asked.unwrap_or(DAY_PAUSE),
                    LimitProblem::Minute | LimitProblem::Unknown => asked.unwrap_or(MINUTE_PAUSE),
                };
                let why = format!("its limit of calls is reached ({problem})");
                self.pause(wait, DeferReason::XeroLimit, why)
                    .await
                    .map_err(|error| CallError::Open(error.into()))
            }
            Error::AuthLost { cause } => self.connection_lost(cause, used).await,
            // The other workers need not find out for themselves. What became of this call is for its caller to know, whatever the store says.
            Error::Transient { retry_after, .. } => {
                let asked = retry_after.and_then(|asked| Duration::try_from(asked).ok());
                if let Err(error) = self
                    .pause(
                        asked.unwrap_or(OUTAGE_PAUSE),
                        DeferReason::XeroUnavailable,
                        "it cannot be reached or is out of order".to_owned(),
                    )
                    .await
                {
                    tracing::warn!("a pause of Xero could not be stored: {error}");
                }
                Ok(CallError::Failed(error))
            }
            // Renewed just now and refused all the same.
            Error::AuthExpired => self.token_refused().await,
            other => Ok(CallError::Failed(other)),
        }
    }

    /// The newest token is refused. Nobody needs to find that out again before the refresh has had a chance to bring another.
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
        let now = self.connection.surroundings.now();
        let token = self
            .connection
            .token(false)
            .await
            .map_err(CallError::Open)?;
        let current = token.secret.access_token.as_ref();
        if current.is_none_or(|current| current.expose_secret() != refused.token.expose_secret()) {
            // Nobody has refused the token that is stored now: a person may have connected anew, and the refresh has yet to bring its access token.
            return self.token_refused().await;
        }
        self.connection.surroundings.count(Metric::ConnectionDead);
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
