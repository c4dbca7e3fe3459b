//! What is kept of what was done: history, and outcomes for whoever follows along.

use rules::{Field, System};
use runtime::records::{
    EndingKind, FollowRecord, HistoryEvent, HistoryRecord, OutcomeRecord, SINGLETON,
};
use serde_json::json;
use store::{Item, Write};
use time::Duration;

use crate::world::World;

/// A contact's history: each event with its changes as `system field: before → after`.
async fn history(world: &World, id: u64) -> Vec<(HistoryEvent, Vec<String>)> {
    let all = world.all::<HistoryRecord>().await;
    let of = all
        .into_iter()
        .filter(|(sort, _)| sort.starts_with(&format!("{id}#")));
    of.map(|(_, record)| {
        let changes = record.changes.iter().map(|change| {
            let (before, after) = (&change.before, &change.after);
            format!(
                "{} {}: {before} → {after}",
                change.system.name(),
                change.field.label()
            )
        });
        (record.event, changes.collect())
    })
    .collect()
}

#[tokio::test]
async fn what_was_created_changed_and_released_can_be_looked_up() {
    let mut world = World::generating().await;
    let id = world.customer("Acme Ltd", |_| ());
    world.sync(&[id]).await;
    world.pass(Duration::minutes(1));
    world.edit(id, |c| c.phone = "+4420".into());
    world.sync(&[id]).await;
    world.pass(Duration::minutes(1));
    world.edit(id, |c| c.account_reference.clear());
    world.sync(&[id]).await;
    world.pass(Duration::minutes(1));
    let now = world.network.now();
    world.network.bigchange().delete(now, id);
    world.sync(&[id]).await;
    let history = history(&world, id).await;
    let events: Vec<HistoryEvent> = history.iter().map(|(event, _)| *event).collect();
    assert_eq!(
        events,
        [
            HistoryEvent::Created,
            HistoryEvent::Updated,
            HistoryEvent::Updated,
            HistoryEvent::Released
        ]
    );
    assert!(
        history[0]
            .1
            .contains(&"Xero account reference:  → ACME0001".to_owned())
    );
    assert!(
        history[0]
            .1
            .contains(&"BigChange contact reference:  → ACME0001".to_owned())
    );
    assert_eq!(history[1].1, ["Xero phone: +441130000001 → +4420"]);
    assert_eq!(
        history[2].1,
        ["BigChange account reference:  → ACME0001"],
        "restored"
    );
    assert!(history[3].1.is_empty());
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_told_as_created() {
    let mut world = World::creating();
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    let fault =
        fake_xero::Fault::next_call(fake_xero::FaultKind::LostAnswer).on("PUT", "/Contacts");
    world.network.xero().inject(fault);
    world.sync(&[id]).await;
    assert_eq!(history(&world, id).await, [], "nobody knows yet");
    world.edit(id, |c| c.phone = "+4420".into());
    world.settle().await;
    let told = history(&world, id).await;
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, HistoryEvent::Created);
    for change in [
        "Xero name:  → Acme Ltd",
        "Xero account reference:  → A-1",
        "Xero phone: +441130000001 → +4420",
    ] {
        assert!(
            told[0].1.iter().any(|told| told == change),
            "{change}: {told:?}"
        );
    }
    // Also where nothing is left to write but the link.
    let ready = world.customer("Calder Ltd", |c| {
        c.account_reference = "C-1".into();
        c.account_type = Some(1);
    });
    let fault =
        fake_xero::Fault::next_call(fake_xero::FaultKind::LostAnswer).on("PUT", "/Contacts");
    world.network.xero().inject(fault);
    world.sync(&[ready]).await;
    world.settle().await;
    let told = history(&world, ready).await;
    assert_eq!((told.len(), told[0].0), (1, HistoryEvent::Created));
    // One that a person entered in Xero is linked, whatever became of a create of ours.
    let other = world.customer_with_reference("Bolt Ltd", "B-1");
    let fault =
        fake_xero::Fault::next_call(fake_xero::FaultKind::LostRequest).on("PUT", "/Contacts");
    world.network.xero().inject(fault);
    world.sync(&[other]).await;
    world.xero_contact(json!({"Name": "Bolt Ltd", "AccountNumber": "B-1"}));
    world.settle().await;
    assert_eq!(history(&world, other).await[0].0, HistoryEvent::Linked);
}

#[tokio::test]
async fn what_bigchange_did_not_take_is_told_when_it_has() {
    let mut world = World::creating();
    let id = world.customer("Acme Ltd", |c| c.account_reference = "A-1".into());
    let refused = fake_bigchange::FaultKind::Status {
        status: 503,
        retry_after_seconds: None,
    };
    let fault = fake_bigchange::Fault::next_of("ContactExtraSave", refused);
    world.network.bigchange().order_fault(fault);
    world.sync(&[id]).await;
    let first = history(&world, id).await;
    assert_eq!(first.len(), 1);
    assert!(
        first[0].1.iter().all(|change| change.starts_with("Xero")),
        "{first:?}"
    );
    world.settle().await;
    let then = history(&world, id).await;
    assert_eq!(then[1].1, ["BigChange account type:  → 1 (Xero)"]);
}

#[tokio::test]
async fn a_contact_reference_that_was_not_written_is_no_change() {
    let mut world = World::generating().await;
    let id = world.customer("Acme Ltd", |_| ());
    world.network.bigchange().behaviour.actions_without_right =
        ["contactupdateref".to_owned()].into();
    world.sync(&[id]).await;
    let records = world.all::<HistoryRecord>().await;
    let (_, record) = &records[0];
    let is_contact_reference = |change: &&rules::Change| {
        change.system == System::BigChange && change.field == Field::ContactReference
    };
    assert_eq!(record.changes.iter().find(is_contact_reference), None);
}

#[tokio::test]
async fn what_does_not_differ_leaves_no_history_and_neither_does_who_wants_none() {
    let mut world = World::creating();
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    world.sync(&[id]).await;
    world.sync(&[id]).await;
    assert_eq!(history(&world, id).await.len(), 1);
    world.worker.services.history_days = 0;
    world.edit(id, |c| c.phone = "+4420".into());
    world.sync(&[id]).await;
    assert_eq!(history(&world, id).await.len(), 1);
}

#[tokio::test]
async fn history_expires_and_outcomes_sooner() {
    let mut world = World::creating();
    let until = world.now() + Duration::minutes(5);
    world.put(SINGLETON, &FollowRecord { until }).await;
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    world.sync(&[id]).await;
    let is_of =
        |kind: &'static str| move |item: &Item| item.key.partition.ends_with(&format!("#{kind}"));
    assert!(world.dump().iter().any(is_of("history")));
    assert!(world.dump().iter().any(is_of("outcome")));
    let in_days = |days| (world.now() + Duration::days(days)).unix_timestamp();
    world.table.inner.remove_expired(in_days(2));
    assert!(world.dump().iter().any(is_of("history")));
    assert!(!world.dump().iter().any(is_of("outcome")));
    world.table.inner.remove_expired(in_days(401));
    assert!(!world.dump().iter().any(is_of("history")));
    assert!(world.linked(id).await.is_some(), "the link stays");
}

#[tokio::test]
async fn outcomes_are_noted_while_somebody_follows_and_not_otherwise() {
    let mut world = World::creating();
    let taken = json!([{"Name": "Taken Ltd", "AccountNumber": "T-9"}]);
    world.xero_contacts(&taken);
    let created = world.customer_with_reference("Acme Ltd", "A-1");
    let held = world.customer_with_reference("Taken Ltd", "T-1");
    let site = world.customer("A site", |c| c.group_id = crate::world::SITES);
    world.edit(site, |c| c.parent_id = Some(created));
    let all = [created, held, site, 999];
    let follow = |until| FollowRecord { until };

    world.sync(&all).await;
    assert!(
        world.all::<OutcomeRecord>().await.is_empty(),
        "nobody follows"
    );
    world
        .put(SINGLETON, &follow(world.now() - Duration::seconds(1)))
        .await;
    world.sync(&all).await;
    assert!(
        world.all::<OutcomeRecord>().await.is_empty(),
        "nobody follows any more"
    );

    world
        .put(SINGLETON, &follow(world.now() + Duration::minutes(5)))
        .await;
    world.edit(created, |c| c.phone = "+4420".into());
    world.sync(&all).await;
    let told: Vec<(String, EndingKind, String)> = world
        .all::<OutcomeRecord>()
        .await
        .into_iter()
        .map(|(sort, outcome)| (sort, outcome.ending, outcome.detail))
        .collect();
    let row = |id: u64, ending, detail: &str| (id.to_string(), ending, detail.to_owned());
    let mut expected = vec![
        row(created, EndingKind::Updated, ""),
        row(held, EndingKind::Held, "NameTakenInXero"),
        row(site, EndingKind::LeftAlone, "SiteContact"),
        row(999, EndingKind::LeftAlone, "Deleted"),
    ];
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_outcome_that_cannot_be_noted_fails_no_message() {
    let mut world = World::creating();
    let until = world.now() + Duration::minutes(5);
    world.put(SINGLETON, &FollowRecord { until }).await;
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    let is_outcome = |writes: &[Write]| {
        let mut keys = writes.iter().map(Write::key);
        keys.any(|key| key.partition.ends_with("#outcome"))
    };
    *world.table.refuses.lock().unwrap() = Some(Box::new(is_outcome));
    world.sync(&[id]).await;
    assert!(world.linked(id).await.is_some());
}

#[tokio::test]
async fn each_field_is_told_once_however_often_bigchange_fails() {
    let mut world = World::generating().await;
    let id = world.customer("Acme Ltd", |_| ());
    let unavailable = fake_bigchange::FaultKind::Status {
        status: 503,
        retry_after_seconds: None,
    };
    // The account reference is saved; the contact reference is not.
    let fault = fake_bigchange::Fault::next_of("ContactUpdateRef", unavailable);
    world.network.bigchange().order_fault(fault);
    world.sync(&[id]).await;
    world.settle().await;
    let history = history(&world, id).await;
    let all: Vec<&String> = history.iter().flat_map(|(_, changes)| changes).collect();
    let count = |field: &str| {
        let start = format!("BigChange {field}");
        all.iter()
            .filter(|change| change.starts_with(&start))
            .count()
    };
    assert_eq!(count("account reference"), 1, "{history:?}");
    assert_eq!(count("account type"), 1, "{history:?}");
    assert_eq!(count("contact reference"), 1, "{history:?}");
}

#[tokio::test]
async fn a_follow_record_that_cannot_be_read_stops_nothing() {
    let mut world = World::creating();
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    let key = store::Key::new(format!("{}#state-follow", world.tenant()), SINGLETON);
    let nonsense = Write::Put {
        key,
        expect: store::Expect::Any,
        body: json!({"until": "whenever"}),
        expires_at_unix_seconds: None,
    };
    store::Table::write(&world.table.inner, vec![nonsense])
        .await
        .unwrap();
    world.sync(&[id]).await;
    assert!(world.linked(id).await.is_some());
}
