//! One contact of the sample company, with what it shows.

use fake_bigchange::FakeContact;
use rules::Skip;
use time::macros::datetime;

/// One contact.
#[derive(Debug, Clone)]
pub struct Entry {
    /// As it is in BigChange before anything is synchronised.
    pub contact: FakeContact,
    /// The row of the rules that it shows.
    pub shows: &'static str,
    /// What is expected under the cautious choices, before anything may be created or generated.
    pub cautious: Expected,
    /// What is expected once everything is authorised.
    pub authorised: Expected,
}

/// What is expected of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Left alone.
    Skip(Skip),
    /// Held with a problem of this code.
    Held(&'static str),
    /// Held with a problem of either code.
    HeldByEither(&'static str, &'static str),
    /// Linked to the Xero contact of this name, which was there before.
    Linked(&'static str, Synced),
    /// Created in Xero under its own name.
    Created(Synced),
}

/// What a synchronised contact looks like in BigChange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synced {
    /// Its account reference.
    pub account_reference: &'static str,
    /// Its contact reference, where that differs from what was entered.
    pub contact_reference: Option<&'static str>,
    /// The code of the notice that it carries.
    pub notice: Option<&'static str>,
}

/// Held with a problem.
pub(super) const fn held(code: &'static str) -> Expected {
    Expected::Held(code)
}

/// Linked to a Xero contact that was there before.
pub(super) const fn linked(xero_name: &'static str, account_reference: &'static str) -> Expected {
    Expected::Linked(xero_name, synced(account_reference))
}

/// Created in Xero.
pub const fn created(account_reference: &'static str) -> Expected {
    Expected::Created(synced(account_reference))
}

const fn synced(account_reference: &'static str) -> Synced {
    Synced {
        account_reference,
        contact_reference: None,
        notice: None,
    }
}

impl Expected {
    /// With this contact reference instead of what was entered.
    #[must_use]
    pub const fn contact_reference(self, text: &'static str) -> Self {
        match self {
            Self::Linked(name, synced) => Self::Linked(
                name,
                Synced {
                    contact_reference: Some(text),
                    ..synced
                },
            ),
            Self::Created(synced) => Self::Created(Synced {
                contact_reference: Some(text),
                ..synced
            }),
            other => other,
        }
    }

    /// With this notice.
    #[must_use]
    pub const fn notice(self, code: &'static str) -> Self {
        match self {
            Self::Linked(name, synced) => Self::Linked(
                name,
                Synced {
                    notice: Some(code),
                    ..synced
                },
            ),
            Self::Created(synced) => Self::Created(Synced {
                notice: Some(code),
                ..synced
            }),
            other => other,
        }
    }
}

/// A contact with an address, a person, a phone and an email of its own, and no reference yet.
pub fn contact(id: u64, group_id: u64, name: &str) -> FakeContact {
    const TOWNS: [(&str, &str, &str); 6] = [
        ("Leeds", "LS99 1", "113496"),
        ("Sheffield", "S99 2", "114496"),
        ("Leicester", "LE99 3", "116496"),
        ("Bristol", "BS99 4", "117496"),
        ("Reading", "RG99 5", "118496"),
        ("Manchester", "M99 6", "161496"),
    ];
    const STREETS: [&str; 5] = [
        "Tannery Lane",
        "Old Quarry Road",
        "Mill Race Way",
        "Beacon Rise",
        "Chandlers Yard",
    ];
    const FIRST_NAMES: [&str; 7] = [
        "Asha", "Bryn", "Carys", "Dougal", "Eilidh", "Farid", "Greta",
    ];
    const LAST_NAMES: [&str; 5] = ["Attwater", "Blenkin", "Crosthwaite", "Dunnill", "Eastgate"];
    let index = usize::try_from(id).unwrap_or_default();
    let (town, district, dialling_code) = TOWNS[index % TOWNS.len()];
    let street = STREETS[index % STREETS.len()];
    let first_name = FIRST_NAMES[index % FIRST_NAMES.len()];
    let last_name = LAST_NAMES[index / 7 % LAST_NAMES.len()];
    FakeContact {
        id,
        group_id,
        name: name.to_owned(),
        street: format!("{} {street}", 1 + id % 97),
        town: town.to_owned(),
        postcode: format!("{district}{}Z", char::from(b'A' + (id % 26) as u8)),
        country: "United Kingdom".to_owned(),
        person: format!("{first_name} {last_name}"),
        phone: format!("+44{dialling_code}0{:03}", id % 1000),
        email: format!("accounts{id}@{}.example", domain_of(name)),
        // Entered long ago, so that an ordinary poll has no reason to read it.
        last_updated: Some(datetime!(2026-03-02 09:30 UTC)),
        ..FakeContact::default()
    }
}

fn domain_of(name: &str) -> String {
    let letters = name.chars().filter(char::is_ascii_alphabetic);
    let domain: String = letters.map(|c| c.to_ascii_lowercase()).take(20).collect();
    if domain.is_empty() {
        "customer".to_owned()
    } else {
        domain
    }
}

impl Entry {
    /// A contact that fares the same under all choices.
    pub(super) fn new(contact: FakeContact, shows: &'static str, expected: Expected) -> Self {
        Self {
            contact,
            shows,
            cautious: expected,
            authorised: expected,
        }
    }

    /// What becomes of it once everything is authorised.
    pub(super) fn then(mut self, authorised: Expected) -> Self {
        self.authorised = authorised;
        self
    }

    /// With this account reference.
    pub(super) fn account_reference(mut self, text: &str) -> Self {
        text.clone_into(&mut self.contact.account_reference);
        self
    }

    /// With this contact reference.
    pub(super) fn contact_reference(mut self, text: &str) -> Self {
        text.clone_into(&mut self.contact.contact_reference);
        self
    }

    /// With this parent.
    pub(super) fn site_of(mut self, parent: u64) -> Self {
        self.contact.parent_id = Some(parent);
        self
    }

    /// Otherwise changed.
    pub(super) fn with(mut self, change: impl FnOnce(&mut FakeContact)) -> Self {
        change(&mut self.contact);
        self
    }
}
