//! The queue between the poll and the worker, and the dead-letter queue behind it.

use futures::future::BoxFuture;
use futures::{StreamExt, TryStreamExt, stream};
use rules::{AskedBy, ContactId};
use serde::{Deserialize, Serialize};

/// What the worker is told: which contact, and whether a person asked for it. It reads everything
/// else itself. Other fields are ignored: another version may have written them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// The contact.
    pub contact_id: ContactId,
    /// Who asked. Version 0.1 did not write it.
    #[serde(default, skip_serializing_if = "AskedBy::is_schedule")]
    pub by: AskedBy,
}

impl Message {
    /// Messages for these contacts, all asked for alike.
    #[must_use]
    pub fn for_each(contacts: &[ContactId], by: AskedBy) -> Vec<Self> {
        let message = |contact_id: &ContactId| Self {
            contact_id: *contact_id,
            by,
        };
        contacts.iter().map(message).collect()
    }
}

/// What stands in the dead-letter queue: never personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The contact, where the message named one.
    pub contact_id: Option<ContactId>,
    /// Why it was given up.
    pub reason: String,
}

/// Why nothing was queued: try the whole piece of work again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the queue did not take the messages: {0}")]
pub struct QueueError(pub String);

/// Sends messages.
pub trait Queue: Send + Sync + 'static {
    /// Queues contacts for the worker. An error means that some may not be queued: doing it again
    /// is harmless.
    fn send<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), QueueError>>;
    /// Gives up a message, with its reason.
    fn give_up<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), QueueError>>;
}

/// SQS takes at most this many messages in a call.
const BATCH: usize = 10;
/// How many calls to SQS run at once: a full sweep of 5,000 contacts is 500 of them.
const CALLS_AT_ONCE: usize = 8;

/// The real queues.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: aws_sdk_sqs::Client,
    queue_url: String,
    dead_letter_queue_url: String,
}

impl SqsQueue {
    /// The two queues at these addresses.
    #[must_use]
    pub fn new(
        client: aws_sdk_sqs::Client,
        queue_url: String,
        dead_letter_queue_url: String,
    ) -> Self {
        Self {
            client,
            queue_url,
            dead_letter_queue_url,
        }
    }

    async fn send_batch(&self, messages: &[Message]) -> Result<(), QueueError> {
        use aws_sdk_sqs::types::SendMessageBatchRequestEntry as Entry;
        let mut entries = Vec::with_capacity(messages.len());
        for (index, message) in messages.iter().enumerate() {
            let body = body(message)?;
            entries.push(
                Entry::builder()
                    .id(index.to_string())
                    .message_body(body)
                    .build()
                    .map_err(|e| QueueError(e.to_string()))?,
            );
        }
        let answer = self
            .client
            .send_message_batch()
            .queue_url(&self.queue_url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(describe)?;
        match answer.failed().first() {
            None => Ok(()),
            Some(failed) => Err(QueueError(format!(
                "{} of {} were refused, the first with {}",
                answer.failed().len(),
                messages.len(),
                failed.code()
            ))),
        }
    }
}

impl Queue for SqsQueue {
    fn send<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move {
            let batches: Vec<_> = messages
                .chunks(BATCH)
                .map(|batch| self.send_batch(batch))
                .collect();
            stream::iter(batches)
                .buffer_unordered(CALLS_AT_ONCE)
                .try_collect()
                .await
        })
    }

    fn give_up<'a>(&'a self, letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move {
            self.client
                .send_message()
                .queue_url(&self.dead_letter_queue_url)
                .message_body(body(letter)?)
                .send()
                .await
                .map_err(describe)?;
            Ok(())
        })
    }
}

fn body(message: &impl Serialize) -> Result<String, QueueError> {
    serde_json::to_string(message)
        .map_err(|_| QueueError("a message cannot be written as JSON".to_owned()))
}

fn describe<E: aws_sdk_sqs::error::ProvideErrorMetadata>(
    error: aws_sdk_sqs::error::SdkError<E>,
) -> QueueError {
    use aws_sdk_sqs::error::ProvideErrorMetadata as _;
    QueueError(error.code().map_or_else(
        || "no answer from SQS".to_owned(),
        |code| format!("SQS answered {code}"),
    ))
}
