//! [`Vault`] on AWS Secrets Manager.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::http::HttpResponse;
use aws_sdk_secretsmanager::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueOutput;
use aws_sdk_secretsmanager::operation::update_secret_version_stage::UpdateSecretVersionStageError;
use aws_sdk_secretsmanager::types::SecretVersionsListEntry;
use futures::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};
use time::OffsetDateTime;

use crate::vault::{check_staging, check_version_count};
use crate::{CURRENT, SecretVersion, Vault, VaultError, VersionInfo};

/// How many versions Secrets Manager lists in one call, at most.
const VERSIONS_PER_CALL: i32 = 100;

/// AWS Secrets Manager. The function's role needs `GetSecretValue`, and to refresh tokens also `PutSecretValue`, `UpdateSecretVersionStage` and `ListSecretVersionIds`.
///
/// Time-outs and the retries of a lost call are the client's; every call here may be sent twice.
#[derive(Debug, Clone)]
pub struct SecretsManagerVault {
    client: Client,
}

impl SecretsManagerVault {
    /// Uses the region and the credentials of the client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    async fn read(
        &self,
        secret_id: &str,
        version_id: Option<&str>,
    ) -> Result<SecretVersion, VaultError> {
        let request = self.client.get_secret_value().secret_id(secret_id);
        let request = match version_id {
            Some(id) => request.version_id(id),
            None => request.version_stage(CURRENT),
        };
        let answer = request
            .send()
            .await
            .map_err(|error| vault_error("GetSecretValue", secret_id, &error))?;
        secret_version(secret_id, answer)
    }

    async fn put(
        &self,
        secret_id: &str,
        value: SecretString,
        version_token: &str,
        label: &str,
    ) -> Result<String, VaultError> {
        check_staging(&value, version_token, label)?;
        self.client
            .put_secret_value()
            .secret_id(secret_id)
            .secret_string(value.expose_secret())
            .client_request_token(version_token)
            .version_stages(label)
            .send()
            .await
            .map_err(|error| vault_error("PutSecretValue", secret_id, &error))?;
        Ok(version_token.to_owned())
    }

    async fn move_current(
        &self,
        secret_id: &str,
        to_version: &str,
        from_version: &str,
    ) -> Result<(), VaultError> {
        let answer = self
            .client
            .update_secret_version_stage()
            .secret_id(secret_id)
            .version_stage(CURRENT)
            .move_to_version_id(to_version)
            .remove_from_version_id(from_version)
            .send()
            .await;
        let Err(error) = answer else { return Ok(()) };
        let refusal = vault_error("UpdateSecretVersionStage", secret_id, &error);
        match error.as_service_error() {
            // So Secrets Manager says that the label is elsewhere, or that `from_version` is gone, and much else; where the label is tells them apart.
            Some(
                UpdateSecretVersionStageError::InvalidParameterException(_)
                | UpdateSecretVersionStageError::InvalidRequestException(_)
                | UpdateSecretVersionStageError::ResourceNotFoundException(_),
            ) => {
                let current = self.read(secret_id, None).await?.id;
                if current == to_version {
                    Ok(())
                } else if current == from_version {
                    Err(refusal)
                } else {
                    Err(VaultError::Conflict)
                }
            }
            _ => Err(refusal),
        }
    }

    async fn list(&self, secret_id: &str) -> Result<Vec<VersionInfo>, VaultError> {
        let mut versions = Vec::new();
        let mut next_token = None;
        loop {
            let page = self
                .client
                .list_secret_version_ids()
                .secret_id(secret_id)
                .include_deprecated(true)
                .max_results(VERSIONS_PER_CALL)
                .set_next_token(next_token)
                .send()
                .await
                .map_err(|error| vault_error("ListSecretVersionIds", secret_id, &error))?;
            let entries = page.versions.unwrap_or_default();
            check_version_count(versions.len() + entries.len())?;
            for entry in entries {
                versions.push(version_info(secret_id, entry)?);
            }
            next_token = page.next_token.filter(|token| !token.is_empty());
            if next_token.is_none() {
                break;
            }
        }
        // Secrets Manager promises no order.
        versions.sort_by_key(|version| std::cmp::Reverse(version.created));
        Ok(versions)
    }
}

impl Vault for SecretsManagerVault {
    fn current<'a>(
        &'a self,
        secret_id: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        Box::pin(self.read(secret_id, None))
    }

    fn version<'a>(
        &'a self,
        secret_id: &'a str,
        version_id: &'a str,
    ) -> BoxFuture<'a, Result<SecretVersion, VaultError>> {
        Box::pin(self.read(secret_id, Some(version_id)))
    }

    fn stage<'a>(
        &'a self,
        secret_id: &'a str,
        value: SecretString,
        version_token: &'a str,
        label: &'a str,
    ) -> BoxFuture<'a, Result<String, VaultError>> {
        Box::pin(self.put(secret_id, value, version_token, label))
    }

    fn promote<'a>(
        &'a self,
        secret_id: &'a str,
        to_version: &'a str,
        from_version: &'a str,
    ) -> BoxFuture<'a, Result<(), VaultError>> {
        Box::pin(self.move_current(secret_id, to_version, from_version))
    }

    fn versions<'a>(
        &'a self,
        secret_id: &'a str,
    ) -> BoxFuture<'a, Result<Vec<VersionInfo>, VaultError>> {
        Box::pin(self.list(secret_id))
    }
}

fn secret_version(
    secret_id: &str,
    answer: GetSecretValueOutput,
) -> Result<SecretVersion, VaultError> {
    match (answer.version_id, answer.secret_string) {
        (Some(id), Some(value)) => Ok(SecretVersion {
            id,
            value: value.into(),
        }),
        _ => Err(VaultError::Refused(format!(
            "the secret {secret_id} holds no text: store it as plain text, not as binary"
        ))),
    }
}

fn version_info(
    secret_id: &str,
    entry: SecretVersionsListEntry,
) -> Result<VersionInfo, VaultError> {
    let created = entry
        .created_date
        .and_then(|date| OffsetDateTime::from_unix_timestamp_nanos(date.as_nanos()).ok());
    match (entry.version_id, created) {
        (Some(id), Some(created)) => Ok(VersionInfo {
            id,
            stages: entry.version_stages.unwrap_or_default(),
            created,
        }),
        _ => Err(VaultError::Refused(format!(
            "Secrets Manager lists a version of {secret_id} without its id or its date"
        ))),
    }
}

/// What an error of the SDK means for the caller. Only the error code of Secrets Manager is passed on, never its words.
fn vault_error<E: ProvideErrorMetadata>(
    action: &str,
    secret_id: &str,
    error: &SdkError<E, HttpResponse>,
) -> VaultError {
    let status = error.raw_response().map(|answer| answer.status().as_u16());
    let cause = match error {
        SdkError::ConstructionFailure(_) => {
            return VaultError::Refused(format!(
                "secretsmanager:{action} on {secret_id} could not be built: check the region and the endpoint"
            ));
        }
        SdkError::TimeoutError(_) => "no answer in time",
        SdkError::DispatchFailure(_) => "no connection or no credentials",
        SdkError::ResponseError(_) => "the answer broke off",
        _ => error.code().unwrap_or("an error without a code"),
    };
    match kind(error.code(), status) {
        Kind::Conflict => VaultError::Conflict,
        Kind::Missing => VaultError::Missing {
            secret: secret_id.to_owned(),
        },
        Kind::Unavailable => {
            VaultError::Unavailable(format!("secretsmanager:{action} on {secret_id}: {cause}"))
        }
        Kind::NotAllowed => VaultError::Refused(format!(
            "secretsmanager:{action} on {secret_id} is not allowed ({cause}): give the function's role that permission, and that to use the secret's key"
        )),
        Kind::Refused => VaultError::Refused(format!(
            "secretsmanager:{action} on {secret_id}: {cause}. Check that the secret is not marked for deletion"
        )),
    }
}

#[derive(Debug, PartialEq)]
enum Kind {
    Conflict,
    Missing,
    Unavailable,
    NotAllowed,
    Refused,
}

/// Sorts an error by its code, and where that says nothing, by the status of the answer; without either there was no answer.
fn kind(code: Option<&str>, status: Option<u16>) -> Kind {
    match code {
        // The token of a new version stands for another value already.
        Some("ResourceExistsException") => Kind::Conflict,
        Some("ResourceNotFoundException") => Kind::Missing,
        Some(
            "AccessDeniedException"
            | "DecryptionFailure"
            | "EncryptionFailure"
            | "UnrecognizedClientException",
        ) => Kind::NotAllowed,
        Some(
            // Expired credentials are renewed by Lambda without anyone's help, and versions past the quota go after a day.
            "ExpiredTokenException"
            | "InternalServiceError"
            | "LimitExceededException"
            | "RequestLimitExceeded"
            | "ServiceUnavailable"
            | "ThrottlingException",
        ) => Kind::Unavailable,
        _ => match status {
            Some(400..=407 | 409..=428 | 430..=499) => Kind::Refused,
            _ => Kind::Unavailable,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_named_by_what_the_caller_must_do() {
        for (code, status, expected) in [
            (Some("ResourceExistsException"), Some(400), Kind::Conflict),
            (Some("ResourceNotFoundException"), Some(400), Kind::Missing),
            (Some("AccessDeniedException"), Some(400), Kind::NotAllowed),
            (Some("DecryptionFailure"), Some(400), Kind::NotAllowed),
            (Some("InvalidRequestException"), Some(400), Kind::Refused),
            (Some("SomethingNew"), Some(400), Kind::Refused),
            (Some("ThrottlingException"), Some(400), Kind::Unavailable),
            (Some("InternalServiceError"), Some(500), Kind::Unavailable),
            (Some("SomethingNew"), Some(503), Kind::Unavailable),
            (None, Some(429), Kind::Unavailable),
            (None, Some(200), Kind::Unavailable),
            (None, None, Kind::Unavailable),
        ] {
            assert_eq!(kind(code, status), expected, "{code:?} {status:?}");
        }
    }

    #[test]
    fn a_binary_secret_is_refused_in_plain_words() {
        let answer = GetSecretValueOutput::builder().version_id("1").build();
        let error = secret_version("token", answer).map(|version| version.id);
        assert!(matches!(error, Err(VaultError::Refused(why)) if why.contains("plain text")));
    }
}
