//! The log of calls.

use std::collections::{BTreeMap, VecDeque};
use std::time::SystemTime;

use http::Method;
use serde::Serialize;

/// The Contacts API.
pub(crate) const CONTACTS_PATH: &str = "/api.xro/2.0/Contacts";
/// The organisation itself.
pub(crate) const ORGANISATION_PATH: &str = "/api.xro/2.0/Organisation";
/// How many calls are kept; the oldest go first. The counts go on.
const MAX_LOGGED_CALLS: usize = 100_000;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CallKind {
    /// `POST /connect/token`.
    Token,
    /// `POST /connect/revocation`.
    Revocation,
    /// `GET /identity/connect/authorize`.
    Authorize,
    /// `GET /connections`.
    Connections,
    /// `GET /Organisation`.
    Organisation,
    /// `GET /Contacts`.
    List,
    /// `GET /Contacts/{id or number}`.
    Single,
    /// `PUT /Contacts`.
    Create,
    /// `POST /Contacts`.
    Upsert,
    /// `POST /Contacts/{id}`.
    Update,
    /// Anything that Xero does not serve here.
    Other,
}

impl CallKind {
    /// Xero takes its paths in any case: its own SDK asks for `/Connections`.
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        let one = contact_in_path(path).is_some();
        let is = |known: &str| path.eq_ignore_ascii_case(known);
        match (method, path) {
            (&Method::POST, _) if is("/connect/token") => Self::Token,
            (&Method::POST, _) if is("/connect/revocation") => Self::Revocation,
            (&Method::GET, _) if is("/identity/connect/authorize") => Self::Authorize,
            (&Method::GET, _) if is("/connections") => Self::Connections,
            (&Method::GET, _) if is(ORGANISATION_PATH) => Self::Organisation,
            (&Method::GET, _) if is(CONTACTS_PATH) => Self::List,
            (&Method::PUT, _) if is(CONTACTS_PATH) => Self::Create,
            (&Method::POST, _) if is(CONTACTS_PATH) => Self::Upsert,
            (&Method::GET, _) if one => Self::Single,
            (&Method::POST, _) if one => Self::Update,
            _ => Self::Other,
        }
    }

    /// Whether the call counts against the limits of the Contacts API.
    #[must_use]
    pub fn is_limited(self) -> bool {
        !matches!(
            self,
            Self::Token | Self::Revocation | Self::Authorize | Self::Connections
        )
    }
}

/// The last part of `/Contacts/{…}`, still percent-encoded.
pub(crate) fn contact_in_path(path: &str) -> Option<&str> {
    path.split_at_checked(CONTACTS_PATH.len())
        .filter(|(start, _)| start.eq_ignore_ascii_case(CONTACTS_PATH))
        .and_then(|(_, tail)| tail.strip_prefix('/'))
        .filter(|tail| !tail.is_empty() && !tail.contains('/'))
}

/// One call as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When.
    pub at: SystemTime,
    /// What for.
    pub kind: CallKind,
    /// `GET`, `PUT`, `POST`, …
    pub method: String,
    /// Path and query, as sent.
    pub path_and_query: String,
    /// The status of the answer, or the one that was lost; 0 where the call was lost before it had any effect.
    pub status: u16,
    /// How many contacts were sent, or were returned to a read.
    pub elements: usize,
    /// Whether a fault kept the answer from the caller.
    pub answer_lost: bool,
}

/// The calls since the last reset.
#[derive(Default)]
pub(crate) struct CallLog {
    calls: VecDeque<Call>,
    counts: BTreeMap<CallKind, usize>,
}

impl CallLog {
    pub(crate) fn record(&mut self, call: Call) {
        *self.counts.entry(call.kind).or_default() += 1;
        if self.calls.len() == MAX_LOGGED_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter()
    }

    pub(crate) fn counts(&self) -> &BTreeMap<CallKind, usize> {
        &self.counts
    }
}
