//! Items of the table that this program did not write, or that a person spoilt.

use std::sync::Arc;

use proptest::prelude::*;
use rules::TenantId;
use runtime::organisation::confirmed_tenant;
use runtime::records::{
    ContactRecord, CursorRecord, DayLimitRecord, DeadConnectionRecord, DeferredRecord,
    DirectoryRecord, LeaseRecord, PauseRecord, PendingReferenceScan, ProblemRecord, Record,
    Records, ReferenceRecord, ReferenceScan, SweepRecord, WaitingRecord, XeroChangesRecord,
    XeroContactRecord,
};
use serde_json::{Map, Value, json};
use store::{Expect, Key, MemoryTable, Table, TableError, Write};

use crate::MARK;

/// The names of fields that mean something somewhere in a record.
const FIELDS: [&str; 46] = [
    "link",
    "intent",
    "reserved",
    "generated",
    "contact_reference_due",
    "notices",
    "attempt",
    "expires_at",
    "plan",
    "reference",
    "holder",
    "contact",
    "problem",
    "name",
    "sentence",
    "cure",
    "fingerprint",
    "watch",
    "retry",
    "first_seen",
    "last_seen",
    "named",
    "waiter",
    "since",
    "due",
    "reason",
    "attempts",
    "changed_since",
    "until",
    "why",
    "settings",
    "at",
    "complete",
    "pages",
    "at_least",
    "secret_version",
    "xero",
    "synced",
    "changes",
    "account_reference",
    "xero_id",
    "tenant",
    "NotInXero",
    "Create",
    "Change",
    "field",
];

fn tenant() -> TenantId {
    "11111111-2222-3333-4444-555555555555".parse().unwrap()
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(|text| format!("{MARK}{text}").into()),
        proptest::sample::select(vec![
            "2026-11-02T09:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
            "0000-01-01T00:00:00+23:59",
            "11111111-2222-3333-4444-555555555555",
            "00000000-0000-0000-0000-000000000000",
            "ACME0001",
            "XeroLimit",
            "NotInXero",
            "",
        ])
        .prop_map(Value::from),
    ]
}

fn any_body() -> impl Strategy<Value = Value> {
    let anything = leaf().prop_recursive(4, 40, 6, |inner| {
        let field = proptest::sample::select(&FIELDS[..]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((field, inner), 0..8).prop_map(object),
        ]
    });
    let field = proptest::sample::select(&FIELDS[..]);
    prop::collection::vec((field, anything), 0..12).prop_map(object)
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    fields.into()
}

async fn table_with(key: Key, body: Value) -> MemoryTable {
    let table = MemoryTable::new();
    let write = Write::Put {
        key,
        expect: Expect::Absent,
        body,
        expires_at_unix_seconds: None,
    };
    table.write(vec![write]).await.unwrap();
    table
}

fn check<T>(read: Result<T, TableError>, kind: &str) {
    let Err(error) = read else { return };
    assert!(matches!(error, TableError::Refused(_)), "{error}");
    let told = format!("{error} {error:?}");
    assert!(told.contains(kind) && !told.contains(MARK), "{told}");
}

async fn read_as<R: Record>(body: &Value) {
    let key = Key::new(format!("{}#{}", tenant(), R::KIND), "7");
    let table = table_with(key, body.clone()).await;
    let records = Records::new(Arc::new(table), tenant());
    check(records.get::<R>(7).await, R::KIND);
    check(records.get_many::<R>([7, 8]).await, R::KIND);
    check(records.list::<R>("").await, R::KIND);
}

async fn read_as_every_kind(body: &Value) {
    read_as::<ContactRecord>(body).await;
    read_as::<ReferenceRecord>(body).await;
    read_as::<XeroContactRecord>(body).await;
    read_as::<ProblemRecord>(body).await;
    read_as::<WaitingRecord>(body).await;
    read_as::<DeferredRecord>(body).await;
    read_as::<CursorRecord>(body).await;
    read_as::<PendingReferenceScan>(body).await;
    read_as::<PauseRecord>(body).await;
    read_as::<SweepRecord>(body).await;
    read_as::<XeroChangesRecord>(body).await;
    read_as::<ReferenceScan>(body).await;
    read_as::<DirectoryRecord>(body).await;
    read_as::<DayLimitRecord>(body).await;
    read_as::<DeadConnectionRecord>(body).await;
    read_as::<LeaseRecord>(body).await;
    let table = table_with(Key::new("organisation", "confirmed"), body.clone()).await;
    check(confirmed_tenant(&table, tenant()).await, "organisation");
}

proptest! {
    #[test]
    fn any_item_is_read_or_refused_without_its_content(body in any_body()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(read_as_every_kind(&body));
    }
}

#[tokio::test]
async fn an_item_that_is_none_of_ours_is_refused_by_its_kind_and_key() {
    let key = Key::new(format!("{}#deferred", tenant()), "7");
    let table = table_with(key, json!({"since": MARK})).await;
    let records = Records::new(Arc::new(table), tenant());
    let error = records.get::<DeferredRecord>(7).await.unwrap_err();
    assert_eq!(
        error,
        TableError::Refused("the deferred record 7 is not one that this program wrote".to_owned())
    );
    let table = table_with(Key::new("organisation", "confirmed"), json!({"tenant": 7})).await;
    let error = confirmed_tenant(&table, tenant()).await.unwrap_err();
    assert!(matches!(error, TableError::Refused(_)), "{error}");
}
