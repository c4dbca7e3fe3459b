//! `check`: is this company ready to synchronise? BigChange's three preconditions, for everybody, on both sides.

use std::collections::BTreeMap;

use rules::{ContactId, GroupId, ReportRank, Settings};
use serde::Serialize;
use serde_json::Value;

use crate::ExitStatus;
use crate::args::{Format, Part, ReportArguments};
use crate::candidate::in_one_cell;
use crate::cures::{Cure, cures_of};
use crate::dry_run::{self, Recorded, Scope};
use crate::groups;
use crate::in_xero;
use crate::other_integration;
use crate::output::{self, Printable};
use crate::preconditions::{Mixed, Standing, mixed_groups, standings};
use crate::report::{MixedGroup, PreconditionView, Report, Setting};
use crate::rows::{Row, group_name, totals};
use crate::settings_shown::settings;
use crate::side_by_side;
use crate::tool::Tool;
use crate::ui::{Tone, Ui, bold, counted, one_line, toned};
use crate::xero_pages;

/// What a check found.
#[derive(Debug, Serialize)]
pub struct Check {
    /// The deployed stack.
    pub stack: String,
    /// The Xero organisation.
    pub organisation: String,
    /// Whether nothing stands in the way.
    pub ready: bool,
    /// The preconditions.
    pub preconditions: Vec<Standing>,
    /// Groups that mix account customers and site contacts, with what does not belong there.
    pub mixed_groups: Vec<Mixed>,
    /// BigChange's contact groups that are neither of account customers nor of site contacts, by name: nobody in them was looked at.
    pub other_groups: Vec<String>,
    /// Which contact groups of the settings BigChange does not have, and which it has; `None` where
    /// it has all.
    pub missing_groups: Option<String>,
    /// What to do, the most harmful first, then the most frequent.
    pub cures: Vec<Cure>,
    /// The contacts that are out of line.
    pub contacts: Vec<Row>,
    /// The contacts that could not be looked at now, with why.
    pub not_checked: Vec<Row>,
    /// The contacts that would be created although Xero has one that is likely the same customer.
    pub beside_likely: Vec<Row>,
    /// Why BigChange's own integration seems to be on, with what to do; `None` where nothing shows
    /// that.
    pub other_integration: Option<String>,
    /// How many problems are recorded, which `contact-sync problems` lists.
    pub recorded: Recorded,
    /// The same for a reader who does not know the parameters.
    #[serde(skip)]
    missing_groups_in_words: Option<String>,
    #[serde(skip)]
    all: Vec<Row>,
    #[serde(skip)]
    settings: Vec<Setting>,
}

/// Runs it.
///
/// # Errors
/// Where a system does not answer or a person must act first.
pub async fn run(tool: &Tool, arguments: &ReportArguments) -> anyhow::Result<ExitStatus> {
    let format = output::format(&tool.ui, arguments)?;
    let mut check = check(tool).await?;
    if format != Format::Table {
        let code = xero_pages::short_code(tool).await;
        for rows in [
            &mut check.all,
            &mut check.contacts,
            &mut check.not_checked,
            &mut check.beside_likely,
        ] {
            xero_pages::add_to_rows(rows, code.as_ref());
        }
    }
    output::print(&tool.ui, &check, arguments)?;
    Ok(if check.ready {
        ExitStatus::Success
    } else {
        ExitStatus::Attention
    })
}

async fn check(tool: &Tool) -> anyhow::Result<Check> {
    let result = dry_run::run(tool, Scope::BothSides).await?;
    let known = tool.groups().await?;
    let configured = &tool.configuration.settings;
    let missing_groups = groups::not_there(configured, &known, true);
    let missing_groups_in_words = groups::not_there(configured, &known, false);
    let groups: BTreeMap<GroupId, String> = known
        .into_iter()
        .map(|group| (group.id, group.name))
        .collect();
    let all: Vec<Row> = crate::rows::rows(&result, &groups);
    let contacts: Vec<Row> = all
        .iter()
        .filter(|row| row.outcome == Part::Problems.key())
        .cloned()
        .collect();
    let not_checked: Vec<Row> = all
        .iter()
        .filter(|row| row.outcome == Part::PutOff.key())
        .cloned()
        .collect();
    let beside_likely = all
        .iter()
        .filter(|row| row.rank == ReportRank::CreateBesideLikely)
        .cloned()
        .collect::<Vec<_>>();
    let cures = cures_of(&contacts);
    // Held ones first: where one integration fails, the other is likely to fail too.
    let held = contacts.iter().chain(&all);
    let asked: Vec<ContactId> = held.filter_map(|row| row.id.parse().ok()).collect();
    let other_integration = other_integration::warning(tool, &asked).await;
    Ok(Check {
        stack: tool.deployment.name.clone(),
        organisation: tool.organisation().await,
        ready: contacts.is_empty()
            && not_checked.is_empty()
            && beside_likely.is_empty()
            && missing_groups.is_none()
            && other_integration.is_none(),
        preconditions: standings(&result),
        mixed_groups: mixed_groups(&result, &groups),
        missing_groups,
        missing_groups_in_words,
        other_groups: other_groups(&tool.configuration.settings, &groups),
        cures,
        contacts,
        not_checked,
        beside_likely,
        other_integration,
        recorded: result.recorded,
        all,
        settings: settings(&tool.configuration.settings, &groups),
    })
}

/// Who reads it: whoever deployed the stack knows its parameters, the accounts admin does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Operator,
    Admin,
}

impl Reader {
    /// The parameters that a sentence is about, for who knows them.
    fn parameters(self, names: &str) -> String {
        match self {
            Self::Operator => format!(" ({names})"),
            Self::Admin => String::new(),
        }
    }
}

/// How many contacts have notices, or would have them.
fn noticed(check: &Check) -> usize {
    let noticed = check.all.iter().filter(|row| !row.notices.is_empty());
    noticed.count()
}

fn verdict(check: &Check, reader: Reader) -> String {
    let out_of_line = counted(check.contacts.len(), "contact");
    let not_checked = counted(check.not_checked.len(), "contact");
    if !check.beside_likely.is_empty() && check.contacts.is_empty() {
        return format!(
            "Not ready yet: {} would be created in Xero, where likely the same customer is \
             already. Whoever runs contact-sync can have them held instead{}.",
            counted(check.beside_likely.len(), "contact"),
            reader.parameters("HoldLikelyDuplicates=true")
        );
    }
    if check.missing_groups.is_some() && check.contacts.is_empty() {
        return "Not ready yet: BigChange does not have every contact group of the settings."
            .to_owned();
    }
    let is_else_ready = check.contacts.is_empty() && check.not_checked.is_empty();
    if check.other_integration.is_some() && is_else_ready {
        return "Not ready yet: BigChange's own integration seems to be on.".to_owned();
    }
    match (check.ready, check.contacts.len(), check.not_checked.len()) {
        (true, ..) => "Ready to synchronise: nothing stands in the way.".to_owned(),
        (false, 0, _) => format!(
            "Not known yet: {not_checked} could not be looked at now; check again in a few minutes."
        ),
        (false, _, 0) => format!(
            "Not ready yet: {out_of_line} out of line. The others are synchronised all the same."
        ),
        (false, ..) => format!(
            "Not ready yet: {out_of_line} out of line, and {not_checked} that could not be looked at now. The others are synchronised all the same."
        ),
    }
}

impl Printable for Check {
    fn json(&self) -> anyhow::Result<Value> {
        Ok(serde_json::to_value(self)?)
    }

    fn table(&self, ui: &Ui) -> String {
        let check = self;
        let mut lines = vec![bold(format!(
            "{} → {}",
            check.stack,
            one_line(&check.organisation)
        ))];
        for standing in &check.preconditions {
            let tone = if standing.good == standing.of {
                Tone::Good
            } else {
                Tone::Bad
            };
            let mark = if tone == Tone::Good { "✓" } else { "✗" };
            let remark = if standing.remark.is_empty() {
                String::new()
            } else {
                format!(" ({})", standing.remark)
            };
            lines.push(format!(
                "{} {}: {} of {}{remark}",
                toned(tone, mark),
                standing.sentence,
                standing.good,
                standing.of
            ));
        }
        for mixed in &check.mixed_groups {
            lines.push(format!(
                "\nOut of place in the group {}:",
                one_line(&mixed.group)
            ));
            lines.extend(
                mixed
                    .strays
                    .iter()
                    .map(|stray| format!("  {} {}", stray.id, one_line(&stray.name))),
            );
        }
        if !check.cures.is_empty() {
            lines.push(format!("\n{}", bold("What to do")));
            let mut table = ui.listing(&["Contacts", "Problem", "What to do", "Which"]);
            table.at_most([10, 36, 70]);
            for cure in &check.cures {
                let which = check
                    .contacts
                    .iter()
                    .filter(|row| row.code == cure.code && row.cure == cure.cure);
                table.add_row([
                    cure.count.to_string(),
                    format!("{}\n({})", cure.title, cure.code),
                    one_line(&cure.cure),
                    few(which),
                ]);
            }
            lines.push(table.to_string());
            lines.push(
                "Each in full: contact-sync check --format html --output check.html".to_owned(),
            );
        }
        if let Some(table) = side_by_side::table(ui, check.all.iter()) {
            lines.push(format!("\n{}\n{table}", bold("Like contacts of Xero")));
        }
        if let Some(table) = in_xero::table(ui, check.all.iter()) {
            lines.push(format!("\n{table}"));
        }
        if let Some(line) = &check.missing_groups {
            lines.push(format!("\n{}", toned(Tone::Bad, line)));
        }
        if let Some(line) = others_told(check, Reader::Operator) {
            lines.push(format!("\n{line}"));
        }
        if !check.not_checked.is_empty() {
            lines.push(format!("\n{}", bold("Not looked at")));
            lines.extend(
                check
                    .not_checked
                    .iter()
                    .map(|row| format!("  {} {}: {}", row.id, one_line(&row.name), row.sentence)),
            );
        }
        if let Some(line) = check.recorded.differs_from(check.contacts.len()) {
            lines.push(format!("\n{line}"));
        }
        if let noticed @ 1.. = noticed(check) {
            lines.push(format!(
                "\nGood to know of {}: contact-sync problems --notices, or the last column of contact-sync plan.",
                counted(noticed, "contact")
            ));
        }
        if let Some(warning) = &check.other_integration {
            lines.push(format!("\n{}", toned(Tone::Bad, one_line(warning))));
        }
        let tone = if check.ready { Tone::Good } else { Tone::Bad };
        lines.push(format!(
            "\n{}",
            toned(tone, verdict(check, Reader::Operator))
        ));
        lines.join("\n")
    }

    fn csv(&self) -> anyhow::Result<String> {
        output::csv(
            &[
                "contact_id",
                "name",
                "group",
                "problem",
                "sentence",
                "cure",
                "account_reference",
            ]
            .into_iter()
            .chain(in_xero::COLUMNS)
            .chain(["candidates"])
            .collect::<Vec<_>>(),
            self.contacts
                .iter()
                .chain(&self.not_checked)
                .chain(&self.beside_likely)
                .map(|row| {
                    vec![
                        row.id.clone(),
                        row.name.clone(),
                        row.group.clone(),
                        row.code.clone(),
                        row.sentence.clone(),
                        row.cure_in_words().to_owned(),
                        row.reference.clone(),
                    ]
                    .into_iter()
                    .chain(in_xero::cells(row))
                    .chain([in_one_cell(&row.candidates)])
                    .collect()
                }),
        )
    }

    fn html(&self) -> anyhow::Result<String> {
        let check = self;
        let preconditions = check.preconditions.iter().map(|standing| PreconditionView {
            title: standing.sentence.to_owned(),
            ok: standing.good == standing.of,
            count: format!("{} of {}", standing.good, standing.of),
            sentence: standing.remark.clone(),
        });
        let report = Report {
            heading: "Check: ready to synchronise?".to_owned(),
            organisation: check.organisation.clone(),
            stack: check.stack.clone(),
            lead: [
                Some(verdict(check, Reader::Admin)),
                check.missing_groups_in_words.clone(),
                Some(listed(check)),
                others_told(check, Reader::Admin),
                check.other_integration.clone(),
                check.recorded.differs_from(check.contacts.len()),
            ]
            .into_iter()
            .flatten()
            .collect(),
            settings: check.settings.clone(),
            totals: totals(&check.all),
            preconditions: preconditions.collect(),
            mixed_groups: check
                .mixed_groups
                .iter()
                .map(|mixed| MixedGroup {
                    name: mixed.group.clone(),
                    strays: mixed.strays.clone(),
                })
                .collect(),
            rows: check
                .all
                .iter()
                .filter(|row| is_shown(row))
                .cloned()
                .collect(),
        };
        report.render()
    }
}

fn other_groups(settings: &Settings, names: &BTreeMap<GroupId, String>) -> Vec<String> {
    let is_other =
        |id: &GroupId| !settings.account_groups.contains(id) && !settings.site_groups.contains(id);
    names
        .keys()
        .filter(|id| is_other(id))
        .map(|id| group_name(*id, names))
        .collect()
}

/// What this check cannot speak of; nothing where every group is one or the other.
fn others_told(check: &Check, reader: Reader) -> Option<String> {
    let groups: Vec<String> = check
        .other_groups
        .iter()
        .map(|name| one_line(name))
        .collect();
    (!groups.is_empty()).then(|| {
        format!(
            "Not looked at are the contact groups that are set up neither as account groups nor as \
             site groups{}; an account customer among them is never synchronised: {}.",
            reader.parameters("AccountGroupIds, SiteGroupIds"),
            groups.join(" · ")
        )
    })
}

fn listed(check: &Check) -> String {
    let is_listed = |row: &&Row| is_shown(row);
    format!(
        "Listed below is every contact that something is to be done about, by you or by the synchronisation: {} of {}.",
        check.all.iter().filter(is_listed).count(),
        check.all.len()
    )
}

/// What is in line and stays so is only counted: a report of 20,000 contacts would be too large for a mail.
fn is_shown(row: &Row) -> bool {
    ![Part::Unchanged.key(), Part::LeftAlone.key()].contains(&row.outcome.as_str())
}

/// The first few contacts, and how many more there are.
fn few<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    const FEW: usize = 5;
    let rows: Vec<&Row> = rows.collect();
    let shown = rows
        .iter()
        .take(FEW)
        .map(|row| format!("{} {}", row.id, one_line(&row.name)));
    let mut lines: Vec<String> = shown.collect();
    if rows.len() > FEW {
        lines.push(format!("and {} more", rows.len() - FEW));
    }
    lines.join("\n")
}
