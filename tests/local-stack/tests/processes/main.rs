//! Whole processes under faults: the functions' own binaries against the local stack, killed at each of their outgoing calls, with answers lost, two at once, and
//! under Xero's real limits. `cargo test --locked -p local-stack --test processes` runs them alone; `make build` builds the binaries.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a scenario that cannot go on has failed"
)]

mod faults;
mod limits;
mod poll;
mod population;
mod refresh_token;
mod state;
mod sync_contact;
mod two_workers;
mod world;
