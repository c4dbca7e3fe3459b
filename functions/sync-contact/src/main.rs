//! The Lambda function `sync-contact`.

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use runtime::{Parts, telemetry};
use serde_json::Value;
use sync_contact::Worker;
use time::OffsetDateTime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::start_tracing();
    let parts = Parts::from_environment()
        .await
        .inspect_err(|error| tracing::error!("sync-contact cannot start: {error}"))?;
    let worker = &Worker::new(parts);
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| async move {
        let deadline = OffsetDateTime::from(event.context.deadline());
        let response = sync_contact::handle(worker, &event.payload, deadline).await;
        response.map_err(|error| Diagnostic {
            error_type: "NothingCouldBeWorked".to_owned(),
            error_message: error.to_string(),
        })
    }))
    .await
}
