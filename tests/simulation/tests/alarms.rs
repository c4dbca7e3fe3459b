//! The alarms of the template on a stack that was deployed a moment ago and that nobody has
//! connected: two hours of its schedules, and every alarm evaluated as CloudWatch does it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use fake_bigchange::{FakeBigChange, InProcess};
use futures::FutureExt as _;
use poll::{Mode, Poller, asked_by};
use runtime::records::Records;
use runtime::telemetry::Metric;
use runtime::{Configuration, DeadLetter, Host, Message, Queue, QueueError, Services};
use secrets::{MemoryVault, XeroTokenSecret};
use serde_json::{Value, json};
use store::MemoryTable;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

const TEMPLATE: &str = include_str!("../../../template.yaml");
const BEGINNING: OffsetDateTime = datetime!(2026-11-02 09:00 UTC);
const TWO_HOURS: i64 = 120;

/// An alarm, with the fields by which CloudWatch evaluates it.
#[derive(Debug)]
struct Alarm {
    name: String,
    fields: BTreeMap<String, String>,
}

impl Alarm {
    fn text(&self, field: &str) -> &str {
        let value = self.fields.get(field);
        value.unwrap_or_else(|| panic!("{} has no {field}", self.name))
    }

    fn number(&self, field: &str) -> i64 {
        let value = self.text(field).parse();
        value.unwrap_or_else(|_| panic!("{}: {field} is no number", self.name))
    }

    /// Whether its expression is true at a moment, in minutes since the beginning. `counted` gives
    /// what was measured in a span of minutes; `None` where nothing was.
    fn is_true(&self, now: i64, counted: impl Fn(i64, i64) -> Option<i64>) -> bool {
        let minutes = self.number("Period") / 60;
        let periods = self.number("EvaluationPeriods");
        let needed = self.fields.get("DatapointsToAlarm");
        let needed = needed.map_or(periods, |needed| needed.parse().unwrap());
        let threshold = self.number("Threshold");
        let breaching = (0..periods).filter(|back| {
            let end = now - back * minutes;
            match (counted(end - minutes, end), self.text("TreatMissingData")) {
                (Some(value), _) => match self.text("ComparisonOperator") {
                    "GreaterThanOrEqualToThreshold" => value >= threshold,
                    "GreaterThanThreshold" => value > threshold,
                    "LessThanThreshold" => value < threshold,
                    other => panic!("{}: {other}", self.name),
                },
                (None, "breaching") => true,
                (None, "notBreaching") => false,
                (None, other) => panic!("{}: {other}", self.name),
            }
        });
        i64::try_from(breaching.count()).unwrap() >= needed
    }
}

/// The alarms of the template: each resource of that type with its plain fields.
fn alarms() -> Vec<Alarm> {
    let mut alarms: Vec<Alarm> = Vec::new();
    let mut resource = "";
    let mut is_alarm = false;
    for line in TEMPLATE.lines() {
        let indent = line.len() - line.trim_start().len();
        let Some((key, value)) = line.trim().split_once(':') else {
            continue;
        };
        let value = value.split(" #").next().unwrap_or_default().trim();
        if indent <= 2 {
            (resource, is_alarm) = (key, false);
        } else if indent == 4 && key == "Type" && value == "AWS::CloudWatch::Alarm" {
            is_alarm = true;
            alarms.push(Alarm {
                name: resource.to_owned(),
                fields: BTreeMap::new(),
            });
        } else if is_alarm && indent >= 4 {
            assert_ne!(key, "Condition", "{resource} may be missing");
            assert_ne!(key, "ActionsEnabled", "{resource} may be silent");
            let alarm = alarms.last_mut().unwrap();
            alarm.fields.insert(key.to_owned(), value.to_owned());
        }
    }
    alarms
}

/// The schedules of the template: each function's events, by their input.
fn schedules() -> BTreeMap<String, Vec<Value>> {
    let mut schedules: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in TEMPLATE.lines().map(str::trim) {
        if let Some(rate) = line.strip_prefix("Schedule: ") {
            schedules.insert(rate.to_owned(), Vec::new());
        } else if let Some(input) = line.strip_prefix("Input: '") {
            let input = serde_json::from_str(input.trim_end_matches('\'')).unwrap();
            schedules.last_entry_for(input);
        }
        assert!(!line.starts_with("State:"), "a schedule may be disabled");
    }
    schedules
}

trait LastEntry {
    fn last_entry_for(&mut self, input: Value);
}

impl LastEntry for BTreeMap<String, Vec<Value>> {
    /// Each schedule has one input, right after its rate.
    fn last_entry_for(&mut self, input: Value) {
        let mut open = self.values_mut().filter(|inputs| inputs.is_empty());
        let of_this = open.next().expect("an input without a schedule");
        of_this.push(input);
        assert!(open.next().is_none(), "a schedule without an input");
    }
}

struct NoQueue;

impl Queue for NoQueue {
    fn send<'a>(
        &'a self,
        messages: &'a [Message],
    ) -> futures::future::BoxFuture<'a, Result<(), QueueError>> {
        assert!(messages.is_empty(), "nothing may be queued");
        async { Ok(()) }.boxed()
    }

    fn give_up<'a>(
        &'a self,
        letter: &'a DeadLetter,
    ) -> futures::future::BoxFuture<'a, Result<(), QueueError>> {
        panic!("given up: {letter:?}");
    }
}

/// A stack, with what its functions count.
struct Stack {
    vault: MemoryVault,
    table: MemoryTable,
    poller: Poller,
    refresh: refresh_token::Services,
    now: Arc<Mutex<OffsetDateTime>>,
    /// What was counted, by name and minute; failed invocations as `Errors` of their function.
    counted: Arc<Mutex<Vec<(String, i64)>>>,
}

impl Stack {
    /// As the template creates it.
    fn fresh(sync_enabled: &str) -> Self {
        let vault = MemoryVault::new();
        for line in TEMPLATE.lines().map(str::trim) {
            let Some(content) = line.strip_prefix("SecretString: '") else {
                continue;
            };
            let content = content.trim_end_matches('\'');
            let id = match content {
                _ if content.contains("\"username\"") => "bigchange",
                _ if content.contains("\"client_id\"") => "app",
                _ => "token",
            };
            vault.set_current(id, content.to_owned());
        }
        let table = MemoryTable::new();
        let now = Arc::new(Mutex::new(BEGINNING));
        let counted: Arc<Mutex<Vec<(String, i64)>>> = Arc::default();
        let (clock, count) = (now.clone(), counted.clone());
        let host = Host::new(move || *clock.lock().unwrap(), Uuid::new_v4).with_metrics(
            move |metric: Metric, at| {
                let minute = (at - BEGINNING).whole_minutes();
                count.lock().unwrap().push((format!("{metric:?}"), minute));
            },
        );
        let sync_enabled = sync_enabled.to_owned();
        let configuration = Configuration::read(move |name| match name {
            "ACCOUNT_GROUP_IDS" => Some("10".to_owned()),
            "SYNC_ENABLED" => Some(sync_enabled.clone()),
            "BIGCHANGE_SECRET_ID" => Some("bigchange".to_owned()),
            "XERO_APP_SECRET_ID" => Some("app".to_owned()),
            "XERO_TOKEN_SECRET_ID" => Some("token".to_owned()),
            "TABLE_NAME" | "SYNC_QUEUE_URL" | "SYNC_DEAD_LETTER_QUEUE_URL" => {
                Some("one".to_owned())
            }
            _ => None,
        })
        .unwrap();
        let company = Arc::new(Mutex::new(FakeBigChange::new()));
        let transport = Arc::new(InProcess::new(company));
        let refresh = refresh_token::Services {
            vault: Arc::new(vault.clone()),
            table: Arc::new(table.clone()),
            transport: transport.clone(),
            host: host.clone(),
            app_secret_id: "app".to_owned(),
            token_secret_id: "token".to_owned(),
            identity_url: configuration.xero_identity_url.clone(),
            api_url: configuration.xero_api_url.clone(),
        };
        let poller = Poller::new(Services::assemble(
            configuration,
            Arc::new(table.clone()),
            Arc::new(vault.clone()),
            Arc::new(NoQueue),
            transport,
            host,
        ));
        Self {
            vault,
            table,
            poller,
            refresh,
            now,
            counted,
        }
    }

    /// Connects Xero with a token that stays fresh, and leaves the switch as it is.
    fn connect(&self, tenant: Uuid) {
        let secret = XeroTokenSecret {
            access_token: Some("a".into()),
            refresh_token: Some("r".into()),
            expires_at: Some(*self.now.lock().unwrap() + Duration::minutes(30)),
            tenant_id: tenant.try_into().ok(),
        };
        self.vault.set_current("token", secret.to_json());
        let app =
            json!({"client_id": "c", "client_secret": "s", "grant_type": "authorization_code"});
        self.vault.set_current("app", app.to_string());
    }

    /// One minute of the schedules.
    async fn minute(&self, minute: i64) {
        *self.now.lock().unwrap() = BEGINNING + Duration::minutes(minute) + Duration::seconds(5);
        let schedules = schedules();
        let input = |rate: &str| schedules[rate][0].clone();
        let mut polls = vec![input("rate(1 minute)")];
        if minute == 30 {
            polls.push(input("cron(30 2 * * ? *)"));
        }
        for event in polls {
            let report = self.poller.poll(Mode::from_event(&event), asked_by(&event));
            if report.await.is_err() {
                self.failed("PollFunction", minute);
            }
        }
        if minute % 5 == 4 && refresh_token::refresh(&self.refresh).await.is_err() {
            self.failed("RefreshTokenFunction", minute);
        }
    }

    fn failed(&self, function: &str, minute: i64) {
        let mut counted = self.counted.lock().unwrap();
        counted.push((format!("Errors of {function}"), minute));
    }

    /// The alarms whose expression is true at the end of that minute.
    fn on(&self, minute: i64) -> Vec<String> {
        let counted = self.counted.lock().unwrap();
        let count = |name: &str, from: i64, to: i64| {
            let within = counted
                .iter()
                .filter(|(counted, at)| counted == name && (from..to).contains(at));
            i64::try_from(within.count()).unwrap()
        };
        let is_on = |alarm: &&Alarm| {
            alarm.is_true(minute + 1, |from, to| match alarm.text("Namespace") {
                "ContactSync" => {
                    Some(count(alarm.text("MetricName"), from, to)).filter(|count| *count > 0)
                }
                "AWS/Lambda" => {
                    let function = alarm.name.replace("ErrorsAlarm", "Function");
                    Some(count(&format!("Errors of {function}"), from, to))
                }
                // The queues are empty.
                "AWS/SQS" => Some(0),
                other => panic!("{}: {other}", alarm.name),
            })
        };
        let alarms = alarms();
        let on = alarms.iter().filter(is_on);
        on.map(|alarm| alarm.name.clone()).collect()
    }
}

#[test]
fn the_template_has_the_alarms_and_schedules_that_are_evaluated_here() {
    let alarms = alarms();
    let names: Vec<&str> = alarms.iter().map(|alarm| alarm.name.as_str()).collect();
    for needed in [
        "TokenNotRefreshedAlarm",
        "NoSuccessfulPollAlarm",
        "PollErrorsAlarm",
    ] {
        assert!(names.contains(&needed), "{names:?}");
    }
    let declared = TEMPLATE.matches("Type: AWS::CloudWatch::Alarm").count();
    assert_eq!(alarms.len(), declared, "{names:?}");
    let schedules = schedules();
    assert_eq!(schedules.len(), 3, "{schedules:?}");
    for (rate, inputs) in schedules {
        assert_eq!(inputs.len(), 1, "{rate}");
        assert_eq!(inputs[0]["scheduled"], true, "{rate}");
    }
}

#[tokio::test]
async fn on_a_fresh_stack_no_alarm_rings_for_two_hours() {
    for sync_enabled in ["false", "true"] {
        let stack = Stack::fresh(sync_enabled);
        for minute in 0..TWO_HOURS {
            stack.minute(minute).await;
            // Before its first five minutes are over, CloudWatch has not one period to look at.
            if minute >= 4 {
                let on = stack.on(minute);
                assert!(on.is_empty(), "minute {minute}: {on:?}");
            }
        }
        assert_eq!(stack.table.dump(), [], "nothing is written either");
    }
}

#[tokio::test]
async fn connected_and_not_switched_on_yet_no_alarm_rings_either() {
    let stack = Stack::fresh("false");
    let tenant = Uuid::from_u128(7);
    for minute in 0..TWO_HOURS {
        if minute >= 10 && minute % 10 == 0 {
            stack.connect(tenant);
        }
        stack.minute(minute).await;
        if minute >= 4 {
            let on = stack.on(minute);
            assert!(on.is_empty(), "minute {minute}: {on:?}");
        }
    }
    let records = Records::new(Arc::new(stack.table.clone()), tenant.try_into().unwrap());
    let switch = runtime::switch::SwitchRecord::stored(&records)
        .await
        .unwrap();
    assert!(switch.is_some_and(|switch| !switch.value.on));
}

#[tokio::test]
async fn a_connection_that_was_there_and_is_gone_rings() {
    let stack = Stack::fresh("false");
    stack.connect(Uuid::from_u128(7));
    for minute in 0..20 {
        stack.minute(minute).await;
    }
    let blank = json!({"access_token": "", "refresh_token": "", "expires_at": "", "tenant_id": ""});
    stack.vault.set_current("token", blank.to_string());
    let mut rang: Vec<String> = Vec::new();
    for minute in 20..TWO_HOURS {
        stack.minute(minute).await;
        rang.extend(stack.on(minute));
    }
    for alarm in [
        "PollErrorsAlarm",
        "RefreshTokenErrorsAlarm",
        "TokenNotRefreshedAlarm",
        "NoSuccessfulPollAlarm",
    ] {
        assert!(rang.iter().any(|rang| rang == alarm), "{alarm} was silent");
    }
}
