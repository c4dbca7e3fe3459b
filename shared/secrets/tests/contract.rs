//! The vault in memory keeps the contract, all of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod suite;

use std::time::Duration;

use secrecy::ExposeSecret;
use secrets::{MAX_VERSIONS, MemoryVault, Vault, VaultError};
use suite::{FIRST, stage};
use time::macros::datetime;

const SECRET: &str = "token";

fn vault() -> MemoryVault {
    let vault = MemoryVault::new();
    vault.set_current(SECRET, FIRST);
    vault
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    let vault = MemoryVault::new();
    let create = async |secret: &str| {
        vault.set_current(secret, FIRST);
    };
    suite::run(&vault, create).await;
    suite::dates_and_swaps(&vault, create, Duration::ZERO).await;
    let create_empty = async |secret: &str| vault.create_empty(secret);
    suite::replays_and_labels(&vault, create, create_empty).await;
}

/// Only here, for speed.
#[tokio::test]
async fn more_versions_than_the_limit_are_refused() {
    let vault = vault();
    for n in 1..MAX_VERSIONS {
        stage(&vault, SECRET, &n.to_string()).await;
    }
    assert_eq!(vault.versions(SECRET).await.unwrap().len(), MAX_VERSIONS);
    stage(&vault, SECRET, "one more").await;
    assert!(matches!(
        vault.versions(SECRET).await,
        Err(VaultError::Refused(_))
    ));
}

#[tokio::test]
async fn clones_share_what_is_stored_and_a_persons_edit_is_dated_by_the_clock() {
    let vault = vault();
    let now = datetime!(2026-11-23 10:00:00 UTC);
    vault.set_clock(now);
    let edited = vault.clone().set_current(SECRET, "edited");
    let newest = vault.versions(SECRET).await.unwrap().swap_remove(0);
    assert_eq!((newest.id, newest.created), (edited, now));
    assert_eq!(
        vault.current(SECRET).await.unwrap().value.expose_secret(),
        "edited"
    );
}
