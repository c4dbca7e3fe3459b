//! `problems`: what is open, each with its cure.

use std::collections::BTreeMap;

use rules::{ContactId, GroupId, Problem, ReportRank, Reported, XeroContactId, XeroContactRef};
use runtime::records::ProblemRecord;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::ExitStatus;
use crate::args::{Format, Part, ProblemsArguments};
use crate::candidate::{Candidate, in_one_cell};
use crate::known_contact;
use crate::now_in_xero;
use crate::output::{self, Printable};
use crate::plan::candidate;
use crate::report::{Report, Setting};
use crate::rows::{Row, in_words};
use crate::settings_shown::settings;
use crate::time_text::{for_spreadsheet, moment, rfc3339};
use crate::tool::{Tool, problems};
use crate::ui::{Ui, bold, counted, one_line};
use crate::xero_pages;

/// An open problem.
#[derive(Debug, Clone, Serialize)]
struct Open {
    contact: ContactId,
    name: String,
    code: &'static str,
    title: &'static str,
    sentence: String,
    cure: String,
    #[serde(skip)]
    cure_in_words: String,
    candidates: Vec<Candidate>,
    #[serde(serialize_with = "as_rfc3339")]
    first_seen: OffsetDateTime,
    #[serde(serialize_with = "as_rfc3339")]
    last_seen: OffsetDateTime,
    #[serde(skip)]
    rank: ReportRank,
}

fn as_rfc3339<S: Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

impl Open {
    fn of(
        contact: ContactId,
        record: ProblemRecord,
        groups: &BTreeMap<GroupId, String>,
        in_xero: &BTreeMap<XeroContactId, XeroContactRef>,
    ) -> Self {
        let problem = &record.problem;
        let sentence = in_words(problem, contact, &record.name, groups, in_xero);
        let named: Vec<_> = record.problem.named().into_iter().cloned().collect();
        Self {
            contact,
            code: record.problem.code(),
            title: record.problem.title(),
            candidates: Candidate::of(&record.problem, &named),
            cure_in_words: match problem {
                Problem::Unknown => record.cure.clone(),
                problem => problem.cure_in_words(),
            },
            sentence: sentence.unwrap_or(record.sentence),
            name: record.name,
            cure: record.cure,
            first_seen: record.first_seen,
            last_seen: record.last_seen,
            rank: ReportRank::of(Reported::Held(&record.problem)),
        }
    }
}

/// The open problems that were asked for.
struct Problems {
    open: Vec<Open>,
    /// Whose, if only one contact's was asked for.
    of: Option<ContactId>,
    organisation: String,
    stack: String,
    settings: Vec<Setting>,
}

/// Runs it.
///
/// # Errors
/// Where the store cannot be read.
pub async fn run(tool: &Tool, arguments: &ProblemsArguments) -> anyhow::Result<ExitStatus> {
    let records = tool.records().await?;
    known_contact::require(tool, arguments.contact.as_slice()).await?;
    let format = output::format(&tool.ui, &arguments.report)?;
    let groups = match format {
        Format::Table => BTreeMap::new(),
        // Without BigChange what is open is told with the groups' numbers.
        _ => tool.group_names().await.unwrap_or_default(),
    };
    let mut wanted = problems(&records).await?;
    wanted.retain(|contact, stored| {
        let is_code = |code: &String| code.eq_ignore_ascii_case(stored.value.problem.code());
        let is_contact = arguments.contact.is_none_or(|id| id == *contact);
        is_contact && (arguments.code.is_empty() || arguments.code.iter().any(is_code))
    });
    let held = wanted.values().map(|stored| &stored.value.problem);
    let survivors = now_in_xero::survivors(tool, held).await;
    let wanted = wanted.into_iter();
    let mut open: Vec<Open> = wanted
        .map(|(contact, stored)| Open::of(contact, stored.value, &groups, &survivors))
        .collect();
    open.sort_by_key(|problem| (problem.rank, problem.contact));
    let exit = if open.is_empty() {
        ExitStatus::Success
    } else {
        ExitStatus::Attention
    };
    if format != Format::Table || arguments.contact.is_some() {
        let code = xero_pages::short_code(tool).await;
        for problem in &mut open {
            xero_pages::add(&mut problem.candidates, code.as_ref());
        }
    }
    let problems = Problems {
        open,
        of: arguments.contact,
        organisation: tool.organisation().await,
        stack: tool.deployment.name.clone(),
        settings: settings(&tool.configuration.settings, &groups),
    };
    output::print(&tool.ui, &problems, &arguments.report)?;
    Ok(exit)
}

fn in_full(contact: ContactId, open: &[Open]) -> String {
    let Some(problem) = open.first() else {
        return format!("Contact {contact} has no open problem.");
    };
    let heading = format!("{contact} {}: {}", one_line(&problem.name), problem.code);
    let mut lines = vec![bold(heading), String::new(), one_line(&problem.sentence)];
    for one in &problem.candidates {
        lines.push(candidate(one));
        if !one.page.is_empty() {
            lines.push(format!("  {}", one.page));
        }
    }
    lines.extend([
        String::new(),
        format!("What to do: {}", one_line(&problem.cure)),
        String::new(),
        format!(
            "First seen {}, last seen {}. It clears by itself once it is mended; contact-sync retry {contact} tries at once.",
            moment(problem.first_seen),
            moment(problem.last_seen)
        ),
    ]);
    lines.join("\n")
}

impl Printable for Problems {
    fn json(&self) -> anyhow::Result<Value> {
        Ok(json!({ "problems": self.open }))
    }

    fn table(&self, ui: &Ui) -> String {
        if let Some(contact) = self.of {
            return in_full(contact, &self.open);
        }
        if self.open.is_empty() {
            return "There are no open problems.".to_owned();
        }
        let mut table = ui.listing(&[
            "Contact",
            "Problem",
            "What is wrong, and what to do",
            "Since",
        ]);
        table.at_most([28, 28, 90]);
        for problem in &self.open {
            table.add_row([
                format!("{} {}", problem.contact, one_line(&problem.name)),
                problem.code.to_owned(),
                format!(
                    "{}\n→ {}",
                    one_line(&problem.sentence),
                    one_line(&problem.cure)
                ),
                moment(problem.first_seen),
            ]);
        }
        format!("{table}\n{}", counted(self.open.len(), "open problem"))
    }

    fn csv(&self) -> anyhow::Result<String> {
        output::csv(
            &[
                "contact_id",
                "name",
                "problem",
                "sentence",
                "cure",
                "first_seen_uk_time",
                "last_seen_uk_time",
                "candidates",
            ],
            self.open.iter().map(|problem| {
                vec![
                    problem.contact.to_string(),
                    problem.name.clone(),
                    problem.code.to_owned(),
                    problem.sentence.clone(),
                    problem.cure_in_words.clone(),
                    for_spreadsheet(problem.first_seen),
                    for_spreadsheet(problem.last_seen),
                    in_one_cell(&problem.candidates),
                ]
            }),
        )
    }

    fn html(&self) -> anyhow::Result<String> {
        let rows: Vec<Row> = self
            .open
            .iter()
            .map(|problem| Row {
                id: problem.contact.to_string(),
                name: problem.name.clone(),
                outcome: Part::Problems.key().to_owned(),
                outcome_label: Part::Problems.label().to_owned(),
                code: problem.code.to_owned(),
                title: problem.title.to_owned(),
                sentence: problem.sentence.clone(),
                cure: problem.cure.clone(),
                admin_cure: problem.cure_in_words.clone(),
                candidates: problem.candidates.clone(),
                notices: vec![format!("Since {}.", moment(problem.first_seen))],
                rank: problem.rank,
                ..Row::default()
            })
            .collect();
        let report = Report {
            heading: "Open problems".to_owned(),
            organisation: self.organisation.clone(),
            stack: self.stack.clone(),
            lead: vec![format!("Held: {}.", counted(rows.len(), "contact"))],
            settings: self.settings.clone(),
            totals: vec![(Part::Problems, rows.len())],
            preconditions: Vec::new(),
            mixed_groups: Vec::new(),
            rows,
        };
        report.render()
    }
}
