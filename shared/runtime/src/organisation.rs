//! Which Xero organisation the stored links belong to: a person confirms another.

use std::sync::Arc;

use rules::TenantId;
use serde::{Deserialize, Serialize};
use store::{Expect, Item, Key, Table, TableError, Write};
use time::OffsetDateTime;

use crate::records::{Records, Stored, expect};
use crate::switch::off_at_first;

/// Which organisation a person confirmed: the one key that does not begin with a tenant.
fn confirmed_key() -> Key {
    Key::new("organisation", "confirmed")
}

#[derive(Serialize, Deserialize)]
struct Confirmed {
    tenant: TenantId,
}

/// The organisation that the stored links belong to, as it stands in the store; `None` where none
/// was ever seen.
///
/// # Errors
/// As the store says.
pub async fn stored_tenant(table: &dyn Table) -> Result<Option<Stored<TenantId>>, TableError> {
    let item = table.get_many(&[confirmed_key()]).await?.pop();
    item.map(|item| {
        let version = item.version;
        let tenant = read_confirmed(item)?;
        Ok(Stored::read(confirmed_key().sort_key, version, tenant))
    })
    .transpose()
}

/// Makes another organisation the confirmed one: a person's decision. Everything that is stored of
/// the one before stays under its own keys. Where there was one before, the switch of the new one
/// is off, whatever it was when that organisation was last worked.
///
/// # Errors
/// `Conflict` where the confirmed organisation is no longer `before`; otherwise as the store says.
pub async fn confirm_tenant(
    table: Arc<dyn Table>,
    before: Option<&Stored<TenantId>>,
    tenant: TenantId,
    now: OffsetDateTime,
) -> Result<(), TableError> {
    let confirmed = Write::Put {
        key: confirmed_key(),
        expect: expect(before).expect,
        body: serde_json::json!({ "tenant": tenant }),
        expires_at_unix_seconds: None,
    };
    let mut writes = vec![confirmed];
    if before.is_some_and(|before| before.value != tenant) {
        let records = Records::new(table.clone(), tenant);
        writes.push(off_at_first(&records, now).await?);
    }
    table.write(writes).await
}

fn read_confirmed(item: Item) -> Result<TenantId, TableError> {
    let confirmed = serde_json::from_value::<Confirmed>(item.body);
    confirmed.map(|confirmed| confirmed.tenant).map_err(|_| {
        TableError::Refused(
            "the record of the confirmed organisation is not one that this program wrote"
                .to_owned(),
        )
    })
}

/// The organisation that the stored links belong to. The first one ever seen is confirmed by its
/// being connected; any other has to wait for a person.
///
/// # Errors
/// As the store says.
pub async fn confirmed_tenant(
    table: &dyn Table,
    connected: TenantId,
) -> Result<TenantId, TableError> {
    let keys = [confirmed_key()];
    let first = Write::Put {
        key: confirmed_key(),
        expect: Expect::Absent,
        body: serde_json::json!({ "tenant": connected }),
        expires_at_unix_seconds: None,
    };
    let mut item = table.get_many(&keys).await?.pop();
    if item.is_none() {
        match table.write(vec![first]).await {
            Ok(()) => return Ok(connected),
            Err(TableError::Conflict) => item = table.get_many(&keys).await?.pop(),
            Err(error) => return Err(error),
        }
    }
    // One that was removed a moment ago is nothing that this program does.
    item.map_or(Err(TableError::Conflict), read_confirmed)
}
