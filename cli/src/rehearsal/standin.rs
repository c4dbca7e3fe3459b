//! Stands between the worker and the two systems: reads go through, and every write is answered as if it had succeeded.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, StatusCode};
use rules::XeroContactId;
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

/// Xero's word for a contact in use.
const ACTIVE: &str = "ACTIVE";

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
    /// Ids by name and by account number, without case. One may have been renamed since: what is known of it tells.
    by_text: HashMap<(&'static str, String), Vec<String>>,
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

    /// Counts anew.
    pub fn forget_calls(&self) {
        self.state().calls = XeroCalls::default();
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
        if !is_create {
            self.read_unknown(&request, &elements).await?;
        }
        let mut state = self.state();
        state.calls.writes += 1;
        let saved: Vec<Value> = elements
            .into_iter()
            .map(|element| state.write(element, is_create))
            .collect();
        Ok(json_answer(&json!({"Status": "OK", "Contacts": saved})))
    }

    /// Xero looks at a contact before it writes to it; so what is not known yet is read. These reads are this stand-in's own and do not count.
    async fn read_unknown(
        &self,
        request: &Request,
        elements: &[Value],
    ) -> Result<(), TransportError> {
        let unknown: Vec<String> = {
            let state = self.state();
            let ids = elements.iter().filter_map(id_of);
            ids.filter(|id| !state.known.contains_key(*id))
                .map(str::to_owned)
                .collect()
        };
        for ids in unknown.chunks(xero::MAX_IDS) {
            let mut url = self.xero.clone();
            let path = format!("{}/api.xro/2.0/Contacts", url.path().trim_end_matches('/'));
            url.set_path(&path);
            url.query_pairs_mut()
                .append_pair("IDs", &ids.join(","))
                .append_pair("includeArchived", "true");
            let mut read = http::Request::get(url.as_str())
                .body(Bytes::new())
                .map_err(|_| TransportError::NotSent)?;
            *read.headers_mut() = request.headers().clone();
            for written in ["content-length", "content-type", "idempotency-key"] {
                read.headers_mut().remove(written);
            }
            let answer = self.through.send(read).await?;
            self.with_what_was_written(&url, answer);
        }
        Ok(())
    }

    /// Whether a Xero contact is only pretended.
    pub fn has_created(&self, id: XeroContactId) -> bool {
        self.state().created.contains(&id.to_string())
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
        let id = if is_create {
            Uuid::new_v4().to_string()
        } else {
            text(&fields, "ContactID").to_owned()
        };
        if let Some(words) = self.refusal(&id, &fields, is_create) {
            let id = if is_create {
                Uuid::nil().to_string()
            } else {
                id
            };
            fields.insert("ContactID".to_owned(), json!(id));
            fields.insert("HasValidationErrors".to_owned(), json!(true));
            fields.insert("StatusAttributeString".to_owned(), json!("ERROR"));
            fields.insert("ValidationErrors".to_owned(), json!([{ "Message": words }]));
            return Value::Object(fields);
        }
        fields.insert("ContactID".to_owned(), json!(id));
        let known = self.known.entry(id.clone()).or_default();
        known
            .entry("ContactStatus")
            .or_insert_with(|| json!(ACTIVE));
        known.extend(fields);
        let mut saved = known.clone();
        self.note_texts(&id);
        if is_create {
            self.created.push(id);
        }
        saved.insert("StatusAttributeString".to_owned(), json!("OK"));
        Value::Object(saved)
    }

    fn note_texts(&mut self, id: &str) {
        let Some(known) = self.known.get(id) else {
            return;
        };
        for field in ["Name", "AccountNumber"] {
            let value = text(known, field).to_lowercase();
            if !value.is_empty() {
                let holders = self.by_text.entry((field, value)).or_default();
                holders.push(id.to_owned());
            }
        }
    }

    /// What Xero refuses, in its words, as far as what was read of it tells: an archived contact, a name or number that is taken.
    fn refusal(&self, id: &str, fields: &Map<String, Value>, is_create: bool) -> Option<String> {
        let is_archived = |known: &Map<String, Value>| {
            let status = text(known, "ContactStatus");
            !status.is_empty() && status != ACTIVE
        };
        if !is_create && self.known.get(id).is_some_and(is_archived) {
            return Some("The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.".to_owned());
        }
        let is_taken =
            |field: &'static str, is_in_the_way: &dyn Fn(&Map<String, Value>) -> bool| {
                let value = text(fields, field).to_lowercase();
                let holders = self.by_text.get(&(field, value.clone()));
                !value.is_empty()
                    && holders.into_iter().flatten().any(|holder| {
                        let known = self.known.get(holder).filter(|_| holder != id);
                        known.is_some_and(|known| {
                            text(known, field).to_lowercase() == value && is_in_the_way(known)
                        })
                    })
            };
        if is_taken("Name", &|known| !is_archived(known)) {
            let name = text(fields, "Name");
            return Some(format!(
                "The contact name {name} is already assigned to another contact. The contact name must be unique across all active contacts."
            ));
        }
        if is_taken("AccountNumber", &|_| true) {
            return Some(
                "The Account Number already exists. Please enter a different Account Number."
                    .to_owned(),
            );
        }
        None
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
        let id = id.to_owned();
        let kept = kept.collect();
        self.known.insert(id.clone(), kept);
        self.note_texts(&id);
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
        // A search asks for a part of what is to be found, the others for the whole.
        let searched = query.get("searchTerm").map(|term| term.to_lowercase());
        if query.get("page").is_some_and(|page| page != "1") {
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
                let is_searched = searched.as_ref().is_some_and(|term| text.contains(term));
                is_searched
                    || asked.iter().any(|asked| asked.contains(&text))
                    || url.path().ends_with(&text)
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

fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn id_of(element: &Value) -> Option<&str> {
    element.get("ContactID")?.as_str()
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
