//! The units in which a customer is carried over: each is compared, sent and kept as a whole.

use serde::{Deserialize, Serialize};

use crate::text::normalise_spaces;
use crate::{Address, Details, Field, Person, XeroChanges};

/// A part of a customer that is compared, sent and kept as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Unit {
    /// The name.
    Name,
    /// Street, town, postcode and country.
    Address,
    /// The phone.
    Phone,
    /// The e-mail address.
    Email,
    /// The person to ask for.
    Person,
    /// One that only a newer version of this software carries over. It has no value here.
    #[serde(other)]
    Unknown,
}

impl Unit {
    /// Every unit that is carried over, in the order in which people are told of them.
    pub const ALL: [Self; 5] = [
        Self::Name,
        Self::Address,
        Self::Phone,
        Self::Email,
        Self::Person,
    ];

    /// The field under which people know it.
    #[must_use]
    pub fn field(self) -> Field {
        match self {
            Self::Name => Field::Name,
            Self::Address => Field::Address,
            Self::Phone => Field::Phone,
            Self::Email => Field::Email,
            Self::Person => Field::Person,
            Self::Unknown => Field::Unknown,
        }
    }

    /// The fields of BigChange's answer that it is made of.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Name => &[Field::Name],
            Self::Address => &[Field::Street, Field::Town, Field::Postcode, Field::Country],
            Self::Phone => &[Field::Phone],
            Self::Email => &[Field::Email],
            Self::Person => &[Field::Person],
            Self::Unknown => &[],
        }
    }

    /// Its value in one line, for people; blank where there is none.
    #[must_use]
    pub fn text(self, details: &Details) -> String {
        match self {
            Self::Name => details.name.clone(),
            Self::Address => in_one_line(&details.address),
            Self::Phone => details.phone.clone(),
            Self::Email => details.email.clone(),
            Self::Person => full_name(&details.person),
            Self::Unknown => String::new(),
        }
    }

    /// Its value, as values are compared: two that differ only in how a system writes them are the
    /// same. Line ends, outer spaces and the spaces within a phone number do not count: Xero keeps a
    /// phone in three parts, and each program joins them in its own way.
    #[must_use]
    pub fn compared(self, details: &Details) -> String {
        match self {
            Self::Name => normalise_spaces(&details.name),
            Self::Address => {
                let Address {
                    street,
                    town,
                    postcode,
                    country,
                } = &details.address;
                joined([street, town, postcode, country])
            }
            Self::Phone => details.phone.split_whitespace().collect(),
            Self::Email => details.email.trim().to_owned(),
            Self::Person => {
                let Person {
                    first_names,
                    last_name,
                } = &details.person;
                joined([first_names, last_name])
            }
            Self::Unknown => String::new(),
        }
    }

    /// Whether two customers have the same value, compared as [`Self::compared`] does.
    #[must_use]
    pub fn is_same(self, one: &Details, other: &Details) -> bool {
        self.compared(one) == self.compared(other)
    }

    /// Whether two customers have it letter for letter.
    #[must_use]
    pub fn is_identical(self, one: &Details, other: &Details) -> bool {
        match self {
            Self::Name => one.name == other.name,
            Self::Address => one.address == other.address,
            Self::Phone => one.phone == other.phone,
            Self::Email => one.email == other.email,
            Self::Person => one.person == other.person,
            Self::Unknown => true,
        }
    }

    /// Takes its value over from one customer to another.
    pub fn copy(self, from: &Details, to: &mut Details) {
        match self {
            Self::Name => to.name.clone_from(&from.name),
            Self::Address => to.address.clone_from(&from.address),
            Self::Phone => to.phone.clone_from(&from.phone),
            Self::Email => to.email.clone_from(&from.email),
            Self::Person => to.person.clone_from(&from.person),
            Self::Unknown => {}
        }
    }

    /// Adds its value to what is sent to Xero.
    pub(crate) fn send(self, from: &Details, changes: &mut XeroChanges) {
        match self {
            Self::Name => changes.name = Some(from.name.clone()),
            Self::Address => changes.address = Some(from.address.clone()),
            Self::Phone => changes.phone = Some(from.phone.clone()),
            Self::Email => changes.email = Some(from.email.clone()),
            Self::Person => changes.person = Some(from.person.clone()),
            Self::Unknown => {}
        }
    }

    /// Whether it is among what is sent to Xero.
    #[must_use]
    pub fn is_in(self, changes: &XeroChanges) -> bool {
        match self {
            Self::Name => changes.name.is_some(),
            Self::Address => changes.address.is_some(),
            Self::Phone => changes.phone.is_some(),
            Self::Email => changes.email.is_some(),
            Self::Person => changes.person.is_some(),
            Self::Unknown => false,
        }
    }
}

/// The parts of a value, told apart; blank where all of them are.
fn joined<const N: usize>(parts: [&String; N]) -> String {
    // No value holds it: control characters are taken out.
    const BETWEEN: &str = "\u{1f}";
    let parts = parts.map(|part| normalise_spaces(part));
    if parts.iter().all(String::is_empty) {
        String::new()
    } else {
        parts.join(BETWEEN)
    }
}

/// An address in one line.
pub(crate) fn in_one_line(address: &Address) -> String {
    let Address {
        street,
        town,
        postcode,
        country,
    } = address;
    given(
        [street, town, postcode, country].map(|part| without_line_ends(part)),
        ", ",
    )
}

/// A person's first and last names.
pub(crate) fn full_name(person: &Person) -> String {
    given([person.first_names.clone(), person.last_name.clone()], " ")
}

fn given<const N: usize>(parts: [String; N], between: &str) -> String {
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join(between)
}

/// The lines of a text, joined with commas, for Xero keeps a street in four lines and BigChange in
/// one field.
fn without_line_ends(text: &str) -> String {
    let lines = text.lines().map(normalise_spaces);
    let lines: Vec<String> = lines.filter(|line| !line.is_empty()).collect();
    lines.join(", ")
}
