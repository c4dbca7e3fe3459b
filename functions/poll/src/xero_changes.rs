//! The hourly look at what changed in Xero, so that a person who mends a problem there sees it
//! clear by itself, and a link that is no longer true becomes a problem; and the daily one at
//! everything.

use std::collections::BTreeSet;

use rules::{ContactId, XeroContact};
use runtime::clock_skew::TWO_CLOCKS;
use runtime::records::{ProblemRecord, Records, SINGLETON, Stored, XeroChangesRecord, expect};
use runtime::{CallError, XeroSession};
use store::{TableError, Write};
use time::{Duration, OffsetDateTime};
use xero::{Pages, Step};

use crate::links::{Links, mark};
use crate::writes::{contact_of, try_again};

const EVERY: Duration = Duration::hours(1);
/// Each look begins this much before the last one ended: Xero dates a change before others can read
/// it, and its times are to the second.
const MARGIN: Duration = Duration::minutes(2);
/// How often every link is compared with the whole list: daily, with an hour to spare for the look
/// that it goes with.
const COMPARED_EVERY: Duration = Duration::hours(23);
/// Where more than 10,000 contacts changed in Xero since the last look, every held contact is tried
/// again, every link compared, and no further page of changes is read.
const MAX_PAGES: u32 = 10;

/// What a look brought.
pub(crate) struct Scan {
    /// The held contacts that may be free now, and the linked ones whose link may be true no more.
    pub(crate) touched: Vec<ContactId>,
    /// Notes how far it looked, for when they are queued.
    pub(crate) moved: Write,
}

/// Looks, if it is time and any contact is linked or held on Xero. A look that fails is made again
/// by the next poll, and stops nothing else.
pub(crate) async fn scan(
    records: &Records,
    session: &XeroSession<'_>,
    now: OffsetDateTime,
    is_late: impl Fn() -> bool,
) -> Option<Scan> {
    match try_scan(records, session, now, is_late).await {
        Ok(look) => look,
        Err(CallError::Paused(wait)) => {
            tracing::info!(until = %wait.until, "the look at what changed in Xero has to wait");
            None
        }
        Err(CallError::Failed(error)) => {
            tracing::warn!("the look at what changed in Xero failed: {error}");
            None
        }
        Err(CallError::Open(error)) => {
            tracing::warn!("the look at what changed in Xero failed: {error}");
            None
        }
    }
}

async fn try_scan(
    records: &Records,
    session: &XeroSession<'_>,
    now: OffsetDateTime,
    is_late: impl Fn() -> bool,
) -> Result<Option<Scan>, CallError> {
    let is_recent = |since: OffsetDateTime| now - since < EVERY;
    let last = records
        .get::<XeroChangesRecord>(SINGLETON)
        .await
        .map_err(stored)?;
    let known = last.as_ref().map(|last| &last.value);
    // One from the future comes from a clock that was wrong, and would stop the looks until then.
    let known = known.filter(|known| known.changed_since <= now + TWO_CLOCKS);
    let next_page = known.and_then(|known| known.next_page);
    let has_just_looked = known.is_some_and(|known| is_recent(known.changed_since));
    if has_just_looked && next_page.is_none() {
        return Ok(None);
    }
    let links = Links::read(records).await.map_err(stored)?;
    let mut waiting = records.list::<ProblemRecord>("").await.map_err(stored)?;
    waiting.retain(|held| held.value.problem.depends_on_xero());
    let held: Result<BTreeSet<ContactId>, _> = waiting.iter().map(contact_of).collect();
    let held = held.map_err(stored)?;
    // What changed before a problem was first seen was seen with it.
    let first_seen = waiting.iter().map(|held| held.value.first_seen).min();
    let since = match (known.map(|known| known.changed_since), first_seen) {
        (until, Some(first_seen)) if links.is_empty() => {
            let since = first_seen - MARGIN;
            until.map_or(since, |until| until.max(since))
        }
        (Some(until), _) if !links.is_empty() => until,
        // The first links were just made: the looks begin an hour from now.
        (None, first_seen) if !links.is_empty() => {
            let begins = XeroChangesRecord {
                changed_since: first_seen.unwrap_or(now).min(now) - MARGIN,
                compared_at: None,
                next_page: None,
            };
            if is_recent(begins.changed_since) {
                return scan_of(records, Vec::new(), &begins, last.as_ref());
            }
            begins.changed_since
        }
        _ => return Ok(None),
    };
    if links.is_empty() && is_recent(since) {
        return Ok(None);
    }
    let mut touched = BTreeSet::new();
    let mut contradicted = BTreeSet::new();
    let mut moved = XeroChangesRecord {
        changed_since: since,
        compared_at: known.and_then(|known| known.compared_at),
        next_page,
    };
    let mut compares = next_page.is_some();
    if !has_just_looked {
        let changes = changes_since(session, since).await?;
        waiting.retain(|held| changes.may_matter_to(&held.value));
        try_again(records, waiting.iter()).await.map_err(stored)?;
        touched.extend(held.iter().filter(|held| {
            let key = held.to_string();
            waiting.iter().any(|waiting| waiting.sort_key == key)
        }));
        let found = links.contradicted_by(records, &changes.contacts).await;
        contradicted.extend(found.map_err(stored)?);
        // A clock of Xero's that is ahead must not stop the looks until then.
        moved.changed_since = changes.as_of.min(now) - MARGIN;
        let is_outdated = moved
            .compared_at
            .is_none_or(|at| now - at >= COMPARED_EVERY);
        compares |= !links.is_empty() && (is_outdated || changes.are_too_many);
    }
    if compares && session.may_compare().await {
        let from = next_page.unwrap_or(1);
        let compared = links.compare(records, session, from, is_late).await?;
        contradicted.extend(compared.contradicted);
        moved.next_page = compared.next_page;
        if compared.next_page.is_none() {
            moved.compared_at = Some(now);
        }
    }
    // What is held for what Xero showed is looked at again when that changes.
    let contradicted: Vec<ContactId> = contradicted.difference(&held).copied().collect();
    mark(records, &contradicted, now).await.map_err(stored)?;
    touched.extend(contradicted);
    scan_of(
        records,
        touched.into_iter().collect(),
        &moved,
        last.as_ref(),
    )
}

fn scan_of(
    records: &Records,
    touched: Vec<ContactId>,
    moved: &XeroChangesRecord,
    last: Option<&Stored<XeroChangesRecord>>,
) -> Result<Option<Scan>, CallError> {
    let moved = records
        .put(SINGLETON, moved, expect(last))
        .map_err(stored)?;
    Ok(Some(Scan { touched, moved }))
}

fn stored(error: TableError) -> CallError {
    CallError::Open(error.into())
}

/// What changed in Xero.
struct Changes {
    contacts: Vec<XeroContact>,
    are_too_many: bool,
    as_of: OffsetDateTime,
}

impl Changes {
    fn may_matter_to(&self, held: &ProblemRecord) -> bool {
        self.are_too_many
            || self
                .contacts
                .iter()
                .any(|changed| held.watch.is_touched_by(changed))
    }
}

async fn changes_since(
    session: &XeroSession<'_>,
    since: OffsetDateTime,
) -> Result<Changes, CallError> {
    let page = async |number| {
        session
            .call(|xero, access| async move {
                xero.directory_page(&access, number, Some(since)).await
            })
            .await
    };
    let mut pages = Pages::at_most(MAX_PAGES);
    let first = page(1).await?;
    let mut step = pages.take(&first.contacts, first.unreadable, first.page_count);
    let mut changes = Changes {
        contacts: first.contacts,
        are_too_many: false,
        as_of: first.as_of,
    };
    while let Step::Next(number) = step {
        let next = page(number).await?;
        step = pages.take(&next.contacts, next.unreadable, next.page_count);
        changes.contacts.extend(next.contacts);
    }
    changes.are_too_many = step == Step::TooMany;
    Ok(changes)
}
