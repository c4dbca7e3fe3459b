//! How contacts ended while somebody followed along.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::repository::kinds;

kinds! {
    FollowRecord => "state-follow",
    OutcomeRecord => "outcome",
}

/// Somebody follows along: until then each worker notes how its contacts ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowRecord {
    /// Until when.
    #[serde(with = "rfc3339")]
    pub until: OffsetDateTime,
}

/// How a contact's last message ended, while somebody followed along. Sort key: its id. It expires
/// after a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// How.
    pub ending: EndingKind,
    /// The outcome, problem code or reason, as the logs have it.
    pub detail: String,
}

/// How a contact's message ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EndingKind {
    /// Created in Xero.
    Created,
    /// Linked to an existing Xero contact.
    Linked,
    /// Changes were carried over.
    Updated,
    /// Nothing differed.
    Unchanged,
    /// Left alone, as it should be.
    LeftAlone,
    /// Held: there is a problem.
    Held,
    /// Put off: it is queued again when it is due.
    PutOff,
    /// Given up: it is in the dead-letter queue.
    GivenUp,
    /// An ending that only a newer version of this software knows.
    #[serde(other)]
    Unknown,
}
