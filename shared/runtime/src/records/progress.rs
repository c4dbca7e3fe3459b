//! How far the poll and its sweeps have come.

use std::collections::BTreeSet;

use rules::{Fingerprint, GroupFault, GroupId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::repository::kinds;

kinds! {
    CursorRecord => "cursor",
    PendingReferenceScan => "unread",
    SweepRecord => "state-sweep",
    XeroChangesRecord => "state-look",
    ReferenceScan => "state-references-read",
    GroupFaultRecord => "group-fault",
    LeaseRecord => "lease",
}

/// Up to when a contact group has been read. Sort key: the group's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CursorRecord {
    /// Everything that changed before this is queued.
    #[serde(with = "rfc3339")]
    pub changed_since: OffsetDateTime,
}

/// An account contact whose account reference has not been read yet. Sort key: its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingReferenceScan {}

/// The last full sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// The settings that it ran under: when they change, another one is due.
    pub settings: Fingerprint,
    /// When it queued everything.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// The settings had changed: another one is due then, since workers with the old settings may
    /// have been at it beside the new ones.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub again_at: Option<OffsetDateTime>,
}

/// The last look at what changed in Xero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct XeroChangesRecord {
    /// Everything that changed in Xero before this has been looked at.
    #[serde(with = "rfc3339")]
    pub changed_since: OffsetDateTime,
    /// When every link was last compared with the whole list. Version 0.1 did not.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub compared_at: Option<OffsetDateTime>,
    /// The page at which comparing goes on, where it has come no further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page: Option<u32>,
}

/// Every account contact has been read once and its reference reserved: codes may be generated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceScan {
    /// The groups and settings that this was true of.
    pub settings: Fingerprint,
    /// Whether the contacts that were listed have all been read by now.
    pub complete: bool,
    /// The groups that could not be listed yet. While there is one, this is not complete.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub missing: BTreeSet<GroupId>,
}

/// A contact group that cannot be read while others can. Sort key: the group's id. Removed when it
/// is read again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupFaultRecord {
    /// Since when.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
    /// Why.
    pub fault: GroupFault,
    /// BigChange's own words, where it refused in words that are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Whether a full sweep was made without it, so that all of it is to be read as soon as it can
    /// be.
    #[serde(default)]
    pub missed_sweep: bool,
    /// When it was last tried to read all of it, while its changes alone could be read.
    #[serde(default, with = "rfc3339::option")]
    pub tried_whole_at: Option<OffsetDateTime>,
}

/// A lease, for efficiency only: correctness comes from conditional writes. Sort key: what is
/// leased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaseRecord {
    /// Who has it.
    pub holder: String,
    /// Until when.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
}
