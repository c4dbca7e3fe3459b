//! The control API under `/_fake/`, for people and scripts; tests in Rust use the core itself.

use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::answer::{Answer, json_answer};
use crate::calls::Call;
use crate::contact::View;
use crate::faults::Fault;
use crate::shared::Shared;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/_fake/contacts", get(dump_contacts).post(seed_contacts))
        .route("/_fake/calls", get(dump_calls))
        .route("/_fake/reset-calls", post(reset_calls))
        .route("/_fake/faults", post(add_fault).delete(clear_faults))
        .route("/_fake/tokens", post(issue_tokens))
}

async fn dump_contacts(State(shared): State<Shared>) -> Response {
    let core = shared.core();
    let contacts: Vec<Value> = core.contacts().map(|c| c.to_json(View::Whole)).collect();
    sent(json_answer(
        StatusCode::OK,
        &json!({ "Contacts": contacts }),
    ))
}

async fn seed_contacts(State(shared): State<Shared>, body: Bytes) -> Response {
    let Ok(contacts) = serde_json::from_slice::<Value>(&body) else {
        return bad_request("JSON is needed");
    };
    match shared.core().seed(SystemTime::now(), &contacts) {
        Ok(ids) => sent(json_answer(StatusCode::OK, &json!({ "ContactIDs": ids }))),
        Err(error) => bad_request(&error.to_string()),
    }
}

async fn dump_calls(State(shared): State<Shared>) -> Response {
    let core = shared.core();
    let calls: Vec<Value> = core.calls().map(call_json).collect();
    let body = json!({
        "count": core.call_counts().values().sum::<usize>(),
        "api_count": core.api_call_count(),
        "counts": core.call_counts(),
        "calls": calls,
    });
    sent(json_answer(StatusCode::OK, &body))
}

fn call_json(call: &Call) -> Value {
    json!({
        "at": rfc3339(call.at),
        "kind": call.kind,
        "method": call.method,
        "path_and_query": call.path_and_query,
        "status": call.status,
        "elements": call.elements,
        "answer_lost": call.answer_lost,
    })
}

async fn reset_calls(State(shared): State<Shared>) -> StatusCode {
    shared.core().reset_calls();
    StatusCode::NO_CONTENT
}

async fn add_fault(State(shared): State<Shared>, body: Bytes) -> Response {
    match serde_json::from_slice::<Fault>(&body) {
        Ok(fault) => {
            shared.core().inject(fault);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => bad_request(&error.to_string()),
    }
}

async fn clear_faults(State(shared): State<Shared>) -> StatusCode {
    shared.core().clear_faults();
    StatusCode::NO_CONTENT
}

/// Connects the app as a person would, and answers what the token secret of the deployed stack holds.
async fn issue_tokens(State(shared): State<Shared>) -> Response {
    let mut core = shared.core();
    let pair = core.issue_tokens(SystemTime::now());
    let body = json!({
        "access_token": pair.access_token,
        "refresh_token": pair.refresh_token,
        "expires_at": rfc3339(pair.expires_at),
        "tenant_id": core.tenant_id(),
    });
    sent(json_answer(StatusCode::OK, &body))
}

fn rfc3339(at: SystemTime) -> String {
    OffsetDateTime::from(at)
        .format(&Rfc3339)
        .unwrap_or_default()
}

fn bad_request(reason: &str) -> Response {
    sent(json_answer(
        StatusCode::BAD_REQUEST,
        &json!({ "error": reason }),
    ))
}

fn sent(answer: Answer) -> Response {
    answer.map(axum::body::Body::from)
}
