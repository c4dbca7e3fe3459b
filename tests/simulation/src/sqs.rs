//! The queue as SQS keeps it: at least once, in no order, invisible while somebody has it, and dead-lettered after too many receives.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

/// As in the template.
pub(crate) const VISIBILITY: Duration = Duration::seconds(725);
pub(crate) const MAX_RECEIVE_COUNT: u32 = 5;
/// How many workers at once: the template's `MaximumConcurrency`.
pub(crate) const MAX_CONCURRENCY: usize = 2;

struct Message {
    body: String,
    visible_at: OffsetDateTime,
    received: u32,
}

/// The queue and the dead-letter queue behind it.
#[derive(Default)]
pub(crate) struct Sqs {
    next: u64,
    messages: BTreeMap<u64, Message>,
    pub(crate) dead_letters: Vec<String>,
}

impl Sqs {
    pub(crate) fn send(&mut self, body: String, visible_at: OffsetDateTime) {
        self.next += 1;
        let message = Message {
            body,
            visible_at,
            received: 0,
        };
        self.messages.insert(self.next, message);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    pub(crate) fn next_visible_at(&self) -> Option<OffsetDateTime> {
        self.messages.values().map(|m| m.visible_at).min()
    }

    pub(crate) fn visible(&self, now: OffsetDateTime) -> Vec<u64> {
        let visible = self.messages.iter().filter(|(_, m)| m.visible_at <= now);
        visible.map(|(id, _)| *id).collect()
    }

    /// Hands a message over; `None` where it was received too often and goes to the dead letters instead. A `duplicate` stays visible to others.
    pub(crate) fn receive(
        &mut self,
        id: u64,
        now: OffsetDateTime,
        duplicate: bool,
    ) -> Option<Value> {
        let message = self.messages.get_mut(&id)?;
        if message.received >= MAX_RECEIVE_COUNT {
            let message = self.messages.remove(&id)?;
            self.dead_letters.push(message.body);
            return None;
        }
        message.received += 1;
        if !duplicate {
            message.visible_at = now + VISIBILITY;
        }
        Some(json!({
            "messageId": id.to_string(),
            "body": message.body,
            "attributes": { "ApproximateReceiveCount": message.received.to_string() },
        }))
    }

    pub(crate) fn delete(&mut self, id: u64) {
        self.messages.remove(&id);
    }
}
