//! The fake, as the handlers of the server share it.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::state::FakeXero;

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) core: Arc<Mutex<FakeXero>>,
    pub(crate) latency_ms: Arc<AtomicU64>,
}

impl Shared {
    /// The core. A panic of another thread while it held the lock is that thread's failure, not ours.
    pub(crate) fn core(&self) -> MutexGuard<'_, FakeXero> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
