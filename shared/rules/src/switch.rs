//! The switch: whether the synchronisation works by itself, or only where a person asks.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who asked for a piece of work. Written as `"person"` or `"schedule"`; anything else that is read
/// counts as [`AskedBy::Schedule`], so that a message of another version is never lost, and never
/// works while the switch is off by mistake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AskedBy {
    /// This software: its schedules, and whatever follows from them.
    #[default]
    Schedule,
    /// A person, for just this.
    Person,
}

const PERSON: &str = "person";
const SCHEDULE: &str = "schedule";

impl AskedBy {
    /// Whether no person asked: what is not written into messages and records.
    #[must_use]
    pub fn is_schedule(&self) -> bool {
        *self == Self::Schedule
    }
}

impl Serialize for AskedBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Schedule => SCHEDULE,
            Self::Person => PERSON,
        })
    }
}

impl<'de> Deserialize<'de> for AskedBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::Text(text) if text == PERSON => Self::Person,
            Written::Text(_) | Written::Other(_) => Self::Schedule,
        })
    }
}

/// A value of any form.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Other(IgnoredAny),
}

/// Whether the synchronisation works by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// Only what a person asks for is worked. Everything else waits.
    Off,
    /// Everything is worked.
    On,
}

impl Switch {
    /// The position of a switch that nobody has touched: `SyncEnabled`, which versions up to 0.1
    /// had instead of a switch, says it for the first organisation of a stack.
    #[must_use]
    pub fn untouched(sync_enabled: bool) -> Self {
        if sync_enabled { Self::On } else { Self::Off }
    }

    /// Whether work that was asked for like this may be done now.
    #[must_use]
    pub fn lets_through(self, asked_by: AskedBy) -> bool {
        match (self, asked_by) {
            (Self::On, _) | (Self::Off, AskedBy::Person) => true,
            (Self::Off, AskedBy::Schedule) => false,
        }
    }
}
