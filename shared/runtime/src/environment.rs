//! What a function finds around it: its environment variables, the time, and identifiers that do
//! not repeat.

use std::sync::Arc;

use rules::{InvalidSetting, Settings};
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use crate::telemetry::{self, Metric};

/// The names and addresses that the template passes to every function.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The settings of section "Settings" in the README.
    pub settings: Settings,
    /// `TABLE_NAME`.
    pub table_name: String,
    /// `SYNC_QUEUE_URL`.
    pub sync_queue_url: String,
    /// `SYNC_DEAD_LETTER_QUEUE_URL`.
    pub dead_letter_queue_url: String,
    /// `BIGCHANGE_SECRET_ID`.
    pub bigchange_secret_id: String,
    /// `XERO_APP_SECRET_ID`.
    pub xero_app_secret_id: String,
    /// `XERO_TOKEN_SECRET_ID`.
    pub xero_token_secret_id: String,
    /// `BIGCHANGE_URL`.
    pub bigchange_url: Url,
    /// `XERO_API_URL`.
    pub xero_api_url: Url,
    /// `XERO_IDENTITY_URL`.
    pub xero_identity_url: Url,
    /// `MAX_RECEIVE_COUNT`: on a message's last receive the worker itself sends it to the
    /// dead-letter queue, with its reason.
    pub max_receive_count: u32,
    /// `DIGEST_TOPIC_ARN`: the topic that the digest is sent to; `None` for no digest.
    pub digest_topic: Option<String>,
    /// `STACK_NAME`: which deployment, as people know it.
    pub stack_name: String,
    /// `HISTORY_DAYS`: how long it is remembered what was done about a contact; 0 for not at all.
    pub history_days: u16,
}

/// A variable that is missing or wrong. One line, which names it and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigurationError {
    /// One of the settings.
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    /// One of the names that the template passes.
    #[error("environment variable {variable} {wrong}: it takes {takes}")]
    Variable {
        /// Which.
        variable: &'static str,
        /// What is wrong with it.
        wrong: &'static str,
        /// What it takes.
        takes: &'static str,
    },
}

const BIGCHANGE_URL: &str = "https://webservice.bigchange.com/v01/services.ashx";
const XERO_API_URL: &str = "https://api.xero.com";
const XERO_IDENTITY_URL: &str = "https://identity.xero.com";
const MAX_RECEIVE_COUNT: u32 = 5;
/// A little over a year: an accounting year and its closing.
const HISTORY_DAYS: u16 = 400;
/// Ten years.
const MAX_HISTORY_DAYS: u16 = 3_650;

impl Configuration {
    /// Reads everything through `lookup`, which gives the value of an environment variable.
    ///
    /// # Errors
    /// At the first variable that is missing or wrong.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigurationError> {
        let get = |variable: &str| {
            lookup(variable)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
        };
        let required = |variable, takes| {
            get(variable).ok_or(ConfigurationError::Variable {
                variable,
                wrong: "is missing",
                takes,
            })
        };
        let address = |variable, default: &str| {
            let text = get(variable).unwrap_or_else(|| default.to_owned());
            let wrong = ConfigurationError::Variable {
                variable,
                wrong: "is no web address",
                takes: "an https address (http only on this machine)",
            };
            Url::parse(&text).ok().filter(is_safe).ok_or(wrong)
        };
        let max_receive_count = match get("MAX_RECEIVE_COUNT") {
            None => MAX_RECEIVE_COUNT,
            Some(text) => text.parse().ok().filter(|count| *count > 0).ok_or(
                ConfigurationError::Variable {
                    variable: "MAX_RECEIVE_COUNT",
                    wrong: "is no number above 0",
                    takes: "the queue's maxReceiveCount, such as 5",
                },
            )?,
        };
        let history_days = match get("HISTORY_DAYS") {
            None => HISTORY_DAYS,
            Some(text) => text
                .parse()
                .ok()
                .filter(|days| *days <= MAX_HISTORY_DAYS)
                .ok_or(ConfigurationError::Variable {
                    variable: "HISTORY_DAYS",
                    wrong: "is no number from 0 to 3650",
                    takes: "days, such as 400, or 0 to keep no history",
                })?,
        };
        Ok(Self {
            settings: Settings::read(get)?,
            table_name: required("TABLE_NAME", "the name of the DynamoDB table")?,
            sync_queue_url: required("SYNC_QUEUE_URL", "the address of the SQS queue")?,
            dead_letter_queue_url: required(
                "SYNC_DEAD_LETTER_QUEUE_URL",
                "the address of the SQS dead-letter queue",
            )?,
            bigchange_secret_id: required(
                "BIGCHANGE_SECRET_ID",
                "the name or ARN of the BigChange secret",
            )?,
            xero_app_secret_id: required(
                "XERO_APP_SECRET_ID",
                "the name or ARN of the Xero app secret",
            )?,
            xero_token_secret_id: required(
                "XERO_TOKEN_SECRET_ID",
                "the name or ARN of the Xero token secret",
            )?,
            bigchange_url: address("BIGCHANGE_URL", BIGCHANGE_URL)?,
            xero_api_url: address("XERO_API_URL", XERO_API_URL)?,
            xero_identity_url: address("XERO_IDENTITY_URL", XERO_IDENTITY_URL)?,
            max_receive_count,
            digest_topic: get("DIGEST_TOPIC_ARN"),
            stack_name: get("STACK_NAME").unwrap_or_else(|| "contact-sync".to_owned()),
            history_days,
        })
    }
}

/// Credentials never leave the machine unencrypted.
fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host().is_some(),
        "http" => match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        },
        _ => false,
    }
}

/// The time, identifiers that do not repeat, and where metrics go. A simulation brings its own.
#[derive(Clone)]
pub struct Host {
    now: Arc<dyn Fn() -> OffsetDateTime + Send + Sync>,
    new_id: Arc<dyn Fn() -> Uuid + Send + Sync>,
    metrics: Arc<dyn Fn(Metric, OffsetDateTime) + Send + Sync>,
}

impl Host {
    /// The machine's own clock and randomness.
    #[must_use]
    pub fn real() -> Self {
        Self::new(OffsetDateTime::now_utc, Uuid::new_v4)
    }

    /// A clock and a source of identifiers. Metrics go to standard output, see
    /// [`Self::with_metrics`].
    pub fn new(
        now: impl Fn() -> OffsetDateTime + Send + Sync + 'static,
        new_id: impl Fn() -> Uuid + Send + Sync + 'static,
    ) -> Self {
        Self {
            now: Arc::new(now),
            new_id: Arc::new(new_id),
            metrics: Arc::new(telemetry::count),
        }
    }

    /// Hands metrics to `count` instead.
    #[must_use]
    pub fn with_metrics(
        self,
        count: impl Fn(Metric, OffsetDateTime) + Send + Sync + 'static,
    ) -> Self {
        Self {
            metrics: Arc::new(count),
            ..self
        }
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> OffsetDateTime {
        (self.now)()
    }

    /// An identifier that was never given before.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        (self.new_id)()
    }

    /// Counts one occurrence of `metric`, now.
    pub fn count(&self, metric: Metric) {
        (self.metrics)(metric, self.now());
    }
}
