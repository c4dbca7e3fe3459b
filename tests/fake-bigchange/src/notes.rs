//! The notes of contacts.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::addressing::{Acted, addressed, number};
use crate::answer::{Outcome, Spelling};
use crate::parameters::Parameters;
use crate::{FakeBigChange, FakeNote, NoteUpdates};

const STATUSES: [&str; 3] = ["Open", "Completed", "Cancelled"];
const NO_DATE: &str = "0001-01-01 00:00:00";

pub(crate) fn list(company: &FakeBigChange, parameters: &Parameters) -> Acted {
    let contact = addressed(company, parameters)?.ok_or("No contacts found")?;
    let behaviour = &company.behaviour;
    let spell = Spelling::of(behaviour, contact);
    let notes = company
        .notes
        .iter()
        .filter(|note| note.contact_id == contact);
    let items = notes.map(|note| {
        json!({
            "NoteId": spell.number(note.id),
            "NoteOwner": "",
            "NoteReference": note.reference,
            "NoteTypeId": spell.number(note.type_id),
            "NoteType": company.note_types.get(&note.type_id),
            "NoteStatus": note.status,
            "NoteSubject": note.subject,
            "NoteText": note.text,
            "NoteCreationDate": date(note.created_at),
            "DueDate": NO_DATE,
            "CompletionDate": NO_DATE,
            "NoteCurrentFlag": "",
        })
    });
    let items: Vec<Value> = items.collect();
    let one_as_object = behaviour.lists_of_one_as_object;
    Ok(Outcome::list(items, behaviour.empty_list, one_as_object))
}

fn date(at: Option<OffsetDateTime>) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    at.and_then(|at| at.format(format).ok())
        .unwrap_or_else(|| NO_DATE.to_owned())
}

pub(crate) fn save(
    company: &mut FakeBigChange,
    now: OffsetDateTime,
    parameters: &Parameters,
) -> Acted {
    let contact = addressed(company, parameters)?.ok_or("No contacts found")?;
    let type_id: u64 = number(parameters, "NoteTypeId")?.ok_or("Invalid NoteTypeId parameter.")?;
    if !company.note_types.contains_key(&type_id) {
        return Err("Invalid NoteTypeId parameter.".to_owned());
    }
    let status = parameters.filled("ContactNoteStatus").unwrap_or("Open");
    if !STATUSES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(status))
    {
        return Err("Invalid ContactNoteStatus parameter.".to_owned());
    }
    let reference = parameters
        .filled("Reference")
        .unwrap_or_default()
        .to_owned();
    let updates = company.behaviour.note_updates;
    let is_updated = |note: &FakeNote| {
        note.contact_id == contact
            && !reference.is_empty()
            && note.reference.eq_ignore_ascii_case(&reference)
            && match updates {
                NoteUpdates::ByReference => true,
                NoteUpdates::ByReferenceWhileOpen => note.is_open(),
                NoteUpdates::Never => false,
            }
    };
    let next = company.next_note_id();
    let index = company.notes.iter().position(is_updated);
    let index = index.unwrap_or_else(|| {
        company.notes.push(FakeNote {
            id: next,
            contact_id: contact,
            created_at: Some(now),
            reference: reference.clone(),
            status: "Open".to_owned(),
            ..FakeNote::default()
        });
        company.notes.len() - 1
    });
    let note = &mut company.notes[index];
    note.type_id = type_id;
    note.saves += 1;
    if !company.behaviour.notes_stay_open {
        status.clone_into(&mut note.status);
    }
    for (name, field) in [
        ("Subject", &mut note.subject),
        ("NoteText", &mut note.text),
        ("NoteCompletionText", &mut note.completion_text),
    ] {
        if let Some(value) = parameters.get(name) {
            value.clone_into(field);
        }
    }
    let id = note.id;
    if company.behaviour.notes_bump_last_updated
        && let Some(contact) = company.contacts.get_mut(&contact)
    {
        contact.last_updated = Some(now);
    }
    Ok(Outcome::Result(json!({ "NoteId": id })))
}

pub(crate) fn save_type(company: &mut FakeBigChange, parameters: &Parameters) -> Acted {
    let name = parameters
        .filled("NoteTypeName")
        .ok_or("Missing NoteTypeName parameter.")?;
    let same = |(_, known): &(&u64, &String)| known.eq_ignore_ascii_case(name);
    let known = company.note_types.iter().find(same).map(|(id, _)| *id);
    let id = match known {
        Some(id) if !company.behaviour.note_type_names_repeat => id,
        _ => company.add_note_type(name),
    };
    Ok(Outcome::Result(json!({ "label": name, "id": id })))
}
