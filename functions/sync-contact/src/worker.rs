//! What one process keeps between invocations.

use std::sync::Arc;

use runtime::Services;
use tokio::sync::Mutex;

use crate::directory::{Directory, HalfRead};
use crate::dry_run::DryRun;
use crate::model::Committed;

/// What one process keeps between invocations.
pub struct Worker {
    /// The services that it works with.
    pub services: Services,
    /// What it last knew of the Xero organisation; a stale one may cost a call, never a wrong
    /// write.
    pub directory: Mutex<Option<Directory>>,
    /// What was read of a directory before Xero's limit, or the time, broke it off.
    pub half_read: Mutex<Option<HalfRead>>,
    /// Where nothing is to be written to either system.
    pub dry_run: Option<Arc<DryRun>>,
    observer: Option<Observer>,
}

/// Is shown each contact as its message ends.
pub type Observer = Arc<dyn Fn(&Committed) + Send + Sync>;

impl Worker {
    /// A worker that knows nothing yet.
    #[must_use]
    pub fn new(services: Services) -> Self {
        Self {
            services,
            directory: Mutex::new(None),
            half_read: Mutex::new(None),
            dry_run: None,
            observer: None,
        }
    }

    /// Shows each contact to `observer` as its message ends: for whoever wants to know more of it
    /// than the store keeps.
    #[must_use]
    pub fn with_observer(self, observer: Observer) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// Plans only: the table, which must be one that can be thrown away, takes what would be
    /// stored, and nothing is written to either system.
    #[must_use]
    pub fn with_dry_run(self, dry_run: Arc<DryRun>) -> Self {
        Self {
            dry_run: Some(dry_run),
            ..self
        }
    }

    /// Shows a contact that has ended to whoever wants to know.
    pub(crate) fn show(&self, committed: &Committed) {
        if let Some(observer) = &self.observer {
            observer(committed);
        }
    }
}
