//! Contacts that were put off and are due.

use rules::Switch;
use runtime::records::{DeferredRecord, Records, Stored};
use runtime::{Message, Queue};
use store::{MAX_WRITES, TableError};
use time::{Duration, OffsetDateTime};

use crate::PollError;
use crate::writes::{contact_of, write_where_unchanged};

/// How many go in one poll: more than the workers get done in a minute, and few enough to be queued
/// within seconds.
const MAX_PER_POLL: usize = 2_000;
/// When a contact is queued once more if nothing was heard of it: longer than the queue hides a
/// message from other workers (12 minutes in the template).
pub(crate) const QUEUED_AGAIN_AFTER: Duration = Duration::minutes(15);

/// Queues those that are due, the oldest first, and returns how many. Only while Xero may be
/// called: until then a worker would put them off again, unread. While the switch is off, only
/// those go that a person asked for.
///
/// A record is first made due later, then queued, and removed only by the worker that brings its
/// contact to an end. So a poll that stops in between loses nothing, and a worker that has to put
/// the contact off once more still sees since when, and how often, that was done.
pub(crate) async fn queue_due(
    records: &Records,
    queue: &dyn Queue,
    now: OffsetDateTime,
    switch: Switch,
) -> Result<usize, PollError> {
    let mut due = records.list::<DeferredRecord>("").await?;
    due.retain(|deferred| deferred.value.due <= now && switch.lets_through(deferred.value.by));
    due.sort_by_key(|deferred| deferred.value.since);
    due.truncate(MAX_PER_POLL);
    for chunk in due.chunks(MAX_WRITES) {
        let later = chunk.iter().map(|deferred| {
            let later = DeferredRecord {
                due: now + QUEUED_AGAIN_AFTER,
                ..deferred.value.clone()
            };
            // By version: a worker that is at the contact now may have put it off anew, or be done
            // with it.
            records.put(&deferred.sort_key, &later, deferred.as_read())
        });
        write_where_unchanged(records, later.collect::<Result<_, _>>()?).await?;
        let messages: Result<Vec<_>, _> = chunk.iter().map(message).collect();
        queue.send(&messages?).await?;
    }
    Ok(due.len())
}

fn message(deferred: &Stored<DeferredRecord>) -> Result<Message, TableError> {
    Ok(Message {
        contact_id: contact_of(deferred)?,
        by: deferred.value.by,
    })
}
