//! The endings of contacts that are not worked at all: the switch is off, or a system cannot be asked.

use futures::{StreamExt, stream};
use rules::{AskedBy, ContactId, UnknownAnswers};
use runtime::records::{DeferReason, DeferredRecord, Records, expect, whatever_is_there};
use store::{Expect, TableError};
use time::OffsetDateTime;

use crate::context::STORE_AT_ONCE;
use crate::load::Asked;
use crate::model::{ContactOutcome, Outcomes};

/// Puts every contact of a batch off. Waiting costs next to nothing: one write for each contact, no call to either system.
pub(crate) async fn defer_all(
    records: &Records,
    contacts: &Asked,
    now: OffsetDateTime,
    due: OffsetDateTime,
    reason: DeferReason,
) -> Outcomes {
    let defer = |contact: ContactId, asked_by: AskedBy| async move {
        let old = records.get::<DeferredRecord>(contact).await?;
        let basis = whatever_is_there(old.as_ref());
        let fresh = DeferredRecord {
            since: now,
            due,
            reason,
            attempts: 0,
            incomplete_answers: 0,
            unknown_answers: UnknownAnswers::default(),
            look_at_xero: false,
            by: asked_by,
        };
        let deferred = match old {
            None => fresh,
            Some(old) => DeferredRecord {
                due,
                reason,
                by: old.value.by.max(asked_by),
                ..old.value
            },
        };
        let write = records.put(contact, &deferred, basis)?;
        records.write(vec![write]).await
    };
    let deferrals = contacts.iter().map(|(contact, asked_by)| async move {
        let result: Result<(), TableError> = defer(*contact, *asked_by).await;
        let outcome = result.map(|()| ContactOutcome::Deferred(reason));
        (*contact, outcome.map_err(|error| error.to_string()))
    });
    stream::iter(deferrals)
        .buffer_unordered(STORE_AT_ONCE)
        .collect()
        .await
}

/// Forgets that a contact was put off: it is given up.
pub(crate) async fn forget(records: &Records, contact: ContactId) -> Result<(), TableError> {
    let write = records.delete::<DeferredRecord>(contact, Expect::Any);
    records.write(vec![write]).await
}

/// So many others may be at one contact's record at once.
const MAX_ATTEMPTS: u32 = 5;

/// Puts contacts off until the switch is on: one reading and one write for each, no call to either
/// system.
pub(crate) async fn put_off_until_switched_on(
    records: &Records,
    contacts: impl Iterator<Item = &ContactId>,
    now: OffsetDateTime,
) -> Outcomes {
    let deferrals = contacts.map(|contact| async move {
        let result = put_off(records, *contact, now).await;
        let ended = result
            .map(|()| ContactOutcome::Deferred(DeferReason::SwitchedOff))
            .map_err(|error| error.to_string());
        (*contact, ended)
    });
    // Collected first: a stream over borrowed futures is not `Send` in general.
    let deferrals: Vec<_> = deferrals.collect();
    stream::iter(deferrals)
        .buffer_unordered(STORE_AT_ONCE)
        .collect()
        .await
}

async fn put_off(
    records: &Records,
    contact: ContactId,
    now: OffsetDateTime,
) -> Result<(), TableError> {
    let mut attempts = 1;
    loop {
        let old = records.get::<DeferredRecord>(contact).await?;
        // The poll brings what a person asked for round even now, so that must not be written over.
        if old.as_ref().is_some_and(|old| !old.value.by.is_schedule()) {
            return Ok(());
        }
        let earlier = old.as_ref().map(|old| &old.value);
        let deferred = DeferredRecord {
            since: earlier.map_or(now, |old| old.since),
            // As soon as the switch is on.
            due: now,
            reason: DeferReason::SwitchedOff,
            attempts: earlier.map_or(0, |old| old.attempts),
            incomplete_answers: earlier.map_or(0, |old| old.incomplete_answers),
            unknown_answers: earlier.map(|old| old.unknown_answers).unwrap_or_default(),
            look_at_xero: earlier.is_some_and(|old| old.look_at_xero),
            by: AskedBy::Schedule,
        };
        let write = records.put(contact, &deferred, expect(old.as_ref()))?;
        match records.write(vec![write]).await {
            Err(TableError::Conflict) if attempts < MAX_ATTEMPTS => attempts += 1,
            written => return written,
        }
    }
}
