//! Contacts that were put off.

use std::sync::atomic::Ordering;

use poll::Mode;
use rules::AskedBy;
use runtime::records::{DeferReason, DeferredRecord, PauseRecord};
use time::Duration;

use crate::world::World;

fn deferred(world: &World, since_minutes: i64, due_in_minutes: i64) -> DeferredRecord {
    DeferredRecord {
        since: world.now() - Duration::minutes(since_minutes),
        due: world.now() + Duration::minutes(due_in_minutes),
        reason: DeferReason::XeroLimit,
        attempts: 3,
        incomplete_answers: 0,
        unknown_answers: rules::UnknownAnswers::default(),
        look_at_xero: false,
        by: AskedBy::Schedule,
    }
}

#[tokio::test]
async fn those_that_are_due_go_before_the_changes_and_the_oldest_first() {
    let world = World::swept().await;
    world.put(1, &deferred(&world, 10, 0)).await;
    world.put(2, &deferred(&world, 30, -1)).await;
    world.put(3, &deferred(&world, 60, 1)).await;
    world.edit(4, |contact| contact.name.push('!'));
    let (queued, contacts) = world.polled().await;
    assert_eq!(contacts, [2, 1, 4]);
    assert_eq!((queued.deferred, queued.listed), (2, 1));
}

#[tokio::test]
async fn one_that_nobody_settles_is_queued_again_and_keeps_its_age_and_attempts() {
    let world = World::swept().await;
    let first = deferred(&world, 10, 0);
    world.put(1, &first).await;
    for minute in 0..=15 {
        let (_, contacts) = world.polled().await;
        let expected: &[u64] = if minute % 15 == 0 { &[1] } else { &[] };
        assert_eq!(contacts, expected, "minute {minute}");
        world.pass(Duration::minutes(1));
    }
    let kept: DeferredRecord = world.read(1).await.unwrap();
    assert_eq!((kept.since, kept.attempts), (first.since, 3));
}

#[tokio::test]
async fn one_that_a_worker_settled_is_not_queued_again() {
    let world = World::swept().await;
    world.put(1, &deferred(&world, 10, 0)).await;
    world.polled().await;
    let records = world.records();
    let settled = records.get::<DeferredRecord>(1).await.unwrap().unwrap();
    let removal = records.delete::<DeferredRecord>(1, settled.as_read());
    records.write(vec![removal]).await.unwrap();
    world.pass(Duration::hours(1));
    assert_eq!(world.polled().await.1, [0_u64; 0]);
}

#[tokio::test]
async fn none_goes_while_xero_may_not_be_called() {
    let world = World::swept().await;
    let pause = PauseRecord {
        until: world.now() + Duration::minutes(20),
        why: "its limit of calls is reached (of the day)".to_owned(),
        reason: DeferReason::XeroLimit,
    };
    world.put("only", &pause).await;
    let waiting = deferred(&world, 10, 0);
    world.put(1, &waiting).await;
    world.edit(2, |contact| contact.name.push('!'));
    assert_eq!(world.polled().await.1, [2], "changes go on");
    assert_eq!(world.read(1).await, Some(waiting));
    world.pass(Duration::minutes(20));
    assert!(world.polled().await.1.contains(&1));
}

#[tokio::test]
async fn none_is_lost_where_the_queue_fails() {
    let world = World::swept().await;
    world.put(1, &deferred(&world, 10, 0)).await;
    world.queue.is_down.store(true, Ordering::SeqCst);
    world.poll(Mode::Changes).await.unwrap_err();
    world.queue.is_down.store(false, Ordering::SeqCst);
    world.pass(Duration::minutes(15));
    assert_eq!(world.polled().await.1, [1]);
}

#[tokio::test]
async fn they_go_although_bigchange_does_not_answer() {
    let world = World::swept().await;
    world.put(1, &deferred(&world, 10, 0)).await;
    world.set_password("expired");
    world.poll(Mode::Changes).await.unwrap_err();
    assert_eq!(world.queue.take(), [1]);
}

#[tokio::test]
async fn at_most_two_thousand_go_in_one_poll() {
    let world = World::swept().await;
    for id in 1..=2_001 {
        let minutes = i64::from(id);
        world.put(id, &deferred(&world, minutes, 0)).await;
    }
    let (queued, contacts) = world.polled().await;
    assert_eq!((queued.deferred, contacts.len()), (2_000, 2_000));
    assert_eq!(contacts[0], 2_001);
    assert_eq!(world.polled().await.1, [1]);
}

#[tokio::test]
async fn what_a_newer_version_stored_with_a_deferral_stays_when_it_is_queued() {
    let world = World::swept().await;
    world.put(1, &deferred(&world, 10, 0)).await;
    let key = store::Key::new(format!("{}#deferred", world.records().tenant()), "1");
    let body = |world: &World| {
        let item = world.table.dump().into_iter().find(|item| item.key == key);
        item.unwrap().body
    };
    let mut newer = body(&world);
    newer["reason"] = "SwitchedOff".into();
    newer["by"] = "person".into();
    let write = store::Write::Put {
        key: key.clone(),
        expect: store::Expect::Any,
        body: newer,
        expires_at_unix_seconds: None,
    };
    store::Table::write(&world.table, vec![write])
        .await
        .unwrap();
    assert_eq!(world.polled().await.1, [1]);
    let now = body(&world);
    assert_eq!(now["reason"], "SwitchedOff");
    assert_eq!(now["by"], "person");
}
