//! How an item lies in DynamoDB: `pk` and `sk` (its key), `v` (its version), `w` (the id of the write that made it so), `data` (the body as a native map,
//! so that a person can read it in the console) and, where it may be tidied away, `ttl`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use crate::{Item, Key, TableError};

pub(crate) type Attributes = HashMap<String, AttributeValue>;

pub(crate) const PARTITION: &str = "pk";
pub(crate) const SORT: &str = "sk";
pub(crate) const VERSION: &str = "v";
pub(crate) const WRITE_ID: &str = "w";
pub(crate) const DATA: &str = "data";
pub(crate) const TTL: &str = "ttl";

pub(crate) fn encode_key(key: Key) -> Attributes {
    HashMap::from([
        (PARTITION.to_owned(), AttributeValue::S(key.partition)),
        (SORT.to_owned(), AttributeValue::S(key.sort_key)),
    ])
}

/// The error of `serde_dynamo` may quote a value, so it is left out.
pub(crate) fn encode_body(body: Value) -> Result<AttributeValue, TableError> {
    serde_dynamo::to_attribute_value(body).map_err(|_| {
        TableError::Refused("the body of an item cannot be written as a DynamoDB map".to_owned())
    })
}

pub(crate) fn decode_body(data: AttributeValue) -> Result<Value, TableError> {
    match serde_dynamo::from_attribute_value(data) {
        Ok(body @ Value::Object(_)) => Ok(body),
        _ => Err(foreign(DATA)),
    }
}

pub(crate) fn decode_item(mut attributes: Attributes) -> Result<Item, TableError> {
    let mut take = |name| attributes.remove(name).ok_or_else(|| foreign(name));
    let key = Key {
        partition: text(PARTITION, take(PARTITION)?)?,
        sort_key: text(SORT, take(SORT)?)?,
    };
    let version = match take(VERSION)? {
        AttributeValue::N(digits) => digits.parse().map_err(|_| foreign(VERSION))?,
        _ => return Err(foreign(VERSION)),
    };
    Ok(Item {
        key,
        version,
        body: decode_body(take(DATA)?)?,
    })
}

/// Whether the item is as the write with this id left it.
pub(crate) fn is_written_by(attributes: &Attributes, write_id: &str) -> bool {
    matches!(attributes.get(WRITE_ID), Some(AttributeValue::S(id)) if id == write_id)
}

fn text(name: &str, value: AttributeValue) -> Result<String, TableError> {
    match value {
        AttributeValue::S(text) => Ok(text),
        _ => Err(foreign(name)),
    }
}

fn foreign(attribute: &str) -> TableError {
    TableError::Refused(format!(
        "the table holds an item that this program did not write: its attribute `{attribute}` is missing or of another kind; remove the item"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use aws_sdk_dynamodb::primitives::Blob;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn attributes() -> Attributes {
        let mut attributes = encode_key(Key::new("tenant#contact", "123"));
        attributes.insert(VERSION.to_owned(), AttributeValue::N("7".to_owned()));
        attributes.insert(DATA.to_owned(), encode_body(json!({"a": 1})).unwrap());
        attributes
    }

    #[test]
    fn an_item_is_read_as_it_lies_in_dynamodb() {
        let item = decode_item(attributes()).unwrap();
        assert_eq!(item.key, Key::new("tenant#contact", "123"));
        assert_eq!((item.version, item.body), (7, json!({"a": 1})));
    }

    #[test]
    fn an_item_of_another_program_is_refused_by_the_name_of_the_attribute() {
        for name in [PARTITION, SORT, VERSION, DATA] {
            let mut missing = attributes();
            missing.remove(name);
            let mut of_another_kind = attributes();
            of_another_kind.insert(name.to_owned(), AttributeValue::Bool(true));
            for item in [missing, of_another_kind] {
                let error = decode_item(item).unwrap_err();
                assert!(
                    matches!(&error, TableError::Refused(why) if why.contains(&format!("`{name}`"))),
                    "{error}"
                );
            }
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            // A half is added so that no float is a whole number, which would come back as an integer.
            any::<i32>().prop_map(|n| Value::from(f64::from(n) + 0.5)),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::hash_map(".*", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    /// Anything that an item of another program may hold, numbers included that are none.
    fn any_attribute() -> impl Strategy<Value = AttributeValue> {
        let bytes = || prop::collection::vec(any::<u8>(), 0..8).prop_map(Blob::new);
        let leaf = prop_oneof![
            any::<String>().prop_map(AttributeValue::S),
            any::<String>().prop_map(AttributeValue::N),
            "-?[0-9]{0,40}(\\.[0-9]{0,3})?([eE][+-]?[0-9]{1,5})?".prop_map(AttributeValue::N),
            any::<bool>().prop_map(AttributeValue::Bool),
            any::<bool>().prop_map(AttributeValue::Null),
            bytes().prop_map(AttributeValue::B),
            prop::collection::vec(any::<String>(), 0..3).prop_map(AttributeValue::Ss),
            prop::collection::vec(any::<String>(), 0..3).prop_map(AttributeValue::Ns),
            prop::collection::vec(bytes(), 0..3).prop_map(AttributeValue::Bs),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(AttributeValue::L),
                prop::collection::hash_map(any::<String>(), inner, 0..5)
                    .prop_map(AttributeValue::M),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_item_is_read_or_refused(
            overwritten in prop::collection::hash_map("pk|sk|v|w|data|ttl|other", any_attribute(), 0..5)
        ) {
            let mut item = attributes();
            item.extend(overwritten);
            if let Err(error) = decode_item(item) {
                prop_assert!(matches!(error, TableError::Refused(_)), "{error}");
            }
        }

        #[test]
        fn any_body_comes_back_as_it_was(value in any_json()) {
            let body = json!({ "value": value });
            prop_assert_eq!(decode_body(encode_body(body.clone()).unwrap()).unwrap(), body);
        }
    }
}
