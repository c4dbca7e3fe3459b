//! What to do about a customer that is linked: its account reference, what is carried over, and
//! where its Xero contact has gone if a person merged it into another.

use crate::carry_over::{CarriedOver, CarryOver, lost_update};
use crate::merges::{Standing, standing};
use crate::planning::{held_by_another, plan, unusable, xero_change};
use crate::text::NameKey;
use crate::{
    AccountReference, Decision, Details, Field, Link, Notice, Problem, Question, Snapshot,
    SyncAction, XeroContact,
};

/// Decides about a linked customer. Where nothing changed in BigChange and nobody asked for a look,
/// Xero is not asked.
///
/// | its Xero contact | outcome |
/// |---|---|
/// | not there | `LinkedContactNotInXero` |
/// | erased, archived | `ErasedInXero`, `ArchivedInXero` |
/// | merged into one that is linked to another BigChange contact | `LinkedToAnotherContact` |
/// | merged into one with an account number of its own | `MergedInXero`, until BigChange has that number: then the link moves |
/// | merged into one without an account number | the link moves, and ours is written |
/// | active, and so is one that was merged into it before and has its name or number | `AmbiguousMatch` |
/// | another program has given it another contact number | `OwnedByAnotherProgram` |
/// | its account number was taken away | entered again, and told |
/// | another account number than the link's | `AccountReferenceChanged`, unless BigChange has it too: then it becomes the link's |
/// | as the link says | what changed in BigChange is carried over |
pub(crate) fn decide_linked(s: &Snapshot<'_>, link: &Link) -> Decision {
    let carry = carry_over(s, link);
    let carries = s.settings.update_in_xero;
    let is_edited = edited_reference(s, link).is_some();
    let looks = s.is_to_be_looked_at || link.is_to_be_looked_at;
    let needs_xero = is_edited || looks || (carries && carry.needs_xero());
    let Some(found) = s.found.filter(|_| needs_xero) else {
        if needs_xero {
            return Decision::Ask(Question::Linked(link.claims().collect()));
        }
        let carried = if carries {
            carry.without_a_write()
        } else {
            carry.nothing()
        };
        let reference = link.account_reference.clone();
        return apply(s, link, Target::unread(link), reference, carried);
    };
    let contact = match standing(link.xero_id, found) {
        Standing::Gone => {
            let xero_id = link.xero_id;
            return Decision::Hold(Problem::LinkedContactNotInXero { xero_id });
        }
        Standing::Merged { from, survivor } => return follow(s, link, &carry, from, survivor),
        Standing::Active(contact) | Standing::Unusable(contact) => contact,
    };
    if let Some(problem) = unusable(contact) {
        return Decision::Hold(problem);
    }
    let is_confirmed = s.manual_match.pinned == Some(contact.id);
    if !is_confirmed && let Some(problem) = contradicted(s, link, contact, found) {
        return Decision::Hold(problem);
    }
    let (reference, is_restored) = match reference_in_line(s, link, contact) {
        Ok(reference) => reference,
        Err(problem) => return Decision::Hold(problem),
    };
    let mut carried = if carries {
        carry.to(&shown(contact))
    } else {
        carry.nothing()
    };
    if is_restored {
        carried.changes.account_number = Some(reference.clone());
        carried.notices.push(Notice::CorrectionOverwritten {
            field: Field::AccountReference,
            in_xero: String::new(),
            sent: reference.to_string(),
        });
    }
    apply(s, link, Target::read(contact), reference, carried)
}

/// Of what is carried over to the Xero contact of a link.
pub(crate) fn carry_over<'a>(s: &Snapshot<'a>, link: &'a Link) -> CarryOver<'a> {
    CarryOver {
        customer: s.customer,
        synced: &link.synced,
        showed: link.showed.as_deref(),
        is_seen: link.is_seen,
        lost: s.in_doubt.and_then(lost_update),
        keep: s.keep,
        on_conflict: s.settings.on_conflict,
    }
}

/// What a contact that was read shows. Every read of single contacts tells it.
fn shown(contact: &XeroContact) -> Details {
    contact.details.as_deref().cloned().unwrap_or_default()
}

/// The account reference that BigChange has, if it is not the link's.
fn edited_reference<'a>(s: &Snapshot<'a>, link: &Link) -> Option<&'a AccountReference> {
    let in_bigchange = s.customer.account_reference.as_ref();
    in_bigchange.filter(|edited| **edited != link.account_reference)
}

/// What in Xero says that it is not this contact's own any more.
fn contradicted(
    s: &Snapshot<'_>,
    link: &Link,
    contact: &XeroContact,
    found: &[XeroContact],
) -> Option<Problem> {
    let name = NameKey::of(&s.customer.details.name);
    // One that is another customer after all has neither this one's name nor its number.
    let fits = |other: &XeroContact| {
        let number = AccountReference::parse(&other.account_number).ok();
        number.as_ref() == Some(&link.account_reference) || NameKey::of(&other.name) == name
    };
    let is_active_again = |other: &&XeroContact| {
        link.moved_from.contains(&other.id) && unusable(other).is_none() && fits(other)
    };
    let active_again: Vec<_> = found.iter().filter(is_active_again).collect();
    if !active_again.is_empty() {
        let all = std::iter::once(contact).chain(active_again);
        return Some(Problem::AmbiguousMatch {
            found: all.map(Into::into).collect(),
        });
    }
    let number = link.other_contact_number(contact)?;
    Some(Problem::OwnedByAnotherProgram {
        xero: contact.into(),
        contact_number: number.to_string(),
        is_linked: true,
    })
}

/// The account reference that both sides carry, and whether it has to be entered in Xero again.
fn reference_in_line(
    s: &Snapshot<'_>,
    link: &Link,
    contact: &XeroContact,
) -> Result<(AccountReference, bool), Problem> {
    let edited = edited_reference(s, link);
    let wanted = edited.unwrap_or(&link.account_reference);
    let in_xero = contact.account_number.trim();
    let is_wanted = AccountReference::parse(in_xero).ok().as_ref() == Some(wanted);
    let is_taken_away = in_xero.is_empty() && edited.is_none();
    if !is_wanted && !is_taken_away {
        return Err(Problem::AccountReferenceChanged {
            in_bigchange: wanted.clone(),
            in_xero: in_xero.to_owned(),
        });
    }
    match edited.and_then(|edited| held_by_another(s, edited)) {
        Some(problem) => Err(problem),
        None => Ok((wanted.clone(), is_taken_away)),
    }
}

/// A person merged its Xero contact into `survivor`, which is active.
fn follow(
    s: &Snapshot<'_>,
    link: &Link,
    carry: &CarryOver<'_>,
    from: &XeroContact,
    survivor: &XeroContact,
) -> Decision {
    let owner = s.linked.get(&survivor.id).copied();
    if let Some(other) = owner.filter(|owner| *owner != s.customer.id) {
        return Decision::Hold(Problem::LinkedToAnotherContact {
            xero: survivor.into(),
            other,
            merged_from: Some(Box::new(from.into())),
        });
    }
    let wanted = edited_reference(s, link).unwrap_or(&link.account_reference);
    let in_xero = survivor.account_number.trim();
    let number = AccountReference::parse(in_xero).ok();
    if !in_xero.is_empty() {
        let holder = number.as_ref().and_then(|number| s.holders.get(number));
        let holder = holder.copied().filter(|holder| *holder != s.customer.id);
        if holder.is_some() || number.as_ref() != Some(wanted) {
            return Decision::Hold(Problem::MergedInXero {
                from: Box::new(from.into()),
                xero: Box::new(survivor.into()),
                in_bigchange: wanted.clone(),
                holder,
            });
        }
    }
    if let Some(problem) = held_by_another(s, wanted) {
        return Decision::Hold(problem);
    }
    let mut carried = if s.settings.update_in_xero {
        carry.to(&shown(survivor))
    } else {
        carry.nothing()
    };
    if in_xero.is_empty() {
        carried.changes.account_number = Some(wanted.clone());
    }
    carried.notices.push(Notice::FollowedMerge {
        from: from.into(),
        to: survivor.into(),
    });
    apply(s, link, Target::read(survivor), wanted.clone(), carried)
}

/// The Xero contact that is written to, as it was read, if it was.
struct Target<'a> {
    id: crate::XeroContactId,
    read: Option<&'a XeroContact>,
}

impl<'a> Target<'a> {
    fn unread(link: &Link) -> Self {
        Self {
            id: link.xero_id,
            read: None,
        }
    }

    fn read(contact: &'a XeroContact) -> Self {
        Self {
            id: contact.id,
            read: Some(contact),
        }
    }
}

fn apply(
    s: &Snapshot<'_>,
    link: &Link,
    target: Target<'_>,
    account_reference: AccountReference,
    carried: CarriedOver,
) -> Decision {
    let CarriedOver {
        changes,
        synced,
        conflicts,
        notices,
        earlier,
    } = carried;
    let mut xero = xero_change(target.id, changes, None);
    if let crate::XeroWrite::Change { before, .. } = &mut xero {
        *before = target.read.cloned().map(Box::new);
    }
    let mut plan = plan(s, SyncAction::Updated, account_reference, xero, synced);
    plan.notices.extend(notices);
    plan.conflicts = conflicts;
    plan.earlier = earlier;
    plan.forgets_moves = s.manual_match.pinned == Some(target.id);
    if plan.writes_nothing()
        && target.id == link.xero_id
        && plan.account_reference == link.account_reference
        && plan.synced == link.synced
    {
        plan.outcome = SyncAction::Unchanged;
    }
    Decision::Apply(Box::new(plan))
}
