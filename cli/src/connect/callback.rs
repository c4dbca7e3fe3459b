//! Waits for the browser to come back from Xero, on a port of this machine.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use xero::IdentityError;

/// How long the browser has to take the last page.
const LAST_PAGE: Duration = Duration::from_secs(1);
/// Where the browser is sent.
pub(super) const PATH: &str = "/callback";

/// Xero's answer to the request.
#[derive(Debug)]
pub(super) enum Answered {
    /// The person consented.
    Code(SecretString),
    /// They did not.
    Declined(String),
    /// Xero did not let them: it refuses what the app asks for.
    Refused(IdentityError),
}

/// What came back: Xero's answer, or (`None`) one to another request; the right one may still come.
type CameBack = Option<Answered>;

/// A port that is listened on.
pub(super) struct Listening {
    sockets: Vec<TcpListener>,
    /// Which.
    pub(super) port: u16,
}

impl Listening {
    /// Listens on loopback, where `localhost` may lead: by either version of the internet protocol.
    pub(super) async fn on(port: u16) -> anyhow::Result<Self> {
        let first = bind(Ipv4Addr::LOCALHOST.into(), port).await?;
        let port = first.local_addr().context("the port is not known")?.port();
        // Where a machine has no version 6, nobody is led there.
        let second = match bind(Ipv6Addr::LOCALHOST.into(), port).await {
            Ok(second) => Some(second),
            Err(error) if error.downcast_ref::<Busy>().is_some() => return Err(error),
            Err(_) => None,
        };
        let sockets = std::iter::once(first).chain(second).collect();
        Ok(Self { sockets, port })
    }

    /// Waits for an answer to the request with this state; tells `on_wrong_state` of any other.
    pub(super) async fn wait(
        self,
        state: &SecretString,
        limit: Duration,
        on_wrong_state: impl Fn(),
    ) -> anyhow::Result<Answered> {
        let port = self.port;
        let (sender, mut receiver) = mpsc::channel(4);
        let waiting = Arc::new(Waiting {
            state: state.clone(),
            sender,
        });
        let app = Router::new()
            .route(PATH, get(came_back))
            .with_state(waiting);
        let (end, ended) = watch::channel(());
        let servers: Vec<_> = self
            .sockets
            .into_iter()
            .map(|socket| {
                let mut ended = ended.clone();
                let ended = async move { drop(ended.changed().await) };
                let serving = axum::serve(socket, app.clone()).with_graceful_shutdown(ended);
                tokio::spawn(serving.into_future())
            })
            .collect();
        let came_back = tokio::time::timeout(limit, async {
            loop {
                match receiver.recv().await {
                    Some(None) => on_wrong_state(),
                    Some(answered) => return answered,
                    None => return None,
                }
            }
        })
        .await;
        // The browser is still sent its page; one that keeps its connection open is not waited for.
        drop(end);
        let _ = tokio::time::timeout(LAST_PAGE, futures::future::join_all(servers)).await;
        match came_back {
            Ok(Some(answered)) => Ok(answered),
            Ok(None) => bail!("this machine stopped listening for the browser; try again"),
            Err(_) => bail!(
                "no answer came from the browser within {} minutes (was its window closed?), so nothing was stored: run this again, and consent while it waits. If Xero's page showed an error instead of the question, the app at \
                 developer.xero.com has another client id, or lacks exactly this redirect address: http://localhost:{port}{PATH}",
                limit.as_secs() / 60
            ),
        }
    }
}

/// Another program has the port.
#[derive(Debug, thiserror::Error)]
#[error(
    "port {0} is in use by another program on this machine: end that one, or choose another port with --port and give the app at Xero the redirect address http://localhost:PORT{PATH}"
)]
struct Busy(u16);

async fn bind(address: IpAddr, port: u16) -> anyhow::Result<TcpListener> {
    match TcpListener::bind(SocketAddr::from((address, port))).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Busy(port).into()),
        Err(error) => Err(error).context(format!("port {port} cannot be listened on")),
    }
}

struct Waiting {
    state: SecretString,
    sender: mpsc::Sender<CameBack>,
}

/// OAuth 2's answer, in the address that the browser comes back to.
#[derive(Deserialize)]
struct Answer {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

async fn came_back(State(waiting): State<Arc<Waiting>>, Query(answer): Query<Answer>) -> Response {
    let is_ours = answer.state.as_deref() == Some(waiting.state.expose_secret());
    let (came_back, status, words) = match answer {
        _ if !is_ours => (
            None,
            StatusCode::BAD_REQUEST,
            "This answer does not belong to the request that contact-sync is waiting for. Use the page that it has just opened, or run it again.",
        ),
        Answer {
            error: Some(error),
            error_description,
            ..
        } => (
            Some(match error.trim() {
                "invalid_scope" => Answered::Refused(IdentityError::InvalidScope),
                "unauthorized_client" => Answered::Refused(IdentityError::UnauthorizedClient),
                _ => Answered::Declined(error_description.unwrap_or(error)),
            }),
            StatusCode::OK,
            "Xero was not connected. You can close this window; contact-sync says what to do.",
        ),
        Answer {
            code: Some(code), ..
        } => (
            Some(Answered::Code(code.into())),
            StatusCode::OK,
            "Thank you. You can close this window; contact-sync goes on in its own.",
        ),
        _ => (
            Some(Answered::Declined("Xero gave no reason".to_owned())),
            StatusCode::BAD_REQUEST,
            "Xero's answer holds no code. You can close this window and run contact-sync again.",
        ),
    };
    // Where nobody waits any more, the page still tells.
    let _ = waiting.sender.send(came_back).await;
    page(status, words)
}

/// Nothing of what came is on the page.
fn page(status: StatusCode, words: &'static str) -> Response {
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>contact-sync</title><p>{words}</p></html>"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[tokio::test]
    async fn who_never_comes_back_is_not_waited_for_for_ever() {
        let listening = Listening::on(0).await.unwrap();
        let state = SecretString::from("state");
        let waited = listening.wait(&state, Duration::from_millis(50), || ());
        let error = waited.await.unwrap_err().to_string();
        assert!(error.contains("was its window closed?"), "{error}");
        assert!(error.contains("nothing was stored"), "{error}");
    }
}
