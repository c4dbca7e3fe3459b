//! Who is let in: tokens, tenants, limits, idempotency keys and faults.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use fake_xero::{CallKind, Config, Delivery, Fault, FaultKind, Limits, RateLimitProblem};
use http::{Request, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{CONTACTS, Caller};
use uuid::Uuid;

const DAY: u64 = 24 * 60 * 60;

fn token(caller: &mut Caller, form: &str) -> (u16, Value) {
    let basic = STANDARD.encode("fake-client-id:fake-client-secret");
    let request = Request::post("/connect/token")
        .header("authorization", format!("Basic {basic}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form.to_owned()))
        .unwrap();
    let answer = caller.fake.handle(caller.now, &request);
    (
        answer.status().as_u16(),
        serde_json::from_slice(answer.body()).unwrap(),
    )
}

fn refresh(caller: &mut Caller, refresh_token: &str) -> Option<String> {
    let form = format!("grant_type=refresh_token&refresh_token={refresh_token}");
    let (status, body) = token(caller, &form);
    if status == 400 {
        assert_eq!(body, json!({ "error": "invalid_grant" }));
        return None;
    }
    assert_eq!((status, &body["expires_in"]), (200, &json!(1800)));
    Some(body["refresh_token"].as_str().unwrap().to_owned())
}

fn use_token(caller: &mut Caller, body: &Value) {
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    caller.set_header("authorization", &bearer);
}

#[test]
fn an_access_token_lives_half_an_hour() {
    let mut caller = Caller::new();
    caller.pass(1_799);
    assert_eq!(caller.get("").0, 200);
    caller.pass(1);
    let (status, body) = caller.get("");
    assert_eq!(
        (status, &body["Title"], &body["Status"]),
        (401, &json!("Unauthorized"), &json!(401))
    );
    assert_eq!(
        body["Detail"],
        "TokenExpired: token expired at 09/21/2026 14:43:20"
    );
    caller.set_header("authorization", "Bearer invented");
    assert_eq!(caller.get("").0, 401);
    caller.set_header("authorization", "");
    assert_eq!(caller.get("").0, 401);
}

#[test]
fn the_tenant_header_must_name_a_connected_organisation() {
    let mut caller = Caller::new();
    let tenant = caller.fake.tenant_id();
    for wrong in [Uuid::from_u128(9).to_string(), "x".into(), String::new()] {
        caller.set_header("xero-tenant-id", &wrong);
        let (status, body) = caller.get("");
        assert_eq!(
            (status, &body["Detail"]),
            (403, &json!("AuthenticationUnsuccessful"))
        );
    }
    caller.set_header("xero-tenant-id", &tenant.to_string());
    caller.fake.set_connected(tenant, false);
    assert_eq!(caller.get("").0, 403);
    caller.fake.set_connected(tenant, true);
    assert_eq!(caller.get("").0, 200);
}

#[test]
fn organisations_are_apart() {
    let mut caller = Caller::new();
    let other = Uuid::from_u128(9);
    caller.fake.add_organisation(other, "Other");
    caller.seed(json!({ "Name": "A" }));
    let (_, connections) = caller.call("GET", "/connections", Value::Null);
    assert_eq!(connections.as_array().unwrap().len(), 2);
    caller.set_header("xero-tenant-id", &other.to_string());
    assert!(caller.names("").is_empty());
    assert_eq!(caller.fake.contacts_of(other).count(), 0);
}

#[test]
fn a_refresh_token_rotates_and_the_old_one_has_half_an_hour() {
    let mut caller = Caller::new();
    let first = caller.tokens.refresh_token.clone().unwrap();
    let second = refresh(&mut caller, &first).unwrap();
    assert_ne!(first, second);
    caller.pass(29 * 60);
    let third = refresh(&mut caller, &first).unwrap();
    assert!(caller.fake.accepts_refresh_token(caller.now, &second));
    assert!(caller.fake.accepts_refresh_token(caller.now, &third));
    caller.pass(60);
    assert!(!caller.fake.accepts_refresh_token(caller.now, &first));
    assert_eq!(
        refresh(&mut caller, &first),
        None,
        "the grace runs from the first use"
    );
    assert_eq!(caller.fake.call_count(CallKind::Token), 3);
    assert_eq!(caller.fake.api_call_count(), 0, "token calls have no limit");
}

#[test]
fn a_refresh_token_dies_after_sixty_days_unused_or_when_revoked() {
    let mut caller = Caller::new();
    let first = caller.tokens.refresh_token.clone().unwrap();
    caller.pass(60 * DAY - 1);
    let second = refresh(&mut caller, &first).unwrap();
    caller.pass(60 * DAY);
    assert_eq!(refresh(&mut caller, &second), None);
    let third = caller.fake.issue_tokens(caller.now).refresh_token.unwrap();
    caller.fake.revoke_refresh_tokens();
    assert_eq!(refresh(&mut caller, &third), None);
}

#[test]
fn a_new_consent_lists_a_revoked_organisation_again() {
    let mut caller = Caller::new();
    let other = Uuid::from_u128(9);
    caller.fake.add_organisation(other, "Other");
    // A person has disconnected this one in Xero's own pages, which no consent undoes.
    caller.fake.set_connected(other, false);
    let refresh_token = caller.tokens.refresh_token.clone().unwrap();
    let basic = STANDARD.encode("fake-client-id:fake-client-secret");
    let request = Request::post("/connect/revocation")
        .header("authorization", format!("Basic {basic}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(format!("token={refresh_token}")))
        .unwrap();
    let answer = caller.fake.handle(caller.now, &request);
    assert_eq!(answer.status(), 200);
    let organisations = |caller: &mut Caller| {
        let (_, list) = caller.call("GET", "/connections", Value::Null);
        let list = list.as_array().unwrap().iter();
        list.map(|one| one["tenantId"].clone()).collect::<Vec<_>>()
    };
    // No person consents to a custom connection's token.
    let (_, body) = token(&mut caller, "grant_type=client_credentials");
    use_token(&mut caller, &body);
    assert!(organisations(&mut caller).is_empty());
    let path = "/identity/connect/authorize?response_type=code&client_id=fake-client-id&redirect_uri=http://localhost:1/back";
    let answer = caller.send("GET", path, Bytes::new());
    assert_eq!(answer.status(), 302);
    let location = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let code = location.query_pairs().next().unwrap().1.into_owned();
    let form =
        format!("grant_type=authorization_code&code={code}&redirect_uri=http://localhost:1/back");
    let (_, body) = token(&mut caller, &form);
    use_token(&mut caller, &body);
    let tenant = json!(caller.fake.tenant_id());
    assert_eq!(organisations(&mut caller), [tenant]);
}

#[test]
fn a_custom_connection_needs_no_tenant_and_gets_no_refresh_token() {
    let mut caller = Caller::new();
    let (status, body) = token(
        &mut caller,
        "grant_type=client_credentials&scope=accounting.contacts",
    );
    assert_eq!((status, body.get("refresh_token")), (200, None));
    use_token(&mut caller, &body);
    caller.set_header("xero-tenant-id", "");
    assert_eq!(caller.get("").0, 200);
}

#[test]
fn a_token_without_the_scope_is_told_so() {
    let mut caller = Caller::new();
    let (_, body) = token(
        &mut caller,
        "grant_type=client_credentials&scope=accounting.contacts.read",
    );
    use_token(&mut caller, &body);
    assert_eq!(caller.get("").0, 200);
    let answer = caller.send("PUT", CONTACTS, Bytes::from_static(b"{}"));
    assert_eq!(answer.status(), 401);
    assert!(
        answer.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .contains("insufficient_scope")
    );
}

#[test]
fn a_client_must_prove_itself() {
    let mut caller = Caller::new();
    let request = Request::post("/connect/token")
        .header(
            "authorization",
            format!("Basic {}", STANDARD.encode("fake-client-id:wrong")),
        )
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from_static(b"grant_type=client_credentials"))
        .unwrap();
    let answer = caller.fake.handle(caller.now, &request);
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.body(), r#"{"error":"invalid_client"}"#);
}

#[test]
fn a_code_is_single_use_and_bound_to_its_verifier() {
    let mut caller = Caller::new();
    let verifier = "v".repeat(43);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let path = format!(
        "/identity/connect/authorize?response_type=code&client_id=fake-client-id&redirect_uri=http://localhost:1/back&state=s1&code_challenge={challenge}&code_challenge_method=S256"
    );
    let mut code = || {
        let answer = caller.send("GET", &path, Bytes::new());
        assert_eq!(answer.status(), 302);
        let location = url::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
        let query: Vec<(String, String)> = location.query_pairs().into_owned().collect();
        assert_eq!(query[1], ("state".into(), "s1".into()));
        query[0].1.clone()
    };
    let (good, stolen, late) = (code(), code(), code());
    let form = |code: &str, verifier: &str| {
        format!(
            "grant_type=authorization_code&code={code}&redirect_uri=http://localhost:1/back&code_verifier={verifier}"
        )
    };
    let (status, body) = token(&mut caller, &form(&good, &verifier));
    assert_eq!(status, 200);
    let refresh_token = body["refresh_token"].as_str().unwrap();
    assert!(caller.fake.accepts_refresh_token(caller.now, refresh_token));
    assert_eq!(token(&mut caller, &form(&good, &verifier)).0, 400);
    assert_eq!(token(&mut caller, &form(&stolen, "guess")).0, 400);
    caller.pass(300);
    assert_eq!(token(&mut caller, &form(&late, &verifier)).0, 400);
}

fn header<'a>(answer: &'a Response<Bytes>, name: &str) -> &'a str {
    answer
        .headers()
        .get(name)
        .map_or("", |v| v.to_str().unwrap())
}

#[test]
fn a_minute_holds_sixty_calls_and_a_429_says_when() {
    let mut caller = Caller::new();
    for call in 0..60 {
        let answer = caller.send("GET", CONTACTS, Bytes::new());
        assert_eq!(answer.status(), 200);
        assert_eq!(
            header(&answer, "x-minlimit-remaining"),
            (59 - call).to_string()
        );
        assert_eq!(
            header(&answer, "x-daylimit-remaining"),
            (4_999 - call).to_string()
        );
        assert_eq!(
            header(&answer, "x-appminlimit-remaining"),
            (9_999 - call).to_string()
        );
    }
    caller.pass(20);
    let answer = caller.send("GET", CONTACTS, Bytes::new());
    assert_eq!(answer.status(), 429);
    assert!(answer.body().is_empty());
    assert_eq!(answer.headers().get("content-type"), None);
    assert_eq!(header(&answer, "x-rate-limit-problem"), "minute");
    assert_eq!(header(&answer, "retry-after"), "40");
    caller.pass(40);
    assert_eq!(caller.get("").0, 200);
}

#[test]
fn a_day_holds_its_calls() {
    let limits = Limits {
        per_day: 2,
        ..Limits::default()
    };
    let mut caller = Caller::with(Config {
        limits,
        ..Config::default()
    });
    caller.get("");
    caller.pass(100);
    caller.get("");
    let answer = caller.send("GET", CONTACTS, Bytes::new());
    assert_eq!(
        (
            header(&answer, "x-rate-limit-problem"),
            header(&answer, "retry-after")
        ),
        ("day", "86300")
    );
    assert_eq!(header(&answer, "x-daylimit-remaining"), "0");
}

#[test]
fn five_calls_are_open_at_once() {
    let mut caller = Caller::new();
    let request = caller.request("GET", CONTACTS, Bytes::new());
    let mut open: Vec<_> = (0..5).map(|_| caller.fake.open_call(&request)).collect();
    assert_eq!(caller.fake.handle(caller.now, &request).status(), 200);
    open.push(caller.fake.open_call(&request));
    let answer = caller.fake.handle(caller.now, &request);
    assert_eq!(
        (
            answer.status().as_u16(),
            header(&answer, "x-rate-limit-problem")
        ),
        (429, "concurrent")
    );
    assert_eq!(answer.headers().get("retry-after"), None);
    caller.fake.close_call(open.pop().unwrap());
    assert_eq!(caller.fake.handle(caller.now, &request).status(), 200);
    open.into_iter()
        .for_each(|call| caller.fake.close_call(call));
}

#[test]
fn an_idempotency_key_replays_for_six_minutes() {
    let mut caller = Caller::new();
    let body = json!({ "Contacts": [{ "Name": "A" }] });
    caller.set_header("idempotency-key", "k1");
    let first = caller.call("PUT", CONTACTS, body.clone());
    assert_eq!(caller.call("PUT", CONTACTS, body.clone()), first);
    assert_eq!(caller.fake.contacts().count(), 1);
    let (status, other) = caller.call("PUT", CONTACTS, json!({ "Contacts": [{ "Name": "B" }] }));
    assert_eq!(
        (status, &other["Message"]),
        (
            400,
            &json!("Idempotency Key: k1 is used with a different request.")
        )
    );
    caller.pass(360);
    assert_eq!(
        caller.call("PUT", CONTACTS, body).0,
        400,
        "forgotten: the name is taken now"
    );
    caller.set_header("idempotency-key", &"k".repeat(129));
    assert_eq!(
        caller
            .call("PUT", CONTACTS, json!({ "Contacts": [{ "Name": "C" }] }))
            .0,
        400
    );
    assert_eq!(caller.fake.contacts().count(), 1);
}

#[test]
fn an_idempotency_key_keeps_errors_and_knows_no_tenant() {
    let mut caller = Caller::new();
    let body = json!({ "Contacts": [{ "Name": "A" }] });
    caller.set_header("idempotency-key", "k1");
    caller
        .fake
        .inject(Fault::next_call(FaultKind::Status { status: 500 }));
    assert_eq!(caller.call("PUT", CONTACTS, body.clone()).0, 500);
    assert_eq!(
        caller.call("PUT", CONTACTS, body.clone()).0,
        500,
        "replayed"
    );
    let other = Uuid::from_u128(9);
    caller.fake.add_organisation(other, "Other");
    caller.set_header("xero-tenant-id", &other.to_string());
    assert_eq!(
        caller.call("PUT", CONTACTS, body).0,
        500,
        "the key is the app's"
    );
    assert_eq!(caller.fake.contacts_of(other).count(), 0);
}

#[test]
fn faults_meet_the_calls_they_are_for() {
    let mut caller = Caller::new();
    let create = json!({ "Contacts": [{ "Name": "A" }] });
    caller.fake.inject(
        Fault::next_call(FaultKind::Status { status: 503 })
            .on("PUT", "/Contacts")
            .after(1)
            .times(2),
    );
    assert_eq!(caller.get("").0, 200);
    assert_eq!(
        caller
            .call("PUT", CONTACTS, json!({ "Contacts": [{ "Name": "B" }] }))
            .0,
        200
    );
    assert_eq!(caller.call("PUT", CONTACTS, create.clone()).0, 503);
    assert_eq!(caller.call("PUT", CONTACTS, create.clone()).0, 503);
    assert_eq!(caller.call("PUT", CONTACTS, create).0, 200);
    caller.fake.inject(Fault::next_call(FaultKind::RateLimit {
        problem: RateLimitProblem::Day,
        retry_after_seconds: Some(7),
    }));
    let answer = caller.send("GET", CONTACTS, Bytes::new());
    assert_eq!(
        (
            header(&answer, "x-rate-limit-problem"),
            header(&answer, "retry-after")
        ),
        ("day", "7")
    );
}

#[test]
fn a_lost_answer_has_had_its_effect_and_a_lost_request_has_not() {
    let mut caller = Caller::new();
    for (kind, delivery, contacts) in [
        (FaultKind::LostRequest, Delivery::Lost, 0),
        (FaultKind::LostAnswer, Delivery::Lost, 1),
        (
            FaultKind::Delay { milliseconds: 5 },
            Delivery::Late(Duration::from_millis(5)),
            2,
        ),
    ] {
        caller.fake.inject(Fault::next_call(kind));
        let body = json!({ "Contacts": [{ "Name": format!("N{contacts}") }] }).to_string();
        let answer = caller.send("PUT", CONTACTS, Bytes::from(body));
        assert_eq!(answer.extensions().get::<Delivery>(), Some(&delivery));
        assert_eq!(caller.fake.contacts().count(), contacts);
    }
    let log: Vec<_> = caller
        .fake
        .calls()
        .map(|c| (c.status, c.elements, c.answer_lost))
        .collect();
    assert_eq!(log, [(0, 1, true), (200, 1, true), (200, 1, false)]);
}

#[test]
fn a_lost_refresh_has_rotated_the_token() {
    let mut caller = Caller::new();
    let first = caller.tokens.refresh_token.clone().unwrap();
    caller
        .fake
        .inject(Fault::next_call(FaultKind::LostAnswer).on("POST", "/connect/token"));
    refresh(&mut caller, &first);
    caller.pass(31 * 60);
    assert!(!caller.fake.accepts_refresh_token(caller.now, &first));
}

#[test]
fn the_same_seed_gives_the_same_answers() {
    let run = || {
        let mut caller = Caller::new();
        let saved = caller.write_one("PUT", json!({ "Name": "A" }));
        (saved, caller.tokens.access_token.clone())
    };
    assert_eq!(run(), run());
}

#[test]
fn an_organisation_tells_its_short_code_to_whom_may_read_the_settings() {
    const ORGANISATION: &str = "/api.xro/2.0/Organisation";
    let mut caller = Caller::new();
    let (status, body) = caller.call("GET", ORGANISATION, Value::Null);
    assert_eq!(status, 200);
    let organisations = body["Organisations"].as_array().unwrap();
    assert_eq!(organisations.len(), 1);
    assert_eq!(organisations[0]["Name"], "Demo Company");
    assert_eq!(organisations[0]["ShortCode"], "!Fake1");
    assert_eq!(caller.fake.call_count(CallKind::Organisation), 1);
    assert_eq!(
        caller.fake.api_call_count(),
        1,
        "it counts against the limits"
    );

    caller.fake.config_mut().short_code = None;
    let (_, body) = caller.call("GET", ORGANISATION, Value::Null);
    assert_eq!(body["Organisations"][0].get("ShortCode"), None);

    let other = Uuid::from_u128(9);
    caller.fake.add_organisation(other, "Other");
    caller.set_header("xero-tenant-id", &other.to_string());
    let (_, body) = caller.call("GET", ORGANISATION, Value::Null);
    assert_eq!(body["Organisations"][0]["ShortCode"], "!00009");

    let narrow = caller
        .fake
        .issue_tokens_for(caller.now, "accounting.contacts");
    caller.set_header("authorization", &format!("Bearer {}", narrow.access_token));
    assert_eq!(caller.call("GET", ORGANISATION, Value::Null).0, 401);
    assert_eq!(caller.get("").0, 200, "contacts are in its scope");
}
