//! Stores what is about to be written, as an intent: whatever happens then, the next attempt knows.

use futures::{StreamExt, stream};
use rules::{Plan, was_never_created};
use runtime::records::{DeferReason, Intent, expect};
use store::TableError;

use crate::context::{Context, STORE_AT_ONCE};
use crate::endings::after_another;
use crate::intents::{reserve, unclaim};
use crate::model::{Begun, InWork as _, Matched, Planned, Stage, Step};

/// Stores the intents. Where that fails, nothing is written.
pub(crate) async fn run(context: &Context<'_>, planned: Vec<Planned>) -> Stage<Begun> {
    let begun = planned.into_iter().map(|planned| begin(context, planned));
    let begun: Vec<_> = begun.collect();
    let steps: Vec<Step<Begun>> = stream::iter(begun)
        .buffer_unordered(STORE_AT_ONCE)
        .collect()
        .await;
    let mut stage: Stage<Begun> = steps.into_iter().collect();
    stage.go_on.sort_by_key(|begun| begun.planned.matched.id());
    stage
}

async fn begin(context: &Context<'_>, mut planned: Planned) -> Step<Begun> {
    if planned.plan.writes_nothing() {
        return Ok(Begun { planned });
    }
    let Planned { matched, plan } = &mut planned;
    match try_begin(context, matched, plan).await {
        Ok(()) => Ok(Begun { planned }),
        // Another worker, or another contact, was quicker: what they did has to be read first.
        Err(TableError::Conflict) => {
            let reason = DeferReason::AnotherWorker;
            let ending = after_another(context, planned.matched.state(), reason);
            Err(planned.end(ending))
        }
        Err(error) => Err(planned.end(error)),
    }
}

async fn try_begin(
    context: &Context<'_>,
    matched: &mut Matched,
    plan: &Plan,
) -> Result<(), TableError> {
    let state = matched.state();
    let mut content = state.content();
    let mut writes = reserve(context, state, &plan.account_reference, &mut content).await?;
    let linked_to = content.link.as_ref().map(|link| link.xero_id);
    if let Some(xero_id) = plan.xero.existing().filter(|id| linked_to != Some(*id)) {
        writes.extend(context.xero_claims().claim(xero_id, state.id).await?);
    }
    let due = content
        .contact_reference_in_doubt()
        .filter(|due| **due == plan.account_reference)
        .cloned();
    content.contact_reference_due = due;
    let earlier = content.intent.replace(Intent {
        attempt: context.attempt.clone(),
        expires_at: context.intents_expire_at(),
        plan: plan.clone(),
    });
    let unclaimed = unclaim(context, state, &content).await?;
    let releases = !unclaimed.is_empty();
    writes.extend(unclaimed);
    let read = expect(state.record.as_ref());
    writes.push(context.records.put(state.subject, &content, read)?);
    context.records.write(writes).await?;
    let (id, found) = (state.id, matched.found.as_deref());
    let is_in_doubt = |intent: &Intent| !was_never_created(&intent.plan, id, found);
    let replaced = earlier.filter(is_in_doubt);
    let state = matched.state_mut();
    state.met.released_claim |= releases;
    state.met.replaced = replaced;
    state.met.has_begun = true;
    state.wrote(content);
    Ok(())
}
