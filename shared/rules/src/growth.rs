//! Whether held contacts pile up, so that somebody has to look.

use serde::{Deserialize, Serialize};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// So many more than a day ago are too many.
const MORE: usize = 10;
/// Nobody looks at a contact that has been held for longer than this.
const TOO_LONG: i64 = 7 * DAY;

/// How many contacts were held at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCount {
    /// When, in seconds since 1970.
    pub at_unix_seconds: i64,
    /// So many.
    pub open: usize,
}

/// The counts with today's, where one is due: they are taken once an hour, and kept until another
/// one is a day old, too. `None` where none is due yet.
#[must_use]
pub fn counted(counts: &[OpenCount], now: OpenCount) -> Option<Vec<OpenCount>> {
    let at = now.at_unix_seconds;
    // One from the future comes from a clock that was wrong.
    let past = counts.iter().filter(|count| count.at_unix_seconds <= at);
    let mut kept: Vec<_> = past.copied().collect();
    if kept
        .last()
        .is_some_and(|last| at - last.at_unix_seconds < HOUR)
    {
        return None;
    }
    let a_day_old = |count: &OpenCount| count.at_unix_seconds <= at - DAY;
    let outdated = kept.iter().filter(|count| a_day_old(count)).count();
    kept.drain(..outdated.saturating_sub(1));
    kept.push(now);
    Some(kept)
}

/// Whether contacts pile up: ten more are held than 24 hours ago, or one has been held for more
/// than seven days. Without a count of that time only the latter is known.
#[must_use]
pub fn problems_grow(
    counts: &[OpenCount],
    now: OpenCount,
    oldest_unix_seconds: Option<i64>,
) -> bool {
    let at = now.at_unix_seconds;
    let a_day_ago = counts
        .iter()
        .rev()
        .find(|count| count.at_unix_seconds <= at - DAY);
    let grow = a_day_ago.is_some_and(|before| now.open >= before.open + MORE);
    grow || oldest_unix_seconds.is_some_and(|oldest| at - oldest > TOO_LONG)
}
