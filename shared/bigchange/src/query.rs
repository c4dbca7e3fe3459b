//! The query string of each call.

use rules::{AccountReference, AccountType, ContactId, GroupId, NoteTypeId};
use time::OffsetDateTime;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::error::Error;
use crate::limits::{MAX_QUERY_CHARS, PAGE_SIZE};

/// The longest subject of a note, in characters after percent-encoding: half of what there is room
/// for.
const MAX_SUBJECT_CHARS: usize = 900;

/// A call's action and its encoded query string.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) action: &'static str,
    pub(crate) encoded: String,
}

impl Query {
    fn new(action: &'static str, parameters: &[(&str, &str)]) -> Self {
        let mut query = Serializer::new(String::new());
        query.append_pair("action", action);
        query.append_pair("Format", "JSON");
        query.extend_pairs(parameters);
        Self {
            action,
            encoded: query.finish(),
        }
    }

    /// The query, if the web server would take it.
    pub(crate) fn bounded(self) -> Result<Self, Error> {
        let chars = self.encoded.len(); // percent-encoded, so all ASCII
        if chars > MAX_QUERY_CHARS {
            return Err(Error::TooLong {
                action: self.action,
                chars,
            });
        }
        Ok(self)
    }
}

pub(crate) fn ping() -> Query {
    Query::new("ping", &[])
}

pub(crate) fn groups() -> Query {
    Query::new("ContactGroups", &[])
}

pub(crate) fn contacts_in_group(
    group: GroupId,
    page: u32,
    changed_since: Option<OffsetDateTime>,
) -> Query {
    let (group, page, page_size) = (group.to_string(), page.to_string(), PAGE_SIZE.to_string());
    let since = changed_since.map(last_updated);
    let mut parameters = vec![
        ("GroupId", group.as_str()),
        ("Page", page.as_str()),
        ("PageSize", page_size.as_str()),
        ("IncludeExtra", "0"),
    ];
    if let Some(since) = &since {
        parameters.push(("LastUpdated", since));
    }
    Query::new("ContactListByGroupPaged", &parameters)
}

/// A detail is asked for without deleted contacts: the reference names no deletion date in a detail, so a deleted contact, if asked for, would look alive.
pub(crate) fn contact(id: ContactId) -> Query {
    let id = id.to_string();
    let parameters = [("ContactId", id.as_str()), ("IncludeDeleted", "0")];
    Query::new("ContactDetail", &parameters)
}

pub(crate) fn save_account(
    id: ContactId,
    reference: &AccountReference,
    account_type: AccountType,
) -> Query {
    let (id, account_type) = (id.to_string(), account_type.0.to_string());
    let parameters = [
        ("ContactId", id.as_str()),
        ("ContactExtraAccountReference", reference.as_str()),
        ("ContactExtraAccountType", account_type.as_str()),
    ];
    Query::new("ContactExtraSave", &parameters)
}

/// `ContactUpdateRef` sets the contact reference alone; it needs both parameters.
pub(crate) fn update_reference(id: ContactId, reference: &AccountReference) -> Query {
    let id = id.to_string();
    let parameters = [
        ("ContactId", id.as_str()),
        ("ContactRef", reference.as_str()),
    ];
    Query::new("ContactUpdateRef", &parameters)
}

pub(crate) fn notes(contact: ContactId) -> Query {
    Query::new("ContactNotes", &[("ContactId", &contact.to_string())])
}

/// A note as it is saved.
#[derive(Clone, Copy)]
pub(crate) struct SavedNote<'a> {
    pub(crate) contact: ContactId,
    pub(crate) note_type: NoteTypeId,
    pub(crate) reference: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) text: &'a str,
    /// Why it is completed; `None` for an open one.
    pub(crate) completed_because: Option<&'a str>,
}

/// Subject and text are cut to what the query string has room for.
pub(crate) fn save_note(note: SavedNote<'_>) -> Query {
    let (id, note_type) = (note.contact.to_string(), note.note_type.to_string());
    let subject = fitting(note.subject, MAX_SUBJECT_CHARS);
    let query = |text: &str| {
        let mut parameters = vec![
            ("ContactId", id.as_str()),
            ("NoteTypeId", note_type.as_str()),
            ("Reference", note.reference),
        ];
        match note.completed_because {
            None => parameters.push(("ContactNoteStatus", "Open")),
            Some(why) => {
                parameters.push(("ContactNoteStatus", "Completed"));
                parameters.push(("NoteCompletionText", why));
            }
        }
        parameters.extend([("Subject", subject.as_str()), ("NoteText", text)]);
        Query::new("ContactNoteSave", &parameters)
    };
    let room = MAX_QUERY_CHARS.saturating_sub(query("").encoded.len());
    query(&fitting(note.text, room))
}

pub(crate) fn save_note_type(name: &str) -> Query {
    Query::new("ContactSaveNoteType", &[("NoteTypeName", name)])
}

/// The beginning of a text that takes no more than so many characters once it is encoded, with an
/// ellipsis where that is not all of it.
fn fitting(text: &str, max_encoded_chars: usize) -> String {
    let encoded_chars = |text: &str| byte_serialize(text.as_bytes()).map(str::len).sum::<usize>();
    if encoded_chars(text) <= max_encoded_chars {
        return text.to_owned();
    }
    let mut left = max_encoded_chars.saturating_sub(encoded_chars("…"));
    let mut fits = |c: &char| {
        let taken = encoded_chars(c.encode_utf8(&mut [0; 4]));
        let fits = taken <= left;
        left = left.saturating_sub(taken);
        fits
    };
    let beginning: String = text.chars().take_while(|c| fits(c)).collect();
    format!("{}…", beginning.trim_end())
}

/// A moment as `LastUpdated` takes it: `yyyy-MM-dd HH:mm:ss`, without a zone, given in UTC and cut to the second.
///
/// BigChange does not say whether it reads this as UTC or as UK time. UTC is safe either way: UK time is never behind UTC, so the same digits read as UK time
/// mean the same moment or one an hour earlier, which asks for more changes and never for fewer.
fn last_updated(moment: OffsetDateTime) -> String {
    let utc = moment.to_offset(time::UtcOffset::UTC);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        utc.year(),
        u8::from(utc.month()),
        utc.day(),
        utc.hour(),
        utc.minute(),
        utc.second()
    )
}
