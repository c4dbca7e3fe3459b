//! Who takes part, and what of a contact Xero would take.

use email_address::EmailAddress;
use serde::{Deserialize, Serialize};

use crate::text::normalise_spaces;
use crate::{
    AccountReference, Address, Contact, Customer, Details, Field, Fingerprint,
    InvalidAccountReference, LeftOut, Person, Problem, Settings,
};

/// Why a contact is left alone, as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Skip {
    /// Deleted in BigChange: its Xero contact is left alone, its link released.
    Deleted,
    /// In a site group: never created in Xero.
    SiteContact,
    /// In no account group. An earlier link is kept for its return.
    NotAnAccountCustomer,
    /// "Exclude from financial sync" is ticked in BigChange.
    ExcludedFromSync,
}

/// Whether a contact takes part: the first row of the table that fits.
///
/// | contact | outcome |
/// |---|---|
/// | deleted in BigChange | skip `Deleted` |
/// | in a site group, with a parent | skip `SiteContact` |
/// | in a site group, without a parent | problem `ParentInSiteGroup` |
/// | in no account group | skip `NotAnAccountCustomer` |
/// | excluded from financial sync | skip `ExcludedFromSync` |
/// | has a parent, in an account group | problem `SiteContactInAccountGroup` |
/// | name or account reference unusable in Xero | problem `InvalidField` |
/// | otherwise | takes part |
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Participation {
    /// Left alone.
    Skip(Skip),
    /// Held until a person mends it.
    Held(Problem),
    /// Takes part.
    TakesPart(Box<Customer>),
}

/// Decides whether a contact takes part.
#[must_use]
pub fn participation(contact: &Contact, settings: &Settings) -> Participation {
    let in_group = |groups: &std::collections::BTreeSet<crate::GroupId>| {
        contact.group.is_some_and(|group| groups.contains(&group))
    };
    if contact.deleted {
        return Participation::Skip(Skip::Deleted);
    }
    if in_group(&settings.site_groups) {
        return match contact.parent {
            Some(_) => Participation::Skip(Skip::SiteContact),
            None => Participation::Held(Problem::ParentInSiteGroup {
                group: contact.group,
            }),
        };
    }
    if !in_group(&settings.account_groups) {
        return Participation::Skip(Skip::NotAnAccountCustomer);
    }
    if contact.excluded_from_financial_sync {
        return Participation::Skip(Skip::ExcludedFromSync);
    }
    if let Some(parent) = contact.parent {
        return Participation::Held(Problem::SiteContactInAccountGroup {
            parent,
            group: contact.group,
        });
    }
    match customer(contact) {
        Ok(customer) => Participation::TakesPart(Box::new(customer)),
        Err(problem) => Participation::Held(problem),
    }
}

/// Xero's limits, from its published contract: text fields are refused beyond them.
const NAME_MAX: usize = 255;
const EMAIL_MAX: usize = 255;
const STREET_MAX: usize = 500;
const TOWN_MAX: usize = 255;
const POSTCODE_MAX: usize = 50;
const COUNTRY_MAX: usize = 50;
const PHONE_MAX: usize = 50;
const PERSON_MAX: usize = 255;

/// The fields that are carried over and whose keys BigChange may leave out.
const CARRIED_OVER: [Field; 7] = [
    Field::Street,
    Field::Town,
    Field::Postcode,
    Field::Country,
    Field::Phone,
    Field::Email,
    Field::Person,
];

fn customer(contact: &Contact) -> Result<Customer, Problem> {
    let name = usable_name(&contact.name)?;
    let account_reference = usable_reference(&contact.account_reference)?;
    let mut left_out = Vec::new();
    let address = Address {
        street: bounded(&contact.street, Field::Street, STREET_MAX, &mut left_out),
        town: bounded(&contact.town, Field::Town, TOWN_MAX, &mut left_out),
        postcode: bounded(
            &contact.postcode,
            Field::Postcode,
            POSTCODE_MAX,
            &mut left_out,
        ),
        country: country(&contact.country, &mut left_out),
    };
    let details = Details {
        name,
        address,
        phone: bounded(&contact.phone, Field::Phone, PHONE_MAX, &mut left_out),
        email: email(&contact.email, &mut left_out),
        person: person(&bounded(
            &contact.person,
            Field::Person,
            PERSON_MAX,
            &mut left_out,
        )),
        not_known: CARRIED_OVER
            .into_iter()
            .filter(|field| contact.missing.contains(field))
            .collect(),
    };
    let contact_reference = contact.contact_reference.trim().to_owned();
    Ok(Customer {
        id: contact.id,
        details,
        account_reference,
        contact_reference,
        account_type: contact.account_type,
        left_out,
        missing: contact.missing.clone(),
    })
}

fn usable_name(name: &str) -> Result<String, Problem> {
    let name = normalise_spaces(name);
    let chars = name.chars().count();
    let invalid = |limit: &str| Problem::InvalidField {
        field: Field::Name,
        limit: limit.to_owned(),
        chars,
    };
    if name.is_empty() {
        Err(invalid("at least one character"))
    } else if chars > NAME_MAX {
        Err(invalid("at most 255 characters"))
    } else if name.contains(['<', '>']) {
        Err(invalid("no angle brackets (< or >)"))
    } else {
        Ok(name)
    }
}

fn usable_reference(text: &str) -> Result<Option<AccountReference>, Problem> {
    let invalid = |limit: &str| Problem::InvalidField {
        field: Field::AccountReference,
        limit: limit.to_owned(),
        chars: text.trim().chars().count(),
    };
    match AccountReference::parse(text) {
        Ok(reference) => Ok(Some(reference)),
        Err(InvalidAccountReference::Blank) => Ok(None),
        Err(InvalidAccountReference::TooLong(_)) => Err(invalid("at most 50 characters")),
        Err(InvalidAccountReference::Unprintable) => Err(invalid(
            "no line breaks or other characters that cannot be printed",
        )),
    }
}

fn bounded(text: &str, field: Field, max_chars: usize, left_out: &mut Vec<LeftOut>) -> String {
    let text = normalise_spaces(text);
    if text.chars().count() > max_chars {
        left_out.push(LeftOut {
            field,
            takes: format!("at most {max_chars} characters"),
        });
        return String::new();
    }
    text
}

/// Xero takes letters only in a country.
fn country(text: &str, left_out: &mut Vec<LeftOut>) -> String {
    let text = bounded(text, Field::Country, COUNTRY_MAX, left_out);
    if text.chars().all(|c| c.is_alphabetic() || c == ' ') {
        return text;
    }
    left_out.push(LeftOut {
        field: Field::Country,
        takes: "letters only".to_owned(),
    });
    String::new()
}

/// Xero takes one address, without umlauts.
fn email(text: &str, left_out: &mut Vec<LeftOut>) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    // Nothing says that Xero takes an address such as jo@[10.0.0.1].
    let options = email_address::Options::default().without_domain_literal();
    let one_address = text.is_ascii()
        && text.len() <= EMAIL_MAX
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '<' | '"'));
    if one_address
        && EmailAddress::parse_with_options(text, options)
            .is_ok_and(|address| address.domain().contains('.'))
    {
        return text.to_owned();
    }
    left_out.push(LeftOut {
        field: Field::Email,
        takes: "one email address, without accented letters".to_owned(),
    });
    String::new()
}

/// The last word is the last name; what stands before it are the first names.
fn person(text: &str) -> Person {
    match text.rsplit_once(' ') {
        Some((first_names, last_name)) => Person {
            first_names: first_names.to_owned(),
            last_name: last_name.to_owned(),
        },
        None => Person {
            first_names: text.to_owned(),
            last_name: String::new(),
        },
    }
}

/// A mark of everything in a contact that a decision looks at: a held contact is tried again when
/// it changes.
#[must_use]
pub fn contact_fingerprint(contact: &Contact, settings: &Settings) -> Fingerprint {
    let group = contact.group.map(|id| id.to_string()).unwrap_or_default();
    let parent = contact.parent.map(|id| id.to_string()).unwrap_or_default();
    let account_type = contact
        .account_type
        .map(|t| t.0.to_string())
        .unwrap_or_default();
    let missing: Vec<&str> = contact.missing.iter().map(|field| field.label()).collect();
    let settings = settings.fingerprint().to_string();
    let told = [
        settings.as_str(),
        group.as_str(),
        parent.as_str(),
        account_type.as_str(),
        if contact.deleted { "deleted" } else { "" },
        if contact.excluded_from_financial_sync {
            "excluded"
        } else {
            ""
        },
        &contact.name,
        &contact.street,
        &contact.town,
        &contact.postcode,
        &contact.country,
        &contact.person,
        &contact.phone,
        &contact.email,
        &contact.contact_reference,
        &contact.account_reference,
    ];
    // Where nothing is missing it is the mark of version 0.1.
    Fingerprint::of(told.into_iter().chain(missing))
}
