//! A connection that Xero refused for this organisation: the token is kept alive, and Xero says
//! when work can go on.

use std::sync::Arc;

use fake_xero::{Fault, FaultKind};
use refresh_token::Outcome;
use runtime::records::{DeadCause, DeadConnectionRecord, Records, SINGLETON};
use runtime::telemetry::Metric;
use serde_json::{Value, json};
use store::Expect;
use time::Duration;

use crate::world::{SCHEDULE, World};

async fn records(world: &World) -> Records {
    let (_, secret) = world.current().await;
    Records::new(Arc::new(world.table.clone()), secret.tenant_id.unwrap())
}

async fn dead(world: &World) -> Option<DeadConnectionRecord> {
    let dead = records(world).await.get(SINGLETON).await.unwrap();
    dead.map(|dead| dead.value)
}

/// As a worker records it that was refused with the current token.
async fn refuse(world: &World, cause: DeadCause) {
    let dead = DeadConnectionRecord {
        since: world.now(),
        why: "the app is not connected to this organisation".to_owned(),
        secret_version: world.current().await.0,
        cause,
    };
    let records = records(world).await;
    let put = records.put(SINGLETON, &dead, Expect::Any).unwrap();
    records.write(vec![put]).await.unwrap();
}

fn set_connected(world: &World, connected: bool) {
    let mut xero = world.xero.lock().unwrap();
    let tenant = xero.tenant_id();
    xero.set_connected(tenant, connected);
}

fn take_metrics(world: &World) -> Vec<Metric> {
    std::mem::take(&mut *world.metrics.lock().unwrap())
}

#[tokio::test]
async fn the_token_of_a_disconnected_organisation_lives_until_xero_lists_it_again() {
    let world = World::connected();
    set_connected(&world, false);
    refuse(&world, DeadCause::NotConnected).await;
    let since = dead(&world).await.unwrap().since;
    // Longer than an unused refresh token lives.
    for _ in 0..3 {
        world.pass(Duration::days(50));
        take_metrics(&world);
        assert_eq!(world.run().await.unwrap(), Outcome::Disconnected);
        assert!(world.is_alive().await);
        let dead = dead(&world).await.unwrap();
        // In force for the new token too, so that no worker tries in vain.
        assert_eq!(dead.secret_version, world.current().await.0);
        assert_eq!(dead.since, since);
        assert_eq!(
            take_metrics(&world),
            [Metric::ConnectionDead, Metric::TokenFresh]
        );
    }
    set_connected(&world, true);
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(dead(&world).await, None);
}

#[tokio::test]
async fn a_disconnected_organisation_costs_no_more_calls_than_a_connected_one() {
    let world = World::connected();
    set_connected(&world, false);
    refuse(&world, DeadCause::NotConnected).await;
    let calls = world.token_calls();
    for _ in 0..12 {
        world.pass(SCHEDULE);
        world.run().await.unwrap();
    }
    assert!(
        world.token_calls() - calls <= 4,
        "{}",
        world.token_calls() - calls
    );
}

#[tokio::test]
async fn where_xero_does_not_say_what_is_connected_the_connection_stays_dead() {
    let world = World::connected();
    refuse(&world, DeadCause::NotConnected).await;
    for kind in [
        FaultKind::Gateway {
            status: 403,
            blank: false,
        },
        FaultKind::Gateway {
            status: 403,
            blank: true,
        },
        FaultKind::Status { status: 503 },
        FaultKind::LostAnswer,
    ] {
        let fault = Fault::next_call(kind).on("GET", "/connections");
        world.xero.lock().unwrap().inject(fault);
        world.pass_until_due();
        assert_eq!(world.run().await.unwrap(), Outcome::Disconnected);
        let dead = dead(&world).await.unwrap();
        assert_eq!(dead.secret_version, world.current().await.0);
    }
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(dead(&world).await, None);
}

#[tokio::test]
async fn a_record_of_version_0_1_says_no_cause_and_the_next_refresh_finds_out() {
    // Refused by the organisation, which is connected again.
    let world = World::connected();
    let stored = json!({"since": "2026-09-21T00:00:00Z", "why": "dead", "secret_version": world.current().await.0});
    let old: DeadConnectionRecord = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(old.cause, DeadCause::Unknown);
    refuse(&world, old.cause).await;
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(dead(&world).await, None);
    // The refresh token is refused: Xero is asked once more, and then left alone.
    let world = World::connected();
    refuse(&world, old.cause).await;
    world.xero.lock().unwrap().revoke_refresh_tokens();
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::ConnectionDead);
    assert_eq!(dead(&world).await.unwrap().cause, DeadCause::RefreshRefused);
    let calls = world.calls();
    world.pass(SCHEDULE);
    assert_eq!(world.run().await.unwrap(), Outcome::ConnectionDead);
    assert_eq!(world.calls(), calls);
    // A cause that a later version knows reads as one that is not known.
    let later = |cause: &str| {
        let mut later = stored.clone();
        later["cause"] = Value::from(cause);
        serde_json::from_value::<DeadConnectionRecord>(later)
            .unwrap()
            .cause
    };
    assert_eq!(later("OfALaterVersion"), DeadCause::Unknown);
    assert_eq!(later("RefreshRefused"), DeadCause::RefreshRefused);
}

#[tokio::test]
async fn a_missing_permission_stays_until_a_person_connects_again() {
    let world = World::connected();
    refuse(&world, DeadCause::MissingScope).await;
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::Disconnected);
    assert!(world.is_alive().await);
    world.a_person_connects();
    world.pass_until_due();
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(dead(&world).await, None);
}

#[tokio::test]
async fn a_gateway_before_the_token_endpoint_passes() {
    let world = World::connected();
    for blank in [false, true] {
        for status in [403, 503] {
            world.pass_until_due();
            world.inject(FaultKind::Gateway { status, blank });
            assert_eq!(world.run().await.unwrap(), Outcome::TryAgain);
            assert_eq!(dead(&world).await, None);
            world.pass(SCHEDULE);
            assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
        }
    }
}

#[tokio::test]
async fn an_app_that_lacks_a_scope_has_an_alarm_of_its_own() {
    for (error, outcome) in [
        ("invalid_scope", Outcome::ScopesRefused),
        ("unauthorized_client", Outcome::ScopesRefused),
        ("invalid_client", Outcome::AppRejected),
    ] {
        let world = World::connected();
        world.pass_until_due();
        world.inject(FaultKind::OAuth {
            error: error.to_owned(),
        });
        assert_eq!(world.run().await.unwrap(), outcome);
        assert_eq!(take_metrics(&world), [Metric::XeroAppRefused]);
        assert_eq!(dead(&world).await, None);
        world.pass(SCHEDULE);
        assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    }
}

#[tokio::test]
async fn what_a_person_disconnected_is_left_alone_and_rings_no_alarm() {
    let world = World::connected();
    refuse(&world, DeadCause::DisconnectedByPerson).await;
    let calls = world.token_calls();
    for _ in 0..3 {
        world.pass(Duration::days(1));
        take_metrics(&world);
        assert_eq!(world.run().await.unwrap(), Outcome::DisconnectedByPerson);
        assert_eq!(take_metrics(&world), [Metric::TokenFresh]);
    }
    assert_eq!(world.token_calls(), calls);
    assert!(dead(&world).await.is_some());
}

#[tokio::test]
async fn a_person_who_connects_again_ends_their_disconnection() {
    let world = World::connected();
    refuse(&world, DeadCause::DisconnectedByPerson).await;
    world.pass(Duration::days(1));
    world.a_person_connects();
    world.pass_until_due();
    take_metrics(&world);
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(dead(&world).await, None);
    assert_eq!(take_metrics(&world), [Metric::TokenFresh]);
}
