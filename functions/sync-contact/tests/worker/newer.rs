//! Beside a worker of a newer version, or after one: what that one stored is kept, and what it was
//! writing is left to it.

use runtime::records::{ContactRecord, DeferReason, DeferredRecord, ProblemRecord, Record};
use serde_json::{Value, json};
use store::{Expect, Key, Table, Write};
use time::Duration;

use crate::world::World;

fn key<R: Record>(world: &World, id: u64) -> Key {
    Key::new(format!("{}#{}", world.tenant(), R::KIND), id.to_string())
}

fn body<R: Record>(world: &World, id: u64) -> Value {
    let key = key::<R>(world, id);
    let item = world.dump().into_iter().find(|item| item.key == key);
    item.expect("the record is there").body
}

/// As if a newer version had rewritten a record.
async fn rewrite<R: Record>(world: &World, id: u64, change: impl FnOnce(&mut Value)) {
    let mut body = body::<R>(world, id);
    change(&mut body);
    let write = Write::Put {
        key: key::<R>(world, id),
        expect: Expect::Any,
        body,
        expires_at_unix_seconds: None,
    };
    world.table.inner.write(vec![write]).await.unwrap();
}

#[tokio::test]
async fn an_update_keeps_what_a_newer_version_stored_about_the_contact_and_its_link() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    rewrite::<ContactRecord>(&world, acme, |body| {
        body["undone"] = json!("2026-11-02T09:00:00Z");
        body["link"]["seen_by"] = json!(["x"]);
        body["link"]["synced"]["mobile"] = json!("07700");
        body["notices"] = json!([{"code": "NotYetThoughtOf", "from": "x"}]);
    })
    .await;
    world.pass(Duration::minutes(1));
    world.edit(acme, |contact| contact.phone = "+4420".into());
    world.sync(&[acme]).await;
    let body = body::<ContactRecord>(&world, acme);
    assert_eq!(body["link"]["synced"]["phone"], "+4420");
    assert_eq!(body["undone"], "2026-11-02T09:00:00Z");
    assert_eq!(body["link"]["seen_by"], json!(["x"]));
    assert_eq!(body["link"]["synced"]["mobile"], "07700");
    assert_eq!(
        body["notices"],
        json!([{"code": "NotYetThoughtOf", "from": "x"}])
    );
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_deferral_that_a_worker_repeats_keeps_what_a_newer_version_stored_with_it() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let outage = fake_xero::FaultKind::Status { status: 503 };
    let fault = fake_xero::Fault::next_call(outage).on("GET", "/Contacts");
    world.network.xero().inject(fault);
    world.sync(&[acme]).await;
    rewrite::<DeferredRecord>(&world, acme, |body| body["by"] = json!("person")).await;
    world.sync(&[acme]).await;
    assert_eq!(body::<DeferredRecord>(&world, acme)["by"], "person");
}

#[tokio::test]
async fn a_problem_of_a_newer_version_is_replaced_by_what_this_one_finds() {
    let mut world = World::new(&[("CREATE_IN_XERO", "false")]);
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    rewrite::<ProblemRecord>(&world, acme, |body| {
        body["problem"] = json!({"code": "NotYetThoughtOf", "like": [{"name": "Akme"}]});
        body["retry"] = json!(true);
        body["note"] = json!(7);
    })
    .await;
    assert_eq!(world.problem_code(acme).await, "Unknown");
    world.pass(Duration::minutes(1));
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "NotInXero");
    let body = body::<ProblemRecord>(&world, acme);
    assert_eq!(body.get("note"), None, "it belonged to the other problem");
}

#[tokio::test]
async fn what_a_newer_version_was_writing_is_left_to_it() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    let past = (world.now() - Duration::hours(1))
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap();
    let mut intended = Value::Null;
    rewrite::<ContactRecord>(&world, acme, |body| {
        body["intent"] = json!({
            "attempt": "of a newer version",
            "expires_at": past,
            "plan": {
                "outcome": "Moved",
                "account_reference": "A1",
                "xero": {"Move": {"to": "0a1b2c3d-0000-4000-8000-000000000001"}},
                "bigchange_account": false,
                "bigchange_contact_reference": false,
                "synced": body["link"]["synced"],
                "notices": [],
            },
        });
        intended = body.clone();
    })
    .await;
    world.pass(Duration::minutes(1));
    world.edit(acme, |contact| contact.phone = "+4420".into());
    world.reset_calls();
    world.sync(&[acme]).await;
    assert_eq!(
        world.defer_reason(acme).await,
        Some(DeferReason::NewerVersion)
    );
    assert_eq!(world.xero_calls(), 0);
    assert_eq!(body::<ContactRecord>(&world, acme), intended);

    // The newer version finishes it, and the edit is carried over.
    rewrite::<ContactRecord>(&world, acme, |body| {
        drop(body.as_object_mut().unwrap().remove("intent"));
    })
    .await;
    world.settle().await;
    let xero_id = world.linked(acme).await.unwrap();
    assert_eq!(
        world.in_xero(xero_id).phone("DEFAULT", "PhoneNumber"),
        "+4420"
    );
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn what_no_newer_version_finishes_ends_in_the_dead_letters() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    let past = (world.now() - Duration::hours(1))
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap();
    rewrite::<ContactRecord>(&world, acme, |body| {
        body["intent"] = json!({
            "attempt": "of a newer version",
            "expires_at": past,
            "plan": {
                "outcome": "Moved",
                "account_reference": "A1",
                "xero": "Move",
                "bigchange_account": false,
                "bigchange_contact_reference": false,
                "synced": body["link"]["synced"],
                "notices": [],
            },
        });
    })
    .await;
    world.reset_calls();
    world.sync(&[acme]).await;
    world.settle().await;
    assert_eq!(world.xero_calls(), 0);
    let letters = world.letters();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("NewerVersion"), "{letters:?}");
}
