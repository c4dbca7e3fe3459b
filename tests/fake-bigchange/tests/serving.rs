//! The fake on a real port: as a library, and as the binary.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop where it is"
)]

use std::io::{BufRead, BufReader, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine;
use bytes::Bytes;
use fake_bigchange::{FakeBigChange, Fault, FaultKind, Server};
use serde_json::{Value, json};
use transport::{HttpTransport, Transport, TransportError};

const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn get(url: &str) -> http::Request<Bytes> {
    let basic = base64::engine::general_purpose::STANDARD.encode("fake-user:fake-password");
    http::Request::get(url)
        .header("authorization", format!("Basic {basic}"))
        .header("key", "fake-key")
        .body(Bytes::new())
        .unwrap()
}

fn with_json(method: &str, url: &str, body: &Value) -> http::Request<Bytes> {
    http::Request::builder()
        .method(method)
        .uri(url)
        .body(Bytes::from(body.to_string()))
        .unwrap()
}

fn json_of(response: &http::Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

async fn serve() -> (Server, HttpTransport) {
    let server = Server::start(ANY_PORT, FakeBigChange::new(), Duration::ZERO)
        .await
        .unwrap();
    (server, HttpTransport::new().unwrap())
}

#[tokio::test]
async fn a_lost_answer_has_its_effect_and_breaks_the_connection() {
    let (server, http) = serve().await;
    server
        .core()
        .order_fault(Fault::next(FaultKind::LostAnswer));
    let ping = format!("{}?action=ping&format=json", server.url());
    assert_eq!(
        http.send(get(&ping)).await.unwrap_err(),
        TransportError::AnswerLost
    );
    assert_eq!(http.send(get(&ping)).await.unwrap().status(), 200);
    assert_eq!(server.core().calls().len(), 2);
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn an_answer_can_be_held_back() {
    let (server, http) = serve().await;
    server
        .core()
        .order_fault(Fault::next(FaultKind::Delay { milliseconds: 60 }));
    let begun = Instant::now();
    let ping = format!("{}?action=ping&format=json", server.url());
    http.send(get(&ping)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(60));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_scene_is_set_and_read_over_http() {
    let (server, http) = serve().await;
    let base = format!("http://{}/_fake", server.address());
    let seed = json!({"groups": [{"id": 1, "name": "G"}], "contacts": [{"id": 5, "group_id": 1, "name": "N"}]});
    let contacts = format!("{base}/contacts");
    let seeded = http
        .send(with_json("POST", &contacts, &seed))
        .await
        .unwrap();
    assert_eq!(seeded.status(), 204);
    let dump = json_of(&http.send(get(&contacts)).await.unwrap());
    assert_eq!(dump["contacts"][0]["id"], 5);

    let unknown_field = json!({"contacts": [{"colour": "red"}]});
    let refused = http
        .send(with_json("POST", &contacts, &unknown_field))
        .await
        .unwrap();
    assert_eq!(refused.status(), 400);

    let faults = format!("{base}/faults");
    let fault = json!({"action": "ping", "times": 2, "kind": "status", "status": 503, "retry_after_seconds": 3});
    http.send(with_json("POST", &faults, &fault)).await.unwrap();
    assert_eq!(
        json_of(&http.send(get(&faults)).await.unwrap()),
        json!([fault])
    );
    let ping = format!("{}?action=ping&format=json", server.url());
    assert_eq!(http.send(get(&ping)).await.unwrap().status(), 503);
    http.send(with_json("DELETE", &faults, &Value::Null))
        .await
        .unwrap();
    assert_eq!(http.send(get(&ping)).await.unwrap().status(), 200);

    let calls = format!("{base}/calls");
    let log = json_of(&http.send(get(&calls)).await.unwrap());
    assert_eq!(log["counts"], json!({"ping": 2}));
    http.send(with_json(
        "POST",
        &format!("{base}/reset-calls"),
        &Value::Null,
    ))
    .await
    .unwrap();
    let log = json_of(&http.send(get(&calls)).await.unwrap());
    assert_eq!(log["calls"], json!([]));
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn nothing_but_loopback_is_served() {
    let everywhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let refused = Server::start(everywhere, FakeBigChange::new(), Duration::ZERO).await;
    assert!(refused.is_err());
}

#[tokio::test]
async fn the_binary_serves_a_seed_file() {
    let folder = std::env::temp_dir().join(format!("fake-bigchange-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let seed_file = folder.join("seed.json");
    std::fs::File::create(&seed_file)
        .unwrap()
        .write_all(br#"{"contacts": [{"id": 7, "name": "N"}]}"#)
        .unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_fake-bigchange"))
        .args(["--port", "0", "--seed-file"])
        .arg(&seed_file)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let url = line.split_whitespace().last().expect("the address");
    let http = HttpTransport::new().unwrap();
    let detail = format!("{url}?action=ContactDetail&ContactId=7&format=json");
    let answer = http.send(get(&detail)).await;
    child.kill().unwrap();
    child.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(answer.unwrap().status(), 200);
}
