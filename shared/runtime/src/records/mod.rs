//! What the table holds, and under which keys. Every key begins with the tenant, so that what was
//! learnt of one organisation is never applied to another; the one exception is which organisation
//! was confirmed.

mod connection;
mod contact;
mod deferral;
mod history;
mod outcome;
mod problem;
mod progress;
mod repository;

pub use crate::announcement_records::{AnnouncementRecord, LastAnnouncementRecord};
pub use crate::directory_records::{DirectoryPartRecord, KeptDirectory, StoredXeroContact};
pub use crate::newer::Basis;
pub use connection::{
    DayLimitRecord, DeadCause, DeadConnectionRecord, DirectoryRecord, DisconnectionRecord,
    PauseRecord, QueryKind, RefusedQueryRecord,
};
pub use contact::{ContactRecord, Intent, ReferenceRecord, XeroContactRecord};
pub use deferral::{DeferReason, DeferredRecord};
pub use history::{HistoryEvent, HistoryRecord};
pub use outcome::{EndingKind, FollowRecord, OutcomeRecord};
pub use problem::{ProblemRecord, WaitingRecord};
pub use progress::{
    CursorRecord, GroupFaultRecord, LeaseRecord, PendingReferenceScan, ReferenceScan, SweepRecord,
    XeroChangesRecord,
};
pub(crate) use repository::kinds;
pub use repository::{Record, Records, SINGLETON, Stored, expect, whatever_is_there};
