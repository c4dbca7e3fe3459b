//! A contact on its way through a batch: a value of another type after each stage.
//!
//! Every stage takes values of one type and returns values of the next, or the [`Ending`] of a
//! contact that goes no further. Making an ending writes nothing: the module `commit` does.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use rules::{
    AccountReference, Alike, AskedBy, Change, Contact, ContactId, Customer, Details, Plan, Problem,
    Skip, Subject, SyncAction, UnknownAnswers, XeroContact, XeroContactId,
};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, Intent, PendingReferenceScan, ProblemRecord, Stored,
};
use store::TableError;
use time::{Duration, OffsetDateTime};

/// How a contact's message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactOutcome {
    /// Left alone, as it should be.
    Skipped(Skip),
    /// Held: the problem is recorded.
    Held(&'static str),
    /// Held before, and nothing that could change it has changed.
    StillHeld(&'static str),
    /// In line.
    InLine(SyncAction),
    /// In the table, to be queued again.
    Deferred(DeferReason),
    /// To be sent to the dead-letter queue, for this reason.
    GivenUp(String),
}

impl fmt::Display for ContactOutcome {
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

/// What the table says about a contact, as it was read and as this batch has written it since.
#[derive(Debug)]
pub struct ContactState {
    /// Whose state it is; the sort key of its records.
    pub subject: Subject,
    /// Its id in BigChange.
    pub id: ContactId,
    /// Who asked for it: a person, if one ever did since it last came to an end.
    pub asked_by: AskedBy,
    /// Its record.
    pub record: Option<Stored<ContactRecord>>,
    /// Its open problem.
    pub problem: Option<Stored<ProblemRecord>>,
    /// Its deferral, from which it was queued again.
    pub deferred: Option<Stored<DeferredRecord>>,
    /// The mark that its account reference has not been read yet.
    pub unread: Option<Stored<PendingReferenceScan>>,
    /// What this batch has met with so far.
    pub met: Met,
}

/// What a batch has met with while it worked one contact.
#[derive(Debug, Default)]
pub struct Met {
    /// How many answers of BigChange in a row, this one included, lacked a key that is needed.
    pub incomplete_answers: u32,
    /// Whether BigChange's answer of this time has every key that is needed.
    pub whole_answer: bool,
    /// Whether Xero was asked again after a refusal.
    pub looked_again: bool,
    /// A write of which Xero's answer did not tell what became of it.
    pub unknown: Option<UnknownWrite>,
    /// Whether the contact has released what others may be waiting for: its account reference, or
    /// its Xero contact.
    pub released_claim: bool,
    /// The intent of an earlier attempt that this batch has replaced, if what it wrote is still in
    /// doubt.
    pub replaced: Option<Intent>,
    /// Whether this batch has stored an intent of its own for it.
    pub has_begun: bool,
    /// The fields that were written for it.
    pub changes: Vec<Change>,
}

/// An answer of Xero that did not tell what became of a contact's write.
#[derive(Debug, Clone, Copy)]
pub struct UnknownWrite {
    /// What came instead.
    pub what: &'static str,
    /// Whether this contact was sent alone, so that another answer cannot be expected.
    pub was_alone: bool,
}

impl ContactState {
    /// Its record's content, or an empty one.
    #[must_use]
    pub fn content(&self) -> ContactRecord {
        let record = self.record.as_ref().map(|record| record.value.clone());
        record.unwrap_or_default()
    }

    /// What is being written for it, or may have been by an attempt that stopped.
    #[must_use]
    pub fn intent(&self) -> Option<&Intent> {
        self.record.as_ref()?.value.intent.as_ref()
    }

    /// The Xero contacts that it has claimed.
    #[must_use]
    pub fn claims(&self) -> BTreeSet<XeroContactId> {
        let record = self.record.as_ref();
        record.map_or_else(BTreeSet::new, |record| record.value.claims())
    }

    /// Whether its Xero contact has to be looked at, if it is linked: it was seen not to be as the
    /// link says, or the contact is held for what Xero showed.
    #[must_use]
    pub fn is_to_be_looked_at(&self) -> bool {
        let problem = self.problem.as_ref();
        self.was_seen_to_differ()
            || problem.is_some_and(|problem| problem.value.problem.depends_on_xero())
    }

    /// Whether the poll saw in Xero that its Xero contact is not as the link says.
    #[must_use]
    pub fn was_seen_to_differ(&self) -> bool {
        let deferred = self.deferred.as_ref();
        deferred.is_some_and(|deferred| deferred.value.look_at_xero)
    }

    /// Remembers that its record was written with this content, so that the next write expects what
    /// is there now.
    pub fn wrote(&mut self, content: ContactRecord) {
        let sort = self.subject.to_string();
        self.record = Some(Stored::written(self.record.as_ref(), sort, content));
    }

    /// How often Xero's answer to a write did not tell what became of it, this batch included.
    #[must_use]
    pub fn unknown_answers(&self) -> UnknownAnswers {
        let before = self.deferred.as_ref();
        let before = before.map(|deferred| deferred.value.unknown_answers);
        let before = before.unwrap_or_default();
        let now = self.met.unknown;
        now.map_or(before, |unknown| before.and_one(unknown.was_alone))
    }

    /// How often it was put off for its own sake.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        let deferred = self.deferred.as_ref();
        deferred.map_or(0, |deferred| deferred.value.attempts)
    }

    /// How long ago it was first put off; zero if it is not, or if the clock went backwards.
    #[must_use]
    pub fn waited(&self, now: OffsetDateTime) -> std::time::Duration {
        let deferred = self.deferred.as_ref();
        let waited = deferred.map_or(Duration::ZERO, |deferred| now - deferred.value.since);
        waited.try_into().unwrap_or_default()
    }
}

/// A contact that BigChange has.
#[derive(Debug)]
pub struct Loaded {
    /// What the table says about it.
    pub state: ContactState,
    /// It, as BigChange has it.
    pub contact: Contact,
}

/// A contact that takes part in the synchronisation.
#[derive(Debug)]
pub struct Candidate {
    /// What was read.
    pub loaded: Loaded,
    /// It, as a customer.
    pub customer: Customer,
}

impl Candidate {
    /// Its id in BigChange.
    #[must_use]
    pub fn id(&self) -> ContactId {
        self.loaded.state.id
    }

    /// The account reference that BigChange has for it.
    #[must_use]
    pub fn own_reference(&self) -> Option<&AccountReference> {
        self.customer.account_reference.as_ref()
    }
}

/// What was found in Xero for a candidate.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The contacts that may be its own.
    pub contacts: Vec<XeroContact>,
    /// The active ones that are like it, the likeliest first.
    pub alike: Vec<Alike>,
}

/// A candidate with what Xero was asked about it.
#[derive(Debug)]
pub struct Matched {
    /// The candidate.
    pub candidate: Candidate,
    /// The Xero contacts that may be its own; `None` where Xero was not asked, or gave no answer.
    pub found: Option<Vec<XeroContact>>,
    /// The active Xero contacts that are like it, the likeliest first.
    pub alike: Vec<Alike>,
}

impl Matched {
    /// Xero has not been asked, or what it answered is not so any more.
    #[must_use]
    pub fn not_asked(candidate: Candidate) -> Self {
        Self {
            candidate,
            found: None,
            alike: Vec::new(),
        }
    }

    /// Its id in BigChange.
    #[must_use]
    pub fn id(&self) -> ContactId {
        self.candidate.id()
    }

    /// What the table says about it.
    #[must_use]
    pub fn state(&self) -> &ContactState {
        &self.candidate.loaded.state
    }

    /// What the table says about it.
    pub fn state_mut(&mut self) -> &mut ContactState {
        &mut self.candidate.loaded.state
    }
}

/// A contact of which was decided what is to be written.
#[derive(Debug)]
pub struct Planned {
    /// What it was decided from.
    pub matched: Matched,
    /// What is to be written.
    pub plan: Plan,
}

/// A contact whose plan is stored as an intent, unless there is nothing to write.
#[derive(Debug)]
pub struct Begun {
    /// The plan.
    pub planned: Planned,
}

impl Begun {
    /// What the table says about it.
    #[must_use]
    pub fn state(&self) -> &ContactState {
        self.planned.matched.state()
    }

    /// What the table says about it.
    pub fn state_mut(&mut self) -> &mut ContactState {
        self.planned.matched.state_mut()
    }
}

/// A contact that is in Xero as planned.
#[derive(Debug)]
pub struct Written {
    /// What was begun.
    pub begun: Begun,
    /// Its Xero contact.
    pub xero_id: XeroContactId,
    /// How Xero shows it in its answer to the write, if there was one.
    pub answered: Option<Box<Details>>,
}

/// How a contact ends. Nothing is written by making one.
#[derive(Debug)]
pub enum Ending {
    /// It is left alone.
    Skipped(Skip),
    /// It is held until a person mends what is wrong.
    Held {
        /// What is wrong.
        problem: Problem,
        /// Whether the intent of this attempt is over, because nothing was written.
        intent_is_over: bool,
    },
    /// It stays held: the problem with this code could only be cleared by what has not changed.
    StillHeld(&'static str),
    /// It is put off; the poll queues it again.
    Deferred {
        /// Why.
        reason: DeferReason,
        /// Until when.
        due: OffsetDateTime,
        /// How often it was put off for its own sake by then. Whoever waits because everybody has
        /// to wait is not to blame, whatever the reason.
        attempts: u32,
    },
    /// It is given up: the dead-letter queue gets it, with this reason.
    GivenUp(String),
    /// It is linked to its Xero contact.
    Linked(Box<Linking>),
}

/// The link of a contact whose plan was carried out in Xero.
#[derive(Debug)]
pub struct Linking {
    /// The plan.
    pub plan: Plan,
    /// The Xero contact.
    pub xero_id: XeroContactId,
    /// How Xero shows it in its answer to the write, if there was one.
    pub answered: Option<Box<Details>>,
    /// What the accounts admin should know.
    pub notices: Vec<rules::Notice>,
    /// How much of the plan BigChange has taken.
    pub in_bigchange: BigChangeProgress,
    /// How the contact ends where BigChange has not taken all of it: put off, or held.
    pub left_to_do: Option<Ending>,
}

/// How much of a plan BigChange has taken.
#[derive(Debug, Clone, Copy, Default)]
pub struct BigChangeProgress {
    /// The account reference and type.
    pub account: bool,
    /// The contact reference.
    pub contact_reference: bool,
    /// Nothing is left to write.
    pub all: bool,
}

/// What was read of a contact that ended, as far as it came.
#[derive(Debug, Default)]
pub struct Seen {
    /// It, as BigChange has it.
    pub contact: Option<Contact>,
    /// It, as a customer.
    pub customer: Option<Customer>,
    /// The Xero contacts that may be its own; `None` where that is not known.
    pub found: Option<Vec<XeroContact>>,
    /// The active Xero contacts that are like it, the likeliest first.
    pub alike: Vec<Alike>,
}

impl Seen {
    /// The account reference that BigChange has for it.
    #[must_use]
    pub fn own_reference(&self) -> Option<&AccountReference> {
        self.customer.as_ref()?.account_reference.as_ref()
    }
}

/// A contact that goes no further.
#[derive(Debug)]
pub struct Ended {
    /// What the table says about it.
    pub state: ContactState,
    /// What was read of it.
    pub seen: Seen,
    /// How it ends, or why its message has to be delivered again: the store did not take something.
    pub ending: Result<Ending, TableError>,
}

/// A contact that goes on as a `T`, or goes no further. Boxed, for an ended contact is large and
/// rare.
pub type Step<T> = Result<T, Box<Ended>>;

/// A contact at some stage.
pub trait InWork: Sized {
    /// Takes it apart.
    fn into_parts(self) -> (ContactState, Seen);

    /// It goes no further.
    fn end(self, ending: impl Into<EndingOrError>) -> Box<Ended> {
        let (state, seen) = self.into_parts();
        let EndingOrError(ending) = ending.into();
        Box::new(Ended {
            state,
            seen,
            ending,
        })
    }
}

/// How a contact ends, or what the store refused.
pub struct EndingOrError(Result<Ending, TableError>);

impl From<Ending> for EndingOrError {
    fn from(ending: Ending) -> Self {
        Self(Ok(ending))
    }
}

impl From<TableError> for EndingOrError {
    fn from(error: TableError) -> Self {
        Self(Err(error))
    }
}

impl InWork for ContactState {
    fn into_parts(self) -> (ContactState, Seen) {
        (self, Seen::default())
    }
}

impl InWork for Loaded {
    fn into_parts(self) -> (ContactState, Seen) {
        let contact = Some(self.contact);
        let seen = Seen {
            contact,
            ..Seen::default()
        };
        (self.state, seen)
    }
}

impl InWork for Candidate {
    fn into_parts(self) -> (ContactState, Seen) {
        let (state, mut seen) = self.loaded.into_parts();
        seen.customer = Some(self.customer);
        (state, seen)
    }
}

impl InWork for Matched {
    fn into_parts(self) -> (ContactState, Seen) {
        let (state, mut seen) = self.candidate.into_parts();
        seen.found = self.found;
        seen.alike = self.alike;
        (state, seen)
    }
}

impl InWork for Planned {
    fn into_parts(self) -> (ContactState, Seen) {
        self.matched.into_parts()
    }
}

impl InWork for Begun {
    fn into_parts(self) -> (ContactState, Seen) {
        self.planned.into_parts()
    }
}

/// What came of a stage.
#[derive(Debug)]
pub struct Stage<T> {
    /// The contacts that go on to the next stage.
    pub go_on: Vec<T>,
    /// The contacts that are decided anew in the next round.
    pub again: Vec<Matched>,
    /// The contacts that go no further.
    pub ended: Vec<Ended>,
}

impl<T> Default for Stage<T> {
    fn default() -> Self {
        Self {
            go_on: Vec::new(),
            again: Vec::new(),
            ended: Vec::new(),
        }
    }
}

impl<T> Stage<T> {
    /// Takes what became of one contact.
    pub fn take(&mut self, step: Step<T>) {
        match step {
            Ok(go_on) => self.go_on.push(go_on),
            Err(ended) => self.ended.push(*ended),
        }
    }

    /// None goes on: each message has to be delivered again.
    pub fn failed<U: InWork>(all: impl IntoIterator<Item = U>, error: &TableError) -> Self {
        let ended = all.into_iter().map(|one| *one.end(error.clone()));
        Self {
            ended: ended.collect(),
            ..Self::default()
        }
    }
}

impl<T> FromIterator<Step<T>> for Stage<T> {
    fn from_iter<I: IntoIterator<Item = Step<T>>>(steps: I) -> Self {
        let mut stage = Self::default();
        steps.into_iter().for_each(|step| stage.take(step));
        stage
    }
}

/// How each contact of a batch ended, or why its message has to be delivered again.
pub(crate) type Outcomes = HashMap<ContactId, Result<ContactOutcome, String>>;

/// A contact that has ended, with what is stored of it now.
#[derive(Debug)]
pub struct Committed {
    /// What the table says about it.
    pub state: ContactState,
    /// What was read of it.
    pub seen: Seen,
    /// How its message ended, or why it has to be delivered again.
    pub outcome: Result<ContactOutcome, TableError>,
}
