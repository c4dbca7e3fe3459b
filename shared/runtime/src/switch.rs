//! The stored switch: a record of the table under the tenant, so that no deployment can reset it.

use rules::{Settings, Switch};
use serde::{Deserialize, Serialize};
use store::{TableError, Write};
use time::OffsetDateTime;
use time::serde::rfc3339;

use crate::records::{Record, Records, SINGLETON, Stored, expect};

/// Whether the synchronisation works by itself for this organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRecord {
    /// Whether it does.
    pub on: bool,
    /// Since when.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
}

impl Record for SwitchRecord {
    const KIND: &'static str = "state-switch";
}

impl SwitchRecord {
    /// Where the switch stands.
    #[must_use]
    pub fn position(&self) -> Switch {
        if self.on { Switch::On } else { Switch::Off }
    }

    /// The switch as it stands in the store; `None` where nothing has touched it yet.
    ///
    /// # Errors
    /// As the store says.
    pub async fn stored(records: &Records) -> Result<Option<Stored<Self>>, TableError> {
        records.get(SINGLETON).await
    }

    /// The write that puts the switch, if it still stands as it was read.
    ///
    /// # Errors
    /// As [`Records::put`].
    pub fn put(
        records: &Records,
        position: Switch,
        since: OffsetDateTime,
        read: Option<&Stored<Self>>,
    ) -> Result<Write, TableError> {
        let on = position == Switch::On;
        records.put(SINGLETON, &Self { on, since }, expect(read))
    }
}

/// Where the switch stands. A switch that nobody has touched is stored as `SyncEnabled` says: that
/// is how a stack of version 0.1, which had no switch, goes on as it was.
///
/// # Errors
/// As the store says.
pub async fn switch(
    records: &Records,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<Switch, TableError> {
    if let Some(stored) = SwitchRecord::stored(records).await? {
        return Ok(stored.value.position());
    }
    let untouched = Switch::untouched(settings.sync_enabled);
    let first = SwitchRecord::put(records, untouched, now, None)?;
    match records.write(vec![first]).await {
        Ok(()) => Ok(untouched),
        // A person, or another function, was quicker.
        Err(TableError::Conflict) => {
            let stored = SwitchRecord::stored(records).await?;
            stored.map_or(Err(TableError::Conflict), |stored| {
                Ok(stored.value.position())
            })
        }
        Err(error) => Err(error),
    }
}

/// The write that switches off whatever organisation a person moves to: another ledger is looked
/// at before anything is written to it, even one that was worked before.
pub(crate) async fn off_at_first(
    records: &Records,
    now: OffsetDateTime,
) -> Result<Write, TableError> {
    let off = SwitchRecord {
        on: false,
        since: now,
    };
    records.replace(SINGLETON, &off).await
}
