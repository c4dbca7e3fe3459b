//! What goes into a call besides its subject, and what comes back.

use http::HeaderMap;
use rules::{ShortCode, TenantId, XeroContact};
use secrecy::SecretString;
use time::OffsetDateTime;

use crate::{Messages, Refusal};

/// With what a call is made: an access token and the organisation that it is for.
#[derive(Debug, Clone)]
pub struct Access {
    /// The access token; lives for 30 minutes.
    pub token: SecretString,
    /// The organisation.
    pub tenant: TenantId,
}

/// How many calls Xero says are left for this app and organisation, after this one. `None` where it didn't say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of the 60 within a minute.
    pub minute_remaining: Option<u32>,
    /// Of the 5,000 within a day (1,000 on Xero's Starter tier).
    pub day_remaining: Option<u32>,
}

impl Limits {
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse().ok();
        Self {
            minute_remaining: number("x-minlimit-remaining"),
            day_remaining: number("x-daylimit-remaining"),
        }
    }
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The answer itself.
    pub value: T,
    /// How many calls are left after it.
    pub limits: Limits,
}

/// A page of the directory of all contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryPage {
    /// The contacts, archived ones included, ascending by ContactID; at most [`PAGE_SIZE`](crate::PAGE_SIZE).
    pub contacts: Vec<XeroContact>,
    /// How many elements of the page could not be read as contacts. A directory with any is not whole: what is missing from it may exist.
    pub unreadable: usize,
    /// How many pages there are, as of this one; 0 where there is no contact at all, `None` where Xero
    /// does not say, which was seen in the field: go on as [`Pages`](crate::Pages) tells.
    pub page_count: Option<u32>,
    /// How many contacts there are over all pages, as of this one; `None` where Xero does not say.
    pub item_count: Option<u32>,
    /// When Xero made this page, by its own clock: the moment from which to ask for later changes.
    pub as_of: OffsetDateTime,
}

/// A page of the contacts that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The contacts, archived ones included, ascending by ContactID. Compare them: Xero's search is wide.
    pub contacts: Vec<XeroContact>,
    /// How many pages there are, as of this one; `None` where Xero does not say.
    pub page_count: Option<u32>,
}

/// What became of one element of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ElementResult {
    /// It was saved; the contact as Xero holds it now.
    Saved(XeroContact),
    /// It was refused; nothing of it was saved.
    Refused {
        /// Which refusal it is.
        kind: Refusal,
        /// Xero's own words, for a person's eyes only: they quote names. May be empty.
        messages: Messages,
    },
    /// The answer does not tell: it may have been saved or not. Look before sending it again, and then
    /// send it alone.
    Unknown {
        /// What came instead, in words that quote nothing of the answer.
        what: &'static str,
    },
}

/// An organisation (or practice) that the app is connected to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Its tenant id.
    pub tenant_id: TenantId,
    /// Its name; blank where Xero gives none.
    pub tenant_name: String,
    /// `ORGANISATION` for an organisation with contacts; `PRACTICE` and others are not.
    pub tenant_type: String,
}

impl Connection {
    /// Whether it is an organisation, which has contacts.
    #[must_use]
    pub fn is_organisation(&self) -> bool {
        self.tenant_type == "ORGANISATION"
    }
}

/// An organisation, as it tells of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// Its name; blank where Xero gives none.
    pub name: String,
    /// What the addresses of its pages begin with; `None` where Xero gives none that is one.
    pub short_code: Option<ShortCode>,
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot be set up has failed"
    )]
    use super::*;

    #[test]
    fn limits_are_read_from_the_headers_and_nonsense_reads_as_unknown() {
        let mut headers = HeaderMap::new();
        headers.insert("X-MinLimit-Remaining", "58".parse().unwrap());
        headers.insert("X-DayLimit-Remaining", "many".parse().unwrap());
        let limits = Limits::from_headers(&headers);
        assert_eq!(
            limits,
            Limits {
                minute_remaining: Some(58),
                day_remaining: None
            }
        );
        assert_eq!(Limits::from_headers(&HeaderMap::new()), Limits::default());
    }

    #[test]
    fn the_debug_form_of_an_access_hides_the_token() {
        let access = Access {
            token: "private-token".to_owned().into(),
            tenant: "11111111-2222-3333-4444-555555555555".parse().unwrap(),
        };
        assert!(!format!("{access:?}").contains("private-token"));
    }
}
