//! When held contacts pile up.

use rules::{OpenCount, counted, problems_grow};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;

fn count(at_unix_seconds: i64, open: usize) -> OpenCount {
    OpenCount {
        at_unix_seconds,
        open,
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn ten_more_than_a_day_ago_or_one_for_more_than_a_week_are_too_many() {
    let now = 100 * DAY;
    let rows: [(&[OpenCount], usize, Option<i64>, bool); 9] = [
        // counts before                                   open  the oldest since      they grow
        (&[],                                              900,  None,                 false), // no count of a day ago
        (&[count(now - DAY, 5)],                           14,   None,                 false),
        (&[count(now - DAY, 5)],                           15,   None,                 true),
        (&[count(now - DAY + 1, 5)],                       15,   None,                 false), // not a day old yet
        (&[count(now - 3 * DAY, 0), count(now - DAY, 9)],  15,   None,                 false), // the newest that is a day old
        (&[count(now - DAY, 5), count(now - HOUR, 15)],    15,   None,                 true),
        (&[count(now - DAY, 50)],                          3,    Some(now - 7 * DAY),  false),
        (&[count(now - DAY, 50)],                          3,    Some(now - 7 * DAY - 1), true),
        (&[],                                              1,    Some(now - 8 * DAY),  true),
    ];
    for (counts, open, oldest, expected) in rows {
        assert_eq!(problems_grow(counts, count(now, open), oldest), expected, "{counts:?}, {open}, {oldest:?}");
    }
}

#[test]
fn a_count_is_taken_once_an_hour_and_kept_until_another_is_a_day_old() {
    let mut counts = Vec::new();
    for minute in 0..4 * 24 * 60 {
        let now = count(minute * 60, 1);
        if let Some(next) = counted(&counts, now) {
            counts = next;
        }
        assert!(counts.len() <= 26, "{}", counts.len());
    }
    let last = counts.last().unwrap().at_unix_seconds;
    assert_eq!(last, (4 * 24 - 1) * HOUR);
    assert_eq!(counts[0].at_unix_seconds, last - DAY);
    // One from the future does not stop the counting.
    let ahead = [count(9 * DAY, 1)];
    assert_eq!(counted(&ahead, count(DAY, 2)), Some(vec![count(DAY, 2)]));
}
