//! Where nothing goes wrong.

use refresh_token::{Outcome, RefreshError, STAGING_LABEL};
use secrets::{CURRENT, Vault};
use time::Duration;

use crate::world::{SCHEDULE, TOKEN, World};

#[tokio::test]
async fn a_fresh_token_is_left_alone() {
    let world = World::connected();
    world.pass(Duration::seconds(1_199));
    assert_eq!(world.run().await.unwrap(), Outcome::Fresh);
    assert_eq!(world.calls(), 0);
    assert_eq!(world.version_count().await, 1);
    assert!(world.table.dump().is_empty());
}

#[tokio::test]
async fn a_token_with_a_third_of_its_life_left_is_renewed() {
    let world = World::connected();
    let (old, _) = world.current().await;
    world.pass(Duration::seconds(1_200));
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);

    let (new, secret) = world.current().await;
    assert_ne!(new, old);
    assert_eq!(world.token_calls(), 1);
    assert_eq!(world.minutes_left().await, 30);
    assert_eq!(
        secret.tenant_id.map(uuid::Uuid::from),
        Some(world.xero.lock().unwrap().tenant_id())
    );
    assert!(world.is_alive().await);
    assert_eq!(world.run().await.unwrap(), Outcome::Fresh);
}

#[tokio::test]
async fn a_new_token_is_staged_under_a_label_of_its_own() {
    let world = World::connected();
    world.pass_until_due();
    world.run().await.unwrap();
    let newest = world.vault.versions(TOKEN).await.unwrap().remove(0);
    assert_eq!(newest.stages, [STAGING_LABEL, CURRENT]);
}

#[tokio::test]
async fn a_quiet_hour_takes_at_most_four_token_calls_and_six_stored_versions() {
    let world = World::connected();
    for _ in 0..24 {
        let (calls, versions) = (world.token_calls(), world.version_count().await);
        for _ in 0..12 {
            world.run().await.unwrap();
            assert!(world.is_alive().await);
            assert!(world.minutes_left().await >= 10);
            world.pass(SCHEDULE);
        }
        assert!(world.token_calls() - calls <= 4);
        assert!(world.version_count().await - versions <= 6);
    }
}

#[tokio::test]
async fn an_end_that_no_token_has_is_not_believed() {
    let world = World::connected();
    let (_, mut secret) = world.current().await;
    secret.expires_at = Some(world.now() + Duration::days(365));
    world.vault.set_current(TOKEN, secret.to_json());
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(world.minutes_left().await, 30);
}

#[tokio::test]
async fn a_custom_connection_starts_from_blank_and_learns_its_organisation() {
    let world = World::custom_connection();
    assert_eq!(world.run().await.unwrap(), Outcome::OrganisationLearnt);
    let (_, secret) = world.current().await;
    assert_eq!(
        secret.tenant_id.map(uuid::Uuid::from),
        Some(world.xero.lock().unwrap().tenant_id())
    );
    assert!(secret.access_token.is_some() && secret.refresh_token.is_none());
    assert_eq!(world.calls(), 2, "a token and the connections");

    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(
        world.calls(),
        4,
        "a token, and whether it is still for that organisation"
    );
}

#[tokio::test]
async fn an_app_of_several_organisations_asks_which_one_is_meant() {
    let world = World::connected();
    let (_, mut secret) = world.current().await;
    secret.tenant_id = None;
    world.vault.set_current(TOKEN, secret.to_json());
    let other = uuid::Uuid::from_u128(7);
    world
        .xero
        .lock()
        .unwrap()
        .add_organisation(other, "The other one");
    let error = world.run().await.unwrap_err();
    assert!(matches!(&error, RefreshError::SeveralOrganisations(ids) if ids.len() == 2));
    let told = error.to_string();
    assert!(
        told.contains("contact-sync connect xero") && told.contains(&other.to_string()),
        "{told}"
    );

    // The token stays fresh all the same.
    world.pass_until_due();
    world.run().await.unwrap_err();
    assert_eq!(world.minutes_left().await, 30);
    assert!(world.is_alive().await);
}
