//! What the table holds of contacts that are about to be created.

use std::collections::BTreeSet;

use rules::{Compared, ContactData, ContactId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::records::kinds;

kinds! {
    AnnouncementRecord => "creating",
    LastAnnouncementRecord => "state-creating",
}

/// The contacts that one worker is about to create. Sort key: the attempt and the round. It counts
/// until no create of that attempt can be under way any more, and expires then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnouncementRecord {
    /// Until when.
    #[serde(with = "rfc3339")]
    pub until: OffsetDateTime,
    /// Them.
    pub contacts: Vec<AnnouncedContact>,
}

/// A contact that is about to be created.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnouncedContact {
    /// Its id in BigChange.
    pub contact: ContactId,
    /// Its name.
    pub name: String,
    /// What it is compared by, besides that.
    #[serde(default, skip_serializing_if = "ContactData::is_empty")]
    pub data: ContactData,
    /// The contacts beside which it was decided to create it: their Xero contacts were seen, so
    /// that it does not matter that they are announced too.
    #[serde(skip)]
    pub seen: BTreeSet<ContactId>,
}

/// Which announcement was the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastAnnouncementRecord {
    /// Its sort key.
    pub key: String,
}

impl AnnouncedContact {
    pub(crate) fn compared(&self) -> Compared<'_> {
        Compared {
            name: &self.name,
            data: &self.data,
        }
    }
}
