//! Reads a batch's contacts: first what the table says, then what BigChange has.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bigchange::AuthProblem;
use futures::{StreamExt, stream};
use rules::{
    AccountReference, AskedBy, Contact, ContactId, Participation, Skip, XeroWrite,
    looks_like_a_code, needed_and_missing, participation,
};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, PendingReferenceScan, ProblemRecord,
};
use runtime::telemetry::Metric;
use store::TableError;

use crate::context::{BIGCHANGE_AT_ONCE, Context};
use crate::endings::{bigchange_failed, held, incomplete, out_of_time, put_off, retry};
use crate::model::{Candidate, ContactState, Ending, InWork as _, Loaded, Met, Stage, Step};

/// A batch's contacts, each with who asked for it.
pub(crate) type Asked = BTreeMap<ContactId, AskedBy>;

/// Reads what the table says about the contacts, in the order of their ids whatever the queue's: of
/// contacts that compete, the one goes first that has been in BigChange for longer.
pub(crate) async fn states(
    context: &Context<'_>,
    contacts: &Asked,
) -> Result<Vec<ContactState>, TableError> {
    let ids = || contacts.keys().copied();
    let (mut records, mut problems, mut deferred, mut unread) = futures::try_join!(
        context.records.get_many::<ContactRecord>(ids()),
        context.records.get_many::<ProblemRecord>(ids()),
        context.records.get_many::<DeferredRecord>(ids()),
        context.records.get_many::<PendingReferenceScan>(ids()),
    )?;
    let state = |(id, asked_by): (&ContactId, &AskedBy)| {
        let key = id.to_string();
        let deferred = deferred.remove(&key);
        // What a person asked for once is theirs until it comes to an end.
        let earlier = deferred.as_ref().map(|deferred| deferred.value.by);
        let incomplete = deferred.as_ref().map(|old| old.value.incomplete_answers);
        ContactState {
            subject: (*id).into(),
            id: *id,
            asked_by: earlier.unwrap_or_default().max(*asked_by),
            record: records.remove(&key),
            problem: problems.remove(&key),
            unread: unread.remove(&key),
            deferred,
            met: Met {
                incomplete_answers: incomplete.unwrap_or(0),
                ..Met::default()
            },
        }
    };
    Ok(contacts.iter().map(state).collect())
}

/// The contacts that nobody else is at.
pub(crate) fn idle(context: &Context<'_>, states: Vec<ContactState>) -> Stage<ContactState> {
    let left_to_others = |state: ContactState| {
        let Some(intent) = state.intent() else {
            return Ok(state);
        };
        // Another worker may still be writing for it: two at once could write old over new.
        if let Some(until) = intent.live_until(context.now) {
            let ending = put_off(&state, DeferReason::AnotherWorker, until);
            return Err(state.end(ending));
        }
        // What a newer version may have written when it stopped, in a way that this version does
        // not know, must not be guessed: the newer version finishes it.
        if matches!(intent.plan.xero, XeroWrite::Unknown(_)) {
            let ending = retry(context, &state, DeferReason::NewerVersion, None);
            return Err(state.end(ending));
        }
        Ok(state)
    };
    states.into_iter().map(left_to_others).collect()
}

/// What BigChange answered, or `None` where there was no time left to ask.
type Answer = Option<Result<Option<Contact>, bigchange::Error>>;

/// Reads the contacts from BigChange; those that take part go on.
pub(crate) async fn contacts(context: &Context<'_>, states: Vec<ContactState>) -> Stage<Candidate> {
    let mut answers = ask_bigchange(context, &states).await;
    tell_what_is_always_left_out(context, answers.values());
    if is_login_refused(answers.values()) {
        context.bigchange_login_refused().await;
    }
    let mut stage = Stage::default();
    for state in states {
        let answer = answers.remove(&state.id).flatten();
        stage.take(loaded(context, state, answer).await);
    }
    stage
}

async fn ask_bigchange(
    context: &Context<'_>,
    states: &[ContactState],
) -> HashMap<ContactId, Answer> {
    // However slow BigChange is, half of the time is left for those that were read; or the same
    // ones would be put off again and again.
    let read_until = context.now + (context.deadline - context.now) / 2;
    let is_late = || context.host().now() > read_until;
    let ids: Vec<ContactId> = states.iter().map(|state| state.id).collect();
    stream::iter(ids.into_iter().map(|id| async move {
        if is_late() {
            (id, None)
        } else {
            (id, Some(context.bigchange.contact(id).await))
        }
    }))
    .buffer_unordered(BIGCHANGE_AT_ONCE)
    .collect()
    .await
}

async fn loaded(context: &Context<'_>, mut state: ContactState, answer: Answer) -> Step<Candidate> {
    let contact = match answer {
        None => {
            let ending = out_of_time(context, &state);
            return Err(state.end(ending));
        }
        Some(Ok(None)) => return Err(state.end(Ending::Skipped(Skip::Deleted))),
        Some(Ok(Some(contact))) => contact,
        Some(Err(error)) => {
            let ending = bigchange_failed(context, &mut state, &error);
            return Err(state.end(ending));
        }
    };
    let mut loaded = Loaded { state, contact };
    match participation(&loaded.contact, context.settings()) {
        Participation::Skip(skip) => {
            keep_from_being_generated(context, &loaded).await;
            Err(loaded.end(Ending::Skipped(skip)))
        }
        Participation::Held(problem) => {
            keep_from_being_generated(context, &loaded).await;
            Err(loaded.end(held(problem)))
        }
        Participation::TakesPart(customer) => {
            let is_linked = loaded.state.content().link.is_some();
            // Before anything is reserved or released for it.
            if let Some(field) = needed_and_missing(&customer, is_linked) {
                let ending = incomplete(context, &mut loaded.state, field.key());
                return Err(loaded.end(ending));
            }
            loaded.state.met.whole_answer = true;
            let customer = *customer;
            Ok(Candidate { loaded, customer })
        }
    }
}

/// A reference in BigChange that is not reserved, since its contact does not take part or is linked
/// under another, is in use all the same: no code may equal it.
pub(crate) async fn keep_from_being_generated(context: &Context<'_>, loaded: &Loaded) {
    let reference = AccountReference::parse(&loaded.contact.account_reference).ok();
    let Some(reference) = reference.filter(|known| looks_like_a_code(known.as_str())) else {
        return;
    };
    let marked = async {
        let wanted = BTreeSet::from([&reference]);
        let marks = context.account_references().mark(&wanted).await?;
        if marks.is_empty() {
            return Ok(());
        }
        context.records.write(marks).await
    };
    match marked.await {
        Ok(()) | Err(TableError::Conflict) => {}
        Err(error) => {
            tracing::warn!(contact = %loaded.state.id, "an account reference could not be marked as in use: {error}")
        }
    }
}

/// Whether BigChange refuses the login. One contact that the user may not see, as of a group
/// without the right to it, is no lost login.
fn is_login_refused<'a>(answers: impl Iterator<Item = &'a Answer>) -> bool {
    let (mut login_refused, mut no_right, mut was_let_in) = (false, false, false);
    for answer in answers.flatten() {
        match answer {
            Ok(Some(_)) => was_let_in = true,
            Err(bigchange::Error::AuthLost(AuthProblem::NoRight(_))) => no_right = true,
            Err(bigchange::Error::AuthLost(_)) => login_refused = true,
            Ok(None) | Err(_) => {}
        }
    }
    login_refused || (no_right && !was_let_in)
}

/// One field that is missing in every contact of a batch is a matter of BigChange's settings.
fn tell_what_is_always_left_out<'a>(
    context: &Context<'_>,
    answers: impl Iterator<Item = &'a Answer>,
) {
    let left_out: Vec<BTreeSet<&'static str>> = answers
        .flatten()
        .filter_map(|answer| match answer {
            Ok(Some(contact)) => Some(contact.missing.iter().map(|field| field.key()).collect()),
            Err(bigchange::Error::Incomplete { key, .. }) => Some([*key].into()),
            Ok(None) | Err(_) => None,
        })
        .collect();
    let Some((first, others)) = left_out
        .split_first()
        .filter(|(_, others)| !others.is_empty())
    else {
        return;
    };
    let is_always = |key: &&&'static str| others.iter().all(|missing| missing.contains(**key));
    if let Some(key) = first.iter().find(is_always) {
        context.host().count(Metric::BigChangeLeavesOut);
        tracing::error!(
            key,
            contacts = left_out.len(),
            "BigChange leaves the field {key} out of every contact of this batch; is an accounts package chosen in its account settings?"
        );
    }
}
