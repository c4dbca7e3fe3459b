//! What the fake holds, and the file format that fills it.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// A contact group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FakeGroup {
    /// Its id, above 0.
    pub id: u64,
    /// Its name; `ContactSave` finds a group by it.
    pub name: String,
}

/// A contact with everything that BigChange's General and Financials tabs hold of it, as far as this project looks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FakeContact {
    /// Its id. 0 in a seed: the fake gives the next free one.
    pub id: u64,
    /// The group it is in; 0 for none.
    pub group_id: u64,
    /// Name.
    pub name: String,
    /// Street.
    pub street: String,
    /// Town.
    pub town: String,
    /// Postcode.
    pub postcode: String,
    /// Country.
    pub country: String,
    /// The person to ask for.
    pub person: String,
    /// Phone.
    pub phone: String,
    /// Email.
    pub email: String,
    /// Free text.
    pub extra: String,
    /// Contact reference (General tab).
    pub contact_reference: String,
    /// The contact that this one is a site of.
    pub parent_id: Option<u64>,
    /// Account reference (Financials → Terms).
    pub account_reference: String,
    /// Account type (Financials → Terms): 1 is Xero.
    pub account_type: Option<i64>,
    /// "Exclude from financial sync".
    pub financial_sync_exclude: bool,
    /// "Use parent reference".
    pub use_parent_reference: bool,
    /// On stop.
    pub on_stop: bool,
    /// When it was deleted, if it was: deletion is soft.
    #[serde(with = "time::serde::rfc3339::option")]
    pub deleted_at: Option<OffsetDateTime>,
    /// When a save last touched it, to the second, as `LastUpdated` of the lists sees it. Left out in a seed: the time of seeding.
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_updated: Option<OffsetDateTime>,
}

/// A note on a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FakeNote {
    /// Its id; the fake gives it.
    pub id: u64,
    /// The contact.
    pub contact_id: u64,
    /// Its type.
    pub type_id: u64,
    /// Its reference.
    pub reference: String,
    /// `Open`, `Completed` or `Cancelled`.
    pub status: String,
    /// Subject.
    pub subject: String,
    /// Text.
    pub text: String,
    /// Why it was completed.
    pub completion_text: String,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339::option")]
    pub created_at: Option<OffsetDateTime>,
    /// How often it was saved.
    pub saves: u32,
}

impl FakeNote {
    /// Whether somebody still has to do something about it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.status.eq_ignore_ascii_case("Open")
    }
}

/// Groups and contacts to put into the fake, replacing those with the same ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The groups.
    pub groups: Vec<FakeGroup>,
    /// The contacts.
    pub contacts: Vec<FakeContact>,
}
