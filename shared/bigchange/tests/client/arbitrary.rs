//! Whatever BigChange answers, the client comes back with a result or an error, and no error shows anything of the answer.

use std::fmt::Debug;

use bigchange::Error;
use bytes::Bytes;
use futures::executor::block_on;
use http::{HeaderValue, header};
use proptest::prelude::*;
use rules::{AccountReference, AccountType};
use serde_json::{Map, Value, json};
use transport::{Response, TransportError};

use crate::hand_made::{answered, told};
use crate::{contact_id, group_id};

/// Stands in every text of an answer, as a customer's name would.
const MARK: &str = "zqmark";

const FIELDS: [&str; 24] = [
    "Code",
    "Result",
    "Id",
    "ContactId",
    "GroupId",
    "ParentId",
    "contactParentName",
    "Name",
    "ContactName",
    "Street",
    "Town",
    "PostCode",
    "Country",
    "Person",
    "Phone",
    "Email",
    "Extra",
    "DeletionDate",
    "AccountType",
    "ContactExtraAccountReference",
    "FinancialSyncExclude",
    "ContactReference",
    "GroupName",
    "other",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_u64..9).prop_map(Value::from),
        any::<String>().prop_map(|text| format!("{MARK}{text}").into()),
        "[0-9]{1,3}".prop_map(Value::from),
        "[ \t]?(No results\\.?|No contacts found|zqmark misc_noRight|0001-01-01T00:00:00|2026-01-01)".prop_map(Value::from),
        Just(Value::from(MARK.repeat(1_000))),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 6, |inner| {
        let field = proptest::sample::select(&FIELDS[..]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((field, inner), 0..8).prop_map(object),
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

/// A contact of which something is not as it should be.
fn nearly_a_contact() -> impl Strategy<Value = Value> {
    let wrong = prop::collection::vec((proptest::sample::select(&FIELDS[..]), anything()), 0..4);
    wrong.prop_map(|wrong| {
        let mut contact =
            json!({"Id": 5, "GroupId": 1, "Name": MARK, "Email": MARK, "ParentId": 0});
        for (field, value) in wrong {
            contact[field] = value;
        }
        contact
    })
}

/// What stands under `Result`.
fn any_result() -> impl Strategy<Value = Value> {
    prop_oneof![
        anything(),
        nearly_a_contact(),
        prop::collection::vec(nearly_a_contact(), 0..4).prop_map(Value::from),
    ]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let envelope = |code: Value, result: Value| {
        let envelope = json!({"Code": code, "Result": result});
        envelope.to_string().into_bytes()
    };
    prop_oneof![
        3 => any_result().prop_map(move |result| envelope(json!(0), result)),
        3 => (0..4, any_result()).prop_map(move |(code, result)| envelope(json!(code), result)),
        1 => (scalar(), any_result()).prop_map(move |(code, result)| envelope(code, result)),
        1 => anything().prop_map(|json| format!("\u{feff}{json}").into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => any::<String>().prop_map(String::into_bytes),
    ]
}

fn any_answer() -> impl Strategy<Value = Result<Response, TransportError>> {
    let status = prop_oneof![
        6 => Just(200_u16),
        2 => proptest::sample::select(vec![204, 301, 400, 401, 403, 404, 408, 429, 500, 503]),
        1 => 200..1_000_u16,
    ];
    let retry_after = prop_oneof![
        "-?[0-9]{0,25}".prop_map(String::into_bytes),
        Just(b"Wed, 21 Oct 2026 07:28:00 GMT zqmark".to_vec()),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    let response = (status, prop::option::of(retry_after), any_body()).prop_map(
        |(status, retry_after, body)| {
            let mut response = http::Response::new(Bytes::from(body));
            *response.status_mut() = status.try_into().unwrap();
            let retry_after = retry_after.and_then(|value| HeaderValue::from_bytes(&value).ok());
            let headers = response.headers_mut();
            headers.extend(retry_after.map(|value| (header::RETRY_AFTER, value)));
            response
        },
    );
    let lost = proptest::sample::select(vec![
        TransportError::NotSent,
        TransportError::AnswerLost,
        TransportError::TooLarge { limit_bytes: 7 },
    ]);
    prop_oneof![12 => response.prop_map(Ok), 1 => lost.prop_map(Err)]
}

/// What a result is, once it is sure that an error tells nothing.
fn quiet<T: Debug>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let told = format!("{error} {error:?}");
            assert!(!told.contains(MARK), "{told}");
            assert!(!told.contains(char::is_control), "{told}");
            None
        }
    }
}

fn ask_everything(answer: &Result<Response, TransportError>) {
    let client = answered(answer.clone()).0;
    let id = contact_id(5);
    quiet(block_on(client.ping()));
    quiet(block_on(client.groups()));
    if let Some(page) = quiet(block_on(client.contacts_in_group(group_id(1), 0, None))) {
        assert!(page.unreadable_ids.len() <= page.unreadable);
    }
    if let Some(Some(contact)) = quiet(block_on(client.contact(id))) {
        assert_eq!(contact.id, id);
    }
    let reference = AccountReference::parse("ACME0001").unwrap();
    let saved = [
        quiet(block_on(client.save_account(
            id,
            &reference,
            AccountType(1),
        ))),
        quiet(block_on(client.set_contact_reference(id, &reference))),
    ];
    if saved.contains(&Some(())) {
        assert!(answer.as_ref().unwrap().status().is_success());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_answer_is_survived_and_no_error_tells_of_it(answer in any_answer()) {
        ask_everything(&answer);
    }

    #[test]
    fn every_item_of_a_page_is_read_or_counted(items in prop::collection::vec(prop_oneof![anything(), nearly_a_contact()], 0..8)) {
        let count = items.len();
        let client = told(json!({"Code": 0, "Result": items}).to_string());
        let page = block_on(client.contacts_in_group(group_id(1), 0, None)).unwrap();
        prop_assert_eq!(page.contacts.len() + page.unreadable, count);
    }
}

#[test]
fn json_nested_too_deep_is_survived() {
    let deep = format!("{{\"Code\":0,\"Result\":{}", "[".repeat(100_000));
    ask_everything(&Ok(http::Response::new(deep.into())));
}
