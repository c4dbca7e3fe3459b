//! What the table holds, and under which keys. Every key begins with the tenant, so that what was
//! learnt of one organisation is never applied to another; the one exception is which organisation
//! was confirmed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rules::{
    AccountReference, AskedBy, Change, ContactId, Fingerprint, GroupFault, GroupId, InDoubt, Keep,
    Link, ManualMatch, Notice, Plan, Problem, TenantId, UnknownAnswers, Watch, XeroContactId,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{Expect, Item, Key, Table, TableError, Write};
use time::serde::rfc3339;
use time::{Duration, OffsetDateTime};

use crate::clock_skew::TWO_CLOCKS;

pub use crate::announcement_records::{AnnouncementRecord, LastAnnouncementRecord};
pub use crate::directory_records::{DirectoryPartRecord, KeptDirectory, StoredXeroContact};
pub use crate::newer::Basis;
use crate::newer::Newer;

/// A kind of record.
pub trait Record: Serialize + DeserializeOwned + Send + Sync {
    /// The part of the partition key that follows the tenant.
    const KIND: &'static str;
}

macro_rules! records {
    ($($record:ident => $kind:literal),* $(,)?) => {
        $(impl Record for $record { const KIND: &'static str = $kind; })*
    };
}

records! {
    ContactRecord => "contact",
    ReferenceRecord => "reference",
    XeroContactRecord => "xero-contact",
    ProblemRecord => "problem",
    WaitingRecord => "waiting",
    DeferredRecord => "deferred",
    CursorRecord => "cursor",
    PendingReferenceScan => "unread",
    PauseRecord => "state-pause",
    SweepRecord => "state-sweep",
    XeroChangesRecord => "state-look",
    ReferenceScan => "state-references-read",
    DirectoryRecord => "state-directory",
    DirectoryPartRecord => "directory",
    AnnouncementRecord => "creating",
    LastAnnouncementRecord => "state-creating",
    RefusedQueryRecord => "refused-query",
    DayLimitRecord => "state-day-limit",
    DeadConnectionRecord => "state-dead-connection",
    LeaseRecord => "lease",
    GroupFaultRecord => "group-fault",
    HistoryRecord => "history",
    FollowRecord => "state-follow",
    OutcomeRecord => "outcome",
}

/// The sort key of a record of which there is only one.
pub const SINGLETON: &str = "only";

/// A BigChange contact: its link, and what is being written for it. Sort key: its id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ContactRecord {
    /// Its link to Xero, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// What a worker is about to write, or may have written when it stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// The account reference that is reserved for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reserved: Option<AccountReference>,
    /// Whether that reference is a code generated for it, which it keeps through any retry.
    #[serde(default)]
    pub generated: bool,
    /// A contact reference that is still to be written to BigChange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_reference_due: Option<AccountReference>,
    /// What the accounts admin should know; does not hold the contact.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// What a person said about which Xero contact it is.
    #[serde(
        default,
        rename = "word",
        skip_serializing_if = "ManualMatch::is_empty"
    )]
    pub manual_match: ManualMatch,
    /// Whose value stays in the units that were held back, as a person said. Until the contact is
    /// next in line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

impl ContactRecord {
    /// What an earlier attempt may have written to Xero.
    #[must_use]
    pub fn in_doubt(&self) -> Option<InDoubt> {
        let plan = &self.intent.as_ref()?.plan;
        rules::left_in_doubt(plan, self.link.is_some())
    }

    /// The contact reference that an earlier attempt meant to write and may not have.
    #[must_use]
    pub fn contact_reference_in_doubt(&self) -> Option<&AccountReference> {
        let planned = self
            .intent
            .as_ref()
            .filter(|intent| intent.plan.bigchange_contact_reference)
            .map(|intent| &intent.plan.account_reference);
        self.contact_reference_due.as_ref().or(planned)
    }

    /// The contact's name as it was carried over last, or is about to be; `None` where nothing was.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let linked = self.link.as_ref().map(|link| &link.synced);
        let synced = linked.or_else(|| Some(&self.intent.as_ref()?.plan.synced))?;
        Some(&synced.name)
    }

    /// The Xero contacts that it holds on to: the one that it is linked to, those that were merged
    /// into it, and the one that it is about to be linked to.
    #[must_use]
    pub fn claims(&self) -> BTreeSet<XeroContactId> {
        let linked = self.link.iter().flat_map(Link::claims);
        let intent = self.intent.as_ref();
        let next = intent.and_then(|intent| intent.plan.xero.existing());
        linked.chain(next).collect()
    }

    /// What counts now of what a person said about which Xero contact it is.
    #[must_use]
    pub fn manual_match_now(&self) -> ManualMatch {
        self.manual_match
            .that_counts(self.intent.as_ref().map(|intent| &intent.plan))
    }

    /// The code that was generated for it.
    #[must_use]
    pub fn code(&self) -> Option<&AccountReference> {
        self.reserved.as_ref().filter(|_| self.generated)
    }
}

/// A plan that is being carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intent {
    /// Whose it is: one invocation's attempt.
    pub attempt: String,
    /// Until when its worker may still be writing. Beyond the function's time limit, the longest
    /// exchange and the clocks' difference.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
    /// What it is about to write.
    pub plan: Plan,
}

/// No intent lasts longer: the 15 minutes for which a Lambda function may run at most, and the
/// margin of its worker.
const LONGEST_INTENT: Duration = Duration::minutes(20);

impl Intent {
    /// Until when its worker may still be writing, if it may be at it now. If it would last longer
    /// than any intent that is stored, treat it as expired: it comes from a clock that was wrong,
    /// and must not keep its contact waiting.
    #[must_use]
    pub fn live_until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let longest = now + LONGEST_INTENT + TWO_CLOCKS;
        Some(self.expires_at).filter(|expires_at| *expires_at > now && *expires_at <= longest)
    }
}

/// An account reference that is taken. Sort key: the reference, folded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceRecord {
    /// As it was written.
    pub reference: AccountReference,
    /// The contact that it is reserved for; `None` where it must merely not be generated: another
    /// kind of reference in BigChange, or a code that Xero refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<ContactId>,
}

/// A linked Xero contact. Sort key: its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct XeroContactRecord {
    /// The BigChange contact that it belongs to.
    pub contact: ContactId,
}

/// A held contact. Sort key: its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProblemRecord {
    /// What is wrong.
    pub problem: Problem,
    /// The contact's name in BigChange, for the people who read it.
    pub name: String,
    /// What is wrong, in a sentence for them.
    #[serde(default)]
    pub sentence: String,
    /// What to do about it, in another.
    #[serde(default)]
    pub cure: String,
    /// The contact and the settings as they were when it was held.
    pub fingerprint: Fingerprint,
    /// What it waits for in Xero.
    pub watch: Watch,
    /// Whether it is to be tried again although neither the contact nor the settings changed.
    #[serde(default)]
    pub retry: bool,
    /// When it was first seen.
    #[serde(with = "rfc3339")]
    pub first_seen: OffsetDateTime,
    /// Since when the contact had been put off before, where it was: what the first sweep found is
    /// told from what came later by that. Version 0.1 did not store it.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub put_off_since: Option<OffsetDateTime>,
    /// When it was last seen; written at most daily.
    #[serde(with = "rfc3339")]
    pub last_seen: OffsetDateTime,
}

/// A held contact that waits for another. Sort key: `<the contact that its problem names>#<the held
/// one>`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitingRecord {
    /// The contact that the problem names.
    pub named: ContactId,
    /// The held contact.
    pub waiter: ContactId,
}

impl WaitingRecord {
    /// The sort key of the record that one contact waits for another.
    #[must_use]
    pub fn key(named: ContactId, waiter: ContactId) -> String {
        format!("{named}#{waiter}")
    }
}

/// A contact to be queued again when it is due. Sort key: its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeferredRecord {
    /// Since when it has been put off: the oldest go first.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
    /// When it is due.
    #[serde(with = "rfc3339")]
    pub due: OffsetDateTime,
    /// Why.
    pub reason: DeferReason,
    /// How often it was put off for its own sake, rather than because everybody had to wait.
    pub attempts: u32,
    /// How many answers of BigChange in a row lacked a key that is needed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub incomplete_answers: u32,
    /// How often Xero's answer to a write did not tell what became of it.
    #[serde(default, skip_serializing_if = "UnknownAnswers::is_none")]
    pub unknown_answers: UnknownAnswers,
    /// Who asked for it: what a person asked for is queued again although the switch is off.
    #[serde(default, skip_serializing_if = "AskedBy::is_schedule")]
    pub by: AskedBy,
    /// Whether its Xero contact was seen not to be as its link says, so that it has to be looked at
    /// although nothing changed in BigChange.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub look_at_xero: bool,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Why a contact was put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeferReason {
    /// Xero's limit is used up, or nearly.
    XeroLimit,
    /// Xero is offline or gave no answer.
    XeroUnavailable,
    /// The connection to Xero is not usable now.
    NotConnected,
    /// BigChange is offline or gave no answer.
    BigChangeUnavailable,
    /// BigChange does not let us in.
    BigChangeRefusedLogin,
    /// Another worker is at this contact, or was when it stopped; or it was quicker about what this one
    /// needs: its record, a reference, or a likely namesake that it is about to create.
    AnotherWorker,
    /// No code may be generated before every account contact has been read once.
    ReferencesNotRead,
    /// It shares its name or reference with another contact of the same batch, which goes first.
    #[serde(rename = "AfterItsTwin")]
    BatchConflict,
    /// An answer was not what the two systems' references describe.
    UnexpectedAnswer,
    /// The invocation had no time left.
    OutOfTime,
    /// The switch is off, and no person asked for it: it goes on when the switch is on again.
    SwitchedOff,
    /// Xero refuses to be asked for single contacts, and has too many to read them all.
    XeroRefusesLookups,
    /// Its Xero contact was seen not to be as its link says.
    ChangedInXero,
    /// A newer version of this software was writing it in a way that this version does not know.
    NewerVersion,
    /// A newer version of this software put it off, for a reason that this version does not know.
    #[serde(other)]
    Unknown,
}

impl DeferReason {
    /// Whether it goes on by itself as soon as Xero may be called again, so that waiting is all
    /// there is to do.
    #[must_use]
    pub fn is_pause_of_xero(self) -> bool {
        matches!(self, Self::XeroLimit | Self::XeroUnavailable)
    }
}

/// Up to when a contact group has been read. Sort key: the group's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CursorRecord {
    /// Everything that changed before this is queued.
    #[serde(with = "rfc3339")]
    pub changed_since: OffsetDateTime,
}

/// An account contact whose account reference has not been read yet. Sort key: its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PendingReferenceScan {}

/// Xero is not to be called until then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PauseRecord {
    /// Until when.
    #[serde(with = "rfc3339")]
    pub until: OffsetDateTime,
    /// Why, in words for people.
    pub why: String,
    /// Why, for the contacts that are put off because of it. Version 0.1 did not store it, and told
    /// every pause as Xero's limit.
    #[serde(default = "xero_limit")]
    pub reason: DeferReason,
}

fn xero_limit() -> DeferReason {
    DeferReason::XeroLimit
}

/// The last full sweep.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SweepRecord {
    /// The settings that it ran under: when they change, another one is due.
    pub settings: Fingerprint,
    /// When it queued everything.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// The settings had changed: another one is due then, since workers with the old settings may
    /// have been at it beside the new ones.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub again_at: Option<OffsetDateTime>,
}

/// The last look at what changed in Xero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct XeroChangesRecord {
    /// Everything that changed in Xero before this has been looked at.
    #[serde(with = "rfc3339")]
    pub changed_since: OffsetDateTime,
    /// When every link was last compared with the whole list. Version 0.1 did not.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub compared_at: Option<OffsetDateTime>,
    /// The page at which comparing goes on, where it has come no further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_page: Option<u32>,
}

/// Every account contact has been read once and its reference reserved: codes may be generated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceScan {
    /// The groups and settings that this was true of.
    pub settings: Fingerprint,
    /// Whether the contacts that were listed have all been read by now.
    pub complete: bool,
    /// The groups that could not be listed yet. While there is one, this is not complete.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub missing: BTreeSet<GroupId>,
}

/// A contact group that cannot be read while others can. Sort key: the group's id. Removed when it
/// is read again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupFaultRecord {
    /// Since when.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
    /// Why.
    pub fault: GroupFault,
    /// BigChange's own words, where it refused in words that are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Whether a full sweep was made without it, so that all of it is to be read as soon as it can
    /// be.
    #[serde(default)]
    pub missed_sweep: bool,
    /// When it was last tried to read all of it, while its changes alone could be read.
    #[serde(default, with = "rfc3339::option")]
    pub tried_whole_at: Option<OffsetDateTime>,
}

/// How large the organisation is, and where the table keeps its contacts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DirectoryRecord {
    /// Pages of 1,000 contacts.
    pub pages: u32,
    /// Its contacts, once they were read. Version 0.1 kept none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptDirectory>,
}

/// A kind of query that Xero refuses in this organisation, so that it is not tried again and again.
/// Sort key: [`QueryKind`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RefusedQueryRecord {
    /// When Xero is asked in this way again.
    #[serde(with = "rfc3339")]
    pub until: OffsetDateTime,
}

/// How contacts are asked for in Xero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum QueryKind {
    /// By a filter on account numbers.
    AccountNumber,
    /// By the search for a word.
    Search,
}

impl std::fmt::Display for QueryKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::AccountNumber => "account-number",
            Self::Search => "search",
        })
    }
}

/// How many calls a day Xero allows this organisation, as far as its answers have shown: 1,000 on
/// the starter tier, else 5,000.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DayLimitRecord {
    /// The most calls that were ever left.
    pub at_least: u32,
}

/// The connection to Xero is dead: no calls until the secret changes or, where the refresh token
/// still lives, Xero lists the organisation again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadConnectionRecord {
    /// Since when.
    #[serde(with = "rfc3339")]
    pub since: OffsetDateTime,
    /// Why, with the cure.
    pub why: String,
    /// The version of the token secret that was found dead: another version is another chance. The
    /// token refresh moves it on to the version that it stores.
    pub secret_version: String,
    /// What ended it. Version 0.1 did not store it.
    #[serde(default)]
    pub cause: DeadCause,
}

/// What ended the connection to Xero: it decides whether the token refresh goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeadCause {
    /// Xero takes none of the stored refresh tokens. Only another secret helps.
    RefreshRefused,
    /// Xero answered that the app is not connected to the organisation. The refresh token lives,
    /// and is kept alive.
    NotConnected,
    /// The app lacks a permission, or the organisation's plan does. The refresh token lives, and is
    /// kept alive.
    MissingScope,
    /// A person disconnected it (`contact-sync disconnect`): nobody refreshes, nobody calls, and no
    /// alarm rings, until a person connects it again.
    DisconnectedByPerson,
    /// Stored by a version that did not say, or that knows other causes. The next refresh finds
    /// out.
    #[default]
    #[serde(other)]
    Unknown,
}

impl DeadCause {
    /// Whether the refresh token may still live, so that refreshing goes on.
    #[must_use]
    pub fn may_be_refreshed(self) -> bool {
        !matches!(self, Self::RefreshRefused | Self::DisconnectedByPerson)
    }
}

/// A lease, for efficiency only: correctness comes from conditional writes. Sort key: what is
/// leased.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaseRecord {
    /// Who has it.
    pub holder: String,
    /// Until when.
    #[serde(with = "rfc3339")]
    pub expires_at: OffsetDateTime,
}

/// What was done about a contact, kept for people to look up. Sort key: see [`HistoryRecord::key`].
/// It expires (template parameter `HistoryDays`).
///
/// It holds no more of a contact than the change itself did: the fields that were written, and what
/// stood in them before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HistoryRecord {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// What.
    pub event: HistoryEvent,
    /// The Xero contact that it was about.
    pub xero_id: XeroContactId,
    /// The fields that were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What was told of it that happened once, such as a correction that was written over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
}

/// What was done about a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HistoryEvent {
    /// Created in Xero and linked.
    Created,
    /// Linked to an existing Xero contact.
    Linked,
    /// Fields were written.
    Updated,
    /// It was deleted in BigChange, and its link released.
    Released,
    /// A person said which Xero contact it is; the link follows.
    ChosenByPerson,
    /// A person took the link away.
    UnlinkedByPerson,
    /// A person said that it is another customer than this Xero contact.
    DistinctByPerson,
    /// Its Xero contact was merged into another there, and the link followed.
    FollowedMerge,
    /// A person said whose values stay where both systems had changed them.
    KeptByPerson,
    /// Something that a newer version of this software did.
    #[serde(other)]
    Unknown,
}

impl HistoryRecord {
    /// Its sort key: ascending in time for one contact.
    #[must_use]
    pub fn key(contact: ContactId, at: OffsetDateTime) -> String {
        let milliseconds = at.unix_timestamp_nanos() / 1_000_000;
        format!("{}{milliseconds:015}", Self::prefix(contact))
    }

    /// The write that keeps it for so many days; `None` for 0.
    ///
    /// # Errors
    /// As [`Records::put`].
    pub fn write(
        &self,
        records: &Records,
        contact: ContactId,
        days: u16,
    ) -> Result<Option<Write>, TableError> {
        if days == 0 {
            return Ok(None);
        }
        let expires_at = self.at + Duration::days(days.into());
        let key = Self::key(contact, self.at);
        records
            .put_expiring(key, self, Expect::Any, expires_at)
            .map(Some)
    }

    /// What the sort keys of one contact begin with.
    #[must_use]
    pub fn prefix(contact: ContactId) -> String {
        format!("{contact}#")
    }
}

/// Somebody follows along: until then each worker notes how its contacts ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FollowRecord {
    /// Until when.
    #[serde(with = "rfc3339")]
    pub until: OffsetDateTime,
}

/// How a contact's last message ended, while somebody followed along. Sort key: its id. It expires
/// after a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutcomeRecord {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: OffsetDateTime,
    /// How.
    pub ending: EndingKind,
    /// The outcome, problem code or reason, as the logs have it.
    pub detail: String,
}

/// How a contact's message ended, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EndingKind {
    /// Created in Xero.
    Created,
    /// Linked to an existing Xero contact.
    Linked,
    /// Changes were carried over.
    Updated,
    /// Nothing differed.
    Unchanged,
    /// Left alone, as it should be.
    LeftAlone,
    /// Held: there is a problem.
    Held,
    /// Put off: it is queued again when it is due.
    PutOff,
    /// Given up: it is in the dead-letter queue.
    GivenUp,
    /// An ending that only a newer version of this software knows.
    #[serde(other)]
    Unknown,
}

/// A record as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<R> {
    /// The sort key.
    pub sort_key: String,
    /// The version, which the next write names.
    pub version: u64,
    /// The record.
    pub value: R,
    /// What a newer version wrote into it beside that.
    newer: Option<Arc<Newer>>,
}

impl<R> Stored<R> {
    /// What a write that relies on this expects. A record that is written so keeps what a newer
    /// version wrote into it.
    #[must_use]
    pub fn as_read(&self) -> Basis {
        Basis {
            expect: Expect::Version(self.version),
            newer: self.newer.clone(),
        }
    }

    /// For a write that replaces whatever is there by now, and keeps what a newer version had
    /// written into it when it was read.
    #[must_use]
    pub fn whatever_is_there(&self) -> Basis {
        Basis {
            expect: Expect::Any,
            newer: self.newer.clone(),
        }
    }
}

impl<R> Stored<R> {
    /// A record that was read, of which no other version writes anything more.
    pub(crate) fn read(sort_key: String, version: u64, value: R) -> Self {
        Self {
            sort_key,
            version,
            value,
            newer: None,
        }
    }
}

impl<R: Record> Stored<R> {
    /// The record as it stands after `value` was written over `before` as it was read, or where
    /// nothing was.
    #[must_use]
    pub fn written(before: Option<&Self>, sort_key: String, value: R) -> Self {
        let newer = before.and_then(|before| before.newer.as_ref());
        let newer = newer.and_then(|newer| {
            let next = serde_json::to_value(&value).ok()?;
            Newer::beyond(newer.rewritten(&next), next)
        });
        Self {
            sort_key,
            version: before.map_or(0, |before| before.version) + 1,
            value,
            newer,
        }
    }
}

/// What a write expects of a record that was or was not there when it was read.
#[must_use]
pub fn expect<R>(read: Option<&Stored<R>>) -> Basis {
    read.map_or(Expect::Absent.into(), Stored::as_read)
}

/// For a write that replaces whatever is there by now, and keeps what a newer version had written
/// into what was read.
#[must_use]
pub fn whatever_is_there<R>(read: Option<&Stored<R>>) -> Basis {
    read.map_or(Expect::Any.into(), Stored::whatever_is_there)
}

/// The records of one organisation.
#[derive(Clone)]
pub struct Records {
    table: Arc<dyn Table>,
    tenant: TenantId,
}

impl Records {
    /// The records of `tenant` in `table`.
    #[must_use]
    pub fn new(table: Arc<dyn Table>, tenant: TenantId) -> Self {
        Self { table, tenant }
    }

    /// Whose records these are.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn partition<R: Record>(&self) -> String {
        format!("{}#{}", self.tenant, R::KIND)
    }

    fn key<R: Record>(&self, sort_key: impl ToString) -> Key {
        Key::new(self.partition::<R>(), sort_key.to_string())
    }

    /// Reads one record.
    ///
    /// # Errors
    /// Where the store cannot be read, or holds something that this program did not write.
    pub async fn get<R: Record>(
        &self,
        sort_key: impl ToString,
    ) -> Result<Option<Stored<R>>, TableError> {
        let keys = [self.key::<R>(sort_key)];
        let items = self.table.get_many(&keys).await?;
        items.into_iter().next().map(parse).transpose()
    }

    /// Reads many records, by sort key.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn get_many<R: Record>(
        &self,
        sorts: impl IntoIterator<Item = impl ToString>,
    ) -> Result<BTreeMap<String, Stored<R>>, TableError> {
        let mut keys: Vec<Key> = sorts.into_iter().map(|sort| self.key::<R>(sort)).collect();
        keys.sort();
        keys.dedup();
        let mut records = BTreeMap::new();
        for item in self.table.get_many(&keys).await? {
            let record = parse::<R>(item)?;
            records.insert(record.sort_key.clone(), record);
        }
        Ok(records)
    }

    /// Reads all records of a kind whose sort key begins with `prefix`, ascending.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list<R: Record>(&self, prefix: &str) -> Result<Vec<Stored<R>>, TableError> {
        self.table
            .query(&self.partition::<R>(), prefix)
            .await?
            .into_iter()
            .map(parse)
            .collect()
    }

    /// A write of a record. Of one that was read, what a newer version wrote into it stays (see
    /// [`Stored::as_read`]).
    ///
    /// # Errors
    /// Where the record is none that the store takes.
    pub fn put<R: Record>(
        &self,
        sort_key: impl ToString,
        record: &R,
        basis: impl Into<Basis>,
    ) -> Result<Write, TableError> {
        let Basis { expect, newer } = basis.into();
        let next = serde_json::to_value(record)
            .map_err(|_| TableError::Refused(format!("a {} record cannot be written", R::KIND)))?;
        let body = newer.map_or_else(|| next.clone(), |newer| newer.rewritten(&next));
        Ok(Write::Put {
            key: self.key::<R>(sort_key),
            expect,
            body,
            expires_at_unix_seconds: None,
        })
    }

    /// The write that replaces a record, whatever it says by now, and keeps what a newer version
    /// wrote into it. One read.
    ///
    /// # Errors
    /// As [`Self::get`] and [`Self::put`].
    pub async fn replace<R: Record>(
        &self,
        sort_key: impl ToString,
        record: &R,
    ) -> Result<Write, TableError> {
        let sort_key = sort_key.to_string();
        let known = self.get::<R>(&sort_key).await?;
        self.put(sort_key, record, whatever_is_there(known.as_ref()))
    }

    /// A write of a record that the store may remove some time after `expires_at`.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn put_expiring<R: Record>(
        &self,
        sort_key: impl ToString,
        record: &R,
        basis: impl Into<Basis>,
        expires_at: OffsetDateTime,
    ) -> Result<Write, TableError> {
        let mut write = self.put(sort_key, record, basis)?;
        if let Write::Put {
            expires_at_unix_seconds,
            ..
        } = &mut write
        {
            *expires_at_unix_seconds = Some(expires_at.unix_timestamp());
        }
        Ok(write)
    }

    /// The write that lets the worker ask Xero again about a held contact; it would not by itself,
    /// where neither the contact nor the settings changed.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn try_again(&self, held: &Stored<ProblemRecord>) -> Result<Write, TableError> {
        let again = ProblemRecord {
            retry: true,
            ..held.value.clone()
        };
        self.put(&held.sort_key, &again, held.as_read())
    }

    /// A removal of a record.
    #[must_use]
    pub fn delete<R: Record>(&self, sort_key: impl ToString, basis: impl Into<Basis>) -> Write {
        Write::Delete {
            key: self.key::<R>(sort_key),
            expect: basis.into().expect,
        }
    }

    /// Writes nothing, but lets the writes that it goes with pass only if a record is still as it
    /// was, or was not, read.
    #[must_use]
    pub fn unchanged<R: Record>(&self, sort_key: impl ToString, read: Option<&Stored<R>>) -> Write {
        Write::Check {
            key: self.key::<R>(sort_key),
            expect: expect(read).expect,
        }
    }

    /// Applies all the writes or none.
    ///
    /// # Errors
    /// `Conflict` where a record is no longer as it was read; otherwise as the store says.
    pub async fn write(&self, writes: Vec<Write>) -> Result<(), TableError> {
        self.table.write(writes).await
    }
}

fn parse<R: Record>(item: Item) -> Result<Stored<R>, TableError> {
    let Item { key, version, body } = item;
    // The parser's own words could quote a value.
    let strange = || {
        TableError::Refused(format!(
            "the {} record {} is not one that this program wrote",
            R::KIND,
            key.sort_key
        ))
    };
    let value = R::deserialize(&body).map_err(|_| strange())?;
    let read = serde_json::to_value(&value).map_err(|_| strange())?;
    Ok(Stored {
        newer: Newer::beyond(body, read),
        sort_key: key.sort_key,
        version,
        value,
    })
}
