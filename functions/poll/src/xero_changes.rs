//! The hourly look at what changed in Xero, so that a person who mends a problem there sees it
//! clear by itself.

use rules::{ContactId, XeroContact};
use runtime::clock_skew::TWO_CLOCKS;
use runtime::records::{ProblemRecord, Records, SINGLETON, XeroChangesRecord, expect};
use runtime::{CallError, XeroSession};
use store::{TableError, Write};
use time::{Duration, OffsetDateTime};
use xero::{Pages, Step};

use crate::writes::{contact_of, try_again};

const EVERY: Duration = Duration::hours(1);
/// Each look begins this much before the last one ended: Xero dates a change before others can read
/// it, and its times are to the second.
const MARGIN: Duration = Duration::minutes(2);
/// Where more than 10,000 contacts changed in Xero since the last look, every held contact is tried
/// again, and no further page is read.
const MAX_PAGES: u32 = 10;

/// What a look brought.
pub(crate) struct Scan {
    /// The held contacts that may be free now.
    pub(crate) touched: Vec<ContactId>,
    /// Notes how far it looked, for when they are queued.
    pub(crate) moved: Write,
}

/// Looks, if it is time and anybody waits for Xero. A look that fails is made again by the next
/// poll, and stops nothing else.
pub(crate) async fn scan(
    records: &Records,
    session: &XeroSession<'_>,
    now: OffsetDateTime,
) -> Option<Scan> {
    match try_scan(records, session, now).await {
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
) -> Result<Option<Scan>, CallError> {
    let is_recent = |since: OffsetDateTime| now - since < EVERY;
    let last = records
        .get::<XeroChangesRecord>(SINGLETON)
        .await
        .map_err(stored)?;
    let looked_until = last.as_ref().map(|last| last.value.changed_since);
    // One from the future comes from a clock that was wrong, and would stop the looks until then.
    let looked_until = looked_until.filter(|until| *until <= now + TWO_CLOCKS);
    if looked_until.is_some_and(is_recent) {
        return Ok(None);
    }
    let mut waiting = records.list::<ProblemRecord>("").await.map_err(stored)?;
    waiting.retain(|held| held.value.problem.depends_on_xero());
    // What changed before a problem was first seen was seen with it.
    let first_seen = waiting.iter().map(|held| held.value.first_seen).min();
    let Some(first_seen) = first_seen else {
        return Ok(None);
    };
    let since = looked_until.map_or(first_seen - MARGIN, |until| until.max(first_seen - MARGIN));
    if is_recent(since) {
        return Ok(None);
    }
    let changes = changes_since(session, since).await?;
    waiting.retain(|held| changes.may_matter_to(&held.value));
    try_again(records, waiting.iter()).await.map_err(stored)?;
    let moved = XeroChangesRecord {
        // A clock of Xero's that is ahead must not stop the looks until then.
        changed_since: changes.as_of.min(now) - MARGIN,
    };
    let touched: Result<_, _> = waiting.iter().map(contact_of).collect();
    Ok(Some(Scan {
        touched: touched.map_err(stored)?,
        moved: records
            .put(SINGLETON, &moved, expect(last.as_ref()))
            .map_err(stored)?,
    }))
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
