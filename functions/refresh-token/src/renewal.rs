//! The renewal of a token that is due.

use rules::TenantId;
use runtime::organisation::confirmed_tenant;
use runtime::records::{DeadCause, DeadConnectionRecord, Records, SINGLETON, Stored};
use runtime::telemetry::Metric;
use secrecy::ExposeSecret;
use secrets::{GrantType, XeroAppSecret, XeroTokenSecret};
use store::TableError;
use time::{Duration, OffsetDateTime};
use xero::{Connection, Identity, IdentityError, Tokens};

use crate::custody::{StoredToken, Swap, TOKEN_LIFE, TokenVersions, is_fresh};
use crate::{Outcome, RefreshError, Services};

/// Kept with a dead connection, and logged: never quotes an answer of Xero.
const DEAD: &str = "Xero takes none of the stored refresh tokens; a person must connect the app again (contact-sync connect xero)";

type Dead = Option<Stored<DeadConnectionRecord>>;

/// One renewal. Everything that it decides on is read by itself.
pub(crate) struct Renewal<'a> {
    services: &'a Services,
    app: &'a XeroAppSecret,
    custody: TokenVersions<'a>,
}

impl<'a> Renewal<'a> {
    pub(crate) fn new(services: &'a Services, app: &'a XeroAppSecret) -> Self {
        Self {
            services,
            app,
            custody: services.custody(),
        }
    }

    pub(crate) async fn run(&self) -> Result<Outcome, RefreshError> {
        let current = self.custody.current().await?;
        if is_fresh(&current.secret, self.now()) {
            return self.complete(&current).await;
        }
        let records = self.services.records(&current.secret)?;
        let dead: Dead = records.get(SINGLETON).await?;
        if let Some(dead) = &dead
            && self.stays_dead(&dead.value, &current)
        {
            if dead.value.cause == DeadCause::DisconnectedByPerson {
                self.services.count_fresh();
                tracing::info!(since = %dead.value.since, "the Xero token is not renewed: {}", dead.value.why);
                return Ok(Outcome::DisconnectedByPerson);
            }
            self.services.count_dead();
            tracing::warn!(since = %dead.value.since, "the connection to Xero is dead: {}", dead.value.why);
            return Ok(Outcome::ConnectionDead);
        }
        let recent = self.custody.recent(&current).await?;
        let staged = recent
            .iter()
            .find(|token| token.is_to_replace(&current) && is_fresh(&token.secret, self.now()));
        if let Some(staged) = staged {
            return self
                .make_current(&current, staged, dead, Outcome::Recovered)
                .await;
        }
        let asked_at = self.now();
        match self.ask(&current, &recent).await? {
            Ok(tokens) => {
                let mut secret = renewed(&current.secret, tokens, asked_at);
                if self.app.grant_type == GrantType::ClientCredentials && secret.tenant_id.is_some()
                {
                    // It may have been moved to another organisation in Xero, which changes no
                    // secret here.
                    let Some(tenant) = self.organisation_of(&secret).await? else {
                        return Ok(Outcome::TryAgain);
                    };
                    secret.tenant_id = Some(tenant);
                }
                let staged = self.stage(secret, &current).await?;
                self.make_current(&current, &staged, dead, Outcome::Refreshed)
                    .await
            }
            Err(error) => self.refused(error, &current, &records).await,
        }
    }

    /// A refresh token that was refused stays so. Where Xero only refuses the organisation, the
    /// token is renewed all the same, or it would die of disuse. A custom connection has no refresh
    /// token: it comes back to life when a person authorises it at Xero, which changes no secret
    /// here, so each renewal gives it another chance, unless a person disconnected it here.
    fn stays_dead(&self, dead: &DeadConnectionRecord, current: &StoredToken) -> bool {
        let may_come_back = self.app.grant_type == GrantType::ClientCredentials
            && dead.cause != DeadCause::DisconnectedByPerson;
        !may_come_back && dead.secret_version == current.version && !dead.cause.may_be_refreshed()
    }

    async fn ask(
        &self,
        current: &StoredToken,
        recent: &[StoredToken],
    ) -> Result<Result<Tokens, IdentityError>, RefreshError> {
        let identity = self.services.identity(self.app);
        match self.app.grant_type {
            GrantType::ClientCredentials => Ok(identity.client_credentials().await),
            GrantType::AuthorizationCode if current.secret.refresh_token.is_none() => {
                Err(RefreshError::NoRefreshToken)
            }
            GrantType::AuthorizationCode => Ok(exchange(&identity, current, recent).await),
        }
    }

    async fn refused(
        &self,
        error: IdentityError,
        current: &StoredToken,
        records: &Records,
    ) -> Result<Outcome, RefreshError> {
        match (error, self.app.grant_type) {
            (IdentityError::InvalidGrant, GrantType::AuthorizationCode) => {
                self.declare_dead(current, records).await
            }
            (IdentityError::InvalidGrant | IdentityError::InvalidClient, _) => {
                self.services.host.count(Metric::XeroAppRefused);
                tracing::error!(
                    "the Xero token is not refreshed: {}",
                    IdentityError::InvalidClient
                );
                Ok(Outcome::AppRejected)
            }
            (IdentityError::UnauthorizedClient | IdentityError::InvalidScope, _) => {
                self.services.host.count(Metric::XeroAppRefused);
                tracing::error!("the Xero token is not refreshed: {error}");
                Ok(Outcome::ScopesRefused)
            }
            (IdentityError::Transient { .. } | IdentityError::Unexpected { .. }, _) => {
                tracing::warn!("the token refresh is tried again at the next run: {error}");
                Ok(Outcome::TryAgain)
            }
        }
    }

    async fn declare_dead(
        &self,
        current: &StoredToken,
        records: &Records,
    ) -> Result<Outcome, RefreshError> {
        // While the old tokens were tried, a person may have stored a new one.
        if self.custody.current().await?.version != current.version {
            return self.lost_the_swap().await;
        }
        // Or have ended the connection, which is no reason for alarm.
        let known: Dead = records.get(SINGLETON).await?;
        let is_ended_by_person = known.is_some_and(|known| {
            known.value.cause == DeadCause::DisconnectedByPerson
                && known.value.secret_version == current.version
        });
        if is_ended_by_person {
            self.services.count_fresh();
            return Ok(Outcome::DisconnectedByPerson);
        }
        let dead = DeadConnectionRecord {
            since: self.now(),
            why: DEAD.to_owned(),
            secret_version: current.version.clone(),
            cause: DeadCause::RefreshRefused,
        };
        self.services.count_dead();
        tracing::error!("the connection to Xero is dead: {DEAD}");
        let put = records.replace(SINGLETON, &dead).await?;
        records.write(vec![put]).await?;
        Ok(Outcome::ConnectionDead)
    }

    async fn stage(
        &self,
        secret: XeroTokenSecret,
        replaces: &StoredToken,
    ) -> Result<StoredToken, RefreshError> {
        let version = self.services.host.new_id().to_string();
        self.custody.stage(secret, version, replaces).await
    }

    /// Swaps a token that is stored already for the current one; only then is it told of.
    async fn make_current(
        &self,
        current: &StoredToken,
        staged: &StoredToken,
        dead: Dead,
        outcome: Outcome,
    ) -> Result<Outcome, RefreshError> {
        if self.custody.swap(current, staged).await? == Swap::Lost {
            return self.lost_the_swap().await;
        }
        tracing::info!(
            version = staged.version,
            ?outcome,
            "the Xero token is renewed"
        );
        let is_alive = self.is_alive(staged, current, dead).await;
        match self.complete(staged).await? {
            Outcome::Fresh if !is_alive => Ok(Outcome::Disconnected),
            Outcome::Fresh => Ok(outcome),
            other => Ok(other),
        }
    }

    async fn lost_the_swap(&self) -> Result<Outcome, RefreshError> {
        tracing::info!("another version of the Xero token became current meanwhile, and stays");
        let current = self.custody.current().await?;
        if is_fresh(&current.secret, self.now()) {
            self.services.count_fresh();
        }
        Ok(Outcome::Superseded)
    }

    /// The current token is fresh; see to it that its organisation is known and the right one.
    async fn complete(&self, current: &StoredToken) -> Result<Outcome, RefreshError> {
        let Some(tenant) = current.secret.tenant_id else {
            return self.learn_organisation(current).await;
        };
        self.services.count_fresh();
        self.check_organisation(tenant).await;
        Ok(Outcome::Fresh)
    }

    /// Asks Xero which organisation a token is for; `None` where it cannot be asked now.
    async fn organisation_of(
        &self,
        secret: &XeroTokenSecret,
    ) -> Result<Option<TenantId>, RefreshError> {
        let Some(connections) = self.connections(secret).await else {
            return Ok(None);
        };
        let organisations: Vec<TenantId> = connections
            .iter()
            .filter(|connection| connection.is_organisation())
            .map(|connection| connection.tenant_id)
            .collect();
        match organisations.as_slice() {
            [] => Err(RefreshError::NoOrganisation),
            [tenant] => Ok(Some(*tenant)),
            _ => Err(RefreshError::SeveralOrganisations(organisations)),
        }
    }

    /// What the app is connected to; `None` where Xero cannot be asked now.
    async fn connections(&self, secret: &XeroTokenSecret) -> Option<Vec<Connection>> {
        let access_token = secret.access_token.as_ref()?;
        let connections = self.services.xero().connections(access_token).await;
        connections
            .inspect_err(|error| {
                tracing::warn!("Xero does not say now what the app is connected to, and is asked again after the next refresh: {error}");
            })
            .ok()
    }

    /// Asks Xero which organisation the token is for, and stores the answer with it. The token
    /// itself is stored already.
    async fn learn_organisation(&self, current: &StoredToken) -> Result<Outcome, RefreshError> {
        let Some(tenant) = self.organisation_of(&current.secret).await? else {
            return Ok(Outcome::TryAgain);
        };
        let secret = XeroTokenSecret {
            tenant_id: Some(tenant),
            ..current.secret.clone()
        };
        let staged = self.stage(secret, current).await?;
        if self.custody.swap(current, &staged).await? == Swap::Lost {
            return self.lost_the_swap().await;
        }
        tracing::info!(%tenant, "the organisation of the Xero token is learnt");
        self.services.count_fresh();
        self.check_organisation(tenant).await;
        Ok(Outcome::OrganisationLearnt)
    }

    /// The token is kept fresh even for an organisation that nobody confirmed: nothing is done with
    /// it, and the connection stays alive for a person to decide.
    async fn check_organisation(&self, tenant: TenantId) {
        match confirmed_tenant(&*self.services.table, tenant).await {
            Ok(confirmed) if confirmed == tenant => {}
            Ok(confirmed) => {
                self.services.host.count(Metric::OrganisationChanged);
                tracing::error!(%confirmed, connected = %tenant, "the Xero token is for another organisation than the confirmed one");
            }
            Err(error) => tracing::warn!("which organisation is confirmed is not known: {error}"),
        }
    }

    /// Whether nothing is known against the connection now that `renewed` has replaced `current`.
    /// Where Xero had refused the organisation it is asked whether it lists it again: then work
    /// goes on. Until it does, the record moves on to the new version, so that nobody tries in
    /// vain.
    async fn is_alive(&self, renewed: &StoredToken, current: &StoredToken, dead: Dead) -> bool {
        let Some(dead) = dead else { return true };
        let is_of_current = dead.value.secret_version == current.version;
        let is_over = match dead.value.cause {
            // The refresh has just shown that it is over: a person has connected it again.
            DeadCause::RefreshRefused | DeadCause::DisconnectedByPerson => true,
            // No list tells of a permission. A person who connected since may have granted it.
            DeadCause::MissingScope => !is_of_current,
            DeadCause::NotConnected | DeadCause::Unknown => {
                match self.connections(&renewed.secret).await {
                    Some(connections) => connections
                        .iter()
                        .any(|connection| Some(connection.tenant_id) == renewed.secret.tenant_id),
                    None => !is_of_current,
                }
            }
        };
        if let Err(error) = self.note_death(renewed, &dead, is_over).await {
            // A worker that meets the record of an older version asks Xero, and notes what it is
            // told.
            tracing::warn!("the record of the dead connection is as it was: {error}");
        }
        if is_over {
            tracing::info!("Xero takes the connection again");
        } else {
            self.services.count_dead();
            tracing::error!(since = %dead.value.since, "the token is renewed, but the connection to Xero is dead: {}", dead.value.why);
        }
        is_over
    }

    async fn note_death(
        &self,
        renewed: &StoredToken,
        dead: &Stored<DeadConnectionRecord>,
        is_over: bool,
    ) -> Result<(), TableError> {
        let records = self.services.records(&renewed.secret)?;
        let write = if is_over {
            records.delete::<DeadConnectionRecord>(SINGLETON, dead.as_read())
        } else {
            let moved = DeadConnectionRecord {
                secret_version: renewed.version.clone(),
                ..dead.value.clone()
            };
            records.put(SINGLETON, &moved, dead.as_read())?
        };
        match records.write(vec![write]).await {
            // A worker found the new token dead meanwhile: that stands.
            Ok(()) | Err(TableError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn now(&self) -> OffsetDateTime {
        self.services.host.now()
    }
}

/// Exchanges the first refresh token that Xero takes: of those stored by a run that crashed, the
/// newest; the current one; then those of other recent versions, for Xero may have answered two
/// refreshers, of which the one that lost the swap holds the token that lives.
async fn exchange(
    identity: &Identity,
    current: &StoredToken,
    recent: &[StoredToken],
) -> Result<Tokens, IdentityError> {
    let (staged, others): (Vec<_>, Vec<_>) = recent
        .iter()
        .partition(|token| token.is_to_replace(current));
    let mut tried: Vec<&str> = Vec::new();
    for stored in staged.into_iter().chain([current]).chain(others) {
        let Some(refresh_token) = &stored.secret.refresh_token else {
            continue;
        };
        if tried.contains(&refresh_token.expose_secret()) {
            continue;
        }
        match identity.refresh(refresh_token).await {
            Ok(tokens) => {
                // OAuth 2 lets a server keep the refresh token as it is, by not sending one.
                let refresh_token = tokens.refresh_token.or(Some(refresh_token.clone()));
                return Ok(Tokens {
                    refresh_token,
                    ..tokens
                });
            }
            Err(IdentityError::InvalidGrant) => {
                tracing::warn!(
                    version = stored.version,
                    "Xero refuses a stored refresh token"
                );
                tried.push(refresh_token.expose_secret());
            }
            Err(error) => return Err(error),
        }
    }
    Err(IdentityError::InvalidGrant)
}

/// The life is counted from before the call, and no longer than Xero's tokens live: what is longer
/// could not be told from a wrong clock.
fn renewed(old: &XeroTokenSecret, tokens: Tokens, asked_at: OffsetDateTime) -> XeroTokenSecret {
    let life =
        Duration::try_from(tokens.expires_in).map_or(TOKEN_LIFE, |life| life.min(TOKEN_LIFE));
    XeroTokenSecret {
        access_token: Some(tokens.access_token),
        refresh_token: tokens.refresh_token,
        expires_at: Some(asked_at + life),
        tenant_id: old.tenant_id,
    }
}
