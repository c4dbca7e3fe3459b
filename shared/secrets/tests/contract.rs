//! The vault in memory keeps the contract, all of it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod suite;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use secrets::{MAX_VERSIONS, MemoryVault, SecretVersion, Vault, VaultError, VersionInfo};
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

/// A vault in which the token refresh is always a little quicker, so many times.
struct Raced {
    vault: MemoryVault,
    times: AtomicU32,
}

impl Vault for Raced {
    fn current<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        self.vault.current(id)
    }

    fn version<'a>(
        &'a self,
        id: &'a str,
        version: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        self.vault.version(id, version)
    }

    fn stage<'a>(
        &'a self,
        id: &'a str,
        value: SecretString,
        token: &'a str,
        label: &'a str,
    ) -> BoxFuture<'a, Result<String, VaultError>> {
        self.vault.stage(id, value, token, label)
    }

    fn promote<'a>(
        &'a self,
        id: &'a str,
        to: &'a str,
        from: &'a str,
    ) -> BoxFuture<'a, Result<(), VaultError>> {
        Box::pin(async move {
            let left = self.times.load(Ordering::Relaxed);
            if left > 0 {
                self.times.store(left - 1, Ordering::Relaxed);
                let refreshed = stage(&self.vault, id, &format!("refreshed {left}")).await;
                self.vault.promote(id, &refreshed, from).await?;
            }
            self.vault.promote(id, to, from).await
        })
    }

    fn versions<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Vec<VersionInfo>, VaultError>> {
        self.vault.versions(id)
    }
}

#[tokio::test]
async fn what_a_person_enters_wins_over_a_refresh_and_never_half() {
    let entered = SecretString::from("entered");
    let next = || "a-version-that-a-person-entered-0001".to_owned();
    for (times, wins) in [(0, true), (1, true), (4, true), (5, false)] {
        let raced = Raced {
            vault: vault(),
            times: AtomicU32::new(times),
        };
        let replaced = secrets::replace(&raced, SECRET, &entered, next).await;
        let current = raced.current(SECRET).await.unwrap();
        let is_entered = current.value.expose_secret() == "entered";
        assert_eq!((replaced.is_ok(), is_entered), (wins, wins), "{times}");
    }
}
