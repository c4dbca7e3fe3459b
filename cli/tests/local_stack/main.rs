//! The operator's tool, as it is built, against the deployed bundle on the local stack and the two fakes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod connecting;
mod disconnecting;
mod harness;
mod looking;
mod mistakes;
mod reports;
mod telling;
#[cfg(target_os = "linux")] // `script` takes other arguments elsewhere
mod terminal;
mod terminal_output;
mod write_commands;
