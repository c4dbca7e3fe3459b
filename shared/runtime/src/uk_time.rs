//! Moments as a clock in London shows them. The rule is [`UkTime`], which knows no type of a clock.

use rules::UkTime;
use time::{OffsetDateTime, UtcOffset};

/// How far London is ahead of UTC at a moment.
#[must_use]
pub fn london_offset(at: OffsetDateTime) -> UtcOffset {
    let hours = UkTime::at(at.unix_timestamp()).hours_ahead();
    UtcOffset::from_hms(hours, 0, 0).unwrap_or(UtcOffset::UTC)
}

/// A moment in the time that London keeps then: its day, its hour and its minute.
#[must_use]
pub fn in_london(at: OffsetDateTime) -> OffsetDateTime {
    let offset = london_offset(at);
    at.checked_to_offset(offset).unwrap_or(at)
}

/// What London calls its time at a moment: `GMT` or `BST`.
#[must_use]
pub fn london_zone(at: OffsetDateTime) -> &'static str {
    UkTime::at(at.unix_timestamp()).name()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_minute_before_and_after_each_clock_change() {
        for (utc, hours, zone, london) in [
            (datetime!(2026-03-29 00:59 UTC), 0, "GMT", (29, 0, 59)),
            (datetime!(2026-03-29 01:00 UTC), 1, "BST", (29, 2, 0)),
            (datetime!(2026-10-25 00:59 UTC), 1, "BST", (25, 1, 59)),
            (datetime!(2026-10-25 01:00 UTC), 0, "GMT", (25, 1, 0)),
            (datetime!(2027-03-28 00:59 UTC), 0, "GMT", (28, 0, 59)),
            (datetime!(2027-03-28 01:00 UTC), 1, "BST", (28, 2, 0)),
            (datetime!(2027-10-31 00:59 UTC), 1, "BST", (31, 1, 59)),
            (datetime!(2027-10-31 01:00 UTC), 0, "GMT", (31, 1, 0)),
            // Whatever offset it is given in, and past midnight in summer.
            (datetime!(2026-06-30 18:30 -5), 1, "BST", (1, 0, 30)),
        ] {
            assert_eq!(london_offset(utc).whole_hours(), hours, "{utc}");
            assert_eq!(london_zone(utc), zone, "{utc}");
            let shown = in_london(utc);
            assert_eq!((shown.day(), shown.hour(), shown.minute()), london, "{utc}");
            assert_eq!(shown, utc, "the same moment");
        }
    }
}
