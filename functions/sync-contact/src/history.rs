//! The history of a contact: what was done about it.

use rules::{
    Change, ContactId, Earlier, Field, Notice, SyncAction, System, XeroContact, XeroWrite, changes,
    may_have_changed,
};
use runtime::people::NewsRecord;
use runtime::records::{ContactRecord, HistoryEvent, HistoryRecord, Intent};
use store::{TableError, Write};

use crate::context::Context;
use crate::model::{ContactState, Linking, Seen};

/// The fields that a plan has written, as far as BigChange took its part. What it has not taken yet
/// is told when it has.
pub(crate) fn changes_of(state: &ContactState, seen: &Seen, linking: &Linking) -> Vec<Change> {
    let Some(customer) = &seen.customer else {
        return Vec::new();
    };
    let Linking {
        plan, in_bigchange, ..
    } = linking;
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
    let mut all = plan.earlier.changes.clone();
    all.extend(done);
    all
}

/// The intent of an attempt that stopped before it said what it had done.
fn earlier_attempt(state: &ContactState) -> Option<&Intent> {
    // Where nothing is left to write, this attempt has not replaced it.
    let unreplaced = || state.intent().filter(|_| !state.met.has_begun);
    state.met.replaced.as_ref().or_else(unreplaced)
}

/// A record of a link and what was written for it, unless no history is kept.
pub(crate) fn of_link(
    context: &Context<'_>,
    state: &ContactState,
    seen: &Seen,
    linking: &Linking,
    done: &[Change],
) -> Result<Option<Write>, TableError> {
    let before = state.record.as_ref();
    let before = before.and_then(|record| record.value.link.as_ref());
    let event = match linking.plan.outcome {
        _ if before.is_some_and(|link| link.xero_id != linking.xero_id) => {
            HistoryEvent::FollowedMerge
        }
        SyncAction::Created => HistoryEvent::Created,
        // It was this software that created it, although it learnt of it only now.
        SyncAction::Linked if let Some(created) = lost_create(state, seen, linking) => {
            let done: Vec<Change> = created.into_iter().chain(done.iter().cloned()).collect();
            return remember(context, state.id, HistoryEvent::Created, linking, &done);
        }
        SyncAction::Linked => HistoryEvent::Linked,
        // What was carried over without a write (a field that was left out) is nothing that was
        // done.
        SyncAction::Updated | SyncAction::Unchanged if done.is_empty() => return Ok(None),
        SyncAction::Updated | SyncAction::Unchanged => HistoryEvent::Updated,
        // No decision of this version has it.
        SyncAction::Unknown => HistoryEvent::Unknown,
    };
    remember(context, state.id, event, linking, done)
}

/// What an earlier attempt wrote that created this Xero contact and never saw the answer; `None`
/// where there was none.
fn lost_create(state: &ContactState, seen: &Seen, linking: &Linking) -> Option<Vec<Change>> {
    let earlier = &earlier_attempt(state)?.plan;
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
    let Some(link) = state.content().link else {
        return Ok(None);
    };
    // What an attempt may have written over whose answer was lost is found out by nobody now.
    let intent = state.intent();
    let Earlier { changes, notices } =
        intent.map_or_else(Earlier::default, |intent| may_have_changed(&intent.plan));
    let record = HistoryRecord {
        at: context.host().now(),
        event: HistoryEvent::Released,
        xero_id: link.xero_id,
        changes,
        notices,
    };
    write(context, state.id, &record)
}

/// The writes that keep for the digest what a contact is noted for now and was not before.
pub(crate) fn news(
    context: &Context<'_>,
    state: &ContactState,
    content: &ContactRecord,
) -> Result<Vec<Write>, TableError> {
    let services = &context.worker.services;
    if services.digest_topic.is_none() {
        return Ok(Vec::new());
    }
    let known = state.record.as_ref().map(|record| &record.value.notices);
    let is_new = |notice: &&Notice| known.is_none_or(|known| !known.contains(notice));
    let new = content.notices.iter().filter(is_new).enumerate();
    let write = |(number, notice): (usize, &Notice)| {
        let news = NewsRecord {
            at: services.host.now(),
            contact: state.id,
            notice: notice.clone(),
        };
        news.write(&context.records, number)
    };
    new.map(write).collect()
}

fn remember(
    context: &Context<'_>,
    contact: ContactId,
    event: HistoryEvent,
    linking: &Linking,
    done: &[Change],
) -> Result<Option<Write>, TableError> {
    let events = linking.notices.iter().filter(|notice| notice.is_event());
    let record = HistoryRecord {
        at: context.host().now(),
        event,
        xero_id: linking.xero_id,
        changes: done.to_vec(),
        notices: events.cloned().collect(),
    };
    write(context, contact, &record)
}

fn write(
    context: &Context<'_>,
    contact: ContactId,
    record: &HistoryRecord,
) -> Result<Option<Write>, TableError> {
    let days = context.worker.services.history_days;
    record.write(&context.records, contact, days)
}
