//! Reports to look at in a browser.
#![allow(clippy::unwrap_used, reason = "a test that has no report has failed")]

use contact_sync::args::Part;
use contact_sync::candidate::Candidate;
use contact_sync::report::{MixedGroup, PreconditionView, Report, Setting, Stray};
use contact_sync::rows::{self, ChangeRow, PARTS, Row, totals};
use contact_sync::xero_pages;
use rules::{ReportRank, ShortCode};

const HOSTILE: [&str; 3] = [
    "<script>window.hacked=1</script>",
    "\"><img src=x onerror=window.hacked=1>",
    "Zebra & Söhne \"Ltd\"",
];

fn row(n: usize) -> Row {
    let name = HOSTILE
        .get(n)
        .map_or_else(|| format!("Customer {n}"), |name| (*name).to_owned());
    // The first hostile name is held by a problem, so that it stands in sentences too.
    let part = PARTS[n % PARTS.len()];
    let is_problem = part == Part::Problems;
    let text = |wanted: bool, text: &str| if wanted { text } else { "" }.to_owned();
    let is_linked = matches!(part, Part::Links | Part::Updates | Part::Unchanged);
    let is_written = matches!(part, Part::Creates | Part::Links | Part::Updates);
    let change = |system: &str, field: &str, before: &str, after: &str| ChangeRow {
        system: system.to_owned(),
        field: field.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let reference = format!("REF{n:04}");
    Row {
        id: (1_000 + n).to_string(),
        group: "Customers".to_owned(),
        outcome: part.key().to_owned(),
        outcome_label: part.label().to_owned(),
        code: text(is_problem, "NotInXero"),
        title: text(is_problem, "Not in Xero, and creating is not authorised"),
        sentence: text(
            is_problem,
            &format!("No Xero contact has the name of \"{name}\"."),
        ),
        // One problem, two cures, as where some have an account reference and some have none.
        cure: text(
            is_problem,
            if n.is_multiple_of(3) {
                "Create it in Xero (Contacts → New contact) under this name."
            } else {
                "Create it in Xero (Contacts → New contact), or let the synchronisation do it."
            },
        ),
        admin_cure: String::new(),
        notices: if n.is_multiple_of(5) {
            vec![HOSTILE[0].to_owned()]
        } else {
            Vec::new()
        },
        // Of the linked ones every other has another name, and every third another number.
        xero: text(
            is_linked,
            &if n.is_multiple_of(2) {
                format!("{name} in Xero")
            } else {
                name.clone()
            },
        ),
        xero_account_number: match (is_linked, n % 3) {
            (true, 0) => format!("XER{n:04}"),
            (true, _) => reference.clone(),
            (false, _) => String::new(),
        },
        differs: [
            (is_linked && n.is_multiple_of(2), "name"),
            (is_linked && n.is_multiple_of(3), "account number"),
        ]
        .into_iter()
        .filter(|(differs, _)| *differs)
        .map(|(_, field)| field.to_owned())
        .collect(),
        xero_id: text(is_linked, &format!("00000000-0000-4000-9000-{n:012}")),
        xero_page: String::new(),
        candidates: if is_problem {
            vec![Candidate {
                id: format!("00000000-0000-4000-8000-{n:012}"),
                name: HOSTILE[n % 3].to_owned(),
                account_number: "\u{202e}fdp.exe".to_owned(),
                likeness: "likely the same".to_owned(),
                evidence: format!("same name but for {}", HOSTILE[(n + 1) % 3]),
                linked_to: "1001".to_owned(),
                page: String::new(),
            }]
        } else {
            Vec::new()
        },
        changes: if is_written {
            vec![
                change("Xero", "account number", "", &reference),
                change("Xero", "phone", "0113 000 0000", ""),
            ]
            .into_iter()
            .chain(
                (part == Part::Creates)
                    .then(|| change("BigChange", "account reference", "", &reference)),
            )
            .collect()
        } else {
            Vec::new()
        },
        // What would be created gets its reference by that.
        reference: text(!is_problem && part != Part::Creates, &reference),
        // Of the problems, every other can lead to a double.
        rank: match part {
            Part::Problems if n.is_multiple_of(2) => ReportRank::RiskyProblem,
            Part::Problems => ReportRank::OtherProblem,
            Part::Creates => ReportRank::Create,
            Part::Links => ReportRank::Link,
            Part::Updates => ReportRank::Update,
            Part::PutOff => ReportRank::PutOff,
            Part::Unchanged => ReportRank::Unchanged,
            Part::LeftAlone => ReportRank::LeftAlone,
        },
        name,
    }
}

fn report(heading: &str, contacts: usize) -> Report {
    let mut rows: Vec<Row> = (0..contacts).map(row).collect();
    rows::sort(&mut rows);
    let code = ShortCode::parse("!23vhN");
    // Of every fourth the short code is not known.
    for (n, row) in rows.iter_mut().enumerate() {
        let code = code.as_ref().filter(|_| n % 4 != 3);
        xero_pages::add_to_rows(std::slice::from_mut(row), code);
    }
    Report {
        heading: heading.to_owned(),
        organisation: HOSTILE[1].to_owned(),
        stack: "contact-sync".to_owned(),
        lead: vec!["A plan writes nothing.".to_owned()],
        totals: totals(&rows),
        settings: vec![Setting {
            label: "Create contacts in Xero".to_owned(),
            value: "yes".to_owned(),
        }],
        preconditions: Vec::new(),
        mixed_groups: Vec::new(),
        rows,
    }
}

/// A plan of so many contacts, hostile texts in every place where one may come from outside.
pub(crate) fn plan_report(contacts: usize) -> String {
    report("Plan", contacts).render().unwrap()
}

/// A report in which every text that may be blank is.
pub(crate) fn blank_report() -> String {
    let change = ChangeRow {
        system: "Xero".to_owned(),
        field: "phone".to_owned(),
        before: String::new(),
        after: String::new(),
    };
    let row = |(n, part): (usize, Part)| Row {
        id: n.to_string(),
        outcome: part.key().to_owned(),
        outcome_label: part.label().to_owned(),
        code: match part {
            Part::Problems => "Unknown".to_owned(),
            _ => String::new(),
        },
        xero_id: "00000000-0000-4000-9000-000000000001".to_owned(),
        candidates: vec![Candidate::default()],
        notices: vec![String::new()],
        changes: vec![change.clone()],
        ..Row::default()
    };
    let rows: Vec<Row> = PARTS.into_iter().enumerate().map(row).collect();
    let blank = Report {
        organisation: String::new(),
        stack: String::new(),
        lead: vec![String::new()],
        settings: vec![Setting {
            label: "Match by name".to_owned(),
            value: String::new(),
        }],
        preconditions: vec![PreconditionView {
            title: "Every contact is in the right kind of group".to_owned(),
            ok: true,
            count: "1 of 1".to_owned(),
            sentence: String::new(),
        }],
        mixed_groups: vec![MixedGroup {
            name: String::new(),
            strays: vec![Stray {
                id: "1".to_owned(),
                name: String::new(),
                sentence: String::new(),
            }],
        }],
        totals: totals(&rows),
        rows,
        ..report("Plan", 0)
    };
    blank.render().unwrap()
}

/// A plan that counts more than it lists, as one of a chosen part does.
pub(crate) fn part_of_a_plan(contacts: usize) -> String {
    let mut plan = report("Plan", contacts);
    let parts = [Part::Problems.key(), Part::Creates.key()];
    plan.rows
        .retain(|row| parts.contains(&row.outcome.as_str()));
    plan.render().unwrap()
}

/// A check with everything that a check may show.
pub(crate) fn check_report() -> String {
    let check = Report {
        preconditions: vec![
            PreconditionView {
                title: "Every contact is in the right kind of group".to_owned(),
                ok: false,
                count: "39 of 40".to_owned(),
                sentence: String::new(),
            },
            PreconditionView {
                title: "Every account reference is valid".to_owned(),
                ok: true,
                count: "40 of 40".to_owned(),
                sentence: "4 of them are blank and will be filled in".to_owned(),
            },
        ],
        mixed_groups: vec![MixedGroup {
            name: HOSTILE[0].to_owned(),
            strays: vec![Stray {
                id: "1109".to_owned(),
                name: HOSTILE[1].to_owned(),
                sentence: "It is a site of contact 1001.".to_owned(),
            }],
        }],
        ..report("Check: ready to synchronise?", 40)
    };
    check.render().unwrap()
}
