//! Groups, list items and details, from JSON to what the rules work on.

use rules::{
    AccountType, Contact, ContactId, Field, Fingerprint, Group, GroupId, ListedContact, Note,
    NoteTypeId,
};
use serde_json::Value;

use crate::fields::{Fields, Unreadable};

const ID: &[&str] = &["Id", "ContactId"];
const REFERENCE: &[&str] = &["ContactReference", "Reference"];
const PARENT_ID: &[&str] = &["ParentId", "ContactParentId"];
const GROUP_ID: &[&str] = &["GroupId", "ContactGroupId"];
const NAME: &[&str] = &["Name", "ContactName"];
const STREET: &[&str] = &["Street", "ContactStreet"];
const TOWN: &[&str] = &["Town", "ContactTown"];
const POSTCODE: &[&str] = &["PostCode", "ContactPostcode"];
const COUNTRY: &[&str] = &["Country", "ContactCountry"];
const PERSON: &[&str] = &["Person", "ContactPerson"];
const PHONE: &[&str] = &["Phone", "ContactPhone"];
const EMAIL: &[&str] = &["Email", "ContactEmail"];
const ACCOUNT_REFERENCE: &[&str] = &["AccountReference", "ContactExtraAccountReference"];
const ACCOUNT_TYPE: &[&str] = &["AccountType", "ContactExtraAccountType"];
/// The fields of a detail whose key BigChange was seen to leave out, or may.
const LEFT_OUT_AT_TIMES: [(Field, &[&str]); 10] = [
    (Field::Street, STREET),
    (Field::Town, TOWN),
    (Field::Postcode, POSTCODE),
    (Field::Country, COUNTRY),
    (Field::Person, PERSON),
    (Field::Phone, PHONE),
    (Field::Email, EMAIL),
    (Field::ContactReference, REFERENCE),
    (Field::AccountReference, ACCOUNT_REFERENCE),
    (Field::AccountType, ACCOUNT_TYPE),
];
/// The states of a note about which nothing is to be done any more.
const CLOSED: [&str; 3] = ["Completed", "Cancelled", "Canceled"];
const DELETION_DATE: &[&str] = &["DeletionDate", "ContactDeletionDate"];

/// A group; `None` for one without a name, which nothing here could refer to.
pub(crate) fn group(item: &Value) -> Result<Option<Group>, Unreadable> {
    let fields = fields(item, "group")?;
    let id = fields
        .id(&["Id", "GroupId", "ContactGroupId"])?
        .ok_or(Unreadable("Id"))?;
    let name = fields.text(&["Name", "GroupName", "ContactGroupName", "ContactGroup"])?;
    Ok((!name.trim().is_empty()).then_some(Group { id, name }))
}

/// An item of a list of contacts.
pub(crate) fn listed(item: &Value) -> Result<ListedContact, Unreadable> {
    let fields = fields(item, "contact")?;
    Ok(ListedContact {
        id: fields.id(ID)?.ok_or(Unreadable(ID[0]))?,
        contact_reference: fields.text(REFERENCE)?,
        parent: parent(&fields)?,
        deleted: fields.is_dated(DELETION_DATE)?,
        list_fingerprint: Fingerprint::of([item.to_string().as_str()]),
    })
}

/// The id of an item whose other fields may be unreadable.
pub(crate) fn id_of(item: &Value) -> Option<ContactId> {
    fields(item, "contact").ok()?.id(ID).ok()?
}

/// The key of a detail without which nothing can be decided and that is not there, if any. An absent
/// parent is not "no parent": a site contact would be created in Xero.
pub(crate) fn missing_key(detail: &Value) -> Option<&'static str> {
    let fields = fields(detail, "contact").ok()?;
    [ID, GROUP_ID, PARENT_ID, NAME]
        .into_iter()
        .find(|names| !fields.has(names))
        .map(|names| names[0])
}

/// A contact's detail.
pub(crate) fn contact(detail: &Value) -> Result<Contact, Unreadable> {
    let fields = fields(detail, "contact")?;
    let missing = LEFT_OUT_AT_TIMES
        .into_iter()
        .filter(|(_, names)| !fields.has(names))
        .map(|(field, _)| field)
        .collect();
    Ok(Contact {
        id: fields.id(ID)?.ok_or(Unreadable(ID[0]))?,
        group: group_id(&fields)?,
        parent: parent(&fields)?,
        deleted: fields.is_dated(DELETION_DATE)?,
        excluded_from_financial_sync: fields.flag(&[
            "FinancialSyncExclude",
            "ContactExtraFinancialSyncExclude",
            "ExcludeFromFinancialSync",
        ])?,
        name: fields.text(NAME)?,
        street: fields.text(STREET)?,
        town: fields.text(TOWN)?,
        postcode: fields.text(POSTCODE)?,
        country: fields.text(COUNTRY)?,
        person: fields.text(PERSON)?,
        phone: fields.text(PHONE)?,
        email: fields.text(EMAIL)?,
        extra: fields.text(&["Extra", "ContactExtra"])?,
        contact_reference: fields.text(REFERENCE)?,
        account_reference: fields.text(ACCOUNT_REFERENCE)?,
        account_type: fields.integer(ACCOUNT_TYPE)?.map(AccountType),
        missing,
    })
}

/// A note. One that cannot be read is refused: it could be the open one of the contact.
pub(crate) fn note(item: &Value) -> Result<Note, Unreadable> {
    let fields = fields(item, "note")?;
    let id = fields.integer(&["NoteId", "Id"])?;
    let status = fields.text(&["NoteStatus", "ContactNoteStatus", "Status"])?;
    Ok(Note {
        id: id
            .and_then(|id| u64::try_from(id).ok())
            .ok_or(Unreadable("NoteId"))?,
        reference: fields.text(&["NoteReference", "Reference"])?,
        type_name: fields.text(&["NoteType", "NoteTypeName"])?,
        is_open: !CLOSED
            .iter()
            .any(|closed| status.trim().eq_ignore_ascii_case(closed)),
        subject: fields.text(&["NoteSubject", "Subject"])?,
        text: fields.text(&["NoteText"])?,
        created: fields.text(&["NoteCreationDate", "CreationDate"])?,
    })
}

/// The id of a note type that was saved: the result is an object with it, or the id alone.
pub(crate) fn note_type_id(result: &Value) -> Result<NoteTypeId, Unreadable> {
    let id = match result {
        Value::Object(fields) => Fields(fields).id(&["id", "NoteTypeId"])?,
        Value::Number(id) => id.as_u64().and_then(|id| id.try_into().ok()),
        Value::String(id) => id.parse().ok(),
        _ => None,
    };
    id.ok_or(Unreadable("id"))
}

/// The group. A detail that doesn't speak of it at all would pass for a contact outside every account group, and be left out without a word: that is refused.
fn group_id(fields: &Fields<'_>) -> Result<Option<GroupId>, Unreadable> {
    fields.find(GROUP_ID).ok_or(Unreadable(GROUP_ID[0]))?;
    fields.id(GROUP_ID)
}

/// The parent. An item that names its parent without an id would pass for a parent itself, and be created in Xero: that is refused.
fn parent(fields: &Fields<'_>) -> Result<Option<ContactId>, Unreadable> {
    let parent = fields.id(PARENT_ID)?;
    let told_otherwise = [
        fields.text(&["ParentName", "ContactParentName"])?,
        fields.text(&["ParentReference", "ContactParentReference"])?,
    ];
    if parent.is_none() && told_otherwise.iter().any(|text| !text.trim().is_empty()) {
        return Err(Unreadable(PARENT_ID[0]));
    }
    Ok(parent)
}

fn fields<'a>(value: &'a Value, what: &'static str) -> Result<Fields<'a>, Unreadable> {
    value.as_object().map(Fields).ok_or(Unreadable(what))
}
