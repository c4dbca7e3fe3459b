//! Every business rule of the contact synchronisation, pure: no I/O, no async, no clock, no
//! randomness.
//!
//! A contact as BigChange has it ([`Contact`]) either takes part or doesn't ([`participation()`]).
//! If it does, [`decide()`] says what to do about it from a [`Snapshot`]: the stored [`Link`], what
//! was found in Xero, who holds which account reference. A decision may be that more must be asked
//! first ([`Decision::Ask`], [`Decision::NeedsCode`]); the caller reads it and decides anew. It
//! never decides while it applies.

mod account_reference;
mod carry_over;
mod change;
mod changes;
mod codes;
mod conflict;
mod conflicts;
mod contact;
mod contact_ref;
mod customer;
mod decide;
mod details;
mod digest;
mod earlier;
mod field;
mod group_fault;
mod growth;
mod held;
mod ids;
mod in_doubt;
mod likeness;
mod limits;
mod link;
mod linked;
mod lookup;
mod merges;
mod note;
mod notice;
mod participation;
mod plan;
mod planning;
mod problem;
mod problem_words;
mod refusal;
mod report_order;
mod report_words;
mod reservation;
mod retry;
mod settings;
mod short_code;
mod shown_differences;
mod snapshot;
mod subject;
mod switch;
mod text;
mod uk_time;
mod unit;
mod xero_contact;

pub use account_reference::{AccountReference, InvalidAccountReference};
pub use carry_over::{UnitDecision, UnitValues, decide_unit, may_have_changed};
pub use change::{Change, System};
pub use changes::changes;
pub use codes::{code_prefix, codes, looks_like_a_code};
pub use conflict::{Keep, Side, UnitConflict};
pub use conflicts::kept_back;
pub use contact::{AccountType, Contact, Group, ListedContact};
pub use contact_ref::{Alike, XeroContactRef};
pub use customer::{Customer, LeftOut};
pub use decide::{decide, holds_after_incomplete_answers, is_still_as_found, needed_and_missing};
pub use details::{Address, Details, Person};
pub use digest::{
    Digest, DigestFacts, DigestNotice, DigestProblem, LondonDay, MAX_LINES, Subscribers,
    ToldProblems, digest, digest_due,
};
pub use earlier::Earlier;
pub use field::Field;
pub use group_fault::{GroupFault, MayGenerate, ReferencesKnown, may_generate};
pub use growth::{OpenCount, counted, problems_grow};
pub use held::{HeldContact, stays_held};
pub use ids::{ContactId, ContactNumber, GroupId, InvalidId, NoteTypeId, TenantId, XeroContactId};
pub use in_doubt::{InDoubt, is_settled, left_in_doubt, was_never_created};
pub use likeness::{
    Compared, ContactData, DataKind, Grade, Likeness, Mark, MatchIndex, SharedData, likeness,
};
pub use limits::{CallsLeft, Limit, LimitPolicy, PauseReason};
pub use link::{Link, XeroShowed};
pub use lookup::{account_number_spellings, holds_after_refused_lookup, search_words};
pub use merges::{MAX_MERGES, merged_into_unread};
pub use note::{
    COMPLETED_BECAUSE, FIRST_SWEEP, HELD_BEFORE_NOTE, HeldForNote, NOTE_RETRIES, Note, NoteMemory,
    NoteResult, NoteStage, NoteStep, NoteTask, NoteText, NoteTrial, note_reference, note_result,
    note_step, note_task, shows_another_integration,
};
pub use notice::Notice;
pub use participation::{Participation, Skip, contact_fingerprint, participation};
pub use plan::{Plan, SyncAction, UnknownWrite, XeroWrite};
pub use problem::{DisplayNames, MAX_CANDIDATES, PROBLEM_CODES, Precondition, Problem, Watch};
pub use refusal::{
    AfterRefusal, AfterUnknown, Evidence, Refusal, RefusedContact, RefusedWrite, UnknownAnswers,
    after_refusal, refused_by_xero, unknown_to_the_end,
};
pub use report_order::{ReportRank, Reported};
pub use reservation::{GivenUp, Reservation, given_up_by, keeps_reservation};
pub use retry::{PutOff, Retry, RetryPolicy, Trouble};
pub use settings::{InvalidSetting, MAX_CONTACT_NAME_CHARS, OnConflict, PeopleSettings, Settings};
pub use short_code::ShortCode;
pub use shown_differences::shown_differences;
pub use snapshot::{Decision, ManualMatch, Question, Snapshot};
pub use subject::Subject;
pub use switch::{AskedBy, Switch};
pub use text::{Fingerprint, NameKey, normalise_spaces};
pub use uk_time::UkTime;
pub use unit::Unit;
pub use xero_contact::{ContactStatus, NewXeroContact, XeroChanges, XeroContact};
