//! What is carried over to a Xero contact that a customer belongs to, unit by unit, once it was read
//! how each unit stands there.

use std::collections::BTreeSet;

use crate::unit::Unit;
use crate::{
    Change, Customer, Details, Earlier, Field, InDoubt, Keep, Notice, OnConflict, Plan, Side,
    System, UnitConflict, XeroChanges, XeroShowed, left_in_doubt,
};

/// What to do about one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitDecision {
    /// Nothing: it has not changed in BigChange.
    Stays,
    /// Nothing, and BigChange's value counts as carried over: Xero has it already, or a person said
    /// that Xero's own stays.
    CountsAsCarried,
    /// It is sent: Xero shows what was carried over last.
    Send,
    /// It is sent over a value of Xero's own, which is kept and told.
    Overwrite,
    /// It is held back until a person says which value stays.
    HoldBack,
}

/// The values of one unit, [compared](Unit::compared) ones.
#[derive(Debug, Clone, Copy)]
pub struct UnitValues<'a> {
    /// In BigChange, as it was carried over last (B0).
    pub carried: &'a str,
    /// In BigChange now (B1).
    pub in_bigchange: &'a str,
    /// In Xero, as it answered to our last write of this unit (X0); `None` where that is not known,
    /// or where the unit was never written by us.
    pub answered: Option<&'a str>,
    /// Whether Xero is known to have had a value since the two were linked, so that a person must
    /// have taken it away where there is none now.
    pub was_filled: bool,
    /// In Xero now (X1).
    pub in_xero: &'a str,
    /// What an attempt was about to send whose answer was lost.
    pub attempted: Option<&'a str>,
    /// Whose value stays, as a person said.
    pub keep: Option<Side>,
    /// What the settings say of a conflict.
    pub on_conflict: OnConflict,
}

/// Decides about one unit; the first row that fits. B0 and B1 are BigChange's values at the last
/// sync and now, X0 is what Xero answered to our last write, X1 what it shows now, A is what an
/// attempt was about to send whose answer was lost.
///
/// | | outcome |
/// |---|---|
/// | B1 = B0, and no attempt is in doubt | stays |
/// | X1 = B1 | counts as carried over |
/// | X1 = A | sent: it is our own value that stands there |
/// | B1 = B0 | stays: the attempt did not arrive, or was corrected since |
/// | X1 = B0, or X1 = X0 | sent |
/// | X1 is blank, and nobody is known to have taken a value away | sent: nothing is lost |
/// | else a conflict: a person said that Xero's stays | counts as carried over |
/// | a person said that BigChange's stays, or `OnConflict=bigchange` | sent, told and kept |
/// | `OnConflict=hold` | held back |
#[must_use]
pub fn decide_unit(values: &UnitValues<'_>) -> UnitDecision {
    let UnitValues {
        carried,
        in_bigchange,
        answered,
        was_filled,
        in_xero,
        attempted,
        keep,
        on_conflict,
    } = *values;
    let is_unchanged = in_bigchange == carried;
    if is_unchanged && attempted.is_none() {
        UnitDecision::Stays
    } else if in_xero == in_bigchange {
        UnitDecision::CountsAsCarried
    } else if attempted == Some(in_xero) {
        UnitDecision::Send
    } else if is_unchanged {
        UnitDecision::Stays
    } else if in_xero == carried || answered == Some(in_xero) || (in_xero.is_empty() && !was_filled)
    {
        UnitDecision::Send
    } else {
        match (keep, on_conflict) {
            (Some(Side::Xero), _) => UnitDecision::CountsAsCarried,
            (Some(Side::BigChange), _) | (_, OnConflict::BigChange) => UnitDecision::Overwrite,
            (_, OnConflict::Hold) => UnitDecision::HoldBack,
        }
    }
}

/// What a stored plan, and attempts before it, may have changed in Xero. Of a create, nothing stood
/// there before.
#[must_use]
pub fn may_have_changed(plan: &Plan) -> Earlier {
    match left_in_doubt(plan, true) {
        Some(in_doubt) => {
            lost_update(&in_doubt).map_or_else(Earlier::default, |lost| lost.kept(None))
        }
        None => plan.earlier.clone(),
    }
}

/// The update of an earlier attempt whose answer was lost.
pub(crate) fn lost_update(in_doubt: &InDoubt) -> Option<LostUpdate<'_>> {
    match in_doubt {
        InDoubt::Create(_) => None,
        InDoubt::Update {
            changes,
            synced,
            before,
            notices,
            earlier,
        } => Some(LostUpdate {
            changes,
            synced,
            before: before.as_deref(),
            notices,
            earlier,
        }),
    }
}

/// An update whose answer was lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LostUpdate<'a> {
    /// What was to be changed.
    changes: &'a XeroChanges,
    /// What would then have been carried over.
    synced: &'a Details,
    /// What stood in Xero before; `None` where an older version began it, which did not look.
    before: Option<&'a Details>,
    /// What it would have told.
    notices: &'a [Notice],
    /// What attempts before it may have done.
    earlier: &'a Earlier,
}

impl LostUpdate<'_> {
    /// Whether it may have reached a contact that shows `in_xero` now: it certainly did not where
    /// that is what stood there before.
    fn may_have_arrived(&self, unit: Unit, in_xero: Option<&Details>) -> bool {
        let is_as_before = self
            .before
            .zip(in_xero)
            .is_some_and(|(before, in_xero)| unit.is_same(before, in_xero));
        unit.is_in(self.changes) && !is_as_before
    }

    /// What it and attempts before it changed, as far as that may have reached a contact that shows
    /// `in_xero` now; `None` where that is not known.
    pub(crate) fn kept(&self, in_xero: Option<&Details>) -> Earlier {
        let mut earlier = self.earlier.clone();
        let arrived = |unit: &Unit| self.may_have_arrived(*unit, in_xero);
        let arrived: Vec<Unit> = Unit::ALL.into_iter().filter(arrived).collect();
        for unit in &arrived {
            if let Some(before) = self
                .before
                .filter(|before| !unit.is_same(before, self.synced))
            {
                earlier.changes.push(Change {
                    system: System::Xero,
                    field: unit.field(),
                    before: unit.text(before),
                    after: unit.text(self.synced),
                });
            }
        }
        let is_of_arrived = |notice: &&Notice| match notice {
            // Whether a number arrived shows in none of the units.
            Notice::CorrectionOverwritten { field, .. } => {
                *field == Field::AccountReference
                    || arrived.iter().any(|unit| unit.field() == *field)
            }
            _ => false,
        };
        let notices = self.notices.iter().filter(is_of_arrived).cloned();
        earlier.notices.extend(notices);
        earlier
    }
}

/// A customer and what it is compared by with its Xero contact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CarryOver<'a> {
    pub(crate) customer: &'a Customer,
    /// What was carried over last.
    pub(crate) synced: &'a Details,
    /// What Xero answered or showed then, where that is another value.
    pub(crate) showed: Option<&'a XeroShowed>,
    /// Whether what Xero showed is known at all: where it is not another value, it is the same.
    pub(crate) is_seen: bool,
    pub(crate) lost: Option<LostUpdate<'a>>,
    pub(crate) keep: Option<&'a Keep>,
    pub(crate) on_conflict: OnConflict,
}

/// What is carried over.
#[derive(Debug, Clone, Default)]
pub(crate) struct CarriedOver {
    /// What is sent.
    pub(crate) changes: XeroChanges,
    /// What will then have been carried over.
    pub(crate) synced: Details,
    /// What is held back.
    pub(crate) conflicts: Vec<UnitConflict>,
    /// What is overwritten.
    pub(crate) notices: Vec<Notice>,
    /// What attempts before it did whose answers were lost.
    pub(crate) earlier: Earlier,
}

impl CarryOver<'_> {
    /// Whether Xero has to be read before anything is said: BigChange changed a unit, or an attempt
    /// to write is in doubt.
    pub(crate) fn needs_xero(&self) -> bool {
        let is_changed = |unit: &Unit| self.is_told(*unit) && self.is_changed(*unit);
        self.lost.is_some() || Unit::ALL.iter().any(is_changed)
    }

    /// What is carried over to a contact that shows `in_xero`.
    pub(crate) fn to(&self, in_xero: &Details) -> CarriedOver {
        let now = &self.customer.details;
        let mut carried = CarriedOver {
            synced: self.synced.clone(),
            ..CarriedOver::default()
        };
        carried.earlier = self.kept(Some(in_xero));
        for unit in Unit::ALL.into_iter().filter(|unit| self.is_told(*unit)) {
            match self.decide(unit, in_xero) {
                UnitDecision::Stays | UnitDecision::CountsAsCarried => {}
                UnitDecision::Send => unit.send(now, &mut carried.changes),
                UnitDecision::Overwrite => {
                    carried.notices.push(Notice::CorrectionOverwritten {
                        field: unit.field(),
                        in_xero: unit.text(in_xero),
                        sent: unit.text(now),
                    });
                    unit.send(now, &mut carried.changes);
                }
                UnitDecision::HoldBack => {
                    carried.conflicts.push(UnitConflict {
                        unit,
                        in_bigchange: unit.text(now),
                        in_xero: unit.text(in_xero),
                    });
                    continue;
                }
            }
            unit.copy(now, &mut carried.synced);
        }
        carried.synced.not_known = self.still_not_known();
        carried
    }

    /// What is carried over where nothing [needs](Self::needs_xero) a look at Xero: first values
    /// are noted.
    pub(crate) fn without_a_write(&self) -> CarriedOver {
        let mut synced = self.synced.clone();
        for unit in Unit::ALL.into_iter().filter(|unit| self.is_told(*unit)) {
            unit.copy(&self.customer.details, &mut synced);
        }
        synced.not_known = self.still_not_known();
        CarriedOver {
            synced,
            ..CarriedOver::default()
        }
    }

    /// Nothing is carried over; what attempts before it did is kept all the same.
    pub(crate) fn nothing(&self) -> CarriedOver {
        CarriedOver {
            synced: self.synced.clone(),
            earlier: self.kept(None),
            ..CarriedOver::default()
        }
    }

    fn kept(&self, in_xero: Option<&Details>) -> Earlier {
        let lost = self.lost.as_ref();
        lost.map_or_else(Earlier::default, |lost| lost.kept(in_xero))
    }

    fn decide(&self, unit: Unit, in_xero: &Details) -> UnitDecision {
        let in_bigchange = unit.compared(&self.customer.details);
        // Where its first value is only noted, it has not changed.
        let carried = if self.was_unknown(unit) {
            in_bigchange.clone()
        } else {
            unit.compared(self.synced)
        };
        let answered = self.showed.and_then(|showed| showed.answered(unit));
        let answered = answered.map(|answered| unit.compared(answered));
        let lost = self.lost.filter(|lost| unit.is_in(lost.changes));
        let attempted = lost.map(|lost| unit.compared(lost.synced));
        decide_unit(&UnitValues {
            carried: &carried,
            in_bigchange: &in_bigchange,
            answered: answered.as_deref(),
            was_filled: self.was_filled(unit),
            in_xero: &unit.compared(in_xero),
            attempted: attempted.as_deref(),
            keep: self.keep.and_then(|keep| keep.of(unit)),
            on_conflict: self.on_conflict,
        })
    }

    /// Whether Xero is known to have had a value of this unit since the two were linked.
    fn was_filled(&self, unit: Unit) -> bool {
        let showed = self.showed.and_then(|showed| showed.value(unit));
        let known = showed.or(self.is_seen.then_some(self.synced));
        known.is_some_and(|known| !unit.compared(known).is_empty())
    }

    /// Whether BigChange told the whole unit this time.
    fn is_whole(&self, unit: Unit) -> bool {
        let missing = &self.customer.missing;
        !unit.fields().iter().any(|field| missing.contains(field))
    }

    /// Whether the unit may be carried over: BigChange told all of it, and Xero would take it. An
    /// address goes without the part that Xero would refuse.
    fn is_told(&self, unit: Unit) -> bool {
        let left_out = &self.customer.left_out;
        let is_left_out = match unit.fields() {
            [field] => left_out.iter().any(|one| one.field == *field),
            _ => false,
        };
        self.is_whole(unit) && !is_left_out
    }

    /// It was not known when the contact was linked, or since: its first value is noted and not
    /// sent, for Xero has a value of its own, and nobody changed anything.
    fn was_unknown(&self, unit: Unit) -> bool {
        let not_known = &self.synced.not_known;
        unit.fields().iter().any(|field| not_known.contains(field))
    }

    fn is_changed(&self, unit: Unit) -> bool {
        !self.was_unknown(unit) && !unit.is_identical(self.synced, &self.customer.details)
    }

    /// The fields of units that BigChange has never told as a whole since the contact was linked.
    fn still_not_known(&self) -> BTreeSet<Field> {
        let is_whole = |field: &Field| {
            let mut units = Unit::ALL.into_iter();
            let unit = units.find(|unit| unit.fields().contains(field));
            unit.is_some_and(|unit| self.is_whole(unit))
        };
        let not_known = self.synced.not_known.iter().copied();
        not_known.filter(|field| !is_whole(field)).collect()
    }
}
