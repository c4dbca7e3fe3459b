//! What people do in BigChange and in Xero, at first and meanwhile.

use std::time::SystemTime;

use fake_bigchange::FakeContact;
use fake_xero::{Contact as XeroContact, Status};
use rules::{AccountReference, ContactId, NameKey, Problem, Side, XeroContactId};
use runtime::records::{ContactRecord, ProblemRecord};
use secrets::XeroTokenSecret;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use crate::invariant::TOKEN_SECRET;
use crate::ledger::{Overwritten, Unit};
use crate::profile::{CUSTOMERS, SITES};
use crate::world::World;

/// When every simulation begins.
pub(crate) const fn beginning() -> OffsetDateTime {
    datetime!(2026-11-02 09:00 UTC)
}

/// A person's word about which Xero contact a contact is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Word {
    pub(crate) contact: ContactId,
    pub(crate) xero_id: XeroContactId,
    pub(crate) says: Says,
}

/// What a person says of a contact and a Xero contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Says {
    /// It is that one.
    Is,
    /// It is no longer that one.
    IsNot,
    /// It is a new customer, none of those that it is held for.
    IsNew,
    /// This system's values stay where both had changed them.
    Keep(Side),
}

/// A group that is neither of account customers nor of sites.
const ELSEWHERE: u64 = 30;
const FIRST_WORDS: [&str; 5] = ["Acme", "Hollin", "Calder", "Ågren", "The Weir"];
const FORMS: [&str; 8] = ["", "", "", "", "", "", " Ltd", " Limited"];
const REFERENCES: [&str; 8] = [
    "R1",
    "R2",
    "r2",
    "R3",
    "ACME0001",
    "HOLLIN0001",
    "CALDER0001",
    "AGREN0001",
];

impl World {
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| from[self.rng.usize(0..from.len())])
    }

    /// Few names, so that some meet.
    fn name(&mut self) -> String {
        let word = FIRST_WORDS[self.rng.usize(0..FIRST_WORDS.len())];
        // Which are not equal, and likely one customer.
        let form = FORMS[self.rng.usize(0..FORMS.len())];
        format!("{word} zqmark{}{form}", self.rng.u32(1..=3))
    }

    fn reference(&mut self) -> String {
        REFERENCES[self.rng.usize(0..REFERENCES.len())].to_owned()
    }

    /// A number that no other value has, so that values can be told apart.
    fn number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    // At first.

    pub(crate) fn populate(&mut self) {
        self.bigchange.add_group(CUSTOMERS, "Customers");
        self.bigchange.add_group(SITES, "Sites");
        self.bigchange.add_group(ELSEWHERE, "Suppliers");
        for _ in 0..self.profile.xero_contacts {
            self.add_to_xero();
        }
        for _ in 0..self.profile.customers {
            self.add_customer();
        }
        if self.rng.bool() {
            self.add_site();
        }
        self.connect();
        self.prepare_telling();
    }

    fn add_customer(&mut self) {
        let number = self.number();
        let mut contact = FakeContact {
            group_id: CUSTOMERS,
            name: self.name(),
            street: format!("{number} zqmark Street"),
            town: "Leeds".to_owned(),
            postcode: "LS1 1AA".to_owned(),
            country: "United Kingdom".to_owned(),
            person: format!("Mary zqmark{number}"),
            phone: format!("+44zqmark{number}"),
            email: format!("zqmark{number}@example.com"),
            ..FakeContact::default()
        };
        if self.rng.bool() {
            contact.account_reference = self.reference();
            contact.account_type = self.rng.bool().then_some(1);
        }
        if self.chance(0.3) {
            contact.contact_reference = self.reference();
        }
        self.add(contact);
    }

    fn add_site(&mut self) {
        let parent = self.pick(&self.customers());
        let group_id = if self.chance(0.3) { CUSTOMERS } else { SITES };
        let name = self.name();
        self.add(FakeContact {
            group_id,
            name,
            parent_id: parent,
            street: "1 zqmark Yard".to_owned(),
            ..FakeContact::default()
        });
    }

    fn add(&mut self, contact: FakeContact) {
        let now = self.now;
        let id = self.bigchange.add_contact(now.into(), contact);
        let added = self.bigchange.contact(id).cloned().unwrap_or_default();
        self.ledger.look_at(&added, now);
    }

    fn add_to_xero(&mut self) {
        let name = self.name();
        if self.is_named_in_xero(&name, None) {
            return;
        }
        let mut contact = json!({ "Name": name, "EmailAddress": "zqmark@example.org" });
        let reference = self.reference();
        if self.rng.bool() && !self.has_number(&reference, None) {
            contact["AccountNumber"] = json!(reference);
        }
        if self.chance(0.1) {
            let number = self.number();
            contact["ContactNumber"] = json!(format!("OTHER-{number}"));
        }
        if self.chance(0.1) {
            contact["ContactStatus"] = json!("ARCHIVED");
        }
        if self.chance(0.08) {
            contact["Website"] = json!("no-address");
        }
        self.in_xero(contact);
    }

    /// A person's work in Xero's own pages.
    fn in_xero(&mut self, contact: Value) {
        let now = SystemTime::from(self.now);
        let id = contact["ContactID"].as_str();
        let id: Option<Uuid> = id.and_then(|id| id.parse().ok());
        let before = id.and_then(|id| self.xero.contact(id).cloned());
        if let Some(id) = id {
            self.ledger.changed_in_xero.insert(id);
        }
        let id = match self.xero.seed(now, &json!([contact])) {
            Ok(ids) => ids[0],
            Err(error) => unreachable!("people enter what Xero takes: {error}"),
        };
        let Some(after) = self.xero.contact(id).cloned() else {
            return;
        };
        for unit in Unit::ALL {
            let value = unit.in_xero(&after);
            let was = before.as_ref().map(|before| unit.in_xero(before));
            let is_blank = value.replace('|', "").is_empty();
            if was.as_ref() != Some(&value) && (was.is_some() || !is_blank) {
                // Entered again, it stands there again, and looks as if it had never been written over.
                let is_it =
                    |one: &Overwritten| one.xero_id == id && one.unit == unit && one.value == value;
                self.ledger.overwritten.retain(|one| !is_it(one));
                self.ledger.entered.insert((id, unit), value);
            }
        }
        if after.status == Status::Active {
            self.ledger.archived_at.remove(&id);
        } else {
            let at = self.now;
            self.ledger.archived_at.entry(id).or_insert(at);
        }
    }

    fn is_named_in_xero(&self, name: &str, except: Option<Uuid>) -> bool {
        let key = NameKey::of(name);
        self.xero.contacts().any(|contact| {
            contact.status == Status::Active
                && Some(contact.id) != except
                && NameKey::of(contact.name()) == key
        })
    }

    fn has_number(&self, number: &str, except: Option<Uuid>) -> bool {
        let wanted = AccountReference::parse(number);
        self.xero.contacts().any(|contact| {
            Some(contact.id) != except
                && AccountReference::parse(contact.text("AccountNumber")) == wanted
        })
    }

    /// A person connects the app, and stores what they got.
    pub(crate) fn connect(&mut self) {
        let tenant = self.xero.tenant_id();
        self.xero.set_connected(tenant, true);
        let tokens = self.xero.issue_tokens(self.now.into());
        let secret = XeroTokenSecret {
            access_token: Some(tokens.access_token.into()),
            refresh_token: tokens.refresh_token.map(Into::into),
            expires_at: Some(tokens.expires_at.into()),
            tenant_id: tenant.try_into().ok(),
        };
        self.vault.set_clock(self.now);
        self.vault.set_current(TOKEN_SECRET, secret.to_json());
        self.ledger.is_disconnected = false;
        self.ledger.was_reconnected();
    }

    /// A person disconnects the app in Xero.
    pub(crate) fn disconnect(&mut self) {
        let tenant = self.xero.tenant_id();
        if self.rng.bool() {
            self.xero.set_connected(tenant, false);
        }
        self.xero.revoke_refresh_tokens();
        self.xero.revoke_access_tokens();
        self.ledger.is_disconnected = true;
        self.note_deed("disconnects the app");
    }

    // Meanwhile.

    pub(crate) fn note_deed(&mut self, kind: &'static str) {
        *self.coverage.people.entry(kind).or_default() += 1;
        self.tell(|| format!("a person {kind}"));
    }

    fn customers(&self) -> Vec<u64> {
        let there = self.bigchange.contacts().filter(|contact| {
            contact.deleted_at.is_none() && self.ledger.customers.contains(&contact.id)
        });
        there.map(|contact| contact.id).collect()
    }

    /// BigChange leaves a key out of its next detail, now and then. What is carried over only of a linked
    /// contact: a new one is created without it, which no later state of BigChange would explain.
    pub(crate) fn leave_a_key_out(&mut self, contact: &str) {
        const NEEDED: [&str; 7] = [
            "Id",
            "GroupId",
            "ParentId",
            "Name",
            "ContactReference",
            "AccountReference",
            "AccountType",
        ];
        const CARRIED: [&str; 7] = [
            "Street", "Town", "PostCode", "Country", "Person", "Phone", "Email",
        ];
        let often = self.profile.keys_left_out;
        if often == 0.0 || !self.is_stormy || !self.chance(often) {
            return;
        }
        let record = self.record::<ContactRecord>(contact);
        let is_linked = record.is_some_and(|record| record.link.is_some());
        let keys = if is_linked && self.chance(0.7) {
            CARRIED
        } else {
            NEEDED
        };
        let Some(key) = self.pick(&keys) else { return };
        let left_out = &mut self.bigchange.behaviour.left_out_of_details;
        left_out.entry(0).or_default().insert(key.to_owned());
        // What was decided without it is decided anew by the sweep.
        if let Ok(id) = contact.parse() {
            self.ledger.needs_sweep.insert(id);
        }
        *self.coverage.faults.entry("key left out").or_default() += 1;
    }

    /// Somebody does something, somewhere.
    pub(crate) fn do_something(&mut self) {
        let kind = self.rng.u32(0..100);
        let customers = self.customers();
        let Some(id) = self.pick(&customers) else {
            return self.enter_another();
        };
        match kind {
            0..10 => self.enter_another(),
            10..40 => self.edit_unit(id),
            40..50 => self.waver(id),
            50..58 => self.edit_reference(id),
            58..62 => self.edit_contact_reference(id),
            62..66 => self.move_about(id),
            66..68 => self.exclude(id),
            68..71 => self.delete(id),
            _ => self.do_something_in_xero(kind),
        }
    }

    /// Somebody says which Xero contact a contact is, or is not; any may be meant, for the tool's own look beforehand can be out of date by then.
    pub(crate) fn think_of_a_word(&mut self) -> Option<Word> {
        let customers = self.customers();
        let contact = self.pick(&customers)?;
        let linked = self
            .record::<ContactRecord>(&contact.to_string())
            .and_then(|record| record.link);
        let problem = self.record::<ProblemRecord>(&contact.to_string());
        let candidate = problem.and_then(|held| match held.problem {
            Problem::PossibleDuplicate { candidates, .. } => Some(candidates.first()?.xero.id),
            _ => None,
        });
        if let Some(xero_id) = candidate.filter(|_| self.chance(0.5)) {
            self.ledger.needs_sweep.insert(contact);
            self.note_deed("says that it is a new customer");
            return Some(Word {
                contact: contact.try_into().ok()?,
                xero_id,
                says: Says::IsNew,
            });
        }
        let held = self.record::<ProblemRecord>(&contact.to_string());
        let is_held = held.is_some_and(|held| held.problem.code() == "ChangedInBoth");
        if let Some(link) = linked.as_ref().filter(|_| is_held && self.rng.bool()) {
            let side = if self.rng.bool() {
                Side::Xero
            } else {
                Side::BigChange
            };
            self.ledger.kept.insert(contact);
            self.note_deed("says whose value stays");
            return Some(Word {
                contact: contact.try_into().ok()?,
                xero_id: link.xero_id,
                says: Says::Keep(side),
            });
        }
        let is_one = linked.is_none() || self.chance(0.2);
        let xero_id = match linked {
            Some(link) if !is_one => link.xero_id,
            _ => {
                let contacts: Vec<Uuid> = self.xero.contacts().map(|c| c.id).collect();
                self.pick(&contacts)?.try_into().ok()?
            }
        };
        // An unlinked contact is queued by nobody, and a tool that is gone after its write queues nothing either.
        self.ledger.needs_sweep.insert(contact);
        self.note_deed(if is_one {
            "says which Xero contact it is"
        } else {
            "takes a link away"
        });
        Some(Word {
            contact: contact.try_into().ok()?,
            xero_id,
            says: if is_one { Says::Is } else { Says::IsNot },
        })
    }

    fn enter_another(&mut self) {
        if self.chance(0.8) {
            self.add_customer();
            self.note_deed("enters a customer");
        } else {
            self.add_site();
            self.note_deed("enters a site");
        }
    }

    fn edit(&mut self, id: u64, change: impl FnOnce(&mut FakeContact)) {
        let now = self.now;
        self.bigchange.edit(now.into(), id, change);
        self.looked_at(id);
    }

    fn edit_financials(&mut self, id: u64, change: impl FnOnce(&mut FakeContact)) {
        let now = self.now;
        self.bigchange.edit_financials(now.into(), id, change);
        self.ledger.needs_sweep.insert(id);
        self.looked_at(id);
    }

    fn looked_at(&mut self, id: u64) {
        let now = self.now;
        if let Some(contact) = self.bigchange.contact(id).cloned() {
            self.ledger.look_at(&contact, now);
        }
    }

    fn edit_unit(&mut self, id: u64) {
        let number = self.number();
        let unit = Unit::ALL[self.rng.usize(0..Unit::ALL.len())];
        let name = self.name();
        self.edit(id, |c| match unit {
            Unit::Name => c.name = name,
            Unit::Address => c.street = format!("{number} zqmark Street"),
            Unit::Phone => c.phone = format!("+44zqmark{number}"),
            Unit::Email => c.email = format!("zqmark{number}@example.com"),
            Unit::Person => c.person = format!("Ann zqmark{number}"),
        });
        self.note_deed("edits a customer");
        // Somebody else has the same at hand in Xero.
        if self.chance(0.3) {
            let at = self.now + self.milliseconds(180_000);
            self.schedule(at, crate::world::Event::Correct(id, unit));
        }
    }

    /// Back, forth and back again within minutes.
    fn waver(&mut self, id: u64) {
        self.edit_back(id);
        for minutes in [2, 4] {
            let at = self.now + time::Duration::minutes(minutes);
            self.schedule(at, crate::world::Event::EditBack(id));
        }
    }

    /// Back to what it was before the last edit: what was sent meanwhile must not stay.
    pub(crate) fn edit_back(&mut self, id: u64) {
        let Some(before) = self.ledger.before_last(id, Unit::Phone) else {
            return self.edit_unit(id);
        };
        self.edit(id, |c| c.phone = before);
        self.note_deed("edits a customer back");
    }

    fn edit_reference(&mut self, id: u64) {
        let reference = if self.chance(0.4) {
            String::new()
        } else {
            self.reference()
        };
        self.edit_financials(id, |c| c.account_reference = reference);
        self.note_deed("edits an account reference");
    }

    fn edit_contact_reference(&mut self, id: u64) {
        let reference = if self.chance(0.4) {
            String::new()
        } else {
            self.reference()
        };
        self.ledger.contact_reference_edited.insert(id);
        self.edit(id, |c| c.contact_reference = reference);
        self.note_deed("edits a contact reference");
    }

    fn move_about(&mut self, id: u64) {
        let back = self.bigchange.contact(id).map(|c| c.group_id) != Some(CUSTOMERS);
        let group = if back { CUSTOMERS } else { ELSEWHERE };
        self.edit(id, |c| c.group_id = group);
        if !back {
            self.ledger.needs_sweep.insert(id);
        }
        self.note_deed("moves a customer to another group, or back");
    }

    fn exclude(&mut self, id: u64) {
        self.edit_financials(id, |c| c.financial_sync_exclude = !c.financial_sync_exclude);
        self.note_deed("excludes a customer from the sync, or includes it");
    }

    fn delete(&mut self, id: u64) {
        let now = self.now;
        self.bigchange.delete(now.into(), id);
        self.ledger.needs_sweep.insert(id);
        self.note_deed("deletes a customer");
    }

    fn do_something_in_xero(&mut self, kind: u32) {
        let contacts: Vec<Uuid> = self.xero.contacts().map(|c| c.id).collect();
        let Some(id) = self.pick(&contacts) else {
            self.add_to_xero();
            return self.note_deed("enters a contact in Xero");
        };
        let Some(contact) = self.xero.contact(id).cloned() else {
            return;
        };
        match kind {
            71..77 => {
                self.add_to_xero();
                self.note_deed("enters a contact in Xero");
            }
            77..83 => self.rename_in_xero(&contact),
            83..88 => self.number_in_xero(&contact),
            88..94 => self.archive_in_xero(&contact),
            _ => self.correct_in_xero(&contact),
        }
    }

    fn rename_in_xero(&mut self, contact: &XeroContact) {
        let name = self.name();
        if contact.status == Status::Active && !self.is_named_in_xero(&name, Some(contact.id)) {
            self.in_xero(json!({ "ContactID": contact.id, "Name": name }));
            self.corrected(contact, Unit::Name);
            self.note_deed("renames a contact in Xero");
        }
    }

    fn number_in_xero(&mut self, contact: &XeroContact) {
        let number = if self.chance(0.2) {
            String::new()
        } else {
            self.reference()
        };
        let is_free = number.is_empty() || !self.has_number(&number, Some(contact.id));
        if contact.status == Status::Active && is_free {
            self.in_xero(json!({ "ContactID": contact.id, "AccountNumber": number }));
            self.corrected(contact, Unit::Name);
            self.note_deed("edits an account number in Xero");
        }
    }

    fn archive_in_xero(&mut self, contact: &XeroContact) {
        let is_active = contact.status == Status::Active;
        if !is_active && self.is_named_in_xero(contact.name(), Some(contact.id)) {
            return;
        }
        if is_active && self.rng.bool() {
            return self.merge_in_xero(contact);
        }
        let status = if is_active { "ARCHIVED" } else { "ACTIVE" };
        let mut fields = json!({ "ContactID": contact.id, "ContactStatus": status });
        if contact.merged_into.is_some() {
            fields["MergedToContactID"] = Value::Null;
        }
        self.in_xero(fields);
        self.corrected(contact, Unit::Name);
        self.note_deed(if contact.merged_into.is_some() {
            "has a merge undone by Xero's support"
        } else {
            "archives a contact in Xero, or restores it"
        });
    }

    /// Whether the merged contact keeps its account number is not known.
    fn merge_in_xero(&mut self, contact: &XeroContact) {
        let others: Vec<Uuid> = self
            .xero
            .contacts()
            .filter(|other| other.status == Status::Active && other.id != contact.id)
            .map(|other| other.id)
            .collect();
        let Some(survivor) = self.pick(&others) else {
            return;
        };
        let mut fields = json!({
            "ContactID": contact.id,
            "ContactStatus": "ARCHIVED",
            "MergedToContactID": survivor,
        });
        if self.rng.bool() {
            fields["AccountNumber"] = json!("");
        }
        self.in_xero(fields);
        self.corrected(contact, Unit::Name);
        self.note_deed("merges a contact in Xero into another");
    }

    /// A person corrects one unit of the Xero contact that a contact is linked to.
    pub(crate) fn correct_linked(&mut self, id: u64, unit: Unit) {
        let record = self.record::<ContactRecord>(&id.to_string());
        let link = record.and_then(|record| record.link);
        let linked = link.and_then(|link| self.xero.contact(link.xero_id.into()).cloned());
        let Some(contact) = linked.filter(|contact| contact.status == Status::Active) else {
            return;
        };
        let number = self.number();
        let fields = match unit {
            Unit::Name => return self.rename_in_xero(&contact),
            Unit::Phone => return self.correct_in_xero(&contact),
            Unit::Address => {
                let street = format!("{number} zqmark Lane");
                json!({ "Addresses": [{ "AddressType": "POBOX", "AddressLine1": street }] })
            }
            Unit::Email => json!({ "EmailAddress": format!("zqmark{number}@example.net") }),
            Unit::Person => json!({ "FirstName": "Jo", "LastName": format!("zqmark{number}") }),
        };
        let mut fields = fields;
        fields["ContactID"] = json!(contact.id);
        self.in_xero(fields);
        self.corrected(&contact, unit);
        self.note_deed("corrects in Xero what was edited in BigChange");
    }

    fn correct_in_xero(&mut self, contact: &XeroContact) {
        let number = self.number();
        if contact.status == Status::Active {
            let phones =
                json!([{ "PhoneType": "DEFAULT", "PhoneNumber": format!("+1zqmark{number}") }]);
            self.in_xero(json!({ "ContactID": contact.id, "Phones": phones }));
            self.corrected(contact, Unit::Phone);
            self.note_deed("corrects a phone in Xero");
        }
    }

    /// A person changed something of a Xero contact: whom it concerns may see it by the hourly look only, or by the daily sweep.
    fn corrected(&mut self, contact: &XeroContact, unit: Unit) {
        let now = self.now;
        self.ledger.corrected_at.insert((contact.id, unit), now);
    }
}
