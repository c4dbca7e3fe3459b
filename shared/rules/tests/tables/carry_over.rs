//! What is carried over, unit by unit, as B0, B1, X0 and X1: BigChange's value at the last sync and
//! now, what Xero answered to our last write or showed at linking, and what it shows now.

use std::collections::BTreeSet;

use rules::{
    Address, Details, Keep, Link, Notice, OnConflict, Person, Problem, Side, Unit, UnitDecision,
    UnitValues, XeroShowed, XeroWrite, decide_unit,
};

use crate::support::{Case, XeroContactExt, acme, details, told};

use UnitDecision::{CountsAsCarried, HoldBack, Overwrite, Send, Stays};

/// X0: what Xero answered to our own write, what it showed when the two were linked, or nothing that
/// is known.
#[derive(Clone, Copy)]
enum X0 {
    Answered(&'static str),
    Shown,
    Unknown,
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn each_unit_is_decided_by_what_both_systems_had_and_have() {
    use X0::{Answered, Shown, Unknown};
    //                                                B0   B1   X0             X1   A           bigchange        hold
    let rows = [
        ("nothing changed in BigChange",              "a", "a", Answered("a"), "z", None,       Stays,           Stays),
        ("changed in BigChange only",                 "a", "b", Answered("a"), "a", None,       Send,            Send),
        ("the same change in both",                   "a", "b", Answered("a"), "b", None,       CountsAsCarried, CountsAsCarried),
        ("corrected in Xero since",                   "a", "b", Answered("a"), "c", None,       Overwrite,       HoldBack),
        ("differed at linking",                       "a", "b", Shown,         "z", None,       Overwrite,       HoldBack),
        ("differed, and nothing is known of it",      "a", "b", Unknown,       "c", None,       Overwrite,       HoldBack),
        ("nothing is known of it, as carried over",   "a", "b", Unknown,       "a", None,       Send,            Send),
        ("Xero keeps our value in its own way",       "a", "b", Answered("A"), "A", None,       Send,            Send),
        ("corrected, where Xero kept it so",          "a", "b", Answered("A"), "c", None,       Overwrite,       HoldBack),
        ("cleared, against a correction",             "a", "",  Answered("a"), "c", None,       Overwrite,       HoldBack),
        ("cleared in both",                           "a", "",  Answered("a"), "",  None,       CountsAsCarried, CountsAsCarried),
        ("changed, and cleared in Xero",              "a", "b", Answered("a"), "",  None,       Overwrite,       HoldBack),
        ("blank in Xero, and nobody took it away",    "a", "b", Unknown,       "",  None,       Send,            Send),
        ("filled in, blank in Xero",                  "",  "b", Unknown,       "",  None,       Send,            Send),
        ("our write arrived, its answer was lost",    "a", "b", Answered("a"), "b", Some("b"),  CountsAsCarried, CountsAsCarried),
        ("our write did not arrive",                  "a", "b", Answered("a"), "a", Some("b"),  Send,            Send),
        ("our write arrived, edited back",            "a", "a", Answered("a"), "b", Some("b"),  Send,            Send),
        ("our write arrived, edited again",           "a", "c", Answered("a"), "b", Some("b"),  Send,            Send),
        ("our write did not arrive, edited back",     "a", "a", Answered("a"), "a", Some("b"),  CountsAsCarried, CountsAsCarried),
        ("corrected since, edited back",              "a", "a", Answered("a"), "z", Some("b"),  Stays,           Stays),
        ("corrected since, whether it arrived",       "a", "b", Answered("a"), "z", Some("b"),  Overwrite,       HoldBack),
    ];
    for (says, carried, in_bigchange, x0, in_xero, attempted, bigchange, hold) in rows {
        let values = |on_conflict, keep| UnitValues {
            carried,
            in_bigchange,
            answered: match x0 {
                Answered(answered) => Some(answered),
                Shown | Unknown => None,
            },
            was_filled: !matches!(x0, Unknown),
            in_xero,
            attempted,
            keep,
            on_conflict,
        };
        assert_eq!(decide_unit(&values(OnConflict::BigChange, None)), bigchange, "{says}");
        assert_eq!(decide_unit(&values(OnConflict::Hold, None)), hold, "{says}, held");
        // What a person says matters where it would be held, and nowhere else.
        for (side, then) in [(Side::BigChange, Overwrite), (Side::Xero, CountsAsCarried)] {
            let decided = decide_unit(&values(OnConflict::Hold, Some(side)));
            let expected = if hold == HoldBack { then } else { hold };
            assert_eq!(decided, expected, "{says}, {side:?} stays");
        }
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn two_values_are_the_same_that_differ_only_in_how_a_system_writes_them() {
    let with = |set: fn(&mut Details)| { let mut all = details(&acme()); set(&mut all); all };
    let rows: Vec<(&str, Unit, Details, Details, bool)> = vec![
        ("outer spaces in Xero",         Unit::Email,   with(|d| d.email = "jo@acme.example".into()),    with(|d| d.email = " jo@acme.example\n".into()), true),
        ("in another case",              Unit::Email,   with(|d| d.email = "jo@acme.example".into()),    with(|d| d.email = "Jo@acme.example".into()),   false),
        ("a phone in three parts",       Unit::Phone,   with(|d| d.phone = "+64423241290".into()),       with(|d| d.phone = "+64 4 23241290".into()),    true),
        ("a phone spaced otherwise",     Unit::Phone,   with(|d| d.phone = "0113 496 0000".into()),      with(|d| d.phone = "01134 960000".into()),      true),
        ("another phone",                Unit::Phone,   with(|d| d.phone = "0113 496 0000".into()),      with(|d| d.phone = "0113 496 0001".into()),     false),
        ("a line end in the street",     Unit::Address, with(|d| d.address.street = "1 High St".into()), with(|d| d.address.street = "1 High St\n".into()), true),
        ("a street in two lines",        Unit::Address, with(|d| d.address.street = "Unit 2 High St".into()), with(|d| d.address.street = "Unit 2\r\nHigh St".into()), true),
        ("another line",                 Unit::Address, with(|d| d.address.street = "1 High St".into()), with(|d| d.address.street = "1 High St\nUnit 2".into()), false),
        ("another town",                 Unit::Address, with(|_| ()),                                    with(|d| d.address.town = "York".into()),       false),
        ("spaces in a name",             Unit::Name,    with(|d| d.name = "Acme Ltd".into()),            with(|d| d.name = " Acme  Ltd".into()),         true),
        ("a name in another case",       Unit::Name,    with(|d| d.name = "Acme Ltd".into()),            with(|d| d.name = "ACME Ltd".into()),           false),
        ("a person's names moved",       Unit::Person,  with(|d| d.person = Person { first_names: "Jo van".into(), last_name: "Dam".into() }), with(|d| d.person = Person { first_names: "Jo".into(), last_name: "van Dam".into() }), false),
    ];
    for (says, unit, one, other, is_same) in rows {
        assert_eq!(unit.is_same(&one, &other), is_same, "{says}");
        assert_eq!(unit.is_same(&other, &one), is_same, "{says}, turned round");
        assert!(unit.is_same(&one, &one), "{says}");
        for unrelated in Unit::ALL.into_iter().filter(|other| *other != unit) {
            assert!(unrelated.is_same(&one, &other), "{says}: {unrelated:?}");
        }
    }
}

/// Acme with another e-mail address and phone in BigChange, and what Xero shows of both.
fn edited_in_both(email: &str, phone: &str) -> Case {
    let case = Case::linked().with(|c| {
        "new@acme.example".clone_into(&mut c.email);
        "01".clone_into(&mut c.phone);
    });
    let shown = Details {
        email: email.to_owned(),
        phone: phone.to_owned(),
        ..details(&acme())
    };
    let in_xero = case.as_linked().showing(&shown);
    case.found([in_xero])
}

const CORRECTED: &str = "accounts@acme.example";

#[test]
fn a_correction_is_written_over_kept_and_told() {
    let plan = edited_in_both(CORRECTED, "+441130000000").plan();
    let XeroWrite::Change {
        changes, before, ..
    } = &plan.xero
    else {
        panic!("{plan:?}");
    };
    assert_eq!(changes.email.as_deref(), Some("new@acme.example"));
    assert_eq!(changes.phone.as_deref(), Some("01"));
    let before = before.as_ref().and_then(|before| before.details.as_ref());
    assert_eq!(
        before.unwrap().email,
        CORRECTED,
        "what stood there is kept with the plan"
    );
    let sentences: Vec<String> = plan.notices.iter().map(Notice::sentence).collect();
    assert_eq!(sentences.len(), 1, "{sentences:?}");
    for part in [CORRECTED, "new@acme.example", "email"] {
        assert!(sentences[0].contains(part), "{sentences:?}");
    }
    assert!(plan.conflicts.is_empty());
}

#[test]
fn a_value_that_a_person_took_away_in_xero_is_told_apart_from_one_that_was_never_there() {
    // Linked by its account number, so not read; read and blank; created by us, so filled.
    let rows: [(&str, bool, bool, usize); 3] = [
        ("not read", false, false, 0),
        ("blank when it was linked", true, true, 0),
        ("filled when it was linked", true, false, 1),
    ];
    for (says, is_seen, was_blank, told) in rows {
        let mut case = edited_in_both("", "+441130000000");
        let link = case.link.as_mut().unwrap();
        link.is_seen = is_seen;
        if was_blank {
            link.showed = Some(Box::new(XeroShowed {
                its_own: BTreeSet::from([Unit::Email]),
                ..XeroShowed::default()
            }));
        }
        let plan = case.plan();
        assert_eq!(plan.notices.len(), told, "{says}");
        let held = case.settings(&[("ON_CONFLICT", "hold")]).plan().conflicts;
        assert_eq!(held.len(), told, "{says}");
    }
}

#[test]
fn a_held_unit_waits_while_the_others_go() {
    let case = edited_in_both(CORRECTED, "+441130000000").settings(&[("ON_CONFLICT", "hold")]);
    let plan = case.plan();
    let changes = case.changes();
    assert_eq!(
        (changes.email, changes.phone.as_deref()),
        (None, Some("01"))
    );
    assert_eq!(plan.synced.email, details(&acme()).email, "B0 stays");
    assert_eq!(plan.synced.phone, "01");
    let units = plan.conflicts;
    let held = Problem::ChangedInBoth { units };
    assert_eq!(
        told(&held),
        format!("ChangedInBoth email \"new@acme.example\" and {CORRECTED:?}")
    );
}

#[test]
fn a_held_unit_is_over_once_the_two_are_equal_in_either_system() {
    let hold = [("ON_CONFLICT", "hold")];
    let in_xero = edited_in_both("new@acme.example", "01").settings(&hold);
    let in_bigchange = edited_in_both(CORRECTED, "01")
        .settings(&hold)
        .with(|c| CORRECTED.clone_into(&mut c.email));
    let taken_back = edited_in_both(CORRECTED, "01")
        .settings(&hold)
        .with(|c| c.email = details(&acme()).email);
    for case in [in_xero, in_bigchange, taken_back] {
        let plan = case.plan();
        assert!(plan.writes_nothing(), "{plan:?}");
        assert!(plan.conflicts.is_empty(), "{plan:?}");
        assert_eq!(plan.synced, details(&case.contact));
    }
}

#[test]
fn a_person_says_whose_value_stays() {
    let keep = |side| Keep {
        side,
        units: BTreeSet::from([Unit::Email]),
    };
    let mut case = edited_in_both(CORRECTED, "07").settings(&[("ON_CONFLICT", "hold")]);
    case.keep = Some(keep(Side::Xero));
    let plan = case.plan();
    assert!(plan.writes_nothing(), "the phone is still held");
    assert_eq!(
        plan.synced.email, "new@acme.example",
        "it counts as carried over"
    );
    assert_eq!(plan.conflicts.len(), 1);
    case.keep = Some(keep(Side::BigChange));
    let plan = case.plan();
    assert_eq!(case.changes().email.as_deref(), Some("new@acme.example"));
    assert_eq!(plan.notices.len(), 1, "what stood there is told");
}

#[test]
fn while_updating_is_off_nothing_is_sent_held_or_told() {
    let off = [("UPDATE_IN_XERO", "false"), ("ON_CONFLICT", "hold")];
    let case = edited_in_both(CORRECTED, "07").settings(&off).looked_at();
    let plan = case.plan();
    assert!(plan.writes_nothing());
    assert!(plan.conflicts.is_empty() && plan.notices.is_empty());
    assert_eq!(plan.synced, details(&acme()));
    // Later it is on: what differs by then is a conflict.
    let on = case.settings(&[]);
    assert_eq!(on.plan().notices.len(), 2);
}

#[test]
fn a_link_keeps_what_xero_showed_where_that_is_another_value() {
    let shown = |phone: &str| Details {
        phone: phone.to_owned(),
        ..details(&acme())
    };
    let case = Case::new().account_reference("A-1");
    let xero = Case::linked().as_linked().showing(&shown("07"));
    let plan = case.found([xero.clone()]).plan();
    let link = Link::after(None, &plan, xero.id, Some(&xero), None);
    let showed = link.showed.clone().unwrap();
    assert_eq!(showed.its_own, BTreeSet::from([Unit::Phone]));
    assert_eq!(showed.values.phone, "07");
    assert_eq!(
        showed.answered(Unit::Phone),
        None,
        "that was no answer to a write of ours"
    );

    // Our own write, to which Xero answers in its own way.
    let mut case = Case::linked().with(|c| "01".clone_into(&mut c.phone));
    case.link = Some(link);
    let in_xero = case.as_linked().showing(&shown("07"));
    let plan = case.clone().found([in_xero.clone()]).plan();
    let answered = shown("+1");
    let link = Link::after(
        case.link.as_ref(),
        &plan,
        xero.id,
        Some(&in_xero),
        Some(&answered),
    );
    let showed = link.showed.clone().unwrap();
    assert_eq!(showed.answered(Unit::Phone).unwrap().phone, "+1");
    // While nobody touches it, it is ours to write over.
    case.link = Some(link.clone());
    case = case.with(|c| "02".clone_into(&mut c.phone));
    let untouched = case.as_linked().showing(&answered);
    assert_eq!(case.clone().found([untouched]).plan().notices, []);
    let corrected = case.as_linked().showing(&shown("+2"));
    assert_eq!(case.clone().found([corrected]).plan().notices.len(), 1);

    // An answer that says what was sent need not be kept.
    let plan = case
        .clone()
        .found([case.as_linked().showing(&answered)])
        .plan();
    let link = Link::after(Some(&link), &plan, xero.id, None, Some(&shown("02")));
    assert_eq!(link.showed, None);
}

#[test]
fn what_was_known_of_a_unit_stays_while_xero_is_not_read() {
    let mut case = Case::linked();
    let showed = XeroShowed {
        values: Details {
            phone: "+1".to_owned(),
            email: CORRECTED.to_owned(),
            ..Details::default()
        },
        answered: BTreeSet::from([Unit::Phone]),
        its_own: BTreeSet::from([Unit::Email]),
    };
    let link = case.link.as_mut().unwrap();
    link.showed = Some(Box::new(showed.clone()));
    link.contact_number = rules::ContactNumber::from_xero("BigChange-7");
    let plan = case.plan();
    let after = Link::after(
        case.link.as_ref(),
        &plan,
        plan.xero.existing().unwrap(),
        None,
        None,
    );
    assert_eq!(Some(after), case.link);
}

#[test]
fn an_address_is_told_in_one_line() {
    let mut all = details(&acme());
    all.address = Address {
        street: "Unit 2\n1 High St\n".to_owned(),
        country: String::new(),
        ..all.address
    };
    assert_eq!(
        Unit::Address.text(&all),
        "Unit 2, 1 High St, Leeds, LS1 1AA"
    );
    assert_eq!(Unit::Person.text(&all), "Jo van Dam");
}
