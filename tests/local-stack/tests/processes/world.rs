//! A company, an organisation, a table, a queue and a token of their own for each run, within one deployed stack.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use bytes::Bytes;
use fake_bigchange::{FakeBigChange, PATH, Seed};
use fake_xero::{Config, FakeXero, Limits};
use local_stack::company::Choices;
use local_stack::gate::{Call, Destinations, Order, System, Treatment};
use local_stack::{Ended, Function, LocalStack, Process, Setup};
use runtime::records::Records;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use transport::{HttpTransport, Transport};

/// Far beyond what a run of a few dozen contacts comes near.
const LIMITS: Limits = Limits {
    concurrent: 5,
    per_minute: 10_000,
    per_day: 100_000,
    app_per_minute: 100_000,
};
/// How much time is made to pass: longer than any intent or lease lasts and any of these contacts is put off.
const AGEING: time::Duration = time::Duration::hours(2);
/// The fields that say until when something waits.
const WAITS_UNTIL: [&str; 4] = ["expires_at", "due", "until", "not_before"];
/// DynamoDB takes this many items in one `BatchWriteItem`.
const ITEMS_PER_CALL: usize = 25;
/// A queue that never comes to its end is not read for ever.
const MAX_RECEIVES: usize = 1_000;
const TOKEN_LIFE: Duration = Duration::from_secs(30 * 60);

/// A deployed stack on which worlds are made.
pub(crate) struct Ground {
    stack: LocalStack,
    functions: BTreeMap<&'static str, Deployed>,
    worlds: AtomicU32,
}

/// How a function is deployed.
struct Deployed {
    environment: BTreeMap<String, String>,
    time_limit: Duration,
}

/// Everything that is the same at the beginning of each run.
pub(crate) struct Snapshot {
    pub(crate) items: Vec<Value>,
    pub(crate) bigchange: FakeBigChange,
    pub(crate) xero: Value,
}

/// One world.
pub(crate) struct World<'a> {
    ground: &'a Ground,
    pub(crate) bigchange: fake_bigchange::Server,
    pub(crate) xero: fake_xero::Server,
    pub(crate) records: Records,
    pub(crate) token_secret: String,
    table: String,
    queue: String,
    dead_letters: String,
}

/// What a process did.
pub(crate) struct Run {
    pub(crate) ended: Ended,
    pub(crate) calls: Vec<Call>,
    pub(crate) order_was_carried_out: bool,
    /// What it was ordered.
    pub(crate) order: Option<Order>,
    /// What went wrong by its log.
    pub(crate) troubles: String,
}

impl Run {
    /// The answer of a process that was let finish.
    pub(crate) fn answer(&self) -> anyhow::Result<&Value> {
        match &self.ended {
            Ended::Answered(answer) => Ok(answer),
            other => bail!(
                "an undisturbed process ended with {other:?}\n{}",
                self.troubles
            ),
        }
    }

    /// Calls that may have changed something, and calls to Xero.
    pub(crate) fn calls_that_matter(&self) -> Vec<&str> {
        let matters = |call: &&Call| call.mutates || call.system == System::Xero;
        let calls = self.calls.iter().filter(matters);
        calls.map(|call| call.name.as_str()).collect()
    }
}

impl Ground {
    /// Deploys the template with everything authorised, on a stack of its own.
    pub(crate) async fn start() -> Self {
        let setup = Setup {
            choices: Choices::AUTHORISED,
            bigchange: Seed::default(),
            xero: json!([]),
            limits: LIMITS,
        };
        let stack = LocalStack::start(setup).await;
        let stack = stack.expect("the local stack starts");
        stack.connect().await.expect("the secrets are filled in");
        let mut functions = BTreeMap::new();
        for function in Function::ALL {
            let deployed = Deployed {
                environment: stack.environment_of(function).await.unwrap(),
                time_limit: stack.time_limit_of(function).await.unwrap(),
            };
            functions.insert(function.crate_name(), deployed);
        }
        Self {
            stack,
            functions,
            worlds: AtomicU32::new(0),
        }
    }

    /// A world that begins as the snapshot says, with a token that was just renewed.
    pub(crate) async fn world(&self, snapshot: &Snapshot) -> anyhow::Result<World<'_>> {
        let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let now = SystemTime::now();
        let bigchange = snapshot.bigchange.clone();
        let bigchange = fake_bigchange::Server::start(any_port, bigchange, Duration::ZERO).await?;
        let number = self.worlds.fetch_add(1, Ordering::Relaxed);
        let mut xero = FakeXero::new(Config {
            limits: LIMITS,
            // Or the ids that it gives would be those of the contacts in the snapshot, which another one gave.
            seed: u64::from(number) + 1_000,
            ..Config::default()
        });
        xero.seed(now, &snapshot.xero)?;
        let token = xero.issue_tokens(now);
        let tenant = xero.tenant_id();
        let xero = fake_xero::Server::start(any_port, xero).await?;
        let table = format!("world-{number}");
        self.create_table(&table).await?;
        for items in snapshot.items.chunks(ITEMS_PER_CALL) {
            self.put(&table, items).await?;
        }
        let token_secret = format!("world-{number}-token");
        let content = json!({
            "access_token": token.access_token,
            "refresh_token": token.refresh_token,
            "expires_at": rfc3339(OffsetDateTime::from(now + TOKEN_LIFE)),
            "tenant_id": tenant,
        });
        let secret = json!({"Name": token_secret, "SecretString": content.to_string()});
        self.aws("secretsmanager.CreateSecret", secret).await?;
        Ok(World {
            ground: self,
            bigchange,
            xero,
            records: self.stack.records_in(&table),
            token_secret,
            queue: self.create_queue(&table).await?,
            dead_letters: self.create_queue(&format!("{table}-dead")).await?,
            table,
        })
    }

    async fn aws(&self, operation: &str, input: Value) -> anyhow::Result<Value> {
        self.stack.aws().aws(operation, &input).await
    }

    async fn create_table(&self, name: &str) -> anyhow::Result<()> {
        let input = json!({
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
        });
        let created = self.aws("DynamoDB_20120810.CreateTable", input).await;
        created.map(drop)
    }

    async fn create_queue(&self, name: &str) -> anyhow::Result<String> {
        let input = json!({"QueueName": name});
        let created = self.aws("AmazonSQS.CreateQueue", input).await?;
        let url = created["QueueUrl"].as_str();
        Ok(url.context("a queue without an address")?.to_owned())
    }

    async fn put(&self, table: &str, items: &[Value]) -> anyhow::Result<()> {
        let puts: Vec<Value> = items
            .iter()
            .map(|item| json!({"PutRequest": {"Item": item}}))
            .collect();
        let input = json!({"RequestItems": {table: puts}});
        let put = self.aws("DynamoDB_20120810.BatchWriteItem", input).await;
        put.map(drop)
    }
}

impl World<'_> {
    /// Runs a function once, in a new process.
    pub(crate) async fn run(
        &self,
        function: Function,
        event: &Value,
        treatment: Treatment,
    ) -> anyhow::Result<Run> {
        let mut process = self.process(function, treatment).await?;
        let ended = process.invoke(event).await?;
        Ok(Run {
            ended,
            calls: process.calls(),
            order_was_carried_out: process.order_was_carried_out(),
            order: treatment.order,
            troubles: process.troubles(),
        })
    }

    /// Runs a function once, in a new process and undisturbed.
    pub(crate) async fn run_undisturbed(
        &self,
        function: Function,
        event: &Value,
    ) -> anyhow::Result<Run> {
        let run = self.run(function, event, Treatment::default()).await?;
        run.answer()?;
        Ok(run)
    }

    async fn process(&self, function: Function, treatment: Treatment) -> anyhow::Result<Process> {
        let deployed = &self.ground.functions[function.crate_name()];
        let mut environment = deployed.environment.clone();
        let bigchange_url = format!("http://{}{PATH}", self.bigchange.address());
        for (name, value) in [
            ("TABLE_NAME", &self.table),
            ("SYNC_QUEUE_URL", &self.queue),
            ("SYNC_DEAD_LETTER_QUEUE_URL", &self.dead_letters),
            ("XERO_TOKEN_SECRET_ID", &self.token_secret),
            ("BIGCHANGE_URL", &bigchange_url),
        ] {
            environment.insert(name.to_owned(), value.clone());
        }
        let destinations = Destinations {
            aws: self.ground.stack.aws().endpoint().to_owned(),
            bigchange: format!("http://{}", self.bigchange.address()),
            xero: self.xero.url(),
        };
        let time_limit = deployed.time_limit;
        Process::start(function, &environment, time_limit, destinations, treatment).await
    }

    /// Lets time pass. The table is aged instead of waiting: whatever waits until a moment has waited for it.
    pub(crate) async fn let_time_pass(&self) -> anyhow::Result<()> {
        let mut aged = Vec::new();
        for mut item in self.items().await? {
            if age(&mut item) {
                aged.push(item);
            }
        }
        for items in aged.chunks(ITEMS_PER_CALL) {
            self.ground.put(&self.table, items).await?;
        }
        Ok(())
    }

    /// Every item of the table.
    pub(crate) async fn items(&self) -> anyhow::Result<Vec<Value>> {
        let input = json!({"TableName": self.table, "ConsistentRead": true});
        let answer = self.ground.aws("DynamoDB_20120810.Scan", input).await?;
        Ok(answer["Items"].as_array().cloned().unwrap_or_default())
    }

    /// Takes every message out of the queue, and returns their contacts.
    pub(crate) async fn take_queued(&self) -> anyhow::Result<BTreeSet<u64>> {
        let bodies = self.take_all(&self.queue).await?;
        bodies
            .iter()
            .map(|body| {
                let message: Value = serde_json::from_str(body)?;
                let contact = message["contact_id"].as_u64();
                contact.with_context(|| format!("no message of ours: {body}"))
            })
            .collect()
    }

    /// Takes every message out of the dead-letter queue.
    pub(crate) async fn take_dead_letters(&self) -> anyhow::Result<Vec<String>> {
        self.take_all(&self.dead_letters).await
    }

    async fn take_all(&self, queue: &str) -> anyhow::Result<Vec<String>> {
        let mut bodies = Vec::new();
        for _ in 0..MAX_RECEIVES {
            let input = json!({"QueueUrl": queue, "MaxNumberOfMessages": 10});
            let answer = self.ground.aws("AmazonSQS.ReceiveMessage", input).await?;
            let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
            if messages.is_empty() {
                return Ok(bodies);
            }
            let mut entries = Vec::new();
            for (index, message) in messages.iter().enumerate() {
                bodies.extend(message["Body"].as_str().map(str::to_owned));
                entries.push(
                    json!({"Id": index.to_string(), "ReceiptHandle": message["ReceiptHandle"]}),
                );
            }
            let input = json!({"QueueUrl": queue, "Entries": entries});
            self.ground
                .aws("AmazonSQS.DeleteMessageBatch", input)
                .await?;
        }
        bail!("a queue does not come to an end")
    }

    /// Xero's contacts, in its own JSON.
    pub(crate) async fn xero_contacts(&self) -> anyhow::Result<Vec<Value>> {
        let url = format!("{}/_fake/contacts", self.xero.url());
        let request = http::Request::get(url).body(Bytes::new())?;
        let answer = HttpTransport::new()?.send(request).await?;
        let body: Value = serde_json::from_slice(answer.body())?;
        let contacts = body["Contacts"].as_array().cloned();
        contacts.context("no list of contacts")
    }

    /// What its next runs may begin with.
    pub(crate) async fn snapshot(&self) -> anyhow::Result<Snapshot> {
        let bigchange = self.bigchange.core().clone();
        Ok(Snapshot {
            items: self.items().await?,
            bigchange,
            xero: self.xero_contacts().await?.into(),
        })
    }

    /// What the token secret holds now.
    pub(crate) async fn token(&self) -> anyhow::Result<Value> {
        let input = json!({"SecretId": self.token_secret});
        let secret = self.ground.aws("secretsmanager.GetSecretValue", input);
        let secret = secret.await?;
        let text = secret["SecretString"].as_str().unwrap_or_default();
        Ok(serde_json::from_str(text)?)
    }

    /// Stores a token as a person does.
    pub(crate) async fn put_token(&self, token: &Value) -> anyhow::Result<()> {
        let input = json!({"SecretId": self.token_secret, "SecretString": token.to_string()});
        let put = self.ground.aws("secretsmanager.PutSecretValue", input);
        put.await.map(drop)
    }
}

/// Makes an item older; whether that changed it.
fn age(value: &mut Value) -> bool {
    let mut changed = false;
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.get("S").and_then(Value::as_str) {
                    Some(text) if WAITS_UNTIL.contains(&name.as_str()) => {
                        let Ok(at) = OffsetDateTime::parse(text, &Rfc3339) else {
                            continue;
                        };
                        *value = json!({"S": rfc3339(at - AGEING)});
                        changed = true;
                    }
                    _ => changed |= age(value),
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                changed |= age(value);
            }
        }
        _ => {}
    }
    changed
}

pub(crate) fn rfc3339(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap()
}

/// An event of SQS with one message for each contact.
pub(crate) fn sqs_event(contacts: &BTreeSet<u64>) -> Value {
    let record = |contact: &u64| {
        json!({
            "messageId": format!("message-{contact}"),
            // The switch of the deployed stack is off, and here a person asks.
            "body": json!({"contact_id": contact, "by": "person"}).to_string(),
            "attributes": {"ApproximateReceiveCount": "1"},
            "eventSource": "aws:sqs",
        })
    };
    json!({"Records": contacts.iter().map(record).collect::<Vec<_>>()})
}

/// The contacts whose messages are to be delivered again, by a worker's answer.
pub(crate) fn failed_messages(answer: &Value) -> anyhow::Result<BTreeSet<u64>> {
    let failures = answer["batchItemFailures"].as_array();
    let failures = failures.context("no partial batch response")?;
    failures
        .iter()
        .map(|failure| {
            let id = failure["itemIdentifier"].as_str().unwrap_or_default();
            let contact = id.strip_prefix("message-").unwrap_or_default();
            contact
                .parse()
                .with_context(|| format!("not a message of this event: {id:?}"))
        })
        .collect()
}
