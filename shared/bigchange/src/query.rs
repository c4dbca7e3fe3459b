//! The query string of each call.

use rules::{AccountReference, AccountType, ContactForm, ContactId, GroupId};
use time::OffsetDateTime;
use url::form_urlencoded::Serializer;

use crate::{Error, PAGE_SIZE};

/// The longest query string that is sent, in characters after percent-encoding. BigChange's services run under ASP.NET, whose own limit is 2,048 unless raised.
pub const MAX_QUERY_CHARS: usize = 2000;

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

/// The whole-record form. Whether BigChange keeps or empties a field whose parameter is left out is not published. So every field that has a value is sent, and a
/// blank one is left out: it stays blank either way, and no check of an empty value can refuse the form. Only the reference is always sent: it is what changes.
pub(crate) fn save_form(form: &ContactForm) -> Query {
    let (id, parent) = (form.id.to_string(), form.parent.map(|p| p.to_string()));
    let others = [
        ("ContactName", form.name.as_str()),
        ("ContactGroup", &form.group),
        ("ContactParentId", parent.as_deref().unwrap_or_default()),
        ("ContactStreet", &form.street),
        ("ContactPostcode", &form.postcode),
        ("ContactTown", &form.town),
        ("ContactCountry", &form.country),
        ("ContactPerson", &form.person),
        ("ContactPhone", &form.phone),
        ("ContactEmail", &form.email),
        ("ContactExtra", &form.extra),
    ];
    let mut parameters = vec![
        ("ContactId", id.as_str()),
        ("ContactReference", form.contact_reference.as_str()),
    ];
    parameters.extend(others.into_iter().filter(|(_, value)| !value.is_empty()));
    Query::new("ContactSave", &parameters)
}

/// Whether [`BigChange::save_form`](crate::BigChange::save_form) can send this form, as far as the length of its query string goes. Letters beyond ASCII take six or
/// more characters each, so a long free text in another script may not fit. The limits of the single fields are a matter for the rules.
#[must_use]
pub fn fits(form: &ContactForm) -> bool {
    save_form(form).bounded().is_ok()
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
