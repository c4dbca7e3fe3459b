//! What became of the sample company: read from both systems and from the table, and held against what was expected.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context;
use fake_bigchange::FakeContact;
use fake_xero::FakeXero;
use rules::{
    AccountType, Contact, ContactId, ContactNumber, GroupId, Notice, Participation, Settings, Skip,
    participation,
};
use runtime::records::ProblemRecord;
use uuid::Uuid;

use crate::company::{Expected, Synced};
use crate::stack::{LocalStack, Remembered};

/// One contact, as it is now.
#[derive(Debug, Clone)]
pub struct Observed {
    /// In BigChange.
    pub contact: FakeContact,
    /// What became of it.
    pub outcome: Outcome,
    /// Notices on it.
    pub notices: Vec<Notice>,
}

/// What became of a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Left alone, as it should be.
    LeftAlone(Skip),
    /// Held with a problem: the record that the accounts admin reads.
    Held(Box<ProblemRecord>),
    /// Linked to a Xero contact.
    Linked {
        /// Its name in Xero.
        name: String,
        /// Its account number in Xero.
        account_number: String,
        /// Whether it was created by the synchronisation.
        created: bool,
    },
    /// Neither synchronised nor held.
    Unfinished,
}

impl Observed {
    /// The code of its problem, if it is held.
    #[must_use]
    pub fn problem_code(&self) -> Option<&'static str> {
        match &self.outcome {
            Outcome::Held(held) => Some(held.problem.code()),
            _ => None,
        }
    }
}

/// Looks at every contact in BigChange. `known` are the Xero contacts that were there before anything was synchronised.
///
/// # Errors
/// When the table cannot be read, or links to a contact that Xero does not have.
pub async fn observe(
    stack: &LocalStack,
    settings: &Settings,
    known: &BTreeSet<Uuid>,
) -> anyhow::Result<BTreeMap<u64, Observed>> {
    let remembered = stack.remembered().await?;
    let contacts = stack.bigchange.core().dump().contacts;
    let xero = stack.xero.core();
    contacts
        .into_iter()
        .map(|contact| {
            let id = ContactId::try_from(contact.id)?;
            let observed = observe_one(contact, id, &remembered, settings, known, &xero)?;
            Ok((id.get(), observed))
        })
        .collect()
}

fn observe_one(
    contact: FakeContact,
    id: ContactId,
    remembered: &Remembered,
    settings: &Settings,
    known: &BTreeSet<Uuid>,
    xero: &FakeXero,
) -> anyhow::Result<Observed> {
    let record = remembered.contacts.get(&id).map(|stored| &stored.value);
    let link = record.and_then(|record| record.link.as_ref());
    let outcome = if let Some(held) = remembered.problems.get(&id) {
        Outcome::Held(Box::new(held.value.clone()))
    } else if let Participation::Skip(skip) = participation(&as_read(&contact)?, settings) {
        Outcome::LeftAlone(skip)
    } else if let Some(link) = link {
        let xero_id = Uuid::from(link.xero_id);
        let linked = xero
            .contact(xero_id)
            .with_context(|| format!("{id} is linked to a contact that Xero does not have"))?;
        Outcome::Linked {
            name: linked.name().to_owned(),
            account_number: linked.text("AccountNumber").to_owned(),
            created: !known.contains(&xero_id)
                && linked.text("ContactNumber") == ContactNumber::ours(id).to_string(),
        }
    } else {
        Outcome::Unfinished
    };
    Ok(Observed {
        contact,
        outcome,
        notices: record.map(|r| r.notices.clone()).unwrap_or_default(),
    })
}

/// The contact as the rules see it.
fn as_read(contact: &FakeContact) -> anyhow::Result<Contact> {
    Ok(Contact {
        id: ContactId::try_from(contact.id)?,
        group: GroupId::try_from(contact.group_id).ok(),
        parent: contact.parent_id.map(ContactId::try_from).transpose()?,
        deleted: contact.deleted_at.is_some(),
        excluded_from_financial_sync: contact.financial_sync_exclude,
        name: contact.name.clone(),
        street: contact.street.clone(),
        town: contact.town.clone(),
        postcode: contact.postcode.clone(),
        country: contact.country.clone(),
        person: contact.person.clone(),
        phone: contact.phone.clone(),
        email: contact.email.clone(),
        extra: contact.extra.clone(),
        contact_reference: contact.contact_reference.clone(),
        account_reference: contact.account_reference.clone(),
        account_type: contact.account_type.map(AccountType),
        missing: std::collections::BTreeSet::new(),
    })
}

/// How an observed contact differs from what was expected; nothing where it does not. `entered` is the contact before it was synchronised.
#[must_use]
pub fn mismatches(expected: Expected, entered: &FakeContact, seen: &Observed) -> Vec<String> {
    match (expected, &seen.outcome) {
        (Expected::Skip(expected), Outcome::LeftAlone(skip)) if expected == *skip => Vec::new(),
        (Expected::Held(code), Outcome::Held(held)) if code == held.problem.code() => Vec::new(),
        (Expected::HeldByEither(one, other), Outcome::Held(held))
            if [one, other].contains(&held.problem.code()) =>
        {
            Vec::new()
        }
        (
            Expected::Linked(expected_name, synced),
            Outcome::Linked {
                name,
                created: false,
                ..
            },
        ) if expected_name == name => references(synced, entered, seen),
        (Expected::Created(synced), Outcome::Linked { created: true, .. }) => {
            references(synced, entered, seen)
        }
        (expected, outcome) => {
            vec![format!("expected {expected:?}, but it is {outcome:?}")]
        }
    }
}

fn references(expected: Synced, entered: &FakeContact, seen: &Observed) -> Vec<String> {
    let contact = &seen.contact;
    let contact_reference = expected
        .contact_reference
        .unwrap_or(&entered.contact_reference);
    let notices: Vec<&str> = seen.notices.iter().map(Notice::code).collect();
    let expected_notices: Vec<&str> = expected.notice.into_iter().collect();
    let mut wrong = Vec::new();
    if contact.account_reference != expected.account_reference {
        wrong.push(format!(
            "expected the account reference {:?}, but it is {:?}",
            expected.account_reference, contact.account_reference
        ));
    }
    if contact.contact_reference != contact_reference {
        wrong.push(format!(
            "expected the contact reference {contact_reference:?}, but it is {:?}",
            contact.contact_reference
        ));
    }
    if contact.account_type != Some(AccountType::XERO.0) {
        wrong.push(format!(
            "expected the account type of Xero, but it is {:?}",
            contact.account_type
        ));
    }
    if notices != expected_notices {
        wrong.push(format!(
            "expected the notices {expected_notices:?}, but they are {notices:?}"
        ));
    }
    wrong
}
