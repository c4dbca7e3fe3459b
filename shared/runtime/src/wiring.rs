//! Puts the real parts together.

use std::sync::Arc;

use bigchange::{BigChange, Credentials};
use rules::Settings;
use secrecy::ExposeSecret as _;
use secrets::{BigChangeSecret, SecretError, SecretsManagerVault, Vault, VaultError};
use store::{DynamoTable, Table};
use tokio::sync::Mutex;
use transport::{HttpTransport, Transport};
use xero::Xero;

use crate::{
    Configuration, ConfigurationError, Host, Mail, Queue, SnsMail, SqsQueue, XeroConnection,
    aws_config,
};

/// Why a function cannot start: one line that names what is missing or wrong, and what it takes.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting or another environment variable.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// The machine's TLS set-up.
    #[error("no HTTPS client can be built on this machine; look at its root certificates")]
    Tls,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The BigChange secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The BigChange secret is as the template creates it: nobody has connected BigChange yet.
    #[error("BigChange is not connected yet: contact-sync connect bigchange")]
    BigChangeNotConnected(SecretError),
}

/// Everything that the poll and the worker work with.
pub struct Services {
    /// The settings.
    pub settings: Settings,
    /// The table.
    pub table: Arc<dyn Table>,
    /// The queues.
    pub queue: Arc<dyn Queue>,
    /// The connection to Xero.
    pub xero: XeroConnection,
    /// Time and identifiers.
    pub host: Host,
    /// How often a message is received before it is given up.
    pub max_receive_count: u32,
    /// How many days it is remembered what was done about a contact; 0 for not at all.
    pub history_days: u16,
    /// Which deployment, as people know it.
    pub stack_name: String,
    /// The topic of the digest, for which news is to be kept; `None` where there is no digest.
    pub digest_topic: Option<String>,
    /// Sends the digest; `None` where there is none.
    pub mail: Option<Arc<dyn Mail>>,
    bigchange: BigChangeSource,
}

struct BigChangeSource {
    transport: Arc<dyn Transport>,
    vault: Arc<dyn Vault>,
    secret_id: String,
    url: url::Url,
    client: Mutex<Option<Arc<BigChange>>>,
}

impl Services {
    /// The real parts, from the process's environment. Nothing is called yet.
    ///
    /// # Errors
    /// Where the environment is not complete.
    pub async fn from_environment() -> Result<Self, StartError> {
        let configuration = Configuration::read(|name| std::env::var(name).ok())?;
        let aws = aws_config();
        let table = Arc::new(DynamoTable::new(
            aws_sdk_dynamodb::Client::new(&aws),
            configuration.table_name.clone(),
        ));
        let vault = Arc::new(SecretsManagerVault::new(
            aws_sdk_secretsmanager::Client::new(&aws),
        ));
        let queue = SqsQueue::new(
            aws_sdk_sqs::Client::new(&aws),
            configuration.sync_queue_url.clone(),
            configuration.dead_letter_queue_url.clone(),
        );
        let transport = Arc::new(HttpTransport::new().map_err(|_| StartError::Tls)?);
        Ok(Self::assemble(
            configuration,
            table,
            vault,
            Arc::new(queue),
            transport,
            Host::real(),
        ))
    }

    /// The parts, over any store, vault, queue, transport and clock.
    pub fn assemble(
        configuration: Configuration,
        table: Arc<dyn Table>,
        vault: Arc<dyn Vault>,
        queue: Arc<dyn Queue>,
        transport: Arc<dyn Transport>,
        host: Host,
    ) -> Self {
        let xero = Xero::new(transport.clone(), configuration.xero_api_url);
        Self {
            xero: XeroConnection::new(
                xero,
                vault.clone(),
                configuration.xero_token_secret_id,
                table.clone(),
                host.clone(),
            ),
            settings: configuration.settings,
            table,
            queue,
            host,
            max_receive_count: configuration.max_receive_count,
            history_days: configuration.history_days,
            stack_name: configuration.stack_name,
            digest_topic: configuration.digest_topic,
            mail: None,
            bigchange: BigChangeSource {
                transport,
                vault,
                secret_id: configuration.bigchange_secret_id,
                url: configuration.bigchange_url,
                client: Mutex::new(None),
            },
        }
    }

    /// The same, with something that sends the digest.
    #[must_use]
    pub fn with_mail(self, mail: Option<Arc<dyn Mail>>) -> Self {
        Self { mail, ..self }
    }

    /// The same, sending the digest to its topic. Only who sends it asks for this: the client of SNS
    /// is then not linked into the other functions.
    #[must_use]
    pub fn with_sns(self) -> Self {
        let sns = |topic| SnsMail::new(aws_sdk_sns::Client::new(&aws_config()), topic);
        let mail = self.digest_topic.clone().map(sns);
        self.with_mail(mail.map(|mail| Arc::new(mail) as Arc<dyn Mail>))
    }

    /// The client of BigChange. Its secret is read once, and again after
    /// [`Self::forget_bigchange`].
    ///
    /// # Errors
    /// Where the secret cannot be read or is not filled in.
    pub async fn bigchange(&self) -> Result<Arc<BigChange>, StartError> {
        let source = &self.bigchange;
        let mut kept = source.client.lock().await;
        if let Some(client) = kept.as_ref() {
            return Ok(client.clone());
        }
        let stored = source.vault.current(&source.secret_id).await?.value;
        let secret = BigChangeSecret::parse(&stored).map_err(|error| {
            if BigChangeSecret::is_blank(&stored) {
                StartError::BigChangeNotConnected(error)
            } else {
                StartError::Secret(error)
            }
        })?;
        let credentials = Credentials {
            username: secret.username.expose_secret().to_owned(),
            password: secret.password,
            key: secret.key,
        };
        let client = Arc::new(BigChange::new(
            source.transport.clone(),
            source.url.clone(),
            credentials,
        ));
        *kept = Some(client.clone());
        Ok(client)
    }

    /// BigChange refused the credentials: the next piece of work reads them again, for a person may
    /// have corrected them.
    pub async fn forget_bigchange(&self) {
        *self.bigchange.client.lock().await = None;
    }
}
