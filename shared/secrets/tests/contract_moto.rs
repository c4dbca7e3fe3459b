//! Secrets Manager keeps the contract, as far as `moto` is like it, and does so whatever answers are lost. A program of its own, because it needs that
//! to be installed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "support/client.rs"]
mod client;
#[path = "support/lost_answers.rs"]
mod lost_answers;
#[path = "support/moto.rs"]
mod moto;
mod suite;

use aws_sdk_secretsmanager::Client;
use client::client_of;
use lost_answers::that_loses_answers;
use secrets::{SecretsManagerVault, Vault};

#[tokio::test]
async fn secrets_manager_keeps_the_contract() {
    let server = moto::start();
    keeps_the_contract(&client_of(&server.url()), None).await;
}

/// The client makes every call twice, for the first answer never comes: what it did is known as its own.
#[tokio::test]
async fn secrets_manager_keeps_the_contract_though_every_other_answer_is_lost() {
    let server = moto::start();
    let whole = client_of(&server.url());
    let losing = that_loses_answers(&whole);
    keeps_the_contract(&whole, Some(&losing)).await;
}

/// A person's client creates the secrets; the vault may have another.
async fn keeps_the_contract(person: &Client, vault: Option<&Client>) {
    let vault = SecretsManagerVault::new(vault.unwrap_or(person).clone());
    let create = async |secret: &str| {
        let create = person.create_secret().name(secret);
        create.secret_string(suite::FIRST).send().await.unwrap();
    };
    let create_empty = async |secret: &str| {
        person.create_secret().name(secret).send().await.unwrap();
    };
    suite::run(&vault, create).await;
    suite::replays_and_labels(&vault, create, create_empty).await;
    an_arn_names_a_secret_as_well(&vault, person).await;
}

async fn an_arn_names_a_secret_as_well(vault: &dyn Vault, person: &Client) {
    let create = person.create_secret().name("arn");
    let arn = create.secret_string("a").send().await.unwrap().arn.unwrap();
    let by_name = vault.current("arn").await.unwrap().id;
    let staged = suite::stage(vault, &arn, "staged").await;
    vault.promote(&arn, &staged, &by_name).await.unwrap();
    assert_eq!(vault.current("arn").await.unwrap().id, staged);
}
