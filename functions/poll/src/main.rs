//! The Lambda function `poll`.

use std::process::ExitCode;

use lambda_runtime::LambdaEvent;
use poll::{Mode, Poller, asked_by};
use runtime::{Services, function, telemetry};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start_tracing();
    let poller = &match Services::from_environment().await {
        Ok(services) => Poller::new(services.with_sns()),
        Err(error) => return function::cannot_start("poll", &error).await,
    };
    let poll = |event: LambdaEvent<Value>| async move {
        let event = &event.payload;
        poller.poll(Mode::from_event(event), asked_by(event)).await
    };
    function::serve("poll", poll).await
}
