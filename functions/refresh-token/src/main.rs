//! The Lambda function `refresh-token`.

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use refresh_token::{Parts, refresh};
use runtime::telemetry;
use serde_json::Value;

/// Returns a code rather than an error, so that what stops it stands in the log once, in words.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start_tracing();
    let parts = &match Parts::from_environment().await {
        Ok(parts) => parts,
        Err(error) => {
            tracing::error!("refresh-token cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    // What the event says does not matter: the secret says what is due.
    let run = lambda_runtime::run(service_fn(|_event: LambdaEvent<Value>| async move {
        refresh(parts).await.map_err(|error| {
            tracing::error!("the Xero token was not refreshed: {error}");
            lambda_runtime::Error::from(error)
        })
    }));
    match run.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("refresh-token stops: {error}");
            ExitCode::FAILURE
        }
    }
}
