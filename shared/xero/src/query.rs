//! Addresses of Xero's endpoints, and how much fits into one.

use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

/// The most contacts that Xero puts on a page.
pub const PAGE_SIZE: usize = 1_000;
/// The most ids in one lookup: 40 stay well under the 2,000 characters that an address may have.
pub const MAX_IDS: usize = 40;
/// Past about 2,000 characters of address, where exactly is not documented, Xero answers 404.
const MAX_URL_CHARS: usize = 1_900;
/// The longest value in a query, percent-encoded; leaves room for the rest of the address.
const MAX_VALUE_CHARS: usize = 1_500;

/// Whether a value can stand in a lookup by account number or name. A double quote cannot be escaped reliably in Xero's filter language, nor a backslash;
/// and a value that fills the address alone does not fit. Use the search for those.
#[must_use]
pub fn can_be_queried(value: &str) -> bool {
    !value.trim().is_empty()
        && !value
            .chars()
            .any(|c| c == '"' || c == '\\' || c.is_control())
        && encoded_chars(value) <= MAX_VALUE_CHARS
}

/// As much of a search term as fits, cut between characters. Xero looks for the term anywhere in a field, so that a shorter one finds no less.
pub(crate) fn fitting_search_term(term: &str) -> &str {
    let mut chars = 0;
    for (at, c) in term.char_indices() {
        chars += encoded_chars(c.encode_utf8(&mut [0; 4]));
        if chars > MAX_VALUE_CHARS {
            return &term[..at];
        }
    }
    term
}

/// The fields that Xero can look up quickly.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field {
    AccountNumber,
    Name,
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::AccountNumber => "AccountNumber",
            Self::Name => "Name",
        }
    }

    /// `Name=="A" OR Name=="B"`.
    pub(crate) fn is_any_of<'a>(self, values: impl IntoIterator<Item = &'a str>) -> String {
        let equal: Vec<_> = values
            .into_iter()
            .map(|value| format!("{}==\"{value}\"", self.name()))
            .collect();
        equal.join(" OR ")
    }
}

/// Where Xero's API is.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    base: String,
}

impl Endpoints {
    pub(crate) fn new(api_url: &Url) -> Self {
        Self {
            base: api_url.as_str().trim_end_matches('/').to_owned(),
        }
    }

    pub(crate) fn connections(&self) -> String {
        format!("{}/connections", self.base)
    }

    pub(crate) fn organisation(&self) -> String {
        format!("{}/api.xro/2.0/Organisation", self.base)
    }

    pub(crate) fn contacts(&self, query: &[(&str, &str)]) -> String {
        format!("{}/api.xro/2.0/Contacts?{}", self.base, encode(query))
    }

    /// One contact, by ContactID or ContactNumber.
    pub(crate) fn contact(&self, id_or_number: &str) -> String {
        format!(
            "{}/api.xro/2.0/Contacts/{}",
            self.base,
            encode_value(id_or_number)
        )
    }

    /// A lookup among all contacts, or `None` where it doesn't fit into one address. It asks for a page, because Xero tells what a contact was merged into only
    /// there, and for archived contacts, because they hold on to their account numbers.
    pub(crate) fn lookup(&self, key: &str, value: &str) -> Option<String> {
        let page_size = PAGE_SIZE.to_string();
        let url = self.contacts(&[
            (key, value),
            ("includeArchived", "true"),
            ("page", "1"),
            ("pageSize", &page_size),
        ]);
        (url.len() <= MAX_URL_CHARS).then_some(url)
    }

    /// A page of a search, in an order that no edit changes; `None` where it doesn't fit into one address.
    pub(crate) fn search(&self, term: &str, page: u32) -> Option<String> {
        let (page, page_size) = (page.to_string(), PAGE_SIZE.to_string());
        let url = self.contacts(&[
            ("searchTerm", term),
            ("includeArchived", "true"),
            ("page", &page),
            ("pageSize", &page_size),
            ("order", "ContactID ASC"),
        ]);
        (url.len() <= MAX_URL_CHARS).then_some(url)
    }

    /// Splits values so that each part fits into one lookup. A value that fits into none stands alone.
    pub(crate) fn split<'a, T>(
        &self,
        field: Field,
        values: &'a [T],
        text: impl Fn(&T) -> &str,
    ) -> Vec<&'a [T]> {
        let mut parts = Vec::new();
        let mut rest = values;
        while !rest.is_empty() {
            let fits = (1..=rest.len())
                .take_while(|&n| {
                    let filter = field.is_any_of(rest[..n].iter().map(&text));
                    self.lookup("where", &filter).is_some()
                })
                .last()
                .unwrap_or(1);
            let (part, others) = rest.split_at(fits);
            parts.push(part);
            rest = others;
        }
        parts
    }
}

fn encode(query: &[(&str, &str)]) -> String {
    let encoded = Serializer::new(String::new()).extend_pairs(query).finish();
    plus_as_percent_20(&encoded)
}

fn encode_value(value: &str) -> String {
    let encoded: String = byte_serialize(value.as_bytes()).collect();
    plus_as_percent_20(&encoded)
}

/// A form writes a space as `+`, which a reader of an address may take for a plus sign. A plus sign itself is `%2B` already.
fn plus_as_percent_20(encoded: &str) -> String {
    encoded.replace('+', "%20")
}

fn encoded_chars(value: &str) -> usize {
    byte_serialize(value.as_bytes())
        .map(|part| if part == "+" { 3 } else { part.len() })
        .sum()
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        reason = "a test that cannot be set up has failed"
    )]
    use super::*;
    use proptest::prelude::*;

    fn endpoints() -> Endpoints {
        Endpoints::new(&"https://api.xero.com".parse().unwrap())
    }

    fn by_name<'a>(values: &[&'a str]) -> Vec<Vec<&'a str>> {
        let parts = endpoints().split(Field::Name, values, |value| value);
        parts.into_iter().map(<[_]>::to_vec).collect()
    }

    #[test]
    fn what_would_end_or_change_a_query_is_percent_encoded() {
        for (name, encoded) in [
            ("Acme Ltd", "Acme%20Ltd"),
            ("A & B", "A%20%26%20B"),
            ("A+B", "A%2BB"),
            ("A=B?#/%", "A%3DB%3F%23%2F%25"),
            ("O'Neill", "O%27Neill"),
            ("Café", "Caf%C3%A9"),
            ("(x) *y*", "%28x%29%20*y*"),
        ] {
            let filter = Field::Name.is_any_of([name]);
            assert_eq!(
                endpoints().lookup("where", &filter).unwrap(),
                format!(
                    "https://api.xero.com/api.xro/2.0/Contacts?where=Name%3D%3D%22{encoded}%22&includeArchived=true&page=1&pageSize=1000"
                )
            );
        }
    }

    #[test]
    fn several_values_are_joined_by_or() {
        assert_eq!(
            Field::AccountNumber.is_any_of(["A1", "B2"]),
            r#"AccountNumber=="A1" OR AccountNumber=="B2""#
        );
    }

    #[test]
    fn a_contact_number_stays_one_part_of_the_path() {
        assert_eq!(
            endpoints().contact("BigChange-7"),
            "https://api.xero.com/api.xro/2.0/Contacts/BigChange-7"
        );
        assert_eq!(
            endpoints().contact("a/b?c d"),
            "https://api.xero.com/api.xro/2.0/Contacts/a%2Fb%3Fc%20d"
        );
    }

    #[test]
    fn an_api_address_with_a_path_keeps_it() {
        let endpoints = Endpoints::new(&"http://localhost:4010/xero/".parse().unwrap());
        assert_eq!(
            endpoints.connections(),
            "http://localhost:4010/xero/connections"
        );
    }

    #[test]
    fn forty_ids_fit_into_one_address() {
        let ids = vec!["11111111-2222-3333-4444-555555555555"; MAX_IDS].join(",");
        assert!(endpoints().lookup("IDs", &ids).is_some());
    }

    #[test]
    fn quotes_backslashes_blanks_and_very_long_values_cannot_be_queried() {
        for value in [r#"The "Best" Ltd"#, r"a\b", "", "  ", "a\nb"] {
            assert!(!can_be_queried(value), "{value}");
        }
        assert!(!can_be_queried(&"漢".repeat(255)));
        assert!(can_be_queried(&"x".repeat(255)));
        assert!(can_be_queried("A & B + C"));
    }

    #[test]
    fn a_long_search_term_is_cut_between_characters() {
        let term = "漢".repeat(400);
        assert_eq!(
            fitting_search_term(&term).chars().count(),
            MAX_VALUE_CHARS / 9
        );
        assert_eq!(fitting_search_term("Acme"), "Acme");
    }

    #[test]
    fn an_unfitting_value_stands_alone() {
        let long = "x".repeat(3_000);
        assert_eq!(
            by_name(&["a", &long, "b"]),
            vec![vec!["a"], vec![long.as_str()], vec!["b"]]
        );
        assert!(by_name(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn a_split_loses_nothing_and_every_part_fits(names in proptest::collection::vec(r#"[^"\\\p{Cc}]{1,60}"#, 0..120)) {
            let parts = endpoints().split(Field::Name, &names, String::as_str);
            prop_assert_eq!(&parts.concat(), &names);
            for part in parts {
                let filter = Field::Name.is_any_of(part.iter().map(String::as_str));
                prop_assert!(endpoints().lookup("where", &filter).is_some());
            }
        }

        #[test]
        fn whatever_can_be_queried_fits_into_a_lookup(name in ".{0,300}") {
            let filter = Field::Name.is_any_of([name.as_str()]);
            prop_assert!(!can_be_queried(&name) || endpoints().lookup("where", &filter).is_some());
        }

        #[test]
        fn a_search_term_fits_into_a_lookup(term in ".{0,1000}") {
            prop_assert!(endpoints().search(fitting_search_term(&term), 50).is_some());
        }
    }
}
