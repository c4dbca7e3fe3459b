//! What the planted parts of one process share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use runtime::Message;
use transport::Request;

use super::bug::Planted;
use crate::world::Function;

/// What the planted parts of one process share.
pub(super) struct Process {
    pub(super) planted: Planted,
    pub(super) function: Function,
    /// The fingerprint of its settings.
    pub(super) settings: String,
    held_back: Mutex<HeldBack>,
}

/// What counts as done and is done only after the next write to the table; lost with the process.
#[derive(Default)]
pub(super) struct HeldBack {
    pub(super) messages: Vec<Message>,
    pub(super) requests: Vec<Request>,
}

impl Process {
    pub(super) fn new(planted: Planted, function: Function, settings: String) -> Self {
        Self {
            planted,
            function,
            settings,
            held_back: Mutex::default(),
        }
    }

    pub(super) fn held_back(&self) -> MutexGuard<'_, HeldBack> {
        self.held_back
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hold_back(&self, request: Request) {
        self.held_back().requests.push(request);
    }
}
