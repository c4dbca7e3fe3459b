//! How a contact ends for which something failed.

use rules::{
    AfterUnknown, Problem, PutOff, Retry, RetryPolicy, Trouble, holds_after_incomplete_answers,
    holds_after_refused_lookup, is_settled, unknown_to_the_end,
};
use runtime::records::DeferReason;
use runtime::telemetry::Metric;
use runtime::{CallError, Pause};
use store::TableError;
use time::{Duration, OffsetDateTime};
use xero::Error;

use crate::context::{Context, LOGIN_WAIT, SHORT_WAIT};
use crate::model::{ContactState, Ending, EndingOrError, Matched, UnknownWrite};

/// Held until a person mends what is wrong.
pub(crate) fn held(problem: Problem) -> Ending {
    Ending::Held {
        problem,
        intent_is_over: false,
    }
}

/// Held, and nothing was written: the intent is over.
pub(crate) fn refused(problem: Problem) -> Ending {
    Ending::Held {
        problem,
        intent_is_over: true,
    }
}

/// Put off until `due`, which is nobody's fault.
pub(crate) fn put_off(state: &ContactState, reason: DeferReason, due: OffsetDateTime) -> Ending {
    Ending::Deferred {
        reason,
        due,
        attempts: state.attempts(),
    }
}

/// Put off for a short while: another worker, or another contact of the batch, goes first.
pub(crate) fn after_another(
    context: &Context<'_>,
    state: &ContactState,
    reason: DeferReason,
) -> Ending {
    put_off(state, reason, context.now + SHORT_WAIT)
}

/// No time was left for it.
pub(crate) fn out_of_time(context: &Context<'_>, state: &ContactState) -> Ending {
    put_off(state, DeferReason::OutOfTime, context.now)
}

/// Put off for its own sake, longer each time, and given up in the end.
pub(crate) fn retry(
    context: &Context<'_>,
    state: &ContactState,
    reason: DeferReason,
    at_least: Option<std::time::Duration>,
) -> Ending {
    let attempts = state.attempts();
    let trouble = match reason {
        DeferReason::UnexpectedAnswer => Trouble::StrangeAnswer,
        _ => Trouble::Outage,
    };
    let so_far = PutOff {
        attempts,
        waited: state.waited(context.now),
    };
    match RetryPolicy::STANDARD.next(trouble, so_far, at_least) {
        Retry::After(wait) => Ending::Deferred {
            reason,
            due: context.now + Duration::try_from(wait).unwrap_or(Duration::DAY),
            attempts: attempts + 1,
        },
        Retry::GiveUp => Ending::GivenUp(format!("put off {attempts} times and still {reason:?}")),
    }
}

/// A call to Xero failed and wrote nothing.
pub(crate) fn xero_failed(
    context: &Context<'_>,
    state: &ContactState,
    error: &CallError,
) -> EndingOrError {
    match error {
        CallError::Paused(Pause { until, reason }) => put_off(state, *reason, *until).into(),
        CallError::Failed(Error::Transient { retry_after, .. }) => {
            retry(context, state, DeferReason::XeroUnavailable, *retry_after).into()
        }
        error if is_refused(error) => lookup_refused(context, state).into(),
        CallError::Failed(error) => {
            tracing::warn!(contact = %state.id, "contact {}: {error}", state.id);
            retry(context, state, DeferReason::UnexpectedAnswer, None).into()
        }
        CallError::Open(error) => TableError::Unavailable(error.to_string()).into(),
    }
}

/// Whether Xero did not take the question, or found more than is read: then nothing is known, least
/// of all that there is no such contact.
pub(crate) fn is_refused(error: &CallError) -> bool {
    matches!(
        error,
        CallError::Failed(
            Error::QueryRefused | Error::TooManyContacts | Error::InvalidRequest { .. }
        )
    )
}

/// Xero does not say whether it has this contact, in whichever way it is asked.
fn lookup_refused(context: &Context<'_>, state: &ContactState) -> Ending {
    let problem = state.problem.as_ref().map(|problem| &problem.value.problem);
    let is_held_for_it = problem == Some(&Problem::XeroRefusesLookups);
    if holds_after_refused_lookup(state.attempts(), state.waited(context.now), is_held_for_it) {
        context.host().count(Metric::XeroRefusesLookups);
        held(Problem::XeroRefusesLookups)
    } else {
        retry(context, state, DeferReason::XeroRefusesLookups, None)
    }
}

/// A call to BigChange failed.
pub(crate) fn bigchange_failed(
    context: &Context<'_>,
    state: &mut ContactState,
    error: &bigchange::Error,
) -> Ending {
    if !matches!(error, bigchange::Error::Rejected { .. }) {
        tracing::warn!(contact = %state.id, "contact {}: {error}", state.id);
    }
    match error {
        bigchange::Error::Transient { retry_after, .. } => {
            let reason = DeferReason::BigChangeUnavailable;
            retry(context, state, reason, *retry_after)
        }
        bigchange::Error::AuthLost(_) => {
            let reason = DeferReason::BigChangeRefusedLogin;
            put_off(state, reason, context.now + LOGIN_WAIT)
        }
        bigchange::Error::Rejected { .. } | bigchange::Error::TooLong { .. } => {
            let words = error.refusal();
            let words = words.map_or_else(|| error.to_string(), str::to_owned);
            refused(Problem::RefusedByBigChange { words })
        }
        bigchange::Error::Incomplete { key, .. } => incomplete(context, state, key),
        bigchange::Error::Unexpected { .. } => {
            retry(context, state, DeferReason::UnexpectedAnswer, None)
        }
    }
}

/// BigChange's answer lacks a key without which nothing can be decided. It is asked again, and in
/// the end a person is told.
pub(crate) fn incomplete(
    context: &Context<'_>,
    state: &mut ContactState,
    key: &'static str,
) -> Ending {
    let problem = Problem::IncompleteAnswer {
        key: key.to_owned(),
    };
    let known = state.problem.as_ref().map(|known| &known.value.problem);
    let is_held_for_it = known == Some(&problem);
    state.met.incomplete_answers += 1;
    state.met.whole_answer = false;
    if is_held_for_it || holds_after_incomplete_answers(state.met.incomplete_answers) {
        return held(problem);
    }
    tracing::warn!(contact = %state.id, key, "contact {}: BigChange's answer has no field {key}", state.id);
    // No attempt is counted: a contact that has waited long for another reason is told of as well.
    after_another(context, state, DeferReason::UnexpectedAnswer)
}

/// Xero's answer to a write did not tell what became of it, and the contact was not found in Xero
/// since: its intent stands, and it is sent alone once that is over, or held.
pub(crate) fn in_doubt(context: &Context<'_>, matched: &Matched, unknown: UnknownWrite) -> Ending {
    let state = matched.state();
    match state.unknown_answers().after() {
        AfterUnknown::SendAlone => {
            let at_least = context.until_intents_expire();
            retry(context, state, DeferReason::UnexpectedAnswer, at_least)
        }
        AfterUnknown::Hold => {
            let found = matched.found.as_deref();
            let was_not_done = |plan: &rules::Plan| is_settled(plan, state.id, found);
            let intent_is_over = state
                .intent()
                .is_some_and(|intent| was_not_done(&intent.plan));
            Ending::Held {
                problem: unknown_to_the_end(unknown.what),
                intent_is_over,
            }
        }
    }
}
