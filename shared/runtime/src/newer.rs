//! What a newer version stored in a record and this version does not know.
//!
//! Two versions run at once in every deployment, and after a rollback the older one rewrites what
//! the newer one wrote. So a rewrite changes what it means to change and leaves the rest as it was
//! stored: fields that this version does not know, and codes that it reads as `Unknown`.

use std::sync::Arc;

use serde_json::{Map, Value};
use store::Expect;

/// The fields that say which thing an object is about: where one differs, it is another thing, and
/// nothing of the old one stays.
const IDENTITY: [&str; 4] = ["xero_id", "id", "attempt", "code"];

/// A stored record that says more than this version reads from it.
#[derive(Clone, PartialEq)]
pub(crate) struct Newer {
    /// As it was stored.
    stored: Value,
    /// As this version would write what it read from it.
    read: Value,
}

/// Names and addresses may be in it, and must not get into a log line.
impl std::fmt::Debug for Newer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Newer")
    }
}

impl Newer {
    /// What `stored` says beyond `read`; `None` where that is nothing.
    pub(crate) fn beyond(stored: Value, read: Value) -> Option<Arc<Self>> {
        (stored != read).then(|| Arc::new(Self { stored, read }))
    }

    /// What is to be stored, where `next` is what this version would write.
    pub(crate) fn rewritten(&self, next: &Value) -> Value {
        merge(&self.stored, &self.read, next)
    }
}

fn merge(stored: &Value, read: &Value, next: &Value) -> Value {
    if read == next {
        return stored.clone();
    }
    match (stored, read, next) {
        (Value::Object(stored), Value::Object(read), Value::Object(next))
            if is_same_thing(read, next) =>
        {
            Value::Object(merge_objects(stored, read, next))
        }
        (Value::Array(stored), Value::Array(read), Value::Array(next))
            if stored.len() == read.len() =>
        {
            merge_arrays(stored, read, next)
        }
        _ => next.clone(),
    }
}

fn merge_objects(
    stored: &Map<String, Value>,
    read: &Map<String, Value>,
    next: &Map<String, Value>,
) -> Map<String, Value> {
    let unknown = stored
        .iter()
        .filter(|(key, _)| !read.contains_key(*key) && !next.contains_key(*key));
    let known = next.iter().map(|(key, next)| {
        let value = match (stored.get(key), read.get(key)) {
            (Some(stored), Some(read)) => merge(stored, read, next),
            _ => next.clone(),
        };
        (key.clone(), value)
    });
    let unknown = unknown.map(|(key, value)| (key.clone(), value.clone()));
    known.chain(unknown).collect()
}

/// The elements of a list have no names: one that is still there as it was read stays as it was
/// stored.
fn merge_arrays(stored: &[Value], read: &[Value], next: &[Value]) -> Value {
    let mut left: Vec<(&Value, &Value)> = read.iter().zip(stored).collect();
    let kept = next.iter().map(
        |next| match left.iter().position(|(read, _)| *read == next) {
            Some(index) => left.remove(index).1.clone(),
            None => next.clone(),
        },
    );
    kept.collect()
}

fn is_same_thing(read: &Map<String, Value>, next: &Map<String, Value>) -> bool {
    let code = |object: &Map<String, Value>| object.get("problem")?.get("code").cloned();
    IDENTITY.iter().all(|key| read.get(*key) == next.get(*key)) && code(read) == code(next)
}

/// What a write expects of a record and what it keeps of it: made by
/// [`Stored::as_read`](crate::records::Stored::as_read),
/// [`Stored::whatever_is_there`](crate::records::Stored::whatever_is_there) and
/// [`expect`](crate::records::expect), or of an `Expect` where nothing was read.
#[derive(Debug, Clone)]
pub struct Basis {
    pub(crate) expect: Expect,
    pub(crate) newer: Option<Arc<Newer>>,
}

impl From<Expect> for Basis {
    fn from(expect: Expect) -> Self {
        Self {
            expect,
            newer: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rewritten(stored: Value, read: Value, next: &Value) -> Value {
        Newer { stored, read }.rewritten(next)
    }

    #[test]
    fn fields_that_are_not_known_stay_at_every_level() {
        let stored = json!({"a": 1, "new": "x", "in": {"b": 1, "new": [1], "gone": 2}});
        let read = json!({"a": 1, "in": {"b": 1, "gone": 2}});
        let next = json!({"a": 2, "in": {"b": 2}});
        assert_eq!(
            rewritten(stored, read, &next),
            json!({"a": 2, "new": "x", "in": {"b": 2, "new": [1]}})
        );
    }

    #[test]
    fn a_code_that_is_not_known_stays_until_it_is_replaced() {
        let stored = json!({"reason": "Later", "due": 1});
        let read = json!({"reason": "Unknown", "due": 1});
        assert_eq!(
            rewritten(
                stored.clone(),
                read.clone(),
                &json!({"reason": "Unknown", "due": 2})
            ),
            json!({"reason": "Later", "due": 2})
        );
        let next = json!({"reason": "OutOfTime", "due": 2});
        assert_eq!(rewritten(stored, read, &next), next);
    }

    #[test]
    fn of_another_thing_nothing_stays() {
        for key in IDENTITY {
            let stored = json!({"in": {key: 1, "new": true}});
            let read = json!({"in": {key: 1}});
            let next = json!({"in": {key: 2}});
            assert_eq!(rewritten(stored, read, &next), next, "{key}");
        }
        let stored = json!({"problem": {"code": "A"}, "new": true});
        let read = json!({"problem": {"code": "A"}});
        let next = json!({"problem": {"code": "B"}});
        assert_eq!(rewritten(stored, read, &next), next);
    }

    #[test]
    fn an_element_that_is_still_there_stays_as_it_was_stored() {
        let stored = json!([{"code": "New", "more": 1}, {"code": "Old", "more": 2}]);
        let read = json!([{"code": "Unknown"}, {"code": "Old"}]);
        let next = json!([{"code": "Fresh"}, {"code": "Unknown"}]);
        assert_eq!(
            rewritten(stored, read, &next),
            json!([{"code": "Fresh"}, {"code": "New", "more": 1}])
        );
    }

    #[test]
    fn nothing_is_kept_where_everything_is_known() {
        assert!(Newer::beyond(json!({"a": 1}), json!({"a": 1})).is_none());
    }
}
