//! Notes in BigChange on held contacts: opened, changed and completed, and never two.

use std::sync::Arc;

use fake_bigchange::{Behaviour, FakeNote, Fault, FaultKind, NoteUpdates};
use poll::Mode;
use rules::{AskedBy, NoteStage, NoteTrial, Problem};
use runtime::people::{NoteRecord, NoteTrialRecord};
use runtime::records::{ProblemRecord, SINGLETON};
use store::Expect;
use time::Duration;

use crate::world::{World, not_in_xero};

/// Contact 1 of a stack that has been on for three hours, with notes that were tried.
async fn noted() -> World {
    let world = World::swept().await;
    let note_type = world.bigchange.core().add_note_type("Contact sync");
    try_notes(&world, note_type, NoteTrial::Works).await;
    world.pass(Duration::hours(3));
    world
}

async fn try_notes(world: &World, note_type: u64, outcome: NoteTrial) {
    let trial = NoteTrialRecord {
        at: world.now(),
        note_type: note_type.try_into().unwrap(),
        outcome,
    };
    world.put(SINGLETON, &trial).await;
}

/// A poll by a new process, which must succeed whatever becomes of the notes.
async fn poll(world: &World) {
    let settings = [("NOTE_TYPE_ID", "83519")];
    let poller = world.poller_over(Arc::new(world.table.clone()), &settings);
    poller.poll(Mode::Changes, AskedBy::Schedule).await.unwrap();
}

async fn pass(world: &World, time: Duration) {
    world.pass(time);
    poll(world).await;
}

fn notes(world: &World) -> Vec<FakeNote> {
    world.bigchange.core().notes().to_vec()
}

fn saves(world: &World) -> usize {
    let core = world.bigchange.core();
    core.call_counts()
        .get("ContactNoteSave")
        .copied()
        .unwrap_or(0)
}

async fn solve(world: &World, id: u64) {
    let records = world.records();
    let solved = records.delete::<ProblemRecord>(id, Expect::Any);
    records.write(vec![solved]).await.unwrap();
}

async fn note(world: &World, id: u64) -> Option<NoteRecord> {
    world.read(id).await
}

fn other_problem() -> Problem {
    Problem::NoAccountReference {
        unread_groups: Vec::new(),
    }
}

#[tokio::test]
async fn a_contact_that_is_held_for_an_hour_gets_one_note_which_is_completed_when_it_is_in_line() {
    let world = noted().await;
    world.hold(1, "Acme", not_in_xero()).await;
    pass(&world, Duration::minutes(59)).await;
    assert_eq!(notes(&world), []);
    pass(&world, Duration::minutes(1)).await;
    let [note] = notes(&world).try_into().unwrap();
    assert_eq!(
        (note.contact_id, note.reference.as_str(), note.is_open()),
        (1, "SYNC-1", true)
    );
    assert_eq!(note.subject, "Not in Xero, and creating is not authorised");
    assert!(note.text.contains("Xero"), "{}", note.text);
    // Saving the note touched the contact, which the next poll sees; no second save comes of it.
    for _ in 0..3 {
        pass(&world, Duration::minutes(5)).await;
    }
    assert_eq!(saves(&world), 1);
    solve(&world, 1).await;
    pass(&world, Duration::minutes(5)).await;
    let [completed] = notes(&world).try_into().unwrap();
    assert_eq!(completed.status, "Completed");
    assert_eq!(completed.subject, note.subject);
    assert_eq!(crate::notes::note(&world, 1).await, None);
    pass(&world, Duration::hours(2)).await;
    assert_eq!(saves(&world), 2);
}

#[tokio::test]
async fn what_the_first_sweep_finds_has_no_note() {
    let world = World::new();
    let note_type = world.bigchange.core().add_note_type("Contact sync");
    try_notes(&world, note_type, NoteTrial::Works).await;
    poll(&world).await;
    pass(&world, Duration::minutes(90)).await;
    world.hold(1, "Acme", not_in_xero()).await;
    world.pass(Duration::minutes(31));
    world.hold(2, "Bolt", not_in_xero()).await;
    // It was put off while the sweep was under way, and held only later.
    world.hold(3, "Cobb", not_in_xero()).await;
    let held: ProblemRecord = world.read(3).await.unwrap();
    let put_off_since = Some(world.now() - Duration::hours(1));
    let held = ProblemRecord {
        put_off_since,
        ..held
    };
    world.put(3, &held).await;
    pass(&world, Duration::days(2)).await;
    let noted: Vec<u64> = notes(&world).iter().map(|note| note.contact_id).collect();
    assert_eq!(noted, [2]);
}

#[tokio::test]
async fn a_note_says_what_the_contact_is_held_for_now() {
    let world = noted().await;
    world.hold(1, "Acme", not_in_xero()).await;
    pass(&world, Duration::hours(1)).await;
    world.hold(1, "Acme", other_problem()).await;
    pass(&world, Duration::minutes(5)).await;
    let [note] = notes(&world).try_into().unwrap();
    assert_eq!(note.subject, "No account reference on either side");
    assert!(note.is_open());
    assert_eq!(saves(&world), 2);
}

#[tokio::test]
async fn a_note_that_a_person_closes_is_not_opened_again_for_the_same_problem() {
    for close in [0, 1, 2] {
        let world = noted().await;
        world.hold(1, "Acme", not_in_xero()).await;
        pass(&world, Duration::hours(1)).await;
        let id = notes(&world)[0].id;
        match close {
            0 => world
                .bigchange
                .core()
                .edit_note(id, |note| note.status = "Completed".to_owned()),
            1 => world
                .bigchange
                .core()
                .edit_note(id, |note| note.status = "Cancelled".to_owned()),
            _ => world.bigchange.core().delete_note(id),
        }
        // The same problem in other words.
        let first_seen = world.now() - Duration::hours(1);
        let reworded = ProblemRecord {
            sentence: "In other words.".to_owned(),
            first_seen,
            ..world.read::<ProblemRecord>(1).await.unwrap()
        };
        world.put(1, &reworded).await;
        pass(&world, Duration::minutes(5)).await;
        pass(&world, Duration::days(3)).await;
        assert_eq!(saves(&world), 1, "closed in way {close}");
        let stage = note(&world, 1).await.unwrap().note.stage;
        assert_eq!(stage, NoteStage::ClosedByPerson);
        // Another problem is another matter.
        world.hold(1, "Acme", other_problem()).await;
        pass(&world, Duration::minutes(59)).await;
        assert_eq!(saves(&world), 1);
        pass(&world, Duration::minutes(1)).await;
        let open = notes(&world);
        let open = open.iter().filter(|note| note.is_open()).count();
        assert_eq!((saves(&world), open), (2, 1));
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_leaves_one_note() {
    for note_updates in [NoteUpdates::ByReference, NoteUpdates::Never] {
        let world = noted().await;
        world.bigchange.core().behaviour = Behaviour {
            note_updates,
            ..Behaviour::default()
        };
        world.hold(1, "Acme", not_in_xero()).await;
        for action in ["ContactNoteSave", "ContactNotes"] {
            world.bigchange.core().order_fault(Fault {
                action: Some(action.to_owned()),
                times: 1,
                kind: FaultKind::LostAnswer,
            });
        }
        pass(&world, Duration::hours(1)).await;
        pass(&world, Duration::hours(1)).await;
        pass(&world, Duration::hours(1)).await;
        assert_eq!(notes(&world).len(), 1, "{note_updates:?}");
        let record = note(&world, 1).await.unwrap();
        assert_eq!((record.note.stage, record.attempts), (NoteStage::Open, 0));
    }
}

#[tokio::test]
async fn a_note_that_fails_is_not_tried_for_ever_and_holds_up_no_other() {
    let world = noted().await;
    // The type was deleted in BigChange: every save is refused.
    for id in [1, 2] {
        world.hold(id, "Acme", not_in_xero()).await;
    }
    world.bigchange.core().behaviour.actions_without_right = ["contactnotesave".to_owned()].into();
    for _ in 0..400 {
        pass(&world, Duration::minutes(10)).await;
    }
    assert_eq!(saves(&world), 2 * 7, "seven times each");
    for id in [1, 2] {
        let stage = note(&world, id).await.unwrap().note.stage;
        assert_eq!(stage, NoteStage::GivenUp);
    }
    // What is in line meanwhile leaves no open note behind, for there is none.
    solve(&world, 1).await;
    pass(&world, Duration::minutes(10)).await;
    assert_eq!(notes(&world), []);
    // Another problem is tried anew.
    world.bigchange.core().behaviour.actions_without_right = std::collections::BTreeSet::new();
    world.hold(2, "Acme", other_problem()).await;
    pass(&world, Duration::hours(1)).await;
    assert_eq!(notes(&world).len(), 1);
}

#[tokio::test]
async fn while_bigchange_is_out_of_order_no_note_is_given_up() {
    let world = noted().await;
    world.hold(1, "Acme", not_in_xero()).await;
    let offline = FaultKind::Status {
        status: 503,
        retry_after_seconds: None,
    };
    let fault = Fault {
        action: Some("ContactNotes".to_owned()),
        times: u32::MAX,
        kind: offline,
    };
    world.bigchange.core().order_fault(fault);
    for _ in 0..2 * 24 * 2 {
        pass(&world, Duration::minutes(30)).await;
    }
    let record = note(&world, 1).await.unwrap();
    assert_eq!(record.note.stage, NoteStage::Wanted);
    world.bigchange.core().clear_faults();
    pass(&world, Duration::hours(6)).await;
    assert_eq!(notes(&world).len(), 1);
    assert_eq!(note(&world, 1).await.unwrap().failing_since, None);
}

#[tokio::test]
async fn two_open_notes_of_a_contact_stop_all_notes() {
    let world = noted().await;
    world.bigchange.core().behaviour.note_updates = NoteUpdates::Never;
    world.hold(1, "Acme", not_in_xero()).await;
    pass(&world, Duration::hours(1)).await;
    // The change of the problem adds a note, although trying had shown otherwise.
    world.hold(1, "Acme", other_problem()).await;
    world.hold(2, "Bolt", not_in_xero()).await;
    pass(&world, Duration::minutes(5)).await;
    let trial: NoteTrialRecord = world.read(SINGLETON).await.unwrap();
    assert_eq!(trial.outcome, NoteTrial::TwoNotesLater);
    pass(&world, Duration::hours(2)).await;
    assert_eq!(saves(&world), 2, "contact 2 gets none");
}

#[tokio::test]
async fn without_a_trial_that_worked_there_are_no_notes() {
    let world = World::swept().await;
    world.bigchange.core().add_note_type("Contact sync");
    world.pass(Duration::hours(3));
    world.hold(1, "Acme", not_in_xero()).await;
    pass(&world, Duration::hours(2)).await;
    for (note_type, outcome) in [
        (83_519, NoteTrial::TwoNotes),
        (83_519, NoteTrial::StaysOpen),
        (83_519, NoteTrial::Refused),
        (83_520, NoteTrial::Works),
    ] {
        try_notes(&world, note_type, outcome).await;
        pass(&world, Duration::hours(1)).await;
    }
    assert_eq!(notes(&world), []);
    try_notes(&world, 83_519, NoteTrial::Works).await;
    pass(&world, Duration::minutes(5)).await;
    assert_eq!(notes(&world).len(), 1);
}

#[tokio::test]
async fn a_note_of_a_person_or_of_another_program_is_left_alone() {
    let world = noted().await;
    for reference in ["INT-7", "", "SYNC-11", "SYNC-1x"] {
        world.bigchange.core().add_note(FakeNote {
            contact_id: 1,
            type_id: 83_519,
            reference: reference.to_owned(),
            status: "Open".to_owned(),
            ..FakeNote::default()
        });
    }
    let before = notes(&world);
    world.hold(1, "Acme", not_in_xero()).await;
    pass(&world, Duration::hours(1)).await;
    solve(&world, 1).await;
    pass(&world, Duration::minutes(5)).await;
    let after = notes(&world);
    assert_eq!(after.len(), before.len() + 1);
    assert_eq!(after[..before.len()], before);
}

#[tokio::test]
async fn many_notes_are_written_a_few_at_a_time() {
    let world = noted().await;
    for id in 100..160 {
        world.add(id, crate::world::TRADE);
        world.hold(id, "Acme", not_in_xero()).await;
    }
    pass(&world, Duration::hours(1)).await;
    assert_eq!(notes(&world).len(), 25);
    pass(&world, Duration::minutes(5)).await;
    pass(&world, Duration::minutes(5)).await;
    assert_eq!(notes(&world).len(), 60);
}
