//! A contact as Xero keeps it, and the shapes in which it shows it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A field and the most characters that Xero's published contract allows it.
pub(crate) type Field = (&'static str, usize);

/// The texts of a contact itself.
pub(crate) const CONTACT_FIELDS: [Field; 10] = [
    ("Name", 255),
    ("ContactNumber", 50),
    ("AccountNumber", 50),
    ("FirstName", 255),
    ("LastName", 255),
    ("EmailAddress", 255),
    ("CompanyNumber", 50),
    ("TaxNumber", 50),
    ("BankAccountDetails", 255),
    ("Website", 255),
];
/// The texts of an address.
pub(crate) const ADDRESS_FIELDS: [Field; 9] = [
    ("AttentionTo", 255),
    ("AddressLine1", 500),
    ("AddressLine2", 500),
    ("AddressLine3", 500),
    ("AddressLine4", 500),
    ("City", 255),
    ("Region", 255),
    ("PostalCode", 50),
    ("Country", 50),
];
/// The texts of a phone.
pub(crate) const PHONE_FIELDS: [Field; 3] = [
    ("PhoneNumber", 50),
    ("PhoneAreaCode", 10),
    ("PhoneCountryCode", 20),
];
/// `POBOX` is the postal address.
pub(crate) const ADDRESS_TYPES: [&str; 2] = ["STREET", "POBOX"];
/// Old contacts have a `DELIVERY` address too, which reads show and no write takes.
const STORED_ADDRESS_TYPES: [&str; 3] = ["STREET", "POBOX", DELIVERY];
const DELIVERY: &str = "DELIVERY";
/// The kinds of phone; `OFFICE` is shown only where it is filled.
pub(crate) const PHONE_TYPES: [&str; 5] = ["DEFAULT", "DDI", "FAX", "MOBILE", "OFFICE"];

/// Xero's `ContactStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// In use.
    #[serde(rename = "ACTIVE")]
    Active,
    /// Refuses every edit through the API.
    #[serde(rename = "ARCHIVED")]
    Archived,
    /// Erased at a person's request: cannot be used at all.
    #[serde(rename = "GDPRREQUEST")]
    Erased,
}

/// Texts by field; an empty one is absent.
pub(crate) type Texts = BTreeMap<&'static str, String>;

/// A contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// `ContactID`.
    pub id: Uuid,
    /// `ContactStatus`.
    pub status: Status,
    /// `MergedToContactID`: the contact that this one was merged into.
    pub merged_into: Option<Uuid>,
    /// `UpdatedDateUTC`, in milliseconds since 1970.
    pub updated_unix_ms: i64,
    pub(crate) texts: Texts,
    pub(crate) addresses: BTreeMap<&'static str, Texts>,
    pub(crate) phones: BTreeMap<&'static str, Texts>,
    pub(crate) persons: Vec<Value>,
    pub(crate) is_customer: bool,
    pub(crate) is_supplier: bool,
}

/// Which of Xero's shapes a contact is shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// In the answer to a write: every slot filled with blank texts.
    Written,
    /// On its own, or in a page: everything, and empty slots have only their type.
    Whole,
    /// In a list without pages: what is costly to read is left out.
    Unpaged,
    /// In a page with `summaryOnly`.
    Summary,
    /// In a list without pages, with `summaryOnly`.
    UnpagedSummary,
}

impl Contact {
    pub(crate) fn new(id: Uuid) -> Self {
        Self {
            id,
            status: Status::Active,
            merged_into: None,
            updated_unix_ms: 0,
            texts: Texts::new(),
            addresses: BTreeMap::new(),
            phones: BTreeMap::new(),
            persons: Vec::new(),
            is_customer: false,
            is_supplier: false,
        }
    }

    /// A text of the contact by Xero's name for it, for instance `AccountNumber`; blank where there is none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.texts.get(field).map_or("", String::as_str)
    }

    /// `Name`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("Name")
    }

    /// A text of an address, for instance `("POBOX", "City")`; blank where there is none.
    #[must_use]
    pub fn address(&self, kind: &str, field: &str) -> &str {
        slot_text(&self.addresses, kind, field)
    }

    /// A text of a phone, for instance `("DEFAULT", "PhoneNumber")`; blank where there is none.
    #[must_use]
    pub fn phone(&self, kind: &str, field: &str) -> &str {
        slot_text(&self.phones, kind, field)
    }

    /// Takes over the fields that an element carries and keeps the others, within an address or phone as well. What the element holds must have been checked.
    pub(crate) fn merge(&mut self, element: &Map<String, Value>) {
        merge_texts(&mut self.texts, &CONTACT_FIELDS, element);
        merge_slots(
            &mut self.addresses,
            ("Addresses", "AddressType"),
            &STORED_ADDRESS_TYPES,
            &ADDRESS_FIELDS,
            element,
        );
        merge_slots(
            &mut self.phones,
            ("Phones", "PhoneType"),
            &PHONE_TYPES,
            &PHONE_FIELDS,
            element,
        );
        if let Some(Value::Array(persons)) = element.get("ContactPersons") {
            self.persons.clone_from(persons);
        }
    }

    /// The contact in one of Xero's shapes.
    pub(crate) fn to_json(&self, view: View) -> Value {
        let mut out = Map::new();
        out.insert("ContactID".into(), json!(self.id));
        out.insert("ContactStatus".into(), json!(self.status));
        for (field, text) in &self.texts {
            if *field != "Website" || matches!(view, View::Written | View::Whole) {
                out.insert((*field).into(), json!(text));
            }
        }
        out.insert(
            "UpdatedDateUTC".into(),
            json!(format!("/Date({}+0000)/", self.updated_unix_ms)),
        );
        out.insert("IsSupplier".into(), json!(self.is_supplier));
        out.insert("IsCustomer".into(), json!(self.is_customer));
        out.insert("HasValidationErrors".into(), json!(false));
        if !matches!(view, View::Summary | View::UnpagedSummary) {
            let blank = view == View::Written;
            out.insert("Addresses".into(), self.addresses_json(blank));
            out.insert("Phones".into(), self.phones_json(blank));
            out.insert("ContactGroups".into(), json!([]));
        }
        if matches!(view, View::Written | View::Whole) {
            out.insert("ContactPersons".into(), json!(self.persons));
        }
        if view == View::Written {
            out.entry("BankAccountDetails").or_insert(json!(""));
            out.insert("SalesTrackingCategories".into(), json!([]));
            out.insert("PurchasesTrackingCategories".into(), json!([]));
        }
        // Whether a summary has it is not documented; a client must not rely on it there.
        if let Some(survivor) = self.merged_into
            && view == View::Whole
        {
            out.insert("MergedToContactID".into(), json!(survivor));
        }
        Value::Object(out)
    }

    fn addresses_json(&self, blank: bool) -> Value {
        let always: &[&str] = if blank {
            &["City", "Region", "PostalCode", "Country"]
        } else {
            &[]
        };
        let slots = STORED_ADDRESS_TYPES.iter();
        slots
            .filter(|kind| **kind != DELIVERY || self.addresses.contains_key(*kind))
            .map(|kind| slot_json("AddressType", kind, always, self.addresses.get(kind)))
            .collect()
    }

    fn phones_json(&self, blank: bool) -> Value {
        let always: &[&str] = if blank {
            &["PhoneNumber", "PhoneAreaCode", "PhoneCountryCode"]
        } else {
            &[]
        };
        let slots = PHONE_TYPES.iter();
        slots
            .filter(|kind| **kind != "OFFICE" || self.phones.contains_key(*kind))
            .map(|kind| slot_json("PhoneType", kind, always, self.phones.get(kind)))
            .collect()
    }
}

/// Shows every text that a contact does not have as `""`.
pub(crate) fn show_blank_texts(contact: &mut Value) {
    fill(contact, &CONTACT_FIELDS);
    for (list, fields) in [
        ("Addresses", &ADDRESS_FIELDS[..]),
        ("Phones", &PHONE_FIELDS),
    ] {
        let slots = contact.get_mut(list).and_then(Value::as_array_mut);
        slots
            .into_iter()
            .flatten()
            .for_each(|slot| fill(slot, fields));
    }
}

fn fill(object: &mut Value, fields: &[Field]) {
    let Some(object) = object.as_object_mut() else {
        return;
    };
    for (field, _) in fields {
        object.entry(*field).or_insert_with(|| json!(""));
    }
}

fn slot_text<'a>(slots: &'a BTreeMap<&'static str, Texts>, kind: &str, field: &str) -> &'a str {
    let texts = slots.get(kind);
    texts.and_then(|t| t.get(field)).map_or("", String::as_str)
}

fn slot_json(type_field: &str, kind: &str, always: &[&str], texts: Option<&Texts>) -> Value {
    let mut out = Map::new();
    out.insert(type_field.into(), json!(kind));
    for field in always {
        out.insert((*field).into(), json!(""));
    }
    for (field, text) in texts.into_iter().flatten() {
        out.insert((*field).into(), json!(text));
    }
    Value::Object(out)
}

fn merge_texts(texts: &mut Texts, fields: &[Field], from: &Map<String, Value>) {
    for (field, _) in fields {
        match from.get(*field).and_then(Value::as_str) {
            Some("") => {
                texts.remove(field);
            }
            Some(text) => {
                texts.insert(field, text.to_owned());
            }
            None => {}
        }
    }
}

fn merge_slots(
    slots: &mut BTreeMap<&'static str, Texts>,
    (list, type_field): (&str, &str),
    types: &[&'static str],
    fields: &[Field],
    element: &Map<String, Value>,
) {
    let sent = element.get(list).and_then(Value::as_array);
    for slot in sent.into_iter().flatten().filter_map(Value::as_object) {
        let kind = slot.get(type_field).and_then(Value::as_str);
        if let Some(kind) = types.iter().find(|k| Some(**k) == kind) {
            merge_texts(slots.entry(kind).or_default(), fields, slot);
        }
    }
}
