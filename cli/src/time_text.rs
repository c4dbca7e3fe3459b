//! Times as people read them.

use runtime::{in_london, london_moment};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

const FOR_SPREADSHEET: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");

/// A moment as a clock in London shows it, such as `24 Nov 2026 19:10 GMT`.
#[must_use]
pub fn moment(at: OffsetDateTime) -> String {
    london_moment(at)
}

/// A moment as a clock in London shows it, to the second and in a form that every spreadsheet takes
/// for a time, such as `2026-11-24 19:10:05`.
#[must_use]
pub fn for_spreadsheet(at: OffsetDateTime) -> String {
    let local = in_london(at);
    local
        .format(FOR_SPREADSHEET)
        .unwrap_or_else(|_| local.to_string())
}

/// A moment for other programs.
#[must_use]
pub fn rfc3339(at: OffsetDateTime) -> String {
    at.to_offset(UtcOffset::UTC)
        .format(&Rfc3339)
        .unwrap_or_else(|_| at.to_string())
}

/// How long ago or ahead, in the largest unit that fits, such as `3 minutes`.
#[must_use]
pub fn span(span: Duration) -> String {
    let seconds = span.whole_seconds().unsigned_abs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..5_400 => ((seconds + 30) / 60, "minute"),
        5_400..129_600 => ((seconds + 1_800) / 3_600, "hour"),
        _ => ((seconds + 43_200) / 86_400, "day"),
    };
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_span_is_told_in_the_largest_unit_that_fits() {
        for (seconds, told) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (-59, "59 seconds"),
            (60, "1 minute"),
            (89, "1 minute"),
            (90, "2 minutes"),
            (5_399, "90 minutes"),
            (5_400, "2 hours"),
            (129_599, "36 hours"),
            (129_600, "2 days"),
        ] {
            assert_eq!(span(Duration::seconds(seconds)), told);
        }
    }

    #[test]
    fn a_moment_is_told_as_london_has_it() {
        for (at, told) in [
            (datetime!(2026-11-24 19:10 UTC), "24 Nov 2026 19:10 GMT"),
            (datetime!(2026-03-29 00:59 UTC), "29 Mar 2026 00:59 GMT"),
            (datetime!(2026-03-29 01:00 UTC), "29 Mar 2026 02:00 BST"),
            (datetime!(2026-06-30 23:05 UTC), "1 Jul 2026 00:05 BST"),
            (datetime!(2026-10-25 00:59 UTC), "25 Oct 2026 01:59 BST"),
            (datetime!(2026-10-25 01:00 UTC), "25 Oct 2026 01:00 GMT"),
        ] {
            assert_eq!(moment(at), told);
        }
    }

    #[test]
    fn a_spreadsheet_gets_seconds_and_londons_time() {
        for (at, told) in [
            (datetime!(2026-11-24 19:10:05 UTC), "2026-11-24 19:10:05"),
            (datetime!(2026-07-01 09:05:59.9 UTC), "2026-07-01 10:05:59"),
        ] {
            assert_eq!(for_spreadsheet(at), told);
        }
    }
}
