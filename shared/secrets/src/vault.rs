//! The contract of a vault.

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use crate::fields::MAX_SECRET_BYTES;

/// The staging label of the version that everyone reads.
pub const CURRENT: &str = "AWSCURRENT";
/// The staging label of the version that was current before; the vault moves it by itself.
pub const PREVIOUS: &str = "AWSPREVIOUS";
/// The most versions of one secret that are listed. Secrets Manager keeps about a hundred, and those of the last day.
pub const MAX_VERSIONS: usize = 1000;

/// One version of a secret.
#[derive(Debug, Clone)]
pub struct SecretVersion {
    /// The version's id.
    pub id: String,
    /// What it holds.
    pub value: SecretString,
}

/// What is known of a version without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// The version's id.
    pub id: String,
    /// Its staging labels; a version that has lost all of them can still be read until Secrets Manager removes it.
    pub stages: Vec<String>,
    /// When it was stored.
    pub created: OffsetDateTime,
}

/// Why the vault did not do as asked, named by what the caller must do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// The secret is no longer as the caller saw it: read it again and decide anew.
    #[error("the secret was changed by another meanwhile")]
    Conflict,
    /// There is no such secret, or no such version of it.
    #[error(
        "the secret {secret} does not exist, or holds no such version: check its id, its region and that it has a value"
    )]
    Missing {
        /// Which secret.
        secret: String,
    },
    /// The vault could not be asked, or gave no answer: whether a write took effect is unknown. Try again later, a write with the same version token.
    #[error("the vault cannot be reached or gave no answer: {0}")]
    Unavailable(String),
    /// The vault refused: a person must look.
    #[error("the vault refused: {0}")]
    Refused(String),
}

/// Keeps secrets in versions; one suite of tests (`tests/contract.rs`) holds every vault to this.
///
/// A secret is named by its id, which may be its name or its ARN.
pub trait Vault: Send + Sync + 'static {
    /// Reads the version labelled [`CURRENT`].
    ///
    /// # Errors
    /// See [`VaultError`].
    fn current<'a>(
        &'a self,
        secret_id: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>>;

    /// Reads any version that is still kept, labelled or not.
    ///
    /// # Errors
    /// See [`VaultError`].
    fn version<'a>(
        &'a self,
        secret_id: &'a str,
        version_id: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>>;

    /// Stores a new version under a staging label of its own, taking the label from the version that had it; what is [`CURRENT`] stays so.
    /// (Only the very first version of a secret that has none becomes current at once.)
    ///
    /// The token, 32 to 64 characters, becomes the version's id, which is returned. Staging the same value under the same token again changes nothing.
    ///
    /// # Errors
    /// `Conflict` where the token stands for another value already; `Refused` for a label that is the vault's own, a token of another length or a value over
    /// [`MAX_SECRET_BYTES`]; otherwise see [`VaultError`].
    fn stage<'a>(
        &'a self,
        secret_id: &'a str,
        value: SecretString,
        version_token: &'a str,
        label: &'a str,
    ) -> BoxFuture<'a, Result<String, VaultError>>;

    /// Makes a stored version current, provided that `from_version` is the current one: compare-and-swap. Succeeds where `to_version` is current already.
    ///
    /// # Errors
    /// `Conflict` where a third version is current; otherwise see [`VaultError`].
    fn promote<'a>(
        &'a self,
        secret_id: &'a str,
        to_version: &'a str,
        from_version: &'a str,
    ) -> BoxFuture<'a, Result<(), VaultError>>;

    /// Lists the versions that are still kept, those without a label too, newest first.
    ///
    /// # Errors
    /// `Refused` where there are more than [`MAX_VERSIONS`]; otherwise see [`VaultError`].
    fn versions<'a>(
        &'a self,
        secret_id: &'a str,
    ) -> BoxFuture<'a, Result<Vec<VersionInfo>, VaultError>>;
}

/// What every vault checks before it stages anything.
pub(crate) fn check_staging(
    value: &SecretString,
    version_token: &str,
    label: &str,
) -> Result<(), VaultError> {
    let refused = |why: String| Err(VaultError::Refused(why));
    if !(32..=64).contains(&version_token.len()) {
        return refused(format!(
            "a version token of {} characters; it takes 32 to 64",
            version_token.len()
        ));
    }
    if label.is_empty() || [CURRENT, PREVIOUS].contains(&label) {
        return refused(format!(
            "a version cannot be staged under the label \"{label}\""
        ));
    }
    let bytes = value.expose_secret().len();
    if !(1..=MAX_SECRET_BYTES).contains(&bytes) {
        return refused(format!(
            "a secret of {bytes} bytes; it takes 1 to {MAX_SECRET_BYTES}"
        ));
    }
    Ok(())
}

pub(crate) fn check_version_count(count: usize) -> Result<(), VaultError> {
    if count > MAX_VERSIONS {
        return Err(VaultError::Refused(format!(
            "the secret has more than {MAX_VERSIONS} versions"
        )));
    }
    Ok(())
}
