//! Xero's own Python SDK takes the fake for Xero.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use fake_xero::{Config, FakeXero, Server};
use serde_json::json;

/// Contacts as old organisations have them.
fn organisation(shows_blank_texts: bool) -> FakeXero {
    let mut fake = FakeXero::new(Config {
        shows_blank_texts,
        ..Config::default()
    });
    let contacts = json!([
        {
            "Name": "Old Customer",
            "Addresses": [
                { "AddressType": "POBOX", "AddressLine1": "1 High Street\n", "City": "Leeds" },
            ],
            "Phones": [{
                "PhoneType": "DEFAULT",
                "PhoneCountryCode": "+64",
                "PhoneAreaCode": "4",
                "PhoneNumber": "23241290",
            }],
        },
        { "Name": "Archived Customer", "ContactStatus": "ARCHIVED" },
    ]);
    // Long enough ago that a change made now has a later date.
    let before = SystemTime::now() - std::time::Duration::from_secs(60);
    fake.seed(before, &contacts).unwrap();
    fake
}

async fn the_sdk_agrees(shows_blank_texts: bool) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let python = root.join(".venv/bin/python");
    assert!(
        root.join(".venv/installed-requirements-test.txt").exists(),
        "the tools for tests are missing: sh tests/tools/venv.sh test (make test does that)"
    );
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start(address, organisation(shows_blank_texts))
        .await
        .unwrap();
    let mut sdk = Command::new(python);
    sdk.arg(root.join("tests/tools/official_sdk.py"))
        .arg(server.url());
    let output = tokio::task::spawn_blocking(move || sdk.output());
    let output = output.await.unwrap().unwrap();
    let told = [output.stdout, output.stderr].concat();
    let told = String::from_utf8_lossy(&told).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(told.contains("agree"), "{told}");
    server.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_official_sdk_lists_creates_updates_archives_refreshes_and_revokes() {
    the_sdk_agrees(false).await;
}

#[tokio::test]
async fn it_does_so_too_where_lists_show_blank_texts() {
    the_sdk_agrees(true).await;
}
