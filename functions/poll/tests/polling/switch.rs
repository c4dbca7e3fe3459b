//! The switch, as the poll heeds it, and stacks that nobody has connected yet.

use std::sync::Arc;

use poll::{Mode, Report};
use rules::AskedBy;
use runtime::organisation::{confirm_tenant, stored_tenant};
use runtime::records::{CursorRecord, DeferReason, DeferredRecord, SINGLETON, SweepRecord};
use runtime::switch::SwitchRecord;
use runtime::telemetry::Metric;
use time::Duration;
use uuid::Uuid;

use crate::world::{RETAIL, SITES, TRADE, World};

fn deferred(world: &World, reason: DeferReason, by: AskedBy) -> DeferredRecord {
    DeferredRecord {
        since: world.now(),
        due: world.now(),
        reason,
        attempts: 0,
        incomplete_answers: 0,
        unknown_answers: rules::UnknownAnswers::default(),
        look_at_xero: false,
        by,
    }
}

/// Swept an hour ago, and switched off since; contact 1 has changed.
async fn switched_off() -> World {
    let world = World::swept().await;
    poll::disable(&world.records(), world.now()).await.unwrap();
    world.pass(Duration::hours(1));
    world.edit(1, |contact| contact.name.push('!'));
    world.take_metrics();
    world
}

#[tokio::test]
async fn while_it_is_off_the_schedules_queue_nothing_and_no_cursor_moves() {
    let world = switched_off().await;
    let cursors = world.records().list::<CursorRecord>("").await.unwrap();
    let swept: SweepRecord = world.read(SINGLETON).await.unwrap();
    let calls = world.bigchange.core().calls().len();
    for mode in [Mode::Changes, Mode::Full] {
        let report = world.poll(mode).await.unwrap();
        assert_eq!(report, Report::SwitchedOff { deferred: 0 });
        assert_eq!(world.take_metrics(), [Metric::PollSucceeded]);
        assert_eq!(world.queue.take(), [0_u64; 0]);
    }
    assert_eq!(world.bigchange.core().calls().len(), calls);
    let after = world.records().list::<CursorRecord>("").await.unwrap();
    assert_eq!(after, cursors);
    assert_eq!(world.read(SINGLETON).await, Some(swept));
}

#[tokio::test]
async fn while_it_is_off_what_a_person_asked_for_comes_round_again() {
    let world = switched_off().await;
    let persons = deferred(&world, DeferReason::XeroLimit, AskedBy::Person);
    world.put(1, &persons).await;
    let others = [
        (2, DeferReason::SwitchedOff),
        (3, DeferReason::XeroUnavailable),
    ];
    for (id, reason) in others {
        let waiting = deferred(&world, reason, AskedBy::Schedule);
        world.put(id, &waiting).await;
    }
    let report = world.poll(Mode::Changes).await.unwrap();
    assert_eq!(report, Report::SwitchedOff { deferred: 1 });
    let sent = world.queue.take_messages();
    let sent: Vec<_> = sent.iter().map(|m| (m.contact_id.get(), m.by)).collect();
    assert_eq!(sent, [(1, AskedBy::Person)]);
    let kept: DeferredRecord = world.read(1).await.unwrap();
    assert_eq!(
        kept.by,
        AskedBy::Person,
        "it is queued again until it comes to an end"
    );

    poll::enable(&world.records(), world.now()).await.unwrap();
    world.poll(Mode::Changes).await.unwrap();
    let sent = world.queue.take();
    assert!([2, 3].iter().all(|id| sent.contains(id)), "{sent:?}");
}

#[tokio::test]
async fn a_persons_poll_does_not_heed_it_and_what_it_queues_is_the_persons() {
    let world = switched_off().await;
    let report = world
        .poll_where_enabled_is("false", Mode::Full, AskedBy::Person)
        .await;
    assert!(matches!(report.unwrap(), Report::Done(queued) if queued.full_sweep));
    let sent = world.queue.take_messages();
    assert_eq!(sent.len(), 4);
    assert!(sent.iter().all(|message| message.by == AskedBy::Person));
}

#[tokio::test]
async fn switching_it_on_starts_a_full_sweep_of_the_schedules_own() {
    let world = switched_off().await;
    poll::enable(&world.records(), world.now()).await.unwrap();
    let Report::Done(queued) = world.poll(Mode::Changes).await.unwrap() else {
        panic!("it is not on");
    };
    assert!(queued.full_sweep);
    let sent = world.queue.take_messages();
    assert_eq!(sent.len(), 4);
    assert!(sent.iter().all(|message| message.by == AskedBy::Schedule));
    let switch: SwitchRecord = world.read(SINGLETON).await.unwrap();
    assert_eq!((switch.on, switch.since), (true, world.now()));
}

#[tokio::test]
async fn a_stack_of_before_the_switch_goes_on_as_it_was_and_no_deployment_turns_it() {
    for (before, after) in [("true", "false"), ("false", "true")] {
        let world = World::new();
        let works = before == "true";
        for sync_enabled in [before, after, after] {
            let report = world
                .poll_where_enabled_is(sync_enabled, Mode::Changes, AskedBy::Schedule)
                .await;
            let has_worked = matches!(report.unwrap(), Report::Done(_));
            assert_eq!(has_worked, works, "{before}, then {sync_enabled}");
        }
        let cursors = [TRADE, RETAIL, SITES].map(|group| world.cursor(group));
        let cursors = futures::future::join_all(cursors).await;
        assert!(cursors.iter().all(|cursor| cursor.is_some() == works));
    }
}

#[tokio::test]
async fn another_organisation_begins_switched_off_even_one_that_was_on_before() {
    let world = World::swept().await;
    let here = world.records().tenant();
    let there = Uuid::from_u128(77).try_into().unwrap();
    let table = || Arc::new(world.table.clone());
    for (from, to) in [(here, there), (there, here)] {
        let before = stored_tenant(&world.table).await.unwrap();
        assert_eq!(before.as_ref().map(|before| before.value), Some(from));
        confirm_tenant(table(), before.as_ref(), to, world.now())
            .await
            .unwrap();
    }
    world.edit(1, |contact| contact.name.push('!'));
    let report = world.poll(Mode::Changes).await.unwrap();
    assert_eq!(report, Report::SwitchedOff { deferred: 0 });
}

#[tokio::test]
async fn a_stack_that_nobody_has_connected_has_nothing_to_poll_and_that_is_fine() {
    for sync_enabled in ["false", "true"] {
        let world = World::new();
        world.blank_xero_token();
        world.blank_bigchange_secret();
        for mode in [Mode::Changes, Mode::Full] {
            let report = world
                .poll_where_enabled_is(sync_enabled, mode, AskedBy::Schedule)
                .await;
            assert_eq!(report.unwrap(), Report::NotConnectedYet);
            assert_eq!(world.take_metrics(), [Metric::PollSucceeded]);
        }
        let asked = world.poll_where_enabled_is(sync_enabled, Mode::Full, AskedBy::Person);
        asked.await.unwrap_err();
        assert_eq!(world.take_metrics(), []);
    }
}

#[tokio::test]
async fn a_xero_token_that_was_there_and_is_gone_is_told() {
    let world = World::swept().await;
    world.take_metrics();
    world.blank_xero_token();
    world.poll(Mode::Changes).await.unwrap_err();
    assert_eq!(world.take_metrics(), []);
}

#[tokio::test]
async fn bigchange_may_be_connected_last_and_a_login_that_is_gone_is_told() {
    let world = World::new();
    world.blank_bigchange_secret();
    let report = world.poll(Mode::Changes).await.unwrap();
    assert_eq!(report, Report::NotConnectedYet);
    assert_eq!(world.take_metrics(), [Metric::PollSucceeded]);
    // Half of it filled in is a mistake, not a beginning.
    let half = serde_json::json!({"username": "fake-user", "password": "", "key": ""});
    world
        .vault
        .set_current(crate::world::BIGCHANGE_SECRET, half.to_string());
    world.poll(Mode::Changes).await.unwrap_err();

    world.set_password("fake-password");
    world.polled().await;
    world.take_metrics();
    world.blank_bigchange_secret();
    world.poll(Mode::Changes).await.unwrap_err();
    assert_eq!(world.take_metrics(), []);
}
