//! What is written on a create, on linking, and afterwards.

use rules::{
    AccountType, Address, Contact, NewXeroContact, Notice, Person, XeroChanges, XeroWrite,
};

use crate::support::{Case, Edit, XeroContactExt, acme, details, namesake, reference, xero};

fn created(case: Case) -> NewXeroContact {
    let case = case.settings(&[("CREATE_IN_XERO", "true")]).found([]);
    match case.plan().xero {
        XeroWrite::Create(new) => *new,
        other => panic!("not a create: {other:?}"),
    }
}

fn address() -> Address {
    Address {
        street: "1 High Street".to_owned(),
        town: "Leeds".to_owned(),
        postcode: "LS1 1AA".to_owned(),
        country: "United Kingdom".to_owned(),
    }
}

fn person(first_names: &str, last_name: &str) -> Person {
    Person {
        first_names: first_names.to_owned(),
        last_name: last_name.to_owned(),
    }
}

#[test]
fn a_create_carries_everything_and_our_own_contact_number() {
    let new = created(Case::new().account_reference("A-1"));
    assert_eq!(new.name, "Acme Ltd");
    assert_eq!(new.account_number.as_str(), "A-1");
    assert_eq!(new.contact_number.as_str(), "BigChange-7");
    assert_eq!(new.address, Some(address()));
    assert_eq!(new.phone.as_deref(), Some("+441130000000"));
    assert_eq!(new.email.as_deref(), Some("jo@acme.example"));
    assert_eq!(new.person, Some(person("Jo van", "Dam")));
}

#[test]
fn a_create_leaves_out_what_bigchange_has_not() {
    let bare = |c: &mut Contact| {
        for text in [&mut c.street, &mut c.town, &mut c.postcode, &mut c.country] {
            text.clear();
        }
        for text in [&mut c.person, &mut c.phone, &mut c.email] {
            " ".clone_into(text);
        }
    };
    let new = created(Case::new().account_reference("A-1").with(bare));
    assert_eq!(
        (new.address, new.phone, new.email, new.person),
        (None, None, None, None)
    );
}

#[test]
fn a_create_leaves_out_what_xero_refuses_and_tells_it() {
    let case = Case::new().account_reference("A-1").with(|c| {
        "U.K.".clone_into(&mut c.country);
        "none".clone_into(&mut c.email);
    });
    let new = created(case.clone());
    assert_eq!(
        new.address,
        Some(Address {
            country: String::new(),
            ..address()
        })
    );
    assert_eq!(new.email, None);
    let plan = case
        .settings(&[("CREATE_IN_XERO", "true")])
        .found([])
        .plan();
    let told: Vec<_> = plan.notices.iter().map(Notice::code).collect();
    assert_eq!(told, ["FieldLeftOut", "FieldLeftOut"]);
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn linking_writes_a_blank_account_number_and_nothing_else() {
    let only_number = |text: &str| XeroChanges { account_number: Some(reference(text)), ..XeroChanges::default() };
    let rows = [
        ("blank in Xero",             "A-1", namesake(1),                                        only_number("A-1")),
        ("only spaces in Xero",       "A-1", namesake(1).account("  "),                          only_number("A-1")),
        ("blank on both sides",       "",    namesake(1),                                        only_number("ACME0001")),
        ("the same",                  "A-1", namesake(1).account("A-1"),                         XeroChanges::default()),
        ("the same in another case",  "a-1", namesake(1).account("A-1"),                         XeroChanges::default()),
        ("only in Xero",              "",    namesake(1).account("X-9"),                         XeroChanges::default()),
        ("under another name",        "A-1", xero(1).account("A-1"),                             XeroChanges::default()),
        ("another program's",         "A-1", namesake(1).account("A-1").code("CRM-1"),           XeroChanges::default()),
    ];
    for (says, in_bigchange, found, changes) in rows {
        let case = Case::new().account_reference(in_bigchange).settings(&[("GENERATE_ACCOUNT_REF", "true")]).generated("ACME0001").found([found.clone()]);
        assert_eq!(case.changes(), changes, "{says}");
        assert_eq!(case.plan().synced, details(&case.contact), "{says}");
        if let XeroWrite::Change { expected, .. } = case.plan().xero {
            assert_eq!(expected.as_deref(), Some(&found), "a write that relies on how the contact looked says how: {says}");
        }
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn only_the_unit_that_changed_in_bigchange_is_sent() {
    let none = XeroChanges::default();
    let rows: [(&str, Edit, XeroChanges); 14] = [
        ("nothing",            |_| (),                                   none.clone()),
        ("name",               |c| c.name = "Acme plc".into(),           XeroChanges { name: Some("Acme plc".into()), ..none.clone() }),
        ("name, in case only", |c| c.name = "ACME Ltd".into(),           XeroChanges { name: Some("ACME Ltd".into()), ..none.clone() }),
        ("name, in spaces only", |c| c.name = " Acme   Ltd".into(),      none.clone()),
        ("street",             |c| c.street = "2 Low Street".into(),     XeroChanges { address: Some(Address { street: "2 Low Street".into(), ..address() }), ..none.clone() }),
        ("town",               |c| c.town = "York".into(),               XeroChanges { address: Some(Address { town: "York".into(), ..address() }), ..none.clone() }),
        ("postcode cleared",   |c| c.postcode.clear(),                   XeroChanges { address: Some(Address { postcode: String::new(), ..address() }), ..none.clone() }),
        ("country",            |c| c.country = "Ireland".into(),         XeroChanges { address: Some(Address { country: "Ireland".into(), ..address() }), ..none.clone() }),
        ("phone",              |c| c.phone = "01".into(),                XeroChanges { phone: Some("01".into()), ..none.clone() }),
        ("phone cleared",      |c| c.phone.clear(),                      XeroChanges { phone: Some(String::new()), ..none.clone() }),
        ("email",              |c| c.email = "ap@acme.example".into(),   XeroChanges { email: Some("ap@acme.example".into()), ..none.clone() }),
        ("person",             |c| c.person = "Sam Dam".into(),          XeroChanges { person: Some(person("Sam", "Dam")), ..none.clone() }),
        ("person cleared",     |c| c.person.clear(),                     XeroChanges { person: Some(Person::default()), ..none.clone() }),
        ("extra and search",   |c| { c.extra.clear(); c.contact_reference = "S".into(); }, none.clone()),
    ];
    for (says, edit, changes) in rows {
        let case = Case::linked().with(edit);
        let plan = case.plan();
        assert_eq!(case.changes(), changes, "{says}");
        assert_eq!(plan.synced, details(&case.contact), "{says}");
        assert_eq!(plan.writes_nothing(), changes.is_empty(), "{says}");
        assert_eq!(plan.xero.renames(), changes.name.as_deref(), "{says}");
    }
}

#[test]
fn a_phone_corrected_in_xero_survives_a_new_address_in_bigchange() {
    // What Xero holds is not even looked at: the phone did not change in BigChange, so it is not
    // sent.
    let changes = Case::linked()
        .with(|c| "2 Low Street".clone_into(&mut c.street))
        .changes();
    assert!(changes.address.is_some());
    assert_eq!(changes.phone, None);
    assert_eq!(changes.name, None);
    assert_eq!(changes.email, None);
    assert_eq!(changes.person, None);
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_later_value_that_xero_refuses_neither_changes_xero_nor_counts_as_carried_over() {
    let rows: [(&str, Edit); 3] = [
        ("phone",  |c| c.phone = "1".repeat(51)),
        ("email",  |c| c.email = "none".into()),
        ("person", |c| c.person = "p".repeat(256)),
    ];
    for (says, edit) in rows {
        let case = Case::linked();
        let before = case.link.clone().unwrap().synced;
        let case = case.with(edit);
        assert!(case.changes().is_empty(), "{says}");
        assert_eq!(case.plan().synced, before, "{says}");
        assert_eq!(case.plan().notices.len(), 1, "{says}");
    }
}

#[test]
fn an_address_is_sent_as_one_unit_without_the_part_that_xero_refuses() {
    let case = Case::linked().with(|c| {
        "2 Low Street".clone_into(&mut c.street);
        "U.K.".clone_into(&mut c.country);
    });
    let expected = Address {
        street: "2 Low Street".to_owned(),
        country: String::new(),
        ..address()
    };
    assert_eq!(case.changes().address, Some(expected));
    assert_eq!(case.plan().notices[0].code(), "FieldLeftOut");
}

#[test]
fn edits_stay_in_bigchange_while_updating_is_off_and_are_carried_over_once_it_is_on() {
    let edited = Case::linked().with(|c| "01".clone_into(&mut c.phone));
    let off = edited.clone().settings(&[("UPDATE_IN_XERO", "false")]);
    assert_eq!(off.said(), "Unchanged 1");
    assert!(off.plan().writes_nothing());
    assert_eq!(off.plan().synced, edited.link.clone().unwrap().synced);
    assert_eq!(edited.changes().phone.as_deref(), Some("01"));
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn bigchange_gets_the_account_reference_and_account_type_where_either_differs() {
    let rows = [
        ("nothing set",                  "",    None,                    true),
        ("another package",              "A-1", Some(AccountType(4)),    true),
        ("no account type",              "A-1", None,                    true),
        ("reference blank, type Xero",   "",    Some(AccountType(1)),    true),
        ("both set",                     "A-1", Some(AccountType(1)),    false),
        ("both set, in another case",    "a-1", Some(AccountType(1)),    false),
    ];
    for (says, in_bigchange, account_type, written) in rows {
        let case = Case::new().account_reference(in_bigchange).with(|c| c.account_type = account_type);
        let unlinked = case.clone().found([namesake(1).account("A-1")]);
        assert_eq!(unlinked.plan().bigchange_account, written, "linking: {says}");
        let mut linked = Case::linked();
        linked.contact = case.contact;
        assert_eq!(linked.plan().bigchange_account, written, "linked: {says}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_first_link_that_only_fills_in_a_number_is_told_from_all_other_writes() {
    let mut ours = namesake(1);
    ours.contact_number = Some(rules::ContactNumber::ours(acme().id));
    let by_name = |found: rules::XeroContact| Case::new().account_reference("A-1").found([found]);
    let rows = [
        ("links, and fills in the number",       by_name(namesake(1)),                          true),
        ("links, and the number is there",       by_name(namesake(1).account("A-1")),           false),
        ("links what was created for it",        by_name(ours),                                 false),
        ("creates",                              Case::new().account_reference("A-1").settings(&[("CREATE_IN_XERO", "true")]).found([]), false),
        ("a later change",                       Case::linked().with(|c| c.phone = "1".into()), false),
    ];
    for (says, case, only) in rows {
        assert_eq!(case.plan().only_fills_in_a_number(case.contact.id), only, "{says}");
    }
}
