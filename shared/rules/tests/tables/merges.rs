//! A linked contact that a person merged into another in Xero, or one that was merged into it.

use rules::{Link, Notice, XeroChanges, XeroContact, merged_into_unread};

use crate::support::{Case, XeroContactExt, contact_id, details, reference, xero, xero_id};

/// Acme's Xero contact 1, merged into contact `survivor`.
fn merged(survivor: u64) -> XeroContact {
    Case::linked().as_linked().merged_into(survivor)
}

/// A contact that Acme's was merged into.
fn survivor(n: u64, number: &str) -> XeroContact {
    let case = Case::linked();
    let shown = details(&case.contact);
    xero(n).account(number).showing(&shown)
}

fn found(contacts: impl IntoIterator<Item = XeroContact>) -> Case {
    Case::linked().looked_at().found(contacts)
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_link_follows_its_xero_contact_where_nothing_stands_in_the_way() {
    let chain = |length: u64| {
        let links = (2..=length).map(|n| xero(n).merged_into(n + 1));
        let end = survivor(length + 1, "");
        found(std::iter::once(merged(2)).chain(links).chain([end]))
    };
    let support_undid_it = || { let mut case = found([survivor(2, "A-1"), survivor(1, "A-1")]); moved(&mut case); case };
    let archived_again = || { let mut case = found([survivor(2, "A-1"), merged(2)]); moved(&mut case); case };
    let rows: Vec<(&str, Case, &str)> = vec![
        ("survivor blank and free",               found([merged(2), survivor(2, "")]),                                       "Updated 2"),
        ("survivor with our number",              found([merged(2), survivor(2, " a-1")]),                                   "Updated 2"),
        ("survivor with a number of its own",     found([merged(2), survivor(2, "B-2")]),                                    "MergedInXero A-1, 1 into 2 with B-2"),
        ("that number entered in BigChange",      found([merged(2), survivor(2, "B-2")]).account_reference("B-2"),           "Updated 2"),
        ("another number entered",                found([merged(2), survivor(2, "B-2")]).account_reference("C-3"),           "MergedInXero C-3, 1 into 2 with B-2"),
        ("a new number, survivor blank",          found([merged(2), survivor(2, "")]).account_reference("C-3"),              "Updated 2"),
        ("a new number that another has",         found([merged(2), survivor(2, "")]).account_reference("C-3").held_by("C-3", 8), "DuplicateAccountReference C-3, of 8"),
        ("survivor linked to another",            found([merged(2), survivor(2, "B-2")]).linked_to(2, 8),                    "LinkedToAnotherContact 2, of 8, merged from 1"),
        ("survivor blank, linked to another",     found([merged(2), survivor(2, "")]).linked_to(2, 8),                       "LinkedToAnotherContact 2, of 8, merged from 1"),
        ("survivor claimed by itself",            found([merged(2), survivor(2, "")]).linked_to(2, 7),                       "Updated 2"),
        ("its number reserved by another",        found([merged(2), survivor(2, "B-2")]).held_by("B-2", 8),                  "MergedInXero A-1, 1 into 2 with B-2, which 8 has"),
        ("reserved by another, and entered",      found([merged(2), survivor(2, "B-2")]).held_by("B-2", 8).account_reference("B-2"), "MergedInXero B-2, 1 into 2 with B-2, which 8 has"),
        ("reserved by itself, and entered",       found([merged(2), survivor(2, "B-2")]).held_by("B-2", 7).account_reference("B-2"), "Updated 2"),
        ("survivor archived",                     found([merged(2), survivor(2, "").archived()]),                            "ArchivedInXero 2"),
        ("survivor erased",                       found([merged(2), survivor(2, "").erased()]),                              "ErasedInXero 2"),
        ("survivor not there",                    found([merged(2)]),                                                        "ArchivedInXero 1, survived by 2"),
        ("a chain of two",                        found([merged(2), xero(2).merged_into(3), survivor(3, "")]),               "Updated 3"),
        ("a chain of five",                       chain(5),                                                                  "Updated 6"),
        ("a longer chain",                        chain(6),                                                                  "ArchivedInXero 1, survived by 2"),
        ("a chain to an archived one",            found([merged(2), xero(2).merged_into(3), survivor(3, "").archived()]),    "ArchivedInXero 3"),
        ("a circle",                              found([merged(2), xero(2).merged_into(1)]),                                "ArchivedInXero 1, survived by 2"),
        ("into itself",                           found([merged(1)]),                                                        "ArchivedInXero 1, survived by 1"),
        ("another merged into the linked one",    found([survivor(1, "A-1"), xero(2).merged_into(1)]),                       "Unchanged 1"),
        ("archived, merged into none",            found([Case::linked().as_linked().archived()]),                            "ArchivedInXero 1"),
        ("undone by Xero's support",              support_undid_it(),                                                        "AmbiguousMatch 2 and 1"),
        ("undone, and another customer's by now", { let mut case = found([survivor(2, "A-1"), survivor(1, "B-2")]); moved(&mut case); case }, "Unchanged 2"),
        ("archived again",                        archived_again(),                                                          "Unchanged 2"),
        ("with another program's number",         found([merged(2), survivor(2, "").code("CRM-9")]),                         "Updated 2"),
    ];
    for (says, case, outcome) in rows {
        assert_eq!(case.said(), outcome, "{says}");
    }
}

#[test]
fn a_merge_is_seen_where_a_list_tells_only_that_the_contact_is_archived() {
    // Xero says what a contact was merged into on pages and single reads only.
    let link = Case::linked().link.unwrap();
    let in_a_list = Case::linked().as_linked().archived();
    assert!(link.is_contradicted_by(&in_a_list));
    let read = found([merged(2), survivor(2, "A-1")]);
    assert_eq!(read.said(), "Updated 2");
}

/// The link has followed a merge of contact 1 into contact 2.
fn moved(case: &mut Case) {
    let link = case.link.as_mut().unwrap();
    link.xero_id = xero_id(2);
    link.moved_from = vec![xero_id(1)];
    case.linked.insert(xero_id(1), contact_id(7));
    case.linked.insert(xero_id(2), contact_id(7));
}

#[test]
fn a_person_confirms_a_link_that_a_merge_undone_contradicts() {
    let mut case = found([survivor(2, "A-1"), survivor(1, "").named("ACME ltd")]);
    moved(&mut case);
    assert_eq!(case.said(), "AmbiguousMatch 2 and 1");
    case.manual_match.pinned = Some(xero_id(2));
    let plan = case.plan();
    let link = Link::after(case.link.as_ref(), &plan, xero_id(2), None, None);
    assert_eq!(link.moved_from, []);
    case.link = Some(link);
    case.manual_match.pinned = None;
    assert_eq!(case.said(), "Unchanged 2");
}

#[test]
fn a_blank_survivor_gets_our_number_and_nothing_else() {
    let case = found([merged(2), survivor(2, "")]);
    let only_number = XeroChanges {
        account_number: Some(reference("A-1")),
        ..XeroChanges::default()
    };
    assert_eq!(case.changes(), only_number);
    let plan = case.plan();
    let told: Vec<_> = plan.notices.iter().map(Notice::code).collect();
    assert_eq!(told, ["FollowedMerge"]);
    let link = Link::after(case.link.as_ref(), &plan, xero_id(2), None, None);
    assert_eq!(link.moved_from, [xero_id(1)]);
    assert!(link.claims().eq([xero_id(2), xero_id(1)]));
}

#[test]
fn what_changed_in_bigchange_meanwhile_is_carried_over_to_the_survivor() {
    let case = found([merged(2), survivor(2, "A-1")]);
    let case = case.with(|c| "01".clone_into(&mut c.phone));
    assert_eq!(case.changes().phone.as_deref(), Some("01"));
    let same_number = found([merged(2), survivor(2, "A-1")]);
    assert!(same_number.changes().is_empty());
    assert!(same_number.plan().writes_nothing());
}

#[test]
fn a_merge_is_read_on_until_its_end() {
    let read = [merged(2), xero(3).merged_into(4), xero(5)];
    assert_eq!(merged_into_unread(&read), [xero_id(2), xero_id(4)]);
    assert_eq!(merged_into_unread(&[xero(1)]), []);
    assert_eq!(merged_into_unread(&[merged(1)]), []);
}
