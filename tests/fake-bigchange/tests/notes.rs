//! What the fake does with notes, each reading that the reference leaves open by a switch.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

use std::time::{Duration, SystemTime};

use base64::Engine;
use bytes::Bytes;
use fake_bigchange::{Behaviour, FakeBigChange, FakeContact, FakeNote, NoteUpdates, PATH};
use serde_json::Value;

fn company(behaviour: Behaviour) -> (FakeBigChange, u64) {
    let mut company = FakeBigChange::new();
    company.behaviour = behaviour;
    let contact = FakeContact {
        id: 7,
        group_id: 10,
        ..FakeContact::default()
    };
    company.add_contact(SystemTime::UNIX_EPOCH, contact);
    let note_type = company.add_note_type("Contact sync");
    (company, note_type)
}

fn ask(company: &mut FakeBigChange, query: &str) -> Value {
    let basic = base64::engine::general_purpose::STANDARD.encode("fake-user:fake-password");
    let request = http::Request::get(format!("https://localhost{PATH}?format=JSON&{query}"))
        .header("authorization", format!("Basic {basic}"))
        .header("key", "fake-key")
        .body(Bytes::new())
        .unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(3_600);
    let response = company.handle(now, &request);
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap()
}

/// Opens a note, changes it, completes it and opens it again; then the statuses of what is there.
fn statuses(behaviour: Behaviour) -> Vec<String> {
    let (mut company, note_type) = company(behaviour);
    for status in ["Open", "Open", "Completed", "Open"] {
        let query = format!(
            "action=ContactNoteSave&ContactId=7&NoteTypeId={note_type}&Reference=SYNC-7&ContactNoteStatus={status}&Subject=S"
        );
        assert_eq!(ask(&mut company, &query)["Code"], 0);
    }
    let notes = company.notes().iter();
    notes.map(|note: &FakeNote| note.status.clone()).collect()
}

#[test]
fn a_save_updates_by_reference_or_adds_a_note() {
    let with = |note_updates| Behaviour {
        note_updates,
        ..Behaviour::default()
    };
    assert_eq!(statuses(with(NoteUpdates::ByReference)), ["Open"]);
    assert_eq!(
        statuses(with(NoteUpdates::ByReferenceWhileOpen)),
        ["Completed", "Open"]
    );
    assert_eq!(
        statuses(with(NoteUpdates::Never)),
        ["Open", "Open", "Completed", "Open"]
    );
    let stays_open = Behaviour {
        notes_stay_open: true,
        note_updates: NoteUpdates::ByReferenceWhileOpen,
        ..Behaviour::default()
    };
    assert_eq!(statuses(stays_open), ["Open"]);
}

#[test]
fn notes_are_listed_by_contact_and_a_strange_type_is_refused() {
    let (mut company, note_type) = company(Behaviour::default());
    let saved = format!(
        "action=ContactNoteSave&ContactId=7&NoteTypeId={note_type}&Reference=SYNC-7&Subject=S&NoteText=T"
    );
    ask(&mut company, &saved);
    let listed = ask(&mut company, "action=ContactNotes&ContactId=7");
    let note = &listed["Result"][0];
    assert_eq!(note["NoteReference"], "SYNC-7");
    assert_eq!(note["NoteType"], "Contact sync");
    assert_eq!(note["NoteStatus"], "Open");
    assert_eq!(note["NoteSubject"], "S");
    assert_eq!(note["NoteCreationDate"], "1970-01-01 01:00:00");
    let strange = ask(
        &mut company,
        "action=ContactNoteSave&ContactId=7&NoteTypeId=1",
    );
    assert_eq!(strange["Code"], 2);
    let nobody = ask(&mut company, "action=ContactNotes&ContactId=8");
    assert_eq!(nobody["Result"], "No contacts found");
}

#[test]
fn saving_a_note_moves_the_contact_in_the_lists_unless_switched_off() {
    for bumps in [true, false] {
        let (mut company, note_type) = company(Behaviour {
            notes_bump_last_updated: bumps,
            ..Behaviour::default()
        });
        let before = company.contact(7).unwrap().last_updated;
        let query = format!("action=ContactNoteSave&ContactId=7&NoteTypeId={note_type}");
        ask(&mut company, &query);
        assert_eq!(company.contact(7).unwrap().last_updated != before, bumps);
    }
}

#[test]
fn a_type_of_a_name_that_exists_is_a_second_one_unless_switched_off() {
    for repeats in [true, false] {
        let (mut company, first) = company(Behaviour {
            note_type_names_repeat: repeats,
            ..Behaviour::default()
        });
        let query = "action=ContactSaveNoteType&NoteTypeName=Contact%20sync";
        let second = ask(&mut company, query)["Result"]["id"].as_u64().unwrap();
        assert_eq!(second != first, repeats);
    }
}
