//! The fake on a socket.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, SystemTime};

use fake_xero::{CallKind, Config, FakeXero, Fault, FaultKind, Server};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends one request on a connection of its own and reads until the server closes it.
async fn exchange(server: &Server, method: &str, path: &str, token: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let tenant = server.core().tenant_id();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\nxero-tenant-id: {tenant}\r\n\
         accept: application/json\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is broken off may end in an error; what came before it counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

async fn start() -> (Server, String) {
    let server = Server::start(([127, 0, 0, 1], 0).into(), FakeXero::new(Config::default()))
        .await
        .unwrap();
    let token = server.core().issue_tokens(SystemTime::now()).access_token;
    (server, token)
}

#[tokio::test]
async fn the_api_and_the_control_api_are_served_until_shutdown() {
    let (server, token) = start().await;
    let seeded = exchange(
        &server,
        "POST",
        "/_fake/contacts",
        "",
        &json!([{ "Name": "Seeded" }]).to_string(),
    )
    .await;
    assert!(seeded.contains("ContactIDs"), "{seeded}");
    let listed = exchange(&server, "GET", "/api.xro/2.0/Contacts?page=1", &token, "").await;
    assert!(
        listed.starts_with("HTTP/1.1 200") && listed.contains("Seeded"),
        "{listed}"
    );
    assert!(listed.contains("x-minlimit-remaining: 59"), "{listed}");
    let dump = exchange(&server, "GET", "/_fake/contacts", "", "").await;
    assert!(dump.contains("Seeded"), "{dump}");
    let calls = exchange(&server, "GET", "/_fake/calls", "", "").await;
    assert!(calls.contains(r#""counts":{"list":1}"#), "{calls}");
    exchange(&server, "POST", "/_fake/reset-calls", "", "").await;
    assert_eq!(server.core().api_call_count(), 0);
    let tokens = exchange(&server, "POST", "/_fake/tokens", "", "").await;
    assert!(tokens.contains("refresh_token"), "{tokens}");
    let address = server.address();
    server.shutdown().await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_lost_answer_breaks_the_connection_after_the_effect() {
    let (server, token) = start().await;
    let fault = json!({ "kind": "lost_answer", "method": "PUT" }).to_string();
    let injected = exchange(&server, "POST", "/_fake/faults", "", &fault).await;
    assert!(injected.starts_with("HTTP/1.1 204"), "{injected}");
    let body = json!({ "Contacts": [{ "Name": "A" }] }).to_string();
    let answer = exchange(&server, "PUT", "/api.xro/2.0/Contacts", &token, &body).await;
    assert!(
        !answer.contains("ContactID") && !answer.contains("\r\n0\r\n\r\n"),
        "no whole answer: {answer}"
    );
    assert_eq!(server.core().contacts().count(), 1);
}

#[tokio::test]
async fn a_sixth_call_at_once_is_refused() {
    let (server, token) = start().await;
    // Long enough for six calls to meet on a busy machine.
    server.set_latency(Duration::from_secs(3));
    let calls = (0..6).map(|_| exchange(&server, "GET", "/api.xro/2.0/Contacts", &token, ""));
    let answers = futures::future::join_all(calls).await;
    let refused: Vec<_> = answers
        .iter()
        .filter(|a| a.starts_with("HTTP/1.1 429"))
        .collect();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].contains("x-rate-limit-problem: concurrent"));
    server.set_latency(Duration::ZERO);
    let answer = exchange(&server, "GET", "/api.xro/2.0/Contacts", &token, "").await;
    assert!(
        answer.starts_with("HTTP/1.1 200"),
        "the places are free again: {answer}"
    );
}

#[tokio::test]
async fn only_loopback_is_served() {
    let refused = Server::start(([0, 0, 0, 0], 0).into(), FakeXero::new(Config::default())).await;
    assert!(refused.is_err());
}

#[test]
fn faults_are_read_from_json() {
    let fault: Fault = serde_json::from_value(
        json!({ "kind": "rate_limit", "problem": "minute", "retry_after_seconds": 3, "calls": 2 }),
    )
    .unwrap();
    assert_eq!(fault.calls, 2);
    assert!(matches!(
        fault.kind,
        FaultKind::RateLimit {
            retry_after_seconds: Some(3),
            ..
        }
    ));
    assert_eq!(serde_json::to_value(CallKind::Upsert).unwrap(), "upsert");
}
