//! Why a poll did not do all that was due.

use rules::GroupId;
use runtime::function::ErrorType;
use runtime::{OpenError, QueueError, StartError};
use store::TableError;

/// Why a poll did not do all that was due. No variant shows anything of a contact or a secret.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The records cannot be opened: no organisation is connected, or the store or the vault failed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The queue.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The BigChange secret.
    #[error(transparent)]
    BigChangeSecret(#[from] StartError),
    /// Some contact groups could not be read. The changes of the others are queued.
    #[error(
        "{failed} of {groups} contact groups could not be read, the first of them group {first}: {why}"
    )]
    Groups {
        /// How many.
        failed: usize,
        /// Of how many.
        groups: usize,
        /// The first that failed.
        first: GroupId,
        /// Why it did.
        why: GroupError,
    },
}

impl PollError {
    /// Whether BigChange does not let this program in.
    pub(crate) fn is_login_refused(&self) -> bool {
        matches!(self, Self::Groups { why, .. } if why.is_login_refused())
    }
}

impl ErrorType for PollError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Open(error) => error.error_type(),
            Self::Table(error) => error.error_type(),
            Self::Queue(error) => error.error_type(),
            Self::BigChangeSecret(error) => error.error_type(),
            Self::Groups { .. } if self.is_login_refused() => "BigChangeLoginRefused",
            Self::Groups { .. } => "ContactGroupsNotRead",
        }
    }
}

/// Why a contact group could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// BigChange.
    #[error(transparent)]
    BigChange(#[from] bigchange::Error),
    /// The group has no end.
    #[error("it has more than {pages} pages of {size} contacts", pages = crate::groups::MAX_PAGES, size = bigchange::PAGE_SIZE)]
    TooManyPages,
    /// Reading took so long that there would be no time left to queue what was read.
    #[error("there was no time left in this poll, because BigChange answers slowly")]
    OutOfTime,
}

impl GroupError {
    /// Whether BigChange does not let this program in, so that the other groups need not be asked for.
    pub(crate) fn is_login_refused(&self) -> bool {
        matches!(self, Self::BigChange(bigchange::Error::AuthLost(_)))
    }
}
