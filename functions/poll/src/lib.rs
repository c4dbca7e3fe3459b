//! Which contacts changed, or are due again? One small message each.
//!
//! A poll queues, in this order: the contacts that were put off and are due; those that BigChange's lists show as changed, or in a full sweep every contact that is
//! listed, linked or held; those whose problem something in Xero touched. Only then does it note how far it has come, so that a poll that stops anywhere leaves
//! the next one to do the same again, and nothing is lost. To queue a contact twice is harmless: the worker reads the truth again.

mod deferred;
mod error;
mod group_faults;
mod groups;
mod look;
mod mode;
mod recent;
mod references;
mod report;
mod sweep;
mod work;
mod writes;

pub use error::{GroupError, PollError};
pub use mode::Mode;
pub use report::{Queued, Report};

use std::sync::Mutex;

use runtime::{Lease, Parts};
use time::Duration;

use crate::recent::RecentlyQueued;
use crate::work::Work;

/// A cursor is this much behind the start of the poll that moved it.
pub const CURSOR_OVERLAP: time::Duration = work::OVERLAP;

/// The sort key of the poll's lease.
pub const LEASE: &str = "poll";
/// Longer than the function may run (300 seconds in the template), so that a lease ends while its holder works only if the clocks differ by more than a minute.
const LEASE_LENGTH: Duration = Duration::minutes(6);

/// What one process polls with.
pub struct Poller {
    /// The parts that it works with.
    pub parts: Parts,
    recently_queued: Mutex<RecentlyQueued>,
}

impl Poller {
    /// One that has queued nothing yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts,
            recently_queued: Mutex::default(),
        }
    }

    /// One poll.
    ///
    /// # Errors
    /// See [`PollError`]. What was queued before stays queued, and the next poll does the rest.
    pub async fn poll(&self, mode: Mode) -> Result<Report, PollError> {
        let parts = &self.parts;
        let started = parts.surroundings.now();
        let opened = parts.xero.open().await?;
        if opened.organisation_changed {
            return Ok(Report::OrganisationChanged);
        }
        let records = &opened.records;
        if mode == Mode::Full {
            // Before anything can go wrong: whoever works next finds it.
            sweep::request(records).await?;
        }
        let lease = Lease::take(records.clone(), LEASE, LEASE_LENGTH, &parts.surroundings).await?;
        let Some(lease) = lease else {
            tracing::info!("another poll is at it");
            return Ok(Report::AnotherIsAtIt);
        };
        let work = Work {
            parts,
            records,
            session: opened.ready.as_ref().ok(),
            recently_queued: &self.recently_queued,
            started,
        };
        let outcome = work.run().await;
        lease.give_back().await;
        outcome.map(Report::Done)
    }
}
