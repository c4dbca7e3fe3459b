//! The client against prepared answers: one test program, so that it links once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod arbitrary;
mod errors;
mod identity;
mod organisation;
mod reads;
mod results;
mod revocation;
mod support;
mod writes;
