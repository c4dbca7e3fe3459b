//! What people put into the secrets.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use proptest::prelude::*;
use secrecy::{ExposeSecret, SecretString};
use secrets::{
    BigChangeSecret, GrantType, MAX_SECRET_BYTES, SecretError, XeroAppSecret, XeroTokenSecret,
};
use serde_json::{Value, json};
use time::macros::datetime;

const TENANT: &str = "01234567-89ab-cdef-0123-456789abcdef";

fn bigchange(text: &str) -> Result<BigChangeSecret, SecretError> {
    BigChangeSecret::parse(&text.into())
}

fn xero_app(text: &str) -> Result<XeroAppSecret, SecretError> {
    XeroAppSecret::parse(&text.into())
}

fn xero_token(text: &str) -> Result<XeroTokenSecret, SecretError> {
    XeroTokenSecret::parse(&text.into())
}

fn exposed(secret: Option<&SecretString>) -> Option<&str> {
    secret.map(ExposeSecret::expose_secret)
}

#[test]
fn a_filled_in_bigchange_secret_is_read() {
    let secret =
        bigchange(r#"{"username":" u ","password":" p ","key":"k\n","note":{"a":1}}"#).unwrap();
    assert_eq!(secret.username.expose_secret(), "u");
    assert_eq!(
        secret.password.expose_secret(),
        " p ",
        "a password's spaces are its own"
    );
    assert_eq!(secret.key.expose_secret(), "k");
}

#[test]
fn a_byte_order_mark_and_outer_spaces_do_no_harm() {
    let text = "\u{feff} {\"username\":\"u\",\"password\":\"p\",\"key\":\"k\"} \r\n\t ";
    assert_eq!(bigchange(text).unwrap().key.expose_secret(), "k");
}

#[test]
fn a_field_that_is_not_filled_in_is_named_with_what_belongs_there() {
    for unfilled in [
        "\"\"",
        "\"  \"",
        "\"fill-me-in\"",
        "\" FILL-ME-IN\"",
        "null",
    ] {
        let text = format!(r#"{{"username":"u","password":{unfilled},"key":"k"}}"#);
        assert_eq!(
            bigchange(&text).unwrap_err().to_string(),
            "the BigChange secret is not filled in yet: its field `password` takes the password of that BigChange user (a text in quotes) (contact-sync connect bigchange stores it)"
        );
    }
    for blank in ["", " \n", "\u{feff}", "fill-me-in", "{}"] {
        let error = bigchange(blank).unwrap_err();
        assert!(
            matches!(
                error,
                SecretError::NotFilledIn {
                    field: "username",
                    ..
                }
            ),
            "{error}"
        );
    }
}

#[test]
fn a_field_of_another_kind_is_named_with_what_it_takes() {
    for wrong in ["1", "true", "[\"p\"]", "{\"p\":1}"] {
        let text = format!(r#"{{"username":"u","password":{wrong},"key":"k"}}"#);
        let error = bigchange(&text).unwrap_err();
        assert!(
            matches!(
                error,
                SecretError::WrongField {
                    field: "password",
                    ..
                }
            ),
            "{error}"
        );
    }
    let text = r#"{"client_id":"i","client_secret":"s","grant_type":"password"}"#;
    assert_eq!(
        xero_app(text).unwrap_err().to_string(),
        "the field `grant_type` of the Xero app secret must be \"authorization_code\" for an app that a person connects, or \"client_credentials\" for a custom connection"
    );
    for (field, value) in [
        ("expires_at", "tomorrow"),
        ("expires_at", "2026-11-23 10:00:00"),
        ("tenant_id", "my organisation"),
        ("tenant_id", "00000000-0000-0000-0000-000000000000"),
    ] {
        let error = xero_token(&json!({ field: value }).to_string()).unwrap_err();
        assert!(
            matches!(error, SecretError::WrongField { field: found, .. } if found == field),
            "{error}"
        );
    }
}

#[test]
fn text_that_is_no_json_object_is_told_by_its_place() {
    for (text, expected) in [
        (
            "{\n\"username\" \"u\"}",
            "there is a syntax error at line 2, column 12",
        ),
        ("{\"username\":\"u\"", "it breaks off at line 1, column 15"),
        ("\"username\"", "it is not an object at line 1, column 10"),
        ("[1]", "it is not an object at line 1, column 0"),
        ("{} {}", "there is a syntax error at line 1, column 4"),
    ] {
        let error = bigchange(text).unwrap_err().to_string();
        assert!(
            error.starts_with("the BigChange secret cannot be read: "),
            "{error}"
        );
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_secret_past_its_limit_is_refused() {
    let padded = |bytes: usize| format!("{{}}{}", " ".repeat(bytes - 2));
    assert!(xero_token(&padded(MAX_SECRET_BYTES)).is_ok());
    let error = xero_token(&padded(MAX_SECRET_BYTES + 1)).unwrap_err();
    assert!(matches!(error, SecretError::TooLarge { bytes, .. } if bytes == MAX_SECRET_BYTES + 1));
}

#[test]
fn both_grant_types_are_read() {
    for (text, expected) in [
        ("authorization_code", GrantType::AuthorizationCode),
        ("client_credentials", GrantType::ClientCredentials),
    ] {
        let text = json!({"client_id": "i", "client_secret": "s", "grant_type": text});
        let secret = xero_app(&text.to_string()).unwrap();
        assert_eq!(
            (secret.client_id.as_str(), secret.grant_type),
            ("i", expected)
        );
        assert_eq!(secret.client_secret.expose_secret(), "s");
    }
}

#[test]
fn a_token_that_was_never_fetched_is_read_as_nothing() {
    for text in [
        "",
        "{}",
        r#"{"access_token":"","refresh_token":"fill-me-in","expires_at":"","tenant_id":null}"#,
    ] {
        let secret = xero_token(text).unwrap();
        assert!(secret.access_token.is_none() && secret.refresh_token.is_none());
        assert_eq!((secret.expires_at, secret.tenant_id), (None, None));
    }
    let connected =
        xero_token(&json!({"refresh_token": "r", "tenant_id": TENANT}).to_string()).unwrap();
    assert_eq!(exposed(connected.refresh_token.as_ref()), Some("r"));
    assert_eq!(connected.tenant_id, Some(TENANT.parse().unwrap()));
}

#[test]
fn a_token_is_written_as_the_design_names_its_fields() {
    let secret = XeroTokenSecret {
        access_token: Some("a".into()),
        refresh_token: Some("r".into()),
        expires_at: Some(datetime!(2026-11-23 10:30:00 UTC)),
        tenant_id: Some(TENANT.parse().unwrap()),
    };
    let written: serde_json::Value =
        serde_json::from_str(secret.to_json().expose_secret()).unwrap();
    let expected = json!({
        "access_token": "a", "refresh_token": "r", "expires_at": "2026-11-23T10:30:00Z", "tenant_id": TENANT,
    });
    assert_eq!(written, expected);
    assert_eq!(XeroTokenSecret::default().to_json().expose_secret(), "{}");
}

#[test]
fn debug_output_never_shows_a_secret() {
    let marker = "confidential";
    let app =
        json!({"client_id": "i", "client_secret": marker, "grant_type": "client_credentials"});
    let token = json!({"access_token": marker, "refresh_token": marker});
    let bigchange_text = json!({"username": marker, "password": marker, "key": marker});
    for shown in [
        format!("{:?}", bigchange(&bigchange_text.to_string()).unwrap()),
        format!("{:?}", xero_app(&app.to_string()).unwrap()),
        format!("{:?}", xero_token(&token.to_string()).unwrap()),
    ] {
        assert!(!shown.contains(marker), "{shown}");
    }
}

#[test]
fn json_that_is_nested_too_deep_is_told() {
    for text in ["[".repeat(30_000), "{\"a\":".repeat(10_000)] {
        for error in parse_all(&text) {
            assert!(
                matches!(error, Some(SecretError::NotJson { .. })),
                "{error:?}"
            );
        }
    }
}

fn parse_all(text: &str) -> [Option<SecretError>; 3] {
    [
        bigchange(text).err(),
        xero_app(text).err(),
        xero_token(text).err(),
    ]
}

/// The names of all fields of the three secrets.
const FIELDS: [&str; 10] = [
    "username",
    "password",
    "key",
    "client_id",
    "client_secret",
    "grant_type",
    "access_token",
    "refresh_token",
    "expires_at",
    "tenant_id",
];

/// Anything that JSON can hold; every text in it is marked.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(|text| format!("{text}confidential{text}").into()),
        "[ \\t\\r\\n]{0,3}(confidential)?[0-9TZ:+.-]{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let field = proptest::sample::select(&FIELDS[..]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((field, inner), 0..8).prop_map(object),
        ]
    })
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    let fields: serde_json::Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    fields.into()
}

proptest! {
    #[test]
    fn no_text_makes_parsing_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text in any::<String>()) {
        parse_all(&String::from_utf8_lossy(&bytes));
        parse_all(&text);
    }

    #[test]
    fn any_json_is_read_or_told_in_one_line_without_its_values(
        fields in prop::collection::vec((proptest::sample::select(&FIELDS[..]), any_value()), 0..10),
        other in any_value(),
    ) {
        for text in [object(fields).to_string(), other.to_string()] {
            for error in parse_all(&text).into_iter().flatten() {
                let line = error.to_string();
                prop_assert!(line.contains(" secret") && !line.contains(char::is_control), "{line:?}");
                prop_assert!(!format!("{line} {error:?}").contains("confidential"), "{line}");
            }
            for shown in [
                format!("{:?}", bigchange(&text)),
                format!("{:?}", xero_app(&text).map(|app| app.client_secret)),
                format!("{:?}", xero_token(&text)),
            ] {
                prop_assert!(!shown.contains("confidential"), "{shown}");
            }
        }
    }

    #[test]
    fn no_error_shows_a_value(
        field in "username|password|key|client_id|client_secret|grant_type|access_token|refresh_token|expires_at|tenant_id",
        value in "(confidential|\"confidential\"|\\[\"confidential\"\\]|\\{\"confidential\":1\\})",
        end in "[}\\] ,x]{0,2}",
    ) {
        for text in [format!("{{\"{field}\":{value}{end}"), format!("{value}{end}")] {
            for error in parse_all(&text).into_iter().flatten() {
                prop_assert!(!format!("{error} {error:?}").contains("confidential"), "{error}");
            }
        }
    }

    #[test]
    fn a_token_comes_back_as_it_was_written(
        access_token in prop::option::of("[!-~]{1,40}"),
        refresh_token in prop::option::of("[!-~]{1,40}"),
        expires_at in prop::option::of(0_i64..4_000_000_000),
        tenant_id in prop::option::of(1_u128..),
    ) {
        let written = XeroTokenSecret {
            access_token: access_token.clone().map(SecretString::from),
            refresh_token: refresh_token.clone().map(SecretString::from),
            expires_at: expires_at.map(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).unwrap()),
            tenant_id: tenant_id.map(|n| uuid::Uuid::from_u128(n).try_into().unwrap()),
        };
        let read = XeroTokenSecret::parse(&written.to_json()).unwrap();
        prop_assert_eq!(exposed(read.access_token.as_ref()), access_token.as_deref());
        prop_assert_eq!(exposed(read.refresh_token.as_ref()), refresh_token.as_deref());
        prop_assert_eq!(read.expires_at, written.expires_at);
        prop_assert_eq!(read.tenant_id, written.tenant_id);
    }
}

#[test]
fn what_is_written_is_what_is_read() {
    let bigchange = BigChangeSecret {
        username: "jo@example.com".into(),
        password: " pass\"word ".into(),
        key: "k".into(),
    };
    let read = BigChangeSecret::parse(&bigchange.to_json()).unwrap();
    assert_eq!(read.username.expose_secret(), "jo@example.com");
    assert_eq!(read.password.expose_secret(), " pass\"word ");
    assert_eq!(read.key.expose_secret(), "k");
    for grant_type in [GrantType::AuthorizationCode, GrantType::ClientCredentials] {
        let app = XeroAppSecret {
            client_id: "id".to_owned(),
            client_secret: "secret".into(),
            grant_type,
        };
        let read = XeroAppSecret::parse(&app.to_json()).unwrap();
        assert_eq!(
            (read.client_id.as_str(), read.grant_type),
            ("id", grant_type)
        );
        assert_eq!(read.client_secret.expose_secret(), "secret");
    }
}
