//! `plan`: what would happen, contact by contact, field by field.

use std::collections::BTreeSet;

use rules::ContactId;
use serde::Serialize;
use serde_json::Value;

use crate::ExitStatus;
use crate::args::{Format, Part, PlanArguments};
use crate::candidate::{Candidate, in_one_cell};
use crate::dry_run::{self, BATCH, Recorded, Scope, XeroCalls};
use crate::follow::check_chosen;
use crate::in_xero;
use crate::known_contact;
use crate::now_in_xero;
use crate::output::{self, Printable};
use crate::report::{Report, Setting};
use crate::rows::{Row, before_after, rows, totals};
use crate::settings_shown::settings;
use crate::side_by_side;
use crate::tool::Tool;
use crate::ui::{Ui, counted, one_line, toned};
use crate::xero_pages;

/// Xero's limit of calls a minute, less those that a worker leaves to the other one.
const CALLS_A_MINUTE: usize = 57;
/// Xero's limit of calls a day.
const CALLS_A_DAY: usize = 5_000;
/// So few contacts are all shown on a terminal.
const FEW: usize = 20;
/// Workers at once, as the template has it.
const WORKERS: usize = 2;

const ONLY_A_PLAN: &str = "A plan writes nothing. What it shows happens when you synchronise, unless somebody edits a contact meanwhile or two new contacts compete for the same reference.";

/// What a plan holds.
#[derive(Debug, Serialize)]
pub struct Plan {
    /// The deployed stack.
    pub stack: String,
    /// The Xero organisation.
    pub organisation: String,
    /// What would happen to how many contacts, by outcome; those too that are not shown.
    pub totals: Vec<Total>,
    /// What it takes of Xero.
    pub xero: Cost,
    /// How many problems are recorded, which `contact-sync problems` lists.
    pub recorded: Recorded,
    /// The contacts that were asked for.
    pub contacts: Vec<Row>,
    #[serde(skip)]
    settings: Vec<Setting>,
    /// Only a part was asked for.
    #[serde(skip)]
    is_part: bool,
    /// Only some contacts were asked for.
    #[serde(skip)]
    is_of_few: bool,
}

/// How many contacts have one outcome.
#[derive(Debug, Serialize)]
pub struct Total {
    /// See [`Part::key`].
    pub outcome: &'static str,
    /// How many.
    pub contacts: usize,
    #[serde(skip)]
    part: Part,
}

/// What a plan takes of Xero's limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Calls that one worker makes.
    pub calls: usize,
    /// Calls that the deployed workers make at most: each of them may have to read for itself.
    pub calls_at_most: usize,
    /// How many minutes these take at Xero's limits.
    pub minutes: usize,
}

impl Cost {
    fn of(calls: XeroCalls, contacts: usize) -> Self {
        let workers = contacts.div_ceil(BATCH).clamp(1, WORKERS);
        let one = calls.reads + calls.writes;
        let at_most = calls.reads * workers + calls.writes;
        Self {
            calls: one,
            calls_at_most: at_most,
            minutes: at_most.div_ceil(CALLS_A_MINUTE),
        }
    }

    fn told(self) -> String {
        let Self {
            calls,
            calls_at_most,
            minutes,
        } = self;
        if calls_at_most == 0 {
            return "It takes no call to Xero.".to_owned();
        }
        let at_most = counted(calls_at_most, "call");
        let calls = if calls == calls_at_most {
            at_most
        } else {
            format!("{calls} to {at_most}")
        };
        let time = match minutes {
            0 | 1 => "which fits into one minute at Xero's limit of 60 a minute".to_owned(),
            _ => format!("about {minutes} minutes at Xero's limit of 60 a minute"),
        };
        let days = if calls_at_most > CALLS_A_DAY {
            " It is more than Xero's 5,000 a day: it goes on the next day by itself."
        } else {
            ""
        };
        format!("It takes {calls} to Xero, {time}.{days}")
    }
}

/// Runs it.
///
/// # Errors
/// Where a system does not answer or a person must act first.
pub async fn run(tool: &Tool, arguments: &PlanArguments) -> anyhow::Result<ExitStatus> {
    check_chosen(&arguments.contact)?;
    let format = output::format(&tool.ui, &arguments.report)?;
    known_contact::require(tool, &arguments.contact).await?;
    let mut plan = plan(tool, &arguments.contact, &arguments.only).await?;
    if format != Format::Table {
        let code = xero_pages::short_code(tool).await;
        xero_pages::add_to_rows(&mut plan.contacts, code.as_ref());
    }
    output::print(&tool.ui, &plan, &arguments.report)?;
    Ok(ExitStatus::Success)
}

/// What lies ahead of a person who is about to synchronise.
pub struct Ahead {
    /// The contacts that were planned.
    pub contacts: Vec<ContactId>,
    /// What would happen to them, in a sentence or two, creates first, and which of those have a
    /// contact in Xero that is like them.
    pub in_short: Vec<String>,
    /// Whether something would be written, or may be: of what was put off nothing is known yet.
    pub writes: bool,
}

/// Plans contacts (none: all of them), or of all of them those of which a plan says one of `only`.
///
/// # Errors
/// As [`run`].
pub async fn ahead(tool: &Tool, contacts: &[ContactId], only: &[Part]) -> anyhow::Result<Ahead> {
    let plan = plan(tool, contacts, only).await?;
    let ids = plan.contacts.iter().map(|row| Ok(row.id.parse()?));
    let writing = [Part::Creates, Part::Links, Part::Updates, Part::PutOff].map(Part::key);
    let mut outcomes = plan.contacts.iter().map(|row| row.outcome.as_str());
    Ok(Ahead {
        contacts: ids.collect::<anyhow::Result<_>>()?,
        writes: outcomes.any(|outcome| writing.contains(&outcome)),
        in_short: before_a_question(tool.ui, &plan),
    })
}

/// What a plan comes to, in a few sentences.
///
/// # Errors
/// As [`run`].
pub async fn in_short(tool: &Tool) -> anyhow::Result<Vec<String>> {
    Ok(before_a_question(tool.ui, &plan(tool, &[], &[]).await?))
}

/// What a person should know who is asked whether to begin.
fn before_a_question(ui: Ui, plan: &Plan) -> Vec<String> {
    let mut lines = lead(plan);
    let creates = |row: &&Row| row.outcome == Part::Creates.key();
    let beside = side_by_side::table(&ui, plan.contacts.iter().filter(creates));
    lines.extend(beside.map(|table| {
        format!("Of those to be created, these are like a contact that Xero has already:\n{table}")
    }));
    lines.push(
        "Nothing is written before you say yes. After that it is decided by what BigChange and Xero have then."
            .to_owned(),
    );
    lines
}

async fn plan(tool: &Tool, contacts: &[ContactId], only: &[Part]) -> anyhow::Result<Plan> {
    let scope = if contacts.is_empty() {
        Scope::Everything
    } else {
        Scope::Contacts(contacts)
    };
    let mut result = dry_run::run(tool, scope).await?;
    if !contacts.is_empty() {
        now_in_xero::read_missing(tool, &mut result).await;
    }
    let groups = tool.group_names().await?;
    let mut rows = rows(&result, &groups);
    let totals = totals(&rows).into_iter().map(|(part, contacts)| Total {
        outcome: part.key(),
        contacts,
        part,
    });
    let totals = totals.collect();
    let cost = Cost::of(result.calls, rows.len());
    let wanted: BTreeSet<&str> = only.iter().map(|part| part.key()).collect();
    rows.retain(|row| wanted.is_empty() || wanted.contains(row.outcome.as_str()));
    Ok(Plan {
        stack: tool.deployment.name.clone(),
        organisation: tool.organisation().await,
        totals,
        xero: cost,
        recorded: result.recorded,
        contacts: rows,
        settings: settings(&tool.configuration.settings, &groups),
        is_part: !wanted.is_empty(),
        is_of_few: !contacts.is_empty(),
    })
}

/// The totals and the cost, in a sentence each.
fn lead(plan: &Plan) -> Vec<String> {
    let count = |part: Part| {
        let total = plan.totals.iter().find(|total| total.part == part);
        total.map_or(0, |total| total.contacts)
    };
    let all: usize = plan.totals.iter().map(|total| total.contacts).sum();
    let mut lead = vec![format!(
        "Of {}: {} to create in Xero, {} to link to an existing Xero contact, {} to update; held by a problem: {}.",
        counted(all, "contact"),
        count(Part::Creates),
        count(Part::Links),
        count(Part::Updates),
        count(Part::Problems),
    )];
    if let undecided @ 1.. = count(Part::PutOff) {
        lead.push(format!("What could not be decided about now: {undecided}."));
    }
    if plan.is_part {
        lead.push(format!("Shown here: {} of them.", plan.contacts.len()));
    }
    if !plan.is_of_few {
        lead.extend(plan.recorded.differs_from(count(Part::Problems)));
    }
    lead.push(plan.xero.told());
    lead
}

/// The same, of a plan that nobody asks to carry out.
fn whole_lead(plan: &Plan) -> Vec<String> {
    let mut lead = lead(plan);
    lead.push(ONLY_A_PLAN.to_owned());
    lead
}

impl Printable for Plan {
    fn json(&self) -> anyhow::Result<Value> {
        Ok(serde_json::to_value(self)?)
    }

    fn table(&self, ui: &Ui) -> String {
        // What needs no looking at is only counted, unless it was asked for.
        let is_shown = |row: &&Row| {
            self.is_part
                || self.contacts.len() <= FEW
                || ![Part::Unchanged.key(), Part::LeftAlone.key()].contains(&row.outcome.as_str())
        };
        let shown: Vec<&Row> = self.contacts.iter().filter(is_shown).collect();
        let mut text = String::new();
        if !shown.is_empty() {
            // Where nobody is linked the width is for the others.
            let has_linked = shown.iter().any(|row| !row.xero_id.is_empty());
            let mut columns = vec![
                ("Contact", 28),
                ("Group", 16),
                ("Outcome", 14),
                ("Account ref", 16),
            ];
            columns.extend(has_linked.then_some(("In Xero", 24)));
            let header = columns.iter().map(|(name, _)| *name);
            let header: Vec<&str> = header.chain(["What would happen"]).collect();
            let mut table = ui.listing(&header);
            table.at_most(columns.iter().map(|(_, width)| *width));
            let differs = shown.iter().any(|row| !row.differs.is_empty());
            for row in shown {
                let mut cells = vec![
                    format!("{} {}", row.id, one_line(&row.name)),
                    one_line(&row.group),
                    row.outcome_label.clone(),
                    one_line(&row.reference),
                ];
                cells.extend(has_linked.then(|| in_xero::in_lines(row)));
                cells.push(told(row));
                table.add_row(cells);
            }
            text.push_str(&table.to_string());
            text.push('\n');
            if differs {
                text.push_str(in_xero::LEGEND);
                text.push('\n');
            }
        }
        let totals = self.totals.iter().map(|total| {
            let label = total.part.label();
            toned(total.part.tone(), format!("{} {label}", total.contacts))
        });
        text.push_str(&totals.collect::<Vec<_>>().join(" · "));
        text.push('\n');
        text.push_str(&whole_lead(self)[1..].join("\n"));
        text
    }

    fn csv(&self) -> anyhow::Result<String> {
        output::csv(
            &[
                "contact_id",
                "name",
                "group",
                "outcome",
                "problem",
                "sentence",
                "cure",
                "account_reference",
            ]
            .into_iter()
            .chain(in_xero::COLUMNS)
            .chain(["changes", "notices", "candidates"])
            .collect::<Vec<_>>(),
            self.contacts.iter().map(|row| {
                let changes = row
                    .changes
                    .iter()
                    .map(|change| format!("{}: {}", change.place(), before_after(change)));
                vec![
                    row.id.clone(),
                    row.name.clone(),
                    row.group.clone(),
                    row.outcome.clone(),
                    row.code.clone(),
                    row.sentence.clone(),
                    row.cure_in_words().to_owned(),
                    row.reference.clone(),
                ]
                .into_iter()
                .chain(in_xero::cells(row))
                .chain([
                    changes.collect::<Vec<_>>().join("; "),
                    row.notices.join(" "),
                    in_one_cell(&row.candidates),
                ])
                .collect()
            }),
        )
    }

    fn html(&self) -> anyhow::Result<String> {
        let report = Report {
            heading: "Plan".to_owned(),
            organisation: self.organisation.clone(),
            stack: self.stack.clone(),
            lead: whole_lead(self),
            settings: self.settings.clone(),
            totals: self
                .totals
                .iter()
                .map(|total| (total.part, total.contacts))
                .collect(),
            preconditions: Vec::new(),
            mixed_groups: Vec::new(),
            rows: self.contacts.clone(),
        };
        report.render()
    }
}

fn told(row: &Row) -> String {
    let mut lines = Vec::new();
    if !row.sentence.is_empty() {
        let code = if row.code.is_empty() {
            String::new()
        } else {
            format!("{}: ", row.code)
        };
        lines.push(format!("{code}{}", one_line(&row.sentence)));
    }
    if !row.cure.is_empty() {
        lines.push(format!("→ {}", one_line(&row.cure)));
    }
    if row.outcome == Part::Links.key() {
        lines.push(format!("with the Xero contact {}", one_line(&row.xero)));
    }
    lines.extend(
        row.changes
            .iter()
            .map(|change| format!("{}: {}", change.place(), before_after(change))),
    );
    lines.extend(row.candidates.iter().map(candidate));
    lines.extend(row.notices.iter().map(|notice| one_line(notice)));
    lines.join("\n")
}

/// A Xero contact that is shown beside a contact, with the id that `link` takes.
#[must_use]
pub fn candidate(candidate: &Candidate) -> String {
    format!("Xero contact {}: {}", candidate.id, candidate.told())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_worker_may_have_to_read_for_itself() {
        let calls = XeroCalls {
            reads: 10,
            writes: 24,
        };
        let few = Cost::of(calls, 200);
        assert_eq!((few.calls, few.calls_at_most, few.minutes), (34, 34, 1));
        let many = Cost::of(calls, 1_000);
        assert_eq!((many.calls, many.calls_at_most, many.minutes), (34, 44, 1));
        assert!(many.told().contains("34 to 44 calls"), "{}", many.told());
    }

    #[test]
    fn what_does_not_fit_into_a_day_says_so() {
        let calls = XeroCalls {
            reads: 0,
            writes: 5_001,
        };
        let told = Cost::of(calls, 1).told();
        assert!(
            told.contains("88 minutes") && told.contains("next day"),
            "{told}"
        );
    }
}
