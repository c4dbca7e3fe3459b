//! When a held contact is tried again.

use crate::{Fingerprint, Problem};

/// A contact that is held, as it was when it was held and as it is now.
#[derive(Debug, Clone, Copy)]
pub struct HeldContact<'a> {
    /// What it is held for.
    pub problem: &'a Problem,
    /// The contact and the settings, as they were when it was held.
    pub held_as: &'a Fingerprint,
    /// The contact and the settings, as they are now.
    pub now: &'a Fingerprint,
    /// Whether somebody asked for another try, or something that it waits for has changed.
    pub is_asked_for: bool,
    /// Whether an earlier attempt to write it is still in doubt.
    pub is_in_doubt: bool,
}

/// Whether a held contact stays held without another look at Xero: each look costs a call, and
/// would bring the same. A problem that does not depend on Xero is decided anew every time, at no
/// cost.
#[must_use]
pub fn stays_held(held: &HeldContact<'_>) -> bool {
    held.problem.depends_on_xero()
        && !held.is_asked_for
        && !held.is_in_doubt
        && held.held_as == held.now
}
