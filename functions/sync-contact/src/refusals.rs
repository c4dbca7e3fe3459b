//! What becomes of a contact whose write to Xero was not done: [`rules`] says, and what it wants to
//! see is read here.

use rules::{
    AfterRefusal, Evidence, Problem, Refusal, RefusedContact, RefusedWrite, XeroContact,
    account_number_spellings, after_refusal, refused_by_xero,
};
use runtime::CallError;
use runtime::records::{ContactRecord, DeferReason, expect};
use store::TableError;

use crate::context::Context;
use crate::endings::{refused, retry, xero_failed};
use crate::intents::{drop_intent, unclaim};
use crate::model::{Begun, ContactState, Ended, InWork as _, Matched, Stage, Step, Written};
use crate::queries;
use crate::target_writes::{Results, WriteResult};

/// Tells the contacts that are in Xero as planned from those that are decided anew, and those that
/// end.
pub(crate) async fn sort(
    context: &Context<'_>,
    begun: Vec<Begun>,
    mut results: Results,
) -> Stage<Written> {
    let mut stage = Stage::default();
    for begun in begun {
        let result = results.remove(&begun.state().id);
        match result.unwrap_or(WriteResult::InDoubt) {
            WriteResult::Done { id, answered } => stage.go_on.push(Written {
                begun,
                xero_id: id,
                answered,
            }),
            // Boxed, for few contacts need it and every one would carry its size.
            other => match Box::pin(not_written(context, begun, other)).await {
                Ok(again) => stage.again.push(again),
                Err(ended) => stage.ended.push(*ended),
            },
        }
    }
    stage
}

/// A contact whose write was not done: it is decided anew, or ends.
async fn not_written(
    context: &Context<'_>,
    mut begun: Begun,
    result: WriteResult,
) -> Step<Matched> {
    match result {
        WriteResult::Done { .. } | WriteResult::InDoubt => {
            // Not before the intent has expired; longer each time, for what Xero chokes on may be
            // this contact.
            let at_least = context.until_intents_expire();
            let reason = DeferReason::XeroUnavailable;
            let ending = retry(context, begun.state(), reason, at_least);
            Err(begun.end(ending))
        }
        WriteResult::Stale => look_again(context, begun).await,
        WriteResult::NotCalled(error) => {
            if let Err(error) = drop_intent(context, &mut begun).await {
                return Err(begun.end(error));
            }
            let ending = xero_failed(context, begun.state(), &error);
            let matched = Matched::not_asked(begun.planned.matched.candidate);
            Err(matched.end(ending))
        }
        WriteResult::Refused { kind, words } => {
            Box::pin(write_refused(context, begun, kind, words)).await
        }
        WriteResult::Gone(xero_id) => Err(hold(begun, Problem::LinkedContactNotInXero { xero_id })),
        // Its intent stands: the write may have been done. Whether it was is looked up at once.
        WriteResult::Unknown(unknown) => {
            begun.state_mut().met.unknown = Some(unknown);
            Ok(Matched::not_asked(begun.planned.matched.candidate))
        }
    }
}

/// Nothing was written: the contact is looked for and decided anew.
async fn look_again(context: &Context<'_>, mut begun: Begun) -> Step<Matched> {
    match drop_intent(context, &mut begun).await {
        Ok(()) => Ok(Matched::not_asked(begun.planned.matched.candidate)),
        Err(error) => Err(begun.end(error)),
    }
}

fn hold(begun: Begun, problem: Problem) -> Box<Ended> {
    begun.end(refused(problem))
}

async fn write_refused(
    context: &Context<'_>,
    mut begun: Begun,
    refusal: Refusal,
    words: Vec<String>,
) -> Step<Matched> {
    let content = begun.state().content();
    let plan = &begun.planned.plan;
    let write = RefusedWrite {
        refusal,
        outcome: plan.outcome,
        target: plan.xero.existing(),
        looked_again: begun.state().met.looked_again,
        has_code: content.code().is_some(),
    };
    let evidence = match after_refusal(&write) {
        AfterRefusal::LookAgain => {
            begun.state_mut().met.looked_again = true;
            return look_again(context, begun).await;
        }
        AfterRefusal::ReplaceCode => {
            return match retire_code(context, begun.state_mut()).await {
                Ok(()) => Ok(begun.planned.matched),
                Err(error) => Err(begun.end(error)),
            };
        }
        AfterRefusal::Hold(evidence) => evidence,
    };
    let refused = RefusedContact::of(begun.state().id, plan, content.link.as_ref());
    let mut read = match read_evidence(context, &refused, evidence).await {
        Ok(read) => read,
        // Everybody has to wait: what it is held for is found out then.
        Err(error @ CallError::Paused(_)) => {
            if let Err(error) = drop_intent(context, &mut begun).await {
                return Err(begun.end(error));
            }
            let ending = xero_failed(context, begun.state(), &error);
            let matched = Matched::not_asked(begun.planned.matched.candidate);
            return Err(matched.end(ending));
        }
        // Where it cannot be read, Xero's words have to do.
        Err(_) => Vec::new(),
    };
    if let Some(dry_run) = &context.worker.dry_run {
        dry_run.add_holders(&refused.name, &refused.account_reference, &mut read);
    }
    let ids = read.iter().map(|contact| contact.id);
    let claimed = context.xero_claims().owners(ids).await;
    let claimed = claimed.unwrap_or_default();
    let problem = refused_by_xero(&refused, refusal, words, &read, &claimed);
    Err(hold(begun, problem))
}

async fn read_evidence(
    context: &Context<'_>,
    refused: &RefusedContact,
    evidence: Evidence,
) -> Result<Vec<XeroContact>, CallError> {
    let number = &refused.account_reference;
    match evidence {
        Evidence::Nothing => Ok(Vec::new()),
        Evidence::Target(id) => queries::by_id(context, &[id]).await,
        Evidence::HolderOfName => queries::by_name(context, &refused.name).await,
        Evidence::HolderOfNumber if xero::can_be_queried(number.as_str()) => {
            queries::by_account_number(context, &account_number_spellings(number)).await
        }
        Evidence::HolderOfNumber => Ok(Vec::new()),
    }
}

/// Xero refused a generated code, and no create of ours took it: it is retired, and another is
/// generated in its place.
async fn retire_code(context: &Context<'_>, state: &mut ContactState) -> Result<(), TableError> {
    let mut content = state.content();
    let Some(code) = content.code().cloned() else {
        return Ok(());
    };
    content = ContactRecord {
        reserved: None,
        generated: false,
        intent: None,
        ..content
    };
    let read = expect(state.record.as_ref());
    let mut writes = vec![
        context.account_references().retire(&code).await?,
        context.records.put(state.subject, &content, read)?,
    ];
    writes.extend(unclaim(context, state, &content).await?);
    context.records.write(writes).await?;
    state.wrote(content);
    Ok(())
}
