//! The hourly look at what changed in Xero.

use fake_xero::{Fault, FaultKind};
use rules::Problem;
use runtime::records::XeroChangesRecord;
use time::Duration;

use crate::world::{World, not_in_xero};

/// A world in which contact 1 is held until it exists in Xero.
async fn waiting() -> World {
    let world = World::swept().await;
    world.hold(1, "Acme Ltd", not_in_xero()).await;
    world
}

#[tokio::test]
async fn a_contact_that_a_person_added_in_xero_frees_the_held_one_at_one_call() {
    let world = waiting().await;
    world.hold(2, "Other Ltd", not_in_xero()).await;
    world.pass(Duration::minutes(30));
    world.add_in_xero("ACME  Ltd");
    world.pass(Duration::minutes(30));
    let (queued, contacts) = world.polled().await;
    assert_eq!(contacts, [1]);
    assert_eq!(queued.touched_in_xero, 1);
    assert!(world.is_to_be_tried_again(1).await);
    assert!(!world.is_to_be_tried_again(2).await);
    assert_eq!(world.xero_calls(), 1);
    assert_eq!(world.polled().await.1, [0_u64; 0]);
    assert_eq!(world.xero_calls(), 1, "within the hour nothing is asked");
}

#[tokio::test]
async fn each_look_begins_where_the_last_one_ended() {
    let world = waiting().await;
    world.pass(Duration::hours(1));
    world.polled().await;
    let first: XeroChangesRecord = world.read("only").await.unwrap();
    assert_eq!(first.changed_since, world.now() - Duration::minutes(2));
    world.pass(Duration::hours(1));
    world.add_in_xero("Acme Ltd");
    assert_eq!(world.polled().await.1, [1]);
    assert_eq!(world.xero_calls(), 2);
}

#[tokio::test]
async fn nothing_is_asked_unless_a_problem_depends_on_xero() {
    let world = World::swept().await;
    let in_bigchange = Problem::ParentInSiteGroup { group: None };
    world.hold(1, "Yard", in_bigchange).await;
    world.pass(Duration::hours(3));
    world.polled().await;
    assert_eq!(world.xero_calls(), 0);
    assert_eq!(world.read::<XeroChangesRecord>("only").await, None);
}

#[tokio::test]
async fn a_look_that_fails_does_not_fail_the_poll_and_is_made_again() {
    let world = waiting().await;
    world.add_in_xero("Acme Ltd");
    world.pass(Duration::hours(1));
    let fault = Fault::next_call(FaultKind::Status { status: 503 });
    world.xero.lock().unwrap().inject(fault);
    world.edit(3, |contact| contact.name.push('!'));
    assert_eq!(world.polled().await.1, [3]);
    assert_eq!(world.read::<XeroChangesRecord>("only").await, None);
    world.pass(Duration::minutes(10));
    assert!(world.polled().await.1.contains(&1));
}

#[tokio::test]
async fn the_pages_of_a_busy_hour_are_all_read() {
    let world = waiting().await;
    for number in 0..1_500 {
        world.add_in_xero(&format!("Import {number}"));
    }
    world.add_in_xero("Acme Ltd");
    world.pass(Duration::hours(1));
    assert_eq!(world.polled().await.1, [1]);
    assert_eq!(world.xero_calls(), 2);
}

#[tokio::test]
async fn pages_that_do_not_say_how_many_there_are_are_all_read() {
    let world = waiting().await;
    world.xero.lock().unwrap().config_mut().without_pagination = true;
    for number in 0..1_500 {
        world.add_in_xero(&format!("Import {number}"));
    }
    world.add_in_xero("Acme Ltd");
    world.pass(Duration::hours(1));
    assert_eq!(world.polled().await.1, [1]);
    assert_eq!(world.xero_calls(), 3, "the third page has nothing new");
}

#[tokio::test]
async fn after_a_mass_change_every_held_contact_is_tried_again_at_one_call() {
    let world = waiting().await;
    let contacts: Vec<_> = (0..10_001)
        .map(|number| serde_json::json!({ "Name": format!("Import {number}") }))
        .collect();
    let now = world.now().into();
    let seeded = world.xero.lock().unwrap().seed(now, &contacts.into());
    seeded.unwrap();
    world.pass(Duration::hours(1));
    assert_eq!(world.polled().await.1, [1]);
    assert_eq!(world.xero_calls(), 1);
}
