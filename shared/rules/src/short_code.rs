//! An organisation's short code, with which the address of a page in Xero begins.

use std::fmt;

use crate::XeroContactId;

/// Longer than any short code that was seen, which have six characters.
const MAX_CHARS: usize = 20;

/// What Xero calls an organisation in the addresses of its pages, such as `!23vhN`: letters and
/// digits, with an exclamation mark in front of them. Nothing else is a short code, so that an
/// address that is made with one leads to Xero and nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortCode(String);

impl ShortCode {
    /// Reads a short code as Xero tells it; `None` where it is blank or anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let letters = text.strip_prefix('!').unwrap_or(text);
        let is_plain = letters.chars().all(|c| c.is_ascii_alphanumeric());
        let fits = (1..=MAX_CHARS).contains(&letters.len());
        (is_plain && fits).then(|| Self(text.to_owned()))
    }

    /// The address at which a person sees a contact of the organisation in Xero.
    #[must_use]
    pub fn contact_page(&self, contact: XeroContactId) -> String {
        format!("https://go.xero.com/app/{self}/contacts/contact/{contact}")
    }
}

impl fmt::Display for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
