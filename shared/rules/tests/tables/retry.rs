//! When a contact that failed is tried again, and when it is given up.

use std::time::Duration;

use rules::{PutOff, Retry, RetryPolicy, Trouble};

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

const DAY: u64 = 24 * 60;

#[test]
#[rustfmt::skip] // a table: one row, one line
fn each_wait_is_twice_as_long_as_the_one_before_up_to_an_hour() {
    use Trouble::{Outage, StrangeAnswer};
    let rows = [
        // what failed, how often before, since, asked for,      what follows
        (StrangeAnswer,  0,               0,     None,           Retry::After(minutes(1))),
        (StrangeAnswer,  1,               1,     None,           Retry::After(minutes(2))),
        (StrangeAnswer,  5,               31,    None,           Retry::After(minutes(32))),
        (StrangeAnswer,  6,               63,    None,           Retry::After(minutes(60))),
        (StrangeAnswer,  8,               183,   None,           Retry::After(minutes(60))),
        (Outage,         0,               0,     Some(20),       Retry::After(minutes(20))),
        (Outage,         6,               63,    Some(20),       Retry::After(minutes(60))),
        (Outage,         6,               63,    Some(90),       Retry::After(minutes(90))),
        (Outage,         u32::MAX,        60,    None,           Retry::After(minutes(60))),
    ];
    for (trouble, attempts, waited, at_least, expected) in rows {
        let put_off = PutOff { attempts, waited: minutes(waited) };
        let next = RetryPolicy::STANDARD.next(trouble, put_off, at_least.map(minutes));
        assert_eq!(next, expected, "{trouble:?}, {attempts} times in {waited} minutes, {at_least:?}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_strange_answer_is_given_up_after_nine_times_and_an_outage_after_a_day() {
    use Trouble::{Outage, StrangeAnswer};
    let rows = [
        (StrangeAnswer, 8, DAY,     false),
        (StrangeAnswer, 9, 0,       true),
        (Outage,        9, DAY - 1, false),
        (Outage,        9, DAY,     true),
        (Outage,        8, DAY,     false),
    ];
    for (trouble, attempts, waited, given_up) in rows {
        let put_off = PutOff { attempts, waited: minutes(waited) };
        let next = RetryPolicy::STANDARD.next(trouble, put_off, None);
        assert_eq!(next == Retry::GiveUp, given_up, "{trouble:?}, {attempts} times in {waited} minutes");
    }
}

#[test]
fn who_waits_for_what_concerns_many_waits_half_as_long_as_it_has_waited() {
    for (waited, wait) in [(0, 1), (1, 1), (2, 1), (30, 15), (120, 60), (DAY, 60)] {
        let next = RetryPolicy::STANDARD.wait_with_others(minutes(waited));
        assert_eq!(next, minutes(wait), "after {waited} minutes");
    }
}
