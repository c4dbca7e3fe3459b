//! DynamoDB keeps the contract, as far as `ministack` is like it. A program of its own, because it needs that to be installed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "support/ministack.rs"]
mod ministack;
mod suite;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Config, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use store::{DynamoTable, Expect, Key, MemoryTable, Table, TableError, Write};

const TABLE_NAME: &str = "contract";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dynamodb_keeps_the_contract() {
    let stack = ministack::start();
    let client = client_of(&stack.url());
    create_table(&client).await;
    let table = DynamoTable::new(client.clone(), TABLE_NAME.to_owned());

    suite::run(&table).await;
    suite::races(&table).await;
    any_transactions_end_as_in_memory(&table).await;
    the_body_and_the_expiry_can_be_read_in_the_console(&table, &client).await;
    a_write_that_the_sdk_repeats_is_known_as_its_own(&client).await;
    a_missing_table_is_refused_by_its_name(&client).await;
    drop(stack);
    an_unreachable_store_is_unavailable(&table).await;
}

/// The client makes every call twice, for the first answer never comes: what it did is known as its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dynamodb_keeps_the_contract_though_every_other_answer_is_lost() {
    let stack = ministack::start();
    let client = client_of(&stack.url());
    create_table(&client).await;
    let table = DynamoTable::new(that_loses_answers(&client), TABLE_NAME.to_owned());
    suite::run(&table).await;
    any_transactions_end_as_in_memory(&table).await;
}

/// The same transactions, which depend on chance and on each other, give the same results on both tables and leave them alike.
async fn any_transactions_end_as_in_memory(table: &dyn Table) {
    let memory = MemoryTable::new();
    let mut chance = TestRunner::deterministic();
    let mut conflicts = 0;
    for _ in 0..300 {
        let writes = any_transaction().new_tree(&mut chance).unwrap().current();
        let expected = memory.write(writes.clone()).await;
        let result = table.write(writes.clone()).await;
        assert_eq!(result, expected, "{writes:?}");
        conflicts += usize::from(result.is_err());
    }
    assert!((50..250).contains(&conflicts), "{conflicts} conflicts");
    assert_eq!(
        table.query("any", "").await.unwrap(),
        memory.query("any", "").await.unwrap()
    );
}

/// Few items and low versions, so that what one transaction does matters to the next.
fn any_transaction() -> impl Strategy<Value = Vec<Write>> {
    let sorts = proptest::sample::subsequence(vec!["1", "2", "3"], 1..=3);
    sorts.prop_flat_map(|sorts| sorts.into_iter().map(any_write).collect::<Vec<_>>())
}

fn any_write(sort: &str) -> impl Strategy<Value = Write> + use<> {
    let key = Key::new("any", sort);
    let expect = prop_oneof![
        Just(Expect::Absent),
        (1_u64..4).prop_map(Expect::Version),
        Just(Expect::Any),
    ];
    (0..3, expect, any::<u32>()).prop_map(move |(kind, expect, n)| {
        let key = key.clone();
        match kind {
            0 => Write::Put {
                key,
                expect,
                body: json!({ "n": n }),
                expires_at_unix_seconds: None,
            },
            1 => Write::Delete { key, expect },
            _ => Write::Check { key, expect },
        }
    })
}

async fn the_body_and_the_expiry_can_be_read_in_the_console(table: &dyn Table, client: &Client) {
    for (sort, expect) in [("put", Expect::Absent), ("overwritten", Expect::Any)] {
        let write = put(sort, expect, Some(1_900_000_000));
        table.write(vec![write]).await.unwrap();
        let item = raw_item(client, sort).await.unwrap();
        assert_eq!(item["ttl"], AttributeValue::N("1900000000".to_owned()));
        assert_eq!(
            item["data"].as_m().unwrap()["name"],
            AttributeValue::S("x".to_owned())
        );
    }
    table
        .write(vec![put("overwritten", Expect::Any, None)])
        .await
        .unwrap();
    let item = raw_item(client, "overwritten").await.unwrap();
    assert!(
        !item.contains_key("ttl"),
        "an expiry ends with the item that had it"
    );
}

async fn a_write_that_the_sdk_repeats_is_known_as_its_own(client: &Client) {
    let table = DynamoTable::new(that_loses_answers(client), TABLE_NAME.to_owned());
    for (write, version) in [
        (put("lost", Expect::Absent, None), Some("1")),
        (put("lost", Expect::Version(1), None), Some("2")),
        (put("lost", Expect::Any, None), Some("3")),
        (delete("lost", Expect::Version(3)), None),
    ] {
        table.write(vec![write]).await.unwrap();
        let item = raw_item(client, "lost").await;
        let found = item.map(|item| item["v"].as_n().unwrap().clone());
        assert_eq!(found.as_deref(), version);
    }
    let two = ["lost a", "lost b"].map(|sort| put(sort, Expect::Absent, None));
    table.write(two.to_vec()).await.unwrap();
    let item = raw_item(client, "lost b").await.unwrap();
    assert_eq!(item["v"], AttributeValue::N("1".to_owned()));

    let again = table.write(vec![put("lost a", Expect::Absent, None)]).await;
    assert_eq!(
        again,
        Err(TableError::Conflict),
        "another's item is not taken for our own"
    );
}

async fn a_missing_table_is_refused_by_its_name(client: &Client) {
    let table = DynamoTable::new(client.clone(), "elsewhere".to_owned());
    let written = table.write(vec![put("a", Expect::Absent, None)]).await;
    let read = table.query("raw", "").await.map(drop);
    for result in [written, read] {
        let error = result.unwrap_err();
        assert!(
            matches!(&error, TableError::Refused(why) if why.contains("no table elsewhere")),
            "{error}"
        );
    }
}

async fn an_unreachable_store_is_unavailable(table: &dyn Table) {
    let written = table.write(vec![put("a", Expect::Absent, None)]).await;
    let read = table.get_many(&[Key::new("raw", "a")]).await.map(drop);
    for result in [written, read] {
        let error = result.unwrap_err();
        assert!(
            matches!(&error, TableError::Unavailable(why) if why.contains("no connection")),
            "{error}"
        );
    }
}

fn put(sort: &str, expect: Expect, expires_at_unix_seconds: Option<i64>) -> Write {
    Write::Put {
        key: Key::new("raw", sort),
        expect,
        body: json!({"name": "x"}),
        expires_at_unix_seconds,
    }
}

fn delete(sort: &str, expect: Expect) -> Write {
    Write::Delete {
        key: Key::new("raw", sort),
        expect,
    }
}

async fn raw_item(client: &Client, sort: &str) -> Option<HashMap<String, AttributeValue>> {
    let answer = client
        .get_item()
        .table_name(TABLE_NAME)
        .key("pk", AttributeValue::S("raw".to_owned()))
        .key("sk", AttributeValue::S(sort.to_owned()))
        .consistent_read(true);
    answer.send().await.unwrap().item
}

/// A client to whom every other answer is lost after the call was carried out, so that it makes each call twice.
fn that_loses_answers(client: &Client) -> Client {
    let unlimited = RetryPartition::custom("unlimited").token_bucket(TokenBucket::unlimited());
    let config = client
        .config()
        .to_builder()
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .retry_partition(unlimited.build())
        .interceptor(LoseEveryOtherAnswer::default());
    Client::from_conf(config.build())
}

#[derive(Debug, Default)]
struct LoseEveryOtherAnswer {
    answers: AtomicU32,
}

impl Intercept for LoseEveryOtherAnswer {
    fn name(&self) -> &'static str {
        "LoseEveryOtherAnswer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self
            .answers
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(2)
        {
            *context.response_mut().status_mut() = 503.try_into()?;
        }
        Ok(())
    }
}

fn client_of(url: &str) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-west-2"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(url)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

async fn create_table(client: &Client) {
    let attribute = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
            .unwrap()
    };
    let key = |name: &str, key_type| {
        KeySchemaElement::builder()
            .attribute_name(name)
            .key_type(key_type)
            .build()
            .unwrap()
    };
    client
        .create_table()
        .table_name(TABLE_NAME)
        .attribute_definitions(attribute("pk"))
        .attribute_definitions(attribute("sk"))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .unwrap();
}
