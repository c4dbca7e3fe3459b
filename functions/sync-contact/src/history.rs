//! The history of a contact: what was done about it.

use rules::{
    Change, ContactId, Field, Plan, SyncAction, System, XeroContact, XeroContactId, XeroWrite,
    changes,
};
use runtime::records::{HistoryEvent, HistoryRecord};
use store::{TableError, Write};

use crate::context::Context;
use crate::model::{BigChangeProgress, ContactState, Linking, Seen};

/// The fields that a plan has written, as far as BigChange took its part. What it has not taken yet
/// is told when it has.
pub(crate) fn changes_of(
    state: &ContactState,
    seen: &Seen,
    plan: &Plan,
    in_bigchange: BigChangeProgress,
) -> Vec<Change> {
    let Some(customer) = &seen.customer else {
        return Vec::new();
    };
    let carried = state.content().link.map(|link| link.synced);
    let replaced = || Some(state.met.replaced.as_ref()?.plan.synced.clone());
    let before = carried.or_else(replaced);
    let mut done = changes(plan, customer, before.as_ref());
    done.retain(|change| {
        let is_done = match (change.system, change.field) {
            (System::Xero | System::Unknown, _) => true,
            (System::BigChange, Field::ContactReference) => in_bigchange.contact_reference,
            (System::BigChange, _) => in_bigchange.account,
        };
        // What was sent again because an answer was lost is no change.
        is_done && change.before != change.after
    });
    done
}

/// A record of a link and what was written for it, unless no history is kept.
pub(crate) fn of_link(
    context: &Context<'_>,
    state: &ContactState,
    seen: &Seen,
    linking: &Linking,
    done: &[Change],
) -> Result<Option<Write>, TableError> {
    let event = match linking.plan.outcome {
        SyncAction::Created => HistoryEvent::Created,
        // It was this software that created it, although it learnt of it only now.
        SyncAction::Linked if let Some(created) = lost_create(context, state, seen, linking) => {
            let done: Vec<Change> = created.into_iter().chain(done.iter().cloned()).collect();
            return remember(
                context,
                state.id,
                HistoryEvent::Created,
                linking.xero_id,
                &done,
            );
        }
        SyncAction::Linked => HistoryEvent::Linked,
        // What was carried over without a write (a field that was left out) is nothing that was
        // done.
        SyncAction::Updated | SyncAction::Unchanged if done.is_empty() => return Ok(None),
        SyncAction::Updated | SyncAction::Unchanged => HistoryEvent::Updated,
        // No decision of this version has it.
        SyncAction::Unknown => HistoryEvent::Unknown,
    };
    remember(context, state.id, event, linking.xero_id, done)
}

/// What an earlier attempt wrote that created this Xero contact and never saw the answer; `None`
/// where there was none.
fn lost_create(
    context: &Context<'_>,
    state: &ContactState,
    seen: &Seen,
    linking: &Linking,
) -> Option<Vec<Change>> {
    // Where nothing is left to write, this attempt has not replaced it.
    let in_record = || {
        state
            .intent()
            .filter(|intent| intent.attempt != context.attempt)
    };
    let earlier = &state.met.replaced.as_ref().or_else(in_record)?.plan;
    let is_create = matches!(earlier.xero, XeroWrite::Create(_));
    let is_it = |found: &XeroContact| found.id == linking.xero_id && found.is_ours_for(state.id);
    if !is_create || !seen.found.iter().flatten().any(is_it) {
        return None;
    }
    let mut created = changes(earlier, seen.customer.as_ref()?, None);
    created.retain(|change| change.system == System::Xero);
    Some(created)
}

/// A record that the link of a deleted contact was released, if there was one.
pub(crate) fn of_release(
    context: &Context<'_>,
    state: &ContactState,
) -> Result<Option<Write>, TableError> {
    match state.content().link {
        Some(link) => remember(context, state.id, HistoryEvent::Released, link.xero_id, &[]),
        None => Ok(None),
    }
}

fn remember(
    context: &Context<'_>,
    contact: ContactId,
    event: HistoryEvent,
    xero_id: XeroContactId,
    done: &[Change],
) -> Result<Option<Write>, TableError> {
    let record = HistoryRecord {
        at: context.host().now(),
        event,
        xero_id,
        changes: done.to_vec(),
    };
    record.write(
        &context.records,
        contact,
        context.worker.services.history_days,
    )
}
