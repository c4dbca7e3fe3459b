//! The token refresh against a fake Xero, a vault and a table in memory, and a clock that the tests
//! set.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

mod disconnected;
mod faults;
mod people;
mod privacy;
mod quiet;
mod world;
