//! Whose state is kept: a contact of the system in which entries are made.

use std::fmt;
use std::str::FromStr;

use crate::{ContactId, InvalidId, XeroContactId};

/// The contact that a piece of stored state is about, in the system in which people make entries.
///
/// Entries are made in BigChange today. The text of a subject is the sort key of its records, and a
/// whole number always is a contact of BigChange, so that stored keys stay what they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A contact of BigChange.
    BigChange(ContactId),
    /// A contact of Xero.
    Xero(XeroContactId),
}

impl From<ContactId> for Subject {
    fn from(id: ContactId) -> Self {
        Self::BigChange(id)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BigChange(id) => id.fmt(f),
            Self::Xero(id) => id.fmt(f),
        }
    }
}

impl FromStr for Subject {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let in_bigchange = text.parse().map(Self::BigChange);
        in_bigchange.or_else(|_| text.parse().map(Self::Xero))
    }
}
