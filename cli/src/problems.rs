//! `problems`: what is open, each with its cure.

use anyhow::bail;
use rules::ContactId;
use runtime::records::ProblemRecord;
use serde::Serialize;

use crate::args::{Format, ProblemsArguments};
use crate::output::{self, Document};
use crate::plan::settings;
use crate::report::Report;
use crate::rows::{Row, cures};
use crate::time_text::moment;
use crate::tool::{Tool, problems};
use crate::ui::{Ui, at_most, bold, counted, one_line};
use crate::{Exit, connected_organisation};

/// An open problem.
#[derive(Debug, Clone, Serialize)]
struct Open {
    contact: ContactId,
    name: String,
    code: &'static str,
    title: &'static str,
    sentence: String,
    cure: String,
    first_seen: String,
    last_seen: String,
}

impl Open {
    fn of(contact: ContactId, record: ProblemRecord) -> Self {
        Self {
            contact,
            code: record.problem.code(),
            title: record.problem.title(),
            name: record.name,
            sentence: record.sentence,
            cure: record.cure,
            first_seen: moment(record.first_seen),
            last_seen: moment(record.last_seen),
        }
    }
}

/// Runs it.
///
/// # Errors
/// Where the store cannot be read, or there is no such problem.
pub async fn run(tool: &Tool, arguments: &ProblemsArguments) -> anyhow::Result<Exit> {
    check_codes(&arguments.code)?;
    let records = tool.records().await?;
    let mut open: Vec<Open> = problems(&records)
        .await?
        .into_iter()
        .map(|(contact, stored)| Open::of(contact, stored.value))
        .collect();
    open.retain(|problem| {
        let is_code = |code: &String| code.eq_ignore_ascii_case(problem.code);
        let is_contact = arguments.contact.is_none_or(|id| id == problem.contact);
        is_contact && (arguments.code.is_empty() || arguments.code.iter().any(is_code))
    });
    let exit = if open.is_empty() {
        Exit::Fine
    } else {
        Exit::Attention
    };
    let format = if tool.ui.json {
        Format::Json
    } else {
        arguments.report.format
    };
    let document = match (format, arguments.contact) {
        (Format::Json, _) => Document::Json(serde_json::to_value(&open)?),
        (Format::Csv, _) => Document::Text(csv(&open)?),
        (Format::Html, _) => Document::Text(html(tool, &open).await?),
        (Format::Table, Some(contact)) => Document::Text(in_full(contact, &open)),
        (Format::Table, None) => Document::Text(table(&tool.ui, &open)),
    };
    output::write(&tool.ui, &document, arguments.report.output.as_deref())?;
    Ok(exit)
}

/// A code that no problem has is mistyped.
pub(crate) fn check_codes(codes: &[String]) -> anyhow::Result<()> {
    for code in codes {
        let is_it = |known: &&str| known.eq_ignore_ascii_case(code);
        if !rules::PROBLEM_CODES.iter().any(is_it) {
            bail!(
                "there is no problem with the code {code}; the codes are {}",
                rules::PROBLEM_CODES.join(", ")
            );
        }
    }
    Ok(())
}

fn in_full(contact: ContactId, open: &[Open]) -> String {
    let Some(problem) = open.first() else {
        return format!("Contact {contact} has no open problem.");
    };
    format!(
        "{}\n\n{}\n\nWhat to do: {}\n\nFirst seen {}, last seen {}. It clears by itself once it is mended; contact-sync retry {contact} tries at once.",
        bold(format!(
            "{contact} {}: {}",
            one_line(&problem.name),
            problem.code
        )),
        one_line(&problem.sentence),
        one_line(&problem.cure),
        problem.first_seen,
        problem.last_seen,
    )
}

fn table(ui: &Ui, open: &[Open]) -> String {
    if open.is_empty() {
        return "There are no open problems.".to_owned();
    }
    let mut table = ui.table(&[
        "Contact",
        "Problem",
        "What is wrong, and what to do",
        "Since",
    ]);
    table.set_constraints([at_most(28), at_most(28), at_most(90)]);
    for problem in open {
        table.add_row([
            format!("{} {}", problem.contact, one_line(&problem.name)),
            problem.code.to_owned(),
            format!(
                "{}\n→ {}",
                one_line(&problem.sentence),
                one_line(&problem.cure)
            ),
            problem.first_seen.clone(),
        ]);
    }
    format!("{table}\n{}", counted(open.len(), "open problem"))
}

fn csv(open: &[Open]) -> anyhow::Result<String> {
    output::csv(
        &[
            "contact_id",
            "name",
            "problem",
            "sentence",
            "cure",
            "first_seen",
            "last_seen",
        ],
        open.iter().map(|problem| {
            vec![
                problem.contact.to_string(),
                problem.name.clone(),
                problem.code.to_owned(),
                problem.sentence.clone(),
                problem.cure.clone(),
                problem.first_seen.clone(),
                problem.last_seen.clone(),
            ]
        }),
    )
}

async fn html(tool: &Tool, open: &[Open]) -> anyhow::Result<String> {
    let told = open.iter().map(|problem| {
        (
            problem.code,
            problem.sentence.as_str(),
            problem.cure.as_str(),
        )
    });
    let rows = open.iter().map(|problem| Row {
        id: problem.contact.to_string(),
        name: problem.name.clone(),
        group: String::new(),
        outcome: crate::args::Part::Problems.key().to_owned(),
        outcome_label: crate::args::Part::Problems.label().to_owned(),
        code: problem.code.to_owned(),
        title: problem.title.to_owned(),
        sentence: problem.sentence.clone(),
        cure: problem.cure.clone(),
        notices: vec![format!("Since {}.", problem.first_seen)],
        reference: String::new(),
        xero: String::new(),
        xero_id: String::new(),
        changes: Vec::new(),
    });
    let report = Report {
        heading: "Open problems".to_owned(),
        organisation: connected_organisation(tool).await,
        stack: tool.deployment.name.clone(),
        lead: vec![format!("Held: {}.", counted(open.len(), "contact"))],
        settings: settings(&tool.configuration.settings),
        preconditions: Vec::new(),
        mixed_groups: Vec::new(),
        cures: cures(told),
        rows: rows.collect(),
    };
    report.render()
}
