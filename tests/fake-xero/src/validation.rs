//! What Xero takes in the fields of one element.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::contact::{
    ADDRESS_FIELDS, ADDRESS_TYPES, CONTACT_FIELDS, Field, PHONE_FIELDS, PHONE_TYPES,
};

/// The most persons that a contact has.
const MAX_PERSONS: usize = 5;

/// One contact as it was sent.
pub(crate) type Element = Map<String, Value>;

/// The `ContactID` that an element carries. All zeros, which is how a refused create is echoed, counts as none.
///
/// # Errors
/// Where it is no UUID.
pub(crate) fn contact_id(element: &Element) -> Result<Option<Uuid>, ()> {
    match element.get("ContactID") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            let id = Uuid::try_parse(text).map_err(|_| ())?;
            Ok((!id.is_nil()).then_some(id))
        }
        Some(_) => Err(()),
    }
}

/// Whether every known field has the JSON type that the contract gives it. Where one has not, Xero refuses the whole body as unreadable.
pub(crate) fn is_well_formed(element: &Element) -> bool {
    let slots_are = |list: &str, type_field: &str, fields: &[Field]| match element.get(list) {
        None | Some(Value::Null) => true,
        Some(Value::Array(slots)) => slots.iter().all(|slot| {
            slot.as_object().is_some_and(|slot| {
                is_text(slot, type_field) && fields.iter().all(|(field, _)| is_text(slot, field))
            })
        }),
        Some(_) => false,
    };
    contact_id(element).is_ok()
        && is_text(element, "ContactStatus")
        && CONTACT_FIELDS
            .iter()
            .all(|(field, _)| is_text(element, field))
        && slots_are("Addresses", "AddressType", &ADDRESS_FIELDS)
        && slots_are("Phones", "PhoneType", &PHONE_FIELDS)
        && slots_are(
            "ContactPersons",
            "FirstName",
            &[("LastName", 255), ("EmailAddress", 255)],
        )
}

fn is_text(map: &Map<String, Value>, field: &str) -> bool {
    matches!(map.get(field), None | Some(Value::Null | Value::String(_)))
}

/// The text of a field, if the element carries it.
pub(crate) fn text<'a>(element: &'a Element, field: &str) -> Option<&'a str> {
    element.get(field).and_then(Value::as_str)
}

/// Everything that is wrong with the fields of a well-formed element, in Xero's words where they are known.
pub(crate) fn field_errors(element: &Element) -> Vec<String> {
    let mut errors = Vec::new();
    if let Some(name) = text(element, "Name") {
        errors.extend(name_error(name).map(str::to_owned));
    }
    length_errors(element, &CONTACT_FIELDS, &mut errors);
    if text(element, "EmailAddress").is_some_and(|email| !email.is_empty() && !is_email(email)) {
        errors.push("Email address must be valid".into());
    }
    slot_errors(
        element,
        ("Addresses", "AddressType"),
        &ADDRESS_TYPES,
        &ADDRESS_FIELDS,
        &mut errors,
    );
    slot_errors(
        element,
        ("Phones", "PhoneType"),
        &PHONE_TYPES,
        &PHONE_FIELDS,
        &mut errors,
    );
    let persons = element.get("ContactPersons").and_then(Value::as_array);
    if persons.is_some_and(|persons| persons.len() > MAX_PERSONS) {
        errors.push(format!(
            "A contact can have at most {MAX_PERSONS} contact persons."
        ));
    }
    if text(element, "ContactStatus").is_some_and(|s| !matches!(s, "ACTIVE" | "ARCHIVED")) {
        errors.push("The contact status is not valid.".into());
    }
    errors
}

fn name_error(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("Contact Name cannot be empty.")
    } else if name.contains(['<', '>']) {
        Some("The contact name cannot contain angle brackets.")
    } else if name.trim() != name || name.contains("  ") {
        Some("The contact name cannot have leading, trailing or repeated spaces.")
    } else {
        None
    }
}

fn length_errors(from: &Map<String, Value>, fields: &[Field], errors: &mut Vec<String>) {
    for (field, max) in fields {
        if from
            .get(*field)
            .and_then(Value::as_str)
            .is_some_and(|t| t.chars().count() > *max)
        {
            errors.push(format!(
                "The field {field} must be a string with a maximum length of {max}."
            ));
        }
    }
}

fn slot_errors(
    element: &Element,
    (list, type_field): (&str, &str),
    types: &[&str],
    fields: &[Field],
    errors: &mut Vec<String>,
) {
    let slots = element.get(list).and_then(Value::as_array);
    for slot in slots.into_iter().flatten().filter_map(Value::as_object) {
        let kind = slot.get(type_field).and_then(Value::as_str);
        if !kind.is_some_and(|kind| types.contains(&kind)) {
            errors.push(format!("The {type_field} is not valid."));
        }
        length_errors(slot, fields, errors);
        let country = slot
            .get("Country")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !country.chars().all(|c| c.is_alphabetic() || c == ' ') {
            errors.push("The Country field can only contain letters.".into());
        }
    }
}

/// An address of the web with its scheme and a host that has a dot.
pub(crate) fn is_website(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let labels = host.trim_end_matches('.').split('.');
        host.contains('.')
            && labels.clone().all(|label| !label.is_empty())
            && !text.contains(char::is_whitespace)
    })
}

/// One address in ASCII, `local@domain`, with a dot in the domain. Harder than the standard on purpose: no quoted parts and no literals.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let atom = |part: &str, extra: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || extra.contains(c))
    };
    local
        .split('.')
        .all(|part| atom(part, "!#$%&'*+-/=?^_`{|}~"))
        && domain.contains('.')
        && domain
            .split('.')
            .all(|label| atom(label, "-") && !label.starts_with('-') && !label.ends_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn errors(element: Value) -> Vec<String> {
        let Value::Object(element) = element else {
            return vec!["not an object".into()];
        };
        assert!(is_well_formed(&element));
        field_errors(&element)
    }

    #[test]
    fn names_that_xero_refuses() {
        for name in ["", " ", " A", "A ", "A  B", "A <B>", &"n".repeat(256)] {
            assert_eq!(errors(json!({ "Name": name })).len(), 1, "{name:?}");
        }
        for name in ["A", "A B", "Ågren & Söner “X”", &"é".repeat(255)] {
            assert!(errors(json!({ "Name": name })).is_empty(), "{name:?}");
        }
    }

    #[test]
    fn emails_that_xero_refuses() {
        for email in [
            "a",
            "a@b",
            "a@b.c, d@e.f",
            "a b@c.d",
            "ü@c.d",
            "a@ü.de",
            "a@@b.c",
            ".a@b.c",
            "a@-b.c",
        ] {
            assert_eq!(
                errors(json!({ "EmailAddress": email })),
                ["Email address must be valid"],
                "{email}"
            );
        }
        for email in ["", "a@b.co", "first.last+tag@sub.example.org"] {
            assert!(
                errors(json!({ "EmailAddress": email })).is_empty(),
                "{email}"
            );
        }
    }

    #[test]
    fn every_length_is_held_to_the_contract() {
        for (field, max) in &CONTACT_FIELDS[1..] {
            if *field != "EmailAddress" {
                assert!(
                    errors(json!({ *field: "x".repeat(*max) })).is_empty(),
                    "{field}"
                );
                assert_eq!(
                    errors(json!({ *field: "x".repeat(max + 1) })).len(),
                    1,
                    "{field}"
                );
            }
        }
        for (field, max) in &ADDRESS_FIELDS {
            let address = |length: usize| json!({ "Addresses": [{ "AddressType": "POBOX", *field: "x".repeat(length) }] });
            assert!(errors(address(*max)).is_empty(), "{field}");
            assert_eq!(errors(address(max + 1)).len(), 1, "{field}");
        }
        for (field, max) in &PHONE_FIELDS {
            let phone = |length: usize| json!({ "Phones": [{ "PhoneType": "DEFAULT", *field: "1".repeat(length) }] });
            assert!(errors(phone(*max)).is_empty(), "{field}");
            assert_eq!(errors(phone(max + 1)).len(), 1, "{field}");
        }
    }

    #[test]
    fn a_country_has_letters_only_and_types_are_known_ones() {
        let country =
            |c: &str| errors(json!({ "Addresses": [{ "AddressType": "STREET", "Country": c }] }));
        assert!(country("United Kingdom").is_empty());
        assert!(country("").is_empty());
        assert_eq!(country("U.K.").len(), 1);
        assert_eq!(country("GB1").len(), 1);
        assert_eq!(
            errors(json!({ "Addresses": [{ "AddressType": "DELIVERY" }] })).len(),
            1
        );
        assert_eq!(
            errors(json!({ "Phones": [{ "PhoneNumber": "1" }] })).len(),
            1
        );
        assert_eq!(
            errors(json!({ "ContactPersons": [{}, {}, {}, {}, {}, {}] })).len(),
            1
        );
        assert_eq!(errors(json!({ "ContactStatus": "GDPRREQUEST" })).len(), 1);
    }
}
