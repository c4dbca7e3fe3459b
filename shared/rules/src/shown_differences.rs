//! In what a BigChange contact and its Xero contact differ, as people look them up.

use crate::{AccountReference, Contact, Field, XeroContactRef, normalise_spaces};

/// The fields by which people know a contact in both systems and in which these two differ: the
/// name, and the account reference with Xero's account number. A field that BigChange did not tell
/// differs from nothing. It only marks what a report shows; what is sent is decided elsewhere.
#[must_use]
pub fn shown_differences(contact: &Contact, xero: &XeroContactRef) -> Vec<Field> {
    let has_same_name = normalise_spaces(&contact.name) == normalise_spaces(&xero.name);
    let has_same_number = is_same_number(&contact.account_reference, &xero.account_number);
    [
        (Field::Name, has_same_name),
        (Field::AccountReference, has_same_number),
    ]
    .into_iter()
    .filter(|(field, is_same)| !is_same && !contact.missing.contains(field))
    .map(|(field, _)| field)
    .collect()
}

/// Whether two texts are one account reference, or both are none.
fn is_same_number(one: &str, other: &str) -> bool {
    match (AccountReference::parse(one), AccountReference::parse(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one.trim() == other.trim(),
    }
}
