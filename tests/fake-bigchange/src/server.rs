//! The fake on a loopback port, with pages of its own under `/_fake/` for whoever sets a scene.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{FakeBigChange, Fault, Hold, LostAnswer, PATH, Seed};

/// The largest request body that is read: room for a seed of tens of thousands of contacts.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

#[derive(Clone)]
struct Shared {
    core: Arc<Mutex<FakeBigChange>>,
    latency_ms: Arc<AtomicU64>,
}

impl Shared {
    fn core(&self) -> MutexGuard<'_, FakeBigChange> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn as_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A running server. Dropping it stops it too, without waiting.
pub struct Server {
    address: SocketAddr,
    shared: Shared,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Starts serving `core` at `address` (port 0 for any free one); every answer of the web services takes at least `latency`.
    ///
    /// # Errors
    /// When the port cannot be had, or `address` is not on loopback: the fake is for this machine only.
    pub async fn start(
        address: SocketAddr,
        core: FakeBigChange,
        latency: Duration,
    ) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the fake serves on loopback only",
            ));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Shared {
            core: Arc::new(Mutex::new(core)),
            latency_ms: Arc::new(AtomicU64::new(as_ms(latency))),
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let app = router(shared.clone());
        let task = tokio::spawn(async move {
            axum::serve(listener, app)
                .with_graceful_shutdown(async move {
                    // An error means that the server was dropped: stop as well.
                    let _ = stopped.await;
                })
                .await
        });
        Ok(Self {
            address,
            shared,
            stop,
            task,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of the web services, as a client takes it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// Lets every answer of the web services take at least this time.
    pub fn set_latency(&self, latency: Duration) {
        let latency_ms = &self.shared.latency_ms;
        latency_ms.store(as_ms(latency), Ordering::Relaxed);
    }

    /// The fake, for as long as the guard is held: don't hold it while waiting for an answer.
    pub fn core(&self) -> MutexGuard<'_, FakeBigChange> {
        self.shared.core()
    }

    /// Stops listening, lets open calls end, and returns.
    ///
    /// # Errors
    /// When serving failed.
    pub async fn shutdown(self) -> io::Result<()> {
        // An error means that the task has ended by itself; its result says why.
        let _ = self.stop.send(());
        self.task.await.map_err(io::Error::other)?
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/_fake/contacts", get(dump).post(seed))
        .route("/_fake/calls", get(calls))
        .route("/_fake/reset-calls", post(reset_calls))
        .route(
            "/_fake/faults",
            get(faults).post(order_fault).delete(clear_faults),
        )
        .fallback(web_service)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(shared)
}

async fn web_service(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if !matches!(head.method, Method::GET | Method::POST) {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "");
    }
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "");
    };
    let request = http::Request::from_parts(head, body);
    let response = shared.core().handle(SystemTime::now(), &request);
    let hold = response
        .extensions()
        .get::<Hold>()
        .map_or(Duration::ZERO, |h| h.0);
    let latency = Duration::from_millis(shared.latency_ms.load(Ordering::Relaxed));
    tokio::time::sleep(latency + hold).await;
    if response.extensions().get::<LostAnswer>().is_some() {
        return broken_off();
    }
    response.map(Body::from)
}

/// An answer that breaks off: its body fails, so the connection closes before the caller has it all.
fn broken_off() -> Response {
    let failing = futures::stream::once(async {
        Err::<Bytes, _>(io::Error::from(io::ErrorKind::ConnectionReset))
    });
    Response::new(Body::from_stream(failing))
}

async fn dump(State(shared): State<Shared>) -> Response {
    let dump = shared.core().dump();
    as_json(&dump)
}

async fn seed(State(shared): State<Shared>, body: Bytes) -> Response {
    match serde_json::from_slice::<Seed>(&body) {
        Ok(seed) => {
            shared.core().seed(SystemTime::now(), seed);
            plain(StatusCode::NO_CONTENT, "")
        }
        Err(error) => plain(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

async fn calls(State(shared): State<Shared>) -> Response {
    let core = shared.core();
    as_json(&json!({"counts": core.call_counts(), "calls": core.calls(), "writes": core.writes()}))
}

async fn reset_calls(State(shared): State<Shared>) -> Response {
    shared.core().reset_calls();
    plain(StatusCode::NO_CONTENT, "")
}

async fn faults(State(shared): State<Shared>) -> Response {
    as_json(&shared.core().faults())
}

async fn order_fault(State(shared): State<Shared>, body: Bytes) -> Response {
    match serde_json::from_slice::<Fault>(&body) {
        Ok(fault) => {
            shared.core().order_fault(fault);
            plain(StatusCode::NO_CONTENT, "")
        }
        Err(error) => plain(StatusCode::BAD_REQUEST, &error.to_string()),
    }
}

async fn clear_faults(State(shared): State<Shared>) -> Response {
    shared.core().clear_faults();
    plain(StatusCode::NO_CONTENT, "")
}

fn as_json<T: serde::Serialize>(value: &T) -> Response {
    match serde_json::to_vec(value) {
        Ok(body) => {
            let mut response = Response::new(Body::from(body));
            response.headers_mut().insert(
                http::header::CONTENT_TYPE,
                http::HeaderValue::from_static("application/json"),
            );
            response
        }
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

fn plain(status: StatusCode, text: &str) -> Response {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response
}
