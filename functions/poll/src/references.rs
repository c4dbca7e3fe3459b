//! What must be known before an account reference may be generated.

use std::collections::BTreeSet;

use rules::{AccountReference, ContactId, GroupId, Problem, Settings};
use runtime::AccountReferences;
use runtime::records::{
    PendingReferenceScan, ProblemRecord, Records, ReferenceScan, SINGLETON, expect,
};
use store::{Expect, TableError};

use crate::groups::Reading;
use crate::writes::{contact_of, try_again, write_where_unchanged};

/// Sees to it that no code is generated that equals a contact reference in use.
pub(crate) async fn keep_from_being_generated(
    records: &Records,
    references: &BTreeSet<&AccountReference>,
) -> Result<(), TableError> {
    let marks = AccountReferences::of(records).mark(references).await?;
    write_where_unchanged(records, marks).await
}

/// Sees to it that no code is generated before each listed account contact was read once, unless
/// all were read under the same groups before. Returns the contacts that are still to be read,
/// among them any that an earlier sweep listed and that is in no list now.
///
/// A group that could not be listed is noted as missing: until it is listed, no code is generated,
/// since references that are in use there are not known.
pub(crate) async fn require_reading(
    records: &Records,
    settings: &Settings,
    reading: &Reading,
) -> Result<Vec<ContactId>, TableError> {
    let groups = settings.groups_fingerprint();
    let last = records.get::<ReferenceScan>(SINGLETON).await?;
    let same_groups = last.as_ref().filter(|last| last.value.settings == groups);
    if same_groups.is_some_and(|last| last.value.complete) {
        return Ok(Vec::new());
    }
    if let Some(last) = same_groups
        && records.list::<PendingReferenceScan>("").await?.is_empty()
    {
        // Every one of an earlier sweep was read since, and no worker needed to know it. To read
        // them all again would only keep codes waiting.
        if last.value.missing.is_empty() {
            let complete = ReferenceScan {
                complete: true,
                ..last.value.clone()
            };
            let write = records.put(SINGLETON, &complete, last.as_read())?;
            write_where_unchanged(records, vec![write]).await?;
        }
        return Ok(Vec::new());
    }
    mark_unread(records, &reading.contacts_in(&settings.account_groups)).await?;
    if same_groups.is_none() {
        let whole = reading.whole_groups();
        let configured = settings.account_groups.union(&settings.site_groups);
        // Only now: a worker that finds no mark left takes this record for complete.
        let begun = ReferenceScan {
            settings: groups,
            complete: false,
            missing: configured
                .filter(|group| !whole.contains(group))
                .copied()
                .collect(),
        };
        let write = records.put(SINGLETON, &begun, expect(last.as_ref()))?;
        write_where_unchanged(records, vec![write]).await?;
    }
    let unread = records.list::<PendingReferenceScan>("").await?;
    unread.iter().map(contact_of).collect()
}

/// Takes note of groups that were missing so far and have been listed now. Returns the contacts
/// that were held for it, which are tried again.
pub(crate) async fn groups_were_read(
    records: &Records,
    settings: &Settings,
    reading: &Reading,
) -> Result<Vec<ContactId>, TableError> {
    let whole = reading.whole_groups();
    if whole.is_empty() {
        return Ok(Vec::new());
    }
    let last = records.get::<ReferenceScan>(SINGLETON).await?;
    let groups = settings.groups_fingerprint();
    let Some(last) = last.filter(|last| last.value.settings == groups) else {
        return Ok(Vec::new());
    };
    let is_listed_now = |group: &GroupId| whole.contains(group);
    let (listed, missing): (BTreeSet<GroupId>, BTreeSet<GroupId>) =
        last.value.missing.iter().copied().partition(is_listed_now);
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let account_groups = listed
        .intersection(&settings.account_groups)
        .copied()
        .collect();
    let unread = reading.contacts_in(&account_groups);
    mark_unread(records, &unread).await?;
    let problems = records.list::<ProblemRecord>("").await?;
    let held: Vec<_> = problems
        .iter()
        .filter(|held| waits_for_groups(&held.value.problem))
        .collect();
    try_again(records, held.iter().copied()).await?;
    // Last, and not given up where somebody else was quicker: the group counts as listed from here
    // on.
    let noted = ReferenceScan {
        missing,
        ..last.value.clone()
    };
    records
        .write(vec![records.put(SINGLETON, &noted, last.as_read())?])
        .await?;
    let held = held.into_iter().map(contact_of);
    unread.into_iter().map(Ok).chain(held).collect()
}

fn waits_for_groups(problem: &Problem) -> bool {
    matches!(problem, Problem::NoAccountReference { unread_groups } if !unread_groups.is_empty())
}

async fn mark_unread(records: &Records, contacts: &BTreeSet<ContactId>) -> Result<(), TableError> {
    let marks = contacts
        .iter()
        .map(|contact| records.put(contact, &PendingReferenceScan {}, Expect::Any));
    write_where_unchanged(records, marks.collect::<Result<_, _>>()?).await
}
