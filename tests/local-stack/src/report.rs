//! What the demo prints.

use std::collections::BTreeMap;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use fake_xero::CallKind;
use rules::{Notice, Skip};
use runtime::records::ProblemRecord;

use crate::company::group_name;
use crate::observed::{Observed, Outcome};
use crate::stack::Calls;

/// The width of a table where there is no terminal to ask.
const WIDTH: u16 = 150;

/// Every contact: its group, what became of it, its account reference, and its Xero contact or its problem with the cure.
#[must_use]
pub fn contacts<'a>(seen: impl IntoIterator<Item = &'a Observed>) -> String {
    let mut table = table();
    table.set_header([
        "Contact",
        "Group",
        "Outcome",
        "Account ref",
        "Xero contact, or the problem and its cure",
    ]);
    table.set_constraints([at_most(26), at_most(12), at_most(12), at_most(14)]);
    for seen in seen {
        let contact = &seen.contact;
        table.add_row([
            format!("{} {}", contact.id, one_line(&contact.name)),
            group_name(contact.group_id).to_owned(),
            outcome_name(&seen.outcome).to_owned(),
            one_line(&contact.account_reference),
            told(seen),
        ]);
    }
    table.to_string()
}

/// What was done to each contact, and what came of it.
#[must_use]
pub fn edits<'a>(rows: impl IntoIterator<Item = (&'a str, &'a Observed)>) -> String {
    let mut table = table();
    table.set_header([
        "Contact",
        "What happened",
        "Outcome",
        "Account ref",
        "Xero contact, or the problem",
    ]);
    table.set_constraints([at_most(26), at_most(45), at_most(12), at_most(14)]);
    for (what, seen) in rows {
        let contact = &seen.contact;
        table.add_row([
            format!("{} {}", contact.id, one_line(&contact.name)),
            what.to_owned(),
            outcome_name(&seen.outcome).to_owned(),
            one_line(&contact.account_reference),
            match &seen.outcome {
                Outcome::Held(held) => sentence(held),
                _ => told(seen),
            },
        ]);
    }
    table.to_string()
}

/// How many contacts came to which outcome, problems by their code.
#[must_use]
pub fn totals<'a>(seen: impl IntoIterator<Item = &'a Observed>) -> String {
    let mut outcomes = BTreeMap::<&str, usize>::new();
    let mut problems = BTreeMap::<&str, usize>::new();
    for seen in seen {
        *outcomes.entry(outcome_name(&seen.outcome)).or_default() += 1;
        if let Outcome::Held(held) = &seen.outcome {
            *problems.entry(held.problem.code()).or_default() += 1;
        }
    }
    let outcomes = counted(outcomes.into_iter().map(|(name, n)| (name.to_owned(), n)));
    if problems.is_empty() {
        return outcomes;
    }
    let problems = counted(problems.into_iter().map(|(code, n)| (code.to_owned(), n)));
    format!("{outcomes}\nProblems: {problems}")
}

/// How many calls each system got, by kind.
#[must_use]
pub fn calls(calls: &Calls) -> String {
    let bigchange = calls
        .bigchange
        .iter()
        .map(|(action, n)| (action.clone(), *n));
    let xero = calls
        .xero
        .iter()
        .map(|(kind, n)| (call_name(*kind).to_owned(), *n));
    format!(
        "Calls to BigChange: {}\nCalls to Xero:      {}",
        counted(bigchange),
        counted(xero)
    )
}

fn counted(counts: impl Iterator<Item = (String, usize)>) -> String {
    let parts: Vec<String> = counts.map(|(what, n)| format!("{n} {what}")).collect();
    if parts.is_empty() {
        "none".to_owned()
    } else {
        parts.join(" · ")
    }
}

/// An empty table in the style of all that is printed here, as wide as the terminal.
#[must_use]
pub fn table() -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table
}

/// A column that is no wider. Columns of little text leave the width to the others.
#[must_use]
pub fn at_most(width: u16) -> ColumnConstraint {
    ColumnConstraint::UpperBoundary(Width::Fixed(width))
}

fn outcome_name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::LeftAlone(_) => "left alone",
        Outcome::Held(_) => "problem",
        Outcome::Linked { created: false, .. } => "linked",
        Outcome::Linked { created: true, .. } => "created",
        Outcome::Unfinished => "unfinished",
    }
}

fn told(seen: &Observed) -> String {
    match &seen.outcome {
        Outcome::LeftAlone(skip) => match skip {
            Skip::Deleted => "deleted in BigChange",
            Skip::SiteContact => "a site contact",
            Skip::NotAnAccountCustomer => "in no group of account customers",
            Skip::ExcludedFromSync => "excluded from financial sync",
        }
        .to_owned(),
        Outcome::Held(held) => format!("{}\n→ {}", sentence(held), held.cure),
        Outcome::Linked {
            name,
            account_number,
            ..
        } => {
            let notices = seen.notices.iter().map(Notice::sentence);
            let text = std::iter::once(format!("{name} ({account_number})")).chain(notices);
            text.collect::<Vec<_>>().join("\n")
        }
        Outcome::Unfinished => "neither synchronised nor held".to_owned(),
    }
}

/// What the accounts admin is told, as it was stored.
fn sentence(held: &ProblemRecord) -> String {
    one_line(&format!("{}: {}", held.problem.code(), held.sentence))
}

/// A text that cannot upset a table: control characters are shown as what they are.
fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let shown: Vec<char> = if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            };
            shown
        })
        .collect()
}

fn call_name(kind: CallKind) -> &'static str {
    match kind {
        CallKind::Token => "token",
        CallKind::Revocation => "revocation",
        CallKind::Authorize => "authorize",
        CallKind::Connections => "connections",
        CallKind::Organisation => "organisation",
        CallKind::List => "read of a list",
        CallKind::Single => "read of one",
        CallKind::Create => "create (PUT)",
        CallKind::Upsert => "batch of updates (POST)",
        CallKind::Update => "update of one (POST)",
        CallKind::Other => "other",
    }
}
