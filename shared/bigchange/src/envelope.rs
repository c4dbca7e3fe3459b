//! From an HTTP answer to the `Result` of BigChange's envelope, or to the error that it means.

use std::time::Duration;

use http::{StatusCode, header};
use serde_json::Value;
use transport::{Response, TransportError};

use crate::error::{AuthProblem, Cause, Error, Words};
use crate::fields::Fields;

/// The longest `Retry-After` that is believed.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// The `Result` of a call that succeeded; null where there is none.
///
/// Business errors are said to come at HTTP status 200, unconfirmed; so an envelope with `Code` 2 is believed at any status but those that speak for themselves.
pub(crate) fn result_of(action: &'static str, response: &Response) -> Result<Value, Error> {
    let status = response.status();
    match status {
        StatusCode::UNAUTHORIZED => return Err(Error::AuthLost(AuthProblem::Unauthorised)),
        StatusCode::FORBIDDEN => return Err(Error::AuthLost(AuthProblem::Forbidden)),
        StatusCode::TOO_MANY_REQUESTS => return Err(transient_status(response)),
        _ => {}
    }
    let unexpected = |what: &str| Error::Unexpected {
        action,
        what: what.to_owned(),
    };
    let envelope = parse(response.body());
    let fields = envelope.as_ref().and_then(Value::as_object).map(Fields);
    let code = fields.as_ref().and_then(|f| f.integer(&["Code"]).ok()?);
    if code == Some(2) {
        return Err(refusal(action, fields.as_ref()));
    }
    if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
        return Err(transient_status(response));
    }
    if !status.is_success() {
        return Err(unexpected(&format!("HTTP status {}", status.as_u16())));
    }
    match (code, fields) {
        (Some(0), Some(fields)) => Ok(fields.find(&["Result"]).cloned().unwrap_or(Value::Null)),
        (Some(3), _) => Err(Error::Transient {
            cause: Cause::ServerError,
            retry_after: retry_after(response),
            may_have_acted: true,
        }),
        (Some(code), _) => Err(unexpected(&format!("Code {code}"))),
        (None, Some(_)) => Err(unexpected("an answer without a Code")),
        (None, None) => Err(unexpected("an answer that is not a JSON object")),
    }
}

/// What it means that there is no answer at all.
pub(crate) fn unanswered(action: &'static str, error: TransportError) -> Error {
    let transient = |cause, may_have_acted| Error::Transient {
        cause,
        retry_after: None,
        may_have_acted,
    };
    match error {
        TransportError::NotSent => transient(Cause::NoConnection, false),
        TransportError::AnswerLost => transient(Cause::AnswerLost, true),
        TransportError::TooLarge { limit_bytes } => Error::Unexpected {
            action,
            what: format!("an answer of more than {limit_bytes} bytes"),
        },
    }
}

/// The word by which BigChange refuses a user something.
pub(crate) const NO_RIGHT: &str = "misc_noRight";

/// What BigChange says where there is nothing of the kind, in lower case: as a refusal, or as the
/// result of a call that succeeded. A wrong group is told in other words, and is an error.
const NOTHING_FOUND: [&str; 4] = [
    "no result",
    "no results",
    "no contacts found",
    "there are no contacts in this group",
];

/// Whether a text says no more than that there is nothing of the kind.
pub(crate) fn says_nothing_found(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', '!']).trim_end();
    NOTHING_FOUND
        .iter()
        .any(|known| text.eq_ignore_ascii_case(known))
}

/// Whether a text says that there is no contact with the id that was asked for. What is said of a group
/// is not: a contact that passes for deleted loses its link.
pub(crate) fn says_no_such_contact(text: &str) -> bool {
    let words = text.trim().to_ascii_lowercase();
    words.starts_with("no contacts found")
        || (words.starts_with("no result") && says_nothing_found(text))
}

/// Whether a refusal says no more than that there is nothing of the kind.
pub(crate) fn is_nothing_found(error: &Error) -> bool {
    error.refusal().is_some_and(says_nothing_found)
}

fn parse(body: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(body).ok()?;
    serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()
}

fn refusal(action: &'static str, envelope: Option<&Fields<'_>>) -> Error {
    let words = envelope
        .and_then(|f| f.find(&["Result"]))
        .and_then(Value::as_str)
        .unwrap_or_default();
    if words
        .to_ascii_lowercase()
        .contains(&NO_RIGHT.to_ascii_lowercase())
    {
        return Error::AuthLost(AuthProblem::NoRight(action));
    }
    Error::Rejected {
        action,
        reason: Words::new(words),
    }
}

/// Every 5xx may have come after the effect; a 429 comes before it.
fn transient_status(response: &Response) -> Error {
    Error::Transient {
        cause: Cause::Status(response.status().as_u16()),
        retry_after: retry_after(response),
        may_have_acted: response.status() != StatusCode::TOO_MANY_REQUESTS,
    }
}

/// `Retry-After` in seconds. Its other form, a date, would need a clock and has not been seen from BigChange: it counts as none.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response
        .headers()
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}
