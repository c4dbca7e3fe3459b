//! `problems --notices`: what is good to know of contacts that are not held.

use std::collections::BTreeMap;

use rules::{ContactId, Link, Notice, ReportRank, normalise_spaces};
use runtime::records::{ContactRecord, Records};
use serde_json::{Value, json};

use crate::ExitStatus;
use crate::args::{Format, Part, ProblemsArguments};
use crate::known_contact;
use crate::output::{self, Printable};
use crate::report::{Report, Setting};
use crate::rows::Row;
use crate::settings_shown::settings;
use crate::tool::{Tool, contact_of};
use crate::ui::{Ui, counted, one_line};
use crate::xero_pages;

/// The notices of a contact.
struct Noticed {
    contact: ContactId,
    name: String,
    link: Option<Link>,
    notices: Vec<Notice>,
}

/// The notices that were asked for.
struct Notices {
    noticed: Vec<Noticed>,
    /// The same as a report shows them.
    rows: Vec<Row>,
    organisation: String,
    stack: String,
    settings: Vec<Setting>,
}

/// Runs it. Nothing needs attention: no notice holds a contact.
///
/// # Errors
/// Where the store cannot be read, or the file cannot be written.
pub(crate) async fn run(tool: &Tool, arguments: &ProblemsArguments) -> anyhow::Result<ExitStatus> {
    let records = tool.records().await?;
    known_contact::require(tool, arguments.contact.as_slice()).await?;
    let format = output::format(&tool.ui, &arguments.report)?;
    let mut noticed = all(&records).await?;
    noticed.retain(|one| arguments.contact.is_none_or(|wanted| wanted == one.contact));
    let mut notices = Notices {
        rows: noticed.iter().map(row).collect(),
        noticed,
        organisation: String::new(),
        stack: tool.deployment.name.clone(),
        settings: Vec::new(),
    };
    if format == Format::Html {
        // Without BigChange the settings are told with the groups' numbers.
        let groups = tool.group_names().await.unwrap_or_else(|_| BTreeMap::new());
        notices.settings = settings(&tool.configuration.settings, &groups);
        notices.organisation = tool.organisation().await;
        let code = xero_pages::short_code(tool).await;
        xero_pages::add_to_rows(&mut notices.rows, code.as_ref());
    }
    output::print(&tool.ui, &notices, &arguments.report)?;
    Ok(ExitStatus::Success)
}

fn row(noticed: &Noticed) -> Row {
    let link = noticed.link.as_ref();
    Row {
        id: noticed.contact.to_string(),
        name: noticed.name.clone(),
        outcome: Part::Unchanged.key().to_owned(),
        outcome_label: "Good to know".to_owned(),
        notices: noticed.notices.iter().map(Notice::sentence).collect(),
        reference: link.map_or_else(String::new, |link| link.account_reference.to_string()),
        xero: link.map_or_else(String::new, |link| normalise_spaces(&link.synced.name)),
        xero_id: link.map_or_else(String::new, |link| link.xero_id.to_string()),
        rank: ReportRank::Unchanged,
        ..Row::default()
    }
}

impl Printable for Notices {
    fn json(&self) -> anyhow::Result<Value> {
        let rows = self.noticed.iter().map(|one| {
            let sentences = one.notices.iter().map(Notice::sentence);
            json!({
                "contact": one.contact,
                "name": one.name,
                "notices": sentences.collect::<Vec<_>>(),
            })
        });
        Ok(json!({ "notices": rows.collect::<Vec<_>>() }))
    }

    fn table(&self, ui: &Ui) -> String {
        if self.noticed.is_empty() {
            return "There are no notices.".to_owned();
        }
        let mut listing = ui.listing(&["Contact", "Good to know"]);
        listing.at_most([40]);
        for one in &self.noticed {
            let sentences = one
                .notices
                .iter()
                .map(|notice| one_line(&notice.sentence()));
            listing.add_row([
                format!("{} {}", one.contact, one_line(&one.name)),
                sentences.collect::<Vec<_>>().join("\n"),
            ]);
        }
        format!("{listing}\n{}", self.in_short())
    }

    fn csv(&self) -> anyhow::Result<String> {
        let rows = self.noticed.iter().flat_map(|one| {
            one.notices.iter().map(|notice| {
                vec![
                    one.contact.to_string(),
                    one.name.clone(),
                    notice.code().to_owned(),
                    notice.sentence(),
                ]
            })
        });
        output::csv(&["contact_id", "name", "notice", "sentence"], rows)
    }

    fn html(&self) -> anyhow::Result<String> {
        let report = Report {
            heading: "Good to know".to_owned(),
            organisation: self.organisation.clone(),
            stack: self.stack.clone(),
            lead: vec![self.in_short()],
            settings: self.settings.clone(),
            totals: vec![(Part::Unchanged, self.rows.len())],
            preconditions: Vec::new(),
            mixed_groups: Vec::new(),
            rows: self.rows.clone(),
        };
        report.render()
    }
}

impl Notices {
    fn in_short(&self) -> String {
        format!(
            "{} with notices; none is held for them.",
            counted(self.noticed.len(), "contact")
        )
    }
}

/// How many contacts have notices.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn count(records: &Records) -> anyhow::Result<usize> {
    Ok(all(records).await?.len())
}

async fn all(records: &Records) -> anyhow::Result<Vec<Noticed>> {
    let known = records.list::<ContactRecord>("").await?;
    let noticed = known
        .into_iter()
        .filter(|known| !known.value.notices.is_empty());
    let noticed = noticed.map(|known| {
        Ok(Noticed {
            contact: contact_of(&known)?,
            name: known.value.name().unwrap_or_default().to_owned(),
            link: known.value.link,
            notices: known.value.notices,
        })
    });
    let mut noticed: Vec<Noticed> = noticed.collect::<anyhow::Result<_>>()?;
    noticed.sort_by_key(|one| one.contact);
    Ok(noticed)
}
