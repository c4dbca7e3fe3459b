//! What calls to AWS are billed as.

use local_stack::gate::Call;
use serde_json::Value;

/// DynamoDB bills a read by 4 KB of an item and a write by 1 KB, begun ones counting whole.
const READ_UNIT_BYTES: usize = 4 * 1024;
const WRITE_UNIT_BYTES: usize = 1024;
/// A write in a transaction is billed twice.
const IN_TRANSACTION: u64 = 2;

/// What functions asked of AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Read request units; every read is strongly consistent, so one for each item, there or not.
    pub(crate) dynamodb_reads: u64,
    /// Write request units.
    pub(crate) dynamodb_writes: u64,
    /// Calls to DynamoDB.
    pub(crate) dynamodb_calls: u64,
    /// Calls to SQS by the functions themselves.
    pub(crate) sqs_calls: u64,
    /// Calls to Secrets Manager.
    pub(crate) secrets_calls: u64,
}

impl Usage {
    /// Adds calls up, by what was sent and how long the answers were.
    pub(crate) fn of<'a>(calls: impl Iterator<Item = &'a Call>) -> anyhow::Result<Self> {
        let mut usage = Self::default();
        for call in calls {
            let (service, rest) = call.name.split_once(' ').unwrap_or((&call.name, ""));
            match service {
                "DynamoDB" => {
                    let operation = rest.split(' ').next().unwrap_or_default();
                    let sent: Value = serde_json::from_slice(&call.sent)?;
                    usage.dynamodb_calls += 1;
                    usage.add_dynamodb(operation, &sent, call.answer_bytes)?;
                }
                "SQS" => usage.sqs_calls += 1,
                "Secrets" => usage.secrets_calls += 1,
                other => anyhow::bail!("{other} has no price here"),
            }
        }
        Ok(usage)
    }

    fn add_dynamodb(
        &mut self,
        operation: &str,
        sent: &Value,
        answer_bytes: usize,
    ) -> anyhow::Result<()> {
        match operation {
            "GetItem" => self.dynamodb_reads += units(answer_bytes, READ_UNIT_BYTES),
            "BatchGetItem" => {
                // No item here comes near 4 KB, so that each is one unit.
                let tables = sent["RequestItems"].as_object().into_iter().flatten();
                let keys = tables.filter_map(|(_, asked)| asked["Keys"].as_array());
                self.dynamodb_reads += keys.map(|keys| keys.len() as u64).sum::<u64>();
            }
            "Query" => self.dynamodb_reads += units(answer_bytes, READ_UNIT_BYTES),
            "PutItem" | "UpdateItem" | "DeleteItem" => {
                self.dynamodb_writes += units(sent.to_string().len(), WRITE_UNIT_BYTES);
            }
            "TransactWriteItems" => {
                let items = sent["TransactItems"].as_array();
                for item in items.into_iter().flatten() {
                    let size = item.to_string().len();
                    self.dynamodb_writes += IN_TRANSACTION * units(size, WRITE_UNIT_BYTES);
                }
            }
            other => anyhow::bail!("DynamoDB's {other} has no price here"),
        }
        Ok(())
    }
}

/// At least one. The size of a request or an answer is a little more than that of the items in it, never less.
fn units(bytes: usize, unit: usize) -> u64 {
    bytes.div_ceil(unit).max(1) as u64
}
