//! The reads: `GET /Contacts` and `GET /Contacts/{ContactID or ContactNumber}`.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use http::{HeaderMap, Uri, header};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};
use uuid::Uuid;

use crate::answer::Refusal;
use crate::config::{Config, QueryRefusal, SearchReading};
use crate::contact::{Contact, Status, View};
use crate::directory::Directory;
use crate::query::Filter;
use crate::text::{fold_case, fold_case_and_accents};

/// The longest address that a list takes, in characters.
const MAX_URL_CHARS: usize = 2_000;
/// The scheme and host that clients put before the path, counted into the address.
const ORIGIN: &str = "https://api.xero.com";
const DEFAULT_PAGE_SIZE: usize = 100;
const MAX_PAGE_SIZE: usize = 1_000;
const SEARCHED_FIELDS: [&str; 5] = [
    "Name",
    "FirstName",
    "LastName",
    "ContactNumber",
    "EmailAddress",
];

/// A page, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Page {
    number: usize,
    size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SortField {
    Id,
    Name,
    Updated,
}

/// What is asked of a list.
pub(crate) struct ListQuery {
    page: Option<Page>,
    ids: Option<BTreeSet<Uuid>>,
    filter: Option<Filter>,
    search_term: Option<String>,
    modified_since_unix_ms: Option<i64>,
    include_archived: bool,
    summary_only: bool,
    order: (SortField, bool),
}

/// A part of a list, as it is answered.
pub(crate) struct Listed {
    pub(crate) contacts: Vec<Value>,
    pub(crate) pagination: Option<Value>,
}

impl ListQuery {
    /// Reads the query and the `If-Modified-Since` header.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] for an overlong address, [`Refusal::Query`] for what does not parse.
    pub(crate) fn parse(uri: &Uri, headers: &HeaderMap) -> Result<Self, Refusal> {
        let path_and_query = uri.path_and_query().map_or("", |p| p.as_str());
        if ORIGIN.len() + path_and_query.len() > MAX_URL_CHARS {
            return Err(Refusal::NotFound);
        }
        let mut query = Self {
            page: None,
            ids: None,
            filter: None,
            search_term: None,
            modified_since_unix_ms: modified_since(headers)?,
            include_archived: false,
            summary_only: false,
            // Undocumented; by date is the hardest on a client, since a contact that changes while pages are read moves to the last one.
            order: (SortField::Updated, false),
        };
        let (mut page, mut page_size) = (None, None);
        for (key, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        {
            match key.as_ref() {
                "page" => page = Some(value.parse::<usize>().unwrap_or(1).max(1)),
                "pageSize" => {
                    let size = value.parse::<usize>().unwrap_or(DEFAULT_PAGE_SIZE);
                    page_size = Some(size.clamp(1, MAX_PAGE_SIZE));
                }
                "IDs" => query.ids = Some(parse_ids(&value)?),
                "where" => query.filter = Some(Filter::parse(&value).map_err(|_| Refusal::Query)?),
                "searchTerm" => query.search_term = Some(value.into_owned()),
                "includeArchived" => query.include_archived = value.eq_ignore_ascii_case("true"),
                "summaryOnly" => query.summary_only = value.eq_ignore_ascii_case("true"),
                "order" => query.order = parse_order(&value).ok_or(Refusal::Query)?,
                _ => {}
            }
        }
        if page.is_some() || page_size.is_some() {
            query.page = Some(Page {
                number: page.unwrap_or(1),
                size: page_size.unwrap_or(DEFAULT_PAGE_SIZE),
            });
        }
        Ok(query)
    }

    /// Answers the query.
    ///
    /// # Errors
    /// [`Refusal::HighVolume`] for an unoptimised query where there are more than the configured contacts; how the configuration refuses queries.
    pub(crate) fn run(
        &self,
        directory: &Directory,
        config: &Config,
        on_no_page: &BTreeSet<Uuid>,
    ) -> Result<Listed, Refusal> {
        let refused = [
            config.refuse_filters.filter(|_| self.filter.is_some()),
            config
                .refuse_searches
                .filter(|_| self.search_term.is_some()),
        ];
        match refused.into_iter().flatten().next() {
            Some(QueryRefusal::Syntax) => return Err(Refusal::Query),
            Some(QueryRefusal::HighVolume) => return Err(Refusal::HighVolume),
            Some(QueryRefusal::FilterUnavailable) => return Err(Refusal::FilterUnavailable),
            None => {}
        }
        if directory.len() > config.high_volume_contacts && !self.is_optimised() {
            return Err(Refusal::HighVolume);
        }
        let is_whole = self.ids.is_none() && self.filter.is_none() && self.search_term.is_none();
        let mut found: Vec<&Contact> = directory
            .iter()
            .filter(|c| self.takes(c, config.search))
            .filter(|c| !(is_whole && on_no_page.contains(&c.id)))
            .collect();
        let (field, descending) = self.order;
        found.sort_by(|a, b| {
            let order = compare(field, a, b);
            if descending { order.reverse() } else { order }
        });
        let total = found.len();
        let view = match (self.page.is_some(), self.summary_only) {
            (true, false) => View::Whole,
            (true, true) => View::Summary,
            (false, false) => View::Unpaged,
            (false, true) => View::UnpagedSummary,
        };
        let (skip, take) = self.page.map_or((0, total), |p| {
            ((p.number - 1).saturating_mul(p.size), p.size)
        });
        let contacts = found
            .into_iter()
            .skip(skip)
            .take(take)
            .map(|c| c.to_json(view))
            .collect();
        let pagination = self.page.filter(|_| !config.without_pagination).map(|p| {
            json!({ "page": p.number, "pageSize": p.size, "pageCount": total.div_ceil(p.size), "itemCount": total })
        });
        Ok(Listed {
            contacts,
            pagination,
        })
    }

    fn takes(&self, contact: &Contact, reading: SearchReading) -> bool {
        (self.include_archived || contact.status == Status::Active)
            && self
                .ids
                .as_ref()
                .is_none_or(|ids| ids.contains(&contact.id))
            && self
                .modified_since_unix_ms
                .is_none_or(|since| contact.updated_unix_ms >= since)
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| filter.matches(contact))
            && self.search_term.as_ref().is_none_or(|term| {
                let mut fields = SEARCHED_FIELDS.iter();
                fields.any(|field| search_finds(reading, term, contact.text(field)))
            })
    }

    /// Everything at once is taken to be unoptimised too.
    fn is_optimised(&self) -> bool {
        match &self.filter {
            Some(filter) => filter.is_optimised(),
            None => {
                self.page.is_some()
                    || self.ids.is_some()
                    || self.search_term.is_some()
                    || self.modified_since_unix_ms.is_some()
            }
        }
    }
}

fn search_finds(reading: SearchReading, term: &str, text: &str) -> bool {
    match reading {
        SearchReading::Anywhere => {
            fold_case_and_accents(text).contains(&fold_case_and_accents(term))
        }
        SearchReading::BeginningsOfWords => {
            let (term, text) = (fold_case(term), fold_case(text));
            let mut places = text.match_indices(&term);
            places.any(|(at, _)| {
                text[..at]
                    .chars()
                    .next_back()
                    .is_none_or(char::is_whitespace)
            })
        }
    }
}

/// The contact that a path names by id, or else by contact number. Archived ones are shown as well.
pub(crate) fn find_single<'a>(directory: &'a Directory, tail: &str) -> Option<&'a Contact> {
    let tail = decode_path(tail);
    match Uuid::try_parse(&tail) {
        Ok(id) => directory.get(id),
        Err(_) => directory.with_contact_number(&tail, None),
    }
}

/// Undoes percent-encoding as in a path, where `+` is a plus.
fn decode_path(tail: &str) -> String {
    let form = tail
        .replace('+', "%2B")
        .replace('&', "%26")
        .replace('=', "%3D");
    let mut pairs = url::form_urlencoded::parse(form.as_bytes());
    pairs
        .next()
        .map(|(text, _)| text.into_owned())
        .unwrap_or_default()
}

fn parse_ids(value: &str) -> Result<BTreeSet<Uuid>, Refusal> {
    let ids = value.split(',').map(|id| Uuid::try_parse(id.trim()));
    ids.collect::<Result<_, _>>().map_err(|_| Refusal::Query)
}

fn parse_order(value: &str) -> Option<(SortField, bool)> {
    let (field, direction) = value
        .trim()
        .split_once(' ')
        .unwrap_or((value.trim(), "ASC"));
    let field = match field {
        "ContactID" => SortField::Id,
        "Name" => SortField::Name,
        "UpdatedDateUTC" => SortField::Updated,
        _ => return None,
    };
    match direction.trim().to_ascii_uppercase().as_str() {
        "ASC" => Some((field, false)),
        "DESC" => Some((field, true)),
        _ => None,
    }
}

fn compare(field: SortField, a: &Contact, b: &Contact) -> Ordering {
    let order = match field {
        SortField::Id => Ordering::Equal,
        SortField::Name => fold_case(a.name()).cmp(&fold_case(b.name())),
        SortField::Updated => a.updated_unix_ms.cmp(&b.updated_unix_ms),
    };
    order.then(a.id.cmp(&b.id))
}

/// `If-Modified-Since` in milliseconds since 1970, to the second: an HTTP date, or RFC 3339 with or without a zone, which is then UTC.
fn modified_since(headers: &HeaderMap) -> Result<Option<i64>, Refusal> {
    let Some(value) = headers.get(header::IF_MODIFIED_SINCE) else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| Refusal::Query)?.trim();
    let http_date = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    let zoned = format!("{text}Z");
    let at = PrimitiveDateTime::parse(text, http_date)
        .map(PrimitiveDateTime::assume_utc)
        .or_else(|_| OffsetDateTime::parse(text, &Rfc3339))
        .or_else(|_| OffsetDateTime::parse(&zoned, &Rfc3339))
        .map_err(|_| Refusal::Query)?;
    Ok(Some(at.unix_timestamp().saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn since(text: &str) -> Result<Option<i64>, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MODIFIED_SINCE, text.parse().unwrap());
        modified_since(&headers)
    }

    #[test]
    fn if_modified_since_is_read_to_the_second() {
        for text in [
            "Sun, 06 Sep 2026 08:49:37 GMT",
            "2026-09-06T08:49:37Z",
            "2026-09-06T08:49:37",
            "2026-09-06T08:49:37.900",
            "2026-09-06T10:49:37+02:00",
        ] {
            assert_eq!(since(text), Ok(Some(1_788_684_577_000)), "{text}");
        }
        assert_eq!(since("yesterday"), Err(Refusal::Query));
    }

    #[test]
    fn a_path_is_decoded_without_turning_plus_into_a_space() {
        assert_eq!(decode_path("A%20B+C&D=E%2FF"), "A B+C&D=E/F");
    }
}
