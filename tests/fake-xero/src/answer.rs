//! Answers, in the shapes that Xero gives them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;
use uuid::Uuid;

/// A whole answer.
pub(crate) type Answer = Response<Bytes>;

/// The name of the app, which Xero repeats in every answer.
const PROVIDER_NAME: &str = "Fake Xero App";

/// Why a call is refused as a whole.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Refusal {
    /// The page or contact does not exist: HTML, with an empty body.
    NotFound,
    /// A `where`, `order`, `IDs` or header that does not parse.
    Query,
    /// An unoptimised query against a very large organisation.
    HighVolume,
    /// A filter that is not offered to this organisation.
    FilterUnavailable,
    /// A body that is not what the endpoint takes, or more of it than it takes.
    Body(&'static str),
    /// Elements were refused and the caller had not asked for them one by one.
    Validation(Vec<Value>),
    /// No access token, or none that is known.
    UnknownToken,
    /// The access token is past its time.
    ExpiredToken(SystemTime),
    /// The access token was not granted this scope.
    MissingScope,
    /// The tenant header is missing, or names an organisation that the token is not connected to.
    Tenant,
    /// An idempotency key of another request, or an overlong one.
    IdempotencyKey(String),
}

impl Refusal {
    pub(crate) fn into_answer(self, instance: Uuid) -> Answer {
        match self {
            Self::NotFound => html(StatusCode::NOT_FOUND),
            Self::Query => api_error(16, "QueryParseException", "Syntax error"),
            Self::HighVolume => api_error(
                51,
                "HighVolumeException",
                "This query is not optimised for an organisation with this many contacts",
            ),
            Self::FilterUnavailable => api_error(
                9_191_919,
                "HighVolumeFilterUnavailableApiException",
                "This filter is not available for this organisation",
            ),
            Self::Body(message) => api_error(14, "PostDataInvalidException", message),
            Self::Validation(elements) => json_answer(
                StatusCode::BAD_REQUEST,
                &json!({ "ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred", "Elements": elements }),
            ),
            Self::IdempotencyKey(message) => api_error(10, "ValidationException", &message),
            Self::UnknownToken => denied(
                StatusCode::UNAUTHORIZED,
                "AuthenticationUnsuccessful",
                instance,
            ),
            Self::ExpiredToken(at) => denied(
                StatusCode::UNAUTHORIZED,
                &format!("TokenExpired: token expired at {}", us_date_time(at)),
                instance,
            ),
            Self::MissingScope => {
                let mut answer = denied(
                    StatusCode::UNAUTHORIZED,
                    "AuthorizationUnsuccessful",
                    instance,
                );
                answer.headers_mut().insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer error=\"insufficient_scope\""),
                );
                answer
            }
            Self::Tenant => denied(
                StatusCode::FORBIDDEN,
                "AuthenticationUnsuccessful",
                instance,
            ),
        }
    }
}

fn api_error(number: u32, kind: &str, message: &str) -> Answer {
    let body = json!({ "ErrorNumber": number, "Type": kind, "Message": message });
    json_answer(StatusCode::BAD_REQUEST, &body)
}

pub(crate) fn denied(status: StatusCode, detail: &str, instance: Uuid) -> Answer {
    let body = json!({
        "Type": null,
        "Title": status.canonical_reason().unwrap_or_default(),
        "Status": status.as_u16(),
        "Detail": detail,
        "Instance": instance,
        "Extensions": {},
    });
    json_answer(status, &body)
}

/// What Xero answers when it breaks.
pub(crate) fn server_error(instance: Uuid) -> Answer {
    let status = StatusCode::INTERNAL_SERVER_ERROR;
    let body = json!({
        "Title": "An error occurred",
        "Detail": "An error occurred in Xero. Check the API Status page for current service status.",
        "Status": status.as_u16(),
        "Instance": instance,
    });
    json_answer(status, &body)
}

/// What Xero answers while an organisation is being moved or repaired.
pub(crate) fn offline() -> Answer {
    with_body(
        StatusCode::SERVICE_UNAVAILABLE,
        "text/plain; charset=utf-8",
        Bytes::from_static(b"The Organisation is offline"),
    )
}

/// The envelope of every answer of the Contacts API.
pub(crate) fn contacts_answer(
    id: Uuid,
    now: SystemTime,
    contacts: Vec<Value>,
    pagination: Option<Value>,
) -> Answer {
    let mut body = json!({
        "Id": id,
        "Status": "OK",
        "ProviderName": PROVIDER_NAME,
        "DateTimeUTC": format!("/Date({})/", unix_ms(now)),
        "Contacts": contacts,
    });
    if let Some(pagination) = pagination {
        body["pagination"] = pagination;
    }
    json_answer(StatusCode::OK, &body)
}

/// The answer that tells of an organisation.
pub(crate) fn organisation_answer(id: Uuid, now: SystemTime, organisation: Value) -> Answer {
    let body = json!({
        "Id": id,
        "Status": "OK",
        "ProviderName": PROVIDER_NAME,
        "DateTimeUTC": format!("/Date({})/", unix_ms(now)),
        "Organisations": [organisation],
    });
    json_answer(StatusCode::OK, &body)
}

pub(crate) fn json_answer(status: StatusCode, body: &Value) -> Answer {
    with_body(
        status,
        "application/json; charset=utf-8",
        Bytes::from(body.to_string()),
    )
}

/// Xero answers in XML unless it is asked for JSON. A stub stands for it: a client that forgets the header must notice.
pub(crate) fn xml_stub(status: StatusCode) -> Answer {
    with_body(
        status,
        "text/xml; charset=utf-8",
        Bytes::from_static(b"<Response/>"),
    )
}

pub(crate) fn html(status: StatusCode) -> Answer {
    with_body(status, "text/html", Bytes::new())
}

/// What the gateway in front of Xero answers in its place.
pub(crate) fn gateway(status: u16, blank: bool) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FORBIDDEN);
    if blank {
        return empty(status);
    }
    let page = b"<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1></BODY></HTML>";
    with_body(status, "text/html", Bytes::from_static(page))
}

/// How the identity service refuses.
pub(crate) fn refused_by_identity(error: &str) -> Answer {
    json_answer(StatusCode::BAD_REQUEST, &json!({ "error": error }))
}

pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Answer::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}

fn with_body(status: StatusCode, content_type: &'static str, body: Bytes) -> Answer {
    let mut answer = Answer::new(body);
    *answer.status_mut() = status;
    answer
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer
}

/// Milliseconds since 1970; 0 before.
pub(crate) fn unix_ms(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The date as Xero's token errors write it, month first.
fn us_date_time(at: SystemTime) -> String {
    OffsetDateTime::from(at)
        .format(format_description!(
            "[month]/[day]/[year] [hour]:[minute]:[second]"
        ))
        .unwrap_or_default()
}
