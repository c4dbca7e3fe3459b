//! Which element of an answer is whose: told by what it says, never by its place.

use rules::{XeroChanges, XeroContactId};
use serde_json::{Value, json};
use xero::{ElementResult, Refusal, Update};

use crate::support::*;

const KEY: &str = "a-key";
const NIL: &str = "00000000-0000-0000-0000-000000000000";

fn contact_id(number: u32) -> XeroContactId {
    id(number).parse().unwrap()
}

/// A refused element, with whatever it says of whose it is.
fn refused(of: &Value, message: &str) -> Value {
    let refusal = json!({
        "ContactID": NIL, "HasValidationErrors": true, "StatusAttributeString": "ERROR",
        "ValidationErrors": [{"Message": message}],
    });
    with(refusal, of)
}

/// What became of each of three new contacts, in a word.
async fn of_three_creates(elements: &[Value]) -> [&'static str; 3] {
    let wanted = [
        bare_contact(1, "Acme Ltd"),
        bare_contact(2, "Beta Ltd"),
        bare_contact(3, "Gamma Ltd"),
    ];
    let stub = Stub::with(Ok(json_response(200, &envelope(elements))));
    let results = xero(&stub).create(&access(), &wanted, KEY).await.unwrap();
    let words: Vec<_> = results.value.iter().map(word).collect();
    for (number, result) in (1..).zip(&results.value) {
        if let ElementResult::Saved(saved) = result {
            assert_eq!(saved.id, contact_id(number), "another contact's element");
        }
    }
    words.try_into().unwrap()
}

fn word(result: &ElementResult) -> &'static str {
    match result {
        ElementResult::Saved(_) => "saved",
        ElementResult::Refused { kind, .. } => match kind {
            Refusal::NameTaken => "name taken",
            Refusal::AccountNumberTaken => "number taken",
            _ => "refused",
        },
        ElementResult::Unknown { .. } => "unknown",
    }
}

#[tokio::test]
#[rustfmt::skip] // a table: one row, one line
async fn creates_are_told_apart_by_our_contact_number_and_else_by_their_name() {
    let (acme, beta, gamma) = (contact(1, "Acme Ltd"), contact(2, "Beta Ltd"), contact(3, "Gamma Ltd"));
    let name = "The contact name must be unique across all active contacts.";
    let number = "The Account Number already exists. Please enter a different Account Number.";
    let nil = |of: &Value| with(of.clone(), &json!({"ContactID": NIL}));
    let numberless = |of: &Value| with(of.clone(), &json!({"ContactNumber": ""}));
    let rows: Vec<(&str, Vec<Value>, [&str; 3])> = vec![
        ("in order",                 vec![acme.clone(), beta.clone(), gamma.clone()],  ["saved"; 3]),
        ("turned round",             vec![gamma.clone(), beta.clone(), acme.clone()],  ["saved"; 3]),
        ("one less",                 vec![gamma.clone(), acme.clone()],                ["saved", "unknown", "saved"]),
        ("none",                     vec![],                                           ["unknown"; 3]),
        ("one twice",                vec![acme.clone(), acme.clone(), beta.clone(), gamma.clone()], ["saved"; 3]),
        ("one twice, differently",   vec![acme.clone(), with(acme.clone(), &json!({"ContactID": id(9)})), beta.clone(), gamma.clone()], ["unknown", "saved", "saved"]),
        ("a foreign one",            vec![acme.clone(), contact(8, "Beta Ltd"), gamma.clone()], ["saved", "unknown", "saved"]),
        ("by name only",             vec![numberless(&beta), numberless(&acme), gamma.clone()], ["saved"; 3]),
        ("of nobody",                vec![json!({"ContactID": id(1)}), beta.clone(), gamma.clone()], ["unknown", "saved", "saved"]),
        ("one that cannot be read",  vec![json!(1), beta.clone(), gamma.clone()],      ["unknown", "saved", "saved"]),
        ("saved, with an id of zeros", vec![nil(&acme), beta.clone(), gamma.clone()],  ["unknown", "saved", "saved"]),
        ("two refusals turned round", vec![
            refused(&json!({"Name": "Beta Ltd", "ContactNumber": "BigChange-2"}), number),
            refused(&json!({"Name": "Acme Ltd", "ContactNumber": "BigChange-1"}), name),
            gamma.clone(),
        ], ["name taken", "number taken", "saved"]),
        ("two refusals turned round, by name", vec![
            refused(&json!({"Name": "beta  ltd"}), number), refused(&json!({"Name": "Acme Ltd"}), name), gamma.clone(),
        ], ["name taken", "number taken", "saved"]),
        ("a refusal of nobody",      vec![refused(&json!({}), name), beta.clone(), gamma.clone()], ["unknown", "saved", "saved"]),
    ];
    for (says, elements, expected) in rows {
        assert_eq!(of_three_creates(&elements).await, expected, "{says}");
    }
}

#[tokio::test]
async fn updates_are_told_apart_by_their_contact_id() {
    let update = |number| {
        let changes = XeroChanges {
            phone: Some("1".to_owned()),
            ..XeroChanges::default()
        };
        Update::new(contact_id(number), changes).unwrap()
    };
    let name = "The contact name must be unique across all active contacts.";
    for (elements, expected) in [
        (vec![contact(2, "B"), contact(1, "A")], ["saved", "saved"]),
        (vec![contact(2, "B")], ["unknown", "saved"]),
        (
            vec![refused(&json!({"ContactID": id(2)}), name), contact(1, "A")],
            ["saved", "name taken"],
        ),
        (
            vec![refused(&json!({"Name": "A"}), name), contact(2, "B")],
            ["unknown", "saved"],
        ),
    ] {
        let stub = Stub::with(Ok(json_response(200, &envelope(&elements))));
        let updates = [update(1), update(2)];
        let results = xero(&stub).update_many(&access(), &updates, KEY).await;
        let results: Vec<_> = results.unwrap().value.iter().map(word).collect();
        assert_eq!(results, expected);
    }
}

#[tokio::test]
async fn a_single_answer_is_its_own_unless_it_says_that_it_is_anothers() {
    let name = "The contact name must be unique across all active contacts.";
    let nil = with(contact(1, "Acme Ltd"), &json!({"ContactID": NIL}));
    let rows = [
        (contact(1, "Acme Ltd"), "saved", "saved"),
        (refused(&json!({}), name), "name taken", "name taken"),
        (contact(2, "Other"), "unknown", "unknown"),
        (json!({"ContactID": id(1)}), "saved", "unknown"),
        (nil, "unknown", "unknown"),
        (json!(1), "unknown", "unknown"),
    ];
    for (element, updated, created) in rows {
        let answer = json_response(200, &envelope(std::slice::from_ref(&element)));
        let stub = Stub::with(Ok(answer.clone()));
        let result = xero(&stub)
            .update(&access(), contact_id(1), &XeroChanges::default(), KEY)
            .await;
        assert_eq!(word(&result.unwrap().value), updated, "{element}");
        let stub = Stub::with(Ok(answer));
        let new = [bare_contact(1, "Acme Ltd")];
        let results = xero(&stub).create(&access(), &new, KEY).await.unwrap();
        assert_eq!(word(&results.value[0]), created, "{element}");
    }
    let stub = Stub::with(Ok(json_response(200, &envelope(&[]))));
    let result = xero(&stub)
        .update(&access(), contact_id(1), &XeroChanges::default(), KEY)
        .await;
    assert_eq!(word(&result.unwrap().value), "unknown");
}
