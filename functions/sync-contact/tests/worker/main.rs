//! The worker as a whole, over a fake BigChange, a fake Xero and an in-memory store.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test that cannot be set up has failed; one prints what it measured"
)]

mod access;
mod arbitrary;
mod batch_conflicts;
mod calls;
mod codes;
mod crashes;
mod creating;
mod cures;
mod dead_letters;
mod duplicates;
mod every_cure;
mod history;
mod hostile;
mod in_doubt;
mod linking;
mod lookups;
mod manual_match;
mod messages;
mod missing_keys;
mod network;

mod newer;
mod news;
mod pauses;
mod privacy;
mod problems;
mod stores;
mod switch;
mod trouble;
mod true_links;
mod unchanged;
mod unknown;
mod unread_groups;
mod world;
