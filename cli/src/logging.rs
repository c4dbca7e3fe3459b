//! What the functions' code logs.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// This project's own code. The SDK and the HTTP stack stay quiet: their lines hold requests.
const OWN: [&str; 9] = [
    "contact_sync",
    "sync_contact",
    "poll",
    "refresh_token",
    "runtime",
    "bigchange",
    "xero",
    "store",
    "secrets",
];

/// Logs to standard error, if that was asked for: what matters of it is told by the command anyway.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => Level::INFO,
        _ => Level::DEBUG,
    };
    let own: Targets = OWN.into_iter().map(|target| (target, level)).collect();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time();
    tracing_subscriber::registry().with(own).with(lines).init();
}
