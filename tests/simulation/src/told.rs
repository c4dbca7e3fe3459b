//! What people are told: notes in BigChange, and the digest.

use std::collections::BTreeMap;

use fake_bigchange::{FakeNote, NoteUpdates};
use rules::{
    ContactId, Digest, FIRST_SWEEP, HELD_BEFORE_NOTE, LondonDay, NoteStage, NoteTrial,
    note_reference,
};
use runtime::people::{NewsRecord, NoteRecord, NoteTrialRecord};
use runtime::records::{ProblemRecord, Record, Records, SINGLETON};
use runtime::switch::SwitchRecord;
use store::{Expect, Table as _, Write};
use time::{Duration, OffsetDateTime};

use futures::FutureExt as _;

use crate::invariant::Invariant;
use crate::people::beginning;
use crate::profile::NOTE_TYPE;
use crate::world::World;

/// A clock that is behind sees an hour later than it is over.
const CLOCKS: Duration = Duration::minutes(5);

impl World {
    /// Notes were tried, and the switch was turned on long ago.
    pub(crate) fn prepare_telling(&mut self) {
        if !self.profile.tells_people {
            return;
        }
        let note_type = self.bigchange.add_note_type("Contact sync");
        assert_eq!(note_type, NOTE_TYPE, "the fake counts from there");
        self.bigchange.behaviour.note_updates = if self.profile.completed_notes_stay {
            NoteUpdates::ByReferenceWhileOpen
        } else {
            NoteUpdates::ByReference
        };
        let trial = note_type.try_into().map(|note_type| NoteTrialRecord {
            at: beginning(),
            note_type,
            outcome: NoteTrial::Works,
        });
        let switch = SwitchRecord {
            on: true,
            since: beginning() - Duration::days(1),
        };
        if let Ok(trial) = trial {
            self.put(&trial);
        }
        self.put(&switch);
    }

    fn put<R: Record>(&mut self, record: &R) {
        let table = std::sync::Arc::new(self.table.clone());
        let Ok(tenant) = self.xero.tenant_id().try_into() else {
            return;
        };
        let written = Records::new(table, tenant).put(SINGLETON, record, Expect::Any);
        let written = written.map(|write| self.table.write(vec![write]).now_or_never());
        assert!(matches!(written, Ok(Some(Ok(())))), "the table takes it");
    }

    fn our_notes(&self, contact: ContactId) -> Vec<&FakeNote> {
        let reference = note_reference(contact);
        let notes = self.bigchange.notes().iter();
        notes
            .filter(|note| note.contact_id == contact.get() && note.reference == reference)
            .collect()
    }

    /// A person closes a note that is open, in one of three ways.
    pub(crate) fn close_a_note(&mut self) {
        let notes: Vec<(String, NoteRecord)> = self.records::<NoteRecord>().into_iter().collect();
        let open = notes.into_iter().filter_map(|(contact, record)| {
            let contact: ContactId = contact.parse().ok()?;
            let note = self
                .our_notes(contact)
                .into_iter()
                .find(|note| note.is_open())?;
            let is_settled = record.note.stage == NoteStage::Open;
            is_settled.then_some((contact, note.id, record.note.code))
        });
        let open: Vec<_> = open.collect();
        if open.is_empty() {
            return;
        }
        let (contact, note, code) = open[self.rng.usize(0..open.len())].clone();
        let status = match self.rng.u32(0..3) {
            0 => "Completed",
            1 => "Cancelled",
            _ => {
                self.bigchange.delete_note(note);
                "Deleted"
            }
        };
        status_of(self, note, status);
        let problem = self.record::<ProblemRecord>(&contact.to_string());
        if problem.is_some_and(|held| held.problem.code() == code) {
            self.ledger.notes_closed.insert(contact.get(), code.clone());
            self.ledger.notes_ever_closed.insert((contact.get(), code));
        }
        self.note_deed("closes a note");
    }

    /// A note was saved.
    pub(crate) fn watch_note_saved(&mut self, contact: &str) {
        self.coverage.notes += 1;
        let Ok(contact) = contact.parse::<ContactId>() else {
            return;
        };
        let open = self
            .our_notes(contact)
            .into_iter()
            .filter(|note| note.is_open())
            .count();
        if open > 1 {
            let what = format!("{open} notes are open on contact {contact}");
            self.violate(Invariant::OneNote, what);
        }
        if open > 0
            && let Some(code) = self.ledger.notes_closed.get(&contact.get())
        {
            let what = format!(
                "a note of contact {contact} was opened again, which a person had closed for {code}"
            );
            self.violate(Invariant::NotesStayClosed, what);
        }
    }

    /// Another problem, or none, is another matter than the one whose note was closed.
    pub(crate) fn watch_problem(&mut self, write: &Write) {
        let key = write.key();
        if !key
            .partition
            .ends_with(&format!("#{}", ProblemRecord::KIND))
        {
            return;
        }
        let Ok(contact) = key.sort_key.parse::<u64>() else {
            return;
        };
        let code = match write {
            Write::Put { body, .. } => body["problem"]["code"].as_str(),
            Write::Delete { .. } => None,
            Write::Check { .. } => return,
        };
        let closed = self.ledger.notes_closed.get(&contact).map(String::as_str);
        if closed.is_some() && closed != code {
            self.ledger.notes_closed.remove(&contact);
        }
    }

    /// A digest was sent.
    pub(crate) fn watch_mail(&mut self, digest: &Digest) {
        self.coverage.mails += 1;
        self.watch_text("a digest", &format!("{}\n{}", digest.subject, digest.body));
        let day = LondonDay::at(self.now.unix_timestamp());
        if self.ledger.mails.contains_key(&day) {
            self.violate(Invariant::DigestTells, "a second digest on one day");
        }
        self.ledger.mails.insert(day, digest.body.clone());
    }

    /// Contacts that are held for long enough to have a note, and were not found by a first sweep.
    fn held_for_long(&self) -> BTreeMap<String, ProblemRecord> {
        let switch = self.record::<SwitchRecord>(SINGLETON);
        let Some(switch) = switch.filter(|_| self.profile.tells_people) else {
            return BTreeMap::new();
        };
        let mut held = self.records::<ProblemRecord>();
        held.retain(|_, held| {
            let found = held.put_off_since.unwrap_or(held.first_seen);
            let is_long = self.now - held.first_seen > HELD_BEFORE_NOTE + CLOCKS;
            is_long && found >= switch.since + FIRST_SWEEP
        });
        held
    }

    /// Whether a note is still to be opened or completed.
    pub(crate) fn notes_are_due(&self) -> bool {
        let notes = self.records::<NoteRecord>();
        let problems = self.records::<ProblemRecord>();
        let is_settled = |note: &NoteRecord| {
            let settled = [
                NoteStage::Open,
                NoteStage::ClosedByPerson,
                NoteStage::GivenUp,
            ];
            settled.contains(&note.note.stage)
        };
        let is_left = |(contact, note): (&String, &NoteRecord)| {
            let is_held = problems.contains_key(contact);
            !is_settled(note) || (!is_held && note.note.stage != NoteStage::GivenUp)
        };
        let is_missing = |contact: &String| !notes.contains_key(contact);
        notes.iter().any(is_left) || self.held_for_long().keys().any(is_missing)
    }

    /// When the notes that have to wait are due.
    pub(crate) fn notes_due_at(&self) -> Vec<OffsetDateTime> {
        let notes = self.records::<NoteRecord>();
        let waits = notes.values().filter_map(|note| note.not_before);
        let held = self.held_for_long();
        let missing = held.keys().any(|contact| !notes.contains_key(contact));
        waits.chain(missing.then_some(self.now)).collect()
    }

    /// Nothing happens until after 07:00 in London on the next working day.
    pub(crate) fn sleep_until_the_next_digest(&mut self) {
        let today = LondonDay::at(self.now.unix_timestamp());
        let is_due = |at: OffsetDateTime| {
            let due = rules::digest_due(at.unix_timestamp(), Some(today));
            due.is_some()
        };
        while !is_due(self.now) {
            self.now += Duration::hours(1);
        }
        // However far a clock is behind.
        self.now += Duration::minutes(10);
    }
}

fn status_of(world: &mut World, note: u64, status: &str) {
    world
        .bigchange
        .edit_note(note, |note| status.clone_into(&mut note.status));
}

/// Once everything is quiet: the notes are as the table says that contacts are held.
pub(crate) fn notes_are_true(world: &mut World) {
    let problems = world.records::<ProblemRecord>();
    let notes = world.records::<NoteRecord>();
    let contacts: Vec<ContactId> = world
        .bigchange
        .contacts()
        .filter(|contact| contact.deleted_at.is_none())
        .filter_map(|contact| contact.id.try_into().ok())
        .collect();
    let held_for_long = world.held_for_long();
    let wrong = contacts.into_iter().find_map(|contact| {
        let key = contact.to_string();
        let is_open = world.our_notes(contact).iter().any(|note| note.is_open());
        let given_up = notes.get(&key).map(|note| note.note.stage);
        let is_excused = matches!(
            given_up,
            Some(NoteStage::GivenUp | NoteStage::ClosedByPerson)
        );
        if is_open && !problems.contains_key(&key) && !is_excused {
            return Some(format!(
                "contact {contact} is not held, and its note is open"
            ));
        }
        let lacks_one = held_for_long.get(&key).filter(|_| !is_open);
        // A note that a person closed is not read before there is something to change, and another
        // problem for a moment is not seen.
        let was_closed = lacks_one.is_some_and(|held| {
            let closed = (contact.get(), held.problem.code().to_owned());
            world.ledger.notes_ever_closed.contains(&closed)
        });
        if lacks_one.is_some() && !is_excused && !was_closed {
            return Some(format!(
                "contact {contact} is held for long, and has no note"
            ));
        }
        None
    });
    if let Some(what) = wrong {
        world.violate(Invariant::NotesTrue, what);
    }
}

/// After a digest that nothing disturbed: every problem and every notice was told.
pub(crate) fn everything_was_told(world: &mut World) {
    let problems = world.records::<ProblemRecord>();
    let told = |contact: &str, code: &str| {
        world.ledger.mails.values().any(|body| {
            body.lines().any(|line| {
                line.starts_with(&format!("- {contact}, since "))
                    && line.ends_with(&format!("({code})"))
            })
        })
    };
    let untold = problems
        .iter()
        .find(|(contact, held)| !told(contact, held.problem.code()))
        .map(|(contact, held)| {
            let code = held.problem.code();
            format!("no digest told that contact {contact} is held as {code}")
        });
    let news = world.records::<NewsRecord>().len();
    let untold = untold
        .or_else(|| (news > 0).then(|| format!("{news} notices are left that no digest told")));
    if let Some(what) = untold {
        world.violate(Invariant::DigestTells, what);
    }
}
