//! The calls.

use std::sync::Arc;

use bytes::Bytes;
use rules::{
    AccountReference, AccountType, Contact, ContactId, Group, GroupId, ListedContact, Note,
    NoteText, NoteTypeId,
};
use serde_json::Value;
use time::OffsetDateTime;
use transport::Transport;
use url::Url;

use crate::envelope::{
    NO_RIGHT, is_nothing_found, result_of, says_no_such_contact, says_nothing_found, unanswered,
};
use crate::fields::Unreadable;
use crate::limits::PAGE_SIZE;
use crate::query::{self, Query, SavedNote};
use crate::{AuthProblem, Credentials, Error, Words, read};

/// One page of a group's contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The contacts that could be read.
    pub contacts: Vec<ListedContact>,
    /// How many items could not be read.
    pub unreadable: usize,
    /// The ids of those items, as far as they have one: their details may be readable all the same.
    pub unreadable_ids: Vec<ContactId>,
    /// Whether no page follows: this one is not full.
    pub last: bool,
}

/// BigChange's web services.
pub struct BigChange {
    transport: Arc<dyn Transport>,
    url: Url,
    credentials: Credentials,
}

impl BigChange {
    /// A client of the services at `url`: `https://webservice.bigchange.com/v01/services.ashx`, or a stand-in for it.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, url: Url, credentials: Credentials) -> Self {
        Self {
            transport,
            url,
            credentials,
        }
    }

    /// Asks whether the services answer and the credentials are right.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ping(&self) -> Result<(), Error> {
        self.call(query::ping()).await.map(drop)
    }

    /// All contact groups that have a name.
    ///
    /// # Errors
    /// See [`Error`]; also where one group cannot be read, since a list with a gap would pass for the whole.
    pub async fn groups(&self) -> Result<Vec<Group>, Error> {
        let query = query::groups();
        let action = query.action;
        let groups: Result<Vec<_>, _> = self.list(query).await?.iter().map(read::group).collect();
        let groups = groups.map_err(|field| unreadable(action, field))?;
        Ok(groups.into_iter().flatten().collect())
    }

    /// One page of at most [`PAGE_SIZE`] contacts of a group, counted from 0; with `changed_since`, only those that a save touched since. Edits in Financials,
    /// moves out of the group and deletions may not show. How many pages are asked for is for the caller to bound.
    ///
    /// # Errors
    /// See [`Error`]. An item that cannot be read is no error: [`Page::unreadable`].
    pub async fn contacts_in_group(
        &self,
        group: GroupId,
        page: u32,
        changed_since: Option<OffsetDateTime>,
    ) -> Result<Page, Error> {
        let query = query::contacts_in_group(group, page, changed_since);
        let items = self.list(query).await?;
        let mut page = Page {
            contacts: Vec::with_capacity(items.len()),
            unreadable: 0,
            unreadable_ids: Vec::new(),
            last: items.len() < PAGE_SIZE,
        };
        for item in &items {
            match read::listed(item) {
                Ok(contact) => page.contacts.push(contact),
                Err(Unreadable(field)) => {
                    let id = read::id_of(item);
                    tracing::warn!(
                        contact_id = id.map(ContactId::get),
                        field,
                        "a listed contact cannot be read"
                    );
                    page.unreadable += 1;
                    page.unreadable_ids.extend(id);
                }
            }
        }
        Ok(page)
    }

    /// A contact with its financial fields. `None` where BigChange has no such contact, or no longer: a deleted one is not shown.
    ///
    /// # Errors
    /// See [`Error`]. Anything but BigChange's own words for "not found" is an error, so that a strange answer never passes for a deletion.
    pub async fn contact(&self, id: ContactId) -> Result<Option<Contact>, Error> {
        let query = query::contact(id);
        let action = query.action;
        let detail = match self.call(query).await {
            Err(error) if error.refusal().is_some_and(says_no_such_contact) => return Ok(None),
            Ok(Value::String(text)) if says_no_such_contact(&text) => return Ok(None),
            answer => one_of(answer?),
        };
        if let Some(key) = read::missing_key(&detail) {
            return Err(Error::Incomplete { action, key });
        }
        let contact = read::contact(&detail).map_err(|field| unreadable(action, field))?;
        if contact.id != id {
            return Err(unexpected(action, "another contact than was asked for"));
        }
        Ok(Some(contact))
    }

    /// Sets the account reference and the account type (Financials → Terms) and leaves everything else as it is. Doing it twice is doing it once.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn save_account(
        &self,
        id: ContactId,
        reference: &AccountReference,
        account_type: AccountType,
    ) -> Result<(), Error> {
        self.save(query::save_account(id, reference, account_type))
            .await
    }

    /// Sets the contact reference (General) and nothing else. Doing it twice is doing it once.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::Rejected`] with `Reference Update Failed` where BigChange does not take
    /// it, for instance because another contact has it.
    pub async fn set_contact_reference(
        &self,
        id: ContactId,
        reference: &AccountReference,
    ) -> Result<(), Error> {
        self.save(query::update_reference(id, reference)).await
    }

    /// The notes of a contact, whatever their type and status. Of a contact that is not there, none.
    ///
    /// # Errors
    /// See [`Error`]; also where one note cannot be read, since it could be the one that is asked
    /// for.
    pub async fn notes(&self, contact: ContactId) -> Result<Vec<Note>, Error> {
        let query = query::notes(contact);
        let action = query.action;
        let notes: Result<_, _> = self.list(query).await?.iter().map(read::note).collect();
        notes.map_err(|field| unreadable(action, field))
    }

    /// Saves an open note with this reference. It takes no note id: by what an update goes,
    /// BigChange's reference leaves open, so read [`Self::notes`] before and after. Subject and text
    /// are cut where the address would be too long.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn save_note(
        &self,
        contact: ContactId,
        note_type: NoteTypeId,
        reference: &str,
        note: &NoteText,
    ) -> Result<(), Error> {
        self.save(query::save_note(SavedNote {
            contact,
            note_type,
            reference,
            subject: &note.subject,
            text: &note.text,
            completed_because: None,
        }))
        .await
    }

    /// Completes a note, with the reason. What it says is sent along: whether a part that is left
    /// out stays as it was, BigChange's reference leaves open.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn complete_note(
        &self,
        contact: ContactId,
        note_type: NoteTypeId,
        note: &Note,
        because: &str,
    ) -> Result<(), Error> {
        self.save(query::save_note(SavedNote {
            contact,
            note_type,
            reference: &note.reference,
            subject: &note.subject,
            text: &note.text,
            completed_because: Some(because),
        }))
        .await
    }

    /// Makes a type of notes, and returns its id. Whether a name that exists gives its id or a
    /// second type of that name, BigChange's reference leaves open: ask a person first.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn save_note_type(&self, name: &str) -> Result<NoteTypeId, Error> {
        let query = query::save_note_type(name).bounded()?;
        let action = query.action;
        let result = self.call(query).await?;
        read::note_type_id(&result).map_err(|field| unreadable(action, field))
    }

    /// BigChange can refuse a user the right to save while it lets it read everything. That is no lost
    /// login: it is told of the contact that was to be saved.
    async fn save(&self, query: Query) -> Result<(), Error> {
        match self.call(query.bounded()?).await {
            Err(Error::AuthLost(AuthProblem::NoRight(action))) => Err(Error::Rejected {
                action,
                reason: Words::new(NO_RIGHT),
            }),
            answer => answer.map(drop),
        }
    }

    /// A list, with every way of saying that there is nothing in it. One object is a list of one.
    async fn list(&self, query: Query) -> Result<Vec<Value>, Error> {
        let action = query.action;
        match self.call(query).await {
            Ok(Value::Array(items)) => Ok(items),
            Ok(one @ Value::Object(_)) => Ok(vec![one]),
            Ok(Value::Null) => Ok(Vec::new()),
            Ok(Value::String(text)) if text.trim().is_empty() || says_nothing_found(&text) => {
                Ok(Vec::new())
            }
            Ok(_) => Err(unexpected(action, "a Result that is not a list")),
            Err(error) if is_nothing_found(&error) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn call(&self, query: Query) -> Result<Value, Error> {
        let headers = self
            .credentials
            .headers()
            .ok_or(Error::AuthLost(AuthProblem::Unsendable))?;
        let mut url = self.url.clone();
        url.set_query(Some(&query.encoded));
        let mut request = http::Request::get(url.as_str())
            .body(Bytes::new())
            .map_err(|_| unexpected(query.action, "an address that cannot be called"))?;
        *request.headers_mut() = headers;
        let response = self
            .transport
            .send(request)
            .await
            .map_err(|error| unanswered(query.action, error))?;
        tracing::debug!(
            action = query.action,
            status = response.status().as_u16(),
            "BigChange answered"
        );
        result_of(query.action, &response)
    }
}

/// A contact is one object; a list of one was seen where one is meant, and the reverse.
fn one_of(detail: Value) -> Value {
    match detail {
        Value::Array(mut items) if items.len() == 1 => items.remove(0),
        detail => detail,
    }
}

fn unreadable(action: &'static str, Unreadable(field): Unreadable) -> Error {
    unexpected(
        action,
        &format!("its field {field} is missing or cannot be read"),
    )
}

fn unexpected(action: &'static str, what: &str) -> Error {
    Error::Unexpected {
        action,
        what: what.to_owned(),
    }
}
