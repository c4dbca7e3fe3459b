//! Which contacts workers are about to create in Xero: the only writer of those records.
//!
//! Xero takes two contacts that are likely one customer, if only their names differ a little. A
//! worker sees what Xero has, but not what another worker is about to create. So each tells first
//! what it will create, and the last one to tell knows what all others have told: the record of the
//! last announcement is written conditionally together with each one.

use std::collections::BTreeSet;

use rules::{ContactId, Grade, MatchIndex};
use store::{Expect, TableError};
use time::OffsetDateTime;

pub use crate::announcement_records::{
    AnnouncedContact, AnnouncementRecord, LastAnnouncementRecord,
};
use crate::records::{Records, SINGLETON, expect};

/// How often an announcement is tried while others make theirs.
const MAX_TRIES: usize = 5;

/// Announces contacts, and returns those that another worker is about to create likewise: they are
/// not announced, and must not be created now.
///
/// # Errors
/// `Conflict` where others always were quicker; otherwise as the store says.
pub async fn announce(
    records: &Records,
    key: &str,
    contacts: &[AnnouncedContact],
    now: OffsetDateTime,
    until: OffsetDateTime,
) -> Result<BTreeSet<ContactId>, TableError> {
    for _ in 0..MAX_TRIES {
        let last = records.get::<LastAnnouncementRecord>(SINGLETON).await?;
        let known = records.list::<AnnouncementRecord>("").await?;
        let others: Vec<AnnouncedContact> = known
            .into_iter()
            .filter(|known| known.value.until > now)
            .flat_map(|known| known.value.contacts)
            .collect();
        let taken = announced_by_others(contacts, &others);
        let free = contacts.iter().filter(|one| !taken.contains(&one.contact));
        let free: Vec<AnnouncedContact> = free.cloned().collect();
        if free.is_empty() {
            return Ok(taken);
        }
        let announcement = AnnouncementRecord {
            until,
            contacts: free,
        };
        let latest = LastAnnouncementRecord {
            key: key.to_owned(),
        };
        let writes = vec![
            records.put_expiring(key, &announcement, Expect::Any, until)?,
            records.put(SINGLETON, &latest, expect(last.as_ref()))?,
        ];
        match records.write(writes).await {
            Ok(()) => return Ok(taken),
            Err(TableError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(TableError::Conflict)
}

/// Those of the contacts that are likely the same customer as another contact that is announced.
fn announced_by_others(
    contacts: &[AnnouncedContact],
    announced: &[AnnouncedContact],
) -> BTreeSet<ContactId> {
    let mut index = MatchIndex::default();
    for (at, one) in announced.iter().enumerate() {
        index.insert(at, one.compared());
    }
    let compared = |at: usize| announced.get(at).map(AnnouncedContact::compared);
    let is_other = |one: &AnnouncedContact, at: usize| {
        announced
            .get(at)
            .is_some_and(|other| other.contact != one.contact && !one.seen.contains(&other.contact))
    };
    let has_likely = |one: &&AnnouncedContact| {
        let alike = index.alike(one.compared(), compared);
        alike
            .iter()
            .any(|(at, found)| found.grade == Grade::Likely && is_other(one, *at))
    };
    let taken = contacts.iter().filter(has_likely);
    taken.map(|one| one.contact).collect()
}
