//! The deployed bundle with both systems beside it, and what one does with it: deploy, connect, run, wait, look.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, bail};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use fake_bigchange::{FakeBigChange, Seed};
use fake_xero::{Config, FakeXero, Limits};
use rules::{ContactId, TenantId};
use runtime::records::{
    ContactRecord, DeferredRecord, ProblemRecord, Record, Records, ReferenceRecord, Stored,
};
use serde::Deserialize;
use serde_json::{Value, json};
use store::DynamoTable;
use time::OffsetDateTime;

use crate::company::{self, Choices};
use crate::ministack::{Ministack, project};

const STACK_NAME: &str = "contact-sync";
/// The stand-in's own region; it takes any credentials.
const REGION: &str = "us-east-1";
const CREDENTIALS: &str = "test";
/// How long the queue may take to drain: a sweep of the sample company takes a few seconds.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);
/// How long work that was put off may take to become due.
const SETTLE_LIMIT: Duration = Duration::from_secs(150);
const PAUSE: Duration = Duration::from_millis(50);
/// What the queue says is approximate: it counts as empty when it has been so for this long.
const QUIET: Duration = Duration::from_millis(200);
/// Function logs that are read: far more than a scenario writes.
const MAX_LOG_LINES: usize = 10_000;
/// Items of the table that are read.
const MAX_ITEMS: usize = 10_000;

/// What a stack is started with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// What is chosen at the deployment.
    pub choices: Choices,
    /// What BigChange holds.
    pub bigchange: Seed,
    /// The contacts that Xero holds, in its own JSON.
    pub xero: Value,
    /// Xero's limits.
    pub limits: Limits,
}

impl Setup {
    /// The sample company, and limits that it does not reach.
    #[must_use]
    pub fn sample_company(choices: Choices) -> Self {
        Self {
            choices,
            bigchange: company::bigchange(),
            xero: company::xero(),
            limits: Limits {
                // The stand-in for AWS hands a function at most 10 messages at once where AWS hands it 200, so the same work takes many more calls.
                per_minute: 1_000,
                ..Limits::default()
            },
        }
    }
}

/// What the template gives out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Outputs {
    /// Name of the function that polls.
    pub poll_function: String,
    /// Name of the function that synchronises.
    pub sync_contact_function: String,
    /// Name of the function that refreshes the token.
    pub refresh_token_function: String,
    /// Address of the queue.
    pub sync_queue: String,
    /// Address of the dead-letter queue.
    pub sync_dead_letter_queue: String,
    /// Name of the table.
    pub table: String,
    /// The BigChange secret.
    pub big_change_secret: String,
    /// The Xero app secret.
    pub xero_app_secret: String,
    /// The Xero token secret.
    pub xero_token_secret: String,
}

/// One of the three functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Finds contacts that changed or are due.
    Poll,
    /// Brings contacts in line.
    SyncContact,
    /// Refreshes the token.
    RefreshToken,
}

impl Function {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Poll, Self::SyncContact, Self::RefreshToken];

    /// Its name in the project: of its crate, its binary and the end of its log group.
    #[must_use]
    pub fn crate_name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::SyncContact => "sync-contact",
            Self::RefreshToken => "refresh-token",
        }
    }
}

/// What the table remembers of the contacts.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    /// Links and intents.
    pub contacts: BTreeMap<ContactId, Stored<ContactRecord>>,
    /// Open problems.
    pub problems: BTreeMap<ContactId, Stored<ProblemRecord>>,
    /// Work that was put off.
    pub deferred: BTreeMap<ContactId, Stored<DeferredRecord>>,
    /// Account references that are taken, by their folded form.
    pub references: BTreeMap<String, Stored<ReferenceRecord>>,
}

/// What both systems were asked since the last reset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls to BigChange, by action.
    pub bigchange: BTreeMap<String, usize>,
    /// Contacts that were saved in BigChange.
    pub bigchange_writes: usize,
    /// Calls to Xero, by kind; those for a token included.
    pub xero: BTreeMap<fake_xero::CallKind, usize>,
}

impl Calls {
    /// Calls to Xero's API: those that count against its limits.
    #[must_use]
    pub fn xero_api(&self) -> usize {
        let limited = self.xero.iter().filter(|(kind, _)| kind.is_limited());
        limited.map(|(_, count)| count).sum()
    }
}

/// The bundle, deployed and running. Dropping it ends everything.
pub struct LocalStack {
    aws: Ministack,
    outputs: Outputs,
    records: Records,
    /// The fake BigChange.
    pub bigchange: fake_bigchange::Server,
    /// The fake Xero.
    pub xero: fake_xero::Server,
}

impl LocalStack {
    /// Starts both systems with what they hold, and deploys the project's template beside them. Its secrets are not filled in yet: see [`Self::connect`].
    ///
    /// # Errors
    /// One line that says what is missing or what went wrong.
    pub async fn start(setup: Setup) -> anyhow::Result<Self> {
        require_functions()?;
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let now = SystemTime::now();
        let mut bigchange = FakeBigChange::new();
        bigchange.seed(now, setup.bigchange);
        let bigchange = fake_bigchange::Server::start(any_port, bigchange, Duration::ZERO)
            .await
            .context("starting the fake BigChange")?;
        let mut xero = FakeXero::new(Config {
            tenant_name: company::NAME.to_owned(),
            limits: setup.limits,
            ..Config::default()
        });
        xero.seed(now, &setup.xero)?;
        let xero = fake_xero::Server::start(any_port, xero)
            .await
            .context("starting the fake Xero")?;
        let aws = Ministack::start().await?;
        let outputs = deploy(&aws, &parameters(setup.choices, &bigchange, &xero)).await?;
        let tenant = TenantId::try_from(xero.core().tenant_id())?;
        Ok(Self {
            records: records(&aws, &outputs.table, tenant),
            aws,
            outputs,
            bigchange,
            xero,
        })
    }

    /// Deploys again with other choices, as a person does: the stack is updated, and what it holds stays.
    ///
    /// # Errors
    /// When the stack cannot be updated.
    pub async fn deploy(&mut self, choices: Choices) -> anyhow::Result<()> {
        let parameters = parameters(choices, &self.bigchange, &self.xero);
        self.outputs = deploy(&self.aws, &parameters).await?;
        Ok(())
    }

    /// Fills in the three secrets, as a person does after the first deployment: the Xero token is one that was just got by connecting, its access token left out.
    ///
    /// # Errors
    /// When a secret cannot be written.
    pub async fn connect(&self) -> anyhow::Result<()> {
        let credentials = self.bigchange.core().credentials.clone();
        let bigchange = json!({"username": credentials.username, "password": credentials.password, "key": credentials.key});
        let (app, token) = {
            let mut xero = self.xero.core();
            let pair = xero.issue_tokens(SystemTime::now());
            let config = xero.config();
            (
                json!({"client_id": config.client_id, "client_secret": config.client_secret, "grant_type": "authorization_code"}),
                json!({"refresh_token": pair.refresh_token, "tenant_id": config.tenant_id}),
            )
        };
        for (secret, content) in [
            (&self.outputs.big_change_secret, bigchange),
            (&self.outputs.xero_app_secret, app),
            (&self.outputs.xero_token_secret, token),
        ] {
            let input = json!({"SecretId": secret, "SecretString": content.to_string()});
            self.aws
                .aws("secretsmanager.PutSecretValue", &input)
                .await?;
        }
        Ok(())
    }

    /// Invokes a function and returns its answer.
    ///
    /// # Errors
    /// When the function fails: with its error, and the end of its log.
    pub async fn invoke(&self, function: Function, event: &Value) -> anyhow::Result<Value> {
        let name = self.name_of(function);
        let path = format!("/2015-03-31/functions/{name}/invocations");
        let answer = self
            .aws
            .send(http::Method::POST, &path, serde_json::to_vec(event)?)
            .await?;
        let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
        if !answer.status().is_success() || answer.headers().contains_key("x-amz-function-error") {
            let log = self.log_tail(function).await;
            bail!("{} failed: {body}\n{log}", function.crate_name());
        }
        Ok(body)
    }

    /// Runs the poll for changes by hand, so that it does not heed the switch.
    ///
    /// # Errors
    /// When it fails.
    pub async fn poll(&self) -> anyhow::Result<()> {
        self.invoke(Function::Poll, &json!({})).await.map(drop)
    }

    /// Runs a full sweep by hand, so that it does not heed the switch.
    ///
    /// # Errors
    /// When it fails.
    pub async fn sweep(&self) -> anyhow::Result<()> {
        let event = json!({"mode": "full"});
        self.invoke(Function::Poll, &event).await.map(drop)
    }

    /// Runs the token refresh.
    ///
    /// # Errors
    /// When it fails.
    pub async fn refresh_token(&self) -> anyhow::Result<()> {
        let event = json!({});
        self.invoke(Function::RefreshToken, &event).await.map(drop)
    }

    /// Waits until the queue is empty and no message is being worked on.
    ///
    /// # Errors
    /// When that takes too long: with the end of the worker's log.
    pub async fn drain(&self) -> anyhow::Result<()> {
        let deadline = Instant::now() + DRAIN_LIMIT;
        let mut quiet_since = None;
        loop {
            let waiting = self.messages_in(&self.outputs.sync_queue).await?;
            let now = Instant::now();
            if waiting > 0 {
                quiet_since = None;
            } else if now.duration_since(*quiet_since.get_or_insert(now)) >= QUIET {
                return Ok(());
            }
            if now > deadline {
                let log = self.log_tail(Function::SyncContact).await;
                bail!("{waiting} messages are still in the queue after {DRAIN_LIMIT:?}\n{log}");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until all work is done, that which was put off too: it polls again when some of it is due, as the schedule would.
    ///
    /// # Errors
    /// When that takes too long: with what is waiting for what.
    pub async fn settle(&self) -> anyhow::Result<()> {
        let deadline = OffsetDateTime::now_utc() + SETTLE_LIMIT;
        loop {
            self.drain().await?;
            let deferred: BTreeMap<ContactId, _> = self.list::<DeferredRecord>().await?;
            let Some(due) = deferred.values().map(|d| d.value.due).min() else {
                return Ok(());
            };
            let now = OffsetDateTime::now_utc();
            if due > deadline || now > deadline {
                let waiting = deferred
                    .iter()
                    .map(|(id, d)| format!("{id}: {:?} until {}", d.value.reason, d.value.due));
                bail!(
                    "work was put off for too long: {}",
                    waiting.collect::<Vec<_>>().join("; ")
                );
            }
            let wait = Duration::try_from(due - now).unwrap_or_default();
            tokio::time::sleep(wait + PAUSE).await;
            self.poll().await?;
        }
    }

    /// What the table remembers of the contacts.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn remembered(&self) -> anyhow::Result<Remembered> {
        let references = self.records.list::<ReferenceRecord>("").await?;
        Ok(Remembered {
            contacts: self.list().await?,
            problems: self.list().await?,
            deferred: self.list().await?,
            references: references
                .into_iter()
                .map(|r| (r.sort_key.clone(), r))
                .collect(),
        })
    }

    async fn list<R: Record>(&self) -> anyhow::Result<BTreeMap<ContactId, Stored<R>>> {
        let records = self.records.list::<R>("").await?;
        records
            .into_iter()
            .map(|record| Ok((record.sort_key.parse()?, record)))
            .collect()
    }

    /// What both systems were asked since the last reset.
    #[must_use]
    pub fn calls(&self) -> Calls {
        let bigchange = self.bigchange.core();
        let counts = bigchange.call_counts().into_iter();
        Calls {
            bigchange: counts.map(|(action, n)| (action.to_owned(), n)).collect(),
            bigchange_writes: bigchange.writes().len(),
            xero: self.xero.core().call_counts().clone(),
        }
    }

    /// Forgets what both systems were asked so far.
    pub fn reset_calls(&self) {
        self.bigchange.core().reset_calls();
        self.xero.core().reset_calls();
    }

    /// Messages in a queue, those that are being worked on included.
    ///
    /// # Errors
    /// When the queue cannot be asked.
    pub async fn messages_in(&self, queue_url: &str) -> anyhow::Result<u64> {
        let input = json!({"QueueUrl": queue_url, "AttributeNames": ["All"]});
        let answer = self.aws.aws("AmazonSQS.GetQueueAttributes", &input).await?;
        let count = |name: &str| {
            let text = answer["Attributes"][name].as_str().unwrap_or_default();
            text.parse::<u64>()
                .with_context(|| format!("the queue's {name} is no number"))
        };
        Ok(count("ApproximateNumberOfMessages")?
            + count("ApproximateNumberOfMessagesNotVisible")?
            + count("ApproximateNumberOfMessagesDelayed")?)
    }

    /// Puts a message of any kind into the queue.
    ///
    /// # Errors
    /// When the queue does not take it.
    pub async fn send(&self, body: &str) -> anyhow::Result<()> {
        let input = json!({"QueueUrl": self.outputs.sync_queue, "MessageBody": body});
        self.aws
            .aws("AmazonSQS.SendMessage", &input)
            .await
            .map(drop)
    }

    /// What stands in the dead-letter queue.
    ///
    /// # Errors
    /// When the queue cannot be read.
    pub async fn dead_letters(&self) -> anyhow::Result<Vec<String>> {
        self.bodies_in(&self.outputs.sync_dead_letter_queue).await
    }

    /// What a full sweep puts into the queue: the worker is held back meanwhile, and gets the messages afterwards.
    ///
    /// # Errors
    /// When the poll fails, or the queue cannot be read.
    pub async fn what_a_sweep_queues(&self) -> anyhow::Result<Vec<String>> {
        self.hand_over_messages(false).await?;
        self.sweep().await?;
        let bodies = self.bodies_in(&self.outputs.sync_queue).await?;
        self.hand_over_messages(true).await?;
        self.settle().await?;
        Ok(bodies)
    }

    /// Whether the worker is handed the queue's messages.
    ///
    /// # Errors
    /// When the event source mapping cannot be changed.
    pub async fn hand_over_messages(&self, enabled: bool) -> anyhow::Result<()> {
        const PATH: &str = "/2015-03-31/event-source-mappings/";
        let answer = self.aws.send(http::Method::GET, PATH, Vec::new()).await?;
        let mappings: Value = serde_json::from_slice(answer.body())?;
        let mapping = mappings["EventSourceMappings"][0]["UUID"].as_str();
        let path = format!("{PATH}{}", mapping.context("no event source mapping")?);
        let change = json!({"Enabled": enabled}).to_string();
        let answer = self
            .aws
            .send(http::Method::PUT, &path, change.into_bytes())
            .await?;
        if !answer.status().is_success() {
            bail!(
                "the event source mapping was not changed: {}",
                answer.status()
            );
        }
        Ok(())
    }

    /// The bodies of a queue's messages, which are not taken out: they are visible again a moment later.
    async fn bodies_in(&self, queue_url: &str) -> anyhow::Result<Vec<String>> {
        const HIDDEN_SECONDS: u32 = 3;
        let mut bodies = Vec::new();
        let mut seen = BTreeSet::new();
        while bodies.len() < MAX_ITEMS {
            let input = json!({"QueueUrl": queue_url, "MaxNumberOfMessages": 10, "VisibilityTimeout": HIDDEN_SECONDS});
            let answer = self.aws.aws("AmazonSQS.ReceiveMessage", &input).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            // Whoever is slow to ask is handed the first ones again.
            let fresh: Vec<&Value> = messages
                .iter()
                .filter(|message| seen.insert(message["MessageId"].to_string()))
                .collect();
            if fresh.is_empty() {
                break;
            }
            bodies.extend(
                fresh
                    .iter()
                    .filter_map(|m| Some(m["Body"].as_str()?.to_owned())),
            );
        }
        Ok(bodies)
    }

    /// The schedules by name, each with its state: `ENABLED` or `DISABLED`.
    ///
    /// # Errors
    /// When they cannot be listed.
    pub async fn schedules(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let answer = self.aws.aws("AWSEvents.ListRules", &json!({})).await?;
        let rules = answer["Rules"].as_array().context("no list of rules")?;
        let text = |rule: &Value, field: &str| rule[field].as_str().unwrap_or_default().to_owned();
        Ok(rules
            .iter()
            .map(|rule| (text(rule, "Name"), text(rule, "State")))
            .collect())
    }

    /// What the three secrets hold now.
    ///
    /// # Errors
    /// When one cannot be read.
    pub async fn secrets(&self) -> anyhow::Result<Vec<String>> {
        let mut contents = Vec::new();
        for secret in [
            &self.outputs.big_change_secret,
            &self.outputs.xero_app_secret,
            &self.outputs.xero_token_secret,
        ] {
            let input = json!({"SecretId": secret});
            let answer = self
                .aws
                .aws("secretsmanager.GetSecretValue", &input)
                .await?;
            contents.extend(answer["SecretString"].as_str().map(str::to_owned));
        }
        Ok(contents)
    }

    /// What the functions logged, oldest first.
    ///
    /// # Errors
    /// When the logs cannot be read.
    pub async fn logs(&self, function: Function) -> anyhow::Result<Vec<String>> {
        let group = format!("/aws/lambda/{STACK_NAME}-{}", function.crate_name());
        let mut lines = Vec::new();
        let mut next = Value::Null;
        loop {
            let mut input = json!({"logGroupName": group});
            if next.is_string() {
                input["nextToken"] = next;
            }
            let answer = self
                .aws
                .aws("Logs_20140328.FilterLogEvents", &input)
                .await?;
            let events = answer["events"].as_array().cloned().unwrap_or_default();
            lines.extend(
                events
                    .iter()
                    .filter_map(|event| Some(event["message"].as_str()?.to_owned())),
            );
            next = answer["nextToken"].clone();
            if !next.is_string() || events.is_empty() || lines.len() > MAX_LOG_LINES {
                return Ok(lines);
            }
        }
    }

    /// What went wrong by a function's log, or else its end, for a person to read after a failure.
    pub async fn log_tail(&self, function: Function) -> String {
        const LINES: usize = 30;
        let lines = match self.logs(function).await {
            Ok(lines) => lines,
            Err(error) => return format!("(its log cannot be read: {error})"),
        };
        let troubles: Vec<&String> = lines.iter().filter(|line| is_trouble(line)).collect();
        let told = if troubles.is_empty() {
            lines.iter().collect()
        } else {
            troubles
        };
        let end: Vec<&str> = told
            .iter()
            .rev()
            .take(LINES)
            .rev()
            .map(|line| line.as_str())
            .collect();
        end.join("\n")
    }

    /// The environment variables that a function is given, and the address and credentials by which it finds AWS.
    ///
    /// # Errors
    /// When the function cannot be asked for.
    pub async fn environment_of(
        &self,
        function: Function,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let configuration = self.configuration_of(function).await?;
        let variables = configuration["Environment"]["Variables"].clone();
        let mut variables: BTreeMap<String, String> = serde_json::from_value(variables)?;
        for (name, value) in [
            ("AWS_ENDPOINT_URL", self.aws.endpoint()),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", CREDENTIALS),
            ("AWS_SECRET_ACCESS_KEY", CREDENTIALS),
        ] {
            variables.insert(name.to_owned(), value.to_owned());
        }
        Ok(variables)
    }

    /// How long a function may take.
    ///
    /// # Errors
    /// When the function cannot be asked for.
    pub async fn time_limit_of(&self, function: Function) -> anyhow::Result<Duration> {
        let configuration = self.configuration_of(function).await?;
        let seconds = configuration["Timeout"].as_u64();
        Ok(Duration::from_secs(
            seconds.context("the function has no time limit")?,
        ))
    }

    async fn configuration_of(&self, function: Function) -> anyhow::Result<Value> {
        let path = format!(
            "/2015-03-31/functions/{}/configuration",
            self.name_of(function)
        );
        let answer = self.aws.send(http::Method::GET, &path, Vec::new()).await?;
        Ok(serde_json::from_slice(answer.body())?)
    }

    /// The records of the same organisation in another table.
    #[must_use]
    pub fn records_in(&self, table: &str) -> Records {
        records(&self.aws, table, self.records.tenant())
    }

    /// Every item of the table as it is stored.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn raw_items(&self) -> anyhow::Result<Vec<Value>> {
        let input = json!({"TableName": self.outputs.table, "Limit": MAX_ITEMS});
        let answer = self.aws.aws("DynamoDB_20120810.Scan", &input).await?;
        Ok(answer["Items"].as_array().cloned().unwrap_or_default())
    }

    /// The process that stands in for AWS.
    #[must_use]
    pub fn aws(&self) -> &Ministack {
        &self.aws
    }

    /// The names and addresses of what was deployed.
    #[must_use]
    pub fn outputs(&self) -> &Outputs {
        &self.outputs
    }

    /// The deployed name of a function.
    #[must_use]
    pub fn name_of(&self, function: Function) -> &str {
        match function {
            Function::Poll => &self.outputs.poll_function,
            Function::SyncContact => &self.outputs.sync_contact_function,
            Function::RefreshToken => &self.outputs.refresh_token_function,
        }
    }
}

/// Whether a line of a function's log tells of something that went wrong.
pub(crate) fn is_trouble(line: &str) -> bool {
    line.contains(r#""level":"ERROR""#) || line.contains(r#""level":"WARN""#)
}

fn require_functions() -> anyhow::Result<()> {
    for function in Function::ALL {
        let name = function.crate_name();
        let bootstrap = project().join(format!("target/lambda/{name}/bootstrap"));
        if !bootstrap.is_file() {
            bail!("target/lambda/{name}/bootstrap is missing: run `make build`");
        }
    }
    Ok(())
}

/// The records of an organisation in a table of that name.
fn records(aws: &Ministack, table: &str, tenant: TenantId) -> Records {
    let table = DynamoTable::new(dynamodb(aws.endpoint()), table.to_owned());
    Records::new(Arc::new(table), tenant)
}

fn parameters(
    choices: Choices,
    bigchange: &fake_bigchange::Server,
    xero: &fake_xero::Server,
) -> Vec<String> {
    let architecture = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let mut parameters = choices.template_parameters();
    parameters.extend([
        format!("Architecture={architecture}"),
        format!("BigChangeUrl={}", bigchange.url()),
        format!("XeroApiUrl={}", xero.url()),
        format!("XeroIdentityUrl={}", xero.url()),
    ]);
    parameters
}

async fn deploy(aws: &Ministack, parameters: &[String]) -> anyhow::Result<Outputs> {
    let output = tokio::process::Command::new(aws.python())
        .arg(project().join("tests/tools/deploy_local.py"))
        .args(["--endpoint", aws.endpoint(), "--stack", STACK_NAME])
        .args(parameters)
        .env("AWS_DEFAULT_REGION", REGION)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("running the deployment")?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!("{}", words.trim());
    }
    serde_json::from_slice(&output.stdout).context("the deployment's outputs")
}

fn dynamodb(endpoint: &str) -> aws_sdk_dynamodb::Client {
    let credentials = Credentials::new(CREDENTIALS, CREDENTIALS, None, None, "local stack");
    aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(endpoint)
            .credentials_provider(credentials)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build(),
    )
}
