//! Scenarios of the whole bundle: the project's own template and binaries on the local stack, between a fake BigChange and a fake Xero.
//!
//! Each brings up a stack of its own, on ports of its own. They need what `make test` prepares: the Python tools and the functions' binaries.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a scenario that cannot go on has failed"
)]

mod hostile;
mod privacy;
mod runtime_emulator;
mod sample_company;
mod schedules;
