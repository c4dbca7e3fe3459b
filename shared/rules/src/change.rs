//! One field, before and after.

use serde::{Deserialize, Serialize};

use crate::Field;

/// One of the two systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum System {
    /// BigChange.
    BigChange,
    /// Xero.
    Xero,
    /// A system that only a newer version of this software writes to.
    #[serde(other)]
    Unknown,
}

impl System {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BigChange => "BigChange",
            Self::Xero => "Xero",
            Self::Unknown => "another system",
        }
    }
}

/// One field, before and after. Blank means that there is nothing in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Where.
    pub system: System,
    /// Which field.
    pub field: Field,
    /// What was there: for Xero what was read there for this write; of a write that version 0.1
    /// began what it had carried over last.
    pub before: String,
    /// What is written.
    pub after: String,
}
