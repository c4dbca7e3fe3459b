//! Who keeps which account reference, what is given up, who goes first, and who stays held.

use rules::{
    ContactId, Fingerprint, HeldContact, ManualMatch, Problem, Reservation, Skip, XeroWrite,
    given_up_by, keeps_reservation, kept_back, stays_held,
};

use crate::support::{Case, XeroContactExt, contact_id, namesake, reference, settings, xero_id};

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_contact_keeps_the_reference_that_it_uses() {
    let rows = [
        // the contact is                 linked under, in doubt, generated, in BigChange,  keeps
        //
        ("linked",                        Some("A-1"),  false,    false,     Some("B-2"),   true),
        ("linked under another",          Some("B-2"),  false,    false,     Some("A-1"),   false),
        ("linked under another, a code",  Some("B-2"),  false,    true,      None,          false),
        ("linked, about to change",       Some("B-2"),  true,     false,     Some("A-1"),   true),
        ("in doubt",                      None,         true,     false,     Some("B-2"),   true),
        ("neither, and it is the same",   None,         false,    false,     Some("a-1"),   true),
        ("neither, a code to be written", None,         false,    true,      None,          true),
        ("neither, a code and another",   None,         false,    true,      Some("B-2"),   false),
        ("neither, and another",          None,         false,    false,     Some("B-2"),   false),
        ("neither, and none any more",    None,         false,    false,     None,          false),
    ];
    for (says, linked_under, is_in_doubt, is_generated, in_bigchange, keeps) in rows {
        let (reserved, in_bigchange) = (reference("A-1"), in_bigchange.map(reference));
        let linked_under = linked_under.map(reference);
        let reservation = Reservation {
            reserved: &reserved,
            is_generated,
            linked_under: linked_under.as_ref(),
            is_in_doubt,
            in_bigchange: in_bigchange.as_ref(),
        };
        assert_eq!(keeps_reservation(&reservation), keeps, "{says}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_deleted_contact_gives_up_its_link_and_one_that_left_keeps_it() {
    let rows = [
        // left alone because,          linked, gives up link, reservation
        (Skip::Deleted,                 true,   true,          true),
        (Skip::Deleted,                 false,  true,          true),
        (Skip::NotAnAccountCustomer,    true,   false,         false),
        (Skip::NotAnAccountCustomer,    false,  false,         true),
        (Skip::ExcludedFromSync,      true,  false,         false),
    ];
    for (skip, is_linked, link, reservation) in rows {
        let given_up = given_up_by(skip, is_linked);
        assert_eq!((given_up.link, given_up.reservation), (link, reservation), "{skip:?}, {is_linked}");
    }
}

#[test]
fn what_a_contact_is_not_outlives_its_deletion_and_its_link() {
    let word = ManualMatch {
        pinned: Some(xero_id(1)),
        excluded: vec![xero_id(2)],
        distinct_from: vec![xero_id(3)],
    };
    let left = ManualMatch {
        pinned: None,
        excluded: vec![xero_id(2)],
        distinct_from: vec![xero_id(3)],
    };
    assert_eq!(word.clone().after_deletion(), left);
    assert_eq!(word.after_link(), left);
}

/// The plan of a contact with this id, name and reference, to which Xero answers with `found`.
fn plan(id: u64, name: &str, own: &str, found: &[rules::XeroContact]) -> (ContactId, rules::Plan) {
    let case = Case::new()
        .account_reference(own)
        .settings(&[("CREATE_IN_XERO", "true")])
        .with(|contact| {
            contact.id = contact_id(id);
            name.clone_into(&mut contact.name);
            contact.email = format!("office@{id}.example");
            contact.phone = format!("0113 496000{id}");
        })
        .found(found.iter().cloned());
    (contact_id(id), case.plan())
}

#[test]
fn of_contacts_that_want_the_same_the_first_goes_first() {
    let one = [namesake(1).account("A-1")];
    let rows = [
        (
            "nothing in common",
            plan(1, "Acme", "A-1", &[]),
            plan(2, "Brack", "B-2", &[]),
            false,
        ),
        (
            "both create one name",
            plan(1, "Acme", "A-1", &[]),
            plan(2, "ACME", "B-2", &[]),
            true,
        ),
        (
            "both create what is likely one customer",
            plan(1, "Acme Ltd", "A-1", &[]),
            plan(2, "Acme Limited", "B-2", &[]),
            true,
        ),
        (
            "both create what is possibly one customer",
            plan(1, "Acme", "A-1", &[]),
            plan(2, "Acme Signs", "B-2", &[]),
            false,
        ),
        (
            "both take one reference",
            plan(1, "Acme", "A-1", &[]),
            plan(2, "Brack", "a-1", &[]),
            true,
        ),
        (
            "both link one contact",
            plan(1, "Acme", "A-1", &one),
            plan(2, "Brack", "A-1", &one),
            true,
        ),
        (
            "one name, but one of them is in Xero",
            plan(
                1,
                "Acme",
                "A-1",
                &[namesake(1).named("Acme").account("A-1")],
            ),
            plan(2, "Acme", "B-2", &[]),
            false,
        ),
    ];
    for (says, first, second, waits) in rows {
        let plans = [(first.0, &first.1), (second.0, &second.1)];
        let kept_back = kept_back(&settings(&[]), plans);
        assert!(
            !kept_back.contains(&first.0),
            "{says}: the first never waits"
        );
        assert_eq!(kept_back.contains(&second.0), waits, "{says}");
    }
}

#[test]
fn likely_duplicates_wait_for_each_other_only_where_they_are_held() {
    let (first, second) = (
        plan(1, "Acme Ltd", "A-1", &[]),
        plan(2, "Acme Limited", "B-2", &[]),
    );
    let plans = [(first.0, &first.1), (second.0, &second.1)];
    let settings = settings(&[("HOLD_LIKELY_DUPLICATES", "false")]);
    assert_eq!(kept_back(&settings, plans), [].into());
}

#[test]
fn two_links_without_a_write_to_one_contact_compete_whatever_their_references() {
    let link = |id, own: &str| {
        let (contact, mut plan) = plan(id, "Acme", own, &[]);
        plan.xero = XeroWrite::Nothing { id: xero_id(1) };
        (contact, plan)
    };
    let (first, second) = (link(1, "A-1"), link(2, "B-2"));
    let waiting = kept_back(&settings(&[]), [(first.0, &first.1), (second.0, &second.1)]);
    assert_eq!(waiting, [second.0].into());
}

#[test]
fn a_held_contact_is_asked_about_again_when_something_could_have_changed() {
    let before = settings(&[]).fingerprint();
    let after = settings(&[("CREATE_IN_XERO", "true")]).fingerprint();
    assert_ne!(before, after);
    let in_xero = Problem::NotInXero {
        reference: None,
        candidates: Vec::new(),
    };
    let in_bigchange = Problem::ParentInSiteGroup { group: None };
    let rows: [(&str, &Problem, &Fingerprint, bool, bool, bool); 5] = [
        ("nothing changed", &in_xero, &before, false, false, true),
        (
            "the contact or the settings changed",
            &in_xero,
            &after,
            false,
            false,
            false,
        ),
        (
            "somebody asked for it",
            &in_xero,
            &before,
            true,
            false,
            false,
        ),
        (
            "an attempt is in doubt",
            &in_xero,
            &before,
            false,
            true,
            false,
        ),
        (
            "no look at Xero is needed",
            &in_bigchange,
            &before,
            false,
            false,
            false,
        ),
    ];
    for (says, problem, now, is_asked_for, is_in_doubt, stays) in rows {
        let held = HeldContact {
            problem,
            held_as: &before,
            now,
            is_asked_for,
            is_in_doubt,
        };
        assert_eq!(stays_held(&held), stays, "{says}");
    }
}
