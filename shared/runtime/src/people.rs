//! What the table holds of what people were told: notes in BigChange, the digest, and how many
//! contacts were held.

use std::collections::BTreeMap;

use rules::{
    ContactId, LondonDay, NoteMemory, NoteTrial, NoteTypeId, Notice, OpenCount, ToldProblems,
};
use serde::{Deserialize, Serialize};
use store::{TableError, Write};
use time::serde::rfc3339;
use time::{Duration, OffsetDateTime};

use crate::records::{Records, kinds};

kinds! {
    NoteRecord => "note",
    NoteTrialRecord => "state-note-trial",
    DigestRecord => "state-digest",
    NewsRecord => "news",
    OpenCountsRecord => "state-open-counts",
    StatusToldRecord => "state-status-told",
}

/// The note in BigChange of a held contact. Sort key: the contact's id. Removed when none is open
/// any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteRecord {
    /// What is remembered of it.
    #[serde(flatten)]
    pub note: NoteMemory,
    /// Its type.
    pub note_type: NoteTypeId,
    /// How often in a row it failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Since when it has failed.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub failing_since: Option<OffsetDateTime>,
    /// Not before then: another poll may be at it, or it failed.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub not_before: Option<OffsetDateTime>,
}

impl NoteRecord {
    /// Of a note of this type that was never tried.
    #[must_use]
    pub fn of(note: NoteMemory, note_type: NoteTypeId) -> Self {
        Self {
            note,
            note_type,
            attempts: 0,
            failing_since: None,
            not_before: None,
        }
    }
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// What trying the note actions showed (`contact-sync connect bigchange --try-note`). Without one
/// that worked, no notes are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteTrialRecord {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// With which type of notes.
    pub note_type: NoteTypeId,
    /// What it showed.
    pub outcome: NoteTrial,
}

/// What the digests have told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestRecord {
    /// The day whose digest is sent, or was about to be when the program stopped: no second one
    /// that day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<LondonDay>,
    /// The problems that the last digest which was sent told. At most [`MAX_TOLD`].
    #[serde(default)]
    pub told: ToldProblems,
    /// When the last one was sent.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub sent_at: Option<OffsetDateTime>,
    /// Since when nothing had been synchronised, where the last one told of that.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub standstill: Option<OffsetDateTime>,
}

/// So many problems are remembered as told, for one record takes 400 kB at most. With more than
/// that held, those beyond it are told as new again.
pub const MAX_TOLD: usize = 5_000;

/// A notice that no digest has told yet. Sort key: see [`NewsRecord::key`]. Removed when it was
/// told; it expires after 30 days.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewsRecord {
    /// When it was given.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// The contact.
    pub contact: ContactId,
    /// What.
    pub notice: Notice,
}

/// How long a notice waits to be told.
const NEWS_LAST: Duration = Duration::days(30);

impl NewsRecord {
    /// Its sort key: ascending in time. `number` tells those of one contact apart that were given
    /// at once.
    #[must_use]
    pub fn key(&self, number: usize) -> String {
        let milliseconds = self.at.unix_timestamp_nanos() / 1_000_000;
        format!("{milliseconds:015}#{}#{number}", self.contact)
    }

    /// The write that keeps it until it was told.
    ///
    /// # Errors
    /// As [`Records::put`].
    pub fn write(&self, records: &Records, number: usize) -> Result<Write, TableError> {
        let expires_at = self.at + NEWS_LAST;
        records.put_expiring(self.key(number), self, store::Expect::Any, expires_at)
    }

    /// Whether it is still to be told: the store tidies expired ones up in its own time.
    #[must_use]
    pub fn is_to_be_told(&self, now: OffsetDateTime) -> bool {
        now - self.at < NEWS_LAST
    }
}

/// What `contact-sync status --only-new` has told of what needs attention.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusToldRecord {
    /// By what it is about, of how many it was.
    #[serde(default)]
    pub told: BTreeMap<String, u64>,
}

/// How many contacts were held, hour by hour, for a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCountsRecord {
    /// The oldest first.
    pub counts: Vec<OpenCount>,
}
