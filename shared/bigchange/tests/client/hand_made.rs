//! A transport that gives one answer, whatever is asked, and remembers what was asked.

use std::sync::{Arc, Mutex};

use bigchange::{BigChange, Credentials};
use bytes::Bytes;
use futures::future::BoxFuture;
use transport::{Request, Response, Transport, TransportError};

pub(crate) struct HandMade {
    answer: Result<Response, TransportError>,
    asked: Mutex<Vec<Request>>,
}

impl HandMade {
    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for HandMade {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.asked.lock().unwrap().push(request);
        Box::pin(std::future::ready(self.answer.clone()))
    }
}

pub(crate) fn credentials() -> Credentials {
    Credentials {
        username: "fake-user".to_owned(),
        password: "fake-password".to_owned().into(),
        key: "fake-key".to_owned().into(),
    }
}

pub(crate) fn client_of(transport: Arc<dyn Transport>) -> BigChange {
    let url = "https://bigchange.example/v01/services.ashx"
        .parse()
        .unwrap();
    BigChange::new(transport, url, credentials())
}

/// A client of a transport that always gives this answer.
pub(crate) fn answered(answer: Result<Response, TransportError>) -> (BigChange, Arc<HandMade>) {
    let transport = Arc::new(HandMade {
        answer,
        asked: Mutex::default(),
    });
    (client_of(transport.clone()), transport)
}

/// A client that is always answered with this body at status 200.
pub(crate) fn told(body: impl Into<Bytes>) -> BigChange {
    answered(Ok(http::Response::new(body.into()))).0
}

/// A client that is always answered with this status and body.
pub(crate) fn told_with_status(status: u16, body: &'static str) -> BigChange {
    let response = http::Response::builder()
        .status(status)
        .body(Bytes::from_static(body.as_bytes()))
        .unwrap();
    answered(Ok(response)).0
}
