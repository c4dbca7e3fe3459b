//! What must hold at every step, whatever goes wrong. Each effect on the outside comes through here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use fake_bigchange::FakeContact;
use fake_xero::{Contact as XeroContact, Status};
use rules::{AccountReference, ContactId, Field};
use runtime::records::{
    ContactRecord, CursorRecord, DeadConnectionRecord, PauseRecord, Record, ReferenceRecord,
    XeroContactRecord,
};
use runtime::switch::SwitchRecord;
use secrecy::ExposeSecret as _;
use secrets::{Vault as _, XeroTokenSecret};
use serde::de::DeserializeOwned;
use serde_json::Value;
use store::{Item, Key, Table as _, TableError, Write};
use time::{Duration, OffsetDateTime};
use transport::{Request, Response};
use uuid::Uuid;

use futures::FutureExt as _;

use crate::calls::ProcessId;
use crate::invariant::{Invariant, MARK, TOKEN_SECRET};
use crate::ledger::{Overwritten, Unit};
use crate::world::{Function, HasRead, World};
use crate::xero_view::{as_rules_see, double, ours};

/// A worker has at most so long from its first read to its last write, and a write may come late.
const LONGEST_INVOCATION: Duration = Duration::minutes(15);

/// Whether a call to Xero counts against the limits of its Contacts API.
pub(crate) fn is_limited(request: &Request) -> bool {
    let path = request.uri().path();
    path.starts_with("/api.xro/")
}

/// Whether a call may write.
pub(crate) fn is_write(request: &Request) -> bool {
    is_limited(request) && *request.method() != http::Method::GET
}

/// Whether Xero refused to write this contact.
fn refuses(response: &Response, id: Uuid) -> bool {
    let body: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let id = id.to_string();
    let mut contacts = body["Contacts"].as_array().into_iter().flatten();
    let is_refused = |contact: &Value| contact["HasValidationErrors"] == Value::Bool(true);
    !response.status().is_success()
        || contacts.any(|contact| contact["ContactID"] == id.as_str() && is_refused(contact))
}

/// Which units of a Xero contact a request is to set.
fn units_sent(request: &Request, id: Uuid) -> Vec<Unit> {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let elements = body["Contacts"].as_array().map_or(&[][..], Vec::as_slice);
    let id = id.to_string();
    let element = elements.iter().find(|element| {
        element["ContactID"] == id.as_str() || request.uri().path().ends_with(id.as_str())
    });
    let Some(element) = element else {
        return Vec::new();
    };
    let is_sent = |unit: &Unit| {
        let field = match unit {
            Unit::Name => "Name",
            Unit::Address => "Addresses",
            Unit::Phone => "Phones",
            Unit::Email => "EmailAddress",
            Unit::Person => "FirstName",
        };
        element.get(field).is_some()
    };
    Unit::ALL.into_iter().filter(is_sent).collect()
}

/// Whether the plan that is being carried out says that this stood there before.
pub(crate) fn is_in_intent(record: &ContactRecord, unit: Unit, text: &str) -> bool {
    let plan = record.intent.as_ref().map(|intent| &intent.plan);
    let Some(plan) = plan else { return false };
    let unit = unit.as_rules_say();
    let before = plan.xero.stood_there();
    let is_before = before.is_some_and(|before| unit.text(before) == text);
    let is_kept = |change: &rules::Change| change.field == unit.field() && change.before == text;
    is_before || plan.earlier.changes.iter().any(is_kept)
}

/// Reads an item as a record of a kind, if it is one.
fn as_record<R: Record>(key: &Key, body: &Value) -> Option<R> {
    let is_kind = key
        .partition
        .split_once('#')
        .is_some_and(|(_, kind)| kind == R::KIND);
    is_kind.then(|| parse(body)).flatten()
}

fn parse<R: DeserializeOwned>(body: &Value) -> Option<R> {
    serde_json::from_value(body.clone()).ok()
}

impl World {
    // What a process learns.

    pub(crate) fn saw_items(&mut self, process: ProcessId, items: &[Item]) {
        let Some(known) = self.processes.get_mut(&process) else {
            return;
        };
        for item in items {
            if let Some(pause) = as_record::<PauseRecord>(&item.key, &item.body) {
                known.paused_until = known.paused_until.max(Some(pause.until));
            }
            if let Some(dead) = as_record::<DeadConnectionRecord>(&item.key, &item.body) {
                known.dead_version = Some(dead.secret_version);
            }
        }
    }

    /// No text that leaves holds anything personal or secret.
    pub(crate) fn watch_text(&mut self, place: &str, text: &str) {
        let secrets = [
            "access-",
            "refresh-",
            "fake-password",
            "fake-client-secret",
            "fake-key",
        ];
        let told = [MARK]
            .iter()
            .chain(&secrets)
            .find(|mark| text.contains(**mark));
        if let Some(mark) = told {
            self.violate(
                Invariant::NothingPersonal,
                format!("{place} holds {mark:?}: {text}"),
            );
        }
    }

    // BigChange.

    pub(crate) fn call_bigchange(
        &mut self,
        process: ProcessId,
        action: &str,
        contact: &str,
        request: &Request,
    ) -> Response {
        let now = SystemTime::from(self.now);
        let writes = self.bigchange.writes().len();
        let response = self.bigchange.handle(now, request);
        if action.eq_ignore_ascii_case("ContactDetail")
            && let Ok(id) = contact.parse()
            && let Some(read) = self.bigchange.contact(id).cloned()
            && let Some(known) = self.processes.get_mut(&process)
        {
            known.has_read.bigchange.insert(id, read);
        }
        if let Some(write) = self.bigchange.writes().get(writes).cloned() {
            self.coverage.saved += 1;
            self.ledger.outside_writes += 1;
            match write.before {
                Some(before) => self.watch_saved(process, &before, &write.after),
                None => self.violate(
                    Invariant::NothingForeign,
                    format!("contact {} was added to BigChange", write.after.id),
                ),
            }
        }
        response
    }

    fn watch_saved(&mut self, process: ProcessId, before: &FakeContact, after: &FakeContact) {
        let id = after.id;
        if !self.ledger.customers.contains(&id) {
            self.violate(
                Invariant::NothingForeign,
                format!("contact {id} was saved, which never was an account customer"),
            );
        }
        // But for the references the record is as it was.
        let apart = |contact: &FakeContact| FakeContact {
            account_reference: String::new(),
            account_type: None,
            contact_reference: String::new(),
            last_updated: None,
            ..contact.clone()
        };
        if apart(before) != apart(after) {
            self.violate(
                Invariant::NeverOldOverNew,
                format!("a save changed contact {id} in BigChange beyond its references"),
            );
        }
        if before.account_reference != after.account_reference {
            let read = self.read_before_writing(process, id);
            let replaced = !before.account_reference.trim().is_empty();
            // BigChange has no conditional write: what a person enters between a worker's read and its
            // write is lost where the worker read none, or writes back what it read beside another type.
            let may_be_lost = |read: &FakeContact| {
                let known = read.account_reference.trim();
                known.is_empty() || known == after.account_reference.trim()
            };
            if replaced && !read.is_some_and(may_be_lost) {
                self.violate(
                    Invariant::NothingForeign,
                    format!("the account reference of {id} was replaced"),
                );
            }
            self.watch_reference_written(id, &after.account_reference);
        }
        if before.contact_reference != after.contact_reference
            && !before.contact_reference.trim().is_empty()
        {
            let read = self.read_before_writing(process, id);
            if read.is_none_or(|read| !read.contact_reference.trim().is_empty()) {
                self.violate(
                    Invariant::NothingForeign,
                    format!("the contact reference of {id} was replaced"),
                );
            }
        }
        let now = self.now;
        self.ledger.look_at(after, now);
    }

    /// A contact as the process had last read it when it sent its write.
    fn read_before_writing(&self, process: ProcessId, contact: u64) -> Option<&FakeContact> {
        self.had_read(process)?.bigchange.get(&contact)
    }

    /// What a process had read when it sent what takes effect now.
    fn had_read(&self, process: ProcessId) -> Option<&HasRead> {
        let known = || Some(&self.processes.get(&process)?.has_read);
        self.late_effect.as_ref().or_else(known)
    }

    fn watch_reference_written(&mut self, id: u64, text: &str) {
        let Ok(reference) = AccountReference::parse(text) else {
            self.violate(
                Invariant::OneReference,
                format!("contact {id} was given the account reference {text:?}"),
            );
            return;
        };
        let holder = self
            .record::<ReferenceRecord>(reference.folded())
            .and_then(|record| record.holder);
        if holder.map(ContactId::get) != Some(id) {
            self.violate(
                Invariant::OneReference,
                format!("contact {id} was given {reference}, which is reserved for {holder:?}"),
            );
        }
    }

    // Xero.

    pub(crate) fn call_xero(&mut self, process: ProcessId, request: &Request) -> Response {
        let now = SystemTime::from(self.now);
        if request.uri().path() == "/connect/token" {
            let now = self.now;
            self.ledger.token_calls.push(now);
        }
        if is_limited(request) && self.late_effect.is_none() {
            self.watch_api_call(process);
        }
        let before: Vec<XeroContact> = if is_write(request) {
            self.xero.contacts().cloned().collect()
        } else {
            Vec::new()
        };
        let response = self.xero.handle(now, request);
        if !is_write(request) && response.status().is_success() {
            self.note_read(process, request);
        }
        if is_write(request) {
            let after: Vec<XeroContact> = self.xero.contacts().cloned().collect();
            let before: BTreeMap<Uuid, XeroContact> = before
                .into_iter()
                .map(|contact| (contact.id, contact))
                .collect();
            for contact in after {
                let old = before.get(&contact.id);
                if old.is_none_or(|old| *old != contact) {
                    self.watch_written(process, old, &contact);
                }
                if old.is_some() && !refuses(&response, contact.id) {
                    self.note_sent(&contact, &units_sent(request, contact.id));
                }
            }
        }
        response
    }

    /// A process reads contacts by their ids.
    fn note_read(&mut self, process: ProcessId, request: &Request) {
        let query = request.uri().query().unwrap_or_default();
        let mut parameters = url::form_urlencoded::parse(query.as_bytes());
        let Some((_, ids)) = parameters.find(|(key, _)| key == "IDs") else {
            return;
        };
        let ids = ids.split(',').filter_map(|id| Uuid::parse_str(id).ok());
        let read: Vec<XeroContact> = ids
            .filter_map(|id| self.xero.contact(id).cloned())
            .collect();
        if let Some(known) = self.processes.get_mut(&process) {
            let read = read.into_iter().map(|contact| (contact.id, contact));
            known.has_read.xero.extend(read);
        }
    }

    /// A write changes a unit of an existing contact. What a person had entered there must have been
    /// read before, and be kept.
    fn watch_overwritten(&mut self, process: ProcessId, id: u64, old: &XeroContact, unit: Unit) {
        let Some(entered) = self.ledger.entered.remove(&(old.id, unit)) else {
            return;
        };
        if entered != unit.in_xero(old) {
            return;
        }
        let seen = self
            .had_read(process)
            .and_then(|read| read.xero.get(&old.id));
        let Some(seen) = seen.map(|seen| unit.in_xero(seen)) else {
            return self.violate(
                Invariant::NothingUnseen,
                format!(
                    "{unit:?} of Xero contact {} was written over unread",
                    old.id
                ),
            );
        };
        if seen != entered {
            // Entered within the one call between reading and writing, which nobody can prevent.
            self.coverage.overwritten_unseen += 1;
            return;
        }
        self.coverage.overwritten += 1;
        let Some(details) = as_rules_see(old).and_then(|contact| contact.details) else {
            return;
        };
        let text = unit.as_rules_say().text(&details);
        let record = self.record::<ContactRecord>(&id.to_string());
        let record = record.unwrap_or_default();
        if !is_in_intent(&record, unit, &text) {
            self.violate(
                Invariant::NothingUnseen,
                format!("{unit:?} of contact {id} was written over, and no intent keeps {text:?}"),
            );
        }
        // What a person entered there again, as it was carried over last, is no correction.
        let linked = record.link.as_ref();
        // Nor is what a lost attempt was about to send: nobody can tell who wrote it.
        let may_be_ours = self.ledger.index_of(id, unit, &entered).is_some();
        let is_correction = !may_be_ours
            && linked.is_none_or(|link| !unit.as_rules_say().is_same(&link.synced, &details));
        self.ledger.overwritten.push(Overwritten {
            contact: id,
            xero_id: old.id,
            unit,
            value: entered,
            text,
            is_correction,
        });
    }

    /// What was sent has arrived also where a person had entered the same in Xero before, so that nothing changed by it.
    fn note_sent(&mut self, contact: &XeroContact, units: &[Unit]) {
        let claimed = self.record::<XeroContactRecord>(&contact.id.to_string());
        let claimed = claimed.map(|claim| claim.contact.get());
        let Some(id) = claimed.or_else(|| ours(contact)) else {
            return;
        };
        if *self.ledger.written_for.entry(contact.id).or_insert(id) != id {
            return;
        }
        let now = self.now;
        for unit in units {
            let key = (contact.id, *unit);
            let index = self.ledger.index_of(id, *unit, &unit.in_xero(contact));
            let before = self.ledger.written.get(&key).copied();
            if let Some(index) = index.filter(|index| before < Some(*index)) {
                self.ledger.written.insert(key, index);
                self.ledger.written_at.insert(key, now);
            }
        }
    }

    fn watch_api_call(&mut self, process: ProcessId) {
        let function = self.processes.get(&process).map(|known| known.function);
        // The hourly look is the poll's, and goes on for ever.
        self.ledger.api_calls += usize::from(function != Some(Function::Poll));
        let clock = self.time_of(process);
        let current = self.current_token_version();
        if let Some(known) = self.processes.get(&process) {
            if known.paused_until.is_some_and(|until| until > clock) {
                let what = format!("process {process} called Xero, which it knew to be left alone");
                self.violate(Invariant::LimitsHeeded, what);
            } else if known.dead_version.is_some() && known.dead_version == current {
                let what = format!(
                    "process {process} called Xero over a connection that it knew to be dead"
                );
                self.violate(Invariant::DeadLeftAlone, what);
            }
        }
        if self.ledger.is_disconnected {
            self.ledger.calls_while_dead += 1;
            // One for each process that was at work, and a few for those that began before the record was there.
            if self.ledger.calls_while_dead > 20 {
                self.violate(
                    Invariant::DeadLeftAlone,
                    "more than 20 calls while the app was disconnected",
                );
            }
        }
    }

    /// An answer has arrived, which may ask to be left alone.
    pub(crate) fn watch_limit(
        &mut self,
        process: ProcessId,
        response: &Response,
        was_ordered: bool,
    ) {
        if response.status() != http::StatusCode::TOO_MANY_REQUESTS {
            return;
        }
        if !was_ordered {
            self.coverage.limits_crossed += 1;
        }
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        let asked: Option<i64> = header("retry-after").and_then(|text| text.parse().ok());
        let clock = self.time_of(process);
        if let (Some(known), Some(seconds)) = (self.processes.get_mut(&process), asked) {
            known.paused_until = Some(clock + Duration::seconds(seconds));
        }
    }

    fn watch_written(
        &mut self,
        process: ProcessId,
        old: Option<&XeroContact>,
        contact: &XeroContact,
    ) {
        self.ledger.outside_writes += 1;
        let number = contact.text("AccountNumber");
        let Some(old) = old else {
            self.coverage.created += 1;
            return self.watch_created(contact);
        };
        self.coverage.changed += 1;
        self.ledger.changed_in_xero.insert(contact.id);
        let claimed = self
            .record::<XeroContactRecord>(&contact.id.to_string())
            .map(|claim| claim.contact.get());
        let Some(id) = claimed.or_else(|| ours(contact)) else {
            return self.violate(
                Invariant::NothingForeign,
                format!("Xero contact {} was changed, which is nobody's", contact.id),
            );
        };
        if old.text("AccountNumber") != number && !old.text("AccountNumber").is_empty() {
            self.violate(
                Invariant::NothingForeign,
                format!(
                    "the account number of {} was replaced: {:?} by {number:?}",
                    contact.id,
                    old.text("AccountNumber")
                ),
            );
        }
        if old.text("ContactNumber") != contact.text("ContactNumber") {
            self.violate(
                Invariant::NothingForeign,
                format!("the contact number of {} was changed", contact.id),
            );
        }
        let is_linked = self
            .record::<ContactRecord>(&id.to_string())
            .is_some_and(|record| record.link.is_some());
        let units: Vec<Unit> = Unit::ALL
            .into_iter()
            .filter(|unit| unit.in_xero(old) != unit.in_xero(contact))
            .collect();
        if !is_linked && ours(contact).is_none() && !units.is_empty() {
            self.violate(
                Invariant::NothingForeign,
                format!(
                    "{units:?} of Xero contact {} changed on linking",
                    contact.id
                ),
            );
        }
        for unit in units {
            self.watch_overwritten(process, id, old, unit);
            self.watch_unit(id, contact, unit);
        }
    }

    fn watch_created(&mut self, contact: &XeroContact) {
        let Some(id) = ours(contact) else {
            return self.violate(
                Invariant::NothingForeign,
                format!("Xero contact {} was created without our number", contact.id),
            );
        };
        if !self.ledger.customers.contains(&id) {
            self.violate(
                Invariant::NoSiteContact,
                format!("contact {id} was created in Xero, which never was an account customer"),
            );
        }
        if AccountReference::parse(contact.text("AccountNumber")).is_err() {
            self.violate(
                Invariant::OneReference,
                format!("contact {id} was created in Xero without an account number"),
            );
        }
        let linked = self
            .record::<ContactRecord>(&id.to_string())
            .and_then(|record| record.link)
            .map(|link| Uuid::from(link.xero_id));
        let other = linked.or_else(|| self.ledger.created.get(&id).copied());
        if let Some(other) = other.filter(|other| *other != contact.id) {
            self.violate(
                Invariant::OneXeroContact,
                format!(
                    "contact {id} was created in Xero as {}, though it is {other} already",
                    contact.id
                ),
            );
        }
        if let Some(other) = double(self, contact, LONGEST_INVOCATION) {
            self.violate(
                Invariant::NoDouble,
                format!("contact {id} was created in Xero beside {other}, which is likely the same customer"),
            );
        }
        self.ledger.created.insert(id, contact.id);
        for unit in Unit::ALL {
            if !unit.in_xero(contact).replace('|', "").is_empty() {
                self.watch_unit(id, contact, unit);
            }
        }
    }

    fn watch_unit(&mut self, id: u64, contact: &XeroContact, unit: Unit) {
        let value = unit.in_xero(contact);
        let key = (contact.id, unit);
        // Linked to another contact than before: the states of that one are not this one's.
        if self.ledger.written_for.insert(contact.id, id) != Some(id) {
            self.ledger
                .written
                .retain(|(known, _), _| *known != contact.id);
        }
        match self.ledger.index_of(id, unit, &value) {
            None => self.violate(
                Invariant::NeverOldOverNew,
                format!("{unit:?} of contact {id} was written as {value:?}, which it never was in BigChange"),
            ),
            Some(index) => {
                let before = self.ledger.written.get(&key).copied().unwrap_or_default();
                if index < before {
                    self.violate(
                        Invariant::NeverOldOverNew,
                        format!("{unit:?} of contact {id}: its state no. {index} was written over no. {before}"),
                    );
                }
                let now = self.now;
                self.ledger.written.insert(key, index);
                self.ledger.written_at.insert(key, now);
            }
        }
    }

    // The table.

    /// A record as it is stored now.
    pub(crate) fn record<R: Record>(&self, sort: &str) -> Option<R> {
        let key = Key::new(format!("{}#{}", self.xero.tenant_id(), R::KIND), sort);
        let items = self
            .table
            .get_many(std::slice::from_ref(&key))
            .now_or_never()?;
        items.ok()?.pop().and_then(|item| parse(&item.body))
    }

    /// All records of a kind, by sort key.
    /// Since when the switch is off; `None` while it is on.
    pub(crate) fn off_since(&self) -> Option<OffsetDateTime> {
        let stored = self.records::<SwitchRecord>().into_values().next();
        stored
            .filter(|switch| !switch.on)
            .map(|switch| switch.since)
    }

    /// A write to one of the two systems. Where the switch has been off since before the invocation began, it can only have read that.
    /// What takes effect late was sent by an invocation before this one.
    pub(crate) fn watch_switch(&mut self, process: ProcessId) {
        if self.late_effect.is_some() {
            return;
        }
        let held_back = self
            .processes
            .get(&process)
            .and_then(|process| process.held_back_since);
        if held_back.is_some() && held_back == self.off_since() {
            self.violate(
                Invariant::SwitchHeeded,
                format!("process {process} writes although the switch is off"),
            );
        }
    }

    pub(crate) fn records<R: Record>(&self) -> BTreeMap<String, R> {
        let partition = format!("{}#{}", self.xero.tenant_id(), R::KIND);
        let items = self.table.query(&partition, "").now_or_never();
        let items = items.and_then(Result::ok).unwrap_or_default();
        items
            .into_iter()
            .filter_map(|item| Some((item.key.sort_key, parse(&item.body)?)))
            .collect()
    }

    pub(crate) fn write_table(
        &mut self,
        process: ProcessId,
        writes: Vec<Write>,
    ) -> Result<(), TableError> {
        for write in &writes {
            let key = write.key();
            let text = format!("{}/{}", key.partition, key.sort_key);
            self.watch_text("a key", &text);
        }
        let before: Vec<Option<ContactRecord>> = writes
            .iter()
            .map(|write| self.record_before(write))
            .collect();
        let result = self.table.write(writes.clone()).now_or_never();
        let result = result.unwrap_or(Err(TableError::Conflict));
        if result.is_err() {
            self.tell_of(process, || format!("  the table says {result:?}"));
            return result;
        }
        let mut links_changed = false;
        for (write, before) in writes.iter().zip(before) {
            self.watch_problem(write);
            let Write::Put { key, body, .. } = write else {
                links_changed |= !key_is_aside(write.key());
                continue;
            };
            links_changed |= !key_is_aside(key);
            if let Some(cursor) = as_record::<CursorRecord>(key, body) {
                self.watch_cursor(&key.sort_key, &cursor);
            }
            if let Some(record) = as_record::<ContactRecord>(key, body)
                && let Ok(id) = key.sort_key.parse()
            {
                self.watch_record(id, before.unwrap_or_default(), &record);
            }
        }
        if links_changed {
            self.watch_links();
        }
        result
    }

    fn record_before(&self, write: &Write) -> Option<ContactRecord> {
        let key = write.key();
        key.partition
            .ends_with(&format!("#{}", ContactRecord::KIND))
            .then(|| self.record(&key.sort_key))
            .flatten()
    }

    /// Whatever changed in the group before the cursor has been queued since.
    fn watch_cursor(&mut self, group: &str, cursor: &CursorRecord) {
        let passed = self.bigchange.contacts().find(|contact| {
            let changed = contact.last_updated.unwrap_or(OffsetDateTime::UNIX_EPOCH);
            let queued = self.ledger.queued_at.get(&contact.id);
            contact.group_id.to_string() == group
                && contact.deleted_at.is_none()
                && changed < cursor.changed_since
                && queued.is_none_or(|queued| *queued < changed)
        });
        if let Some(contact) = passed {
            let what = format!(
                "the cursor of group {group} passed {}, but contact {}, which changed before, was not queued",
                cursor.changed_since, contact.id
            );
            self.violate(Invariant::NoCursorAhead, what);
        }
    }

    fn watch_record(&mut self, id: u64, before: ContactRecord, record: &ContactRecord) {
        if let Some(code) = record.code().filter(|code| before.code() != Some(*code)) {
            self.coverage.codes += 1;
            self.watch_code(id, code);
        }
        let Some(link) = &record.link else {
            self.ledger.linked_at.remove(&id);
            return;
        };
        let xero_id = Uuid::from(link.xero_id);
        let Some(contact) = self.xero.contact(xero_id).cloned() else {
            return self.violate(
                Invariant::LinksHold,
                format!("contact {id} was linked to {xero_id}, which is not in Xero"),
            );
        };
        if before.link.as_ref() == Some(link) {
            return;
        }
        let now = self.now;
        let is_new = before.link.is_none();
        if is_new {
            self.ledger.linked_at.insert(id, (xero_id, now));
        }
        // A person may have changed the number since the worker read it.
        let number = AccountReference::parse(contact.text("AccountNumber")).ok();
        let corrected = self
            .ledger
            .corrected_at
            .iter()
            .any(|((known, _), at)| *known == xero_id && now - *at < Duration::minutes(10));
        let is_new_reference = before
            .link
            .as_ref()
            .is_none_or(|before| before.account_reference != link.account_reference);
        if is_new_reference && number.as_ref() != Some(&link.account_reference) && !corrected {
            self.violate(
                Invariant::LinksHold,
                format!(
                    "contact {id} was linked under {}, but its Xero contact has {number:?}",
                    link.account_reference
                ),
            );
        }
        let synced_before = before.link.map(|link| link.synced);
        // What BigChange did not tell at linking is noted when it does, and not carried over.
        let has_changed = |field: Field, text: fn(&rules::Details) -> &String| {
            synced_before.as_ref().is_some_and(|before| {
                text(before) != text(&link.synced) && !before.not_known.contains(&field)
            })
        };
        let carried = [
            (
                Unit::Phone,
                has_changed(Field::Phone, |details| &details.phone),
                &link.synced.phone,
            ),
            (
                Unit::Email,
                has_changed(Field::Email, |details| &details.email),
                &link.synced.email,
            ),
            (
                Unit::Name,
                has_changed(Field::Name, |details| &details.name),
                &link.synced.name,
            ),
        ];
        for (unit, changed, value) in carried {
            let is_excused = self.ledger.kept.contains(&id)
                || self
                    .ledger
                    .corrected_at
                    .get(&(xero_id, unit))
                    .is_some_and(|at| now - *at < Duration::minutes(10));
            if changed && !is_excused && !self.was_carried(id, &contact, unit, value) {
                self.violate(
                    Invariant::LinksHold,
                    format!("the link of contact {id} says that its {unit:?} was carried over, which it was not"),
                );
            }
        }
    }

    fn was_carried(&self, id: u64, contact: &XeroContact, unit: Unit, value: &str) -> bool {
        let written = self.ledger.written.get(&(contact.id, unit)).copied();
        let wanted = self.ledger.index_of(id, unit, value);
        unit.in_xero(contact) == value || written >= wanted && written.is_some()
    }

    /// A code is none that anybody has had in BigChange from the start, or that any Xero contact has.
    fn watch_code(&mut self, id: u64, code: &AccountReference) {
        let start = self
            .ledger
            .has_reference_since
            .iter()
            .find(|((other, reference), since)| {
                *other != id && reference == code.folded() && **since <= crate::people::beginning()
            });
        let in_bigchange = start.and_then(|((other, _), _)| self.bigchange.contact(*other));
        let is_taken = in_bigchange.is_some_and(|contact| {
            contact.deleted_at.is_none()
                && contact.group_id == crate::profile::CUSTOMERS
                && [&contact.account_reference, &contact.contact_reference]
                    .iter()
                    .any(|text| AccountReference::parse(text).as_ref() == Ok(code))
        });
        if is_taken {
            self.violate(
                Invariant::OneReference,
                format!("the code {code} was generated for contact {id}, but another contact has had it from the start"),
            );
        }
    }

    /// Links, claims and reservations fit together.
    fn watch_links(&mut self) {
        let records = self.records::<ContactRecord>();
        let claims = self.records::<XeroContactRecord>();
        let references = self.records::<ReferenceRecord>();
        let mut xero_ids = BTreeSet::new();
        let mut held = BTreeSet::new();
        let mut broken = None;
        for (sort, record) in &records {
            if let Some(link) = &record.link {
                let claim = claims.get(&link.xero_id.to_string());
                if claim.is_none_or(|claim| claim.contact.to_string() != *sort) {
                    broken = Some(format!("the link of {sort} has no claim"));
                }
                if !xero_ids.insert(link.xero_id) {
                    broken = Some(format!("two contacts are linked to {}", link.xero_id));
                }
                if !held.insert(link.account_reference.folded().to_owned()) {
                    broken = Some(format!(
                        "two contacts are linked under {}",
                        link.account_reference
                    ));
                }
            }
            if let Some(reserved) = &record.reserved {
                let holder = references.get(reserved.folded()).and_then(|r| r.holder);
                if holder.is_none_or(|holder| holder.to_string() != *sort) {
                    broken = Some(format!(
                        "{sort} has no reservation of {reserved}, which its record says"
                    ));
                }
            }
        }
        if let Some(what) = broken {
            self.violate(Invariant::LinksHold, what);
        }
    }

    // The token.

    pub(crate) fn current_token_version(&self) -> Option<String> {
        let current = self.vault.current(TOKEN_SECRET).now_or_never()?;
        current.ok().map(|current| current.id)
    }

    /// The vault is asked to make a version current in place of another.
    pub(crate) fn promoted_from(&mut self, from: &str) {
        self.ledger.promoting_from = Some(from.to_owned());
    }

    /// After a call to the vault.
    pub(crate) fn watch_vault(
        &mut self,
        process: ProcessId,
        before: Option<String>,
        mutates: bool,
    ) {
        let from = self.ledger.promoting_from.take();
        let after = self.current_token_version();
        if after != before
            && (from.is_none() || from != before || self.replaces(after.as_deref()) != before)
        {
            self.violate(
                Invariant::SwapOnly,
                format!("process {process} made a version current in place of one that it was not made to replace"),
            );
        }
        if mutates {
            self.watch_token();
        }
    }

    fn token(&self, version: &str) -> Option<(Value, XeroTokenSecret)> {
        let stored = self.vault.version(TOKEN_SECRET, version).now_or_never()?;
        let stored = stored.ok()?;
        let json = serde_json::from_str(stored.value.expose_secret()).ok()?;
        Some((json, XeroTokenSecret::parse(&stored.value).ok()?))
    }

    /// The version that a version was made to replace.
    fn replaces(&self, version: Option<&str>) -> Option<String> {
        let (json, _) = self.token(version?)?;
        json["replaces"].as_str().map(str::to_owned)
    }

    /// Xero takes the current refresh token, or that of a version that is stored to replace it.
    pub(crate) fn watch_token(&mut self) {
        if self.ledger.is_disconnected {
            return;
        }
        let Some(current) = self.current_token_version() else {
            return;
        };
        let now = SystemTime::from(self.now);
        let lives = |version: &str| {
            self.token(version).is_some_and(|(json, token)| {
                let is_candidate = version == current || json["replaces"] == current.as_str();
                is_candidate
                    && token.refresh_token.is_some_and(|token| {
                        self.xero.accepts_refresh_token(now, token.expose_secret())
                    })
            })
        };
        let versions = self.vault.versions(TOKEN_SECRET).now_or_never();
        let versions = versions.and_then(Result::ok).unwrap_or_default();
        if !versions.iter().any(|version| lives(&version.id)) {
            self.violate(
                Invariant::TokenLives,
                "Xero takes neither the current refresh token nor one that is stored to replace it",
            );
        }
    }

    /// Token calls of the last hour.
    pub(crate) fn watch_token_calls(&mut self) {
        let now = self.now;
        let recent = self
            .ledger
            .token_calls
            .iter()
            .filter(|at| now - **at <= Duration::hours(1))
            .count();
        // Every five minutes a run, each of which may try the tokens of the newest versions.
        let most = 40;
        if recent > most {
            self.violate(
                Invariant::TokenCallsBounded,
                format!("{recent} token calls within an hour"),
            );
        }
    }

    /// The most token calls within any hour since then.
    pub(crate) fn most_token_calls_an_hour(&self, since: OffsetDateTime) -> usize {
        let calls: Vec<OffsetDateTime> = self
            .ledger
            .token_calls
            .iter()
            .copied()
            .filter(|at| *at >= since)
            .collect();
        calls
            .iter()
            .map(|from| {
                calls
                    .iter()
                    .filter(|at| **at >= *from && **at - *from < Duration::hours(1))
                    .count()
            })
            .max()
            .unwrap_or_default()
    }

    /// Xero contacts that carry our number, by it.
    pub(crate) fn watch_population(&mut self) {
        let mut seen: BTreeMap<u64, Uuid> = BTreeMap::new();
        let mut twice = None;
        for contact in self.xero.contacts().filter(|c| c.status != Status::Erased) {
            if let Some(id) = ours(contact)
                && let Some(other) = seen.insert(id, contact.id)
            {
                twice = Some(format!(
                    "contact {id} is {other} and {} in Xero",
                    contact.id
                ));
            }
        }
        if let Some(what) = twice {
            self.violate(Invariant::OneXeroContact, what);
        }
    }
}

/// Records that say nothing of links.
fn key_is_aside(key: &Key) -> bool {
    let kind = key.partition.split('#').next_back().unwrap_or_default();
    ![
        ContactRecord::KIND,
        XeroContactRecord::KIND,
        ReferenceRecord::KIND,
    ]
    .contains(&kind)
}
