//! A person's word about which Xero contact a BigChange contact is: checked against what the store
//! says, and written as one conditional write, so that it and a worker that is at the same contact
//! cannot undo each other.

use rules::{
    AccountReference, Alike, ContactId, Earlier, Keep, ManualMatch, NameKey, Notice, Problem, Side,
    UnitConflict, XeroContactId, may_have_changed,
};
use store::{TableError, Write};
use time::OffsetDateTime;

use crate::claims::XeroClaims;
use crate::records::{
    ContactRecord, HistoryEvent, HistoryRecord, ProblemRecord, Records, Stored, expect,
};
use crate::references::AccountReferences;

/// Why a person's word was not taken. Nothing was written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ManualMatchError {
    /// A worker is at the contact, or was when it stopped: what it may have written has to be
    /// settled first.
    #[error("a worker is at contact {0}, or was when it stopped, and has to finish first")]
    InWork(ContactId),
    /// It is linked already.
    #[error("contact {contact} is linked to the Xero contact {xero_id} already")]
    Linked {
        /// The contact.
        contact: ContactId,
        /// What it is linked to.
        xero_id: XeroContactId,
    },
    /// It is not linked.
    #[error("contact {0} is not linked to any Xero contact")]
    NotLinked(ContactId),
    /// The Xero contact belongs to another.
    #[error("the Xero contact {xero_id} is linked to BigChange contact {other}")]
    Taken {
        /// The Xero contact.
        xero_id: XeroContactId,
        /// Whose it is.
        other: ContactId,
    },
    /// It is not held for being likely the same as a Xero contact.
    #[error(
        "contact {0} is not held for being likely the same customer as one in Xero, nor for having been unlinked from one"
    )]
    NotHeldAsDuplicate(ContactId),
    /// It is not held for a change in both systems.
    #[error("contact {0} is not held for having been changed in both systems")]
    NotChangedInBoth(ContactId),
    /// Xero has its very name, which it takes only once.
    #[error(
        "Xero has an active contact of the very name of contact {contact} ({xero_id}), and takes each name only once"
    )]
    NameTaken {
        /// The contact.
        contact: ContactId,
        /// The Xero contact of that name.
        xero_id: XeroContactId,
    },
    /// The store; `Conflict` where a worker has just been at the contact.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// What is kept of a person's word.
#[derive(Debug, Clone, Copy)]
pub struct Remembering {
    /// When it was said.
    pub at: OffsetDateTime,
    /// How many days that is remembered; 0 for not at all.
    pub days: u16,
}

/// A person says that `contact` is the Xero contact `xero_id`. The worker makes the link, by the
/// rules that a word does not overrule.
///
/// # Errors
/// See [`ManualMatchError`].
pub async fn pin(
    records: &Records,
    contact: ContactId,
    xero_id: XeroContactId,
    remembering: Remembering,
) -> Result<(), ManualMatchError> {
    let read = read_idle(records, contact).await?;
    let content = content(read.as_ref());
    check_not_taken(records, contact, &content, xero_id).await?;
    let word = ManualMatch {
        pinned: Some(xero_id),
        excluded: without(&content.manual_match.excluded, xero_id),
        distinct_from: without(&content.manual_match.distinct_from, xero_id),
    };
    let chosen = ContactRecord {
        manual_match: word,
        ..content
    };
    let said = Said {
        contact,
        xero_id,
        event: HistoryEvent::ChosenByPerson,
        earlier: Earlier::default(),
    };
    write(
        records,
        said,
        read.as_ref(),
        &chosen,
        Vec::new(),
        remembering,
    )
    .await
}

/// Whether [`pin`] would be taken now.
///
/// # Errors
/// See [`ManualMatchError`].
pub async fn check_pin(
    records: &Records,
    contact: ContactId,
    xero_id: XeroContactId,
) -> Result<(), ManualMatchError> {
    let read = read_idle(records, contact).await?;
    check_not_taken(records, contact, &content(read.as_ref()), xero_id).await
}

/// The candidates that a contact is held for, of which [`declare_new`] would say that it is none.
///
/// # Errors
/// See [`ManualMatchError`].
pub async fn candidates(
    records: &Records,
    contact: ContactId,
) -> Result<Vec<Alike>, ManualMatchError> {
    let read = read_idle(records, contact).await?;
    if let Some(link) = content(read.as_ref()).link {
        let xero_id = link.xero_id;
        return Err(ManualMatchError::Linked { contact, xero_id });
    }
    let held = records.get::<ProblemRecord>(contact).await?;
    let Some(ProblemRecord {
        problem: Problem::PossibleDuplicate { candidates, .. },
        name,
        ..
    }) = held.map(|held| held.value)
    else {
        return Err(ManualMatchError::NotHeldAsDuplicate(contact));
    };
    let name = NameKey::of(&name);
    match candidates
        .iter()
        .find(|one| NameKey::of(&one.xero.name) == name)
    {
        Some(namesake) => Err(ManualMatchError::NameTaken {
            contact,
            xero_id: namesake.xero.id,
        }),
        None => Ok(candidates),
    }
}

/// The Xero contacts that a person unlinked `contact` from, of which [`declare_new`] would say that
/// it is none: where it is not linked, and not held for anything else.
///
/// # Errors
/// See [`ManualMatchError`].
pub async fn unlinked_from(
    records: &Records,
    contact: ContactId,
) -> Result<Vec<XeroContactId>, ManualMatchError> {
    let read = read_idle(records, contact).await?;
    let content = content(read.as_ref());
    if let Some(link) = &content.link {
        let xero_id = link.xero_id;
        return Err(ManualMatchError::Linked { contact, xero_id });
    }
    let held = records.get::<ProblemRecord>(contact).await?;
    let is_held_otherwise =
        held.is_some_and(|held| !matches!(held.value.problem, Problem::UnlinkedByPerson { .. }));
    let excluded = content.manual_match.excluded;
    if excluded.is_empty() || is_held_otherwise {
        return Err(ManualMatchError::NotHeldAsDuplicate(contact));
    }
    Ok(excluded)
}

/// A person says that `contact` is a new customer: none of these Xero contacts, however like they
/// are. The worker creates it, by the rules that a word does not overrule.
///
/// # Errors
/// See [`ManualMatchError`].
pub async fn declare_new(
    records: &Records,
    contact: ContactId,
    candidates: &[Alike],
    remembering: Remembering,
) -> Result<(), ManualMatchError> {
    let read = read_idle(records, contact).await?;
    let content = content(read.as_ref());
    let Some(first) = candidates.first() else {
        return Err(ManualMatchError::NotHeldAsDuplicate(contact));
    };
    if let Some(link) = &content.link {
        let xero_id = link.xero_id;
        return Err(ManualMatchError::Linked { contact, xero_id });
    }
    let mut distinct_from = content.manual_match.distinct_from.clone();
    distinct_from.extend(candidates.iter().map(|one| one.xero.id));
    distinct_from.sort_unstable();
    distinct_from.dedup();
    let declared = ContactRecord {
        manual_match: ManualMatch {
            pinned: None,
            distinct_from,
            ..content.manual_match.clone()
        },
        ..content
    };
    let said = Said {
        contact,
        xero_id: first.xero.id,
        event: HistoryEvent::DistinctByPerson,
        earlier: Earlier::default(),
    };
    let read = read.as_ref();
    write(records, said, read, &declared, Vec::new(), remembering).await
}

/// The units in which a contact is held because both systems changed them.
///
/// # Errors
/// See [`ManualMatchError`].
pub async fn held_units(
    records: &Records,
    contact: ContactId,
) -> Result<Vec<UnitConflict>, ManualMatchError> {
    let held = records.get::<ProblemRecord>(contact).await?;
    match held.map(|held| held.value.problem) {
        Some(Problem::ChangedInBoth { units }) => Ok(units),
        _ => Err(ManualMatchError::NotChangedInBoth(contact)),
    }
}

/// A person says whose values stay in the units in which `contact` is held. The worker does it.
///
/// # Errors
/// See [`ManualMatchError`].
pub async fn keep(
    records: &Records,
    contact: ContactId,
    side: Side,
    held: &[UnitConflict],
    remembering: Remembering,
) -> Result<(), ManualMatchError> {
    let read = read_idle(records, contact).await?;
    let content = content(read.as_ref());
    let Some(xero_id) = content.link.as_ref().map(|link| link.xero_id) else {
        return Err(ManualMatchError::NotLinked(contact));
    };
    let units = held.iter().map(|conflict| conflict.unit).collect();
    let kept = ContactRecord {
        keep: Some(Keep { side, units }),
        ..content
    };
    let said = Said {
        contact,
        xero_id,
        event: HistoryEvent::KeptByPerson,
        earlier: Earlier::default(),
    };
    let read = read.as_ref();
    write(records, said, read, &kept, Vec::new(), remembering).await
}

async fn check_not_taken(
    records: &Records,
    contact: ContactId,
    content: &ContactRecord,
    xero_id: XeroContactId,
) -> Result<(), ManualMatchError> {
    // To say it of the one that it is linked to confirms the link, whatever contradicts it in Xero.
    if let Some(link) = content.link.as_ref().filter(|link| link.xero_id != xero_id) {
        let xero_id = link.xero_id;
        return Err(ManualMatchError::Linked { contact, xero_id });
    }
    let owner = XeroClaims::of(records).owner(xero_id).await?;
    match owner.filter(|owner| *owner != contact) {
        Some(other) => Err(ManualMatchError::Taken { xero_id, other }),
        None => Ok(()),
    }
}

/// What [`unlink`] would take back now: a link, or a choice that has not led to one.
///
/// # Errors
/// See [`ManualMatchError`].
pub async fn unlink_target(
    records: &Records,
    contact: ContactId,
    now: OffsetDateTime,
) -> Result<XeroContactId, ManualMatchError> {
    let read = read_for_parting(records, contact, now).await?;
    belongs_to(&content(read.as_ref())).ok_or(ManualMatchError::NotLinked(contact))
}

fn belongs_to(content: &ContactRecord) -> Option<XeroContactId> {
    let linked = content.link.as_ref().map(|link| link.xero_id);
    linked.or(content.manual_match.pinned)
}

/// A person takes the link of `contact` to `xero_id` away, or the choice of it, and says that it is
/// not that Xero contact. Nothing is changed in either system.
///
/// # Errors
/// See [`ManualMatchError`].
pub async fn unlink(
    records: &Records,
    contact: ContactId,
    xero_id: XeroContactId,
    remembering: Remembering,
) -> Result<(), ManualMatchError> {
    let read = read_for_parting(records, contact, remembering.at).await?;
    let content = content(read.as_ref());
    match belongs_to(&content) {
        None => return Err(ManualMatchError::NotLinked(contact)),
        Some(other) if other != xero_id => {
            return Err(ManualMatchError::Linked {
                contact,
                xero_id: other,
            });
        }
        Some(_) => {}
    }
    let mut released = Vec::new();
    for claimed in content.claims() {
        released.extend(XeroClaims::of(records).release(claimed, contact).await?);
    }
    // An attempt that had begun to change the reference of the link has reserved the new one.
    let linked_under = content.link.as_ref().map(|link| &link.account_reference);
    if let Some(linked_under) =
        linked_under.filter(|under| content.reserved.as_ref() != Some(under))
    {
        released.extend(
            AccountReferences::of(records)
                .release(linked_under, contact)
                .await?,
        );
    }
    let mut excluded = without(&content.manual_match.excluded, xero_id);
    excluded.push(xero_id);
    // What an attempt may have written over whose answer was lost is found out by nobody now.
    let intent = content.intent.clone();
    let parted = ContactRecord {
        link: None,
        intent: None,
        notices: Vec::new(),
        contact_reference_due: contact_reference_left(&content),
        keep: None,
        manual_match: ManualMatch {
            pinned: None,
            excluded,
            distinct_from: content.manual_match.distinct_from.clone(),
        },
        ..content
    };
    let said = Said {
        contact,
        xero_id,
        event: HistoryEvent::UnlinkedByPerson,
        earlier: intent.map_or_else(Earlier::default, |intent| may_have_changed(&intent.plan)),
    };
    write(records, said, read.as_ref(), &parted, released, remembering).await
}

/// The code that is still to be written as the contact reference. It stays the account reference
/// without the link; and where BigChange refused it, the next link is another try.
fn contact_reference_left(content: &ContactRecord) -> Option<AccountReference> {
    let is_refusal = |notice: &Notice| matches!(notice, Notice::ContactReferenceNotWritten { .. });
    let was_refused = content.notices.iter().any(is_refusal);
    let refused = content.code().filter(|_| was_refused);
    content.contact_reference_in_doubt().or(refused).cloned()
}

fn without(all: &[XeroContactId], one: XeroContactId) -> Vec<XeroContactId> {
    all.iter().copied().filter(|id| *id != one).collect()
}

struct Said {
    contact: ContactId,
    xero_id: XeroContactId,
    event: HistoryEvent,
    /// What attempts may have done whose answers were lost.
    earlier: Earlier,
}

async fn write(
    records: &Records,
    said: Said,
    read: Option<&Stored<ContactRecord>>,
    content: &ContactRecord,
    also: Vec<Write>,
    remembering: Remembering,
) -> Result<(), ManualMatchError> {
    let history = HistoryRecord {
        at: remembering.at,
        event: said.event,
        xero_id: said.xero_id,
        changes: said.earlier.changes,
        notices: said.earlier.notices,
    };
    let mut writes = vec![records.put(said.contact, content, expect(read))?];
    writes.extend(also);
    // What it was held for is decided anew, although neither the contact nor the settings changed.
    if let Some(held) = records.get::<ProblemRecord>(said.contact).await? {
        writes.push(records.try_again(&held)?);
    }
    writes.extend(history.write(records, said.contact, remembering.days)?);
    Ok(records.write(writes).await?)
}

async fn read_idle(
    records: &Records,
    contact: ContactId,
) -> Result<Option<Stored<ContactRecord>>, ManualMatchError> {
    let read = records.get::<ContactRecord>(contact).await?;
    if read
        .as_ref()
        .is_some_and(|read| read.value.intent.is_some())
    {
        return Err(ManualMatchError::InWork(contact));
    }
    Ok(read)
}

/// A linked contact may be left with an intent for good, as when it is held before the update is
/// repeated whose answer was lost. Once no worker can be at it any more, what that update may have
/// written does not matter to who takes the link away. A create, or a first link, is settled by a
/// worker first.
async fn read_for_parting(
    records: &Records,
    contact: ContactId,
    now: OffsetDateTime,
) -> Result<Option<Stored<ContactRecord>>, ManualMatchError> {
    let read = records.get::<ContactRecord>(contact).await?;
    let is_in_work = |record: &ContactRecord| {
        let intent = record.intent.as_ref();
        intent.is_some_and(|intent| record.link.is_none() || intent.live_until(now).is_some())
    };
    if read.as_ref().is_some_and(|read| is_in_work(&read.value)) {
        return Err(ManualMatchError::InWork(contact));
    }
    Ok(read)
}

fn content(read: Option<&Stored<ContactRecord>>) -> ContactRecord {
    read.map(|read| read.value.clone()).unwrap_or_default()
}
