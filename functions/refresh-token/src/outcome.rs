//! How a run ended, or why it failed.

use rules::TenantId;
use runtime::function::ErrorType;
use secrets::{SecretError, VaultError};
use serde::Serialize;
use store::TableError;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// More than a third of the token's life is left: nothing was called or written.
    Fresh,
    /// A new token is current.
    Refreshed,
    /// A token that an earlier run had stored, and not lived to make current, is current now. No
    /// token was asked for.
    Recovered,
    /// The organisation of the token was learnt and is stored with it.
    OrganisationLearnt,
    /// Nobody has connected Xero yet: there is nothing to refresh.
    NotConnectedYet,
    /// Another refresher holds the lease: nothing was called.
    AnotherIsAtIt,
    /// Another version became current meanwhile; it stays, and what was got is not used.
    #[serde(rename = "lost_the_swap")]
    Superseded,
    /// Xero could not be asked or gave no usable answer: the next run tries again, within the 30
    /// minutes for which Xero takes the old refresh token.
    TryAgain,
    /// A new token is current, but Xero does not let the app into the organisation: it says that
    /// the app is not connected to it, or lacks a permission.
    Disconnected,
    /// Xero takes no refresh token that is stored. A person must connect the app again; until then
    /// Xero is not asked.
    ConnectionDead,
    /// A person disconnected it: nothing was called, and no alarm is to ring.
    DisconnectedByPerson,
    /// Xero does not take the app's own id and secret. A person must store the right ones.
    AppRejected,
    /// Xero does not allow the app a scope that it needs. A person must change the app at Xero; to
    /// connect again does not help.
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
    #[error("Xero is not connected yet: contact-sync connect xero")]
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
