//! The token endpoint.

use std::sync::Arc;
use std::time::Duration;

use crate::support::*;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use transport::{Response, Transport, TransportError};
use xero::{CONSENT_SCOPES, Identity, IdentityError, Tokens};

fn identity(stub: &Arc<Stub>) -> Identity {
    let transport: Arc<dyn Transport> = stub.clone();
    let url = "https://identity.xero.com".parse().unwrap();
    Identity::new(
        transport,
        url,
        "client".to_owned(),
        "private-secret".to_owned().into(),
    )
}

fn refresh_token() -> SecretString {
    "private-refresh".to_owned().into()
}

async fn refresh(answer: Result<Response, TransportError>) -> Result<Tokens, IdentityError> {
    identity(&Stub::with(answer))
        .refresh(&refresh_token())
        .await
}

fn oauth_error(status: u16, error: &str) -> Response {
    json_response(status, &json!({"error": error}))
}

#[tokio::test]
async fn a_refresh_sends_the_token_and_reads_the_new_ones() {
    let body = json!({"id_token": "x", "access_token": "new-access", "expires_in": 1800, "token_type": "Bearer", "refresh_token": "new-refresh", "scope": "offline_access accounting.contacts"});
    let stub = Stub::with(Ok(json_response(200, &body)));
    let tokens = identity(&stub).refresh(&refresh_token()).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "new-access");
    assert_eq!(
        tokens.refresh_token.as_ref().unwrap().expose_secret(),
        "new-refresh"
    );
    assert_eq!(tokens.expires_in, Duration::from_secs(1800));
    let shown = format!("{tokens:?}");
    assert!(!shown.contains("new-access") && !shown.contains("new-refresh"));

    let request = stub.only_request();
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.uri().to_string(),
        "https://identity.xero.com/connect/token"
    );
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        request.headers()["authorization"],
        "Basic Y2xpZW50OnByaXZhdGUtc2VjcmV0"
    );
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(
        request.body(),
        "grant_type=refresh_token&refresh_token=private-refresh"
    );
}

#[tokio::test]
async fn a_custom_connection_asks_with_its_scopes_and_gets_no_refresh_token() {
    let body = json!({"access_token": "new-access", "expires_in": 1800, "token_type": "Bearer"});
    let stub = Stub::with(Ok(json_response(200, &body)));
    let tokens = identity(&stub).client_credentials().await.unwrap();
    assert!(tokens.refresh_token.is_none());
    assert_eq!(
        stub.only_request().body(),
        "grant_type=client_credentials&scope=accounting.contacts+accounting.settings.read"
    );
}

#[tokio::test]
async fn an_answer_without_a_lifetime_does_not_lose_the_new_tokens() {
    let body = json!({"access_token": "a", "refresh_token": "r", "token_type": "Bearer"});
    let tokens = refresh(Ok(json_response(200, &body))).await.unwrap();
    assert_eq!(tokens.expires_in, Duration::from_secs(1800));
    assert!(tokens.refresh_token.is_some());
}

#[test]
fn calls_can_wait_on_any_thread() {
    fn is_send<T: Send>(_: &T) {}
    let stub = Arc::new(Stub::default());
    let (identity, token) = (identity(&stub), refresh_token());
    is_send(&identity.refresh(&token));
    is_send(&identity.client_credentials());
    let (xero, access, contacts) = (xero(&stub), access(), [bare_contact(1, "A")]);
    is_send(&xero.create(&access, &contacts, "key"));
}

#[test]
fn consent_asks_for_what_a_refresh_and_the_contacts_need() {
    assert_eq!(
        CONSENT_SCOPES.join(" "),
        "offline_access accounting.contacts accounting.settings.read"
    );
}

#[tokio::test]
async fn each_refusal_says_who_must_act() {
    for (answer, expected) in [
        (
            oauth_error(400, "invalid_grant"),
            IdentityError::InvalidGrant,
        ),
        (
            oauth_error(400, "invalid_client"),
            IdentityError::ClientRejected,
        ),
        (
            oauth_error(401, "invalid_client"),
            IdentityError::ClientRejected,
        ),
        (
            oauth_error(400, "unauthorized_client"),
            IdentityError::ClientRejected,
        ),
        (
            oauth_error(400, "invalid_scope"),
            IdentityError::ClientRejected,
        ),
    ] {
        assert_eq!(refresh(Ok(answer)).await.unwrap_err(), expected);
    }
}

#[tokio::test]
async fn what_may_pass_is_transient_and_a_lost_answer_may_have_used_the_token() {
    let transient = |retry_after: Option<u64>, answer_lost| IdentityError::Transient {
        retry_after: retry_after.map(Duration::from_secs),
        answer_lost,
    };
    let retry = [("Retry-After", "9")];
    for (answer, expected) in [
        (Err(TransportError::NotSent), transient(None, false)),
        (Err(TransportError::AnswerLost), transient(None, true)),
        (
            Err(TransportError::TooLarge { limit_bytes: 1 }),
            transient(None, true),
        ),
        (Ok(response(429, &retry, "")), transient(Some(9), false)),
        (
            Ok(response(503, &retry, "offline")),
            transient(Some(9), true),
        ),
        (Ok(response(500, &[], "")), transient(None, true)),
    ] {
        assert_eq!(refresh(answer).await.unwrap_err(), expected);
    }
}

#[tokio::test]
async fn anything_else_is_unexpected_and_shows_nothing_of_it() {
    for answer in [
        json_response(200, &json!({"access_token": ["private-refresh"]})),
        json_response(200, &json!({})),
        response(
            200,
            &[("Content-Type", "private-refresh")],
            "private-refresh",
        ),
        response(200, &[], ""),
        response(400, &[], "private-refresh"),
        oauth_error(400, "private-refresh"),
        response(302, &[("Location", "private-refresh")], ""),
        response(404, &[], "private-refresh"),
    ] {
        let error = refresh(Ok(answer)).await.unwrap_err();
        assert!(matches!(error, IdentityError::Unexpected { .. }));
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("private"), "{shown}");
    }
}
