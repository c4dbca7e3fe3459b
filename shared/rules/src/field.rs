//! The fields of a contact.

use serde::{Deserialize, Serialize};

/// A field of a contact, by the name that people know it by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Field {
    /// Name.
    Name,
    /// Account reference.
    AccountReference,
    /// Contact reference.
    ContactReference,
    /// Contact group.
    Group,
    /// Street.
    Street,
    /// Town.
    Town,
    /// Postcode.
    Postcode,
    /// Country.
    Country,
    /// Contact person.
    Person,
    /// Phone.
    Phone,
    /// Email.
    Email,
    /// The free text "Extra".
    Extra,
    /// Street, town, postcode and country, which are sent as one.
    Address,
    /// Account type.
    AccountType,
    /// Xero's contact number, which its pages call "contact code".
    ContactNumber,
    /// A field that only a newer version of this software knows.
    #[serde(other)]
    Unknown,
}

impl Field {
    /// The key by which BigChange's reference spells the field in a contact's detail; for what
    /// BigChange does not hold, its label.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::AccountReference => "AccountReference",
            Self::AccountType => "AccountType",
            Self::ContactReference => "ContactReference",
            Self::Group => "GroupId",
            Self::Street => "Street",
            Self::Town => "Town",
            Self::Postcode => "PostCode",
            Self::Country => "Country",
            Self::Person => "Person",
            Self::Phone => "Phone",
            Self::Email => "Email",
            Self::Extra => "Extra",
            other => other.label(),
        }
    }

    /// The field's name in a sentence.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::AccountReference => "account reference",
            Self::ContactReference => "contact reference",
            Self::Group => "contact group",
            Self::Street => "street",
            Self::Town => "town",
            Self::Postcode => "postcode",
            Self::Country => "country",
            Self::Person => "contact person",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Extra => "extra information",
            Self::Address => "address",
            Self::AccountType => "account type",
            Self::ContactNumber => "contact number",
            Self::Unknown => "another field",
        }
    }
}
