//! Texts cleaned and compared, references and ids.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use rules::{
    AccountReference, ContactId, ContactNumber, Fingerprint, InvalidAccountReference, NameKey,
    TenantId, XeroContactId, normalise_spaces,
};

use crate::support::{contact_id, reference, xero_id};

#[test]
#[rustfmt::skip] // a table: one row, one line
fn spaces_are_normalised_and_control_characters_gone() {
    let rows = [
        ("",                          ""),
        ("  ",                        ""),
        ("Acme",                      "Acme"),
        ("  Acme \t\r\n Ltd ",        "Acme Ltd"),
        ("Acme\u{a0}\u{2003}Ltd",     "Acme Ltd"),
        ("Acme\u{0}Ltd\u{7f}",        "Acme Ltd"),
        ("Acme\u{85}Ltd\u{2028}",     "Acme Ltd"),
        ("שלום  עולם",                "שלום עולם"),
    ];
    for (text, normal) in rows {
        assert_eq!(normalise_spaces(text), normal, "{text:?}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn names_are_compared_without_case_and_repeated_spaces() {
    let rows = [
        ("Acme Ltd",      "ACME  LTD",         true),
        ("Acme Ltd",      " acme\tltd ",       true),
        ("Straße",        "STRASSE",           true),
        ("Straße",        "STRAẞE",            true),
        ("Café",          "Cafe\u{301}",       true),
        ("CAFÉ",          "cafe\u{301}",       true),
        ("İzmir",         "i\u{307}zmir",      true),
        ("ΣΑΣ",           "σας",               true),
        ("ﬁne",           "FINE",              true),
        ("Café",          "Cafe",              false),
        ("İzmir",         "izmir",             false),
        ("Acme Ltd",      "AcmeLtd",           false),
        ("Acme Ltd",      "Acme Ltd.",         false),
    ];
    for (one, other, same) in rows {
        assert_eq!(NameKey::of(one) == NameKey::of(other), same, "{one:?} and {other:?}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn an_account_reference_is_trimmed_bounded_and_compared_without_case() {
    let rows = [
        ("A-1".to_owned(),        Ok("A-1")),
        (" \tA-1\n".to_owned(),   Ok("A-1")),
        ("Ä 1/2 <x>".to_owned(),  Ok("Ä 1/2 <x>")),
        (" ".to_owned(),          Err(InvalidAccountReference::Blank)),
        ("é".repeat(51),          Err(InvalidAccountReference::TooLong(51))),
        ("A\u{0}1".to_owned(),    Err(InvalidAccountReference::Unprintable)),
        ("\u{1}A1".to_owned(),    Err(InvalidAccountReference::Unprintable)),
    ];
    for (text, outcome) in rows {
        assert_eq!(AccountReference::parse(&text).map(|r| r.to_string()), outcome.map(str::to_owned), "{text:?}");
    }
    assert_eq!(reference("a-1"), reference("A-1 "));
    assert_eq!(reference("straße").folded(), reference("STRASSE").folded());
    assert_ne!(reference("A-1"), reference("A1"));
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn the_key_under_which_a_reference_is_reserved_stays_the_same() {
    // Reservations are stored under it: another key for the same reference would be a second
    // reservation.
    let rows = [
        ("A-1",          "a-1"),
        (" acme0001 ",   "acme0001"),
        ("Straße 1",     "strasse 1"),
        ("ÄÖ/2",         "äö/2"),
    ];
    for (text, key) in rows {
        assert_eq!(reference(text).folded(), key, "{text:?}");
    }
}

#[test]
fn references_are_ordered_and_hashed_without_case() {
    assert!(reference("a-1") < reference("B-2"));
    assert!(reference("b-2") > reference("A-1"));
    let hash =
        |text: &str| BuildHasherDefault::<DefaultHasher>::default().hash_one(reference(text));
    assert_eq!(hash("a-1"), hash("A-1 "));
    assert_ne!(hash("A-1"), hash("A-2"));
}

#[test]
fn an_account_reference_is_kept_as_text_and_checked_when_it_is_read_back() {
    let kept = serde_json::to_string(&reference(" A-1 ")).unwrap();
    assert_eq!(kept, "\"A-1\"");
    assert_eq!(
        serde_json::from_str::<AccountReference>(&kept).unwrap(),
        reference("A-1")
    );
    assert!(serde_json::from_str::<AccountReference>("\" \"").is_err());
    let long = format!("\"{}\"", "R".repeat(51));
    assert!(serde_json::from_str::<AccountReference>(&long).is_err());
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_contact_number_is_ours_only_for_its_own_contact() {
    let rows = [
        ("BigChange-7",    true),
        (" bigchange-7 ",  true),
        ("BigChange-70",   false),
        ("BigChange-07",   false),
        ("BigChange 7",    false),
        ("7",              false),
    ];
    for (text, ours) in rows {
        assert_eq!(ContactNumber::from_xero(text).unwrap().is_ours_for(contact_id(7)), ours, "{text:?}");
    }
    assert_eq!(ContactNumber::from_xero(" "), None);
    assert_eq!(ContactNumber::ours(contact_id(7)).to_string(), "BigChange-7");
}

#[test]
fn an_id_that_is_none_is_refused_wherever_it_comes_from() {
    assert!(ContactId::try_from(0).is_err());
    assert!("0".parse::<ContactId>().is_err());
    assert!("7a".parse::<ContactId>().is_err());
    assert!(serde_json::from_str::<ContactId>("0").is_err());
    assert!(serde_json::from_str::<ContactId>("-1").is_err());
    assert_eq!(
        serde_json::from_str::<ContactId>("7").unwrap(),
        contact_id(7)
    );
    assert_eq!(" 7\n".parse(), Ok(contact_id(7)));
    assert_eq!(format!(" {}\n", xero_id(1)).parse(), Ok(xero_id(1)));
    let nil = "00000000-0000-0000-0000-000000000000";
    assert!(nil.parse::<XeroContactId>().is_err());
    assert!(nil.parse::<TenantId>().is_err());
    assert!(serde_json::from_str::<XeroContactId>(&format!("\"{nil}\"")).is_err());
}

#[test]
fn a_fingerprint_tells_lists_apart_and_gives_no_text_away() {
    assert_eq!(Fingerprint::of(["a", "b"]), Fingerprint::of(["a", "b"]));
    assert_ne!(Fingerprint::of(["ab"]), Fingerprint::of(["a", "b"]));
    assert_ne!(Fingerprint::of(["a", ""]), Fingerprint::of(["", "a"]));
    assert_ne!(Fingerprint::of(["a"]), Fingerprint::of(["a", ""]));
    let shown = Fingerprint::of(["Acme Ltd"]).to_string();
    assert_eq!(shown.len(), 24);
    assert!(shown.bytes().all(|b| b.is_ascii_hexdigit()));
}
