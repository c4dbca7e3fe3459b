//! [`Table`] on DynamoDB.

mod connection;
mod error;
mod write;

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures::future::BoxFuture;
use uuid::Uuid;

use self::connection::Connection;
use crate::encoding::{self, Attributes};
use crate::limits::{check_count, check_key, check_partition, check_writes};
use crate::{Expect, Item, Key, Table, TableError, Write};

/// How many keys DynamoDB takes in one `BatchGetItem`.
const KEYS_PER_CALL: usize = 100;
/// How long to wait before asking again for keys that DynamoDB left unprocessed, as long as it makes no progress at all.
const UNPROCESSED_WAITS_MS: [u64; 6] = [50, 100, 200, 400, 800, 1600];
/// How long to wait after a write met another transaction on the same item. Those last milliseconds.
const COLLISION_WAITS_MS: [u64; 5] = [10, 25, 60, 150, 400];

/// A DynamoDB table with the string keys `pk` and `sk`; `ttl` may be its time-to-live attribute.
///
/// Time-outs and the retries of a lost call are the client's. They are harmless: a transaction carries a token, and a single write is known again by its write id.
#[derive(Debug, Clone)]
pub struct DynamoTable {
    connection: Connection,
}

impl DynamoTable {
    /// Uses an existing table.
    #[must_use]
    pub fn new(client: Client, table_name: String) -> Self {
        Self {
            connection: Connection { client, table_name },
        }
    }

    async fn get_one(&self, key: Key) -> Result<Option<Item>, TableError> {
        self.connection
            .client
            .get_item()
            .table_name(&self.connection.table_name)
            .set_key(Some(encoding::encode_key(key)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| self.connection.table_error("GetItem", &error))?
            .item
            .map(encoding::decode_item)
            .transpose()
    }

    async fn get_batch(
        &self,
        mut pending: Vec<Attributes>,
        items: &mut Vec<Item>,
    ) -> Result<(), TableError> {
        let mut waits = UNPROCESSED_WAITS_MS.iter();
        while !pending.is_empty() {
            let asked = pending.len();
            let request = KeysAndAttributes::builder()
                .set_keys(Some(pending))
                .consistent_read(true)
                .build()
                .map_err(|error| error::not_built(&error))?;
            let answer = self
                .connection
                .client
                .batch_get_item()
                .request_items(&self.connection.table_name, request)
                .send()
                .await
                .map_err(|error| self.connection.table_error("BatchGetItem", &error))?;
            for attributes in answer.responses.into_iter().flatten().flat_map(|(_, i)| i) {
                items.push(encoding::decode_item(attributes)?);
            }
            pending = answer
                .unprocessed_keys
                .into_iter()
                .flatten()
                .flat_map(|(_, left)| left.keys)
                .collect();
            // An answer holds at most 16 MB, so keys are left over even when nothing is amiss; only standing still is a reason to wait.
            if pending.len() < asked {
                waits = UNPROCESSED_WAITS_MS.iter();
            } else if let Some(wait) = waits.next() {
                tokio::time::sleep(Duration::from_millis(*wait)).await;
            } else {
                return Err(TableError::Unavailable(format!(
                    "the table {} left {asked} keys unread, again and again: it is being throttled",
                    self.connection.table_name
                )));
            }
        }
        Ok(())
    }

    async fn get_all(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        check_count(keys.len())?;
        keys.iter().try_for_each(check_key)?;
        if let [key] = keys {
            return Ok(self.get_one(key.clone()).await?.into_iter().collect());
        }
        // DynamoDB refuses a key that is asked for twice.
        let keys: Vec<&Key> = keys.iter().collect::<BTreeSet<_>>().into_iter().collect();
        let mut items = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(KEYS_PER_CALL) {
            let chunk = chunk
                .iter()
                .map(|key| encoding::encode_key((*key).clone()))
                .collect();
            self.get_batch(chunk, &mut items).await?;
        }
        Ok(items)
    }

    async fn query_all(&self, partition: &str, prefix: &str) -> Result<Vec<Item>, TableError> {
        check_partition(partition)?;
        let mut values = HashMap::from([(
            ":partition".to_owned(),
            AttributeValue::S(partition.to_owned()),
        )]);
        let mut condition = "pk = :partition".to_owned();
        // DynamoDB refuses to compare a key with an empty text.
        if !prefix.is_empty() {
            condition.push_str(" AND begins_with(sk, :prefix)");
            values.insert(":prefix".to_owned(), AttributeValue::S(prefix.to_owned()));
        }
        let mut items = Vec::new();
        let mut last_key = None;
        loop {
            let page = self
                .connection
                .client
                .query()
                .table_name(&self.connection.table_name)
                .key_condition_expression(&condition)
                .set_expression_attribute_values(Some(values.clone()))
                .set_exclusive_start_key(last_key)
                .consistent_read(true)
                .send()
                .await
                .map_err(|error| self.connection.table_error("Query", &error))?;
            let found = page.items.unwrap_or_default();
            check_count(items.len() + found.len())?;
            for attributes in found {
                items.push(encoding::decode_item(attributes)?);
            }
            last_key = page.last_evaluated_key.filter(|key| !key.is_empty());
            if last_key.is_none() {
                return Ok(items);
            }
        }
    }

    async fn write_all(&self, mut writes: Vec<Write>) -> Result<(), TableError> {
        check_writes(&writes)?;
        // A check that anything passes is none, and DynamoDB refuses one without a condition.
        writes.retain(|write| {
            !matches!(
                write,
                Write::Check {
                    expect: Expect::Any,
                    ..
                }
            )
        });
        if writes.is_empty() {
            return Ok(());
        }
        let write_id = Uuid::new_v4().to_string();
        let operations = writes
            .into_iter()
            .map(|write| write::operation(&self.connection.table_name, &write_id, write))
            .collect::<Result<Vec<_>, _>>()?;
        for wait in COLLISION_WAITS_MS {
            match self.connection.attempt(&write_id, &operations).await {
                Ok(()) => return Ok(()),
                Err(write::Failure::Collided) => {
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
                Err(write::Failure::Final(error)) => return Err(error),
            }
        }
        Err(TableError::Unavailable(format!(
            "a write to the table {} met other transactions {} times",
            self.connection.table_name,
            COLLISION_WAITS_MS.len()
        )))
    }
}

impl Table for DynamoTable {
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(self.get_all(keys))
    }

    fn query<'a>(
        &'a self,
        partition: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(self.query_all(partition, prefix))
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), TableError>> {
        Box::pin(self.write_all(writes))
    }
}
