//! A contact group that cannot be read leaves the others alone, and a person is told.

use fake_bigchange::{Fault, FaultKind};
use poll::{Mode, PollError, Report};
use rules::{AskedBy, GroupFault, GroupId, Problem};
use runtime::records::{
    ContactRecord, CursorRecord, GroupFaultRecord, ReferenceScan, SweepRecord, XeroChangesRecord,
};
use runtime::telemetry::Metric;
use time::Duration;

use crate::world::{RETAIL, SITES, TRADE, World, not_in_xero};

const NO_RIGHT: &str = "misc_noRight";
const GROUPS: [u64; 3] = [TRADE, RETAIL, SITES];

fn refuse(world: &World, group: u64, words: &str) {
    let mut company = world.bigchange.core();
    company
        .behaviour
        .refused_groups
        .insert(group, words.to_owned());
}

fn allow_all(world: &World) {
    world.bigchange.core().behaviour.refused_groups.clear();
}

fn take_metrics(world: &World) -> Vec<Metric> {
    std::mem::take(&mut *world.metrics.lock().unwrap())
}

async fn fault(world: &World, group: u64) -> Option<GroupFaultRecord> {
    world.read(group).await
}

fn groups(ids: &[u64]) -> Vec<GroupId> {
    ids.iter()
        .map(|id| GroupId::try_from(*id).unwrap())
        .collect()
}

#[tokio::test]
async fn the_others_go_on_and_its_cursor_stands_still() {
    for (words, expected) in [
        (NO_RIGHT, GroupFault::NoRight),
        (
            "The contact group parameters are incorrect.",
            GroupFault::NoSuchGroup,
        ),
        ("No matching contact group", GroupFault::NoSuchGroup),
        ("The group is locked", GroupFault::Refused),
    ] {
        let world = World::swept().await;
        let before = world.cursor(TRADE).await;
        // The first account group of all.
        refuse(&world, TRADE, words);
        take_metrics(&world);
        world.edit(1, |contact| contact.name.push('!'));
        world.edit(3, |contact| contact.name.push('!'));
        let (queued, contacts) = world.polled().await;
        assert_eq!(contacts, [3], "{words}");
        assert_eq!(queued.groups_not_read, 1);
        assert_eq!(world.cursor(TRADE).await, before);
        assert_eq!(
            world.cursor(RETAIL).await,
            Some(world.now() - poll::CURSOR_OVERLAP)
        );
        assert_eq!(take_metrics(&world), [Metric::PollSucceeded]);
        let stored = fault(&world, TRADE).await.unwrap();
        assert_eq!((stored.fault, stored.since), (expected, world.now()));
        let told = (expected == GroupFault::Refused).then(|| words.to_owned());
        assert_eq!(stored.words, told);
        // Readable again: nothing that changed meanwhile is lost.
        world.pass(Duration::hours(3));
        allow_all(&world);
        assert!(world.polled().await.1.contains(&1));
        assert_eq!(fault(&world, TRADE).await, None);
    }
}

#[tokio::test]
async fn a_full_sweep_is_made_of_the_others_and_of_all_that_is_linked_or_held() {
    let world = World::swept().await;
    refuse(&world, TRADE, NO_RIGHT);
    let linked = ContactRecord {
        reserved: rules::AccountReference::parse("ACME0001").ok(),
        ..ContactRecord::default()
    };
    world.put(1, &linked).await;
    world.hold(2, "Customer 2", not_in_xero()).await;
    let report = world.poll(Mode::Full).await.unwrap();
    assert!(
        matches!(report, Report::Done(queued) if queued.full_sweep && queued.groups_not_read == 1)
    );
    // Those of the group that cannot be read are swept by what is stored of them.
    assert_eq!(world.queue.take(), [1, 2, 3, 4]);
    // The sweep is done, and is not made again.
    assert_eq!(
        world.read::<SweepRecord>("only").await.unwrap().at,
        world.now()
    );
    world.add(5, TRADE);
    for _ in 0..10 {
        world.pass(Duration::minutes(1));
        let (queued, contacts) = world.polled().await;
        assert!(!queued.full_sweep);
        assert!(!contacts.contains(&5));
    }
    // As soon as the group can be read all of it is, although nothing in it changed.
    world.pass(Duration::hours(20));
    allow_all(&world);
    let (queued, contacts) = world.polled().await;
    assert!(!queued.full_sweep);
    assert_eq!(contacts, [1, 2, 5]);
    assert_eq!(fault(&world, TRADE).await, None);
    assert_eq!(world.polled().await.0.groups_not_read, 0);
}

#[tokio::test]
async fn codes_go_on_where_the_group_was_read_once() {
    let world = World::swept().await;
    world.read_all_references().await;
    refuse(&world, TRADE, NO_RIGHT);
    world.poll(Mode::Full).await.unwrap();
    let read: ReferenceScan = world.read("only").await.unwrap();
    assert!(read.complete && read.missing.is_empty());
}

#[tokio::test]
async fn no_code_is_generated_before_a_group_that_was_never_read_has_been() {
    let world = World::new();
    refuse(&world, TRADE, NO_RIGHT);
    let (queued, contacts) = world.polled().await;
    assert!(queued.full_sweep);
    assert_eq!(contacts, [3, 4]);
    assert_eq!(world.unread().await, ["3"]);
    let read: ReferenceScan = world.read("only").await.unwrap();
    assert_eq!(Vec::from_iter(read.missing), groups(&[TRADE]));
    // What the workers do: 3 is read, and held for the group.
    world.read_one_reference(3).await;
    let problem = Problem::NoAccountReference {
        unread_groups: groups(&[TRADE]),
    };
    world.hold(3, "Customer 3", problem).await;
    world.poll(Mode::Full).await.unwrap();
    let read: ReferenceScan = world.read("only").await.unwrap();
    assert!(!read.complete);
    assert_eq!(world.unread().await, [""; 0]);
    world.queue.take();

    world.pass(Duration::hours(1));
    allow_all(&world);
    let (queued, contacts) = world.polled().await;
    assert!(!queued.full_sweep);
    assert_eq!(contacts, [1, 2, 3], "its own, and what was held for it");
    assert!(world.is_to_be_tried_again(3).await);
    assert_eq!(world.unread().await, ["1", "2"]);
    let read: ReferenceScan = world.read("only").await.unwrap();
    assert!(!read.complete && read.missing.is_empty());
}

#[tokio::test]
async fn after_a_day_one_alarm_tells() {
    let world = World::swept().await;
    refuse(&world, RETAIL, NO_RIGHT);
    world.polled().await;
    world.pass(Duration::hours(23));
    world.polled().await;
    assert!(!take_metrics(&world).contains(&Metric::ContactGroupNotRead));
    world.pass(Duration::hours(1));
    world.polled().await;
    let metrics = take_metrics(&world);
    assert!(metrics.contains(&Metric::ContactGroupNotRead));
    assert!(!metrics.contains(&Metric::BigChangeAuthLost));
    assert!(metrics.contains(&Metric::PollSucceeded));
    allow_all(&world);
    world.polled().await;
    assert!(!take_metrics(&world).contains(&Metric::ContactGroupNotRead));
}

#[tokio::test]
async fn all_groups_refused_is_a_lost_login() {
    let world = World::swept().await;
    for words in [NO_RIGHT, "The contact group parameters are incorrect."] {
        for group in GROUPS {
            refuse(&world, group, words);
        }
        take_metrics(&world);
        for mode in [Mode::Changes, Mode::Full] {
            let error = world.poll(mode).await.unwrap_err();
            let PollError::Groups {
                failed: 3,
                login_lost: true,
                ..
            } = error
            else {
                panic!("{error:?}");
            };
        }
        assert_eq!(take_metrics(&world), [Metric::BigChangeAuthLost; 2]);
        for group in GROUPS {
            assert_eq!(fault(&world, group).await, None, "no group's own fault");
        }
    }
    // Let in again, the sweep that was asked for is made at once.
    allow_all(&world);
    assert!(world.polled().await.0.full_sweep);
}

#[tokio::test]
async fn a_group_for_which_bigchange_does_not_answer_is_waited_for_an_hour() {
    let world = World::swept().await;
    let down = Fault {
        times: 1_000,
        ..Fault::next_of("ContactListByGroupPaged", FaultKind::ServerError)
    };
    // Every group: nobody's own fault, however long it lasts.
    world.bigchange.core().order_fault(down);
    for _ in 0..2 {
        world.poll(Mode::Full).await.unwrap_err();
        world.pass(Duration::hours(2));
    }
    world.bigchange.core().clear_faults();
    assert!(world.polled().await.0.full_sweep);
    // One of them.
    let one = || Fault::next_of("ContactListByGroupPaged", FaultKind::ServerError);
    world.bigchange.core().order_fault(one());
    let error = world.poll(Mode::Changes).await.unwrap_err();
    assert!(matches!(
        error,
        PollError::Groups {
            failed: 1,
            login_lost: false,
            ..
        }
    ));
    assert_eq!(
        fault(&world, TRADE).await.unwrap().fault,
        GroupFault::NoAnswer
    );
    world.pass(Duration::minutes(61));
    world.bigchange.core().order_fault(one());
    let report = world.poll(Mode::Full).await.unwrap();
    assert!(
        matches!(report, Report::Done(queued) if queued.full_sweep && queued.groups_not_read == 1)
    );
    assert!(fault(&world, TRADE).await.unwrap().missed_sweep);
}

#[tokio::test]
async fn a_group_that_is_no_longer_configured_is_forgotten() {
    let world = World::swept().await;
    refuse(&world, RETAIL, NO_RIGHT);
    world.polled().await;
    assert!(fault(&world, RETAIL).await.is_some());
    let settings = [("ACCOUNT_GROUP_IDS", "10")];
    let table = std::sync::Arc::new(world.table.clone());
    let poller = world.poller_over(table, &settings);
    poller.poll(Mode::Changes, AskedBy::Schedule).await.unwrap();
    assert_eq!(fault(&world, RETAIL).await, None);
}

#[tokio::test]
async fn moments_from_the_future_stop_nothing() {
    let world = World::swept().await;
    let future = world.now() + Duration::days(3_650);
    let sweep: SweepRecord = world.read("only").await.unwrap();
    world
        .put(
            "only",
            &SweepRecord {
                at: future,
                ..sweep
            },
        )
        .await;
    assert!(world.polled().await.0.full_sweep);
    // A cursor: all of the group is read, and it moves back.
    world
        .put(
            RETAIL,
            &CursorRecord {
                changed_since: future,
            },
        )
        .await;
    assert!(world.polled().await.1.contains(&3));
    assert_eq!(
        world.cursor(RETAIL).await,
        Some(world.now() - poll::CURSOR_OVERLAP)
    );
    // The look at what changed in Xero.
    world
        .put(
            "only",
            &XeroChangesRecord {
                changed_since: future,
                compared_at: None,
                next_page: None,
            },
        )
        .await;
    world.hold(1, "Customer 1", not_in_xero()).await;
    world.pass(Duration::hours(2));
    world.polled().await;
    let look: XeroChangesRecord = world.read("only").await.unwrap();
    assert!(look.changed_since <= world.now());
}
