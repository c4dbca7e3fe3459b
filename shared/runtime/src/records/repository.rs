//! Reads and writes the records of one organisation.

use std::collections::BTreeMap;
use std::sync::Arc;

use rules::TenantId;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::{Expect, Item, Key, Table, TableError, Write};
use time::OffsetDateTime;

use crate::newer::{Basis, Newer};

/// A kind of record.
pub trait Record: Serialize + DeserializeOwned + Send + Sync {
    /// The part of the partition key that follows the tenant.
    const KIND: &'static str;
}

macro_rules! kinds {
    ($($record:ident => $kind:literal),* $(,)?) => {
        $(impl crate::records::Record for $record { const KIND: &'static str = $kind; })*
    };
}
pub(crate) use kinds;

/// The sort key of a record of which there is only one.
pub const SINGLETON: &str = "only";

/// A record as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<R> {
    /// The sort key.
    pub sort_key: String,
    /// The version, which the next write names.
    pub version: u64,
    /// The record.
    pub value: R,
    /// What a newer version wrote into it beside that.
    newer: Option<Arc<Newer>>,
}

impl<R> Stored<R> {
    /// What a write that relies on this expects. A record that is written so keeps what a newer
    /// version wrote into it.
    #[must_use]
    pub fn as_read(&self) -> Basis {
        Basis {
            expect: Expect::Version(self.version),
            newer: self.newer.clone(),
        }
    }

    /// For a write that replaces whatever is there by now, and keeps what a newer version had
    /// written into it when it was read.
    #[must_use]
    pub fn whatever_is_there(&self) -> Basis {
        Basis {
            expect: Expect::Any,
            newer: self.newer.clone(),
        }
    }
}

impl<R> Stored<R> {
    /// A record that was read, of which no other version writes anything more.
    pub(crate) fn read(sort_key: String, version: u64, value: R) -> Self {
        Self {
            sort_key,
            version,
            value,
            newer: None,
        }
    }
}

impl<R: Record> Stored<R> {
    /// The record as it stands after `value` was written over `before` as it was read, or where
    /// nothing was.
    #[must_use]
    pub fn written(before: Option<&Self>, sort_key: String, value: R) -> Self {
        let newer = before.and_then(|before| before.newer.as_ref());
        let newer = newer.and_then(|newer| {
            let next = serde_json::to_value(&value).ok()?;
            Newer::beyond(newer.rewritten(&next), next)
        });
        Self {
            sort_key,
            version: before.map_or(0, |before| before.version) + 1,
            value,
            newer,
        }
    }
}

/// What a write expects of a record that was or was not there when it was read.
#[must_use]
pub fn expect<R>(read: Option<&Stored<R>>) -> Basis {
    read.map_or(Expect::Absent.into(), Stored::as_read)
}

/// For a write that replaces whatever is there by now, and keeps what a newer version had written
/// into what was read.
#[must_use]
pub fn whatever_is_there<R>(read: Option<&Stored<R>>) -> Basis {
    read.map_or(Expect::Any.into(), Stored::whatever_is_there)
}

/// The records of one organisation.
#[derive(Clone)]
pub struct Records {
    table: Arc<dyn Table>,
    tenant: TenantId,
}

impl Records {
    /// The records of `tenant` in `table`.
    #[must_use]
    pub fn new(table: Arc<dyn Table>, tenant: TenantId) -> Self {
        Self { table, tenant }
    }

    /// Whose records these are.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn partition<R: Record>(&self) -> String {
        format!("{}#{}", self.tenant, R::KIND)
    }

    fn key<R: Record>(&self, sort_key: impl ToString) -> Key {
        Key::new(self.partition::<R>(), sort_key.to_string())
    }

    /// Reads one record.
    ///
    /// # Errors
    /// Where the store cannot be read, or holds something that this program did not write.
    pub async fn get<R: Record>(
        &self,
        sort_key: impl ToString,
    ) -> Result<Option<Stored<R>>, TableError> {
        let keys = [self.key::<R>(sort_key)];
        let items = self.table.get_many(&keys).await?;
        items.into_iter().next().map(parse).transpose()
    }

    /// Reads many records, by sort key.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_many<R: Record>(
        &self,
        sorts: impl IntoIterator<Item = impl ToString>,
    ) -> Result<BTreeMap<String, Stored<R>>, TableError> {
        let mut keys: Vec<Key> = sorts.into_iter().map(|sort| self.key::<R>(sort)).collect();
        keys.sort();
        keys.dedup();
        let mut records = BTreeMap::new();
        for item in self.table.get_many(&keys).await? {
            let record = parse::<R>(item)?;
            records.insert(record.sort_key.clone(), record);
        }
        Ok(records)
    }

    /// Reads all records of a kind whose sort key begins with `prefix`, ascending.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list<R: Record>(&self, prefix: &str) -> Result<Vec<Stored<R>>, TableError> {
        self.table
            .query(&self.partition::<R>(), prefix)
            .await?
            .into_iter()
            .map(parse)
            .collect()
    }

    /// A write of a record. Of one that was read, what a newer version wrote into it stays (see
    /// [`Stored::as_read`]).
    ///
    /// # Errors
    /// Where the record is none that the store takes.
    pub fn put<R: Record>(
        &self,
        sort_key: impl ToString,
        record: &R,
        basis: impl Into<Basis>,
    ) -> Result<Write, TableError> {
        let Basis { expect, newer } = basis.into();
        let next = serde_json::to_value(record)
            .map_err(|_| TableError::Refused(format!("a {} record cannot be written", R::KIND)))?;
        let body = newer.map_or_else(|| next.clone(), |newer| newer.rewritten(&next));
        Ok(Write::Put {
            key: self.key::<R>(sort_key),
            expect,
            body,
            expires_at_unix_seconds: None,
        })
    }

    /// The write that replaces a record, whatever it says by now, and keeps what a newer version
    /// wrote into it. One read.
    ///
    /// # Errors
    /// As [`Self::get`] and [`Self::put`].
    pub async fn replace<R: Record>(
        &self,
        sort_key: impl ToString,
        record: &R,
    ) -> Result<Write, TableError> {
        let sort_key = sort_key.to_string();
        let known = self.get::<R>(&sort_key).await?;
        self.put(sort_key, record, whatever_is_there(known.as_ref()))
    }

    /// A write of a record that the store may remove some time after `expires_at`.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn put_expiring<R: Record>(
        &self,
        sort_key: impl ToString,
        record: &R,
        basis: impl Into<Basis>,
        expires_at: OffsetDateTime,
    ) -> Result<Write, TableError> {
        let mut write = self.put(sort_key, record, basis)?;
        if let Write::Put {
            expires_at_unix_seconds,
            ..
        } = &mut write
        {
            *expires_at_unix_seconds = Some(expires_at.unix_timestamp());
        }
        Ok(write)
    }

    /// A removal of a record.
    #[must_use]
    pub fn delete<R: Record>(&self, sort_key: impl ToString, basis: impl Into<Basis>) -> Write {
        Write::Delete {
            key: self.key::<R>(sort_key),
            expect: basis.into().expect,
        }
    }

    /// Writes nothing, but lets the writes that it goes with pass only if a record is still as it
    /// was, or was not, read.
    #[must_use]
    pub fn unchanged<R: Record>(&self, sort_key: impl ToString, read: Option<&Stored<R>>) -> Write {
        Write::Check {
            key: self.key::<R>(sort_key),
            expect: expect(read).expect,
        }
    }

    /// Applies all the writes or none.
    ///
    /// # Errors
    /// `Conflict` where a record is no longer as it was read; otherwise as the store says.
    pub async fn write(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.table.write(writes).await
    }
}

fn parse<R: Record>(item: Item) -> Result<Stored<R>, TableError> {
    let Item { key, version, body } = item;
    // The parser's own words could quote a value.
    let strange = || {
        TableError::Refused(format!(
            "the {} record {} is not one that this program wrote",
            R::KIND,
            key.sort_key
        ))
    };
    let value = R::deserialize(&body).map_err(|_| strange())?;
    let read = serde_json::to_value(&value).map_err(|_| strange())?;
    Ok(Stored {
        newer: Newer::beyond(body, read),
        sort_key: key.sort_key,
        version,
        value,
    })
}
