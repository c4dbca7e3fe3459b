//! The `where` of a list.

use std::cell::OnceCell;

use crate::contact::Contact;
use crate::text::fold_case_and_accents;

/// The deepest nesting of parentheses.
const MAX_DEPTH: usize = 20;

/// A `where` that does not parse.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SyntaxError;

/// A condition on contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    /// A field equals a text, ignoring case and accents; the text is folded.
    Equals(&'static str, String),
    /// Both hold.
    And(Box<Filter>, Box<Filter>),
    /// At least one holds.
    Or(Box<Filter>, Box<Filter>),
}

const FIELDS: [&str; 5] = [
    "Name",
    "AccountNumber",
    "ContactNumber",
    "EmailAddress",
    "ContactStatus",
];
/// Equality on these is answered from an index of Xero's.
const OPTIMISED_FIELDS: [&str; 3] = ["Name", "AccountNumber", "EmailAddress"];

impl Filter {
    /// Reads `Field=="text"`, joined by `AND`/`&&`, `OR`/`||` and parentheses; `AND` binds closer. A text ends at the next double quote: there is no escape.
    pub(crate) fn parse(text: &str) -> Result<Self, SyntaxError> {
        let mut parser = Parser {
            rest: text,
            depth: 0,
        };
        let filter = parser.any_of()?;
        if parser.rest.trim().is_empty() {
            Ok(filter)
        } else {
            Err(SyntaxError)
        }
    }

    pub(crate) fn matches(&self, contact: &Contact) -> bool {
        self.matches_folded(&Folded::new(contact))
    }

    fn matches_folded(&self, contact: &Folded<'_>) -> bool {
        match self {
            Self::Equals(field, text) => contact.text(field) == text,
            Self::And(a, b) => a.matches_folded(contact) && b.matches_folded(contact),
            Self::Or(a, b) => a.matches_folded(contact) || b.matches_folded(contact),
        }
    }

    /// Whether Xero answers it from an index; an alternative is taken not to be.
    pub(crate) fn is_optimised(&self) -> bool {
        match self {
            Self::Equals(field, _) => OPTIMISED_FIELDS.contains(field),
            Self::And(a, b) => a.is_optimised() || b.is_optimised(),
            Self::Or(..) => false,
        }
    }
}

/// A contact whose fields are folded once, however many alternatives look at them.
struct Folded<'a> {
    contact: &'a Contact,
    fields: [OnceCell<String>; FIELDS.len()],
}

impl<'a> Folded<'a> {
    fn new(contact: &'a Contact) -> Self {
        Self {
            contact,
            fields: Default::default(),
        }
    }

    fn text(&self, field: &str) -> &str {
        let Some(index) = FIELDS.iter().position(|known| *known == field) else {
            return "";
        };
        self.fields[index].get_or_init(|| match field {
            "ContactStatus" => {
                let status = serde_json::to_value(self.contact.status).unwrap_or_default();
                fold_case_and_accents(status.as_str().unwrap_or_default())
            }
            _ => fold_case_and_accents(self.contact.text(field)),
        })
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn any_of(&mut self) -> Result<Filter, SyntaxError> {
        let mut filter = self.all_of()?;
        while self.take_word("OR") || self.take("||") {
            filter = Filter::Or(Box::new(filter), Box::new(self.all_of()?));
        }
        Ok(filter)
    }

    fn all_of(&mut self) -> Result<Filter, SyntaxError> {
        let mut filter = self.term()?;
        while self.take_word("AND") || self.take("&&") {
            filter = Filter::And(Box::new(filter), Box::new(self.term()?));
        }
        Ok(filter)
    }

    fn term(&mut self) -> Result<Filter, SyntaxError> {
        if self.take("(") {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(SyntaxError);
            }
            let filter = self.any_of()?;
            self.depth -= 1;
            return if self.take(")") {
                Ok(filter)
            } else {
                Err(SyntaxError)
            };
        }
        let field = FIELDS
            .into_iter()
            .find(|field| self.take(field))
            .ok_or(SyntaxError)?;
        if !self.take("==") || !self.take("\"") {
            return Err(SyntaxError);
        }
        let (text, rest) = self.rest.split_once('"').ok_or(SyntaxError)?;
        self.rest = rest;
        Ok(Filter::Equals(field, fold_case_and_accents(text)))
    }

    /// Takes a token, and the spaces before it.
    fn take(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        if let Some(rest) = rest {
            self.rest = rest;
        }
        rest.is_some()
    }

    /// Takes a word in any case that ends at a space or a parenthesis.
    fn take_word(&mut self, word: &str) -> bool {
        let text = self.rest.trim_start();
        let found = text
            .get(..word.len())
            .is_some_and(|w| w.eq_ignore_ascii_case(word))
            && text[word.len()..].starts_with([' ', '(']);
        if found {
            self.rest = &text[word.len()..];
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn contact(name: &str, account_number: &str) -> Contact {
        let mut contact = Contact::new(Uuid::nil());
        let element = json!({ "Name": name, "AccountNumber": account_number });
        contact.merge(element.as_object().unwrap());
        contact
    }

    #[test]
    fn equality_ignores_case_and_accents() {
        let filter = Filter::parse(r#"Name=="cafe zurich""#).unwrap();
        assert!(filter.matches(&contact("Café Zürich", "")));
        assert!(!filter.matches(&contact("Café Zürich 2", "")));
    }

    #[test]
    fn and_binds_closer_than_or() {
        let filter = Filter::parse(r#"Name == "a" OR Name=="b" && AccountNumber=="1""#).unwrap();
        assert!(filter.matches(&contact("A", "")));
        assert!(filter.matches(&contact("B", "1")));
        assert!(!filter.matches(&contact("B", "")));
        let filter =
            Filter::parse(r#"(Name=="a" || Name=="b") and ContactStatus=="ACTIVE""#).unwrap();
        assert!(filter.matches(&contact("B", "")));
        assert!(!filter.matches(&contact("C", "")));
    }

    #[test]
    fn what_does_not_parse() {
        let too_deep = format!("{}Name==\"a\"{}", "(".repeat(21), ")".repeat(21));
        for text in [
            "",
            "Name",
            "Name==a",
            r#"Name="a""#,
            r#"Name=="a"b""#,
            r#"Name=="a\"b""#,
            r#"Name!="a""#,
            r#"Phones=="a""#,
            r#"name=="a""#,
            r#"Name=="a" Name=="b""#,
            r#"Name=="a" OR"#,
            r#"(Name=="a""#,
            r#"Name.Contains("a")"#,
            &too_deep,
        ] {
            assert_eq!(Filter::parse(text), Err(SyntaxError), "{text}");
        }
    }

    #[test]
    fn only_equality_on_indexed_fields_is_optimised() {
        let optimised = |text: &str| Filter::parse(text).unwrap().is_optimised();
        assert!(optimised(r#"Name=="a""#));
        assert!(optimised(
            r#"AccountNumber=="a" AND ContactStatus=="ACTIVE""#
        ));
        assert!(!optimised(r#"ContactNumber=="a""#));
        assert!(!optimised(r#"Name=="a" OR Name=="b""#));
    }
}
