//! Storing what a person entered.

use secrecy::SecretString;

use crate::{Vault, VaultError};

/// The label under which a person's secret waits to be made current.
const STAGING_LABEL: &str = "CONTACT_SYNC_ENTERED";
/// Another writer may be quicker a few times in a row, and not more often.
const MAX_ATTEMPTS: u32 = 5;

/// What a person entered, stored beside the current version and not yet in its place.
#[derive(Debug)]
#[must_use = "it is not current yet"]
pub struct Entered {
    secret_id: String,
    version: String,
}

impl Entered {
    /// Stores `value`. `new_version` is a version id that was never used, 32 to 64 characters.
    ///
    /// # Errors
    /// See [`VaultError`].
    pub async fn stage(
        vault: &dyn Vault,
        secret_id: &str,
        value: &SecretString,
        new_version: String,
    ) -> Result<Self, VaultError> {
        let version = vault
            .stage(secret_id, value.clone(), &new_version, STAGING_LABEL)
            .await?;
        Ok(Self {
            secret_id: secret_id.to_owned(),
            version,
        })
    }

    /// Makes it current, by compare-and-swap. Where another writer (the token refresh) is quicker, it is done again: what a person has just entered is the newest.
    ///
    /// # Errors
    /// See [`VaultError`]; the current version is then as it was.
    pub async fn make_current(self, vault: &dyn Vault) -> Result<(), VaultError> {
        let mut attempts = 1;
        loop {
            let current = vault.current(&self.secret_id).await?;
            match vault
                .promote(&self.secret_id, &self.version, &current.id)
                .await
            {
                Err(VaultError::Conflict) if attempts < MAX_ATTEMPTS => attempts += 1,
                swapped => return swapped,
            }
        }
    }
}

/// Stores what a person entered and makes it current.
///
/// # Errors
/// See [`Entered`].
pub async fn replace(
    vault: &dyn Vault,
    secret_id: &str,
    value: &SecretString,
    new_version: impl FnOnce() -> String,
) -> Result<(), VaultError> {
    let entered = Entered::stage(vault, secret_id, value, new_version()).await?;
    entered.make_current(vault).await
}
