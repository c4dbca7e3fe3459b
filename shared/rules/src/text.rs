//! How texts are cleaned and compared.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// Outer spaces gone, every run of white space one space, control characters gone.
#[must_use]
pub fn normalise_spaces(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(word);
    }
    normal
}

/// A name in the form in which names are compared: composed Unicode, case folded, spaces
/// normalised.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NameKey(String);

impl NameKey {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The key of a name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self(
            caseless::default_case_fold_str(&normalise_spaces(name))
                .nfc()
                .collect(),
        )
    }
}

/// A short, stable mark of some texts: equal texts have equal marks, and the texts cannot be read
/// back from it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The mark of a list of texts.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        for text in texts {
            // With its length in front, so that no two lists run into the same bytes.
            hash.update(text.len().to_le_bytes());
            hash.update(text.as_bytes());
        }
        Self(
            hash.finalize()
                .iter()
                .take(12)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        )
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
