//! The body of an answer that is no success.

use http::StatusCode;
use rules::Refusal;
use serde::Deserialize;
use serde_json::Value;

use crate::Messages;
use crate::refusal::recognise;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct WireMessage {
    pub(crate) message: Option<String>,
}

/// The body of an answer that is no success. What is not JSON of one of Xero's shapes reads as an empty one.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Failure {
    error_number: Option<i64>,
    #[serde(rename = "Type")]
    kind: Option<String>,
    message: Option<String>,
    title: Option<String>,
    status: Option<Value>,
    detail: Option<String>,
    elements: Option<Vec<FailedElement>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FailedElement {
    name: Option<String>,
    account_number: Option<String>,
    contact_number: Option<String>,
    validation_errors: Option<Vec<WireMessage>>,
}

impl Failure {
    pub(crate) fn parse(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// Whether Xero names this kind of failure, by its type or its number.
    pub(crate) fn is(&self, kind: &str, number: i64) -> bool {
        let has_kind = |known: &String| known.eq_ignore_ascii_case(kind);
        self.kind.as_ref().is_some_and(has_kind) || self.error_number == Some(number)
    }

    /// Whether it says nothing about single elements.
    pub(crate) fn names_no_element(&self) -> bool {
        self.elements.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether it says anything about what is wrong.
    pub(crate) fn is_known(&self) -> bool {
        self.kind.is_some() || self.error_number.is_some() || !self.messages().is_empty()
    }

    /// `Idempotency Key: … is used with a different request.`
    pub(crate) fn says_that_the_key_was_reused(&self) -> bool {
        [&self.message, &self.title, &self.detail]
            .into_iter()
            .flatten()
            .map(|text| text.trim_start().to_lowercase())
            .any(|text| {
                text.starts_with("idempotency key") && text.contains("used with a different")
            })
    }

    /// Whether it is Xero's own refusal with this status: `Title`, `Status` and `Detail`, as Xero's access errors have them.
    pub(crate) fn is_refusal_of(&self, status: StatusCode) -> bool {
        let has_title = self.title.as_ref().is_some_and(|title| !title.is_empty());
        let stated = self.status.as_ref().and_then(|stated| match stated {
            Value::String(text) => text.trim().parse().ok(),
            number => number.as_u64(),
        });
        has_title && stated == Some(status.as_u16().into()) && !self.detail().is_empty()
    }

    /// `Detail` in lower case; blank where there is none.
    pub(crate) fn detail(&self) -> String {
        let detail = self.detail.as_deref().unwrap_or_default();
        detail.trim().to_ascii_lowercase()
    }

    /// Why it was refused, as far as its words tell.
    pub(crate) fn refusal(&self) -> Refusal {
        let elements = self.elements.iter().flatten();
        let quoted = elements.flat_map(|element| {
            let quoted = [
                &element.name,
                &element.account_number,
                &element.contact_number,
            ];
            quoted.into_iter().flatten().map(String::as_str)
        });
        recognise(&self.messages(), &quoted.collect::<Vec<_>>())
    }

    /// What is wrong with the elements or, where they don't say, with the call.
    pub(crate) fn messages(&self) -> Messages {
        let of_elements = self
            .elements
            .iter()
            .flatten()
            .flat_map(|element| element.validation_errors.iter().flatten())
            .filter_map(|error| error.message.clone());
        let of_elements = Messages::bounded(of_elements);
        if of_elements.is_empty() {
            Messages::bounded(self.message.clone())
        } else {
            of_elements
        }
    }
}
