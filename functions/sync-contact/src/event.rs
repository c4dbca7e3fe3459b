//! Messages in, a partial batch response out.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use rules::{AskedBy, ContactId};
use runtime::function::ErrorType;
use runtime::{DeadLetter, Message};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::batch;
use crate::model::{ContactOutcome, Outcomes};
use crate::worker::Worker;

/// The event is not one of SQS.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the event is not one of SQS: it takes {{\"Records\":[{{\"messageId\":…,\"body\":\"{{\\\"contact_id\\\":123}}\"}}]}}"
)]
pub struct NotFromSqs;

impl ErrorType for NotFromSqs {
    fn error_type(&self) -> &'static str {
        "EventNotFromSqs"
    }
}

/// Which messages failed and are to be delivered again.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Response {
    /// One entry for each.
    pub batch_item_failures: Vec<BatchItemFailure>,
}

/// A message that failed.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchItemFailure {
    /// Its `messageId`.
    pub item_identifier: String,
}

/// A record of an SQS event. Read one by one and every field optional, so that a strange record
/// never loses the others.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SqsRecord {
    message_id: Option<String>,
    body: Option<String>,
    attributes: Value,
}

impl SqsRecord {
    fn receive_count(&self) -> u32 {
        let count = self.attributes.get("ApproximateReceiveCount");
        count
            .and_then(|count| {
                count.as_str().map_or_else(
                    || count.as_u64().and_then(|n| u32::try_from(n).ok()),
                    |text| text.parse().ok(),
                )
            })
            .unwrap_or(1)
    }

    /// Whether SQS can be told to deliver it again, and would.
    fn may_come_again(&self, max_receive_count: u32) -> bool {
        let has_id = self.message_id.as_ref().is_some_and(|id| !id.is_empty());
        has_id && self.receive_count() < max_receive_count
    }
}

/// The most messages of one event; SQS hands over at most 10,000, and the template asks for far
/// fewer.
const MAX_MESSAGES: usize = 1_000;

/// Works one event. `deadline` is when the function is stopped.
///
/// # Errors
/// Where the event is not one of SQS.
pub async fn handle(
    worker: &Worker,
    event: &Value,
    deadline: OffsetDateTime,
) -> Result<Response, NotFromSqs> {
    let records = event
        .get("Records")
        .and_then(Value::as_array)
        .ok_or(NotFromSqs)?;
    let mut response = Response::default();
    let mut messages: BTreeMap<ContactId, Vec<SqsRecord>> = BTreeMap::new();
    // Of two messages about one contact, a person's counts.
    let mut contacts: BTreeMap<ContactId, AskedBy> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        let record = SqsRecord::deserialize(record).unwrap_or_default();
        if index >= MAX_MESSAGES {
            fail(&mut response, &record);
            continue;
        }
        match message_of(&record) {
            Ok(Message { contact_id, by }) => {
                let asked_by = contacts.entry(contact_id).or_default();
                *asked_by = by.max(*asked_by);
                messages.entry(contact_id).or_default().push(record);
            }
            Err(reason) => {
                tracing::error!(
                    message_id = record.message_id.as_deref(),
                    "a message cannot be read and goes to the dead-letter queue: {reason}"
                );
                give_up(worker, None, reason, &[record], &mut response).await;
            }
        }
    }
    let results = run_isolated(worker, &contacts, deadline).await;
    for (contact, records) in messages {
        let reason = match results.get(&contact) {
            Some(Ok(done)) => {
                tracing::info!(%contact, outcome = %done, "contact {contact}: {done}");
                if let ContactOutcome::GivenUp(reason) = done {
                    reason.clone()
                } else {
                    continue;
                }
            }
            Some(Err(reason)) => {
                tracing::error!(%contact, "contact {contact} could not be worked: {reason}");
                if records
                    .iter()
                    .all(|record| record.may_come_again(worker.services.max_receive_count))
                {
                    records
                        .iter()
                        .for_each(|record| fail(&mut response, record));
                    continue;
                }
                // Given up for good, until the contact is queued for another reason: the poll must
                // not go on queueing it.
                batch::given_up(worker, contact, reason).await;
                reason.clone()
            }
            None => continue,
        };
        give_up(worker, Some(contact), reason, &records, &mut response).await;
    }
    Ok(response)
}

/// A panic, or an item in the store that cannot be read, must not lose the others of its batch:
/// they are worked again one by one, so that only the poison fails.
async fn run_isolated(
    worker: &Worker,
    contacts: &BTreeMap<ContactId, AskedBy>,
    deadline: OffsetDateTime,
) -> Outcomes {
    if let Some(results) = run_caught(worker, contacts, deadline).await {
        return results;
    }
    tracing::error!(
        "a batch of {} contacts came to no end; several are worked again one by one",
        contacts.len()
    );
    let mut results = Outcomes::new();
    for (contact, asked_by) in contacts {
        let only = BTreeMap::from([(*contact, *asked_by)]);
        // A contact alone needs no second try.
        let alone = if contacts.len() > 1 {
            run_caught(worker, &only, deadline).await
        } else {
            None
        };
        results.extend(alone.unwrap_or_else(|| every(&only, PANICKED)));
    }
    results
}

/// `None` where it panicked, or one of several has an item in the store that the store or this
/// program refuses.
async fn run_caught(
    worker: &Worker,
    contacts: &BTreeMap<ContactId, AskedBy>,
    deadline: OffsetDateTime,
) -> Option<Outcomes> {
    let run = AssertUnwindSafe(batch::run(worker, contacts, deadline));
    match run.catch_unwind().await.ok()? {
        Ok(results) => Some(results),
        Err(error) if error.is_one_items_fault() && contacts.len() > 1 => None,
        Err(error) => Some(every(contacts, &error.to_string())),
    }
}

fn every(contacts: &BTreeMap<ContactId, AskedBy>, reason: &str) -> Outcomes {
    contacts
        .keys()
        .map(|contact| (*contact, Err(reason.to_owned())))
        .collect()
}

const PANICKED: &str =
    "the program panicked at this contact; that is a fault of the program, please report it";

fn message_of(record: &SqsRecord) -> Result<Message, String> {
    let body = record.body.as_deref().ok_or("it has no body")?;
    // The parser's own words could quote the body.
    serde_json::from_str::<Message>(body).map_err(|error| {
        format!(
            "its body of {} bytes is not {{\"contact_id\": 123}} (line {}, column {})",
            body.len(),
            error.line(),
            error.column()
        )
    })
}

/// Tells SQS to deliver a message again. One without an id cannot be named; naming nothing in its
/// place would fail the whole batch, for ever.
fn fail(response: &mut Response, record: &SqsRecord) {
    if let Some(id) = record.message_id.as_ref().filter(|id| !id.is_empty()) {
        response.batch_item_failures.push(BatchItemFailure {
            item_identifier: id.clone(),
        });
    } else {
        tracing::error!(
            "a message without a messageId failed, and SQS cannot be told which; the daily sweep reads its contact again"
        );
    }
}

async fn give_up(
    worker: &Worker,
    contact_id: Option<ContactId>,
    reason: String,
    records: &[SqsRecord],
    response: &mut Response,
) {
    if let Err(error) = worker
        .services
        .queue
        .give_up(&DeadLetter { contact_id, reason })
        .await
    {
        tracing::error!(
            "the dead-letter queue took nothing, so the message stays where it is: {error}"
        );
        records.iter().for_each(|record| fail(response, record));
    }
}
