//! Brings the contacts of one batch in line: reads the truth again (BigChange, the store, Xero),
//! decides with [`rules`], writes what was decided, and records how each contact ended.
//!
//! ```text
//! event ─▶ batch ─▶ pipeline ─▶ load ─▶ references ─▶ find ─▶ codes ─▶ plan ─▶ begin ─▶ target_writes ─▶ source_writes
//!                          └──▶ commit ◀── how each contact ends, from whichever stage
//! ```
//!
//! [`event`] reads the messages and answers which of them failed. [`mod@model`] has the values that
//! pass between the stages. The target is Xero, to which the entries are carried; the source is
//! BigChange, where people make them.

mod announce;
mod batch;
mod begin;
mod codes;
mod commit;
mod context;
pub mod directory;
mod directory_reads;
pub mod dry_run;
mod dry_writes;
mod endings;
pub mod event;
mod find;
mod follow;
mod history;
mod intents;
mod kept_directory;
mod load;
pub mod model;
mod pipeline;
mod plan;
mod queries;
mod references;
mod refusals;
mod source_writes;
mod target_writes;
mod wake;
mod worker;

pub use event::{Response, handle};
pub use worker::{Observer, Worker};
