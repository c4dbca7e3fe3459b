//! When a note on a held contact is opened, changed and completed.

use std::time::Duration;

use rules::{
    Fingerprint, HeldForNote, Note, NoteMemory, NoteResult, NoteStage, NoteStep, NoteTask,
    NoteText, NoteTrial, note_reference, note_result, note_step, note_task,
    shows_another_integration,
};

const MINUTE: Duration = Duration::from_secs(60);

fn held(code: &str, says: &str, minutes: u32, of_first_sweep: bool) -> HeldForNote {
    HeldForNote {
        code: code.to_owned(),
        says: Fingerprint::of([says]),
        held_for: MINUTE * minutes,
        of_first_sweep,
    }
}

fn memory(code: &str, says: &str, stage: NoteStage) -> NoteMemory {
    NoteMemory {
        code: code.to_owned(),
        says: Fingerprint::of([says]),
        stage,
        note_id: None,
        others: Vec::new(),
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn what_is_to_be_done_about_a_note_follows_from_what_is_stored() {
    use NoteStage::{ClosedByPerson, Completing, GivenUp, Open, Saving, Unknown, Wanted};
    use NoteTask::{Complete, Nothing, Save};
    let no_note = None;
    let is = |minutes| Some(held("A", "text", minutes, false));
    let was = |stage| Some(memory("A", "text", stage));
    let swept = Some(held("A", "text", 600, true));
    let other_text = Some(held("A", "another text", 61, false));
    let other = |minutes| Some(held("B", "of B", minutes, false));
    let rows = [
        // the contact     its note               to do
        (None,             no_note.clone(),       Nothing),
        (None,             was(Open),             Complete),
        (None,             was(Saving),           Complete),
        (None,             was(Wanted),           Complete), // reads that there is none, and forgets it
        (None,             was(Completing),       Complete),
        (None,             was(ClosedByPerson),   Complete),
        (None,             was(Unknown),          Complete),
        (None,             was(GivenUp),          Nothing),
        (is(59),           no_note.clone(),       Nothing),
        (is(60),           no_note.clone(),       Save),
        (swept.clone(),    no_note.clone(),       Nothing),
        (swept.clone(),    was(Open),             Nothing),
        (is(61),           was(Open),             Nothing),
        (is(61),           was(Saving),           Save),
        (is(61),           was(Wanted),           Save),
        (is(61),           was(Completing),       Save),
        (is(1),            was(Completing),       Complete), // held again while it is completed
        (is(61),           was(Unknown),          Save),
        (is(61),           was(ClosedByPerson),   Nothing),
        (is(61),           was(GivenUp),          Nothing),
        (other_text.clone(), was(Open),           Save),
        (other_text.clone(), was(GivenUp),        Save),
        (other_text,       was(ClosedByPerson),   Nothing), // the same problem, in other words
        (other(1),         was(Open),             Save),    // an open note never tells an old problem
        (other(1),         was(ClosedByPerson),   Nothing),
        (other(61),        was(ClosedByPerson),   Save),
        (other(61),        was(GivenUp),          Save),
    ];
    for (contact, note, expected) in rows {
        let task = note_task(contact.as_ref(), note.as_ref());
        assert_eq!(task, expected, "{contact:?}, {note:?}");
    }
}

fn note(id: u64, is_open: bool) -> Note {
    Note {
        id,
        reference: "SYNC-7".to_owned(),
        type_name: "Contact sync".to_owned(),
        is_open,
        subject: "It is wrong.".to_owned(),
        text: "Mend it.".to_owned(),
        created: "2026-11-27 10:00:00".to_owned(),
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn what_is_done_in_bigchange_follows_from_the_notes_that_were_just_read() {
    use NoteStage::{ClosedByPerson, Open, Saving, Wanted};
    let is = Some(held("A", "text", 61, false));
    let was = |stage, note_id, others: &[u64]| {
        Some(NoteMemory { note_id, others: others.to_vec(), ..memory("A", "text", stage) })
    };
    let of_b = |stage, note_id| Some(NoteMemory { note_id, ..memory("B", "of B", stage) });
    let (open, shut) = (note(1, true), note(1, false));
    let both = vec![note(1, true), note(2, true)];
    let save = |ids: &[u64]| NoteStep::Save(ids.to_vec());
    let rows = [
        // to do            the contact  its note                    in BigChange        step
        (NoteTask::Save,     is.clone(), None,                       vec![],             save(&[])),
        (NoteTask::Save,     is.clone(), None,                       vec![open.clone()], save(&[1])),
        (NoteTask::Save,     is.clone(), None,                       vec![shut.clone()], save(&[1])),
        (NoteTask::Save,     is.clone(), None,                       both.clone(),       NoteStep::Stop),
        (NoteTask::Save,     is.clone(), was(Open, Some(1), &[]),    vec![open.clone()], save(&[1])),
        (NoteTask::Save,     is.clone(), was(Open, Some(1), &[]),    vec![shut.clone()], NoteStep::ClosedByPerson),
        (NoteTask::Save,     is.clone(), was(Open, Some(1), &[]),    vec![],             NoteStep::ClosedByPerson),
        (NoteTask::Save,     is.clone(), was(Wanted, None, &[]),     vec![shut.clone()], save(&[1])),
        // The answer to the save was lost.
        (NoteTask::Save,     is.clone(), was(Saving, None, &[]),     vec![],             save(&[])),
        (NoteTask::Save,     is.clone(), was(Saving, None, &[1]),    vec![shut.clone()], save(&[1])),
        (NoteTask::Save,     is.clone(), was(Saving, None, &[]),     vec![shut.clone()], NoteStep::ClosedByPerson),
        // Of another problem: what was closed then is no word about this one.
        (NoteTask::Save,     is.clone(), of_b(Open, Some(1)),        vec![shut.clone()], save(&[1])),
        (NoteTask::Save,     is.clone(), of_b(ClosedByPerson, None), vec![],             save(&[])),
        (NoteTask::Complete, None,       was(Open, Some(1), &[]),    vec![],             NoteStep::Forget),
        (NoteTask::Complete, None,       was(Open, Some(1), &[]),    vec![shut],         NoteStep::Forget),
        (NoteTask::Complete, None,       was(Open, Some(1), &[]),    vec![open],         NoteStep::Complete),
        (NoteTask::Complete, None,       was(Open, Some(1), &[]),    both,               NoteStep::Complete),
    ];
    for (task, contact, memory, ours, expected) in rows {
        let step = note_step(task, contact.as_ref(), memory.as_ref(), &ours);
        assert_eq!(step, expected, "{task:?}, {memory:?}, {ours:?}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn what_came_of_it_is_read_from_the_notes() {
    let save = NoteStep::Save(Vec::new());
    let rows = [
        (&save,               vec![note(1, true)],                    NoteResult::Open(1)),
        (&save,               vec![note(1, false), note(2, true)],    NoteResult::Open(2)),
        (&save,               vec![note(1, true), note(2, true)],     NoteResult::Stop),
        (&save,               vec![],                                 NoteResult::Failed),
        (&save,               vec![note(1, false)],                   NoteResult::Failed),
        (&NoteStep::Complete, vec![],                                 NoteResult::Closed),
        (&NoteStep::Complete, vec![note(1, false)],                   NoteResult::Closed),
        (&NoteStep::Complete, vec![note(1, true)],                    NoteResult::Failed),
    ];
    for (step, ours, expected) in rows {
        assert_eq!(note_result(step, &ours), expected, "{step:?}, {ours:?}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_trial_is_judged_by_the_notes_that_it_left() {
    let rows = [
        // after the save                      after completing                       what it shows
        (vec![note(1, true)],                  vec![note(1, false)],                  NoteTrial::Works),
        (vec![note(1, true)],                  vec![],                                NoteTrial::Works),
        (vec![note(1, true)],                  vec![note(1, true)],                   NoteTrial::StaysOpen),
        (vec![note(1, true)],                  vec![note(1, true), note(2, false)],   NoteTrial::TwoNotes),
        (vec![note(1, true), note(2, true)],   vec![note(1, false)],                  NoteTrial::TwoNotes),
        (vec![],                               vec![],                                NoteTrial::NotListed),
    ];
    for (saved, completed, expected) in rows {
        assert_eq!(NoteTrial::judge(&saved, &completed), expected, "{saved:?}, {completed:?}");
        assert_eq!(expected.objection().is_none(), expected == NoteTrial::Works);
    }
}

#[test]
fn a_note_carries_the_contacts_id_and_tells_a_long_sentence_whole() {
    assert_eq!(note_reference(1017.try_into().unwrap()), "SYNC-1017");
    let short = NoteText::of("It is wrong.", "Mend it.");
    assert_eq!(
        (short.subject.as_str(), short.text.as_str()),
        ("It is wrong.", "Mend it.")
    );
    let sentence = "Wörter ".repeat(50);
    let long = NoteText::of(sentence.trim(), "Mend it.");
    assert!(long.subject.chars().count() <= 200);
    assert!(long.subject.ends_with("Wörter…"), "{}", long.subject);
    assert_eq!(long.text, format!("{}\n\nMend it.", sentence.trim()));
    assert_ne!(
        short.fingerprint(),
        NoteText::of("It is wrong.", "Mend it!").fingerprint()
    );
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn another_integration_is_seen_by_its_fresh_errors() {
    let error = |reference: &str, type_name: &str, created: &str| Note {
        reference: reference.to_owned(),
        type_name: type_name.to_owned(),
        created: created.to_owned(),
        ..note(1, true)
    };
    let rows = [
        (error("INT-5", "Integration Error", "2026-11-20 09:00:00"),  true),
        (error("INT-5", "integration error ", "2026-11-20 09:00:00"), true),
        (error("INT-5", "Integration Error", "2026-10-27 09:00:00"),  false),
        (error("INT-5", "Integration Error", ""),                     false),
        (error("SYNC-7", "Integration Error", "2026-11-20 09:00:00"), false),
        (error("INT-5", "Phone call", "2026-11-20 09:00:00"),         false),
    ];
    for (note, expected) in rows {
        assert_eq!(shows_another_integration(std::slice::from_ref(&note), "2026-10-28"), expected, "{note:?}");
    }
}
