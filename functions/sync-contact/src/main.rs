//! The Lambda function `sync-contact`.

use std::process::ExitCode;

use lambda_runtime::LambdaEvent;
use runtime::{Services, function, telemetry};
use serde_json::Value;
use sync_contact::Worker;
use time::OffsetDateTime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    telemetry::start_tracing();
    let worker = &match Services::from_environment().await {
        Ok(services) => Worker::new(services),
        Err(error) => return function::cannot_start("sync-contact", &error).await,
    };
    let handle = |event: LambdaEvent<Value>| async move {
        let deadline = OffsetDateTime::from(event.context.deadline());
        Box::pin(sync_contact::handle(worker, &event.payload, deadline)).await
    };
    function::serve("sync-contact", handle).await
}
