//! Xero's limits: which calls are left to others, and how long Xero is left alone.

use std::time::Duration;

use rules::{CallsLeft, Limit, LimitPolicy, PauseReason};

const POLICY: LimitPolicy = LimitPolicy::STANDARD;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn the_last_calls_of_a_minute_and_of_a_day_are_left_to_others() {
    use PauseReason::{DayKeptForPeople, MinuteUsedUp};
    let rows = [
        // left this minute, this day, ever on one day, pause
        (None,               None,       0,             None),
        (Some(4),            Some(101),  5_000,         None),
        (Some(3),            Some(101),  5_000,         Some((seconds(60), MinuteUsedUp))),
        (Some(0),            None,       5_000,         Some((seconds(60), MinuteUsedUp))),
        (Some(60),           Some(100),  5_000,         Some((seconds(3_600), DayKeptForPeople(100)))),
        (Some(0),            Some(0),    5_000,         Some((seconds(3_600), DayKeptForPeople(0)))),
        (Some(60),           Some(100),  1_001,         Some((seconds(3_600), DayKeptForPeople(100)))),
        (Some(60),           Some(100),  1_000,         None),
        (Some(60),           Some(21),   1_000,         None),
        (Some(60),           Some(20),   1_000,         Some((seconds(3_600), DayKeptForPeople(20)))),
    ];
    for (minute, day, at_least, expected) in rows {
        let pause = POLICY.pause_after(CallsLeft { minute, day }, at_least);
        assert_eq!(pause, expected, "{minute:?}, {day:?} of {at_least}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn the_whole_list_is_read_for_a_comparison_while_30_percent_of_the_day_are_left() {
    let rows = [
        // left this day, ever on one day, compared
        (None,        0,      true),
        (Some(300),   0,      true),
        (Some(299),   1_000,  false),
        (Some(1_500), 1_001,  true),
        (Some(1_499), 5_000,  false),
        (Some(3_000), 10_000, true),
        (Some(2_999), 10_000, false),
    ];
    for (day, at_least, expected) in rows {
        let left = CallsLeft { minute: Some(60), day };
        assert_eq!(POLICY.may_compare(left, at_least), expected, "{day:?} of {at_least}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn xero_is_left_alone_for_as_long_as_it_asks_but_never_for_more_than_a_day() {
    let rows = [
        (Limit::Concurrent, None,          10),
        (Limit::Minute,     None,          60),
        (Limit::Unnamed,    None,          60),
        (Limit::Day,        None,          3_600),
        (Limit::Minute,     Some(7),       7),
        (Limit::Day,        Some(80_000),  80_000),
        (Limit::Day,        Some(100_000), 86_400),
    ];
    for (limit, asked, expected) in rows {
        let pause = POLICY.pause_after_limit(limit, asked.map(seconds));
        assert_eq!(pause, seconds(expected), "{limit:?}, {asked:?}");
    }
    for (asked, expected) in [(None, 30), (Some(5), 5), (Some(100_000), 86_400)] {
        assert_eq!(POLICY.pause_after_outage(asked.map(seconds)), seconds(expected), "{asked:?}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_stored_pause_is_kept_unless_it_is_longer_than_any_that_is_stored() {
    let (day, skew) = (86_400, 240);
    let rows = [
        (None,                 true),
        (Some(0),              true),
        (Some(1),              false),
        (Some(day + skew),     false),
        (Some(day + skew + 1), true),
    ];
    for (left, may_call) in rows {
        assert_eq!(POLICY.may_call(left.map(seconds), seconds(skew)), may_call, "{left:?}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn an_answer_with_more_than_a_thousand_calls_left_shows_the_larger_tier() {
    let rows = [
        (None,        0,     false),
        (Some(1_000), 0,     false),
        (Some(1_001), 0,     true),
        (Some(1_001), 1_000, true),
        (Some(4_900), 1_001, false),
    ];
    for (day, at_least, shows) in rows {
        let left = CallsLeft { minute: None, day };
        assert_eq!(POLICY.shows_a_larger_tier(left, at_least), shows, "{day:?}, {at_least}");
    }
}
