//! The in-memory table keeps the contract.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod suite;

use serde_json::json;
use store::{Expect, Key, MAX_ITEMS, MAX_WRITES, MemoryTable, Table, TableError, Write};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_the_contract() {
    suite::run(&MemoryTable::new()).await;
    suite::races(&MemoryTable::new()).await;
}

#[tokio::test]
async fn clones_share_what_is_stored_and_a_dump_shows_it_in_order() {
    let table = MemoryTable::new();
    for sort in ["b", "a"] {
        table.clone().write(vec![put(sort, None)]).await.unwrap();
    }
    let sorts: Vec<String> = table.dump().into_iter().map(|item| item.key.sort).collect();
    assert_eq!(sorts, ["a", "b"]);
}

#[tokio::test]
async fn expired_items_can_be_removed_as_dynamodb_would() {
    let table = MemoryTable::new();
    table.write(vec![put("early", Some(99))]).await.unwrap();
    table.write(vec![put("late", Some(100))]).await.unwrap();
    table.write(vec![put("never", None)]).await.unwrap();
    table.remove_expired(100);
    let sorts: Vec<String> = table.dump().into_iter().map(|item| item.key.sort).collect();
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
        expect: Expect::Anything,
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
