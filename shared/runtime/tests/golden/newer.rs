//! What a newer version wrote: read as `Unknown` where it has to be, and kept.

use rules::{Notice, Problem, SyncAction, XeroWrite};
use runtime::records::{
    ContactRecord, DeadConnectionRecord, DeferReason, DeferredRecord, DirectoryRecord,
    DisconnectionRecord, EndingKind, HistoryEvent, HistoryRecord, OutcomeRecord, ProblemRecord,
    SINGLETON, Stored, expect,
};
use serde_json::{Value, json};

use crate::{golden, read, table_with};

fn item(kind: &str, sort: &str) -> Value {
    let found = golden()
        .into_iter()
        .find(|item| item.kind == kind && item.sort_key == sort);
    found.unwrap().body
}

/// Adds a field to every object.
fn with_new_fields(body: &Value) -> Value {
    match body {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| (key.clone(), with_new_fields(value)));
            let mut fields: serde_json::Map<String, Value> = fields.collect();
            fields.insert("of_a_newer_version".to_owned(), json!({"kept": [1, 2]}));
            fields.into()
        }
        Value::Array(values) => values.iter().map(with_new_fields).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn a_contact_keeps_what_a_newer_version_wrote_at_every_level() {
    let body = with_new_fields(&item("contact", "2"));
    let (table, records) = table_with("contact", "2", &body).await;
    let stored = read::<ContactRecord>(&records, "2").await;
    let mut content = stored.value.clone();
    content.generated = false;
    content.link.as_mut().unwrap().synced.phone = "new".to_owned();
    content.notices.remove(0);
    let put = records.put(2, &content, expect(Some(&stored))).unwrap();
    records.write(vec![put]).await.unwrap();
    let mut wanted = body.clone();
    wanted["generated"] = json!(false);
    wanted["link"]["synced"]["phone"] = json!("new");
    wanted["notices"].as_array_mut().unwrap().remove(0);
    assert_eq!(table.dump()[0].body, wanted);

    // The same worker writes once more without reading, as it does when it is done.
    let written = Stored::written(Some(&stored), "2".to_owned(), content);
    let mut content = written.value.clone();
    content.intent = None;
    let put = records.put(2, &content, written.as_read()).unwrap();
    records.write(vec![put]).await.unwrap();
    wanted.as_object_mut().unwrap().remove("intent");
    assert_eq!(table.dump()[0].body, wanted);
}

#[tokio::test]
async fn a_record_that_is_replaced_keeps_what_a_newer_version_wrote() {
    let body = with_new_fields(&json!({"pages": 2}));
    let (table, records) = table_with("state-directory", SINGLETON, &body).await;
    let replaced = records
        .replace(
            SINGLETON,
            &DirectoryRecord {
                pages: 3,
                kept: None,
            },
        )
        .await;
    records.write(vec![replaced.unwrap()]).await.unwrap();
    assert_eq!(table.dump()[0].body, with_new_fields(&json!({"pages": 3})));
}

#[tokio::test]
async fn how_far_a_disconnect_has_come_outlives_what_the_functions_write() {
    let body = json!({
        "since": "2026-11-02T10:00:00Z", "why": "a person disconnected it",
        "secret_version": "1", "cause": "DisconnectedByPerson",
    });
    let (_, records) = table_with("state-dead-connection", SINGLETON, &body).await;
    let known = read::<DisconnectionRecord>(&records, SINGLETON).await;
    assert!(known.value.is_of("1") && !known.value.is_of("2"));
    assert!(!known.value.is_unconfirmed);
    let begun = DisconnectionRecord {
        is_unconfirmed: true,
        ..known.value
    };
    let put = records.replace(SINGLETON, &begun).await.unwrap();
    records.write(vec![put]).await.unwrap();
    let seen = read::<DeadConnectionRecord>(&records, SINGLETON).await;
    let moved = DeadConnectionRecord {
        secret_version: "2".to_owned(),
        ..seen.value.clone()
    };
    let put = records.put(SINGLETON, &moved, seen.as_read()).unwrap();
    records.write(vec![put]).await.unwrap();
    let known = read::<DisconnectionRecord>(&records, SINGLETON).await;
    assert!(known.value.is_of("2") && known.value.is_unconfirmed);
}

#[tokio::test]
async fn another_link_begins_without_what_the_old_one_had() {
    let body = with_new_fields(&item("contact", "2"));
    let (table, records) = table_with("contact", "2", &body).await;
    let stored = read::<ContactRecord>(&records, "2").await;
    let mut content = stored.value.clone();
    let link = content.link.as_mut().unwrap();
    link.xero_id = "0a1b2c3d-0000-4000-8000-000000000009".parse().unwrap();
    let put = records.put(2, &content, stored.as_read()).unwrap();
    records.write(vec![put]).await.unwrap();
    let now = &table.dump()[0].body;
    assert_eq!(now["link"], serde_json::to_value(content.link).unwrap());
    assert_eq!(now["intent"], body["intent"]);
}

#[tokio::test]
async fn a_problem_of_a_newer_version_is_told_by_its_own_sentence_and_stays_what_it_is() {
    let mut body = with_new_fields(&item("problem", "100"));
    body["problem"] = json!({"code": "WrongPlanet", "planet": {"name": "Mars"}});
    body["sentence"] = json!("\"Acme\" is on another planet.");
    let (table, records) = table_with("problem", "100", &body).await;
    let held = read::<ProblemRecord>(&records, "100").await;
    assert_eq!(held.value.problem, Problem::Unknown);
    assert_eq!(held.value.problem.code(), "Unknown");
    assert_eq!(held.value.sentence, "\"Acme\" is on another planet.");
    assert!(
        held.value.problem.depends_on_xero(),
        "the daily sweep tries it"
    );
    let again = records.try_again(&held).unwrap();
    records.write(vec![again]).await.unwrap();
    body["retry"] = json!(true);
    assert_eq!(table.dump()[0].body, body);
}

#[tokio::test]
async fn a_notice_a_reason_an_event_and_an_ending_of_a_newer_version_are_read_as_unknown() {
    let mut body = item("contact", "2");
    body["notices"][1] = json!({"code": "SeenOnTheMoon", "by": "Neil"});
    let (_, records) = table_with("contact", "2", &body).await;
    let contact = read::<ContactRecord>(&records, "2").await;
    assert_eq!(contact.value.notices[1], Notice::Unknown);

    let mut body = item("deferred", "203");
    body["reason"] = json!("MoonInTheWay");
    let (_, records) = table_with("deferred", "203", &body).await;
    let deferred = read::<DeferredRecord>(&records, "203").await;
    assert_eq!(deferred.value.reason, DeferReason::Unknown);

    let sort = "7#001788249600002";
    let mut body = item("history", sort);
    body["event"] = json!("Launched");
    body["changes"][0]["system"] = json!("Moon");
    body["changes"][0]["field"] = json!("Crater");
    let (_, records) = table_with("history", sort, &body).await;
    let history = read::<HistoryRecord>(&records, sort).await;
    assert_eq!(history.value.event, HistoryEvent::Unknown);
    assert_eq!(history.value.changes[0].field, rules::Field::Unknown);
    assert_eq!(history.value.changes[0].system, rules::System::Unknown);

    let mut body = item("outcome", "300");
    body["ending"] = json!("InOrbit");
    let (_, records) = table_with("outcome", "300", &body).await;
    let outcome = read::<OutcomeRecord>(&records, "300").await;
    assert_eq!(outcome.value.ending, EndingKind::Unknown);
}

#[tokio::test]
async fn an_intent_that_only_a_newer_version_knows_is_read_and_kept() {
    for xero in [json!("Teleport"), json!({"Teleport": {"to": "Mars"}})] {
        let mut body = item("contact", "5");
        body["intent"]["plan"]["xero"] = xero;
        body["intent"]["plan"]["outcome"] = json!("Teleported");
        let (table, records) = table_with("contact", "5", &body).await;
        let stored = read::<ContactRecord>(&records, "5").await;
        let plan = &stored.value.intent.as_ref().unwrap().plan;
        assert!(matches!(plan.xero, XeroWrite::Unknown(_)));
        assert_eq!(plan.outcome, SyncAction::Unknown);
        assert!(
            stored.value.in_doubt().is_some(),
            "it may have been a create"
        );
        assert_eq!(
            stored.value.manual_match_now().pinned,
            None,
            "so a person's choice waits"
        );
        let mut content = stored.value.clone();
        content.generated = true;
        let put = records.put(5, &content, stored.as_read()).unwrap();
        records.write(vec![put]).await.unwrap();
        body["generated"] = json!(true);
        assert_eq!(table.dump()[0].body, body);
    }
}
