//! Xero's answers, read leniently where that is safe and distrusted where it is not.

use http::StatusCode;
use http::header::DATE;
use rules::{
    Address, ContactData, ContactNumber, ContactStatus, Details, NameKey, Person, XeroContact,
    XeroContactId,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use transport::Response;
use uuid::Uuid;

use crate::failure::WireMessage;
use crate::query::PAGE_SIZE;
use crate::refusal::recognise;
use crate::results::{Answered, Sent, in_order_sent};
use crate::{DirectoryPage, ElementResult, Error, Messages, SearchPage, ms_date};

/// The contacts on a page where Xero chooses its size.
const DEFAULT_PAGE_SIZE: usize = 100;
/// The longest text of a contact that is read, in characters. Xero's contract allows 255; a contact with more is not one.
const MAX_TEXT_CHARS: usize = 1_000;
/// The longest value of a contact that is kept, in characters: four lines of an address, of 500 each.
const MAX_VALUE_CHARS: usize = 2_003;

/// The envelope around every answer about contacts.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    /// When Xero made the answer, by its own clock.
    #[serde(rename = "DateTimeUTC")]
    made_at: Option<String>,
    #[serde(rename = "Contacts")]
    contacts: Vec<Element>,
    pagination: Option<Pagination>,
}

/// How many pages and contacts there are.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    page_count: u32,
    item_count: u32,
}

/// One element of `Contacts`, so that one that cannot be read does not take the others with it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Element {
    Contact(Box<WireContact>),
    Unreadable(IgnoredAny),
}

impl Envelope {
    /// What an answer without a body says.
    pub(crate) fn nothing() -> Self {
        Self {
            made_at: None,
            contacts: Vec::new(),
            pagination: Some(Pagination {
                page_count: 0,
                item_count: 0,
            }),
        }
    }

    /// A page of the directory. It may have elements that cannot be read, and may not say how many pages there are.
    pub(crate) fn into_directory_page(self, response: &Response) -> Result<DirectoryPage, Error> {
        let unexpected = |what| Error::unexpected(response.status(), what);
        let as_of = self
            .made_at
            .as_deref()
            .and_then(ms_date::parse)
            .or_else(|| date_header(response))
            .filter(is_plausible)
            .ok_or(unexpected("an answer without a date"))?;
        let elements = self.contacts.len();
        if elements > PAGE_SIZE {
            return Err(unexpected("more contacts than were asked for"));
        }
        let contacts: Vec<_> = self
            .contacts
            .into_iter()
            .filter_map(|element| element.into_contact(Kept::InAList))
            .collect();
        Ok(DirectoryPage {
            unreadable: elements - contacts.len(),
            contacts,
            page_count: self.pagination.map(|pages| pages.page_count),
            item_count: self.pagination.map(|pages| pages.item_count),
            as_of,
        })
    }

    /// Everything that a lookup found. Nothing may be left out, since "not found" leads to a create.
    pub(crate) fn into_contacts(self, status: StatusCode) -> Result<Vec<XeroContact>, Error> {
        let may_have_more = match self.pagination {
            Some(pages) => pages.page_count > 1,
            // Xero's pages hold 100 contacts where it does not heed the size that was asked for.
            None => self.contacts.len() >= DEFAULT_PAGE_SIZE,
        };
        if may_have_more || self.contacts.len() > PAGE_SIZE {
            return Err(Error::TooManyContacts);
        }
        self.into_all_contacts(status, Kept::AsAWhole)
    }

    /// A page of a search. Nothing of it may be left out, since "not found" leads to a create.
    pub(crate) fn into_search_page(self, status: StatusCode) -> Result<SearchPage, Error> {
        let page_count = self.pagination.map(|pages| pages.page_count);
        Ok(SearchPage {
            contacts: self.into_all_contacts(status, Kept::InAList)?,
            page_count,
        })
    }

    fn into_all_contacts(self, status: StatusCode, kept: Kept) -> Result<Vec<XeroContact>, Error> {
        self.contacts
            .into_iter()
            .map(|element| element.into_contact(kept))
            .collect::<Option<_>>()
            .ok_or(Error::unexpected(status, "a contact that cannot be read"))
    }

    /// What became of each contact that was sent, in that order.
    pub(crate) fn into_results(self, sent: &[Sent<'_>]) -> Vec<ElementResult> {
        let answered: Vec<_> = self.contacts.into_iter().map(Element::answered).collect();
        in_order_sent(&answered, sent)
    }
}

fn date_header(response: &Response) -> Option<OffsetDateTime> {
    let text = response.headers().get(DATE)?.to_str().ok()?;
    OffsetDateTime::parse(text, &Rfc2822).ok()
}

/// Whoever reckons with a date at the end of the calendar leaves it.
fn is_plausible(date: &OffsetDateTime) -> bool {
    (2000..3000).contains(&date.year())
}

/// A contact as Xero sends it. Absent, null and `""` are the same.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireContact {
    #[serde(rename = "ContactID")]
    id: Option<String>,
    name: Option<String>,
    account_number: Option<String>,
    contact_number: Option<String>,
    contact_status: Option<String>,
    #[serde(rename = "MergedToContactID")]
    merged_to: Option<String>,
    first_name: Option<Lenient<String>>,
    last_name: Option<Lenient<String>>,
    email_address: Option<Lenient<String>>,
    phones: Option<Lenient<Vec<Lenient<WirePhone>>>>,
    addresses: Option<Lenient<Vec<Lenient<WireAddress>>>>,
    has_validation_errors: Option<bool>,
    status_attribute_string: Option<String>,
    validation_errors: Option<Vec<WireMessage>>,
}

/// Something that is used where it can be read. One that cannot must not take its contact with it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Read(T),
    Unreadable(IgnoredAny),
}

impl<T> Lenient<T> {
    fn read(self) -> Option<T> {
        match self {
            Self::Read(read) => Some(read),
            Self::Unreadable(_) => None,
        }
    }

    fn as_read(&self) -> Option<&T> {
        match self {
            Self::Read(read) => Some(read),
            Self::Unreadable(_) => None,
        }
    }
}

/// A phone, in the three parts in which people enter it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WirePhone {
    phone_type: Option<String>,
    phone_number: Option<String>,
    phone_area_code: Option<String>,
    phone_country_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireAddress {
    address_type: Option<String>,
    address_line1: Option<String>,
    address_line2: Option<String>,
    address_line3: Option<String>,
    address_line4: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postal_code: Option<String>,
    country: Option<String>,
}

/// What is kept of a contact that is read.
#[derive(Clone, Copy)]
enum Kept {
    /// What it is found and compared by: thousands are held in memory.
    InAList,
    /// Its values too, as a person would see them.
    AsAWhole,
}

impl WirePhone {
    /// The number as it is dialled: Xero keeps it in three parts, as people enter it.
    fn joined(&self) -> String {
        let part = |part: &Option<String>| part.as_deref().unwrap_or_default().trim().to_owned();
        let (country, area) = (part(&self.phone_country_code), part(&self.phone_area_code));
        let is_coded = country.contains(|c: char| c.is_ascii_digit()) && !country.starts_with('+');
        let plus = if is_coded { "+" } else { "" };
        let parts = [format!("{plus}{country}"), area, part(&self.phone_number)];
        let given = parts.into_iter().filter(|part| !part.is_empty());
        given.collect::<Vec<_>>().join(" ")
    }
}

/// What a contact shows of the units that are carried over: the postal address and the phone that
/// are written, not its other ones.
fn details(contact: &WireContact) -> Details {
    let is = |kind: &Option<String>, wanted: &str| {
        let kind = kind.as_deref().unwrap_or_default();
        kind.eq_ignore_ascii_case(wanted)
    };
    let phones = contact.phones.as_ref().and_then(Lenient::as_read);
    let mut phones = phones.into_iter().flatten().filter_map(Lenient::as_read);
    let phone = phones.find(|phone| is(&phone.phone_type, "DEFAULT"));
    let addresses = contact.addresses.as_ref().and_then(Lenient::as_read);
    let mut addresses = addresses.into_iter().flatten().filter_map(Lenient::as_read);
    let address = addresses.find(|address| is(&address.address_type, "POBOX"));
    let given = |text: &Option<Lenient<String>>| {
        let read = text.as_ref().and_then(Lenient::as_read);
        short(read.map(|text| text.trim()).unwrap_or_default())
    };
    Details {
        name: contact.name.as_deref().map(short).unwrap_or_default(),
        address: address.map(WireAddress::read).unwrap_or_default(),
        phone: phone
            .map(|phone| short(&phone.joined()))
            .unwrap_or_default(),
        email: given(&contact.email_address),
        person: Person {
            first_names: given(&contact.first_name),
            last_name: given(&contact.last_name),
        },
        not_known: std::collections::BTreeSet::new(),
    }
}

impl WireAddress {
    /// As one that is written: the four lines are the street, and a region belongs to the town.
    fn read(&self) -> Address {
        let joined = |parts: &[&Option<String>], between: &str| {
            let parts = parts.iter().map(|part| part.as_deref().unwrap_or_default());
            let given: Vec<&str> = parts
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            short(&given.join(between))
        };
        let lines = [
            &self.address_line1,
            &self.address_line2,
            &self.address_line3,
            &self.address_line4,
        ];
        Address {
            street: joined(&lines, "\n"),
            town: joined(&[&self.city, &self.region], ", "),
            postcode: joined(&[&self.postal_code], ""),
            country: joined(&[&self.country], ""),
        }
    }
}

/// At most as much as a value of Xero's may have: four lines of an address together.
fn short(text: &str) -> String {
    text.chars().take(MAX_VALUE_CHARS).collect()
}

/// What the contact is compared by, besides its name.
fn data(
    email: Option<Lenient<String>>,
    phones: Option<Lenient<Vec<Lenient<WirePhone>>>>,
    addresses: Option<Lenient<Vec<Lenient<WireAddress>>>>,
) -> ContactData {
    let email = email.and_then(Lenient::read).unwrap_or_default();
    let mut data = ContactData::default().email(&email);
    let phones = phones.and_then(Lenient::read).unwrap_or_default();
    for phone in phones.into_iter().filter_map(Lenient::read) {
        data = data.phone(&phone.joined());
    }
    let addresses = addresses.and_then(Lenient::read).unwrap_or_default();
    for address in addresses.into_iter().filter_map(Lenient::read) {
        data = data.postcode(&address.postal_code.unwrap_or_default());
        for line in [address.address_line1, address.address_line2]
            .into_iter()
            .flatten()
        {
            data = data.street(&line);
        }
    }
    data.shrink();
    data
}

impl Element {
    /// The contact, or `None` where it cannot be read as one.
    fn into_contact(self, kept: Kept) -> Option<XeroContact> {
        match self {
            Self::Contact(contact) => contact.into_contact(kept),
            Self::Unreadable(_) => None,
        }
    }

    /// What an element of a write's answer says, and of which contact.
    fn answered(self) -> Answered {
        match self {
            Self::Contact(contact) => contact.answered(),
            Self::Unreadable(_) => Answered {
                id: None,
                number: None,
                name: None,
                result: UNREADABLE,
            },
        }
    }
}

const UNREADABLE: ElementResult = ElementResult::Unknown {
    what: "an element that cannot be read",
};

impl WireContact {
    /// Xero answers 200 and echoes what it refused, a refused create with an id of zeros.
    fn is_refused(&self) -> bool {
        let has_status_error = self
            .status_attribute_string
            .as_deref()
            .is_some_and(|status| status.eq_ignore_ascii_case("ERROR"));
        let has_messages = self
            .validation_errors
            .as_ref()
            .is_some_and(|errors| !errors.is_empty());
        self.has_validation_errors == Some(true) || has_status_error || has_messages
    }

    /// Xero was seen to answer `OK` with an id of zeros.
    fn has_nil_id(&self) -> bool {
        let id = self.id.as_deref();
        id.and_then(|id| Uuid::try_parse(id.trim()).ok())
            .is_some_and(|id| id.is_nil())
    }

    fn answered(self) -> Answered {
        let id = self.id.as_deref().and_then(|id| id.parse().ok());
        let number = self.contact_number.as_deref();
        let number = number.and_then(ContactNumber::from_xero);
        let name = self.name.as_deref().filter(|name| !name.trim().is_empty());
        let name = name.map(NameKey::of);
        let result = if self.is_refused() {
            let messages = messages(self.validation_errors.as_deref());
            let quoted = [&self.name, &self.account_number, &self.contact_number];
            let quoted: Vec<&str> = quoted.into_iter().flatten().map(String::as_str).collect();
            ElementResult::Refused {
                kind: recognise(&messages, &quoted),
                messages,
            }
        } else if self.has_nil_id() {
            ElementResult::Unknown {
                what: "an element that says it was saved, without a ContactID",
            }
        } else {
            self.into_contact(Kept::AsAWhole)
                .map_or(UNREADABLE, ElementResult::Saved)
        };
        Answered {
            id,
            number,
            name,
            result,
        }
    }

    fn into_contact(self, kept: Kept) -> Option<XeroContact> {
        let details = match kept {
            Kept::InAList => None,
            Kept::AsAWhole => Some(Box::new(details(&self))),
        };
        let id = self.id?.parse().ok()?;
        let merged_into = text(self.merged_to)?.parse::<XeroContactId>().ok();
        Some(XeroContact {
            id,
            name: text(self.name)?,
            account_number: text(self.account_number)?,
            contact_number: ContactNumber::from_xero(&text(self.contact_number)?),
            status: status(&text(self.contact_status)?),
            merged_into,
            data: data(self.email_address, self.phones, self.addresses),
            details,
        })
    }
}

/// The text, or `None` where it is longer than any that Xero should send.
fn text(value: Option<String>) -> Option<String> {
    let value = value.unwrap_or_default();
    value
        .char_indices()
        .nth(MAX_TEXT_CHARS)
        .is_none()
        .then_some(value)
}

/// A status that is not known, or missing, reads as archived: such a contact is never written to, and a person is shown it.
fn status(text: &str) -> ContactStatus {
    let text = text.trim();
    if text.eq_ignore_ascii_case("ACTIVE") {
        ContactStatus::Active
    } else if text.eq_ignore_ascii_case("GDPRREQUEST") {
        ContactStatus::Erased
    } else {
        ContactStatus::Archived
    }
}

fn messages(errors: Option<&[WireMessage]>) -> Messages {
    let errors = errors.unwrap_or_default();
    Messages::bounded(errors.iter().filter_map(|error| error.message.clone()))
}
