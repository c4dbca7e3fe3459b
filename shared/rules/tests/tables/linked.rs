//! A contact that is linked already.

use rules::{Decision, Notice, Question, SyncAction, XeroChanges, XeroContact};

use crate::support::{Case, XeroContactExt, namesake, reference, xero, xero_id};

#[test]
#[rustfmt::skip] // a table: one row, one line
fn once_linked_a_cleared_reference_is_restored_and_an_edited_one_must_be_xeros() {
    let edited = |text: &str| Case::linked().account_reference(text);
    let rows: Vec<(&str, Case, &str)> = vec![
        ("unchanged: Xero is not asked",          Case::linked(),                                                                "Unchanged 1"),
        ("in another case",                       edited("a-1"),                                                                 "Unchanged 1"),
        ("with outer spaces",                     edited(" A-1 "),                                                               "Unchanged 1"),
        ("cleared: restored, Xero is not asked",  edited(""),                                                                    "Updated 1"),
        ("edited: Xero is asked",                 edited("A-2"),                                                                 "ask for 1"),
        ("edited on both sides: accepted",        edited("A-2").found([namesake(1).account("a-2 ")]),                            "Updated 1"),
        ("the same, reserved for itself",         edited("A-2").held_by("A-2", 7).found([namesake(1).account("A-2")]),           "Updated 1"),
        ("edited in BigChange only",              edited("A-2").found([namesake(1).account("A-1")]),                             "AccountReferenceChanged A-2, \"A-1\" in Xero"),
        ("differently on both sides",             edited("A-2").found([namesake(1).account("A-3")]),                             "AccountReferenceChanged A-2, \"A-3\" in Xero"),
        ("the same, with spaces in Xero",         edited("A-2").found([namesake(1).account(" A-1 ")]),                           "AccountReferenceChanged A-2, \"A-1\" in Xero"),
        ("edited, nothing but spaces in Xero",    edited("A-2").found([namesake(1).account("  ")]),                              "AccountReferenceChanged A-2, \"\" in Xero"),
        ("edited, taken away in Xero",            edited("A-2").found([namesake(1)]),                                            "AccountReferenceChanged A-2, \"\" in Xero"),
        ("edited, gone from Xero",                edited("A-2").found([]),                                                       "LinkedContactNotInXero 1"),
        ("edited to another Xero contact's",      edited("A-2").found([namesake(1).account("A-1"), xero(2).account("A-2")]),     "AccountReferenceChanged A-2, \"A-1\" in Xero"),
        ("edited to another BigChange contact's", edited("A-2").held_by("A-2", 8).found([namesake(1).account("A-2")]),           "DuplicateAccountReference A-2, of 8"),
        ("edited, and archived in Xero",          edited("A-2").found([namesake(1).account("A-2").archived()]),                  "ArchivedInXero 1"),
        ("edited, and merged in Xero",            edited("A-2").found([namesake(1).account("A-2").merged_into(9)]),              "ArchivedInXero 1, survived by 9"),
        ("edited, and erased in Xero",            edited("A-2").found([namesake(1).account("A-2").erased()]),                    "ErasedInXero 1"),
        ("a namesake turns up: not looked at",    Case::linked().found([namesake(2), xero(3).account("A-1")]),                   "Unchanged 1"),
    ];
    for (says, case, outcome) in rows {
        assert_eq!(case.said(), outcome, "{says}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn what_xero_shows_of_a_link_is_found_by_the_look_and_becomes_a_problem() {
    let mut with_number = Case::linked().looked_at();
    with_number.link.as_mut().unwrap().contact_number = namesake(1).code("BigChange-7").contact_number;
    let link = || Case::linked().looked_at();
    let ours = || namesake(1).account("A-1");
    let rows: Vec<(&str, Case, XeroContact, bool, &str)> = vec![
        ("as it was linked",           link(),              ours(),                          false, "Unchanged 1"),
        ("in another case",            link(),              namesake(1).account(" a-1"),     false, "Unchanged 1"),
        ("renamed in Xero",            link(),              xero(1).account("A-1"),          false, "Unchanged 1"),
        ("another number in Xero",     link(),              namesake(1).account("A-2"),      true,  "AccountReferenceChanged A-1, \"A-2\" in Xero"),
        ("its number taken away",      link(),              namesake(1),                     true,  "Updated 1"),
        ("archived",                   link(),              ours().archived(),               true,  "ArchivedInXero 1"),
        ("erased",                     link(),              ours().erased(),                 true,  "ErasedInXero 1"),
        ("our contact number",         with_number.clone(), ours().code("bigchange-7"),      false, "Unchanged 1"),
        ("another program's number",   with_number.clone(), ours().code("CRM-9"),            true,  "OwnedByAnotherProgram 1, CRM-9"),
        ("our number taken away",      with_number,         ours(),                          false, "Unchanged 1"),
        ("a number where none was",    link(),              ours().code("CRM-9"),            false, "Unchanged 1"),
    ];
    for (says, case, in_xero, is_contradicted, outcome) in rows {
        let link = case.link.clone().unwrap();
        assert_eq!(link.is_contradicted_by(&in_xero), is_contradicted, "{says}");
        let shown = in_xero.showing(&link.synced);
        assert_eq!(case.found([shown]).said(), outcome, "{says}");
    }
    assert_eq!(link().found([]).said(), "LinkedContactNotInXero 1");
    assert_eq!(link().said(), "ask for 1");
}

#[test]
fn a_number_that_was_taken_away_in_xero_is_entered_again_and_told() {
    let case = Case::linked().looked_at();
    let without = case.as_linked().account("  ");
    let case = case.found([without]);
    let changes = XeroChanges {
        account_number: Some(reference("A-1")),
        ..XeroChanges::default()
    };
    assert_eq!(case.changes(), changes);
    let told: Vec<_> = case.plan().notices.iter().map(Notice::code).collect();
    assert_eq!(told, ["CorrectionOverwritten"]);
}

#[test]
fn a_restored_reference_is_written_to_bigchange_only() {
    for generate in ["false", "true"] {
        let case = Case::linked()
            .account_reference(" ")
            .settings(&[("GENERATE_ACCOUNT_REF", generate)]);
        let plan = case.plan();
        assert_eq!(plan.account_reference, reference("A-1"));
        assert!(plan.bigchange_account);
        assert!(case.changes().is_empty());
        assert!(
            !plan.bigchange_contact_reference,
            "it was not generated now, so a contact reference that a person left blank stays so"
        );
    }
}

#[test]
fn an_accepted_reference_is_written_nowhere_and_becomes_the_links() {
    let case = Case::linked()
        .account_reference("A-2")
        .found([namesake(1).account("A-2")]);
    let plan = case.plan();
    assert!(plan.writes_nothing());
    assert_eq!(plan.account_reference, reference("A-2"));
    assert_eq!(plan.outcome, SyncAction::Updated);
}

#[test]
fn an_edited_reference_that_is_refused_holds_the_other_edits_too() {
    let case = Case::linked()
        .account_reference("A-2")
        .with(|c| "01".clone_into(&mut c.phone))
        .found([namesake(1).account("A-1")]);
    assert!(matches!(case.decision(), Decision::Hold(_)));
}

#[test]
fn the_linked_contact_is_asked_for_by_its_id() {
    let case = Case::linked().account_reference("A-2");
    assert_eq!(
        case.decision(),
        Decision::Ask(Question::Linked(vec![xero_id(1)]))
    );
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_contact_reference_that_is_still_due_is_written() {
    let rows = [
        ("due",                             Some("A-1"), "",     true),
        ("due, but a person entered one",   Some("A-1"), "MINE", false),
        ("due for a reference that is gone", Some("OLD"), "",    false),
        ("not due",                         None,        "",     false),
    ];
    for (says, due, contact_reference, written) in rows {
        let mut case = Case::linked().with(|c| contact_reference.clone_into(&mut c.contact_reference));
        case.due = due.map(reference);
        let plan = case.plan();
        assert_eq!(plan.bigchange_contact_reference, written, "{says}");
        assert_eq!(plan.writes_nothing(), !written, "{says}");
    }
}
