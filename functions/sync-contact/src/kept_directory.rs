//! The directory as the table keeps it, so that a worker that was just started knows the whole
//! organisation after one call to Xero.
//!
//! It is written in parts under a name of its own, and then told in [`DirectoryRecord`]: who finds
//! that finds every part, or reads Xero anew. Old parts expire by themselves.

use rules::XeroContact;
use runtime::CallError;
use runtime::records::{
    DirectoryPartRecord, DirectoryRecord, KeptDirectory, SINGLETON, StoredXeroContact,
};
use store::{Expect, TableError};
use time::Duration;

use crate::context::Context;
use crate::directory::Directory;
use crate::queries::store_failed;

/// A part is full then: an item of the table takes a little more, a contact a few kB at most.
const MAX_PART_BYTES: usize = 300_000;
/// It is written anew after so long, and its parts stay twice as long: what changed since then is
/// asked for in a few calls.
const WRITTEN_ANEW_AFTER: Duration = Duration::days(7);
const PARTS_LAST: Duration = Duration::days(14);

/// Whether it is time to write it anew.
pub(crate) fn is_old(context: &Context<'_>, directory: &Directory) -> bool {
    let kept_at = directory.kept_at;
    kept_at.is_none_or(|kept_at| (context.now - kept_at).abs() > WRITTEN_ANEW_AFTER)
}

/// Reads what the table keeps; `None` where a part of it is missing or cannot be read.
pub(crate) async fn load(
    context: &Context<'_>,
    record: &DirectoryRecord,
) -> Result<Option<Directory>, CallError> {
    let Some(kept) = &record.kept else {
        return Ok(None);
    };
    let parts = context
        .records
        .list::<DirectoryPartRecord>(&format!("{}#", kept.name))
        .await;
    let parts = match parts {
        Ok(parts) if parts.len() == kept.parts => parts,
        Ok(_) | Err(TableError::Refused(_)) => return Ok(None),
        Err(error) => return Err(store_failed(error)),
    };
    let tenant = context.records.tenant();
    let mut directory = Directory::new(tenant, kept.as_of, kept.read_at);
    for part in parts {
        // Another version may have written it.
        let Ok(contacts) = part.value.contacts() else {
            return Ok(None);
        };
        for contact in contacts {
            directory.put(contact.into());
        }
    }
    directory.kept_at = Some(kept.read_at);
    Ok(Some(directory))
}

/// Writes all of it.
pub(crate) async fn keep(
    context: &Context<'_>,
    directory: &mut Directory,
) -> Result<(), CallError> {
    let name = context.host().new_id().to_string();
    let expires_at = context.now + PARTS_LAST;
    let mut parts = 0;
    let all = split(directory.contacts());
    for part in all.map_err(|_| store_failed(unwritable()))? {
        let part = context.records.put_expiring(
            format!("{name}#{parts:04}"),
            &part,
            Expect::Any,
            expires_at,
        );
        let part = part.map_err(store_failed)?;
        let written = context.records.write(vec![part]).await;
        written.map_err(store_failed)?;
        parts += 1;
    }
    let record = DirectoryRecord {
        pages: directory.pages(),
        kept: Some(KeptDirectory {
            name,
            parts,
            as_of: directory.as_of(),
            read_at: context.now,
        }),
    };
    let write = context.records.replace(SINGLETON, &record).await;
    let written = context.records.write(vec![write.map_err(store_failed)?]);
    written.await.map_err(store_failed)?;
    directory.kept_at = Some(context.now);
    directory.changes_since_kept = 0;
    Ok(())
}

/// The contacts in parts that the table takes.
fn split<'a>(
    contacts: impl Iterator<Item = &'a XeroContact>,
) -> Result<Vec<DirectoryPartRecord>, serde_json::Error> {
    let mut parts = Vec::new();
    let mut part = DirectoryPartRecord::default();
    let mut bytes = 0;
    for contact in contacts {
        bytes += part.push(&StoredXeroContact::from(contact))?;
        if bytes > MAX_PART_BYTES {
            parts.push(std::mem::take(&mut part));
            bytes = 0;
        }
    }
    parts.push(part);
    Ok(parts)
}

fn unwritable() -> TableError {
    TableError::Refused("a Xero contact cannot be written as JSON".to_owned())
}
