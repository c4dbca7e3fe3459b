//! A seeded simulation of the whole bundle.
//!
//! The real code of the three functions (rules, clients, records, token custody) runs over stand-ins in memory of DynamoDB, Secrets Manager, SQS, BigChange and
//! Xero. A scheduler chooses at every outgoing call which invocation goes on and what becomes of the call: done, slow, lost before its effect or after it,
//! effective only after its caller gave up, refused by the server, or the end of its process. Messages come twice and in any order, schedules overlap, clocks
//! differ by up to two minutes either way, and people edit both systems meanwhile. What is promised is checked at every step and once everything is quiet.
//!
//! Everything follows from the seed, so that a run that breaks a promise can be replayed: `cargo run -p simulation -- --seed 42` prints what happened.

mod adapters;
mod calls;
mod check;
mod coverage;
mod gate;
mod invariant;
mod ledger;
mod log;
pub mod many;
mod people;
mod planted;
mod profile;
mod sim;
mod sqs;
mod told;
mod watch;
mod world;
mod xero_view;

pub use coverage::Coverage;
pub use invariant::{Invariant, Violation};
pub use planted::Planted;
pub use sim::{Failure, Success, simulate, simulate_planted};
