//! The contacts of the fake Xero as the rules see them.

use std::collections::BTreeMap;

use fake_xero::Status;
use rules::{
    Address, Alike, ContactData, ContactNumber, ContactStatus, Details, Person, Settings,
    XeroContact,
};
use runtime::records::ContactRecord;

use crate::world::World;

/// The contact that a Xero contact carries our number for.
pub(crate) fn ours(contact: &fake_xero::Contact) -> Option<u64> {
    contact
        .text("ContactNumber")
        .strip_prefix("BigChange-")?
        .parse()
        .ok()
}

pub(crate) fn as_rules_see(fake: &fake_xero::Contact) -> Option<XeroContact> {
    Some(XeroContact {
        id: fake.id.try_into().ok()?,
        name: fake.name().to_owned(),
        status: match fake.status {
            Status::Active => ContactStatus::Active,
            Status::Archived => ContactStatus::Archived,
            Status::Erased => ContactStatus::Erased,
        },
        account_number: fake.text("AccountNumber").to_owned(),
        contact_number: ContactNumber::from_xero(fake.text("ContactNumber")),
        merged_into: fake.merged_into.and_then(|id| id.try_into().ok()),
        data: data(fake),
        details: Some(Box::new(details(fake))),
    })
}

fn details(fake: &fake_xero::Contact) -> Details {
    let address = |field| fake.address("POBOX", field).to_owned();
    Details {
        name: fake.name().to_owned(),
        address: Address {
            street: address("AddressLine1"),
            town: address("City"),
            postcode: address("PostalCode"),
            country: address("Country"),
        },
        phone: fake.phone("DEFAULT", "PhoneNumber").to_owned(),
        email: fake.text("EmailAddress").to_owned(),
        person: Person {
            first_names: fake.text("FirstName").to_owned(),
            last_name: fake.text("LastName").to_owned(),
        },
        not_known: std::collections::BTreeSet::new(),
    }
}

fn data(fake: &fake_xero::Contact) -> ContactData {
    let mut data = ContactData::default().email(fake.text("EmailAddress"));
    for kind in ["DEFAULT", "DDI", "MOBILE", "FAX", "OFFICE"] {
        let part = |field| fake.phone(kind, field);
        let (country, area) = (part("PhoneCountryCode"), part("PhoneAreaCode"));
        data = data.phone(&format!("{country}{area}{}", part("PhoneNumber")));
    }
    for kind in ["POBOX", "STREET"] {
        let part = |field| fake.address(kind, field);
        data = data
            .postcode(part("PostalCode"))
            .street(part("AddressLine1"))
            .street(part("AddressLine2"));
    }
    data
}

/// The active contacts that are like a customer, by comparing each.
pub(crate) fn alike(customer: rules::Compared<'_>, contacts: &[XeroContact]) -> Vec<Alike> {
    let active = contacts
        .iter()
        .filter(|contact| contact.status == ContactStatus::Active);
    active
        .filter_map(|contact| {
            let found = rules::likeness(customer, contact.compared(), 1)?;
            Some(Alike {
                xero: contact.into(),
                linked_to: None,
                grade: found.grade,
                evidence: found.evidence,
            })
        })
        .collect()
}

/// The Xero contact of ours that a contact of ours was created beside, although the two are likely
/// one customer and nobody said that they are two. One that was changed within `recently` may not
/// have been seen.
pub(crate) fn double(
    world: &World,
    created: &fake_xero::Contact,
    recently: time::Duration,
) -> Option<uuid::Uuid> {
    let settings = [
        Some(&world.profile.settings),
        world.profile.later_settings.as_ref(),
    ];
    let holds = |settings: &BTreeMap<String, String>| {
        let read = Settings::read(|name| settings.get(name).cloned());
        read.is_ok_and(|settings| settings.hold_likely_duplicates)
    };
    if !settings.into_iter().flatten().all(holds) {
        return None;
    }
    let own = ours(created)?;
    let word = world.record::<ContactRecord>(&own.to_string());
    let word = word.unwrap_or_default().manual_match;
    let new = as_rules_see(created)?;
    let since = (world.now - recently).unix_timestamp() * 1_000;
    let others = world.xero.contacts().filter(|other| {
        let was_changed = world.ledger.changed_in_xero.contains(&other.id);
        let is_settled = !was_changed || other.updated_unix_ms < since;
        other.id != created.id && ours(other).is_some_and(|other| other != own) && is_settled
    });
    let others: Vec<XeroContact> = others.filter_map(as_rules_see).collect();
    let alike = alike(new.compared(), &others);
    let double = alike.iter().find(|one| {
        let is_said =
            word.distinct_from.contains(&one.xero.id) || word.excluded.contains(&one.xero.id);
        one.grade == rules::Grade::Likely && !is_said
    });
    double.map(|one| one.xero.id.into())
}
