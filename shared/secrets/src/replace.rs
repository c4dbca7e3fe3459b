//! Storing what a person entered.

use secrecy::SecretString;

use crate::{Vault, VaultError};

/// The label under which a person's secret waits to be made current.
const STAGING_LABEL: &str = "CONTACT_SYNC_ENTERED";
/// Another writer may be quicker a few times in a row, and not more often.
const MAX_ATTEMPTS: u32 = 5;

/// Makes `value` the current version, by compare-and-swap: stored beside the current one first, then swapped for it. Where another writer (the token refresh) is
/// quicker, it is done again: what a person has just entered is the newest. `new_version` gives a version id that was never used, 32 to 64 characters.
///
/// # Errors
/// See [`VaultError`]; the current version is then as it was.
pub async fn replace(
    vault: &dyn Vault,
    secret_id: &str,
    value: &SecretString,
    new_version: impl Fn() -> String + Send + Sync,
) -> Result<(), VaultError> {
    let version = vault
        .stage(secret_id, value.clone(), &new_version(), STAGING_LABEL)
        .await?;
    let mut attempts = 1;
    loop {
        let current = vault.current(secret_id).await?;
        match vault.promote(secret_id, &version, &current.id).await {
            Err(VaultError::Conflict) if attempts < MAX_ATTEMPTS => attempts += 1,
            swapped => return swapped,
        }
    }
}
