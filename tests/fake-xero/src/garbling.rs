//! Answers to writes that do not tell all that was done, as users of Xero have met them.

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::Answer;
use crate::faults::Garbling;

/// The answer with its contacts garbled; one without contacts stays as it is.
pub(crate) fn garbled(answer: Answer, how: Garbling) -> Answer {
    let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) else {
        return answer;
    };
    let Some(contacts) = body.get_mut("Contacts").and_then(Value::as_array_mut) else {
        return answer;
    };
    match how {
        Garbling::Reversed => contacts.reverse(),
        Garbling::FirstLeftOut => drop(contacts.drain(..contacts.len().min(1))),
        Garbling::NilIds => {
            for contact in contacts {
                contact["ContactID"] = json!(Uuid::nil());
            }
        }
        Garbling::Anonymous => {
            for contact in contacts.iter_mut().filter_map(Value::as_object_mut) {
                for key in ["ContactID", "ContactNumber", "Name"] {
                    contact.remove(key);
                }
            }
        }
        Garbling::Summarised | Garbling::NothingDone => {}
    }
    answer.map(|_| Bytes::from(body.to_string()))
}

/// The elements of a request, each said to be saved under a ContactID of zeros.
pub(crate) fn said_to_be_saved(request: &Request<Bytes>) -> Vec<Value> {
    let mut body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let elements = body.get_mut("Contacts").and_then(Value::as_array_mut);
    let mut elements = elements.map(std::mem::take).unwrap_or_default();
    for element in elements.iter_mut().filter_map(Value::as_object_mut) {
        element.insert("ContactID".into(), json!(Uuid::nil()));
        element.insert("HasValidationErrors".into(), json!(false));
        element.insert("StatusAttributeString".into(), json!("OK"));
    }
    elements
}

/// The request as if it had been sent without its query.
pub(crate) fn without_query(request: &Request<Bytes>) -> Request<Bytes> {
    let mut request = request.clone();
    if let Ok(path) = request.uri().path().parse() {
        *request.uri_mut() = path;
    }
    request
}
