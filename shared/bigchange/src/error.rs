//! Errors, named by what the caller must do about them.

use std::fmt;
use std::time::Duration;

/// Why a call did not do as asked. Neither `Debug` nor `Display` shows anything of a contact, an address or a secret, so both may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Try again later.
    #[error("BigChange is not answering at the moment: {cause}")]
    Transient {
        /// What happened.
        cause: Cause,
        /// How long BigChange asked to be left alone, where it did, in whole seconds and at most a day.
        retry_after: Option<Duration>,
        /// Whether a save may have taken effect all the same: read before saving again.
        may_have_acted: bool,
    },
    /// A person must mend the credentials or the rights; nothing was done.
    #[error("BigChange does not let this program in: {0}")]
    AuthLost(AuthProblem),
    /// BigChange refused, with its own words for the accounts admin. They may hold personal data, so they are shown only by asking for them.
    #[error("BigChange refused {action}")]
    Rejected {
        /// The action, as BigChange's reference spells it.
        action: &'static str,
        /// BigChange's words.
        reason: Words,
    },
    /// The save would make a longer query string than BigChange's web server takes. Nothing was sent.
    #[error("{action} would need a query string of {chars} characters, and at most {max} are sent", max = crate::limits::MAX_QUERY_CHARS)]
    TooLong {
        /// The action, as BigChange's reference spells it.
        action: &'static str,
        /// How long the query string would be.
        chars: usize,
    },
    /// BigChange answered and left a key out without which nothing can be decided: ask again, and tell a
    /// person where it stays so. A key that is not there is not a blank field.
    #[error("BigChange's answer to {action} has no field {key}")]
    Incomplete {
        /// The action, as BigChange's reference spells it.
        action: &'static str,
        /// The key, as BigChange's reference spells it.
        key: &'static str,
    },
    /// Something that BigChange's reference does not describe: a person must look. A save may have taken effect.
    #[error("calling BigChange's {action} came to something unforeseen: {what}")]
    Unexpected {
        /// The action, as BigChange's reference spells it.
        action: &'static str,
        /// What it came to, without the content of any answer.
        what: String,
    },
}

impl Error {
    /// BigChange's own words where it refused: for the accounts admin, not for logs.
    #[must_use]
    pub fn refusal(&self) -> Option<&str> {
        match self {
            Self::Rejected { reason, .. } => Some(reason.as_str()),
            _ => None,
        }
    }
}

/// What kept BigChange from answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// No connection.
    #[error("no connection could be made")]
    NoConnection,
    /// The request left, and no answer came.
    #[error("its answer was lost")]
    AnswerLost,
    /// This HTTP status.
    #[error("HTTP status {0}")]
    Status(u16),
    /// `Code` 3 in its envelope.
    #[error("it reports a server error (Code 3)")]
    ServerError,
}

/// What a person must mend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthProblem {
    /// The secret holds a key or password that cannot be sent at all.
    #[error(
        "the company key in the secret holds a character that cannot be sent; store it again (contact-sync connect bigchange)"
    )]
    Unsendable,
    /// HTTP 401.
    #[error(
        "the user name, password or company key is wrong or has expired (HTTP 401); store the right ones (contact-sync connect bigchange)"
    )]
    Unauthorised,
    /// HTTP 403.
    #[error(
        "the user, or this network address, is barred from the web services (HTTP 403); ask BigChange's support"
    )]
    Forbidden,
    /// `misc_noRight`.
    #[error(
        "the user has no right to {0}, or the company key is wrong (misc_noRight); grant the right in BigChange, or store the right key (contact-sync connect bigchange)"
    )]
    NoRight(&'static str),
}

/// Words that BigChange wrote, at most [`Words::MAX_CHARS`] characters. They may name a customer, so `Debug` shows only their length and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(String);

impl Words {
    /// How much of BigChange's words is kept, in characters.
    pub const MAX_CHARS: usize = 500;

    pub(crate) fn new(text: &str) -> Self {
        Self(text.trim().chars().take(Self::MAX_CHARS).collect())
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words({} characters)", self.0.chars().count())
    }
}
