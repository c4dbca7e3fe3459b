#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use rules::{AccountReference, Change, Contact, Details, Field, Link, Skip, XeroContactRef};
use runtime::records::ContactRecord;
use sync_contact::model::ContactOutcome;

use super::*;

const XERO_ID: &str = "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77";

fn contact(reference: &str) -> Contact {
    let text = String::new;
    Contact {
        id: "4711".parse().unwrap(),
        group: Some("10".parse().unwrap()),
        parent: None,
        deleted: false,
        excluded_from_financial_sync: false,
        name: "Acme Ltd".to_owned(),
        street: text(),
        town: text(),
        postcode: text(),
        country: text(),
        person: text(),
        phone: text(),
        email: text(),
        extra: text(),
        contact_reference: text(),
        account_reference: reference.to_owned(),
        account_type: None,
        missing: BTreeSet::new(),
    }
}

/// A contact that is linked, or would be, under this account reference.
fn planned(ending: ContactOutcome, reference: &str, linked_under: &str) -> PlannedContact {
    let linked_under = AccountReference::parse(linked_under).unwrap();
    let link = Link::new(XERO_ID.parse().unwrap(), linked_under, Details::default());
    PlannedContact {
        id: "4711".parse().unwrap(),
        contact: Some(contact(reference)),
        ending,
        problem: None,
        changes: Vec::new(),
        notices: Vec::new(),
        noted_before: Vec::new(),
        record: ContactRecord {
            link: Some(link),
            ..ContactRecord::default()
        },
        found: Vec::new(),
        alike: Vec::new(),
    }
}

fn in_xero(name: &str, number: &str) -> BTreeMap<XeroContactId, XeroContactRef> {
    let id = XERO_ID.parse().unwrap();
    let named = XeroContactRef {
        id,
        name: name.to_owned(),
        account_number: number.to_owned(),
    };
    BTreeMap::from([(id, named)])
}

fn row_of(planned: &PlannedContact, in_xero: &BTreeMap<XeroContactId, XeroContactRef>) -> Row {
    Row::of(planned, &BTreeMap::new(), in_xero)
}

#[test]
fn the_account_reference_is_what_bigchange_has_and_what_it_becomes_is_a_change() {
    let linked = ContactOutcome::InLine(SyncAction::Linked);
    let mut planned = planned(linked, " ", "ACME0001");
    planned.changes = vec![Change {
        system: System::BigChange,
        field: Field::AccountReference,
        before: String::new(),
        after: "ACME0001".to_owned(),
    }];
    let row = row_of(&planned, &in_xero("Acme Ltd", "ACME0001"));
    assert_eq!(row.reference, "");
    assert_eq!(row.changes[0].place(), "BigChange account reference");
    assert_eq!(before_after(&row.changes[0]), "– → ACME0001");
    assert!(row.changes[0].is_account_reference());

    // Held because somebody edited it: still what BigChange has, not what the link remembers.
    let held = ContactOutcome::Held("AccountReferenceChanged");
    let row = row_of(&super::tests::planned(held, "A-2", "A-1"), &BTreeMap::new());
    assert_eq!(row.reference, "A-2");
    planned.contact = None;
    assert_eq!(row_of(&planned, &BTreeMap::new()).reference, "");
}

#[test]
fn a_linked_contact_shows_what_xero_itself_has() {
    let unchanged = || ContactOutcome::InLine(SyncAction::Unchanged);
    let held = ContactOutcome::Held("AccountReferenceChanged");
    for ending in [unchanged(), held] {
        let planned = planned(ending, "A-1", "A-1");
        let row = row_of(&planned, &in_xero("Acme Limited", "A-2"));
        assert_eq!(
            (&*row.xero, &*row.xero_account_number),
            ("Acme Limited", "A-2")
        );
        assert_eq!(row.differs, ["name", "account number"]);
        assert_eq!(row.xero_id, XERO_ID);
    }
    // Xero was not asked: nothing is said to differ.
    let row = row_of(&planned(unchanged(), "A-1", "A-1"), &BTreeMap::new());
    assert_eq!((&*row.xero_account_number, row.differs.len()), ("", 0));
    // What would be created is not in Xero.
    let created = ContactOutcome::InLine(SyncAction::Created);
    let row = row_of(&planned(created, "A-1", "A-1"), &in_xero("Acme", "A-1"));
    assert_eq!((&*row.xero, &*row.xero_id, row.differs.len()), ("", "", 0));
}

#[test]
fn a_contact_that_is_left_alone_tells_why() {
    let skipped = ContactOutcome::Skipped(Skip::SiteContact);
    let row = row_of(&planned(skipped, "", "A-1"), &BTreeMap::new());
    assert_eq!(row.sentence, "A site contact: never created in Xero.");
    assert_eq!(row.outcome, "left-alone");
}

#[test]
fn rows_are_sorted_by_harm_and_then_by_number() {
    let row = |id: &str, rank| Row {
        id: id.to_owned(),
        rank,
        ..Row::default()
    };
    let mut rows = [
        row("5", ReportRank::Unchanged),
        row("10", ReportRank::Create),
        row("9", ReportRank::Create),
        row("100", ReportRank::RiskyProblem),
        row("7", ReportRank::OtherProblem),
        row("1", ReportRank::LeftAlone),
        row("3", ReportRank::CreateBesideLikely),
    ];
    sort(&mut rows);
    let ids = rows.map(|row| row.id);
    assert_eq!(ids, ["100", "7", "3", "9", "10", "5", "1"]);
}

#[test]
fn a_contact_is_ranked_by_what_would_become_of_it() {
    let rank_of = |ending| rank(&planned(ending, "A-1", "A-1"));
    for (ending, expected) in [
        (ContactOutcome::Held("NotInXero"), ReportRank::RiskyProblem),
        (
            ContactOutcome::InLine(SyncAction::Created),
            ReportRank::Create,
        ),
        (
            ContactOutcome::Deferred(runtime::records::DeferReason::XeroLimit),
            ReportRank::PutOff,
        ),
        (
            ContactOutcome::Skipped(Skip::SiteContact),
            ReportRank::LeftAlone,
        ),
    ] {
        assert_eq!(rank_of(ending.clone()), expected, "{ending:?}");
    }
    // The parts follow the ranks.
    let mut held = planned(ContactOutcome::Held("XeroRefusesLookups"), "", "A-1");
    let problem = Problem::XeroRefusesLookups;
    let words = String::new;
    held.problem = Some(crate::dry_run::Held::new(problem, words(), words(), |_| {
        true
    }));
    assert_eq!(rank(&held), ReportRank::OtherProblem);
    assert_eq!(PARTS[0], Part::Problems);
    assert_eq!(PARTS[1], Part::Creates);
}

#[test]
fn a_notice_is_told_as_done_only_where_it_is_recorded() {
    let notice = rules::Notice::LinkedUnderAnotherName {
        in_xero: "Acme Holdings".to_owned(),
    };
    let mut planned = planned(ContactOutcome::InLine(SyncAction::Linked), "A-1", "A-1");
    planned.notices = vec![notice.clone()];
    let row = row_of(&planned, &BTreeMap::new());
    assert!(
        row.notices[0].starts_with("It will be linked to"),
        "{:?}",
        row.notices
    );
    planned.noted_before = vec![notice];
    let row = row_of(&planned, &BTreeMap::new());
    assert!(
        row.notices[0].starts_with("It was linked to"),
        "{:?}",
        row.notices
    );
}
