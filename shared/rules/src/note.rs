//! The note in BigChange that tells of a held contact where the accounts admin works: when one is
//! opened, changed and completed. At most one of a contact is open.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ContactId, Fingerprint, RetryPolicy};

/// A contact is held this long before a note is opened: most problems are mended, or mend
/// themselves, within the hour in which they came up.
pub const HELD_BEFORE_NOTE: Duration = Duration::from_secs(60 * 60);

/// What is found within this time after the switch was turned on was there before: the first sweep
/// finds it. It is told in the digest instead of in hundreds of notes at once.
pub const FIRST_SWEEP: Duration = Duration::from_secs(2 * 60 * 60);

/// How often a note that failed is tried again: six times, for half a day. While BigChange is out of
/// order, for three days.
pub const NOTE_RETRIES: RetryPolicy = RetryPolicy {
    first_wait: Duration::from_secs(10 * 60),
    longest_wait: Duration::from_secs(6 * 60 * 60),
    max_attempts: 6,
    longest_outage: Duration::from_secs(3 * 24 * 60 * 60),
};

/// The longest subject that is written, in characters. BigChange names no limit; what is longer is
/// told in the text, whole.
const MAX_SUBJECT_CHARS: usize = 200;

/// The reference that a contact's note carries: it makes the note findable, and BigChange updates
/// by it.
#[must_use]
pub fn note_reference(contact: ContactId) -> String {
    format!("SYNC-{contact}")
}

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteText {
    /// What is wrong, in a sentence; at most 200 characters.
    pub subject: String,
    /// What to do about it.
    pub text: String,
}

impl NoteText {
    /// The note of a problem with this sentence and this cure.
    #[must_use]
    pub fn of(sentence: &str, cure: &str) -> Self {
        if sentence.chars().count() <= MAX_SUBJECT_CHARS {
            return Self {
                subject: sentence.to_owned(),
                text: cure.to_owned(),
            };
        }
        Self {
            subject: cut(sentence, MAX_SUBJECT_CHARS),
            text: format!("{sentence}\n\n{cure}"),
        }
    }

    /// Changes when anything does that the note says.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of([self.subject.as_str(), self.text.as_str()])
    }
}

/// The beginning of a text, as many whole words as fit, with an ellipsis.
fn cut(text: &str, max_chars: usize) -> String {
    let beginning: String = text.chars().take(max_chars - 1).collect();
    let words = beginning
        .rsplit_once(char::is_whitespace)
        .map_or(beginning.as_str(), |(words, _)| words);
    format!("{words}…")
}

/// What is written into a note as it is completed.
pub const COMPLETED_BECAUSE: &str = "The contact is in line, or takes no part any more: completed by the synchronisation with Xero.";

/// A note on a contact, as BigChange lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id in BigChange.
    pub id: u64,
    /// Its reference; blank where it has none.
    pub reference: String,
    /// The name of its type.
    pub type_name: String,
    /// Whether somebody still has to do something about it. A status that is not known counts as
    /// open: then no second note is opened beside it.
    pub is_open: bool,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// When it was made, as BigChange writes it (`yyyy-MM-dd HH:mm:ss`); blank where it does not
    /// say.
    pub created: String,
}

/// What a contact is held for, as far as its note is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldForNote {
    /// The problem's code.
    pub code: String,
    /// What the note is to say.
    pub says: Fingerprint,
    /// For how long it has been held for this problem.
    pub held_for: Duration,
    /// Whether the first sweep after the switch was turned on found it ([`FIRST_SWEEP`]).
    pub of_first_sweep: bool,
}

/// How far a contact's note has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoteStage {
    /// It is to be opened, and nothing was sent yet.
    Wanted,
    /// It is being opened or changed, or was when the program stopped.
    Saving,
    /// It is open and says what it should.
    Open,
    /// It is being completed, or was when the program stopped.
    Completing,
    /// A person completed, cancelled or deleted it, although the problem is still there.
    ClosedByPerson,
    /// It could not be saved, or not completed, after several tries.
    GivenUp,
    /// Something that only a newer version of this software knows.
    #[serde(other)]
    Unknown,
}

/// What is remembered of a contact's note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoteMemory {
    /// The code of the problem that it is about.
    pub code: String,
    /// What it says.
    pub says: Fingerprint,
    /// How far it has come.
    pub stage: NoteStage,
    /// Its id in BigChange, once it was found there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note_id: Option<u64>,
    /// The notes with its reference that were there before it was saved: another one that is there
    /// afterwards is the one that was saved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<u64>,
}

impl NoteMemory {
    /// Of a contact that has no note.
    #[must_use]
    pub fn none() -> Self {
        Self {
            code: String::new(),
            says: Fingerprint::of([]),
            stage: NoteStage::Wanted,
            note_id: None,
            others: Vec::new(),
        }
    }
}

/// What is to be done about a contact's note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteTask {
    /// Nothing.
    Nothing,
    /// It is to be open, and to say what the contact is held for.
    Save,
    /// None is to be open.
    Complete,
}

/// What is to be done about a contact's note, from what is stored alone: nothing is asked of
/// BigChange for a contact of which nothing changed.
///
/// | the contact | its note | to do |
/// |---|---|---|
/// | is not held | none, or given up | nothing |
/// | is not held | any other | complete it |
/// | is held for less than an hour, or since the first sweep | none, or closed by a person for another problem | nothing |
/// | the same | being completed | complete it |
/// | is held | closed by a person for this problem | nothing |
/// | is held | given up, and the problem says the same | nothing |
/// | is held | open, and says the same | nothing |
/// | is held | any other | save it |
#[must_use]
pub fn note_task(held: Option<&HeldForNote>, note: Option<&NoteMemory>) -> NoteTask {
    let Some(held) = held else {
        return match note.map(|note| note.stage) {
            None | Some(NoteStage::GivenUp) => NoteTask::Nothing,
            Some(_) => NoteTask::Complete,
        };
    };
    let is_early = held.held_for < HELD_BEFORE_NOTE || held.of_first_sweep;
    let Some(note) = note else {
        return if is_early {
            NoteTask::Nothing
        } else {
            NoteTask::Save
        };
    };
    let says_the_same = note.says == held.says;
    match note.stage {
        NoteStage::ClosedByPerson if note.code == held.code || is_early => NoteTask::Nothing,
        NoteStage::Open | NoteStage::GivenUp if says_the_same => NoteTask::Nothing,
        NoteStage::Completing if is_early => NoteTask::Complete,
        _ => NoteTask::Save,
    }
}

/// What is to be done in BigChange, now that the contact's notes were read there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoteStep {
    /// Save it. The ids are [`NoteMemory::others`].
    Save(Vec<u64>),
    /// Complete it.
    Complete,
    /// Nothing: none is open, as it should be. Forget it.
    Forget,
    /// Nothing: a person closed it for this problem.
    ClosedByPerson,
    /// Nothing, and no further note anywhere: more than one note of this contact is open.
    Stop,
}

/// What is to be done about a note, from the notes of its contact, as they were read just now.
///
/// | to do | its notes in BigChange | step |
/// |---|---|---|
/// | save | two or more open | stop |
/// | save | one open, or none | save it |
/// | save, for the same problem | the one that was saved is there and closed, or was found and is there no more | closed by a person |
/// | complete | none open | forget it |
/// | complete | open | complete it |
#[must_use]
pub fn note_step(
    task: NoteTask,
    held: Option<&HeldForNote>,
    note: Option<&NoteMemory>,
    ours: &[Note],
) -> NoteStep {
    let open = ours.iter().filter(|note| note.is_open).count();
    let Some(held) = held.filter(|_| task == NoteTask::Save) else {
        return if open == 0 {
            NoteStep::Forget
        } else {
            NoteStep::Complete
        };
    };
    if open > 1 {
        return NoteStep::Stop;
    }
    let same_problem = note.filter(|note| note.code == held.code);
    if open == 0 && same_problem.is_some_and(|note| was_closed(note, ours)) {
        return NoteStep::ClosedByPerson;
    }
    NoteStep::Save(ours.iter().map(|note| note.id).collect())
}

/// Whether a note that was saved is not open any more. Of one whose id was never learnt, another
/// one than those that were there before.
fn was_closed(note: &NoteMemory, ours: &[Note]) -> bool {
    let was_saved = matches!(note.stage, NoteStage::Open | NoteStage::Saving);
    let is_new = || ours.iter().any(|one| !note.others.contains(&one.id));
    was_saved && (note.note_id.is_some() || is_new())
}

/// What came of saving or completing a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteResult {
    /// It is open, under this id.
    Open(u64),
    /// None is open.
    Closed,
    /// It is not as it should be: try again.
    Failed,
    /// More than one is open: no further note anywhere.
    Stop,
}

/// What came of a step, from the contact's notes as they were read after it.
#[must_use]
pub fn note_result(step: &NoteStep, ours: &[Note]) -> NoteResult {
    let mut open = ours.iter().filter(|note| note.is_open);
    match (step, open.next(), open.next()) {
        (NoteStep::Save(_), Some(note), None) => NoteResult::Open(note.id),
        (NoteStep::Save(_), Some(_), Some(_)) => NoteResult::Stop,
        (NoteStep::Save(_), None, _) | (_, Some(_), _) => NoteResult::Failed,
        (_, None, _) => NoteResult::Closed,
    }
}

/// What trying the note actions on one contact showed: BigChange's reference leaves open by what an
/// update goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoteTrial {
    /// Saving with one reference opened one note, and completed it. Notes may be written.
    Works,
    /// The second save made another note instead of completing the first.
    TwoNotes,
    /// The note stayed open.
    StaysOpen,
    /// BigChange did not list the note that it took.
    NotListed,
    /// BigChange refused.
    Refused,
    /// It worked when it was tried, and later a contact had more than one open note.
    TwoNotesLater,
    /// Something that only a newer version of this software knows.
    #[serde(other)]
    Unknown,
}

impl NoteTrial {
    /// What a trial showed: the notes with its reference that were new after the first save, and
    /// after the second, which completes.
    #[must_use]
    pub fn judge(saved: &[Note], completed: &[Note]) -> Self {
        if saved.is_empty() {
            return Self::NotListed;
        }
        if saved.len() > 1 || completed.len() > 1 {
            return Self::TwoNotes;
        }
        if completed.iter().any(|note| note.is_open) {
            return Self::StaysOpen;
        }
        Self::Works
    }

    /// Why no notes are written; `None` where they may be.
    #[must_use]
    pub fn objection(self) -> Option<&'static str> {
        match self {
            Self::Works => None,
            Self::TwoNotes => Some("BigChange made a second note instead of completing the first"),
            Self::StaysOpen => Some("BigChange took the completed note and left it open"),
            Self::NotListed => Some("BigChange took the note and does not list it on the contact"),
            Self::Refused => Some("BigChange refused to save a note of that type"),
            Self::TwoNotesLater => Some("a contact had more than one open note of this software"),
            Self::Unknown => Some("a newer version of this software said so"),
        }
    }
}

/// Whether fresh errors of BigChange's own integration stand on a contact: notes of the type that
/// it uses, made since a day (`yyyy-MM-dd`), that are not this software's. Then both synchronise
/// contacts, which makes doubles.
#[must_use]
pub fn shows_another_integration(notes: &[Note], since_day: &str) -> bool {
    notes.iter().any(|note| {
        note.type_name
            .trim()
            .eq_ignore_ascii_case("Integration Error")
            && !note.reference.starts_with("SYNC-")
            && note.created.as_str() >= since_day
    })
}
