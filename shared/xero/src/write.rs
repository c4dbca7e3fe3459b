//! What is sent to Xero.

use rules::{Address, NewXeroContact, Person, XeroChanges, XeroContactId};
use serde::Serialize;

/// The most contacts in one write: Xero's own advice, well under its 3.5 MB a call.
pub const MAX_BATCH: usize = 50;

/// One element of a write of many existing contacts: its ContactID and what changes, never a name. To
/// repeat the name just read would undo a rename made in Xero in that moment, and Xero would refuse
/// an old name that it does not take any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    id: XeroContactId,
    changes: XeroChanges,
}

/// A rename cannot be one of many; send it by itself, with [`Xero::update`](crate::Xero::update).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a rename is sent by itself")]
pub struct RenamesGoSingly;

impl Update {
    /// An update of the contact `id`.
    ///
    /// Xero was recorded to accept an element without a name (September 2026); an older report says
    /// that it refuses one, as [`Refusal::NameMissing`](crate::Refusal::NameMissing).
    ///
    /// # Errors
    /// [`RenamesGoSingly`] where the changes hold a name: a name that Xero refuses must not be taken
    /// for one that is missing.
    pub fn new(id: XeroContactId, changes: XeroChanges) -> Result<Self, RenamesGoSingly> {
        if changes.name.is_some() {
            return Err(RenamesGoSingly);
        }
        Ok(Self { id, changes })
    }

    /// Which contact.
    #[must_use]
    pub fn id(&self) -> XeroContactId {
        self.id
    }
}

/// The body of every write.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    #[serde(rename = "Contacts")]
    contacts: Vec<ContactBody<'a>>,
}

impl<'a> Body<'a> {
    pub(crate) fn create(contacts: &'a [NewXeroContact]) -> Self {
        Self {
            contacts: contacts.iter().map(ContactBody::create).collect(),
        }
    }

    /// The id stands in the address as well; here it makes sure that Xero looks for nothing else.
    pub(crate) fn update(id: XeroContactId, changes: &'a XeroChanges) -> Self {
        Self {
            contacts: vec![ContactBody::update(id, changes)],
        }
    }

    pub(crate) fn update_many(updates: &'a [Update]) -> Self {
        let element = |update: &'a Update| ContactBody::update(update.id, &update.changes);
        Self {
            contacts: updates.iter().map(element).collect(),
        }
    }
}

/// A contact as it is sent: Xero keeps what is left out and empties what is `""`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ContactBody<'a> {
    #[serde(rename = "ContactID", skip_serializing_if = "Option::is_none")]
    id: Option<XeroContactId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    addresses: Option<[AddressBody<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phones: Option<[PhoneBody<'a>; 1]>,
}

impl<'a> ContactBody<'a> {
    fn create(contact: &'a NewXeroContact) -> Self {
        let (first_name, last_name) = names(contact.person.as_ref());
        Self {
            id: None,
            name: Some(&contact.name),
            account_number: Some(contact.account_number.as_str()),
            contact_number: Some(contact.contact_number.as_str()),
            first_name,
            last_name,
            email_address: contact.email.as_deref(),
            addresses: contact.address.as_ref().map(postal),
            phones: contact.phone.as_deref().map(default_phone),
        }
    }

    fn update(id: XeroContactId, changes: &'a XeroChanges) -> Self {
        let (first_name, last_name) = names(changes.person.as_ref());
        Self {
            id: Some(id),
            name: changes.name.as_deref(),
            account_number: changes
                .account_number
                .as_ref()
                .map(|reference| reference.as_str()),
            contact_number: None,
            first_name,
            last_name,
            email_address: changes.email.as_deref(),
            addresses: changes.address.as_ref().map(postal),
            phones: changes.phone.as_deref().map(default_phone),
        }
    }
}

fn names(person: Option<&Person>) -> (Option<&str>, Option<&str>) {
    person.map_or((None, None), |person| {
        (Some(&person.first_names), Some(&person.last_name))
    })
}

/// The postal address is one unit. BigChange has one street field, Xero four lines and a region, so the other lines are emptied: a line of the address before
/// would otherwise stand within the new one. `AttentionTo` stays: it names a person, not a place.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AddressBody<'a> {
    address_type: &'static str,
    address_line1: &'a str,
    address_line2: &'static str,
    address_line3: &'static str,
    address_line4: &'static str,
    city: &'a str,
    region: &'static str,
    postal_code: &'a str,
    country: &'a str,
}

fn postal(address: &Address) -> [AddressBody<'_>; 1] {
    [AddressBody {
        address_type: "POBOX", // Xero's name for the postal address
        address_line1: &address.street,
        address_line2: "",
        address_line3: "",
        address_line4: "",
        city: &address.town,
        region: "",
        postal_code: &address.postcode,
        country: &address.country,
    }]
}

/// BigChange has the whole phone number in one field. Xero shows and dials country code, area code and number in a row, so the first two are emptied:
/// codes left from the number before would stand in front of the new one.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PhoneBody<'a> {
    phone_type: &'static str,
    phone_number: &'a str,
    phone_area_code: &'static str,
    phone_country_code: &'static str,
}

fn default_phone(number: &str) -> [PhoneBody<'_>; 1] {
    [PhoneBody {
        phone_type: "DEFAULT",
        phone_number: number,
        phone_area_code: "",
        phone_country_code: "",
    }]
}
