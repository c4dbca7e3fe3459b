//! The token secret and its versions.

use runtime::clock_skew::TWO_CLOCKS;
use secrecy::{ExposeSecret, SecretString};
use secrets::{SecretVersion, Vault, VaultError, XeroTokenSecret};
use serde::Deserialize;
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use crate::RefreshError;

/// The label under which a new token is stored until it is made current. A version that is stored
/// without a label of its own would become current at once.
pub const STAGING_LABEL: &str = "XERO_REFRESHED";
/// The field that names the version which a stored token is to replace. Others ignore it.
const REPLACES: &str = "replaces";

/// How long an access token lives.
pub(crate) const TOKEN_LIFE: Duration = Duration::minutes(30);
/// A token with no more than this left is renewed: a third of its life, two runs before anyone
/// would be without.
const DUE_BEFORE_END: Duration = Duration::minutes(10);

/// How often one call to the vault is made before its failure counts, each with the client's own
/// retries within.
const MAX_ATTEMPTS: u32 = 3;
/// How many versions beside the current one are read.
const MAX_RECENT: usize = 5;

/// Whether more than a third of the token's life is left. An end that no token of Xero has, such as
/// a person's guess, counts as due.
pub(crate) fn is_fresh(secret: &XeroTokenSecret, now: OffsetDateTime) -> bool {
    let is_fresh = |end: OffsetDateTime| {
        let left = end - now;
        left > DUE_BEFORE_END && left <= TOKEN_LIFE + TWO_CLOCKS
    };
    secret.access_token.is_some() && secret.expires_at.is_some_and(is_fresh)
}

/// A token as it is stored.
pub(crate) struct StoredToken {
    pub(crate) version: String,
    pub(crate) secret: XeroTokenSecret,
    /// The version that it was made to replace; none where a person stored it.
    replaces: Option<String>,
}

impl StoredToken {
    fn parse(stored: &SecretVersion) -> Result<Self, RefreshError> {
        /// Read by itself, so that whatever a person writes into it does no harm.
        #[derive(Default, Deserialize)]
        struct Origin {
            replaces: Option<String>,
        }
        let secret = XeroTokenSecret::parse(&stored.value)?;
        let origin: Origin = serde_json::from_str(stored.value.expose_secret()).unwrap_or_default();
        Ok(Self {
            version: stored.id.clone(),
            secret,
            replaces: origin.replaces,
        })
    }

    /// Whether this was made to replace `current`, and was not made current.
    ///
    /// That it is newer would not do: a refresher that loses to a person may store its token later
    /// than the person did.
    pub(crate) fn is_to_replace(&self, current: &Self) -> bool {
        self.replaces.as_ref() == Some(&current.version)
    }
}

/// Whether a swap was won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swap {
    Won,
    Lost,
}

/// The versions of the token secret.
#[derive(Clone, Copy)]
pub(crate) struct TokenVersions<'a> {
    vault: &'a dyn Vault,
    secret_id: &'a str,
}

impl<'a> TokenVersions<'a> {
    pub(crate) fn new(vault: &'a dyn Vault, secret_id: &'a str) -> Self {
        Self { vault, secret_id }
    }

    pub(crate) async fn current(&self) -> Result<StoredToken, RefreshError> {
        StoredToken::parse(&self.vault.current(self.secret_id).await?)
    }

    /// The newest versions beside `current` that belong to the same organisation, newest first. One
    /// that can't be read as a token is left out.
    pub(crate) async fn recent(
        &self,
        current: &StoredToken,
    ) -> Result<Vec<StoredToken>, RefreshError> {
        let mut versions = self.vault.versions(self.secret_id).await?;
        versions.retain(|version| version.id != current.version);
        let mut recent = Vec::new();
        for version in versions.iter().take(MAX_RECENT) {
            let stored = match self.vault.version(self.secret_id, &version.id).await {
                Ok(stored) => stored,
                // Removed since it was listed.
                Err(VaultError::Missing { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            if let Ok(token) = StoredToken::parse(&stored)
                && token.secret.tenant_id == current.secret.tenant_id
            {
                recent.push(token);
            }
        }
        Ok(recent)
    }

    /// Stores a token durably, beside the current one. It is worth some attempts: a token that is
    /// lost here costs half of the time in which the old one is taken again.
    pub(crate) async fn stage(
        &self,
        secret: XeroTokenSecret,
        version: String,
        replaces: &StoredToken,
    ) -> Result<StoredToken, RefreshError> {
        let text = text(&secret, &replaces.version)?;
        self.attempt(async || {
            self.vault
                .stage(self.secret_id, text.clone(), &version, STAGING_LABEL)
                .await
        })
        .await?;
        Ok(StoredToken {
            version,
            secret,
            replaces: Some(replaces.version.clone()),
        })
    }

    /// Makes `to` current if `from` still is.
    pub(crate) async fn swap(
        &self,
        from: &StoredToken,
        to: &StoredToken,
    ) -> Result<Swap, RefreshError> {
        let swapped = self
            .attempt(async || {
                self.vault
                    .promote(self.secret_id, &to.version, &from.version)
                    .await
            })
            .await;
        match swapped {
            Ok(()) => Ok(Swap::Won),
            Err(VaultError::Conflict) => Ok(Swap::Lost),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a call that may be made twice without harm, again where no answer came.
    async fn attempt<T>(
        &self,
        call: impl AsyncFn() -> Result<T, VaultError>,
    ) -> Result<T, VaultError> {
        let mut attempts = 1;
        loop {
            match call().await {
                Err(VaultError::Unavailable(why)) if attempts < MAX_ATTEMPTS => {
                    tracing::warn!(attempts, "{why}");
                    attempts += 1;
                }
                result => return result,
            }
        }
    }
}

/// The token with what it is to replace.
fn text(secret: &XeroTokenSecret, replaces: &str) -> Result<SecretString, VaultError> {
    let mut fields: Map<String, Value> = serde_json::from_str(secret.to_json().expose_secret())
        .map_err(|_| VaultError::Refused("the token cannot be written as JSON".to_owned()))?;
    fields.insert(REPLACES.to_owned(), replaces.into());
    Ok(Value::Object(fields).to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_fresh_while_more_than_a_third_of_its_life_is_left() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        for (left_seconds, fresh) in [
            (-1, false),
            (600, false),
            (601, true),
            (1_800, true),
            (1_800 + 240, true),
            (86_400, false),
        ] {
            let secret = XeroTokenSecret {
                access_token: Some("a".into()),
                expires_at: Some(now + Duration::seconds(left_seconds)),
                ..XeroTokenSecret::default()
            };
            assert_eq!(is_fresh(&secret, now), fresh, "{left_seconds}");
        }
        assert!(!is_fresh(&XeroTokenSecret::default(), now));
    }
}
