//! Reading the list of a whole Xero organisation, where that costs fewer calls than asking for a
//! few.

use std::sync::atomic::Ordering;

use runtime::CallError;
use runtime::records::{DirectoryRecord, SINGLETON};
use xero::{Pages, Step};

use crate::context::Context;
use crate::directory::{Directory, HalfRead};
use crate::queries::{call, store_failed};

/// An organisation of unknown size is taken for one of two pages; the first page tells.
const USUAL_PAGES: u32 = 2;
/// A larger organisation is never read as a whole: 50,000 contacts are about 20 MB of memory.
const MAX_PAGES: u32 = 50;
/// From so many look-ups on, a batch is taken for one of several.
const MANY_LOOK_UPS: u32 = 10;

/// Makes the directory fresh if that costs fewer calls than `calls` look-ups, or serves the next
/// batches too. Returns whether it is.
pub(crate) async fn freshen_if_cheaper(
    context: &Context<'_>,
    directory: &mut Option<Directory>,
    calls: u32,
    needs_fresh: bool,
) -> Result<bool, CallError> {
    let tenant = context.records.tenant();
    if directory.as_ref().is_some_and(|known| !known.is_of(tenant)) {
        *directory = None;
    }
    if let Some(known) = directory {
        if !needs_fresh && known.is_fresh(context.now) {
            return Ok(true);
        }
        // One call, unless much has changed: no look-up is cheaper.
        let is_fresh = refresh(context, known).await?;
        if !is_fresh {
            *directory = None;
        }
        return Ok(is_fresh);
    }
    let saved = &context.worker.calls_without_directory;
    // If look-ups have cost as much as a full read, do the full read now.
    let with_savings = calls.saturating_add(saved.load(Ordering::Relaxed));
    // A batch of so many look-ups is hardly the last: the directory serves the next one too.
    let for_this_batch = if calls >= MANY_LOOK_UPS {
        calls.saturating_mul(2)
    } else {
        calls
    };
    let worth = for_this_batch.max(with_savings.min(MAX_PAGES));
    let known = context.records.get::<DirectoryRecord>(SINGLETON).await;
    let known = known
        .map_err(store_failed)?
        .map(|record| record.value.pages);
    let read_before = match &*context.worker.half_read.lock().await {
        Some(half) if half.can_go_on(tenant, context.now) => half.pages.page() - 1,
        _ => 0,
    };
    let is_cheaper = match known {
        Some(pages) if pages > MAX_PAGES => false,
        Some(pages) => pages.saturating_sub(read_before) <= worth,
        // Where two pages were only guessed, a look-up that costs no more cannot turn out to be in
        // vain.
        None => USUAL_PAGES < calls,
    };
    if is_cheaper {
        // Spent, whether it succeeds or not: a reading that is broken off must not be begun again
        // and again while no contact gets on.
        saved.store(0, Ordering::Relaxed);
        *directory = read(context, known, worth).await?;
    }
    Ok(directory.is_some())
}

/// Reads everything, or what changed since, because Xero cannot be asked for less. `false` where
/// that is too much.
pub(crate) async fn read_whole(
    context: &Context<'_>,
    directory: &mut Option<Directory>,
) -> Result<bool, CallError> {
    freshen_if_cheaper(context, directory, u32::MAX, true).await
}

/// Remembers what was spent because there is no directory.
pub(crate) fn would_have_saved(context: &Context<'_>, calls: usize) {
    let calls = u32::try_from(calls).unwrap_or(u32::MAX);
    let saved = &context.worker.calls_without_directory;
    saved.fetch_add(calls, Ordering::Relaxed);
}

/// Asks for what changed. `false` where that is more than is ever read: then a few look-ups are
/// cheaper, and the directory is of no more use.
async fn refresh(context: &Context<'_>, directory: &mut Directory) -> Result<bool, CallError> {
    let since = directory.changed_since();
    let mut pages = Pages::at_most(MAX_PAGES);
    let mut as_of = None;
    loop {
        let page = pages.page();
        let answer = call(context, |xero, access| async move {
            xero.directory_page(&access, page, Some(since)).await
        });
        let answer = answer.await?;
        as_of = as_of.or(Some(answer.as_of));
        let step = pages.take(&answer.contacts, answer.unreadable, answer.page_count);
        answer
            .contacts
            .into_iter()
            .for_each(|contact| directory.put(contact));
        match step {
            Step::Next(_) => {}
            Step::End => break,
            Step::TooMany => return Ok(false),
        }
    }
    // As of the first page: what changed while the others were read is asked for again.
    if let Some(as_of) = as_of {
        directory.refreshed(as_of, context.now);
    }
    Ok(true)
}

/// Reads everything, unless the first page tells that it is not worth that many calls.
async fn read(
    context: &Context<'_>,
    known_pages: Option<u32>,
    worth: u32,
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
        let is_not_worth_it = answer
            .page_count
            .is_some_and(|count| page == 1 && count.saturating_sub(1) > worth);
        if step == Step::TooMany || is_not_worth_it {
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
    // What changed since it was begun is not in the pages that were read then.
    if goes_on
        && let Some(whole) = &mut directory
        && !refresh(context, whole).await?
    {
        return Ok(None);
    }
    Ok(directory)
}

async fn remember_pages(context: &Context<'_>, pages: u32) -> Result<(), CallError> {
    let record = DirectoryRecord { pages };
    let write = context.records.replace(SINGLETON, &record).await;
    let write = write.map_err(store_failed)?;
    context
        .records
        .write(vec![write])
        .await
        .map_err(store_failed)
}
