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

/// Groups and contacts to put into the fake, replacing those with the same ids.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// The groups.
    pub groups: Vec<FakeGroup>,
    /// The contacts.
    pub contacts: Vec<FakeContact>,
}
