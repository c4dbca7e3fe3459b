//! What was done about a contact, kept for people to look up.

use rules::{Change, ContactId, Notice, XeroContactId};
use serde::{Deserialize, Serialize};
use store::{Expect, TableError, Write};
use time::serde::rfc3339;
use time::{Duration, OffsetDateTime};

use super::repository::{Records, kinds};

kinds! {
    HistoryRecord => "history",
}

/// What was done about a contact, kept for people to look up. Sort key: see [`HistoryRecord::key`].
/// It expires (template parameter `HistoryDays`).
///
/// It holds no more of a contact than the change itself did: the fields that were written, and what
/// stood in them before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// What.
    pub event: HistoryEvent,
    /// The Xero contact that it was about.
    pub xero_id: XeroContactId,
    /// The fields that were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What was told of it that happened once, such as a correction that was written over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// What was done about a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryEvent {
    /// Created in Xero and linked.
    Created,
    /// Linked to an existing Xero contact.
    Linked,
    /// Fields were written.
    Updated,
    /// It was deleted in BigChange, and its link released.
    Released,
    /// A person said which Xero contact it is; the link follows.
    ChosenByPerson,
    /// A person took the link away.
    UnlinkedByPerson,
    /// A person said that it is another customer than this Xero contact.
    DistinctByPerson,
    /// Its Xero contact was merged into another there, and the link followed.
    FollowedMerge,
    /// A person said whose values stay where both systems had changed them.
    KeptByPerson,
    /// Something that a newer version of this software did.
    #[serde(other)]
    Unknown,
}

impl HistoryRecord {
    /// Its sort key: ascending in time for one contact.
    #[must_use]
    pub fn key(contact: ContactId, at: OffsetDateTime) -> String {
        let milliseconds = at.unix_timestamp_nanos() / 1_000_000;
        format!("{}{milliseconds:015}", Self::prefix(contact))
    }

    /// The write that keeps it for so many days; `None` for 0.
    ///
    /// # Errors
    /// As [`Records::put`].
    pub fn write(
        &self,
        records: &Records,
        contact: ContactId,
        days: u16,
    ) -> Result<Option<Write>, TableError> {
        if days == 0 {
            return Ok(None);
        }
        let expires_at = self.at + Duration::days(days.into());
        let key = Self::key(contact, self.at);
        records
            .put_expiring(key, self, Expect::Any, expires_at)
            .map(Some)
    }

    /// What the sort keys of one contact begin with.
    #[must_use]
    pub fn prefix(contact: ContactId) -> String {
        format!("{contact}#")
    }
}
