//! A contact as Xero holds it: what matching needs to know of it.

use serde::{Deserialize, Serialize};

use crate::{
    AccountReference, Address, Compared, ContactData, ContactId, ContactNumber, Details, Person,
    XeroContactId,
};

/// Xero's `ContactStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ContactStatus {
    /// In use.
    Active,
    /// Archived: refuses every edit through the API; can be restored only in Xero's own pages.
    Archived,
    /// `GDPRREQUEST`: erased on a person's request; cannot be used at all.
    Erased,
}

/// A contact in Xero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct XeroContact {
    /// `ContactID`.
    pub id: XeroContactId,
    /// `Name`, unique without case among the active contacts.
    pub name: String,
    /// `AccountNumber` as Xero holds it; blank where there is none.
    pub account_number: String,
    /// `ContactNumber`, if there is one.
    pub contact_number: Option<ContactNumber>,
    /// `ContactStatus`.
    pub status: ContactStatus,
    /// The contact that this one was merged into, where Xero says so.
    pub merged_into: Option<XeroContactId>,
    /// Its e-mail address, phones, postcodes and streets, as far as Xero told them. Not a part of
    /// what is compared before a write.
    #[serde(default, skip_serializing_if = "ContactData::is_empty")]
    pub data: ContactData,
    /// What it shows of the units that are carried over: of a contact that was read by its id, or
    /// answered to a write. `None` in a list, where it would fill the memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<Details>>,
}

/// A contact to be created in Xero. Every field is one that Xero takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewXeroContact {
    /// `Name`, at most 255 characters, spaces normalised.
    pub name: String,
    /// `AccountNumber`.
    pub account_number: AccountReference,
    /// `ContactNumber`: always our own.
    pub contact_number: ContactNumber,
    /// Postal address, if BigChange has one.
    pub address: Option<Address>,
    /// `DEFAULT` phone, if BigChange has one.
    pub phone: Option<String>,
    /// `EmailAddress`, if BigChange has one that Xero takes.
    pub email: Option<String>,
    /// First and last name, if BigChange has a person.
    pub person: Option<Person>,
}

impl XeroContact {
    /// It, as it is compared with a customer that is not in Xero.
    #[must_use]
    pub fn compared(&self) -> Compared<'_> {
        Compared {
            name: &self.name,
            data: &self.data,
        }
    }

    /// Whether it carries the contact number that this software gives to the Xero contact that it
    /// creates for `contact`.
    #[must_use]
    pub fn is_ours_for(&self, contact: ContactId) -> bool {
        let number = self.contact_number.as_ref();
        number.is_some_and(|number| number.is_ours_for(contact))
    }
}

impl NewXeroContact {
    /// What of it is compared, besides its name.
    #[must_use]
    pub fn data(&self) -> ContactData {
        let email = self.email.as_deref().unwrap_or_default();
        let phone = self.phone.as_deref().unwrap_or_default();
        let data = ContactData::default().email(email).phone(phone);
        self.address.as_ref().map_or(data.clone(), |address| {
            data.postcode(&address.postcode).street(&address.street)
        })
    }

    /// It, as it is in Xero once it was created there under `id`.
    #[must_use]
    pub fn created_as(&self, id: XeroContactId) -> XeroContact {
        XeroContact {
            id,
            name: self.name.clone(),
            account_number: self.account_number.to_string(),
            contact_number: Some(self.contact_number.clone()),
            status: ContactStatus::Active,
            merged_into: None,
            data: self.data(),
            details: None,
        }
    }
}

/// What is to change on an existing Xero contact. `None` leaves a field as it is; a blank text
/// empties it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct XeroChanges {
    /// `Name`: never blank.
    pub name: Option<String>,
    /// `AccountNumber`, only ever into a blank one.
    pub account_number: Option<AccountReference>,
    /// Postal address as one unit.
    pub address: Option<Address>,
    /// `DEFAULT` phone.
    pub phone: Option<String>,
    /// `EmailAddress`.
    pub email: Option<String>,
    /// First and last name as one unit.
    pub person: Option<Person>,
}

impl XeroChanges {
    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
