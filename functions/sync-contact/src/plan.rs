//! Decides about the contacts: the only caller of [`rules::decide`].

use rules::{
    Decision, HeldContact, Question, Snapshot, contact_fingerprint, decide, kept_back, stays_held,
};
use runtime::records::ContactRecord;

use crate::context::{Claims, Context};
use crate::endings::{held, in_doubt, incomplete};
use crate::model::{Ending, InWork as _, Matched, Planned, Stage};

/// What came of asking what has to be known.
pub(crate) struct Questions {
    /// The contacts about which Xero has to be asked first.
    pub(crate) asked: Vec<(Matched, Question)>,
    /// The contacts that end, and those that go on without a question.
    pub(crate) others: Stage<Matched>,
}

/// What Xero has to be asked before anything can be decided.
pub(crate) fn questions(context: &Context<'_>, open: Vec<Matched>, claims: &Claims) -> Questions {
    let mut asked = Vec::new();
    let mut others = Stage::default();
    for matched in open {
        match decision(context, &matched, claims) {
            Decision::Ask(question) => match stays_held_for(context, &matched) {
                Some(code) => others.take(Err(matched.end(Ending::StillHeld(code)))),
                None => asked.push((matched, question)),
            },
            _ => others.take(Ok(matched)),
        }
    }
    Questions { asked, others }
}

/// Whether all that a contact lacks is a generated account reference.
pub(crate) fn needs_code(context: &Context<'_>, matched: &Matched, claims: &Claims) -> bool {
    let is_asked = matched.found.is_some();
    is_asked && matches!(decision(context, matched, claims), Decision::NeedsCode)
}

/// Decides what is to be written for each contact. Of contacts that want the same, all but the
/// first are decided again when it is done.
pub(crate) fn run(context: &Context<'_>, matched: Vec<Matched>, claims: &Claims) -> Stage<Planned> {
    let mut stage = Stage::default();
    for mut matched in matched {
        let plan = match decision(context, &matched, claims) {
            Decision::Apply(plan) => *plan,
            Decision::Hold(problem) => {
                stage.take(Err(matched.end(held(problem))));
                continue;
            }
            Decision::Incomplete(field) => {
                let ending = incomplete(context, matched.state_mut(), field.key());
                stage.take(Err(matched.end(ending)));
                continue;
            }
            // A code could not be had this time, or its reference changed meanwhile.
            Decision::NeedsCode | Decision::Ask(_) => {
                stage.again.push(matched);
                continue;
            }
        };
        let unknown = matched.state().met.unknown;
        if !plan.writes_nothing()
            && let Some(code) = stays_held_for(context, &matched)
        {
            stage.take(Err(matched.end(Ending::StillHeld(code))));
        } else if let Some(unknown) = unknown.filter(|_| plan.xero.is_write()) {
            // Looked for, and still to be written.
            let ending = in_doubt(context, &matched, unknown);
            stage.take(Err(matched.end(ending)));
        } else {
            stage.go_on.push(Planned { matched, plan });
        }
    }
    keep_back(context, &mut stage);
    stage
}

fn keep_back(context: &Context<'_>, stage: &mut Stage<Planned>) {
    let plans = stage
        .go_on
        .iter()
        .map(|planned| (planned.matched.id(), &planned.plan));
    let kept_back = kept_back(context.settings(), plans);
    let (waiting, go_on): (Vec<_>, Vec<_>) = std::mem::take(&mut stage.go_on)
        .into_iter()
        .partition(|planned| kept_back.contains(&planned.matched.id()));
    stage.go_on = go_on;
    let waiting = waiting.into_iter().map(|planned| planned.matched.candidate);
    stage.again.extend(waiting.map(Matched::not_asked));
}

fn decision(context: &Context<'_>, matched: &Matched, claims: &Claims) -> Decision {
    let empty = ContactRecord::default();
    let record = matched.state().record.as_ref();
    let record = record.map_or(&empty, |record| &record.value);
    decide(&Snapshot {
        customer: &matched.candidate.customer,
        settings: context.settings(),
        link: record.link.as_ref(),
        manual_match: &record.manual_match_now(),
        in_doubt: record.in_doubt().as_ref(),
        generated: record.code(),
        contact_reference_due: record.contact_reference_in_doubt(),
        keep: record.keep.as_ref(),
        is_to_be_looked_at: matched.state().is_to_be_looked_at(),
        found: matched.found.as_deref(),
        alike: &matched.alike,
        linked: &claims.linked,
        holders: &claims.holders,
    })
}

/// The code of the problem for which a contact stays held without another look at Xero.
fn stays_held_for(context: &Context<'_>, matched: &Matched) -> Option<&'static str> {
    let state = matched.state();
    let problem = &state.problem.as_ref()?.value;
    let held = HeldContact {
        problem: &problem.problem,
        held_as: &problem.fingerprint,
        now: &contact_fingerprint(&matched.candidate.loaded.contact, context.settings()),
        is_asked_for: problem.retry,
        is_in_doubt: state.intent().is_some(),
    };
    stays_held(&held).then(|| problem.problem.code())
}
