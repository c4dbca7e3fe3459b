//! Contacts as they are shown: one row each, whatever the form of the report.

use std::collections::BTreeMap;

use rules::{Alike, ContactId, Grade, GroupId, Problem, Skip, SyncAction, System, XeroContactRef};
use runtime::records::DeferReason;
use serde::{Serialize, Serializer};
use sync_contact::model::ContactOutcome;

use crate::args::Part;
use crate::dry_run::PlannedContact;
use crate::ui::{Tone, one_line};

/// Everything in the order in which it is shown.
pub const PARTS: [Part; 7] = [
    Part::Creates,
    Part::Links,
    Part::Updates,
    Part::Unchanged,
    Part::Problems,
    Part::PutOff,
    Part::LeftAlone,
];

impl Part {
    /// The stable name in JSON, CSV and the HTML report.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Creates => "create",
            Self::Links => "link",
            Self::Updates => "update",
            Self::Unchanged => "unchanged",
            Self::Problems => "problem",
            Self::PutOff => "put-off",
            Self::LeftAlone => "left-alone",
        }
    }

    /// As a person reads it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Creates => "Create in Xero",
            Self::Links => "Link",
            Self::Updates => "Update",
            Self::Unchanged => "Unchanged",
            Self::Problems => "Problem",
            Self::PutOff => "Put off",
            Self::LeftAlone => "Left alone",
        }
    }

    /// How it is coloured.
    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::Creates | Self::Links | Self::Updates => Tone::Good,
            Self::Problems => Tone::Bad,
            Self::Unchanged | Self::PutOff | Self::LeftAlone => Tone::Plain,
        }
    }

    /// The part that a contact belongs to by its ending.
    #[must_use]
    pub fn of(ending: &ContactOutcome) -> Self {
        match ending {
            ContactOutcome::InLine(SyncAction::Created) => Self::Creates,
            ContactOutcome::InLine(SyncAction::Linked) => Self::Links,
            ContactOutcome::InLine(SyncAction::Updated) => Self::Updates,
            ContactOutcome::InLine(SyncAction::Unchanged | SyncAction::Unknown) => Self::Unchanged,
            ContactOutcome::Held(_) | ContactOutcome::StillHeld(_) => Self::Problems,
            ContactOutcome::Deferred(_) | ContactOutcome::GivenUp(_) => Self::PutOff,
            ContactOutcome::Skipped(_) => Self::LeftAlone,
        }
    }
}

/// One field, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeRow {
    /// `Xero` or `BigChange`.
    pub system: String,
    /// The field's name.
    pub field: String,
    /// What is there; blank for nothing.
    pub before: String,
    /// What would be there; blank for nothing.
    pub after: String,
}

impl From<&rules::Change> for ChangeRow {
    fn from(change: &rules::Change) -> Self {
        // Xero's own pages call it so.
        let field = match (change.system, change.field) {
            (System::Xero, rules::Field::AccountReference) => "account number",
            (_, field) => field.label(),
        };
        Self {
            system: change.system.name().to_owned(),
            field: field.to_owned(),
            before: change.before.clone(),
            after: change.after.clone(),
        }
    }
}

impl ChangeRow {
    /// Where and which field.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{} {}", self.system, self.field)
    }
}

/// A change in one line, with a sign for nothing.
#[must_use]
pub fn before_after(change: &ChangeRow) -> String {
    let value = |text: &str| {
        if text.is_empty() {
            "–".to_owned()
        } else {
            one_line(text)
        }
    };
    format!("{} → {}", value(&change.before), value(&change.after))
}

/// A Xero contact that a problem names, or that is like a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Its id, as `contact-sync link` takes it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its account number; blank where there is none.
    pub account_number: String,
    /// How like the two are, in words; blank where it is named for another reason.
    pub likeness: String,
    /// What the two have in common.
    pub evidence: String,
    /// The BigChange contact that it is linked to; blank where there is none.
    pub linked_to: String,
}

impl From<&XeroContactRef> for Candidate {
    fn from(named: &XeroContactRef) -> Self {
        Self {
            id: named.id.to_string(),
            name: named.name.clone(),
            account_number: named.account_number.clone(),
            ..Self::default()
        }
    }
}

impl From<&Alike> for Candidate {
    fn from(alike: &Alike) -> Self {
        let likeness = match alike.grade {
            Grade::Likely => "likely the same",
            Grade::Possible => "possibly the same",
        };
        let linked_to = alike.linked_to.map(|id| id.to_string());
        Self {
            likeness: likeness.to_owned(),
            evidence: alike.evidence.clone(),
            linked_to: linked_to.unwrap_or_default(),
            ..Self::from(&alike.xero)
        }
    }
}

impl Candidate {
    /// Those that a problem names, with what makes them alike.
    #[must_use]
    pub fn of(problem: &Problem, named: &[XeroContactRef]) -> Vec<Self> {
        let alike = problem.alike();
        let candidates = named.iter().map(|named| {
            let alike = alike.iter().find(|alike| alike.xero.id == named.id);
            match (alike, problem) {
                (Some(alike), _) => Self::from(alike),
                // Beside those that are alike, only the archived one is named.
                (None, Problem::PossibleDuplicate { .. }) => Self {
                    likeness: "archived".to_owned(),
                    evidence: "exactly this name".to_owned(),
                    ..Self::from(named)
                },
                (None, _) => Self::from(named),
            }
        });
        candidates.collect()
    }

    /// Why it is shown; blank where the problem says it.
    #[must_use]
    pub fn why(&self) -> String {
        let mut why: Vec<String> = Vec::new();
        if !self.likeness.is_empty() {
            why.push(format!("{}: {}", self.likeness, one_line(&self.evidence)));
        }
        if !self.linked_to.is_empty() {
            why.push(format!("linked to BigChange contact {}", self.linked_to));
        }
        why.join("; ")
    }

    /// Its name and account number.
    #[must_use]
    pub fn named(&self) -> String {
        let number = if self.account_number.is_empty() {
            "no account number".to_owned()
        } else {
            format!("account number {}", one_line(&self.account_number))
        };
        format!("{} ({number})", one_line(&self.name))
    }

    /// In one line, without its id.
    #[must_use]
    pub fn told(&self) -> String {
        match self.why() {
            why if why.is_empty() => self.named(),
            why => format!("{}: {why}", self.named()),
        }
    }
}

/// Candidates as one cell of a spreadsheet.
#[must_use]
pub fn in_one_cell(candidates: &[Candidate]) -> String {
    let told: Vec<String> = candidates.iter().map(Candidate::told).collect();
    told.join(" | ")
}

/// An id as the number that it is.
pub(crate) fn number<S: Serializer>(id: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match id.parse::<u64>() {
        Ok(number) => serializer.serialize_u64(number),
        Err(_) => serializer.serialize_str(id),
    }
}

/// One contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The BigChange contact's id.
    #[serde(rename = "contact", serialize_with = "number")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its contact group's name, or id where there is no name.
    pub group: String,
    /// See [`Part::key`].
    pub outcome: String,
    /// See [`Part::label`].
    pub outcome_label: String,
    /// The problem's code; blank where there is none.
    pub code: String,
    /// What is wrong, in a few words that are true of every contact with this code.
    pub title: String,
    /// What is wrong, or why it is left alone or put off.
    pub sentence: String,
    /// What to do about it.
    pub cure: String,
    /// What the accounts admin should know.
    pub notices: Vec<String>,
    /// The account reference that it has, or would have.
    pub reference: String,
    /// The Xero contact that it is, or would be, linked to.
    pub xero: String,
    /// That contact's id; blank for one that would be created.
    pub xero_id: String,
    /// What would be written.
    pub changes: Vec<ChangeRow>,
    /// The Xero contacts that the problem names, or that are like one that would be created.
    pub candidates: Vec<Candidate>,
}

impl Row {
    /// A contact as it is shown.
    #[must_use]
    pub fn of(planned: &PlannedContact, groups: &BTreeMap<GroupId, String>) -> Self {
        let part = Part::of(&planned.ending);
        let group = planned.contact.as_ref().and_then(|contact| contact.group);
        let group = group.map(|id| group_name(id, groups)).unwrap_or_default();
        let held = planned.problem.as_ref();
        let xero_id = planned.xero_id();
        let found = planned
            .found
            .iter()
            .find(|contact| Some(contact.id) == xero_id);
        let synced = planned.record.link.as_ref().map(|link| &link.synced.name);
        let xero = match (found, part) {
            (Some(found), _) => found.name.clone(),
            (None, Part::Creates | Part::Unchanged | Part::Updates | Part::Links) => {
                synced.cloned().unwrap_or_default()
            }
            _ => String::new(),
        };
        Self {
            id: planned.id.to_string(),
            name: planned.name(),
            group,
            outcome: part.key().to_owned(),
            outcome_label: part.label().to_owned(),
            code: held
                .map(|held| held.problem.code().to_owned())
                .unwrap_or_default(),
            title: held
                .map(|held| held.problem.title().to_owned())
                .unwrap_or_default(),
            sentence: held.map_or_else(
                || why(&planned.ending).to_owned(),
                |held| held.sentence.clone(),
            ),
            cure: held.map(|held| held.cure.clone()).unwrap_or_default(),
            notices: planned
                .notices
                .iter()
                .map(rules::Notice::sentence)
                .collect(),
            reference: planned.reference(),
            xero,
            xero_id: xero_id.map(|id| id.to_string()).unwrap_or_default(),
            changes: planned.changes.iter().map(ChangeRow::from).collect(),
            candidates: match held {
                Some(held) => Candidate::of(&held.problem, &held.candidates),
                None if part == Part::Creates => {
                    planned.alike.iter().map(Candidate::from).collect()
                }
                None => Vec::new(),
            },
        }
    }
}

/// A group's name, or its id where it has none.
#[must_use]
pub fn group_name(id: GroupId, groups: &BTreeMap<GroupId, String>) -> String {
    let name = groups.get(&id).filter(|name| !name.trim().is_empty());
    name.cloned().unwrap_or_else(|| format!("group {id}"))
}

/// Why a contact is left alone or put off; blank for any other.
#[must_use]
pub fn why(ending: &ContactOutcome) -> &'static str {
    match ending {
        ContactOutcome::Skipped(skip) => why_left_alone(*skip),
        ContactOutcome::Deferred(reason) => why_put_off(*reason),
        ContactOutcome::GivenUp(_) => {
            "It could not be read, several times; look at the functions' logs."
        }
        ContactOutcome::Held(_) | ContactOutcome::StillHeld(_) | ContactOutcome::InLine(_) => "",
    }
}

/// Why a contact is left alone.
#[must_use]
pub fn why_left_alone(skip: Skip) -> &'static str {
    match skip {
        Skip::Deleted => {
            "BigChange has no contact with this id (any more); its Xero contact, if it has one, is left alone."
        }
        Skip::SiteContact => "A site contact: never created in Xero.",
        Skip::NotAnAccountCustomer => "In no group of account customers.",
        Skip::ExcludedFromSync => "Excluded from financial sync in BigChange.",
    }
}

/// Why a contact is put off.
#[must_use]
pub fn why_put_off(reason: DeferReason) -> &'static str {
    match reason {
        DeferReason::XeroLimit => "Xero's limit of calls is reached; it goes on by itself.",
        DeferReason::XeroUnavailable => {
            "Xero cannot be reached or is out of order; it is tried again by itself."
        }
        DeferReason::NotConnected => {
            "The connection to Xero is not usable now: contact-sync status says why, and what to do."
        }
        DeferReason::BigChangeUnavailable => {
            "BigChange gave no answer; it is tried again by itself."
        }
        DeferReason::BigChangeRefusedLogin => "BigChange does not let the synchronisation in.",
        DeferReason::AnotherWorker => {
            "The deployed functions are at this contact now, or at one that it competes with; it is tried again in a minute or a few."
        }
        DeferReason::ReferencesNotRead => {
            "It needs a generated account reference, and not every account contact has been read yet: contact-sync sync, without a choice, reads them all."
        }
        DeferReason::BatchConflict => {
            "It shares its name or account reference with another contact, which goes first."
        }
        DeferReason::UnexpectedAnswer => {
            "It could not be read or looked up now; it is tried again by itself. If it stays so, look at the functions' logs."
        }
        DeferReason::XeroRefusesLookups => {
            "Xero refuses to search for it, and has too many contacts to read them all; it is tried again by itself."
        }
        DeferReason::ChangedInXero => {
            "Its Xero contact is not as its link says; it is looked at in a minute or a few."
        }
        DeferReason::OutOfTime => "No time was left; it is tried again by itself.",
        DeferReason::NewerVersion => {
            "A newer version of the functions began to write it and finishes it; if it stays so, deploy that version again."
        }
        DeferReason::Unknown => {
            "A newer version of the functions put it off; contact-sync of that version says why."
        }
        DeferReason::SwitchedOff => {
            "The synchronisation is switched off; it goes on when it is on again (contact-sync enable)."
        }
    }
}

/// The rows of all contacts, in the order of their ids, and how many there are of each part.
#[must_use]
pub fn rows(
    contacts: &BTreeMap<ContactId, PlannedContact>,
    groups: &BTreeMap<GroupId, String>,
) -> Vec<Row> {
    contacts
        .values()
        .map(|planned| Row::of(planned, groups))
        .collect()
}

/// What is to be done about the rows that have a problem.
#[must_use]
pub fn cures_of(rows: &[Row]) -> Vec<Cure> {
    let held = rows.iter().filter(|row| !row.code.is_empty());
    cures(held.map(|row| (row.code.as_str(), row.title.as_str(), row.cure.as_str())))
}

/// How many rows each part has, those with none left out.
#[must_use]
pub fn totals(rows: &[Row]) -> Vec<(Part, usize)> {
    let count = |part: Part| rows.iter().filter(|row| row.outcome == part.key()).count();
    PARTS
        .into_iter()
        .map(|part| (part, count(part)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

/// What is to be done, once for each code and cure, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cure {
    /// The problem's code.
    pub code: String,
    /// How many contacts have it.
    pub count: usize,
    /// What is wrong, in a few words.
    pub title: String,
    /// What to do, with the menu path.
    pub cure: String,
}

/// The cures of problems given as (code, title, cure).
pub fn cures<'a>(problems: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Vec<Cure> {
    let mut cures: BTreeMap<(&str, &str), Cure> = BTreeMap::new();
    for (code, title, cure) in problems {
        let counted = cures.entry((code, cure)).or_insert_with(|| Cure {
            code: code.to_owned(),
            count: 0,
            title: title.to_owned(),
            cure: cure.to_owned(),
        });
        counted.count += 1;
    }
    let mut cures: Vec<Cure> = cures.into_values().collect();
    cures.sort_by_key(|cure| std::cmp::Reverse(cure.count));
    cures
}
