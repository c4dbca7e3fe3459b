//! The connection to Xero: pauses, limits, its end, and what is known of the organisation.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::deferral::DeferReason;
use super::repository::kinds;
use crate::directory_records::KeptDirectory;

kinds! {
    PauseRecord => "state-pause",
    DirectoryRecord => "state-directory",
    RefusedQueryRecord => "refused-query",
    DayLimitRecord => "state-day-limit",
    DeadConnectionRecord => "state-dead-connection",
    DisconnectionRecord => "state-dead-connection",
}

/// Xero is not to be called until then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PauseRecord {
    /// Until when.
    #[serde(with = "rfc3339")]
    pub until: OffsetDateTime,
    /// Why, in words for people.
    pub why: String,
    /// Why, for the contacts that are put off because of it. Version 0.1 did not store it, and told
    /// every pause as Xero's limit.
    #[serde(default = "xero_limit")]
    pub reason: DeferReason,
}

fn xero_limit() -> DeferReason {
    DeferReason::XeroLimit
}

/// How large the organisation is, and where the table keeps its contacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DirectoryRecord {
    /// Pages of 1,000 contacts.
    pub pages: u32,
    /// Its contacts, once they were read. Version 0.1 kept none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptDirectory>,
}

/// A kind of query that Xero refuses in this organisation, so that it is not tried again and again.
/// Sort key: [`QueryKind`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedQueryRecord {
    /// When Xero is asked in this way again.
    #[serde(with = "rfc3339")]
    pub until: OffsetDateTime,
}

/// How contacts are asked for in Xero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryKind {
    /// By a filter on account numbers.
    AccountNumber,
    /// By the search for a word.
    Search,
}

impl std::fmt::Display for QueryKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AccountNumber => "account-number",
            Self::Search => "search",
        })
    }
}

/// How many calls a day Xero allows this organisation, as far as its answers have shown: 1,000 on
/// the starter tier, else 5,000.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayLimitRecord {
    /// The most calls that were ever left.
    pub at_least: u32,
}

/// The connection to Xero is dead: no calls until the secret changes or, where the refresh token
/// still lives, Xero lists the organisation again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadConnectionRecord {
    /// Since when.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
    /// Why, with the cure.
    pub why: String,
    /// The version of the token secret that was found dead: another version is another chance. The
    /// token refresh moves it on to the version that it stores.
    pub secret_version: String,
    /// What ended it. Version 0.1 did not store it.
    #[serde(default)]
    pub cause: DeadCause,
}

/// The same record, as the tool reads and writes it: beside what the functions go by, how far a
/// person's `contact-sync disconnect` has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DisconnectionRecord {
    /// What the functions go by.
    #[serde(flatten)]
    pub ended: DeadConnectionRecord,
    /// Xero has not confirmed yet that the connection is revoked.
    #[serde(default)]
    pub is_unconfirmed: bool,
}

impl DisconnectionRecord {
    /// Whether a person disconnected, or began to, while this version of the token secret was
    /// stored.
    #[must_use]
    pub fn is_of(&self, secret_version: &str) -> bool {
        self.ended.cause == DeadCause::DisconnectedByPerson
            && self.ended.secret_version == secret_version
    }
}

/// What ended the connection to Xero: it decides whether the token refresh goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeadCause {
    /// Xero takes none of the stored refresh tokens. Only another secret helps.
    RefreshRefused,
    /// Xero answered that the app is not connected to the organisation. The refresh token lives,
    /// and is kept alive.
    NotConnected,
    /// The app lacks a permission, or the organisation's plan does. The refresh token lives, and is
    /// kept alive.
    MissingScope,
    /// A person disconnected it (`contact-sync disconnect`): nobody refreshes, nobody calls, and no
    /// alarm rings, until a person connects it again.
    DisconnectedByPerson,
    /// Stored by a version that did not say, or that knows other causes. The next refresh finds
    /// out.
    #[default]
    #[serde(other)]
    Unknown,
}

impl DeadCause {
    /// Whether the refresh token may still live, so that refreshing goes on.
    #[must_use]
    pub fn may_be_refreshed(self) -> bool {
        !matches!(self, Self::RefreshRefused | Self::DisconnectedByPerson)
    }
}
