//! Keeps the stored Xero token fresh, and one that Xero accepts.
//!
//! Xero replaces the refresh token at every use, and takes the old one again for 30 minutes only. So what is got must be stored before anything else happens,
//! and two refreshers, or a refresher and a person who connects anew, must not undo each other:
//! - a new token is stored under a staging label of its own, which leaves the current version as it is, and names the version that it replaces;
//! - then it is made current on the condition that this very version is still the current one. Who loses that swap has changed nothing.
//! - What a crash left between the two is found by what it replaces, and made current by the next run.
//! - The lease only saves calls; nothing depends on its being held.

mod custody;
mod parts;
mod renewal;

use rules::TenantId;
use runtime::function::ErrorType;
use runtime::records::stored_tenant;
use runtime::{Lease, clock_skew};
use secrets::{GrantType, SecretError, VaultError, XeroAppSecret};
use serde::Serialize;
use store::TableError;
use time::Duration;

pub use custody::STAGING_LABEL;
pub use parts::Parts;

use crate::custody::is_fresh;
use crate::renewal::Renewal;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// More than a third of the token's life is left: nothing was called or written.
    Fresh,
    /// A new token is current.
    Refreshed,
    /// A token that an earlier run had stored, and not lived to make current, is current now. No token was asked for.
    Recovered,
    /// The organisation of the token was learnt and is stored with it.
    OrganisationLearnt,
    /// Nobody has connected Xero yet: there is nothing to refresh.
    NotConnectedYet,
    /// Another refresher holds the lease: nothing was called.
    AnotherIsAtIt,
    /// Another version became current meanwhile; it stays, and what was got is not used.
    LostTheSwap,
    /// Xero could not be asked or gave no usable answer: the next run tries again, within the 30 minutes for which Xero takes the old refresh token.
    TryAgain,
    /// A new token is current, but Xero does not let the app into the organisation: it says that the app is not connected to it, or lacks a permission.
    Disconnected,
    /// Xero takes no refresh token that is stored. A person must connect the app again; until then Xero is not asked.
    ConnectionDead,
    /// Xero does not take the app's own id and secret. A person must store the right ones.
    AppRejected,
    /// Xero does not allow the app a scope that it needs. A person must change the app at Xero; to connect again does not help.
    ScopesRefused,
}

/// Why a run failed. What a person can mend says so in one line; the rest passes with a later run.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// One of the two secrets.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The Xero app secret is as the template creates it: nobody has entered the app.
    #[error("{0}")]
    AppNotEntered(SecretError),
    /// The table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The app is one that a person connects, and nobody has.
    #[error(
        "the Xero token secret holds no refresh token: a person must connect the app (contact-sync connect xero; for a custom connection with --custom-connection)"
    )]
    NoRefreshToken,
    /// The app is connected to nothing.
    #[error(
        "the Xero app is not connected to any organisation: connect it to the one whose contacts are to be kept (contact-sync connect xero)"
    )]
    NoOrganisation,
    /// The app is connected to several organisations, and nobody said which one is meant.
    #[error(
        "the Xero app is connected to several organisations: say which one is meant (contact-sync connect xero), {}",
        list(.0)
    )]
    SeveralOrganisations(Vec<TenantId>),
}

impl ErrorType for RefreshError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Vault(error) => error.error_type(),
            Self::Secret(error) | Self::AppNotEntered(error) => error.error_type(),
            Self::Table(error) => error.error_type(),
            Self::NoRefreshToken | Self::NoOrganisation => "NotConnected",
            Self::SeveralOrganisations(_) => "OrganisationNotChosen",
        }
    }
}

/// How many organisations an error lists.
const MAX_LISTED: usize = 10;

fn list(tenants: &[TenantId]) -> String {
    let ids: Vec<_> = tenants
        .iter()
        .take(MAX_LISTED)
        .map(ToString::to_string)
        .collect();
    ids.join(" or ")
}

/// What is leased.
const LEASE: &str = "xero-token";
/// How long a lease lasts whose holder crashed: the function's own time limit of a minute, seen from a clock that is behind.
const LEASE_LENGTH: Duration = Duration::minutes(1).saturating_add(clock_skew::ONE_CLOCK);

/// One run: looks whether the token is due, and renews it.
///
/// A dead connection, a rejected app and a lost call are outcomes, not errors: the first two have an alarm of their own, which an alarm about a failing function
/// would only double; the last mends itself, and has the alarm of a token that stays stale.
///
/// # Errors
/// See [`RefreshError`]. Whatever the error, the current version is one that Xero took when it was stored.
pub async fn refresh(parts: &Parts) -> Result<Outcome, RefreshError> {
    // Read although it may not be needed, so that a mistake in it is told while the current token still lasts.
    let app = parts.app().await;
    let seen = parts.custody().current().await?;
    if seen.secret.is_blank() && is_never_connected(parts, &app).await? {
        // No alarm may ring on a stack that was deployed a moment ago.
        parts.count_fresh();
        tracing::info!("Xero is not connected yet (contact-sync connect xero)");
        return Ok(Outcome::NotConnectedYet);
    }
    let app = app?;
    let is_complete = seen.secret.tenant_id.is_some();
    if is_complete && is_fresh(&seen.secret, parts.surroundings.now()) {
        parts.count_fresh();
        return Ok(Outcome::Fresh);
    }
    let records = parts.records(&seen.secret)?;
    let lease = Lease::take(records, LEASE, LEASE_LENGTH, &parts.surroundings).await?;
    let Some(lease) = lease else {
        tracing::info!("another refresher is at the Xero token");
        return Ok(Outcome::AnotherIsAtIt);
    };
    // What was read before the lease may have been replaced while waiting for it: the renewal reads everything again.
    let outcome = Renewal::new(parts, &app).run().await;
    lease.give_back().await;
    outcome
}

/// Whether a blank token secret is one that nobody has filled yet. A token that was there and is gone must be told: by then the organisation is stored. A custom
/// connection begins with a blank token secret, and gets its token by itself.
async fn is_never_connected(
    parts: &Parts,
    app: &Result<XeroAppSecret, RefreshError>,
) -> Result<bool, RefreshError> {
    let waits_for_a_person = match app {
        Ok(app) => app.grant_type == GrantType::AuthorizationCode,
        Err(RefreshError::AppNotEntered(_)) => true,
        Err(_) => false,
    };
    Ok(waits_for_a_person && stored_tenant(&*parts.table).await?.is_none())
}
