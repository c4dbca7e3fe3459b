//! Lets reads through to the two systems, and nothing else.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;
use http::Method;
use transport::{Request, Response, Transport, TransportError};
use url::Url;

/// The actions of BigChange that only read.
const BIGCHANGE_READS: [&str; 4] = [
    "ping",
    "ContactGroups",
    "ContactListByGroupPaged",
    "ContactDetail",
];

/// The transport of a dry run. The pipeline makes no write there; if a fault of the program made one all
/// the same, it would not get through.
pub(super) struct ReadOnly {
    through: Arc<dyn Transport>,
    bigchange: Url,
    xero: Url,
    xero_reads: AtomicUsize,
}

impl ReadOnly {
    /// Reads go through `through`.
    #[must_use]
    pub(super) fn new(through: Arc<dyn Transport>, bigchange: Url, xero: Url) -> Self {
        Self {
            through,
            bigchange,
            xero,
            xero_reads: AtomicUsize::new(0),
        }
    }

    /// How many reads of Xero were made since they were last counted anew.
    #[must_use]
    pub(super) fn xero_reads(&self) -> usize {
        self.xero_reads.load(Ordering::Relaxed)
    }

    /// Counts anew.
    pub(super) fn forget_reads(&self) {
        self.xero_reads.store(0, Ordering::Relaxed);
    }

    fn is_read(&self, request: &Request) -> bool {
        let Ok(url) = Url::parse(&request.uri().to_string()) else {
            return false;
        };
        if is_below(&url, &self.bigchange) {
            let action = url.query_pairs().find(|(key, _)| key == "action");
            return action.is_some_and(|(_, action)| BIGCHANGE_READS.contains(&&*action));
        }
        let is_read = request.method() == Method::GET && is_below(&url, &self.xero);
        if is_read {
            self.xero_reads.fetch_add(1, Ordering::Relaxed);
        }
        is_read
    }
}

impl Transport for ReadOnly {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        if self.is_read(&request) {
            self.through.send(request)
        } else {
            Box::pin(async { Err(TransportError::NotSent) })
        }
    }
}

fn is_below(url: &Url, base: &Url) -> bool {
    url.origin() == base.origin() && url.path().starts_with(base.path().trim_end_matches('/'))
}
