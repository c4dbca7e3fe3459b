//! Which contacts changed, or are due again? One small message each.
//!
//! A poll queues, in this order: the contacts that were put off and are due; those that BigChange's
//! lists show as changed, or in a full sweep every contact that is listed, linked or held; those
//! whose problem something in Xero touched. Only then does it note how far it has come, so that a
//! poll that stops anywhere leaves the next one to do the same again, and nothing is lost. To queue
//! a contact twice is harmless: the worker reads the truth again.

mod deferred;
mod digest;
mod error;
mod group_faults;
mod groups;
pub mod links;
mod mode;
mod notes;
mod people;
mod poll_run;
mod recent;
mod references;
mod report;
mod sweep;
mod switch;
mod told;
mod writes;
mod xero_changes;

pub use error::{GroupError, PollError};
pub use mode::{Mode, asked_by};
pub use report::{Queued, Report};
pub use switch::{disable, enable};

use std::sync::Mutex;

use rules::AskedBy;
use runtime::organisation::stored_tenant;
use runtime::records::{CursorRecord, Records};
use runtime::telemetry::Metric;
use runtime::{Lease, OpenError, Services, Session, StartError};
use store::TableError;
use time::Duration;

use crate::poll_run::PollRun;
use crate::recent::RecentlyQueued;

/// A cursor is this much behind the start of the poll that moved it.
pub const CURSOR_OVERLAP: time::Duration = recent::OVERLAP;

/// The sort key of the poll's lease.
pub const LEASE: &str = "poll";
/// Longer than the function may run (300 seconds in the template), so that a lease ends while its
/// holder works only if the clocks differ by more than a minute.
const LEASE_LENGTH: Duration = Duration::minutes(6);

/// What one process polls with.
pub struct Poller {
    /// The services that it works with.
    pub services: Services,
    recently_queued: Mutex<RecentlyQueued>,
    told: told::Told,
}

impl Poller {
    /// One that has queued nothing yet.
    #[must_use]
    pub fn new(services: Services) -> Self {
        Self {
            services,
            recently_queued: Mutex::default(),
            told: told::Told::default(),
        }
    }

    /// One poll. What it queues carries who asked for it.
    ///
    /// A poll of the schedule does nothing of its own while the switch is off, or while nobody has
    /// connected the two systems yet. Both are successful: no alarm may ring on a stack that was
    /// deployed a moment ago.
    ///
    /// # Errors
    /// See [`PollError`]. What was queued before stays queued, and the next poll does the rest.
    pub async fn poll(&self, mode: Mode, asked_by: AskedBy) -> Result<Report, PollError> {
        let services = &self.services;
        let started = services.host.now();
        let opened = match services.xero.open().await {
            Err(OpenError::NoOrganisation)
                if asked_by.is_schedule() && stored_tenant(&*services.table).await?.is_none() =>
            {
                return Ok(self.not_connected_yet("Xero"));
            }
            opened => opened?,
        };
        if opened.organisation_changed {
            return Ok(Report::OrganisationChanged);
        }
        let records = &opened.records;
        let switch = runtime::switch::switch(records, &services.settings, started).await?;
        if !switch.lets_through(asked_by) {
            return self.while_switched_off(&opened).await;
        }
        if asked_by.is_schedule()
            && matches!(
                services.bigchange().await,
                Err(StartError::BigChangeNotConnected(_))
            )
            && has_never_polled(records).await?
        {
            return Ok(self.not_connected_yet("BigChange"));
        }
        if mode == Mode::Full {
            // Before anything can go wrong: whoever works next finds it.
            sweep::request(records).await?;
        }
        let lease = Lease::take(records.clone(), LEASE, LEASE_LENGTH, &services.host).await?;
        let Some(lease) = lease else {
            tracing::info!("another poll is at it");
            return Ok(Report::AnotherIsAtIt);
        };
        let work = PollRun {
            services,
            records,
            session: opened.ready.as_ref().ok(),
            recently_queued: &self.recently_queued,
            started,
            asked_by,
            switch,
        };
        let outcome = work.run().await;
        // While the switch is off, only what a person asks for is done.
        if switch == rules::Switch::On {
            let is_shut_out = opened.ready.is_err();
            people::tell(services, records, &self.told, started, is_shut_out).await;
        }
        lease.give_back().await;
        outcome.map(Report::Done)
    }

    fn not_connected_yet(&self, system: &str) -> Report {
        self.services.host.count(Metric::PollSucceeded);
        tracing::info!(
            "{system} is not connected yet, so there is nothing to poll (contact-sync connect)"
        );
        Report::NotConnectedYet
    }

    /// Queues what a person asked for and had to wait, and nothing else: no cursor moves, and no
    /// lease is taken that a person's own poll would wait for.
    async fn while_switched_off(&self, opened: &Session<'_>) -> Result<Report, PollError> {
        let services = &self.services;
        let now = services.host.now();
        let deferred = match &opened.ready {
            Ok(_) => {
                deferred::queue_due(&opened.records, &*services.queue, now, rules::Switch::Off)
                    .await?
            }
            Err(_) => 0,
        };
        services.host.count(Metric::PollSucceeded);
        tracing::info!(
            deferred,
            "the synchronisation is switched off, so nothing is polled; of what a person asked for, {deferred} contacts are queued again"
        );
        Ok(Report::SwitchedOff { deferred })
    }
}

/// Whether no contact group of this organisation was ever polled. A secret that is blank afterwards
/// is one that somebody emptied, which must be told.
async fn has_never_polled(records: &Records) -> Result<bool, TableError> {
    Ok(records.list::<CursorRecord>("").await?.is_empty())
}
