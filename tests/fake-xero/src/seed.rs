//! Contacts put in place by hand, as a person does in Xero's own pages: without the API's rules.

use serde_json::Value;
use uuid::Uuid;

use crate::contact::{Contact, Status};
use crate::directory::Directory;
use crate::ids::Ids;
use crate::validation;

/// A contact that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// Not a list of contacts, nor an object with the list `Contacts`.
    #[error("a list of contacts is needed, or an object with the list \"Contacts\"")]
    NotAList,
    /// A contact has a field of the wrong type, or an unknown status.
    #[error("contact {0} of the list (from 0) cannot be read")]
    Contact(usize),
}

/// Adds contacts in Xero's own JSON. One with the `ContactID` of a contact that is there changes that contact; fields that are left out stay.
pub(crate) fn seed(
    directory: &mut Directory,
    ids: &mut Ids,
    now_unix_ms: i64,
    contacts: &Value,
) -> Result<Vec<Uuid>, SeedError> {
    let list = contacts.get("Contacts").unwrap_or(contacts).as_array();
    let read: Vec<Contact> = list
        .ok_or(SeedError::NotAList)?
        .iter()
        .enumerate()
        .map(|(index, json)| {
            let contact = read(directory, ids, json).ok_or(SeedError::Contact(index))?;
            Ok(Contact {
                updated_unix_ms: now_unix_ms,
                ..contact
            })
        })
        .collect::<Result<_, _>>()?;
    let mut seeded = Vec::with_capacity(read.len());
    for contact in read {
        seeded.push(contact.id);
        directory.put(contact);
    }
    Ok(seeded)
}

fn read(directory: &Directory, ids: &mut Ids, json: &Value) -> Option<Contact> {
    let element = json
        .as_object()
        .filter(|element| validation::is_well_formed(element))?;
    let id = validation::contact_id(element)
        .ok()?
        .unwrap_or_else(|| ids.next());
    let mut contact = directory
        .get(id)
        .cloned()
        .unwrap_or_else(|| Contact::new(id));
    contact.merge(element);
    if let Some(status) = element.get("ContactStatus").filter(|s| !s.is_null()) {
        contact.status = serde_json::from_value::<Status>(status.clone()).ok()?;
    }
    match element.get("MergedToContactID") {
        Some(Value::String(survivor)) => {
            contact.merged_into = Some(Uuid::try_parse(survivor).ok()?);
        }
        // As Xero's support undoes a merge.
        Some(Value::Null) => contact.merged_into = None,
        _ => {}
    }
    if let Some(yes) = element.get("IsCustomer").and_then(Value::as_bool) {
        contact.is_customer = yes;
    }
    if let Some(yes) = element.get("IsSupplier").and_then(Value::as_bool) {
        contact.is_supplier = yes;
    }
    Some(contact)
}
