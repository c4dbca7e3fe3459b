//! The side of AWS Lambda that a function's process talks to: it hands out events and takes the answers.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// What a function is told of itself; it uses none of it.
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:local";

/// How a process answered an event.
#[derive(Debug)]
pub(crate) enum Answer {
    /// With this.
    Done(Value),
    /// With an error.
    Failed(Value),
}

/// Serves one process. Dropping it stops that.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    first_asked: watch::Receiver<Option<Instant>>,
    events: mpsc::UnboundedSender<Event>,
    answers: mpsc::UnboundedReceiver<Answer>,
    invocations: u32,
    task: JoinHandle<io::Result<()>>,
}

struct Event {
    request: String,
    body: Vec<u8>,
    deadline: SystemTime,
}

struct Shared {
    /// When the process first asked for an event.
    first_asked: watch::Sender<Option<Instant>>,
    events: Mutex<mpsc::UnboundedReceiver<Event>>,
    answers: mpsc::UnboundedSender<Answer>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, to_process) = mpsc::unbounded_channel();
        let (from_process, answers) = mpsc::unbounded_channel();
        let (asks_first, first_asked) = watch::channel(None);
        let shared = Arc::new(Shared {
            first_asked: asks_first,
            events: Mutex::new(to_process),
            answers: from_process,
        });
        let invocation = "/2018-06-01/runtime/invocation";
        let app = Router::new()
            .route(&format!("{invocation}/next"), get(next))
            .route(&format!("{invocation}/{{request}}/response"), post(done))
            .route(&format!("{invocation}/{{request}}/error"), post(failed))
            .route("/2018-06-01/runtime/init/error", post(failed_to_start))
            .with_state(shared);
        let task = tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self {
            address,
            first_asked,
            events,
            answers,
            invocations: 0,
            task,
        })
    }

    /// Where it listens, as `AWS_LAMBDA_RUNTIME_API` has it.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Waits until the process asks for its first event, and returns when that was.
    pub(crate) async fn first_asked(&self) -> anyhow::Result<Instant> {
        let mut first_asked = self.first_asked.clone();
        let asked = first_asked.wait_for(Option::is_some).await?;
        asked.context("the runtime has stopped")
    }

    /// Hands out an event; the process is to answer within `time_limit`.
    pub(crate) fn hand_out(&mut self, event: &Value, time_limit: Duration) -> anyhow::Result<()> {
        self.invocations += 1;
        let event = Event {
            request: Uuid::from_u128(self.invocations.into()).to_string(),
            body: serde_json::to_vec(event)?,
            deadline: SystemTime::now() + time_limit,
        };
        let sent = self.events.send(event);
        sent.ok().context("the runtime has stopped")
    }

    /// The next answer. Comes to no end where the process is gone.
    pub(crate) async fn answer(&mut self) -> anyhow::Result<Answer> {
        self.answers.recv().await.context("the runtime has stopped")
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.first_asked.send_if_modified(|first| {
        let is_first = first.is_none();
        first.get_or_insert_with(Instant::now);
        is_first
    });
    let event = shared.events.lock().await.recv().await;
    let Some(event) = event else {
        // Nobody has an event any more; the process waits, as it does between two of them.
        return std::future::pending().await;
    };
    let deadline = event.deadline.duration_since(UNIX_EPOCH);
    let deadline_ms = deadline.unwrap_or_default().as_millis();
    let answer = http::Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", event.request)
        .header("lambda-runtime-deadline-ms", deadline_ms.to_string())
        .header("lambda-runtime-invoked-function-arn", FUNCTION_ARN)
        .body(event.body.into());
    answer.unwrap_or_default()
}

async fn done(
    State(shared): State<Arc<Shared>>,
    Path(_request): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared.take(Answer::Done(json_of(&body)))
}

async fn failed(
    State(shared): State<Arc<Shared>>,
    Path(_request): Path<String>,
    body: Bytes,
) -> StatusCode {
    shared.take(Answer::Failed(json_of(&body)))
}

async fn failed_to_start(State(shared): State<Arc<Shared>>, body: Bytes) -> StatusCode {
    shared.take(Answer::Failed(json_of(&body)))
}

impl Shared {
    fn take(&self, answer: Answer) -> StatusCode {
        match self.answers.send(answer) {
            Ok(()) => StatusCode::ACCEPTED,
            Err(_) => StatusCode::GONE,
        }
    }
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}
