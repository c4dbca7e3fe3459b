//! The form that sets a contact reference rewrites the whole record, so it is used only where every field can be carried back unchanged.

use crate::text::normalise_spaces;
use crate::{AccountReference, Contact, ContactForm, Field};

/// BigChange's limits of `ContactSave`, in characters, from its reference.
const LIMITS: [(Field, usize); 9] = [
    (Field::Name, 50),
    (Field::Group, 50),
    (Field::Street, 100),
    (Field::Town, 100),
    (Field::Postcode, 10),
    (Field::Country, 50),
    (Field::Person, 30),
    (Field::Phone, 30),
    (Field::Email, 100),
];
const CONTACT_REFERENCE_MAX: usize = 40;
const EXTRA_MAX: usize = 255;

/// The form that gives `contact`, just read, the contact reference `reference` and leaves everything else as it is.
///
/// # Errors
/// The field that could not be carried back unchanged: too long for the form, a street that is missing (the form demands one), a phone with spaces
/// (the form takes none), spaces that the form would trim, or a group whose name is not known.
pub fn contact_form(
    contact: &Contact,
    group_name: Option<&str>,
    reference: &AccountReference,
) -> Result<ContactForm, Field> {
    let group = group_name
        .filter(|name| !name.trim().is_empty())
        .ok_or(Field::Group)?;
    if reference.as_str().chars().count() > CONTACT_REFERENCE_MAX {
        return Err(Field::ContactReference);
    }
    if contact.street.trim().is_empty() {
        return Err(Field::Street);
    }
    if contact.phone.contains(char::is_whitespace) {
        return Err(Field::Phone);
    }
    if contact.name.trim().is_empty() {
        return Err(Field::Name);
    }
    let texts: [&str; 9] = [
        &contact.name,
        group,
        &contact.street,
        &contact.town,
        &contact.postcode,
        &contact.country,
        &contact.person,
        &contact.phone,
        &contact.email,
    ];
    for ((field, limit), text) in LIMITS.into_iter().zip(texts) {
        if text.chars().count() > limit || normalise_spaces(text) != text {
            return Err(field);
        }
    }
    if contact.extra.chars().count() > EXTRA_MAX || contact.extra.trim() != contact.extra {
        return Err(Field::Extra);
    }
    Ok(ContactForm {
        id: contact.id,
        name: contact.name.clone(),
        group: group.to_owned(),
        parent: contact.parent,
        contact_reference: reference.to_string(),
        street: contact.street.clone(),
        town: contact.town.clone(),
        postcode: contact.postcode.clone(),
        country: contact.country.clone(),
        person: contact.person.clone(),
        phone: contact.phone.clone(),
        email: contact.email.clone(),
        extra: contact.extra.clone(),
    })
}
