//! The token endpoint.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::support::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use transport::{Response, Transport, TransportError};
use xero::{CONSENT_SCOPES, Identity, IdentityError, SCOPES, Tokens};

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
async fn a_consent_is_asked_for_with_state_and_proof_and_its_code_exchanged_once() {
    let real = "https://identity.xero.com".parse().unwrap();
    let redirect = "http://localhost:8917/callback";
    let ask = || Identity::ask_for_consent("client", &real, redirect).unwrap();
    let (request, another) = (ask(), ask());
    let address = request.address.clone();
    assert!(
        address
            .as_str()
            .starts_with("https://login.xero.com/identity/connect/authorize?"),
        "{address}"
    );
    let asked: HashMap<String, String> = address.query_pairs().into_owned().collect();
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "client"),
        ("redirect_uri", redirect),
        (
            "scope",
            "offline_access accounting.contacts accounting.settings.read",
        ),
        ("code_challenge_method", "S256"),
        ("state", request.state.expose_secret()),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    assert_ne!(
        request.state.expose_secret(),
        another.state.expose_secret(),
        "each request has a state of its own"
    );

    let body = json!({"access_token": "new-access", "expires_in": 1800, "token_type": "Bearer", "refresh_token": "new-refresh",
        "scope": "offline_access accounting.contacts accounting.settings.read"});
    let stub = Stub::with(Ok(json_response(200, &body)));
    let code = SecretString::from("private-code".to_owned());
    let tokens = identity(&stub).exchange_code(request, code).await.unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "new-access");
    assert!(tokens.missing_scopes(&CONSENT_SCOPES).is_empty());
    let sent = stub.only_request();
    let form = String::from_utf8(sent.body().to_vec()).unwrap();
    let form: HashMap<String, String> = url::form_urlencoded::parse(form.as_bytes())
        .into_owned()
        .collect();
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["code"], "private-code");
    assert_eq!(form["redirect_uri"], redirect);
    // The proof fits what was asked with.
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    assert_eq!(challenge, asked["code_challenge"]);
}

#[tokio::test]
async fn what_a_token_does_not_allow_is_named_as_far_as_xero_says() {
    for (scope, missing) in [
        (
            json!("offline_access accounting.contacts accounting.settings.read"),
            vec![],
        ),
        (
            json!("openid accounting.contacts"),
            vec!["offline_access", "accounting.settings.read"],
        ),
        (
            json!("accounting.contacts.read offline_access"),
            vec!["accounting.contacts", "accounting.settings.read"],
        ),
        (json!(null), vec![]),
    ] {
        let mut body = json!({"access_token": "a", "expires_in": 1800, "token_type": "Bearer"});
        if !scope.is_null() {
            body["scope"] = scope.clone();
        }
        let tokens = refresh(Ok(json_response(200, &body))).await.unwrap();
        assert_eq!(tokens.missing_scopes(&CONSENT_SCOPES), missing, "{scope}");
    }
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
            IdentityError::InvalidClient,
        ),
        (
            oauth_error(401, "invalid_client"),
            IdentityError::InvalidClient,
        ),
        (
            oauth_error(400, "unauthorized_client"),
            IdentityError::UnauthorizedClient,
        ),
        (
            oauth_error(400, "invalid_scope"),
            IdentityError::InvalidScope,
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

#[tokio::test]
async fn an_app_that_lacks_a_scope_is_told_which_and_that_connecting_again_does_not_help() {
    for error in [
        IdentityError::InvalidScope,
        IdentityError::UnauthorizedClient,
    ] {
        let words = error.to_string();
        for part in [
            SCOPES[0],
            SCOPES[1],
            "developer.xero.com",
            "connect again does not help",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
    }
    let words = IdentityError::InvalidClient.to_string();
    assert!(
        words.contains("--new-app") && !words.contains(SCOPES[0]),
        "{words}"
    );
}

#[tokio::test]
async fn a_gateways_page_says_nothing_about_the_tokens() {
    const PAGE: &str = "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD></HTML>";
    let html = [("Content-Type", "text/html")];
    for (status, headers, body) in [
        (403, html.as_slice(), PAGE),
        (403, &[], ""),
        (400, &html, PAGE),
        (401, &html, PAGE),
        (200, &html, PAGE),
        (503, &html, PAGE),
    ] {
        let answer = Ok(response(status, headers, body.to_owned()));
        let lost = IdentityError::Transient {
            retry_after: None,
            answer_lost: true,
        };
        assert_eq!(refresh(answer).await.unwrap_err(), lost, "{status} {body}");
    }
}

#[tokio::test]
async fn a_wider_grant_than_asked_for_is_fine() {
    let body = json!({
        "access_token": "a", "refresh_token": "r", "expires_in": 1_800, "token_type": "Bearer",
        "scope": "openid accounting.settings accounting.contacts accounting.settings.read offline_access",
    });
    let answer = response(
        200,
        &[("Content-Type", "application/json")],
        body.to_string(),
    );
    let tokens = refresh(Ok(answer)).await.unwrap();
    assert_eq!(tokens.missing_scopes(&CONSENT_SCOPES), [""; 0]);
    assert_eq!(
        tokens.missing_scopes(&["accounting.reports.read"]),
        ["accounting.reports.read"]
    );
}
