//! Keeps the notes in BigChange up with the held contacts. What is to be done is decided by the
//! rules ([`note_task`], [`note_step`]); here it is read, done, and read again.
//!
//! Before anything is saved, the record of the note says so by a conditional write, and the
//! contact's notes are read: so two polls at once, or one that was killed, leave one open note.

use std::collections::{BTreeMap, BTreeSet};

use bigchange::BigChange;
use rules::{
    COMPLETED_BECAUSE, ContactId, HeldForNote, NOTE_RETRIES, Note, NoteMemory, NoteResult,
    NoteStage, NoteStep, NoteTask, NoteText, NoteTrial, NoteTypeId, PutOff, Retry, Trouble,
    note_reference, note_result, note_step, note_task,
};
use runtime::Services;
use runtime::people::{NoteRecord, NoteTrialRecord};
use runtime::records::{ProblemRecord, Records, SINGLETON, Stored, expect};
use store::{TableError, Write};
use time::{Duration, OffsetDateTime};

use crate::writes::contact_of;

/// So many notes are seen to in one look: three calls each.
const MAX_NOTES: usize = 25;
/// No note is begun later than this in a poll, of the 300 seconds that the function has.
const TIME_FOR_NOTES: Duration = Duration::seconds(200);
/// How long a note belongs to the poll that is at it: longer than the function may run.
const AT_IT: Duration = Duration::minutes(6);
/// Where so many fail one after the other, it is not for the contacts' own sake.
const FAILURES: usize = 3;

/// The notes of one organisation.
pub(crate) struct Notes<'a> {
    pub(crate) services: &'a Services,
    pub(crate) records: &'a Records,
    /// What was found before then is of the first sweep after the switch was turned on.
    pub(crate) first_sweep_until: OffsetDateTime,
    /// When the poll began.
    pub(crate) started: OffsetDateTime,
}

/// A contact whose note is to be seen to.
struct Due {
    contact: ContactId,
    task: NoteTask,
    held: Option<HeldForNote>,
    text: Option<NoteText>,
    stored: Option<Stored<NoteRecord>>,
}

impl Due {
    /// The record of its note, for what the contact is held for now. What is known of a note that
    /// was of another problem does not count for this one.
    fn about_what_it_is_held_for(&self, note_type: NoteTypeId) -> NoteRecord {
        let known = self.stored.as_ref().map(|stored| stored.value.clone());
        let held = self.held.as_ref().filter(|_| self.task == NoteTask::Save);
        let Some(held) = held else {
            return known.unwrap_or_else(|| NoteRecord::of(NoteMemory::none(), note_type));
        };
        let same = known.filter(|known| known.note.code == held.code);
        let mut record = same.unwrap_or_else(|| NoteRecord::of(NoteMemory::none(), note_type));
        record.note.code.clone_from(&held.code);
        record.note.says = held.says.clone();
        record
    }
}

/// What became of one note.
enum Outcome {
    Done,
    Failed,
    /// No further note is to be written at all.
    Stopped,
}

impl Notes<'_> {
    /// Opens, changes and completes what is due.
    pub(crate) async fn keep_up(
        &self,
        problems: &[Stored<ProblemRecord>],
    ) -> Result<(), TableError> {
        let note_type = self.type_that_works().await?;
        let known = self.records.list::<NoteRecord>("").await?;
        if note_type.is_none() && known.is_empty() {
            return Ok(());
        }
        let mut due = self.due(problems, known)?;
        due.retain(|due| due.task == NoteTask::Complete || note_type.is_some());
        if due.is_empty() {
            return Ok(());
        }
        let Ok(bigchange) = self.services.bigchange().await else {
            return Ok(());
        };
        // What is not true any more goes first.
        due.sort_by_key(|due| (due.task != NoteTask::Complete, due.contact));
        let mut failures = 0;
        for due in due.into_iter().take(MAX_NOTES) {
            if failures == FAILURES || self.services.host.now() - self.started > TIME_FOR_NOTES {
                break;
            }
            let contact_id = due.contact.get();
            match self.see_to(&bigchange, due, note_type).await {
                Ok(Outcome::Done) => failures = 0,
                Ok(Outcome::Failed) => {
                    failures += 1;
                    tracing::warn!(contact_id, "the note of contact {contact_id} failed");
                }
                Ok(Outcome::Stopped) => break,
                // Another poll is at it.
                Err(TableError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The type of the notes, where there is one and trying it has shown that notes work.
    async fn type_that_works(&self) -> Result<Option<NoteTypeId>, TableError> {
        let Some(note_type) = self.services.settings.people.note_type else {
            return Ok(None);
        };
        let trial = self.records.get::<NoteTrialRecord>(SINGLETON).await?;
        let works = trial.is_some_and(|trial| {
            let trial = trial.value;
            trial.note_type == note_type && trial.outcome.objection().is_none()
        });
        Ok(works.then_some(note_type))
    }

    fn due(
        &self,
        problems: &[Stored<ProblemRecord>],
        known: Vec<Stored<NoteRecord>>,
    ) -> Result<Vec<Due>, TableError> {
        let now = self.services.host.now();
        let mut held = BTreeMap::new();
        for problem in problems {
            held.insert(contact_of(problem)?, &problem.value);
        }
        let mut notes = BTreeMap::new();
        for note in known {
            notes.insert(contact_of(&note)?, note);
        }
        let contacts: BTreeSet<_> = held.keys().chain(notes.keys()).copied().collect();
        let due = contacts.into_iter().filter_map(|contact| {
            let stored = notes.remove(&contact);
            let text = held.get(&contact).map(|problem| text_of(problem));
            let held = held.get(&contact).zip(text.as_ref());
            let held = held.map(|(problem, text)| self.held_for_note(problem, text));
            let note = stored.as_ref().map(|stored| &stored.value);
            let task = note_task(held.as_ref(), note.map(|note| &note.note));
            // A time far ahead comes from a clock that was wrong.
            let is_later = |at: OffsetDateTime| at > now && at <= now + longest_wait();
            let has_to_wait = note.and_then(|note| note.not_before).is_some_and(is_later);
            (task != NoteTask::Nothing && !has_to_wait).then_some(Due {
                contact,
                task,
                held,
                text,
                stored,
            })
        });
        Ok(due.collect())
    }

    fn held_for_note(&self, problem: &ProblemRecord, text: &NoteText) -> HeldForNote {
        let found = problem.put_off_since.unwrap_or(problem.first_seen);
        let held_for = self.services.host.now() - problem.first_seen;
        HeldForNote {
            code: problem.problem.code().to_owned(),
            says: text.fingerprint(),
            held_for: held_for.try_into().unwrap_or_default(),
            of_first_sweep: found < self.first_sweep_until,
        }
    }

    async fn see_to(
        &self,
        bigchange: &BigChange,
        due: Due,
        note_type: Option<NoteTypeId>,
    ) -> Result<Outcome, TableError> {
        let contact = due.contact;
        let known = due.stored.as_ref().map(|stored| &stored.value);
        let Some(note_type) = known.map(|known| known.note_type).or(note_type) else {
            return Ok(Outcome::Done);
        };
        let ours = match our_notes(bigchange, contact).await {
            Ok(ours) => ours,
            Err(error) => return self.failed(&due, None, note_type, trouble(&error)).await,
        };
        let memory = known.map(|known| &known.note);
        let step = note_step(due.task, due.held.as_ref(), memory, &ours);
        match &step {
            NoteStep::Forget => {
                if let Some(stored) = &due.stored {
                    let delete = self.records.delete::<NoteRecord>(contact, stored.as_read());
                    self.records.write(vec![delete]).await?;
                }
                return Ok(Outcome::Done);
            }
            NoteStep::ClosedByPerson => {
                self.begin(&due, &step, note_type).await?;
                return Ok(Outcome::Done);
            }
            NoteStep::Stop => {
                self.stop(note_type).await?;
                return Ok(Outcome::Stopped);
            }
            NoteStep::Save(_) | NoteStep::Complete => {}
        }
        let begun = self.begin(&due, &step, note_type).await?;
        // What came of it is read from the notes: an answer that was lost may have had its effect.
        let sent = match (&step, &due.text, ours.iter().find(|note| note.is_open)) {
            (NoteStep::Save(_), Some(text), _) => {
                let reference = note_reference(contact);
                bigchange
                    .save_note(contact, note_type, &reference, text)
                    .await
            }
            (NoteStep::Complete, _, Some(open)) => {
                bigchange
                    .complete_note(contact, note_type, open, COMPLETED_BECAUSE)
                    .await
            }
            _ => Ok(()),
        };
        let ours = match our_notes(bigchange, contact).await {
            Ok(ours) => ours,
            Err(error) => {
                let trouble = trouble(&error);
                return self.failed(&due, Some(&begun), note_type, trouble).await;
            }
        };
        match note_result(&step, &ours) {
            NoteResult::Open(id) => {
                let mut record = NoteRecord {
                    attempts: 0,
                    failing_since: None,
                    not_before: None,
                    ..due.about_what_it_is_held_for(note_type)
                };
                record.note.stage = NoteStage::Open;
                record.note.note_id = Some(id);
                self.remember(contact, Some(&begun), record).await?;
                Ok(Outcome::Done)
            }
            NoteResult::Closed => {
                let delete = self.records.delete::<NoteRecord>(contact, begun.as_read());
                self.records.write(vec![delete]).await?;
                Ok(Outcome::Done)
            }
            NoteResult::Failed => {
                let trouble = sent
                    .err()
                    .map_or(Trouble::StrangeAnswer, |error| trouble(&error));
                self.failed(&due, Some(&begun), note_type, trouble).await
            }
            NoteResult::Stop => {
                self.stop(note_type).await?;
                Ok(Outcome::Stopped)
            }
        }
    }

    /// Stores that a note is about to be saved or completed, if its record is still as it was read.
    async fn begin(
        &self,
        due: &Due,
        step: &NoteStep,
        note_type: NoteTypeId,
    ) -> Result<Stored<NoteRecord>, TableError> {
        let not_before = Some(self.services.host.now() + AT_IT);
        let stage = match step {
            NoteStep::ClosedByPerson => NoteStage::ClosedByPerson,
            NoteStep::Save(_) => NoteStage::Saving,
            _ => NoteStage::Completing,
        };
        let mut record = NoteRecord {
            not_before: not_before.filter(|_| stage != NoteStage::ClosedByPerson),
            ..due.about_what_it_is_held_for(note_type)
        };
        record.note.stage = stage;
        if let NoteStep::Save(others) = step {
            record.note.others.clone_from(others);
        }
        self.remember(due.contact, due.stored.as_ref(), record)
            .await
    }

    /// Puts a note off that failed, or gives it up. Where nothing was begun yet, its record says no
    /// more than that.
    async fn failed(
        &self,
        due: &Due,
        begun: Option<&Stored<NoteRecord>>,
        note_type: NoteTypeId,
        trouble: Trouble,
    ) -> Result<Outcome, TableError> {
        let now = self.services.host.now();
        let read = begun.or(due.stored.as_ref());
        let before = read.map(|read| read.value.clone());
        let mut record = before.unwrap_or_else(|| due.about_what_it_is_held_for(note_type));
        let since = *record.failing_since.get_or_insert(now);
        let put_off = PutOff {
            attempts: record.attempts,
            waited: (now - since).try_into().unwrap_or_default(),
        };
        record.attempts += 1;
        record.not_before = None;
        match NOTE_RETRIES.next(trouble, put_off, None) {
            Retry::After(wait) => record.not_before = Some(now + wait),
            Retry::GiveUp => {
                record = due.about_what_it_is_held_for(note_type);
                record.note.stage = NoteStage::GivenUp;
            }
        }
        self.remember(due.contact, read, record).await?;
        Ok(Outcome::Failed)
    }

    async fn remember(
        &self,
        contact: ContactId,
        read: Option<&Stored<NoteRecord>>,
        record: NoteRecord,
    ) -> Result<Stored<NoteRecord>, TableError> {
        let put = self.records.put(contact, &record, expect(read))?;
        self.records.write(vec![put]).await?;
        Ok(Stored::written(read, contact.to_string(), record))
    }

    /// Notes that notes do not work after all: no further one is written until they were tried
    /// again.
    async fn stop(&self, note_type: NoteTypeId) -> Result<(), TableError> {
        tracing::error!(
            "a contact has more than one open note of this software in BigChange, so no further note is written (contact-sync status)"
        );
        let trial = NoteTrialRecord {
            at: self.services.host.now(),
            note_type,
            outcome: NoteTrial::TwoNotesLater,
        };
        let stop: Write = self.records.replace(SINGLETON, &trial).await?;
        self.records.write(vec![stop]).await
    }
}

/// What an error says about the note: while BigChange is out of order, it is not to blame.
fn trouble(error: &bigchange::Error) -> Trouble {
    match error {
        bigchange::Error::Transient { .. } => Trouble::Outage,
        _ => Trouble::StrangeAnswer,
    }
}

fn longest_wait() -> Duration {
    let longest = NOTE_RETRIES.longest_wait;
    longest.try_into().unwrap_or(Duration::DAY)
}

fn text_of(problem: &ProblemRecord) -> NoteText {
    // Version 0.1 did not store sentences everywhere.
    if problem.sentence.is_empty() {
        return NoteText::of(problem.problem.title(), &problem.problem.cure());
    }
    NoteText::of(&problem.sentence, &problem.cure)
}

/// The contact's notes that carry our reference.
async fn our_notes(
    bigchange: &BigChange,
    contact: ContactId,
) -> Result<Vec<Note>, bigchange::Error> {
    let reference = note_reference(contact);
    let mut notes = bigchange.notes(contact).await?;
    notes.retain(|note| note.reference.trim().eq_ignore_ascii_case(&reference));
    Ok(notes)
}
