//! `history`: what was done about a contact.

use runtime::records::{HistoryEvent, HistoryRecord};
use serde_json::json;
use time::OffsetDateTime;

use crate::ExitStatus;
use crate::args::HistoryArguments;
use crate::known_contact;
use crate::rows::{ChangeRow, before_after};
use crate::time_text::{moment, rfc3339};
use crate::tool::Tool;
use crate::ui::{bold, one_line};

/// Runs it.
///
/// # Errors
/// Where the store cannot be read.
pub async fn run(tool: &Tool, arguments: &HistoryArguments) -> anyhow::Result<ExitStatus> {
    let records = tool.records().await?;
    known_contact::require(tool, &[arguments.contact]).await?;
    let days = tool.configuration.history_days;
    // The store tidies expired ones up in its own time.
    let oldest = OffsetDateTime::now_utc() - time::Duration::days(days.into());
    let history = records
        .list::<HistoryRecord>(&HistoryRecord::prefix(arguments.contact))
        .await?;
    let history: Vec<HistoryRecord> = history
        .into_iter()
        .map(|stored| stored.value)
        .filter(|record| record.at >= oldest)
        .collect();
    if tool.ui.json {
        let rows = history.iter().map(|record| {
            let changes: Vec<ChangeRow> = record.changes.iter().map(ChangeRow::from).collect();
            json!({
                "at": rfc3339(record.at),
                "event": record.event,
                "xero_id": record.xero_id,
                "changes": changes,
                "notices": record.notices,
            })
        });
        let history: Vec<_> = rows.collect();
        tool.ui
            .say_json(&json!({"contact": arguments.contact, "history": history}))?;
        return Ok(ExitStatus::Success);
    }
    if history.is_empty() {
        let why = if days == 0 {
            "no history is kept (the stack's parameter HistoryDays is 0)".to_owned()
        } else {
            format!(
                "nothing is kept of the last {days} days: nothing was linked, created or changed for it, or that was removed (contact-sync forget)"
            )
        };
        tool.ui
            .say(format!("Contact {}: {why}.", arguments.contact))?;
        return Ok(ExitStatus::Success);
    }
    for record in &history {
        let event = format!("{}  {}", moment(record.at), told(record.event));
        tool.ui
            .say(format!("{} (Xero contact {})", bold(event), record.xero_id))?;
        for change in record.changes.iter().map(ChangeRow::from) {
            let field = format!("{} {}", change.system, change.field);
            let change = before_after(&change);
            tool.ui.say(format!("    {field:<28} {change}"))?;
        }
        for notice in &record.notices {
            tool.ui
                .say(format!("    {}", one_line(&notice.sentence())))?;
        }
    }
    Ok(ExitStatus::Success)
}

fn told(event: HistoryEvent) -> &'static str {
    match event {
        HistoryEvent::Created => "created in Xero",
        HistoryEvent::Linked => "linked",
        HistoryEvent::Updated => "changed",
        HistoryEvent::Released => "deleted in BigChange, link released",
        HistoryEvent::FollowedMerge => "merged in Xero, link followed",
        HistoryEvent::KeptByPerson => "whose values stay, said by a person",
        HistoryEvent::DistinctByPerson => "another customer, a person said",
        HistoryEvent::ChosenByPerson => "chosen by a person",
        HistoryEvent::UnlinkedByPerson => "unlinked by a person",
        HistoryEvent::Unknown => "done by a newer version",
    }
}
