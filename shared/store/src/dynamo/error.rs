//! What an error of the SDK means for the caller. DynamoDB's own words may quote an item, so only its error code is passed on.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};

use super::connection::Connection;
use crate::TableError;

impl Connection {
    pub(super) fn table_error<E>(
        &self,
        action: &str,
        error: &SdkError<E, HttpResponse>,
    ) -> TableError
    where
        E: ProvideErrorMetadata,
    {
        let table = &self.table_name;
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        let cause = match error {
            SdkError::ConstructionFailure(_) => {
                return TableError::Refused(format!(
                    "dynamodb:{action} on the table {table} could not be built: check the region and the endpoint"
                ));
            }
            SdkError::TimeoutError(_) => "no answer in time",
            SdkError::DispatchFailure(_) => "no connection or no credentials",
            SdkError::ResponseError(_) => "the answer broke off",
            _ => error.code().unwrap_or("an error without a code"),
        };
        match kind(error.code(), status) {
            Kind::Conflict => TableError::Conflict,
            Kind::Unavailable => {
                TableError::Unavailable(format!("dynamodb:{action} on the table {table}: {cause}"))
            }
            Kind::NotAllowed => TableError::Refused(format!(
                "dynamodb:{action} on the table {table} is not allowed ({cause}): give the function's role that permission"
            )),
            Kind::NoTable => TableError::Refused(format!(
                "there is no table {table} in this account and region: check TABLE_NAME"
            )),
            Kind::Refused => refused(table, action, cause),
        }
    }
}

/// What DynamoDB finds wrong with a request itself.
pub(super) fn refused(table: &str, action: &str, cause: &str) -> TableError {
    TableError::Refused(format!(
        "dynamodb:{action} on the table {table}: {cause}. Check that its keys are the texts `pk` and `sk`, and that no item is over 400 KiB"
    ))
}

/// A request that misses something the SDK demands; cannot happen as long as this module sets everything.
pub(super) fn not_built(error: &BuildError) -> TableError {
    TableError::Refused(format!("a request could not be built: {error}"))
}

#[derive(Debug, PartialEq)]
enum Kind {
    Conflict,
    Unavailable,
    NotAllowed,
    NoTable,
    Refused,
}

/// Sorts an error by its code, and where that says nothing, by the status of the answer; without either there was no answer.
fn kind(code: Option<&str>, status: Option<u16>) -> Kind {
    match code {
        Some("ConditionalCheckFailedException") => Kind::Conflict,
        Some("ResourceNotFoundException") => Kind::NoTable,
        Some("AccessDeniedException" | "AccessDenied" | "UnrecognizedClientException") => {
            Kind::NotAllowed
        }
        Some(
            // Expired credentials are renewed by Lambda without anyone's help.
            "ExpiredTokenException"
            | "InternalServerError"
            | "ProvisionedThroughputExceededException"
            | "ReplicatedWriteConflictException"
            | "RequestLimitExceeded"
            | "ServiceUnavailable"
            | "ThrottlingException"
            | "TransactionConflictException"
            | "TransactionInProgressException",
        ) => Kind::Unavailable,
        _ => match status {
            Some(400..=407 | 409..=428 | 430..=499) => Kind::Refused,
            _ => Kind::Unavailable,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn throttling_server_errors_and_lost_answers_are_tried_again_later() {
        for (code, status) in [
            (Some("ThrottlingException"), Some(400)),
            (Some("ProvisionedThroughputExceededException"), Some(400)),
            (Some("TransactionConflictException"), Some(400)),
            (Some("SomethingNew"), Some(500)),
            (None, Some(503)),
            (None, Some(429)),
            (None, Some(200)),
            (None, None),
        ] {
            assert_eq!(kind(code, status), Kind::Unavailable, "{code:?} {status:?}");
        }
    }

    #[test]
    fn what_a_person_must_mend_is_refused() {
        for (code, expected) in [
            ("ValidationException", Kind::Refused),
            ("SomethingNew", Kind::Refused),
            ("AccessDeniedException", Kind::NotAllowed),
            ("ResourceNotFoundException", Kind::NoTable),
        ] {
            assert_eq!(kind(Some(code), Some(400)), expected, "{code}");
        }
    }

    #[test]
    fn a_failed_condition_is_a_conflict() {
        assert_eq!(
            kind(Some("ConditionalCheckFailedException"), Some(400)),
            Kind::Conflict
        );
    }
}
