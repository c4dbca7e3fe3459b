//! Which Xero contact is it?

use rules::{
    Decision, Details, Earlier, InDoubt, Notice, Question, XeroChanges, XeroContact,
    is_still_as_found,
};

use crate::support::{
    Case, XeroContactExt, acme, contact_id, details, likely, namesake, possible, reference, xero,
};

const CREATE: &[(&str, &str)] = &[("CREATE_IN_XERO", "true")];
const NO_HOLD: &[(&str, &str)] = &[
    ("CREATE_IN_XERO", "true"),
    ("HOLD_LIKELY_DUPLICATES", "false"),
];
const NO_NAMES_CREATE: &[(&str, &str)] = &[("CREATE_IN_XERO", "true"), ("MATCH_BY_NAME", "false")];
const NO_NAMES: &[(&str, &str)] = &[("MATCH_BY_NAME", "false")];

/// Acme with this account reference, after Xero was asked.
fn case(account_reference: &str, found: Vec<XeroContact>) -> Case {
    Case::new()
        .account_reference(account_reference)
        .found(found)
}

/// Acme's own contact, from a create whose answer was lost.
fn own(n: u64) -> XeroContact {
    namesake(n).code("BigChange-7")
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn the_first_row_that_fits_decides_which_xero_contact_it_is() {
    let rows: Vec<(&str, Case, &str)> = vec![
        // More than one.
        ("two of its account number",              case("A-1", vec![xero(1).account("A-1"), xero(2).account("a-1")]),              "AmbiguousMatch 1 and 2"),
        ("two of its name",                        case("", vec![namesake(1), namesake(2)]),                                       "AmbiguousMatch 1 and 2"),
        ("the reference finds one, the name another", case("A-1", vec![xero(1).account("A-1"), namesake(2)]),                      "AmbiguousMatch 1 and 2"),
        ("the name's has another reference",       case("A-1", vec![xero(1).account("A-1"), namesake(2).account("B-2")]),          "AmbiguousMatch 1 and 2"),
        ("one of three is linked elsewhere",       case("", vec![namesake(1), namesake(2), namesake(3)]).linked_to(1, 8),          "AmbiguousMatch 1 and 2 and 3"),
        ("the reference's is archived, the name's active", case("A-1", vec![xero(1).account("A-1").archived(), namesake(2)]),      "AmbiguousMatch 1 and 2"),
        ("the reference's is erased, the name's active",   case("A-1", vec![xero(1).account("A-1").erased(), namesake(2)]),        "AmbiguousMatch 1 and 2"),
        ("two archived ones of its name, no active", case("", vec![namesake(1).archived(), namesake(2).archived()]),               "AmbiguousMatch 1 and 2"),
        ("the same contact listed twice is one",   case("A-1", vec![namesake(1).account("A-1"), namesake(1).account("A-1")]),      "Linked 1"),
        // Archived contacts that only the name finds give way to active ones.
        ("archived namesake, active namesake",     case("A-1", vec![namesake(1).archived(), namesake(2)]),                         "Linked 2"),
        ("archived namesake, active of its number", case("A-1", vec![namesake(1).archived(), xero(2).account("A-1")]),             "Linked 2"),
        ("archived namesake, active of both",      case("A-1", vec![namesake(1).archived(), namesake(2).account("A-1")]),          "Linked 2"),
        ("erased namesake, active of both",        case("A-1", vec![namesake(1).erased(), namesake(2).account("A-1")]),            "Linked 2"),
        ("archived namesake, archived of its number", case("A-1", vec![namesake(1).archived(), xero(2).account("A-1").archived()]), "AmbiguousMatch 1 and 2"),
        // Erased or archived.
        ("erased, by its number",                  case("A-1", vec![xero(1).account("A-1").erased()]),                             "ErasedInXero 1"),
        ("erased, by its name",                    case("", vec![namesake(1).erased()]),                                           "ErasedInXero 1"),
        ("archived, by its number",                case("A-1", vec![xero(1).account("A-1").archived()]),                           "ArchivedInXero 1"),
        ("archived, by its name",                  case("", vec![namesake(1).archived()]),                                         "ArchivedInXero 1"),
        ("merged into another",                    case("A-1", vec![xero(1).account("A-1").merged_into(9)]),                       "ArchivedInXero 1, survived by 9"),
        ("archived before linked elsewhere",       case("A-1", vec![xero(1).account("A-1").archived()]).linked_to(1, 8),           "ArchivedInXero 1"),
        ("archived before name taken",             case("A-1", vec![namesake(1).account("B-2").archived()]),                       "ArchivedInXero 1"),
        ("archived before create",                 case("A-1", vec![namesake(1).archived()]).settings(CREATE),                     "ArchivedInXero 1"),
        // Linked to another.
        ("linked elsewhere, by its number",        case("A-1", vec![xero(1).account("A-1")]).linked_to(1, 8),                      "LinkedToAnotherContact 1, of 8"),
        ("linked elsewhere, by its name",          case("", vec![namesake(1)]).linked_to(1, 8),                                    "LinkedToAnotherContact 1, of 8"),
        ("linked elsewhere before name taken",     case("A-1", vec![namesake(1).account("B-2")]).linked_to(1, 8),                  "LinkedToAnotherContact 1, of 8"),
        ("linked to itself",                       case("A-1", vec![namesake(1).account("A-1")]).linked_to(1, 7),                  "Linked 1"),
        // The name is taken.
        ("its name with another number",           case("A-1", vec![namesake(1).account("B-2")]),                                  "NameTakenInXero A-1, 1 with B-2"),
        ("its name with an unprintable number",    case("A-1", vec![namesake(1).account("B\t2")]),                                 "NameTakenInXero A-1, 1 with B\t2"),
        ("name taken before another program's",    case("A-1", vec![namesake(1).account("B-2").code("CRM-1")]),                    "NameTakenInXero A-1, 1 with B-2"),
        ("name taken before a duplicate",          case("A-1", vec![namesake(1).account("B-2")]).held_by("A-1", 8),                "NameTakenInXero A-1, 1 with B-2"),
        // Another program's.
        ("by name only, another program's",        case("A-1", vec![namesake(1).code("CRM-1")]),                                   "OwnedByAnotherProgram 1, CRM-1"),
        ("the same, no reference in BigChange",    case("", vec![namesake(1).account("B-2").code("CRM-1")]),                       "OwnedByAnotherProgram 1, CRM-1"),
        ("the same, ours for another contact",     case("", vec![namesake(1).account("B-2").code("BigChange-8")]),                 "OwnedByAnotherProgram 1, BigChange-8"),
        ("another program's, by its number",       case("A-1", vec![xero(1).account("A-1").code("CRM-1")]),                        "Linked 1"),
        // Exactly one.
        ("its number and name",                    case("A-1", vec![namesake(1).account("A-1")]),                                  "Linked 1"),
        ("its number, another name",               case("A-1", vec![xero(1).account("A-1")]),                                      "Linked 1"),
        ("its number in another case, with spaces", case(" a-1", vec![xero(1).account("A-1  ")]),                                  "Linked 1"),
        ("its name, no number",                    case("A-1", vec![namesake(1)]),                                                 "Linked 1"),
        ("its name with a number, none in BigChange", case("", vec![namesake(1).account("B-2")]),                                  "Linked 1"),
        ("its name in another case, with spaces",  case("A-1", vec![xero(1).named(" ACME   ltd")]),                                "Linked 1"),
        ("others that only look alike",            case("A-1", vec![xero(2).named("Acme"), xero(3).account("A-10"), namesake(1)]), "Linked 1"),
        // None.
        ("none, the reference held by another",    case("A-1", vec![]).held_by("A-1", 8),                                          "DuplicateAccountReference A-1, of 8"),
        ("the same where creating is authorised",  case("A-1", vec![]).held_by("A-1", 8).settings(CREATE),                         "DuplicateAccountReference A-1, of 8"),
        ("one, but the reference held by another", case("A-1", vec![namesake(1)]).held_by("A-1", 8),                               "DuplicateAccountReference A-1, of 8"),
        ("one, but its number held by another",    case("", vec![namesake(1).account("B-2")]).held_by("B-2", 8),                   "DuplicateAccountReference B-2, of 8"),
        ("none, the reference held by itself",     case("A-1", vec![]).held_by("A-1", 7).settings(CREATE),                         "Created"),
        ("none, authorised",                       case("A-1", vec![]).settings(CREATE),                                           "Created"),
        // None, but some that are likely the same.
        ("likely the same",                        case("A-1", vec![]).settings(CREATE).alike([likely(1)]),                        "PossibleDuplicate 1"),
        ("several likely the same",                case("A-1", vec![]).settings(CREATE).alike([likely(1), likely(2), possible(3)]), "PossibleDuplicate 1 and 2"),
        ("likely the same, linked",                case("A-1", vec![]).settings(CREATE).alike([likely(1)]).linked_to(1, 8),        "PossibleDuplicate 1 of 8"),
        ("possibly the same",                      case("A-1", vec![]).settings(CREATE).alike([possible(1)]),                      "Created"),
        ("likely, but not to be held",             case("A-1", vec![]).settings(NO_HOLD).alike([likely(1)]),                       "Created"),
        ("likely, the reference held by another",  case("A-1", vec![]).settings(CREATE).alike([likely(1)]).held_by("A-1", 8),      "DuplicateAccountReference A-1, of 8"),
        ("likely, but its number is found",        case("A-1", vec![xero(1).account("A-1")]).settings(CREATE).alike([likely(2)]),  "Linked 1"),
        ("likely, but its name is found",          case("A-1", vec![namesake(1)]).settings(CREATE).alike([likely(2)]),             "Linked 1"),
        ("likely, no reference, none generated",   case("", vec![]).settings(CREATE).alike([likely(1)]),                           "PossibleDuplicate 1"),
        ("likely, an archived namesake",           case("A-1", vec![namesake(9).archived()]).settings(CREATE).alike([likely(1)]),  "PossibleDuplicate 1, archived 9"),
        ("likely, archived of its number",         case("A-1", vec![xero(9).account("A-1").archived()]).settings(CREATE).alike([likely(1)]), "ArchivedInXero 9"),
        ("possibly, an archived namesake",         case("A-1", vec![namesake(9).archived()]).settings(CREATE).alike([possible(1)]), "ArchivedInXero 9"),
        ("an exact namesake, names not matched",   case("A-1", vec![namesake(1)]).settings(NO_NAMES_CREATE).alike([likely(1)]),    "PossibleDuplicate 1"),
        ("likely and possible, not authorised",    case("A-1", vec![]).alike([likely(1), possible(2)]),                            "NotInXero A-1, like 1, like 2"),
        ("none that fits, authorised",             case("A-1", vec![xero(1), xero(2).account("B-2")]).settings(CREATE),            "Created"),
        ("none, not authorised",                   case("A-1", vec![]),                                                            "NotInXero A-1"),
        ("none, not authorised, no reference",     case("", vec![]),                                                               "NotInXero"),
        // Names are not matched.
        ("names off: a namesake is nobody",        case("A-1", vec![namesake(1)]).settings(NO_NAMES),                              "NotInXero A-1"),
        ("names off: its number",                  case("A-1", vec![xero(1).account("A-1"), namesake(2)]).settings(NO_NAMES),      "Linked 1"),
        ("names off: a blank number is no match",  case("", vec![xero(1)]).settings(NO_NAMES),                                     "NotInXero"),
        // Our own contact number settles it.
        ("our own",                                case("A-1", vec![own(1).account("A-1")]),                                       "Linked 1"),
        ("our own, under another name",            case("A-1", vec![own(1).named("Acme Limited").account("A-1")]),                 "Linked 1"),
        ("our own, names off",                     case("", vec![own(1).account("A-1")]).settings(NO_NAMES),                       "Linked 1"),
        ("our own before its number and a namesake", case("A-1", vec![xero(2).account("A-1"), namesake(3), own(1).account("A-1")]), "Linked 1"),
        ("our own in another case",                case("A-1", vec![xero(1).account("A-1").code("bigchange-7"), namesake(2)]),     "Linked 1"),
        ("our own, archived",                      case("A-1", vec![own(1).account("A-1").archived()]),                            "ArchivedInXero 1"),
        ("two with our number, which Xero allows", case("A-1", vec![own(1).account("A-1"), own(2)]),                               "AmbiguousMatch 1 and 2"),
        ("two with our number, one archived",      case("A-1", vec![own(1).archived(), own(2)]),                                   "AmbiguousMatch 1 and 2"),
        ("our own, linked to another",             case("A-1", vec![own(1).account("A-1")]).linked_to(1, 8),                       "LinkedToAnotherContact 1, of 8"),
        ("our own, the reference edited since",    case("A-2", vec![own(1).account("A-1")]),                                       "AccountReferenceChanged A-2, \"A-1\" in Xero"),
        ("another contact's own is not ours",      case("A-1", vec![xero(1).code("BigChange-71")]),                                "NotInXero A-1"),
    ];
    for (says, case, outcome) in rows {
        assert_eq!(case.said(), outcome, "{says}");
    }
}

#[test]
fn xero_is_asked_for_what_could_match_and_no_more() {
    let question = |case: Case| match case.decision() {
        Decision::Ask(question) => question,
        other => panic!("not asked but {other:?}"),
    };
    let ask = |account_reference: &str, name: Option<&str>, create_in_doubt| Question::Match {
        account_reference: (!account_reference.is_empty()).then(|| reference(account_reference)),
        name: name.map(str::to_owned),
        create_in_doubt,
    };
    let spaced = || Case::new().with(|c| "Acme  Ltd ".clone_into(&mut c.name));
    assert_eq!(question(spaced()), ask("", Some("Acme Ltd"), false));
    assert_eq!(
        question(Case::new().account_reference("A-1")),
        ask("A-1", Some("Acme Ltd"), false)
    );
    assert_eq!(
        question(Case::new().account_reference("A-1").settings(NO_NAMES)),
        ask("A-1", None, false)
    );
    let in_doubt = Case::new().in_doubt(InDoubt::Create(details(&acme())));
    assert_eq!(question(in_doubt), ask("", Some("Acme Ltd"), true));
    let update_in_doubt = Case::new().in_doubt(InDoubt::Update {
        changes: Box::default(),
        synced: details(&acme()),
        before: None,
        notices: Vec::new(),
        earlier: Earlier::default(),
    });
    assert_eq!(question(update_in_doubt), ask("", Some("Acme Ltd"), true));
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_link_under_another_name_is_told() {
    let rows = [
        ("another name",              xero(1).named("Acme (Leeds)").account("A-1"), Some("Acme (Leeds)")),
        ("its name",                  namesake(1).account("A-1"),                   None),
        ("its name in another case",  xero(1).named("ACME  LTD").account("A-1"),    None),
    ];
    for (says, found, in_xero) in rows {
        let told = in_xero.map(|name| Notice::LinkedUnderAnotherName { in_xero: name.to_owned() });
        assert_eq!(case("A-1", vec![found]).plan().notices, Vec::from_iter(told), "{says}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_contact_found_earlier_is_written_to_only_if_nothing_about_it_changed() {
    let found = namesake(1).account("A-1 ").code("CRM-1");
    let rows = [
        ("the same",                      found.clone(),                    true),
        ("its name in another case",      found.clone().named("ACME LTD"),  true),
        ("other spaces around its number", found.clone().account(" A-1"),   true),
        ("another contact",               XeroContact { id: xero(2).id, ..found.clone() }, false),
        ("archived since",                found.clone().archived(),         false),
        ("erased since",                  found.clone().erased(),           false),
        ("renamed since",                 found.clone().named("Acme"),      false),
        ("its number changed since",      found.clone().account("A-2"),     false),
        ("its number taken away since",   found.clone().account(""),        false),
        ("claimed by another program",    found.clone().code("CRM-2"),      false),
        ("let go by another program",     found.clone().code(""),           false),
    ];
    let nothing = XeroChanges::default();
    for (says, now, still) in rows {
        assert_eq!(is_still_as_found(&found, &now, &nothing), still, "{says}");
    }
    // Where it is known what stood there, that must stand there still; what is not sent may change.
    let shown = |phone: &str| Details { phone: phone.to_owned(), ..details(&acme()) };
    let phone = XeroChanges { phone: Some("02".to_owned()), ..XeroChanges::default() };
    let email = XeroChanges { email: Some(String::new()), ..XeroChanges::default() };
    let found = found.showing(&shown("01"));
    for (says, now, changes, still) in [
        ("the phone is sent",            "0 1", &phone, true),
        ("the phone was corrected",      "07",  &phone, false),
        ("another unit is sent",         "07",  &email, true),
    ] {
        let now = found.clone().showing(&shown(now));
        assert_eq!(is_still_as_found(&found, &now, changes), still, "{says}");
    }
}

#[test]
fn a_problem_names_those_in_conflict() {
    let problem = case("A-1", vec![namesake(1).account("A-1")])
        .linked_to(1, 8)
        .problem();
    assert_eq!(problem.names_contact(), Some(contact_id(8)));
    let problem = case("A-1", vec![]).held_by("A-1", 8).problem();
    assert_eq!(problem.names_contact(), Some(contact_id(8)));
    assert_eq!(case("A-1", vec![]).problem().names_contact(), None);
}

#[test]
fn a_contact_that_is_created_beside_likely_ones_is_noted() {
    let case = case("A-1", Vec::new()).settings(NO_HOLD);
    let plan = case.clone().alike([likely(1), possible(2)]).plan();
    let candidates = vec![likely(1).xero];
    assert_eq!(plan.notices, [Notice::CreatedBesideLikely { candidates }]);
    assert_eq!(case.alike([possible(2)]).plan().notices, []);
}
