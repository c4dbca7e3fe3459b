//! Stands between the worker and the two systems: reads go through, and every write is answered as if it had succeeded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use transport::{Request, Response, Transport, TransportError};
use url::Url;
use uuid::Uuid;

/// The actions of BigChange that only read. Any other is answered here.
const BIGCHANGE_READS: [&str; 4] = [
    "ping",
    "ContactGroups",
    "ContactListByGroupPaged",
    "ContactDetail",
];
/// What is remembered of a Xero contact: what a look-up compares.
const REMEMBERED: [&str; 6] = [
    "ContactID",
    "Name",
    "AccountNumber",
    "ContactNumber",
    "ContactStatus",
    "MergedToContactID",
];

/// Calls to Xero's API that count against its limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct XeroCalls {
    /// Reads, which were made.
    pub reads: usize,
    /// Writes, which were not made.
    pub writes: usize,
}

/// The transport of a rehearsal. Nothing that it is given to write ever leaves it.
pub struct StandIn {
    through: Arc<dyn Transport>,
    bigchange: Url,
    xero: Url,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    calls: XeroCalls,
    /// Xero contacts as reads showed them and writes left them.
    known: HashMap<String, Map<String, Value>>,
    /// Those that only exist here.
    created: Vec<String>,
}

impl StandIn {
    /// Reads go through `through`.
    #[must_use]
    pub fn new(through: Arc<dyn Transport>, bigchange: Url, xero: Url) -> Self {
        Self {
            through,
            bigchange,
            xero,
            state: Mutex::default(),
        }
    }

    /// What Xero was, and would have been, asked.
    #[must_use]
    pub fn calls(&self) -> XeroCalls {
        self.state().calls
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request) -> Result<Response, TransportError> {
        let Ok(url) = Url::parse(&request.uri().to_string()) else {
            return Err(TransportError::NotSent);
        };
        if is_below(&url, &self.bigchange) {
            return self.bigchange(&url, request).await;
        }
        if is_below(&url, &self.xero) {
            return self.xero(&url, request).await;
        }
        // Nothing else is called in a rehearsal, and if something were, it would not be known to be harmless.
        Err(TransportError::NotSent)
    }

    async fn bigchange(&self, url: &Url, request: Request) -> Result<Response, TransportError> {
        let mut pairs = url.query_pairs();
        let action = pairs.find(|(key, _)| key == "action");
        if action.is_some_and(|(_, action)| BIGCHANGE_READS.contains(&&*action)) {
            return self.through.send(request).await;
        }
        Ok(json_answer(&json!({"Code": 0, "Result": null})))
    }

    async fn xero(&self, url: &Url, request: Request) -> Result<Response, TransportError> {
        if request.method() == Method::GET {
            self.state().calls.reads += 1;
            let answer = self.through.send(request).await?;
            return Ok(self.with_what_was_written(url, answer));
        }
        let elements = serde_json::from_slice::<Value>(request.body())
            .ok()
            .and_then(|mut body| body.get_mut("Contacts").map(Value::take));
        let Some(Value::Array(elements)) = elements else {
            return Err(TransportError::NotSent);
        };
        let is_create = request.method() == Method::PUT;
        let mut state = self.state();
        state.calls.writes += 1;
        let saved: Vec<Value> = elements
            .into_iter()
            .map(|element| state.write(element, is_create))
            .collect();
        Ok(json_answer(&json!({"Status": "OK", "Contacts": saved})))
    }

    /// What Xero would answer had the writes been made.
    fn with_what_was_written(&self, url: &Url, answer: Response) -> Response {
        if answer.status() != StatusCode::OK {
            return answer;
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) else {
            return answer;
        };
        let Some(contacts) = body.get_mut("Contacts").and_then(Value::as_array_mut) else {
            return answer;
        };
        let mut state = self.state();
        for contact in contacts.iter_mut() {
            state.remember(contact);
        }
        contacts.extend(state.created_for(url));
        let (mut parts, _) = answer.into_parts();
        parts.headers.remove(http::header::CONTENT_LENGTH);
        Response::from_parts(parts, Bytes::from(body.to_string()))
    }
}

impl State {
    fn write(&mut self, element: Value, is_create: bool) -> Value {
        let Value::Object(mut fields) = element else {
            return element;
        };
        fields.retain(|field, _| REMEMBERED.contains(&field.as_str()));
        if is_create {
            let id = Uuid::new_v4().to_string();
            fields.insert("ContactID".to_owned(), json!(id));
            fields.insert("ContactStatus".to_owned(), json!("ACTIVE"));
            self.created.push(id.clone());
            self.known.insert(id, fields.clone());
        } else if let Some(id) = fields.get("ContactID").and_then(Value::as_str) {
            let id = id.to_owned();
            let known = self.known.entry(id).or_default();
            known
                .entry("ContactStatus")
                .or_insert_with(|| json!("ACTIVE"));
            known.extend(fields);
            fields = known.clone();
        }
        fields.insert("StatusAttributeString".to_owned(), json!("OK"));
        Value::Object(fields)
    }

    /// Keeps what a read shows, and shows what was written here.
    fn remember(&mut self, contact: &mut Value) {
        let Some(fields) = contact.as_object_mut() else {
            return;
        };
        let Some(id) = fields.get("ContactID").and_then(Value::as_str) else {
            return;
        };
        if let Some(known) = self.known.get(id) {
            fields.extend(known.clone());
            return;
        }
        let kept = fields
            .iter()
            .filter(|(field, _)| REMEMBERED.contains(&field.as_str()))
            .map(|(field, value)| (field.clone(), value.clone()));
        self.known.insert(id.to_owned(), kept.collect());
    }

    /// The contacts created here that a read may be after. One too many does no harm: what comes is compared.
    fn created_for(&self, url: &Url) -> Vec<Value> {
        let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let asked: Vec<String> = ["where", "searchTerm", "IDs"]
            .into_iter()
            .filter_map(|name| query.get(name))
            .map(|text| text.to_lowercase())
            .collect();
        let is_whole_list = asked.is_empty();
        if is_whole_list && query.get("page").is_some_and(|page| page != "1") {
            return Vec::new();
        }
        let is_asked_for = |fields: &Map<String, Value>| {
            let texts = ["Name", "AccountNumber", "ContactNumber", "ContactID"];
            let mut texts = texts
                .iter()
                .filter_map(|name| fields.get(*name)?.as_str())
                .filter(|text| !text.is_empty());
            texts.any(|text| {
                let text = text.to_lowercase();
                asked.iter().any(|asked| asked.contains(&text)) || url.path().ends_with(&text)
            })
        };
        self.created
            .iter()
            .filter_map(|id| self.known.get(id))
            .filter(|fields| is_whole_list || is_asked_for(fields))
            .map(|fields| Value::Object(fields.clone()))
            .collect()
    }
}

impl Transport for StandIn {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.answer(request))
    }
}

fn is_below(url: &Url, base: &Url) -> bool {
    url.origin() == base.origin() && url.path().starts_with(base.path().trim_end_matches('/'))
}

fn json_answer(body: &Value) -> Response {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    answer.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static("application/json"),
    );
    answer
}
