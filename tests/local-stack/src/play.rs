//! The sample company's story, act by act. The demo shows it, the scenarios assert it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::time::SystemTime;

use anyhow::Context;
use fake_bigchange::{FakeContact, Fault, FaultKind};
use fake_xero::CallKind;
use rules::{ContactId, Settings};
use uuid::Uuid;

use crate::company::{self, COMPETING, CUSTOMERS, Choices, Entry, Expected};
use crate::observed::{Observed, Outcome, mismatches, observe};
use crate::stack::{Calls, LocalStack, Remembered, Setup};

/// A contact of the sample company whose phone is edited by itself.
pub const EDITED_ALONE: u64 = 1101;
/// A contact that is entered while BigChange refuses to take an account reference.
pub const REFUSED_AT_FIRST: u64 = 1052;

/// The stack with the sample company, between two acts.
pub struct Play {
    /// The bundle and both systems.
    pub stack: LocalStack,
    /// What the bundle is deployed with now.
    pub choices: Choices,
    /// The sample company.
    pub entries: Vec<Entry>,
    /// The Xero contacts that were there before anything was synchronised.
    known: BTreeSet<Uuid>,
}

/// What an act brought.
pub struct Act {
    /// Every contact as it is now, by id.
    pub seen: BTreeMap<u64, Observed>,
    /// What both systems were asked.
    pub calls: Calls,
    /// Where it differs from what was expected, in words.
    pub failures: Vec<String>,
}

impl Play {
    /// Starts everything with the cautious choices, and nothing connected yet.
    ///
    /// # Errors
    /// When something is missing or does not start.
    pub async fn start() -> anyhow::Result<Self> {
        let choices = Choices::CAUTIOUS;
        let stack = LocalStack::start(Setup::sample_company(choices)).await?;
        let known = stack.xero.core().contacts().map(|c| c.id).collect();
        Ok(Self {
            stack,
            choices,
            entries: company::entries(),
            known,
        })
    }

    /// The first act: connected, and looked at with the cautious choices.
    ///
    /// # Errors
    /// When a function fails, or the work does not come to an end.
    pub async fn look_first(&mut self) -> anyhow::Result<Act> {
        self.stack.connect().await?;
        self.stack.refresh_token().await?;
        self.stack.poll().await?;
        self.stack.settle().await?;
        let mut act = self.act(|entry| entry.cautious).await?;
        for kind in [CallKind::Create, CallKind::Upsert, CallKind::Update] {
            if let Some(count) = act.calls.xero.get(&kind) {
                act.failures.push(format!(
                    "expected no write to Xero under the cautious choices, but there were {count} calls of kind {kind:?}"
                ));
            }
        }
        Ok(act)
    }

    /// The second act: creating and generating are authorised by deploying again, which starts a full sweep by itself.
    ///
    /// # Errors
    /// When a function fails, or the work does not come to an end.
    pub async fn authorise(&mut self) -> anyhow::Result<Act> {
        self.stack.reset_calls();
        self.choices = Choices::AUTHORISED;
        self.stack.deploy(self.choices).await?;
        self.stack.poll().await?;
        self.stack.settle().await?;
        self.act(|entry| entry.authorised).await
    }

    /// A poll over the unchanged population: it must ask Xero nothing and write nothing.
    ///
    /// # Errors
    /// When a function fails, or the work does not come to an end.
    pub async fn poll_unchanged(&mut self) -> anyhow::Result<Act> {
        let before = self.stack.remembered().await?;
        self.stack.reset_calls();
        self.stack.poll().await?;
        self.stack.settle().await?;
        let mut act = self.act(|entry| entry.authorised).await?;
        act.failures.extend(writes(&act.calls));
        let xero_calls: usize = act.calls.xero.values().sum();
        if xero_calls > 0 {
            act.failures.push(format!(
                "expected no call to Xero, but there were {xero_calls}"
            ));
        }
        let after = self.stack.remembered().await?;
        act.failures.extend(touched(&before, &after));
        Ok(act)
    }

    /// A full sweep over the unchanged population: it must write nothing, and may ask Xero about the open problems that depend on it.
    ///
    /// # Errors
    /// When a function fails, or the work does not come to an end.
    pub async fn sweep_unchanged(&mut self) -> anyhow::Result<Act> {
        let before = self.stack.remembered().await?;
        let organisation = self.organisation();
        self.stack.reset_calls();
        self.stack.sweep().await?;
        self.stack.settle().await?;
        let mut act = self.act(|entry| entry.authorised).await?;
        if act.calls.bigchange_writes > 0 {
            act.failures.extend(writes(&act.calls));
        }
        if self.organisation() != organisation {
            act.failures
                .push("expected no change in Xero, but there was one".to_owned());
        }
        let after = self.stack.remembered().await?;
        act.failures
            .extend(touched(&without_held(before), &without_held(after)));
        Ok(act)
    }

    /// One phone number is edited: it must be carried over by two calls to Xero, of which one reads what stands there.
    ///
    /// # Errors
    /// When a function fails, or the work does not come to an end.
    pub async fn edit_one_phone(&mut self) -> anyhow::Result<Act> {
        const PHONE: &str = "+441134960999";
        let now = SystemTime::now();
        self.stack
            .bigchange
            .core()
            .edit(now, EDITED_ALONE, |c| PHONE.clone_into(&mut c.phone));
        self.stack.reset_calls();
        self.stack.poll().await?;
        self.stack.settle().await?;
        let mut act = self.act(|entry| entry.authorised).await?;
        if act.calls.xero_api() != 2 {
            act.failures.push(format!(
                "expected two calls to Xero, but there were {:?}",
                act.calls.xero
            ));
        }
        let name = &act.seen[&EDITED_ALONE].contact.name;
        let carried_over = self
            .stack
            .xero
            .core()
            .contacts()
            .any(|c| c.name() == name && c.phone("DEFAULT", "PhoneNumber") == PHONE);
        if !carried_over {
            act.failures.push(format!(
                "expected the new phone number of {EDITED_ALONE} in Xero"
            ));
        }
        Ok(act)
    }

    /// A contact is entered while BigChange refuses to take account references; it is held, and goes through once BigChange takes them again.
    ///
    /// # Errors
    /// When a function fails, or the work does not come to an end.
    pub async fn refuse_in_bigchange(&mut self) -> anyhow::Result<Act> {
        let entered = entered_late(REFUSED_AT_FIRST, "Otley Orchards");
        {
            let mut bigchange = self.stack.bigchange.core();
            bigchange.add_contact(SystemTime::now(), entered.clone());
            bigchange.order_fault(Fault {
                action: Some("ContactExtraSave".to_owned()),
                times: 1,
                kind: FaultKind::Refusal {
                    words: "The contact is being edited by another user".to_owned(),
                },
            });
        }
        self.stack.reset_calls();
        self.stack.poll().await?;
        self.stack.settle().await?;
        let mut act = self.act(|entry| entry.authorised).await?;
        let expected = Expected::Held("RefusedByBigChange");
        act.check(&entered, "refused by BigChange", expected);
        Ok(act)
    }

    /// People edit contacts in both systems and mend problems; the daily sweep sees what the lists do not show.
    ///
    /// # Errors
    /// When a function fails, or the work does not come to an end.
    pub async fn edit_many(&mut self) -> anyhow::Result<Act> {
        let edits = company::edits();
        {
            let now = SystemTime::now();
            let mut bigchange = self.stack.bigchange.core();
            let mut xero = self.stack.xero.core();
            for edit in &edits {
                (edit.make)(now, &mut bigchange, &mut xero);
            }
        }
        let entered = self.stack.bigchange.core().dump().contacts;
        let entered: BTreeMap<u64, _> = entered.into_iter().map(|c| (c.id, c)).collect();
        self.stack.reset_calls();
        self.stack.sweep().await?;
        self.stack.settle().await?;
        let mut act = self.look().await?;
        for entry in &self.entries {
            let id = entry.contact.id;
            if !edits.iter().any(|edit| edit.contact == id) {
                let expected = self.part_of(entry, &act).authorised;
                act.check(&entry.contact, entry.shows, expected);
            }
        }
        for edit in &edits {
            let entered = entered.get(&edit.contact);
            let entered = entered.with_context(|| format!("no contact {}", edit.contact))?;
            act.check(entered, edit.what, edit.expected);
        }
        let created = company::created("OTLEY0001").contact_reference("OTLEY0001");
        let late = entered_late(REFUSED_AT_FIRST, "Otley Orchards");
        act.check(&late, "BigChange takes it again", created);
        self.check_links(&mut act).await?;
        Ok(act)
    }

    /// What outcomes do not show: a link released, a link kept, an account number that stayed.
    async fn check_links(&self, act: &mut Act) -> anyhow::Result<()> {
        const DELETED: u64 = 1104;
        const LEFT_ITS_GROUP: u64 = 1103;
        const CORRECTED_IN_XERO: u64 = 1012;
        let remembered = self.stack.remembered().await?;
        let linked = |id: u64| {
            let record = remembered.contacts.get(&ContactId::try_from(id).ok()?)?;
            record.value.link.as_ref()
        };
        if linked(DELETED).is_some() {
            act.failures
                .push(format!("expected the link of {DELETED} to be released"));
        }
        if linked(LEFT_ITS_GROUP).is_none() {
            act.failures
                .push(format!("expected the link of {LEFT_ITS_GROUP} to be kept"));
        }
        let xero = self.stack.xero.core();
        let in_xero = linked(CORRECTED_IN_XERO).and_then(|l| xero.contact(l.xero_id.into()));
        let number = in_xero.map(|contact| contact.text("AccountNumber"));
        if number != Some("KTYRES-2") {
            act.failures.push(format!(
                "expected the account number of {CORRECTED_IN_XERO} to stay as it was corrected in Xero, but it is {number:?}"
            ));
        }
        Ok(())
    }

    async fn act(&self, expected: impl Fn(&Entry) -> Expected) -> anyhow::Result<Act> {
        let mut act = self.look().await?;
        for entry in &self.entries {
            let expected = expected(self.part_of(entry, &act));
            act.check(&entry.contact, entry.shows, expected);
        }
        Ok(act)
    }

    /// The entry whose expectations are a contact's: its own, but for two that compete and where the younger one came first.
    fn part_of<'e>(&'e self, entry: &'e Entry, act: &Act) -> &'e Entry {
        let [older, younger] = COMPETING;
        let is_held_by_the_younger = act.seen.get(&older).is_some_and(|seen| {
            let Outcome::Held(held) = &seen.outcome else {
                return false;
            };
            held.problem.names_contact().map(ContactId::get) == Some(younger)
        });
        let part = match entry.contact.id {
            id if id == older && is_held_by_the_younger => younger,
            id if id == younger && is_held_by_the_younger => older,
            id => id,
        };
        let part = self.entries.iter().find(|other| other.contact.id == part);
        part.unwrap_or(entry)
    }

    async fn look(&self) -> anyhow::Result<Act> {
        Ok(Act {
            seen: observe(&self.stack, &self.settings()?, &self.known).await?,
            calls: self.stack.calls(),
            failures: Vec::new(),
        })
    }

    fn settings(&self) -> anyhow::Result<Settings> {
        Ok(self.choices.settings()?)
    }

    fn organisation(&self) -> Vec<fake_xero::Contact> {
        self.stack.xero.core().contacts().cloned().collect()
    }
}

impl Act {
    /// Holds a contact against what was expected. `entered` is the contact before it was synchronised, `shows` the row of the rules, or the edit, that it shows.
    fn check(&mut self, entered: &FakeContact, shows: &str, expected: Expected) {
        let id = entered.id;
        let wrong = match self.seen.get(&id) {
            Some(seen) => mismatches(expected, entered, seen),
            None => vec!["it is not in BigChange".to_owned()],
        };
        self.failures.extend(
            wrong
                .into_iter()
                .map(|wrong| format!("{id} ({shows}): {wrong}")),
        );
    }
}

fn entered_late(id: u64, name: &str) -> FakeContact {
    FakeContact {
        last_updated: None,
        ..company::contact(id, CUSTOMERS, name)
    }
}

fn writes(calls: &Calls) -> Option<String> {
    let count = calls.bigchange_writes;
    (count > 0).then(|| format!("expected no write to BigChange, but there were {count}"))
}

/// A full sweep tries held contacts again, so their records may be written.
fn without_held(remembered: Remembered) -> Remembered {
    let mut contacts = remembered.contacts;
    contacts.retain(|id, _| !remembered.problems.contains_key(id));
    Remembered {
        contacts,
        problems: BTreeMap::new(),
        ..remembered
    }
}

/// Records that were written in between, although nothing had changed.
fn touched(before: &Remembered, after: &Remembered) -> Vec<String> {
    let mut touched = written("link", &before.contacts, &after.contacts);
    touched.extend(written("problem", &before.problems, &after.problems));
    touched.extend(written("deferral", &before.deferred, &after.deferred));
    touched.extend(written(
        "reservation",
        &before.references,
        &after.references,
    ));
    touched
}

fn written<K: Ord + Display, R: PartialEq>(
    kind: &str,
    before: &BTreeMap<K, R>,
    after: &BTreeMap<K, R>,
) -> Vec<String> {
    let keys: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| format!("expected no write to the table, but the {kind} of {key} was written"))
        .collect()
}
