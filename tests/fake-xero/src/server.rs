//! The fake on a loopback port.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::control;
use crate::faults::Delivery;
use crate::shared::Shared;
use crate::state::{FakeXero, OpenCall};

/// The largest request that is read, above the API's own bound so that the API can refuse it.
const MAX_REQUEST_BYTES: usize = 16 * 1024 * 1024;

/// A running server. It stops when it is dropped.
pub struct Server {
    address: SocketAddr,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

impl Server {
    /// Starts to serve on a loopback address; port 0 takes a free one. The clock is the machine's.
    ///
    /// # Errors
    /// If the address is no loopback address or cannot be bound.
    pub async fn start(address: SocketAddr, core: FakeXero) -> io::Result<Self> {
        if !address.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the fake is served on a loopback address only",
            ));
        }
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Shared {
            core: Arc::new(Mutex::new(core)),
            latency_ms: Arc::default(),
        };
        let app = Router::new()
            .merge(control::routes())
            .fallback(answer)
            .with_state(shared.clone());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            // A sender that was dropped means the same as a message: stop.
            let stopped = async move { drop(stopped.await) };
            axum::serve(listener, app)
                .with_graceful_shutdown(stopped)
                .await
        });
        Ok(Self {
            address,
            shared,
            stop: Some(stop),
            task,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as the address that clients are configured with: of the API and of the identity server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The core, to look into it or to prepare it. Let go of it before the next call is expected.
    pub fn core(&self) -> MutexGuard<'_, FakeXero> {
        self.shared.core()
    }

    /// Holds every answer back for this time, during which the call counts as in flight.
    pub fn set_latency(&self, latency: Duration) {
        let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
        self.shared.latency_ms.store(ms, Ordering::Relaxed);
    }

    /// Stops accepting calls and waits for those in flight.
    ///
    /// # Errors
    /// If the server had failed.
    pub async fn shutdown(mut self) -> io::Result<()> {
        drop(self.stop.take());
        (&mut self.task)
            .await
            .unwrap_or_else(|join| Err(io::Error::other(join)))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Closes its call also where the caller goes away, which drops the handler.
struct CallGuard {
    shared: Shared,
    call: Option<OpenCall>,
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            self.shared.core().close_call(call);
        }
    }
}

async fn answer(State(shared): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_REQUEST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = http::Request::from_parts(head, body);
    let (_guard, answer) = {
        let mut core = shared.core();
        let call = Some(core.open_call(&request));
        let answer = core.handle(SystemTime::now(), &request);
        (
            CallGuard {
                shared: shared.clone(),
                call,
            },
            answer,
        )
    };
    let latency = Duration::from_millis(shared.latency_ms.load(Ordering::Relaxed));
    let delivery = answer.extensions().get::<Delivery>().copied();
    let wait = match delivery {
        Some(Delivery::Late(late)) => latency + late,
        _ => latency,
    };
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    if delivery == Some(Delivery::Lost) {
        broken_off()
    } else {
        answer.map(Body::from)
    }
}

/// An answer whose body fails at once, on which the connection is closed.
fn broken_off() -> Response {
    let broken = io::Error::from(io::ErrorKind::ConnectionAborted);
    Response::new(Body::from_stream(futures::stream::once(async {
        Err::<Bytes, _>(broken)
    })))
}
