//! The fake itself: its state, who may call, which failure is due, and the log.

use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine;
use bytes::Bytes;
use time::OffsetDateTime;

use crate::actions::{self, Action};
use crate::answer::{self, Outcome};
use crate::parameters::Parameters;
use crate::{
    Behaviour, Call, FakeContact, FakeGroup, Fault, FaultKind, Hold, LostAnswer, Seed, Write,
};

/// The path that the web services live at.
pub const PATH: &str = "/v01/services.ashx";

/// The longest query string, in characters, that a web server under ASP.NET takes from the start.
const MAX_QUERY_CHARS: usize = 2048;

/// Who may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeCredentials {
    /// User name of Basic authentication.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The company key, in the header `key`.
    pub key: String,
}

impl Default for FakeCredentials {
    /// `fake-user`, `fake-password`, `fake-key`.
    fn default() -> Self {
        Self {
            username: "fake-user".to_owned(),
            password: "fake-password".to_owned(),
            key: "fake-key".to_owned(),
        }
    }
}

/// A BigChange company, held in memory.
#[derive(Debug, Clone, Default)]
pub struct FakeBigChange {
    /// What the reference leaves open.
    pub behaviour: Behaviour,
    /// Who may call.
    pub credentials: FakeCredentials,
    pub(crate) groups: BTreeMap<u64, String>,
    pub(crate) contacts: BTreeMap<u64, FakeContact>,
    faults: Vec<Fault>,
    calls: Vec<Call>,
    pub(crate) writes: Vec<Write>,
}

impl FakeBigChange {
    /// An empty company with the default credentials and behaviour.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers one call. The same calls at the same times give the same answers.
    ///
    /// A failure that happens on the way back is only marked on the answer ([`LostAnswer`], [`Hold`]): whoever carries the answer acts upon it.
    pub fn handle(
        &mut self,
        now: SystemTime,
        request: &http::Request<Bytes>,
    ) -> http::Response<Bytes> {
        let now = to_the_second(now);
        let parameters = Parameters::of(request);
        let asked = parameters.get("action").unwrap_or_default();
        let action = Action::named(asked);
        let name = action.map_or_else(|| asked.to_owned(), |a| a.name().to_owned());
        let fault = self.due_fault(&name);
        let (mut response, code) = match fault.as_ref().and_then(fails_before_effect) {
            Some(Failure::Http(response)) => (response, None),
            Some(Failure::Envelope(outcome)) => self.enveloped(outcome),
            None => match refused_at_the_door(&self.credentials, &parameters, request) {
                Some(Failure::Http(response)) => (response, None),
                Some(Failure::Envelope(outcome)) => self.enveloped(outcome),
                None => {
                    let outcome = self.act(now, action, &parameters);
                    self.enveloped(outcome)
                }
            },
        };
        let answer_lost = fault == Some(FaultKind::LostAnswer);
        match fault {
            Some(FaultKind::LostAnswer) => {
                response.extensions_mut().insert(LostAnswer);
            }
            Some(FaultKind::Delay { milliseconds }) => {
                let delay = std::time::Duration::from_millis(milliseconds);
                response.extensions_mut().insert(Hold(delay));
            }
            _ => {}
        }
        self.calls.push(Call {
            at: now,
            action: name,
            parameters: parameters.without_action(),
            status: response.status().as_u16(),
            code,
            answer_lost,
        });
        response
    }

    fn act(
        &mut self,
        now: OffsetDateTime,
        action: Option<Action>,
        parameters: &Parameters,
    ) -> Outcome {
        match action {
            None => Outcome::refused("Invalid action"),
            Some(action)
                if self
                    .behaviour
                    .actions_without_right
                    .contains(&action.name().to_ascii_lowercase()) =>
            {
                Outcome::refused("misc_noRight")
            }
            Some(action) => actions::act(self, now, action, parameters),
        }
    }

    fn enveloped(&self, outcome: Outcome) -> (http::Response<Bytes>, Option<i64>) {
        let code = outcome.code();
        (outcome.into_response(&self.behaviour), Some(code))
    }

    fn due_fault(&mut self, action: &str) -> Option<FaultKind> {
        let fault = self.faults.iter_mut().find(|f| f.fits(action))?;
        fault.times -= 1;
        let kind = fault.kind.clone();
        self.faults.retain(|f| f.times > 0);
        Some(kind)
    }

    /// Adds a group, or renames it.
    pub fn add_group(&mut self, id: u64, name: &str) {
        self.groups.insert(id, name.to_owned());
    }

    /// Adds a contact, or replaces the one with its id, and returns its id. Not a call: nothing is logged.
    pub fn add_contact(&mut self, now: SystemTime, mut contact: FakeContact) -> u64 {
        if contact.id == 0 {
            contact.id = self.next_contact_id();
        }
        contact.last_updated.get_or_insert(to_the_second(now));
        let id = contact.id;
        self.contacts.insert(id, contact);
        id
    }

    /// Adds groups and contacts, or replaces those with the same ids.
    pub fn seed(&mut self, now: SystemTime, seed: Seed) {
        for FakeGroup { id, name } in seed.groups {
            self.groups.insert(id, name);
        }
        for contact in seed.contacts {
            self.add_contact(now, contact);
        }
    }

    /// Everything held, deleted contacts included: a seed that makes the same company again.
    #[must_use]
    pub fn dump(&self) -> Seed {
        Seed {
            groups: self
                .groups
                .iter()
                .map(|(id, name)| FakeGroup {
                    id: *id,
                    name: name.clone(),
                })
                .collect(),
            contacts: self.contacts.values().cloned().collect(),
        }
    }

    /// A contact, deleted or not.
    #[must_use]
    pub fn contact(&self, id: u64) -> Option<&FakeContact> {
        self.contacts.get(&id)
    }

    /// All contacts, ascending by id, deleted ones included.
    pub fn contacts(&self) -> impl Iterator<Item = &FakeContact> {
        self.contacts.values()
    }

    /// A person's edit on the General tab: the lists see it. Does nothing where there is no such contact.
    pub fn edit(&mut self, now: SystemTime, id: u64, change: impl FnOnce(&mut FakeContact)) {
        if let Some(contact) = self.contacts.get_mut(&id) {
            change(contact);
            contact.last_updated = Some(to_the_second(now));
        }
    }

    /// A person's edit on the Financials tab: whether the lists see it is set by [`Behaviour::financial_edits_bump_last_updated`].
    pub fn edit_financials(
        &mut self,
        now: SystemTime,
        id: u64,
        change: impl FnOnce(&mut FakeContact),
    ) {
        let bump = self.behaviour.financial_edits_bump_last_updated;
        if let Some(contact) = self.contacts.get_mut(&id) {
            change(contact);
            if bump {
                contact.last_updated = Some(to_the_second(now));
            }
        }
    }

    /// A person deletes a contact.
    pub fn delete(&mut self, now: SystemTime, id: u64) {
        self.edit(now, id, |c| c.deleted_at = Some(to_the_second(now)));
    }

    /// Orders a failure. Of several that fit a call, the first ordered is due first.
    pub fn order_fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// The failures still due.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Takes back every failure still due.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Every call since the last reset, oldest first.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// How often each action was called since the last reset.
    #[must_use]
    pub fn call_counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for call in &self.calls {
            *counts.entry(call.action.as_str()).or_insert(0) += 1;
        }
        counts
    }

    /// Every contact saved or deleted by a call since the last reset, oldest first.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Forgets the calls and writes so far.
    pub fn reset_calls(&mut self) {
        self.calls.clear();
        self.writes.clear();
    }

    pub(crate) fn next_contact_id(&self) -> u64 {
        self.contacts.last_key_value().map_or(1, |(id, _)| id + 1)
    }
}

/// BigChange keeps times to the second.
fn to_the_second(now: SystemTime) -> OffsetDateTime {
    let now = OffsetDateTime::from(now);
    now.replace_nanosecond(0).unwrap_or(now)
}

/// A call that ends before it has an effect.
enum Failure {
    Http(http::Response<Bytes>),
    Envelope(Outcome),
}

fn fails_before_effect(fault: &FaultKind) -> Option<Failure> {
    match fault {
        FaultKind::Status {
            status,
            retry_after_seconds,
        } => {
            let mut response = answer::html(*status);
            if let Some(seconds) = retry_after_seconds {
                response
                    .headers_mut()
                    .insert(http::header::RETRY_AFTER, http::HeaderValue::from(*seconds));
            }
            Some(Failure::Http(response))
        }
        FaultKind::ServerError => Some(Failure::Envelope(Outcome::ServerError)),
        FaultKind::Refusal { words } => Some(Failure::Envelope(Outcome::refused(words.as_str()))),
        FaultKind::LostAnswer | FaultKind::Delay { .. } => None,
    }
}

fn refused_at_the_door(
    credentials: &FakeCredentials,
    parameters: &Parameters,
    request: &http::Request<Bytes>,
) -> Option<Failure> {
    if !request.uri().path().eq_ignore_ascii_case(PATH) {
        return Some(Failure::Http(answer::html(404)));
    }
    // IIS answers an overlong query string with 404.15.
    if request.uri().query().unwrap_or_default().chars().count() > MAX_QUERY_CHARS {
        return Some(Failure::Http(answer::html(404)));
    }
    let header = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok());
    let pair = format!("{}:{}", credentials.username, credentials.password);
    let basic = format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    );
    if header("authorization") != Some(basic.as_str()) {
        return Some(Failure::Http(answer::html(401)));
    }
    // How a wrong key is answered isn't published; the envelope is the harder reading, since the status says that all is well.
    if header("key") != Some(credentials.key.as_str()) {
        return Some(Failure::Envelope(Outcome::refused("misc_noRight")));
    }
    if !parameters
        .get("format")
        .is_some_and(|f| f.eq_ignore_ascii_case("json"))
    {
        // The fake has JSON only; XML is what its caller would have to read.
        return Some(Failure::Http(answer::with_body(
            200,
            "text/xml",
            "<?xml version=\"1.0\"?><Response><Code>0</Code></Response>".to_owned(),
        )));
    }
    None
}
