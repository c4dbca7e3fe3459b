//! A caller with a token, and a clock that stands still until it is moved.

#![allow(
    clippy::unwrap_used,
    dead_code,
    reason = "a test fails by panicking, and not every test file uses every helper"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use fake_xero::{Config, FakeXero, TokenPair};
use http::{Request, Response};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const CONTACTS: &str = "/api.xro/2.0/Contacts";

pub(crate) struct Caller {
    pub(crate) fake: FakeXero,
    pub(crate) now: SystemTime,
    pub(crate) tokens: TokenPair,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Caller {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let now = UNIX_EPOCH + Duration::from_secs(1_790_000_000);
        let mut fake = FakeXero::new(config);
        let tokens = fake.issue_tokens(now);
        let headers = vec![
            ("authorization", format!("Bearer {}", tokens.access_token)),
            ("xero-tenant-id", fake.tenant_id().to_string()),
            ("accept", "application/json".into()),
            ("content-type", "application/json".into()),
        ];
        Self {
            fake,
            now,
            tokens,
            headers,
        }
    }

    pub(crate) fn without_limits() -> Self {
        let mut config = Config::default();
        config.limits.per_minute = 100_000;
        Self::with(config)
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    pub(crate) fn set_header(&mut self, name: &'static str, value: &str) {
        self.headers.retain(|(n, _)| *n != name);
        if !value.is_empty() {
            self.headers.push((name, value.into()));
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: Bytes) -> Request<Bytes> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.body(body).unwrap()
    }

    pub(crate) fn send(&mut self, method: &str, path: &str, body: Bytes) -> Response<Bytes> {
        let request = self.request(method, path, body);
        self.fake.handle(self.now, &request)
    }

    /// Status and body; the body is null where it is not JSON.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let body = if body.is_null() {
            Bytes::new()
        } else {
            Bytes::from(body.to_string())
        };
        let answer = self.send(method, path, body);
        (
            answer.status().as_u16(),
            serde_json::from_slice(answer.body()).unwrap_or_default(),
        )
    }

    pub(crate) fn get(&mut self, query: &str) -> (u16, Value) {
        self.call("GET", &format!("{CONTACTS}{query}"), Value::Null)
    }

    /// One element, told how it fared: `PUT` or `POST` with `summarizeErrors=false`.
    pub(crate) fn write_one(&mut self, method: &str, element: Value) -> Value {
        let (status, mut body) = self.call(
            method,
            &format!("{CONTACTS}?summarizeErrors=false"),
            json!({ "Contacts": [element] }),
        );
        assert_eq!(status, 200, "{body}");
        body["Contacts"][0].take()
    }

    pub(crate) fn update(&mut self, id: Uuid, element: Value) -> (u16, Value) {
        self.call(
            "POST",
            &format!("{CONTACTS}/{id}"),
            json!({ "Contacts": [element] }),
        )
    }

    pub(crate) fn seed(&mut self, contact: Value) -> Uuid {
        self.fake.seed(self.now, &json!([contact])).unwrap()[0]
    }

    pub(crate) fn names(&mut self, query: &str) -> Vec<String> {
        let (status, body) = self.get(query);
        assert_eq!(status, 200, "{query}: {body}");
        let contacts = body["Contacts"].as_array().unwrap();
        contacts
            .iter()
            .map(|c| c["Name"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The message of a refused element; blank where it was saved.
pub(crate) fn message(element: &Value) -> &str {
    if element["StatusAttributeString"] == "OK" {
        assert_eq!(element["HasValidationErrors"], false);
        return "";
    }
    assert_eq!(element["StatusAttributeString"], "ERROR");
    assert_eq!(element["HasValidationErrors"], true);
    assert_eq!(
        element["ValidationErrors"].as_array().unwrap().len(),
        1,
        "{element}"
    );
    element["ValidationErrors"][0]["Message"].as_str().unwrap()
}
