//! The intent of an attempt when nothing was written after all.

use rules::{AccountReference, Reservation, keeps_reservation};
use runtime::records::ContactRecord;
use store::{TableError, Write};

use crate::context::Context;
use crate::model::{Begun, ContactState};

/// This attempt's intent is over and nothing was written: the contact releases what it claimed and
/// reserved for it. The intent of an earlier attempt, which it has replaced, is in doubt again.
/// Returns the record's next content and the writes that make it so; `None` where this attempt
/// began nothing.
pub(crate) async fn ended(
    context: &Context<'_>,
    state: &ContactState,
    own_reference: Option<&AccountReference>,
) -> Result<Option<(ContactRecord, Vec<Write>)>, TableError> {
    let is_ours = state
        .intent()
        .is_some_and(|intent| intent.attempt == context.attempt);
    let Some(record) = state.record.as_ref().filter(|_| is_ours) else {
        return Ok(None);
    };
    let mut content = ContactRecord {
        intent: state.met.replaced.clone(),
        ..record.value.clone()
    };
    let mut writes = unclaim(context, state, &content).await?;
    if let Some(reference) = take_unkept(&mut content, own_reference) {
        writes.extend(
            context
                .account_references()
                .release(&reference, state.id)
                .await?,
        );
    }
    writes.push(
        context
            .records
            .put(state.subject, &content, record.as_read())?,
    );
    Ok(Some((content, writes)))
}

/// Takes the reservation out of a record that its contact does not keep. A linked contact is left
/// with the reference of its link.
pub(crate) fn take_unkept(
    content: &mut ContactRecord,
    in_bigchange: Option<&AccountReference>,
) -> Option<AccountReference> {
    let keeps = keeps_reservation(&Reservation {
        reserved: content.reserved.as_ref()?,
        is_generated: content.generated,
        linked_under: content.link.as_ref().map(|link| &link.account_reference),
        is_in_doubt: content.intent.is_some(),
        in_bigchange,
    });
    if keeps {
        return None;
    }
    let linked_under = content
        .link
        .as_ref()
        .map(|link| link.account_reference.clone());
    content.generated = false;
    std::mem::replace(&mut content.reserved, linked_under)
}

/// Ends the intent of a contact that goes on to be decided anew, or to another ending.
pub(crate) async fn drop_intent(
    context: &Context<'_>,
    begun: &mut Begun,
) -> Result<(), TableError> {
    let own = begun.planned.matched.candidate.own_reference();
    let Some((content, writes)) = ended(context, begun.state(), own).await? else {
        return Ok(());
    };
    context.records.write(writes).await?;
    let state = begun.state_mut();
    state.met.released_claim |= state.claims() != content.claims();
    state.wrote(content);
    Ok(())
}

/// Releases the Xero contacts that a contact claims and, by its record's next `content`, does so no
/// longer: they may be somebody else's.
pub(crate) async fn unclaim(
    context: &Context<'_>,
    state: &ContactState,
    content: &ContactRecord,
) -> Result<Vec<Write>, TableError> {
    let mut writes = Vec::new();
    for xero_id in state.claims().difference(&content.claims()) {
        writes.extend(context.xero_claims().release(*xero_id, state.id).await?);
    }
    Ok(writes)
}

/// The reservation of a plan's account reference for a contact, in its record's next `content` too.
/// The one that it had before is released, but for that of its link, which stays until the link has
/// another.
///
/// # Errors
/// `Conflict` where another contact holds the reference.
pub(crate) async fn reserve(
    context: &Context<'_>,
    state: &ContactState,
    reference: &AccountReference,
    content: &mut ContactRecord,
) -> Result<Vec<Write>, TableError> {
    if content.reserved.as_ref() == Some(reference) {
        return Ok(Vec::new());
    }
    let references = context.account_references();
    let mut writes = Vec::new();
    let linked_under = content.link.as_ref().map(|link| &link.account_reference);
    if let Some(old) = content
        .reserved
        .take()
        .filter(|old| linked_under != Some(old))
    {
        writes.extend(references.release(&old, state.id).await?);
    }
    match references.reserve(reference, state.id).await? {
        runtime::Reserving::With(write) => writes.push(write),
        runtime::Reserving::HeldBy(_) => return Err(TableError::Conflict),
    }
    content.reserved = Some(reference.clone());
    content.generated = false;
    Ok(writes)
}
