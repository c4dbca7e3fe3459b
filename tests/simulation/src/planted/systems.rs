//! BigChange and Xero, as a process with a planted bug reaches them.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use transport::{Request, Response, Transport, TransportError};

use super::bug::Planted;
use super::process::Process;
use crate::world::Function;

pub(super) struct Systems {
    process: Arc<Process>,
    inner: Arc<dyn Transport>,
    /// Xero contacts as they were first seen.
    first_seen: Mutex<HashMap<String, Value>>,
}

impl Systems {
    pub(super) fn new(process: Arc<Process>, inner: Arc<dyn Transport>) -> Self {
        Self {
            process,
            inner,
            first_seen: Mutex::default(),
        }
    }

    /// As they are.
    pub(super) fn through(&self) -> &Arc<dyn Transport> {
        &self.inner
    }

    async fn answer(&self, request: Request) -> Result<Response, TransportError> {
        if request.uri().host() == Some("localhost") {
            return self.bigchange(request).await;
        }
        if request.uri().path().starts_with("/api.xro/") {
            return self.xero(request).await;
        }
        self.inner.send(request).await
    }

    async fn bigchange(&self, request: Request) -> Result<Response, TransportError> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let is_write = query.contains("Save") || query.contains("ContactUpdateRef");
        if self.process.planted == Planted::DoneBeforeBigchange && is_write {
            self.process.hold_back(request);
            return Ok(json_answer(&json!({"Code": 0})));
        }
        let answer = self.inner.send(request).await?;
        match self.process.planted {
            Planted::NotesNotRead if query.contains("action=ContactNotes") => {
                Ok(changed(answer, |body| body["Result"] = json!([])))
            }
            Planted::SiteContactCreated => Ok(changed(answer, without_parents)),
            Planted::NameInLog if query.contains("ContactDetail") => {
                tracing::info!("read {}", String::from_utf8_lossy(answer.body()));
                Ok(answer)
            }
            _ => Ok(answer),
        }
    }

    async fn xero(&self, mut request: Request) -> Result<Response, TransportError> {
        let is_create = request.method() == Method::PUT;
        let is_write = request.method() != Method::GET;
        let query = request.uri().query().unwrap_or_default().to_owned();
        let asks_for_changes = request.headers().contains_key(header::IF_MODIFIED_SINCE);
        match self.process.planted {
            Planted::CreateByName if is_create => create_by_name(&mut request),
            Planted::KeyFromContent if is_write => key_from_content(&mut request),
            Planted::DirectoryNeverRefreshed
                if self.process.function == Function::SyncContact && asks_for_changes =>
            {
                return Ok(json_answer(&json!({"Contacts": []})));
            }
            _ => {}
        }
        let answer = self.inner.send(request).await?;
        match self.process.planted {
            Planted::BatchOutOfOrder if is_create => Ok(changed(answer, mix_up)),
            Planted::RefusalIgnored if is_write && !is_create => Ok(as_saved(answer)),
            Planted::LimitTakenForNothing if !is_write => {
                if answer.status() == StatusCode::TOO_MANY_REQUESTS {
                    return Ok(json_answer(&json!({"Contacts": []})));
                }
                Ok(answer)
            }
            Planted::LookSeesNothing
                if self.process.function == Function::Poll && asks_for_changes =>
            {
                Ok(changed(answer, |body| body["Contacts"] = json!([])))
            }
            Planted::StaleBeforeUpdate if !is_write && query.contains("IDs=") => {
                Ok(changed(answer, |body| self.as_first_seen(body, true)))
            }
            Planted::DirectoryNeverRefreshed if !is_write => {
                let reads_again = query.contains("IDs=");
                Ok(changed(answer, |body| {
                    self.as_first_seen(body, reads_again)
                }))
            }
            _ => Ok(answer),
        }
    }

    fn as_first_seen(&self, body: &mut Value, reads_again: bool) {
        let mut first_seen = self
            .first_seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for contact in contacts(body) {
            let id = contact["ContactID"].as_str().unwrap_or_default().to_owned();
            match first_seen.get(&id) {
                Some(first) if reads_again => contact.clone_from(first),
                Some(_) => {}
                None => drop(first_seen.insert(id, contact.clone())),
            }
        }
    }
}

impl Transport for Systems {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(self.answer(request))
    }
}

fn contacts(body: &mut Value) -> impl Iterator<Item = &mut Value> {
    body.get_mut("Contacts")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}

fn is_refused(contact: &Value) -> bool {
    contact["HasValidationErrors"] == json!(true)
}

/// Xero's answer to a create tells the contacts apart by our contact numbers: their ids change places.
fn mix_up(body: &mut Value) {
    if !contacts(body).any(|contact| is_refused(contact)) {
        return;
    }
    let mut saved: Vec<&mut Value> = contacts(body)
        .filter(|contact| !is_refused(contact))
        .collect();
    let mut ids: Vec<Value> = saved
        .iter()
        .map(|contact| contact["ContactID"].clone())
        .collect();
    if ids.len() > 1 {
        ids.rotate_left(1);
        for (contact, id) in saved.iter_mut().zip(ids) {
            contact["ContactID"] = id;
        }
    }
}

/// An answer that refuses updates, as one that saved them.
fn as_saved(answer: Response) -> Response {
    let Ok(mut body) = serde_json::from_slice::<Value>(answer.body()) else {
        return answer;
    };
    if answer.status() == StatusCode::BAD_REQUEST && body["Elements"].is_array() {
        let mut elements = body["Elements"].take();
        for element in elements.as_array_mut().into_iter().flatten() {
            element["HasValidationErrors"] = json!(true);
        }
        body = json!({"Status": "OK", "Contacts": elements});
    }
    if !contacts(&mut body).any(|contact| is_refused(contact)) {
        return answer;
    }
    for contact in contacts(&mut body).filter(|contact| is_refused(contact)) {
        contact["HasValidationErrors"] = json!(false);
        contact["StatusAttributeString"] = json!("OK");
        contact["ValidationErrors"] = json!([]);
    }
    json_answer(&body)
}

fn without_parents(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            // Its name and its reference go too: an answer that names a parent without an id is refused.
            let is_of_parent = |key: &str| key.to_ascii_lowercase().contains("parent");
            fields.retain(|key, value| value.is_array() || value.is_object() || !is_of_parent(key));
            if fields.contains_key("GroupId") {
                fields.insert("ParentId".to_owned(), json!(0));
            }
            fields.values_mut().for_each(without_parents);
        }
        Value::Array(values) => values.iter_mut().for_each(without_parents),
        _ => {}
    }
}

fn create_by_name(request: &mut Request) {
    *request.method_mut() = Method::POST;
    let Ok(mut body) = serde_json::from_slice::<Value>(request.body()) else {
        return;
    };
    for contact in contacts(&mut body) {
        if let Some(fields) = contact.as_object_mut() {
            fields.remove("ContactNumber");
        }
    }
    *request.body_mut() = Bytes::from(body.to_string());
    request.headers_mut().remove(header::CONTENT_LENGTH);
}

fn key_from_content(request: &mut Request) {
    let mut hash = DefaultHasher::new();
    request.uri().path().hash(&mut hash);
    request.body().hash(&mut hash);
    if let Ok(key) = HeaderValue::from_str(&hash.finish().to_string()) {
        request.headers_mut().insert("idempotency-key", key);
    }
}

/// An answer with its JSON changed. BigChange's begin with a byte order mark.
fn changed(answer: Response, change: impl FnOnce(&mut Value)) -> Response {
    let body = answer.body();
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let Ok(mut body) = serde_json::from_slice::<Value>(body) else {
        return answer;
    };
    change(&mut body);
    let (mut parts, _) = answer.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Bytes::from(body.to_string()))
}

fn json_answer(body: &Value) -> Response {
    let mut answer = Response::new(Bytes::from(body.to_string()));
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(header::CONTENT_TYPE, json);
    answer
}
