//! Generated account references.

use rules::{code_prefix, codes, looks_like_a_code};

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_code_begins_with_the_letters_of_the_name() {
    let rows = [
        ("Acme Ltd",                "ACME"),
        ("acme",                    "ACME"),
        ("The Acme Company",        "ACME"),
        ("THE  Acme",               "ACME"),
        ("The",                     "THE"),
        ("The 42",                  "THE"),
        ("Theakston Ltd",           "THEAKSTO"),
        ("Northumberland Estates",  "NORTHUMB"),
        ("A1 Gas",                  "AGAS"),
        ("J & B Plumbing",          "JBPLUMBI"),
        ("3M",                      "M"),
        ("24/7 Drains",             "DRAINS"),
        ("O'Neill & Sons",          "ONEILL"),
        ("Café Élan",               "CAFE"),
        ("Cafe\u{301} Élan",        "CAFE"),
        ("Åse Ødegård",             "ASE"),
        ("Łódź Sp. z o.o.",         "LODZ"),
        ("Straße GmbH",             "STRASSE"),
        ("Ægir",                    "AEGIR"),
        ("İstanbul",                "ISTANBUL"),
        ("Nguyễn",                  "NGUYEN"),
        ("ŉBoom",                   "NBOOM"),
        ("Acme東京",                "ACME"),
        ("東京 Acme",               "ACME"),
        ("Ωmega",                   "MEGA"),
        // No Latin letter: nobody's name is spelt for them.
        ("東京電力",                "CUSTOMER"),
        ("شركة النور",              "CUSTOMER"),
        ("Газпром",                 "CUSTOMER"),
        ("1234",                    "CUSTOMER"),
        ("🚀🚀",                     "CUSTOMER"),
        ("×÷",                      "CUSTOMER"),
        ("",                        "CUSTOMER"),
    ];
    for (name, prefix) in rows {
        assert_eq!(code_prefix(name), prefix, "{name:?}");
    }
}

#[test]
fn codes_count_from_one_with_four_digits_and_more_when_they_run_out() {
    let text = |n: usize| codes("ACME").nth(n - 1).unwrap().to_string();
    assert_eq!(text(1), "ACME0001");
    assert_eq!(text(42), "ACME0042");
    assert_eq!(text(9_999), "ACME9999");
    assert_eq!(text(10_000), "ACME10000");
    let last = codes("ACME").last().unwrap();
    assert_eq!(last.as_str(), "ACME999999", "the search ends");
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_text_that_could_be_one_of_our_codes_is_known() {
    let rows = [
        ("ACME0001",     true),
        (" acme0001 ",   true),
        ("CUSTOMER0001", true),
        ("A0001",        true),
        ("ACME10000",    true),
        ("ACME999999",   true),
        ("ACME001",      false),
        ("ACME1000000",  false),
        ("0001",         false),
        ("ACME",         false),
        ("ACME-0001",    false),
        ("CUSTOMERS0001", false),
        ("ÄCME0001",     false),
        ("ACME٠٠٠١",     false),
        ("",             false),
    ];
    for (text, is_one) in rows {
        assert_eq!(looks_like_a_code(text), is_one, "{text:?}");
    }
}

#[test]
fn every_code_that_is_made_looks_like_one() {
    for name in ["Acme Ltd", "3M", "Northumberland", "東京電力", "Łódź"] {
        for code in codes(&code_prefix(name)).take(10_001) {
            assert!(looks_like_a_code(code.as_str()), "{code}");
        }
    }
}
