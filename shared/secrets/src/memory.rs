//! [`Vault`] in memory, for tests and simulations.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use time::{Duration, OffsetDateTime};

use crate::vault::{check_staging, check_version_count};
use crate::{CURRENT, PREVIOUS, SecretVersion, Vault, VaultError, VersionInfo};

/// A vault that lives as long as the program and behaves as AWS documents Secrets Manager. Clones share what is stored.
///
/// It has a clock of its own, so that it is deterministic: it starts in 1970 and moves on by a second with every version.
#[derive(Debug, Clone)]
pub struct MemoryVault {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    now: OffsetDateTime,
    tokens_made: u64,
    secrets: HashMap<String, Secret>,
}

#[derive(Debug, Default)]
struct Secret {
    /// Oldest first.
    versions: Vec<Version>,
}

#[derive(Debug)]
struct Version {
    id: String,
    value: SecretString,
    created: OffsetDateTime,
    stages: Vec<String>,
}

impl Default for MemoryVault {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryVault {
    /// An empty vault.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                now: OffsetDateTime::UNIX_EPOCH,
                tokens_made: 0,
                secrets: HashMap::new(),
            })),
        }
    }

    /// Sets the clock by which later versions are dated.
    pub fn set_clock(&self, now: OffsetDateTime) {
        self.lock().now = now;
    }

    /// Creates a secret without any value, as a template may.
    pub fn create_empty(&self, secret_id: &str) {
        self.lock()
            .secrets
            .insert(secret_id.to_owned(), Secret::default());
    }

    /// Stores a value as the current version, as a person does in the console; creates the secret if need be. Returns the version's id.
    pub fn set_current(&self, secret_id: &str, value: impl Into<SecretString>) -> String {
        let mut state = self.lock();
        state.tokens_made += 1;
        let id = format!("memory-vault-version-{:032}", state.tokens_made);
        let created = state.tick();
        let secret = state.secrets.entry(secret_id.to_owned()).or_default();
        secret.versions.push(Version {
            id: id.clone(),
            value: value.into(),
            created,
            stages: Vec::new(),
        });
        secret.move_current(&id);
        id
    }

    /// Each call leaves the state whole, so a panic of another thread has spoilt nothing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(
        &self,
        secret_id: &str,
        wanted: impl Fn(&Version) -> bool,
    ) -> Result<SecretVersion, VaultError> {
        let mut state = self.lock();
        let version = state
            .secret(secret_id)?
            .versions
            .iter()
            .find(|version| wanted(version))
            .ok_or_else(|| missing(secret_id))?;
        Ok(SecretVersion {
            id: version.id.clone(),
            value: version.value.clone(),
        })
    }

    fn put(
        &self,
        secret_id: &str,
        value: SecretString,
        version_token: &str,
        label: &str,
    ) -> Result<String, VaultError> {
        check_staging(&value, version_token, label)?;
        let mut state = self.lock();
        let secret = state.secret(secret_id)?;
        if let Some(version) = secret.version(version_token) {
            let same = version.value.expose_secret() == value.expose_secret();
            return if same {
                Ok(version_token.to_owned())
            } else {
                Err(VaultError::Conflict)
            };
        }
        let created = state.tick();
        let secret = state.secret(secret_id)?;
        let is_first = secret.versions.is_empty();
        secret.versions.push(Version {
            id: version_token.to_owned(),
            value,
            created,
            stages: Vec::new(),
        });
        secret.move_label(label, version_token);
        if is_first {
            secret.move_label(CURRENT, version_token);
        }
        Ok(version_token.to_owned())
    }

    fn swap_current(
        &self,
        secret_id: &str,
        to_version: &str,
        from_version: &str,
    ) -> Result<(), VaultError> {
        let mut state = self.lock();
        let secret = state.secret(secret_id)?;
        let current = secret.labelled(CURRENT).map(|version| version.id.as_str());
        if current == Some(to_version) {
            Ok(())
        } else if current != Some(from_version) {
            Err(VaultError::Conflict)
        } else if secret.version(to_version).is_none() {
            Err(missing(secret_id))
        } else {
            secret.move_current(to_version);
            Ok(())
        }
    }

    fn list(&self, secret_id: &str) -> Result<Vec<VersionInfo>, VaultError> {
        let mut state = self.lock();
        let versions = &state.secret(secret_id)?.versions;
        check_version_count(versions.len())?;
        Ok(versions
            .iter()
            .rev()
            .map(|version| VersionInfo {
                id: version.id.clone(),
                stages: version.stages.clone(),
                created: version.created,
            })
            .collect())
    }
}

impl State {
    fn tick(&mut self) -> OffsetDateTime {
        let now = self.now;
        self.now += Duration::SECOND;
        now
    }

    fn secret(&mut self, secret_id: &str) -> Result<&mut Secret, VaultError> {
        self.secrets
            .get_mut(secret_id)
            .ok_or_else(|| missing(secret_id))
    }
}

impl Secret {
    fn version(&self, id: &str) -> Option<&Version> {
        self.versions.iter().find(|version| version.id == id)
    }

    fn labelled(&self, label: &str) -> Option<&Version> {
        self.versions
            .iter()
            .find(|version| version.stages.iter().any(|stage| stage == label))
    }

    /// The version that was current becomes the previous one.
    fn move_current(&mut self, to: &str) {
        if let Some(from) = self.labelled(CURRENT).map(|version| version.id.clone()) {
            self.move_label(PREVIOUS, &from);
        }
        self.move_label(CURRENT, to);
    }

    /// A label is on one version at a time.
    fn move_label(&mut self, label: &str, to: &str) {
        for version in &mut self.versions {
            version.stages.retain(|stage| stage != label);
            if version.id == to {
                version.stages.push(label.to_owned());
            }
        }
    }
}

fn missing(secret_id: &str) -> VaultError {
    VaultError::Missing {
        secret: secret_id.to_owned(),
    }
}

impl Vault for MemoryVault {
    fn current<'a>(
        &'a self,
        secret_id: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        Box::pin(async move {
            self.read(secret_id, |version| {
                version.stages.iter().any(|stage| stage == CURRENT)
            })
        })
    }

    fn version<'a>(
        &'a self,
        secret_id: &'a str,
        version_id: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        Box::pin(async move { self.read(secret_id, |version| version.id == version_id) })
    }

    fn stage<'a>(
        &'a self,
        secret_id: &'a str,
        value: SecretString,
        version_token: &'a str,
        label: &'a str,
    ) -> BoxFuture<'a, Result<String, VaultError>> {
        Box::pin(async move { self.put(secret_id, value, version_token, label) })
    }

    fn promote<'a>(
        &'a self,
        secret_id: &'a str,
        to_version: &'a str,
        from_version: &'a str,
    ) -> BoxFuture<'a, Result<(), VaultError>> {
        Box::pin(async move { self.swap_current(secret_id, to_version, from_version) })
    }

    fn versions<'a>(
        &'a self,
        secret_id: &'a str,
    ) -> BoxFuture<'a, Result<Vec<VersionInfo>, VaultError>> {
        Box::pin(async move { self.list(secret_id) })
    }
}
