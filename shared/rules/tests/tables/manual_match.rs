//! A person's word overrules the match table, and nothing else.

use rules::ManualMatch;

use crate::support::{Case, XeroContactExt, namesake, xero, xero_id};

fn is(n: u64) -> ManualMatch {
    ManualMatch {
        pinned: Some(xero_id(n)),
        excluded: Vec::new(),
    }
}

fn is_not(n: u64) -> ManualMatch {
    ManualMatch {
        pinned: None,
        excluded: vec![xero_id(n)],
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_person_says_which_xero_contact_it_is() {
    const CREATE: &[(&str, &str)] = &[("CREATE_IN_XERO", "true")];
    let case = |text: &str| Case::new().account_reference(text).said_by_a_person(is(1));
    let rows: Vec<(&str, Case, &str)> = vec![
        ("only that one is asked for",               case("A-1"),                                                        "ask for 1"),
        ("under another name",                       case("A-1").found([xero(1)]),                                       "Linked 1"),
        ("although another has the name",            case("A-1").found([xero(1), namesake(2)]),                          "Linked 1"),
        ("but another has the number",               case("A-1").found([xero(1), xero(3).account("a-1 ")]),              "AmbiguousMatch 1 and 3"),
        ("but an archived one has the number",       case("A-1").found([xero(1), xero(3).account("A-1").archived()]),    "AmbiguousMatch 1 and 3"),
        ("reserved, and another has the number",     case("A-1").found([xero(1), xero(3).account("A-1")]).held_by("A-1", 8), "DuplicateAccountReference A-1, of 8"),
        ("it has the number, and so has another",    case("A-1").found([xero(1).account("A-1"), xero(3).account("A-1")]), "Linked 1"),
        ("although another program keeps it",        case("A-1").found([namesake(1).code("CRM-1")]),                     "Linked 1"),
        ("its number is taken over",                 case("").found([xero(1).account("B-2")]),                           "Linked 1"),
        ("a code is generated where both are blank", case("").settings(&[("GENERATE_ACCOUNT_REF", "true")]).found([xero(1)]), "needs a code"),
        ("no code, no reference",                    case("").found([xero(1)]),                                          "NoAccountReference"),
        ("both have references, and they differ",    case("A-1").found([xero(1).account("B-2")]),                        "AccountReferenceChanged A-1, \"B-2\" in Xero"),
        ("linked to another",                        case("A-1").found([xero(1)]).linked_to(1, 8),                       "LinkedToAnotherContact 1, of 8"),
        ("the reference held by another",            case("A-1").found([xero(1)]).held_by("A-1", 8),                     "DuplicateAccountReference A-1, of 8"),
        ("archived",                                 case("A-1").found([xero(1).archived()]),                            "ArchivedInXero 1"),
        ("erased",                                   case("A-1").found([xero(1).erased()]),                              "ErasedInXero 1"),
        ("not in Xero: never created instead",       case("A-1").settings(CREATE).found([]),                             "LinkedContactNotInXero 1"),
    ];
    for (says, case, outcome) in rows {
        assert_eq!(case.said(), outcome, "{says}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_person_says_which_xero_contact_it_is_not() {
    const CREATE: &[(&str, &str)] = &[("CREATE_IN_XERO", "true")];
    let case = |text: &str| Case::new().account_reference(text).said_by_a_person(is_not(1));
    let rows: Vec<(&str, Case, &str)> = vec![
        ("Xero is asked as ever",                 case("A-1"),                                                  "ask which"),
        ("it still fits by its number",           case("A-1").found([xero(1).account("A-1")]),                  "UnlinkedByPerson 1"),
        ("it still fits by its name",             case("A-1").found([namesake(1)]),                             "UnlinkedByPerson 1"),
        ("it is one of our own",                  case("A-1").found([xero(1).code("BigChange-7")]),             "UnlinkedByPerson 1"),
        ("it still fits, authorised or not",      case("A-1").settings(CREATE).found([xero(1).account("A-1")]), "UnlinkedByPerson 1"),
        ("another fits",                          case("A-1").found([xero(2).account("A-1")]),                  "Linked 2"),
        ("it and another fit",                    case("A-1").found([xero(1).account("A-1"), namesake(2)]),     "Linked 2"),
        ("it is our own, and another fits",       case("A-1").found([xero(1).code("BigChange-7"), namesake(2)]), "Linked 2"),
        ("it and two others fit",                 case("A-1").found([xero(1).account("A-1"), namesake(2), xero(3).account("A-1")]), "AmbiguousMatch 2 and 3"),
        ("none fits, authorised",                 case("A-1").settings(CREATE).found([xero(1)]),                "Created"),
        ("none fits, not authorised",             case("A-1").found([]),                                        "NotInXero A-1"),
    ];
    for (says, case, outcome) in rows {
        assert_eq!(case.said(), outcome, "{says}");
    }
}

#[test]
fn once_linked_a_word_about_another_contact_changes_nothing() {
    let mut case = Case::linked();
    case.manual_match = is(2);
    assert_eq!(case.said(), "Unchanged 1");
}

#[test]
fn an_unlinked_one_of_our_own_is_looked_for_by_our_number_before_anything_is_created() {
    let asks = |case: Case| match case.decision() {
        rules::Decision::Ask(rules::Question::Match {
            create_in_doubt, ..
        }) => create_in_doubt,
        other => panic!("not asked but {other:?}"),
    };
    assert!(!asks(Case::new()));
    assert!(asks(Case::new().said_by_a_person(is_not(1))));
}

#[test]
fn a_choice_outweighs_what_was_said_before() {
    let word = ManualMatch {
        pinned: Some(xero_id(1)),
        excluded: vec![xero_id(1), xero_id(2)],
    };
    let case = Case::new()
        .account_reference("A-1")
        .said_by_a_person(word)
        .found([xero(1)]);
    assert_eq!(case.said(), "Linked 1");
}

#[test]
fn a_word_is_kept_as_long_as_it_says_something() {
    assert!(ManualMatch::default().is_empty());
    assert!(!is(1).is_empty());
    assert!(!is_not(1).is_empty());
    let kept = serde_json::to_value(is_not(1)).unwrap();
    assert_eq!(kept, serde_json::json!({ "is_not": [xero_id(1)] }));
}
