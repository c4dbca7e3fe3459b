//! The query string of each call.

use rules::{AccountReference, AccountType, ContactId, GroupId};
use time::OffsetDateTime;
use url::form_urlencoded::Serializer;

use crate::error::Error;
use crate::limits::{MAX_QUERY_CHARS, PAGE_SIZE};

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
