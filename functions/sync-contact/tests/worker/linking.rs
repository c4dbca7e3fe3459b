//! Contacts that are in Xero already.

use rules::Notice;
use serde_json::json;
use time::Duration;

use crate::world::World;

#[tokio::test]
async fn a_contact_is_linked_by_its_account_reference_whatever_the_case_and_nothing_is_written_to_xero()
 {
    let mut world = World::new(&[]);
    for kind in ["IsCustomer", "IsSupplier"] {
        let reference = format!("Ref-{kind}");
        let xero = world.xero_contact(
            json!({"Name": kind, "AccountNumber": reference.to_lowercase(), kind: true}),
        );
        let id = world.customer_with_reference(kind, &reference);
        let before = world.in_xero(xero);
        world.sync(&[id]).await;
        assert_eq!(world.linked(id).await, Some(xero), "{kind}");
        assert_eq!(world.in_xero(xero), before);
        assert_eq!(world.record(id).await.notices, []);
        world.is_quiet(&[id]).await;
        world.pass(Duration::minutes(1));
    }
}

#[tokio::test]
async fn a_contact_linked_by_name_gets_the_blank_account_number_written_and_nothing_else() {
    let mut world = World::new(&[]);
    let xero =
        world.xero_contact(json!({"Name": "ACME ltd", "EmailAddress": "books@acme.example"}));
    let acme = world.customer_with_reference(" Acme   Ltd", "ACME01");
    let mut wanted = world.in_xero(xero);
    world.sync(&[acme]).await;
    assert_eq!(world.linked(acme).await, Some(xero));
    let after = world.in_xero(xero);
    assert_eq!(after.text("AccountNumber"), "ACME01");
    for field in ["Name", "EmailAddress", "FirstName", "ContactNumber"] {
        assert_eq!(after.text(field), wanted.text(field), "{field}");
    }
    assert_eq!(after.address("POBOX", "City"), "");
    assert_eq!(after.phone("DEFAULT", "PhoneNumber"), "");
    wanted.updated_unix_ms = after.updated_unix_ms;
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_contact_without_a_reference_takes_over_xeros() {
    for (generate, contact_reference) in [("false", ""), ("true", "X-77")] {
        let mut world = World::new(&[("GENERATE_ACCOUNT_REF", generate)]);
        let xero = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "X-77"}));
        let acme = world.customer("acme ltd", |_| ());
        world.sync(&[acme]).await;
        assert_eq!(world.linked(acme).await, Some(xero));
        let contact = world.in_bigchange(acme);
        assert_eq!(contact.account_reference, "X-77");
        assert_eq!(contact.account_type, Some(1));
        assert_eq!(contact.contact_reference, contact_reference);
        world.is_quiet(&[acme]).await;
    }
}

#[tokio::test]
async fn a_link_under_another_name_is_told_until_the_contact_is_renamed() {
    let mut world = World::new(&[]);
    let xero = world.xero_contact(json!({"Name": "Acme Holdings", "AccountNumber": "ACME01"}));
    let acme = world.customer_with_reference("Acme Ltd", "ACME01");
    world.sync(&[acme]).await;
    assert_eq!(world.linked(acme).await, Some(xero));
    assert_eq!(
        world.record(acme).await.notices,
        [Notice::LinkedUnderAnotherName {
            in_xero: "Acme Holdings".into()
        }]
    );
    assert_eq!(world.in_xero(xero).name(), "Acme Holdings");
    world.is_quiet(&[acme]).await;
    world.edit(acme, |c| c.name = "Acme Group".into());
    world.sync(&[acme]).await;
    assert_eq!(world.in_xero(xero).name(), "Acme Group");
    // Its own name in Xero is written over, and that is told in its place.
    let told = world.record(acme).await.notices;
    let told: Vec<&str> = told.iter().map(Notice::code).collect();
    assert_eq!(told, ["CorrectionOverwritten"]);
}

#[tokio::test]
async fn a_contact_renamed_in_xero_since_the_directory_was_read_is_not_written_to_nor_kept_from_others()
 {
    let mut world = World::new(&[]);
    let xero = world.xero_contact(json!({"Name": "Acme Ltd"}));
    let acme = world.customer_with_reference("Acme Ltd", "ACME01");
    world.network.just_before(
        |request| {
            request
                .uri()
                .query()
                .is_some_and(|query| query.contains("IDs="))
        },
        move |network| {
            let renamed = json!([{"ContactID": xero, "Name": "Bolt Ltd"}]);
            network.xero().seed(network.now(), &renamed).unwrap();
        },
    );
    world.sync(&[acme]).await;
    assert_eq!(world.in_xero(xero).text("AccountNumber"), "");
    assert_eq!(world.problem_code(acme).await, "NotInXero");
    // It is Bolt's, and nothing of Acme's attempt may stand in Bolt's way.
    let bolt = world.customer_with_reference("Bolt Ltd", "BOLT01");
    world.pass(Duration::minutes(5));
    world.sync(&[bolt]).await;
    assert_eq!(world.problem_code(bolt).await, "");
    assert_eq!(world.linked(bolt).await, Some(xero));
}
