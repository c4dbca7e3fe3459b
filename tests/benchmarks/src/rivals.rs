//! Two other ways to do the same work, to compare with. They do what is needed and nothing for safety: no second look, no reservation, no record of what is in doubt.
//! Both obey Xero's limits: refused, they wait as long as they are told.

use std::collections::HashMap;

use anyhow::{Context, bail};
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::network::Network;
use crate::work::Customer;

/// The largest page that Xero gives, and the largest write that it recommends.
const PAGE: usize = 1_000;
const BATCH: usize = 50;
const CONTACTS: &str = "https://api.xero.com/api.xro/2.0/Contacts";
/// A token is renewed before it is refused.
const TOKEN_LASTS: Duration = Duration::minutes(25);

/// A client that uses Xero's API directly.
pub(crate) struct Rival<'a> {
    network: &'a Network,
    token: String,
    token_until: OffsetDateTime,
}

/// How a rival goes about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Each contact is looked up by account number or name, then created or updated.
    FindThenCreate,
    /// Each event lists everything first, then writes 50 at a time.
    ListFirst,
}

impl Way {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FindThenCreate => "Find-then-create",
            Self::ListFirst => "List-first",
        }
    }
}

impl<'a> Rival<'a> {
    pub(crate) fn new(network: &'a Network) -> Self {
        Self {
            network,
            token: String::new(),
            token_until: network.now(),
        }
    }

    /// Brings one event's customers into Xero.
    pub(crate) fn sync(&mut self, way: Way, customers: &[Customer]) -> anyhow::Result<()> {
        match way {
            Way::FindThenCreate => customers.iter().try_for_each(|c| self.find_then_create(c)),
            Way::ListFirst => self.list_first(customers),
        }
    }

    fn find_then_create(&mut self, customer: &Customer) -> anyhow::Result<()> {
        let (name, reference) = (&customer.name, &customer.reference);
        let filter = if reference.is_empty() {
            format!("Name==\"{name}\"")
        } else {
            format!("AccountNumber==\"{reference}\" OR Name==\"{name}\"")
        };
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("where", &filter)
            .append_pair("includeArchived", "true")
            .append_pair("summaryOnly", "true")
            .append_pair("page", "1")
            .finish();
        let found = self.call(Method::GET, &format!("?{query}"), None)?;
        let id = found["Contacts"][0]["ContactID"].as_str();
        match id {
            None => self.write(Method::PUT, "", vec![element(customer, None)])?,
            Some(id) => {
                let path = format!("/{id}");
                self.write(Method::POST, &path, vec![element(customer, Some(id))])?
            }
        };
        Ok(())
    }

    fn list_first(&mut self, customers: &[Customer]) -> anyhow::Result<()> {
        let mut ids = HashMap::new();
        for page in 1.. {
            let path =
                format!("?page={page}&pageSize={PAGE}&includeArchived=true&summaryOnly=true");
            let answer = self.call(Method::GET, &path, None)?;
            for contact in answer["Contacts"].as_array().into_iter().flatten() {
                for field in ["Name", "AccountNumber"] {
                    if let Some(text) = contact[field].as_str() {
                        ids.insert(text.to_lowercase(), contact["ContactID"].clone());
                    }
                }
            }
            if answer["pagination"]["pageCount"]
                .as_u64()
                .is_none_or(|pages| page >= pages)
            {
                break;
            }
        }
        let id_of = |customer: &Customer| {
            let by_number = ids.get(&customer.reference.to_lowercase());
            let id = by_number.or_else(|| ids.get(&customer.name.to_lowercase()));
            id.and_then(Value::as_str)
        };
        let (known, new): (Vec<_>, Vec<_>) = customers
            .iter()
            .partition(|customer| id_of(customer).is_some());
        for (method, customers) in [(Method::PUT, new), (Method::POST, known)] {
            for customers in customers.chunks(BATCH) {
                let elements = customers.iter().map(|c| element(c, id_of(c))).collect();
                self.write(method.clone(), "?summarizeErrors=false", elements)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, method: Method, path: &str, elements: Vec<Value>) -> anyhow::Result<Value> {
        self.call(method, path, Some(json!({ "Contacts": elements })))
    }

    /// One call that succeeds, with as many refused ones before it as it takes.
    fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> anyhow::Result<Value> {
        loop {
            self.renew_token();
            let tenant = self.network.xero().tenant_id();
            let request = http::Request::builder()
                .method(method.clone())
                .uri(format!("{CONTACTS}{path}"))
                .header("authorization", format!("Bearer {}", self.token))
                .header("xero-tenant-id", tenant.to_string())
                .header("accept", "application/json")
                .header("content-type", "application/json")
                .body(
                    body.as_ref()
                        .map_or_else(Bytes::new, |body| body.to_string().into()),
                )?;
            let response = self.network.answer(&request);
            if response.status() == 429 {
                let wait = response.headers().get("retry-after");
                let wait = wait.context("refused without saying for how long")?;
                self.network
                    .pass(Duration::seconds(wait.to_str()?.parse()?));
                continue;
            }
            if !response.status().is_success() {
                let words = String::from_utf8_lossy(response.body());
                bail!(
                    "the other client was answered {}: {words}",
                    response.status()
                );
            }
            return Ok(serde_json::from_slice(response.body())?);
        }
    }

    fn renew_token(&mut self) {
        let now = self.network.now();
        if now >= self.token_until {
            self.token = self.network.xero().issue_tokens(now.into()).access_token;
            self.token_until = now + TOKEN_LASTS;
        }
    }
}

fn element(customer: &Customer, id: Option<&str>) -> Value {
    let mut element = json!({"Name": customer.name, "AccountNumber": customer.reference});
    if let Some(id) = id {
        element["ContactID"] = id.into();
    }
    element
}
