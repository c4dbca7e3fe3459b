//! `connect`: what opens the two systems is asked for, tried, and stored.

pub mod bigchange;
mod callback;
pub mod xero;

use anyhow::Context as _;
use secrecy::SecretString;
use secrets::VaultError;

use crate::tool::Tool;

/// A value from the environment, for scripts; blank counts as none.
fn from_environment(variable: &str) -> Option<String> {
    std::env::var(variable)
        .ok()
        .filter(|value| !value.trim().is_empty())
}

/// Stores a secret, by the same compare-and-swap as the token refresh.
async fn store(tool: &Tool, secret_id: &str, value: &SecretString) -> anyhow::Result<()> {
    let stored = secrets::replace(&*tool.vault, secret_id, value, || {
        tool.surroundings().unique().to_string()
    });
    match stored.await {
        Err(error @ VaultError::Refused(_)) => Err(error)
            .context("the secret could not be stored: your AWS user needs secretsmanager:PutSecretValue and secretsmanager:UpdateSecretVersionStage"),
        stored => stored.context("the secret could not be stored"),
    }
}
