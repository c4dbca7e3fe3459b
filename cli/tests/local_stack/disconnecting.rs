//! `disconnect` and `forget`: what ends a connection, and what is removed of a person.

use local_stack::Function;
use local_stack::company::Choices;
use serde_json::json;

use crate::harness::Ground;

/// The metrics that a function has counted, by their log lines.
async fn counted(ground: &Ground, function: Function, metric: &str) -> usize {
    let logs = ground.stack.logs(function).await.unwrap();
    let counts = logs
        .iter()
        .filter(|line| line.contains("_aws") && line.contains(metric));
    counts.count()
}

#[tokio::test]
async fn who_disconnects_hears_no_alarm_and_connects_again() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground.run(&["disconnect"]).await.exits(2).says("--yes");
    ground
        .run(&["disconnect", "--yes"])
        .await
        .exits(0)
        .says("Xero has confirmed it.");
    let dead = ground
        .secret(&ground.stack.outputs().xero_token_secret)
        .await;
    let refresh_token = dead["refresh_token"].as_str().unwrap().to_owned();
    let accepted = ground
        .stack
        .xero
        .core()
        .accepts_refresh_token(std::time::SystemTime::now(), &refresh_token);
    assert!(!accepted, "Xero has revoked it");
    ground
        .run(&["disconnect", "--yes"])
        .await
        .exits(0)
        .says("disconnected already");
    // Everything goes on without a call, and nothing rings.
    let calls = ground.stack.calls().xero_api();
    ground
        .stack
        .invoke(Function::RefreshToken, &json!({ "scheduled": true }))
        .await
        .unwrap();
    ground.stack.poll().await.unwrap();
    ground.stack.drain().await.unwrap();
    assert_eq!(ground.stack.calls().xero_api(), calls);
    for function in [
        Function::RefreshToken,
        Function::Poll,
        Function::SyncContact,
    ] {
        assert_eq!(counted(&ground, function, "ConnectionDead").await, 0);
    }
    assert!(counted(&ground, Function::RefreshToken, "TokenFresh").await > 0);
    let status = ground.run(&["status", "--json"]).await.json();
    assert_eq!(status["disconnected_by_person"], true);
    assert_eq!(status["disconnect_unconfirmed"], false);
    let attention = status["attention"].to_string();
    assert!(
        attention.contains("a person disconnected Xero on"),
        "{attention}"
    );
    // Told once to whoever runs it from cron.
    ground.run(&["status", "--only-new"]).await.exits(1);
    ground.run(&["status", "--only-new"]).await.exits(0);
    ground
        .run(&["status"])
        .await
        .exits(1)
        .says("disconnected since")
        .says("contact-sync connect xero connects it again");
    let ran = ground.run(&["plan", "--contact", "1001"]).await;
    assert!(ran.code != 0, "{}", ran.out);
    // A person connects it again: Xero lists the organisation after a new consent.
    ground.stack.connect().await.unwrap();
    ground.stack.refresh_token().await.unwrap();
    ground.run(&["plan", "--contact", "1001"]).await.exits(0);
    let status = ground.run(&["status", "--json"]).await.json();
    assert_eq!(status["disconnected_by_person"], false);
    let attention = status["attention"].to_string();
    assert!(!attention.contains("disconnect"), "{attention}");
}

#[tokio::test]
async fn a_disconnection_that_xero_does_not_confirm_is_done_again() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    let offline = fake_xero::FaultKind::Status { status: 503 };
    let fault = fake_xero::Fault::next_call(offline).on("POST", "/connect/revocation");
    ground.stack.xero.core().inject(fault);
    ground
        .run(&["disconnect", "--yes"])
        .await
        .exits(2)
        .says("did not confirm");
    let status = ground.run(&["status", "--json"]).await.exits(1).json();
    assert_eq!(status["disconnect_unconfirmed"], true);
    let attention = status["attention"].to_string();
    assert!(
        attention.contains("Xero has not confirmed that"),
        "{attention}"
    );
    ground
        .run(&["status"])
        .await
        .exits(1)
        .says("contact-sync disconnect does it again");
    ground
        .run(&["disconnect", "--yes"])
        .await
        .exits(0)
        .says("Xero has confirmed it.");
}

#[tokio::test]
async fn who_asks_to_be_erased_leaves_the_link_and_nothing_else() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    ground
        .run(&["history", "1008"])
        .await
        .exits(0)
        .says("created");
    ground.run(&["forget", "1008"]).await.exits(2).says("--yes");
    ground
        .run(&["forget", "1008", "--yes"])
        .await
        .exits(0)
        .says("The link stays")
        .says("removed");
    ground
        .run(&["history", "1008"])
        .await
        .exits(0)
        .says("nothing is kept of the last 400 days");
    // It is still the same customer.
    let before = ground.stack.xero.core().contacts().count();
    ground
        .run(&["sync", "--yes", "--contact", "1008"])
        .await
        .exits(0)
        .says("unchanged");
    assert_eq!(ground.stack.xero.core().contacts().count(), before);
    let held: Vec<String> = ground.table().await;
    let problem = |items: &[String]| {
        items
            .iter()
            .filter(|item| item.contains("#problem\"") && item.contains("\"1017\""))
            .count()
    };
    assert_eq!(problem(&held), 1);
    ground.run(&["forget", "1017", "--yes"]).await.exits(0);
    assert_eq!(problem(&ground.table().await), 0);
}
