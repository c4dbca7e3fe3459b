//! What of a contact is compared besides its name.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The e-mail addresses, phones, postcodes and streets of a contact, as marks: two contacts with an
/// equal one can be told, and what it was cannot be read back. At most [`Self::MAX_MARKS`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContactData(Vec<Mark>);

/// A mark of one value, with its kind in the lowest two bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(u64);

/// What a mark is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKind {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// A postcode.
    Postcode,
    /// A line of a street address.
    Street,
}

impl Mark {
    fn of(kind: DataKind, value: &str) -> Self {
        let hash = Sha256::digest(value.as_bytes());
        let number = hash
            .iter()
            .take(8)
            .fold(0, |number: u64, byte| (number << 8) | u64::from(*byte));
        Self((number & !0b11) | kind as u64)
    }

    /// What it is of.
    #[must_use]
    pub fn kind(self) -> DataKind {
        match self.0 & 0b11 {
            0 => DataKind::Email,
            1 => DataKind::Phone,
            2 => DataKind::Postcode,
            _ => DataKind::Street,
        }
    }
}

/// Which values two contacts share.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SharedData {
    /// An e-mail address.
    pub email: bool,
    /// A phone number.
    pub phone: bool,
    /// A postcode.
    pub postcode: bool,
    /// A line of the street address.
    pub street: bool,
}

impl SharedData {
    /// How many of e-mail address, phone and postcode.
    pub(super) fn count(self) -> usize {
        usize::from(self.email) + usize::from(self.phone) + usize::from(self.postcode)
    }

    /// Whether it is so much that the names need not be alike.
    pub(super) fn identify(self) -> bool {
        self.email && (self.phone || (self.postcode && self.street))
    }
}

/// The least digits of a phone number that says whose it is.
const LEAST_PHONE_DIGITS: usize = 6;

impl ContactData {
    /// More than these are not kept: Xero has four phones and a few addresses.
    pub const MAX_MARKS: usize = 24;

    /// Adds an e-mail address. A blank one is nothing, here and below.
    #[must_use]
    pub fn email(self, email: &str) -> Self {
        let email = caseless::default_case_fold_str(email.trim());
        self.with(DataKind::Email, &email)
    }

    /// Adds a phone number, its parts joined: "+44 (0)113 496 0333" is "0113 4960333".
    #[must_use]
    pub fn phone(self, phone: &str) -> Self {
        let is_international = phone.trim_start().starts_with('+');
        // "(0)" is dialled within the country only.
        let phone = phone.replace("(0)", "");
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        let international = digits.strip_prefix("00");
        let abroad = international.or(Some(digits.as_str()).filter(|_| is_international));
        let national = match abroad.or(Some(digits.as_str()).filter(|d| d.len() >= 12)) {
            Some(abroad) => abroad.strip_prefix("44").unwrap_or(abroad),
            None => &digits,
        };
        let national = national.trim_start_matches('0');
        if national.len() < LEAST_PHONE_DIGITS {
            return self;
        }
        self.with(DataKind::Phone, national)
    }

    /// Adds a postcode.
    #[must_use]
    pub fn postcode(self, postcode: &str) -> Self {
        self.with(DataKind::Postcode, &letters_and_digits(postcode))
    }

    /// Adds the lines of a street address.
    #[must_use]
    pub fn street(self, street: &str) -> Self {
        street.split(['\n', '\r', ',']).fold(self, |data, line| {
            data.with(DataKind::Street, &letters_and_digits(line))
        })
    }

    fn with(mut self, kind: DataKind, value: &str) -> Self {
        if value.is_empty() || self.0.len() >= Self::MAX_MARKS {
            return self;
        }
        let mark = Mark::of(kind, value);
        if let Err(at) = self.0.binary_search(&mark) {
            self.0.insert(at, mark);
        }
        self
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its marks, in their order.
    #[must_use]
    pub fn marks(&self) -> &[Mark] {
        &self.0
    }

    /// Gives back what is not needed.
    pub fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// What it shares with another contact.
    #[must_use]
    pub fn shared_with(&self, other: &Self) -> SharedData {
        let mut shared = SharedData::default();
        for mark in &self.0 {
            if other.0.binary_search(mark).is_ok() {
                match mark.kind() {
                    DataKind::Email => shared.email = true,
                    DataKind::Phone => shared.phone = true,
                    DataKind::Postcode => shared.postcode = true,
                    DataKind::Street => shared.street = true,
                }
            }
        }
        shared
    }
}

fn letters_and_digits(text: &str) -> String {
    let latin = deunicode::deunicode_with_tofu(text, "");
    let kept = latin.chars().filter(char::is_ascii_alphanumeric);
    kept.map(|c| c.to_ascii_lowercase()).collect()
}
