//! How the table keeps the contacts of a whole Xero organisation: a few large items.

use rules::{ContactData, ContactNumber, ContactStatus, XeroContact, XeroContactId};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::records::kinds;

kinds! {
    DirectoryPartRecord => "directory",
}

/// The contacts of an organisation as of some moment, which [`DirectoryPartRecord`]s hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptDirectory {
    /// What the sort keys of its parts begin with; another one each time that it is written.
    pub name: String,
    /// How many parts there are.
    pub parts: usize,
    /// When it was read, by Xero's clock: what changed since then is not in it.
    #[serde(with = "rfc3339")]
    pub as_of: OffsetDateTime,
    /// When it was read, by ours.
    #[serde(with = "rfc3339")]
    pub read_at: OffsetDateTime,
}

/// A part of an organisation's contacts. Sort key: the directory's name, "#" and a number. It
/// expires.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DirectoryPartRecord {
    /// A line of JSON for each contact: as text, because a map of the table takes more room.
    lines: String,
}

impl DirectoryPartRecord {
    /// Adds a contact. Returns how many bytes more it takes by that.
    ///
    /// # Errors
    /// Where it cannot be written as JSON.
    pub fn push(&mut self, contact: &StoredXeroContact) -> Result<usize, serde_json::Error> {
        let line = serde_json::to_string(contact)?;
        self.lines.push_str(&line);
        self.lines.push('\n');
        // The quotes of a line are escaped, and so is its end.
        Ok(line.len() + line.matches(['"', '\\']).count() + 2)
    }

    /// The contacts.
    ///
    /// # Errors
    /// Where a line is none that this version reads.
    pub fn contacts(&self) -> Result<Vec<StoredXeroContact>, serde_json::Error> {
        self.lines.lines().map(serde_json::from_str).collect()
    }
}

/// A Xero contact in few letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredXeroContact {
    #[serde(rename = "i")]
    id: XeroContactId,
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "a", default, skip_serializing_if = "String::is_empty")]
    account_number: String,
    #[serde(rename = "c", default, skip_serializing_if = "Option::is_none")]
    contact_number: Option<ContactNumber>,
    /// Left out where it is active.
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    status: Option<ContactStatus>,
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    merged_into: Option<XeroContactId>,
    #[serde(rename = "d", default, skip_serializing_if = "ContactData::is_empty")]
    data: ContactData,
}

impl From<&XeroContact> for StoredXeroContact {
    fn from(contact: &XeroContact) -> Self {
        Self {
            id: contact.id,
            name: contact.name.clone(),
            account_number: contact.account_number.clone(),
            contact_number: contact.contact_number.clone(),
            status: Some(contact.status).filter(|status| *status != ContactStatus::Active),
            merged_into: contact.merged_into,
            data: contact.data.clone(),
        }
    }
}

impl From<StoredXeroContact> for XeroContact {
    fn from(stored: StoredXeroContact) -> Self {
        Self {
            id: stored.id,
            name: stored.name,
            account_number: stored.account_number,
            contact_number: stored.contact_number,
            status: stored.status.unwrap_or(ContactStatus::Active),
            merged_into: stored.merged_into,
            data: stored.data,
            details: None,
        }
    }
}
