//! The account reference and the contact reference, and what becomes of each.

use rules::{Decision, XeroContact};

use crate::support::{Case, XeroContactExt, namesake};

/// What is matched in Xero.
#[derive(Debug, Clone, Copy)]
enum Match {
    None,
    NoNumber,
    Number(&'static str),
}

const ANY: &[bool] = &[false, true];
const TICKED: &[bool] = &[true];
const NOT_TICKED: &[bool] = &[false];

const BLANK: &str = "";
const EITHER: &[&str] = &["", "SEARCH-ME"];

/// Account ref, match in Xero, generate, contact ref; what the account reference becomes, what the
/// contact reference becomes (`None`: unchanged).
type Row = (
    &'static str,
    Match,
    &'static [bool],
    &'static [&'static str],
    &'static str,
    Option<&'static str>,
);

fn case(in_bigchange: &str, found: Match, generate: bool, contact_reference: &str) -> Case {
    let found: Vec<XeroContact> = match found {
        Match::None => Vec::new(),
        Match::NoNumber => vec![namesake(1)],
        Match::Number(number) => vec![namesake(1).account(number)],
    };
    Case::new()
        .account_reference(in_bigchange)
        .with(|contact| contact_reference.clone_into(&mut contact.contact_reference))
        .settings(&[
            ("CREATE_IN_XERO", "true"),
            (
                "GENERATE_ACCOUNT_REF",
                if generate { "true" } else { "false" },
            ),
        ])
        .generated("ACME0001")
        .found(found)
}

/// Both references in BigChange once the plan is done, or the problem.
fn becomes(case: &Case) -> (String, String) {
    let contact = &case.contact;
    match case.decision() {
        Decision::Apply(plan) => {
            let account = if plan.bigchange_account {
                plan.account_reference.to_string()
            } else {
                contact.account_reference.clone()
            };
            let search = if plan.bigchange_contact_reference {
                plan.account_reference.to_string()
            } else {
                contact.contact_reference.clone()
            };
            (account, search)
        }
        Decision::Hold(problem) => (problem.code().to_owned(), contact.contact_reference.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn what_the_account_reference_and_the_contact_reference_become() {
    use Match::{NoNumber, Number};
    let rows: [Row; 12] = [
        ("A-1", Match::None,    ANY,        EITHER,         "A-1",                None),
        ("A-1", NoNumber,       ANY,        EITHER,         "A-1",                None),
        ("A-1", Number("A-1"),  ANY,        EITHER,         "A-1",                None),
        (BLANK, Number("X-9"),  TICKED,     &[""],          "X-9",                Some("X-9")),
        (BLANK, Number("X-9"),  NOT_TICKED, &[""],          "X-9",                None),
        (BLANK, Number("X-9"),  ANY,        &["SEARCH-ME"], "X-9",                None),
        (BLANK, Match::None,    TICKED,     &[""],          "ACME0001",           Some("ACME0001")),
        (BLANK, NoNumber,       TICKED,     &[""],          "ACME0001",           Some("ACME0001")),
        (BLANK, Match::None,    TICKED,     &["SEARCH-ME"], "ACME0001",           None),
        (BLANK, NoNumber,       TICKED,     &["SEARCH-ME"], "ACME0001",           None),
        (BLANK, Match::None,    NOT_TICKED, EITHER,         "NoAccountReference", None),
        (BLANK, NoNumber,       NOT_TICKED, EITHER,         "NoAccountReference", None),
    ];
    for (in_bigchange, found, generate, contact_references, account, search) in rows {
        for generate in generate {
            for contact_reference in contact_references {
                let case = case(in_bigchange, found, *generate, contact_reference);
                let expected = (account.to_owned(), search.unwrap_or(contact_reference).to_owned());
                assert_eq!(becomes(&case), expected, "{in_bigchange:?} {found:?} {generate} {contact_reference:?}");
            }
        }
    }
}

#[test]
fn nothing_is_created_or_linked_before_its_code_is_reserved() {
    for found in [Match::None, Match::NoNumber] {
        let mut case = case(BLANK, found, true, "");
        case.generated = None;
        assert_eq!(case.said(), "needs a code");
    }
}

#[test]
fn a_generated_code_is_not_used_where_either_side_has_a_reference() {
    for (in_bigchange, found) in [("A-1", Match::None), (BLANK, Match::Number("X-9"))] {
        let mut case = case(in_bigchange, found, true, "");
        let with_code = case.plan().account_reference;
        case.generated = None;
        assert_eq!(case.plan().account_reference, with_code);
        assert_ne!(with_code.as_str(), "ACME0001");
    }
}

#[test]
fn an_unprintable_number_in_xero_is_neither_taken_over_nor_replaced() {
    for generate in [false, true] {
        let case = case(BLANK, Match::Number("X\t9"), generate, "");
        assert_eq!(case.said(), "NoAccountReference");
    }
}

#[test]
fn creating_that_is_not_authorised_is_told_before_a_missing_reference() {
    let case = case(BLANK, Match::None, false, "").settings(&[]);
    assert_eq!(case.said(), "NotInXero");
}

#[test]
fn an_account_number_that_is_too_long_for_a_contact_reference_is_noted() {
    let long = "A".repeat(41);
    let longest = "A".repeat(40);
    let case = |number: &str| {
        Case::new()
            .settings(&[("GENERATE_ACCOUNT_REF", "true")])
            .with(|contact| contact.contact_reference.clear())
            .found([namesake(1).account(number)])
    };
    let set = |contact: &mut rules::Contact| contact.contact_reference = "mine".into();
    for (says, case, written, noted) in [
        ("too long", case(&long), false, true),
        ("as long as it may be", case(&longest), true, false),
        (
            "too long, but not wanted",
            case(&long).with(set),
            false,
            false,
        ),
        ("not wanted", case(&longest).with(set), false, false),
    ] {
        let plan = case.plan();
        assert_eq!(plan.bigchange_contact_reference, written, "{says}");
        assert_eq!(
            !plan.notices.is_empty(),
            noted,
            "{says}: {:?}",
            plan.notices
        );
    }
}

#[test]
fn only_what_is_in_place_is_no_write() {
    let found = |contact| Case::new().account_reference("A-1").found([contact]);
    assert!(!found(namesake(1).account("A-1")).plan().xero.is_write());
    assert!(found(namesake(1)).plan().xero.is_write());
}
