//! Promise 3, whatever goes wrong: the stored refresh token is always one that Xero accepts.

use std::pin::pin;

use fake_xero::FaultKind;
use futures::future::join;
use refresh_token::{Outcome, RefreshError, refresh};
use secrets::VaultError;
use store::MemoryTable;
use time::Duration;

use crate::world::{Accident, Fate, SCHEDULE, World, poll_times, run_or_crash};

const ACCIDENTS: [Accident; 4] = [
    Accident::CrashBefore,
    Accident::CrashAfter,
    Accident::FailureBefore,
    Accident::FailureAfter,
];

#[tokio::test]
async fn an_accident_at_any_call_is_mended_by_the_next_two_runs() {
    for accident in ACCIDENTS {
        let mut call = 0;
        loop {
            let world = World::connected();
            world.pass_until_due();
            let fate = Fate::accident(call, accident);
            let _ = run_or_crash(world.parts(&fate)).await;
            if fate.calls() <= call {
                break;
            }
            assert!(world.is_alive().await, "{accident:?} at call {call}");
            for _ in 0..2 {
                world.pass(SCHEDULE);
                world.run().await.unwrap();
                assert!(world.is_alive().await, "{accident:?} at call {call}");
            }
            assert!(
                world.minutes_left().await > 10,
                "{accident:?} at call {call}"
            );
            assert!(world.token_calls() <= 2, "{accident:?} at call {call}");
            call += 1;
        }
        assert!(call > 10, "a renewal makes more calls than {call}");
    }
}

#[tokio::test]
async fn an_accident_at_any_call_of_a_custom_connections_first_run_is_mended() {
    for accident in ACCIDENTS {
        let mut call = 0;
        loop {
            let world = World::custom_connection();
            let fate = Fate::accident(call, accident);
            let _ = run_or_crash(world.parts(&fate)).await;
            if fate.calls() <= call {
                break;
            }
            for _ in 0..2 {
                world.pass(SCHEDULE);
                world.run().await.unwrap();
            }
            assert_eq!(
                world.run().await.unwrap(),
                Outcome::Fresh,
                "{accident:?} at call {call}"
            );
            assert!(world.current().await.1.tenant_id.is_some());
            call += 1;
        }
        assert!(call > 10, "a first run makes more calls than {call}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_recovered_within_the_grace() {
    let world = World::connected();
    world.pass_until_due();
    for _ in 0..5 {
        world.inject(FaultKind::LostAnswer);
        assert_eq!(world.run().await.unwrap(), Outcome::TryAgain);
        world.pass(SCHEDULE);
    }
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert!(world.is_alive().await);
}

#[tokio::test]
async fn an_outage_of_xero_costs_one_call_a_run() {
    let world = World::connected();
    world.pass_until_due();
    for status in [500, 503, 429, 404] {
        world.inject(FaultKind::Status { status });
        let calls = world.token_calls();
        assert_eq!(world.run().await.unwrap(), Outcome::TryAgain);
        assert_eq!(world.token_calls() - calls, 1);
        world.pass(SCHEDULE);
    }
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
}

#[tokio::test]
async fn the_second_of_two_refreshers_makes_no_call() {
    for seed in 0..100 {
        let world = World::connected();
        world.pass_until_due();
        let first = world.parts(&Fate::paced(seed));
        let second = world.parts(&Fate::paced(seed + 1_000));
        let outcomes = join(refresh(&first), refresh(&second)).await;
        let outcomes = [outcomes.0.unwrap(), outcomes.1.unwrap()];
        assert!(outcomes.contains(&Outcome::Refreshed), "{outcomes:?}");
        assert_eq!(world.token_calls(), 1, "{outcomes:?}");
    }
}

#[tokio::test]
async fn a_refresher_that_was_overtaken_reads_again_and_makes_no_call() {
    for pauses in 0.. {
        let world = World::connected();
        world.pass_until_due();
        let overtaken = world.parts(&Fate::paced(1));
        let mut run = pin!(refresh(&overtaken));
        if poll_times(run.as_mut(), pauses).await.is_some() {
            break;
        }
        let other = world.run().await.unwrap();
        let outcomes = [other, run.await.unwrap()];
        assert_eq!(world.token_calls(), 1, "{outcomes:?} after {pauses} pauses");
        assert!(outcomes.contains(&Outcome::Refreshed), "{outcomes:?}");
    }
}

#[tokio::test]
async fn two_refreshers_who_know_of_no_lease_cannot_undo_each_other() {
    let mut lost = 0;
    for seed in 0..300 {
        let world = World::connected();
        world.pass(Duration::minutes(23)); // due by either clock
        let ahead = Duration::minutes(2);
        let first = world.parts_with(&Fate::paced(seed), MemoryTable::new(), -ahead);
        let second = world.parts_with(&Fate::paced(seed + 1_000), MemoryTable::new(), ahead);
        let outcomes = join(refresh(&first), refresh(&second)).await;
        let outcomes = [outcomes.0.unwrap(), outcomes.1.unwrap()];
        lost += usize::from(outcomes.contains(&Outcome::Superseded));
        assert!(world.is_alive().await, "seed {seed}: {outcomes:?}");

        let (version, _) = world.current().await;
        assert_eq!(world.run().await.unwrap(), Outcome::Fresh);
        assert_eq!(
            world.current().await.0,
            version,
            "the loser never becomes current"
        );
        for _ in 0..12 {
            world.pass(SCHEDULE);
            world.run().await.unwrap();
            assert!(world.is_alive().await, "seed {seed}");
        }
    }
    assert!(lost > 50, "only {lost} of 300 met");
}

/// Which call of a renewal, counted from 0, stores the new token.
async fn call_that_stores() -> usize {
    let mut call = 0;
    loop {
        let world = World::connected();
        world.pass_until_due();
        let fate = Fate::accident(call, Accident::CrashAfter);
        assert!(run_or_crash(world.parts(&fate)).await.is_none());
        if world.version_count().await == 2 {
            return call;
        }
        call += 1;
    }
}

#[tokio::test]
async fn a_stored_token_that_was_not_made_current_is_made_so_without_another_call() {
    let world = World::connected();
    world.pass_until_due();
    let fate = Fate::accident(call_that_stores().await, Accident::CrashAfter);
    assert!(run_or_crash(world.parts(&fate)).await.is_none());
    assert_eq!(world.minutes_left().await, 10, "the old one is current");
    world.pass(SCHEDULE);
    assert_eq!(world.run().await.unwrap(), Outcome::Recovered);
    assert_eq!((world.token_calls(), world.version_count().await), (1, 2));
    assert_eq!(world.minutes_left().await, 25);
    assert!(world.is_alive().await);
}

#[tokio::test]
async fn a_stored_token_found_late_gives_its_refresh_token_for_the_next() {
    let world = World::connected();
    world.pass_until_due();
    let fate = Fate::accident(call_that_stores().await, Accident::CrashAfter);
    assert!(run_or_crash(world.parts(&fate)).await.is_none());
    // Long after the grace in which Xero takes the old one.
    world.pass(Duration::days(3));
    assert!(!world.is_alive().await);
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(world.token_calls(), 2);
    assert!(world.is_alive().await);
}

#[tokio::test]
async fn a_failing_store_is_tried_again_under_the_same_version() {
    let call = call_that_stores().await;
    for accident in [Accident::FailureBefore, Accident::FailureAfter] {
        let world = World::connected();
        world.pass_until_due();
        let fate = Fate::accidents(call..call + 2, accident);
        assert_eq!(
            refresh(&world.parts(&fate)).await.unwrap(),
            Outcome::Refreshed
        );
        assert_eq!((world.token_calls(), world.version_count().await), (1, 2));
        assert!(world.is_alive().await);
    }
}

#[tokio::test]
async fn a_token_that_could_not_be_stored_is_asked_for_again_by_the_next_run() {
    let call = call_that_stores().await;
    let world = World::connected();
    world.pass_until_due();
    let fate = Fate::accidents(call..call + 3, Accident::FailureBefore);
    let error = refresh(&world.parts(&fate)).await.unwrap_err();
    assert!(matches!(
        error,
        RefreshError::Vault(VaultError::Unavailable(_))
    ));
    assert_eq!(world.version_count().await, 1);
    world.pass(SCHEDULE);
    assert_eq!(world.run().await.unwrap(), Outcome::Refreshed);
    assert_eq!(world.token_calls(), 2);
    assert!(world.is_alive().await);
}
