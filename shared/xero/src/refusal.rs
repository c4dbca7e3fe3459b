//! Why Xero refuses a contact, recognised from its words: it gives no codes for validation.

use std::fmt;
use std::ops::Deref;

/// Which refusal it is. In order: where Xero gives several reasons, the first in this order is the one that decides what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Refusal {
    /// Another contact carries this ContactNumber: a create of ours may have been saved earlier, look for it by number.
    ContactNumberTaken,
    /// The element is, or matched, an archived contact, which the API cannot edit.
    Archived,
    /// Another active contact has this name.
    NameTaken,
    /// Another contact has this AccountNumber.
    AccountNumberTaken,
    /// Anything else: a field that Xero finds invalid, or words not seen before.
    Invalid,
}

impl Refusal {
    pub(crate) fn recognise(messages: &[String]) -> Self {
        messages
            .iter()
            .map(|message| Self::of_message(message))
            .min()
            .unwrap_or(Self::Invalid)
    }

    /// Compares from the start of the message, since a message quotes the contact's name further on and a name can hold any words.
    fn of_message(message: &str) -> Self {
        let message = message.trim().to_lowercase();
        let already = |start: &str, rest: &str| {
            message
                .strip_prefix(start)
                .is_some_and(|after| after.contains(rest))
        };
        if already("the contact number", "already") {
            Self::ContactNumberTaken
        } else if message.starts_with("the specified contact details matched an archived contact")
            || message.starts_with("archived contacts cannot")
        {
            Self::Archived
        } else if already("the contact name", "already assigned to another contact") {
            Self::NameTaken
        } else if already("the account number", "already exists") {
            Self::AccountNumberTaken
        } else {
            Self::Invalid
        }
    }
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
            ("Contact Name cannot be empty.", Refusal::Invalid),
            ("Email address must be valid", Refusal::Invalid),
            ("something new", Refusal::Invalid),
            ("", Refusal::Invalid),
        ] {
            assert_eq!(
                Refusal::recognise(&[message.to_owned()]),
                expected,
                "{message}"
            );
        }
        assert_eq!(Refusal::recognise(&[]), Refusal::Invalid);
    }

    #[test]
    fn a_name_that_quotes_another_refusal_does_not_mislead() {
        let name = "Archived contacts cannot - the account number already exists";
        let message = format!(
            "The contact name {name} is already assigned to another contact. The contact name must be unique across all active contacts."
        );
        assert_eq!(Refusal::recognise(&[message]), Refusal::NameTaken);
    }

    #[test]
    fn of_several_reasons_the_one_that_decides_is_told() {
        let messages = [
            "Email address must be valid".to_owned(),
            "The Account Number already exists. Please enter a different Account Number."
                .to_owned(),
            "The contact name A is already assigned to another contact.".to_owned(),
        ];
        assert_eq!(Refusal::recognise(&messages), Refusal::NameTaken);
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
