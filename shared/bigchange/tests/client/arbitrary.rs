//! Whatever BigChange answers, the client comes back with a result or an error.

use futures::executor::block_on;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::hand_made::told;
use crate::{contact_id, group_id};

const FIELDS: [&str; 10] = [
    "Id",
    "ContactId",
    "GroupId",
    "ParentId",
    "contactParentName",
    "Name",
    "DeletionDate",
    "AccountType",
    "FinancialSyncExclude",
    "ContactReference",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0_u64..9).prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "[0-9]{1,3}".prop_map(Value::from),
    ]
}

fn anything() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 24, 6, |inner| {
        let field = proptest::sample::select(&FIELDS[..]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((field, inner), 0..8).prop_map(|fields| {
                let map: Map<String, Value> = fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect();
                Value::Object(map)
            }),
        ]
    })
}

fn ask_everything(body: &str) {
    let client = told(body.to_owned());
    let id = contact_id(5);
    let _ = block_on(client.ping());
    let _ = block_on(client.groups());
    if let Ok(page) = block_on(client.contacts_in_group(group_id(1), 0, None)) {
        assert!(page.unreadable_ids.len() <= page.unreadable);
    }
    if let Ok(Some(contact)) = block_on(client.contact(id)) {
        assert_eq!(contact.id, id);
    }
}

proptest! {
    #[test]
    fn any_result_in_an_envelope_is_survived(code in scalar(), result in anything()) {
        ask_everything(&json!({"Code": code, "Result": result}).to_string());
        ask_everything(&json!({"Code": 0, "Result": result}).to_string());
        ask_everything(&json!({"Code": 0, "Result": [result]}).to_string());
    }

    #[test]
    fn any_text_is_survived(body in "\\PC*") {
        ask_everything(&body);
    }

    #[test]
    fn every_item_of_a_page_is_read_or_counted(items in prop::collection::vec(anything(), 0..8)) {
        let count = items.len();
        let client = told(json!({"Code": 0, "Result": items}).to_string());
        let page = block_on(client.contacts_in_group(group_id(1), 0, None)).unwrap();
        prop_assert_eq!(page.contacts.len() + page.unreadable, count);
    }
}

#[test]
fn json_nested_too_deep_is_survived() {
    ask_everything(&format!("{{\"Code\":0,\"Result\":{}", "[".repeat(100_000)));
}
