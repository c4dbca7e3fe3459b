//! Whatever stands in the environment or in the table, reading it ends in a result or in an error
//! that tells nothing private.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot be set up has failed"
)]

mod environment;
mod records;

/// Stands in texts that no error may show.
const MARK: &str = "zqmark";
