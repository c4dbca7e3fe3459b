//! Who takes part.

use rules::{Contact, Field, LeftOut, Participation, contact_fingerprint, participation};

use crate::support::{Edit, SITE_GROUP, acme, contact_id, customer, group_id, settings, told};

fn said(contact: &Contact) -> String {
    match participation(contact, &settings(&[])) {
        Participation::Skip(skip) => format!("skip {skip:?}"),
        Participation::Held(problem) => told(&problem),
        Participation::TakesPart(customer) => {
            let left_out = customer.left_out.iter().map(|left| left.field.label());
            format!("takes part {}", left_out.collect::<Vec<_>>().join(", "))
                .trim_end()
                .to_owned()
        }
    }
}

fn deleted(c: &mut Contact) {
    c.deleted = true;
}
fn site_group(c: &mut Contact) {
    c.group = Some(group_id(SITE_GROUP));
}
fn other_group(c: &mut Contact) {
    c.group = Some(group_id(99));
}
fn no_group(c: &mut Contact) {
    c.group = None;
}
fn has_parent(c: &mut Contact) {
    c.parent = Some(contact_id(3));
}
fn excluded(c: &mut Contact) {
    c.excluded_from_financial_sync = true;
}
fn bad_name(c: &mut Contact) {
    "Acme <Ltd>".clone_into(&mut c.name);
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn the_first_row_that_fits_decides_who_takes_part() {
    let rows: [(&str, &[Edit], &str); 19] = [
        ("an account customer",                   &[],                                            "takes part"),
        ("deleted",                               &[deleted],                                     "skip Deleted"),
        ("deleted, whatever else holds",          &[deleted, site_group, excluded, bad_name],     "skip Deleted"),
        ("deleted with a parent",                 &[deleted, has_parent],                         "skip Deleted"),
        ("a site",                                &[site_group, has_parent],                      "skip SiteContact"),
        ("a site, excluded, of unusable name",    &[site_group, has_parent, excluded, bad_name],  "skip SiteContact"),
        ("in a site group, no parent",            &[site_group],                                  "ParentInSiteGroup group 20"),
        ("the same, excluded, of unusable name",  &[site_group, excluded, bad_name],              "ParentInSiteGroup group 20"),
        ("in another group",                      &[other_group],                                 "skip NotAnAccountCustomer"),
        ("in another group, with a parent",       &[other_group, has_parent, excluded, bad_name], "skip NotAnAccountCustomer"),
        ("in no group",                           &[no_group],                                    "skip NotAnAccountCustomer"),
        ("excluded",                              &[excluded],                                    "skip ExcludedFromSync"),
        ("excluded, with a parent",               &[excluded, has_parent, bad_name],              "skip ExcludedFromSync"),
        ("a site in an account group",            &[has_parent],                                  "SiteContactInAccountGroup parent 3, group 10"),
        ("the same, of unusable name",            &[has_parent, bad_name],                        "SiteContactInAccountGroup parent 3, group 10"),
        ("of unusable name",                      &[bad_name],                                    "InvalidField name 10, no angle brackets (< or >)"),
        ("without any other field",               &[|c| *c = Contact { street: String::new(), town: String::new(), postcode: String::new(), country: String::new(), person: String::new(), phone: String::new(), email: String::new(), extra: String::new(), ..acme() }], "takes part"),
        ("name and reference unusable",           &[bad_name, |c| c.account_reference = "R".repeat(51)], "InvalidField name 10, no angle brackets (< or >)"),
        ("another accounts package's reference",  &[|c| c.account_type = Some(rules::AccountType(4))],   "takes part"),
    ];
    for (says, changes, outcome) in rows {
        let mut contact = acme();
        changes.iter().for_each(|change| change(&mut contact));
        assert_eq!(said(&contact), outcome, "{says}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_name_or_account_reference_that_xero_refuses_holds_the_contact() {
    let set_name = |text: &str| Contact { name: text.to_owned(), ..acme() };
    let set_reference = |text: &str| Contact { account_reference: text.to_owned(), ..acme() };
    let rows = [
        (set_name(""),                            "InvalidField name 0, at least one character"),
        (set_name(" \t\n "),                      "InvalidField name 0, at least one character"),
        (set_name(&"n".repeat(255)),              "takes part"),
        (set_name(&"n".repeat(256)),              "InvalidField name 256, at most 255 characters"),
        (set_name(&"é".repeat(255)),              "takes part"),
        (set_name(&format!("{}  x", "n".repeat(253))), "takes part"),
        (set_name("Acme > Sons"),                 "InvalidField name 11, no angle brackets (< or >)"),
        (set_name("Acme < Sons"),                 "InvalidField name 11, no angle brackets (< or >)"),
        (set_reference("  "),                     "takes part"),
        (set_reference(&"R".repeat(50)),          "takes part"),
        (set_reference(&format!(" {} ", "R".repeat(50))), "takes part"),
        (set_reference(&"R".repeat(51)),          "InvalidField account reference 51, at most 50 characters"),
        (set_reference(&format!(" {} ", "R".repeat(51))), "InvalidField account reference 51, at most 50 characters"),
        (set_reference("AB\n12"),                 "InvalidField account reference 5, no line breaks or other characters that cannot be printed"),
    ];
    for (contact, outcome) in rows {
        assert_eq!(said(&contact), outcome, "{contact:?}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn any_other_field_that_xero_refuses_is_left_out_and_told() {
    let rows: [(&str, Edit, &str); 32] = [
        ("street of 500",          |c| c.street = "s".repeat(500),                       "takes part"),
        ("street of 501",          |c| c.street = "s".repeat(501),                       "takes part street"),
        ("town of 255",            |c| c.town = "t".repeat(255),                         "takes part"),
        ("town of 256",            |c| c.town = "t".repeat(256),                         "takes part town"),
        ("postcode of 50",         |c| c.postcode = "p".repeat(50),                      "takes part"),
        ("postcode of 51",         |c| c.postcode = "p".repeat(51),                      "takes part postcode"),
        ("country of 50",          |c| c.country = "c".repeat(50),                       "takes part"),
        ("country of 51",          |c| c.country = "c".repeat(51),                       "takes part country"),
        ("country with dots",      |c| c.country = "U.K.".into(),                        "takes part country"),
        ("country with a digit",   |c| c.country = "Area 51".into(),                     "takes part country"),
        ("country with an accent", |c| c.country = "Österreich".into(),                  "takes part"),
        ("person of 255",          |c| c.person = "p".repeat(255),                       "takes part"),
        ("person of 256",          |c| c.person = "p".repeat(256),                       "takes part contact person"),
        ("phone of 50",            |c| c.phone = "1".repeat(50),                         "takes part"),
        ("phone of 51",            |c| c.phone = "1".repeat(51),                         "takes part phone"),
        ("email plain",            |c| c.email = " o'neil+x@sub.acme.example ".into(),   "takes part"),
        ("email with an umlaut",   |c| c.email = "jö@acme.example".into(),               "takes part email"),
        ("two emails, comma",      |c| c.email = "a@acme.example,b@acme.example".into(), "takes part email"),
        ("two emails, semicolon",  |c| c.email = "a@acme.example; b@acme.example".into(),"takes part email"),
        ("two emails, space",      |c| c.email = "a@acme.example b@acme.example".into(), "takes part email"),
        ("email with a name",      |c| c.email = "Jo <jo@acme.example>".into(),          "takes part email"),
        ("the same, no space",     |c| c.email = "Jo<jo@acme.example>".into(),           "takes part email"),
        ("a bracket in a domain",  |c| c.email = "jo@[10.0<0.1]".into(),                 "takes part email"),
        ("a comma in a domain",    |c| c.email = "jo@[10.0,0.1]".into(),                 "takes part email"),
        ("a semicolon in a domain", |c| c.email = "jo@[10.0;0.1]".into(),                "takes part email"),
        ("email in quotes",        |c| c.email = "\"jo\"@acme.example".into(),           "takes part email"),
        ("email without a domain", |c| c.email = "jo@".into(),                           "takes part email"),
        ("email without a dot",    |c| c.email = "jo@localhost".into(),                  "takes part email"),
        ("not an email",           |c| c.email = "none".into(),                          "takes part email"),
        ("email of 255",           |c| c.email = format!("{}@{}examples", "j".repeat(60), "a.".repeat(93)), "takes part"),
        ("email of 256",           |c| c.email = format!("{}@{}examples", "j".repeat(61), "a.".repeat(93)), "takes part email"),
        ("several at once",        |c| { c.country = "U.K.".into(); c.phone = "1".repeat(51); c.email = "none".into(); }, "takes part country, phone, email"),
    ];
    for (says, change, outcome) in rows {
        let mut contact = acme();
        change(&mut contact);
        assert_eq!(said(&contact), outcome, "{says}");
    }
}

#[test]
fn a_field_that_is_left_out_is_blank_and_says_what_xero_takes() {
    let customer = customer(&Contact {
        country: "U.K.".to_owned(),
        phone: "1".repeat(51),
        email: "none".to_owned(),
        ..acme()
    });
    assert_eq!(customer.details.address.country, "");
    assert_eq!(customer.details.address.street, "1 High Street");
    assert_eq!(customer.details.phone, "");
    assert_eq!(customer.details.email, "");
    let left = |field, takes: &str| LeftOut {
        field,
        takes: takes.to_owned(),
    };
    assert_eq!(
        customer.left_out,
        [
            left(Field::Country, "letters only"),
            left(Field::Phone, "at most 50 characters"),
            left(Field::Email, "one email address, without accented letters"),
        ]
    );
}

#[test]
fn outer_and_repeated_spaces_are_normalised() {
    let customer = customer(&Contact {
        name: "  Acme \t Ltd\u{a0}".to_owned(),
        street: "1  High\r\nStreet".to_owned(),
        town: " Leeds ".to_owned(),
        postcode: "LS1   1AA".to_owned(),
        country: "United  Kingdom".to_owned(),
        person: " Jo  van   Dam ".to_owned(),
        phone: " +44 113  000 ".to_owned(),
        email: " jo@acme.example ".to_owned(),
        account_reference: " A-1 ".to_owned(),
        contact_reference: " C 1 ".to_owned(),
        ..acme()
    });
    let details = &customer.details;
    assert_eq!(details.name, "Acme Ltd");
    assert_eq!(details.address.street, "1 High Street");
    assert_eq!(details.address.town, "Leeds");
    assert_eq!(details.address.postcode, "LS1 1AA");
    assert_eq!(details.address.country, "United Kingdom");
    assert_eq!(details.person.first_names, "Jo van");
    assert_eq!(details.person.last_name, "Dam");
    assert_eq!(details.phone, "+44 113 000");
    assert_eq!(details.email, "jo@acme.example");
    assert_eq!(customer.account_reference.unwrap().as_str(), "A-1");
    assert_eq!(customer.contact_reference, "C 1");
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn the_last_word_of_the_person_is_the_last_name() {
    let rows = [
        ("Jo Bloggs",       "Jo",        "Bloggs"),
        ("Jo van der Berg", "Jo van der", "Berg"),
        ("Jo",              "Jo",        ""),
        ("",                "",          ""),
        ("李 小龍",          "李",        "小龍"),
    ];
    for (person, first_names, last_name) in rows {
        let details = customer(&Contact { person: person.to_owned(), ..acme() }).details;
        assert_eq!((details.person.first_names.as_str(), details.person.last_name.as_str()), (first_names, last_name));
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_contacts_fingerprint_changes_with_anything_that_a_decision_looks_at() {
    let plain = contact_fingerprint(&acme(), &settings(&[]));
    let changes: [(&str, Edit); 15] = [
        ("group",             other_group),
        ("parent",            has_parent),
        ("deletion",          deleted),
        ("exclusion",         excluded),
        ("name",              |c| c.name.push('x')),
        ("street",            |c| c.street.push('x')),
        ("town",              |c| c.town.push('x')),
        ("postcode",          |c| c.postcode.push('x')),
        ("country",           |c| c.country.push('x')),
        ("person",            |c| c.person.push('x')),
        ("phone",             |c| c.phone.push('x')),
        ("email",             |c| c.email.push('x')),
        ("contact reference", |c| c.contact_reference.push('x')),
        ("account reference", |c| c.account_reference.push('x')),
        ("account type",      |c| c.account_type = Some(rules::AccountType::XERO)),
    ];
    for (says, change) in changes {
        let mut contact = acme();
        change(&mut contact);
        assert_ne!(contact_fingerprint(&contact, &settings(&[])), plain, "{says}");
    }
    assert_ne!(contact_fingerprint(&acme(), &settings(&[("CREATE_IN_XERO", "true")])), plain, "a setting");
    assert_eq!(contact_fingerprint(&acme(), &settings(&[])), plain);
}
