//! The rules as tables: one test for each table of the specification, one line for each of its
//! rows.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test stops at the first thing that is not as it should be"
)]

mod account_reference;
mod carry_over;
mod changes;
mod codes;
mod digest;
mod group_fault;
mod growth;
mod in_doubt;
mod likeness;
mod limits;
mod linked;
mod manual_match;
mod matching;
mod merges;
mod missing;
mod note;
mod participation;
mod problems;
mod refused;
mod report_order;
mod report_words;
mod reservations;
mod retry;
mod settings;
mod short_code;
mod shown_differences;
mod subject;
mod support;
mod switch;
mod text;
mod uk_time;
mod writes;
