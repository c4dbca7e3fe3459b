//! Nothing is written where nothing differs, and only what differs where something does.

use serde_json::json;
use time::Duration;

use crate::world::{SITES, World};

/// A population in which every kind of outcome occurs.
async fn mixed() -> (World, Vec<u64>) {
    let mut world = World::generating().await;
    world.xero_contacts(&json!([
        {"Name": "By Reference", "AccountNumber": "R1"},
        {"Name": "By Name"},
        {"Name": "Under Another", "AccountNumber": "R2"},
        {"Name": "Archived", "AccountNumber": "R3", "ContactStatus": "ARCHIVED"},
        {"Name": "Taken", "AccountNumber": "OTHER"},
    ]));
    let ids = vec![
        world.customer_with_reference("By Reference", "R1"),
        world.customer_with_reference("By Name", "R9"),
        world.customer_with_reference("Its Own Name", "R2"),
        world.customer_with_reference("Archived", "R3"),
        world.customer_with_reference("Taken", "MINE"),
        world.customer_with_reference("Twin", "T1"),
        world.customer_with_reference("Twin", "T2"),
        world.customer("New Customer", |_| ()),
        world.customer("A Site", |c| {
            c.group_id = SITES;
            c.parent_id = Some(1);
        }),
        world.customer("No Parent", |c| c.group_id = SITES),
        world.customer("Mixed Group", |c| c.parent_id = Some(1)),
        world.customer("Excluded", |c| c.financial_sync_exclude = true),
        world.customer("Elsewhere", |c| c.group_id = 99),
        world.customer("Bad <Name>", |_| ()),
        world.customer("Left Out", |c| {
            c.account_reference = "L1".into();
            c.country = "UK 1".into();
        }),
    ];
    (world, ids)
}

#[tokio::test]
async fn a_second_run_over_an_unchanged_population_makes_no_xero_call_and_no_write_anywhere() {
    let (mut world, ids) = mixed().await;
    world.sync(&ids).await;
    world.settle().await;
    world.is_quiet(&ids).await;
    world.pass(Duration::hours(3));
    world.restart();
    world.is_quiet(&ids).await;
}

#[tokio::test]
async fn one_changed_linked_contact_costs_a_read_and_a_write() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme Ltd", "ACME01");
    world.sync(&[acme]).await;
    for edit in 0..2 {
        world.pass(Duration::minutes(10));
        world.edit(acme, |c| c.phone = format!("+4420{edit}"));
        world.reset_calls();
        world.sync(&[acme]).await;
        assert_eq!(world.xero_calls(), 2);
        assert_eq!(world.bigchange_writes(), Vec::<&str>::new());
        let created = &world.created_for(acme)[0];
        assert_eq!(
            created.phone("DEFAULT", "PhoneNumber"),
            format!("+4420{edit}")
        );
        world.restart();
    }
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn our_own_writing_back_comes_round_and_costs_nothing() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme Ltd", |_| ());
    world.sync(&[acme]).await;
    assert_eq!(world.in_bigchange(acme).contact_reference, "ACME0001");
    world.restart();
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_persons_correction_in_xero_survives_an_unrelated_edit() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme Ltd", "ACME01");
    world.sync(&[acme]).await;
    let xero = world.linked(acme).await.unwrap();
    world.edit_in_xero(
        xero,
        json!({"EmailAddress": "books@acme.example", "Addresses": [{"AddressType": "POBOX", "City": "York"}]}),
    );
    world.edit(acme, |c| c.phone = "+4420".into());
    world.sync(&[acme]).await;
    let after = world.in_xero(xero);
    assert_eq!(after.text("EmailAddress"), "books@acme.example");
    assert_eq!(after.address("POBOX", "City"), "York");
    assert_eq!(after.phone("DEFAULT", "PhoneNumber"), "+4420");
    // An edit of the very unit is carried over as a whole.
    world.edit(acme, |c| c.street = "2 New Road".into());
    world.sync(&[acme]).await;
    let after = world.in_xero(xero);
    assert_eq!(after.address("POBOX", "AddressLine1"), "2 New Road");
    assert_eq!(after.address("POBOX", "City"), "Leeds");
    assert_eq!(after.text("EmailAddress"), "books@acme.example");
}

#[tokio::test]
async fn edits_are_not_carried_over_where_updates_are_switched_off() {
    let mut world = World::new(&[("CREATE_IN_XERO", "true"), ("UPDATE_IN_XERO", "false")]);
    let acme = world.customer_with_reference("Acme Ltd", "ACME01");
    world.sync(&[acme]).await;
    world.edit(acme, |c| c.phone = "+4420".into());
    world.is_quiet(&[acme]).await;
    // Switched on, what was edited meanwhile is carried over.
    world.set("UPDATE_IN_XERO", "true");
    world.sync(&[acme]).await;
    assert_eq!(
        world.created_for(acme)[0].phone("DEFAULT", "PhoneNumber"),
        "+4420"
    );
}

#[tokio::test]
async fn a_cleared_account_reference_is_restored_without_a_xero_call() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme Ltd", "ACME01");
    world.sync(&[acme]).await;
    world.reset_calls();
    world.edit(acme, |c| c.account_reference = String::new());
    world.sync(&[acme]).await;
    assert_eq!(world.in_bigchange(acme).account_reference, "ACME01");
    assert_eq!(world.xero_calls(), 0);
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn many_changed_linked_contacts_are_read_and_written_together() {
    let mut world = World::creating();
    let ids: Vec<u64> = (1..=40)
        .map(|n| world.customer_with_reference(&format!("Customer {n}"), &format!("C{n}")))
        .collect();
    world.sync(&ids).await;
    for id in &ids {
        world.edit(*id, |c| c.phone = format!("+4420{id}"));
    }
    world.reset_calls();
    world.sync(&ids).await;
    assert_eq!(world.xero_calls(), 2);
    for id in &ids {
        let phone = format!("+4420{id}");
        assert_eq!(
            world.created_for(*id)[0].phone("DEFAULT", "PhoneNumber"),
            phone
        );
    }
    world.is_quiet(&ids).await;
}
