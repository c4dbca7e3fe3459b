//! Contacts as they are shown: one row each, whatever the form of the report.

use std::collections::BTreeMap;

use rules::{
    ContactId, Field, GroupId, Problem, ReportRank, Reported, SyncAction, System, XeroContactId,
    XeroContactRef, normalise_spaces, shown_differences,
};
use serde::{Serialize, Serializer};
use sync_contact::model::ContactOutcome;

use crate::args::Part;
use crate::candidate::Candidate;
use crate::dry_run::{DryRunResult, PlannedContact};
use crate::notice_ahead;
use crate::ui::{Tone, one_line};
use crate::why::why;

/// Everything in the order in which it is shown: that of [`ReportRank`].
pub const PARTS: [Part; 7] = [
    Part::Problems,
    Part::Creates,
    Part::Links,
    Part::Updates,
    Part::PutOff,
    Part::Unchanged,
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
        let field = match change.system {
            System::Xero => field_in_xero(change.field),
            System::BigChange | System::Unknown => change.field.label(),
        };
        Self {
            system: change.system.name().to_owned(),
            field: field.to_owned(),
            before: change.before.clone(),
            after: change.after.clone(),
        }
    }
}

/// A field as Xero's own pages call it.
#[must_use]
pub fn field_in_xero(field: Field) -> &'static str {
    match field {
        Field::AccountReference => "account number",
        field => field.label(),
    }
}

impl ChangeRow {
    /// Whether it is about the account reference, or Xero's account number.
    #[must_use]
    pub fn is_account_reference(&self) -> bool {
        let field = Field::AccountReference;
        self.field == field.label() || self.field == field_in_xero(field)
    }

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
    /// What to do about it, for a reader who has no terminal; blank where that is the same.
    #[serde(skip)]
    pub admin_cure: String,
    /// What the accounts admin should know.
    pub notices: Vec<String>,
    /// The account reference that BigChange has now; what it would become is among the changes.
    pub reference: String,
    /// The name of the Xero contact that it is, or would be, linked to, as it is in Xero now; as it
    /// was last sent there where that is not known.
    pub xero: String,
    /// That contact's account number, as it is in Xero now.
    pub xero_account_number: String,
    /// In what the two differ now: `name`, `account number`.
    pub differs: Vec<String>,
    /// That contact's id; blank for one that would be created.
    pub xero_id: String,
    /// The address of its page in Xero; blank where that is not known.
    pub xero_page: String,
    /// What would be written.
    pub changes: Vec<ChangeRow>,
    /// The Xero contacts that the problem names, or that are like one that would be created.
    pub candidates: Vec<Candidate>,
    /// Where it stands in a report.
    #[serde(skip)]
    pub rank: ReportRank,
}

impl Row {
    /// A contact as it is shown.
    #[must_use]
    pub fn of(
        planned: &PlannedContact,
        groups: &BTreeMap<GroupId, String>,
        in_xero: &BTreeMap<XeroContactId, XeroContactRef>,
    ) -> Self {
        let part = Part::of(&planned.ending);
        let group = planned.contact.as_ref().and_then(|contact| contact.group);
        let group = group.map(|id| group_name(id, groups)).unwrap_or_default();
        let held = planned.problem.as_ref();
        let xero_id = planned.xero_id();
        let now = xero_id.and_then(|id| in_xero.get(&id));
        let link = planned.record.link.as_ref().filter(|_| xero_id.is_some());
        let synced = link.map(|link| &link.synced.name);
        let contact = planned.contact.as_ref();
        let differences = contact
            .zip(now)
            .map(|(one, other)| shown_differences(one, other));
        let name = now.map(|now| &now.name).or(synced);
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
                |held| {
                    let name = planned.name();
                    let sentence = in_words(&held.problem, planned.id, &name, groups, in_xero);
                    sentence.unwrap_or_else(|| held.sentence.clone())
                },
            ),
            admin_cure: held
                .filter(|held| held.problem != Problem::Unknown)
                .map(|held| held.problem.cure_in_words())
                .unwrap_or_default(),
            cure: held.map(|held| held.cure.clone()).unwrap_or_default(),
            notices: planned
                .notices
                .iter()
                .map(|notice| {
                    if planned.noted_before.contains(notice) {
                        notice.sentence()
                    } else {
                        notice_ahead::ahead(notice)
                    }
                })
                .collect(),
            reference: planned.reference(),
            xero: name.map(|name| normalise_spaces(name)).unwrap_or_default(),
            xero_account_number: now
                .map(|now| now.account_number.clone())
                .unwrap_or_default(),
            differs: differences
                .into_iter()
                .flatten()
                .map(|field| field_in_xero(field).to_owned())
                .collect(),
            xero_id: xero_id.map(|id| id.to_string()).unwrap_or_default(),
            xero_page: String::new(),
            changes: planned.changes.iter().map(ChangeRow::from).collect(),
            candidates: match held {
                Some(held) => Candidate::of(&held.problem, &held.candidates),
                None if part == Part::Creates => {
                    planned.alike.iter().map(Candidate::from).collect()
                }
                None => Vec::new(),
            },
            rank: rank(planned),
        }
    }
}

/// A problem's sentence with the contact that its Xero contact was merged into, where it is known.
pub(crate) fn with_survivor(
    problem: &Problem,
    contact: ContactId,
    name: &str,
    in_xero: &BTreeMap<XeroContactId, XeroContactRef>,
) -> Option<String> {
    let survivor = problem.survivor().and_then(|id| in_xero.get(&id))?;
    problem.sentence_with_survivor(contact, name, survivor)
}

/// A problem's sentence with the names that the tool knows, where it has more than were stored.
pub(crate) fn in_words(
    problem: &Problem,
    contact: ContactId,
    name: &str,
    groups: &BTreeMap<GroupId, String>,
    in_xero: &BTreeMap<XeroContactId, XeroContactRef>,
) -> Option<String> {
    let named = with_survivor(problem, contact, name, in_xero);
    named.or_else(|| problem.sentence_with_groups(contact, name, groups))
}

fn rank(planned: &PlannedContact) -> ReportRank {
    ReportRank::of(match (&planned.ending, &planned.problem) {
        (ContactOutcome::Held(_) | ContactOutcome::StillHeld(_), held) => {
            // Of a problem that is not known, the worst is assumed.
            let problem = held.as_ref().map(|held| &held.problem);
            Reported::Held(problem.unwrap_or(&Problem::Unknown))
        }
        (ContactOutcome::InLine(action), _) => Reported::InLine(*action, &planned.notices),
        (ContactOutcome::Deferred(_) | ContactOutcome::GivenUp(_), _) => Reported::PutOff,
        (ContactOutcome::Skipped(_), _) => Reported::LeftAlone,
    })
}

/// Puts rows in the order in which every form of a report shows them: the most harmful first, and
/// the older contact first among equals.
pub fn sort(rows: &mut [Row]) {
    rows.sort_by_cached_key(|row| {
        let number = row.id.parse::<u64>().unwrap_or(u64::MAX);
        (row.rank, number, row.id.clone())
    });
}

impl Row {
    /// What to do, for a reader who has no terminal.
    #[must_use]
    pub fn cure_in_words(&self) -> &str {
        if self.admin_cure.is_empty() {
            &self.cure
        } else {
            &self.admin_cure
        }
    }

    /// Whether BigChange has another value in a field, as [`Row::differs`] names it.
    #[must_use]
    pub fn differs(&self, field: &str) -> bool {
        self.differs.iter().any(|one| one == field)
    }
}

/// A group's name, or its id where it has none.
#[must_use]
pub fn group_name(id: GroupId, groups: &BTreeMap<GroupId, String>) -> String {
    let name = groups.get(&id).filter(|name| !name.trim().is_empty());
    name.cloned()
        .unwrap_or_else(|| format!("group {id} (without a name)"))
}

/// The rows of all contacts, the most harmful first.
#[must_use]
pub fn rows(result: &DryRunResult, groups: &BTreeMap<GroupId, String>) -> Vec<Row> {
    let contacts = result.contacts.values();
    let rows = contacts.map(|planned| Row::of(planned, groups, &result.in_xero));
    let mut rows: Vec<Row> = rows.collect();
    sort(&mut rows);
    rows
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

#[cfg(test)]
mod tests;
