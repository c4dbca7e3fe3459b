//! `sync`: everything or a chosen part, now.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::bail;
use futures::future::BoxFuture;
use poll::{Mode, Poller, Report, links};
use rules::{AskedBy, ContactId};
use runtime::{DeadLetter, Message, Queue, QueueError};
use time::OffsetDateTime;

use crate::args::SyncArguments;
use crate::dry_run::ready_to_work;
use crate::follow::{Follower, QUEUED, check_chosen, follow_to_the_end, queue_and_follow};
use crate::known_contact;
use crate::plan::Ahead;
use crate::tool::{Tool, mark_for_retry};
use crate::ui::counted;
use crate::{ExitStatus, critical, groups, plan};

/// A scheduled poll takes seconds; the lease of one that stopped ends after six minutes.
const LEASE_LASTS: Duration = Duration::from_secs(7 * 60);
const PAUSE: Duration = Duration::from_secs(2);

/// Runs it.
///
/// # Errors
/// Where a system does not answer or a person must act first.
pub async fn run(tool: &Tool, arguments: &SyncArguments) -> anyhow::Result<ExitStatus> {
    check_chosen(&arguments.contact)?;
    tool.check_clock().await?;
    ready_to_work(tool).await?;
    known_contact::require(tool, &arguments.contact).await?;
    // Without a question only a part that is chosen by a plan needs one.
    let ahead = if arguments.confirm.yes && arguments.only.is_empty() {
        None
    } else {
        Some(plan::ahead(tool, &arguments.contact, &arguments.only).await?)
    };
    if let Some(ahead) = &ahead
        && !is_wanted(tool, arguments, ahead).await?
    {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    if arguments.contact.is_empty() && arguments.only.is_empty() {
        return everything(tool, arguments).await;
    }
    let chosen = match ahead {
        Some(ahead) if !arguments.only.is_empty() => ahead.contacts,
        _ => arguments.contact.clone(),
    };
    let records = tool.records().await?;
    mark_for_retry(&records, &chosen).await?;
    // A person who asks for some contacts wants to know how they stand in Xero too.
    if arguments.only.is_empty() {
        links::mark(&records, &chosen, OffsetDateTime::now_utc()).await?;
    }
    let chosen = chosen.into_iter().collect();
    queue_and_follow(tool, &chosen, arguments.follow).await
}

/// Asks, where something would be written.
async fn is_wanted(tool: &Tool, arguments: &SyncArguments, ahead: &Ahead) -> anyhow::Result<bool> {
    if arguments.confirm.yes || !ahead.writes {
        return Ok(true);
    }
    for line in &ahead.in_short {
        tool.ui.tell(line);
    }
    tool.ui.confirm("Synchronise now?", "--yes").await
}

/// The full sweep that the schedule makes once a day, made here: by the same code, under the same lease.
async fn everything(tool: &Tool, arguments: &SyncArguments) -> anyhow::Result<ExitStatus> {
    let records = tool.records().await?;
    let follower = Follower::begin(tool, records).await?;
    let queue = Arc::new(Remembering {
        queue: tool.queue.clone(),
        queued: Mutex::default(),
    });
    let parts = tool.parts(tool.table.clone(), queue.clone(), tool.transport.clone());
    let poller = Poller::new(parts);
    let spinner = tool.ui.spinner("Reading BigChange's contact groups");
    let began = Instant::now();
    loop {
        // It holds a lease, which Ctrl-C would leave behind.
        let section = critical::section().await;
        let report = poller.poll(Mode::Full, AskedBy::Person).await;
        drop(section);
        let report = match report {
            Ok(report) => report,
            Err(error) => return Err(groups::explained(tool, error).await),
        };
        match report {
            Report::Done(_) => {
                spinner.finish_and_clear();
                let queued = queue.queued();
                let count = counted(queued.len(), "contact");
                tool.ui.tell(format!("{count} queued."));
                return follow_to_the_end(tool, follower, &queued, arguments.follow).await;
            }
            Report::AnotherIsAtIt if began.elapsed() < LEASE_LASTS => {
                spinner.set_message("Waiting for another poll to end");
                tokio::time::sleep(PAUSE).await;
            }
            // Only a schedule's poll heeds the switch, or passes a missing connection over.
            Report::SwitchedOff { .. } | Report::NotConnectedYet => {
                bail!("the contact groups were not read; try again")
            }
            Report::AnotherIsAtIt => {
                bail!("another poll has been at work all the time; try again in some minutes")
            }
            Report::OrganisationChanged => {
                let changed = tool.organisation_changed().await?;
                bail!(changed.unwrap_or_else(|| {
                    "the Xero organisation has just changed; try again".to_owned()
                }))
            }
        }
    }
}

/// The real queue, which also remembers what it was given.
struct Remembering {
    queue: Arc<dyn Queue>,
    queued: Mutex<BTreeSet<ContactId>>,
}

impl Remembering {
    fn queued(&self) -> BTreeSet<ContactId> {
        let queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        queued.clone()
    }
}

impl Queue for Remembering {
    fn send<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), QueueError>> {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        queued.extend(messages.iter().map(|message| message.contact_id));
        critical::goes_on(QUEUED);
        self.queue.send(messages)
    }

    fn give_up<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), QueueError>> {
        self.queue.give_up(letter)
    }
}
