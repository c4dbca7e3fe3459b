//! What BigChange leaves out: one row for each key. A key that is absent is not a cleared value.

use std::collections::BTreeSet;

use rules::{
    Address, Decision, Details, Earlier, Field, InDoubt, Person, XeroChanges, XeroWrite,
    holds_after_incomplete_answers, needed_and_missing,
};

use crate::support::{Case, XeroContactExt as _, acme, customer, details, namesake};

/// The case with a contact whose answer lacked this key: what stands in its place is blank.
fn without(case: Case, field: Field) -> Case {
    case.with(|c| {
        c.missing.insert(field);
        match field {
            Field::Street => c.street.clear(),
            Field::Town => c.town.clear(),
            Field::Postcode => c.postcode.clear(),
            Field::Country => c.country.clear(),
            Field::Person => c.person.clear(),
            Field::Phone => c.phone.clear(),
            Field::Email => c.email.clear(),
            Field::ContactReference => c.contact_reference.clear(),
            Field::AccountReference => c.account_reference.clear(),
            Field::AccountType => c.account_type = None,
            other => panic!("BigChange is not known to leave out {other:?}"),
        }
    })
}

fn linked_with(synced: Details) -> Case {
    let mut case = Case::linked();
    case.link.as_mut().unwrap().synced = synced;
    case
}

const CARRIED_OVER: [Field; 7] = [
    Field::Street,
    Field::Town,
    Field::Postcode,
    Field::Country,
    Field::Person,
    Field::Phone,
    Field::Email,
];

#[test]
fn of_a_linked_contact_nothing_changes_whatever_key_is_missing() {
    let others = [
        Field::ContactReference,
        Field::AccountReference,
        Field::AccountType,
    ];
    for field in CARRIED_OVER.into_iter().chain(others) {
        let plan = without(Case::linked(), field).plan();
        assert!(plan.writes_nothing(), "{field:?}: {plan:?}");
        assert_eq!(plan.synced, details(&acme()), "{field:?}");
    }
}

#[test]
fn of_a_contact_that_is_not_linked_nothing_is_decided_without_its_account_reference() {
    let new = Case::new()
        .settings(&[("CREATE_IN_XERO", "true"), ("GENERATE_ACCOUNT_REF", "true")])
        .found([]);
    let incomplete = without(new, Field::AccountReference).decision();
    assert_eq!(incomplete, Decision::Incomplete(Field::AccountReference));
    let matching = Case::new().found([namesake(1).account("A-1")]);
    let incomplete = without(matching, Field::AccountReference).decision();
    assert_eq!(incomplete, Decision::Incomplete(Field::AccountReference));
}

#[test]
fn only_the_account_reference_of_a_contact_that_is_not_linked_is_needed() {
    for field in CARRIED_OVER.into_iter().chain([
        Field::ContactReference,
        Field::AccountType,
        Field::AccountReference,
    ]) {
        let mut contact = acme();
        contact.missing.insert(field);
        let customer = customer(&contact);
        let needed = (field == Field::AccountReference).then_some(field);
        assert_eq!(needed_and_missing(&customer, false), needed, "{field:?}");
        assert_eq!(needed_and_missing(&customer, true), None, "{field:?}");
    }
}

#[test]
fn a_new_contact_is_created_without_and_its_value_is_sent_when_it_is_told() {
    let case = Case::new()
        .account_reference("A-1")
        .settings(&[("CREATE_IN_XERO", "true")])
        .found([]);
    let plan = without(case, Field::Phone).plan();
    let XeroWrite::Create(new) = &plan.xero else {
        panic!("not created: {plan:?}");
    };
    assert_eq!(new.phone, None);
    let blank = Details {
        phone: String::new(),
        ..details(&acme())
    };
    assert_eq!(plan.synced, blank);
}

#[test]
fn what_is_not_known_at_linking_is_noted_as_such() {
    for field in CARRIED_OVER {
        let case = Case::new()
            .account_reference("A-1")
            .found([namesake(1).account("A-1")]);
        let plan = without(case, field).plan();
        assert_eq!(plan.synced.not_known, BTreeSet::from([field]), "{field:?}");
    }
}

#[test]
fn a_part_of_an_address_that_was_never_told_keeps_the_address_from_being_sent() {
    let mut contact = acme();
    contact.missing.insert(Field::Country);
    contact.country.clear();
    let at_linking = details(&contact);
    let moved = without(linked_with(at_linking.clone()), Field::Country)
        .with(|c| c.street = "9 New Road".into());
    let plan = moved.plan();
    assert!(plan.writes_nothing(), "{plan:?}");
    assert_eq!(plan.synced, at_linking);
    // Once it is told, it is noted, and the address goes with the next change.
    let told = linked_with(at_linking).plan();
    assert!(told.writes_nothing(), "{told:?}");
    assert_eq!(told.synced, details(&acme()));
    let of_acme: Address = told.synced.address;
    assert!(!of_acme.country.is_empty());
}

#[test]
fn a_unit_that_was_never_told_stays_not_known_until_it_is() {
    let mut contact = acme();
    contact.missing.insert(Field::Phone);
    contact.phone.clear();
    let at_linking = Details {
        not_known: BTreeSet::from([Field::Phone]),
        ..details(&contact)
    };
    let plan = without(linked_with(at_linking.clone()), Field::Phone).plan();
    assert!(plan.writes_nothing(), "{plan:?}");
    assert_eq!(plan.synced, at_linking);
}

#[test]
fn a_unit_in_doubt_that_bigchange_leaves_out_is_waited_for() {
    type InDoubtUnit = (&'static [Field], fn(&mut XeroChanges));
    let units: [InDoubtUnit; 4] = [
        (
            &[Field::Street, Field::Town, Field::Postcode, Field::Country],
            |changes| changes.address = Some(Address::default()),
        ),
        (&[Field::Phone], |changes| {
            changes.phone = Some(String::new())
        }),
        (&[Field::Email], |changes| {
            changes.email = Some(String::new())
        }),
        (&[Field::Person], |changes| {
            changes.person = Some(Person::default())
        }),
    ];
    for (fields, in_doubt) in units {
        for field in CARRIED_OVER {
            let mut changes = XeroChanges::default();
            in_doubt(&mut changes);
            let case = Case::linked().in_doubt(InDoubt::Update {
                changes: Box::new(changes),
                synced: details(&acme()),
                before: None,
                notices: Vec::new(),
                earlier: Earlier::default(),
            });
            let decision = without(case, field).decision();
            let waits = decision == Decision::Incomplete(field);
            assert_eq!(waits, fields.contains(&field), "{fields:?}, {field:?}");
        }
    }
}

#[test]
fn a_field_is_told_by_the_key_that_bigchange_uses() {
    let keys: Vec<&str> = CARRIED_OVER.into_iter().map(Field::key).collect();
    let bigchanges = [
        "Street", "Town", "PostCode", "Country", "Person", "Phone", "Email",
    ];
    assert_eq!(keys, bigchanges);
    assert_eq!(Field::AccountReference.key(), "AccountReference");
    assert_eq!(Field::Group.key(), "GroupId");
    assert_eq!(Field::ContactNumber.key(), "contact number");
}

#[test]
fn a_person_is_told_at_the_third_answer_in_a_row() {
    for (answers, told) in [(0, false), (1, false), (2, false), (3, true), (4, true)] {
        assert_eq!(holds_after_incomplete_answers(answers), told, "{answers}");
    }
}
