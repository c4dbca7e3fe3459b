//! A table that can be written to without anything being written: what is written stays in memory, above a real table that is only read.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::Mutex;

use crate::limits::{check_count, check_key, check_partition, check_writes};
use crate::memory::{Stored, change, item};
use crate::{Item, Key, Table, TableError, Write};

/// Keeps the contract of [`Table`] over another table, which it never writes to. For rehearsals: the code that would write does, and can see what it wrote.
///
/// What others write to the table below meanwhile is seen where this one has not written itself.
pub struct OverlayTable {
    below: Arc<dyn Table>,
    /// What was written here; `None` where an item was removed.
    written: Mutex<BTreeMap<Key, Option<Stored>>>,
}

impl OverlayTable {
    /// Nothing written yet.
    #[must_use]
    pub fn over(below: Arc<dyn Table>) -> Self {
        Self {
            below,
            written: Mutex::default(),
        }
    }

    async fn read(&self, keys: &[Key]) -> Result<Vec<Item>, TableError> {
        check_count(keys.len())?;
        keys.iter().try_for_each(check_key)?;
        let mut below = Vec::new();
        let mut found = BTreeMap::new();
        {
            let written = self.written.lock().await;
            for key in keys {
                match written.get(key) {
                    None => below.push(key.clone()),
                    Some(None) => {}
                    Some(Some(stored)) => drop(found.insert(key.clone(), item(key, stored))),
                }
            }
        }
        if !below.is_empty() {
            let read = self.below.get_many(&below).await?;
            found.extend(read.into_iter().map(|item| (item.key.clone(), item)));
        }
        Ok(found.into_values().collect())
    }

    async fn read_prefix(&self, partition: &str, prefix: &str) -> Result<Vec<Item>, TableError> {
        check_partition(partition)?;
        let below = self.below.query(partition, prefix).await?;
        let written = self.written.lock().await;
        let mut found: BTreeMap<Key, Item> = below
            .into_iter()
            .map(|item| (item.key.clone(), item))
            .collect();
        let own = written
            .range(Key::new(partition, prefix)..)
            .take_while(|(key, _)| key.partition == partition && key.sort_key.starts_with(prefix));
        for (key, stored) in own {
            match stored {
                Some(stored) => found.insert(key.clone(), item(key, stored)),
                None => found.remove(key),
            };
        }
        check_count(found.len())?;
        Ok(found.into_values().collect())
    }

    /// Looks at every condition before it writes anything. The lock is held throughout, so that of two writers one comes second.
    async fn apply(&self, writes: Vec<Write>) -> Result<(), TableError> {
        check_writes(&writes)?;
        let mut written = self.written.lock().await;
        let below: Vec<Key> = writes
            .iter()
            .map(Write::key)
            .filter(|key| !written.contains_key(key))
            .cloned()
            .collect();
        let versions: BTreeMap<Key, u64> = if below.is_empty() {
            BTreeMap::new()
        } else {
            let items = self.below.get_many(&below).await?.into_iter();
            items.map(|item| (item.key, item.version)).collect()
        };
        let mut changes = Vec::with_capacity(writes.len());
        for write in writes {
            let version = match written.get(write.key()) {
                Some(stored) => stored.as_ref().map(Stored::version),
                None => versions.get(write.key()).copied(),
            };
            changes.extend(change(write, version)?);
        }
        written.extend(changes);
        Ok(())
    }
}

impl Table for OverlayTable {
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(self.read(keys))
    }

    fn query<'a>(
        &'a self,
        partition: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Item>, TableError>> {
        Box::pin(self.read_prefix(partition, prefix))
    }

    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), TableError>> {
        Box::pin(self.apply(writes))
    }
}
