//! The link between a BigChange contact and its Xero contact.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::unit::Unit;
use crate::{
    AccountReference, ContactNumber, ContactStatus, Details, Plan, XeroContact, XeroContactId,
    XeroWrite,
};

/// The stored link between a BigChange contact and its Xero contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The Xero contact.
    pub xero_id: XeroContactId,
    /// The account reference that both sides carry.
    pub account_reference: AccountReference,
    /// What was last carried over: only what differs from this has changed in BigChange since.
    pub synced: Details,
    /// What Xero showed then, where that is another value than what was carried over. Version 0.1
    /// did not look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub showed: Option<Box<XeroShowed>>,
    /// Whether it is known what Xero showed: it was created by us, or read since. A contact that was
    /// linked by its account number was not read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_seen: bool,
    /// Its contact number in Xero, as it was last read. `None` where it has none, or where version
    /// 0.1 linked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_number: Option<ContactNumber>,
    /// The Xero contacts that it was linked to before, each of which a person merged into the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved_from: Vec<XeroContactId>,
    /// Whether its Xero contact has to be looked at before anything else: the contact was left alone
    /// or held for what Xero has no part in, so that nobody acted on what was seen there meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_to_be_looked_at: bool,
}

/// What Xero showed of a linked contact where that was another value than what was carried over.
/// Xero may keep a value in its own way: such an answer to our own write is no correction by a
/// person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct XeroShowed {
    /// Xero's values, of the units below.
    pub values: Details,
    /// The units in which Xero's answer to our own write was another value.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub answered: BTreeSet<Unit>,
    /// The units in which Xero had a value of its own when it was read.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub its_own: BTreeSet<Unit>,
}

impl XeroShowed {
    /// Xero's answer to our own write of a unit, where it is known to be another value than what
    /// was sent.
    #[must_use]
    pub fn answered(&self, unit: Unit) -> Option<&Details> {
        self.answered.contains(&unit).then_some(&self.values)
    }

    /// Xero's value of a unit, where it is known to be another one.
    #[must_use]
    pub fn value(&self, unit: Unit) -> Option<&Details> {
        let is_known = self.answered.contains(&unit) || self.its_own.contains(&unit);
        is_known.then_some(&self.values)
    }

    fn is_empty(&self) -> bool {
        self.answered.is_empty() && self.its_own.is_empty()
    }
}

impl Link {
    /// A link of which nothing more is known.
    #[must_use]
    pub fn new(
        xero_id: XeroContactId,
        account_reference: AccountReference,
        synced: Details,
    ) -> Self {
        Self {
            xero_id,
            account_reference,
            synced,
            showed: None,
            is_seen: false,
            contact_number: None,
            moved_from: Vec::new(),
            is_to_be_looked_at: false,
        }
    }

    /// The link to `xero_id` once `plan` was carried out. `before` is the contact as it was found,
    /// where it was, and `answered` how Xero shows it in its answer to the write.
    #[must_use]
    pub fn after(
        old: Option<&Self>,
        plan: &Plan,
        xero_id: XeroContactId,
        before: Option<&XeroContact>,
        answered: Option<&Details>,
    ) -> Self {
        let known = old.filter(|old| old.xero_id == xero_id);
        let number_now = match &plan.xero {
            XeroWrite::Create(new) => Some(new.contact_number.clone()),
            _ => match before {
                Some(before) => before.contact_number.clone(),
                None => known.and_then(|known| known.contact_number.clone()),
            },
        };
        let mut moved_from = old.map(|old| old.moved_from.clone()).unwrap_or_default();
        if let Some(old) = old.filter(|old| old.xero_id != xero_id) {
            moved_from.push(old.xero_id);
        }
        moved_from.retain(|moved| *moved != xero_id && !plan.forgets_moves);
        let shown = before.and_then(|before| before.details.as_deref());
        let showed = showed_after(known, plan, shown, answered);
        let is_create = matches!(plan.xero, XeroWrite::Create(_));
        let is_seen = is_create || shown.is_some() || known.is_some_and(|known| known.is_seen);
        Self {
            xero_id,
            account_reference: plan.account_reference.clone(),
            synced: plan.synced.clone(),
            showed: (!showed.is_empty()).then(|| Box::new(showed)),
            is_seen,
            contact_number: number_now,
            moved_from,
            is_to_be_looked_at: false,
        }
    }

    /// Every Xero contact that it holds on to: its own, and those that were merged into it. One of
    /// these may be active again one day, and is nobody else's.
    pub fn claims(&self) -> impl Iterator<Item = XeroContactId> {
        std::iter::once(self.xero_id).chain(self.moved_from.iter().copied())
    }

    /// Whether a Xero contact that it holds on to is not as the link says, so that the
    /// synchronisation has to look at it: archived, erased or merged, under another account number
    /// or none, under another contact number; or merged into its own and active again.
    #[must_use]
    pub fn is_contradicted_by(&self, contact: &XeroContact) -> bool {
        let is_active = contact.status == ContactStatus::Active;
        if contact.id != self.xero_id {
            return is_active && self.moved_from.contains(&contact.id);
        }
        let number = AccountReference::parse(&contact.account_number).ok();
        !is_active
            || number.as_ref() != Some(&self.account_reference)
            || self.other_contact_number(contact).is_some()
    }

    /// The contact number that another program gave to its Xero contact in place of the one that it
    /// had. One that was taken away stands in nobody's way.
    #[must_use]
    pub fn other_contact_number<'a>(&self, contact: &'a XeroContact) -> Option<&'a ContactNumber> {
        let known = self.contact_number.as_ref()?;
        let now = contact.contact_number.as_ref()?;
        (!now.as_str().eq_ignore_ascii_case(known.as_str())).then_some(now)
    }
}

fn showed_after(
    known: Option<&Link>,
    plan: &Plan,
    shown: Option<&Details>,
    answered: Option<&Details>,
) -> XeroShowed {
    let mut showed = XeroShowed::default();
    for unit in Unit::ALL {
        let old = known.and_then(|known| known.showed.as_deref());
        let was_answered = old.and_then(|old| old.answered(unit));
        let (values, is_answer) = if plan.xero.sends(unit) {
            (answered, true)
        } else {
            match (shown, old) {
                (Some(shown), _) => {
                    let is_answer = was_answered.is_some_and(|old| unit.is_same(old, shown));
                    (Some(shown), is_answer)
                }
                (None, Some(old)) if was_answered.is_some() => (Some(&old.values), true),
                (None, Some(old)) if old.its_own.contains(&unit) => (Some(&old.values), false),
                (None, _) => (None, false),
            }
        };
        let Some(values) = values.filter(|values| !unit.is_same(values, &plan.synced)) else {
            continue;
        };
        unit.copy(values, &mut showed.values);
        if is_answer {
            showed.answered.insert(unit);
        } else {
            showed.its_own.insert(unit);
        }
    }
    showed
}
