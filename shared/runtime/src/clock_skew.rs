//! How far clocks may be wrong: the margins for it, in one place.
//!
//! Lambda keeps its machines' clocks within milliseconds. The margins are wide because a person's
//! own machine, on which `contact-sync` runs, does not.

use time::Duration;

/// How far one clock may be off, either way.
pub const ONE_CLOCK: Duration = Duration::minutes(2);
/// How far two clocks may differ that are each up to [`ONE_CLOCK`] off.
pub const TWO_CLOCKS: Duration = Duration::minutes(4);
