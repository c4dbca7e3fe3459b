//! Failures on order.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultKind {
    /// The call is answered with this HTTP status and has no effect.
    Status {
        /// For instance 429, 500 or 503.
        status: u16,
        /// The header `Retry-After`, in seconds.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
    },
    /// The call is answered with `Code` 3, a server error inside the envelope, and has no effect.
    ServerError,
    /// The call is answered with `Code` 2 and these words, and has no effect.
    Refusal {
        /// The words.
        words: String,
    },
    /// The call has its effect, and the caller never gets the answer: the answer carries the extension [`LostAnswer`].
    LostAnswer,
    /// The call has its effect, and its answer takes this long: the answer carries the extension [`Hold`].
    Delay {
        /// How long, in milliseconds.
        milliseconds: u64,
    },
}

/// A failure of the next calls that fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Which action, in any case; `None` for every action.
    #[serde(default)]
    pub action: Option<String>,
    /// Of how many calls more.
    #[serde(default = "once")]
    pub times: u32,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A failure of the next call of any action.
    #[must_use]
    pub fn next(kind: FaultKind) -> Self {
        Self {
            action: None,
            times: 1,
            kind,
        }
    }

    /// A failure of the next call of one action.
    #[must_use]
    pub fn next_of(action: &str, kind: FaultKind) -> Self {
        Self {
            action: Some(action.to_owned()),
            times: 1,
            kind,
        }
    }

    pub(crate) fn fits(&self, action: &str) -> bool {
        self.times > 0
            && self
                .action
                .as_deref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(action))
    }
}

/// Marks an answer (as an extension) that whoever carries it must lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostAnswer;

/// Marks an answer (as an extension) that whoever carries it must hold back for this long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hold(pub Duration);
