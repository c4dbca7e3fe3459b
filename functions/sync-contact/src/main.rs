//! The Lambda function `sync-contact`.

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use runtime::{Parts, telemetry};
use serde_json::Value;
use sync_contact::{Response, Worker};
use time::OffsetDateTime;

/// Returns a code rather than an error, so that what stops it stands in the log once, in words.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start_tracing();
    let worker = &match Parts::from_environment().await {
        Ok(parts) => Worker::new(parts),
        Err(error) => {
            tracing::error!("sync-contact cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let run = lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| {
        handle(worker, event)
    }));
    match run.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("sync-contact has no connection to Lambda any more: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The runtime logs an error once, by its debug form; a text's is plain.
async fn handle(worker: &Worker, event: LambdaEvent<Value>) -> Result<Response, String> {
    let deadline = OffsetDateTime::from(event.context.deadline());
    let response = sync_contact::handle(worker, &event.payload, deadline).await;
    response.map_err(|error| error.to_string())
}
