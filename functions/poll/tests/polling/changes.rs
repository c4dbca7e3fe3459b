//! Polls for changes.

use std::sync::atomic::Ordering;

use fake_bigchange::{Fault, FaultKind};
use poll::{Mode, PollError, Report};
use rules::{AccountReference, AskedBy};
use runtime::records::{ReferenceRecord, ReferenceScan};
use time::Duration;

use crate::world::{RETAIL, SITES, TRADE, World, contact_id};

const OVERLAP: Duration = Duration::minutes(10);

#[tokio::test]
async fn the_first_poll_queues_everything_and_marks_account_contacts_as_unread() {
    let world = World::new();
    let (queued, contacts) = world.polled().await;
    assert_eq!(contacts, [1, 2, 3, 4]);
    assert!(queued.full_sweep);
    assert_eq!((queued.listed, queued.queued), (4, 4));
    for group in [TRADE, RETAIL, SITES] {
        assert_eq!(world.cursor(group).await, Some(world.now() - OVERLAP));
    }
    assert_eq!(world.unread().await, ["1", "2", "3"]);
    let read: ReferenceScan = world.read("only").await.unwrap();
    assert!(!read.complete);
}

#[tokio::test]
async fn a_poll_over_an_unchanged_population_queues_nothing_and_leaves_xero_alone() {
    let world = World::swept().await;
    let (queued, contacts) = world.polled().await;
    assert_eq!(contacts, [0_u64; 0]);
    assert!(!queued.full_sweep);
    assert_eq!(world.xero_calls(), 0);
}

#[tokio::test]
async fn a_change_is_queued_until_the_cursor_has_passed_it() {
    let world = World::swept().await;
    world.edit(3, |contact| contact.name.push('!'));
    for minute in 0..13 {
        let (_, contacts) = world.polled().await;
        let expected: &[u64] = if minute <= 10 { &[3] } else { &[] };
        assert_eq!(contacts, expected, "minute {minute}");
        world.pass(Duration::minutes(1));
    }
}

/// Polls with one process for so many minutes, and returns those in which contact 3 was queued.
async fn minutes_queued(world: &World, minutes: i64, mut happens: impl FnMut(i64)) -> Vec<i64> {
    let poller = world.poller();
    let mut queued = Vec::new();
    for minute in 0..minutes {
        happens(minute);
        poller.poll(Mode::Changes, AskedBy::Schedule).await.unwrap();
        if world.queue.take().contains(&3) {
            queued.push(minute);
        }
        world.pass(Duration::minutes(1));
    }
    queued
}

#[tokio::test]
async fn a_change_is_queued_again_only_after_a_rest() {
    let world = World::swept().await;
    let edit = |minute| {
        if minute == 0 {
            world.edit(3, |contact| contact.name.push('!'));
        }
    };
    assert_eq!(minutes_queued(&world, 15, edit).await, [0, 6]);
}

#[tokio::test]
async fn a_change_that_the_list_shows_is_queued_at_once() {
    let world = World::swept().await;
    let edit = |minute| {
        if minute <= 2 {
            world.edit(3, |contact| contact.name.push('!'));
        }
    };
    assert_eq!(minutes_queued(&world, 15, edit).await, [0, 1, 2, 8]);
}

#[tokio::test]
async fn a_change_that_the_list_does_not_show_waits_for_the_end_of_the_rest() {
    for hidden_at in 1..=12 {
        let world = World::swept().await;
        let edit = |minute| match minute {
            0 => world.edit(3, |contact| contact.name.push('!')),
            m if m == hidden_at => world.edit(3, |contact| contact.extra.push('!')),
            _ => {}
        };
        let queued = minutes_queued(&world, 30, edit).await;
        let waited = queued.iter().find(|minute| **minute >= hidden_at);
        let waited = waited.map(|minute| minute - hidden_at);
        assert!(waited.is_some_and(|m| m < 6), "{hidden_at}: {queued:?}");
    }
}

#[tokio::test]
async fn what_a_queue_that_fails_did_not_take_is_queued_by_the_next_poll() {
    let world = World::swept().await;
    let poller = world.poller();
    world.edit(3, |contact| contact.name.push('!'));
    world.queue.is_down.store(true, Ordering::SeqCst);
    poller
        .poll(Mode::Changes, AskedBy::Schedule)
        .await
        .unwrap_err();
    world.queue.is_down.store(false, Ordering::SeqCst);
    world.pass(Duration::minutes(1));
    poller.poll(Mode::Changes, AskedBy::Schedule).await.unwrap();
    assert_eq!(world.queue.take(), [3]);
}

#[tokio::test]
async fn a_change_of_a_site_contact_is_queued() {
    let world = World::swept().await;
    world.edit(4, |contact| contact.parent_id = None);
    assert_eq!(world.polled().await.1, [4]);
}

#[tokio::test]
async fn a_queue_that_fails_leaves_the_cursors_where_they_were() {
    let world = World::swept().await;
    let before = world.cursor(TRADE).await;
    world.edit(1, |contact| contact.name.push('!'));
    world.queue.is_down.store(true, Ordering::SeqCst);
    let failed = world.poll(Mode::Changes).await;
    assert!(matches!(failed, Err(PollError::Queue(_))));
    assert_eq!(world.cursor(TRADE).await, before);
    world.queue.is_down.store(false, Ordering::SeqCst);
    world.pass(Duration::hours(5));
    assert_eq!(world.polled().await.1, [1]);
}

#[tokio::test]
async fn a_group_that_cannot_be_read_leaves_the_others_alone() {
    let world = World::swept().await;
    let before = world.cursor(TRADE).await;
    world.edit(1, |contact| contact.name.push('!'));
    world.edit(3, |contact| contact.name.push('!'));
    let fault = Fault::next_of("ContactListByGroupPaged", FaultKind::LostAnswer);
    world.bigchange.core().order_fault(fault);
    let error = world.poll(Mode::Changes).await.unwrap_err();
    assert!(
        matches!(&error, PollError::Groups { failed: 1, groups: 3, first, .. } if first.get() == TRADE)
    );
    assert_eq!(world.queue.take(), [3]);
    assert_eq!(world.cursor(TRADE).await, before);
    assert_eq!(world.cursor(RETAIL).await, Some(world.now() - OVERLAP));
    world.pass(Duration::hours(1));
    assert!(world.polled().await.1.contains(&1));
}

#[tokio::test]
async fn a_refused_login_names_the_cure_and_corrected_credentials_are_read_again() {
    let world = World::new();
    world.set_password("mistyped");
    let poller = world.poller();
    let error = poller
        .poll(Mode::Changes, AskedBy::Schedule)
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("contact-sync connect bigchange"),
        "{error}"
    );
    // One group is enough to know it.
    assert_eq!(world.bigchange.core().calls().len(), 1);
    world.set_password("fake-password");
    let report = poller.poll(Mode::Changes, AskedBy::Schedule).await.unwrap();
    assert!(matches!(report, Report::Done(queued) if queued.full_sweep));
    assert_eq!(world.queue.take(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_contact_whose_list_item_cannot_be_read_is_queued_by_its_id() {
    let world = World::swept().await;
    world.add(9, RETAIL);
    world.edit(9, |contact| contact.contact_reference = "9".repeat(5_000));
    assert_eq!(world.polled().await.1, [9]);
}

#[tokio::test]
async fn contact_references_that_look_like_codes_are_kept_from_being_generated() {
    let world = World::swept().await;
    let reserved = ReferenceRecord {
        reference: AccountReference::parse("TAKEN0001").unwrap(),
        holder: Some(contact_id(2)),
    };
    world.put("taken0001", &reserved).await;
    for (id, reference) in [(1, "Acme0001"), (2, "taken0001"), (4, "SITE0004")] {
        world.edit(id, |contact| {
            contact.contact_reference = reference.to_owned()
        });
    }
    world.edit(3, |contact| contact.contact_reference = "Van 3".to_owned());
    world.polled().await;
    for folded in ["acme0001", "site0004"] {
        let mark: ReferenceRecord = world.read(folded).await.unwrap();
        assert_eq!(mark.holder, None);
        assert_eq!(mark.reference.folded(), folded);
    }
    assert_eq!(world.read("taken0001").await, Some(reserved));
    assert_eq!(world.read::<ReferenceRecord>("van 3").await, None);
}

#[tokio::test]
async fn a_cursor_never_moves_back() {
    let world = World::swept().await;
    world.polled().await;
    let reached = world.cursor(TRADE).await;
    world.pass(-Duration::minutes(30));
    world.polled().await;
    assert_eq!(world.cursor(TRADE).await, reached);
}

#[tokio::test]
async fn another_organisation_stops_all_work() {
    let world = World::swept().await;
    world.edit(1, |contact| contact.name.push('!'));
    world.connect_another_organisation();
    let before = world.table.dump();
    let report = world.poll(Mode::Full).await.unwrap();
    assert_eq!(report, Report::OrganisationChanged);
    assert_eq!(world.queue.take(), [0_u64; 0]);
    assert_eq!(world.table.dump(), before);
}
