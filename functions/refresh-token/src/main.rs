//! The Lambda function `refresh-token`.

use std::process::ExitCode;

use lambda_runtime::LambdaEvent;
use refresh_token::{Services, refresh};
use runtime::{function, telemetry};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start_tracing();
    let services = &match Services::from_environment().await {
        Ok(services) => services,
        Err(error) => return function::cannot_start("refresh-token", &error).await,
    };
    // What the event says does not matter: the secret says what is due.
    let run = |_: LambdaEvent<Value>| refresh(services);
    function::serve("refresh-token", run).await
}
