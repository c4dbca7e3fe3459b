//! What a poll came to.

use serde::Serialize;

/// What a poll came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Report {
    /// It queued everything that was due.
    Done(Queued),
    /// Another poll was at work. A full sweep that was asked for is left to the next one.
    AnotherIsAtIt,
    /// The switch is off: nothing was polled, and only what a person had asked for and was put off
    /// is queued.
    SwitchedOff {
        /// How many contacts that is.
        deferred: usize,
    },
    /// Nobody has connected Xero, or BigChange, yet: there is nothing to do.
    NotConnectedYet,
    /// The connection is to another organisation than the confirmed one: nothing was done.
    OrganisationChanged,
}

/// How many contacts a poll queued, and why. One may be counted under more than one heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Queued {
    /// Whether it was a full sweep.
    pub full_sweep: bool,
    /// Those that were put off and were due.
    pub deferred: usize,
    /// Those that BigChange listed, those that had just been queued and were left alone among them.
    pub listed: usize,
    /// Those whose problem was touched by a change in Xero.
    pub touched_in_xero: usize,
    /// All but the deferred ones, each counted once.
    pub queued: usize,
    /// The contact groups that could not be read, or not as a whole, and that the others went on
    /// without.
    pub groups_not_read: usize,
}
