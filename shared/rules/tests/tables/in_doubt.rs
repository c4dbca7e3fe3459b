//! An earlier attempt stopped without saying whether it wrote.

use rules::{
    Contact, Details, Earlier, Field, InDoubt, ManualMatch, Notice, Plan, UnknownWrite,
    XeroChanges, XeroContact, XeroWrite, is_settled, left_in_doubt, may_have_changed,
    was_never_created,
};

use crate::support::{
    Case, Edit, XeroContactExt, acme, contact_id, details, namesake, reference, xero_id,
};

/// A create of Acme under `A-1` whose answer was lost, BigChange edited since.
fn create_in_doubt(edit: impl FnOnce(&mut Contact)) -> Case {
    Case::new()
        .account_reference("A-1")
        .in_doubt(InDoubt::Create(details(&acme())))
        .settings(&[("CREATE_IN_XERO", "true")])
        .with(edit)
}

/// As the create wrote it.
fn own() -> XeroContact {
    let own = namesake(1).account("A-1").code("BigChange-7");
    own.showing(&details(&acme()))
}

fn phone(text: &str) -> XeroChanges {
    XeroChanges {
        phone: Some(text.to_owned()),
        ..XeroChanges::default()
    }
}

fn new_phone(c: &mut Contact) {
    "01".clone_into(&mut c.phone);
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_create_in_doubt_is_looked_for_before_anything_is_created_again() {
    let rows: Vec<(&str, Case, &str)> = vec![
        ("Xero is asked first",                   create_in_doubt(|_| ()),                                                "ask which"),
        ("it arrived",                            create_in_doubt(|_| ()).found([own()]),                                 "Linked 1"),
        ("it arrived, renamed in BigChange since", create_in_doubt(|c| c.name = "Acme plc".into()).found([own()]),        "Linked 1"),
        ("it arrived, a namesake beside it",      create_in_doubt(|_| ()).found([own(), namesake(2)]),                    "Linked 1"),
        ("it arrived and was archived",           create_in_doubt(|_| ()).found([own().archived()]),                      "ArchivedInXero 1"),
        ("it did not arrive",                     create_in_doubt(|_| ()).found([]),                                      "Created"),
        ("it did not, but somebody made one",     create_in_doubt(|_| ()).found([namesake(2).account("A-1")]),            "Linked 2"),
        ("it did not, creating is off now",       create_in_doubt(|_| ()).settings(&[]).found([]),                        "NotInXero A-1"),
    ];
    for (says, case, outcome) in rows {
        assert_eq!(case.said(), outcome, "{says}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_create_that_arrived_is_brought_up_to_date_with_what_changed_since() {
    let rows: [(&str, Edit, XeroChanges); 3] = [
        ("nothing", |_| (),                         XeroChanges::default()),
        ("phone",   new_phone,                      phone("01")),
        ("name",    |c| c.name = "Acme plc".into(), XeroChanges { name: Some("Acme plc".into()), ..XeroChanges::default() }),
    ];
    for (says, edit, changes) in rows {
        let case = create_in_doubt(edit).found([own()]);
        assert_eq!(case.changes(), changes, "{says}");
        assert_eq!(case.plan().synced, details(&case.contact), "{says}");
        assert_eq!(case.plan().notices, Vec::<Notice>::new(), "it will carry the new name, so no other name is told: {says}");
    }
}

#[test]
fn a_second_attempt_to_bring_a_create_up_to_date_sends_it_again() {
    // The create arrived; the update that followed may not have, and only the update is remembered.
    let case = create_in_doubt(new_phone).found([own()]);
    let synced = details(&case.contact);
    let case = case.in_doubt(InDoubt::Update {
        changes: Box::new(phone("01")),
        synced,
        before: Some(Box::new(details(&acme()))),
        notices: Vec::new(),
        earlier: Earlier::default(),
    });
    assert_eq!(case.changes(), phone("01"));
    // And what was edited since goes with it.
    let case = case.with(|c| c.email = "new@acme.example".into());
    let both = XeroChanges {
        email: Some("new@acme.example".into()),
        ..phone("01")
    };
    assert_eq!(case.changes(), both);
}

#[test]
fn an_attempt_in_doubt_does_not_make_somebody_elses_contact_ours_to_overwrite() {
    let only_number = XeroChanges {
        account_number: Some(reference("A-1")),
        ..XeroChanges::default()
    };
    let update = InDoubt::Update {
        changes: Box::new(phone("01")),
        synced: details(&acme()),
        before: None,
        notices: Vec::new(),
        earlier: Earlier::default(),
    };
    for in_doubt in [InDoubt::Create(details(&acme())), update] {
        let case = create_in_doubt(new_phone).in_doubt(in_doubt);
        let case = case.found([namesake(2)]);
        assert_eq!(case.changes(), only_number);
        assert_eq!(case.plan().synced, details(&case.contact));
    }
}

#[test]
fn a_code_is_kept_through_a_lost_answer() {
    let generating = [("CREATE_IN_XERO", "true"), ("GENERATE_ACCOUNT_REF", "true")];
    let case = create_in_doubt(|c| c.account_reference.clear())
        .settings(&generating)
        .generated("ACME0001");
    let arrived = case.clone().found([own().account("ACME0001")]).plan();
    let not_arrived = case.found([]).plan();
    for plan in [arrived, not_arrived] {
        assert_eq!(plan.account_reference.as_str(), "ACME0001");
        assert!(plan.bigchange_account && plan.bigchange_contact_reference);
    }
}

/// Acme, of which an attempt was to send the phone `01` over what stood in Xero, edited since.
fn phone_in_doubt(before: &str, edit: Edit, in_xero: &str) -> Case {
    let with_phone = |phone: &str| Details {
        phone: phone.to_owned(),
        ..details(&acme())
    };
    let case = Case::linked().with(edit).in_doubt(InDoubt::Update {
        changes: Box::new(phone("01")),
        synced: with_phone("01"),
        before: Some(Box::new(with_phone(before))),
        notices: vec![Notice::CorrectionOverwritten {
            field: Field::Phone,
            in_xero: before.to_owned(),
            sent: "01".to_owned(),
        }],
        earlier: Earlier::default(),
    });
    let in_xero = case.as_linked().showing(&with_phone(in_xero));
    case.found([in_xero])
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn an_update_in_doubt_is_compared_with_what_xero_shows_by_then() {
    let old = "+441130000000";
    let sent = |text: &str| phone(text);
    let nothing = XeroChanges::default;
    let rows: Vec<(&str, Case, XeroChanges, &[&str])> = vec![
        ("it arrived",                            phone_in_doubt("07", new_phone, "01"),                  nothing(),  &["07 by 01"]),
        ("it did not",                            phone_in_doubt(old, new_phone, old),                    sent("01"), &[]),
        ("it did not, over a correction",         phone_in_doubt("07", new_phone, "07"),                  sent("01"), &["07 by 01"]),
        ("it arrived, edited back since",         phone_in_doubt("07", |_| (), "01"),                     sent(old),  &["07 by 01"]),
        ("it did not, edited back since",         phone_in_doubt("07", |_| (), "07"),                     nothing(),  &[]),
        ("it arrived, edited again",              phone_in_doubt("07", |c| c.phone = "02".into(), "01"),  sent("02"), &["07 by 01"]),
        ("corrected since, whether it arrived",   phone_in_doubt("07", new_phone, "08"),                  sent("01"), &["07 by 01", "08 by 01"]),
        ("corrected since, edited back",          phone_in_doubt("07", |_| (), "08"),                     nothing(),  &["07 by 01"]),
    ];
    for (says, case, changes, told) in rows {
        assert_eq!(case.changes(), changes, "{says}");
        assert_eq!(case.plan().synced, details(&case.contact), "{says}");
        let overwritten = case.plan().earlier.notices.into_iter().chain(case.plan().notices).map(|notice| match notice {
            Notice::CorrectionOverwritten { in_xero, sent, .. } => format!("{in_xero} by {sent}"),
            other => panic!("{other:?}"),
        });
        assert_eq!(overwritten.collect::<Vec<_>>(), told, "{says}");
    }
}

#[test]
fn what_an_update_changed_is_kept_where_it_may_have_arrived() {
    let changed = |before: &str, in_xero: &str| {
        let plan = phone_in_doubt(before, new_phone, in_xero).plan();
        let changes = plan.earlier.changes.iter();
        let told = changes.map(|change| format!("{} by {}", change.before, change.after));
        told.collect::<Vec<_>>()
    };
    for (shows, kept) in [("07", 0), ("01", 1), ("08", 1)] {
        assert_eq!(changed("07", shows), vec!["07 by 01"; kept], "{shows}");
    }
    // Through any number of attempts.
    let case = phone_in_doubt("07", |c| c.phone = "02".into(), "01");
    let second = case.plan();
    assert_eq!(second.earlier.changes.len(), 1);
    let in_doubt = left_in_doubt(&second, true).unwrap();
    for shows in ["01", "02"] {
        let shown = Details {
            phone: shows.to_owned(),
            ..details(&acme())
        };
        let in_xero = case.as_linked().showing(&shown);
        let third = case.clone().in_doubt(in_doubt.clone()).found([in_xero]);
        let third = third.plan();
        let kept: Vec<_> = third
            .earlier
            .changes
            .iter()
            .map(|c| c.before.as_str())
            .collect();
        let all = if shows == "01" {
            &["07"][..]
        } else {
            &["07", "01"]
        };
        assert_eq!(kept, all, "{shows}");
        assert_eq!(third.earlier.notices.len(), 1, "{shows}");
    }
    // Also where it is let go: all of it may have arrived.
    assert_eq!(may_have_changed(&second).changes.len(), 2);
    let off = case.settings(&[("UPDATE_IN_XERO", "false")]).looked_at();
    assert_eq!(off.plan().earlier.changes.len(), 1);
}

#[test]
fn a_contact_reference_in_doubt_is_written_although_the_account_reference_is_there_by_now() {
    let mut case = Case::new()
        .account_reference("ACME0001")
        .found([own().account("ACME0001")]);
    assert!(!case.plan().bigchange_contact_reference);
    case.due = Some(reference("ACME0001"));
    assert!(case.plan().bigchange_contact_reference);
}

/// The plan of an attempt that stopped.
fn stopped(found: &[XeroContact]) -> Plan {
    let case = Case::new().account_reference("A-1");
    let case = case.settings(&[("CREATE_IN_XERO", "true")]);
    case.found(found.iter().cloned()).plan()
}

#[test]
fn what_a_stored_plan_leaves_in_doubt() {
    let synced = details(&acme());
    let create = Some(InDoubt::Create(synced.clone()));
    let number = XeroChanges {
        account_number: Some(reference("A-1")),
        ..XeroChanges::default()
    };
    let update = Some(InDoubt::Update {
        changes: Box::new(number),
        synced,
        before: None,
        notices: Vec::new(),
        earlier: Earlier::default(),
    });
    let in_place = [namesake(1).account("A-1")];
    let newer = Plan {
        xero: XeroWrite::Unknown(UnknownWrite),
        ..stopped(&[])
    };
    let rows = [
        ("a create", stopped(&[]), false, create.clone()),
        ("an update", stopped(&[namesake(1)]), false, update.clone()),
        (
            "an update of a linked contact",
            stopped(&[namesake(1)]),
            true,
            update,
        ),
        (
            "a link without a write",
            stopped(&in_place),
            false,
            create.clone(),
        ),
        (
            "nothing, of a linked contact",
            stopped(&in_place),
            true,
            None,
        ),
        (
            "what a newer version knows",
            newer.clone(),
            false,
            create.clone(),
        ),
        ("what a newer version knows, linked", newer, true, create),
    ];
    for (says, plan, is_linked, expected) in rows {
        assert_eq!(left_in_doubt(&plan, is_linked), expected, "{says}");
    }
}

#[test]
fn an_attempt_is_settled_once_xero_was_asked_and_shows_what_became_of_it() {
    let (create, number) = (stopped(&[]), stopped(&[namesake(1)]));
    let in_place = stopped(&[namesake(1).account("A-1")]);
    let ours = [own()];
    type Found<'a> = Option<&'a [XeroContact]>;
    let rows: [(&str, &Plan, Found<'_>, bool, bool); 8] = [
        ("a create, not asked since", &create, None, false, false),
        ("a create that is not there", &create, Some(&[]), true, true),
        ("a create that is there", &create, Some(&ours), false, false),
        ("a number, not asked since", &number, None, false, false),
        ("a number, asked since", &number, Some(&[]), false, true),
        (
            "a number, of a contact of ours",
            &stopped(&[own().account("")]),
            Some(&[]),
            false,
            false,
        ),
        ("a link without a write", &in_place, Some(&[]), false, false),
        (
            "a link without a write, ours there",
            &in_place,
            Some(&ours),
            false,
            false,
        ),
    ];
    for (says, plan, found, never_created, settled) in rows {
        let contact = contact_id(7);
        assert_eq!(
            was_never_created(plan, contact, found),
            never_created,
            "{says}"
        );
        assert_eq!(is_settled(plan, contact, found), settled, "{says}");
    }
}

#[test]
fn a_persons_choice_waits_while_a_create_may_have_been_made() {
    let word = ManualMatch {
        pinned: Some(xero_id(3)),
        excluded: vec![xero_id(4)],
        distinct_from: vec![xero_id(5)],
    };
    let newer = Plan {
        xero: XeroWrite::Unknown(UnknownWrite),
        ..stopped(&[])
    };
    let rows: [(&str, Option<Plan>, bool); 4] = [
        ("nothing in doubt", None, true),
        ("an update in doubt", Some(stopped(&[namesake(1)])), true),
        ("a create in doubt", Some(stopped(&[])), false),
        ("what a newer version knows", Some(newer), false),
    ];
    for (says, in_doubt, counts) in rows {
        let counting = word.that_counts(in_doubt.as_ref());
        assert_eq!(counting.pinned.is_some(), counts, "{says}");
        assert_eq!(counting.excluded, word.excluded, "{says}");
    }
}
