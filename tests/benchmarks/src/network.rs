//! The one way out: to a fake BigChange and a fake Xero with its limits, by a clock that each call moves on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fake_bigchange::FakeBigChange;
use fake_xero::{Config, FakeXero};
use futures::future::BoxFuture;
use http::Method;
use http::header::IF_MODIFIED_SINCE;
use time::{Duration, OffsetDateTime};
use transport::{Request, Response, Transport, TransportError};

/// How long an answer of Xero takes here. Xero publishes no figure; this one only decides how many calls fit into a minute.
const XERO_TAKES: Duration = Duration::milliseconds(100);
/// The same of BigChange, of which the worker has four calls open at once.
const BIGCHANGE_TAKES: Duration = Duration::milliseconds(25);

pub(crate) struct Network {
    clock: Mutex<OffsetDateTime>,
    bigchange: Mutex<FakeBigChange>,
    xero: Mutex<FakeXero>,
    traffic: Mutex<Traffic>,
    ids: Mutex<fastrand::Rng>,
}

/// What went over the wire since the last reset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Traffic {
    /// Calls to Xero that count against its limits.
    pub(crate) xero_calls: usize,
    /// Those of them that Xero refused for its limits.
    pub(crate) xero_refused: usize,
    /// Bytes of Xero's answers, as JSON, uncompressed.
    pub(crate) xero_bytes: usize,
    /// The calls to Xero by what they are for.
    pub(crate) xero_purposes: BTreeMap<Purpose, usize>,
    /// Calls to BigChange.
    pub(crate) bigchange_calls: usize,
}

/// What a call to Xero is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Purpose {
    /// A page of the whole list.
    Page,
    /// What changed since the list was read.
    Refresh,
    /// Contacts by account number, name or contact number.
    LookUp,
    /// Contacts by id, before they are written to.
    ReadAgain,
    Create,
    Write,
}

impl Purpose {
    fn of(request: &Request) -> Self {
        let query = request.uri().query().unwrap_or_default();
        match *request.method() {
            Method::PUT => Self::Create,
            Method::POST => Self::Write,
            _ if query.contains("IDs=") => Self::ReadAgain,
            _ if query.contains("where=") || query.contains("searchTerm=") => Self::LookUp,
            _ if request.headers().contains_key(IF_MODIFIED_SINCE) => Self::Refresh,
            _ if query.contains("page=") => Self::Page,
            _ => Self::LookUp,
        }
    }
}

impl Network {
    pub(crate) fn new(start: OffsetDateTime) -> Arc<Self> {
        Arc::new(Self {
            clock: Mutex::new(start),
            bigchange: Mutex::new(FakeBigChange::new()),
            // Xero's own limits: 5 at once, 60 a minute, 5,000 a day.
            xero: Mutex::new(FakeXero::new(Config::default())),
            traffic: Mutex::default(),
            ids: Mutex::new(fastrand::Rng::with_seed(7)),
        })
    }

    pub(crate) fn now(&self) -> OffsetDateTime {
        *lock(&self.clock)
    }

    /// A number that is never given twice, to whichever process.
    pub(crate) fn unique(&self) -> u128 {
        lock(&self.ids).u128(..)
    }

    pub(crate) fn pass(&self, time: Duration) {
        *lock(&self.clock) += time;
    }

    pub(crate) fn bigchange(&self) -> MutexGuard<'_, FakeBigChange> {
        lock(&self.bigchange)
    }

    pub(crate) fn xero(&self) -> MutexGuard<'_, FakeXero> {
        lock(&self.xero)
    }

    pub(crate) fn traffic(&self) -> Traffic {
        lock(&self.traffic).clone()
    }

    pub(crate) fn reset(&self) {
        *lock(&self.traffic) = Traffic::default();
        self.xero().reset_calls();
        self.bigchange().reset_calls();
    }

    pub(crate) fn answer(&self, request: &Request) -> Response {
        let mut traffic = lock(&self.traffic);
        if request.uri().host() == Some("localhost") {
            self.pass(BIGCHANGE_TAKES);
            traffic.bigchange_calls += 1;
            return self.bigchange().handle(self.now().into(), request);
        }
        self.pass(XERO_TAKES);
        let mut xero = self.xero();
        let call = xero.open_call(request);
        let response = xero.handle(self.now().into(), request);
        xero.close_call(call);
        // Counted by the fake, so that what it refuses counts as Xero counts it.
        traffic.xero_calls = xero.api_call_count();
        traffic.xero_refused += usize::from(response.status() == 429);
        *traffic
            .xero_purposes
            .entry(Purpose::of(request))
            .or_default() += 1;
        traffic.xero_bytes += response.body().len();
        response
    }
}

impl Transport for Network {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move { Ok(self.answer(&request)) })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
