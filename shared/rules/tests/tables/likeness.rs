//! Whether two contacts are likely one customer.

use rules::{Compared, ContactData, Grade, likeness};

/// What two contacts have in common besides their names.
fn data(shared: &str) -> (ContactData, ContactData) {
    let of = |n: u32| {
        let own = |kind: &str| {
            if shared.contains(kind) { 0 } else { n }
        };
        ContactData::default()
            .email(&format!("office{}@example.org", own("mail")))
            .phone(&format!("+44113496000{}", own("phone")))
            .postcode(&format!("LS{} 1AA", own("post")))
            .street(&format!("{} Mill Road", own("street")))
    };
    (of(1), of(2))
}

fn verdict(a: &str, b: &str, shared: &str, sharing: usize) -> String {
    let (of_a, of_b) = data(shared);
    let (a, b) = (
        Compared {
            name: a,
            data: &of_a,
        },
        Compared {
            name: b,
            data: &of_b,
        },
    );
    let found = likeness(a, b, sharing);
    assert_eq!(
        found.as_ref().map(|found| found.grade),
        likeness(b, a, sharing).map(|found| found.grade),
        "{} and {} the other way round",
        a.name,
        b.name
    );
    match found.map(|found| found.grade) {
        Some(Grade::Likely) => "likely",
        Some(Grade::Possible) => "possible",
        None => "-",
    }
    .to_owned()
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn the_first_row_that_fits_says_how_like_two_contacts_are() {
    let rows = [
        // Another company, whatever else they share.
        ("a number",                 "Elm Court 5",               "Elm Court 7",                "mail phone post", "-"),
        ("a number in a chain",      "Baker Garage 14 Ltd",       "Baker Garage 23 Ltd",        "mail phone post", "-"),
        ("a number in words",        "Phase One Lettings",        "Phase Two Lettings",         "mail phone post", "-"),
        ("a Roman number",           "Baker Partners II",         "Baker Partners III",         "mail phone post", "-"),
        ("a flat's letter",          "Plot A Mill Lane",          "Plot B Mill Lane",           "mail phone post", "-"),
        ("an initial",               "D Baker Catering Ltd",      "A Baker Catering Ltd",       "mail phone post", "-"),
        ("initials",                 "J.M. Baker",                "J.S. Baker",                 "mail phone post", "-"),
        ("another first name's",     "D Baker Catering",          "Alan Baker Catering",        "mail phone post", "-"),
        ("Group",                    "Baker Joinery Ltd",         "Baker Joinery Group Ltd",    "mail phone post", "-"),
        ("Holdings",                 "Baker Joinery PLC",         "Baker Joinery Hldgs",        "mail phone post", "-"),
        ("Properties",               "Baker & Cook",              "Baker & Cook Properties",    "mail phone post", "-"),
        ("North",                    "Baker Joinery North",       "Baker Joinery South",        "mail phone post", "-"),
        ("Northern, in another order", "Northern Baker Joinery",  "Baker Joinery",              "mail phone post", "-"),
        ("a number, and a slip",     "Baker Joinry 5",            "Baker Joinery 7",            "mail phone post", "-"),
        // The same name.
        ("case",                     "BAKER JOINERY",             "Baker Joinery",              "", "likely"),
        ("accents",                  "Café Renée",                "Cafe Renee",                 "", "likely"),
        ("another script",           "Straße Łódź",               "Strasse Lodz",               "", "likely"),
        ("full width",               "Ｂａｋｅｒ Joinery",          "Baker Joinery",              "", "likely"),
        ("punctuation",              "J.M. Baker's Signs",        "JM-Bakers Signs",            "", "likely"),
        ("a curly apostrophe",       "Baker’s Signs",             "Baker's Signs",              "", "likely"),
        ("&",                        "Baker & Cook",              "Baker and Cook",             "", "likely"),
        ("+",                        "Baker + Cook",              "Baker Cook",                 "", "likely"),
        ("'n'",                      "Fish 'n' Chips",            "Fish and Chips",             "", "likely"),
        ("the",                      "The Baker Company",         "Baker Company",              "", "likely"),
        ("country",                  "Baker Joinery (UK)",        "Baker Joinery",              "", "likely"),
        ("country in words",         "Baker Great Britain Ltd",   "Baker U.K. Limited",         "", "likely"),
        ("titles",                   "Mr & Mrs J Baker",          "J Baker",                    "", "likely"),
        ("a doctor",                 "Dr. Jane Baker",            "Jane Baker",                 "", "likely"),
        ("Ltd",                      "Baker Joinery Ltd.",        "Baker Joinery Limited",      "", "likely"),
        ("another legal form",       "Baker Joinery LLP",         "Baker Joinery P.L.C.",       "", "likely"),
        ("a legal form in words",    "Baker Community Interest Company", "Baker C.I.C.",        "", "likely"),
        ("a Welsh legal form",       "Becws Baker Cyf",           "Becws Baker Ltd",            "", "likely"),
        ("no legal form",            "Baker Joinery",             "Baker Joinery Limited",      "", "likely"),
        ("an initial for a name",    "J Baker Plumbing",          "John Baker Plumbing",        "", "likely"),
        ("initials for names",       "J.M. Baker",                "John Michael Baker",         "", "likely"),
        ("a number in a word",       "First Choice Cleaning",     "1st Choice Cleaning",        "", "likely"),
        ("a leading nought",         "Unit 05 Trading",           "Unit 5 Trading",             "", "likely"),
        ("one word or two",          "Air Con Direct",            "Aircon Direct",              "", "likely"),
        ("a second name",            "J Baker t/a Acme Plumbing", "Acme Plumbing Ltd",          "", "likely"),
        ("the first of two names",   "Baker Ltd trading as Acme", "Baker Limited",              "", "likely"),
        ("nothing but a legal form", "The Limited",               "Ltd",                        "", "-"),
        // In another order, short forms, slips of the pen.
        ("order",                    "Baker & Cook",              "Cook and Baker",             "", "possible"),
        ("order",                    "Baker & Cook",              "Cook and Baker",             "post", "likely"),
        ("a short form",             "Baker Brothers",            "Baker Bros",                 "", "possible"),
        ("a short form",             "Baker Brothers",            "Baker Bros",                 "mail", "likely"),
        ("a letter left out",        "Baker Roofing",             "Baker Roofig",               "", "possible"),
        ("a letter left out",        "Baker Roofing",             "Baker Roofig",               "phone", "likely"),
        ("a letter doubled",         "Baker Roofing",             "Bakker Roofing",             "phone", "likely"),
        ("letters swapped",          "Baker Roofing",             "Bakre Roofing",              "phone", "likely"),
        ("a slip in each word",      "Baker Roofing",             "Bakre Rofing",               "phone", "likely"),
        ("two slips in a word",      "Baker Roofing",             "Bkare Rofing",               "phone", "-"),
        ("a slip and an initial",    "J Baker Roofing",           "John Baker Roofig",          "phone", "likely"),
        ("a slip in a short word",   "Al Baker",                  "Ed Baker",                   "phone", "-"),
        ("a street alone",           "Baker Roofing",             "Baker Roofig",               "street", "possible"),
        // Words more.
        ("a word more",              "Baker Joinery",             "Baker Joinery Leeds",        "", "possible"),
        ("a word more",              "Baker Joinery",             "Baker Joinery Leeds",        "mail", "possible"),
        ("a word more",              "Baker Joinery",             "Baker Joinery Leeds",        "mail phone", "likely"),
        ("a word more",              "Baker Joinery",             "Baker Joinery Leeds",        "phone post", "likely"),
        ("a short form and more",    "Baker Bros",                "Baker Brothers Joinery",     "mail post", "likely"),
        ("a number more",            "Baker Garage",              "Baker Garage 5",             "", "possible"),
        ("an initial more",          "Baker Joinery",             "J Baker Joinery",            "", "possible"),
        ("an initial more",          "J. Baker",                  "J M Baker",                  "mail post", "likely"),
        ("initials more",            "J. Baker",                  "J.M. Baker",                 "", "possible"),
        // Other names.
        ("a place",                  "Baker Joinery Leeds",       "Baker Joinery York",         "mail", "-"),
        ("an owner",                 "Baker Joinery Ltd",         "Cook Joinery Ltd",           "post", "-"),
        ("a trade",                  "Baker Joinery",             "Baker Catering",             "post", "-"),
        ("only the phone",           "Baker Joinery",             "Cook Catering",              "phone", "-"),
        ("only the e-mail",          "Baker Joinery",             "Cook Catering",              "mail", "-"),
        ("phone and postcode",       "Baker Joinery",             "Cook Catering",              "phone post street", "-"),
        ("e-mail and phone",         "Calder Joinery",            "Irene Baker",                "mail phone", "likely"),
        ("e-mail and postcode",      "Calder Joinery",            "Irene Baker",                "mail post", "-"),
        ("e-mail, postcode, street", "Calder Joinery",            "Irene Baker",                "mail post street", "likely"),
    ];
    for (row, a, b, shared, expected) in rows {
        assert_eq!(verdict(a, b, shared, 1), expected, "{row}: {a}, {b}, sharing {shared:?}");
    }
}

#[test]
fn one_switchboard_or_managing_agent_is_not_one_customer() {
    for (sharing, expected) in [(1, "likely"), (3, "likely"), (4, "-"), (40, "-")] {
        let verdict = verdict("Elm House", "Oak Court", "mail phone post street", sharing);
        assert_eq!(verdict, expected, "{sharing} share them");
    }
    // The name itself is not excused by the agent.
    assert_eq!(
        verdict("Elm House Ltd", "Elm House", "mail phone", 40),
        "likely"
    );
}

#[test]
fn the_evidence_is_told_in_words() {
    let told = |a: &str, b: &str, shared: &str| {
        let (of_a, of_b) = data(shared);
        let (a, b) = (
            Compared {
                name: a,
                data: &of_a,
            },
            Compared {
                name: b,
                data: &of_b,
            },
        );
        likeness(a, b, 1).expect("a likeness").evidence
    };
    let rows = [
        (
            "Acme Ltd",
            "Acme Limited",
            "post",
            "same name but for Ltd / Limited; same postcode",
        ),
        ("Acme", "ACME (UK)", "", "same name but for (UK)"),
        (
            "J.M. Baker",
            "JM Baker",
            "",
            "same name but for its punctuation",
        ),
        (
            "Baker & Cook",
            "Cook and Baker",
            "phone",
            "the same words in another order; same phone",
        ),
        (
            "Baker Roofing",
            "Baker Roofig",
            "mail",
            "same name but for Roofing / Roofig; same e-mail address",
        ),
        (
            "Baker",
            "Baker Signs Leeds",
            "",
            "same name but for Signs Leeds",
        ),
        (
            "Baker",
            "Cook",
            "mail post street",
            "another name; same e-mail address; same postcode; same street",
        ),
    ];
    for (a, b, shared, expected) in rows {
        assert_eq!(told(a, b, shared), expected);
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn data_is_compared_as_it_is_meant() {
    let email = |text: &str| ContactData::default().email(text);
    let phone = |text: &str| ContactData::default().phone(text);
    let postcode = |text: &str| ContactData::default().postcode(text);
    let street = |text: &str| ContactData::default().street(text);
    let rows = [
        ("an e-mail in another case",  email("Info@Acme.UK "),       email("info@acme.uk"),      true),
        ("another e-mail",             email("info@acme.uk"),        email("info@acme.com"),     false),
        ("a phone with its country",   phone("+44 (0)113 496 0333"), phone("0113 496 0333"),     true),
        ("a phone of three parts",     phone("44 113 4960333"),      phone("01134960333"),       true),
        ("an 0044",                    phone("0044 113 4960333"),    phone("0113-4960333"),      true),
        ("another country's",          phone("+353 1 4960333"),      phone("+1 4960333"),        false),
        ("another phone",              phone("0113 4960333"),        phone("0113 4960334"),      false),
        ("an extension only",          phone("1234"),                phone("1234"),              false),
        ("a postcode without space",   postcode("ls1 4dy"),          postcode("LS14DY"),         true),
        ("a street in two lines",      street("Unit 5\n12 Mill Rd"), street("12 Mill Rd., Leeds"), true),
        ("a blank",                    email(" "),                   email(""),                  false),
        ("a word that is no e-mail",   postcode("LS1"),              street("LS1"),              false),
    ];
    for (row, a, b, expected) in rows {
        assert_eq!(a.shared_with(&b) != rules::SharedData::default(), expected, "{row}");
    }
}
