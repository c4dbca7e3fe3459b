//! Units that both systems changed.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::Unit;

/// Whose value stays where both systems changed one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Side {
    /// BigChange's: it is sent, and what stood in Xero is kept in the history.
    BigChange,
    /// Xero's: it stays, and BigChange's counts as carried over.
    Xero,
    /// One that only a newer version of this software knows: read from a record, never said.
    #[serde(other)]
    Unknown,
}

/// A person said whose value stays in the units that were held then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keep {
    /// Whose.
    pub side: Side,
    /// Of which units.
    pub units: BTreeSet<Unit>,
}

impl Keep {
    pub(crate) fn of(&self, unit: Unit) -> Option<Side> {
        self.units.contains(&unit).then_some(self.side)
    }
}

/// A unit that is held back: it changed in BigChange, and Xero has a value of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitConflict {
    /// Which.
    pub unit: Unit,
    /// Its value in BigChange, in one line; blank where it was emptied.
    pub in_bigchange: String,
    /// Its value in Xero, in one line; blank where there is none.
    pub in_xero: String,
}
