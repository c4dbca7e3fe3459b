//! Reads of Xero, within the time that the batch has left.
//!
//! Xero refuses some kinds of query in large organisations. Which ones is remembered in the table:
//! it refuses them by the organisation's size, and would refuse each one again.

use std::collections::HashSet;

use rules::{ContactNumber, XeroContact, XeroContactId, search_words};
use runtime::records::{DeferReason, QueryKind, RefusedQueryRecord};
use runtime::{CallError, Pause};
use store::{Expect, TableError};
use time::Duration;
use xero::{Access, Answer, Pages, Step, Xero};

use crate::context::Context;
use crate::endings::is_refused;

/// Where a search finds more pages than this, the directory tells more for fewer calls.
const MAX_SEARCH_PAGES: u32 = 5;
/// Xero is asked in a refused way again after this: a little less than a day, so that what the
/// daily sweep tries again is asked for.
const REMEMBERED_FOR: Duration = Duration::hours(23);

/// One call to Xero, unless there is no time left to record what comes of it.
pub(crate) async fn call<T, F>(
    context: &Context<'_>,
    make: impl Fn(Xero, Access) -> F,
) -> Result<T, CallError>
where
    F: Future<Output = Result<Answer<T>, xero::Error>>,
{
    if context.is_out_of_time() {
        return Err(CallError::Paused(Pause {
            until: context.now,
            reason: DeferReason::OutOfTime,
        }));
    }
    context.session.call(make).await
}

/// Reads Xero contacts by id, 40 a call.
pub(crate) async fn by_id(
    context: &Context<'_>,
    ids: &[XeroContactId],
) -> Result<Vec<XeroContact>, CallError> {
    let mut contacts = Vec::with_capacity(ids.len());
    for ids in ids.chunks(xero::MAX_IDS) {
        let read = call(context, |xero, access| async move {
            xero.contacts_by_id(&access, ids).await
        });
        contacts.extend(read.await?);
    }
    Ok(contacts)
}

/// Reads the contacts that carry one of the account numbers.
pub(crate) async fn by_account_number(
    context: &Context<'_>,
    numbers: &[String],
) -> Result<Vec<XeroContact>, CallError> {
    let mut found = Vec::new();
    for numbers in context.session.client().split_account_numbers(numbers) {
        let read = ask(
            context,
            QueryKind::AccountNumber,
            |xero, access| async move { xero.contacts_by_account_number(&access, numbers).await },
        );
        found.extend(read.await?);
    }
    Ok(found)
}

/// Reads what may have a name: Xero's own comparison of whole names heeds spaces, so it is searched
/// for one word of it, and whoever asks compares what comes.
pub(crate) async fn by_name(
    context: &Context<'_>,
    name: &str,
) -> Result<Vec<XeroContact>, CallError> {
    let mut found = Vec::new();
    for word in search_words(name) {
        found.extend(search(context, &word).await?);
    }
    Ok(found)
}

/// Everything that Xero's search finds.
pub(crate) async fn search(
    context: &Context<'_>,
    term: &str,
) -> Result<Vec<XeroContact>, CallError> {
    let mut found = Vec::new();
    let mut pages = Pages::at_most(MAX_SEARCH_PAGES);
    loop {
        let page = pages.page();
        let answer = ask(context, QueryKind::Search, |xero, access| async move {
            xero.contacts_by_search(&access, term, page).await
        });
        let answer = answer.await?;
        let step = pages.take(&answer.contacts, 0, answer.page_count);
        found.extend(answer.contacts);
        match step {
            Step::Next(_) => {}
            Step::End => return Ok(found),
            Step::TooMany => return Err(CallError::Failed(xero::Error::TooManyContacts)),
        }
    }
}

/// All that carry a contact number: two can, and Xero's answer for the number alone would name one
/// of them.
pub(crate) async fn by_contact_number(
    context: &Context<'_>,
    number: &ContactNumber,
) -> Result<Vec<XeroContact>, CallError> {
    match search(context, number.as_str()).await {
        Ok(mut found) => {
            let is_it = |held: &ContactNumber| held.as_str().eq_ignore_ascii_case(number.as_str());
            found.retain(|contact| contact.contact_number.as_ref().is_some_and(is_it));
            Ok(found)
        }
        // This works in organisations of any size. Where it finds one, no create follows.
        Err(error) if is_refused(&error) => {
            let one = call(context, |xero, access| async move {
                xero.contact_by_number(&access, number).await
            });
            Ok(one.await?.into_iter().collect())
        }
        Err(error) => Err(error),
    }
}

/// One call to Xero that asks in a way that Xero may refuse. One that it is known to refuse is not
/// made.
async fn ask<T, F>(
    context: &Context<'_>,
    kind: QueryKind,
    make: impl Fn(Xero, Access) -> F,
) -> Result<T, CallError>
where
    F: Future<Output = Result<Answer<T>, xero::Error>>,
{
    if refuses(context, kind).await? {
        return Err(CallError::Failed(xero::Error::QueryRefused));
    }
    let answer = call(context, make).await;
    if matches!(answer, Err(CallError::Failed(xero::Error::QueryRefused))) {
        remember_refusal(context, kind).await?;
    }
    answer
}

/// Whether Xero is known to refuse this kind of query.
pub(crate) async fn refuses(context: &Context<'_>, kind: QueryKind) -> Result<bool, CallError> {
    let mut known = context.refused_queries.lock().await;
    if let Some(known) = known.as_ref() {
        return Ok(known.contains(&kind));
    }
    let kinds = [QueryKind::AccountNumber, QueryKind::Search];
    let records = context.records.get_many::<RefusedQueryRecord>(kinds).await;
    let records = records.map_err(store_failed)?;
    let is_refused = |kind: &QueryKind| {
        let record = records.get(&kind.to_string());
        record.is_some_and(|record| record.value.until > context.now)
    };
    let refused: HashSet<QueryKind> = kinds.into_iter().filter(is_refused).collect();
    let is_refused = refused.contains(&kind);
    *known = Some(refused);
    Ok(is_refused)
}

async fn remember_refusal(context: &Context<'_>, kind: QueryKind) -> Result<(), CallError> {
    tracing::warn!(
        "Xero refuses queries of the kind {kind}; the list of all contacts is read instead"
    );
    let mut known = context.refused_queries.lock().await;
    known.get_or_insert_default().insert(kind);
    let until = context.now + REMEMBERED_FOR;
    let record = RefusedQueryRecord { until };
    let write = context
        .records
        .put_expiring(kind, &record, Expect::Any, until);
    let write = write.map_err(store_failed)?;
    context
        .records
        .write(vec![write])
        .await
        .map_err(store_failed)
}

/// The store failed where Xero was to be asked.
pub(crate) fn store_failed(error: TableError) -> CallError {
    CallError::Open(error.into())
}
