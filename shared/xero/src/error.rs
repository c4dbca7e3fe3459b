//! Why a call brought no answer, named by what the caller must do.

use std::fmt;
use std::time::Duration;

use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use transport::{Response, TransportError};

use crate::answer::Limits;
use crate::failure::Failure;
use crate::{Messages, Refusal};

/// Why a call to Xero brought no answer. Neither form shows names, messages, tokens or addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A limit of Xero is reached; nothing was done. Defer, for every worker of this organisation.
    #[error("Xero's limit of calls is reached ({problem})")]
    RateLimited {
        /// Which limit.
        problem: LimitProblem,
        /// How long Xero asks to wait; it doesn't say for too many calls at once.
        retry_after: Option<Duration>,
        /// How many calls are left.
        limits: Limits,
    },
    /// Xero is out of order, the organisation offline, a gateway in front of Xero answered in its place, or the answer was lost: defer.
    #[error("Xero cannot be reached or is out of order{}", if *answer_lost { "; what was sent may have been done" } else { "" })]
    Transient {
        /// How long Xero asks to wait, if it does.
        retry_after: Option<Duration>,
        /// Whether a write may have been done all the same: look before writing again. Never so for a read.
        answer_lost: bool,
    },
    /// The access token is expired or not valid: read the stored one again, once, then defer.
    #[error("Xero does not accept the access token any more")]
    AuthExpired,
    /// The connection is gone or may not do this: no retry helps, a person must act.
    #[error("Xero refuses the connection: {cause}")]
    AuthLost {
        /// What is wrong, and the cure.
        cause: AuthLostCause,
    },
    /// There is no contact with the ContactID that was to be updated.
    #[error("Xero does not know that contact")]
    NotFound,
    /// The call was refused as a whole because Xero could not read or process its body: nothing was
    /// saved. Xero's errors of this form name no element.
    #[error("Xero could not process the call")]
    NothingProcessed {
        /// Xero's own words, for a person's eyes only.
        messages: Messages,
    },
    /// The call was refused as a whole, as not valid. Whether parts of a batch were saved is not known.
    #[error("Xero refused the call as not valid ({kind:?}, {} messages)", messages.len())]
    Rejected {
        /// Which refusal the messages tell of.
        kind: Refusal,
        /// Xero's own words, for a person's eyes only: they quote names.
        messages: Messages,
    },
    /// Xero refuses this kind of query: it cannot parse it, or does not offer it to an organisation of
    /// this size. It says nothing about which contacts there are: ask in another way.
    #[error("Xero refuses this kind of query")]
    QueryRefused,
    /// More contacts match than one answer holds: what came cannot be taken for everything.
    #[error("more contacts match than one answer holds")]
    TooManyContacts,
    /// The idempotency key was used for something else within the last minutes: look at what is there, then use a new key.
    #[error("the idempotency key was used for another request")]
    IdempotencyKeyReused,
    /// The call would break one of this client's limits, so nothing was sent: a fault of the caller.
    #[error("nothing was asked of Xero: {why}")]
    InvalidRequest {
        /// Which limit.
        why: &'static str,
    },
    /// Xero answered what this client does not understand or trust. A write may have been done: look before writing again.
    #[error("Xero answered with {}, unexpectedly: {what}", Status(*status))]
    Unexpected {
        /// The HTTP status, where there was an answer.
        status: Option<u16>,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// Which of Xero's limits is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LimitProblem {
    /// 60 calls within a minute.
    Minute,
    /// 5,000 calls within a day.
    Day,
    /// 5 calls at once.
    Concurrent,
    /// Xero did not say.
    Unknown,
}

impl fmt::Display for LimitProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "of a minute",
            Self::Day => "of the day",
            Self::Concurrent => "of calls at once",
            Self::Unknown => "unknown which",
        })
    }
}

/// What ended an authorisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthLostCause {
    /// The app is not connected to this organisation (any more).
    NotConnected,
    /// The app was connected without a permission that it needs.
    MissingScope,
}

impl fmt::Display for AuthLostCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotConnected => {
                "the app is not connected to this organisation; a person must connect it again, choosing the same organisation"
            }
            Self::MissingScope => {
                "the app lacks a permission; a person must connect it again and grant accounting.contacts and accounting.settings.read"
            }
        })
    }
}

struct Status(Option<u16>);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(status) => write!(f, "status {status}"),
            None => f.write_str("no status"),
        }
    }
}

/// Whether a call may change something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    Writes,
}

impl Error {
    pub(crate) fn unexpected(status: StatusCode, what: &'static str) -> Self {
        Self::Unexpected {
            status: Some(status.as_u16()),
            what,
        }
    }

    pub(crate) fn of_transport(error: TransportError, effect: Effect) -> Self {
        match (error, effect) {
            (TransportError::NotSent, _) | (TransportError::AnswerLost, Effect::Reads) => {
                Self::Transient {
                    retry_after: None,
                    answer_lost: false,
                }
            }
            (TransportError::AnswerLost | TransportError::TooLarge { .. }, Effect::Writes) => {
                Self::Transient {
                    retry_after: None,
                    answer_lost: true,
                }
            }
            (TransportError::TooLarge { .. }, Effect::Reads) => Self::Unexpected {
                status: None,
                what: "an answer larger than this program reads",
            },
        }
    }

    /// An answer that Xero's API itself did not give, or gave while out of order. Whether Xero acted can't be told from here.
    pub(crate) fn not_from_xero(response: &Response, effect: Effect) -> Self {
        Self::Transient {
            retry_after: retry_after(response.headers()),
            answer_lost: effect == Effect::Writes,
        }
    }

    /// Reads an answer that is no success.
    pub(crate) fn of_response(response: &Response, effect: Effect) -> Self {
        let status = response.status();
        let headers = response.headers();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => refused_access(response, effect),
            // The body is empty and has no content type: everything is in the headers.
            StatusCode::TOO_MANY_REQUESTS => Self::RateLimited {
                problem: limit_problem(headers),
                retry_after: retry_after(headers),
                limits: Limits::from_headers(headers),
            },
            // Whether Xero acted before it failed can't be told from here.
            _ if status.is_server_error()
                || status == StatusCode::REQUEST_TIMEOUT
                || is_page(response) =>
            {
                Self::not_from_xero(response, effect)
            }
            StatusCode::BAD_REQUEST => bad_request(&Failure::parse(response.body())),
            _ => Self::unexpected(status, "a status that this call does not have"),
        }
    }
}

fn bad_request(failure: &Failure) -> Error {
    /// Xero's number for a query over an organisation of more than 100,000 contacts that it cannot answer from an index.
    const HIGH_VOLUME: i64 = 51;
    /// Xero's number for a body of which it processed nothing.
    const NO_DATA_PROCESSED: i64 = 17;
    /// Xero's number for a body that it could not read.
    const POST_DATA_INVALID: i64 = 14;
    /// Xero's number for a filter that it does not offer to this organisation, seen since 2026.
    const FILTER_UNAVAILABLE: i64 = 9_191_919;
    /// Xero's number for a filter that it cannot parse.
    const QUERY_PARSE: i64 = 16;
    if failure.says_that_the_key_was_reused() {
        Error::IdempotencyKeyReused
    } else if failure.is("HighVolumeException", HIGH_VOLUME)
        || failure.is(
            "HighVolumeFilterUnavailableApiException",
            FILTER_UNAVAILABLE,
        )
        || failure.is("QueryParseException", QUERY_PARSE)
    {
        Error::QueryRefused
    } else if failure.names_no_element()
        && (failure.is("NoDataProcessedException", NO_DATA_PROCESSED)
            || failure.is("PostDataInvalidException", POST_DATA_INVALID))
    {
        Error::NothingProcessed {
            messages: failure.messages(),
        }
    } else if failure.is_known() {
        Error::Rejected {
            kind: failure.refusal(),
            messages: failure.messages(),
        }
    } else {
        Error::unexpected(
            StatusCode::BAD_REQUEST,
            "a refusal that does not say what is wrong",
        )
    }
}

/// Whether an answer is a page for people. In front of Xero stands a gateway that answers in HTML ("Access Denied"), as integrators report; Xero's API does so
/// for 404 alone.
pub(crate) fn is_page(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE);
    let is_html = content_type
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim().to_ascii_lowercase().starts_with("text/html"));
    is_html && response.status() != StatusCode::NOT_FOUND
}

/// 401 and 403 share one shape, by which Xero's own refusal is told from a gateway's. A token that lacks a scope is answered with 401 as well; then no refresh
/// helps, and the header (or, on some answers, only `Detail`: AuthorizationUnsuccessful) tells it from an expired one. Any other 401 is about this access token
/// alone: whether the connection is dead, the next refresh tells. A 403 that is not of Xero's form is a passing fault: it must not end a connection.
fn refused_access(response: &Response, effect: Effect) -> Error {
    let lacks_scope = response
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(str::to_ascii_lowercase)
        // The second spelling is Xero's own, on some of its answers.
        .any(|value| value.contains("insufficient_scope") || value.contains("insufficent_scope"));
    if is_page(response) {
        return Error::not_from_xero(response, effect);
    }
    let failure = Failure::parse(response.body());
    let lacks_scope = lacks_scope || failure.detail().starts_with("authorizationunsuccessful");
    match response.status() {
        _ if lacks_scope => Error::AuthLost {
            cause: AuthLostCause::MissingScope,
        },
        StatusCode::FORBIDDEN if failure.is_refusal_of(StatusCode::FORBIDDEN) => Error::AuthLost {
            cause: AuthLostCause::NotConnected,
        },
        StatusCode::FORBIDDEN => Error::not_from_xero(response, effect),
        _ => Error::AuthExpired,
    }
}

fn limit_problem(headers: &HeaderMap) -> LimitProblem {
    let problem = headers
        .get("x-rate-limit-problem")
        .and_then(|value| value.to_str().ok())
        .map(|value| value.trim().to_ascii_lowercase());
    match problem.as_deref() {
        Some("minute" | "appminute") => LimitProblem::Minute,
        Some("day") => LimitProblem::Day,
        Some("concurrent") => LimitProblem::Concurrent,
        _ => LimitProblem::Unknown,
    }
}

/// The longest wait that is believed: Xero's longest window is a day.
const MAX_RETRY_AFTER_SECONDS: u64 = 24 * 60 * 60;

/// Xero sends whole seconds; the header's other form, a date, reads as none.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds.min(MAX_RETRY_AFTER_SECONDS)))
}
