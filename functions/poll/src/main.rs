//! The Lambda function `poll`.

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use poll::{Mode, Report};
use runtime::{Parts, telemetry};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start_tracing();
    let parts = match Parts::from_environment().await {
        Ok(parts) => parts,
        Err(error) => {
            tracing::error!("poll cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let parts = &parts;
    let handler = service_fn(|event: LambdaEvent<Value>| handle(parts, event));
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("poll has no connection to Lambda any more: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The runtime logs an error once, by its debug form; a text's is plain.
async fn handle(parts: &Parts, event: LambdaEvent<Value>) -> Result<Report, String> {
    let mode = Mode::from_event(&event.payload);
    poll::poll(parts, mode)
        .await
        .map_err(|error| error.to_string())
}
