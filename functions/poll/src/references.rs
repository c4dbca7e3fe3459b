//! What must be known before an account reference may be generated.

use std::collections::BTreeSet;

use rules::{AccountReference, ContactId, Settings};
use runtime::records::{
    ONLY, Records, ReferenceRecord, ReferencesReadRecord, UnreadRecord, expect,
};
use store::{Expect, TableError};

use crate::writes::{contact_of, write_where_unchanged};

/// Sees to it that no code is generated that equals a contact reference in use.
pub(crate) async fn keep_from_being_generated(
    records: &Records,
    references: &BTreeSet<&AccountReference>,
) -> Result<(), TableError> {
    if references.is_empty() {
        return Ok(());
    }
    let known = records
        .get_many::<ReferenceRecord>(references.iter().map(|reference| reference.folded()))
        .await?;
    let unknown = references
        .iter()
        .filter(|reference| !known.contains_key(reference.folded()));
    let marks = unknown.map(|reference| {
        let mark = ReferenceRecord {
            reference: (*reference).clone(),
            holder: None,
        };
        records.put(reference.folded(), &mark, Expect::Absent)
    });
    write_where_unchanged(records, marks.collect::<Result<_, _>>()?).await
}

/// Sees to it that no code is generated before each of these account contacts was read once, unless all were read under the same groups before. Returns the contacts
/// that are still to be read, among them any that an earlier sweep listed and that is in no list now.
pub(crate) async fn require_reading(
    records: &Records,
    settings: &Settings,
    account_contacts: &BTreeSet<ContactId>,
) -> Result<Vec<ContactId>, TableError> {
    let groups = settings.groups_fingerprint();
    let last = records.get::<ReferencesReadRecord>(ONLY).await?;
    let same_groups = last.as_ref().filter(|last| last.value.settings == groups);
    if same_groups.is_some_and(|last| last.value.complete) {
        return Ok(Vec::new());
    }
    if let Some(last) = same_groups
        && records.list::<UnreadRecord>("").await?.is_empty()
    {
        // Every one of an earlier sweep was read since, and no worker needed to know it. To read them all again would only keep codes waiting.
        let complete = ReferencesReadRecord {
            settings: groups,
            complete: true,
        };
        let write = records.put(ONLY, &complete, last.as_read())?;
        write_where_unchanged(records, vec![write]).await?;
        return Ok(Vec::new());
    }
    let marks = account_contacts
        .iter()
        .map(|contact| records.put(contact, &UnreadRecord {}, Expect::Anything));
    write_where_unchanged(records, marks.collect::<Result<_, _>>()?).await?;
    if same_groups.is_none() {
        // Only now: a worker that finds no mark left takes this record for complete.
        let begun = ReferencesReadRecord {
            settings: groups,
            complete: false,
        };
        let write = records.put(ONLY, &begun, expect(last.as_ref()))?;
        write_where_unchanged(records, vec![write]).await?;
    }
    let unread = records.list::<UnreadRecord>("").await?;
    unread.iter().map(contact_of).collect()
}
