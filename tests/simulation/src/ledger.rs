//! What has been, as far as the promises speak of it.

use std::collections::{BTreeMap, BTreeSet};

use fake_bigchange::FakeContact;
use fake_xero::Contact as XeroContact;
use rules::{AccountReference, LondonDay, normalise_spaces};
use time::OffsetDateTime;
use uuid::Uuid;

/// What is carried over as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Unit {
    Name,
    Address,
    Phone,
    Email,
    Person,
}

impl Unit {
    pub(crate) const ALL: [Self; 5] = [
        Self::Name,
        Self::Address,
        Self::Phone,
        Self::Email,
        Self::Person,
    ];

    pub(crate) fn as_rules_say(self) -> rules::Unit {
        match self {
            Self::Name => rules::Unit::Name,
            Self::Address => rules::Unit::Address,
            Self::Phone => rules::Unit::Phone,
            Self::Email => rules::Unit::Email,
            Self::Person => rules::Unit::Person,
        }
    }

    pub(crate) fn in_bigchange(self, contact: &FakeContact) -> String {
        let joined = |parts: &[&str]| {
            let parts: Vec<String> = parts.iter().map(|part| normalise_spaces(part)).collect();
            parts.join("|")
        };
        match self {
            Self::Name => joined(&[&contact.name]),
            Self::Address => joined(&[
                &contact.street,
                &contact.town,
                &contact.postcode,
                &contact.country,
            ]),
            Self::Phone => joined(&[&contact.phone]),
            Self::Email => contact.email.trim().to_owned(),
            Self::Person => joined(&[&contact.person]),
        }
    }

    pub(crate) fn in_xero(self, contact: &XeroContact) -> String {
        let address = |field| contact.address("POBOX", field);
        match self {
            Self::Name => contact.name().to_owned(),
            Self::Address => [
                address("AddressLine1"),
                address("City"),
                address("PostalCode"),
                address("Country"),
            ]
            .join("|"),
            Self::Phone => contact.phone("DEFAULT", "PhoneNumber").to_owned(),
            Self::Email => contact.text("EmailAddress").to_owned(),
            Self::Person => normalise_spaces(&format!(
                "{} {}",
                contact.text("FirstName"),
                contact.text("LastName")
            )),
        }
    }
}

/// A value that a person had entered in Xero, and that was written over.
#[derive(Debug, Clone)]
pub(crate) struct Overwritten {
    /// The BigChange contact.
    pub(crate) contact: u64,
    /// The Xero contact.
    pub(crate) xero_id: Uuid,
    pub(crate) unit: Unit,
    pub(crate) value: String,
    /// As people are told it.
    pub(crate) text: String,
    /// Whether it was another value than the one that was carried over last.
    pub(crate) is_correction: bool,
}

/// What has been, as far as the promises speak of it.
#[derive(Default)]
pub(crate) struct Ledger {
    /// When each contact was last queued.
    pub(crate) queued_at: BTreeMap<u64, OffsetDateTime>,
    /// Every value that a unit of a contact ever had in BigChange, in order.
    history: BTreeMap<(u64, Unit), Vec<String>>,
    /// When a unit was last edited in BigChange.
    pub(crate) edited_at: BTreeMap<(u64, Unit), OffsetDateTime>,
    /// Which of those values was last written to a Xero contact.
    pub(crate) written: BTreeMap<(Uuid, Unit), usize>,
    /// When.
    pub(crate) written_at: BTreeMap<(Uuid, Unit), OffsetDateTime>,
    /// For which contact that was.
    pub(crate) written_for: BTreeMap<Uuid, u64>,
    /// The Xero contacts that were changed since they were created.
    pub(crate) changed_in_xero: BTreeSet<Uuid>,
    /// When a person last changed a unit of a Xero contact.
    pub(crate) corrected_at: BTreeMap<(Uuid, Unit), OffsetDateTime>,
    /// What people entered in Xero, as far as nothing was written over it since.
    pub(crate) entered: BTreeMap<(Uuid, Unit), String>,
    /// What was written over what people had entered.
    pub(crate) overwritten: Vec<Overwritten>,
    /// The contacts whose note a person closed, with the code of the problem that it was about.
    pub(crate) notes_closed: BTreeMap<u64, String>,
    /// Those of all time.
    pub(crate) notes_ever_closed: BTreeSet<(u64, String)>,
    /// The digests that were sent, by their day.
    pub(crate) mails: BTreeMap<LondonDay, String>,
    /// Contacts of which a person said that Xero's value stays.
    pub(crate) kept: BTreeSet<u64>,
    /// Since when a Xero contact is archived.
    pub(crate) archived_at: BTreeMap<Uuid, OffsetDateTime>,
    /// Contacts that were account customers at some time.
    pub(crate) customers: BTreeSet<u64>,
    /// The Xero contact that was created for a contact.
    pub(crate) created: BTreeMap<u64, Uuid>,
    /// When each contact was first linked to the Xero contact that it is linked to.
    pub(crate) linked_at: BTreeMap<u64, (Uuid, OffsetDateTime)>,
    /// Since when a contact has had its account reference or contact reference in BigChange.
    pub(crate) has_reference_since: BTreeMap<(u64, String), OffsetDateTime>,
    /// Contacts that changed in a way that only a full sweep sees.
    pub(crate) needs_sweep: BTreeSet<u64>,
    /// When token calls were made.
    pub(crate) token_calls: Vec<OffsetDateTime>,
    /// The version from which a promotion was asked for, in the vault's present call.
    pub(crate) promoting_from: Option<String>,
    /// Whether a person has disconnected the app.
    pub(crate) is_disconnected: bool,
    /// Calls to Xero's API while the app was disconnected.
    pub(crate) calls_while_dead: usize,
    /// Contacts whose contact reference a person has edited.
    pub(crate) contact_reference_edited: BTreeSet<u64>,
    /// Writes to BigChange and Xero.
    pub(crate) outside_writes: usize,
    /// Calls to Xero's API.
    pub(crate) api_calls: usize,
}

impl Ledger {
    /// Takes a contact as a person has just left it in BigChange.
    pub(crate) fn look_at(&mut self, contact: &FakeContact, now: OffsetDateTime) {
        use crate::profile::CUSTOMERS;
        for unit in Unit::ALL {
            let value = unit.in_bigchange(contact);
            let history = self.history.entry((contact.id, unit)).or_default();
            if history.last() != Some(&value) {
                history.push(value);
                self.edited_at.insert((contact.id, unit), now);
            }
        }
        if contact.group_id == CUSTOMERS && contact.parent_id.is_none() {
            self.customers.insert(contact.id);
        }
        for text in [&contact.account_reference, &contact.contact_reference] {
            if let Ok(reference) = AccountReference::parse(text) {
                let key = (contact.id, reference.folded().to_owned());
                self.has_reference_since.entry(key).or_insert(now);
            }
        }
    }

    pub(crate) fn value_no(&self, contact: u64, unit: Unit, index: usize) -> Option<String> {
        self.history.get(&(contact, unit))?.get(index).cloned()
    }

    /// The value that a unit had before its present one.
    pub(crate) fn before_last(&self, contact: u64, unit: Unit) -> Option<String> {
        let history = self.history.get(&(contact, unit))?;
        history.iter().rev().nth(1).cloned()
    }

    /// The app is connected again.
    pub(crate) fn was_reconnected(&mut self) {
        self.calls_while_dead = 0;
    }

    pub(crate) fn index_of(&self, contact: u64, unit: Unit, value: &str) -> Option<usize> {
        let history = self.history.get(&(contact, unit))?;
        history.iter().rposition(|known| known == value)
    }
}
