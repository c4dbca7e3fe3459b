//! The Lambda function `refresh-token`.

use std::process::ExitCode;

use lambda_runtime::LambdaEvent;
use refresh_token::{Parts, refresh};
use runtime::{function, telemetry};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start_tracing();
    let parts = &match Parts::from_environment().await {
        Ok(parts) => parts,
        Err(error) => return function::cannot_start("refresh-token", &error).await,
    };
    // What the event says does not matter: the secret says what is due.
    let run = |_: LambdaEvent<Value>| refresh(parts);
    function::serve("refresh-token", run).await
}
