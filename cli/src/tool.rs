//! The deployment's parts, as the functions have them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use rules::{ContactId, Group, GroupId, Switch, TenantId};
use runtime::organisation::stored_tenant;
use runtime::records::{ContactRecord, ProblemRecord, Records, Stored};
use runtime::switch::SwitchRecord;
use runtime::{Configuration, Host, Queue, Services, SqsQueue};
use secrecy::SecretString;
use secrets::{SecretsManagerVault, Vault, XeroTokenSecret};
use store::{DynamoTable, Table, TableError};
use time::format_description::well_known::Rfc2822;
use time::{Duration, OffsetDateTime};
use transport::{HttpTransport, Transport};
use xero::Xero;

use crate::args::Target;
use crate::deployment::Deployment;
use crate::time_text::span;
use crate::ui::Ui;

/// Writes to the store at once.
const WRITES_AT_ONCE: usize = 16;
/// How far this machine's clock may be from others': the functions allow for as much.
const CLOCK_DIFFERENCE: Duration = Duration::minutes(2);

/// Everything that a command works with.
pub struct Tool {
    /// How people are talked to.
    pub ui: Ui,
    /// The deployed stack.
    pub deployment: Deployment,
    /// What the functions are configured with.
    pub configuration: Configuration,
    /// The table.
    pub table: Arc<dyn Table>,
    /// The secrets.
    pub vault: Arc<dyn Vault>,
    /// The way to BigChange and Xero.
    pub transport: Arc<dyn Transport>,
    /// The queues.
    pub queue: Arc<dyn Queue>,
    /// The queues' service, for what the functions have no use for.
    pub sqs: aws_sdk_sqs::Client,
}

impl Tool {
    /// Finds the deployment and its parts.
    ///
    /// # Errors
    /// One line that says what is missing.
    pub async fn open(target: &Target, ui: Ui) -> anyhow::Result<Self> {
        let deployment = Deployment::find(target).await?;
        let configuration = deployment.configuration()?;
        let aws = &deployment.aws;
        let sqs = aws_sdk_sqs::Client::new(aws);
        let table = DynamoTable::new(
            aws_sdk_dynamodb::Client::new(aws),
            configuration.table_name.clone(),
        );
        let vault = SecretsManagerVault::new(aws_sdk_secretsmanager::Client::new(aws));
        let queue = SqsQueue::new(
            sqs.clone(),
            configuration.sync_queue_url.clone(),
            configuration.dead_letter_queue_url.clone(),
        );
        let transport = HttpTransport::new().context(
            "no HTTPS client can be built on this machine; look at its root certificates",
        )?;
        Ok(Self {
            ui,
            configuration,
            table: Arc::new(table),
            vault: Arc::new(vault),
            transport: Arc::new(transport),
            queue: Arc::new(queue),
            sqs,
            deployment,
        })
    }

    /// Time and identifiers of this machine. Metrics are for the functions' alarms, so none are printed.
    #[must_use]
    pub fn host(&self) -> Host {
        Host::real().with_metrics(|_, _| {})
    }

    /// The functions' parts, over another table, queue and transport where those are given.
    #[must_use]
    pub fn parts(
        &self,
        table: Arc<dyn Table>,
        queue: Arc<dyn Queue>,
        transport: Arc<dyn Transport>,
    ) -> Services {
        Services::assemble(
            self.configuration.clone(),
            table,
            self.vault.clone(),
            queue,
            transport,
            self.host(),
        )
    }

    /// The functions' parts as they are deployed.
    #[must_use]
    pub fn real_parts(&self) -> Services {
        self.parts(
            self.table.clone(),
            self.queue.clone(),
            self.transport.clone(),
        )
    }

    /// The parts of the token refresh.
    #[must_use]
    pub fn refresh_parts(&self) -> refresh_token::Services {
        refresh_token::Services {
            vault: self.vault.clone(),
            table: self.table.clone(),
            transport: self.transport.clone(),
            host: self.host(),
            app_secret_id: self.configuration.xero_app_secret_id.clone(),
            token_secret_id: self.configuration.xero_token_secret_id.clone(),
            identity_url: self.configuration.xero_identity_url.clone(),
            api_url: self.configuration.xero_api_url.clone(),
        }
    }

    /// The stored token.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn token(&self) -> anyhow::Result<XeroTokenSecret> {
        let stored = self
            .vault
            .current(&self.configuration.xero_token_secret_id)
            .await?;
        Ok(XeroTokenSecret::parse(&stored.value)?)
    }

    /// The organisation whose records are in force: the confirmed one, else the one that is connected; `None` where nothing was ever connected.
    ///
    /// # Errors
    /// Where the store or the token cannot be read.
    pub async fn tenant(&self) -> anyhow::Result<Option<TenantId>> {
        if let Some(confirmed) = stored_tenant(&*self.table).await? {
            return Ok(Some(confirmed.value));
        }
        Ok(self.token().await?.tenant_id)
    }

    /// The records in force.
    ///
    /// # Errors
    /// Where nothing was ever connected.
    pub async fn records(&self) -> anyhow::Result<Records> {
        let tenant = self.tenant().await?;
        let tenant =
            tenant.context("no Xero organisation is connected yet: contact-sync connect xero")?;
        Ok(Records::new(self.table.clone(), tenant))
    }

    /// Where the switch stands, and since when; `None` where nothing has touched it yet. It is not written.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub async fn switch(
        &self,
        records: &Records,
    ) -> anyhow::Result<(Switch, Option<OffsetDateTime>)> {
        let stored = SwitchRecord::stored(records).await?;
        let untouched = Switch::untouched(self.configuration.settings.sync_enabled);
        Ok(stored.map_or((untouched, None), |stored| {
            (stored.value.position(), Some(stored.value.since))
        }))
    }

    /// The client of Xero.
    #[must_use]
    pub fn xero(&self) -> Xero {
        Xero::new(
            self.transport.clone(),
            self.configuration.xero_api_url.clone(),
        )
    }

    /// The name of an organisation that a token opens; its id where Xero does not say.
    pub async fn organisation_name(&self, access_token: &SecretString, tenant: TenantId) -> String {
        let connections = self.xero().connections(access_token).await;
        let named = connections.ok().and_then(|connections| {
            let mut all = connections.into_iter();
            all.find(|known| known.tenant_id == tenant && !known.tenant_name.is_empty())
        });
        named.map_or_else(|| tenant.to_string(), |known| known.tenant_name)
    }

    /// The name of the connected organisation.
    pub async fn organisation(&self) -> String {
        match self.token().await {
            Err(_) => "not known".to_owned(),
            Ok(token) => match (&token.access_token, token.tenant_id) {
                (Some(access_token), Some(tenant)) => {
                    self.organisation_name(access_token, tenant).await
                }
                _ => "not connected".to_owned(),
            },
        }
    }

    /// The connection leads to another organisation than the confirmed one: what is wrong, and the cure.
    ///
    /// # Errors
    /// Where the store or the token cannot be read.
    pub async fn organisation_changed(&self) -> anyhow::Result<Option<String>> {
        let confirmed = stored_tenant(&*self.table).await?;
        let (Some(confirmed), Some(connected)) = (confirmed, self.token().await?.tenant_id) else {
            return Ok(None);
        };
        let confirmed = confirmed.value;
        Ok((confirmed != connected).then(|| {
            format!(
                "the connection leads to another Xero organisation (tenant {connected}) than the one that the stored links belong to (tenant {confirmed}), so all \
                 work has stopped: connect the right organisation again (contact-sync connect xero), or confirm the new one (contact-sync connect xero \
                 --confirm-organisation {connected})"
            )
        }))
    }

    /// Refuses to go on where this machine's clock is far from the rest of the world's: what this tool writes with its times would mislead the functions.
    ///
    /// # Errors
    /// Where the clock is off. That nobody answers is for others to tell.
    pub async fn check_clock(&self) -> anyhow::Result<()> {
        let request = http::Request::get(self.configuration.xero_identity_url.as_str())
            .body(bytes::Bytes::new());
        let Ok(request) = request else {
            return Ok(());
        };
        let Ok(answer) = self.transport.send(request).await else {
            return Ok(());
        };
        let date = answer.headers().get(http::header::DATE);
        let date = date.and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| OffsetDateTime::parse(date, &Rfc2822).ok());
        let Some(date) = date else {
            return Ok(());
        };
        let off = OffsetDateTime::now_utc() - date;
        if off.abs() > CLOCK_DIFFERENCE {
            let direction = if off.is_positive() { "fast" } else { "slow" };
            bail!(
                "this machine's clock is {} {direction}: set it right first, for the functions go by the times that this tool writes",
                span(off)
            );
        }
        Ok(())
    }

    /// The names of BigChange's contact groups.
    ///
    /// # Errors
    /// Where BigChange does not answer.
    pub async fn group_names(&self) -> anyhow::Result<BTreeMap<GroupId, String>> {
        let groups = self.groups().await?.into_iter();
        Ok(groups.map(|group| (group.id, group.name)).collect())
    }

    /// BigChange's contact groups.
    ///
    /// # Errors
    /// Where BigChange does not answer.
    pub async fn groups(&self) -> anyhow::Result<Vec<Group>> {
        let bigchange = self.real_parts().bigchange().await?;
        Ok(bigchange.groups().await?)
    }
}

/// The open problems, by contact.
///
/// # Errors
/// Where the store cannot be read.
pub async fn problems(
    records: &Records,
) -> anyhow::Result<BTreeMap<ContactId, Stored<ProblemRecord>>> {
    let problems = records.list::<ProblemRecord>("").await?;
    problems
        .into_iter()
        .map(|problem| Ok((contact_of(&problem)?, problem)))
        .collect()
}

/// The contacts' names, as far as something is stored that tells them: people confirm and read names, not numbers.
///
/// # Errors
/// Where the store cannot be read.
pub async fn names(
    records: &Records,
    contacts: &BTreeSet<ContactId>,
) -> anyhow::Result<BTreeMap<ContactId, String>> {
    let (known, held) = futures::try_join!(
        records.get_many::<ContactRecord>(contacts),
        records.get_many::<ProblemRecord>(contacts),
    )?;
    let mut names = BTreeMap::new();
    for record in known.into_values() {
        let contact = contact_of(&record)?;
        if let Some(name) = record.value.name() {
            names.insert(contact, name.to_owned());
        }
    }
    for record in held.into_values() {
        names.insert(contact_of(&record)?, record.value.name);
    }
    Ok(names)
}

/// The contact that a record is about, by its sort key.
///
/// # Errors
/// Where the key is none that this software writes.
pub fn contact_of<R>(record: &Stored<R>) -> Result<ContactId, TableError> {
    record
        .sort_key
        .parse()
        .map_err(|_| TableError::Refused("a record's key is not a contact id".to_owned()))
}

/// Lets the workers ask Xero again about held contacts, which they would not by themselves where neither the contact nor the settings changed.
///
/// # Errors
/// Where the store cannot be written.
pub async fn mark_for_retry(records: &Records, contacts: &[ContactId]) -> anyhow::Result<()> {
    let held = records.get_many::<ProblemRecord>(contacts).await?;
    let marks = held.into_values().map(|problem| async move {
        let write = records.try_again(&problem)?;
        match records.write(vec![write]).await {
            // Whoever was quicker has just looked at it, or will.
            Ok(()) | Err(TableError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    });
    // Collected first: a stream over borrowed futures is not `Send` in general.
    let marks: Vec<_> = marks.collect();
    stream::iter(marks)
        .buffer_unordered(WRITES_AT_ONCE)
        .try_collect::<()>()
        .await?;
    Ok(())
}
