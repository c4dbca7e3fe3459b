//! `check`: is this company ready to synchronise? BigChange's three preconditions, for everybody, on both sides.

use std::collections::BTreeMap;

use rules::{GroupId, Precondition, Problem, link_out_of_line};
use serde::Serialize;
use sync_contact::work::Done;

use crate::args::{Format, Part, ReportArguments};
use crate::output::{self, Document};
use crate::plan::settings;
use crate::rehearsal::{Held, Rehearsal, Rehearsed, Scope, rehearse};
use crate::report::{MixedGroup, PreconditionView, Report, Stray};
use crate::rows::{Cure, Row, cures_of, group_name};
use crate::tool::Tool;
use crate::ui::{Tone, Ui, at_most, bold, counted, one_line, toned};
use crate::{Exit, connected_organisation};

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
    /// What to do, the most frequent first.
    pub cures: Vec<Cure>,
    /// The contacts that are out of line.
    pub contacts: Vec<Row>,
    /// How many contacts could not be looked at.
    pub not_checked: usize,
    #[serde(skip)]
    all: Vec<Row>,
}

/// How a precondition stands.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// Which.
    pub precondition: Precondition,
    /// As a sentence.
    pub sentence: &'static str,
    /// Contacts of which it holds.
    pub good: usize,
    /// Contacts that it concerns.
    pub of: usize,
    /// What the numbers include.
    pub remark: String,
}

/// A mixed group.
#[derive(Debug, Serialize)]
pub struct Mixed {
    /// The group's name.
    pub group: String,
    /// The contacts that do not belong there.
    pub strays: Vec<Stray>,
}

/// Runs it.
///
/// # Errors
/// Where a system does not answer or a person must act first.
pub async fn run(tool: &Tool, arguments: &ReportArguments) -> anyhow::Result<Exit> {
    let check = check(tool).await?;
    let document = if tool.ui.json {
        Document::Json(serde_json::to_value(&check)?)
    } else {
        match arguments.format {
            Format::Json => Document::Json(serde_json::to_value(&check)?),
            Format::Csv => Document::Text(csv(&check)?),
            Format::Html => Document::Text(html(tool, &check)?),
            Format::Table => Document::Text(table(&tool.ui, &check)),
        }
    };
    output::write(&tool.ui, &document, arguments.output.as_deref())?;
    Ok(if check.ready {
        Exit::Fine
    } else {
        Exit::Attention
    })
}

async fn check(tool: &Tool) -> anyhow::Result<Check> {
    let mut rehearsal = rehearse(tool, Scope::BothSides).await?;
    audit_links(&mut rehearsal);
    let groups = tool.group_names().await?;
    let all: Vec<Row> = crate::rows::rows(&rehearsal.contacts, &groups);
    let contacts: Vec<Row> = all
        .iter()
        .filter(|row| row.outcome == Part::Problems.key())
        .cloned()
        .collect();
    let not_checked = all
        .iter()
        .filter(|row| row.outcome == Part::PutOff.key())
        .count();
    let cures = cures_of(&contacts);
    Ok(Check {
        stack: tool.deployment.name.clone(),
        organisation: connected_organisation(tool).await,
        ready: contacts.is_empty() && not_checked == 0,
        preconditions: standings(&rehearsal),
        mixed_groups: mixed_groups(&rehearsal, &groups),
        cures,
        contacts,
        not_checked,
        all,
    })
}

/// The synchronisation does not look at the Xero contacts of links that need no write. Here each is looked at.
fn audit_links(rehearsal: &mut Rehearsal) {
    for rehearsed in rehearsal.contacts.values_mut() {
        let Done::InLine(rules::Outcome::Unchanged | rules::Outcome::Updated) = rehearsed.ending
        else {
            continue;
        };
        let Some(link) = &rehearsed.record.link else {
            continue;
        };
        let in_xero = rehearsal.in_xero.get(&link.xero_id);
        if let Some(problem) = link_out_of_line(link, in_xero) {
            rehearsed.ending = Done::Held(problem.code());
            rehearsed.problem = Some(Held {
                sentence: problem.sentence(rehearsed.id, &rehearsed.name()),
                cure: problem.cure(),
                problem,
            });
        }
    }
}

fn standings(rehearsal: &Rehearsal) -> Vec<Standing> {
    let breaks = |rehearsed: &&Rehearsed, precondition: Precondition| {
        let held = rehearsed.problem.as_ref();
        held.is_some_and(|held| held.problem.precondition() == precondition)
    };
    let contacts = || rehearsal.contacts.values();
    let is_decided = |rehearsed: &&Rehearsed| Part::of(&rehearsed.ending) != Part::PutOff;
    let takes_part = |rehearsed: &&Rehearsed| {
        let part = Part::of(&rehearsed.ending);
        part != Part::LeftAlone
            && is_decided(rehearsed)
            && !breaks(rehearsed, Precondition::RightGroup)
    };
    let count = |part: Part| contacts().filter(|r| Part::of(&r.ending) == part).count();
    let (creates, links) = (count(Part::Creates), count(Part::Links));
    Precondition::ALL
        .into_iter()
        .map(|precondition| {
            let of = match precondition {
                Precondition::RightGroup => contacts().filter(is_decided).count(),
                Precondition::LinkedOrLinkable | Precondition::MatchingReference => {
                    contacts().filter(takes_part).count()
                }
            };
            let broken = contacts()
                .filter(|rehearsed| breaks(rehearsed, precondition))
                .count();
            let filled = contacts()
                .filter(|r| {
                    r.changes
                        .iter()
                        .any(|c| c.field == rules::Field::AccountReference)
                })
                .count();
            let remark = match precondition {
                Precondition::RightGroup => String::new(),
                Precondition::LinkedOrLinkable => {
                    let mut remarks = Vec::new();
                    if links > 0 {
                        remarks.push(format!("{links} of them are not linked yet and will be"));
                    }
                    if creates > 0 {
                        remarks.push(format!(
                            "{creates} are not in Xero and will be created, as authorised"
                        ));
                    }
                    remarks.join("; ")
                }
                Precondition::MatchingReference if filled > 0 => {
                    format!(
                        "{filled} of them are blank on one side, or on both, and will be filled in"
                    )
                }
                Precondition::MatchingReference => String::new(),
            };
            Standing {
                precondition,
                sentence: precondition.sentence(),
                good: of.saturating_sub(broken),
                of,
                remark,
            }
        })
        .collect()
}

fn mixed_groups(rehearsal: &Rehearsal, names: &BTreeMap<GroupId, String>) -> Vec<Mixed> {
    let mut strays: BTreeMap<String, Vec<Stray>> = BTreeMap::new();
    for rehearsed in rehearsal.contacts.values() {
        let Some(held) = &rehearsed.problem else {
            continue;
        };
        let (Problem::ParentInSiteGroup { group }
        | Problem::SiteContactInAccountGroup { group, .. }) = &held.problem
        else {
            continue;
        };
        let group = group.map_or_else(|| "no group".to_owned(), |id| group_name(id, names));
        strays.entry(group).or_default().push(Stray {
            id: rehearsed.id.to_string(),
            name: rehearsed.name(),
            sentence: held.sentence.clone(),
        });
    }
    let mixed = strays
        .into_iter()
        .map(|(group, strays)| Mixed { group, strays });
    mixed.collect()
}

fn verdict(check: &Check) -> String {
    let out_of_line = counted(check.contacts.len(), "contact");
    let not_checked = counted(check.not_checked, "contact");
    match (check.ready, check.contacts.len(), check.not_checked) {
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

fn table(ui: &Ui, check: &Check) -> String {
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
        let mut table = ui.table(&["Contacts", "Problem", "What to do", "Which"]);
        table.set_constraints([at_most(10), at_most(36), at_most(70)]);
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
        lines.push("Each in full: contact-sync check --format html --output check.html, or contact-sync plan --only problems".to_owned());
    }
    let tone = if check.ready { Tone::Good } else { Tone::Bad };
    lines.push(format!("\n{}", toned(tone, verdict(check))));
    lines.join("\n")
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

fn csv(check: &Check) -> anyhow::Result<String> {
    output::csv(
        &[
            "contact_id",
            "name",
            "group",
            "problem",
            "sentence",
            "cure",
            "account_reference",
        ],
        check.contacts.iter().map(|row| {
            vec![
                row.id.clone(),
                row.name.clone(),
                row.group.clone(),
                row.code.clone(),
                row.sentence.clone(),
                row.cure.clone(),
                row.reference.clone(),
            ]
        }),
    )
}

fn html(tool: &Tool, check: &Check) -> anyhow::Result<String> {
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
        lead: vec![verdict(check)],
        settings: settings(&tool.configuration.settings),
        preconditions: preconditions.collect(),
        mixed_groups: check
            .mixed_groups
            .iter()
            .map(|mixed| MixedGroup {
                name: mixed.group.clone(),
                strays: mixed.strays.clone(),
            })
            .collect(),
        cures: check.cures.clone(),
        rows: check.all.clone(),
    };
    report.render()
}
