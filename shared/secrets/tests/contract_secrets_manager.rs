//! Secrets Manager keeps the contract, as far as `ministack` is like it. A program of its own, because it needs that to be installed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

#[path = "support/client.rs"]
mod client;
#[path = "../../store/tests/support/ministack.rs"]
mod ministack;
mod suite;

use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::primitives::Blob;
use client::client_of;
use secrets::{SecretsManagerVault, Vault, VaultError};

#[tokio::test]
async fn secrets_manager_keeps_the_contract() {
    let stack = ministack::start();
    let client = client_of(&stack.url());
    let vault = SecretsManagerVault::new(client.clone());

    let create = async |secret: &str| {
        let create = client.create_secret().name(secret);
        create.secret_string(suite::FIRST).send().await.unwrap();
    };
    suite::run(&vault, create).await;
    // `ministack` dates versions by the second.
    suite::dates_and_swaps(&vault, create, Duration::from_millis(1100)).await;
    an_arn_names_a_secret_as_well(&vault, &client).await;
    a_binary_secret_is_refused(&vault, &client).await;
    drop(stack);
    an_unreachable_vault_is_unavailable(&vault).await;
}

async fn an_arn_names_a_secret_as_well(vault: &dyn Vault, client: &Client) {
    let create = client.create_secret().name("arn");
    let arn = create.secret_string("a").send().await.unwrap().arn.unwrap();
    let by_name = vault.current("arn").await.unwrap().id;
    assert_eq!(vault.current(&arn).await.unwrap().id, by_name);
    let staged = suite::stage(vault, &arn, "staged").await;
    vault.promote(&arn, &staged, &by_name).await.unwrap();
    assert_eq!(vault.current("arn").await.unwrap().id, staged);
}

async fn a_binary_secret_is_refused(vault: &dyn Vault, client: &Client) {
    let create = client.create_secret().name("binary");
    create.secret_binary(Blob::new("a")).send().await.unwrap();
    let error = vault.current("binary").await.unwrap_err();
    assert!(
        matches!(&error, VaultError::Refused(why) if why.contains("plain text")),
        "{error}"
    );
}

async fn an_unreachable_vault_is_unavailable(vault: &dyn Vault) {
    let read = vault.current("read").await.map(drop);
    let promoted = vault
        .promote("read", &suite::token("a"), &suite::token("b"))
        .await;
    for result in [read, promoted] {
        let error = result.unwrap_err();
        assert!(
            matches!(&error, VaultError::Unavailable(why) if why.contains("no connection")),
            "{error}"
        );
    }
}
