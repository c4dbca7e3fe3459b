//! The vault in memory keeps the contract; and so it does where the local stand-in of AWS differs from what AWS documents.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod suite;

use std::time::Duration;

use secrecy::ExposeSecret;
use secrets::{CURRENT, MAX_VERSIONS, MemoryVault, PREVIOUS, Vault, VaultError};
use suite::{FIRST, LABEL, stage, stages, token};
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
    suite::run(&vault, create, Duration::ZERO).await;
}

/// Only here: `ministack` stores the version anew and loses the label AWSPREVIOUS.
#[tokio::test]
async fn staging_the_same_value_under_the_same_token_again_changes_nothing() {
    let vault = vault();
    let first = vault.current(SECRET).await.unwrap().id;
    let second = stage(&vault, SECRET, "second").await;
    vault.promote(SECRET, &second, &first).await.unwrap();
    let before = vault.versions(SECRET).await.unwrap();
    assert_eq!(stage(&vault, SECRET, "second").await, second);
    assert_eq!(vault.versions(SECRET).await.unwrap(), before);
    assert_eq!(stages(&vault, SECRET, &first).await, [PREVIOUS]);
}

/// Only here: `ministack` leaves the label on the old version too.
#[tokio::test]
async fn a_label_moves_and_its_old_version_stays_readable() {
    let vault = vault();
    let first = vault.current(SECRET).await.unwrap().id;
    let old = stage(&vault, SECRET, "old").await;
    let new = stage(&vault, SECRET, "new").await;
    assert_eq!(stages(&vault, SECRET, &old).await, [""; 0]);
    assert_eq!(stages(&vault, SECRET, &new).await, [LABEL]);
    assert_eq!(
        vault
            .version(SECRET, &old)
            .await
            .unwrap()
            .value
            .expose_secret(),
        "old"
    );

    vault.promote(SECRET, &new, &first).await.unwrap();
    assert_eq!(stages(&vault, SECRET, &new).await, [CURRENT, LABEL]);
}

/// Only here: `ministack` stores the other value.
#[tokio::test]
async fn staging_another_value_under_the_same_token_conflicts() {
    let vault = vault();
    let id = stage(&vault, SECRET, "one").await;
    let result = vault
        .stage(SECRET, "other".into(), &token("one"), LABEL)
        .await;
    assert_eq!(result, Err(VaultError::Conflict));
    assert_eq!(
        vault
            .version(SECRET, &id)
            .await
            .unwrap()
            .value
            .expose_secret(),
        "one"
    );
}

/// Only here, and as AWS documents it: the first version of a secret becomes current, whatever its label.
#[tokio::test]
async fn the_first_version_of_an_empty_secret_becomes_current() {
    let vault = MemoryVault::new();
    vault.create_empty(SECRET);
    assert!(matches!(
        vault.current(SECRET).await,
        Err(VaultError::Missing { .. })
    ));
    let id = stage(&vault, SECRET, "one").await;
    assert_eq!(vault.current(SECRET).await.unwrap().id, id);
    assert_eq!(stages(&vault, SECRET, &id).await, [CURRENT, LABEL]);
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
