//! The deployed stack: what it was deployed with, and where its parts are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata as _;
use aws_sdk_cloudformation::primitives::DateTime;
use aws_sdk_cloudformation::types::{Capability, Parameter, Stack};
use runtime::Configuration;
use serde::Deserialize;

use crate::args::Target;
use crate::critical;

/// What `make demo KEEP=1` leaves, to be found from the checkout.
const LOCAL_STACK_FILE: &str = "target/local-stack/running.json";
/// The stand-in's own region; it takes any credentials.
const LOCAL_REGION: &str = "us-east-1";
const LOCAL_CREDENTIALS: &str = "test";
/// The name under which the demo deploys.
const LOCAL_STACK: &str = "contact-sync";
/// What came with this version of the bundle.
const YOUNGEST_OUTPUT: &str = "Version";
/// How long an update of the stack may take; two to three minutes are usual.
const UPDATE_LIMIT: Duration = Duration::from_secs(15 * 60);
const PAUSE: Duration = Duration::from_secs(2);

/// Where each environment variable of the functions comes from: an output of the stack, or a parameter.
const OUTPUTS: [(&str, &str); 6] = [
    ("TABLE_NAME", "Table"),
    ("SYNC_QUEUE_URL", "SyncQueue"),
    ("SYNC_DEAD_LETTER_QUEUE_URL", "SyncDeadLetterQueue"),
    ("BIGCHANGE_SECRET_ID", "BigChangeSecret"),
    ("XERO_APP_SECRET_ID", "XeroAppSecret"),
    ("XERO_TOKEN_SECRET_ID", "XeroTokenSecret"),
];
const PARAMETERS: [(&str, &str); 17] = [
    ("SYNC_SOURCE", "SyncSource"),
    ("ACCOUNT_GROUP_IDS", "AccountGroupIds"),
    ("SITE_GROUP_IDS", "SiteGroupIds"),
    ("GENERATE_ACCOUNT_REF", "GenerateAccountRef"),
    ("CREATE_IN_XERO", "CreateInXero"),
    ("MATCH_BY_NAME", "MatchByName"),
    ("UPDATE_IN_XERO", "UpdateInXero"),
    ("HOLD_LIKELY_DUPLICATES", "HoldLikelyDuplicates"),
    ("ON_CONFLICT", "OnConflict"),
    ("NOTE_TYPE_ID", "NoteTypeId"),
    ("NAMES_IN_DIGEST", "NamesInDigest"),
    ("CONTACT_NAME", "ContactName"),
    ("BIGCHANGE_URL", "BigChangeUrl"),
    ("XERO_API_URL", "XeroApiUrl"),
    ("XERO_IDENTITY_URL", "XeroIdentityUrl"),
    ("HISTORY_DAYS", "HistoryDays"),
    ("SYNC_ENABLED", "SyncEnabled"),
];

/// The parameter of the template that a function's environment variable comes from.
#[must_use]
pub fn parameter_of(variable: &str) -> Option<&'static str> {
    let mut parameters = PARAMETERS.iter();
    let found = parameters.find(|(known, _)| *known == variable);
    found.map(|(_, parameter)| *parameter)
}

/// A deployed stack.
pub struct Deployment {
    /// Its name.
    pub name: String,
    /// What it was deployed with.
    pub parameters: BTreeMap<String, String>,
    /// Where its parts are.
    pub outputs: BTreeMap<String, String>,
    /// How AWS is reached.
    pub aws: SdkConfig,
}

impl Deployment {
    /// Finds the stack by its name.
    ///
    /// # Errors
    /// One line that says what is missing: credentials, a region, or the stack.
    pub async fn find(target: &Target) -> anyhow::Result<Self> {
        let name = match (&target.stack, &target.local) {
            (Some(name), _) => name.clone(),
            (None, Some(_)) => LOCAL_STACK.to_owned(),
            (None, None) => bail!(
                "which stack? Give its name with --stack NAME, or once for all in the environment variable CONTACT_SYNC_STACK"
            ),
        };
        let aws = aws(target).await?;
        let stack = describe(&Client::new(&aws), &name).await;
        let stack = match &target.local {
            None => stack?,
            Some(_) => stack.context(
                "the local stack does not answer as it should; is it still running (make demo KEEP=1)?",
            )?,
        };
        let parameters = stack.parameters().iter().filter_map(|parameter| {
            Some((
                parameter.parameter_key()?.to_owned(),
                parameter.parameter_value()?.to_owned(),
            ))
        });
        let outputs = stack.outputs().iter().filter_map(|output| {
            Some((
                output.output_key()?.to_owned(),
                output.output_value()?.to_owned(),
            ))
        });
        let deployment = Self {
            name,
            parameters: parameters.collect(),
            outputs: outputs.collect(),
            aws,
        };
        deployment.check_version()?;
        Ok(deployment)
    }

    /// An older bundle would not understand what this tool writes: a person's word would be lost, and whoever follows along would wait in vain.
    fn check_version(&self) -> anyhow::Result<()> {
        if !self.outputs.contains_key("Table") {
            bail!(
                "the stack {} is not one of this software: it has no output Table. Give the right name with --stack",
                self.name
            );
        }
        if !self.outputs.contains_key(YOUNGEST_OUTPUT) {
            bail!(
                "the stack {} was deployed from an older version than this tool: deploy this version first (make build, then sam deploy)",
                self.name
            );
        }
        Ok(())
    }

    /// The functions' configuration, from the stack's parameters and outputs.
    ///
    /// # Errors
    /// Where the stack is none of this project, or a parameter is none that it takes.
    pub fn configuration(&self) -> anyhow::Result<Configuration> {
        self.configuration_with(&self.parameters)
    }

    /// The same with other parameters.
    ///
    /// # Errors
    /// As [`Self::configuration`].
    pub fn configuration_with(
        &self,
        parameters: &BTreeMap<String, String>,
    ) -> anyhow::Result<Configuration> {
        let configuration = Configuration::read(|variable| {
            let of = |names: &[(&str, &str)], values: &BTreeMap<String, String>| {
                let (_, name) = names.iter().find(|(known, _)| *known == variable)?;
                values.get(*name).cloned()
            };
            of(&OUTPUTS, &self.outputs).or_else(|| of(&PARAMETERS, parameters))
        });
        configuration.with_context(|| format!("the stack {} is not deployed rightly", self.name))
    }

    /// The topic of the digest; `None` where nobody is to get one.
    #[must_use]
    pub fn digest_topic(&self) -> Option<&str> {
        let email = self.parameters.get("DigestEmail")?;
        let topic = self.outputs.get("DigestTopic")?;
        (!email.trim().is_empty()).then_some(topic)
    }

    /// Updates the stack with other values for some parameters, as a deployment would, and waits until it is done. The template and every other parameter stay as they
    /// are.
    ///
    /// # Errors
    /// Where CloudFormation refuses or fails, with its reason.
    pub async fn set(&self, changes: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let client = Client::new(&self.aws);
        let before = describe(&client, &self.name).await?;
        let parameters = self.parameters.keys().map(|key| {
            let parameter = Parameter::builder().parameter_key(key);
            match changes.get(key) {
                Some(value) => parameter.parameter_value(value).build(),
                None => parameter.use_previous_value(true).build(),
            }
        });
        client
            .update_stack()
            .stack_name(&self.name)
            .use_previous_template(true)
            .set_parameters(Some(parameters.collect()))
            .capabilities(Capability::CapabilityIam)
            .capabilities(Capability::CapabilityAutoExpand)
            .send()
            .await
            .map_err(|error| told("the stack could not be updated", &self.name, error))?;
        critical::goes_on(
            "the update of the stack goes on without this tool; CloudFormation's console shows how it stands",
        );
        let updated = self.updated(&client, changes, before.last_updated_time());
        let updated = tokio::time::timeout(UPDATE_LIMIT, updated);
        updated.await.unwrap_or_else(|_| {
            bail!("the update of the stack {} takes longer than 15 minutes; CloudFormation's console shows how it stands", self.name)
        })
    }

    /// Waits for the end of an update that was asked for after the one of `before`.
    async fn updated(
        &self,
        client: &Client,
        changes: &BTreeMap<String, String>,
        before: Option<&DateTime>,
    ) -> anyhow::Result<()> {
        let mut has_begun = false;
        loop {
            let stack = describe(client, &self.name).await?;
            let status = stack.stack_status().map_or("unknown", |s| s.as_str());
            // What was asked for a moment ago may not show yet: then the parameters are still as they were, and the state tells how an earlier update ended.
            let is_set = changes.iter().all(|(key, value)| {
                stack.parameters().iter().any(|parameter| {
                    parameter.parameter_key() == Some(key)
                        && parameter.parameter_value() == Some(value)
                })
            });
            if is_set
                && (status == "UPDATE_COMPLETE" || status == "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            {
                return Ok(());
            }
            let is_in_progress = status.ends_with("_IN_PROGRESS");
            has_begun |= is_set || is_in_progress || stack.last_updated_time() != before;
            let has_failed = status.contains("ROLLBACK") || (is_set && !is_in_progress);
            if has_begun && has_failed {
                let since = stack.last_updated_time();
                let why = self.why_it_failed(client, since).await;
                let why = why
                    .unwrap_or_else(|| "CloudFormation's console, tab Events, says why".to_owned());
                bail!("the stack {} was not updated ({status}): {why}", self.name);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The first thing that failed in the update that began then, in CloudFormation's words.
    async fn why_it_failed(&self, client: &Client, since: Option<&DateTime>) -> Option<String> {
        let answer = client.describe_stack_events().stack_name(&self.name).send();
        let events = answer.await.ok()?.stack_events.unwrap_or_default();
        // The newest comes first.
        let failed = events
            .iter()
            .take_while(|event| since.is_none_or(|since| event.timestamp() >= Some(since)))
            .filter(|event| {
                let status = event.resource_status();
                status.is_some_and(|status| status.as_str().ends_with("_FAILED"))
            })
            .last()?;
        Some(format!(
            "{}: {}",
            failed.logical_resource_id().unwrap_or("a resource"),
            failed.resource_status_reason()?
        ))
    }
}

async fn describe(client: &Client, name: &str) -> anyhow::Result<Stack> {
    let answer = client.describe_stacks().stack_name(name).send().await;
    let answer = answer.map_err(|error| told("the stack could not be looked up", name, error))?;
    let stack = answer.stacks.unwrap_or_default().into_iter().next();
    stack.with_context(|| no_such_stack(name))
}

fn no_such_stack(name: &str) -> String {
    format!(
        "there is no stack {name} in this account and region: give its name with --stack, and --region and --profile as for the AWS command line"
    )
}

fn told<E>(
    what: &str,
    name: &str,
    error: aws_sdk_cloudformation::error::SdkError<E>,
) -> anyhow::Error
where
    E: std::error::Error + aws_sdk_cloudformation::error::ProvideErrorMetadata + 'static,
{
    match (error.code(), error.message()) {
        (Some("ValidationError"), Some(words)) if words.contains("does not exist") => {
            anyhow!(no_such_stack(name))
        }
        (code, words) => anyhow!("{what}: {}", aws_words(code, words, &error)),
    }
}

/// What went wrong with a call to AWS, and what to do: its code and words, or where there was no answer the innermost reason.
#[must_use]
pub fn aws_words(
    code: Option<&str>,
    words: Option<&str>,
    error: &(dyn std::error::Error + 'static),
) -> String {
    let Some(code) = code else {
        let mut innermost = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        // What was tried, line by line, says nothing to people.
        let innermost = innermost.to_string();
        let innermost = innermost.lines().next().unwrap_or_default();
        let innermost = innermost
            .trim_end_matches(" Attempted:")
            .trim_end_matches('.');
        return format!(
            "{innermost}. Are you logged in to AWS (aws sts get-caller-identity), and is the region right? --profile and --region are as for the AWS command line"
        );
    };
    let words = words.unwrap_or_default();
    let cure = if code.contains("AccessDenied") || code.contains("NotAuthorized") {
        ". Your AWS user needs that right: ask whoever looks after the account"
    } else if code.contains("Expired") || code.contains("InvalidClientToken") {
        ". Log in to AWS again"
    } else {
        ""
    };
    format!("{code}: {words}{cure}")
}

/// What a running local stack says of itself.
#[derive(Debug, Deserialize)]
struct LocalStack {
    endpoint: String,
}

async fn aws(target: &Target) -> anyhow::Result<SdkConfig> {
    // The functions' own way to AWS, with a person's credentials.
    let functions = runtime::aws_config();
    let mut loader = aws_config::defaults(BehaviorVersion::latest());
    if let Some(http) = functions.http_client() {
        loader = loader.http_client(http);
    }
    if let Some(timeouts) = functions.timeout_config() {
        loader = loader.timeout_config(timeouts.clone());
    }
    if let Some(local) = &target.local {
        let endpoint = match local {
            Some(address) => address.to_string().trim_end_matches('/').to_owned(),
            None => running_local_stack()?,
        };
        let credentials = Credentials::new(
            LOCAL_CREDENTIALS,
            LOCAL_CREDENTIALS,
            None,
            None,
            "local stack",
        );
        loader = loader
            .endpoint_url(endpoint)
            .region(Region::new(LOCAL_REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials));
    }
    if let Some(profile) = &target.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(region) = &target.region {
        loader = loader.region(Region::new(region.clone()));
    }
    let aws = loader.load().await;
    if aws.region().is_none() {
        bail!(
            "no AWS region is set: give --region, or set one as for the AWS command line (aws configure)"
        );
    }
    Ok(aws)
}

fn running_local_stack() -> anyhow::Result<String> {
    let here = std::env::current_dir().context("this folder cannot be read")?;
    let file: Option<PathBuf> = here
        .ancestors()
        .map(|folder| folder.join(LOCAL_STACK_FILE))
        .find(|file| file.is_file());
    let file = file.context(
        "no local stack is running from this checkout: start one with make demo KEEP=1, or give its address with --local=http://127.0.0.1:PORT",
    )?;
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let stack: LocalStack = serde_json::from_str(&text)
        .with_context(|| format!("{} is not what make demo writes", file.display()))?;
    Ok(stack.endpoint)
}
