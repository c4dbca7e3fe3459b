//! Held contacts.

use rules::{ContactId, Fingerprint, Problem, Watch};
use serde::{Deserialize, Serialize};
use store::{TableError, Write};
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::repository::{Records, Stored, kinds};

kinds! {
    ProblemRecord => "problem",
    WaitingRecord => "waiting",
}

/// A held contact. Sort key: its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProblemRecord {
    /// What is wrong.
    pub problem: Problem,
    /// The contact's name in BigChange, for the people who read it.
    pub name: String,
    /// What is wrong, in a sentence for them.
    #[serde(default)]
    pub sentence: String,
    /// What to do about it, in another.
    #[serde(default)]
    pub cure: String,
    /// The contact and the settings as they were when it was held.
    pub fingerprint: Fingerprint,
    /// What it waits for in Xero.
    pub watch: Watch,
    /// Whether it is to be tried again although neither the contact nor the settings changed.
    #[serde(default)]
    pub retry: bool,
    /// When it was first seen.
    #[serde(with = "rfc3339")]
    pub first_seen: OffsetDateTime,
    /// Since when the contact had been put off before, where it was: what the first sweep found is
    /// told from what came later by that. Version 0.1 did not store it.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub put_off_since: Option<OffsetDateTime>,
    /// When it was last seen; written at most daily.
    #[serde(with = "rfc3339")]
    pub last_seen: OffsetDateTime,
}

/// A held contact that waits for another. Sort key: `<the contact that its problem names>#<the held
/// one>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitingRecord {
    /// The contact that the problem names.
    pub named: ContactId,
    /// The held contact.
    pub waiter: ContactId,
}

impl WaitingRecord {
    /// The sort key of the record that one contact waits for another.
    #[must_use]
    pub fn key(named: ContactId, waiter: ContactId) -> String {
        format!("{named}#{waiter}")
    }
}

impl Records {
    /// The write that lets the worker ask Xero again about a held contact; it would not by itself,
    /// where neither the contact nor the settings changed.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn try_again(&self, held: &Stored<ProblemRecord>) -> Result<Write, TableError> {
        let again = ProblemRecord {
            retry: true,
            ..held.value.clone()
        };
        self.put(&held.sort_key, &again, held.as_read())
    }
}
