//! What only a person can mend, and what a person does in between.

use std::pin::pin;

use refresh_token::{Outcome, RefreshError, refresh};
use runtime::records::{DeadCause, DeadConnectionRecord, Records, SINGLETON};
use runtime::telemetry::Metric;
use secrecy::ExposeSecret;
use secrets::{Vault, XeroTokenSecret};
use serde_json::json;

use crate::world::{APP, Accident, Fate, SCHEDULE, TOKEN, World, poll_times, run_or_crash};

async fn dead_version(world: &World) -> Option<String> {
    let (_, secret) = world.current().await;
    let records = Records::new(
        std::sync::Arc::new(world.table.clone()),
        secret.tenant_id.unwrap(),
    );
    let dead = records
        .get::<DeadConnectionRecord>(SINGLETON)
        .await
        .unwrap();
    dead.map(|dead| dead.value.secret_version)
}

#[tokio::test]
async fn a_refused_connection_is_dead_and_xero_is_not_asked_again() {
    let world = World::connected();
    for _ in 0..2 {
        world.pass_until_due();
        world.run().await.unwrap();
    }
    let (version, _) = world.current().await;
    world.xero.lock().unwrap().revoke_refresh_tokens();
    world.pass_until_due();
    let calls = world.token_calls();
    assert_eq!(world.run().await.unwrap(), Outcome::ConnectionDead);
    assert_eq!(
        world.token_calls() - calls,
        3,
        "the current token, and the two before it"
    );
    assert_eq!(dead_version(&world).await, Some(version));

    let calls = world.calls();
    for _ in 0..100 {
        world.pass(SCHEDULE);
        assert_eq!(world.run().await.unwrap(), Outcome::ConnectionDead);
    }
    assert_eq!(world.calls(), calls);
}

#[tokio::test]
async fn at_most_six_tokens_are_tried_before_a_connection_is_given_up() {
    let world = World::connected();
    for _ in 0..12 {
        world.pass_until_due();
        world.run().await.unwrap();
    }
    world.xero.lock().unwrap().revoke_refresh_tokens();
    world.pass_until_due();
    let calls = world.token_calls();
    assert_eq!(world.run().await.unwrap(), Outcome::ConnectionDead);
    assert_eq!(world.token_calls() - calls, 6);
}

#[tokio::test]
async fn a_connection_without_an_organisation_is_not_hammered_either() {
    let world = World::connected();
    let blank = XeroTokenSecret {
        refresh_token: Some("long since refused".into()),
        ..XeroTokenSecret::default()
    };
    world.vault.set_current(TOKEN, blank.to_json());
    for _ in 0..10 {
        assert_eq!(world.run().await.unwrap(), Outcome::ConnectionDead);
        world.pass(SCHEDULE);
    }
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test]
async fn a_token_that_a_person_stores_revives_a_dead_connection() {
    let world = World::connected();
    world.xero.lock().unwrap().revoke_refresh_tokens();
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::ConnectionDead);

    let stored = world.a_person_connects();
    assert_eq!(world.run().await.unwrap(), Outcome::Fresh);
    assert_eq!(world.current().await.0, stored);
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(dead_version(&world).await, None);
}

#[tokio::test]
async fn an_older_version_saves_a_connection_whose_current_token_is_refused() {
    let world = World::connected();
    world.pass_until_due();
    world.run().await.unwrap();
    // As if Xero had answered another refresher after this one.
    let (_, mut secret) = world.current().await;
    secret.refresh_token = Some("replaced".into());
    secret.expires_at = Some(world.now());
    world.vault.set_current(TOKEN, secret.to_json());
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(world.token_calls(), 1 + 2);
    assert!(world.is_alive().await);
}

#[tokio::test]
async fn a_token_of_another_organisation_is_no_substitute() {
    let world = World::connected();
    let (_, mut secret) = world.current().await;
    secret.refresh_token = Some("refused".into());
    secret.expires_at = None;
    secret.tenant_id = Some("11111111-1111-4111-8111-111111111111".parse().unwrap());
    world.vault.set_current(TOKEN, secret.to_json());
    assert_eq!(world.run().await.unwrap(), Outcome::ConnectionDead);
    assert_eq!(world.token_calls(), 1);
}

#[tokio::test]
async fn a_person_who_connects_meanwhile_is_not_undone() {
    let mut lost = 0;
    for pauses in 0.. {
        let world = World::connected();
        world.pass_until_due();
        let parts = world.parts(&Fate::paced(1));
        let mut run = pin!(refresh(&parts));
        let ended = poll_times(run.as_mut(), pauses).await;
        // With its expiry blank it is due at once, so a loser's token that was stored after it
        // would look the better one.
        let stored = world.a_person_stores_a_refresh_token();
        match ended {
            Some(_) => break,
            None => lost += usize::from(run.await.unwrap() == Outcome::Superseded),
        }
        assert_ne!(world.run().await.unwrap(), Outcome::Recovered);
        let current = world.vault.current(TOKEN).await.unwrap();
        assert!(
            current.value.expose_secret().contains(&stored),
            "after {pauses} pauses the current token does not say that it replaces the person's"
        );
        assert!(world.is_alive().await);
    }
    assert!(lost > 0);
}

#[tokio::test]
async fn a_rejected_app_is_told_and_tried_again_when_it_is_corrected() {
    let world = World::connected();
    world.pass_until_due();
    world.set_app("wrong", "authorization_code");
    assert_eq!(world.run().await.unwrap(), Outcome::AppRejected);
    assert!(world.is_alive().await);
    world.set_app("fake-client-secret", "authorization_code");
    world.pass(SCHEDULE);
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
}

#[tokio::test]
async fn a_custom_connection_that_died_is_given_another_chance_at_every_renewal() {
    let world = World::custom_connection();
    world.run().await.unwrap();
    let (version, secret) = world.current().await;
    // As a worker records it that was refused with 403.
    let records = Records::new(
        std::sync::Arc::new(world.table.clone()),
        secret.tenant_id.unwrap(),
    );
    let dead = DeadConnectionRecord {
        since: world.now(),
        why: "disconnected".to_owned(),
        secret_version: version,
        cause: DeadCause::NotConnected,
    };
    let put = records
        .put(SINGLETON, &dead, store::Expect::Absent)
        .unwrap();
    records.write(vec![put]).await.unwrap();
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(dead_version(&world).await, None);
}

#[tokio::test]
async fn a_custom_connection_that_was_moved_to_another_organisation_is_noticed() {
    let world = World::custom_connection();
    world.run().await.unwrap();
    let (_, before) = world.current().await;
    let other = uuid::Uuid::from_u128(0x7e4a_27f0_0000_4000_8000_0000_0000_0002);
    {
        let mut xero = world.xero.lock().unwrap();
        xero.add_organisation(other, "Another Company");
        xero.move_custom_connection(other);
    }
    world.pass_until_due();
    world.run().await.unwrap();
    let (_, after) = world.current().await;
    assert_ne!(after.tenant_id, before.tenant_id);
    assert_eq!(after.tenant_id, other.try_into().ok());
}

#[tokio::test]
async fn a_missing_refresh_token_is_told_with_its_cure() {
    let world = World::connected();
    // The organisation becomes known.
    world.pass_until_due();
    world.run().await.unwrap();
    let calls = world.calls();
    world.vault.set_current(TOKEN, "{}");
    let error = world.run().await.unwrap_err();
    assert!(matches!(error, RefreshError::NoRefreshToken));
    assert!(error.to_string().contains("contact-sync connect xero"));
    assert_eq!(world.calls(), calls);
}

#[tokio::test]
async fn before_anybody_connects_there_is_nothing_to_refresh_and_that_is_fine() {
    // As the template creates both secrets; and with the app entered, but no consent given yet.
    for (client_id, grant_type) in [
        ("", "client_credentials"),
        ("fake-client-id", "authorization_code"),
    ] {
        let world = World::custom_connection();
        let app =
            json!({"client_id": client_id, "client_secret": client_id, "grant_type": grant_type});
        world.vault.set_current(APP, app.to_string());
        assert_eq!(world.run().await.unwrap(), Outcome::NotConnectedYet);
        assert_eq!(*world.metrics.lock().unwrap(), [Metric::TokenFresh]);
        assert_eq!(world.calls(), 0);
        assert_eq!(world.table.dump(), []);
    }
}

#[tokio::test]
async fn half_an_app_or_an_app_that_is_gone_is_told() {
    let world = World::custom_connection();
    let half = json!({"client_id": "fake-client-id", "client_secret": "", "grant_type": "client_credentials"});
    world.vault.set_current(APP, half.to_string());
    world.run().await.unwrap_err();

    let world = World::connected();
    world.pass_until_due();
    world.run().await.unwrap();
    world.metrics.lock().unwrap().clear();
    let blank = json!({"client_id": "", "client_secret": "", "grant_type": "client_credentials"});
    world.vault.set_current(APP, blank.to_string());
    world.run().await.unwrap_err();
    world.vault.set_current(TOKEN, "{}");
    world.run().await.unwrap_err();
    assert_eq!(*world.metrics.lock().unwrap(), []);
}

#[tokio::test]
async fn a_mistake_in_the_app_secret_is_told_while_the_token_is_still_fresh() {
    let world = World::connected();
    world.set_app("fake-client-secret", "authorisation_code");
    let error = world.run().await.unwrap_err().to_string();
    assert!(
        error.contains("Xero app") && error.contains("`grant_type`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_for_another_organisation_is_kept_fresh_until_a_person_decides() {
    let world = World::connected();
    world.pass_until_due();
    world.run().await.unwrap();
    let other = uuid::Uuid::from_u128(7);
    let (_, mut secret) = world.current().await;
    secret.tenant_id = Some(other.try_into().unwrap());
    world.vault.set_current(TOKEN, secret.to_json());
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    let (_, secret) = world.current().await;
    assert_eq!(secret.tenant_id.map(uuid::Uuid::from), Some(other));
    assert_eq!(world.minutes_left().await, 30);
}

#[tokio::test]
async fn a_dead_connection_is_not_declared_over_a_token_that_a_person_just_stored() {
    let world = World::connected();
    world.xero.lock().unwrap().revoke_refresh_tokens();
    world.pass_until_due();
    let parts = world.parts(&Fate::paced(3));
    let mut run = pin!(refresh(&parts));
    while world.token_calls() == 0 {
        assert!(futures::poll!(&mut run).is_pending());
    }
    world.a_person_connects();
    assert_eq!(run.await.unwrap(), Outcome::Superseded);
    assert_eq!(dead_version(&world).await, None);
    assert_eq!(world.run().await.unwrap(), Outcome::Fresh);
}

#[tokio::test]
async fn a_crash_after_the_lease_holds_the_next_runs_up_for_minutes_only() {
    let world = World::connected();
    world.pass_until_due();
    // The reading of the two secrets, of the lease, and its taking.
    let fate = Fate::accident(3, Accident::CrashAfter);
    assert!(run_or_crash(world.parts(&fate)).await.is_none());
    assert_eq!(world.run().await.unwrap(), Outcome::AnotherIsAtIt);
    assert_eq!(world.token_calls(), 0);
    world.pass(SCHEDULE);
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
}
