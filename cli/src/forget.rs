//! `forget`: removes what is kept of a person who asks to be erased, as far as the link can do
//! without it.

use rules::ContactId;
use runtime::people::NewsRecord;
use runtime::records::{
    ContactRecord, HistoryRecord, OutcomeRecord, ProblemRecord, Record, Records, WaitingRecord,
};
use serde_json::json;
use store::{Expect, MAX_WRITES, Write};

use crate::args::ForgetArguments;
use crate::tool::Tool;
use crate::ui::counted;
use crate::{ExitStatus, known_contact};

const STAYS: &str = "The link stays, with the name, address, phone, e-mail and person that were carried over last: without it the customer could be created in Xero a second time. They go with the contact: delete it in BigChange (CRM → Contacts → the contact), and the next daily sweep empties its record. In Xero only Xero's own pages erase a contact (Contacts → the contact → Options). Backups of the table (point-in-time recovery) keep what was there for up to 35 days.";

/// Runs it.
///
/// # Errors
/// Where nobody knows the contact, nobody confirms, or the store cannot be written.
pub async fn run(tool: &Tool, arguments: &ForgetArguments) -> anyhow::Result<ExitStatus> {
    let contact = arguments.contact;
    let records = tool.records().await?;
    known_contact::require(tool, &[contact]).await?;
    let removals = removals(&records, contact).await?;
    let count = counted(removals.len(), "record");
    let is_linked = records.get::<ContactRecord>(contact).await?;
    let is_linked = is_linked.is_some_and(|known| known.value.link.is_some());
    tool.ui.tell(format!(
        "This removes {count} of contact {contact}: its history, its problem, how it last ended, and what is still to be told of it. It cannot be undone, and what was held is found again at its next turn unless the contact was deleted or mended."
    ));
    if is_linked {
        tool.ui.tell(STAYS);
    }
    let question = format!("Forget contact {contact}?");
    if !arguments.confirm.yes && !tool.ui.confirm(&question, "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    for removals in removals.chunks(MAX_WRITES) {
        records.write(removals.to_vec()).await?;
    }
    if tool.ui.json {
        tool.ui.say_json(&json!({
            "contact": contact, "removed": removals.len(), "link_kept": is_linked,
        }))?;
    } else {
        tool.ui.say(format!("{count} removed."))?;
    }
    Ok(ExitStatus::Success)
}

async fn removals(records: &Records, contact: ContactId) -> anyhow::Result<Vec<Write>> {
    let mut removals = Vec::new();
    let history = HistoryRecord::prefix(contact);
    for record in records.list::<HistoryRecord>(&history).await? {
        removals.push(removal::<HistoryRecord>(records, &record.sort_key));
    }
    for news in records.list::<NewsRecord>("").await? {
        if news.value.contact == contact {
            removals.push(removal::<NewsRecord>(records, &news.sort_key));
        }
    }
    if let Some(held) = records.get::<ProblemRecord>(contact).await? {
        removals.push(removal::<ProblemRecord>(records, &held.sort_key));
        if let Some(named) = held.value.problem.names_contact() {
            let key = WaitingRecord::key(named, contact);
            removals.push(removal::<WaitingRecord>(records, &key));
        }
    }
    if let Some(outcome) = records.get::<OutcomeRecord>(contact).await? {
        removals.push(removal::<OutcomeRecord>(records, &outcome.sort_key));
    }
    Ok(removals)
}

fn removal<R: Record>(records: &Records, sort_key: &str) -> Write {
    records.delete::<R>(sort_key, Expect::Any)
}
