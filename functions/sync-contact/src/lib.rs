//! Brings the contacts of one batch in line: reads the truth again (BigChange, the store, Xero), decides with [`rules`], then applies.
//!
//! A batch is worked as a whole, because Xero counts calls rather than contacts: one look-up and a few writes serve many. The stages:
//! [`event`] reads the messages and answers which of them failed; [`batch`] reads, decides and settles; [`lookup`] asks Xero, from a kept [`directory`] where
//! that costs fewer calls; [`reservations`] says who holds which account reference,
//! and [`codes`] generates new ones; [`apply`] carries
//! plans out between an intent and a link, [`xero_writes`] making a few calls of many writes.

pub mod apply;
pub mod batch;
pub mod codes;
pub mod directory;
pub mod event;
pub mod history;
pub mod lookup;
mod refusals;
pub mod refused_queries;
pub mod reservations;
pub mod settle;
mod switched_off;
pub mod work;
pub mod xero_writes;

pub use event::{Response, handle};

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use runtime::Parts;
use tokio::sync::Mutex;

use crate::directory::{Directory, HalfRead};
use crate::work::Work;

/// What one process keeps between invocations.
pub struct Worker {
    /// The parts that it works with.
    pub parts: Parts,
    /// What it last knew of the Xero organisation; a stale one may cost a call, never a wrong write.
    pub directory: Mutex<Option<Directory>>,
    /// What was read of a directory before Xero's limit, or the time, broke it off.
    pub half_read: Mutex<Option<HalfRead>>,
    /// Calls that a directory would have saved since there was none.
    pub calls_without_directory: AtomicU32,
    observer: Option<Observer>,
}

/// Is shown each contact as its message ends.
pub type Observer = Arc<dyn Fn(&Work) + Send + Sync>;

impl Worker {
    /// A worker that knows nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            directory: Mutex::new(None),
            half_read: Mutex::new(None),
            calls_without_directory: AtomicU32::new(0),
            observer: None,
        }
    }

    /// Shows each contact to `observer` as its message ends: for whoever wants to know more of it than the store keeps.
    #[must_use]
    pub fn with_observer(self, observer: Observer) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }
}
