//! The switch, as the worker heeds it.

use rules::AskedBy;
use runtime::records::{DeferReason, DeferredRecord, PauseRecord, SINGLETON};
use runtime::switch::SwitchRecord;
use serde_json::{Value, json};
use sync_contact::Response;
use time::Duration;

use crate::world::World;

/// A world in which nobody has switched anything on.
fn switched_off() -> World {
    World::new(&[("CREATE_IN_XERO", "true"), ("SYNC_ENABLED", "false")])
}

async fn turn(world: &World, on: bool) {
    let since = world.now();
    world.put(SINGLETON, &SwitchRecord { on, since }).await;
}

fn saying(body: &Value) -> Value {
    json!({ "Records": [{ "messageId": "one", "body": body.to_string() }] })
}

async fn deliver(world: &World, body: Value) {
    let response = world.deliver(&saying(&body)).await.unwrap();
    assert_eq!(response, Response::default(), "{body}");
}

#[tokio::test]
async fn while_it_is_off_only_what_a_person_asks_for_is_worked() {
    let mut world = switched_off();
    let acme = world.customer_with_reference("Acme", "A1");
    for by in [
        json!({ "contact_id": acme }),
        json!({ "contact_id": acme, "by": "schedule" }),
        json!({ "contact_id": acme, "by": "somebody new", "other": [1] }),
        json!({ "contact_id": acme, "by": null }),
    ] {
        deliver(&world, by).await;
        assert_eq!(world.xero_calls(), 0);
        assert_eq!(world.network.bigchange().calls().len(), 0);
        let deferred = world.deferred(acme).await.unwrap();
        assert_eq!(deferred.reason, DeferReason::SwitchedOff);
        assert_eq!((deferred.due, deferred.attempts), (world.now(), 0));
    }
    deliver(
        &world,
        json!({ "contact_id": acme, "by": "person", "other": [1] }),
    )
    .await;
    assert_eq!(world.created_for(acme).len(), 1);
    assert_eq!(world.deferred(acme).await, None);
}

#[tokio::test]
async fn of_two_messages_about_one_contact_a_persons_counts() {
    let mut world = switched_off();
    let acme = world.customer_with_reference("Acme", "A1");
    let bodies = [
        json!({ "contact_id": acme, "by": "person" }),
        json!({ "contact_id": acme }),
    ];
    let records = bodies.map(|body| saying(&body)["Records"][0].clone());
    let event = json!({ "Records": records });
    assert_eq!(world.deliver(&event).await.unwrap(), Response::default());
    assert_eq!(world.created_for(acme).len(), 1);
}

#[tokio::test]
async fn what_a_person_asked_for_and_has_to_wait_stays_the_persons() {
    let mut world = switched_off();
    let acme = world.customer_with_reference("Acme", "A1");
    let pause = PauseRecord {
        until: world.now() + Duration::minutes(10),
        reason: DeferReason::XeroLimit,
        why: "its limit of calls is reached (of the minute)".to_owned(),
    };
    world.put(SINGLETON, &pause).await;
    deliver(&world, json!({ "contact_id": acme, "by": "person" })).await;
    let waiting = world.deferred(acme).await.unwrap();
    assert_eq!(waiting.by, AskedBy::Person);
    assert_ne!(waiting.reason, DeferReason::SwitchedOff);
    // A message of an earlier sweep comes late: it must not hide the person's.
    deliver(&world, json!({ "contact_id": acme })).await;
    assert_eq!(world.deferred(acme).await, Some(waiting));
    world.pass(Duration::minutes(11));
    deliver(&world, json!({ "contact_id": acme, "by": "person" })).await;
    assert_eq!(world.created_for(acme).len(), 1);
}

#[tokio::test]
async fn a_contact_that_a_person_asked_for_is_put_off_for_its_own_sake_as_the_persons() {
    let mut world = switched_off();
    let acme = world.customer_with_reference("Acme", "A1");
    let bigchange = world.in_bigchange(acme);
    // Its twin goes first, so that it is put off within the batch or decided in a later round.
    let twin = world.customer_with_reference(&bigchange.name, "A2");
    world.network.xero().inject(
        fake_xero::Fault::next_call(fake_xero::FaultKind::LostRequest)
            .on("GET", "/api.xro/2.0/Contacts"),
    );
    let records = [acme, twin].map(|id| {
        let mut record = saying(&json!({ "contact_id": id, "by": "person" }))["Records"][0].clone();
        record["messageId"] = json!(id.to_string());
        record
    });
    let event = json!({ "Records": records });
    assert_eq!(world.deliver(&event).await.unwrap(), Response::default());
    let deferred = world.all::<DeferredRecord>().await;
    assert!(!deferred.is_empty(), "nothing was put off");
    for (id, deferred) in deferred {
        assert_eq!(deferred.by, AskedBy::Person, "{id}: {:?}", deferred.reason);
    }
}

#[tokio::test]
async fn it_is_switched_off_with_a_thousand_messages_queued_and_nothing_is_written_or_lost() {
    let mut world = World::creating();
    let mut ids = Vec::new();
    for number in 1..=1_000 {
        let name = format!("Customer {number}");
        ids.push(world.customer_with_reference(&name, &format!("C{number}")));
    }
    let (begun, queued) = ids.split_at(200);
    world.sync(begun).await;
    turn(&world, false).await;
    let created = world.xero_population();
    assert!(created > 0, "the first batch wrote nothing");
    world.reset_calls();
    for batch in queued.chunks(200) {
        world.sync(batch).await;
    }
    assert_eq!(world.xero_calls(), 0);
    assert_eq!(world.bigchange_writes(), Vec::<&str>::new());
    for id in queued {
        let reason = world.defer_reason(*id).await;
        assert_eq!(reason, Some(DeferReason::SwitchedOff), "{id}");
    }
    assert_eq!(world.letters(), []);

    turn(&world, true).await;
    world.settle().await;
    for id in &ids {
        assert_eq!(world.created_for(*id).len(), 1, "{id}");
        assert!(world.linked(*id).await.is_some(), "{id}");
    }
    assert_eq!(world.xero_population(), 1_000);
    world.holds_its_promises("switched on again");
}

#[tokio::test]
async fn a_stack_of_before_the_switch_goes_on_as_it_was_and_no_deployment_turns_it() {
    for (before, after) in [("true", "false"), ("false", "true")] {
        let mut world = World::new(&[("CREATE_IN_XERO", "true"), ("SYNC_ENABLED", before)]);
        let acme = world.customer_with_reference("Acme", "A1");
        let bolt = world.customer_with_reference("Bolt", "B1");
        // As version 0.1 queued it.
        deliver(&world, json!({ "contact_id": acme })).await;
        let works = before == "true";
        assert_eq!(
            world.created_for(acme).len(),
            usize::from(works),
            "{before}"
        );
        let switch: SwitchRecord = world.get(SINGLETON).await.unwrap();
        assert_eq!((switch.on, switch.since), (works, world.now()));
        world.set("SYNC_ENABLED", after);
        deliver(&world, json!({ "contact_id": bolt })).await;
        assert_eq!(world.created_for(bolt).len(), usize::from(works), "{after}");
    }
}

#[test]
fn what_version_0_1_put_off_is_read_and_what_it_may_read_is_written() {
    let old = json!({"since": "2026-11-02T09:00:00Z", "due": "2026-11-02T09:05:00Z", "reason": "XeroLimit", "attempts": 2});
    let read: DeferredRecord = serde_json::from_value(old.clone()).unwrap();
    assert_eq!(read.by, AskedBy::Schedule);
    assert_eq!(serde_json::to_value(&read).unwrap(), old);
}
