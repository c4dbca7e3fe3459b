//! The notes of contacts, against the fake and against answers made by hand.

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use bigchange::{BigChange, Error, MAX_QUERY_CHARS};
use fake_bigchange::{Behaviour, EmptyList, FakeBigChange, FakeContact, InProcess};
use rules::{NoteText, NoteTypeId};

use crate::contact_id;
use crate::hand_made::{client_of, told};

fn company(behaviour: Behaviour) -> (BigChange, InProcess, NoteTypeId) {
    let mut company = FakeBigChange::new();
    company.behaviour = behaviour;
    let contact = FakeContact {
        id: 7,
        group_id: 10,
        ..FakeContact::default()
    };
    company.add_contact(SystemTime::UNIX_EPOCH, contact);
    let note_type = company.add_note_type("Contact sync").try_into().unwrap();
    let fake = InProcess::new(Arc::new(Mutex::new(company)));
    (client_of(Arc::new(fake.clone())), fake, note_type)
}

fn text(subject: &str, text: &str) -> NoteText {
    NoteText {
        subject: subject.to_owned(),
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn a_note_is_saved_read_and_completed_with_what_it_says() {
    let (client, fake, note_type) = company(Behaviour::default());
    assert_eq!(client.notes(contact_id(7)).await, Ok(Vec::new()));
    let says = text(
        "Söhne & Co = 100 % \"held\"",
        "Mend it → in Xero.\nThen wait.",
    );
    client
        .save_note(contact_id(7), note_type, "SYNC-7", &says)
        .await
        .unwrap();
    let notes = client.notes(contact_id(7)).await.unwrap();
    let [note] = notes.as_slice() else {
        panic!("{notes:?}")
    };
    assert_eq!((&note.subject, &note.text), (&says.subject, &says.text));
    assert_eq!(note.reference, "SYNC-7");
    assert_eq!(note.type_name, "Contact sync");
    assert!(note.is_open);
    client
        .complete_note(contact_id(7), note_type, note, "It is in line.")
        .await
        .unwrap();
    let notes = client.notes(contact_id(7)).await.unwrap();
    assert!(!notes[0].is_open);
    assert_eq!(notes[0].text, says.text);
    assert_eq!(fake.core().notes()[0].completion_text, "It is in line.");
}

#[tokio::test]
async fn no_notes_are_read_however_that_is_said() {
    for empty_list in [
        EmptyList::NotFound,
        EmptyList::WithoutResult,
        EmptyList::Text,
        EmptyList::TextOfOne,
    ] {
        let (client, _, _) = company(Behaviour {
            empty_list,
            ..Behaviour::default()
        });
        assert_eq!(client.notes(contact_id(7)).await, Ok(Vec::new()));
        // A contact that is deleted has none either.
        assert_eq!(client.notes(contact_id(8)).await, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn what_a_note_says_is_cut_to_what_an_address_has_room_for() {
    for letter in ["a", "ä", "→", "🚲", " "] {
        let (client, fake, note_type) = company(Behaviour::default());
        let says = text(&format!("S{}", letter.repeat(3_000)), &letter.repeat(3_000));
        client
            .save_note(contact_id(7), note_type, "SYNC-7", &says)
            .await
            .unwrap();
        let core = fake.core();
        let note = &core.notes()[0];
        assert!(note.subject.ends_with('…'), "{letter:?}");
        assert!(note.text.ends_with('…'), "{letter:?}");
        let taken = note.subject.trim_end_matches('…').chars().count();
        assert!(
            taken >= 900 / 12 - 2 || letter == " ",
            "{letter:?}: {taken}"
        );
    }
    const { assert!(MAX_QUERY_CHARS <= 2_048) };
}

#[tokio::test]
async fn notes_are_read_in_any_spelling_and_a_note_without_an_id_is_refused() {
    let notes = told(
        "\u{feff}{\"Code\":\"0\",\"Result\":{\"NoteId\":\"12\",\"NoteReference\":null,\"NoteStatus\":\"CANCELLED\"}}",
    );
    let read = notes.notes(contact_id(7)).await.unwrap();
    assert_eq!((read[0].id, read[0].is_open), (12, false));
    // A status that is not known counts as open.
    let notes = told(r#"{"Code":0,"Result":[{"NoteId":12,"NoteStatus":"Waiting"}]}"#);
    assert!(notes.notes(contact_id(7)).await.unwrap()[0].is_open);
    let notes = told(r#"{"Code":0,"Result":[{"NoteStatus":"Open"}]}"#);
    let error = notes.notes(contact_id(7)).await;
    assert!(matches!(error, Err(Error::Unexpected { .. })), "{error:?}");
}

#[tokio::test]
async fn a_type_is_made_and_its_id_read_in_any_form() {
    let (client, fake, first) = company(Behaviour::default());
    let second = client.save_note_type("Contact sync").await.unwrap();
    assert_ne!(first, second);
    assert_eq!(fake.core().call_counts()["ContactSaveNoteType"], 1);
    for answer in [
        r#"{"Code":0,"Result":{"label":"Sync","id":83519}}"#,
        r#"{"Code":0,"Result":83519}"#,
        r#"{"Code":0,"Result":"83519"}"#,
    ] {
        let id = told(answer).save_note_type("Sync").await.unwrap();
        assert_eq!(id.get(), 83_519);
    }
    let error = told(r#"{"Code":0,"Result":"done"}"#)
        .save_note_type("Sync")
        .await;
    assert!(matches!(error, Err(Error::Unexpected { .. })), "{error:?}");
}
