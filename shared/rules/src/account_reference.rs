//! The account reference: the key between a BigChange contact and its Xero contact.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

/// A BigChange account reference, which is a Xero `AccountNumber`: trimmed, 1 to 50 characters,
/// none of them a control character; compared without case.
///
/// Xero's published contract bounds `AccountNumber` at 50 characters.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountReference {
    text: String,
    folded: String,
}

/// Why a text is no account reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAccountReference {
    /// Nothing but spaces.
    #[error("it is blank")]
    Blank,
    /// More than [`AccountReference::MAX_CHARS`] characters.
    #[error("it has {0} characters, and Xero's AccountNumber takes at most {max}", max = AccountReference::MAX_CHARS)]
    TooLong(usize),
    /// A line break, tab or other control character within.
    #[error("it holds a line break or another character that cannot be printed")]
    Unprintable,
}

impl AccountReference {
    /// The longest `AccountNumber` that Xero takes, in characters.
    pub const MAX_CHARS: usize = 50;

    /// Reads a reference as either system holds it.
    ///
    /// # Errors
    /// Where it is blank, too long or unprintable.
    pub fn parse(text: &str) -> Result<Self, InvalidAccountReference> {
        let text = text.trim();
        let chars = text.chars().count();
        if text.is_empty() {
            Err(InvalidAccountReference::Blank)
        } else if chars > Self::MAX_CHARS {
            Err(InvalidAccountReference::TooLong(chars))
        } else if text.chars().any(char::is_control) {
            Err(InvalidAccountReference::Unprintable)
        } else {
            Ok(Self {
                folded: caseless::default_case_fold_str(text),
                text: text.to_owned(),
            })
        }
    }

    /// The reference as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The form in which references are compared and stored as keys.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl PartialEq for AccountReference {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for AccountReference {}

impl Hash for AccountReference {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl PartialOrd for AccountReference {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for AccountReference {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl fmt::Display for AccountReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for AccountReference {
    type Error = InvalidAccountReference;
    fn try_from(text: String) -> Result<Self, InvalidAccountReference> {
        Self::parse(&text)
    }
}

impl From<AccountReference> for String {
    fn from(reference: AccountReference) -> String {
        reference.text
    }
}
