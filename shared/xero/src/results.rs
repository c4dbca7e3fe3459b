//! What became of each contact that was written, told from the elements of Xero's answer by what they
//! say: Xero has been seen to answer with fewer elements than were sent, and in another order.

use rules::{ContactNumber, NameKey, NewXeroContact, XeroContactId};

use crate::ElementResult;

/// A contact that was sent, by what its element in the answer can be known.
pub(crate) enum Sent<'a> {
    New(&'a NewXeroContact),
    Existing(XeroContactId),
}

/// An element of an answer: whose it says that it is, and what it says.
pub(crate) struct Answered {
    /// Absent where it is all zeros, which is how Xero echoes a create that it refused.
    pub(crate) id: Option<XeroContactId>,
    pub(crate) number: Option<ContactNumber>,
    pub(crate) name: Option<NameKey>,
    pub(crate) result: ElementResult,
}

/// The results in the order of what was sent, one for each.
pub(crate) fn in_order_sent(answered: &[Answered], sent: &[Sent<'_>]) -> Vec<ElementResult> {
    if let ([one], [only]) = (sent, answered) {
        return vec![of_single(one, only)];
    }
    sent.iter().map(|sent| of_many(sent, answered)).collect()
}

/// Of a call with one contact a single answer is its own, unless it says that it is another's. What
/// is to be linked must say so itself.
fn of_single(sent: &Sent<'_>, answered: &Answered) -> ElementResult {
    let is_its_own = match &answered.result {
        ElementResult::Saved(_) => is_of(sent, answered),
        ElementResult::Refused { .. } | ElementResult::Unknown { .. } => true,
    };
    if is_its_own {
        answered.result.clone()
    } else {
        ElementResult::Unknown {
            what: "an element that is another contact's",
        }
    }
}

fn of_many(sent: &Sent<'_>, answered: &[Answered]) -> ElementResult {
    let mut own = answered.iter().filter(|answered| is_of(sent, answered));
    let Some(first) = own.next() else {
        return ElementResult::Unknown {
            what: "no element that says it is this contact's",
        };
    };
    if own.all(|another| another.result == first.result) {
        first.result.clone()
    } else {
        ElementResult::Unknown {
            what: "elements for it that say different things",
        }
    }
}

/// Whether an element says that it is of this contact. A contact that was created is known by our own
/// number, and by its name only where the element has no number at all.
fn is_of(sent: &Sent<'_>, answered: &Answered) -> bool {
    match sent {
        Sent::Existing(id) => answered.id == Some(*id),
        Sent::New(new) => match &answered.number {
            Some(number) => number
                .as_str()
                .eq_ignore_ascii_case(new.contact_number.as_str()),
            None => answered.name.as_ref() == Some(&NameKey::of(&new.name)),
        },
    }
}
