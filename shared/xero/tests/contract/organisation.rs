//! The organisation, and its short code.

use serde_json::{Value, json};
use xero::{AuthLostCause, Error};

use crate::support::{Stub, TENANT, access, json_response, response, xero};

async fn short_code_of(organisation: Value) -> Option<String> {
    let body = json!({ "Status": "OK", "Organisations": [organisation] });
    let stub = Stub::with(Ok(json_response(200, &body)));
    let answer = xero(&stub).organisation(&access()).await.unwrap();
    answer.value.short_code.map(|code| code.to_string())
}

#[tokio::test]
async fn the_organisation_tells_its_name_and_its_short_code() {
    let organisation =
        json!({"Name": "Demo Company", "ShortCode": "!23vhN", "BaseCurrency": "GBP"});
    let body = json!({ "Status": "OK", "Organisations": [organisation] });
    let stub = Stub::with(Ok(json_response(200, &body)));
    let answer = xero(&stub).organisation(&access()).await.unwrap();
    assert_eq!(answer.value.name, "Demo Company");
    let code = answer.value.short_code.map(|code| code.to_string());
    assert_eq!(code.as_deref(), Some("!23vhN"));
    assert_eq!(answer.limits.minute_remaining, Some(59));
    let request = stub.only_request();
    assert_eq!(request.method(), "GET");
    assert_eq!(
        request.uri().to_string(),
        "https://api.xero.com/api.xro/2.0/Organisation"
    );
    assert_eq!(request.headers()["xero-tenant-id"], TENANT);
}

#[tokio::test]
async fn what_is_no_short_code_is_none() {
    for organisation in [
        json!({"Name": "A"}),
        json!({"Name": "A", "ShortCode": null}),
        json!({"Name": "A", "ShortCode": ""}),
        json!({"Name": "A", "ShortCode": " "}),
        json!({"Name": "A", "ShortCode": "javascript:alert(1)"}),
        json!({"Name": "A", "ShortCode": "@evil.example/"}),
    ] {
        assert_eq!(
            short_code_of(organisation.clone()).await,
            None,
            "{organisation}"
        );
    }
}

#[tokio::test]
async fn an_answer_without_one_organisation_is_unexpected() {
    for body in [
        json!({ "Organisations": [] }),
        json!({ "Organisations": [{"Name": "A"}, {"Name": "B"}] }),
        json!({ "Contacts": [] }),
    ] {
        let stub = Stub::with(Ok(json_response(200, &body)));
        let answer = xero(&stub).organisation(&access()).await;
        assert!(
            matches!(answer, Err(Error::Unexpected { .. })),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_token_without_the_scope_is_told_as_such() {
    let headers = [
        ("Content-Type", "application/json"),
        ("WWW-Authenticate", "Bearer error=\"insufficient_scope\""),
    ];
    let body = json!({"Status": 401, "Detail": "AuthorizationUnsuccessful"}).to_string();
    let stub = Stub::with(Ok(response(401, &headers, body)));
    let answer = xero(&stub).organisation(&access()).await;
    assert!(
        matches!(answer, Err(Error::AuthLost { cause }) if cause != AuthLostCause::NotConnected),
        "{answer:?}"
    );
}
