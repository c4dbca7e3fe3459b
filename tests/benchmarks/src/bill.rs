//! The monthly AWS bill, by arithmetic from what was measured.

use std::time::Duration;

use crate::aws::Usage;
use crate::processes::{EndToEnd, Start};
use crate::report::{Row, Section, grouped};

// List prices of us-east-1 in US dollars, on demand, as AWS published them when this was written; no free tier is taken off.
const LAMBDA_GB_SECOND: f64 = 0.000_016_666_7;
const LAMBDA_MILLION_REQUESTS: f64 = 0.20;
const DYNAMODB_MILLION_READS: f64 = 0.125;
const DYNAMODB_MILLION_WRITES: f64 = 0.625;
const SQS_MILLION_REQUESTS: f64 = 0.40;
const SECRET_MONTH: f64 = 0.40;
const SECRETS_10_000_CALLS: f64 = 0.05;
const ALARM_MONTH: f64 = 0.10;
const METRIC_MONTH: f64 = 0.30;

const MEMORY_GB: f64 = 0.25;
const DAYS: f64 = 30.0;
const POLLS: f64 = DAYS * 24.0 * 60.0;
const REFRESHES: f64 = DAYS * 24.0 * 12.0;
const SECRETS: f64 = 3.0;
/// Those that a stack without trouble sends: an hour without them is not billed, but here they come all the time.
const METRICS: f64 = 2.0;
/// Of all contacts, those that somebody edits in a day.
const EDITED_A_DAY: f64 = 0.02;
/// Lambda asks an empty queue with five long polls of 20 seconds at once.
const IDLE_RECEIVES: f64 = DAYS * 24.0 * 3_600.0 / 20.0 * 5.0;
/// A message is one of ten in a call when it is sent, received and deleted.
const SQS_CALLS_A_MESSAGE: f64 = 3.0 / 10.0;

/// What one contact, or one run, takes.
#[derive(Debug, Clone, Copy)]
struct Each {
    reads: f64,
    writes: f64,
    seconds: f64,
}

impl Each {
    fn of(usage: &Usage, took: Duration, count: usize) -> Self {
        let count = count as f64;
        Self {
            reads: usage.dynamodb_reads as f64 / count,
            writes: usage.dynamodb_writes as f64 / count,
            seconds: took.as_secs_f64() / count,
        }
    }
}

pub(crate) struct Measured {
    idle_poll: Each,
    refresh: Each,
    refresh_secret_calls: f64,
    swept: Each,
    updated: Each,
    alarms: f64,
}

impl Measured {
    pub(crate) fn new(run: &EndToEnd, refresh: &Start, template: &str) -> anyhow::Result<Self> {
        let busy = |spent: &crate::processes::Spent| spent.polled + spent.busy;
        Ok(Self {
            idle_poll: Each::of(&run.settled.usage()?, run.settled.polled, 1),
            refresh: Each::of(&refresh.second_usage, refresh.second, 1),
            refresh_secret_calls: refresh.second_usage.secrets_calls as f64,
            swept: Each::of(&run.sweep.usage()?, busy(&run.sweep), run.contacts),
            updated: Each::of(&run.update.usage()?, busy(&run.update), run.edited),
            alarms: template.matches("Type: AWS::CloudWatch::Alarm").count() as f64,
        })
    }

    fn bill(&self, contacts: f64) -> Bill {
        let swept = DAYS * contacts;
        let updated = DAYS * contacts * EDITED_A_DAY;
        let sum = |of: fn(&Each) -> f64| {
            POLLS * of(&self.idle_poll)
                + REFRESHES * of(&self.refresh)
                + swept * of(&self.swept)
                + updated * of(&self.updated)
        };
        let events = (swept + updated) / crate::world::EVENT_SIZE as f64;
        let requests = POLLS + REFRESHES + events + DAYS * 24.0;
        Bill {
            lambda: sum(|each| each.seconds) * MEMORY_GB * LAMBDA_GB_SECOND
                + requests / 1e6 * LAMBDA_MILLION_REQUESTS,
            dynamodb: sum(|each| each.reads) / 1e6 * DYNAMODB_MILLION_READS
                + sum(|each| each.writes) / 1e6 * DYNAMODB_MILLION_WRITES,
            sqs: (IDLE_RECEIVES + (swept + updated) * SQS_CALLS_A_MESSAGE) / 1e6
                * SQS_MILLION_REQUESTS,
            secrets: SECRETS * SECRET_MONTH
                + REFRESHES * self.refresh_secret_calls / 1e4 * SECRETS_10_000_CALLS,
            watching: self.alarms * ALARM_MONTH + METRICS * METRIC_MONTH,
        }
    }
}

struct Bill {
    lambda: f64,
    dynamodb: f64,
    sqs: f64,
    secrets: f64,
    watching: f64,
}

impl Bill {
    fn total(&self) -> f64 {
        self.lambda + self.dynamodb + self.sqs + self.secrets + self.watching
    }
}

/// What AWS is asked for, for each contact, and the bill.
pub(crate) fn section(run: &EndToEnd, measured: &Measured) -> anyhow::Result<Section> {
    let mut rows = Vec::new();
    for (what, spent, count) in [
        ("first synchronisation", &run.first, run.contacts),
        ("update", &run.update, run.edited),
        ("unchanged sweep", &run.sweep, run.contacts),
    ] {
        let usage = spent.usage()?;
        let each = |amount: u64| format!("{:.2}", amount as f64 / count as f64);
        rows.push(Row::new(
            format!("DynamoDB and SQS for each contact: {what}"),
            format!(
                "calls of the functions' processes, {} contacts; units by AWS's rule",
                grouped(count)
            ),
            format!(
                "{} reads, {} writes, in {} calls; {} SQS calls",
                each(usage.dynamodb_reads),
                each(usage.dynamodb_writes),
                each(usage.dynamodb_calls),
                each(usage.sqs_calls),
            ),
        ));
    }
    let idle = &measured.idle_poll;
    rows.push(Row::new(
        "DynamoDB for a poll that queues nothing",
        "the same",
        format!("{} reads, {} writes", idle.reads, idle.writes),
    ));
    for contacts in [500_u32, 5_000, 50_000] {
        let bill = measured.bill(contacts.into());
        rows.push(Row::new(
            format!("AWS bill of a month, {} contacts", grouped(contacts as usize)),
            "arithmetic below",
            format!(
                "${:.2}: Lambda {:.2}, DynamoDB {:.2}, SQS {:.2}, secrets {:.2}, alarms and metrics {:.2}",
                bill.total(), bill.lambda, bill.dynamodb, bill.sqs, bill.secrets, bill.watching
            ),
        ));
    }
    let arithmetic = format!(
        "**Arithmetic**, for N contacts and 30 days, without any free tier (which would pay for most of Lambda, SQS and the alarms):\n\n\
        - Runs: {POLLS:.0} polls, {REFRESHES:.0} token refreshes, 30 × N contacts swept, 30 × N × {EDITED_A_DAY} contacts updated ({:.0} % of them edited a day).\n\
        - DynamoDB: polls × {:.0} reads and {:.0} writes + refreshes × {:.0} and {:.0} + swept × {:.2} and {:.2} + updated × {:.2} and {:.2}; ${DYNAMODB_MILLION_READS} a million reads, ${DYNAMODB_MILLION_WRITES} a million writes.\n\
        - Lambda: {MEMORY_GB} GB × (polls × {:.2} s + refreshes × {:.3} s + swept × {:.3} s + updated × {:.3} s) × ${LAMBDA_GB_SECOND} + invocations × ${LAMBDA_MILLION_REQUESTS} a million. The seconds are those measured with 100 ms a call to BigChange and Xero.\n\
        - SQS: {IDLE_RECEIVES:.0} receives of an empty queue (Lambda keeps five long polls of 20 s open) + 0.3 calls a message; ${SQS_MILLION_REQUESTS} a million.\n\
        - Secrets Manager: 3 secrets × ${SECRET_MONTH} + refreshes × {:.0} calls × ${SECRETS_10_000_CALLS} for 10,000.\n\
        - CloudWatch: {:.0} alarms × ${ALARM_MONTH} + {METRICS} metrics × ${METRIC_MONTH}.\n\
        - Left out, as cents: the second reading of each updated contact, messages that come singly, the tokens that are renewed and read, logs (a line or two a run), storage (under 1 KB an item, some five items a contact), point-in-time recovery, AWS's own encryption keys, SNS. EventBridge's schedules are free.\n\n\
        Prices are list prices of us-east-1 when this was written; look yours up.",
        EDITED_A_DAY * 100.0,
        idle.reads,
        idle.writes,
        measured.refresh.reads,
        measured.refresh.writes,
        measured.swept.reads,
        measured.swept.writes,
        measured.updated.reads,
        measured.updated.writes,
        idle.seconds,
        measured.refresh.seconds,
        measured.swept.seconds,
        measured.updated.seconds,
        measured.refresh_secret_calls,
        measured.alarms,
    );
    Ok(Section {
        title: "AWS: requests and the bill",
        intro: "What the functions' processes sent was counted between them and the stand-in for AWS. A read unit is up to 4 KB of one item, a write unit up to 1 KB, two in a transaction; \
            the sizes are those of the requests and answers, which are a little more than the items'. Every read is strongly consistent.".to_owned(),
        rows,
        notes: vec![arithmetic],
    })
}
