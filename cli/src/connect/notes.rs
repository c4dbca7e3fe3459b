//! `connect bigchange --make-note-type` and `--try-note`: what notes on held contacts need.

use anyhow::{Context as _, bail};
use rules::{ContactId, Note, NoteMemory, NoteStage, NoteText, NoteTrial, NoteTypeId};
use runtime::people::{NoteRecord, NoteTrialRecord};
use runtime::records::{ProblemRecord, Records, SINGLETON};
use serde_json::json;
use store::TableError;

use crate::ExitStatus;
use crate::args::Confirm;
use crate::tool::Tool;
use crate::ui::one_line;

const SUBJECT: &str = "Test of the contact synchronisation with Xero";
const TEXT: &str = "The synchronisation tries whether it can write notes. It completes this one by itself in a moment; if it is still open in five minutes, complete it by hand.";
const COMPLETED_BECAUSE: &str = "The test is over.";

/// Makes a type of notes, after a yes.
///
/// # Errors
/// Where BigChange is not connected or refuses, or nobody can be asked.
pub async fn make_type(tool: &Tool, name: &str, confirm: Confirm) -> anyhow::Result<ExitStatus> {
    let name = name.trim();
    if name.is_empty() {
        bail!("a note type needs a name, such as \"Xero sync\"");
    }
    let bigchange = tool.real_parts().bigchange().await?;
    tool.ui.tell(format!(
        "This makes a note type \"{}\" in BigChange. Where one of that name exists, BigChange may make a second one: look at its note types first (Admin Settings → Contacts & notes).",
        one_line(name)
    ));
    if !confirm.yes && !tool.ui.confirm("Make it?", "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let id = match bigchange.save_note_type(name).await {
        Ok(id) => id,
        Err(error) => bail!(
            "BigChange did not make the note type: {}",
            error.refusal().map_or_else(|| error.to_string(), one_line)
        ),
    };
    if tool.ui.json {
        tool.ui.say_json(&json!({ "note_type": id }))?;
    } else {
        tool.ui.say(format!(
            "Its id is {id}. Next: contact-sync set NoteTypeId={id}, then contact-sync connect bigchange --try-note CONTACT."
        ))?;
    }
    Ok(ExitStatus::Success)
}

/// Saves a note on a contact, reads, completes it and reads again, after a yes; and keeps what that
/// showed, by which notes are on or off.
///
/// # Errors
/// Where something that this needs is not there, or BigChange does not answer: then nothing is
/// known, and nothing is kept.
pub async fn try_note(
    tool: &Tool,
    contact: ContactId,
    confirm: Confirm,
) -> anyhow::Result<ExitStatus> {
    let note_type = tool.configuration.settings.people.note_type.context(
        "the setting NoteTypeId is empty: make a note type (contact-sync connect bigchange --make-note-type NAME), and set its id (contact-sync set NoteTypeId=…)",
    )?;
    let records = tool.records().await?;
    let bigchange = tool.real_parts().bigchange().await?;
    let known = bigchange.contact(contact).await?;
    let known = known.with_context(|| {
        format!("BigChange has no contact {contact}: open the contact there (CRM → Contacts), its id stands in the address")
    })?;
    tool.ui.tell(format!(
        "This saves a note of type {note_type} on BigChange contact {contact} \"{}\", completes it, and looks what became of it.",
        one_line(&known.name)
    ));
    if !confirm.yes && !tool.ui.confirm("Try it?", "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let host = tool.host();
    // Of its own, so that an earlier try is not taken for this one.
    let milliseconds = host.now().unix_timestamp_nanos() / 1_000_000;
    let reference = format!("SYNC-TEST-{contact}-{milliseconds}");
    let (outcome, left) = trial(&bigchange, contact, note_type, &reference).await?;
    let record = NoteTrialRecord {
        at: host.now(),
        note_type,
        outcome,
    };
    let kept = records.replace(SINGLETON, &record).await?;
    records.write(vec![kept]).await?;
    if outcome.objection().is_none() {
        try_given_up_again(&records).await?;
    }
    if !left.is_empty() {
        tool.ui.tell(format!(
            "A note \"{SUBJECT}\" is still open on contact {contact}: complete it by hand in BigChange (CRM → Contacts → the contact → Notes)."
        ));
    }
    let objection = outcome.objection();
    if tool.ui.json {
        tool.ui.say_json(&json!({
            "works": objection.is_none(), "outcome": outcome, "note_type": note_type, "left_open": left.len(),
        }))?;
    } else {
        tool.ui.say(match objection {
            None => "Notes work: contacts that are held for longer than an hour get one.".to_owned(),
            Some(why) => format!("Notes stay off: {why}. The digest (DigestEmail) and contact-sync problems tell of held contacts all the same."),
        })?;
    }
    Ok(if objection.is_none() {
        ExitStatus::Success
    } else {
        ExitStatus::Attention
    })
}

/// Notes that were given up are tried again: of a contact that is held it is opened anew, of
/// another one it is completed.
async fn try_given_up_again(records: &Records) -> anyhow::Result<()> {
    let notes = records.list::<NoteRecord>("").await?;
    let given_up = notes
        .into_iter()
        .filter(|note| note.value.note.stage == NoteStage::GivenUp);
    for note in given_up {
        let held = records.get::<ProblemRecord>(&note.sort_key).await?;
        let again = NoteRecord {
            attempts: 0,
            failing_since: None,
            not_before: None,
            note: NoteMemory {
                stage: if held.is_some() {
                    NoteStage::Wanted
                } else {
                    NoteStage::Completing
                },
                ..note.value.note.clone()
            },
            ..note.value.clone()
        };
        let again = records.put(&note.sort_key, &again, note.as_read())?;
        match records.write(vec![again]).await {
            // The poll is at it.
            Ok(()) | Err(TableError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What the try showed, and the notes that it left open.
async fn trial(
    bigchange: &bigchange::BigChange,
    contact: ContactId,
    note_type: NoteTypeId,
    reference: &str,
) -> anyhow::Result<(NoteTrial, Vec<Note>)> {
    let text = NoteText {
        subject: SUBJECT.to_owned(),
        text: TEXT.to_owned(),
    };
    let ours = async || -> Result<Vec<Note>, bigchange::Error> {
        let mut notes = bigchange.notes(contact).await?;
        notes.retain(|note| note.reference.trim() == reference);
        Ok(notes)
    };
    let saved = bigchange
        .save_note(contact, note_type, reference, &text)
        .await;
    if let Err(error) = &saved
        && error.refusal().is_some()
    {
        return Ok((NoteTrial::Refused, Vec::new()));
    }
    saved.context("the note was not saved for certain; try again in a minute")?;
    let saved = ours().await?;
    let Some(note) = saved.first() else {
        return Ok((NoteTrial::judge(&saved, &[]), Vec::new()));
    };
    let completed = bigchange
        .complete_note(contact, note_type, note, COMPLETED_BECAUSE)
        .await;
    if let Err(error) = &completed
        && error.refusal().is_some()
    {
        return Ok((NoteTrial::Refused, open(ours().await?)));
    }
    completed.context(
        "the note was not completed for certain: complete it by hand in BigChange, and try again",
    )?;
    let completed = ours().await?;
    let outcome = NoteTrial::judge(&saved, &completed);
    Ok((outcome, open(completed)))
}

fn open(mut notes: Vec<Note>) -> Vec<Note> {
    notes.retain(|note| note.is_open);
    notes
}
