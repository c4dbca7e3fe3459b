//! Stored data outlives a version: what 0.1 wrote is read for ever, and what a newer version wrote
//! is kept.
//!
//! `records-0.1.json` holds every kind of record with every code, as version 0.1 wrote it. It is
//! never changed; what comes later has a file of its own (`records-likely-duplicates.json`,
//! `records-true-links.json`, `records-people.json`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod newer;

use std::collections::BTreeSet;
use std::sync::Arc;

use rules::{ContactStatus, PROBLEM_CODES, TenantId, XeroContact};
use runtime::new_contacts::{AnnouncementRecord, LastAnnouncementRecord};
use runtime::people::{
    DigestRecord, NewsRecord, NoteRecord, NoteTrialRecord, OpenCountsRecord, StatusToldRecord,
};
use runtime::records::{
    ContactRecord, CursorRecord, DayLimitRecord, DeadConnectionRecord, DeferredRecord,
    DirectoryPartRecord, DirectoryRecord, FollowRecord, HistoryRecord, LeaseRecord, OutcomeRecord,
    PauseRecord, PendingReferenceScan, ProblemRecord, Record, Records, ReferenceRecord,
    ReferenceScan, Stored, SweepRecord, WaitingRecord, XeroChangesRecord, XeroContactRecord,
};
use serde_json::Value;
use store::{Expect, Key, MemoryTable, Table, Write};

/// Kept with the poll's own record, whose test is in its crate.
const ELSEWHERE: &str = "state-sweep-request";

pub(crate) struct Item {
    kind: String,
    sort_key: String,
    body: Value,
}

fn golden() -> Vec<Item> {
    items(include_str!("records-0.1.json"))
}

fn later() -> Vec<Item> {
    let mut later = items(include_str!("records-likely-duplicates.json"));
    later.extend(items(include_str!("records-true-links.json")));
    later.extend(items(include_str!("records-people.json")));
    later
}

fn items(file: &str) -> Vec<Item> {
    let items: Vec<Value> = serde_json::from_str(file).unwrap();
    let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
    let items = items.iter().map(|item| Item {
        kind: text(item, "kind"),
        sort_key: text(item, "sort"),
        body: item["body"].clone(),
    });
    items.collect()
}

pub(crate) fn tenant() -> TenantId {
    "11111111-2222-3333-4444-555555555555".parse().unwrap()
}

/// A table with one record of `kind`, as some version wrote it.
pub(crate) async fn table_with(
    kind: &str,
    sort: &str,
    body: &Value,
) -> (Arc<MemoryTable>, Records) {
    let table = Arc::new(MemoryTable::new());
    let write = Write::Put {
        key: Key::new(format!("{}#{kind}", tenant()), sort),
        expect: Expect::Absent,
        body: body.clone(),
        expires_at_unix_seconds: None,
    };
    table.write(vec![write]).await.unwrap();
    (table.clone(), Records::new(table, tenant()))
}

pub(crate) async fn read<R: Record>(records: &Records, sort: &str) -> Stored<R> {
    records.get::<R>(sort).await.unwrap().unwrap()
}

/// What a rewrite that changes nothing stores.
async fn rewritten<R: Record>(item: &Item) -> Value {
    let (table, records) = table_with(R::KIND, &item.sort_key, &item.body).await;
    let stored = read::<R>(&records, &item.sort_key).await;
    // Anew: without what this version keeps for a newer one.
    let put = records
        .put(&item.sort_key, &stored.value, Expect::Any)
        .unwrap();
    records.write(vec![put]).await.unwrap();
    table.dump().remove(0).body
}

async fn rewritten_by_kind(item: &Item) -> Value {
    macro_rules! by_kind {
        ($($record:ident),* $(,)?) => {
            match item.kind.as_str() {
                $(<$record as Record>::KIND => rewritten::<$record>(item).await,)*
                kind => panic!("no test reads the kind {kind}"),
            }
        };
    }
    by_kind!(
        ContactRecord,
        ReferenceRecord,
        XeroContactRecord,
        ProblemRecord,
        WaitingRecord,
        DeferredRecord,
        CursorRecord,
        PendingReferenceScan,
        PauseRecord,
        SweepRecord,
        XeroChangesRecord,
        ReferenceScan,
        DirectoryRecord,
        DirectoryPartRecord,
        AnnouncementRecord,
        LastAnnouncementRecord,
        DayLimitRecord,
        DeadConnectionRecord,
        LeaseRecord,
        HistoryRecord,
        FollowRecord,
        OutcomeRecord,
        NoteRecord,
        NoteTrialRecord,
        DigestRecord,
        NewsRecord,
        OpenCountsRecord,
        StatusToldRecord,
    )
}

/// Whether `now` says everything that `then` said; a later version may say more.
fn says_all(now: &Value, then: &Value) -> bool {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => then
            .iter()
            .all(|(key, then)| now.get(key).is_some_and(|now| says_all(now, then))),
        (Value::Array(now), Value::Array(then)) => {
            now.len() == then.len() && now.iter().zip(then).all(|(now, then)| says_all(now, then))
        }
        _ => now == then,
    }
}

#[tokio::test]
async fn what_was_ever_written_is_read_and_written_back_as_it_was() {
    let all = golden().into_iter().chain(later());
    for item in &all
        .filter(|item| item.kind != ELSEWHERE)
        .collect::<Vec<_>>()
    {
        let now = rewritten_by_kind(item).await;
        assert!(
            says_all(&now, &item.body),
            "{} {}: {now} instead of {}",
            item.kind,
            item.sort_key,
            item.body
        );
    }
}

#[tokio::test]
async fn the_parts_of_a_kept_directory_are_read() {
    let later = later();
    let part = later.iter().find(|item| item.kind == "directory").unwrap();
    let (_, records) = table_with(&part.kind, &part.sort_key, &part.body).await;
    let part = read::<DirectoryPartRecord>(&records, &part.sort_key).await;
    let contacts: Vec<XeroContact> = part
        .value
        .contacts()
        .unwrap()
        .into_iter()
        .map(XeroContact::from)
        .collect();
    assert_eq!(contacts[0].name, "Acme \"Heating\" Ltd");
    assert_eq!(contacts[0].data.marks().len(), 2);
    assert_eq!(contacts[1].status, ContactStatus::Archived);
    assert_eq!(contacts[1].merged_into, Some(contacts[0].id));
}

#[test]
fn the_golden_file_has_every_kind_and_every_problem_of_its_version() {
    let items = golden();
    let kinds: BTreeSet<&str> = items.iter().map(|item| item.kind.as_str()).collect();
    assert_eq!(kinds.len(), 20, "{kinds:?}");
    let codes: BTreeSet<&str> = items
        .iter()
        .filter_map(|item| item.body["problem"]["code"].as_str())
        .collect();
    assert_eq!(codes.len(), 17, "{codes:?}");
    for code in codes {
        assert!(PROBLEM_CODES.contains(&code), "{code} is still known");
    }
}
