//! The revocation endpoint.

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::json;
use transport::{Response, TransportError};
use xero::{IdentityError, revoke};

use crate::support::*;

async fn revoked(
    answer: Result<Response, TransportError>,
) -> (Result<(), IdentityError>, Arc<Stub>) {
    let stub = Stub::with(answer);
    let url = "https://identity.xero.com".parse().unwrap();
    let secret = |text: &str| SecretString::from(text.to_owned());
    let (app, token) = (secret("private-secret"), secret("private-refresh+/="));
    let result = revoke(&*stub, &url, "client", &app, &token).await;
    (result, stub)
}

#[tokio::test]
async fn a_token_is_revoked_by_a_form_with_the_apps_credentials() {
    let (result, stub) = revoked(Ok(Response::default())).await;
    assert_eq!(result, Ok(()));
    let request = stub.only_request();
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.uri().to_string(),
        "https://identity.xero.com/connect/revocation"
    );
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    let credentials = &request.headers()["authorization"];
    assert!(credentials.is_sensitive());
    assert_eq!(credentials, "Basic Y2xpZW50OnByaXZhdGUtc2VjcmV0");
    assert_eq!(request.body().as_ref(), b"token=private-refresh%2B%2F%3D");
}

#[tokio::test]
async fn a_refusal_is_of_the_app_and_everything_else_passes() {
    let refusal = json!({"error": "invalid_client"});
    let (result, _) = revoked(Ok(json_response(400, &refusal))).await;
    assert_eq!(result, Err(IdentityError::InvalidClient));
    for answer in [
        Ok(json_response(503, &json!({}))),
        Err(TransportError::AnswerLost),
        Err(TransportError::NotSent),
    ] {
        let (result, _) = revoked(answer).await;
        assert!(
            matches!(result, Err(IdentityError::Transient { .. })),
            "{result:?}"
        );
    }
}
