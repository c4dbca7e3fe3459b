//! What takes the place of the writes in a dry run: each is taken to have been done, unless it can
//! be foreseen that Xero would refuse it.

use std::collections::HashMap;
use std::sync::Arc;

use rules::{XeroContact, XeroContactId, XeroWrite, is_still_as_found};

use crate::context::Context;
use crate::dry_run::{DryRun, Refused, XeroCalls};
use crate::model::{Begun, BigChangeProgress, Ended, Written};
use crate::queries;
use crate::source_writes::link;
use crate::target_writes::{Calls, Results, WriteResult};

/// In place of the writes to Xero. The contacts that would be linked are read again, as they would
/// be before they are written to; linked ones were read just now.
pub(crate) async fn to_xero(context: &Context<'_>, dry_run: &DryRun, begun: &[Begun]) -> Results {
    let (reads, writes) = Calls::of(begun).count();
    let ids: Vec<XeroContactId> = begun.iter().filter_map(read_again).collect();
    let foresight = ids.len().div_ceil(xero::MAX_IDS);
    dry_run.count(XeroCalls { reads, writes }, foresight);
    let read = match queries::by_id(context, &ids).await {
        Ok(read) => read,
        Err(error) => {
            let error = Arc::new(error);
            let not_called =
                |begun: &Begun| (begun.state().id, WriteResult::NotCalled(error.clone()));
            return begun.iter().map(not_called).collect();
        }
    };
    let now: HashMap<XeroContactId, XeroContact> = read
        .iter()
        .map(|contact| (contact.id, dry_run.up_to_date(contact)))
        .collect();
    let mut results = Results::new();
    for begun in begun {
        let result = assume_written(context, dry_run, begun, &now);
        results.insert(begun.state().id, result);
    }
    results
}

/// The Xero contact that would be read again before it is written to.
fn read_again(begun: &Begun) -> Option<XeroContactId> {
    match &begun.planned.plan.xero {
        XeroWrite::Change {
            id, before: None, ..
        } => Some(*id),
        XeroWrite::Change { .. }
        | XeroWrite::Nothing { .. }
        | XeroWrite::Create(_)
        | XeroWrite::Unknown(_) => None,
    }
}

fn assume_written(
    context: &Context<'_>,
    dry_run: &DryRun,
    begun: &Begun,
    now: &HashMap<XeroContactId, XeroContact>,
) -> WriteResult {
    let (id, refused) = match &begun.planned.plan.xero {
        // One that is not known was never decided here.
        XeroWrite::Unknown(_) => return WriteResult::InDoubt,
        XeroWrite::Nothing { id } => (*id, Ok(())),
        XeroWrite::Create(new) => {
            // Only the nil identifier is none.
            let Ok(id) = XeroContactId::try_from(context.host().new_id()) else {
                return WriteResult::InDoubt;
            };
            (id, dry_run.create(id, new))
        }
        XeroWrite::Change {
            id,
            changes,
            before: Some(read),
            ..
        } => (*id, dry_run.change(&dry_run.up_to_date(read), changes)),
        XeroWrite::Change {
            id,
            changes,
            expected,
            before: None,
        } => match (now.get(id), expected) {
            (Some(now), Some(found)) if !is_still_as_found(found, now, changes) => {
                return WriteResult::Stale;
            }
            (Some(now), _) => (*id, dry_run.change(now, changes)),
            // A contact that would be created earlier in this run is not there to be read.
            (None, Some(found)) if dry_run.would_be_created(*id) => {
                (*id, dry_run.change(found, changes))
            }
            (None, Some(_)) => return WriteResult::Stale,
            (None, None) => return WriteResult::Gone(*id),
        },
    };
    match refused {
        Ok(()) => WriteResult::Done { id, answered: None },
        Err(Refused { kind, words }) => WriteResult::Refused { kind, words },
    }
}

/// In place of the writes to BigChange.
pub(crate) fn to_bigchange(written: Written) -> Box<Ended> {
    let Written { begun, xero_id, .. } = written;
    let notices = begun.planned.plan.notices.clone();
    let progress = BigChangeProgress {
        account: true,
        contact_reference: true,
        all: true,
    };
    let answered = None;
    let written = Written {
        begun,
        xero_id,
        answered,
    };
    link(written, notices, progress, None)
}
