//! What people really type into names, references, countries and emails: each contact ends as the
//! rules say, and nothing is cut or doubled.

use std::collections::BTreeMap;

use fake_bigchange::FakeContact;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rules::{Notice, Problem};
use serde_json::json;
use store::{Expect, Table, Write};

use crate::world::World;

/// Names that Xero takes as they are.
fn usable_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "Smith \"Bob\" & Sons",
        "\"",
        "x\" OR Name==\"y",
        "A & B + C",
        "100% Pure %41%00",
        "O'Neill; DROP TABLE contacts--",
        "back\\slash / slash ? # = ,",
        "&amp; &lt;b&gt;",
        "{\"contact_id\": 1}",
        "=HYPERLINK(\"http://example.com\")",
        "Größe & Söhne “X” €",
        "Cafe\u{301} Zu\u{308}rich",
        "İstanbul Iıi ǅ ﬁ ß",
        "🏗️ Builders 👷‍♀️ 🏳️‍🌈",
        "شركة الاختبار المحدودة",
        "\u{202e}detcelfeR\u{202c} Ltd",
        "\u{2066}Isolated\u{2069} \u{200f}Marked",
        "Zero\u{200b}Width\u{200d}Joined",
        "\u{feff}After a byte-order mark",
        "\u{fffd}",
        "東京 株式会社",
        "Z̸͉̾a̴͖͝l̷̰̈́g̶̭̐ó̷̬",
        "null",
        "NaN",
        "0",
        ".",
        "..",
        "-",
    ]
    .map(str::to_owned)
    .into();
    // The longest that Xero takes, however many bytes that is.
    names.extend(["x", "é", "漢", "🏗"].map(|c| c.repeat(255)));
    names
}

/// Names, and what is left of them once white space is as it should be.
const SPACED_NAMES: [(&str, &str); 8] = [
    ("  Acme Ltd", "Acme Ltd"),
    ("Acme Ltd   ", "Acme Ltd"),
    ("Acme    Ltd", "Acme Ltd"),
    ("Acme\tLtd", "Acme Ltd"),
    ("Acme\r\nLtd\n", "Acme Ltd"),
    ("Acme\u{a0}\u{2003}Ltd\u{3000}", "Acme Ltd"),
    ("Acme\u{0}Ltd", "Acme Ltd"),
    ("\u{1}\u{7f}Acme\u{85}Ltd\u{2028}", "Acme Ltd"),
];

/// Asks Xero for a contact by itself, as in a large organisation, or reads them all.
const WAYS_TO_LOOK: [u32; 2] = [60, 1];

/// Creates the contact, finds it again in a second run, and finds it by name where a person made it
/// in Xero.
async fn is_created_and_found_again(name: &str, in_xero: &str) {
    for pages in WAYS_TO_LOOK {
        let mut world = World::creating();
        world.organisation_has_pages(pages).await;
        let id = world.customer_with_reference(name, "A1");
        world.sync(&[id]).await;
        assert_eq!(world.problem_code(id).await, "", "{name:?}");
        let [created] = world.created_for(id).try_into().unwrap();
        assert_eq!(created.name(), in_xero);
        assert_eq!(world.record(id).await.notices, []);
        world.is_quiet(&[id]).await;

        let mut world = World::creating();
        world.organisation_has_pages(pages).await;
        let made = world.xero_contact(json!({ "Name": in_xero }));
        let id = world.customer_with_reference(name, "A1");
        world.sync(&[id]).await;
        assert_eq!(world.linked(id).await, Some(made), "{name:?}");
        assert_eq!(world.xero_population(), 1, "{name:?}");
        assert_eq!(world.in_xero(made).text("AccountNumber"), "A1");
        world.is_quiet(&[id]).await;
    }
}

#[tokio::test]
async fn a_name_that_xero_takes_is_created_as_it_is_and_found_again() {
    for name in usable_names() {
        is_created_and_found_again(&name, &name).await;
    }
}

#[tokio::test]
async fn white_space_in_a_name_is_put_right_and_the_contact_found_again() {
    for (name, in_xero) in SPACED_NAMES {
        is_created_and_found_again(name, in_xero).await;
    }
}

#[tokio::test]
async fn many_strange_names_in_one_event_are_each_created_once() {
    for pages in WAYS_TO_LOOK {
        let mut world = World::creating();
        world.organisation_has_pages(pages).await;
        let names = usable_names();
        let ids: Vec<u64> = (0..)
            .zip(&names)
            .map(|(n, name)| world.customer_with_reference(name, &format!("R{n}")))
            .collect();
        world.sync(&ids).await;
        world.settle().await;
        for (id, name) in ids.iter().zip(&names) {
            let [created] = world.created_for(*id).try_into().unwrap();
            assert_eq!(created.name(), name);
        }
        assert_eq!(world.xero_population(), names.len());
        world.is_quiet(&ids).await;
        // Not even a lost table makes second ones.
        lose_the_table(&mut world).await;
        world.organisation_has_pages(pages).await;
        world.sync(&ids).await;
        world.settle().await;
        assert_eq!(world.xero_population(), names.len());
        world.is_quiet(&ids).await;
    }
}

async fn lose_the_table(world: &mut World) {
    for item in world.dump() {
        let removal = Write::Delete {
            key: item.key,
            expect: Expect::Any,
        };
        world.table.inner.write(vec![removal]).await.unwrap();
    }
    world.restart();
}

#[tokio::test]
async fn a_name_that_xero_does_not_take_is_held_with_its_length_and_nothing_is_written() {
    for (name, chars) in [
        ("A <b>", 5),
        ("<script>alert(1)</script>", 25),
        (">", 1),
        ("", 0),
        ("  \t ", 0),
        ("\u{0}", 0),
        ("\r\n\u{a0}\u{3000}", 0),
        (&"x".repeat(256), 256),
        (&"🏗".repeat(256), 256),
        (&"漢 ".repeat(300), 599),
        (&"x".repeat(4_096), 4_096),
    ] {
        let mut world = World::creating();
        let id = world.customer_with_reference(name, "A1");
        world.sync(&[id]).await;
        let problem = world.problem(id).await.unwrap().problem;
        assert!(
            matches!(problem, Problem::InvalidField { chars: told, .. } if told == chars),
            "{name:?}: {problem:?}"
        );
        assert_eq!((world.xero_calls(), world.bigchange_writes().len()), (0, 0));
        world.is_quiet(&[id]).await;
    }
}

#[tokio::test]
async fn two_names_that_read_alike_never_become_two_contacts() {
    for (one, other) in [
        ("Café", "Cafe\u{301}"),
        ("Straße", "STRASSE"),
        ("Acme Ltd", "  ACME \t ltd "),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("ﬁne", "FINE"),
        ("Acme\u{0}Ltd", "acme ltd"),
    ] {
        let mut world = World::creating();
        let ids = [(one, "A1"), (other, "B1")]
            .map(|(name, reference)| world.customer_with_reference(name, reference));
        world.sync(&ids).await;
        world.settle().await;
        assert_eq!(world.xero_population(), 1, "{one:?} {other:?}");
        let codes = [
            world.problem_code(ids[0]).await,
            world.problem_code(ids[1]).await,
        ];
        assert!(
            codes.contains(&"") && codes.contains(&"LinkedToAnotherContact"),
            "{one:?} {other:?}: {codes:?}"
        );
        world.is_quiet(&ids).await;
    }
}

#[tokio::test]
async fn an_account_reference_that_xero_takes_is_kept_as_it_is_and_finds_its_contact() {
    for reference in [
        "acme-1",
        "ACME 1",
        "A,1;2",
        "A&1+1%41=?#/",
        "O'1",
        "[1] {2} (3)",
        "Ünïcode-1",
        "東京1",
        "🏗️1",
        "\u{202e}1A",
        "-1",
        "0",
        "null",
        &"x".repeat(50),
        &"漢".repeat(50),
    ] {
        for pages in WAYS_TO_LOOK {
            finds_its_contact(reference, pages).await;
        }
    }
    // No filter takes these, so they are only found where everything is read.
    for reference in ["A\"1", "A\\1", "\" OR AccountNumber==\""] {
        finds_its_contact(reference, 1).await;
    }
}

async fn finds_its_contact(reference: &str, pages: u32) {
    let mut world = World::creating();
    world.organisation_has_pages(pages).await;
    let made = world.xero_contact(json!({"Name": "Another name", "AccountNumber": reference}));
    let id = world.customer_with_reference("Acme", &format!(" {reference} "));
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(made), "{reference:?} {pages}");
    assert_eq!(world.xero_population(), 1);
    assert_eq!(world.in_xero(made).text("AccountNumber"), reference);
    world.is_quiet(&[id]).await;

    let mut world = World::creating();
    world.organisation_has_pages(pages).await;
    let id = world.customer_with_reference("Acme", reference);
    world.sync(&[id]).await;
    let [created] = world.created_for(id).try_into().unwrap();
    assert_eq!(created.text("AccountNumber"), reference);
    assert_eq!(world.in_bigchange(id).account_reference, reference);
    world.is_quiet(&[id]).await;
}

/// Where an organisation is too large to be read, Xero itself keeps the reference unique.
#[tokio::test]
async fn a_reference_that_cannot_be_looked_up_never_gets_a_second_contact() {
    for reference in ["A\"1", "A\\1"] {
        let mut world = World::creating();
        world.organisation_has_pages(60).await;
        let made = json!({"Name": "Another name", "AccountNumber": reference});
        let made = world.xero_contact(made);
        let id = world.customer_with_reference("Acme", reference);
        world.sync(&[id]).await;
        world.settle().await;
        assert_eq!(world.xero_population(), 1, "{reference:?}");
        assert_eq!(world.in_xero(made).name(), "Another name");
        assert_ne!(world.problem_code(id).await, "");
        world.is_quiet(&[id]).await;
    }
}

#[tokio::test]
async fn an_account_reference_that_xero_does_not_take_is_held_and_never_cut() {
    for reference in [
        &"x".repeat(51),
        &"漢".repeat(51),
        "A\t1",
        "A\n1",
        "A\u{0}1",
        &"x".repeat(4_000),
    ] {
        let mut world = World::creating();
        let id = world.customer_with_reference("Acme", reference);
        world.sync(&[id]).await;
        assert_eq!(
            world.problem_code(id).await,
            "InvalidField",
            "{reference:?}"
        );
        assert_eq!((world.xero_calls(), world.bigchange_writes().len()), (0, 0));
        assert_eq!(world.in_bigchange(id).account_reference, *reference);
        world.is_quiet(&[id]).await;
    }
}

/// The field of Xero in which a field of BigChange ends up.
fn in_xero(contact: &fake_xero::Contact) -> BTreeMap<&'static str, String> {
    let person = format!("{} {}", contact.text("FirstName"), contact.text("LastName"));
    [
        ("street", contact.address("POBOX", "AddressLine1")),
        ("town", contact.address("POBOX", "City")),
        ("postcode", contact.address("POBOX", "PostalCode")),
        ("country", contact.address("POBOX", "Country")),
        ("contact person", person.trim()),
        ("phone", contact.phone("DEFAULT", "PhoneNumber")),
        ("email", contact.text("EmailAddress")),
    ]
    .map(|(field, text)| (field, text.to_owned()))
    .into()
}

#[tokio::test]
#[rustfmt::skip] // a table: one row, one line
async fn a_field_that_xero_does_not_take_is_left_out_and_told() {
    let country = |c: &mut FakeContact, text: &str| text.clone_into(&mut c.country);
    let email = |c: &mut FakeContact, text: &str| text.clone_into(&mut c.email);
    let phone = |c: &mut FakeContact, text: &str| text.clone_into(&mut c.phone);
    let person = |c: &mut FakeContact, text: &str| text.clone_into(&mut c.person);
    let street = |c: &mut FakeContact, text: &str| text.clone_into(&mut c.street);
    type Set = fn(&mut FakeContact, &str);
    let rows: [(&str, Set, &str, Option<&str>); 33] = [
        ("country",        country, "United Kingdom",              Some("United Kingdom")),
        ("country",        country, " Curaçao  ",                  Some("Curaçao")),
        ("country",        country, "日本",                        Some("日本")),
        ("country",        country, "المملكة المتحدة",             Some("المملكة المتحدة")),
        ("country",        country, "GB1",                         None),
        ("country",        country, "44",                          None),
        ("country",        country, "U.K.",                        None),
        ("country",        country, "Côte d'Ivoire",               None),
        ("country",        country, "Guinea-Bissau",               None),
        ("country",        country, "Cura\u{327}ao",               None),
        ("country",        country, "🇬🇧",                          None),
        ("country",        country, &"x".repeat(51),               None),
        ("email",          email,   " jo@example.com ",            Some("jo@example.com")),
        ("email",          email,   "jo.o'neill+tag@sub.example.org", Some("jo.o'neill+tag@sub.example.org")),
        ("email",          email,   "jo@example.com, ann@example.com", None),
        ("email",          email,   "jo@example.com;ann@example.com", None),
        ("email",          email,   "jo@example.com ann@example.com", None),
        ("email",          email,   "jo@example.com\nann@example.com", None),
        ("email",          email,   "Jo <jo@example.com>",         None),
        ("email",          email,   "\"Jo\" jo@example.com",       None),
        ("email",          email,   "jörg@example.com",            None),
        ("email",          email,   "jo@münchen.de",               None),
        ("email",          email,   "jo@example",                  None),
        ("email",          email,   "jo@example.com\u{0}",         None),
        ("email",          email,   "jo@example.com\u{200b}",      None),
        ("email",          email,   "none",                        None),
        ("email",          email,   &format!("{}@example.com", "x".repeat(250)), None),
        ("phone",          phone,   "+44 (0) 113 / 496-0000 ext.1", Some("+44 (0) 113 / 496-0000 ext.1")),
        ("phone",          phone,   "0113\t496\n0000",             Some("0113 496 0000")),
        ("phone",          phone,   &"1".repeat(51),               None),
        ("contact person", person,  "Dr. María-José \"Pepa\" O'Neill & <b>", Some("Dr. María-José \"Pepa\" O'Neill & <b>")),
        ("contact person", person,  &"x".repeat(256),              None),
        ("street",         street,  &"x".repeat(501),              None),
    ];
    for (label, set, text, expected) in rows {
        let mut world = World::creating();
        let id = world.customer_with_reference("Acme", "A1");
        world.edit(id, |contact| set(contact, text));
        world.sync(&[id]).await;
        assert_eq!(world.problem_code(id).await, "", "{text:?}");
        let [created] = world.created_for(id).try_into().unwrap();
        assert_eq!(in_xero(&created)[label], expected.unwrap_or_default(), "{text:?}");
        assert_eq!(left_out(&world, id).await, Vec::from_iter(expected.is_none().then_some(label)), "{text:?}");
        world.is_quiet(&[id]).await;
        // Mended, it is carried over, and the notice goes.
        world.edit(id, |contact| set(contact, "xy@example.com"));
        world.edit(id, |contact| if label != "email" { set(contact, "xy") });
        world.sync(&[id]).await;
        assert_eq!(left_out(&world, id).await, Vec::<&str>::new(), "{text:?}");
        assert!(in_xero(&world.created_for(id)[0])[label].starts_with("xy"), "{text:?}");
        world.is_quiet(&[id]).await;
    }
}

/// The fields of which the accounts admin is told that they were left out.
async fn left_out(world: &World, id: u64) -> Vec<&'static str> {
    let notices = world.record(id).await.notices;
    notices
        .into_iter()
        .filter_map(|notice| match notice {
            Notice::FieldLeftOut(left_out) => Some(left_out.field.label()),
            _ => None,
        })
        .collect()
}

/// What may stand in any field.
fn any_text() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        3 => "[a-zA-Z0-9 ]{0,12}",
        2 => any::<String>(),
        2 => proptest::sample::select(vec![
            "\"", "'", "\\", "&", "+", "%", "<", ">", ",", ";", "@", ".", "example.com", "a@b.co", "\u{0}", "\t", "\r\n", "\u{a0}",
            "\u{202e}", "\u{200b}", "\u{feff}", "e\u{301}", "🏗️", "漢", "شركة", "ß", "İ", "1",
        ])
        .prop_map(str::to_owned),
        1 => ("[x漢🏗é]", 40..300_usize).prop_map(|(c, times)| c.repeat(times)),
    ];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

/// Mostly addresses, more or less.
fn any_email() -> impl Strategy<Value = String> {
    prop_oneof![
        any_text(),
        "[a-z.\"!#$%&'*+/=?^_`{|}~-]{0,8}@[a-z0-9.-]{0,6}\\.?[a-z0-9-]{0,4}",
        "[a-z.]{1,5}@\\[?[0-9.:]{3,12}\\]?",
        "[a-z]{1,3}@[a-z]{1,3}(_|-|\\.|\\.-)[a-z]{1,3}(-|\\.)?",
        "[ ,;<]?[a-z]{1,3}@[a-z]{1,3}\\.[a-z]{2}[ ,;>][a-z]{1,3}@[a-z]{1,3}\\.[a-z]{2}",
    ]
}

type Texts = (
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
    String,
);

fn any_texts() -> impl Strategy<Value = Texts> {
    let usually = |good: &'static str| prop_oneof![2 => Just(good.to_owned()), 1 => any_text()];
    (
        usually("Acme"),
        usually("A1"),
        any_text(),
        any_text(),
        any_text(),
        any_text(),
        any_text(),
        any_text(),
        any_email(),
    )
}

/// Whatever stands in them, a contact is created with what Xero takes of it, or held with the name
/// of the field that must be mended.
#[tokio::test]
async fn any_contact_is_created_whole_or_less_what_is_told_or_held() {
    let mut chance = TestRunner::deterministic();
    let (mut created, mut held, mut told) = (0, 0, 0);
    for _ in 0..400 {
        let texts = any_texts().new_tree(&mut chance).unwrap().current();
        let (name, reference, street, town, postcode, country, person, phone, email) =
            texts.clone();
        let mut world = World::creating();
        let id = world.customer(&name, |c| {
            c.account_reference = reference;
            (c.street, c.town, c.postcode, c.country) = (street, town, postcode, country);
            (c.person, c.phone, c.email) = (person, phone, email);
        });
        let in_bigchange = world.in_bigchange(id);
        world.sync(&[id]).await;
        assert_eq!(world.deferred(id).await, None, "{texts:?}");
        match world.problem_code(id).await {
            "" => {
                created += 1;
                let [contact] = world.created_for(id).try_into().unwrap();
                let left_out = left_out(&world, id).await;
                told += left_out.len();
                let xero = in_xero(&contact);
                for (field, text) in [
                    ("street", &in_bigchange.street),
                    ("town", &in_bigchange.town),
                    ("postcode", &in_bigchange.postcode),
                    ("country", &in_bigchange.country),
                    ("contact person", &in_bigchange.person),
                    ("phone", &in_bigchange.phone),
                    ("email", &in_bigchange.email),
                ] {
                    let expected = match left_out.contains(&field) {
                        true => String::new(),
                        false if field == "email" => text.trim().to_owned(),
                        false => rules::normalise_spaces(text),
                    };
                    assert_eq!(xero[field], expected, "{field} of {texts:?}");
                }
                assert_eq!(contact.name(), rules::normalise_spaces(&name), "{texts:?}");
            }
            "InvalidField" | "NoAccountReference" => {
                held += 1;
                assert_eq!(world.xero_population(), 0, "{texts:?}");
            }
            other => panic!("{other}: {texts:?}"),
        }
        world.is_quiet(&[id]).await;
    }
    assert!(
        created > 150 && held > 50 && told > 100,
        "{created} {held} {told}"
    );
}
