//! Keeps the stored Xero token fresh, and one that Xero accepts.
//!
//! Xero replaces the refresh token at every use, and takes the old one again for 30 minutes only.
//! So what is got must be stored before anything else happens, and two refreshers, or a refresher
//! and a person who connects anew, must not undo each other:
//! - a new token is stored under a staging label of its own, which leaves the current version as it
//!   is, and names the version that it replaces;
//! - then it is made current on the condition that this very version is still the current one. Who
//!   loses that swap has changed nothing.
//! - What a crash left between the two is found by what it replaces, and made current by the next
//!   run.
//! - The lease only saves calls; nothing depends on its being held.

mod custody;
mod outcome;
mod renewal;
mod services;

use runtime::organisation::stored_tenant;
use runtime::{Lease, clock_skew};
use secrets::{GrantType, XeroAppSecret};
use time::Duration;

pub use custody::STAGING_LABEL;
pub use outcome::{Outcome, RefreshError};
pub use services::Services;

use crate::custody::is_fresh;
use crate::renewal::Renewal;

/// What is leased, by whoever renews the token or ends the connection.
pub const LEASE: &str = "xero-token";
/// How long it lasts where its holder crashed: the function's own time limit of a minute, seen
/// from a clock that is behind.
pub const LEASE_LENGTH: Duration = Duration::minutes(1).saturating_add(clock_skew::ONE_CLOCK);

/// One run: looks whether the token is due, and renews it.
///
/// A dead connection, a rejected app and a lost call are outcomes, not errors: the first two have
/// an alarm of their own, which an alarm about a failing function would only double; the last mends
/// itself, and has the alarm of a token that stays stale.
///
/// # Errors
/// See [`RefreshError`]. Whatever the error, the current version is one that Xero took when it was
/// stored.
pub async fn refresh(services: &Services) -> Result<Outcome, RefreshError> {
    // Read although it may not be needed, so that a mistake in it is told while the current token
    // still lasts.
    let app = services.app().await;
    let seen = services.custody().current().await?;
    if seen.secret.is_blank() && is_never_connected(services, &app).await? {
        // No alarm may ring on a stack that was deployed a moment ago.
        services.count_fresh();
        tracing::info!("Xero is not connected yet (contact-sync connect xero)");
        return Ok(Outcome::NotConnectedYet);
    }
    let app = app?;
    let is_complete = seen.secret.tenant_id.is_some();
    if is_complete && is_fresh(&seen.secret, services.host.now()) {
        services.count_fresh();
        return Ok(Outcome::Fresh);
    }
    let records = services.records(&seen.secret)?;
    let lease = Lease::take(records, LEASE, LEASE_LENGTH, &services.host).await?;
    let Some(lease) = lease else {
        tracing::info!("another refresher is at the Xero token");
        return Ok(Outcome::AnotherIsAtIt);
    };
    // What was read before the lease may have been replaced while waiting for it: the renewal reads
    // everything again.
    let outcome = Renewal::new(services, &app).run().await;
    lease.give_back().await;
    outcome
}

/// Whether a blank token secret is one that nobody has filled yet. A token that was there and is
/// gone must be told: by then the organisation is stored. A custom connection begins with a blank
/// token secret, and gets its token by itself.
async fn is_never_connected(
    services: &Services,
    app: &Result<XeroAppSecret, RefreshError>,
) -> Result<bool, RefreshError> {
    let waits_for_a_person = match app {
        Ok(app) => app.grant_type == GrantType::AuthorizationCode,
        Err(RefreshError::AppNotEntered(_)) => true,
        Err(_) => false,
    };
    Ok(waits_for_a_person && stored_tenant(&*services.table).await?.is_none())
}
