//! The list of a whole Xero organisation: kept in memory, and in the table for workers that start
//! later.

use runtime::CallError;
use runtime::records::{DirectoryRecord, SINGLETON};
use xero::{Pages, Step};

use crate::context::Context;
use crate::directory::{Directory, HalfRead};
use crate::kept_directory;
use crate::queries::{call, store_failed};

/// A larger organisation is never read as a whole: 50,000 contacts are about 50 MB of memory.
const MAX_PAGES: u32 = 50;
/// After so many changes, what the table keeps is written anew: one call asks for up to a page.
const MANY_CHANGES: usize = 500;

/// Makes the directory fresh: with what changed since, or by reading all of it. There is none after
/// that where the organisation is too large.
pub(crate) async fn freshen(
    context: &Context<'_>,
    directory: &mut Option<Directory>,
    needs_fresh: bool,
) -> Result<(), CallError> {
    let tenant = context.records.tenant();
    directory.take_if(|known| !known.is_of(tenant));
    let record = if directory.is_none() {
        let record = context.records.get::<DirectoryRecord>(SINGLETON).await;
        record.map_err(store_failed)?.map(|record| record.value)
    } else {
        None
    };
    if let Some(record) = &record {
        if record.pages > MAX_PAGES {
            return Ok(());
        }
        *directory = kept_directory::load(context, record).await?;
    }
    // What the table keeps may be of a moment ago, and lack what its writer has created since.
    let is_from_table = record.is_some();
    if let Some(known) = directory {
        if !needs_fresh && !is_from_table && known.is_fresh(context.now) {
            return Ok(());
        }
        if let Some(changes) = refresh(context, known).await? {
            known.changes_since_kept += changes;
            let is_due =
                known.changes_since_kept >= MANY_CHANGES || kept_directory::is_old(context, known);
            if is_due {
                kept_directory::keep(context, known).await?;
            }
            return Ok(());
        }
        // More has changed than is ever read: it is of no more use.
        *directory = None;
    }
    *directory = read(context, record.map(|record| record.pages)).await?;
    Ok(())
}

/// Asks for what changed, and tells how much; `None` where that is more than is ever read.
async fn refresh(
    context: &Context<'_>,
    directory: &mut Directory,
) -> Result<Option<usize>, CallError> {
    let since = directory.changed_since();
    let mut pages = Pages::at_most(MAX_PAGES);
    let mut as_of = None;
    let mut changes = 0;
    loop {
        let page = pages.page();
        let answer = call(context, |xero, access| async move {
            xero.directory_page(&access, page, Some(since)).await
        });
        let answer = answer.await?;
        as_of = as_of.or(Some(answer.as_of));
        let step = pages.take(&answer.contacts, answer.unreadable, answer.page_count);
        changes += answer.contacts.len();
        answer
            .contacts
            .into_iter()
            .for_each(|contact| directory.put(contact));
        match step {
            Step::Next(_) => {}
            Step::End => break,
            Step::TooMany => return Ok(None),
        }
    }
    // As of the first page: what changed while the others were read is asked for again.
    if let Some(as_of) = as_of {
        directory.refreshed(as_of, context.now);
    }
    Ok(Some(changes))
}

/// Reads everything; `None` where that is too much.
async fn read(
    context: &Context<'_>,
    known_pages: Option<u32>,
) -> Result<Option<Directory>, CallError> {
    let tenant = context.records.tenant();
    let mut half_read = context.worker.half_read.lock().await;
    let begun = half_read.take();
    let begun = begun.filter(|begun| begun.can_go_on(tenant, context.now));
    let goes_on = begun.is_some();
    let (mut directory, mut pages) = match begun {
        Some(HalfRead { directory, pages }) => (Some(directory), pages),
        None => (None, Pages::at_most(MAX_PAGES)),
    };
    loop {
        let page = pages.page();
        let answer = call(context, |xero, access| async move {
            xero.directory_page(&access, page, None).await
        });
        let answer = match answer.await {
            Ok(answer) => answer,
            Err(error) => {
                // What was read is not lost: two workers that meet the limit here would begin for
                // ever.
                *half_read = directory.map(|directory| HalfRead { directory, pages });
                return Err(error);
            }
        };
        let step = pages.take(&answer.contacts, answer.unreadable, answer.page_count);
        // Where Xero does not say how many pages there are, the last one tells.
        let page_count = match (answer.page_count, step) {
            (Some(count), _) if page == 1 => Some(count),
            (None, Step::End) => Some(page),
            (None, Step::TooMany) => Some(page + 1),
            _ => None,
        };
        if let Some(count) = page_count.filter(|count| known_pages != Some(*count)) {
            remember_pages(context, count).await?;
        }
        let is_too_large = answer.page_count.is_some_and(|count| count > MAX_PAGES);
        if step == Step::TooMany || is_too_large {
            return Ok(None);
        }
        if answer.unreadable > 0 {
            tracing::warn!(
                unreadable = answer.unreadable,
                "Xero's list holds contacts that cannot be read; they are never matched"
            );
        }
        let directory =
            directory.get_or_insert_with(|| Directory::new(tenant, answer.as_of, context.now));
        answer
            .contacts
            .into_iter()
            .for_each(|contact| directory.put(contact));
        if step == Step::End {
            break;
        }
    }
    if let Some(whole) = &mut directory {
        // What changed since it was begun is not in the pages that were read then.
        if goes_on && refresh(context, whole).await?.is_none() {
            return Ok(None);
        }
        kept_directory::keep(context, whole).await?;
    }
    Ok(directory)
}

async fn remember_pages(context: &Context<'_>, pages: u32) -> Result<(), CallError> {
    let record = DirectoryRecord { pages, kept: None };
    let write = context.records.replace(SINGLETON, &record).await;
    let write = write.map_err(store_failed)?;
    context
        .records
        .write(vec![write])
        .await
        .map_err(store_failed)
}
