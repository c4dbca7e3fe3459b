//! The calls.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::{Method, StatusCode};
use rules::{
    ContactNumber, NameKey, NewXeroContact, TenantId, XeroChanges, XeroContact, XeroContactId,
};
use secrecy::SecretString;
use serde::Deserialize;
use time::OffsetDateTime;
use transport::{Response, Transport};
use url::Url;

use crate::answer::{Access, Answer, Connection, DirectoryPage, ElementResult, Limits, SearchPage};
use crate::call::{Call, read};
use crate::error::{Effect, Error};
use crate::query::{self, Endpoints, Field, MAX_IDS, PAGE_SIZE};
use crate::read::Envelope;
use crate::results::Sent;
use crate::write::{Body, MAX_BATCH, Update};

/// Xero's Contacts and connections. One method is one call; see [`Error`] for what can stand in its way.
#[derive(Clone)]
pub struct Xero {
    transport: Arc<dyn Transport>,
    pub(crate) endpoints: Endpoints,
}

impl Xero {
    /// A client of the API at `api_url`, `https://api.xero.com` in production.
    pub fn new(transport: Arc<dyn Transport>, api_url: Url) -> Self {
        Self {
            transport,
            endpoints: Endpoints::new(&api_url),
        }
    }

    /// A page of the directory of all contacts, archived included, or of those changed since a moment (to the second), pages counted from 1.
    ///
    /// Pages are ascending by ContactID, whose order no edit changes: an insertion between two pages can repeat a row, and never hides one.
    /// The contacts come whole: a summary leaves out the addresses, and perhaps the phones, by which
    /// two that are one customer are told. A page of 1,000 is one to three megabytes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn directory_page(
        &self,
        access: &Access,
        page: u32,
        modified_since: Option<OffsetDateTime>,
    ) -> Result<Answer<DirectoryPage>, Error> {
        if page == 0 {
            return Err(Error::InvalidRequest {
                why: "pages are counted from 1",
            });
        }
        let (number, size) = (page.to_string(), PAGE_SIZE.to_string());
        let url = self.endpoints.contacts(&[
            ("page", &number),
            ("pageSize", &size),
            ("includeArchived", "true"),
            ("order", "ContactID ASC"),
        ]);
        let mut call = Call::get("directory page", url);
        if let Some(moment) = modified_since {
            call = call.modified_since(moment)?;
        }
        let response = self.send(access, call).await?;
        let is_unchanged = response.status() == StatusCode::NOT_MODIFIED;
        let envelope = if is_unchanged && modified_since.is_some() {
            // Plain HTTP lets a server answer so, though Xero is only known to send an empty list.
            Envelope::nothing()
        } else {
            read(&response, Effect::Reads)?
        };
        Ok(answer(&response, envelope.into_directory_page(&response)?))
    }

    /// The contacts with these ids, at most [`MAX_IDS`], archived included. One that does not exist is left out.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn contacts_by_id(
        &self,
        access: &Access,
        ids: &[XeroContactId],
    ) -> Result<Answer<Vec<XeroContact>>, Error> {
        if ids.len() > MAX_IDS {
            return Err(Error::InvalidRequest {
                why: "at most 40 contacts can be looked up by id in one call",
            });
        }
        let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
        self.lookup(access, "IDs", &ids.join(",")).await
    }

    /// The contacts with any of these account numbers, archived included. Xero ignores case and accents here, but not outer spaces, which old contacts
    /// have: ask for those spellings too, and compare what comes.
    ///
    /// The numbers are those of one part of [`Xero::split_account_numbers`], each one that [can be queried](crate::can_be_queried).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn contacts_by_account_number(
        &self,
        access: &Access,
        numbers: &[String],
    ) -> Result<Answer<Vec<XeroContact>>, Error> {
        let values: Vec<_> = numbers.iter().map(String::as_str).collect();
        self.filter(access, Field::AccountNumber, &values).await
    }

    /// The contacts with any of these names, archived included. Xero ignores case and accents here: compare what comes.
    ///
    /// The names are those of one part of [`Xero::split_names`], each one that [can be queried](crate::can_be_queried).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn contacts_by_name(
        &self,
        access: &Access,
        names: &[String],
    ) -> Result<Answer<Vec<XeroContact>>, Error> {
        let values: Vec<_> = names.iter().map(String::as_str).collect();
        self.filter(access, Field::Name, &values).await
    }

    /// A page, counted from 1, of the contacts that hold a term in their name, first or last name, contact number or email, archived included.
    /// Whether Xero finds it anywhere or only where a word begins is not documented: ask for the beginning of a word, and compare what comes.
    /// A term too long for an address is cut.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn contacts_by_search(
        &self,
        access: &Access,
        term: &str,
        page: u32,
    ) -> Result<Answer<SearchPage>, Error> {
        let term = query::fitting_search_term(term.trim());
        // A blank one would ask for every contact.
        if term.is_empty() {
            let nothing = SearchPage {
                contacts: Vec::new(),
                page_count: Some(0),
            };
            return Ok(Answer {
                value: nothing,
                limits: Limits::default(),
            });
        }
        let url = self
            .endpoints
            .search(term, page)
            .ok_or(Error::InvalidRequest {
                why: "the search does not fit into one address",
            })?;
        let response = self.send(access, Call::get("search", url)).await?;
        let envelope: Envelope = read(&response, Effect::Reads)?;
        let found = envelope.into_search_page(response.status())?;
        Ok(answer(&response, found))
    }

    /// One contact with this contact number, if there is any; an archived one is found too. Two contacts can carry one number (seen in the field),
    /// of which Xero then answers one and says nothing of the other: only a [search](Xero::contacts_by_search) tells of both.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn contact_by_number(
        &self,
        access: &Access,
        number: &ContactNumber,
    ) -> Result<Answer<Option<XeroContact>>, Error> {
        let number = number.as_str().trim();
        // These would ask for the list instead.
        if matches!(number, "" | "." | "..") {
            return Err(Error::InvalidRequest {
                why: "this contact number cannot stand in an address",
            });
        }
        let call = Call::get("contact by number", self.endpoints.contact(number));
        let response = self.send(access, call).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(answer(&response, None));
        }
        let envelope: Envelope = read(&response, Effect::Reads)?;
        let mut contacts = envelope.into_contacts(response.status())?;
        match (contacts.pop(), contacts.as_slice()) {
            (Some(contact), []) if has_number(&contact, number) => {
                Ok(answer(&response, Some(contact)))
            }
            _ => Err(Error::unexpected(
                response.status(),
                "another contact than the one that was asked for",
            )),
        }
    }

    /// Creates contacts, at most [`MAX_BATCH`], no two of one name or contact number; the results are in
    /// the order of the contacts, one for each, whatever the order of Xero's answer.
    ///
    /// Xero keeps an idempotency key for 6 minutes from its first use, for the app as a whole (so it should hold the tenant), and replays errors as well.
    /// Use it only to send the very same call again at once.
    ///
    /// # Errors
    /// See [`Error`]. After any but those that say that nothing was done, look by contact number before creating again.
    pub async fn create(
        &self,
        access: &Access,
        contacts: &[NewXeroContact],
        idempotency_key: &str,
    ) -> Result<Answer<Vec<ElementResult>>, Error> {
        let names: BTreeSet<_> = contacts.iter().map(|new| NameKey::of(&new.name)).collect();
        let numbers: BTreeSet<_> = contacts.iter().map(|new| &new.contact_number).collect();
        if names.len().min(numbers.len()) < contacts.len() && contacts.len() <= MAX_BATCH {
            return Err(Error::InvalidRequest {
                why: "two contacts of one name or contact number cannot be created in one call",
            });
        }
        let url = self.batch_url();
        let call = Call::write("create", Method::PUT, url, idempotency_key)?;
        let sent: Vec<_> = contacts.iter().map(Sent::New).collect();
        self.write_batch(access, call, &sent, &Body::create(contacts))
            .await
    }

    /// Changes one existing contact. Its id decides which; Xero looks for no name.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::NotFound`] where there is no such contact.
    pub async fn update(
        &self,
        access: &Access,
        id: XeroContactId,
        changes: &XeroChanges,
        idempotency_key: &str,
    ) -> Result<Answer<ElementResult>, Error> {
        let url = self.endpoints.contact(&id.to_string());
        let call = Call::write("update", Method::POST, url, idempotency_key)?
            .with_body(&Body::update(id, changes))?;
        let response = self.send(access, call).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Err(Error::NotFound);
        }
        let envelope: Envelope = match read(&response, Effect::Writes) {
            // This address has no `summarizeErrors`: what is wrong with its one element comes as status 400.
            Err(Error::Rejected { kind, messages }) => {
                let refused = ElementResult::Refused { kind, messages };
                return Ok(answer(&response, refused));
            }
            envelope => envelope?,
        };
        let results = envelope.into_results(&[Sent::Existing(id)]);
        let result = results.into_iter().next().unwrap_or(NO_ELEMENT);
        Ok(answer(&response, result))
    }

    /// Changes existing contacts, at most [`MAX_BATCH`] and each once, none of them by name; the results
    /// are in the order of the updates, one for each, whatever the order of Xero's answer.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update_many(
        &self,
        access: &Access,
        updates: &[Update],
        idempotency_key: &str,
    ) -> Result<Answer<Vec<ElementResult>>, Error> {
        let ids: BTreeSet<_> = updates.iter().map(Update::id).collect();
        if ids.len() < updates.len() {
            return Err(Error::InvalidRequest {
                why: "a contact cannot be changed twice in one call",
            });
        }
        let url = self.batch_url();
        let call = Call::write("update many", Method::POST, url, idempotency_key)?;
        let sent: Vec<_> = updates
            .iter()
            .map(|update| Sent::Existing(update.id()))
            .collect();
        self.write_batch(access, call, &sent, &Body::update_many(updates))
            .await
    }

    /// The organisations that the app is connected to.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn connections(&self, token: &SecretString) -> Result<Vec<Connection>, Error> {
        let call = Call::get("connections", self.endpoints.connections());
        let response = self.send_to(None, token, call).await?;
        let connections: Vec<WireConnection> = read(&response, Effect::Reads)?;
        connections
            .into_iter()
            .map(WireConnection::into_connection)
            .collect::<Option<_>>()
            .ok_or(Error::unexpected(
                response.status(),
                "a connection without a tenant id",
            ))
    }

    /// Splits account numbers into parts that each fit into one [lookup](Xero::contacts_by_account_number). Leave out those that cannot be queried first.
    #[must_use]
    pub fn split_account_numbers<'a>(&self, numbers: &'a [String]) -> Vec<&'a [String]> {
        self.endpoints
            .split(Field::AccountNumber, numbers, String::as_str)
    }

    /// Splits names into parts that each fit into one [lookup](Xero::contacts_by_name). Leave out those that cannot be queried first.
    #[must_use]
    pub fn split_names<'a>(&self, names: &'a [String]) -> Vec<&'a [String]> {
        self.endpoints.split(Field::Name, names, String::as_str)
    }

    /// `summarizeErrors=false` lets each element fail by itself; without it one bad element fails the call, and what became of the others is not known.
    fn batch_url(&self) -> String {
        self.endpoints.contacts(&[("summarizeErrors", "false")])
    }

    async fn filter(
        &self,
        access: &Access,
        field: Field,
        values: &[&str],
    ) -> Result<Answer<Vec<XeroContact>>, Error> {
        if !values.iter().all(|value| query::can_be_queried(value)) {
            return Err(Error::InvalidRequest {
                why: "a value cannot stand in a filter",
            });
        }
        let filter = field.is_any_of(values.iter().copied());
        self.lookup(access, "where", &filter).await
    }

    /// A blank value would ask for every contact, so nothing is asked then.
    async fn lookup(
        &self,
        access: &Access,
        key: &'static str,
        value: &str,
    ) -> Result<Answer<Vec<XeroContact>>, Error> {
        if value.is_empty() {
            return Ok(Answer {
                value: Vec::new(),
                limits: Limits::default(),
            });
        }
        let url = self
            .endpoints
            .lookup(key, value)
            .ok_or(Error::InvalidRequest {
                why: "the lookup does not fit into one address",
            })?;
        let call = Call::get("lookup", url);
        let response = self.send(access, call).await?;
        let envelope: Envelope = read(&response, Effect::Reads)?;
        let contacts = envelope.into_contacts(response.status())?;
        Ok(answer(&response, contacts))
    }

    async fn write_batch(
        &self,
        access: &Access,
        call: Call,
        sent: &[Sent<'_>],
        body: &Body<'_>,
    ) -> Result<Answer<Vec<ElementResult>>, Error> {
        if sent.is_empty() {
            return Ok(Answer {
                value: Vec::new(),
                limits: Limits::default(),
            });
        }
        if sent.len() > MAX_BATCH {
            return Err(Error::InvalidRequest {
                why: "at most 50 contacts can be written in one call",
            });
        }
        let response = self.send(access, call.with_body(body)?).await?;
        let envelope: Envelope = read(&response, Effect::Writes)?;
        Ok(answer(&response, envelope.into_results(sent)))
    }

    pub(crate) async fn send(&self, access: &Access, call: Call) -> Result<Response, Error> {
        self.send_to(Some(access.tenant), &access.token, call).await
    }

    async fn send_to(
        &self,
        tenant: Option<TenantId>,
        token: &SecretString,
        call: Call,
    ) -> Result<Response, Error> {
        let effect = call.effect();
        let name = call.name;
        let request = call.into_request(token, tenant)?;
        let answer = self.transport.send(request).await;
        let response = answer.map_err(|error| Error::of_transport(error, effect))?;
        let limits = Limits::from_headers(response.headers());
        tracing::debug!(
            call = name,
            status = response.status().as_u16(),
            minute_remaining = limits.minute_remaining,
            day_remaining = limits.day_remaining,
            "Xero answered"
        );
        Ok(response)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireConnection {
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    tenant_type: Option<String>,
}

impl WireConnection {
    fn into_connection(self) -> Option<Connection> {
        Some(Connection {
            tenant_id: self.tenant_id?.parse().ok()?,
            tenant_name: self.tenant_name.unwrap_or_default(),
            tenant_type: self.tenant_type.unwrap_or_default(),
        })
    }
}

const NO_ELEMENT: ElementResult = ElementResult::Unknown { what: "no element" };

pub(crate) fn answer<T>(response: &Response, value: T) -> Answer<T> {
    Answer {
        value,
        limits: Limits::from_headers(response.headers()),
    }
}

fn has_number(contact: &XeroContact, number: &str) -> bool {
    contact
        .contact_number
        .as_ref()
        .is_some_and(|held| held.as_str().eq_ignore_ascii_case(number))
}
