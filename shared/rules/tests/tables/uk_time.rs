//! The clock changes of the United Kingdom.

use rules::UkTime::{self, Bst, Gmt};

/// The second, counted from 1970, at which the hour changes.
const CHANGES: [(&str, i64, UkTime, UkTime); 8] = [
    ("1996-03-31T01:00Z", 828_234_000, Gmt, Bst),
    ("2024-03-31T01:00Z", 1_711_846_800, Gmt, Bst),
    ("2026-03-29T01:00Z", 1_774_746_000, Gmt, Bst),
    ("2026-10-25T01:00Z", 1_792_890_000, Bst, Gmt),
    ("2027-03-28T01:00Z", 1_806_195_600, Gmt, Bst),
    ("2027-10-31T01:00Z", 1_824_944_400, Bst, Gmt),
    ("2028-03-26T01:00Z", 1_837_645_200, Gmt, Bst),
    ("2100-10-31T01:00Z", 4_128_627_600, Bst, Gmt),
];

#[test]
fn the_clocks_change_on_the_last_sundays_of_march_and_october() {
    for (at, second, before, after) in CHANGES {
        for (offset, expected) in [
            (-3_600, before),
            (-60, before),
            (-1, before),
            (0, after),
            (60, after),
            (3_600, after),
        ] {
            assert_eq!(UkTime::at(second + offset), expected, "{at} {offset:+}");
        }
    }
}

#[test]
fn each_half_of_the_year_keeps_one_time() {
    for (at, second, expected) in [
        ("1969-12-31T23:59:59Z", -1, Gmt),
        ("1970-01-01T00:00Z", 0, Gmt),
        ("2026-01-01T00:00Z", 1_767_225_600, Gmt),
        ("2026-07-01T12:00Z", 1_782_907_200, Bst),
        ("2026-11-27T18:20Z", 1_795_803_600, Gmt),
        ("2026-12-31T23:59:59Z", 1_798_761_599, Gmt),
        ("2027-01-01T00:00Z", 1_798_761_600, Gmt),
        ("2028-02-29T12:00Z", 1_835_438_400, Gmt),
        ("2028-12-31T23:59:59Z", 1_861_919_999, Gmt),
    ] {
        assert_eq!(UkTime::at(second), expected, "{at}");
    }
    // Whatever a clock says, there is an answer.
    for second in [i64::MIN, i64::MAX] {
        assert!([Gmt, Bst].contains(&UkTime::at(second)));
    }
}

#[test]
fn each_time_has_its_hours_and_its_name() {
    assert_eq!((Gmt.hours_ahead(), Gmt.name()), (0, "GMT"));
    assert_eq!((Bst.hours_ahead(), Bst.name()), (1, "BST"));
}
