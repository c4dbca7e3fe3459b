//! Problems and notices as the accounts admin reads them, and what a held contact waits for.

use std::collections::BTreeSet;

use rules::{
    Alike, DisplayNames, Field, LeftOut, Notice, PROBLEM_CODES, Precondition, Problem, Unit,
    UnitConflict, Watch, XeroContact, XeroContactRef,
};

use crate::support::{
    Case, XeroContactExt, acme, contact_id, customer, group_id, likely, namesake, possible,
    reference, xero, xero_id,
};

fn numbered(n: u64) -> Alike {
    Alike {
        xero: named(n, "Acme Limited", "B-2"),
        ..likely(n)
    }
}

fn named(n: u64, name: &str, account_number: &str) -> XeroContactRef {
    XeroContactRef::from(&xero(n).named(name).account(account_number))
}

/// Parts that a text must have.
type Parts = &'static [&'static str];

/// One of each, with the values in conflict that its sentence must name and the menu that its cure
/// must.
#[rustfmt::skip] // a table: one row, one line
pub(crate) fn every_problem() -> Vec<(&'static str, Problem, Parts, Parts)> {
    const BIGCHANGE: &[&str] = &["BigChange", "CRM → Contacts"];
    const TERMS: &[&str] = &["CRM → Contacts", "Financials → Terms"];
    vec![
        ("ParentInSiteGroup",         Problem::ParentInSiteGroup { group: Some(group_id(20)) },                                             &["contact group 20", "no parent"],      &["CRM → Contacts", "General", "parent"]),
        ("SiteContactInAccountGroup", Problem::SiteContactInAccountGroup { parent: contact_id(3), group: Some(group_id(10)) },              &["contact 3", "contact group 10", "mixes"], &["CRM → Contacts", "General", "site group"]),
        ("InvalidField",              Problem::InvalidField { field: Field::Name, limit: "at most 255 characters".into(), chars: 300 },     &["name", "300", "at most 255"],         &["CRM → Contacts", "General"]),
        ("InvalidField",              Problem::InvalidField { field: Field::AccountReference, limit: "at most 50 characters".into(), chars: 51 }, &["account reference", "51", "at most 50"], TERMS),
        ("AmbiguousMatch",            Problem::AmbiguousMatch { found: vec![named(1, "Acme", " A-1"), named(2, "Acme Ltd", " ")] },          &["\"Acme\" (account number A-1)", "\"Acme Ltd\" (no account number)"], &["In Xero", "Contacts → tick", "Contacts → the contact → Edit", "contact-sync link"]),
        ("ErasedInXero",              Problem::ErasedInXero { xero: named(1, "Erased", "A-1") },                                            &["\"Erased\"", "A-1", "erased"],        &["contact-sync unlink", "Exclude from financial sync", "CRM → Contacts", "Financials → Terms"]),
        ("ArchivedInXero",            Problem::ArchivedInXero { xero: named(1, "Old", "A-1"), survivor: None },                             &["\"Old\"", "A-1", "archived"],         &["contact-sync unlink", "Contacts → Archived", "Restore", "Financials → Terms"]),
        ("ArchivedInXero",            Problem::ArchivedInXero { xero: named(1, "Old", "A-1"), survivor: Some(xero_id(9)) },                 &["\"Old\"", "merged", "000000000009"],  &["contact-sync unlink", "Financials → Terms"]),
        ("LinkedToAnotherContact",    Problem::LinkedToAnotherContact { xero: named(1, "Acme", "A-1"), other: contact_id(8), merged_from: None },              &["\"Acme\"", "A-1", "BigChange contact 8"], &["CRM → Contacts", "another name", "General", "Financials → Terms"]),
        ("LinkedToAnotherContact",    Problem::LinkedToAnotherContact { xero: named(2, "Acme Group", "B-2"), other: contact_id(8), merged_from: Some(Box::new(named(1, "Acme", "A-1"))) }, &["\"Acme\" (account number A-1)", "merged", "\"Acme Group\"", "BigChange contact 8"], &["CRM → Contacts", "contact-sync unlink", "Financials → Terms"]),
        ("NameTakenInXero",           Problem::NameTakenInXero { in_bigchange: reference("A-1"), xero: named(1, "Acme", "B-2") },           &["A-1", "B-2", "\"Acme\""],             &["Financials → Terms", "Contacts → the contact → Edit"]),
        ("OwnedByAnotherProgram",     Problem::OwnedByAnotherProgram { xero: named(1, "Acme", ""), contact_number: "CRM-1".into(), is_linked: false },        &["\"Acme\"", "CRM-1"],                  &["consent", "CRM → Contacts", "Account reference"]),
        ("OwnedByAnotherProgram",     Problem::OwnedByAnotherProgram { xero: named(1, "Acme", "A-1"), contact_number: "CRM-1".into(), is_linked: true },  &["\"Acme\"", "CRM-1", "now"],            &["contact-sync link", "contact-sync unlink", "CRM → Contacts"]),
        ("DuplicateAccountReference", Problem::DuplicateAccountReference { reference: reference("A-1"), holder: contact_id(8) },            &["A-1", "BigChange contact 8"],         TERMS),
        ("PossibleDuplicate",         Problem::PossibleDuplicate { candidates: vec![numbered(1)], archived: None },                          &["\"Acme Limited\" (account number B-2): same name but for Ltd / Limited"], &["CRM → Contacts", "Financials → Terms", "contact-sync link", "--new", "Contacts → New contact"]),
        ("PossibleDuplicate",         Problem::PossibleDuplicate { candidates: vec![likely(1)], archived: Some(named(9, "Acme Ltd", "")) },  &["\"Acme Limited\" (no account number)", "Archived there under its name: \"Acme Ltd\""], &["Financials → Terms", "Contacts → the contact → Edit → Account number", "Restore", "--new"]),
        ("PossibleDuplicate",         Problem::PossibleDuplicate { candidates: vec![Alike { linked_to: Some(contact_id(8)), ..numbered(1) }], archived: None }, &["belongs to BigChange contact 8"], &["delete this one in BigChange (CRM → Contacts)", "--new"]),
        ("PossibleDuplicate",         Problem::PossibleDuplicate { candidates: (1..8).map(likely).collect(), archived: None },               &["and 2 more"],                         &["contact-sync link"]),
        ("NotInXero",                 Problem::NotInXero { reference: Some(reference("A-1")), candidates: vec![possible(1)] },               &["Like it are: \"Acme Limited\""],      &["under another name"]),
        ("NotInXero",                 Problem::NotInXero { reference: Some(reference("A-1")), candidates: Vec::new() },                                             &["A-1"],                                &["under another name", "Financials → Terms", "Contacts → New contact", "with this account number", "CreateInXero=true"]),
        ("NotInXero",                 Problem::NotInXero { reference: None, candidates: Vec::new() },                                                               &["no account reference"],               &["under another name", "Financials → Terms", "Contacts → New contact", "under this name", "CreateInXero=true"]),
        ("NoAccountReference",        Problem::NoAccountReference { unread_groups: Vec::new() },                                                                          &["no account reference"],               &["CRM → Contacts", "Financials → Terms", "GenerateAccountRef=true"]),
        ("NoAccountReference",        Problem::NoAccountReference { unread_groups: vec![group_id(10), group_id(20)] },                      &["no account reference", "contact groups 10, 20 cannot be read"], &["CRM → Contacts", "Financials → Terms", "right to see", "AccountGroupIds"]),
        ("AccountReferenceChanged",   Problem::AccountReferenceChanged { in_bigchange: reference("A-2"), in_xero: "A-1".into() },           &["A-2", "A-1"],                         &["Contacts → the contact → Edit", "Financials → Terms"]),
        ("AccountReferenceChanged",   Problem::AccountReferenceChanged { in_bigchange: reference("A-2"), in_xero: String::new() },          &["A-2", "has no account number."],      &["Contacts → the contact → Edit", "Financials → Terms"]),
        ("MergedInXero",              Problem::MergedInXero { from: Box::new(named(1, "Acme", "A-1")), xero: Box::new(named(2, "Acme Group", "B-2")), in_bigchange: reference("A-1"), holder: None }, &["\"Acme\" (account number A-1)", "\"Acme Group\" (account number B-2)", "merged"], &["enter B-2", "CRM → Contacts", "Financials → Terms"]),
        ("MergedInXero",              Problem::MergedInXero { from: Box::new(named(1, "Acme", "A-1")), xero: Box::new(named(2, "Acme Group", "B-2")), in_bigchange: reference("A-1"), holder: Some(contact_id(8)) }, &["BigChange contact 8 has that account reference"], &["delete the other one in BigChange (CRM → Contacts)", "Financials → Terms"]),
        ("NumberHeldByArchived",      Problem::NumberHeldByArchived { reference: reference("A-1"), xero: named(2, "Acme Group", ""), archived: Box::new(named(1, "Acme", "A-1")) }, &["\"Acme Group\" (no account number)", "A-1", "archived contact \"Acme\""], &["a new account reference", "CRM → Contacts", "Financials → Terms"]),
        ("ChangedInBoth",             Problem::ChangedInBoth { units: vec![UnitConflict { unit: Unit::Email, in_bigchange: String::new(), in_xero: "jo@acme.example".into() }] }, &["the email is nothing in BigChange and \"jo@acme.example\" in Xero"], &["CRM → Contacts", "General", "Contacts → the contact → Edit", "contact-sync keep"]),
        ("UnlinkedByPerson",          Problem::UnlinkedByPerson { xero: named(1, "Acme", "A-1") },                                        &["\"Acme\"", "A-1", "unlinked"],        TERMS),
        ("LinkedContactNotInXero",    Problem::LinkedContactNotInXero { xero_id: xero_id(9) },                                              &["000000000009", "does not have"],      &["Contacts → the contact", "contact-sync unlink", "contact-sync link"]),
        ("WebsiteInXero",             Problem::WebsiteInXero { xero: named(1, "Acme", "A-1") },                                             &["\"Acme\"", "A-1", "website"],         &["In Xero", "Contacts → the contact → Edit → Website"]),
        ("IncompleteAnswer",          Problem::IncompleteAnswer { key: "AccountReference".into() },                                          &["no field AccountReference"],          &["accounts package", "CRM → Contacts", "contact-sync retry"]),
        ("IncompleteAnswer",          Problem::IncompleteAnswer { key: "ParentId".into() },                                                  &["no field ParentId"],                  &["General tab", "CRM → Contacts", "contact-sync retry", "support"]),
        ("XeroRefusesLookups",        Problem::XeroRefusesLookups,                                                                          &["refuses to search", "too many contacts"], &["Contacts → search", "Contacts → New contact", "contact-sync link", "once a day"]),
        ("RefusedByXero",             Problem::RefusedByXero { words: vec!["Email address must be valid".into()] },                         &["Email address must be valid"],        TERMS),
        ("RefusedByBigChange",        Problem::RefusedByBigChange { words: "misc_noRight".into() },                                         &["misc_noRight"],                       BIGCHANGE),
    ]
}

#[test]
fn a_group_is_named_by_its_name_where_that_is_known() {
    let (parent, group) = (contact_id(3), Some(group_id(10)));
    let rows = [
        (
            Problem::ParentInSiteGroup { group },
            "in the contact group \"Trade\", which is for site contacts",
        ),
        (
            Problem::SiteContactInAccountGroup { parent, group },
            "in the contact group \"Trade\", which is for account customers",
        ),
    ];
    for (problem, part) in rows {
        assert_eq!(problem.group(), group);
        let names = DisplayNames {
            group: Some("Trade".into()),
            contact: None,
        };
        let sentence = problem.sentence(contact_id(7), "Acme Ltd", &names);
        assert!(sentence.contains(part), "{sentence}");
        assert!(!sentence.contains("group 10"), "{sentence}");
    }
    let no_reference = serde_json::json!({"code": "NoAccountReference"});
    // As version 0.1 stored it.
    let no_reference: Problem = serde_json::from_value(no_reference).unwrap();
    let unread_groups = Vec::new();
    assert_eq!(no_reference, Problem::NoAccountReference { unread_groups });
    assert_eq!(no_reference.group(), None);
}

#[test]
fn another_contact_is_named_by_its_name_where_that_is_known() {
    let (reference, other) = (reference("A-1"), contact_id(8));
    for problem in [
        Problem::DuplicateAccountReference {
            reference,
            holder: other,
        },
        Problem::LinkedToAnotherContact {
            xero: named(1, "Acme", "A-1"),
            other,
            merged_from: None,
        },
    ] {
        assert_eq!(problem.names_contact(), Some(other));
        let names = DisplayNames {
            contact: Some("Bolt & Co".into()),
            group: None,
        };
        let sentence = problem.sentence(contact_id(7), "Acme Ltd", &names);
        assert!(
            sentence.contains("\"Bolt & Co\" (BigChange contact 8)"),
            "{sentence}"
        );
    }
}

#[test]
fn a_character_that_xero_does_not_take_is_told_and_no_length() {
    for limit in [
        "no line breaks or other characters that cannot be printed",
        "at most 50 characters",
    ] {
        let problem = Problem::InvalidField {
            field: Field::AccountReference,
            limit: limit.to_owned(),
            chars: 60,
        };
        let told = problem.sentence(contact_id(7), "Acme Ltd", &DisplayNames::default());
        assert!(told.ends_with(&format!("which takes {limit}.")), "{told}");
        assert_eq!(
            told.contains("60 characters"),
            limit.starts_with("at most"),
            "{told}"
        );
    }
}

#[test]
fn the_survivor_of_a_merge_is_named_where_it_is_known() {
    let survivor = named(2, "Acme Holdings", "H-2");
    let merged = |id| Problem::ArchivedInXero {
        xero: named(1, "Acme", "A-1"),
        survivor: id,
    };
    let told =
        |problem: &Problem| problem.sentence_with_survivor(contact_id(7), "Acme Ltd", &survivor);
    assert_eq!(
        told(&merged(Some(survivor.id))).as_deref(),
        Some(
            "\"Acme Ltd\" (BigChange contact 7) matches the Xero contact \"Acme\" (account number A-1), which was merged into \"Acme Holdings\" (account number H-2)."
        )
    );
    for other in [
        merged(None),
        merged(Some(xero_id(3))),
        Problem::XeroRefusesLookups,
    ] {
        assert_eq!(told(&other), None);
    }
}

#[test]
fn every_code_is_listed_and_breaks_a_precondition() {
    let mut codes: Vec<&str> = every_problem().iter().map(|(code, ..)| *code).collect();
    codes.dedup();
    assert_eq!(codes, PROBLEM_CODES);
    let broken: BTreeSet<Precondition> = every_problem()
        .iter()
        .map(|(_, problem, ..)| problem.precondition())
        .collect();
    assert_eq!(broken, BTreeSet::from(Precondition::ALL));
}

#[test]
fn a_problem_names_the_contact_the_values_in_conflict_and_the_menu_of_its_cure() {
    for (code, problem, values, menu) in every_problem() {
        assert_eq!(problem.code(), code);
        let sentence = problem.sentence(contact_id(7), "Acme Ltd", &DisplayNames::default());
        for part in values
            .iter()
            .chain(&["\"Acme Ltd\"", "BigChange contact 7"])
        {
            assert!(
                sentence.contains(part),
                "{code}: {part:?} is not in {sentence}"
            );
        }
        for part in menu {
            assert!(
                problem.cure().contains(part),
                "{code}: {part:?} is not in {}",
                problem.cure()
            );
        }
        for text in [sentence, problem.cure()] {
            assert!(
                !text.contains('\n') && !text.contains("  "),
                "{code}: {text:?}"
            );
        }
    }
}

#[test]
fn a_problem_is_kept_under_its_code_and_read_back_the_same() {
    for (code, problem, _, _) in every_problem() {
        let kept = serde_json::to_value(&problem).unwrap();
        assert_eq!(kept["code"], code);
        assert_eq!(serde_json::from_value::<Problem>(kept).unwrap(), problem);
    }
}

#[test]
fn only_problems_of_bigchange_alone_do_not_wait_for_xero() {
    let of_bigchange_alone = [
        "ParentInSiteGroup",
        "SiteContactInAccountGroup",
        "InvalidField",
        "IncompleteAnswer",
        "RefusedByBigChange",
    ];
    for (code, problem, _, _) in every_problem() {
        assert_eq!(
            problem.depends_on_xero(),
            !of_bigchange_alone.contains(&code),
            "{code}"
        );
    }
}

#[test]
fn a_notice_says_which_field_and_what_to_do() {
    let left_out = Notice::FieldLeftOut(LeftOut {
        field: Field::Country,
        takes: "letters only".to_owned(),
    });
    let other_name = Notice::LinkedUnderAnotherName {
        in_xero: "Acme (Leeds)".to_owned(),
    };
    let not_written = Notice::ContactReferenceNotWritten {
        reason: "Reference Update Failed".to_owned(),
        field: None,
    };
    let by_the_form = Notice::ContactReferenceNotWritten {
        reason: String::new(),
        field: Some(Field::Street),
    };
    let rows: [(&Notice, &str, &[&str]); 4] = [
        (
            &left_out,
            "FieldLeftOut",
            &["country", "letters only", "CRM → Contacts"],
        ),
        (&other_name, "LinkedUnderAnotherName", &["Acme (Leeds)"]),
        (
            &not_written,
            "ContactReferenceNotWritten",
            &["(Reference Update Failed)", "CRM → Contacts"],
        ),
        (
            &by_the_form,
            "ContactReferenceNotWritten",
            &["street", "CRM → Contacts"],
        ),
    ];
    for (notice, code, parts) in rows {
        assert_eq!(notice.code(), code);
        for part in parts {
            assert!(
                notice.sentence().contains(part),
                "{part:?} is not in {}",
                notice.sentence()
            );
        }
        let kept = serde_json::to_value(notice).unwrap();
        assert_eq!(kept["code"], code);
        assert_eq!(&serde_json::from_value::<Notice>(kept).unwrap(), notice);
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn an_earlier_notice_stays_for_as_long_as_what_it_says_holds() {
    let left_out = Notice::FieldLeftOut(LeftOut { field: Field::Country, takes: "letters only".to_owned() });
    let other_name = Notice::LinkedUnderAnotherName { in_xero: "Acme (Leeds)".to_owned() };
    let not_written = Notice::ContactReferenceNotWritten { reason: "Reference Update Failed".to_owned(), field: None };
    let edited = Case::linked().with(|c| c.phone = "01".into());
    let renamed = Case::linked().with(|c| c.name = "Acme plc".into());
    let entered = Case::linked().with(|c| c.contact_reference = "MINE".into());
    let linked_anew = Case::new().account_reference("A-1").found([namesake(1).account("A-1")]);
    let created_anew = Case::new().account_reference("A-1").settings(&[("CREATE_IN_XERO", "true")]).found([]);
    let rows = [
        ("a field: told by every plan itself",   &left_out,    &edited,         false),
        ("another name, nothing differs",        &other_name,  &Case::linked(), true),
        ("another name, an unrelated edit",      &other_name,  &edited,         true),
        ("another name, renamed in Xero now",    &other_name,  &renamed,        false),
        ("another name, of an earlier link",     &other_name,  &linked_anew,    false),
        ("another name, of a lost contact",      &other_name,  &created_anew,   false),
        ("not written, still blank",             &not_written, &edited,         true),
        ("not written, entered by a person",     &not_written, &entered,        false),
        ("not written, of an earlier link",      &not_written, &linked_anew,    false),
        ("not written, of a lost contact",       &not_written, &created_anew,   false),
    ];
    for (says, notice, case, outlasts) in rows {
        assert_eq!(notice.outlasts(&case.plan(), Some(&customer(&case.contact))), outlasts, "{says}");
    }
    assert!(!not_written.outlasts(&edited.plan(), None), "what is not known of the contact is not told of it");
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_held_contact_is_tried_again_when_what_it_waits_for_changes_in_xero() {
    let not_in_xero = Case::new().account_reference("A-1").found([]);
    let without_reference = Case::new().found([]);
    let archived = Case::new().account_reference("A-1").found([namesake(1).account("A-1").merged_into(9)]);
    let ambiguous = Case::new().found([namesake(1), namesake(2)]);
    let erased = Case::new().found([namesake(1).erased()]);
    let of_another = Case::new().found([namesake(1)]).linked_to(1, 8);
    let name_taken = Case::new().account_reference("A-1").found([namesake(1).account("B-2")]);
    let of_a_program = Case::new().found([namesake(1).code("CRM-1")]);
    let changed = Case::linked().account_reference("A-2").found([namesake(1).account("A-1")]);
    let website = Problem::WebsiteInXero { xero: named(4, "Acme Ltd", "") };
    let website = Watch::of(&acme(), &website, None);
    assert!(website.is_touched_by(&xero(4)), "the one whose website is not valid");
    assert!(!website.is_touched_by(&xero(5)));
    let rows: Vec<(&str, &Case, XeroContact, bool)> = vec![
        ("one of its account number",        &not_in_xero,       xero(5).account(" a-1"),   true),
        ("one of its name",                  &not_in_xero,       xero(5).named("ACME  ltd"), true),
        ("one of neither",                   &not_in_xero,       xero(5).account("B-2"),    false),
        ("a blank number is nobody's",       &without_reference, xero(5),                   false),
        ("its name, no reference",           &without_reference, namesake(5),               true),
        ("the archived one, renamed",        &archived,          xero(1),                   true),
        ("the one that it was merged into",  &archived,          xero(9),                   true),
        ("another",                          &archived,          xero(2),                   false),
        ("either of two, renamed",           &ambiguous,         xero(1),                   true),
        ("either of two, renamed",           &ambiguous,         xero(2),                   true),
        ("the erased one, renamed",          &erased,            xero(1),                   true),
        ("another contact's, renamed",       &of_another,        xero(1),                   true),
        ("the one that took its name, renamed", &name_taken,     xero(1),                   true),
        ("the other program's, renamed",     &of_a_program,      xero(1),                   true),
        ("the one that it is linked to",     &changed,           xero(1).account("A-3"),    true),
        ("another's number becomes its own", &changed,           xero(6).account("A-2"),    true),
        ("the number that it had",           &changed,           xero(6).account("A-1"),    false),
    ];
    for (says, held, touched, matters) in rows {
        let linked = held.link.as_ref().map(|link| link.xero_id);
        let watch = Watch::of(&held.contact, &held.problem(), linked);
        assert_eq!(watch.is_touched_by(&touched), matters, "{says}");
    }
}

#[test]
fn what_a_held_contact_waits_for_keeps_no_name() {
    let case = Case::new().found([]);
    let watch = Watch::of(&acme(), &case.problem(), None);
    let kept = serde_json::to_string(&watch).unwrap();
    assert!(!kept.to_lowercase().contains("acme"), "{kept}");
}

#[test]
fn every_problem_has_a_title_of_its_own() {
    let titles: std::collections::BTreeMap<&str, &str> = every_problem()
        .iter()
        .map(|(code, problem, ..)| (*code, problem.title()))
        .collect();
    let different: BTreeSet<&str> = titles.values().copied().collect();
    assert_eq!(different.len(), PROBLEM_CODES.len());
    assert!(
        titles.values().all(|title| title.contains(' ')),
        "{titles:?}"
    );
    assert_eq!(titles["AmbiguousMatch"], "More than one Xero contact fits");
}

#[test]
fn every_precondition_is_a_sentence() {
    for precondition in Precondition::ALL {
        assert!(precondition.sentence().starts_with("Every "));
    }
}

#[test]
fn a_problem_names_its_xero_contacts_and_waits_for_them() {
    let (one, two) = (named(1, "Acme", "A-1"), named(2, "Acme Ltd", ""));
    let rows: Vec<(Problem, Vec<u64>, Vec<u64>)> = vec![
        (
            Problem::AmbiguousMatch {
                found: vec![one.clone(), two.clone()],
            },
            vec![1, 2],
            vec![1, 2],
        ),
        (
            Problem::ErasedInXero { xero: one.clone() },
            vec![1],
            vec![1],
        ),
        (
            Problem::ArchivedInXero {
                xero: one.clone(),
                survivor: Some(xero_id(9)),
            },
            vec![1],
            vec![1, 9],
        ),
        (
            Problem::WebsiteInXero { xero: one.clone() },
            vec![1],
            vec![1],
        ),
        (
            Problem::UnlinkedByPerson { xero: one.clone() },
            vec![1],
            vec![1],
        ),
        (
            Problem::PossibleDuplicate {
                candidates: vec![likely(1), likely(2)],
                archived: Some(named(3, "Acme", "")),
            },
            vec![1, 2, 3],
            vec![1, 2, 3],
        ),
        (
            Problem::NotInXero {
                reference: None,
                candidates: vec![possible(1)],
            },
            vec![1],
            vec![1],
        ),
        (
            Problem::LinkedContactNotInXero {
                xero_id: xero_id(9),
            },
            vec![],
            vec![9],
        ),
        (Problem::XeroRefusesLookups, vec![], vec![]),
    ];
    for (problem, names, waits_for) in rows {
        let ids = |ns: &[u64]| ns.iter().copied().map(xero_id).collect::<Vec<_>>();
        let named: Vec<_> = problem.named().iter().map(|xero| xero.id).collect();
        assert_eq!(named, ids(&names), "{}", problem.code());
        let watch = Watch::of(&acme(), &problem, None);
        assert_eq!(watch.xero_ids, ids(&waits_for), "{}", problem.code());
    }
}
