//! Events, items of the table and secrets of any shape: each ends in a result, tells nothing of
//! what it held, and never as a panic.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use store::{Expect, Key, Table, Write};

use crate::world::{World, event, message};

/// Stands in every text, as a customer's name would.
const MARK: &str = "zqmark";

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..4_u64).prop_map(Value::from),
        any::<String>().prop_map(|text| format!("{MARK}{text}").into()),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        let field = proptest::sample::select(vec![
            "contact_id",
            "messageId",
            "body",
            "attributes",
            "ApproximateReceiveCount",
            "Records",
            "zqmark",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((field, inner), 0..6).prop_map(object),
        ]
    })
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    fields.into()
}

/// What may stand in a message: contacts 1 and 2 are there, 3 is not.
fn any_body() -> impl Strategy<Value = Value> {
    let text = |json: Value| Value::from(json.to_string());
    prop_oneof![
        3 => (0..4_u64).prop_map(move |id| text(json!({ "contact_id": id }))),
        2 => any_json().prop_map(move |id| text(json!({ "contact_id": id, "other": MARK }))),
        1 => any_json().prop_map(text),
        1 => any_json(),
        1 => any::<String>().prop_map(|text| format!("{MARK}{text}").into()),
        1 => "\\{\"contact_id\": ?-?[0-9]{0,25}(\\.0|e[0-9]{1,4})?(, ?\"contact_id\": 2)?\\}?".prop_map(Value::from),
    ]
}

fn any_record() -> impl Strategy<Value = Value> {
    let id = prop_oneof![
        4 => "[a-z]{1,3}".prop_map(Value::from),
        1 => any_json(),
    ];
    let received = prop_oneof![
        2 => (0..7_u32).prop_map(|n| n.to_string().into()),
        1 => any_json(),
        1 => "-?[0-9]{1,30}".prop_map(Value::from),
    ];
    let record = (id, any_body(), received).prop_map(|(id, body, received)| {
        json!({"messageId": id, "body": body, "attributes": {"ApproximateReceiveCount": received}})
    });
    prop_oneof![5 => record, 1 => any_json()]
}

fn any_event() -> impl Strategy<Value = Value> {
    let records = prop::collection::vec(any_record(), 0..8);
    prop_oneof![
        8 => records.prop_map(|records| json!({ "Records": records })),
        1 => any_json().prop_map(|records| json!({ "Records": records })),
        1 => any_json(),
    ]
}

async fn work(event: &Value, store_is_down: bool) {
    let mut world = World::creating();
    let ids = ["A1", "B1"].map(|reference| world.customer_with_reference(reference, reference));
    world.store_is_down(store_is_down);
    let Ok(response) = world.deliver(event).await else {
        assert!(!event["Records"].is_array());
        return;
    };
    let named: BTreeSet<&str> = event["Records"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|record| record["messageId"].as_str())
        .collect();
    for failure in &response.batch_item_failures {
        // A name that is not there fails the whole batch, for ever.
        let id = failure.item_identifier.as_str();
        assert!(!id.is_empty() && named.contains(id), "{id:?}");
        assert!(store_is_down, "nothing else makes a message come again");
    }
    for letter in world.letters() {
        assert!(!letter.reason.contains(MARK), "{}", letter.reason);
        assert!(!letter.reason.contains("panicked"), "{}", letter.reason);
        assert!(letter.reason.len() < 500, "{}", letter.reason);
    }
    for id in ids {
        assert!(world.created_for(id).len() <= 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_event_is_worked_or_given_up_and_nothing_of_it_is_told(event in any_event(), store_is_down in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(work(&event, store_is_down));
    }
}

#[tokio::test]
async fn of_ten_thousand_messages_as_many_as_there_is_time_for_are_worked_and_the_rest_come_again()
{
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let ids: Vec<u64> = std::iter::repeat_n(acme, 500)
        .chain(1_000..10_500)
        .collect();
    let mut event = event(&ids);
    for (n, record) in event["Records"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .enumerate()
    {
        record["messageId"] = json!(n.to_string());
    }
    let response = world.deliver(&event).await.unwrap();
    let failed: Vec<&str> = response
        .batch_item_failures
        .iter()
        .map(|failure| failure.item_identifier.as_str())
        .collect();
    let expected: Vec<String> = (1_000..10_000).map(|n| n.to_string()).collect();
    assert_eq!(failed, expected);
    assert_eq!(world.created_for(acme).len(), 1);
    let details = world.network.bigchange().call_counts()["ContactDetail"];
    assert_eq!(details, 1 + 500, "each contact is read once");
}

#[tokio::test]
async fn a_body_of_any_length_and_depth_is_given_up_in_a_few_words() {
    for body in [
        MARK.repeat(50_000),
        "[".repeat(200_000),
        format!("{{\"contact_id\":{}", "[".repeat(200_000)),
        format!("{{\"contact_id\":{}}}", "9".repeat(200_000)),
        format!("{{\"contact_id\":\"{}\"}}", MARK.repeat(40_000)),
    ] {
        let world = World::creating();
        let record = json!({"messageId": "m", "body": body});
        let response = world
            .deliver(&json!({ "Records": [record] }))
            .await
            .unwrap();
        assert_eq!(response, sync_contact::Response::default());
        let [letter] = world.letters().try_into().unwrap();
        assert_eq!(letter.contact_id, None);
        assert!(
            letter.reason.len() < 200 && !letter.reason.contains(MARK),
            "{}",
            letter.reason
        );
    }
}

/// Every kind of item that the worker reads, and under which key.
fn items(world: &World, contact: u64, xero: uuid::Uuid) -> Vec<(&'static str, Key)> {
    let key =
        |kind: &str, sort_key: String| Key::new(format!("{}#{kind}", world.tenant()), sort_key);
    [
        ("contact", contact.to_string()),
        ("problem", contact.to_string()),
        ("deferred", contact.to_string()),
        ("unread", contact.to_string()),
        ("reference", "a1".to_owned()),
        ("xero-contact", xero.to_string()),
        ("waiting", format!("{contact}#7")),
        ("state-pause", "only".to_owned()),
        ("state-day-limit", "only".to_owned()),
        ("state-dead-connection", "only".to_owned()),
        ("state-directory", "only".to_owned()),
        ("state-references-read", "only".to_owned()),
    ]
    .map(|(kind, sort)| (kind, key(kind, sort)))
    .into()
}

#[tokio::test]
async fn an_item_that_this_program_did_not_write_stops_its_contact_and_is_named() {
    for body in [
        json!({}),
        json!({"zqmark": "zqmark"}),
        json!({"link": "zqmark", "problem": "zqmark", "since": "zqmark", "reference": 7, "contact": "zqmark", "until": "zqmark", "pages": -1, "at_least": "zqmark", "named": "zqmark", "complete": "zqmark"}),
    ] {
        let mut stopped = BTreeSet::new();
        for index in 0.. {
            let mut world =
                World::new(&[("CREATE_IN_XERO", "true"), ("GENERATE_ACCOUNT_REF", "true")]);
            let xero = world.xero_contact(json!({"Name": "Acme"}));
            let acme = world.customer_with_reference("Acme", "A1");
            let coded = world.customer("Bolt", |_| ());
            let Some((kind, key)) = items(&world, acme, xero).into_iter().nth(index) else {
                break;
            };
            let write = |body| Write::Put {
                key: key.clone(),
                expect: Expect::Any,
                body,
                expires_at_unix_seconds: None,
            };
            world
                .table
                .inner
                .write(vec![write(body.clone())])
                .await
                .unwrap();
            let records = json!({"Records": [message(acme, 5), message(coded, 5)]});
            world.deliver(&records).await.unwrap();
            for letter in world.letters() {
                stopped.insert(kind);
                let expected = format!(
                    "the {kind} record {} is not one that this program wrote",
                    key.sort_key
                );
                assert!(
                    letter.reason.contains(&expected),
                    "{kind}: {}",
                    letter.reason
                );
                assert!(!letter.reason.contains(MARK), "{}", letter.reason);
            }
            assert_eq!(world.xero_population() - world.created_for(coded).len(), 1);
            // Removed, as the reason says, nothing is left of it.
            let removal = Write::Delete {
                key,
                expect: Expect::Any,
            };
            world.table.inner.write(vec![removal]).await.unwrap();
            world.restart();
            world.references_are_read(true).await;
            world.sync(&[acme, coded]).await;
            world.settle().await;
            assert_eq!(world.linked(acme).await, Some(xero), "{kind}");
            assert_eq!(world.created_for(coded).len(), 1, "{kind}");
            world.is_quiet(&[acme, coded]).await;
        }
        assert!(stopped.len() >= 8, "{body}: only {stopped:?}");
    }
}

#[tokio::test]
async fn whatever_stands_in_the_secrets_is_told_or_waited_for() {
    let token = |field: &str, value: Value| {
        let mut token = json!({
            "access_token": MARK, "refresh_token": MARK, "expires_at": "2026-11-02T09:30:00Z",
            "tenant_id": "11111111-2222-3333-4444-555555555555",
        });
        token[field] = value;
        token
    };
    let secrets = [
        token("expires_at", json!("0000-01-01T00:00:00+23:59")),
        token("expires_at", json!("9999-12-31T23:59:59.999999999-23:59")),
        token("expires_at", json!(7)),
        token("expires_at", json!(MARK)),
        token("tenant_id", json!("00000000-0000-0000-0000-000000000000")),
        token("tenant_id", json!([MARK])),
        token("access_token", json!(format!("{MARK}\r\nX-Header: 1"))),
        token("access_token", json!(format!("{MARK}é\u{0}"))),
        token("access_token", json!(MARK.repeat(10_000))),
        token("access_token", json!({MARK: MARK})),
        token("access_token", Value::Null),
        json!([MARK]),
        json!(MARK),
    ];
    for secret in secrets {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        world.vault.set_current("xero-token", secret.to_string());
        world
            .deliver(&json!({"Records": [message(acme, 5)]}))
            .await
            .unwrap();
        let letters = world.letters();
        let is_put_off = world
            .get::<runtime::records::DeferredRecord>(acme)
            .await
            .is_some()
            || world
                .dump()
                .iter()
                .any(|item| item.key.partition.ends_with("#deferred"));
        assert!(is_put_off != (letters.len() == 1), "{secret}: {letters:?}");
        for letter in letters {
            assert!(
                letter.reason.contains("secret"),
                "{secret}: {}",
                letter.reason
            );
            assert!(!letter.reason.contains(MARK), "{}", letter.reason);
        }
        assert_eq!(world.xero_population(), 0);
    }
    for field in ["username", "password", "key"] {
        for value in [
            json!("é\u{0}\r\n"),
            json!(MARK.repeat(10_000)),
            json!([MARK]),
            json!(7),
        ] {
            let mut world = World::creating();
            let acme = world.customer_with_reference("Acme", "A1");
            let mut secret = json!({"username": "u", "password": "p", "key": "k"});
            secret[field] = value;
            world.vault.set_current("bigchange", secret.to_string());
            world
                .deliver(&json!({"Records": [message(acme, 5)]}))
                .await
                .unwrap();
            assert_eq!(world.letters(), [], "{secret}");
            assert!(world.deferred(acme).await.is_some(), "{secret}");
        }
    }
}
