//! Why a poll did not do all that was due.

use bigchange::AuthProblem;
use rules::{GroupFault, GroupId};
use runtime::function::ErrorType;
use runtime::{OpenError, QueueError, StartError};
use store::TableError;

/// Why a poll did not do all that was due. No variant shows anything of a contact or a secret.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// The records cannot be opened: no organisation is connected, or the store or the vault
    /// failed.
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
        /// Whether BigChange does not let this program in, rather than one group being at fault.
        login_lost: bool,
    },
}

impl PollError {
    /// Whether BigChange does not let this program in.
    pub(crate) fn is_login_lost(&self) -> bool {
        matches!(self, Self::Groups { login_lost, .. } if *login_lost)
    }
}

impl ErrorType for PollError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Open(error) => error.error_type(),
            Self::Table(error) => error.error_type(),
            Self::Queue(error) => error.error_type(),
            Self::BigChangeSecret(error) => error.error_type(),
            Self::Groups { .. } if self.is_login_lost() => "BigChangeLoginRefused",
            Self::Groups { .. } => "ContactGroupsNotRead",
        }
    }
}

/// A group of 200,000 contacts is ten times the largest that is expected.
pub(crate) const MAX_PAGES: u32 = 200;

/// Why a contact group could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// BigChange.
    #[error(transparent)]
    BigChange(#[from] bigchange::Error),
    /// The group has no end.
    #[error("it has more than {pages} pages of {size} contacts", pages = MAX_PAGES, size = bigchange::PAGE_SIZE)]
    TooManyPages,
    /// Reading took so long that there would be no time left to queue what was read.
    #[error("there was no time left in this poll, because BigChange answers slowly")]
    OutOfTime,
}

impl GroupError {
    /// Whether BigChange does not let this program in, so that the other groups need not be asked
    /// for. A missing right may be that to one group alone.
    pub(crate) fn is_login_lost(&self) -> bool {
        let Self::BigChange(bigchange::Error::AuthLost(problem)) = self else {
            return false;
        };
        !matches!(problem, AuthProblem::NoRight(_))
    }

    /// Whether BigChange refused.
    pub(crate) fn is_refusal(&self) -> bool {
        use bigchange::Error::{AuthLost, Rejected};
        matches!(self, Self::BigChange(AuthLost(_) | Rejected { .. }))
    }

    /// What is wrong with the group, if it is the group.
    pub(crate) fn fault(&self) -> GroupFault {
        match self {
            Self::BigChange(bigchange::Error::AuthLost(_)) => GroupFault::NoRight,
            Self::BigChange(error) => match error.refusal() {
                Some(words) if says_no_such_group(words) => GroupFault::NoSuchGroup,
                Some(_) => GroupFault::Refused,
                None if matches!(error, bigchange::Error::Transient { .. }) => GroupFault::NoAnswer,
                None => GroupFault::Unreadable,
            },
            Self::TooManyPages => GroupFault::TooLarge,
            Self::OutOfTime => GroupFault::NoAnswer,
        }
    }

    /// BigChange's words, where they say more than the fault.
    pub(crate) fn words(&self) -> Option<String> {
        let Self::BigChange(error) = self else {
            return None;
        };
        let words = error.refusal().map(str::to_owned);
        words.filter(|_| self.fault() == GroupFault::Refused)
    }
}

/// As BigChange's reference has it for a group that was deleted or mistyped, against its words for
/// an empty one.
fn says_no_such_group(words: &str) -> bool {
    let words = words.to_lowercase();
    words.contains("group parameters are incorrect") || words.contains("no matching contact group")
}
