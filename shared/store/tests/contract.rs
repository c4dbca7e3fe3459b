//! The in-memory table keeps the contract.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod suite;

use std::sync::Arc;

use serde_json::json;
use store::{
    Expect, Key, MAX_ITEMS, MAX_WRITES, MemoryTable, OverlayTable, Table, TableError, Write,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_the_contract() {
    suite::run(&MemoryTable::new()).await;
    suite::races(&MemoryTable::new()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overlay_keeps_the_contract_and_the_table_below_stays_as_it_was() {
    let below = MemoryTable::new();
    let overlay = || OverlayTable::over(Arc::new(below.clone()));
    suite::run(&overlay()).await;
    suite::races(&overlay()).await;
    assert!(below.dump().is_empty());
}

#[tokio::test]
async fn an_overlay_shows_what_is_below_and_what_was_written_above() {
    let below = MemoryTable::new();
    for sort in ["a", "b", "c"] {
        below.write(vec![put(sort, None)]).await.unwrap();
    }
    let before = below.dump();
    let overlay = OverlayTable::over(Arc::new(below.clone()));
    let key = |sort: &str| Key::new("p", sort);
    let write = |sort: &str, expect| Write::Put {
        key: key(sort),
        expect,
        body: json!({"above": sort}),
        expires_at_unix_seconds: None,
    };
    // The versions go on from those below, and are held to.
    let late = overlay.write(vec![write("a", Expect::Version(2))]).await;
    assert_eq!(late, Err(TableError::Conflict));
    let absent = overlay.write(vec![write("a", Expect::Absent)]).await;
    assert_eq!(absent, Err(TableError::Conflict));
    let writes = vec![
        write("a", Expect::Version(1)),
        Write::Delete {
            key: key("b"),
            expect: Expect::Version(1),
        },
        write("d", Expect::Absent),
    ];
    overlay.write(writes).await.unwrap();
    let seen = overlay.query("p", "").await.unwrap();
    let seen: Vec<(String, u64)> = seen
        .into_iter()
        .map(|item| (item.key.sort_key, item.version))
        .collect();
    let expected = [("a", 2), ("c", 1), ("d", 1)].map(|(sort, v)| (sort.to_owned(), v));
    assert_eq!(seen, expected);
    assert!(overlay.get_many(&[key("b")]).await.unwrap().is_empty());
    overlay
        .write(vec![write("b", Expect::Absent)])
        .await
        .unwrap();
    assert_eq!(below.dump(), before, "nothing is written below");
    // What others write below is seen where nothing was written above.
    below.write(vec![put("e", None)]).await.unwrap();
    assert_eq!(overlay.get_many(&[key("e")]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn clones_share_what_is_stored_and_a_dump_shows_it_in_order() {
    let table = MemoryTable::new();
    for sort in ["b", "a"] {
        table.clone().write(vec![put(sort, None)]).await.unwrap();
    }
    let sorts: Vec<String> = table
        .dump()
        .into_iter()
        .map(|item| item.key.sort_key)
        .collect();
    assert_eq!(sorts, ["a", "b"]);
}

#[tokio::test]
async fn expired_items_can_be_removed_as_dynamodb_would() {
    let table = MemoryTable::new();
    table.write(vec![put("early", Some(99))]).await.unwrap();
    table.write(vec![put("late", Some(100))]).await.unwrap();
    table.write(vec![put("never", None)]).await.unwrap();
    table.remove_expired(100);
    let sorts: Vec<String> = table
        .dump()
        .into_iter()
        .map(|item| item.key.sort_key)
        .collect();
    assert_eq!(sorts, ["late", "never"]);
}

#[tokio::test]
async fn more_items_than_one_read_returns_are_refused() {
    let table = MemoryTable::new();
    for first in (0..=MAX_ITEMS).step_by(MAX_WRITES) {
        let last = (first + MAX_WRITES).min(MAX_ITEMS + 1);
        let writes = (first..last).map(|n| put(&format!("{n:06}"), None));
        table.write(writes.collect()).await.unwrap();
    }
    let error = table.query("p", "").await.unwrap_err();
    assert!(matches!(error, TableError::Refused(_)), "{error}");
    let removal = Write::Delete {
        key: Key::new("p", "000000"),
        expect: Expect::Any,
    };
    table.write(vec![removal]).await.unwrap();
    assert_eq!(table.query("p", "").await.unwrap().len(), MAX_ITEMS);
}

#[tokio::test]
async fn a_call_that_is_never_awaited_does_nothing() {
    let table = MemoryTable::new();
    drop(table.write(vec![put("a", None)]));
    assert!(table.dump().is_empty());
}

fn put(sort: &str, expires_at_unix_seconds: Option<i64>) -> Write {
    Write::Put {
        key: Key::new("p", sort),
        expect: Expect::Absent,
        body: json!({}),
        expires_at_unix_seconds,
    }
}
