//! Writes that Xero refused, and writes of which its answer did not tell.

use std::collections::BTreeMap;

use rules::{
    AfterRefusal, AfterUnknown, Evidence, Refusal, RefusedContact, RefusedWrite, SyncAction,
    UnknownAnswers, XeroContact, XeroContactRef, after_refusal, refused_by_xero,
    unknown_to_the_end,
};

use crate::support::{Case, XeroContactExt, contact_id, namesake, reference, told, xero, xero_id};

const TAKEN: [Refusal; 3] = [
    Refusal::ContactNumberTaken,
    Refusal::NameTaken,
    Refusal::AccountNumberTaken,
];

fn write(refusal: Refusal, outcome: SyncAction, looked_again: bool) -> RefusedWrite {
    let is_create = outcome == SyncAction::Created;
    RefusedWrite {
        refusal,
        outcome,
        target: (!is_create).then(|| xero_id(1)),
        looked_again,
        has_code: false,
    }
}

#[test]
fn a_new_contact_is_looked_for_again_before_a_refusal_is_called_a_problem() {
    for refusal in TAKEN.into_iter().chain([Refusal::Archived]) {
        for outcome in [SyncAction::Created, SyncAction::Linked] {
            let first = after_refusal(&write(refusal, outcome, false));
            assert_eq!(first, AfterRefusal::LookAgain, "{refusal:?} {outcome:?}");
            let second = after_refusal(&write(refusal, outcome, true));
            assert!(matches!(second, AfterRefusal::Hold(_)), "{refusal:?}");
        }
        let linked = after_refusal(&write(refusal, SyncAction::Updated, false));
        let may_have_moved = refusal == Refusal::Archived;
        assert_eq!(
            linked == AfterRefusal::LookAgain,
            may_have_moved,
            "{refusal:?}"
        );
        let second = after_refusal(&write(refusal, SyncAction::Updated, true));
        assert!(matches!(second, AfterRefusal::Hold(_)), "{refusal:?}");
    }
    for refusal in [Refusal::NameMissing, Refusal::Website, Refusal::Invalid] {
        let first = after_refusal(&write(refusal, SyncAction::Linked, false));
        assert!(matches!(first, AfterRefusal::Hold(_)), "{refusal:?}");
    }
}

#[test]
fn a_code_that_is_taken_is_replaced_once_no_contact_was_found_with_it() {
    let generated = |refusal, looked_again| {
        after_refusal(&RefusedWrite {
            has_code: true,
            ..write(refusal, SyncAction::Created, looked_again)
        })
    };
    let taken = Refusal::AccountNumberTaken;
    assert_eq!(generated(taken, false), AfterRefusal::LookAgain);
    assert_eq!(generated(taken, true), AfterRefusal::ReplaceCode);
    let other = generated(Refusal::NameTaken, true);
    assert_eq!(other, AfterRefusal::Hold(Evidence::HolderOfName));
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn what_could_explain_a_refusal_is_read() {
    let rows = [
        (Refusal::NameTaken,          SyncAction::Updated, Evidence::HolderOfName),
        (Refusal::NameTaken,          SyncAction::Created, Evidence::HolderOfName),
        (Refusal::AccountNumberTaken, SyncAction::Linked,  Evidence::HolderOfNumber),
        (Refusal::Archived,           SyncAction::Updated, Evidence::Target(xero_id(1))),
        (Refusal::Website,            SyncAction::Linked,  Evidence::Target(xero_id(1))),
        (Refusal::Invalid,            SyncAction::Updated, Evidence::Target(xero_id(1))),
        (Refusal::Invalid,            SyncAction::Created, Evidence::Nothing),
        (Refusal::ContactNumberTaken, SyncAction::Created, Evidence::Nothing),
    ];
    for (refusal, outcome, evidence) in rows {
        let decided = after_refusal(&write(refusal, outcome, true));
        assert_eq!(decided, AfterRefusal::Hold(evidence), "{refusal:?} {outcome:?}");
    }
}

/// Acme, linked to Xero contact 1; or yet to be created.
fn acme(is_linked: bool) -> RefusedContact {
    RefusedContact {
        contact: contact_id(7),
        name: "Acme Ltd".to_owned(),
        account_reference: reference("A-1"),
        target: is_linked.then(|| XeroContactRef::from(&xero(1))),
        is_merged: false,
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_refusal_is_explained_by_what_was_read_and_else_told_in_xeros_words() {
    use Refusal::{AccountNumberTaken, Archived, ContactNumberTaken, Invalid, NameTaken, Website};
    let rows: Vec<(&str, bool, Refusal, Vec<XeroContact>, &str)> = vec![
        ("active",                        true,  Invalid,            vec![namesake(1)],                               "RefusedByXero No."),
        ("not read",                      true,  Archived,           vec![],                                          "RefusedByXero No."),
        ("archived",                      true,  Archived,           vec![namesake(1).archived()],                    "ArchivedInXero 1"),
        ("merged",                        true,  Archived,           vec![namesake(1).merged_into(9)],                "ArchivedInXero 1, survived by 9"),
        ("erased, in words not known",    true,  Invalid,            vec![namesake(1).erased()],                      "ErasedInXero 1"),
        ("website",                       true,  Website,            vec![namesake(1)],                               "WebsiteInXero 1"),
        ("website, not read",             true,  Website,            vec![],                                          "WebsiteInXero 1"),
        ("website, archived meanwhile",   true,  Website,            vec![xero(1).archived()],                        "ArchivedInXero 1"),
        ("website of a new one",          false, Website,            vec![],                                          "RefusedByXero No."),
        ("name held by another",          true,  NameTaken,          vec![xero(1), namesake(2).account("B-2")],       "NameTakenInXero A-1, 2 with B-2"),
        ("name held by a customer's",     true,  NameTaken,          vec![namesake(3)],                               "LinkedToAnotherContact 3, of 8"),
        ("name held by its own",          true,  NameTaken,          vec![namesake(4)],                               "NameTakenInXero A-1, 4 with"),
        ("name held by an archived one",  true,  NameTaken,          vec![namesake(2).archived()],                    "RefusedByXero No."),
        ("a name like it",                true,  NameTaken,          vec![xero(2).named("Acme Limited")],             "RefusedByXero No."),
        ("name of a new one held",        false, NameTaken,          vec![namesake(2)],                               "NameTakenInXero A-1, 2 with"),
        ("number held beside",            true,  AccountNumberTaken, vec![xero(2).account(" a-1")],                   "AmbiguousMatch 1 and 2"),
        ("number held by an archived",    true,  AccountNumberTaken, vec![xero(2).account("A-1").archived()],         "AmbiguousMatch 1 and 2"),
        ("another number",                true,  AccountNumberTaken, vec![xero(2).account("A-2")],                    "RefusedByXero No."),
        ("number of a new one, archived", false, AccountNumberTaken, vec![xero(2).account("A-1").archived()],         "ArchivedInXero 2"),
        ("number of a new one, linked",   false, AccountNumberTaken, vec![xero(3).account("A-1")],                    "LinkedToAnotherContact 3, of 8"),
        ("number of a new one, free",     false, AccountNumberTaken, vec![xero(2).account("A-1")],                    "NameTakenInXero A-1, 2 with A-1"),
        ("our number, not found",         false, ContactNumberTaken, vec![],                                          "RefusedByXero No."),
    ];
    let claimed = BTreeMap::from([(xero_id(3), contact_id(8)), (xero_id(4), contact_id(7))]);
    for (says, is_linked, refusal, read, outcome) in rows {
        let problem = refused_by_xero(&acme(is_linked), refusal, vec!["No.".to_owned()], &read, &claimed);
        assert_eq!(told(&problem), outcome, "{says}");
    }
}

#[test]
fn a_survivor_whose_number_an_archived_contact_has_still_is_told_so() {
    let refused = RefusedContact {
        is_merged: true,
        ..acme(true)
    };
    let refusal = Refusal::AccountNumberTaken;
    let held = |holder: XeroContact| {
        let problem = refused_by_xero(&refused, refusal, vec![], &[holder], &BTreeMap::new());
        told(&problem)
    };
    let archived = xero(2).account("A-1").archived();
    assert_eq!(held(archived), "NumberHeldByArchived A-1 for 1, held by 2");
    assert_eq!(held(xero(2).account("A-1")), "AmbiguousMatch 1 and 2");
}

#[test]
fn a_refusal_without_words_says_so() {
    for words in [vec![], vec![String::new(), " ".to_owned()]] {
        let problem = refused_by_xero(&acme(false), Refusal::Invalid, words, &[], &BTreeMap::new());
        assert_eq!(told(&problem), "RefusedByXero It gave no reason.");
    }
}

#[test]
fn a_refused_contact_is_known_by_what_was_sent() {
    let create = Case::new()
        .account_reference("A-1")
        .settings(&[("CREATE_IN_XERO", "true")])
        .found([]);
    let link = Case::new().account_reference("A-1").found([namesake(1)]);
    let rename = Case::linked().with(|c| c.name = "Acme plc".into());
    let phone = Case::linked().with(|c| c.phone = "01".into());
    for (case, name, target) in [
        (create, "Acme Ltd", None),
        (link, "Acme Ltd", Some(("Acme Ltd", ""))),
        (rename, "Acme plc", Some(("Acme Ltd", "A-1"))),
        (phone, "Acme Ltd", Some(("Acme Ltd", "A-1"))),
    ] {
        let refused = RefusedContact::of(contact_id(7), &case.plan(), case.link.as_ref());
        assert_eq!(refused.name, name);
        assert_eq!(refused.account_reference, reference("A-1"));
        let named = refused.target.as_ref();
        let named = named.map(|named| (named.name.as_str(), named.account_number.as_str()));
        assert_eq!(named, target, "{name}");
    }
}

#[test]
fn a_contact_whose_fate_stays_open_is_sent_alone_twice_and_then_held() {
    let none = UnknownAnswers::default();
    assert!(none.is_none());
    let together = none.and_one(false);
    assert!(!together.is_none());
    assert_eq!(together.after(), AfterUnknown::SendAlone);
    assert_eq!(together.and_one(false).after(), AfterUnknown::SendAlone);
    let alone = together.and_one(true);
    assert_eq!(alone.after(), AfterUnknown::SendAlone);
    assert_eq!(alone.and_one(true).after(), AfterUnknown::Hold);
    assert_eq!(none.and_one(true).after(), AfterUnknown::SendAlone);
    let problem = unknown_to_the_end("no element");
    assert_eq!(problem.code(), "RefusedByXero");
    assert!(told(&problem).contains("no element"));
}
