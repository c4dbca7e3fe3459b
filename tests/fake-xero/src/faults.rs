//! Things that go wrong on purpose.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde::{Deserialize, Serialize};

use crate::limits::RateLimitProblem;

/// Something that goes wrong with the next matching calls. Faults are kept in the order in which they were added; a call meets the first that matches it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// Only calls by this method, for instance `PUT`; any if absent.
    #[serde(default)]
    pub method: Option<String>,
    /// Only calls whose path contains this; any if absent.
    #[serde(default)]
    pub path: Option<String>,
    /// How many matching calls pass before the first that goes wrong.
    #[serde(default)]
    pub skip: u32,
    /// How many calls go wrong.
    #[serde(default = "one")]
    pub calls: u32,
}

fn one() -> u32 {
    1
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The call fails with a status and has no effect. 401, 403, 500 and 503 come in Xero's shapes. An idempotency key keeps it like any other answer.
    Status {
        /// 400 to 599.
        status: u16,
    },
    /// A gateway in front of Xero answers in its place, as `text/html`: the call does not reach Xero, and no idempotency key keeps the answer.
    Gateway {
        /// For instance 403 or 503.
        status: u16,
        /// Without a body and a content type.
        #[serde(default)]
        blank: bool,
    },
    /// The token endpoint refuses the call with this error of OAuth 2, such as `invalid_scope`. No token is used up.
    OAuth {
        /// The error's code.
        error: String,
    },
    /// The call is refused as if a limit were passed, and has no effect.
    RateLimit {
        /// Which limit.
        problem: RateLimitProblem,
        /// `Retry-After`, if it is to be sent.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
    },
    /// The call is lost on its way: no effect, and no answer.
    LostRequest,
    /// The call takes effect and its answer is lost.
    LostAnswer,
    /// The call takes effect and its answer comes late.
    Delay {
        /// How late.
        milliseconds: u64,
    },
    /// A write takes effect, and its answer does not tell all of it.
    Garbled {
        /// In which way.
        how: Garbling,
    },
}

/// How an answer to a write leaves open what was done. All were reported by users of Xero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Garbling {
    /// The elements come in the opposite order.
    Reversed,
    /// The first element is missing.
    FirstLeftOut,
    /// Every element has a ContactID of zeros, also one that says that it was saved.
    NilIds,
    /// No element says whose it is.
    Anonymous,
    /// Every element is said to be saved, under a ContactID of zeros, and nothing is done.
    NothingDone,
    /// The call is taken for one without `summarizeErrors=false`: one refused element makes the answer
    /// a 400 that tells of it only, although the others are saved.
    Summarised,
}

impl Fault {
    /// A fault of the next call, whatever it is.
    #[must_use]
    pub fn next_call(kind: FaultKind) -> Self {
        Self {
            kind,
            method: None,
            path: None,
            skip: 0,
            calls: 1,
        }
    }

    /// Only calls by a method to a path that contains a text.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = Some(path.to_owned());
        self
    }

    /// How many matching calls go wrong.
    #[must_use]
    pub fn times(mut self, calls: u32) -> Self {
        self.calls = calls;
        self
    }

    /// How many matching calls pass before.
    #[must_use]
    pub fn after(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    fn matches(&self, request: &Request<Bytes>) -> bool {
        self.method
            .as_ref()
            .is_none_or(|m| request.method().as_str().eq_ignore_ascii_case(m))
            && self
                .path
                .as_ref()
                .is_none_or(|p| request.uri().path().contains(p.as_str()))
    }
}

/// How an answer travels: an extension of the answer, for whoever carries it. An answer without it arrives at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It never arrives: the connection breaks instead.
    Lost,
    /// It arrives after this time.
    Late(Duration),
}

/// The faults still to come.
#[derive(Default)]
pub(crate) struct Faults {
    waiting: VecDeque<Fault>,
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        if fault.calls > 0 {
            self.waiting.push_back(fault);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// What goes wrong with this call, if anything does.
    pub(crate) fn take(&mut self, request: &Request<Bytes>) -> Option<FaultKind> {
        let index = self
            .waiting
            .iter()
            .position(|fault| fault.matches(request))?;
        let fault = self.waiting.get_mut(index)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.calls -= 1;
        let kind = fault.kind.clone();
        if fault.calls == 0 {
            self.waiting.remove(index);
        }
        Some(kind)
    }
}
