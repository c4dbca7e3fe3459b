//! What to do about one customer: the match table, the account reference table, and what is written
//! where.

use std::collections::BTreeSet;

use crate::carry_over::CarriedOver;
use crate::linked::{carry_over, decide_linked};
use crate::planning::{held_by_another, plan, unusable, xero_change};
use crate::problem::MAX_CANDIDATES;
use crate::text::NameKey;
use crate::{
    AccountReference, Address, Alike, ContactNumber, ContactStatus, Customer, Decision, Details,
    Field, Grade, InDoubt, Link, ManualMatch, NewXeroContact, Notice, Person, Problem, Question,
    Settings, Snapshot, SyncAction, Unit, XeroChanges, XeroContact, XeroContactId, XeroContactRef,
    XeroWrite,
};

/// The field without which nothing can be decided about a customer, if BigChange left it out of its
/// answer. A contact that is not linked yet needs its account reference: without it, it would be
/// matched, created and written over as if it had none. A linked one has it in its link.
#[must_use]
pub fn needed_and_missing(customer: &Customer, is_linked: bool) -> Option<Field> {
    let is_missing = customer.missing.contains(&Field::AccountReference);
    (is_missing && !is_linked).then_some(Field::AccountReference)
}

/// Whether a person is told after so many answers of BigChange in a row that lacked a needed key:
/// the third time. Once or twice was seen to pass.
#[must_use]
pub fn holds_after_incomplete_answers(answers: u32) -> bool {
    answers >= 3
}

/// Decides about a customer.
#[must_use]
pub fn decide(snapshot: &Snapshot<'_>) -> Decision {
    if let Some(field) = needed_and_missing(snapshot.customer, snapshot.link.is_some()) {
        return Decision::Incomplete(field);
    }
    if let Some(InDoubt::Update { changes, .. }) = snapshot.in_doubt
        && snapshot.settings.update_in_xero
        && let Some(field) = in_doubt_and_missing(changes, snapshot.customer)
    {
        return Decision::Incomplete(field);
    }
    match snapshot.link {
        Some(link) => decide_linked(snapshot, link),
        None => decide_unlinked(snapshot),
    }
}

/// The match table, the first row that fits:
///
/// | found in Xero | outcome |
/// |---|---|
/// | more than one, or the reference finds one and the name another | `AmbiguousMatch` |
/// | erased, archived | `ErasedInXero`, `ArchivedInXero` |
/// | already linked to another BigChange contact | `LinkedToAnotherContact` |
/// | found by name, both sides have references and they differ | `NameTakenInXero` |
/// | found by name only, with another program's contact number | `OwnedByAnotherProgram` |
/// | exactly one | link |
/// | none, another BigChange contact holds the reference | `DuplicateAccountReference` |
/// | none, but active ones are likely the same, linked or not | `PossibleDuplicate` |
/// | an exact namesake that is archived, and active ones that are likely the same | `PossibleDuplicate` |
/// | none, authorised | create |
/// | none, not authorised | `NotInXero` |
///
/// A reference that another BigChange contact holds is a `DuplicateAccountReference` where one is
/// found, too: linking would put one reference on two contacts. Where a person said which one it
/// is, only that one is looked at. One that a person took the link from is left out, and where it
/// alone would fit, nothing is linked or created (`UnlinkedByPerson`).
fn decide_unlinked(s: &Snapshot<'_>) -> Decision {
    if let Some(chosen) = s.manual_match.pinned {
        return decide_chosen(s, chosen);
    }
    let customer = s.customer;
    let sought = customer.account_reference.as_ref();
    let Some(found) = s.found else {
        return Decision::Ask(Question::Match {
            account_reference: sought.cloned(),
            name: s
                .settings
                .match_by_name
                .then(|| customer.details.name.clone()),
            // Also where what is in doubt is an update: it may be of a create of ours that was
            // found again. And where one of ours was unlinked: it has our number.
            create_in_doubt: s.in_doubt.is_some() || !s.manual_match.excluded.is_empty(),
        });
    };
    let (unlinked, others): (Vec<_>, Vec<_>) = found
        .iter()
        .partition(|contact| s.manual_match.excluded.contains(&contact.id));
    let matches = matching(customer, s.settings, others);
    match matches.as_slice() {
        [] => match matching(customer, s.settings, unlinked).first() {
            Some(unlinked) => Decision::Hold(Problem::UnlinkedByPerson {
                xero: unlinked.contact.into(),
            }),
            None => decide_unmatched(s),
        },
        [one] if one.by_name_only && one.contact.status == ContactStatus::Archived => {
            let likely = possible_duplicate(s, Some(one.contact));
            likely.map_or_else(|| decide_matched(s, one), Decision::Hold)
        }
        [one] => decide_matched(s, one),
        several => Decision::Hold(Problem::AmbiguousMatch {
            found: several
                .iter()
                .map(|m| XeroContactRef::from(m.contact))
                .collect(),
        }),
    }
}

/// A person said which Xero contact it is: its name, another program's number and others that would
/// fit do not matter.
fn decide_chosen(s: &Snapshot<'_>, chosen: XeroContactId) -> Decision {
    let Some(found) = s.found else {
        return Decision::Ask(Question::Linked(vec![chosen]));
    };
    match found.iter().find(|contact| contact.id == chosen) {
        None => Decision::Hold(Problem::LinkedContactNotInXero { xero_id: chosen }),
        Some(contact) => {
            let chosen = Match {
                contact,
                number: AccountReference::parse(&contact.account_number).ok(),
                by_name_only: false,
            };
            match (
                decide_matched(s, &chosen),
                number_held_beside(s.customer, contact, found),
            ) {
                (Decision::Apply(_), Some(problem)) => Decision::Hold(problem),
                (decision, _) => decision,
            }
        }
    }
}

/// Whether the link to a chosen contact without an account number cannot be written, because
/// another Xero contact, perhaps an archived one, has this customer's: Xero takes each number only
/// once.
fn number_held_beside(
    customer: &Customer,
    chosen: &XeroContact,
    found: &[XeroContact],
) -> Option<Problem> {
    let reference = customer.account_reference.as_ref()?;
    if !chosen.account_number.trim().is_empty() {
        return None;
    }
    let holders: Vec<XeroContactRef> = found
        .iter()
        .filter(|other| {
            let number = AccountReference::parse(&other.account_number).ok();
            other.id != chosen.id && number.as_ref() == Some(reference)
        })
        .map(XeroContactRef::from)
        .collect();
    (!holders.is_empty()).then(|| Problem::AmbiguousMatch {
        found: std::iter::once(chosen.into()).chain(holders).collect(),
    })
}

struct Match<'a> {
    contact: &'a XeroContact,
    number: Option<AccountReference>,
    by_name_only: bool,
}

/// The contacts that fit: one with our own contact number settles it; else by account number and,
/// if asked for, by name.
fn matching<'a>(
    customer: &Customer,
    settings: &Settings,
    found: impl IntoIterator<Item = &'a XeroContact>,
) -> Vec<Match<'a>> {
    let name = NameKey::of(&customer.details.name);
    let mut own = Vec::new();
    let mut others: Vec<Match<'a>> = Vec::new();
    for contact in found {
        if own
            .iter()
            .chain(&others)
            .any(|known: &Match<'a>| known.contact.id == contact.id)
        {
            continue;
        }
        let number = AccountReference::parse(&contact.account_number).ok();
        let by_reference =
            customer.account_reference.is_some() && number == customer.account_reference;
        if contact.is_ours_for(customer.id) {
            own.push(Match {
                contact,
                number,
                by_name_only: false,
            });
        } else if by_reference || (settings.match_by_name && NameKey::of(&contact.name) == name) {
            others.push(Match {
                contact,
                number,
                by_name_only: !by_reference,
            });
        }
    }
    if !own.is_empty() {
        return own;
    }
    if others
        .iter()
        .any(|m| m.contact.status == ContactStatus::Active)
    {
        others.retain(|m| !m.by_name_only || m.contact.status == ContactStatus::Active);
    }
    others
}

/// Whether a contact found earlier may still be written to: it is active, and neither its name nor
/// its account number changed since; nor any unit that is to be sent, where it was known what stood
/// there.
#[must_use]
pub fn is_still_as_found(found: &XeroContact, now: &XeroContact, changes: &XeroChanges) -> bool {
    let shown = found.details.as_ref().zip(now.details.as_ref());
    let is_same = shown.is_none_or(|(found, now)| {
        let mut sent = Unit::ALL.into_iter().filter(|unit| unit.is_in(changes));
        sent.all(|unit| unit.is_same(found, now))
    });
    is_same
        && found.id == now.id
        && now.status == ContactStatus::Active
        && NameKey::of(&found.name) == NameKey::of(&now.name)
        && found.account_number.trim() == now.account_number.trim()
        && found.contact_number == now.contact_number
}

fn decide_matched(s: &Snapshot<'_>, m: &Match<'_>) -> Decision {
    let (customer, xero) = (s.customer, m.contact);
    if let Some(problem) = unusable(xero) {
        return Decision::Hold(problem);
    }
    if let Some(other) = s
        .linked
        .get(&xero.id)
        .filter(|other| **other != customer.id)
    {
        return Decision::Hold(Problem::LinkedToAnotherContact {
            xero: xero.into(),
            other: *other,
            merged_from: None,
        });
    }
    let ours = xero.is_ours_for(customer.id);
    // As Xero holds it, for it is never replaced: a number that is no account reference (a line
    // break in it) is a number all the same.
    let in_xero = xero.account_number.trim();
    if let Some(in_bigchange) = &customer.account_reference
        && !in_xero.is_empty()
        && m.number.as_ref() != Some(in_bigchange)
    {
        let in_bigchange = in_bigchange.clone();
        let is_settled = ours || s.manual_match.pinned == Some(xero.id);
        return Decision::Hold(if is_settled {
            // Which one it is is beyond doubt: our own create, whose answer was lost and whose
            // reference was edited before it was found again, or a person's choice.
            Problem::AccountReferenceChanged {
                in_bigchange,
                in_xero: in_xero.to_string(),
            }
        } else {
            Problem::NameTakenInXero {
                in_bigchange,
                xero: xero.into(),
            }
        });
    }
    if let Some(contact_number) = xero.contact_number.as_ref().filter(|_| m.by_name_only) {
        return Decision::Hold(Problem::OwnedByAnotherProgram {
            xero: xero.into(),
            contact_number: contact_number.to_string(),
            is_linked: false,
        });
    }
    let account_reference = match customer.account_reference.as_ref().or(m.number.as_ref()) {
        Some(reference) => reference.clone(),
        None if !in_xero.is_empty() => {
            return Decision::Hold(Problem::NoAccountReference {
                unread_groups: Vec::new(),
            });
        }
        None => match code(s) {
            Ok(code) => code,
            Err(decision) => return decision,
        },
    };
    if let Some(problem) = held_by_another(s, &account_reference) {
        return Decision::Hold(problem);
    }
    // On linking nothing but a blank account number is written. A create of ours whose answer was
    // lost is brought up to date, for it was ours to write.
    let mut carried = CarriedOver {
        synced: customer.details.clone(),
        ..CarriedOver::default()
    };
    if ours && let Some(in_doubt) = s.in_doubt {
        // It has what our create gave it, or what stood there before our update.
        let link = Link {
            is_seen: true,
            ..Link::new(xero.id, account_reference.clone(), in_doubt.base())
        };
        let carry = carry_over(s, &link);
        carried = match &xero.details {
            _ if !carry.needs_xero() => carry.without_a_write(),
            Some(shown) => carry.to(shown),
            None => return Decision::Ask(Question::Linked(vec![xero.id])),
        };
    }
    let CarriedOver {
        mut changes,
        synced,
        conflicts,
        notices,
        earlier,
    } = carried;
    if in_xero.is_empty() {
        changes.account_number = Some(account_reference.clone());
    }
    let mut plan = plan(
        s,
        SyncAction::Linked,
        account_reference,
        xero_change(xero.id, changes, Some(xero)),
        synced,
    );
    plan.notices.extend(notices);
    plan.conflicts = conflicts;
    plan.earlier = earlier;
    if NameKey::of(&xero.name) != NameKey::of(&customer.details.name)
        && plan.xero.renames().is_none()
    {
        plan.notices.push(Notice::LinkedUnderAnotherName {
            in_xero: xero.name.clone(),
        });
    }
    Decision::Apply(Box::new(plan))
}

fn decide_unmatched(s: &Snapshot<'_>) -> Decision {
    let customer = s.customer;
    if let Some(problem) = customer
        .account_reference
        .as_ref()
        .and_then(|reference| held_by_another(s, reference))
    {
        return Decision::Hold(problem);
    }
    if !s.settings.create_in_xero {
        return Decision::Hold(Problem::NotInXero {
            reference: customer.account_reference.clone(),
            candidates: candidates(s, Grade::Possible),
        });
    }
    if let Some(problem) = possible_duplicate(s, None) {
        return Decision::Hold(problem);
    }
    let account_reference = match &customer.account_reference {
        Some(reference) => reference.clone(),
        None => match code(s) {
            Ok(code) => code,
            Err(decision) => return decision,
        },
    };
    let new = new_contact(customer, account_reference.clone());
    let mut plan = plan(
        s,
        SyncAction::Created,
        account_reference,
        XeroWrite::Create(Box::new(new)),
        // What BigChange did not tell, the new contact does not have: a later value is a change.
        Details {
            not_known: BTreeSet::new(),
            ..customer.details.clone()
        },
    );
    let beside = candidates(s, Grade::Likely);
    if !beside.is_empty() {
        let candidates = beside.into_iter().map(|candidate| candidate.xero).collect();
        plan.notices
            .push(Notice::CreatedBesideLikely { candidates });
    }
    Decision::Apply(Box::new(plan))
}

/// The problem of a contact that is likely the same customer as one that Xero has.
fn possible_duplicate(s: &Snapshot<'_>, archived: Option<&XeroContact>) -> Option<Problem> {
    let candidates = candidates(s, Grade::Likely);
    let holds = s.settings.hold_likely_duplicates && !candidates.is_empty();
    holds.then(|| Problem::PossibleDuplicate {
        candidates,
        archived: archived.map(XeroContactRef::from),
    })
}

/// The Xero contacts that are so like the customer, or more, but for those that a person said it is
/// not.
fn candidates(s: &Snapshot<'_>, least: Grade) -> Vec<Alike> {
    let ManualMatch {
        excluded,
        distinct_from,
        ..
    } = s.manual_match;
    let is_candidate = |one: &&Alike| {
        let id = one.xero.id;
        one.grade >= least && !excluded.contains(&id) && !distinct_from.contains(&id)
    };
    let with_owner = |one: &Alike| Alike {
        linked_to: s.linked.get(&one.xero.id).copied(),
        ..one.clone()
    };
    let candidates = s.alike.iter().filter(is_candidate).map(with_owner);
    candidates.take(MAX_CANDIDATES).collect()
}

/// The generated code, or what is to be done to get one.
fn code(s: &Snapshot<'_>) -> Result<AccountReference, Decision> {
    if !s.settings.generate_account_reference {
        return Err(Decision::Hold(Problem::NoAccountReference {
            unread_groups: Vec::new(),
        }));
    }
    s.generated.cloned().ok_or(Decision::NeedsCode)
}

/// A field that an update in doubt was about to send and that BigChange left out of its answer now:
/// whether Xero has the old value or the new one is not known, and neither is which is right.
fn in_doubt_and_missing(changes: &XeroChanges, customer: &Customer) -> Option<Field> {
    let in_doubt = Unit::ALL.into_iter().filter(|unit| unit.is_in(changes));
    let mut fields = in_doubt.flat_map(|unit| unit.fields());
    let missing = fields.find(|field| customer.missing.contains(field));
    missing.copied()
}

fn new_contact(customer: &Customer, account_number: AccountReference) -> NewXeroContact {
    let Details {
        name,
        address,
        phone,
        email,
        person,
        not_known: _,
    } = &customer.details;
    let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    NewXeroContact {
        name: name.clone(),
        account_number,
        contact_number: ContactNumber::ours(customer.id),
        address: Some(address.clone()).filter(|address| *address != Address::default()),
        phone: text(phone),
        email: text(email),
        person: Some(person.clone()).filter(|person| *person != Person::default()),
    }
}
