//! What holds for any contact, any ledger and any state that the store may be in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rules::{
    AccountReference, AccountType, Address, Contact, ContactData, ContactId, ContactNumber,
    ContactStatus, Customer, Decision, Details, DisplayNames, Earlier, Fingerprint, GroupId,
    InDoubt, Link, ManualMatch, NameKey, Notice, OnConflict, Participation, Person, Plan, Problem,
    Settings, Snapshot, SyncAction, Unit, Watch, XeroChanges, XeroContact, XeroContactId,
    XeroWrite, code_prefix, codes, contact_fingerprint, decide, looks_like_a_code,
    normalise_spaces, participation,
};

const ACCOUNT_GROUP: u64 = 10;
const SITE_GROUP: u64 = 20;
/// Where the model's Xero puts what it creates.
const CREATED: u128 = 99;

fn group(id: u64) -> GroupId {
    GroupId::try_from(id).unwrap()
}

fn xero_id(n: u128) -> XeroContactId {
    uuid::Uuid::from_u128(n).try_into().unwrap()
}

/// A contact's state on all sides: BigChange, Xero, the store.
#[derive(Debug, Clone)]
struct World {
    contact: Contact,
    settings: Settings,
    link: Option<Link>,
    manual_match: ManualMatch,
    in_doubt: Option<InDoubt>,
    generated: Option<AccountReference>,
    contact_reference_due: Option<AccountReference>,
    is_to_be_looked_at: bool,
    found: Option<Vec<XeroContact>>,
    linked: BTreeMap<XeroContactId, ContactId>,
    holders: BTreeMap<AccountReference, ContactId>,
}

impl World {
    fn customer(&self) -> Option<Customer> {
        match participation(&self.contact, &self.settings) {
            Participation::TakesPart(customer) => Some(*customer),
            Participation::Skip(_) | Participation::Held(_) => None,
        }
    }

    /// What a worker decides; `None` if the contact takes no part.
    fn decide(&self) -> Option<Decision> {
        self.customer().map(|customer| {
            decide(&Snapshot {
                customer: &customer,
                settings: &self.settings,
                link: self.link.as_ref(),
                manual_match: &self.manual_match,
                in_doubt: self.in_doubt.as_ref(),
                generated: self.generated.as_ref(),
                contact_reference_due: self.contact_reference_due.as_ref(),
                keep: None,
                is_to_be_looked_at: self.is_to_be_looked_at,
                found: self.found.as_deref(),
                alike: &[],
                linked: &self.linked,
                holders: &self.holders,
            })
        })
    }

    fn plan(&self) -> Option<Plan> {
        match self.decide() {
            Some(Decision::Apply(plan)) => Some(*plan),
            _ => None,
        }
    }

    /// Xero shows of the linked contact what `shown` says, and is as the link says otherwise.
    fn shows(&mut self, shown: &Details) {
        let link = self.link.as_ref().expect("it is linked");
        self.found = Some(vec![XeroContact {
            id: link.xero_id,
            name: shown.name.clone(),
            account_number: link.account_reference.to_string(),
            contact_number: link.contact_number.clone(),
            status: ContactStatus::Active,
            merged_into: None,
            data: ContactData::default(),
            details: Some(Box::new(shown.clone())),
        }]);
    }

    /// The Xero contact that a plan was made about, if Xero was asked.
    fn seen(&self, plan: &Plan) -> Option<&XeroContact> {
        let id = plan.xero.existing()?;
        self.found.as_ref()?.iter().find(|contact| contact.id == id)
    }

    /// Does what the plan says and remembers it, as a worker does that gets to the end.
    fn apply(&mut self, plan: &Plan) {
        let found = self.found.get_or_insert_default();
        let id = match &plan.xero {
            XeroWrite::Unknown(_) => unreachable!("never decided"),
            XeroWrite::Nothing { id } => *id,
            XeroWrite::Create(new) => {
                let id = xero_id(CREATED);
                found.push(XeroContact {
                    id,
                    name: new.name.clone(),
                    account_number: new.account_number.to_string(),
                    contact_number: Some(new.contact_number.clone()),
                    status: ContactStatus::Active,
                    merged_into: None,
                    data: ContactData::default(),
                    details: Some(Box::new(plan.synced.clone())),
                });
                id
            }
            XeroWrite::Change { id, changes, .. } => {
                if let Some(contact) = found.iter_mut().find(|contact| contact.id == *id) {
                    if let Some(name) = &changes.name {
                        contact.name.clone_from(name);
                    }
                    if let Some(number) = &changes.account_number {
                        contact.account_number = number.to_string();
                    }
                    if let Some(shown) = &mut contact.details {
                        apply_to_details(shown, changes);
                    }
                }
                *id
            }
        };
        if plan.bigchange_account {
            self.contact.account_reference = plan.account_reference.to_string();
            self.contact.account_type = Some(AccountType::XERO);
        }
        if plan.bigchange_contact_reference {
            self.contact.contact_reference = plan.account_reference.to_string();
        }
        let found = self.found.iter().flatten().find(|found| found.id == id);
        self.link = Some(Link::after(self.link.as_ref(), plan, id, found, None));
        self.is_to_be_looked_at = false;
        self.linked.insert(id, self.contact.id);
        self.holders
            .insert(plan.account_reference.clone(), self.contact.id);
        self.in_doubt = None;
        self.contact_reference_due = None;
    }
}

/// What Xero holds of the fields that are carried over, and what a write makes of it.
fn apply_to_details(details: &mut Details, changes: &XeroChanges) {
    let XeroChanges {
        name,
        account_number: _,
        address,
        phone,
        email,
        person,
    } = changes.clone();
    details.name = name.unwrap_or(details.name.clone());
    details.address = address.unwrap_or(details.address.clone());
    details.phone = phone.unwrap_or(details.phone.clone());
    details.email = email.unwrap_or(details.email.clone());
    details.person = person.unwrap_or(details.person.clone());
}

/// Whether two customers are the same, as values are compared.
fn is_same(one: &Details, other: &Details) -> bool {
    Unit::ALL.into_iter().all(|unit| unit.is_same(one, other))
}

fn changes_of(plan: &Plan) -> XeroChanges {
    match &plan.xero {
        XeroWrite::Change { changes, .. } => (**changes).clone(),
        XeroWrite::Nothing { .. } | XeroWrite::Create(_) => XeroChanges::default(),
        XeroWrite::Unknown(_) => unreachable!("never decided"),
    }
}

// What Xero takes, written down a second time, from its published limits.

fn is_xero_text(text: &str, max_chars: usize) -> bool {
    text.chars().count() <= max_chars
        && !text.chars().any(char::is_control)
        && text.trim() == text
        && !text.contains("  ")
}

fn is_xero_name(name: &str) -> bool {
    !name.is_empty() && is_xero_text(name, 255) && !name.contains(['<', '>'])
}

fn is_xero_email(email: &str) -> bool {
    email.is_empty()
        || (email.is_ascii()
            && email.len() <= 255
            && email.bytes().filter(|b| *b == b'@').count() == 1
            && !email.starts_with('@')
            && !email.ends_with('@')
            && email.bytes().all(|b| b.is_ascii_graphic())
            && !email.contains([',', ';', '<', '>']))
}

fn is_xero_address(address: &Address) -> bool {
    is_xero_text(&address.street, 500)
        && is_xero_text(&address.town, 255)
        && is_xero_text(&address.postcode, 50)
        && is_xero_text(&address.country, 50)
        && address
            .country
            .chars()
            .all(|c| c.is_alphabetic() || c == ' ')
}

fn is_xero_person(person: &Person) -> bool {
    is_xero_text(&person.first_names, 255) && is_xero_text(&person.last_name, 255)
}

fn is_xero_number(number: &AccountReference) -> bool {
    let text = number.as_str();
    !text.is_empty()
        && text.chars().count() <= 50
        && text.trim() == text
        && !text.chars().any(char::is_control)
}

/// Whether Xero would take everything that a plan sends to it.
fn xero_takes(write: &XeroWrite) -> bool {
    match write {
        XeroWrite::Unknown(_) => false,
        XeroWrite::Nothing { .. } => true,
        XeroWrite::Create(new) => {
            let blank_is_left_out = |text: &Option<String>| text.as_deref() != Some("");
            is_xero_name(&new.name)
                && is_xero_number(&new.account_number)
                && new.contact_number.as_str().chars().count() <= 50
                && new.address.as_ref().is_none_or(is_xero_address)
                && new.phone.as_ref().is_none_or(|text| is_xero_text(text, 50))
                && new.email.as_deref().is_none_or(is_xero_email)
                && new.person.as_ref().is_none_or(is_xero_person)
                && blank_is_left_out(&new.phone)
                && blank_is_left_out(&new.email)
        }
        XeroWrite::Change { changes, .. } => {
            !changes.is_empty()
                && changes.name.as_deref().is_none_or(is_xero_name)
                && changes.account_number.as_ref().is_none_or(is_xero_number)
                && changes.address.as_ref().is_none_or(is_xero_address)
                && changes
                    .phone
                    .as_ref()
                    .is_none_or(|text| is_xero_text(text, 50))
                && changes.email.as_deref().is_none_or(is_xero_email)
                && changes.person.as_ref().is_none_or(is_xero_person)
        }
    }
}

// Texts. (Every strategy is boxed: nested by value, a world of them is larger than a test thread's
// stack.)

fn awkward_char() -> BoxedStrategy<char> {
    prop_oneof![
        6 => proptest::char::range('a', 'z'),
        2 => proptest::char::range('0', '9'),
        2 => select(vec![' ', '\t', '\r', '\n', '\u{a0}', '\u{3000}', '\u{2028}']),
        1 => select(vec!['\0', '\u{7}', '\u{7f}', '\u{9f}', '\u{feff}', '\u{200b}', '\u{202e}', '\u{200d}']),
        1 => select(vec!['<', '>', '"', '\'', ',', ';', '@', '.', '&', '+', '\\', '-', '/']),
        1 => select(vec!['ß', 'İ', 'ı', 'é', '\u{301}', '\u{345}', 'ﬁ', 'Σ', 'ς', 'Ǆ', '東', 'ش', 'א', '👩', '🏽']),
        1 => any::<char>(),
    ].boxed()
}

/// Any text, from blank to more than any limit: a few characters, repeated.
fn awkward_text() -> BoxedStrategy<String> {
    let times = prop_oneof![4 => Just(1), 1 => 4..12usize, 1 => 20..70usize];
    (vec(awkward_char(), 0..12), times)
        .prop_map(|(chars, times)| chars.into_iter().collect::<String>().repeat(times))
        .boxed()
}

/// Mostly a usable text, so that the contact takes part; sometimes any.
fn text_or(usual: &'static [&'static str]) -> BoxedStrategy<String> {
    prop_oneof![
        7 => select(usual).prop_map(str::to_owned),
        1 => awkward_text(),
    ]
    .boxed()
}

const NAMES: &[&str] = &["Acme Ltd", "ACME  ltd ", "acme ltd", "Straße"];
const REFERENCES: &[&str] = &["", " ", "A-1", "a-1 ", "B-2", "C\t3"];
const CONTACT_NUMBERS: &[&str] = &["", "", "", "BigChange-1", "bigchange-2", "CRM-9"];
const EMAILS: &[&str] = &[
    "",
    "jo@acme.example",
    "Jo <jo@acme.example>",
    "a@b.example;c@d.example",
    "jo@[10.0.0.1]",
];

// Contacts, ledgers, stores: from so few values that they meet often.

fn contact_id() -> BoxedStrategy<ContactId> {
    (1..4u64)
        .prop_map(|id| ContactId::try_from(id).unwrap())
        .boxed()
}

fn some_xero_id() -> BoxedStrategy<XeroContactId> {
    (1..5u128).prop_map(xero_id).boxed()
}

fn reference() -> BoxedStrategy<AccountReference> {
    select(vec!["A-1", "a-1", "B-2", "ACME0001", "ACME0002"])
        .prop_map(|text| AccountReference::parse(text).unwrap())
        .boxed()
}

/// A contact of an account group, most of whose fields are usable.
fn account_contact() -> BoxedStrategy<Contact> {
    let texts = (
        text_or(NAMES),
        text_or(&["1 High Street", "2 Low Street", ""]),
        text_or(&["Leeds", "York", ""]),
        text_or(&["LS1 1AA", ""]),
        text_or(&["United Kingdom", "U.K.", ""]),
        text_or(&["Jo van Dam", "Jo", ""]),
        text_or(&["+441130000000", "0113 000", ""]),
        text_or(EMAILS),
        text_or(&["", "SEARCH-ME"]),
        text_or(REFERENCES),
    );
    let account_type = option::of((0..4i64).prop_map(AccountType));
    (contact_id(), texts, account_type).prop_map(|(id, texts, account_type)| {
        let (name, street, town, postcode, country, person, phone, email, searched_by, account) =
            texts;
        Contact {
            id,
            group: Some(group(ACCOUNT_GROUP)),
            parent: None,
            deleted: false,
            excluded_from_financial_sync: false,
            name,
            street,
            town,
            postcode,
            country,
            person,
            phone,
            email,
            extra: String::new(),
            contact_reference: searched_by,
            account_reference: account,
            account_type,
            missing: std::collections::BTreeSet::new(),
        }
    }).boxed()
}

/// Any contact, most of which take no part.
fn any_contact() -> BoxedStrategy<Contact> {
    let groups = select(vec![None, Some(ACCOUNT_GROUP), Some(SITE_GROUP), Some(30)]);
    let flags = (any::<bool>(), any::<bool>());
    let parent = option::of(contact_id());
    (account_contact(), groups, parent, flags, awkward_text())
        .prop_map(|(mut contact, id, parent, (deleted, excluded), extra)| {
            contact.group = id.map(group);
            contact.parent = parent;
            contact.deleted = deleted;
            contact.excluded_from_financial_sync = excluded;
            contact.extra = extra;
            contact
        })
        .boxed()
}

fn settings() -> BoxedStrategy<Settings> {
    any::<(bool, bool, bool, bool)>()
        .prop_map(|(generate, create, by_name, update)| Settings {
            account_groups: [group(ACCOUNT_GROUP)].into(),
            site_groups: [group(SITE_GROUP)].into(),
            generate_account_reference: generate,
            create_in_xero: create,
            match_by_name: by_name,
            update_in_xero: update,
            hold_likely_duplicates: true,
            on_conflict: OnConflict::BigChange,
            people: rules::PeopleSettings::default(),
            sync_enabled: false,
        })
        .boxed()
}

fn xero_contact() -> BoxedStrategy<XeroContact> {
    let status = prop_oneof![
        4 => Just(ContactStatus::Active),
        1 => Just(ContactStatus::Archived),
        1 => Just(ContactStatus::Erased),
    ];
    (
        some_xero_id(),
        text_or(NAMES),
        text_or(REFERENCES),
        text_or(CONTACT_NUMBERS),
        status,
        option::of(some_xero_id()),
        synced(),
    )
        .prop_map(
            |(id, name, account_number, contact_number, status, merged_into, shown)| XeroContact {
                details: Some(Box::new(shown)),
                id,
                name,
                account_number,
                contact_number: ContactNumber::from_xero(&contact_number),
                status,
                merged_into,
                data: ContactData::default(),
            },
        )
        .boxed()
}

/// What Xero answers: each contact once.
fn ledger() -> BoxedStrategy<Vec<XeroContact>> {
    vec(xero_contact(), 0..3)
        .prop_map(|contacts| {
            let by_id: BTreeMap<_, _> = contacts.into_iter().map(|c| (c.id, c)).collect();
            by_id.into_values().collect()
        })
        .boxed()
}

/// What was once carried over: what a customer had.
fn synced() -> BoxedStrategy<Details> {
    account_contact()
        .prop_map(|contact| details_of(&contact).unwrap_or_else(usual_details))
        .boxed()
}

fn details_of(contact: &Contact) -> Option<Details> {
    let settings = Settings {
        account_groups: [group(ACCOUNT_GROUP)].into(),
        site_groups: [].into(),
        generate_account_reference: false,
        create_in_xero: false,
        match_by_name: true,
        update_in_xero: true,
        hold_likely_duplicates: true,
        on_conflict: OnConflict::BigChange,
        people: rules::PeopleSettings::default(),
        sync_enabled: false,
    };
    match participation(contact, &settings) {
        Participation::TakesPart(customer) => Some(customer.details),
        Participation::Skip(_) | Participation::Held(_) => None,
    }
}

fn usual_details() -> Details {
    Details {
        name: "Acme Ltd".to_owned(),
        ..Details::default()
    }
}

fn in_doubt() -> BoxedStrategy<InDoubt> {
    let units = any::<(bool, bool, bool, bool, bool)>();
    let changes = (synced(), option::of(reference()), units).prop_map(
        |(was, account_number, (name, address, phone, email, person))| XeroChanges {
            name: name.then_some(was.name),
            account_number,
            address: address.then_some(was.address),
            phone: phone.then_some(was.phone),
            email: email.then_some(was.email),
            person: person.then_some(was.person),
        },
    );
    prop_oneof![
        synced().prop_map(InDoubt::Create),
        (changes, synced()).prop_map(|(changes, synced)| InDoubt::Update {
            changes: Box::new(changes),
            synced,
            before: None,
            notices: Vec::new(),
            earlier: Earlier::default(),
        }),
    ]
    .boxed()
}

prop_compose! {
    /// Any state that the three sides may be in. A reference that the store keeps for the contact
    /// (its link's, its code) is reserved for it.
    fn world(contacts: BoxedStrategy<Contact>)(
        contact in contacts,
        settings in settings(),
        link in option::weighted(0.3, (some_xero_id(), reference(), synced())),
        in_doubt in option::of(in_doubt()),
        generated in option::of(reference()),
        contact_reference_due in option::of(reference()),
        mut found in option::weighted(0.9, ledger()),
        (namesake, is_to_be_looked_at) in any::<(bool, bool)>(),
        mut linked in btree_map(some_xero_id(), contact_id(), 0..3),
        mut holders in btree_map(reference(), contact_id(), 0..3),
    ) -> World {
        // Left to chance, the two sides would seldom meet.
        if namesake && let Some(first) = found.iter_mut().flatten().next() {
            first.name.clone_from(&contact.name);
            first.status = ContactStatus::Active;
        }
        if let Some(code) = &generated {
            holders.insert(code.clone(), contact.id);
        }
        let link = link.map(|(xero_id, account_reference, synced)| {
            holders.insert(account_reference.clone(), contact.id);
            linked.insert(xero_id, contact.id);
            Link::new(xero_id, account_reference, synced)
        });
        World { contact, settings, link, manual_match: ManualMatch::default(), in_doubt, generated, contact_reference_due, is_to_be_looked_at, found, linked, holders }
    }
}

fn account_world() -> BoxedStrategy<World> {
    world(account_contact()).boxed()
}

/// A world whose contact was brought in line under the settings in which edits are carried over.
fn synced_world() -> BoxedStrategy<World> {
    account_world()
        .prop_filter_map("nothing to apply", |mut world| {
            world.settings.update_in_xero = true;
            let plan = world.plan()?;
            world.apply(&plan);
            Some(world)
        })
        .boxed()
}

/// A failure is put into the tables as a row, not into a file of seeds.
fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 384,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nothing_of_xeros_own_is_written_over_without_being_told(
        mut world in synced_world(),
        corrected in synced(),
        edited in account_contact(),
        holds in any::<bool>(),
    ) {
        let carried = world.link.clone().unwrap().synced;
        world.shows(&corrected);
        world.contact = Contact {
            id: world.contact.id,
            account_reference: world.contact.account_reference.clone(),
            ..edited
        };
        if holds {
            world.settings.on_conflict = OnConflict::Hold;
        }
        if let (Some(plan), Some(customer)) = (world.plan(), world.customer()) {
            let changes = changes_of(&plan);
            for unit in Unit::ALL {
                let is_corrected = !unit.is_same(&corrected, &carried);
                let is_overwritten = unit.is_in(&changes) && is_corrected;
                let is_told = plan.notices.iter().any(|notice| {
                    matches!(notice, Notice::CorrectionOverwritten { field, .. } if *field == unit.field())
                });
                let is_blank = unit.compared(&corrected).is_empty();
                prop_assert!(is_told == is_overwritten || (is_blank && !is_told), "{:?}", unit);
                let is_held = plan.conflicts.iter().any(|conflict| conflict.unit == unit);
                prop_assert!(!is_held || (holds && !unit.is_in(&changes)), "{:?}", unit);
                prop_assert!(!holds || !is_overwritten || unit.compared(&corrected).is_empty(), "{:?}", unit);
                // What is held is still to be carried over.
                prop_assert!(!is_held || unit.is_same(&plan.synced, &carried), "{:?}", unit);
            }
            prop_assert!(customer.id == world.contact.id);
        }
    }

    #[test]
    fn a_site_contact_is_never_created_or_linked(mut world in world(any_contact()), parent in contact_id()) {
        world.contact.parent = Some(parent);
        prop_assert_eq!(world.decide(), None);
    }

    #[test]
    fn only_an_account_customer_takes_part(world in world(any_contact())) {
        let contact = &world.contact;
        if world.decide().is_some() {
            prop_assert!(!contact.deleted && !contact.excluded_from_financial_sync);
            prop_assert_eq!(contact.group, Some(group(ACCOUNT_GROUP)));
        }
    }

    #[test]
    fn deciding_again_after_applying_decides_nothing_and_asks_nothing(mut world in account_world()) {
        if let Some(plan) = world.plan() {
            world.apply(&plan);
            for found in [world.found.clone(), None] {
                world.found = found;
                let again = world.plan();
                prop_assert!(again.is_some(), "{:?}", world.decide());
                let again = again.unwrap();
                prop_assert_eq!(again.outcome, SyncAction::Unchanged);
                prop_assert!(again.writes_nothing());
                prop_assert_eq!(again.synced, plan.synced.clone());
            }
        }
    }

    #[test]
    fn a_plan_that_is_called_unchanged_writes_nothing(world in account_world()) {
        if let Some(plan) = world.plan() {
            if plan.outcome == SyncAction::Unchanged {
                prop_assert!(plan.writes_nothing());
            }
            prop_assert_eq!(plan.outcome == SyncAction::Created, matches!(plan.xero, XeroWrite::Create(_)));
            prop_assert_eq!(matches!(plan.outcome, SyncAction::Created | SyncAction::Linked), world.link.is_none());
        }
    }

    #[test]
    fn a_value_corrected_in_xero_survives_an_unrelated_edit(
        mut world in synced_world(),
        corrected in synced(),
        edited in account_contact(),
        unit in 0..5,
    ) {
        let contact = &mut world.contact;
        match unit {
            0 => contact.name = edited.name,
            1 => (contact.street, contact.town, contact.postcode, contact.country) = (edited.street, edited.town, edited.postcode, edited.country),
            2 => contact.phone = edited.phone,
            3 => contact.email = edited.email,
            _ => contact.person = edited.person,
        }
        world.shows(&corrected);
        if let Some(plan) = world.plan() {
            let mut in_xero = corrected.clone();
            apply_to_details(&mut in_xero, &changes_of(&plan));
            prop_assert!(unit == 0 || in_xero.name == corrected.name);
            prop_assert!(unit == 1 || in_xero.address == corrected.address);
            prop_assert!(unit == 2 || in_xero.phone == corrected.phone);
            prop_assert!(unit == 3 || in_xero.email == corrected.email);
            prop_assert!(unit == 4 || in_xero.person == corrected.person);
        }
    }

    #[test]
    fn every_edit_that_xero_takes_arrives_there(mut world in synced_world(), edited in account_contact()) {
        let mut in_xero = world.link.clone().unwrap().synced;
        world.shows(&in_xero);
        world.contact = Contact {
            id: world.contact.id,
            account_reference: world.contact.account_reference.clone(),
            ..edited
        };
        if let (Some(plan), Some(customer)) = (world.plan(), world.customer()) {
            apply_to_details(&mut in_xero, &changes_of(&plan));
            prop_assert!(is_same(&in_xero, &plan.synced), "what is remembered as carried over is what Xero holds");
            if customer.left_out.is_empty() {
                prop_assert!(is_same(&in_xero, &customer.details));
            }
        }
    }

    #[test]
    fn an_update_in_doubt_leaves_xero_as_bigchange_says_whether_it_arrived_or_not(
        mut world in synced_world(),
        first in account_contact(),
        second in account_contact(),
        arrived in any::<bool>(),
    ) {
        let mut in_xero = world.link.clone().unwrap().synced;
        let edit = |world: &mut World, to: Contact| {
            world.contact = Contact {
                id: world.contact.id,
                account_reference: world.contact.account_reference.clone(),
                ..to
            };
        };
        edit(&mut world, first);
        world.shows(&in_xero);
        if let Some(plan) = world.plan() {
            let changes = changes_of(&plan);
            let before = Some(Box::new(in_xero.clone()));
            if arrived {
                apply_to_details(&mut in_xero, &changes);
            }
            world.in_doubt = Some(InDoubt::Update { changes: Box::new(changes), synced: plan.synced.clone(), before, notices: plan.notices.clone(), earlier: Earlier::default() });
            edit(&mut world, second);
            world.shows(&in_xero);
            if let (Some(plan), Some(customer)) = (world.plan(), world.customer())
                && customer.left_out.is_empty()
            {
                apply_to_details(&mut in_xero, &changes_of(&plan));
                prop_assert!(is_same(&in_xero, &customer.details));
            }
        }
    }

    #[test]
    fn an_account_number_in_xero_is_never_replaced(world in account_world()) {
        if let Some(plan) = world.plan()
            && changes_of(&plan).account_number.is_some()
        {
            let seen = world.seen(&plan);
            prop_assert!(seen.is_some_and(|contact| contact.account_number.trim().is_empty()), "{seen:?}");
            let XeroWrite::Change { expected, before, .. } = &plan.xero else { unreachable!() };
            let looked = expected.as_deref().or(before.as_deref());
            prop_assert_eq!(looked, seen, "the write says how the contact looked");
        }
    }

    #[test]
    fn once_a_plan_is_done_both_sides_carry_its_account_reference(mut world in account_world()) {
        if world.link.is_none() && let Some(plan) = world.plan() {
            world.apply(&plan);
            let in_bigchange = AccountReference::parse(&world.contact.account_reference);
            prop_assert_eq!(in_bigchange.as_ref(), Ok(&plan.account_reference));
            prop_assert_eq!(world.contact.account_type, Some(AccountType::XERO));
            let id = world.link.as_ref().map(|link| link.xero_id);
            let in_xero = world.found.iter().flatten().find(|contact| Some(contact.id) == id);
            let in_xero = AccountReference::parse(&in_xero.unwrap().account_number);
            prop_assert_eq!(in_xero, Ok(plan.account_reference));
        }
    }

    #[test]
    fn a_contact_number_is_set_on_a_create_only_and_is_our_own(world in account_world()) {
        // `XeroChanges` has no contact number to send, so an existing one cannot be replaced.
        if let Some(Plan { xero: XeroWrite::Create(new), .. }) = world.plan() {
            prop_assert!(new.contact_number.is_ours_for(world.contact.id));
        }
    }

    #[test]
    fn nothing_is_linked_that_is_archived_erased_or_another_contacts(world in account_world()) {
        if world.link.is_none() && let Some(plan) = world.plan() && let Some(seen) = world.seen(&plan) {
            prop_assert_eq!(seen.status, ContactStatus::Active);
            let owner = world.linked.get(&seen.id);
            prop_assert!(owner.is_none_or(|owner| *owner == world.contact.id));
        }
    }

    #[test]
    fn what_is_linked_fits_by_its_number_its_name_or_our_own_contact_number(world in account_world()) {
        if world.link.is_none() && let Some(plan) = world.plan() && let Some(seen) = world.seen(&plan) {
            let customer = world.customer().unwrap();
            let ours = seen.contact_number.as_ref().is_some_and(|number| number.is_ours_for(customer.id));
            let same_number = customer.account_reference.is_some()
                && AccountReference::parse(&seen.account_number).ok() == customer.account_reference;
            let same_name = world.settings.match_by_name && NameKey::of(&seen.name) == NameKey::of(&customer.details.name);
            prop_assert!(ours || same_number || (same_name && seen.contact_number.is_none()));
        }
    }

    #[test]
    fn nothing_is_created_unless_authorised_and_nothing_of_its_name_or_number_is_there(world in account_world()) {
        if let Some(Plan { xero: XeroWrite::Create(new), .. }) = world.plan() {
            prop_assert!(world.settings.create_in_xero);
            prop_assert!(world.link.is_none());
            for contact in world.found.as_deref().expect("Xero was asked") {
                let customer = world.customer().unwrap();
                prop_assert!(customer.account_reference.is_none() || AccountReference::parse(&contact.account_number).ok() != customer.account_reference);
                prop_assert!(!world.settings.match_by_name || NameKey::of(&contact.name) != NameKey::of(&new.name));
                prop_assert!(!contact.contact_number.as_ref().is_some_and(|number| number.is_ours_for(world.contact.id)));
            }
        }
    }

    #[test]
    fn a_plan_never_uses_a_reference_that_another_contact_holds(world in account_world()) {
        if let Some(plan) = world.plan() {
            let holder = world.holders.get(&plan.account_reference);
            prop_assert!(holder.is_none_or(|holder| *holder == world.contact.id), "{holder:?}");
        }
    }

    #[test]
    fn an_account_reference_that_a_person_entered_is_never_changed(world in account_world()) {
        if let (Some(plan), Some(customer)) = (world.plan(), world.customer())
            && let Some(entered) = customer.account_reference
        {
            prop_assert_eq!(plan.account_reference, entered);
        }
    }

    #[test]
    fn a_contact_reference_that_a_person_entered_is_never_changed(world in account_world()) {
        if let Some(plan) = world.plan() {
            prop_assert!(!plan.bigchange_contact_reference || world.contact.contact_reference.trim().is_empty());
        }
    }

    #[test]
    fn xero_takes_everything_that_is_sent_to_it(world in account_world()) {
        if let Some(plan) = world.plan() {
            prop_assert!(xero_takes(&plan.xero), "{:?}", plan.xero);
        }
    }

    #[test]
    fn xero_takes_a_create_made_of_any_texts(texts in vec(awkward_text(), 8), mut contact in account_contact(), mut settings in settings()) {
        let [name, street, town, postcode, country, person, phone, email] = <[String; 8]>::try_from(texts).unwrap();
        contact = Contact { name, street, town, postcode, country, person, phone, email, account_reference: "A-1".to_owned(), ..contact };
        settings.create_in_xero = true;
        let world = World {
            contact,
            settings,
            link: None,
            manual_match: ManualMatch::default(),
            in_doubt: None,
            generated: None,
            contact_reference_due: None,
            is_to_be_looked_at: false,
            found: Some(Vec::new()),
            linked: BTreeMap::new(),
            holders: BTreeMap::new(),
        };
        match world.decide() {
            None => prop_assert!(!is_xero_name(&normalise_spaces(&world.contact.name)), "a usable name is no reason to hold it"),
            Some(Decision::Apply(plan)) => prop_assert!(xero_takes(&plan.xero), "{:?}", plan.xero),
            Some(other) => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn the_same_state_gives_the_same_decision_in_whatever_order_xero_lists(world in account_world()) {
        let sorted = |decision: Option<Decision>| match decision {
            Some(Decision::Hold(Problem::AmbiguousMatch { mut found })) => {
                found.sort_by_key(|named| named.id);
                Some(Decision::Hold(Problem::AmbiguousMatch { found }))
            }
            other => other,
        };
        prop_assert_eq!(world.decide(), world.decide());
        let mut reversed = world.clone();
        if let Some(found) = &mut reversed.found {
            found.reverse();
        }
        prop_assert_eq!(sorted(reversed.decide()), sorted(world.decide()));
    }

    #[test]
    fn whatever_the_state_is_it_can_be_decided_and_told(world in world(any_contact())) {
        let contact = &world.contact;
        let problem = match participation(contact, &world.settings) {
            Participation::Held(problem) => Some(problem),
            _ => match world.decide() {
                Some(Decision::Hold(problem)) => Some(problem),
                _ => None,
            },
        };
        if let Some(problem) = problem {
            let sentence = problem.sentence(contact.id, &contact.name, &DisplayNames::default());
            prop_assert!(sentence.contains(&contact.name));
            prop_assert!(sentence.contains(&contact.id.to_string()));
            prop_assert!(problem.cure().contains('→'));
            let watch = Watch::of(contact, &problem, None);
            for changed in world.found.iter().flatten() {
                let _ = watch.is_touched_by(changed);
            }
        }
        for notice in world.plan().iter().flat_map(|plan| &plan.notices) {
            prop_assert!(!Notice::sentence(notice).is_empty());
        }
        let _: Fingerprint = contact_fingerprint(contact, &world.settings);
    }

    #[test]
    fn any_name_gives_codes_that_are_account_references_and_look_like_codes(name in awkward_text()) {
        let prefix = code_prefix(&name);
        prop_assert!((1..=8).contains(&prefix.len()) && prefix.bytes().all(|b| b.is_ascii_uppercase()), "{prefix:?}");
        let some: Vec<_> = codes(&prefix).take(12).collect();
        prop_assert_eq!(some.len(), 12);
        for code in some {
            prop_assert!(looks_like_a_code(code.as_str()), "{code}");
        }
    }

    #[test]
    fn normalising_twice_is_normalising_once(text in awkward_text()) {
        let once = normalise_spaces(&text);
        prop_assert!(is_xero_text(&once, usize::MAX));
        prop_assert_eq!(normalise_spaces(&once), once.clone());
        prop_assert_eq!(NameKey::of(&text), NameKey::of(&once));
    }

    #[test]
    fn a_reference_reads_back_as_it_was_written(text in awkward_text()) {
        if let Ok(reference) = AccountReference::parse(&text) {
            prop_assert_eq!(reference.as_str(), text.trim());
            let again = AccountReference::parse(reference.as_str());
            prop_assert_eq!(again, Ok(reference.clone()));
            let upper = reference.as_str().to_uppercase();
            if let Ok(upper) = AccountReference::parse(&upper)
                && reference.as_str().is_ascii()
            {
                prop_assert_eq!(upper, reference);
            }
        }
    }

    #[test]
    fn a_plan_and_a_link_are_read_back_from_the_store_as_they_were(mut world in account_world()) {
        if let Some(plan) = world.plan() {
            let kept = serde_json::to_string(&plan).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Plan>(&kept).unwrap(), &plan);
            world.apply(&plan);
            let kept = serde_json::to_string(&world.link).unwrap();
            prop_assert_eq!(serde_json::from_str::<Option<Link>>(&kept).unwrap(), world.link);
        }
    }
}
