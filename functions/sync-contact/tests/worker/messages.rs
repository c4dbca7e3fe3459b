//! Messages in, failures and dead letters out.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use sync_contact::Response;
use time::Duration;

use crate::world::{World, contact, event, message};

fn failures(response: &Response) -> Vec<&str> {
    response
        .batch_item_failures
        .iter()
        .map(|failure| failure.item_identifier.as_str())
        .collect()
}

#[tokio::test]
async fn a_body_that_cannot_be_read_goes_to_the_dead_letters_without_its_content_and_the_rest_goes_on()
 {
    for body in [
        json!("Acme Ltd, 01234"),
        json!("{\"contact_id\": \"Acme Ltd\"}"),
        json!("{\"contact_id\": 0}"),
        json!("{\"contact_id\": -1}"),
        json!("[]"),
        json!(""),
        json!(null),
        json!(7),
    ] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        let strange = json!({"messageId": "strange", "body": body});
        let event = json!({"Records": [strange, message(acme, 1)]});
        let response = world.deliver(&event).await.unwrap();
        assert_eq!(response, Response::default());
        let [letter] = world.letters().try_into().unwrap();
        assert_eq!(letter.contact_id, None);
        assert!(
            !letter.reason.is_empty() && !letter.reason.contains("Acme"),
            "{}",
            letter.reason
        );
        assert_eq!(world.created_for(acme).len(), 1, "{body}");
    }
}

#[tokio::test]
async fn records_of_any_shape_do_not_lose_the_others() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let mut without_id = message(acme, 1);
    without_id.as_object_mut().unwrap().remove("messageId");
    let mut without_attributes = message(acme, 1);
    without_attributes["attributes"] = Value::Null;
    let records = json!([null, 7, "text", [], {}, without_id, without_attributes]);
    let response = world.deliver(&json!({ "Records": records })).await.unwrap();
    assert_eq!(response, Response::default());
    assert_eq!(world.created_for(acme).len(), 1);
    assert_eq!(world.letters().len(), 5);
}

#[tokio::test]
async fn an_event_that_is_not_one_of_sqs_fails_as_a_whole() {
    let world = World::creating();
    for event in [json!(null), json!({}), json!({"Records": 7}), json!([])] {
        assert!(world.deliver(&event).await.is_err(), "{event}");
    }
    assert_eq!(
        world.deliver(&json!({"Records": []})).await,
        Ok(Response::default())
    );
}

#[tokio::test]
async fn several_messages_of_one_contact_are_worked_once_and_fail_together() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let mut other = message(acme, 1);
    other["messageId"] = json!("another");
    let event = json!({"Records": [message(acme, 1), other]});
    world.store_is_down(true);
    let response = world.deliver(&event).await.unwrap();
    assert_eq!(failures(&response), ["message-1", "another"]);
    world.store_is_down(false);
    world.reset_calls();
    assert_eq!(world.deliver(&event).await, Ok(Response::default()));
    let details = world.network.bigchange().call_counts()["ContactDetail"];
    assert_eq!(details, 1);
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_fails_the_messages_and_nothing_is_called() {
    let mut world = World::creating();
    let ids = ["A", "B"].map(|name| world.customer_with_reference(name, name));
    world.store_is_down(true);
    let response = world.deliver(&event(&ids)).await.unwrap();
    assert_eq!(failures(&response), ["message-1", "message-2"]);
    assert_eq!(world.xero_calls(), 0);
    assert_eq!(world.letters(), []);
    world.store_is_down(false);
    world.sync(&ids).await;
    assert_eq!(world.xero_population(), 2);
}

#[tokio::test]
async fn on_its_last_receive_a_message_that_fails_goes_to_the_dead_letters_with_its_reason() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let bolt = world.customer_with_reference("Bolt", "B1");
    world.store_is_down(true);
    let event = json!({"Records": [message(acme, 5), message(bolt, 4)]});
    let response = world.deliver(&event).await.unwrap();
    assert_eq!(failures(&response), ["message-2"]);
    let [letter] = world.letters().try_into().unwrap();
    assert_eq!(letter.contact_id, Some(contact(acme)));
    assert!(letter.reason.contains("store"), "{}", letter.reason);
    // Where the dead-letter queue takes nothing either, the message stays.
    world.queue.is_down.store(true, Ordering::Relaxed);
    let response = world.deliver(&event).await.unwrap();
    assert_eq!(failures(&response), ["message-1", "message-2"]);
}

#[tokio::test]
async fn a_failed_message_that_cannot_be_named_goes_to_the_dead_letters() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let mut nameless = message(acme, 1);
    nameless["messageId"] = json!("");
    world.store_is_down(true);
    let response = world
        .deliver(&json!({"Records": [nameless]}))
        .await
        .unwrap();
    assert_eq!(response, Response::default());
    assert_eq!(world.letters()[0].contact_id, Some(contact(acme)));
}

#[tokio::test]
async fn without_a_token_secret_messages_fail_with_what_is_missing() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.vault.set_current("xero-token", "{}");
    let event = json!({"Records": [message(acme, 5)]});
    assert_eq!(world.deliver(&event).await, Ok(Response::default()));
    let [letter] = world.letters().try_into().unwrap();
    assert!(letter.reason.contains("secret"), "{}", letter.reason);
}

#[tokio::test]
async fn without_a_bigchange_secret_contacts_wait() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.vault.set_current("bigchange", "{}");
    let event = json!({"Records": [message(acme, 5)]});
    assert_eq!(world.deliver(&event).await, Ok(Response::default()));
    assert_eq!(world.letters(), []);
    assert_eq!(
        world.defer_reason(acme).await,
        Some(runtime::records::DeferReason::BigChangeRefusedLogin)
    );
}

#[tokio::test]
async fn a_panic_at_one_contact_does_not_lose_the_others() {
    let mut world = World::creating();
    let ids: Vec<u64> = (0..5)
        .map(|n| world.customer_with_reference(&format!("N{n}"), &format!("R{n}")))
        .collect();
    *world.network.poison.lock().unwrap() = Some(ids[2]);
    let response = world.deliver(&event(&ids)).await.unwrap();
    assert_eq!(failures(&response), ["message-3"]);
    world.settle().await;
    assert_eq!(world.xero_population(), 4);
    let event = json!({"Records": [message(ids[2], 5)]});
    assert_eq!(world.deliver(&event).await, Ok(Response::default()));
    let [letter] = world.letters().try_into().unwrap();
    assert!(letter.reason.contains("panicked"), "{}", letter.reason);
}

#[tokio::test]
async fn a_batch_without_time_left_is_put_off_and_writes_nothing() {
    let mut world = World::creating();
    let ids: Vec<u64> = (0..5)
        .map(|n| world.customer_with_reference(&format!("N{n}"), &format!("R{n}")))
        .collect();
    let deadline = world.now() + Duration::seconds(20);
    let response = sync_contact::handle(&world.worker, &event(&ids), deadline).await;
    assert_eq!(response, Ok(Response::default()));
    assert_eq!(world.xero_population(), 0);
    world.settle().await;
    assert_eq!(world.xero_population(), 5);
}
