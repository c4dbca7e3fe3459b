//! Why Xero refuses a contact, recognised from its words: it gives no codes for validation, and one
//! reason comes in several wordings.

use std::fmt;
use std::ops::Deref;

use rules::Refusal;

/// What a message can be about. Of one that names several, the first decides: Xero begins with the
/// field, and quotes the contact's own texts after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    ContactNumber,
    AccountNumber,
    Name,
    Website,
    Archived,
    /// A field whose refusals are all treated alike.
    Other,
}

/// How people at Xero call each subject, longer phrases before those that they begin with. Xero's pages
/// call the contact number "contact code".
const PHRASES: [(&str, Subject); 19] = [
    ("contact number", Subject::ContactNumber),
    ("contactnumber", Subject::ContactNumber),
    ("contact code", Subject::ContactNumber),
    ("account number", Subject::AccountNumber),
    ("accountnumber", Subject::AccountNumber),
    ("account code", Subject::AccountNumber),
    ("first name", Subject::Other),
    ("last name", Subject::Other),
    ("contact name", Subject::Name),
    ("contactname", Subject::Name),
    ("name", Subject::Name),
    ("website", Subject::Website),
    ("web site", Subject::Website),
    ("archived", Subject::Archived),
    ("email", Subject::Other),
    ("address", Subject::Other),
    ("phone", Subject::Other),
    ("country", Subject::Other),
    ("field", Subject::Other),
];

/// Which of the reasons decides. `quoted` are the contact's own texts, which a message may repeat.
pub(crate) fn recognise(messages: &[String], quoted: &[&str]) -> Refusal {
    messages
        .iter()
        .map(|message| of_message(message, quoted))
        .min()
        .unwrap_or(Refusal::Invalid)
}

fn of_message(message: &str, quoted: &[&str]) -> Refusal {
    let message = message.to_lowercase();
    let Some((start, phrase, subject)) = first_subject(&message) else {
        return Refusal::Invalid;
    };
    let (before, after) = (&message[..start], &message[start + phrase.len()..]);
    let after = without_quote(after, quoted);
    let says = |words: &[&str]| {
        words
            .iter()
            .any(|words| before.contains(words) || after.contains(words))
    };
    let is_taken = says(&[
        "already",
        "another contact",
        "other contact",
        "unique",
        "exists",
        "in use",
        "been used",
        "is taken",
        "duplicate",
    ]);
    let is_missing = says(&["empty", "required", "missing", "blank", "must be specified"]);
    match subject {
        Subject::ContactNumber if is_taken => Refusal::ContactNumberTaken,
        Subject::AccountNumber if is_taken => Refusal::AccountNumberTaken,
        Subject::Name if is_taken => Refusal::NameTaken,
        Subject::Name if is_missing => Refusal::NameMissing,
        Subject::Website => Refusal::Website,
        Subject::Archived => Refusal::Archived,
        _ => Refusal::Invalid,
    }
}

/// The subject that stands first in a message, as a word of its own.
fn first_subject(message: &str) -> Option<(usize, &'static str, Subject)> {
    let is_letter = |c: char| c.is_alphanumeric();
    let found = PHRASES.iter().filter_map(|(phrase, subject)| {
        let mut places = message.match_indices(phrase).filter(|(start, _)| {
            let (before, after) = (&message[..*start], &message[start + phrase.len()..]);
            !before.ends_with(is_letter) && !after.starts_with(is_letter)
        });
        places.next().map(|(start, _)| (start, *phrase, *subject))
    });
    // Of phrases at one place the first of the list, which is the longest.
    found.min_by_key(|(start, _, _)| *start)
}

/// What follows the subject, without the contact's own text where that comes next.
fn without_quote<'a>(after: &'a str, quoted: &[&str]) -> &'a str {
    let after = after.trim_start_matches([' ', '"', '\'', ':']);
    let quotes = quoted.iter().map(|quoted| quoted.trim().to_lowercase());
    quotes
        .filter(|quoted| !quoted.is_empty())
        .filter_map(|quoted| after.strip_prefix(quoted.as_str()))
        .filter(|rest| !rest.starts_with(char::is_alphanumeric))
        .min_by_key(|rest| rest.len())
        .unwrap_or(after)
}

/// The most messages that are kept of one element.
const MAX_MESSAGES: usize = 10;
/// The most that is kept of one message, in characters: Xero's longest known one quotes a name of 255.
const MAX_MESSAGE_CHARS: usize = 500;

/// Xero's words about what it refused, bounded. They quote names, so that the debug form shows only how many there are.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Messages(Vec<String>);

impl Messages {
    pub(crate) fn bounded(messages: impl IntoIterator<Item = String>) -> Self {
        let bounded = |message: String| match message.char_indices().nth(MAX_MESSAGE_CHARS) {
            Some((end, _)) => message[..end].to_owned(),
            None => message,
        };
        Self(
            messages
                .into_iter()
                .filter(|message| !message.trim().is_empty())
                .take(MAX_MESSAGES)
                .map(bounded)
                .collect(),
        )
    }

    /// The messages themselves.
    #[must_use]
    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

impl Deref for Messages {
    type Target = [String];
    fn deref(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} messages]", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_message_is_recognised_in_whatever_case() {
        for (message, expected) in [
            (
                "The contact name Acme Ltd is already assigned to another contact. The contact name must be unique across all active contacts.",
                Refusal::NameTaken,
            ),
            (
                "the contact name ACME LTD is already assigned to another contact.",
                Refusal::NameTaken,
            ),
            (
                "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.",
                Refusal::Archived,
            ),
            (
                "The Account Number already exists. Please enter a different Account Number.",
                Refusal::AccountNumberTaken,
            ),
            (
                "  THE ACCOUNT NUMBER ALREADY EXISTS. ",
                Refusal::AccountNumberTaken,
            ),
            (
                "The Contact Number already exists. Please enter a different Contact Number.",
                Refusal::ContactNumberTaken,
            ),
            (
                "The contact number BigChange-7 is already assigned to another contact. The contact number must be unique across all contacts.",
                Refusal::ContactNumberTaken,
            ),
            (
                "Another contact has this contact number. Please enter a different contact number.",
                Refusal::ContactNumberTaken,
            ),
            (
                "The contact name must be unique across all active contacts.",
                Refusal::NameTaken,
            ),
            (
                "Another contact has this contact name. Please enter a different contact name.",
                Refusal::NameTaken,
            ),
            (
                "A contact with this name already exists.",
                Refusal::NameTaken,
            ),
            ("Name: must be unique", Refusal::NameTaken),
            (
                "Another contact has this account number.",
                Refusal::AccountNumberTaken,
            ),
            ("Website must be valid.", Refusal::Website),
            ("The website is not a valid URL", Refusal::Website),
            ("Contact Name cannot be empty.", Refusal::NameMissing),
            ("The Contact Name field is required.", Refusal::NameMissing),
            (
                "The contact name cannot contain angle brackets.",
                Refusal::Invalid,
            ),
            (
                "The field FirstName must be a string with a maximum length of 255.",
                Refusal::Invalid,
            ),
            (
                "Email address is already in use elsewhere",
                Refusal::Invalid,
            ),
            ("Email address must be valid", Refusal::Invalid),
            ("something new", Refusal::Invalid),
            ("", Refusal::Invalid),
        ] {
            assert_eq!(recognise(&[message.to_owned()], &[]), expected, "{message}");
        }
        assert_eq!(recognise(&[], &[]), Refusal::Invalid);
    }

    #[test]
    fn a_name_that_quotes_another_refusal_does_not_mislead() {
        let name = "Archived contacts cannot - the account number already exists";
        let message = format!(
            "The contact name {name} is already assigned to another contact. The contact name must be unique across all active contacts."
        );
        assert_eq!(recognise(&[message], &[]), Refusal::NameTaken);
        for name in [
            "Already Taken Ltd",
            "Contact number exists",
            "The website",
            "Empty & Missing",
        ] {
            let message = format!("The contact name {name} cannot contain angle brackets.");
            assert_eq!(recognise(&[message], &[name]), Refusal::Invalid, "{name}");
            let message = format!("The contact name {name} must be unique.");
            assert_eq!(recognise(&[message], &[name]), Refusal::NameTaken, "{name}");
        }
    }

    #[test]
    fn of_several_reasons_the_one_that_decides_is_told() {
        let messages = [
            "Email address must be valid".to_owned(),
            "The Account Number already exists. Please enter a different Account Number."
                .to_owned(),
            "The contact name A is already assigned to another contact.".to_owned(),
        ];
        assert_eq!(recognise(&messages, &[]), Refusal::NameTaken);
    }

    #[test]
    fn messages_are_bounded_in_number_and_length_and_never_shown() {
        let messages = Messages::bounded((0..100).map(|_| "é".repeat(10_000)));
        assert_eq!(messages.len(), MAX_MESSAGES);
        assert!(
            messages
                .iter()
                .all(|message| message.chars().count() == MAX_MESSAGE_CHARS)
        );
        assert_eq!(format!("{messages:?}"), "[10 messages]");
    }
}
