//! The AWS clients: built once a process, over one TLS stack.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one attempt at a call may take; the slowest, a full page of a query, takes well under a
/// second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(20);

/// Credentials, region and endpoint from the environment, where Lambda (and `sam local invoke`)
/// puts them, with `ring` for TLS: aws-lc would cost a start 30 ms and more. The SDK's usual chain
/// would look for files and other services at each start, and bring in their clients.
#[must_use]
pub fn aws_config() -> SdkConfig {
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let http = Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let credentials = EnvironmentVariableCredentialsProvider::new();
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard())
        .http_client(http)
        .timeout_config(timeouts);
    let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    config.set_region(region.map(Region::new));
    config.set_endpoint_url(variable("AWS_ENDPOINT_URL"));
    config.build()
}
