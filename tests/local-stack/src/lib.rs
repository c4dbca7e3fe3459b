//! The whole bundle on one machine: the project's own template, deployed to a process that stands in for AWS and runs the functions' own binaries, with a
//! fake BigChange and a fake Xero beside it that hold a sample company.
//!
//! The sample company declares for each contact which row of the rules it shows and what is expected of it, so that the demo and the scenarios check it.

pub mod company;
pub mod gate;
mod ministack;
pub mod observed;
pub mod play;
mod process;
pub mod report;
mod runtime_api;
mod stack;

pub use ministack::{Ministack, project};
pub use observed::{Observed, Outcome, mismatches, observe};
pub use process::{Ended, Memory, Process};
pub use stack::{Calls, Function, LocalStack, Outputs, Remembered, Setup};
