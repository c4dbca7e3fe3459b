//! The Lambda function `poll`.

use std::process::ExitCode;

use lambda_runtime::{LambdaEvent, service_fn};
use poll::{Mode, Poller, Report, asked_by};
use runtime::{Parts, telemetry};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start_tracing();
    let poller = match Parts::from_environment().await {
        Ok(parts) => Poller::new(parts),
        Err(error) => {
            tracing::error!("poll cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let poller = &poller;
    let handler = service_fn(|event: LambdaEvent<Value>| handle(poller, event));
    match lambda_runtime::run(handler).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("poll has no connection to Lambda any more: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The runtime logs an error once, by its debug form; a text's is plain.
async fn handle(poller: &Poller, event: LambdaEvent<Value>) -> Result<Report, String> {
    let event = &event.payload;
    let report = poller.poll(Mode::from_event(event), asked_by(event)).await;
    report.map_err(|error| error.to_string())
}
