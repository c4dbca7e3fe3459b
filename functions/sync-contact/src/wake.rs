//! Queues the contacts that were waiting for one that this batch has worked.

use std::collections::HashMap;

use rules::{AskedBy, ContactId, SyncAction};
use runtime::Message;
use runtime::records::{ProblemRecord, WaitingRecord};
use store::TableError;

use crate::context::Context;
use crate::model::{Committed, ContactOutcome};

/// A contact that got into line, or released what it held, may be what others were waiting for.
pub(crate) async fn waiting_for(context: &Context<'_>, done: &[Committed]) {
    let is_news = |committed: &&Committed| {
        let outcome = &committed.outcome;
        let got_into_line = matches!(outcome, Ok(ContactOutcome::InLine(outcome)) if *outcome != SyncAction::Unchanged);
        got_into_line || committed.state.met.released_claim
    };
    // What follows from what a person asked for is the person's too: it must not stop half-way
    // because the switch is off.
    let news: HashMap<ContactId, AskedBy> = done
        .iter()
        .filter(is_news)
        .map(|committed| (committed.state.id, committed.state.asked_by))
        .collect();
    if news.is_empty() {
        return;
    }
    if let Err(error) = wake(context, &news).await {
        // The daily sweep tries every held contact again.
        tracing::warn!("contacts that wait for another were not woken: {error}");
    }
}

async fn wake(context: &Context<'_>, news: &HashMap<ContactId, AskedBy>) -> Result<(), TableError> {
    let records = &context.records;
    let waiting = records.list::<WaitingRecord>("").await?.into_iter();
    let waiters: Vec<Message> = waiting
        .filter_map(|waiting| {
            Some(Message {
                contact_id: waiting.value.waiter,
                by: *news.get(&waiting.value.named)?,
            })
        })
        .collect();
    if waiters.is_empty() {
        return Ok(());
    }
    let ids = waiters.iter().map(|waiter| waiter.contact_id);
    for problem in records.get_many::<ProblemRecord>(ids).await?.values() {
        match records.write(vec![records.try_again(problem)?]).await {
            Ok(()) | Err(TableError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    let sent = context.worker.services.queue.send(&waiters).await;
    sent.map_err(|error| TableError::Unavailable(error.to_string()))
}
