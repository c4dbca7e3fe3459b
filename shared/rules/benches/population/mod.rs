//! Contacts of five kinds in equal parts: new with an account reference, new without one, matched
//! by name, linked and unchanged, linked and changed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark stops at the first thing that is not as it should be"
)]

use std::collections::BTreeMap;
use std::hint::black_box;

use rules::{
    AccountReference, Contact, ContactData, ContactId, ContactStatus, Decision, GroupId, Link,
    ManualMatch, Participation, Settings, Snapshot, XeroContact, XeroContactId, decide,
    participation,
};

/// What is to be decided about.
pub(crate) struct Population {
    settings: Settings,
    cases: Vec<Case>,
    holders: BTreeMap<AccountReference, ContactId>,
}

struct Case {
    contact: Contact,
    link: Option<Link>,
    found: Vec<XeroContact>,
    linked: BTreeMap<XeroContactId, ContactId>,
}

impl Population {
    /// So many contacts.
    #[must_use]
    pub(crate) fn of(contacts: usize) -> Self {
        let settings = Settings::read(|name| {
            let value = match name {
                "ACCOUNT_GROUP_IDS" => "10",
                "SITE_GROUP_IDS" => "20",
                "CREATE_IN_XERO" | "GENERATE_ACCOUNT_REF" => "true",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let settings = settings.unwrap();
        let cases = (1..=contacts).map(|n| case(n, &settings)).collect();
        Self {
            settings,
            cases,
            holders: BTreeMap::new(),
        }
    }

    /// Decides about each as the worker does: whether it takes part, what to ask Xero, and what to
    /// do with the answer. Returns how many plans came of it.
    #[must_use]
    pub(crate) fn decide_all(&self) -> usize {
        self.cases
            .iter()
            .filter(|case| self.decides_on_a_plan(case))
            .count()
    }

    fn decides_on_a_plan(&self, case: &Case) -> bool {
        let Participation::TakesPart(customer) = participation(&case.contact, &self.settings)
        else {
            return false;
        };
        let mut snapshot = Snapshot {
            customer: &customer,
            settings: &self.settings,
            link: case.link.as_ref(),
            manual_match: &ManualMatch::default(),
            in_doubt: None,
            generated: None,
            contact_reference_due: None,
            keep: None,
            is_to_be_looked_at: false,
            found: None,
            alike: &[],
            linked: &case.linked,
            holders: &self.holders,
        };
        let mut decision = decide(&snapshot);
        if let Decision::Ask(question) = &decision {
            black_box(question);
            snapshot.found = Some(&case.found);
            decision = decide(&snapshot);
        }
        matches!(black_box(decision), Decision::Apply(_))
    }
}

fn case(n: usize, settings: &Settings) -> Case {
    let mut contact = Contact {
        id: ContactId::try_from(u64::try_from(n).unwrap()).unwrap(),
        group: Some(GroupId::try_from(10).unwrap()),
        parent: None,
        deleted: false,
        excluded_from_financial_sync: false,
        name: format!("Café {n} & Söhne Ltd"),
        street: format!("{n} High Street"),
        town: "Leeds".to_owned(),
        postcode: "LS1 1AA".to_owned(),
        country: "United Kingdom".to_owned(),
        person: "Mary Ann Smith".to_owned(),
        phone: format!("+44113{n:07}"),
        email: format!("office{n}@example.com"),
        extra: String::new(),
        contact_reference: String::new(),
        account_reference: format!("REF{n}"),
        account_type: None,
        missing: std::collections::BTreeSet::new(),
    };
    let xero_id: XeroContactId = format!("00000000-0000-0000-0000-{n:012}").parse().unwrap();
    let mut found = Vec::new();
    let mut link = None;
    match n % 5 {
        0 => {}
        1 => contact.account_reference.clear(),
        2 => found.push(XeroContact {
            id: xero_id,
            name: contact.name.clone(),
            account_number: String::new(),
            contact_number: None,
            status: ContactStatus::Active,
            merged_into: None,
            data: ContactData::default(),
            details: None,
        }),
        kind => {
            contact.account_type = Some(rules::AccountType::XERO);
            let Participation::TakesPart(customer) = participation(&contact, settings) else {
                panic!("an ordinary customer takes part");
            };
            let reference = AccountReference::parse(&contact.account_reference).unwrap();
            let synced = customer.details.clone();
            link = Some(Link::new(xero_id, reference.clone(), synced.clone()));
            if kind == 4 {
                contact.phone.push('9');
                found.push(XeroContact {
                    id: xero_id,
                    name: contact.name.clone(),
                    account_number: reference.to_string(),
                    contact_number: None,
                    status: ContactStatus::Active,
                    merged_into: None,
                    data: ContactData::default(),
                    details: Some(Box::new(synced)),
                });
            }
        }
    }
    Case {
        contact,
        link,
        found,
        linked: BTreeMap::new(),
    }
}
