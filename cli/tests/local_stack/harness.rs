//! A deployed bundle, and the tool run against it.

use std::process::{Output, Stdio};
use std::time::{Duration, SystemTime};

use local_stack::company::Choices;
use local_stack::{LocalStack, Setup};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Nothing that the tool does here takes longer.
const LIMIT: Duration = Duration::from_secs(120);

/// The sample company, deployed.
pub(crate) struct Ground {
    pub(crate) stack: LocalStack,
}

/// What a run of the tool came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// Insists on an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }

    /// Insists on some words, on either output.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let said = self.out.contains(words) || self.err.contains(words);
        assert!(said, "{words:?} is not in:\n{}\n{}", self.out, self.err);
        self
    }

    /// Its standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("{error}:\n{}\n{}", self.out, self.err))
    }
}

impl Ground {
    /// Deployed, with nothing filled in yet.
    pub(crate) async fn deployed(choices: Choices) -> Self {
        let stack = LocalStack::start(Setup::sample_company(choices))
            .await
            .unwrap();
        Self { stack }
    }

    /// Deployed and connected, with nothing polled yet.
    pub(crate) async fn connected(choices: Choices) -> Self {
        let ground = Self::deployed(choices).await;
        ground.stack.connect().await.unwrap();
        ground.stack.refresh_token().await.unwrap();
        ground
    }

    /// The tool with these arguments, in an environment of its own.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_contact-sync"));
        command
            .env_clear()
            .arg(format!("--local={}", self.stack.aws().endpoint()))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the tool.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[]).await
    }

    /// Runs the tool with these environment variables.
    pub(crate) async fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = self.command(arguments);
        command.envs(variables.iter().copied());
        let output = tokio::time::timeout(LIMIT, command.output());
        ran(output.await.expect("the tool comes to an end").unwrap())
    }

    /// What a secret holds.
    pub(crate) async fn secret(&self, id: &str) -> Value {
        let input = json!({ "SecretId": id });
        let answer = self
            .stack
            .aws()
            .aws("secretsmanager.GetSecretValue", &input)
            .await
            .unwrap();
        serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap()
    }

    /// Every item of the table, as DynamoDB has it.
    pub(crate) async fn table(&self) -> Vec<String> {
        let input = json!({ "TableName": self.stack.outputs().table });
        let answer = self
            .stack
            .aws()
            .aws("DynamoDB_20120810.Scan", &input)
            .await
            .unwrap();
        assert!(answer["LastEvaluatedKey"].is_null(), "one page is all");
        let mut items: Vec<String> = answer["Items"]
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        items.sort();
        items
    }

    /// The versions of a secret.
    pub(crate) async fn versions(&self, id: &str) -> Vec<String> {
        let input = json!({ "SecretId": id });
        let operation = "secretsmanager.ListSecretVersionIds";
        let answer = self.stack.aws().aws(operation, &input).await.unwrap();
        let versions = answer["Versions"].as_array().unwrap().iter();
        versions
            .map(|version| version["VersionId"].to_string())
            .collect()
    }

    pub(crate) fn tenant(&self) -> String {
        self.stack.xero.core().tenant_id().to_string()
    }

    /// The Xero contact of this name.
    pub(crate) fn xero_contact(&self, name: &str) -> fake_xero::Contact {
        let core = self.stack.xero.core();
        let mut named = core.contacts().filter(|contact| contact.name() == name);
        let found = named.next().expect("there is one of this name").clone();
        assert!(named.next().is_none(), "there is one of this name only");
        found
    }

    /// A person changes a contact in Xero's own pages.
    pub(crate) fn edit_in_xero(&self, name: &str, field: &str, value: &str) {
        let id = self.xero_contact(name).id;
        let change = json!([{ "ContactID": id, field: value }]);
        let mut core = self.stack.xero.core();
        core.seed(SystemTime::now(), &change).unwrap();
    }

    /// Edits a contact in BigChange.
    pub(crate) fn edit(&self, id: u64, change: impl FnOnce(&mut fake_bigchange::FakeContact)) {
        let now = SystemTime::now();
        self.stack.bigchange.core().edit(now, id, change);
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: without_target(&String::from_utf8(output.stdout).unwrap()),
        err: without_target(&String::from_utf8(output.stderr).unwrap()),
    }
}

/// A text whose commands are named as they are where no local stack is given.
fn without_target(text: &str) -> String {
    let mut parts = text.split("contact-sync --local=");
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        short.push_str("contact-sync ");
        short.push_str(part.split_once(' ').map_or("", |(_, rest)| rest));
    }
    short
}

/// The tool while it waits for the browser.
pub(crate) struct Waiting {
    child: Child,
    err: BufReader<tokio::process::ChildStderr>,
    said: String,
    /// The page that it asks the person to open.
    pub(crate) address: String,
}

impl Waiting {
    /// Starts it and reads up to the address.
    pub(crate) async fn start(ground: &Ground, arguments: &[&str]) -> Self {
        let mut command = ground.command(arguments);
        command.env("XERO_CLIENT_SECRET", client_secret(ground));
        let mut child = command.spawn().unwrap();
        let mut err = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            let mut line = String::new();
            let read = tokio::time::timeout(LIMIT, err.read_line(&mut line));
            assert!(read.await.unwrap().unwrap() > 0, "it ended early: {said}");
            said.push_str(&line);
            let line = line.trim();
            if line.starts_with("http") {
                break line.to_owned();
            }
        };
        Self {
            child,
            err,
            said,
            address,
        }
    }

    /// Waits until it has ended.
    pub(crate) async fn ends(mut self) -> Ran {
        let mut out = String::new();
        let mut stdout = self.child.stdout.take().unwrap();
        let reading = async {
            self.err.read_to_string(&mut self.said).await.unwrap();
            stdout.read_to_string(&mut out).await.unwrap();
            self.child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(LIMIT, reading).await.unwrap();
        Ran {
            code: status.code().unwrap_or(-1),
            out: without_target(&out),
            err: without_target(&self.said),
        }
    }
}

pub(crate) fn client_secret(ground: &Ground) -> String {
    ground.stack.xero.core().config().client_secret.clone()
}

pub(crate) fn client_id(ground: &Ground) -> String {
    ground.stack.xero.core().config().client_id.clone()
}
