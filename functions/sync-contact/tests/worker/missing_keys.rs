//! Keys that BigChange leaves out of its answers: a missing key is not a cleared value.

use rules::Problem;

use crate::world::World;

/// Every detail of this contact lacks these keys from now on; 0 stands for every contact.
fn leave_out(world: &World, contact: u64, keys: &[&str]) {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    let left_out = &mut world.network.bigchange().behaviour.left_out_of_details;
    left_out.insert(contact, keys);
}

fn leave_out_nothing(world: &World) {
    world
        .network
        .bigchange()
        .behaviour
        .left_out_of_details
        .clear();
}

#[tokio::test]
async fn a_missing_key_leaves_xeros_value_as_it_is() {
    for key in [
        "Phone", "Country", "Email", "Person", "Street", "Town", "PostCode",
    ] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme Ltd", "A1");
        world.sync(&[acme]).await;
        let id = world.linked(acme).await.unwrap();
        let before = world.in_xero(id);
        leave_out(&world, acme, &[key]);
        world.reset_calls();
        world.sync(&[acme]).await;
        assert_eq!(world.xero_calls(), 0, "{key}");
        // An edit of something else is carried over, and nothing but that.
        world.edit(acme, |c| c.name = "Acme plc".into());
        world.sync(&[acme]).await;
        let now = world.in_xero(id);
        assert_eq!(now.name(), "Acme plc", "{key}");
        for field in ["EmailAddress", "FirstName", "LastName"] {
            assert_eq!(now.text(field), before.text(field), "{key}: {field}");
        }
        for part in ["AddressLine1", "City", "PostalCode", "Country"] {
            let (now, then) = (now.address("POBOX", part), before.address("POBOX", part));
            assert_eq!(now, then, "{key}: {part}");
        }
        assert_eq!(
            now.phone("DEFAULT", "PhoneNumber"),
            before.phone("DEFAULT", "PhoneNumber"),
            "{key}"
        );
        // What is cleared afterwards is cleared in Xero too.
        leave_out_nothing(&world);
        world.edit(acme, |c| c.phone.clear());
        world.sync(&[acme]).await;
        assert_eq!(
            world.in_xero(id).phone("DEFAULT", "PhoneNumber"),
            "",
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_reference_that_is_left_out_once_is_neither_generated_nor_written_over() {
    let mut world = World::generating().await;
    let acme = world.customer_with_reference("Acme Ltd", "OWN-1");
    leave_out(&world, acme, &["AccountReference", "AccountType"]);
    world.sync(&[acme]).await;
    assert_eq!(world.created_for(acme).len(), 0);
    assert_eq!(world.in_bigchange(acme).account_reference, "OWN-1");
    assert!(world.deferred(acme).await.is_some());
    leave_out_nothing(&world);
    world.settle().await;
    assert_eq!(world.created_for(acme)[0].text("AccountNumber"), "OWN-1");
    assert_eq!(world.in_bigchange(acme).account_reference, "OWN-1");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn after_three_answers_without_a_needed_key_a_person_is_told_and_it_clears_by_itself() {
    for key in ["AccountReference", "Name", "ParentId", "GroupId"] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme Ltd", "A1");
        leave_out(&world, acme, &[key]);
        for _ in 0..2 {
            world.sync(&[acme]).await;
            assert_eq!(world.problem_code(acme).await, "", "{key}");
        }
        world.sync(&[acme]).await;
        let problem = world.problem(acme).await.unwrap().problem;
        let told = Problem::IncompleteAnswer {
            key: key.to_owned(),
        };
        assert_eq!(problem, told);
        assert_eq!(world.created_for(acme).len(), 0, "{key}");
        // The next sweep finds the same, and holds it still.
        world.sync(&[acme]).await;
        assert_eq!(world.problem_code(acme).await, "IncompleteAnswer");
        assert!(world.deferred(acme).await.is_none());
        leave_out_nothing(&world);
        world.sync(&[acme]).await;
        assert_eq!(world.problem_code(acme).await, "", "{key}");
        assert_eq!(world.created_for(acme).len(), 1, "{key}");
    }
}

#[tokio::test]
async fn an_answer_that_is_whole_begins_the_count_anew() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme Ltd", "A1");
    leave_out(&world, acme, &["AccountReference"]);
    world.sync(&[acme]).await;
    world.sync(&[acme]).await;
    leave_out_nothing(&world);
    world.sync(&[acme]).await;
    assert_eq!(world.created_for(acme).len(), 1);
    leave_out(&world, acme, &["AccountReference"]);
    world.edit(acme, |c| c.name = "Acme plc".into());
    world.sync(&[acme]).await;
    // A linked contact has its reference in its link: its edits go on, and the reference stays.
    assert_eq!(world.problem_code(acme).await, "");
    let id = world.linked(acme).await.unwrap();
    assert_eq!(world.in_xero(id).text("Name"), "Acme plc");
    assert_eq!(world.in_bigchange(acme).account_reference, "A1");
}

#[tokio::test]
async fn what_was_not_known_at_linking_is_noted_and_not_sent_when_it_is_told() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme Ltd", "A1");
    let id = world.xero_contact(serde_json::json!({
        "Name": "Acme Ltd", "AccountNumber": "A1", "EmailAddress": "xeros-own@example.com"
    }));
    leave_out(&world, acme, &["Email", "Country"]);
    world.sync(&[acme]).await;
    leave_out_nothing(&world);
    world.sync(&[acme]).await;
    assert_eq!(
        world.in_xero(id).text("EmailAddress"),
        "xeros-own@example.com"
    );
    world.edit(acme, |c| c.email = "new@example.com".into());
    world.sync(&[acme]).await;
    assert_eq!(world.in_xero(id).text("EmailAddress"), "new@example.com");
}

#[tokio::test]
async fn what_a_new_contact_was_created_without_is_sent_when_it_is_told() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme Ltd", "A1");
    leave_out(&world, acme, &["Phone"]);
    world.sync(&[acme]).await;
    let id = world.linked(acme).await.unwrap();
    assert_eq!(world.in_xero(id).phone("DEFAULT", "PhoneNumber"), "");
    leave_out_nothing(&world);
    world.sync(&[acme]).await;
    assert_ne!(world.in_xero(id).phone("DEFAULT", "PhoneNumber"), "");
}

#[tokio::test]
async fn a_contact_reference_that_is_left_out_is_not_written_over() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme Ltd", |c| c.contact_reference = "MINE".into());
    leave_out(&world, acme, &["ContactReference"]);
    world.sync(&[acme]).await;
    let contact = world.in_bigchange(acme);
    assert_eq!(contact.account_reference, "ACME0001");
    assert_eq!(contact.contact_reference, "MINE");
}

#[tokio::test]
async fn a_field_that_every_contact_of_a_batch_lacks_is_counted_once() {
    let mut world = World::creating();
    let all = [
        world.customer_with_reference("Acme Ltd", "A1"),
        world.customer_with_reference("Bolt & Sons", "B1"),
    ];
    leave_out(&world, all[0], &["Country"]);
    world.sync(&all).await;
    assert_eq!(count(&world), 0, "one of two");
    for (counted, key) in (1..).zip(["Country", "AccountReference", "ParentId", "Name", "GroupId"])
    {
        leave_out(&world, 0, &[key]);
        world.sync(&all).await;
        assert_eq!(count(&world), counted, "{key}");
    }
}

#[tokio::test]
async fn no_code_is_generated_while_a_reference_is_not_told() {
    let mut world = World::generating().await;
    let silent = world.customer_with_reference("Acme Widgets", "ACME0001");
    let other = world.customer("Acme Ltd", |_| ());
    world.references_are_read(false).await;
    for id in [silent, other] {
        world
            .put(id, &runtime::records::PendingReferenceScan {})
            .await;
    }
    leave_out(&world, silent, &["AccountReference"]);
    for _ in 0..4 {
        world.sync(&[silent, other]).await;
    }
    assert_eq!(world.problem_code(silent).await, "IncompleteAnswer");
    assert_eq!(world.created_for(other).len(), 0);
    leave_out_nothing(&world);
    world.sync(&[silent, other]).await;
    world.settle().await;
    assert_eq!(world.in_bigchange(silent).account_reference, "ACME0001");
    assert_eq!(world.in_bigchange(other).account_reference, "ACME0002");
}

#[tokio::test]
async fn a_contact_that_has_waited_long_for_another_reason_is_told_of_as_well() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme Ltd", "A1");
    leave_out(&world, acme, &["AccountReference"]);
    world.sync(&[acme]).await;
    let mut deferred = world.deferred(acme).await.unwrap();
    deferred.attempts = 9;
    world.put(acme, &deferred).await;
    world.sync(&[acme]).await;
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "IncompleteAnswer");
}

fn count(world: &World) -> usize {
    let metrics = world.metrics.lock().unwrap();
    let is_it = |metric: &&runtime::telemetry::Metric| {
        **metric == runtime::telemetry::Metric::BigChangeLeavesOut
    };
    metrics.iter().filter(is_it).count()
}
