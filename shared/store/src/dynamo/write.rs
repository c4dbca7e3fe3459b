//! Conditional writes: each is described once, as an operation of a transaction, and a single one is then sent by the cheaper call of its own.

use std::collections::HashMap;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ConditionCheck, Delete, Put,
    ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::connection::Connection;
use super::error::{not_built, refused};
use crate::encoding::{self, Attributes, DATA, TTL, VERSION, WRITE_ID};
use crate::{Expect, Key, TableError, Write};

const EXPECTED: &str = ":expected";
const ABSENT: &str = "attribute_not_exists(pk)";
const AT_VERSION: &str = "v = :expected";
/// Removing what is gone already fulfils the wish.
const ABSENT_OR_AT_VERSION: &str = "attribute_not_exists(pk) OR v = :expected";
/// Fails only where the SDK sends the same write a second time, so that the version counts it once.
const NOT_YET_DONE: &str = "attribute_not_exists(w) OR w <> :write_id";

/// Why one attempt failed.
pub(super) enum Failure {
    /// Another transaction was under way on an item: nothing was written, and a moment later it will be over.
    Collided,
    Final(TableError),
}

/// What a write is for DynamoDB.
pub(super) fn operation(
    table_name: &str,
    write_id: &str,
    write: Write,
) -> Result<TransactWriteItem, TableError> {
    let operation = TransactWriteItem::builder();
    let operation = match write {
        Write::Put {
            key,
            expect,
            body,
            expires_at_unix_seconds,
        } => {
            let content = Content {
                write_id: AttributeValue::S(write_id.to_owned()),
                data: encoding::encode_body(body)?,
                ttl: expires_at_unix_seconds.map(number),
            };
            match expect {
                Expect::Absent => operation.put(put(table_name, key, 1, content, ABSENT, None)?),
                Expect::Version(version) => {
                    let values = HashMap::from([(EXPECTED.to_owned(), number(version))]);
                    let next = version.saturating_add(1);
                    operation.put(put(
                        table_name,
                        key,
                        next,
                        content,
                        AT_VERSION,
                        Some(values),
                    )?)
                }
                Expect::Any => operation.update(overwrite(table_name, key, content)?),
            }
        }
        Write::Delete { key, expect } => {
            let (condition, values) = condition(expect, ABSENT_OR_AT_VERSION);
            let delete = Delete::builder()
                .table_name(table_name)
                .set_key(Some(encoding::encode_key(key)))
                .set_condition_expression(condition)
                .set_expression_attribute_values(values);
            operation.delete(delete.build().map_err(|error| not_built(&error))?)
        }
        Write::Check { key, expect } => {
            let (condition, values) = condition(expect, AT_VERSION);
            let check = ConditionCheck::builder()
                .table_name(table_name)
                .set_key(Some(encoding::encode_key(key)))
                .set_condition_expression(condition)
                .set_expression_attribute_values(values);
            operation.condition_check(check.build().map_err(|error| not_built(&error))?)
        }
    };
    Ok(operation.build())
}

/// What a put stores besides the key and the version.
struct Content {
    write_id: AttributeValue,
    data: AttributeValue,
    ttl: Option<AttributeValue>,
}

fn put(
    table_name: &str,
    key: Key,
    version: u64,
    content: Content,
    condition: &str,
    values: Option<Attributes>,
) -> Result<Put, TableError> {
    let mut item = encoding::encode_key(key);
    item.insert(VERSION.to_owned(), number(version));
    item.insert(WRITE_ID.to_owned(), content.write_id);
    item.insert(DATA.to_owned(), content.data);
    item.extend(content.ttl.map(|ttl| (TTL.to_owned(), ttl)));
    Put::builder()
        .table_name(table_name)
        .set_item(Some(item))
        .condition_expression(condition)
        .set_expression_attribute_values(values)
        .build()
        .map_err(|error| not_built(&error))
}

/// Stores over anything or nothing. Only an update can count up a version that is not known here.
fn overwrite(table_name: &str, key: Key, content: Content) -> Result<Update, TableError> {
    let set = "SET v = if_not_exists(v, :zero) + :one, w = :write_id, #data = :data";
    let update = Update::builder()
        .table_name(table_name)
        .set_key(Some(encoding::encode_key(key)))
        .condition_expression(NOT_YET_DONE)
        // Both are reserved words in expressions.
        .expression_attribute_names("#data", DATA)
        .expression_attribute_names("#ttl", TTL)
        .expression_attribute_values(":zero", number(0))
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":write_id", content.write_id)
        .expression_attribute_values(":data", content.data);
    let update = match content.ttl {
        Some(ttl) => update
            .update_expression(format!("{set}, #ttl = :ttl"))
            .expression_attribute_values(":ttl", ttl),
        None => update.update_expression(format!("{set} REMOVE #ttl")),
    };
    update.build().map_err(|error| not_built(&error))
}

/// The condition of a removal or a check, with its values; `at_version` is what a version demands.
fn condition(expect: Expect, at_version: &str) -> (Option<String>, Option<Attributes>) {
    match expect {
        Expect::Absent => (Some(ABSENT.to_owned()), None),
        Expect::Version(version) => (
            Some(at_version.to_owned()),
            Some(HashMap::from([(EXPECTED.to_owned(), number(version))])),
        ),
        Expect::Any => (None, None),
    }
}

fn number(n: impl ToString) -> AttributeValue {
    AttributeValue::N(n.to_string())
}

impl Connection {
    /// Sends the operations once (the client's own retries aside).
    pub(super) async fn attempt(
        &self,
        write_id: &str,
        operations: &[TransactWriteItem],
    ) -> Result<(), Failure> {
        match operations {
            [TransactWriteItem { put: Some(put), .. }] => self.send_put(write_id, put).await,
            [
                TransactWriteItem {
                    update: Some(update),
                    ..
                },
            ] => self.send_update(write_id, update).await,
            [
                TransactWriteItem {
                    delete: Some(delete),
                    ..
                },
            ] => self.send_delete(delete).await,
            _ => self.send_transaction(write_id, operations).await,
        }
    }

    async fn send_put(&self, write_id: &str, put: &Put) -> Result<(), Failure> {
        let put = put.clone();
        let answer = self
            .client
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_values(put.expression_attribute_values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                    ours_or_conflict(failed, write_id)
                }
                Some(PutItemError::TransactionConflictException(_)) => Err(Failure::Collided),
                _ => Err(self.final_error("PutItem", &error)),
            },
        }
    }

    async fn send_update(&self, write_id: &str, update: &Update) -> Result<(), Failure> {
        let update = update.clone();
        let answer = self
            .client
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    ours_or_conflict(failed, write_id)
                }
                Some(UpdateItemError::TransactionConflictException(_)) => Err(Failure::Collided),
                _ => Err(self.final_error("UpdateItem", &error)),
            },
        }
    }

    /// A removal that is sent again after a lost answer finds nothing, which is what it wants.
    async fn send_delete(&self, delete: &Delete) -> Result<(), Failure> {
        let delete = delete.clone();
        let answer = self
            .client
            .delete_item()
            .table_name(delete.table_name)
            .set_key(Some(delete.key))
            .set_condition_expression(delete.condition_expression)
            .set_expression_attribute_values(delete.expression_attribute_values)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::TransactionConflictException(_)) => Err(Failure::Collided),
                _ => Err(self.final_error("DeleteItem", &error)),
            },
        }
    }

    /// The token makes a transaction that is sent again within ten minutes take effect once.
    async fn send_transaction(
        &self,
        write_id: &str,
        operations: &[TransactWriteItem],
    ) -> Result<(), Failure> {
        let answer = self
            .client
            .transact_write_items()
            .client_request_token(write_id)
            .set_transact_items(Some(operations.to_vec()))
            .send()
            .await;
        match answer {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(exception)) => {
                    let codes: Vec<&str> = exception
                        .cancellation_reasons()
                        .iter()
                        .filter_map(CancellationReason::code)
                        .collect();
                    Err(cancelled(&self.table_name, &codes))
                }
                _ => Err(self.final_error("TransactWriteItems", &error)),
            },
        }
    }

    fn final_error<E: ProvideErrorMetadata>(
        &self,
        action: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> Failure {
        Failure::Final(self.table_error(action, error))
    }
}

/// Why a transaction was cancelled; DynamoDB gives one code for each of its operations, `None` where that one was fine.
fn cancelled(table: &str, codes: &[&str]) -> Failure {
    let any = |code: &str| codes.contains(&code);
    if any("ValidationError") || any("ItemCollectionSizeLimitExceeded") {
        Failure::Final(refused(table, "TransactWriteItems", "ValidationError"))
    } else if any("ConditionalCheckFailed") {
        Failure::Final(TableError::Conflict)
    } else if any("TransactionConflict") {
        Failure::Collided
    } else {
        Failure::Final(TableError::Unavailable(format!(
            "dynamodb:TransactWriteItems on the table {table}: cancelled, probably by throttling"
        )))
    }
}

/// A write that the SDK sent again after a lost answer finds its own work in the way.
fn ours_or_conflict(
    failed: &ConditionalCheckFailedException,
    write_id: &str,
) -> Result<(), Failure> {
    if failed
        .item()
        .is_some_and(|item| encoding::is_written_by(item, write_id))
    {
        Ok(())
    } else {
        Err(Failure::Final(TableError::Conflict))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_transaction_is_judged_by_its_gravest_reason() {
        let table = "contacts";
        for (codes, expected) in [
            (
                &["None", "ValidationError", "ConditionalCheckFailed"][..],
                "refused",
            ),
            (
                &["None", "ConditionalCheckFailed", "TransactionConflict"],
                "conflict",
            ),
            (&["TransactionConflict", "ThrottlingError"], "collided"),
            (&["ProvisionedThroughputExceeded", "None"], "unavailable"),
            (&["ThrottlingError"], "unavailable"),
            (&[], "unavailable"),
        ] {
            let found = match cancelled(table, codes) {
                Failure::Collided => "collided",
                Failure::Final(TableError::Conflict) => "conflict",
                Failure::Final(TableError::Refused(_)) => "refused",
                Failure::Final(TableError::Unavailable(_)) => "unavailable",
            };
            assert_eq!(found, expected, "{codes:?}");
        }
    }
}
