//! Writes the references back to BigChange, where the entry was made, once the contact is in Xero.

use rules::{AccountType, Contact, Field, Notice, Plan, Problem};
use runtime::records::DeferReason;

use crate::context::Context;
use crate::endings::{bigchange_failed, held, put_off};
use crate::model::{BigChangeProgress, Ended, Ending, InWork as _, Linking, Written};

/// Writes what BigChange lacks. The contact is linked whatever comes of it: what is missing shows
/// in BigChange itself, but for the contact reference, which is noted in the contact's record.
pub(crate) async fn run(context: &Context<'_>, written: Written) -> Box<Ended> {
    let Written {
        mut begun,
        xero_id,
        answered,
    } = written;
    let mut notices = begun.planned.plan.notices.clone();
    let mut progress = BigChangeProgress::default();
    let id = begun.state().id;
    let plan = &begun.planned.plan;
    let result = write(context, id, plan, &mut notices, &mut progress).await;
    let left_to_do = match result {
        Ok(()) if progress.all => None,
        // No time was left.
        Ok(()) => Some(put_off(begun.state(), DeferReason::OutOfTime, context.now)),
        Err(error) => {
            if matches!(error, bigchange::Error::AuthLost(_)) {
                context.bigchange_login_refused().await;
            }
            Some(bigchange_failed(context, begun.state_mut(), &error))
        }
    };
    let written = Written {
        begun,
        xero_id,
        answered,
    };
    link(written, notices, progress, left_to_do)
}

/// The ending of a contact that is linked. It is held all the same where a part of it is held back.
pub(crate) fn link(
    written: Written,
    mut notices: Vec<Notice>,
    in_bigchange: BigChangeProgress,
    left_to_do: Option<Ending>,
) -> Box<Ended> {
    let Written {
        begun,
        xero_id,
        answered,
    } = written;
    let plan = begun.planned.plan.clone();
    notices.extend(plan.earlier.notices.iter().cloned());
    let held_back = (!plan.conflicts.is_empty()).then(|| {
        let units = plan.conflicts.clone();
        held(Problem::ChangedInBoth { units })
    });
    begun.end(Ending::Linked(Box::new(Linking {
        plan,
        xero_id,
        answered,
        notices,
        in_bigchange,
        left_to_do: left_to_do.or(held_back),
    })))
}

async fn write(
    context: &Context<'_>,
    id: rules::ContactId,
    plan: &Plan,
    notices: &mut Vec<Notice>,
    progress: &mut BigChangeProgress,
) -> Result<(), bigchange::Error> {
    let bigchange = &context.bigchange;
    if plan.bigchange_account {
        if context.is_out_of_time() {
            return Ok(());
        }
        bigchange
            .save_account(id, &plan.account_reference, AccountType::XERO)
            .await?;
        progress.account = true;
    }
    if !plan.bigchange_contact_reference {
        progress.all = true;
        return Ok(());
    }
    if context.is_out_of_time() {
        return Ok(());
    }
    // Last, and from a fresh read: a person may have entered one meanwhile, which stays.
    let read = bigchange.contact(id).await?;
    let is_told = |contact: &Contact| !contact.missing.contains(&Field::ContactReference);
    if read.as_ref().is_some_and(|contact| !is_told(contact)) {
        notices.push(not_written(
            "its answer does not say whether there is one".to_owned(),
        ));
    }
    let is_blank = |contact: &Contact| contact.contact_reference.trim().is_empty();
    if read.is_some_and(|contact| is_told(&contact) && is_blank(&contact)) {
        let set = bigchange.set_contact_reference(id, &plan.account_reference);
        match set.await {
            Ok(()) => progress.contact_reference = true,
            // The account reference is written, and it is the key: a search term is not worth
            // holding the contact for.
            Err(error @ (bigchange::Error::Rejected { .. } | bigchange::Error::TooLong { .. })) => {
                let words = error.refusal().filter(|words| !words.is_empty());
                let reason = words.map_or_else(|| error.to_string(), str::to_owned);
                notices.push(not_written(reason));
            }
            Err(error) => return Err(error),
        }
    }
    progress.all = true;
    Ok(())
}

fn not_written(reason: String) -> Notice {
    Notice::ContactReferenceNotWritten {
        reason,
        field: None,
    }
}
