//! What `status` tells of the notes in BigChange and of the digest.

use aws_sdk_sns::Client;
use rules::{NoteStage, Subscribers};
use runtime::people::{DigestRecord, NoteRecord, NoteTrialRecord};
use runtime::records::{Records, SINGLETON};
use runtime::{Mail as _, SnsMail};

use crate::time_text::moment;
use crate::tool::Tool;
use crate::ui::counted;

/// What it tells.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// Of the notes.
    pub(crate) notes: String,
    /// Of the digest.
    pub(crate) digest: String,
    /// What a person should do something about, with what it is about.
    pub(crate) attention: Vec<(&'static str, String)>,
}

/// Reads it.
///
/// # Errors
/// As the store says.
pub(crate) async fn read(tool: &Tool, records: &Records) -> anyhow::Result<People> {
    let mut people = People::default();
    notes(tool, records, &mut people).await?;
    digest(tool, records, &mut people).await?;
    Ok(people)
}

async fn notes(tool: &Tool, records: &Records, people: &mut People) -> anyhow::Result<()> {
    let known = records.list::<NoteRecord>("").await?;
    let count = |stage| {
        let of_stage = known.iter().filter(|note| note.value.note.stage == stage);
        of_stage.count()
    };
    let given_up = count(NoteStage::GivenUp);
    if given_up > 0 {
        people.attention.push(("notes-given-up", format!(
            "BigChange did not take {} on held contacts after several tries: look there at the note type and at the rights of the user that the synchronisation logs in with, then try again (contact-sync connect bigchange --try-note CONTACT)",
            counted(given_up, "note")
        )));
    }
    let Some(note_type) = tool.configuration.settings.people.note_type else {
        "off (NoteTypeId is empty)".clone_into(&mut people.notes);
        return Ok(());
    };
    let trial = records.get::<NoteTrialRecord>(SINGLETON).await?;
    let trial = trial.filter(|trial| trial.value.note_type == note_type);
    let Some(trial) = trial else {
        "off until they were tried".clone_into(&mut people.notes);
        people.attention.push(("notes-not-tried", format!(
            "no notes are written, because type {note_type} was not tried yet: contact-sync connect bigchange --try-note CONTACT"
        )));
        return Ok(());
    };
    match trial.value.outcome.objection() {
        None => people.notes = format!("on, {} open", count(NoteStage::Open)),
        Some(why) => {
            people.notes = format!("off since {}", moment(trial.value.at));
            people.attention.push(("notes-off", format!(
                "no notes are written, because {why}: empty the setting (contact-sync set NoteTypeId=), or try again (contact-sync connect bigchange --try-note CONTACT)"
            )));
        }
    }
    Ok(())
}

async fn digest(tool: &Tool, records: &Records, people: &mut People) -> anyhow::Result<()> {
    let Some(topic) = tool.deployment.digest_topic() else {
        "off (DigestEmail is empty)".clone_into(&mut people.digest);
        return Ok(());
    };
    let mail = SnsMail::new(Client::new(&tool.deployment.aws), topic.to_owned());
    let subscribers = mail.subscribers().await.ok();
    let sent = records.get::<DigestRecord>(SINGLETON).await?;
    let sent = sent.and_then(|digest| digest.value.sent_at);
    let sent = sent.map_or_else(
        || "none sent yet".to_owned(),
        |at| format!("last sent {}", moment(at)),
    );
    people.digest = match subscribers {
        Some(all) => format!("{sent}, to {}", addresses(all.confirmed)),
        None => sent,
    };
    if let Some(wrong) = subscribers.and_then(nobody_gets_it) {
        people
            .attention
            .push(("digest-subscription", wrong.to_owned()));
    }
    Ok(())
}

fn addresses(count: usize) -> String {
    if count == 1 {
        "1 address".to_owned()
    } else {
        format!("{count} addresses")
    }
}

/// Why the digest reaches nobody, or not everybody.
fn nobody_gets_it(subscribers: Subscribers) -> Option<&'static str> {
    match subscribers {
        Subscribers {
            unconfirmed: 1.., ..
        } => Some(
            "the address of DigestEmail has not confirmed the digest: the link is in a mail from AWS Notifications; deploy with another address and back to have it sent again",
        ),
        Subscribers { confirmed: 0, .. } => Some(
            "nobody gets the digest, because its address unsubscribed: take it out of DigestEmail, or deploy with another address and back to ask it again",
        ),
        Subscribers { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_that_somebody_does_not_get_is_told() {
        let told = |confirmed, unconfirmed| {
            nobody_gets_it(Subscribers {
                confirmed,
                unconfirmed,
            })
        };
        assert!(told(0, 1).is_some_and(|why| why.contains("not confirmed")));
        assert!(told(1, 1).is_some_and(|why| why.contains("not confirmed")));
        assert!(told(0, 0).is_some_and(|why| why.contains("unsubscribed")));
        assert_eq!(told(1, 0), None);
    }
}
