//! Ids of different things are different types.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An id that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} must be {takes}")]
pub struct InvalidId {
    /// Which id.
    pub what: &'static str,
    /// What it takes.
    pub takes: &'static str,
}

macro_rules! bigchange_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "u64", into = "u64")]
        pub struct $name(u64);

        impl $name {
            /// The plain number.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl TryFrom<u64> for $name {
            type Error = InvalidId;
            fn try_from(value: u64) -> Result<Self, InvalidId> {
                if value == 0 { Err(InvalidId { what: $what, takes: "a whole number above 0" }) } else { Ok(Self(value)) }
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> u64 {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.trim().parse::<u64>().ok().and_then(|n| Self::try_from(n).ok()).ok_or(InvalidId { what: $what, takes: "a whole number above 0" })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

bigchange_id!(
    /// A contact in BigChange: a whole number above 0.
    ContactId,
    "a BigChange contact id"
);
bigchange_id!(
    /// A contact group in BigChange: a whole number above 0.
    GroupId,
    "a BigChange contact group id"
);
bigchange_id!(
    /// A type of contact notes in BigChange: a whole number above 0.
    NoteTypeId,
    "a BigChange note type id"
);

macro_rules! xero_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "Uuid", into = "Uuid")]
        pub struct $name(Uuid);

        impl TryFrom<Uuid> for $name {
            type Error = InvalidId;
            fn try_from(value: Uuid) -> Result<Self, InvalidId> {
                if value.is_nil() { Err(InvalidId { what: $what, takes: "a UUID that is not all zeros" }) } else { Ok(Self(value)) }
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid {
                id.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text.trim()).ok().and_then(|n| Self::try_from(n).ok()).ok_or(InvalidId { what: $what, takes: "a UUID that is not all zeros" })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

xero_id!(
    /// Xero's `ContactID`. Never all zeros: that is how Xero echoes a create that it refused.
    XeroContactId,
    "a Xero ContactID"
);
xero_id!(
    /// A Xero organisation's tenant id.
    TenantId,
    "a Xero tenant id"
);

/// Xero's `ContactNumber`, shown there as "Contact Code" and writable by API only:
/// `BigChange-<contact id>` on the contacts that this software created, so that a create whose
/// answer was lost is recognised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContactNumber(String);

impl ContactNumber {
    /// Our own number for a BigChange contact.
    #[must_use]
    pub fn ours(contact: ContactId) -> Self {
        Self(format!("BigChange-{contact}"))
    }

    /// A number as Xero holds it; `None` where it is blank.
    #[must_use]
    pub fn from_xero(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// Whether this is our own number for that contact, in whatever case.
    #[must_use]
    pub fn is_ours_for(&self, contact: ContactId) -> bool {
        self.0.eq_ignore_ascii_case(&Self::ours(contact).0)
    }

    /// The number as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContactNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
