//! What the refresh works with.

use std::sync::Arc;

use rules::TenantId;
use runtime::records::Records;
use runtime::telemetry::Metric;
use runtime::{Configuration, Host, StartError, aws_config};
use secrets::{SecretsManagerVault, Vault, XeroAppSecret, XeroTokenSecret};
use store::{DynamoTable, Table, TableError};
use transport::{HttpTransport, Transport};
use url::Url;
use uuid::Uuid;
use xero::{Identity, Xero};

use crate::RefreshError;
use crate::custody::TokenVersions;

/// Everything that the refresh works with; built once a process.
pub struct Services {
    /// Where the secrets are.
    pub vault: Arc<dyn Vault>,
    /// The table, for the lease and for what is known of a dead connection.
    pub table: Arc<dyn Table>,
    /// The way to Xero.
    pub transport: Arc<dyn Transport>,
    /// Time and identifiers.
    pub host: Host,
    /// The id of the Xero app secret.
    pub app_secret_id: String,
    /// The id of the Xero token secret.
    pub token_secret_id: String,
    /// Xero's identity server.
    pub identity_url: Url,
    /// Xero's API.
    pub api_url: Url,
}

impl Services {
    /// The real services, from the process's environment. Nothing is called yet.
    ///
    /// # Errors
    /// Where the environment is not complete, or no HTTPS client can be built.
    pub async fn from_environment() -> Result<Self, StartError> {
        let configuration = Configuration::read(|name| std::env::var(name).ok())?;
        let aws = aws_config();
        let vault = SecretsManagerVault::new(aws_sdk_secretsmanager::Client::new(&aws));
        let table = DynamoTable::new(
            aws_sdk_dynamodb::Client::new(&aws),
            configuration.table_name.clone(),
        );
        let transport = HttpTransport::new().map_err(|_| StartError::Tls)?;
        Ok(Self {
            vault: Arc::new(vault),
            table: Arc::new(table),
            transport: Arc::new(transport),
            host: Host::real(),
            app_secret_id: configuration.xero_app_secret_id,
            token_secret_id: configuration.xero_token_secret_id,
            identity_url: configuration.xero_identity_url,
            api_url: configuration.xero_api_url,
        })
    }

    pub(crate) async fn app(&self) -> Result<XeroAppSecret, RefreshError> {
        let stored = self.vault.current(&self.app_secret_id).await?;
        XeroAppSecret::parse(&stored.value).map_err(|error| {
            if XeroAppSecret::is_blank(&stored.value) {
                RefreshError::AppNotEntered(error)
            } else {
                error.into()
            }
        })
    }

    pub(crate) fn custody(&self) -> TokenVersions<'_> {
        TokenVersions::new(&*self.vault, &self.token_secret_id)
    }

    pub(crate) fn identity(&self, app: &XeroAppSecret) -> Identity {
        Identity::new(
            self.transport.clone(),
            self.identity_url.clone(),
            app.client_id.clone(),
            app.client_secret.clone(),
        )
    }

    pub(crate) fn xero(&self) -> Xero {
        Xero::new(self.transport.clone(), self.api_url.clone())
    }

    /// The records of the token's organisation. While that is not known yet, an id that Xero never
    /// gives out stands for it: all ones.
    pub(crate) fn records(&self, token: &XeroTokenSecret) -> Result<Records, TableError> {
        let tenant = match token.tenant_id {
            Some(tenant) => tenant,
            None => TenantId::try_from(Uuid::max())
                .map_err(|error| TableError::Refused(error.to_string()))?,
        };
        Ok(Records::new(self.table.clone(), tenant))
    }

    pub(crate) fn count_fresh(&self) {
        self.host.count(Metric::TokenFresh);
    }

    pub(crate) fn count_dead(&self) {
        self.host.count(Metric::ConnectionDead);
    }
}
