//! `problems --notices`: what is good to know of contacts that are not held.

use anyhow::bail;
use rules::{ContactId, Notice};
use runtime::records::{ContactRecord, Records};
use serde_json::json;

use crate::ExitStatus;
use crate::args::{Format, ProblemsArguments};
use crate::output;
use crate::tool::{Tool, contact_of};
use crate::ui::{counted, one_line};

/// The notices of a contact.
struct Noticed {
    contact: ContactId,
    name: String,
    notices: Vec<Notice>,
}

/// Runs it. Nothing needs attention: no notice holds a contact.
///
/// # Errors
/// Where the store cannot be read.
pub(crate) async fn run(tool: &Tool, arguments: &ProblemsArguments) -> anyhow::Result<ExitStatus> {
    let records = tool.records().await?;
    let format = output::format(&tool.ui, &arguments.report)?;
    if arguments.report.output.is_some() || matches!(format, Format::Csv | Format::Html) {
        bail!("notices are printed as text or as JSON (--json)");
    }
    let mut noticed = all(&records).await?;
    noticed.retain(|one| arguments.contact.is_none_or(|wanted| wanted == one.contact));
    if format == Format::Json {
        let rows = noticed.iter().map(|one| {
            let sentences = one.notices.iter().map(Notice::sentence);
            json!({
                "contact": one.contact,
                "name": one.name,
                "notices": sentences.collect::<Vec<_>>(),
            })
        });
        let rows: Vec<_> = rows.collect();
        tool.ui.say_json(&json!({ "notices": rows }))?;
        return Ok(ExitStatus::Success);
    }
    if noticed.is_empty() {
        tool.ui.say("There are no notices.")?;
        return Ok(ExitStatus::Success);
    }
    let mut listing = tool.ui.listing(&["Contact", "Good to know"]);
    listing.at_most([40]);
    for one in &noticed {
        let sentences = one
            .notices
            .iter()
            .map(|notice| one_line(&notice.sentence()));
        listing.add_row([
            format!("{} {}", one.contact, one_line(&one.name)),
            sentences.collect::<Vec<_>>().join("\n"),
        ]);
    }
    tool.ui.say(listing)?;
    tool.ui.say(format!(
        "{} with notices; none is held for them.",
        counted(noticed.len(), "contact")
    ))?;
    Ok(ExitStatus::Success)
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
            notices: known.value.notices,
        })
    });
    let mut noticed: Vec<Noticed> = noticed.collect::<anyhow::Result<_>>()?;
    noticed.sort_by_key(|one| one.contact);
    Ok(noticed)
}
