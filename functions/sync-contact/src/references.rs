//! Reserves each customer's own account reference, so that no code is generated that equals it and
//! no other contact takes it.

use std::collections::BTreeMap;

use futures::{StreamExt, stream};
use rules::{AccountReference, ContactId};
use runtime::Reserving;
use runtime::records::{DeferReason, PendingReferenceScan, expect};
use store::{Expect, TableError};

use crate::context::{Claims, Context, STORE_AT_ONCE};
use crate::endings::after_another;
use crate::intents::take_unkept;
use crate::load::keep_from_being_generated;
use crate::model::{Candidate, InWork as _, Stage, Step};

/// Reserves the references. What is reserved is added to `claims`.
pub(crate) async fn reserve(
    context: &Context<'_>,
    candidates: Vec<Candidate>,
    claims: &mut Claims,
) -> Stage<Candidate> {
    if let Err(error) = claims.read_own(context, &candidates).await {
        return Stage::failed(candidates, &error);
    }
    let holders = &claims.holders;
    let reservations = in_turn(candidates).into_iter().map(|group| async move {
        let mut steps = Vec::new();
        for candidate in group {
            steps.push(reserve_own(context, candidate, holders).await);
        }
        steps
    });
    let reservations: Vec<_> = reservations.collect();
    let steps: Vec<Vec<Step<(Candidate, Reserved)>>> = stream::iter(reservations)
        .buffer_unordered(STORE_AT_ONCE)
        .collect()
        .await;
    let mut stage = Stage::default();
    for step in steps.into_iter().flatten() {
        stage.take(step.map(|(candidate, reserved)| {
            claims.holders.extend(reserved);
            candidate
        }));
    }
    stage.go_on.sort_by_key(Candidate::id);
    stage
}

/// The contacts with one reference together: they reserve it one after the other, so that who gets
/// it is not a matter of whose write arrives first.
fn in_turn(candidates: Vec<Candidate>) -> Vec<Vec<Candidate>> {
    let mut by_reference: BTreeMap<AccountReference, Vec<Candidate>> = BTreeMap::new();
    let mut groups = Vec::new();
    for candidate in candidates {
        match candidate.own_reference().cloned() {
            Some(reference) => by_reference.entry(reference).or_default().push(candidate),
            None => groups.push(vec![candidate]),
        }
    }
    groups.extend(by_reference.into_values());
    groups
}

/// The reference that is now the contact's, if one is.
type Reserved = Option<(AccountReference, ContactId)>;

async fn reserve_own(
    context: &Context<'_>,
    mut candidate: Candidate,
    holders: &BTreeMap<AccountReference, ContactId>,
) -> Step<(Candidate, Reserved)> {
    let mut is_reserved = try_reserve(context, &mut candidate, holders).await;
    if is_reserved == Err(TableError::Conflict) {
        // Another worker was quicker: now its reservation is there to be seen.
        is_reserved = try_reserve(context, &mut candidate, holders).await;
    }
    match is_reserved {
        Ok(true) => {
            let own = candidate.own_reference().cloned();
            let reserved = own.map(|reference| (reference, candidate.id()));
            Ok((candidate, reserved))
        }
        Ok(false) => {
            keep_from_being_generated(context, &candidate.loaded).await;
            Ok((candidate, None))
        }
        Err(TableError::Conflict) => {
            let reason = DeferReason::AnotherWorker;
            let ending = after_another(context, &candidate.loaded.state, reason);
            Err(candidate.end(ending))
        }
        Err(error) => Err(candidate.end(error)),
    }
}

/// Whether the contact's own reference, or that it has none, is now what is reserved for it. A
/// contact that was read is no longer unread, whatever comes of it.
async fn try_reserve(
    context: &Context<'_>,
    candidate: &mut Candidate,
    holders: &BTreeMap<AccountReference, ContactId>,
) -> Result<bool, TableError> {
    let own = candidate.own_reference().cloned();
    let state = &mut candidate.loaded.state;
    let mut content = state.content();
    let references = context.account_references();
    let mut writes = Vec::new();
    let mut releases = false;
    if let Some(old) = take_unkept(&mut content, own.as_ref()) {
        let released = references.release(&old, state.id).await?;
        releases = released.is_some();
        writes.extend(released);
    }
    if content != state.content()
        && let Some(linked_under) = content
            .link
            .as_ref()
            .map(|link| link.account_reference.clone())
        && let Reserving::With(write) = references.reserve(&linked_under, state.id).await?
    {
        writes.push(write);
    }
    let follows_bigchange = content.link.is_none() && content.intent.is_none();
    // A person has entered the code that was about to be written: it is theirs.
    if follows_bigchange && own.is_some() && content.reserved == own {
        content.generated = false;
    }
    let is_free =
        |own: &&AccountReference| holders.get(*own).is_none_or(|holder| *holder == state.id);
    if let Some(own) = own.as_ref().filter(is_free)
        && follows_bigchange
        && content.reserved.is_none()
        && let Reserving::With(write) = references.reserve(own, state.id).await?
    {
        writes.push(write);
        content.reserved = Some(own.clone());
    }
    let read = expect(state.record.as_ref());
    let is_changed = content != state.content();
    if is_changed {
        writes.push(context.records.put(state.subject, &content, read)?);
    }
    if state.unread.is_some() {
        writes.push(
            context
                .records
                .delete::<PendingReferenceScan>(state.subject, Expect::Any),
        );
    }
    if !writes.is_empty() {
        context.records.write(writes).await?;
    }
    state.unread = None;
    state.met.released_claim |= releases;
    if is_changed {
        state.wrote(content);
    }
    let reserved = state
        .record
        .as_ref()
        .map(|record| record.value.reserved.as_ref());
    Ok(reserved.is_some_and(|reserved| reserved == own.as_ref()))
}
