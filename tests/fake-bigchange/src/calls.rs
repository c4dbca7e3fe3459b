//! What was asked of the fake, for tests to look at.

use std::collections::BTreeMap;

use serde::Serialize;
use time::OffsetDateTime;

use crate::FakeContact;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Call {
    /// When, by the caller's clock.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The action as the reference spells it, or as the caller did where the fake doesn't know it.
    pub action: String,
    /// The other parameters, names in lower case.
    pub parameters: BTreeMap<String, String>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The envelope's `Code`, where the answer is an envelope.
    pub code: Option<i64>,
    /// Whether the answer was lost on its way back.
    pub answer_lost: bool,
}

/// One contact that a call changed, or saved as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Write {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// The action as the reference spells it.
    pub action: &'static str,
    /// The contact before; `None` where the call added it.
    pub before: Option<FakeContact>,
    /// The contact after.
    pub after: FakeContact,
}
