//! Logs and metrics. A log line names a contact by its id, never by its name; a metric is a log
//! line too, in CloudWatch's embedded metric format, so that no permission and no call is needed
//! for it.

use std::io::Write as _;

use time::OffsetDateTime;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The namespace of all metrics.
const NAMESPACE: &str = "ContactSync";
/// The level of logging where nothing else is asked for.
const DEFAULT_LEVEL: &str = "info";
const QUIET: &str =
    "aws_smithy_runtime=warn,aws_sdk_dynamodb=warn,hyper=warn,reqwest=warn,h2=warn,rustls=warn";

/// What the template's alarms watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Work met a connection to Xero that is dead.
    ConnectionDead,
    /// The stored token belongs to another organisation than the one that was confirmed.
    OrganisationChanged,
    /// BigChange does not let this program in.
    BigChangeAuthLost,
    /// Xero refuses the app itself: its client id and secret, or its scopes.
    XeroAppRefused,
    /// A contact group of BigChange has not been read for a day, while others were.
    ContactGroupNotRead,
    /// The token was found or made fresh.
    TokenFresh,
    /// BigChange left the same field out of every contact of a batch.
    BigChangeLeavesOut,
    /// A poll queued everything that was due.
    PollSucceeded,
    /// A contact is held because Xero does not say whether it has it.
    XeroRefusesLookups,
    /// Ten more contacts are held than a day ago, or one has been held for more than seven days.
    ProblemsGrowing,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::ConnectionDead => "ConnectionDead",
            Self::OrganisationChanged => "OrganisationChanged",
            Self::BigChangeAuthLost => "BigChangeAuthLost",
            Self::XeroAppRefused => "XeroAppRefused",
            Self::ContactGroupNotRead => "ContactGroupNotRead",
            Self::TokenFresh => "TokenFresh",
            Self::BigChangeLeavesOut => "BigChangeLeavesOut",
            Self::PollSucceeded => "PollSucceeded",
            Self::XeroRefusesLookups => "XeroRefusesLookups",
            Self::ProblemsGrowing => "ProblemsGrowing",
        }
    }
}

/// Starts JSON logging to standard output. `LOG_LEVEL` may name a level, or levels by target
/// (`warn,poll=debug`); the default is `info`.
pub fn start_tracing() {
    let wanted = std::env::var("LOG_LEVEL").unwrap_or_else(|_| DEFAULT_LEVEL.to_owned());
    // The SDK and the HTTP stack stay quiet: their debug lines hold requests.
    let filter = |level: &str| format!("{level},{QUIET}").parse::<Targets>();
    let filter = filter(&wanted).or_else(|_| filter(DEFAULT_LEVEL));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .with_current_span(false)
        .with_span_list(false)
        .with_ansi(false);
    // A second subscriber is refused; the first one stays, which is what a test wants.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter.unwrap_or_default()))
        .try_init();
    log_panics();
}

/// Logs a panic by its place in the source alone: its text could quote a value of a contact.
pub fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(
            place,
            "the program panicked; that is a fault of the program, please report it"
        );
    }));
}

/// Counts one occurrence of `metric`, for the stack that this function belongs to.
pub(crate) fn count(metric: Metric, now: OffsetDateTime) {
    let line = metric_line(
        metric,
        now,
        &std::env::var("STACK_NAME").unwrap_or_default(),
    );
    // There is nobody left to tell when standard output is gone.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn metric_line(metric: Metric, now: OffsetDateTime, stack: &str) -> serde_json::Value {
    let milliseconds = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    serde_json::json!({
        "_aws": {
            "Timestamp": milliseconds,
            "CloudWatchMetrics": [{ "Namespace": NAMESPACE, "Dimensions": [["Stack"]], "Metrics": [{ "Name": metric.name(), "Unit": "Count" }] }],
        },
        "Stack": stack,
        metric.name(): 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_one_line_that_names_itself_and_its_stack() {
        let line = metric_line(
            Metric::TokenFresh,
            OffsetDateTime::UNIX_EPOCH,
            "contact-sync",
        );
        assert_eq!(line["TokenFresh"], 1);
        assert_eq!(line["Stack"], "contact-sync");
        assert_eq!(
            line["_aws"]["CloudWatchMetrics"][0]["Namespace"],
            "ContactSync"
        );
        assert_eq!(line["_aws"]["Timestamp"], 0);
    }
}
