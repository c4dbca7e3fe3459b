//! The form that sets a contact reference, and the fields that it could not carry back.

use rules::{Contact, Field, contact_form};

use crate::support::{Edit, acme, contact_id, reference};

#[test]
fn the_form_carries_the_whole_record_back_with_the_contact_reference_changed() {
    let contact = Contact {
        parent: Some(contact_id(3)),
        contact_reference: "OLD".to_owned(),
        ..acme()
    };
    let form = contact_form(&contact, Some("Customers"), &reference("ACME0001")).unwrap();
    assert_eq!(form.id, contact.id);
    assert_eq!(form.parent, contact.parent);
    assert_eq!(form.group, "Customers");
    assert_eq!(form.contact_reference, "ACME0001");
    let carried = [
        (form.name, contact.name),
        (form.street, contact.street),
        (form.town, contact.town),
        (form.postcode, contact.postcode),
        (form.country, contact.country),
        (form.person, contact.person),
        (form.phone, contact.phone),
        (form.email, contact.email),
        (form.extra, contact.extra),
    ];
    for (sent, read) in carried {
        assert_eq!(sent, read);
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_field_that_cannot_be_carried_back_unchanged_is_named() {
    let rows: [(&str, Edit, Result<(), Field>); 32] = [
        ("an ordinary contact",      |_| (),                                     Ok(())),
        ("only what must be there",  |c| for text in [&mut c.town, &mut c.postcode, &mut c.country, &mut c.person, &mut c.phone, &mut c.email, &mut c.extra] { text.clear() }, Ok(())),
        ("name of 50",               |c| c.name = "n".repeat(50),                Ok(())),
        ("name of 51",               |c| c.name = "n".repeat(51),                Err(Field::Name)),
        ("no name",                  |c| c.name.clear(),                         Err(Field::Name)),
        ("spaces in the name",       |c| c.name = "Acme  Ltd".into(),            Err(Field::Name)),
        ("spaces after the name",    |c| c.name = "Acme ".into(),                Err(Field::Name)),
        ("no street",                |c| c.street.clear(),                       Err(Field::Street)),
        ("street of spaces",         |c| c.street = "  ".into(),                 Err(Field::Street)),
        ("street of 100",            |c| c.street = "s".repeat(100),             Ok(())),
        ("street of 101",            |c| c.street = "s".repeat(101),             Err(Field::Street)),
        ("street of two lines",      |c| c.street = "1 High St\nLeeds".into(),   Err(Field::Street)),
        ("town of 100",              |c| c.town = "t".repeat(100),               Ok(())),
        ("town of 101",              |c| c.town = "t".repeat(101),               Err(Field::Town)),
        ("postcode of 10",           |c| c.postcode = "p".repeat(10),            Ok(())),
        ("postcode of 11",           |c| c.postcode = "p".repeat(11),            Err(Field::Postcode)),
        ("country of 50",            |c| c.country = "c".repeat(50),             Ok(())),
        ("country of 51",            |c| c.country = "c".repeat(51),             Err(Field::Country)),
        ("person of 30",             |c| c.person = "p".repeat(30),              Ok(())),
        ("person of 31",             |c| c.person = "p".repeat(31),              Err(Field::Person)),
        ("spaces before the person", |c| c.person = " Jo".into(),                Err(Field::Person)),
        ("phone of 30",              |c| c.phone = "1".repeat(30),               Ok(())),
        ("phone of 31",              |c| c.phone = "1".repeat(31),               Err(Field::Phone)),
        ("phone with a space",       |c| c.phone = "0113 000".into(),            Err(Field::Phone)),
        ("email of 100",             |c| c.email = "e".repeat(100),              Ok(())),
        ("email of 101",             |c| c.email = "e".repeat(101),              Err(Field::Email)),
        ("spaces after the email",   |c| c.email.push(' '),                      Err(Field::Email)),
        ("extra of 255",             |c| c.extra = "x".repeat(255),              Ok(())),
        ("extra of 256",             |c| c.extra = "x".repeat(256),              Err(Field::Extra)),
        ("extra of two lines",       |c| c.extra = "a\n  b".into(),              Ok(())),
        ("spaces after the extra",   |c| c.extra.push(' '),                      Err(Field::Extra)),
        ("accents count as one",     |c| c.name = "é".repeat(50),                Ok(())),
    ];
    for (says, change, outcome) in rows {
        let mut contact = acme();
        change(&mut contact);
        assert_eq!(contact_form(&contact, Some("Customers"), &reference("A-1")).map(|_| ()), outcome, "{says}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_group_or_reference_that_the_form_cannot_carry_is_named() {
    let long = |n: usize| "g".repeat(n);
    let rows = [
        ("group not known",            None,                       "A-1".to_owned(), Err(Field::Group)),
        ("group of an empty name",     Some(String::new()),        "A-1".to_owned(), Err(Field::Group)),
        ("group without a name",       Some(" ".to_owned()),       "A-1".to_owned(), Err(Field::Group)),
        ("group of 50",                Some(long(50)),             "A-1".to_owned(), Ok(())),
        ("group of 51",                Some(long(51)),             "A-1".to_owned(), Err(Field::Group)),
        ("spaces in the group",        Some("Big  ones".into()),   "A-1".to_owned(), Err(Field::Group)),
        ("reference of 40",            Some("Customers".into()),   long(40),         Ok(())),
        ("reference of 41",            Some("Customers".into()),   long(41),         Err(Field::ContactReference)),
    ];
    for (says, group, text, outcome) in rows {
        assert_eq!(contact_form(&acme(), group.as_deref(), &reference(&text)).map(|_| ()), outcome, "{says}");
    }
}
