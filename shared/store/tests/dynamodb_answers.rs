//! How answers of DynamoDB are taken that no local stand-in gives: from a server that answers by a script.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use axum::http::StatusCode;
use serde_json::{Value, json};
use store::{DynamoTable, Expect, Key, MAX_ITEMS, Table, TableError, Write};

#[tokio::test]
async fn keys_that_were_left_unprocessed_are_asked_for_again() {
    let left = json!({"contacts": {"Keys": [raw_key("b")], "ConsistentRead": true}});
    let server = Server::start([
        (
            200,
            json!({"Responses": {"contacts": [raw_item("a")]}, "UnprocessedKeys": left}),
        ),
        (200, json!({"Responses": {}, "UnprocessedKeys": left})),
        (
            200,
            json!({"Responses": {"contacts": [raw_item("b")]}, "UnprocessedKeys": {}}),
        ),
    ])
    .await;
    let keys = [Key::new("p", "a"), Key::new("p", "b")];
    let items = server.table().get_many(&keys).await.unwrap();
    let sorts: Vec<&str> = items
        .iter()
        .map(|item| item.key.sort_key.as_str())
        .collect();
    assert_eq!(sorts, ["a", "b"]);

    let asked: Vec<Value> = server
        .requests()
        .into_iter()
        .map(|mut request| request["RequestItems"]["contacts"].take())
        .collect();
    assert_eq!(asked[0]["Keys"], json!([raw_key("a"), raw_key("b")]));
    assert_eq!(asked[1]["Keys"], json!([raw_key("b")]));
    assert!(
        asked
            .iter()
            .all(|request| request["ConsistentRead"] == json!(true))
    );
}

#[tokio::test]
async fn every_read_asks_for_what_was_written_last() {
    let empty_batch = json!({"Responses": {}, "UnprocessedKeys": {}});
    let server = Server::start([
        (200, json!({"Item": raw_item("a")})),
        (200, empty_batch),
        (
            200,
            json!({"Items": [raw_item("a")], "LastEvaluatedKey": raw_key("a")}),
        ),
        (200, json!({"Items": [raw_item("b")]})),
    ])
    .await;
    let table = server.table();
    let keys = [Key::new("p", "a"), Key::new("p", "b")];
    assert_eq!(table.get_many(&keys[..1]).await.unwrap().len(), 1);
    assert_eq!(table.get_many(&keys).await.unwrap().len(), 0);
    assert_eq!(table.query("p", "").await.unwrap().len(), 2);
    for request in server.requests() {
        let read = request
            .pointer("/RequestItems/contacts")
            .unwrap_or(&request);
        assert_eq!(read["ConsistentRead"], json!(true), "{request}");
    }
}

#[tokio::test]
async fn a_query_without_end_is_refused() {
    let items: Vec<Value> = vec![raw_item("a"); MAX_ITEMS / 10];
    let page = json!({"Items": items, "LastEvaluatedKey": raw_key("a")});
    let server = Server::start(vec![(200, page); 11]).await;
    let error = server.table().query("p", "").await.unwrap_err();
    assert!(matches!(error, TableError::Refused(_)), "{error}");
    assert_eq!(server.requests().len(), 11);
}

#[tokio::test]
async fn an_item_that_this_program_did_not_write_is_refused_without_its_content() {
    let marked = json!({"S": "confidential"});
    for item in [
        json!({"pk": {"S": "p"}, "sk": {"S": "a"}}),
        json!({"pk": {"S": "p"}, "sk": {"S": "a"}, "v": marked, "data": {"M": {}}}),
        json!({"pk": {"S": "p"}, "sk": {"S": "a"}, "v": {"N": "1"}, "data": marked}),
        json!({"pk": {"S": "p"}, "sk": {"N": "7"}, "v": {"N": "1"}, "data": {"M": {"a": marked}}}),
        json!({"pk": {"S": "p"}, "sk": {"S": "a"}, "v": {"N": "-1"}, "data": {"M": {}}}),
        json!({"pk": {"S": "p"}, "sk": {"S": "a"}, "v": {"N": "1.5"}, "data": {"M": {}}}),
    ] {
        let keys = [Key::new("p", "a"), Key::new("p", "b")];
        let batch = json!({"Responses": {"contacts": [item]}, "UnprocessedKeys": {}});
        let server = Server::start([
            (200, json!({"Item": item})),
            (200, batch),
            (200, json!({"Items": [item]})),
        ])
        .await;
        let table = server.table();
        for read in [
            table.get_many(&keys[..1]).await,
            table.get_many(&keys).await,
            table.query("p", "").await,
        ] {
            let error = read.unwrap_err();
            assert!(
                matches!(&error, TableError::Refused(why) if why.contains("did not write")),
                "{error}"
            );
            assert!(
                !format!("{error} {error:?}").contains("confidential"),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_none_of_dynamodbs_is_no_answer() {
    for (status, body) in [
        (200, json!("confidential")),
        (200, json!({"Item": "confidential"})),
        (200, json!({"Item": {"pk": {"X": "confidential"}}})),
        (500, json!({"confidential": 1})),
        (503, json!(null)),
    ] {
        let server = Server::start(vec![(status, body.clone()); 3]).await;
        let read = server.table().get_many(&[Key::new("p", "a")]).await;
        let error = read.unwrap_err();
        assert!(!matches!(error, TableError::Conflict), "{body}: {error}");
        assert!(
            !format!("{error} {error:?}").contains("confidential"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_read_that_stands_still_is_given_up_as_unavailable() {
    let left = json!({"contacts": {"Keys": [raw_key("a"), raw_key("b")]}});
    let still = (200, json!({"Responses": {}, "UnprocessedKeys": left}));
    let server = Server::start(vec![still; 20]).await;
    let keys = [Key::new("p", "a"), Key::new("p", "b")];
    let error = server.table().get_many(&keys).await.unwrap_err();
    assert!(
        matches!(&error, TableError::Unavailable(why) if why.contains("throttled")),
        "{error}"
    );
    assert_eq!(server.requests().len(), 7);
}

#[tokio::test]
async fn a_write_that_meets_another_transaction_is_tried_again_as_the_same_write() {
    let cancelled = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "CancellationReasons": [{"Code": "None"}, {"Code": "TransactionConflict"}],
    });
    for (writes, collision, write_id) in [
        (
            vec![put("a")],
            error_body("TransactionConflictException"),
            "/Item/w/S",
        ),
        (vec![put("a"), put("b")], cancelled, "/ClientRequestToken"),
    ] {
        let collision = (400, collision);
        let server = Server::start([collision.clone(), collision.clone(), (200, json!({}))]).await;
        server.table().write(writes.clone()).await.unwrap();
        let requests = server.requests();
        assert_eq!(requests.len(), 3);
        let ids: Vec<Option<&Value>> = requests.iter().map(|r| r.pointer(write_id)).collect();
        assert!(
            ids[0].is_some() && ids.iter().all(|id| *id == ids[0]),
            "{ids:?}"
        );

        let server = Server::start(vec![collision; 20]).await;
        let error = server.table().write(writes).await.unwrap_err();
        assert!(matches!(error, TableError::Unavailable(_)), "{error}");
        assert_eq!(server.requests().len(), 5);
    }
}

#[tokio::test]
async fn a_missing_permission_is_named_and_words_of_dynamodb_are_not_passed_on() {
    for (code, expected) in [
        (
            "AccessDeniedException",
            "dynamodb:PutItem on the table contacts is not allowed",
        ),
        (
            "ValidationException",
            "dynamodb:PutItem on the table contacts: ValidationException",
        ),
    ] {
        let server = Server::start([(400, error_body(code))]).await;
        let error = server.table().write(vec![put("a")]).await.unwrap_err();
        assert!(
            matches!(&error, TableError::Refused(why) if why.starts_with(expected)),
            "{error}"
        );
        assert!(
            !format!("{error} {error:?}").contains("confidential"),
            "{error}"
        );
    }
}

fn put(sort: &str) -> Write {
    Write::Put {
        key: Key::new("p", sort),
        expect: Expect::Absent,
        body: json!({}),
        expires_at_unix_seconds: None,
    }
}

fn raw_key(sort: &str) -> Value {
    json!({"pk": {"S": "p"}, "sk": {"S": sort}})
}

fn raw_item(sort: &str) -> Value {
    json!({"pk": {"S": "p"}, "sk": {"S": sort}, "v": {"N": "1"}, "data": {"M": {}}})
}

fn error_body(code: &str) -> Value {
    json!({
        "__type": format!("com.amazonaws.dynamodb.v20120810#{code}"),
        "message": "something confidential is wrong",
    })
}

/// Gives its answers one after another, and keeps what it was asked.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<Value>>>,
}

impl Server {
    async fn start(answers: impl IntoIterator<Item = (u16, Value)>) -> Self {
        let answers: VecDeque<(u16, Value)> = answers.into_iter().collect();
        let answers = Arc::new(Mutex::new(answers));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let asked = requests.clone();
        let answer = move |body: String| async move {
            asked
                .lock()
                .unwrap()
                .push(serde_json::from_str(&body).unwrap());
            let (status, body) = answers
                .lock()
                .unwrap()
                .pop_front()
                .expect("one more answer");
            (StatusCode::from_u16(status).unwrap(), body.to_string())
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = axum::Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, requests }
    }

    fn table(&self) -> DynamoTable {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-2"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(&self.url)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        DynamoTable::new(Client::from_conf(config), "contacts".to_owned())
    }

    fn requests(&self) -> Vec<Value> {
        self.requests.lock().unwrap().clone()
    }
}
