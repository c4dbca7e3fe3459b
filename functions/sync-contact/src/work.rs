//! One contact on its way through a batch.

use std::fmt;

use rules::{
    AskedBy, Change, Contact, ContactId, Customer, Outcome, Skip, UnknownAnswers, XeroContact,
    XeroContactId,
};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, Intent, ProblemRecord, Stored, UnreadRecord,
};
use store::TableError;

use crate::settle::Held;
use crate::xero_writes::Unknown;

/// How a contact's message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Left alone, as it should be.
    Skipped(Skip),
    /// Held: the problem is recorded.
    Held(&'static str),
    /// Held before, and nothing that could change it has changed.
    StillHeld(&'static str),
    /// In line.
    InLine(Outcome),
    /// In the table, to be queued again.
    Deferred(DeferReason),
    /// To be sent to the dead-letter queue, for this reason.
    GivenUp(String),
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped(skip) => write!(f, "skipped ({skip:?})"),
            Self::Held(code) => write!(f, "held ({code})"),
            Self::StillHeld(code) => write!(f, "still held ({code})"),
            Self::InLine(outcome) => write!(f, "{outcome:?}"),
            Self::Deferred(reason) => write!(f, "deferred ({reason:?})"),
            Self::GivenUp(reason) => write!(f, "given up: {reason}"),
        }
    }
}

/// How a contact's message ended, or why it has to be delivered again: the store did not take what became of it.
pub type Ending = Result<Done, TableError>;

/// What came of looking for a contact in Xero. Only [`Lookup::Found`] says anything about what Xero has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Lookup {
    /// Xero was not asked, or what it answered is not so any more.
    #[default]
    NotAsked,
    /// The contacts that may be the contact's; without any, Xero has none.
    Found(Vec<XeroContact>),
    /// No answer came.
    NotAnswered,
    /// Xero does not take the question.
    Refused,
}

impl Lookup {
    /// What Xero has, or `None` where that is not known.
    #[must_use]
    pub fn found(&self) -> Option<&[XeroContact]> {
        match self {
            Self::Found(found) => Some(found),
            Self::NotAsked | Self::NotAnswered | Self::Refused => None,
        }
    }

    /// The contacts that were found, if any were.
    pub fn contacts(&self) -> impl Iterator<Item = &XeroContact> {
        self.found().into_iter().flatten()
    }
}

/// A contact that is being worked.
#[derive(Debug)]
pub struct Work {
    /// Which.
    pub id: ContactId,
    /// Who asked for it: a person, if one ever did since it last came to an end.
    pub asked_by: AskedBy,
    /// Its record, as it stands in the store.
    pub record: Option<Stored<ContactRecord>>,
    /// Its open problem.
    pub problem: Option<Stored<ProblemRecord>>,
    /// Its deferral, from which it was queued again.
    pub deferred: Option<Stored<DeferredRecord>>,
    /// The mark that its reference has not been read yet.
    pub unread: Option<Stored<UnreadRecord>>,
    /// It, as BigChange has it.
    pub contact: Option<Contact>,
    /// It, as a customer.
    pub customer: Option<Customer>,
    /// What was found in Xero.
    pub found: Lookup,
    /// The intent of an earlier attempt whose writes are in doubt, and which one of this batch has replaced.
    pub intent_before: Option<Intent>,
    /// Whether it has given back what others may be waiting for: its account reference, or its Xero contact.
    pub gave_back: bool,
    /// How many answers of BigChange in a row, this one included, lacked a key that is needed.
    pub incomplete_answers: u32,
    /// Whether BigChange's answer of this time has every key that is needed.
    pub answer_is_whole: bool,
    /// Whether Xero was asked again after a refusal.
    pub looked_again: bool,
    /// A write in this batch of which Xero's answer did not tell what became of it.
    pub unknown: Option<Unknown>,
    /// The fields that were written for it.
    pub changes: Vec<Change>,
    /// How its message ended.
    pub ending: Option<Ending>,
}

impl Work {
    /// The Xero contact that it has claimed.
    pub(crate) fn claimed(&self) -> Option<XeroContactId> {
        self.record.as_ref()?.value.claimed()
    }

    /// It is held, or that could not be recorded.
    pub(crate) fn is_held(&mut self, held: Result<Held, TableError>) {
        self.gave_back |= held.as_ref().is_ok_and(|held| held.gives_back);
        self.ending = Some(held.map(|held| held.done));
    }

    /// Its record's content, or an empty one.
    #[must_use]
    pub fn content(&self) -> ContactRecord {
        self.record
            .as_ref()
            .map(|record| record.value.clone())
            .unwrap_or_default()
    }

    /// Its name, for problems.
    #[must_use]
    pub fn name(&self) -> String {
        let read = self
            .contact
            .as_ref()
            .map(|contact| rules::normalise_spaces(&contact.name));
        read.or_else(|| {
            self.problem
                .as_ref()
                .map(|problem| problem.value.name.clone())
        })
        .unwrap_or_default()
    }

    /// Remembers that its record was written with this content, so that the next write expects what is there now.
    pub fn wrote(&mut self, content: ContactRecord) {
        let sort = self.id.to_string();
        self.record = Some(Stored::written(self.record.as_ref(), sort, content));
    }

    /// How often Xero's answer to a write did not tell what became of it, this batch included.
    #[must_use]
    pub fn unknown_answers(&self) -> UnknownAnswers {
        let before = self.deferred.as_ref();
        let before = before.map_or_else(UnknownAnswers::default, |deferred| {
            deferred.value.unknown_answers
        });
        let now = self.unknown;
        now.map_or(before, |unknown| before.and_one(unknown.was_alone))
    }

    /// How often it was put off for its own sake.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.deferred
            .as_ref()
            .map_or(0, |deferred| deferred.value.attempts)
    }
}
