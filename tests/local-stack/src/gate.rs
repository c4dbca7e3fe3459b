//! A gate on loopback through which everything goes that a function's process calls. It counts and names the calls, and carries out one order about one of them:
//! the process is to be killed there, or the answer is to be lost.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use transport::{HttpTransport, Transport, TransportError};

/// The largest request or answer that is passed on.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;
/// How many keys of a write are named.
const MAX_NAMED_KEYS: usize = 3;
/// Belong to one connection, not to what travels over it.
const OF_A_CONNECTION: [HeaderName; 5] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::EXPECT,
];
/// By which the AWS client marks the attempts at one call.
const AWS_INVOCATION: &str = "amz-sdk-invocation-id";
const AWS_OPERATION: &str = "x-amz-target";

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum System {
    /// The table, the queues and the secrets.
    Aws,
    /// BigChange.
    BigChange,
    /// Xero, its identity service included.
    Xero,
}

/// Where the calls go.
#[derive(Debug, Clone)]
pub struct Destinations {
    /// The process that stands in for AWS: `http://host:port`, as of the others.
    pub aws: String,
    /// The fake BigChange.
    pub bigchange: String,
    /// The fake Xero.
    pub xero: String,
}

/// One call of the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Which of its calls this is, from 1.
    pub number: usize,
    /// What was called.
    pub system: System,
    /// For instance `Xero PUT /Contacts`, or `DynamoDB PutItem contact 1001`.
    pub name: String,
    /// Whether it may change something.
    pub mutates: bool,
    /// What was sent in its body.
    pub sent: Bytes,
    /// How long the body of its answer was, once it came.
    pub answer_bytes: usize,
}

/// What is to happen at one call, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The process is killed when the call arrives; it is not passed on.
    KillBefore(usize),
    /// The call is passed on, and has its effect; the process is killed before it has the answer.
    KillAfter(usize),
    /// The call is passed on, and its answer is lost.
    LoseAnswer(usize),
    /// The same, and so are the answers to the further attempts at this call that the AWS client makes by itself.
    LoseEveryAnswer(usize),
}

impl Order {
    /// Which call it is about.
    #[must_use]
    pub fn number(self) -> usize {
        match self {
            Self::KillBefore(number)
            | Self::KillAfter(number)
            | Self::LoseAnswer(number)
            | Self::LoseEveryAnswer(number) => number,
        }
    }
}

/// How a process is to be treated.
#[derive(Debug, Clone, Copy, Default)]
pub struct Treatment {
    /// What is to happen at one call.
    pub order: Option<Order>,
    /// Where it is given, each call waits a little before it is passed on: how long follows from this number and the call's.
    pub jitter: Option<u64>,
}

/// A gate. Dropping it closes it.
pub struct Gate {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<io::Result<()>>,
}

struct Shared {
    destinations: Destinations,
    treatment: Treatment,
    http: HttpTransport,
    state: Mutex<Passage>,
    /// Somebody must kill the process.
    kill: Notify,
    /// Calls that were passed on and have no answer yet.
    under_way: AtomicUsize,
    arrived: Notify,
}

/// What went through so far.
#[derive(Default)]
struct Passage {
    calls: Vec<Call>,
    /// The call whose every answer is lost.
    lost_invocation: Option<String>,
    carried_out: bool,
    /// The process is being killed: nothing more is passed on.
    is_shut: bool,
}

/// What becomes of one call.
enum Fate {
    /// It is never answered: its process is being killed.
    NeverAnswered,
    PassedOn(Back),
}

/// What becomes of a call's answer.
#[derive(Clone, Copy)]
enum Back {
    Delivered,
    Lost,
    /// The process is killed in its place.
    Fatal,
}

impl Gate {
    /// Opens a gate on a free port.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn open(destinations: Destinations, treatment: Treatment) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            destinations,
            treatment,
            http: HttpTransport::new().context("building an HTTP client")?,
            state: Mutex::default(),
            kill: Notify::new(),
            under_way: AtomicUsize::new(0),
            arrived: Notify::new(),
        });
        let app = Router::new().fallback(pass).with_state(shared.clone());
        let task = tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// Its address, for whatever is called.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The calls so far, by their number.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.passage().calls.clone()
    }

    /// Whether the order was carried out.
    #[must_use]
    pub fn order_was_carried_out(&self) -> bool {
        self.shared.passage().carried_out
    }

    /// Comes when the process has to be killed.
    pub async fn kill_is_due(&self) {
        self.shared.kill.notified().await;
    }

    /// Lets nothing more through, and waits until every call that was passed on has its effect.
    pub async fn shut(&self) {
        self.shared.passage().is_shut = true;
        loop {
            let arrived = self.shared.arrived.notified();
            if self.shared.under_way.load(Ordering::SeqCst) == 0 {
                return;
            }
            arrived.await;
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    fn passage(&self) -> MutexGuard<'_, Passage> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call in, and says what becomes of it.
    fn admit(&self, head: &Parts, body: &Bytes) -> (usize, System, Fate) {
        let invocation = text_of(&head.headers, AWS_INVOCATION);
        let (system, name, mutates) = describe(head, body);
        let mut passage = self.passage();
        let number = passage.calls.len() + 1;
        let is_shut = passage.is_shut;
        if !is_shut {
            passage.calls.push(Call {
                number,
                system,
                name,
                mutates,
                sent: body.clone(),
                answer_bytes: 0,
            });
        }
        let order = self.treatment.order.filter(|o| o.number() == number);
        let again = invocation.is_some() && passage.lost_invocation.as_deref() == invocation;
        let fate = match order {
            _ if is_shut => Fate::NeverAnswered,
            None if again => Fate::PassedOn(Back::Lost),
            None => Fate::PassedOn(Back::Delivered),
            Some(order) => {
                passage.carried_out = true;
                match order {
                    Order::KillBefore(_) => {
                        passage.is_shut = true;
                        self.kill.notify_one();
                        Fate::NeverAnswered
                    }
                    Order::KillAfter(_) => Fate::PassedOn(Back::Fatal),
                    Order::LoseAnswer(_) => Fate::PassedOn(Back::Lost),
                    Order::LoseEveryAnswer(_) => {
                        passage.lost_invocation = invocation.map(str::to_owned);
                        Fate::PassedOn(Back::Lost)
                    }
                }
            }
        };
        if matches!(fate, Fate::PassedOn(_)) {
            self.under_way.fetch_add(1, Ordering::SeqCst);
        }
        (number, system, fate)
    }

    async fn pass_on(
        &self,
        system: System,
        head: Parts,
        body: Bytes,
    ) -> Result<transport::Response, TransportError> {
        let base = match system {
            System::Aws => &self.destinations.aws,
            System::BigChange => &self.destinations.bigchange,
            System::Xero => &self.destinations.xero,
        };
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = http::Request::builder()
            .method(head.method)
            .uri(format!("{base}{path}"))
            .body(body)
            .map_err(|_| TransportError::NotSent)?;
        *request.headers_mut() = without_connection(head.headers);
        self.http.send(request).await
    }

    /// Differs from call to call, and is the same whenever a run is repeated.
    fn wait_before(&self, number: usize) -> Duration {
        const LONGEST_MS: u64 = 12;
        const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
        let Some(jitter) = self.treatment.jitter else {
            return Duration::ZERO;
        };
        let number = u64::try_from(number).unwrap_or_default();
        let mixed = (jitter.wrapping_mul(1_000_003) ^ number).wrapping_mul(SPREAD);
        Duration::from_millis((mixed >> 32) % (LONGEST_MS + 1))
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (number, system, fate) = shared.admit(&head, &body);
    let Fate::PassedOn(back) = fate else {
        return std::future::pending().await;
    };
    // In a task of its own: once it is on its way it has its effect, even if its process is killed meanwhile.
    let passing = tokio::spawn({
        let shared = shared.clone();
        async move {
            tokio::time::sleep(shared.wait_before(number)).await;
            let answer = shared.pass_on(system, head, body).await;
            if let Ok(answer) = &answer
                && let Some(call) = shared.passage().calls.get_mut(number - 1)
            {
                call.answer_bytes = answer.body().len();
            }
            shared.under_way.fetch_sub(1, Ordering::SeqCst);
            shared.arrived.notify_one();
            answer
        }
    });
    let answer = passing.await;
    match (back, answer) {
        (Back::Delivered, Ok(Ok(answer))) => {
            let (mut head, body) = answer.into_parts();
            head.headers = without_connection(head.headers);
            Response::from_parts(head, Body::from(body))
        }
        (Back::Fatal, _) => {
            shared.passage().is_shut = true;
            shared.kill.notify_one();
            std::future::pending().await
        }
        (Back::Lost, _) | (Back::Delivered, _) => broken_off(),
    }
}

/// An answer whose body fails at once, on which the connection is closed.
fn broken_off() -> Response {
    let broken = io::Error::from(io::ErrorKind::ConnectionAborted);
    Response::new(Body::from_stream(futures::stream::once(async {
        Err::<Bytes, _>(broken)
    })))
}

fn without_connection(mut headers: HeaderMap) -> HeaderMap {
    for name in OF_A_CONNECTION {
        headers.remove(name);
    }
    headers
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What is called, the call's name, and whether it may change something.
fn describe(head: &Parts, body: &[u8]) -> (System, String, bool) {
    if let Some(operation) = text_of(&head.headers, AWS_OPERATION) {
        let (service, operation) = operation.split_once('.').unwrap_or(("AWS", operation));
        let service = match service {
            "secretsmanager" => "Secrets Manager",
            "AmazonSQS" => "SQS",
            table if table.starts_with("DynamoDB") => "DynamoDB",
            other => other,
        };
        let name = format!("{service} {operation}{}", keys_in(body));
        return (System::Aws, name, !is_aws_read(operation));
    }
    let path = head.uri.path();
    if path.ends_with(".ashx") {
        let parameters = head.uri.query().unwrap_or_default().split('&');
        let action = parameters
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case("action"))
            .map_or("without an action", |(_, action)| action);
        let name = format!("BigChange {action}");
        return (
            System::BigChange,
            name,
            action.ends_with("Save") || action == "ContactUpdateRef",
        );
    }
    // Ids in a path say nothing to a reader.
    let path = path.strip_prefix("/api.xro/2.0").unwrap_or(path);
    let path = match path.strip_prefix("/Contacts/") {
        Some(_) => "/Contacts/{id}",
        None => path,
    };
    let name = format!("Xero {} {path}", head.method);
    (System::Xero, name, head.method != Method::GET)
}

fn is_aws_read(operation: &str) -> bool {
    ["Get", "BatchGet", "Query", "List", "Scan"]
        .iter()
        .any(|read| operation.starts_with(read))
}

/// Which records a call to the table is about, by their kind and sort key, which hold no personal data.
fn keys_in(body: &[u8]) -> String {
    fn collect(value: &Value, keys: &mut Vec<String>) {
        let text = |name: &str| value[name]["S"].as_str();
        if let (Some(partition), Some(sort)) = (text("pk"), text("sk")) {
            let kind = partition
                .split_once('#')
                .map_or(partition, |(_, kind)| kind);
            keys.push(format!("{kind} {sort}"));
            return;
        }
        match value {
            Value::Object(fields) => fields.values().for_each(|value| collect(value, keys)),
            Value::Array(values) => values.iter().for_each(|value| collect(value, keys)),
            _ => {}
        }
    }
    let mut keys = Vec::new();
    if let Ok(body) = serde_json::from_slice::<Value>(body) {
        collect(&body, &mut keys);
    }
    let more = keys.len() > MAX_NAMED_KEYS;
    keys.truncate(MAX_NAMED_KEYS);
    match (keys.is_empty(), more) {
        (true, _) => String::new(),
        (false, false) => format!(" {}", keys.join(", ")),
        (false, true) => format!(" {}, ...", keys.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn described(request: http::request::Builder, body: &str) -> (System, String, bool) {
        let (head, ()) = request.body(()).unwrap().into_parts();
        describe(&head, body.as_bytes())
    }

    fn aws(operation: &str, body: &str) -> (System, String, bool) {
        described(
            http::Request::post("/").header(AWS_OPERATION, operation),
            body,
        )
    }

    #[test]
    fn calls_are_named_and_writes_are_known() {
        const ITEM: &str = r#"{"Item":{"pk":{"S":"tenant#contact"},"sk":{"S":"7"}}}"#;
        const LINE: &str = "/v01/services.ashx?action=ContactExtraSave&format=json";
        let get = http::Request::get;
        let (aws_table, xero) = (System::Aws, System::Xero);
        for (described, expected) in [
            (
                aws("DynamoDB_20120810.PutItem", ITEM),
                (aws_table, "DynamoDB PutItem contact 7", true),
            ),
            (
                aws("DynamoDB_20120810.BatchGetItem", "{}"),
                (aws_table, "DynamoDB BatchGetItem", false),
            ),
            (
                aws("AmazonSQS.SendMessageBatch", "{}"),
                (aws_table, "SQS SendMessageBatch", true),
            ),
            (
                aws("secretsmanager.ListSecretVersionIds", "{}"),
                (aws_table, "Secrets Manager ListSecretVersionIds", false),
            ),
            (
                described(get(LINE), ""),
                (System::BigChange, "BigChange ContactExtraSave", true),
            ),
            (
                described(get("/api.xro/2.0/Contacts?page=1"), ""),
                (xero, "Xero GET /Contacts", false),
            ),
            (
                described(http::Request::post("/api.xro/2.0/Contacts/17"), ""),
                (xero, "Xero POST /Contacts/{id}", true),
            ),
            (
                described(http::Request::post("/connect/token"), ""),
                (xero, "Xero POST /connect/token", true),
            ),
        ] {
            let (system, name, mutates) = &described;
            assert_eq!((*system, name.as_str(), *mutates), expected);
        }
    }
}
