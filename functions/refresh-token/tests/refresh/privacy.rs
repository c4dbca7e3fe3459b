//! Promise 5: no secret in any log line, outcome, error or metric.

use std::cell::RefCell;
use std::io;

use fake_xero::FaultKind;
use refresh_token::{Outcome, RefreshError};
use serde_json::json;
use store::{Expect, Key, Table, Write};
use uuid::Uuid;

use crate::world::{APP, Accident, Fate, SCHEDULE, TOKEN, World, run_or_crash};

thread_local! {
    /// What this thread has logged. A subscriber of one thread alone would do, but for threads
    /// without one that meet a line of logging first: it stays off then.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes down what is logged, for each thread by itself.
struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const MARK: &str = "zqmark";

/// What whoever invokes the function is told.
fn tell(told: &mut String, ended: Option<Result<Outcome, RefreshError>>) {
    match ended {
        None => {}
        Some(Ok(outcome)) => *told += &format!("{outcome:?} {}\n", json!(outcome)),
        Some(Err(error)) => *told += &format!("{error} {error:?}\n"),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_secret_is_logged_told_or_counted() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(|| Log)
        .init();
    let mut told = String::new();
    accidents_happen(&mut told).await;
    secrets_are_strange(&mut told).await;
    organisations_are_strange(&mut told).await;
    items_are_strange(&mut told).await;

    told += &String::from_utf8(LOG.take()).unwrap();
    for outcome in [
        "Refreshed",
        "TryAgain",
        "ConnectionDead",
        "AppRejected",
        "TokenFresh",
        "the connection to Xero is dead",
        "the vault cannot be reached",
        "connected to several organisations",
        "is not connected to any organisation",
        "holds no refresh token",
        "must be",
        "is not one that this program wrote",
    ] {
        assert!(told.contains(outcome), "{outcome} did not happen");
    }
    // So the fake's tokens begin.
    for secret in ["access-", "refresh-", "fake-client-secret", "Basic ", MARK] {
        assert!(!told.contains(secret), "{secret} is told");
    }
}

async fn accidents_happen(told: &mut String) {
    for accident in [Accident::FailureBefore, Accident::FailureAfter] {
        for call in 0..16 {
            let world = World::connected();
            world.pass_until_due();
            let fate = Fate::accidents(call..call + 3, accident);
            tell(told, run_or_crash(world.parts(&fate)).await);
            world.pass(SCHEDULE);
            world.inject(FaultKind::LostAnswer);
            tell(told, Some(world.run().await));
            world.set_app("wrong", "authorization_code");
            tell(told, Some(world.run().await));
            world.set_app("fake-client-secret", "authorization_code");
            world.xero.lock().unwrap().revoke_refresh_tokens();
            for _ in 0..2 {
                world.pass_until_due();
                tell(told, Some(world.run().await));
            }
            *told += &format!("{:?}\n", world.metrics.lock().unwrap());
        }
    }
}

async fn secrets_are_strange(told: &mut String) {
    for text in [
        "zqmark",
        "{\"access_token\": \"zqmark\"",
        "{\"refresh_token\": [\"zqmark\"]}",
        "{\"expires_at\": \"zqmark\"}",
        "{\"tenant_id\": \"zqmark\"}",
        "{\"refresh_token\": \"zqmark\"}",
        "{\"refresh_token\": \"zqmark\\r\\n\u{0}\"}",
        "{\"access_token\": \"zqmark\"}",
    ] {
        let world = World::connected();
        world.vault.set_current(TOKEN, text);
        tell(told, Some(world.run().await));
    }
    for text in [
        "zqmark",
        "{\"client_id\": \"zqmark\"}",
        "{\"client_id\": \"zqmark\", \"client_secret\": {\"zqmark\": 1}}",
        "{\"client_id\": \"zqmark\", \"client_secret\": \"zqmark\", \"grant_type\": \"zqmark\"}",
        "{\"client_id\": \"zqmark\", \"client_secret\": \"zqmark\", \"grant_type\": \"authorization_code\"}",
    ] {
        let world = World::connected();
        world.pass_until_due();
        world.vault.set_current(APP, text);
        tell(told, Some(world.run().await));
    }
}

/// The names of organisations are the company's own affair as well.
async fn organisations_are_strange(told: &mut String) {
    let world = World::connected();
    let (_, mut secret) = world.current().await;
    secret.tenant_id = None;
    world.vault.set_current(TOKEN, secret.to_json());
    {
        let mut xero = world.xero.lock().unwrap();
        xero.add_organisation(Uuid::from_u128(7), MARK);
    }
    tell(told, Some(world.run().await));
    let world = World::custom_connection();
    {
        let mut xero = world.xero.lock().unwrap();
        let tenant = xero.tenant_id();
        xero.set_connected(tenant, false);
    }
    tell(told, Some(world.run().await));
}

async fn items_are_strange(told: &mut String) {
    for (kind, sort) in [("lease", "xero-token"), ("state-dead-connection", "only")] {
        let world = World::connected();
        world.pass_until_due();
        let tenant = world.current().await.1.tenant_id.unwrap();
        let write = Write::Put {
            key: Key::new(format!("{tenant}#{kind}"), sort),
            expect: Expect::Any,
            body: json!({"holder": MARK, "why": MARK, "since": MARK}),
            expires_at_unix_seconds: None,
        };
        world.table.write(vec![write]).await.unwrap();
        tell(told, Some(world.run().await));
    }
}
