//! When a digest goes out, and what it tells.

use rules::{
    ContactId, Digest, DigestFacts, DigestNotice, DigestProblem, Field, LeftOut, LondonDay,
    MAX_LINES, Notice, Subscribers, ToldProblems, digest, digest_due,
};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
/// Days since 1970: Sunday 29 March 2026 and Sunday 25 October 2026, when the clocks change.
const SPRING: i64 = 20_541;
const AUTUMN: i64 = 20_751;

#[test]
#[rustfmt::skip] // a table: one row, one line
fn the_digest_goes_out_from_seven_in_london_on_working_days() {
    let at = |day: i64, hour: i64, minute: i64| day * DAY + hour * HOUR + minute * 60;
    let rows = [
        // in UTC                    what it is in London      due
        (at(SPRING - 2, 6, 59),      "Friday 06:59 GMT",       false),
        (at(SPRING - 2, 7, 0),       "Friday 07:00 GMT",       true),
        (at(SPRING - 2, 23, 59),     "Friday 23:59 GMT",       true),
        (at(SPRING - 1, 9, 0),       "Saturday 09:00 GMT",     false),
        (at(SPRING, 0, 59),          "Sunday 00:59 GMT",       false),
        (at(SPRING, 9, 0),           "Sunday 10:00 BST",       false),
        (at(SPRING + 1, 5, 59),      "Monday 06:59 BST",       false),
        (at(SPRING + 1, 6, 0),       "Monday 07:00 BST",       true),
        (at(SPRING + 1, 22, 59),     "Monday 23:59 BST",       true),
        (at(SPRING + 1, 23, 0),      "Tuesday 00:00 BST",      false),
        (at(AUTUMN - 2, 5, 59),      "Friday 06:59 BST",       false),
        (at(AUTUMN - 2, 6, 0),       "Friday 07:00 BST",       true),
        (at(AUTUMN - 2, 23, 0),      "Saturday 00:00 BST",     false),
        (at(AUTUMN, 8, 0),           "Sunday 08:00 GMT",       false),
        (at(AUTUMN + 1, 6, 0),       "Monday 06:00 GMT",       false),
        (at(AUTUMN + 1, 6, 59),      "Monday 06:59 GMT",       false),
        (at(AUTUMN + 1, 7, 0),       "Monday 07:00 GMT",       true),
    ];
    for (now, london, expected) in rows {
        assert_eq!(digest_due(now, None).is_some(), expected, "{london}");
        assert_eq!(LondonDay::at(now).is_monday(), london.starts_with("Monday"), "{london}");
        // Never twice a day, whatever was sent on another one.
        assert_eq!(digest_due(now, Some(LondonDay::at(now))), None, "{london}");
        let yesterday = LondonDay::at(now - DAY);
        assert_eq!(digest_due(now, Some(yesterday)).is_some(), expected, "{london}");
        let a_clock_was_wrong = LondonDay::at(now + 400 * DAY);
        assert_eq!(digest_due(now, Some(a_clock_was_wrong)).is_some(), expected, "{london}");
    }
}

fn id(id: u64) -> ContactId {
    id.try_into().unwrap()
}

fn problem(contact: u64, code: &str) -> DigestProblem {
    DigestProblem {
        contact: id(contact),
        code: code.to_owned(),
        title: format!("Title of {code}"),
        sentence: format!("\"Secret Customer\" (BigChange contact {contact}) is held."),
        cure: format!("In Xero, mend {code} (Contacts → the contact)."),
        since_unix_seconds: i64::try_from(contact).unwrap(),
        since: "27 Nov 2026 10:00 GMT".to_owned(),
    }
}

fn left_out(contact: u64) -> DigestNotice {
    DigestNotice {
        contact: id(contact),
        notice: Notice::FieldLeftOut(LeftOut {
            field: Field::Email,
            takes: "one address without umlauts".to_owned(),
        }),
    }
}

fn told(problems: &[(u64, &str)]) -> ToldProblems {
    let told = problems.iter();
    told.map(|(contact, code)| (id(*contact), (*code).to_owned()))
        .collect()
}

fn facts<'a>(open: &'a [DigestProblem], told: &'a ToldProblems) -> DigestFacts<'a> {
    DigestFacts {
        stack: "contact-sync",
        is_monday: false,
        open,
        told,
        notices: &[],
        linked: 1_204,
        standstill: None,
        standstill_is_new: false,
        subscribers: None,
        has_notes: true,
        with_names: false,
        ask: "",
    }
}

fn lines(digest: &Digest) -> Vec<&str> {
    digest.body.lines().collect()
}

#[test]
fn a_day_without_news_has_no_digest_but_a_monday_has() {
    let open = [problem(1, "A")];
    let told = told(&[(1, "A")]);
    assert_eq!(digest(&facts(&open, &told)), None);
    let monday = DigestFacts {
        is_monday: true,
        ..facts(&open, &told)
    };
    let sign_of_life = digest(&monday).unwrap();
    assert_eq!(sign_of_life.subject, "Contact sync: nothing new, 1 open");
    assert!(sign_of_life.body.contains("1204 contacts linked"));
    let nothing = ToldProblems::new();
    assert_eq!(digest(&facts(&[], &nothing)), None);
}

#[test]
fn each_kind_of_news_makes_a_digest() {
    let open = [problem(1, "A")];
    let (same, other, nothing) = (told(&[(1, "A")]), told(&[(1, "B")]), ToldProblems::new());
    let notices = [left_out(4)];
    let rows = [
        (facts(&open, &nothing), "1 new, 0 solved, 1 open"),
        // It is held for something else now.
        (facts(&open, &other), "1 new, 0 solved, 1 open"),
        (facts(&[], &same), "0 new, 1 solved, 0 open"),
        (
            DigestFacts {
                notices: &notices,
                ..facts(&open, &same)
            },
            "0 new, 0 solved, 1 open",
        ),
        (
            DigestFacts {
                standstill: Some("the connection to Xero is lost"),
                standstill_is_new: true,
                ..facts(&open, &same)
            },
            "nothing new, 1 open",
        ),
    ];
    for (facts, subject) in rows {
        let digest = digest(&facts).unwrap();
        assert_eq!(digest.subject, format!("Contact sync: {subject}"));
    }
    let stands_still = DigestFacts {
        standstill: Some("the connection to Xero is lost"),
        ..facts(&open, &same)
    };
    assert_eq!(digest(&stands_still), None, "it was told before");
}

#[test]
fn a_digest_tells_what_is_new_with_its_cure_what_is_solved_and_what_waits() {
    let open: Vec<_> = [(5, "A"), (6, "A"), (7, "B"), (1, "C"), (2, "C")]
        .map(|(contact, code)| problem(contact, code))
        .into();
    let told = told(&[(1, "C"), (2, "C"), (3, "A")]);
    let notices = [left_out(4)];
    let told_of = digest(&DigestFacts {
        notices: &notices,
        ask: "Jane in Accounts",
        subscribers: Some(Subscribers {
            confirmed: 1,
            unconfirmed: 2,
        }),
        ..facts(&open, &told)
    });
    let told_of = told_of.unwrap();
    assert_eq!(
        lines(&told_of),
        [
            "Contact synchronisation from BigChange to Xero (contact-sync)",
            "",
            "1204 contacts linked. 5 contacts held, 3 of them new since the last mail. 1 solved since then.",
            "2 of the addresses that are to get this mail have not confirmed it yet; the confirmation is in an earlier mail from AWS Notifications.",
            "",
            "NEW",
            "Title of A (A): 2 contacts",
            "What to do: In Xero, mend A (Contacts → the contact).",
            "- 5, since 27 Nov 2026 10:00 GMT (A)",
            "- 6, since 27 Nov 2026 10:00 GMT (A)",
            "Title of B (B): 1 contact",
            "What to do: In Xero, mend B (Contacts → the contact).",
            "- 7, since 27 Nov 2026 10:00 GMT (B)",
            "",
            "GOOD TO KNOW (nothing is held for it)",
            "- 4: The email was not sent to Xero",
            "",
            "SOLVED",
            "- 3 (A)",
            "",
            "WAITING LONGEST",
            "- 1, since 27 Nov 2026 10:00 GMT (C)",
            "- 2, since 27 Nov 2026 10:00 GMT (C)",
            "",
            "ALL THAT ARE HELD",
            "- 2: Title of A (A)",
            "- 1: Title of B (B)",
            "- 2: Title of C (C)",
            "",
            "Contacts appear by their id in BigChange; the note on the contact there says more.",
            "Questions? Ask Jane in Accounts.",
        ]
    );
}

#[test]
fn names_are_told_only_where_that_was_chosen() {
    let open = [problem(5, "A")];
    let nothing = ToldProblems::new();
    let without = digest(&facts(&open, &nothing)).unwrap();
    assert!(!without.body.contains("Secret Customer"));
    let with_names = DigestFacts {
        with_names: true,
        ..facts(&open, &nothing)
    };
    let with = digest(&with_names).unwrap();
    assert!(with.body.contains("Secret Customer"));
    assert!(!with.subject.contains("Secret Customer"));
}

#[test]
fn a_long_digest_is_cut_and_says_how_much_it_leaves_out() {
    let open: Vec<_> = (1..=500).map(|contact| problem(contact, "A")).collect();
    let nothing = ToldProblems::new();
    let long = digest(&facts(&open, &nothing)).unwrap();
    let lines = lines(&long);
    assert_eq!(lines.len(), MAX_LINES);
    let told = lines
        .iter()
        .filter(|line| line.contains(", since "))
        .count();
    let more = format!("and {} more", 500 - told);
    assert!(lines.contains(&more.as_str()), "{more}");
    assert!(
        lines.contains(&"- 500: Title of A (A)"),
        "the totals are never cut"
    );
    assert!(long.subject.is_ascii() && long.subject.len() < 100);
}
