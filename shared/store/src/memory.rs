//! [`Table`] in memory, for tests and simulations.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use serde_json::Value;

use crate::encoding::{decode_body, encode_body};
use crate::limits::{check_count, check_key, check_partition, check_writes};
use crate::{Expect, Item, Key, Table, TableError, Write};

/// A table that lives as long as the program: every call is done at once, as a whole, when it is awaited. Clones share what is stored.
#[derive(Debug, Clone, Default)]
pub struct MemoryTable {
    items: Arc<Mutex<BTreeMap<Key, Stored>>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Stored {
    version: u64,
    body: Value,
    expires_at_unix_seconds: Option<i64>,
}

impl Stored {
    pub(crate) fn version(&self) -> u64 {
        self.version
    }
}

impl MemoryTable {
    /// An empty table.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that is stored, ascending by key.
    #[must_use]
    pub fn dump(&self) -> Vec<Item> {
        self.lock()
            .iter()
            .map(|(key, stored)| item(key, stored))
            .collect()
    }

    /// Does what DynamoDB's time-to-live does some time after it: removes what expired before `now_unix_seconds`.
    pub fn remove_expired(&self, now_unix_seconds: i64) {
        self.lock().retain(|_, stored| {
            stored
                .expires_at_unix_seconds
                .is_none_or(|expiry| expiry >= now_unix_seconds)
        });
    }

    /// Each call leaves the items whole, so a panic of another thread has spoilt nothing.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Stored>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        check_count(keys.len())?;
        keys.iter().try_for_each(check_key)?;
        let items = self.lock();
        let found: BTreeMap<&Key, Item> = keys
            .iter()
            .filter_map(|key| Some((key, item(key, items.get(key)?))))
            .collect();
        Ok(found.into_values().collect())
    }

    fn read_prefix(&self, partition: &str, prefix: &str) -> Result<Vec<Item>, TableError> {
        check_partition(partition)?;
        let items = self.lock();
        let found: Vec<Item> = items
            .range(Key::new(partition, prefix)..)
            .take_while(|(key, _)| key.partition == partition && key.sort_key.starts_with(prefix))
            .map(|(key, stored)| item(key, stored))
            .collect();
        check_count(found.len())?;
        Ok(found)
    }

    /// Looks at every condition before it writes anything; no two writes have the same key, so none changes what another looks at.
    fn apply(&self, writes: Vec<Write>) -> Result<(), TableError> {
        check_writes(&writes)?;
        let mut items = self.lock();
        let mut changes = Vec::with_capacity(writes.len());
        for write in writes {
            let version = items.get(write.key()).map(|stored| stored.version);
            changes.extend(change(write, version)?);
        }
        for (key, stored) in changes {
            match stored {
                Some(stored) => items.insert(key, stored),
                None => items.remove(&key),
            };
        }
        Ok(())
    }
}

/// What a write makes of an item of that version; `None` within a change removes it.
pub(crate) fn change(
    write: Write,
    version: Option<u64>,
) -> Result<Option<(Key, Option<Stored>)>, TableError> {
    match write {
        Write::Put {
            key,
            expect,
            body,
            expires_at_unix_seconds,
        } => {
            check_expectation(expect, version)?;
            let stored = Stored {
                version: version.unwrap_or(0) + 1,
                // Through the same encoding as in DynamoDB, so that numbers come back alike.
                body: decode_body(encode_body(body)?)?,
                expires_at_unix_seconds,
            };
            Ok(Some((key, Some(stored))))
        }
        Write::Delete { key, expect } => {
            if version.is_some() {
                check_expectation(expect, version)?;
            }
            Ok(Some((key, None)))
        }
        Write::Check { expect, .. } => check_expectation(expect, version).map(|()| None),
    }
}

fn check_expectation(expect: Expect, version: Option<u64>) -> Result<(), TableError> {
    let holds = match expect {
        Expect::Absent => version.is_none(),
        Expect::Version(expected) => version == Some(expected),
        Expect::Any => true,
    };
    if holds {
        Ok(())
    } else {
        Err(TableError::Conflict)
    }
}

pub(crate) fn item(key: &Key, stored: &Stored) -> Item {
    Item {
        key: key.clone(),
        version: stored.version,
        body: stored.body.clone(),
    }
}

impl Table for MemoryTable {
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(async move { self.read(keys) })
    }

    fn query<'a>(
        &'a self,
        partition: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(async move { self.read_prefix(partition, prefix) })
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), TableError>> {
        Box::pin(async move { self.apply(writes) })
    }
}
