//! The time of day in the United Kingdom, by the rule for its clock changes.

const SECONDS_OF_DAY: i64 = 24 * 60 * 60;
/// The clocks change at this second of a Sunday, in UTC, in spring and in autumn.
const CHANGE: i64 = 60 * 60;
/// From 31 March, and from 31 October, to the next 1 January.
const DAYS_AFTER_31_MARCH: i64 = 276;
const DAYS_AFTER_31_OCTOBER: i64 = 62;
/// From 1 January of the year 0 to 1 January 1970.
const DAYS_BEFORE_1970: i64 = 719_528;

/// Which of its two times the United Kingdom keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UkTime {
    /// Greenwich Mean Time, in winter: the same as UTC.
    Gmt,
    /// British Summer Time: an hour ahead of UTC.
    Bst,
}

impl UkTime {
    /// Which one is kept at a moment, counted in seconds since 1970 in UTC. Summer time begins at
    /// 01:00 UTC on the last Sunday of March and ends at 01:00 UTC on the last Sunday of October,
    /// as in every year since 1996.
    #[must_use]
    pub fn at(unix_seconds: i64) -> Self {
        let day = unix_seconds.div_euclid(SECONDS_OF_DAY);
        let next_year = first_day(year_of(day) + 1);
        let change = |days_after| (sunday_at_or_before(next_year - days_after), CHANGE);
        let summer = change(DAYS_AFTER_31_MARCH)..change(DAYS_AFTER_31_OCTOBER);
        if summer.contains(&(day, unix_seconds.rem_euclid(SECONDS_OF_DAY))) {
            Self::Bst
        } else {
            Self::Gmt
        }
    }

    /// How many hours it is ahead of UTC.
    #[must_use]
    pub fn hours_ahead(self) -> i8 {
        match self {
            Self::Gmt => 0,
            Self::Bst => 1,
        }
    }

    /// Its name, as people write it after a time.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gmt => "GMT",
            Self::Bst => "BST",
        }
    }
}

/// 1 January of a year, in days since 1970.
fn first_day(year: i64) -> i64 {
    let before = year - 1;
    let leap_days = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400) + 1;
    year * 365 + leap_days - DAYS_BEFORE_1970
}

/// The year of a day that is given in days since 1970.
fn year_of(day: i64) -> i64 {
    // 400 years have 146,097 days, so that this is at most a year off.
    let year = (day + DAYS_BEFORE_1970).div_euclid(146_097) * 400
        + (day + DAYS_BEFORE_1970).rem_euclid(146_097) * 400 / 146_097;
    if day < first_day(year) {
        year - 1
    } else if day >= first_day(year + 1) {
        year + 1
    } else {
        year
    }
}

/// The last Sunday up to a day; 1 January 1970 was a Thursday.
fn sunday_at_or_before(day: i64) -> i64 {
    day - (day + 4).rem_euclid(7)
}
