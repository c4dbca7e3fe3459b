//! Writes endings. Each is one transaction, so that it is there as a whole or not at all.

pub(crate) mod unworked;

use std::collections::BTreeSet;

use rules::{
    DisplayNames, Field, Link, Problem, Skip, Watch, contact_fingerprint, given_up_by, is_settled,
    normalise_spaces,
};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, PendingReferenceScan, ProblemRecord, WaitingRecord,
    expect, whatever_is_there,
};
use store::{Expect, TableError, Write};
use time::{Duration, OffsetDateTime};

use crate::context::{Context, SHORT_WAIT};
use crate::history;
use crate::intents::{self, unclaim};
use crate::model::{Committed, ContactOutcome, ContactState, Ended, Ending, Linking, Seen};

/// A problem that stays the same is written at most this often.
const PROBLEM_REFRESH: Duration = Duration::hours(24);

/// Writes how a contact ends.
pub(crate) async fn commit(context: &Context<'_>, ended: Ended) -> Committed {
    let Ended {
        mut state,
        seen,
        ending,
    } = ended;
    let outcome = match ending {
        Ok(ending) => Box::pin(write(context, &mut state, &seen, ending)).await,
        Err(error) => Err(error),
    };
    // What another worker, or the poll, changed meanwhile has to be read first. That is no failure
    // of the message.
    let outcome = match outcome {
        Err(TableError::Conflict) => after_another_worker(context, &state).await,
        outcome => outcome,
    };
    Committed {
        state,
        seen,
        outcome,
    }
}

async fn write(
    context: &Context<'_>,
    state: &mut ContactState,
    seen: &Seen,
    ending: Ending,
) -> Result<ContactOutcome, TableError> {
    match ending {
        Ending::Skipped(why) => skip(context, state, why).await,
        Ending::Held {
            problem,
            intent_is_over,
        } => hold(context, state, seen, problem, intent_is_over).await,
        Ending::StillHeld(code) => {
            end(context, state, clearing_mark(context, state)).await?;
            Ok(ContactOutcome::StillHeld(code))
        }
        Ending::Deferred {
            reason,
            due,
            attempts,
        } => defer(context, state, reason, due, attempts).await,
        Ending::GivenUp(reason) => {
            // Its mark goes too: one contact that cannot be read must not keep every other from
            // getting a code.
            end(context, state, clearing_mark(context, state)).await?;
            Ok(ContactOutcome::GivenUp(reason))
        }
        Ending::Linked(linking) => {
            link(context, state, seen, &linking).await?;
            match linking.left_to_do {
                None => Ok(ContactOutcome::InLine(linking.plan.outcome)),
                Some(left) => Box::pin(write(context, state, seen, left)).await,
            }
        }
    }
}

async fn after_another_worker(
    context: &Context<'_>,
    state: &ContactState,
) -> Result<ContactOutcome, TableError> {
    let intent = state.intent();
    let until = intent.and_then(|intent| intent.live_until(context.now));
    let due = until.unwrap_or(context.now).max(context.now + SHORT_WAIT);
    defer(
        context,
        state,
        DeferReason::AnotherWorker,
        due,
        state.attempts(),
    )
    .await
}

/// Leaves a contact alone.
async fn skip(
    context: &Context<'_>,
    state: &mut ContactState,
    why: Skip,
) -> Result<ContactOutcome, TableError> {
    let mut writes = clearing(context, state);
    let mut releases = false;
    if let Some(record) = &state.record {
        let given_up = given_up_by(why, record.value.link.is_some());
        let mut content = record.value.clone();
        if given_up.link {
            content = ContactRecord {
                manual_match: content.manual_match.after_deletion(),
                reserved: content.reserved,
                generated: content.generated,
                ..ContactRecord::default()
            };
            writes.extend(unclaim(context, state, &content).await?);
            writes.extend(history::of_release(context, state)?);
        }
        if given_up.reservation {
            let linked_under = record
                .value
                .link
                .as_ref()
                .map(|link| link.account_reference.clone());
            let held: BTreeSet<_> = content
                .reserved
                .take()
                .into_iter()
                .chain(linked_under)
                .collect();
            content.generated &= held.is_empty();
            let references = context.account_references();
            for reference in &held {
                writes.extend(references.release(reference, state.id).await?);
            }
        }
        releases = content != record.value;
        // What is seen in Xero meanwhile is looked at when it takes part again.
        let is_unmarked = |link: &mut Link| !std::mem::replace(&mut link.is_to_be_looked_at, true);
        let marks = content.link.as_mut().is_some_and(is_unmarked);
        if releases || marks {
            let put = context
                .records
                .put(state.subject, &content, record.as_read());
            writes.push(put?);
        }
    }
    end(context, state, writes).await?;
    state.met.released_claim |= releases;
    Ok(ContactOutcome::Skipped(why))
}

/// Holds a contact until a person mends what is wrong.
async fn hold(
    context: &Context<'_>,
    state: &mut ContactState,
    seen: &Seen,
    problem: Problem,
    intent_is_over: bool,
) -> Result<ContactOutcome, TableError> {
    if intent_is_over {
        let id = state.id;
        let replaced = &mut state.met.replaced;
        replaced.take_if(|intent| intent.plan.only_fills_in_a_number(id));
    }
    // Boxed, for few contacts need it and every one would carry its size.
    let record = Box::pin(problem_record(context, state, seen, problem)).await;
    // A contact whose reference BigChange did not tell is not read yet: a code could equal it.
    let mut writes = if is_reference_told(seen, &record.problem) {
        clearing_mark(context, state)
    } else {
        Vec::new()
    };
    let old = state.problem.as_ref();
    let already_recorded = old.is_some_and(|old| {
        let same = ProblemRecord {
            last_seen: record.last_seen,
            ..old.value.clone()
        } == record;
        same && context.now - old.value.last_seen < PROBLEM_REFRESH
    });
    if !already_recorded {
        writes.extend(recording(context, state, &record)?);
    }
    let mut releases = false;
    // What is seen in Xero meanwhile is looked at when it is held no longer.
    let mut marked = state.content();
    let is_unmarked = |link: &mut Link| !std::mem::replace(&mut link.is_to_be_looked_at, true);
    let takes_no_part = seen.customer.is_none();
    let marks = takes_no_part && marked.link.as_mut().is_some_and(is_unmarked);
    match intents::ended(context, state, seen.own_reference()).await? {
        Some((content, ended)) if intent_is_over => {
            releases = state.claims() != content.claims();
            writes.extend(ended);
        }
        None if let Some(mut content) = without_settled_intent(state, seen) => {
            releases = state.claims() != content.claims();
            // What only the intent had reserved for a linked contact.
            if content.link.is_some()
                && let Some(unkept) = intents::take_unkept(&mut content, seen.own_reference())
            {
                writes.extend(
                    context
                        .account_references()
                        .release(&unkept, state.id)
                        .await?,
                );
            }
            writes.extend(unclaim(context, state, &content).await?);
            let read = expect(state.record.as_ref());
            writes.push(context.records.put(state.subject, &content, read)?);
        }
        _ if marks => {
            let read = expect(state.record.as_ref());
            writes.push(context.records.put(state.subject, &marked, read)?);
        }
        // What was decided may be said of the contact only as it was read: another worker may have
        // linked it meanwhile.
        _ if !writes.is_empty() => {
            let read = state.record.as_ref();
            writes.push(context.records.unchanged(state.subject, read));
        }
        _ => {}
    }
    end(context, state, writes).await?;
    state.met.released_claim |= releases;
    let code = record.problem.code();
    Ok(if already_recorded {
        ContactOutcome::StillHeld(code)
    } else {
        ContactOutcome::Held(code)
    })
}

/// The record without the intent of an earlier attempt of which nothing can be in doubt any more,
/// where Xero has been asked since.
fn without_settled_intent(state: &ContactState, seen: &Seen) -> Option<ContactRecord> {
    let intent = state.intent()?;
    is_settled(&intent.plan, state.id, seen.found.as_deref()).then(|| ContactRecord {
        intent: None,
        ..state.content()
    })
}

async fn problem_record(
    context: &Context<'_>,
    state: &ContactState,
    seen: &Seen,
    problem: Problem,
) -> ProblemRecord {
    let old = state.problem.as_ref().map(|old| &old.value);
    let record = state.record.as_ref();
    let linked = record.and_then(|record| record.value.link.as_ref());
    let linked = linked.map(|link| link.xero_id);
    let read = seen.contact.as_ref();
    let name = read.map(|contact| normalise_spaces(&contact.name));
    let name = name.or_else(|| old.map(|old| old.name.clone()));
    let name = name.unwrap_or_default();
    let names = DisplayNames {
        group: group_name(context, &problem).await,
        contact: other_name(context, &problem).await,
    };
    let settings = context.settings();
    let same_problem = old.filter(|old| old.problem.code() == problem.code());
    let put_off_since = match same_problem {
        Some(old) => old.put_off_since,
        None => state.deferred.as_ref().map(|deferred| deferred.value.since),
    };
    ProblemRecord {
        sentence: problem.sentence(state.id, &name, &names),
        cure: problem.cure(),
        name,
        fingerprint: match read {
            Some(contact) => contact_fingerprint(contact, settings),
            None => settings.fingerprint(),
        },
        watch: read.map_or_else(Watch::nothing, |contact| {
            Watch::of(contact, &problem, linked)
        }),
        retry: false,
        first_seen: same_problem.map_or(context.now, |old| old.first_seen),
        put_off_since,
        last_seen: context.now,
        problem,
    }
}

/// The name of the contact group that a problem is about: people know groups by their names. `None`
/// where it cannot be had; the problem is told all the same.
async fn group_name(context: &Context<'_>, problem: &Problem) -> Option<String> {
    let wanted = problem.group()?;
    let names = context.group_names.get_or_init(|| async {
        if context.is_out_of_time() {
            return std::collections::HashMap::new();
        }
        let groups = context.bigchange.groups().await.unwrap_or_default();
        let groups = groups.into_iter();
        groups
            .map(|group| (group.id, normalise_spaces(&group.name)))
            .collect()
    });
    let name = names.await.get(&wanted)?;
    (!name.is_empty()).then(|| name.clone())
}

/// The name of the other BigChange contact that a problem is about, as it was carried over last.
async fn other_name(context: &Context<'_>, problem: &Problem) -> Option<String> {
    let other = problem.names_contact()?;
    let record = context.records.get::<ContactRecord>(other).await.ok()??;
    record.value.name().map(str::to_owned)
}

/// The writes that record a problem, and which contact it waits for.
fn recording(
    context: &Context<'_>,
    state: &ContactState,
    record: &ProblemRecord,
) -> Result<Vec<Write>, TableError> {
    let records = &context.records;
    let old = state.problem.as_ref();
    let mut writes = Vec::new();
    let named_before = old.and_then(|old| old.value.problem.names_contact());
    let named_now = record.problem.names_contact();
    if let Some(named) = named_before.filter(|named| named_now != Some(*named)) {
        let key = WaitingRecord::key(named, state.id);
        writes.push(records.delete::<WaitingRecord>(key, Expect::Any));
    }
    if let Some(named) = named_now {
        let waiter = state.id;
        let waiting = WaitingRecord { named, waiter };
        let key = WaitingRecord::key(named, waiter);
        writes.push(records.put(key, &waiting, Expect::Any)?);
    }
    writes.push(records.put(state.subject, record, expect(old))?);
    Ok(writes)
}

/// Whether it is known which account reference BigChange has for a contact, if any.
fn is_reference_told(seen: &Seen, problem: &Problem) -> bool {
    match &seen.contact {
        Some(contact) => !contact.missing.contains(&Field::AccountReference),
        None => !matches!(problem, Problem::IncompleteAnswer { .. }),
    }
}

/// Puts a contact off: the poll queues it again when it is due. The last writer wins.
async fn defer(
    context: &Context<'_>,
    state: &ContactState,
    reason: DeferReason,
    due: OffsetDateTime,
    attempts: u32,
) -> Result<ContactOutcome, TableError> {
    let deferred = state.deferred.as_ref();
    let record = DeferredRecord {
        since: deferred.map_or(context.now, |deferred| deferred.value.since),
        due,
        reason,
        incomplete_answers: if state.met.whole_answer {
            0
        } else {
            state.met.incomplete_answers
        },
        unknown_answers: state.unknown_answers(),
        by: state.asked_by,
        look_at_xero: state.was_seen_to_differ(),
        attempts,
    };
    let read = whatever_is_there(deferred);
    let write = context.records.put(state.subject, &record, read)?;
    context.records.write(vec![write]).await?;
    Ok(ContactOutcome::Deferred(reason))
}

/// Records a link. Where BigChange has not taken its part yet, what is missing shows in BigChange
/// itself, but for the contact reference, which is noted.
async fn link(
    context: &Context<'_>,
    state: &mut ContactState,
    seen: &Seen,
    linking: &Linking,
) -> Result<(), TableError> {
    let Linking { plan, xero_id, .. } = linking;
    let is_done = linking.in_bigchange.all;
    let mut content = state.content();
    // Where something is left to do, that ending clears what it does not need.
    let clears = is_done && linking.left_to_do.is_none();
    let mut writes = if clears {
        clearing(context, state)
    } else {
        Vec::new()
    };
    writes.extend(intents::reserve(context, state, &plan.account_reference, &mut content).await?);
    let old = content.link.take();
    if old.as_ref().is_none_or(|old| old.xero_id != *xero_id) {
        writes.extend(context.xero_claims().claim(*xero_id, state.id).await?);
    }
    let done = history::changes_of(state, seen, linking);
    if let Some(before) = old.as_ref().map(|link| &link.account_reference)
        && *before != plan.account_reference
    {
        writes.extend(
            context
                .account_references()
                .release(before, state.id)
                .await?,
        );
    }
    let mut found = seen.found.iter().flatten();
    let found = found.find(|found| found.id == *xero_id);
    let answered = linking.answered.as_deref();
    content.link = Some(Link::after(old.as_ref(), plan, *xero_id, found, answered));
    content.intent = None;
    // What a person said of a conflict is done, unless another one is held back now.
    content.keep = None;
    content.manual_match = content.manual_match.after_link();
    let customer = seen.customer.as_ref();
    content
        .notices
        .retain(|notice| notice.outlasts(plan, customer));
    content
        .notices
        .splice(0..0, linking.notices.iter().cloned());
    writes.extend(history::news(context, state, &content)?);
    content.contact_reference_due =
        (!is_done && plan.bigchange_contact_reference).then(|| plan.account_reference.clone());
    let read = state.record.as_ref();
    let is_changed = read.is_none_or(|record| record.value != content);
    writes.extend(unclaim(context, state, &content).await?);
    if is_changed {
        writes.push(context.records.put(state.subject, &content, expect(read))?);
        writes.extend(history::of_link(context, state, seen, linking, &done)?);
    }
    if clears {
        end(context, state, writes).await?;
    } else {
        context.records.write(writes).await?;
    }
    if is_changed {
        state.wrote(content);
        state.met.changes.extend(done);
    }
    Ok(())
}

/// The removals that go with any ending but a deferral and a problem.
fn clearing(context: &Context<'_>, state: &ContactState) -> Vec<Write> {
    let mut writes = clearing_mark(context, state);
    if let Some(problem) = &state.problem {
        let records = &context.records;
        writes.push(records.delete::<ProblemRecord>(state.subject, Expect::Any));
        if let Some(named) = problem.value.problem.names_contact() {
            let key = WaitingRecord::key(named, state.id);
            writes.push(records.delete::<WaitingRecord>(key, Expect::Any));
        }
    }
    writes
}

/// The removal of the mark that a contact's reference has not been read yet.
fn clearing_mark(context: &Context<'_>, state: &ContactState) -> Vec<Write> {
    let unread = state.unread.as_ref();
    let delete = |_| {
        context
            .records
            .delete::<PendingReferenceScan>(state.subject, Expect::Any)
    };
    unread.map(delete).into_iter().collect()
}

/// Writes an ending, and with it the removal of the contact's deferral. Where another worker has
/// put it off again meanwhile, that stands and does not undo the ending: it only brings the contact
/// round once more.
async fn end(
    context: &Context<'_>,
    state: &ContactState,
    writes: Vec<Write>,
) -> Result<(), TableError> {
    let Some(deferred) = &state.deferred else {
        return context.records.write(writes).await;
    };
    let removal = context
        .records
        .delete::<DeferredRecord>(state.subject, deferred.as_read());
    let all = writes.iter().cloned().chain([removal]).collect();
    match context.records.write(all).await {
        Err(TableError::Conflict) => context.records.write(writes).await,
        written => written,
    }
}
