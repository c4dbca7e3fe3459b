//! Polls over a store, a vault and a queue in memory, a fake BigChange and a fake Xero.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod changes;
mod deferred;
mod digest;
mod group_faults;
mod hostile;
mod look;
mod notes;
mod overlapping;
mod privacy;
mod stopping;
mod sweep;
mod switch;
mod world;
