//! The one way out of this project to an HTTP server that is not AWS: a [`Transport`] sends a request and returns the whole, bounded answer.
//!
//! The clients of BigChange and Xero are written against the trait, so that tests and the seeded simulation can put a fake server in its place
//! without a socket. [`HttpTransport`] is the real one: `reqwest` over `rustls` with `ring`, one connection pool a process, with time-outs and a bound on every body.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::future::BoxFuture;

/// A request, its body already in memory.
pub type Request = http::Request<Bytes>;
/// An answer, its body already in memory and no larger than the transport's bound.
pub type Response = http::Response<Bytes>;

/// Sends HTTP requests.
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and reads the whole answer. Any status is an answer, not an error.
    ///
    /// # Errors
    /// See [`TransportError`]; its variants say whether the server may have acted.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// Why there is no answer. Never carries the address: query strings hold personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection was made, so the server has not acted: sending again is safe.
    #[error("no connection could be made")]
    NotSent,
    /// The request left and no whole answer came back: the server may or may not have acted. Look before sending it again.
    #[error("the answer was lost")]
    AnswerLost,
    /// The answer is larger than this program reads; the server has acted.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The bound that was passed.
        limit_bytes: usize,
    },
}

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole exchange may take. Xero closes its own calls after a minute at the latest; half of that leaves a batch time to record what it did.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read. A directory page of 1,000 Xero contacts is about 1.5 MB; BigChange's largest page of 5,000 about 6 MB.
pub const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The real transport.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    /// Builds the client: once a process, since it holds the connections.
    ///
    /// # Errors
    /// When the TLS stack or the machine's root certificates cannot be set up.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::with_timeouts(CONNECT_TIMEOUT, EXCHANGE_TIMEOUT)
    }

    /// As [`Self::new`], but waits only so long for a connection, and for a whole exchange.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_timeouts(connect: Duration, exchange: Duration) -> Result<Self, reqwest::Error> {
        // A second installation is refused and harmless: the same provider is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .connect_timeout(connect)
            .timeout(exchange)
            .redirect(reqwest::redirect::Policy::none()) // neither system redirects; following one would send the credentials elsewhere
            .retry(reqwest::retry::never()) // whether a request may be sent again is decided by those who know what it does
            .user_agent(concat!(
                "bigchange-xero-contact-sync/",
                env!("CARGO_PKG_VERSION")
            ))
            .build()?;
        Ok(Self { client })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let request =
                reqwest::Request::try_from(request).map_err(|_| TransportError::NotSent)?;
            let mut answer = self
                .client
                .execute(request)
                .await
                .map_err(|e| classify(&e))?;
            let mut head = http::Response::builder().status(answer.status());
            if let Some(headers) = head.headers_mut() {
                headers.clone_from(answer.headers());
            }
            let mut body = BytesMut::new();
            while let Some(chunk) = answer
                .chunk()
                .await
                .map_err(|_| TransportError::AnswerLost)?
            {
                if body.len() + chunk.len() > MAX_BODY_BYTES {
                    return Err(TransportError::TooLarge {
                        limit_bytes: MAX_BODY_BYTES,
                    });
                }
                body.extend_from_slice(&chunk);
            }
            head.body(body.freeze())
                .map_err(|_| TransportError::AnswerLost)
        })
    }
}

fn classify(error: &reqwest::Error) -> TransportError {
    if error.is_connect() || error.is_builder() {
        TransportError::NotSent
    } else {
        TransportError::AnswerLost
    }
}
