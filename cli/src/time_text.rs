//! Times as people read them.

use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute]");

/// A moment in UTC, as everything in this deployment is, such as `24 November 2026, 19:10 UTC`.
#[must_use]
pub fn moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    at.format(MOMENT)
        .map_or_else(|_| at.to_string(), |text| format!("{text} UTC"))
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
    fn a_moment_has_its_date_and_zone() {
        let at = OffsetDateTime::from_unix_timestamp(1_795_547_400).map(moment);
        assert_eq!(at.as_deref(), Ok("24 November 2026, 19:10 UTC"));
    }
}
