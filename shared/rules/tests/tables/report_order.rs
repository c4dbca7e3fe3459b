//! The order of a report.

use rules::ReportRank::{self, OtherProblem, RiskyProblem};
use rules::{Notice, PROBLEM_CODES, Problem, Reported, SyncAction};

use crate::problems::every_problem;
use crate::support::{possible, reference};

/// Problems whose wrong cure makes a second contact, or writes over another one.
const RISKY: [&str; 9] = [
    "AmbiguousMatch",
    "LinkedToAnotherContact",
    "NameTakenInXero",
    "OwnedByAnotherProgram",
    "DuplicateAccountReference",
    "PossibleDuplicate",
    "AccountReferenceChanged",
    "MergedInXero",
    "ChangedInBoth",
];

#[test]
fn the_most_harmful_comes_first() {
    let beside = [Notice::CreatedBesideLikely {
        candidates: Vec::new(),
    }];
    let other = [Notice::LinkedUnderAnotherName {
        in_xero: "Acme".to_owned(),
    }];
    let risky = Problem::PossibleDuplicate {
        candidates: Vec::new(),
        archived: None,
    };
    let harmless = Problem::XeroRefusesLookups;
    // In their order, the same twice where two are equal.
    let order = [
        (Reported::Held(&risky), ReportRank::RiskyProblem),
        (Reported::Held(&harmless), ReportRank::OtherProblem),
        (
            Reported::InLine(SyncAction::Created, &beside),
            ReportRank::CreateBesideLikely,
        ),
        (
            Reported::InLine(SyncAction::Created, &other),
            ReportRank::Create,
        ),
        (
            Reported::InLine(SyncAction::Created, &[]),
            ReportRank::Create,
        ),
        (
            Reported::InLine(SyncAction::Linked, &other),
            ReportRank::Link,
        ),
        (
            Reported::InLine(SyncAction::Updated, &[]),
            ReportRank::Update,
        ),
        (Reported::PutOff, ReportRank::PutOff),
        (
            Reported::InLine(SyncAction::Unchanged, &[]),
            ReportRank::Unchanged,
        ),
        (
            Reported::InLine(SyncAction::Unknown, &[]),
            ReportRank::Unchanged,
        ),
        (Reported::LeftAlone, ReportRank::LeftAlone),
    ];
    for (reported, rank) in order {
        assert_eq!(ReportRank::of(reported), rank, "{reported:?}");
    }
    let ranks = order.map(|(reported, _)| ReportRank::of(reported));
    assert!(ranks.is_sorted(), "{ranks:?}");
}

#[test]
fn problems_about_which_contact_is_which_come_before_those_that_only_wait() {
    let mut told = Vec::new();
    for (code, problem, ..) in every_problem() {
        // One that names contacts that are like it may be a double as well.
        let is_risky = match &problem {
            Problem::NotInXero { candidates, .. } => !candidates.is_empty(),
            _ => RISKY.contains(&code),
        };
        let rank = if is_risky { RiskyProblem } else { OtherProblem };
        assert_eq!(ReportRank::of(Reported::Held(&problem)), rank, "{code}");
        told.push(code);
    }
    assert!(PROBLEM_CODES.iter().all(|code| told.contains(code)));
    // What this version does not know may be anything.
    let unknown = ReportRank::of(Reported::Held(&Problem::Unknown));
    assert_eq!(unknown, RiskyProblem);
    let alike = Problem::NotInXero {
        reference: Some(reference("A-1")),
        candidates: vec![possible(1)],
    };
    assert_eq!(ReportRank::of(Reported::Held(&alike)), RiskyProblem);
}
