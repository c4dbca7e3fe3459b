//! Shapes that old organisations and Xero's own SDKs bring with them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod support;

use bytes::Bytes;
use fake_xero::Config;
use serde_json::{Value, json};

use support::{CONTACTS, Caller, message};

fn old_contact() -> Value {
    json!({
        "Name": "Old Ltd",
        "Addresses": [
            { "AddressType": "POBOX", "AddressLine1": "1 High Street\n" },
            { "AddressType": "DELIVERY", "AddressLine1": "Unit 5" },
        ],
        "Phones": [{
            "PhoneType": "DEFAULT",
            "PhoneCountryCode": "+64",
            "PhoneAreaCode": "4",
            "PhoneNumber": "23241290",
        }],
    })
}

#[test]
fn an_old_contact_has_a_delivery_address_a_line_feed_and_a_phone_in_three_parts() {
    let mut caller = Caller::new();
    let id = caller.seed(old_contact());
    let (_, body) = caller.get("?page=1");
    let contact = &body["Contacts"][0];
    let delivery = &contact["Addresses"][2];
    assert_eq!(delivery["AddressType"], "DELIVERY");
    assert_eq!(contact["Addresses"][1]["AddressLine1"], "1 High Street\n");
    assert_eq!(contact["Phones"][0]["PhoneAreaCode"], "4");

    // A part that is not sent stays, and no write takes the address of the third kind.
    let phone = json!({ "Phones": [{ "PhoneType": "DEFAULT", "PhoneNumber": "1" }] });
    let (status, body) = caller.update(id, phone);
    assert_eq!(status, 200);
    assert_eq!(body["Contacts"][0]["Phones"][0]["PhoneCountryCode"], "+64");
    let delivery = json!({
        "ContactID": id,
        "Name": "Old Ltd",
        "Addresses": [{ "AddressType": "DELIVERY", "City": "Leeds" }],
    });
    assert_ne!(message(&caller.write_one("POST", delivery)), "");
}

#[test]
fn reads_leave_blank_texts_out_or_show_them_as_they_are_set_up_to() {
    for shows_blank_texts in [false, true] {
        let mut caller = Caller::with(Config {
            shows_blank_texts,
            ..Config::default()
        });
        let id = caller.seed(json!({ "Name": "Bare Ltd" }));
        for query in ["", "?page=1", "?page=1&summaryOnly=true", &format!("/{id}")] {
            let (_, body) = caller.get(query);
            let contact = &body["Contacts"][0];
            let wanted = shows_blank_texts.then(|| json!(""));
            assert_eq!(contact.get("AccountNumber"), wanted.as_ref(), "{query}");
            let city = contact["Addresses"][1].get("City");
            let has_addresses = contact.get("Addresses").is_some();
            assert_eq!(city, wanted.as_ref().filter(|_| has_addresses), "{query}");
        }
    }
}

#[test]
fn a_write_that_changes_nothing_leaves_the_date_of_the_last_change() {
    let mut caller = Caller::new();
    let id = caller.seed(old_contact());
    let date = |caller: &mut Caller| {
        let (_, body) = caller.get(&format!("/{id}"));
        body["Contacts"][0]["UpdatedDateUTC"].clone()
    };
    let before = date(&mut caller);
    caller.pass(60);
    let same = json!({ "Name": "Old Ltd", "EmailAddress": "" });
    assert_eq!(caller.update(id, same).0, 200);
    assert_eq!(date(&mut caller), before);
    let other = json!({ "EmailAddress": "jo@old.example" });
    assert_eq!(caller.update(id, other).0, 200);
    assert_ne!(date(&mut caller), before);
}

#[test]
fn paths_are_taken_in_any_case() {
    let mut caller = Caller::new();
    caller.seed(old_contact());
    let lower = CONTACTS.to_ascii_lowercase();
    for path in [lower.as_str(), "/Connections", "/API.XRO/2.0/CONTACTS"] {
        assert_eq!(caller.call("GET", path, Value::Null).0, 200, "{path}");
    }
}

fn form(caller: &mut Caller, path: &str, body: &str) -> (u16, Value) {
    caller.set_header("authorization", "");
    caller.set_header("content-type", "application/x-www-form-urlencoded");
    let answer = caller.send("POST", path, Bytes::from(body.to_owned()));
    let status = answer.status().as_u16();
    (
        status,
        serde_json::from_slice(answer.body()).unwrap_or_default(),
    )
}

#[test]
fn the_app_may_show_itself_in_the_form() {
    let app = |secret: &str| format!("client_id=fake-client-id&client_secret={secret}");
    let mut caller = Caller::new();
    let token = caller.tokens.refresh_token.clone().unwrap();
    let refresh = format!("grant_type=refresh_token&refresh_token={token}");
    let (status, body) = form(&mut caller, "/connect/token", &refresh);
    assert_eq!(
        (status, body["error"].as_str()),
        (400, Some("invalid_client"))
    );
    let wrong = format!("{refresh}&{}", app("wrong"));
    let (status, body) = form(&mut caller, "/connect/token", &wrong);
    assert_eq!(
        (status, body["error"].as_str()),
        (400, Some("invalid_client"))
    );
    let too_much = format!("{refresh}&{}&scope=payroll", app("fake-client-secret"));
    let (status, body) = form(&mut caller, "/connect/token", &too_much);
    assert_eq!(
        (status, body["error"].as_str()),
        (400, Some("invalid_scope"))
    );
    let right = format!(
        "{refresh}&{}&scope=offline_access",
        app("fake-client-secret")
    );
    let (status, body) = form(&mut caller, "/connect/token", &right);
    assert_eq!(status, 200, "{body}");
    assert!(body["refresh_token"].is_string(), "{body}");
}

#[test]
fn a_revoked_token_ends_the_connection_and_an_unknown_one_is_no_error() {
    let app = "client_id=fake-client-id&client_secret=fake-client-secret";
    let mut caller = Caller::new();
    let bearer = caller.headers[0].1.clone();
    let token = caller.tokens.refresh_token.clone().unwrap();
    let revoke = |token: &str| format!("token={token}&{app}");
    let unknown = form(&mut caller, "/connect/revocation", &revoke("nobody's"));
    assert_eq!(unknown.0, 200);
    caller.set_header("authorization", &bearer);
    assert_eq!(caller.call("GET", "/connections", Value::Null).0, 200);
    assert_eq!(
        form(&mut caller, "/connect/revocation", &revoke(&token)).0,
        200
    );
    let refresh = format!("grant_type=refresh_token&refresh_token={token}&{app}");
    let (status, body) = form(&mut caller, "/connect/token", &refresh);
    assert_eq!(
        (status, body["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    caller.set_header("authorization", &bearer);
    assert_eq!(caller.call("GET", "/connections", Value::Null).0, 401);
}
