//! What tests, the simulation and the control API use beside the calls themselves.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;
use http::Request;
use serde_json::Value;
use uuid::Uuid;

use crate::answer::unix_ms;
use crate::calls::{Call, CallKind, CallLog};
use crate::config::Config;
use crate::contact::Contact;
use crate::directory::Directory;
use crate::faults::Fault;
use crate::oauth::TokenPair;
use crate::seed::{self, SeedError};
use crate::state::{FakeXero, OpenCall, Organisation};

impl FakeXero {
    /// Notes that a call has arrived, so that it takes one of the places for calls at once.
    pub fn open_call(&mut self, request: &Request<Bytes>) -> OpenCall {
        let limited = CallKind::of(request.method(), request.uri().path()).is_limited();
        let tenant = if limited {
            self.tenant_of(request.headers())
        } else {
            None
        };
        if let Some(tenant) = tenant {
            self.meter.open(tenant);
        }
        OpenCall { tenant }
    }

    /// Notes that a call was answered, or its caller gone.
    pub fn close_call(&mut self, call: OpenCall) {
        if let Some(tenant) = call.tenant {
            self.meter.close(tenant);
        }
    }

    /// How the fake was set up.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The first organisation's tenant id.
    #[must_use]
    pub fn tenant_id(&self) -> Uuid {
        self.config.tenant_id
    }

    /// Adds a connected, empty organisation.
    pub fn add_organisation(&mut self, tenant: Uuid, name: &str) {
        let organisation = Organisation {
            name: name.to_owned(),
            connected: true,
            revoked: false,
            directory: Directory::default(),
        };
        self.organisations.insert(tenant, organisation);
    }

    /// Moves the custom connection to another organisation, as a person can in Xero's own pages: from then on new tokens are for that one.
    pub fn move_custom_connection(&mut self, tenant: Uuid) {
        self.config.tenant_id = tenant;
    }

    /// Connects or disconnects an organisation, as a person can in Xero's own pages.
    pub fn set_connected(&mut self, tenant: Uuid, connected: bool) {
        if let Some(organisation) = self.organisations.get_mut(&tenant) {
            organisation.connected = connected;
            organisation.revoked = false;
        }
    }

    /// Leaves a contact out of every page of a whole list, as one that moves to another page while pages are read.
    pub fn leave_out_of_pages(&mut self, contact: Uuid) {
        self.on_no_page.insert(contact);
    }

    /// How the fake is set up from now on.
    pub fn config_mut(&mut self) -> &mut Config {
        &mut self.config
    }

    /// Adds or changes contacts of the first organisation without the API's rules, as a person can in Xero's own pages: archive, restore, rename, merge.
    ///
    /// Takes a list of contacts in Xero's JSON, or an object with the list `Contacts`. An element with the `ContactID` of a contact that is there changes it.
    ///
    /// # Errors
    /// For a contact that cannot be read; then none is added.
    pub fn seed(&mut self, now: SystemTime, contacts: &Value) -> Result<Vec<Uuid>, SeedError> {
        let Some(organisation) = self.organisations.get_mut(&self.config.tenant_id) else {
            return Ok(Vec::new());
        };
        seed::seed(
            &mut organisation.directory,
            &mut self.ids,
            unix_ms(now),
            contacts,
        )
    }

    /// The contacts of the first organisation in any status, by ascending id.
    pub fn contacts(&self) -> impl Iterator<Item = &Contact> {
        self.contacts_of(self.config.tenant_id)
    }

    /// The contacts of an organisation in any status, by ascending id.
    pub fn contacts_of(&self, tenant: Uuid) -> impl Iterator<Item = &Contact> {
        let organisation = self.organisations.get(&tenant);
        organisation.into_iter().flat_map(|o| o.directory.iter())
    }

    /// A contact of the first organisation.
    #[must_use]
    pub fn contact(&self, id: Uuid) -> Option<&Contact> {
        self.organisations
            .get(&self.config.tenant_id)?
            .directory
            .get(id)
    }

    /// Hands out tokens, as when a person connects the app.
    pub fn issue_tokens(&mut self, now: SystemTime) -> TokenPair {
        self.consent();
        self.identity.issue_default(now, &mut self.ids)
    }

    /// Hands out tokens for these scopes only.
    pub fn issue_tokens_for(&mut self, now: SystemTime, scopes: &str) -> TokenPair {
        self.consent();
        self.identity.issue(now, &mut self.ids, scopes, false)
    }

    /// Whether a refresh with this token would succeed now.
    #[must_use]
    pub fn accepts_refresh_token(&self, now: SystemTime, token: &str) -> bool {
        self.identity.accepts(now, token)
    }

    /// Makes every refresh token useless, as when a person disconnects the app.
    pub fn revoke_refresh_tokens(&mut self) {
        self.identity.revoke_refresh_tokens();
    }

    /// Makes every access token useless.
    pub fn revoke_access_tokens(&mut self) {
        self.identity.revoke_access_tokens();
    }

    /// Adds a fault.
    pub fn inject(&mut self, fault: Fault) {
        self.faults.add(fault);
    }

    /// Forgets the faults still to come.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// The calls since the last reset, oldest first; at most the last 100,000.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.log.iter()
    }

    /// How many calls of a kind there were since the last reset.
    #[must_use]
    pub fn call_count(&self, kind: CallKind) -> usize {
        self.log.counts().get(&kind).copied().unwrap_or_default()
    }

    /// How many calls of each kind there were since the last reset.
    #[must_use]
    pub fn call_counts(&self) -> &BTreeMap<CallKind, usize> {
        self.log.counts()
    }

    /// How many calls there were since the last reset that count against the limits of the Contacts API.
    #[must_use]
    pub fn api_call_count(&self) -> usize {
        let counts = self.log.counts().iter();
        counts
            .filter(|(kind, _)| kind.is_limited())
            .map(|(_, count)| count)
            .sum()
    }

    /// Forgets the calls.
    pub fn reset_calls(&mut self) {
        self.log = CallLog::default();
    }
}
