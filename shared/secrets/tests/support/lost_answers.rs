//! A client to whom every other answer is lost after the call was carried out, so that it makes each call twice.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_secretsmanager::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_secretsmanager::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_secretsmanager::error::BoxError;

pub(crate) fn that_loses_answers(client: &Client) -> Client {
    let unlimited = RetryPartition::custom("unlimited").token_bucket(TokenBucket::unlimited());
    let config = client
        .config()
        .to_builder()
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(1)))
        .retry_partition(unlimited.build())
        .interceptor(LoseEveryOtherAnswer::default());
    Client::from_conf(config.build())
}

#[derive(Debug, Default)]
struct LoseEveryOtherAnswer {
    answers: AtomicU32,
}

impl Intercept for LoseEveryOtherAnswer {
    fn name(&self) -> &'static str {
        "LoseEveryOtherAnswer"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self
            .answers
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(2)
        {
            *context.response_mut().status_mut() = 503.try_into()?;
        }
        Ok(())
    }
}
