//! Full sweeps.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fake_bigchange::{Fault, FaultKind};
use poll::{Mode, PollError, Report};
use rules::{AccountReference, AskedBy, Problem};
use runtime::records::{
    ContactRecord, PendingReferenceScan, ReferenceRecord, ReferenceScan, SweepRecord,
};
use time::Duration;

use crate::world::{RETAIL, TRADE, World, not_in_xero};

async fn sweeps(world: &World) -> bool {
    world.polled().await.0.full_sweep
}

#[tokio::test]
async fn a_full_sweep_queues_what_is_listed_linked_held_or_unread() {
    let world = World::swept().await;
    let reserved = ContactRecord {
        reserved: AccountReference::parse("ACME0001").ok(),
        ..ContactRecord::default()
    };
    world.put(100, &reserved).await;
    world.put(101, &ContactRecord::default()).await;
    world.hold(102, "Gone Ltd", not_in_xero()).await;
    world.put(103, &PendingReferenceScan {}).await;
    let report = world.poll(Mode::Full).await.unwrap();
    assert!(matches!(report, Report::Done(queued) if queued.full_sweep && queued.queued == 7));
    assert_eq!(world.queue.take(), [1, 2, 3, 4, 100, 102, 103]);
    assert!(!sweeps(&world).await, "one sweep is enough");
}

#[tokio::test]
async fn a_full_sweep_lets_the_problems_that_depend_on_xero_be_tried_again() {
    let world = World::swept().await;
    world.hold(1, "Acme Ltd", not_in_xero()).await;
    let in_bigchange = Problem::ParentInSiteGroup { group: None };
    world.hold(2, "Yard", in_bigchange).await;
    world.poll(Mode::Full).await.unwrap();
    assert!(world.is_to_be_tried_again(1).await);
    assert!(!world.is_to_be_tried_again(2).await);
}

#[tokio::test]
async fn what_the_workers_rely_on_is_stored_before_anything_is_queued() {
    let world = World::new();
    world.hold(2, "Acme Ltd", not_in_xero()).await;
    world.edit(4, |contact| {
        contact.contact_reference = "SITE0004".to_owned()
    });
    world.queue.is_down.store(true, Ordering::SeqCst);
    world.poll(Mode::Changes).await.unwrap_err();
    assert_eq!(world.unread().await, ["1", "2", "3"]);
    assert!(world.read::<ReferenceScan>("only").await.is_some());
    assert!(world.read::<ReferenceRecord>("site0004").await.is_some());
    assert!(world.is_to_be_tried_again(2).await);
    // And what says that it is queued is not.
    assert_eq!(world.cursor(TRADE).await, None);
    assert_eq!(world.read::<SweepRecord>("only").await, None);
}

#[tokio::test]
async fn a_changed_setting_starts_a_full_sweep() {
    let world = World::swept().await;
    let settings = [("CREATE_IN_XERO", "true")];
    let poller = world.poller_over(Arc::new(world.table.clone()), &settings);
    let report = poller.poll(Mode::Changes, AskedBy::Schedule).await.unwrap();
    assert!(matches!(report, Report::Done(queued) if queued.full_sweep));
    assert_eq!(world.queue.take(), [1, 2, 3, 4]);
    let report = poller.poll(Mode::Changes, AskedBy::Schedule).await.unwrap();
    assert!(matches!(report, Report::Done(queued) if !queued.full_sweep));
}

#[tokio::test]
async fn a_daily_sweep_that_did_not_come_is_made_good() {
    let world = World::swept().await;
    world.pass(Duration::hours(24));
    assert!(!sweeps(&world).await);
    world.pass(Duration::hours(2));
    assert!(sweeps(&world).await);
}

#[tokio::test]
async fn contacts_are_marked_as_unread_only_until_all_were_read() {
    let world = World::swept().await;
    world.read_all_references().await;
    world.poll(Mode::Full).await.unwrap();
    assert_eq!(world.unread().await, [""; 0]);

    let other_groups = [("SITE_GROUP_IDS", ""), ("ACCOUNT_GROUP_IDS", "10")];
    let poller = world.poller_over(Arc::new(world.table.clone()), &other_groups);
    poller.poll(Mode::Changes, AskedBy::Schedule).await.unwrap();
    assert_eq!(world.unread().await, ["1", "2"]);
    let read: ReferenceScan = world.read("only").await.unwrap();
    assert_eq!(read.settings, poller.services.settings.groups_fingerprint());
    assert!(!read.complete);
}

#[tokio::test]
async fn what_was_read_without_anyone_needing_to_know_is_not_read_again() {
    let world = World::swept().await;
    world.read_all_references().await;
    let read: ReferenceScan = world.read("only").await.unwrap();
    let not_noted = ReferenceScan {
        complete: false,
        ..read
    };
    world.put("only", &not_noted).await;
    world.poll(Mode::Full).await.unwrap();
    assert_eq!(world.unread().await, [""; 0]);
    let read: ReferenceScan = world.read("only").await.unwrap();
    assert!(read.complete);
}

#[tokio::test]
async fn a_sweep_that_cannot_read_a_group_is_put_off_while_changes_go_on() {
    let world = World::swept().await;
    let swept_at = world.read::<SweepRecord>("only").await;
    world.edit(3, |contact| contact.name.push('!'));
    let fault = Fault::next_of("ContactListByGroupPaged", FaultKind::ServerError);
    world.bigchange.core().order_fault(fault);
    let error = world.poll(Mode::Full).await.unwrap_err();
    assert!(matches!(error, PollError::Groups { failed: 1, .. }));
    assert_eq!(world.queue.take(), [3]);
    assert_eq!(world.read::<SweepRecord>("only").await, swept_at);
    for minute in 1..=5 {
        world.pass(Duration::minutes(1));
        assert_eq!(sweeps(&world).await, minute == 5, "minute {minute}");
    }
}

#[tokio::test]
async fn the_first_sweep_that_cannot_read_a_group_still_queues_the_others() {
    let world = World::new();
    let fault = Fault {
        times: 2,
        ..Fault::next_of("ContactListByGroupPaged", FaultKind::ServerError)
    };
    world.bigchange.core().order_fault(fault);
    // Groups 10 and 11 fail in the sweep; then all are read for their changes.
    world.poll(Mode::Changes).await.unwrap_err();
    assert_eq!(world.queue.take(), [1, 2, 3, 4]);
    assert!(world.cursor(RETAIL).await.is_some());
    assert_eq!(world.read::<ReferenceScan>("only").await, None);
    world.pass(Duration::minutes(10));
    assert!(sweeps(&world).await);
    assert_eq!(world.unread().await, ["1", "2", "3"]);
}
