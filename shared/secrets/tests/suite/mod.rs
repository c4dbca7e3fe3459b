//! What every vault must do. Each fact has a secret of its own, which holds [`FIRST`] when it begins.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use secrets::{CURRENT, MAX_SECRET_BYTES, PREVIOUS, Vault, VaultError};

/// What each secret holds at first.
pub(crate) const FIRST: &str = "the first value";
/// The label under which the facts stage.
pub(crate) const LABEL: &str = "FRESH";

/// Holds a vault to all the facts. `create` makes a secret that holds [`FIRST`] as its current version; after `tick` the vault's clock shows a later time.
pub(crate) async fn run(vault: &dyn Vault, create: impl AsyncFn(&str), tick: Duration) {
    for secret in SECRETS {
        create(secret).await;
    }
    the_current_version_is_read(vault, "read").await;
    an_absent_secret_is_missing(vault).await;
    an_absent_version_is_missing(vault, "version").await;
    a_staged_version_is_not_current(vault, "staged").await;
    a_promoted_version_is_current_and_the_last_one_previous(vault, "promoted").await;
    promoting_what_is_current_succeeds(vault, "again").await;
    a_late_promoter_conflicts(vault, "late").await;
    an_earlier_version_can_be_promoted_again(vault, "back").await;
    of_two_promoters_one_wins(vault, "race").await;
    versions_are_listed_newest_first(vault, "list", tick).await;
    what_cannot_be_staged_is_refused(vault, "refused").await;
    no_error_shows_a_value(vault, "quiet").await;
}

const SECRETS: [&str; 11] = [
    "read", "version", "staged", "promoted", "again", "late", "back", "race", "list", "refused",
    "quiet",
];

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
        vault.versions(secret).await.map(drop),
    ];
    for result in results {
        assert_eq!(result, Err(missing.clone()));
    }
}

async fn an_absent_version_is_missing(vault: &dyn Vault, secret: &str) {
    let first = vault.current(secret).await.unwrap().id;
    let missing = Err(VaultError::Missing {
        secret: secret.to_owned(),
    });
    assert_eq!(
        vault.version(secret, &token("absent")).await.map(drop),
        missing
    );
    assert_eq!(
        vault.promote(secret, &token("absent"), &first).await,
        missing
    );
    assert_eq!(vault.current(secret).await.unwrap().id, first);
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
