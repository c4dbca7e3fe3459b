//! `retry`: contacts with a problem, or dead letters.

use std::collections::BTreeSet;

use anyhow::{Context as _, anyhow};
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::{Message as Letter, MessageSystemAttributeName};
use rules::{AskedBy, ContactId};
use runtime::{DeadLetter, Message};
use time::OffsetDateTime;

use crate::args::RetryArguments;
use crate::deployment::aws_words;
use crate::dry_run::ready_to_work;
use crate::follow::{Follower, QUEUED, check_chosen, follow_to_the_end, queue_and_follow};
use crate::tool::{Tool, mark_for_retry, problems};
use crate::ui::{counted, one_line};
use crate::{ExitStatus, critical, known_contact};

/// How long the letters that are read stay out of sight; they are removed or seen again.
const OUT_OF_SIGHT_SECONDS: i32 = 60;
/// Letters in one run; more than that means that something else is wrong.
const MAX_LETTERS: usize = 10_000;
/// SQS hands over at most this many at once.
const LETTERS_A_CALL: i32 = 10;
/// The queue is read to its end: it counts as empty after so many empty answers in a row.
const EMPTY_ANSWERS: u32 = 3;

/// Runs it.
///
/// # Errors
/// Where the store or the queues cannot be reached.
pub async fn run(tool: &Tool, arguments: &RetryArguments) -> anyhow::Result<ExitStatus> {
    check_chosen(&arguments.contacts)?;
    tool.check_clock().await?;
    ready_to_work(tool).await?;
    known_contact::require(tool, &arguments.contacts).await?;
    if arguments.dead_letters {
        return dead_letters(tool, arguments).await;
    }
    let records = tool.records().await?;
    let contacts: Vec<ContactId> = if arguments.contacts.is_empty() {
        let wanted = |code: &str| {
            arguments.all
                || arguments
                    .code
                    .iter()
                    .any(|wanted| wanted.eq_ignore_ascii_case(code))
        };
        let open = problems(&records).await?.into_iter();
        open.filter(|(_, problem)| wanted(problem.value.problem.code()))
            .map(|(contact, _)| contact)
            .collect()
    } else {
        arguments.contacts.clone()
    };
    mark_for_retry(&records, &contacts).await?;
    let contacts = contacts.into_iter().collect();
    queue_and_follow(tool, &contacts, arguments.follow).await
}

/// Takes the letters as they come: queues their contacts first and removes the letters then; whatever comes in between, none is lost.
async fn dead_letters(tool: &Tool, arguments: &RetryArguments) -> anyhow::Result<ExitStatus> {
    let records = tool.records().await?;
    let follower = Follower::begin(tool, records.clone()).await?;
    let mut contacts = BTreeSet::new();
    let mut nameless = BTreeSet::new();
    let (mut empty, mut read) = (0, 0);
    let began = OffsetDateTime::now_utc();
    while empty < EMPTY_ANSWERS && read < MAX_LETTERS {
        let letters = receive(tool).await?;
        empty = if letters.is_empty() { empty + 1 } else { 0 };
        read += letters.len();
        let mut named = Vec::new();
        let mut found = BTreeSet::new();
        for letter in &letters {
            match contact_of(letter) {
                // Given up again since it was queued here: for the next time, or this would go round and round.
                Some((contact, _)) if contacts.contains(&contact) && is_younger(letter, began) => {}
                Some((contact, reason)) => {
                    if found.insert(contact) {
                        tool.ui
                            .tell(format!("{contact} was given up: {}", one_line(&reason)));
                    }
                    named.push(letter);
                }
                None => drop(nameless.insert(letter.message_id().unwrap_or_default().to_owned())),
            }
        }
        if named.is_empty() {
            continue;
        }
        let all: Vec<ContactId> = found.iter().copied().collect();
        mark_for_retry(&records, &all).await?;
        critical::goes_on(QUEUED);
        tool.queue
            .send(&Message::for_each(&all, AskedBy::Person))
            .await?;
        for letter in named {
            remove(tool, letter).await?;
        }
        contacts.extend(found);
    }
    if !nameless.is_empty() {
        tool.ui.tell(format!(
            "Left where they are, for they name no contact: {}. The daily sweep reads every contact anyway; look at them in the SQS console, then delete them there.",
            counted(nameless.len(), "letter")
        ));
    }
    let exit = if contacts.is_empty() {
        queue_and_follow(tool, &contacts, arguments.follow).await?
    } else {
        follow_to_the_end(tool, follower, &contacts, arguments.follow).await?
    };
    Ok(if nameless.is_empty() {
        exit
    } else {
        ExitStatus::Attention
    })
}

fn is_younger(letter: &Letter, than: OffsetDateTime) -> bool {
    let attributes = letter.attributes();
    let sent = attributes.and_then(|all| all.get(&MessageSystemAttributeName::SentTimestamp));
    let sent = sent.and_then(|milliseconds| milliseconds.parse::<i128>().ok());
    sent.is_some_and(|milliseconds| milliseconds * 1_000_000 > than.unix_timestamp_nanos())
}

async fn receive(tool: &Tool) -> anyhow::Result<Vec<Letter>> {
    let answer = tool
        .sqs
        .receive_message()
        .queue_url(&tool.configuration.dead_letter_queue_url)
        .max_number_of_messages(LETTERS_A_CALL)
        .visibility_timeout(OUT_OF_SIGHT_SECONDS)
        .wait_time_seconds(1)
        .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
        .send()
        .await
        .map_err(|error| anyhow!(aws_words(error.code(), error.message(), &error)))
        .context("the dead-letter queue could not be read")?;
    Ok(answer.messages.unwrap_or_default())
}

async fn remove(tool: &Tool, letter: &Letter) -> anyhow::Result<()> {
    tool.sqs
        .delete_message()
        .queue_url(&tool.configuration.dead_letter_queue_url)
        .receipt_handle(letter.receipt_handle().unwrap_or_default())
        .send()
        .await
        .map_err(|error| anyhow!(aws_words(error.code(), error.message(), &error)))
        .context("a letter could not be removed from the dead-letter queue; its contact is queued all the same")?;
    Ok(())
}

/// The contact of a letter, whether the worker wrote it or SQS moved the message after crashes; with the reason.
fn contact_of(letter: &Letter) -> Option<(ContactId, String)> {
    let body = letter.body()?;
    if let Ok(letter) = serde_json::from_str::<DeadLetter>(body) {
        return Some((letter.contact_id?, letter.reason));
    }
    let message: Message = serde_json::from_str(body).ok()?;
    let reason = "the function stopped at it, several times; its log says more".to_owned();
    Some((message.contact_id, reason))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_letter_names_its_contact_however_it_got_there() {
        let letter = |body: &str| Letter::builder().body(body).build();
        let (contact, reason) =
            contact_of(&letter(r#"{"contact_id":7,"reason":"put off 9 times"}"#)).unwrap();
        assert_eq!((contact.get(), reason.as_str()), (7, "put off 9 times"));
        let (contact, _) = contact_of(&letter(r#"{"contact_id":8}"#)).unwrap();
        assert_eq!(contact.get(), 8);
        for nameless in [r#"{"contact_id":null,"reason":"no body"}"#, "nonsense", ""] {
            assert!(contact_of(&letter(nameless)).is_none(), "{nameless}");
        }
    }

    #[test]
    fn a_letter_is_younger_by_the_time_at_which_it_was_sent() {
        let began = OffsetDateTime::from_unix_timestamp(1_795_547_400).unwrap();
        let sent = |milliseconds: &str| {
            let name = MessageSystemAttributeName::SentTimestamp;
            Letter::builder().attributes(name, milliseconds).build()
        };
        assert!(is_younger(&sent("1795547400001"), began));
        assert!(!is_younger(&sent("1795547400000"), began));
        assert!(!is_younger(&sent("soon"), began));
        assert!(!is_younger(&Letter::builder().build(), began));
    }
}
