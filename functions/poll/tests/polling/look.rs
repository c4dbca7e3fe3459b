//! The hourly look at what changed in Xero.

use fake_xero::{Fault, FaultKind};
use rules::{AccountReference, Problem};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, XeroChangesRecord, XeroContactRecord,
};
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use crate::world::{World, contact_id, not_in_xero};

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

/// A world in which contact 1 is linked to a Xero contact since an hour, and contact 2 to another.
async fn linked() -> (World, Vec<Uuid>) {
    let world = World::swept().await;
    let xero = world.in_xero(&json!([
        {"Name": "Acme", "AccountNumber": "A1", "ContactNumber": "BigChange-1"},
        {"Name": "Bolt", "AccountNumber": "B1"},
    ]));
    world.link(1, xero[0], "A1").await;
    world.link(2, xero[1], "B1").await;
    // The first poll that finds links only notes from when changes are asked for.
    world.polled().await;
    assert_eq!(world.xero_calls(), 0);
    world.pass(Duration::hours(1));
    let (_, contacts) = world.polled().await;
    assert_eq!(contacts, [0_u64; 0], "the links are true");
    (world, xero)
}

/// A person's edit in Xero's own pages.
fn edit_in_xero(world: &World, id: Uuid, mut fields: Value) {
    fields["ContactID"] = json!(id);
    world.in_xero(&json!([fields]));
}

async fn looked(world: &World) -> Vec<u64> {
    world.pass(Duration::hours(1));
    world.polled().await.1
}

#[tokio::test]
async fn a_link_that_is_no_longer_true_is_queued_to_be_looked_at_within_the_hour() {
    let changes = [
        json!({"ContactStatus": "ARCHIVED"}),
        json!({"ContactStatus": "GDPRREQUEST"}),
        json!({"AccountNumber": "A2"}),
        json!({"AccountNumber": ""}),
        json!({"ContactNumber": "CRM-1"}),
    ];
    for change in changes {
        let (world, xero) = linked().await;
        let before = world.xero_calls();
        edit_in_xero(&world, xero[0], change.clone());
        assert_eq!(looked(&world).await, [1], "{change}");
        assert_eq!(world.xero_calls(), before + 1, "one page of changes");
        let mark: DeferredRecord = world.read(1).await.unwrap();
        assert!(mark.look_at_xero);
        assert_eq!(mark.reason, DeferReason::ChangedInXero);
        assert_eq!(world.read::<DeferredRecord>(2).await, None);
    }
}

#[tokio::test]
async fn what_matters_to_no_link_queues_nobody() {
    let (world, xero) = linked().await;
    let changes = [
        json!({"EmailAddress": "new@acme.example"}),
        json!({"Name": "Acme Group"}),
        json!({"AccountNumber": "a1"}),
        json!({"ContactNumber": ""}),
    ];
    for change in changes {
        edit_in_xero(&world, xero[0], change.clone());
        assert_eq!(looked(&world).await, [0_u64; 0], "{change}");
    }
    world.add_in_xero("Somebody else");
    assert_eq!(looked(&world).await, [0_u64; 0]);
}

#[tokio::test]
async fn a_merged_contact_that_is_active_again_is_looked_at() {
    let (world, xero) = linked().await;
    let mut record: ContactRecord = world.read(1).await.unwrap();
    let before = xero[1].try_into().unwrap();
    record.link.as_mut().unwrap().moved_from = vec![before];
    world.put(1, &record).await;
    let contact = contact_id(1);
    world.put(before, &XeroContactRecord { contact }).await;
    edit_in_xero(&world, xero[1], json!({"ContactStatus": "ARCHIVED"}));
    assert_eq!(looked(&world).await, [0_u64; 0]);
    edit_in_xero(&world, xero[1], json!({"ContactStatus": "ACTIVE"}));
    assert_eq!(looked(&world).await, [1]);
}

#[tokio::test]
async fn once_a_day_every_link_is_compared_with_the_whole_list() {
    let (world, _) = linked().await;
    let gone = Uuid::from_u128(7);
    world.link(3, gone, "G1").await;
    // What the changes did not show: it was dated before.
    let mut record: ContactRecord = world.read(2).await.unwrap();
    record.link.as_mut().unwrap().account_reference = AccountReference::parse("B9").unwrap();
    world.put(2, &record).await;
    assert_eq!(looked(&world).await, [0_u64; 0], "not before a day is over");
    for _ in 0..21 {
        world.pass(Duration::hours(1));
        world.polled().await;
    }
    let before = world.xero_calls();
    assert_eq!(looked(&world).await, [2, 3]);
    assert_eq!(world.xero_calls(), before + 2, "the changes, the list");
    let looked: XeroChangesRecord = world.read("only").await.unwrap();
    assert_eq!(looked.compared_at, Some(world.now()));
}

#[tokio::test]
async fn a_link_that_is_held_already_is_not_queued_by_the_comparison() {
    let (world, xero) = linked().await;
    let changed = Problem::AccountReferenceChanged {
        in_bigchange: AccountReference::parse("B1").unwrap(),
        in_xero: "B2".to_owned(),
    };
    world.hold(2, "Nobody of this name", changed).await;
    edit_in_xero(&world, xero[1], json!({"AccountNumber": "B2"}));
    for _ in 0..23 {
        assert_eq!(looked(&world).await, [0_u64; 0]);
    }
}

#[tokio::test]
async fn with_few_calls_left_the_whole_list_waits_and_the_changes_do_not() {
    let (world, xero) = linked().await;
    // Of 5,000 a day, 30 % are 1,500.
    world.xero.lock().unwrap().config_mut().limits.per_day = 1_520;
    for _ in 0..22 {
        world.pass(Duration::hours(1));
        world.polled().await;
    }
    let compared = |record: &XeroChangesRecord| record.compared_at;
    let before: XeroChangesRecord = world.read("only").await.unwrap();
    edit_in_xero(&world, xero[0], json!({"AccountNumber": "A2"}));
    assert_eq!(looked(&world).await, [1], "the changes are looked at");
    let after: XeroChangesRecord = world.read("only").await.unwrap();
    assert_eq!(compared(&after), compared(&before), "the list is not");
    assert!(after.changed_since > before.changed_since);
}

#[tokio::test]
async fn nothing_is_asked_while_nobody_is_linked_or_held() {
    let world = World::swept().await;
    world.add_in_xero("Somebody");
    for _ in 0..30 {
        looked(&world).await;
    }
    assert_eq!(world.xero_calls(), 0);
}
