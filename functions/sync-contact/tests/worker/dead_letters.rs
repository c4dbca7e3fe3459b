//! Dead letters, moved back into the queue as they are.

use runtime::DeadLetter;
use serde_json::{Value, json};
use sync_contact::Response;

use crate::world::{World, contact, message};

/// What SQS delivers once somebody has moved these letters: the bodies as they were, in new
/// messages.
fn moved(letters: &[DeadLetter]) -> Value {
    let records: Vec<Value> = letters
        .iter()
        .enumerate()
        .map(|(n, letter)| {
            json!({
                "messageId": format!("moved-{n}"),
                "body": serde_json::to_string(letter).unwrap(),
                "attributes": { "ApproximateReceiveCount": "1" },
            })
        })
        .collect();
    json!({ "Records": records })
}

fn take_letters(world: &World) -> Vec<DeadLetter> {
    std::mem::take(&mut *world.queue.letters.lock().unwrap())
}

#[tokio::test]
async fn a_dead_letter_holds_its_contact_and_its_reason_and_nothing_else() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("zqmark Ltd", "ZQMARK1");
    // Each way in which a message is given up.
    world.store_is_down(true);
    world
        .deliver(&json!({"Records": [message(acme, 5)]}))
        .await
        .unwrap();
    world.store_is_down(false);
    *world.network.poison.lock().unwrap() = Some(acme);
    world
        .deliver(&json!({"Records": [message(acme, 5)]}))
        .await
        .unwrap();
    *world.network.poison.lock().unwrap() = None;
    world.vault.set_current("xero-token", "{\"zqmark\": ");
    world.restart();
    world
        .deliver(&json!({"Records": [message(acme, 5)]}))
        .await
        .unwrap();
    for body in [
        json!("zqmark"),
        json!("{\"contact_id\": \"zqmark\"}"),
        Value::Null,
    ] {
        let strange = json!({"messageId": "m", "body": body});
        world
            .deliver(&json!({ "Records": [strange] }))
            .await
            .unwrap();
    }
    let letters = take_letters(&world);
    let contacts: Vec<_> = letters.iter().map(|letter| letter.contact_id).collect();
    let known = Some(contact(acme));
    assert_eq!(contacts, [known, known, known, None, None, None]);
    for letter in letters {
        let body = serde_json::to_value(&letter).unwrap();
        let fields: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["contact_id", "reason"]);
        assert!(
            !body.to_string().to_lowercase().contains("zqmark"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_dead_letter_that_is_moved_back_is_worked_like_any_message() {
    let mut world = World::creating();
    let ids = ["Acme", "Bolt"].map(|name| world.customer_with_reference(name, name));
    world.store_is_down(true);
    for id in ids {
        world
            .deliver(&json!({"Records": [message(id, 5)]}))
            .await
            .unwrap();
    }
    world.store_is_down(false);
    let letters = take_letters(&world);
    assert_eq!(letters.len(), 2);
    assert_eq!(
        world.deliver(&moved(&letters)).await,
        Ok(Response::default())
    );
    for id in ids {
        assert_eq!(world.created_for(id).len(), 1);
    }
    assert_eq!(world.letters(), []);
    world.is_quiet(&ids).await;
    // Moved twice, as SQS may, or together with a new message, it does no harm either.
    let mut again = moved(&letters);
    again["Records"]
        .as_array_mut()
        .unwrap()
        .push(message(ids[0], 1));
    assert_eq!(world.deliver(&again).await, Ok(Response::default()));
    assert_eq!(world.xero_population(), 2);
}

#[tokio::test]
async fn one_that_is_moved_back_before_its_reason_is_mended_becomes_a_letter_again_and_grows_no_longer()
 {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    *world.network.poison.lock().unwrap() = Some(acme);
    world
        .deliver(&json!({"Records": [message(acme, 5)]}))
        .await
        .unwrap();
    let first = take_letters(&world);
    let mut letters = first.clone();
    for _ in 0..3 {
        let mut last = moved(&letters);
        last["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!("5");
        world.deliver(&last).await.unwrap();
        letters = take_letters(&world);
        assert_eq!(letters, first);
    }
}

/// A message that nobody can read is no more readable for having been a letter: it comes back at
/// once, and stays there.
#[tokio::test]
async fn one_without_a_contact_comes_back_once_for_each_time_that_it_is_moved() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let strange = json!({"messageId": "m", "body": "Acme Ltd, 01234"});
    world
        .deliver(&json!({ "Records": [strange] }))
        .await
        .unwrap();
    let mut letters = take_letters(&world);
    for _ in 0..3 {
        let mut event = moved(&letters);
        event["Records"]
            .as_array_mut()
            .unwrap()
            .push(message(acme, 1));
        assert_eq!(
            world.deliver(&event).await,
            Ok(Response::default()),
            "SQS does not deliver it again"
        );
        letters = take_letters(&world);
        let [letter] = letters.as_slice() else {
            panic!("{letters:?}");
        };
        assert_eq!(letter.contact_id, None);
        assert!(letter.reason.len() < 200, "{}", letter.reason);
    }
    assert_eq!(world.created_for(acme).len(), 1, "it holds up nobody");
}
