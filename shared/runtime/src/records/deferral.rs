//! Contacts that were put off.

use rules::{AskedBy, UnknownAnswers};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::repository::kinds;

kinds! {
    DeferredRecord => "deferred",
}

/// A contact to be queued again when it is due. Sort key: its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeferredRecord {
    /// Since when it has been put off: the oldest go first.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
    /// When it is due.
    #[serde(with = "rfc3339")]
    pub due: OffsetDateTime,
    /// Why.
    pub reason: DeferReason,
    /// How often it was put off for its own sake, rather than because everybody had to wait.
    pub attempts: u32,
    /// How many answers of BigChange in a row lacked a key that is needed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub incomplete_answers: u32,
    /// How often Xero's answer to a write did not tell what became of it.
    #[serde(default, skip_serializing_if = "UnknownAnswers::is_none")]
    pub unknown_answers: UnknownAnswers,
    /// Who asked for it: what a person asked for is queued again although the switch is off.
    #[serde(default, skip_serializing_if = "AskedBy::is_schedule")]
    pub by: AskedBy,
    /// Whether its Xero contact was seen not to be as its link says, so that it has to be looked at
    /// although nothing changed in BigChange.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub look_at_xero: bool,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Why a contact was put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeferReason {
    /// Xero's limit is used up, or nearly.
    XeroLimit,
    /// Xero is offline or gave no answer.
    XeroUnavailable,
    /// The connection to Xero is not usable now.
    NotConnected,
    /// BigChange is offline or gave no answer.
    BigChangeUnavailable,
    /// BigChange does not let us in.
    BigChangeRefusedLogin,
    /// Another worker is at this contact, or was when it stopped; or it was quicker about what this one
    /// needs: its record, a reference, or a likely namesake that it is about to create.
    AnotherWorker,
    /// No code may be generated before every account contact has been read once.
    ReferencesNotRead,
    /// It shares its name or reference with another contact of the same batch, which goes first.
    #[serde(rename = "AfterItsTwin")]
    BatchConflict,
    /// An answer was not what the two systems' references describe.
    UnexpectedAnswer,
    /// The invocation had no time left.
    OutOfTime,
    /// The switch is off, and no person asked for it: it goes on when the switch is on again.
    SwitchedOff,
    /// Xero refuses to be asked for single contacts, and has too many to read them all.
    XeroRefusesLookups,
    /// Its Xero contact was seen not to be as its link says.
    ChangedInXero,
    /// A newer version of this software was writing it in a way that this version does not know.
    NewerVersion,
    /// A newer version of this software put it off, for a reason that this version does not know.
    #[serde(other)]
    Unknown,
}

impl DeferReason {
    /// Whether it goes on by itself as soon as Xero may be called again, so that waiting is all
    /// there is to do.
    #[must_use]
    pub fn is_pause_of_xero(self) -> bool {
        matches!(self, Self::XeroLimit | Self::XeroUnavailable)
    }
}
