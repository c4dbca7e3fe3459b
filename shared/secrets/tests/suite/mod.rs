//! What every vault must do. Each fact has a secret of its own, which holds [`FIRST`] when it begins.
//!
//! AWS itself keeps them all, and so does the vault in memory. Each of the two stand-ins of AWS is unlike it somewhere; the groups of facts say where,
//! and every fact is kept by at least one of them.
#![allow(
    dead_code,
    reason = "no stand-in of AWS is held to the facts that only the other keeps"
)]

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use secrets::{CURRENT, MAX_SECRET_BYTES, PREVIOUS, Vault, VaultError};

/// What each secret holds at first.
pub(crate) const FIRST: &str = "the first value";
/// The label under which the facts stage.
pub(crate) const LABEL: &str = "FRESH";

/// Holds a vault to what every stand-in of AWS does as well. `create` makes a secret that holds [`FIRST`] as its current version.
pub(crate) async fn run(vault: &dyn Vault, create: impl AsyncFn(&str)) {
    for secret in [
        "read", "text", "version", "staged", "promoted", "again", "late", "back", "apart", "alone",
        "refused", "quiet", "entered",
    ] {
        create(secret).await;
    }
    the_current_version_is_read(vault, "read").await;
    every_text_comes_back(vault, "text").await;
    an_absent_secret_is_missing(vault).await;
    an_absent_version_is_missing(vault, "version").await;
    a_staged_version_is_not_current(vault, "staged").await;
    a_promoted_version_is_current_and_the_last_one_previous(vault, "promoted").await;
    promoting_what_is_current_succeeds(vault, "again").await;
    a_late_promoter_conflicts(vault, "late").await;
    an_earlier_version_can_be_promoted_again(vault, "back").await;
    the_versions_of_two_secrets_are_apart(vault, ["apart", "alone"]).await;
    what_cannot_be_staged_is_refused(vault, "refused").await;
    no_error_shows_a_value(vault, "quiet").await;
    what_a_person_enters_becomes_current(vault, "entered").await;
}

/// Holds a vault to what `ministack` does and `moto` does not: that fails where an absent secret is listed, dates every version by the time at which it is
/// asked, moves a label in several steps, and takes it away before it looks where to. After `tick` the vault's clock shows a later time.
pub(crate) async fn dates_and_swaps(vault: &dyn Vault, create: impl AsyncFn(&str), tick: Duration) {
    for secret in ["list", "many", "to absent", "race"] {
        create(secret).await;
    }
    an_absent_secret_has_no_versions_to_list(vault).await;
    versions_are_listed_newest_first(vault, "list", tick).await;
    more_versions_than_one_call_lists_are_listed(vault, "many").await;
    promoting_an_absent_version_changes_nothing(vault, "to absent").await;
    of_two_promoters_one_wins(vault, "race").await;
}

/// Holds a vault to what `moto` does and `ministack` does not: that stores a replayed version anew, under whatever value, and leaves a label where it was.
/// `create_empty` makes a secret without any version.
pub(crate) async fn replays_and_labels(
    vault: &dyn Vault,
    create: impl AsyncFn(&str),
    create_empty: impl AsyncFn(&str),
) {
    for secret in ["replay", "other value", "label"] {
        create(secret).await;
    }
    staging_the_same_value_under_the_same_token_again_changes_nothing(vault, "replay").await;
    staging_another_value_under_the_same_token_conflicts(vault, "other value").await;
    a_label_moves_and_its_old_version_stays_readable(vault, "label").await;
    create_empty("empty").await;
    the_first_version_of_an_empty_secret_becomes_current(vault, "empty").await;
}

async fn the_current_version_is_read(vault: &dyn Vault, secret: &str) {
    let current = vault.current(secret).await.unwrap();
    assert_eq!(current.value.expose_secret(), FIRST);
    let by_id = vault.version(secret, &current.id).await.unwrap();
    assert_eq!((by_id.id, by_id.value.expose_secret()), (current.id, FIRST));
}

async fn an_absent_secret_is_missing(vault: &dyn Vault) {
    let secret = "nowhere";
    let missing = VaultError::Missing {
        secret: secret.to_owned(),
    };
    let results = [
        vault.current(secret).await.map(drop),
        vault.version(secret, &token("v")).await.map(drop),
        vault
            .stage(secret, "a".into(), &token("v"), LABEL)
            .await
            .map(drop),
        vault.promote(secret, &token("v"), &token("w")).await,
    ];
    for result in results {
        assert_eq!(result, Err(missing.clone()));
    }
}

/// Such as people and programs put into secrets, the largest included.
async fn every_text_comes_back(vault: &dyn Vault, secret: &str) {
    for (n, text) in [
        "{\"token\": \"a\\\"b\\n\"}",
        "Łódź 東京 🏗️ \u{feff}\u{200b}\u{202e}",
        " spaces and\r\nline breaks\t\n ",
        "\u{1}",
        "x".repeat(MAX_SECRET_BYTES).as_str(),
        "é".repeat(MAX_SECRET_BYTES / 2).as_str(),
    ]
    .into_iter()
    .enumerate()
    {
        let token = token(&n.to_string());
        let staged = vault.stage(secret, text.into(), &token, LABEL).await;
        assert_eq!(value(vault, secret, &staged.unwrap()).await, text);
    }
}

async fn an_absent_secret_has_no_versions_to_list(vault: &dyn Vault) {
    let missing = Err(VaultError::Missing {
        secret: "nowhere".to_owned(),
    });
    assert_eq!(vault.versions("nowhere").await, missing);
}

async fn an_absent_version_is_missing(vault: &dyn Vault, secret: &str) {
    let missing = Err(VaultError::Missing {
        secret: secret.to_owned(),
    });
    let read = vault.version(secret, &token("absent")).await;
    assert_eq!(read.map(drop), missing);
}

async fn promoting_an_absent_version_changes_nothing(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let missing = Err(VaultError::Missing {
        secret: secret.to_owned(),
    });
    let promoted = vault.promote(secret, &token("absent"), &first).await;
    assert_eq!(promoted, missing);
    assert_eq!(vault.current(secret).await.unwrap().id, first);
    assert_eq!(stages(vault, secret, &first).await, [CURRENT]);
}

async fn a_staged_version_is_not_current(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let id = stage(vault, secret, "staged").await;
    assert_eq!(id, token("staged"), "the token is the version's id");
    assert_eq!(vault.current(secret).await.unwrap().id, first);
    assert_eq!(value(vault, secret, &id).await, "staged");
    assert_eq!(stages(vault, secret, &id).await, [LABEL]);
    assert_eq!(stages(vault, secret, &first).await, [CURRENT]);
}

async fn a_promoted_version_is_current_and_the_last_one_previous(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let second = stage(vault, secret, "second").await;
    vault.promote(secret, &second, &first).await.unwrap();
    assert_eq!(
        vault.current(secret).await.unwrap().value.expose_secret(),
        "second"
    );
    assert_eq!(own_stages(vault, secret, &second).await, [CURRENT]);
    assert_eq!(stages(vault, secret, &first).await, [PREVIOUS]);

    let third = stage(vault, secret, "third").await;
    vault.promote(secret, &third, &second).await.unwrap();
    assert_eq!(own_stages(vault, secret, &third).await, [CURRENT]);
    assert_eq!(own_stages(vault, secret, &second).await, [PREVIOUS]);
    assert_eq!(stages(vault, secret, &first).await, [""; 0]);
}

async fn promoting_what_is_current_succeeds(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let second = stage(vault, secret, "second").await;
    for from in [&first, &first, &token("never")] {
        vault.promote(secret, &second, from).await.unwrap();
        assert_eq!(vault.current(secret).await.unwrap().id, second);
    }
}

async fn a_late_promoter_conflicts(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let early = stage(vault, secret, "early").await;
    let late = stage(vault, secret, "late").await;
    vault.promote(secret, &early, &first).await.unwrap();
    for from in [&first, &token("never")] {
        let result = vault.promote(secret, &late, from).await;
        assert_eq!(result, Err(VaultError::Conflict));
    }
    assert_eq!(vault.current(secret).await.unwrap().id, early);
    assert_eq!(stages(vault, secret, &first).await, [PREVIOUS]);
}

async fn an_earlier_version_can_be_promoted_again(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let second = stage(vault, secret, "second").await;
    vault.promote(secret, &second, &first).await.unwrap();
    vault.promote(secret, &first, &second).await.unwrap();
    assert_eq!(
        vault.current(secret).await.unwrap().value.expose_secret(),
        FIRST
    );
    assert_eq!(stages(vault, secret, &first).await, [CURRENT]);
    assert_eq!(own_stages(vault, secret, &second).await, [PREVIOUS]);
}

async fn the_versions_of_two_secrets_are_apart(vault: &dyn Vault, [one, two]: [&str; 2]) {
    let first = vault.current(one).await.unwrap().id;
    let same = token("the same token");
    for (secret, value) in [(one, "of one"), (two, "of two")] {
        let staged = vault.stage(secret, value.into(), &same, LABEL).await;
        assert_eq!(staged, Ok(same.clone()));
    }
    vault.promote(one, &same, &first).await.unwrap();
    assert_eq!(value(vault, one, &same).await, "of one");
    assert_eq!(value(vault, two, &same).await, "of two");
    let current = vault.current(two).await.unwrap();
    assert_eq!(current.value.expose_secret(), FIRST);
}

async fn of_two_promoters_one_wins(vault: &dyn Vault, secret: &str) {
    let mut current = vault.current(secret).await.unwrap().id;
    for round in 0..20 {
        let a = stage(vault, secret, &format!("a{round}")).await;
        let b = stage(vault, secret, &format!("b{round}")).await;
        let (won_a, won_b) = futures::join!(
            vault.promote(secret, &a, &current),
            vault.promote(secret, &b, &current)
        );
        current = match (won_a, won_b) {
            (Ok(()), Err(VaultError::Conflict)) => a,
            (Err(VaultError::Conflict), Ok(())) => b,
            results => panic!("one must win and one conflict: {results:?}"),
        };
        assert_eq!(vault.current(secret).await.unwrap().id, current);
    }
}

async fn versions_are_listed_newest_first(vault: &dyn Vault, secret: &str, tick: Duration) {
    let mut expected = vec![vault.current(secret).await.unwrap().id];
    for name in ["second", "third"] {
        tokio::time::sleep(tick).await;
        expected.insert(0, stage(vault, secret, name).await);
    }
    let versions = vault.versions(secret).await.unwrap();
    let ids: Vec<&str> = versions.iter().map(|version| version.id.as_str()).collect();
    assert_eq!(ids, expected);
    assert!(versions.is_sorted_by(|newer, older| newer.created >= older.created));
}

/// Secrets Manager lists 100 versions in one call.
async fn more_versions_than_one_call_lists_are_listed(vault: &dyn Vault, secret: &str) {
    let mut expected = BTreeSet::from([vault.current(secret).await.unwrap().id]);
    for n in 0..110 {
        expected.insert(stage(vault, secret, &n.to_string()).await);
    }
    let versions = vault.versions(secret).await.unwrap();
    assert_eq!(versions.len(), expected.len());
    let listed: BTreeSet<String> = versions.into_iter().map(|version| version.id).collect();
    assert_eq!(listed, expected);
}

async fn staging_the_same_value_under_the_same_token_again_changes_nothing(
    vault: &dyn Vault,
    secret: &str,
) {
    let first = vault.current(secret).await.unwrap().id;
    let second = stage(vault, secret, "second").await;
    assert_eq!(stage(vault, secret, "second").await, second);
    assert_eq!(stages(vault, secret, &second).await, [LABEL]);

    vault.promote(secret, &second, &first).await.unwrap();
    let third = stage(vault, secret, "third").await;
    assert_eq!(stage(vault, secret, "second").await, second);
    assert_eq!(vault.current(secret).await.unwrap().id, second);
    assert_eq!(vault.versions(secret).await.unwrap().len(), 3);
    for (version, expected) in [(&first, PREVIOUS), (&second, CURRENT), (&third, LABEL)] {
        assert_eq!(stages(vault, secret, version).await, [expected]);
    }
}

async fn staging_another_value_under_the_same_token_conflicts(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let token = token("one");
    let id = stage(vault, secret, "one").await;
    for _ in 0..2 {
        let other = vault.stage(secret, "other".into(), &token, LABEL).await;
        assert_eq!(other, Err(VaultError::Conflict));
        assert_eq!(value(vault, secret, &id).await, "one");
        // Nor once it is current.
        vault.promote(secret, &id, &first).await.unwrap();
    }
}

async fn a_label_moves_and_its_old_version_stays_readable(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let old = stage(vault, secret, "old").await;
    let new = stage(vault, secret, "new").await;
    assert_eq!(stages(vault, secret, &old).await, [""; 0]);
    assert_eq!(stages(vault, secret, &new).await, [LABEL]);
    assert_eq!(value(vault, secret, &old).await, "old");

    vault.promote(secret, &new, &first).await.unwrap();
    assert_eq!(stages(vault, secret, &new).await, [CURRENT, LABEL]);
    // Without any label it can still be made current.
    vault.promote(secret, &old, &new).await.unwrap();
    assert_eq!(vault.current(secret).await.unwrap().id, old);
    assert_eq!(stages(vault, secret, &new).await, [PREVIOUS, LABEL]);
}

/// Whatever its label, as AWS documents it.
async fn the_first_version_of_an_empty_secret_becomes_current(vault: &dyn Vault, secret: &str) {
    let missing = Err(VaultError::Missing {
        secret: secret.to_owned(),
    });
    assert_eq!(vault.current(secret).await.map(drop), missing);
    let id = stage(vault, secret, "one").await;
    assert_eq!(vault.current(secret).await.unwrap().id, id);
    assert_eq!(stages(vault, secret, &id).await, [CURRENT, LABEL]);
    let next = stage(vault, secret, "two").await;
    assert_eq!(vault.current(secret).await.unwrap().id, id);
    vault.promote(secret, &next, &id).await.unwrap();
    assert_eq!(vault.current(secret).await.unwrap().id, next);
}

async fn what_cannot_be_staged_is_refused(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let good = token("good");
    let largest = "x".repeat(MAX_SECRET_BYTES);
    let too_large = "x".repeat(MAX_SECRET_BYTES + 1);
    for (value, token, label) in [
        ("a", good.as_str(), CURRENT),
        ("a", &good, PREVIOUS),
        ("a", &good, ""),
        ("a", &"t".repeat(31), LABEL),
        ("a", &"t".repeat(65), LABEL),
        ("", &good, LABEL),
        (&too_large, &good, LABEL),
    ] {
        let result = vault.stage(secret, value.into(), token, label).await;
        assert!(matches!(result, Err(VaultError::Refused(_))), "{result:?}");
    }
    assert_eq!(vault.versions(secret).await.unwrap().len(), 1);
    assert_eq!(vault.current(secret).await.unwrap().id, first);

    for token in ["t".repeat(32), "t".repeat(64)] {
        let value = SecretString::from(largest.as_str());
        assert_eq!(vault.stage(secret, value, &token, LABEL).await, Ok(token));
    }
}

async fn no_error_shows_a_value(vault: &dyn Vault, secret: &str) {
    let marker = "confidential";
    let staged = vault
        .stage(secret, marker.into(), &token("quiet"), LABEL)
        .await;
    let id = staged.unwrap();
    let version = vault.version(secret, &id).await.unwrap();
    assert!(!format!("{version:?}").contains(marker));
    let too_large = marker.repeat(MAX_SECRET_BYTES);
    for result in [
        vault
            .stage(secret, marker.into(), "short", LABEL)
            .await
            .map(drop),
        vault
            .stage(secret, too_large.into(), &token("a"), LABEL)
            .await
            .map(drop),
        vault
            .stage("nowhere", marker.into(), &token("a"), LABEL)
            .await
            .map(drop),
        vault.promote(secret, &id, &token("never")).await,
    ] {
        let error = result.unwrap_err();
        assert!(!format!("{error} {error:?}").contains(marker), "{error}");
    }
}

/// A version token of 36 characters that begins with the name.
pub(crate) fn token(name: &str) -> String {
    format!("{name:-<36}")
}

/// Stages a value under a token made of it.
pub(crate) async fn stage(vault: &dyn Vault, secret: &str, value: &str) -> String {
    vault
        .stage(secret, value.into(), &token(value), LABEL)
        .await
        .unwrap()
}

async fn value(vault: &dyn Vault, secret: &str, version: &str) -> String {
    let version = vault.version(secret, version).await.unwrap();
    version.value.expose_secret().to_owned()
}

/// The staging labels of a version that must be listed, in alphabetical order.
pub(crate) async fn stages(vault: &dyn Vault, secret: &str, version: &str) -> Vec<String> {
    let versions = vault.versions(secret).await.unwrap();
    let mut stages = versions
        .into_iter()
        .find(|listed| listed.id == version)
        .expect("the version is listed")
        .stages;
    stages.sort();
    stages
}

/// The labels of a version that are the vault's own.
async fn own_stages(vault: &dyn Vault, secret: &str, version: &str) -> Vec<String> {
    let mut stages = stages(vault, secret, version).await;
    stages.retain(|stage| stage != LABEL);
    stages
}

async fn what_a_person_enters_becomes_current(vault: &dyn Vault, secret: &str) {
    let versions = std::sync::atomic::AtomicU64::new(0);
    let next = || {
        let version = versions.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        format!("a-version-that-a-person-entered-{version:04}")
    };
    for value in ["entered", "entered again"] {
        let value = SecretString::from(value);
        secrets::replace(vault, secret, &value, next).await.unwrap();
        let current = vault.current(secret).await.unwrap();
        assert_eq!(current.value.expose_secret(), value.expose_secret());
    }
    let absent = secrets::replace(vault, "absent", &SecretString::from("x"), next).await;
    assert!(absent.is_err());
}
