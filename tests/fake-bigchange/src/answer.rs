//! Answers in BigChange's envelope, and how it spells a contact.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::{Behaviour, EmptyList, FakeContact};

/// What an action comes to, before it is put into an HTTP answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// `Code` 0 with a result.
    Result(Value),
    /// `Code` 0 and nothing else.
    Nothing,
    /// `Code` 2 with words.
    Refused(String),
    /// `Code` 3.
    ServerError,
}

impl Outcome {
    pub(crate) fn refused(words: impl Into<String>) -> Self {
        Self::Refused(words.into())
    }

    pub(crate) fn code(&self) -> i64 {
        match self {
            Self::Result(_) | Self::Nothing => 0,
            Self::Refused(_) => 2,
            Self::ServerError => 3,
        }
    }

    pub(crate) fn list(mut items: Vec<Value>, if_empty: EmptyList, one_as_object: bool) -> Self {
        if items.len() == 1 && one_as_object {
            return Self::Result(items.remove(0));
        }
        if !items.is_empty() {
            return Self::Result(Value::Array(items));
        }
        match if_empty {
            EmptyList::NotFound => Self::refused("No contacts found"),
            EmptyList::WithoutResult => Self::Nothing,
            EmptyList::Text => Self::Result(json!("No results")),
            EmptyList::TextOfOne => Self::Result(json!("No result")),
            EmptyList::NoneInGroup => Self::refused("There are no contacts in this group"),
        }
    }

    pub(crate) fn into_response(self, behaviour: &Behaviour) -> http::Response<Bytes> {
        let envelope = match self {
            Self::Result(result) => json!({"Code": 0, "Result": result}),
            Self::Nothing => json!({"Code": 0}),
            Self::Refused(words) => json!({"Code": 2, "Result": words}),
            Self::ServerError => {
                json!({"Code": 3, "Result": "An error occurred while processing your request"})
            }
        };
        let mark = if behaviour.byte_order_mark {
            "\u{feff}"
        } else {
            ""
        };
        with_body(
            200,
            "application/json; charset=utf-8",
            format!("{mark}{envelope}"),
        )
    }
}

/// A whole answer. The status must be one that HTTP has; another becomes 500.
pub(crate) fn with_body(
    status: u16,
    content_type: &'static str,
    body: String,
) -> http::Response<Bytes> {
    let mut response = http::Response::new(Bytes::from(body));
    *response.status_mut() =
        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(content_type),
    );
    response
}

/// An answer in HTML, as the web server in front of BigChange gives it.
pub(crate) fn html(status: u16) -> http::Response<Bytes> {
    with_body(
        status,
        "text/html",
        format!("<!DOCTYPE html><html><body><h1>{status}</h1></body></html>"),
    )
}

/// How BigChange writes one contact.
pub(crate) struct Spelling<'a> {
    behaviour: &'a Behaviour,
    as_text: bool,
}

impl<'a> Spelling<'a> {
    pub(crate) fn of(behaviour: &'a Behaviour, contact_id: u64) -> Self {
        Self {
            behaviour,
            as_text: behaviour.numbers_as_text && !contact_id.is_multiple_of(2),
        }
    }

    pub(crate) fn number(&self, number: impl Into<Value> + ToString) -> Value {
        if self.as_text {
            Value::String(number.to_string())
        } else {
            number.into()
        }
    }

    fn flag(&self, on: bool) -> Value {
        self.number(i64::from(on))
    }

    fn date(&self, date: Option<OffsetDateTime>) -> Value {
        const FORMAT: &[time::format_description::BorrowedFormatItem<'_>] =
            format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        match date.and_then(|d| d.format(FORMAT).ok()) {
            Some(text) => Value::String(text),
            None if self.behaviour.null_dates => json!("0001-01-01 00:00:00"),
            None => Value::Null,
        }
    }
}

/// What the details and the lists both show.
fn common(contact: &FakeContact, spell: &Spelling<'_>) -> Map<String, Value> {
    let mut map = Map::new();
    let mut put = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    put("Id", spell.number(contact.id));
    put("GroupId", spell.number(contact.group_id));
    put("Name", json!(contact.name));
    put("Street", json!(contact.street));
    put("PostCode", json!(contact.postcode));
    put("Town", json!(contact.town));
    put("Country", json!(contact.country));
    put("Person", json!(contact.person));
    put("Phone", json!(contact.phone));
    put("Email", json!(contact.email));
    put("Lat", spell.number(0));
    put("Lng", spell.number(0));
    put("Flagged", spell.flag(false));
    put("ParentId", spell.number(contact.parent_id.unwrap_or(0)));
    put("ContactReference", json!(contact.contact_reference));
    put("OnStop", spell.flag(contact.on_stop));
    map
}

/// A contact as `ContactListByGroupPaged` shows it: without anything of Financials. The lower-case `contactParent…` are BigChange's own.
pub(crate) fn list_item(
    contact: &FakeContact,
    group_name: &str,
    parent: Option<&FakeContact>,
    include_extra: bool,
    behaviour: &Behaviour,
) -> Value {
    let spell = Spelling::of(behaviour, contact.id);
    let mut map = common(contact, &spell);
    if include_extra {
        map.insert("Extra".to_owned(), json!(contact.extra));
    }
    map.insert("FlaggedReason".to_owned(), json!(false));
    map.insert("Group".to_owned(), json!(group_name));
    map.insert("DeletionDate".to_owned(), spell.date(contact.deleted_at));
    map.insert("ExpiryDate".to_owned(), spell.date(None));
    map.insert("Radius".to_owned(), spell.number(0));
    map.insert(
        "contactParentReference".to_owned(),
        json!(parent.map_or("", |p| p.contact_reference.as_str())),
    );
    map.insert(
        "contactParentName".to_owned(),
        json!(parent.map_or("", |p| p.name.as_str())),
    );
    Value::Object(map)
}

/// A contact as `ContactDetail` shows it. The reference names no deletion date there, so a deleted contact looks like any other.
pub(crate) fn detail(
    contact: &FakeContact,
    parent: Option<&FakeContact>,
    behaviour: &Behaviour,
) -> Value {
    let spell = Spelling::of(behaviour, contact.id);
    let mut map = common(contact, &spell);
    let mut put = |name: &str, value: Value| {
        map.insert(name.to_owned(), value);
    };
    put("Extra", json!(contact.extra));
    put("ParentName", json!(parent.map_or("", |p| p.name.as_str())));
    put(
        "ParentReference",
        json!(parent.map_or("", |p| p.contact_reference.as_str())),
    );
    put("AccountReference", json!(contact.account_reference));
    put(
        "AccountType",
        contact
            .account_type
            .map_or(Value::Null, |t| spell.number(t)),
    );
    put(
        "FinancialSyncExclude",
        spell.flag(contact.financial_sync_exclude),
    );
    put(
        "ContactExtraUseParentRef",
        spell.flag(contact.use_parent_reference),
    );
    put("OnStopReason", json!(""));
    put("OnStopDate", spell.date(None));
    put("ContactExtraVatNum", json!(""));
    put("ContactExtraDelay2Pay", Value::Null);
    for id in [0, contact.id] {
        for key in behaviour.left_out_of_details.get(&id).into_iter().flatten() {
            map.remove(key);
        }
    }
    Value::Object(map)
}
