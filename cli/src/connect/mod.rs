//! `connect`: what opens the two systems is asked for, tried, and stored.

pub mod bigchange;
mod callback;
pub mod notes;
pub mod xero;

use crate::tool::Tool;

/// A value from the environment, for scripts; blank counts as none.
fn from_environment(variable: &str) -> Option<String> {
    std::env::var(variable)
        .ok()
        .filter(|value| !value.trim().is_empty())
}

/// Said of a secret that could not be stored.
const NOT_STORED: &str = "the secret could not be stored (that takes the rights secretsmanager:PutSecretValue and secretsmanager:UpdateSecretVersionStage)";

/// An id for a version of a secret, never used before.
fn new_version(tool: &Tool) -> String {
    tool.host().new_id().to_string()
}
