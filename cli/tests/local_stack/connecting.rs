//! `connect`.

use http::{StatusCode, header};
use local_stack::company::Choices;
use serde_json::Value;
use tokio::net::TcpListener;
use transport::{HttpTransport, Transport as _};
use url::Url;
use uuid::Uuid;

use crate::harness::{Ground, Waiting, client_id, client_secret};

/// A browser that follows no redirect by itself.
async fn get(address: &str) -> (StatusCode, Option<Url>, String) {
    // The tool listens by both versions of the internet protocol; the fake does by one.
    let address = address.replacen("http://localhost", "http://127.0.0.1", 1);
    let request = http::Request::get(address)
        .body(bytes::Bytes::new())
        .unwrap();
    let answer = HttpTransport::new().unwrap().send(request).await.unwrap();
    let location = answer.headers().get(header::LOCATION);
    let location = location.map(|to| to.to_str().unwrap().parse().unwrap());
    let body = String::from_utf8_lossy(answer.body()).into_owned();
    (answer.status(), location, body)
}

/// A person who consents: Xero's page sends the browser back.
async fn consent(address: &str) -> (StatusCode, String) {
    let (status, back, _) = get(address).await;
    assert_eq!(status, StatusCode::FOUND);
    let (status, _, page) = get(back.unwrap().as_str()).await;
    (status, page)
}

fn free_port() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port().to_string()
}

fn query(address: &str) -> std::collections::HashMap<String, String> {
    let url: Url = address.parse().unwrap();
    url.query_pairs().into_owned().collect()
}

/// The tool, waiting for the consent to a new app.
async fn asks(ground: &Ground, more: &[&str]) -> Waiting {
    let (id, port) = (client_id(ground), free_port());
    let mut arguments = vec![
        "connect",
        "xero",
        "--no-browser",
        "--client-id",
        &id,
        "--port",
        &port,
    ];
    arguments.extend(more);
    Waiting::start(ground, &arguments).await
}

async fn token(ground: &Ground) -> Value {
    ground
        .secret(&ground.stack.outputs().xero_token_secret)
        .await
}

#[tokio::test]
async fn a_consent_connects_and_everything_works_with_what_was_stored() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let before = ground.run(&["status"]).await.exits(1);
    before
        .says("not connected")
        .says("contact-sync connect xero")
        .says("contact-sync connect bigchange");

    let waiting = asks(&ground, &[]).await;
    let asked = query(&waiting.address);
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(
        asked["scope"],
        "offline_access accounting.contacts accounting.settings.read"
    );
    assert!(
        asked["redirect_uri"].starts_with("http://localhost:"),
        "{asked:?}"
    );
    assert!(asked["state"].len() >= 16, "{asked:?}");
    let (status, page) = consent(&waiting.address).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("You can close this window"), "{page}");
    let ran = waiting.ends().await.exits(0);
    let ran = ran
        .says("Connected to \"Harewell Facilities (sample company)\"")
        .says("good until");
    assert!(!ran.err.contains(&client_secret(&ground)));

    let app = ground.secret(&ground.stack.outputs().xero_app_secret).await;
    assert_eq!(app["grant_type"], "authorization_code");
    let stored = token(&ground).await;
    assert_eq!(stored["tenant_id"], ground.tenant());
    assert!(stored["access_token"].is_string() && stored["refresh_token"].is_string());

    let credentials = ground.stack.bigchange.core().credentials.clone();
    let variables = [
        ("BIGCHANGE_USERNAME", credentials.username.as_str()),
        ("BIGCHANGE_PASSWORD", credentials.password.as_str()),
        ("BIGCHANGE_KEY", credentials.key.as_str()),
    ];
    let ran = ground.run_with(&["connect", "bigchange"], &variables).await;
    ran.exits(0)
        .says("Connected to BigChange")
        .says("Customers (101)");
    // What is stored is what the functions take.
    ground.stack.refresh_token().await.unwrap();
    ground.run(&["status"]).await.exits(0).says("Healthy.");
    ground
        .run(&["sync", "--yes"])
        .await
        .exits(1)
        .says("17 linked");
}

#[tokio::test]
async fn a_declined_consent_stores_nothing_and_says_what_to_do() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let waiting = asks(&ground, &[]).await;
    let asked = query(&waiting.address);
    let declined = format!(
        "{}?error=access_denied&error_description=The+user+declined&state={}",
        asked["redirect_uri"], asked["state"]
    );
    let (_, _, page) = get(&declined).await;
    assert!(page.contains("was not connected"), "{page}");
    let ran = waiting.ends().await.exits(2);
    ran.says("The user declined")
        .says("nothing was stored")
        .says("choose \"Allow access\"");
    assert!(
        token(&ground).await["refresh_token"]
            .as_str()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_answer_to_another_request_is_refused_and_the_right_one_still_taken() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let waiting = asks(&ground, &[]).await;
    let asked = query(&waiting.address);
    for wrong in [
        "code=stolen&state=guessed",
        "code=stolen",
        "error=access_denied",
    ] {
        let (status, _, page) = get(&format!("{}?{wrong}", asked["redirect_uri"])).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
        assert!(page.contains("does not belong to the request"), "{page}");
    }
    consent(&waiting.address).await;
    let ran = waiting.ends().await.exits(0);
    ran.says("does not belong to this request")
        .says("Connected to");
}

#[tokio::test]
async fn a_code_that_is_not_xeros_stores_nothing() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let waiting = asks(&ground, &[]).await;
    let asked = query(&waiting.address);
    get(&format!(
        "{}?code=old&state={}",
        asked["redirect_uri"], asked["state"]
    ))
    .await;
    let ran = waiting.ends().await.exits(2);
    ran.says("no longer takes the code")
        .says("nothing was stored");
}

#[tokio::test]
async fn a_busy_port_is_said_before_anything_is_asked_of_xero() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let busy = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = busy.local_addr().unwrap().port().to_string();
    let id = client_id(&ground);
    let ran = ground
        .run_with(
            &[
                "connect",
                "xero",
                "--no-browser",
                "--client-id",
                &id,
                "--port",
                &port,
            ],
            &[("XERO_CLIENT_SECRET", "any")],
        )
        .await;
    ran.exits(2)
        .says(&format!("port {port} is in use"))
        .says("--port");
}

#[tokio::test]
async fn a_consent_to_less_than_is_needed_names_what_is_missing() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    for (missing, without) in [
        (
            "accounting.contacts",
            "offline_access+accounting.settings.read",
        ),
        (
            "offline_access",
            "accounting.contacts+accounting.settings.read",
        ),
    ] {
        let waiting = asks(&ground, &[]).await;
        let whole = "offline_access+accounting.contacts+accounting.settings.read";
        assert!(waiting.address.contains(whole), "{}", waiting.address);
        consent(&waiting.address.replace(whole, without)).await;
        let ran = waiting.ends().await.exits(2);
        ran.says(&format!("{missing} is missing"))
            .says("nothing was stored");
    }
    assert!(
        token(&ground).await["access_token"]
            .as_str()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn of_several_organisations_one_is_chosen() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let other = Uuid::from_u128(77);
    ground
        .stack
        .xero
        .core()
        .add_organisation(other, "Another Company");

    // Nobody can be asked here: it says which there are and how to choose.
    let waiting = asks(&ground, &[]).await;
    consent(&waiting.address).await;
    let ran = waiting.ends().await.exits(2);
    ran.says("--organisation")
        .says("Another Company")
        .says("Harewell Facilities");

    let waiting = asks(&ground, &["--organisation", "Nobody Ltd"]).await;
    consent(&waiting.address).await;
    waiting
        .ends()
        .await
        .exits(2)
        .says("not connected to an organisation called Nobody Ltd");

    let waiting = asks(&ground, &["--organisation", "another company"]).await;
    consent(&waiting.address).await;
    waiting.ends().await.exits(0).says("Another Company");
    assert_eq!(token(&ground).await["tenant_id"], other.to_string());
}

#[tokio::test]
async fn another_organisation_is_refused_while_links_exist_unless_it_is_confirmed() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    let other = Uuid::from_u128(77).to_string();
    ground
        .stack
        .xero
        .core()
        .add_organisation(Uuid::from_u128(77), "Another Company");
    let before = token(&ground).await;

    let waiting = asks(&ground, &["--organisation", &other]).await;
    consent(&waiting.address).await;
    let ran = waiting.ends().await.exits(2);
    ran.says("in which 17 contacts are linked")
        .says("matched anew in \"Another Company\"")
        .says(&format!("--confirm-organisation {other}"));
    assert_eq!(token(&ground).await, before, "nothing was stored");

    let waiting = asks(
        &ground,
        &[
            "--organisation",
            &other,
            "--confirm-organisation",
            &ground.tenant(),
        ],
    )
    .await;
    consent(&waiting.address).await;
    waiting.ends().await.exits(2).says("nothing was stored");
    assert_eq!(token(&ground).await, before);

    let waiting = asks(
        &ground,
        &["--organisation", &other, "--confirm-organisation", &other],
    )
    .await;
    consent(&waiting.address).await;
    waiting.ends().await.exits(0).says("Another Company");
    // Everything is matched anew there, where nothing is yet.
    let ran = ground.run(&["--json", "plan"]).await.exits(0);
    assert_eq!(ran.json()["organisation"], "Another Company");
    let held = ran.json()["contacts"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["code"] == "NotInXero")
        .count();
    assert!(held > 20, "{held}");

    // And back: the old links are taken up again.
    let home = ground.tenant();
    let waiting = asks(
        &ground,
        &["--organisation", &home, "--confirm-organisation", &home],
    )
    .await;
    consent(&waiting.address).await;
    waiting.ends().await.exits(0);
    ground.run(&["status"]).await.says("17 contacts");
}

#[tokio::test]
async fn a_secret_changed_by_hand_to_another_organisation_stops_work_until_it_is_confirmed() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    let other = Uuid::from_u128(77);
    ground
        .stack
        .xero
        .core()
        .add_organisation(other, "Another Company");
    let mut moved = token(&ground).await;
    moved["tenant_id"] = other.to_string().into();
    let input = serde_json::json!({
        "SecretId": ground.stack.outputs().xero_token_secret,
        "SecretString": moved.to_string(),
    });
    ground
        .stack
        .aws()
        .aws("secretsmanager.PutSecretValue", &input)
        .await
        .unwrap();
    for command in [["sync", "--yes"].as_slice(), &["plan"], &["check"]] {
        let ran = ground.run(command).await.exits(2);
        ran.says("another Xero organisation")
            .says("--confirm-organisation");
    }
    ground
        .run(&["status"])
        .await
        .exits(1)
        .says("all work has stopped");
}

#[tokio::test]
async fn a_custom_connection_needs_no_browser() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let (id, secret) = (client_id(&ground), client_secret(&ground));
    let connect = ["connect", "xero", "--custom-connection", "--client-id", &id];
    let ran = ground
        .run_with(&connect, &[("XERO_CLIENT_SECRET", "wrong")])
        .await;
    ran.exits(2)
        .says("does not take this client id and secret")
        .says("--new-app");
    let ran = ground
        .run_with(&connect, &[("XERO_CLIENT_SECRET", &secret)])
        .await;
    ran.exits(0).says("Connected to");
    let stored = token(&ground).await;
    assert!(stored.get("refresh_token").is_none(), "it has none");
    assert_eq!(stored["tenant_id"], ground.tenant());
    ground.stack.refresh_token().await.unwrap();
}

#[tokio::test]
async fn bigchange_credentials_are_tried_before_they_are_stored() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let credentials = ground.stack.bigchange.core().credentials.clone();
    let wrong = [
        ("BIGCHANGE_USERNAME", credentials.username.as_str()),
        ("BIGCHANGE_PASSWORD", "wrong"),
        ("BIGCHANGE_KEY", credentials.key.as_str()),
    ];
    let ran = ground
        .run_with(&["connect", "bigchange"], &wrong)
        .await
        .exits(2);
    let ran = ran
        .says("does not let this user in")
        .says("nothing was stored");
    assert!(!ran.err.contains(&credentials.username), "{}", ran.err);
    let secret = ground
        .secret(&ground.stack.outputs().big_change_secret)
        .await;
    assert_eq!(secret["username"], "");
    let ran = ground.run_with(&["connect", "bigchange"], &[]).await;
    ran.exits(2)
        .says("nobody can be asked")
        .says("BIGCHANGE_USERNAME");
}
