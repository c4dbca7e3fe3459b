//! What must not grow unseen: calls to Xero. They are the same in every run, and no time is measured.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::calls_section::HEADLINE;
use crate::rivals::Way;
use crate::work::FirstSync;
use crate::world::{GROUPS, Setup};
use crate::xero_calls::{
    WRITE_BACK_POLLS, Who, afterwards, first_sync, first_sync_by, one_new, trickle_changes,
    trickle_hour,
};

#[tokio::test]
async fn a_thousand_contacts_fit_into_a_minutes_calls() {
    let work = FirstSync::new(1_000, 1_600);
    // The second worker takes the directory from the table. Where references are generated, the first round only reads them.
    for (workers, work, most) in [
        (1, work, HEADLINE),
        (2, work, HEADLINE),
        (1, work.without_reference(), HEADLINE + 2),
    ] {
        let setup = Setup {
            workers,
            ..Setup::default()
        };
        let spent = first_sync(work, setup).await.unwrap();
        assert!(
            spent.calls() <= most,
            "{workers} workers: {:?}",
            spent.traffic
        );
        assert_eq!(spent.traffic.xero_refused, 0);
    }
}

#[tokio::test]
async fn the_cost_grows_with_the_work_and_hardly_with_the_organisation() {
    for (work, most) in [
        (FirstSync::new(100, 1_600), 6),
        (FirstSync::new(1_000, 20_000), 70),
        (FirstSync::new(1_000, 20_000).without_reference(), 70),
    ] {
        let spent = first_sync(work, Setup::default()).await.unwrap();
        assert!(spent.calls() <= most, "{work:?}: {:?}", spent.traffic);
    }
}

#[tokio::test]
async fn what_does_not_change_costs_nothing() {
    let after = afterwards(200, 1_600).await.unwrap();
    assert_eq!(after.write_back.calls(), 0, "{:?}", after.write_back);
    assert_eq!(after.unchanged_sweep.calls(), 0);
    assert_eq!(after.one_empty_save.calls(), 0);
    assert_eq!(after.one_edit.calls(), 2);
    assert!(after.forty_edits.calls() <= 3, "{:?}", after.forty_edits);
    assert_eq!(after.hourly_look.calls(), 1);
    // The changes, and two pages of the list.
    assert_eq!(after.daily_look.calls(), 3);
    // What was written does come round, and each contact is read again once or twice before its write shows no more.
    let lists = WRITE_BACK_POLLS * GROUPS;
    let read_again = after.write_back.traffic.bigchange_calls - lists;
    assert!((160..=2 * 200).contains(&read_again), "{read_again}");
}

#[tokio::test]
async fn one_new_contact_in_a_large_organisation_takes_three_calls() {
    for reference in ["NEW1", ""] {
        let spent = one_new(20_000, reference).await.unwrap();
        assert!(spent.calls() <= 3, "{reference:?}: {:?}", spent.traffic);
    }
}

#[tokio::test]
async fn a_trickle_takes_little_more_than_a_call_a_change() {
    let changes = trickle_changes();
    assert_eq!(changes, 192);
    // Edits that come minute by minute take a read and a write each; the hour has one look at what
    // changed in Xero, and the day's comparison of the whole list.
    for (in_xero, most) in [(1_600, 215), (20_000, 240)] {
        let spent = trickle_hour(Who::Us, in_xero).await.unwrap();
        assert!(spent.calls() <= most, "{in_xero}: {:?}", spent.traffic);
    }
}

/// What the others are compared by is what they are said to be.
#[test]
fn the_other_clients_cost_what_is_said_of_them() {
    let work = FirstSync::new(100, 1_600);
    let spent = first_sync_by(Way::FindThenCreate, work).unwrap();
    assert_eq!(spent.calls() - spent.traffic.xero_refused, 200);
    let spent = first_sync_by(Way::ListFirst, work).unwrap();
    assert_eq!(spent.calls(), 5);
}

/// Two workers at a large organisation come to the same decision at the same time; both must get on.
#[tokio::test]
async fn two_workers_get_through_a_large_organisation() {
    let setup = Setup {
        workers: 2,
        ..Setup::default()
    };
    let work = FirstSync::new(2_000, 45_000);
    let spent = first_sync(work, setup).await.unwrap();
    assert!(spent.calls() <= 250, "{:?}", spent.traffic);
    assert!(spent.minutes <= 10, "{} minutes", spent.minutes);
}
