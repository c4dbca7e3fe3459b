//! A batch from its contacts to their endings: read, decide, settle.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bigchange::{AuthProblem, BigChange};
use futures::{StreamExt, stream};
use rules::{
    AccountReference, AskedBy, ContactId, Decision, Group, GroupId, NameKey, Participation, Plan,
    Problem, Question, Snapshot, UnknownAnswers, XeroContactId, XeroWrite, decide,
    holds_after_incomplete_answers, needed_and_missing, participation,
};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, ProblemRecord, QueryKind, Records, UnreadRecord,
    WaitingRecord, XeroContactRecord, whatever_is_there,
};
use runtime::telemetry::Metric;
use runtime::{Message, OpenError, Opened, Wait, XeroSession};
use store::{Expect, TableError};
use time::{Duration, OffsetDateTime};
use tokio::sync::{Mutex, OnceCell};

use crate::Worker;
use crate::apply::Applied;
use crate::history::Follower;
use crate::switched_off::put_off_until_switched_on;
use crate::work::{Done, Lookup, Work};

/// Calls to BigChange at once; no limit is published, so few.
pub(crate) const BIGCHANGE_AT_ONCE: usize = 4;
/// Writes to the store at once.
pub(crate) const STORE_AT_ONCE: usize = 16;
/// A batch stops beginning new work this long before its function is stopped: enough for one call to each system, and for recording what is left.
const TIME_TO_RECORD: Duration = Duration::seconds(40);
/// How long a contact waits for another worker that may still be at it, or for its twin.
pub(crate) const SHORT_WAIT: Duration = Duration::minutes(1);
const LOGIN_WAIT: Duration = Duration::minutes(5);
/// A contact is decided anew at most this often in one batch: after what was found turned out stale, or a twin went first.
const ROUNDS: u32 = 3;

/// A batch that is being worked.
pub(crate) struct Batch<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) records: Records,
    pub(crate) session: XeroSession<'a>,
    pub(crate) bigchange: Arc<BigChange>,
    /// BigChange's contact groups, read when they are first needed.
    pub(crate) groups: OnceCell<Vec<Group>>,
    /// Their names, for telling people; none where they could not be had, which is not tried again.
    pub(crate) group_names: OnceCell<HashMap<GroupId, String>>,
    /// The kinds of query that Xero refuses, once the table was asked.
    pub(crate) refused_queries: Mutex<Option<HashSet<QueryKind>>>,
    pub(crate) now: OffsetDateTime,
    pub(crate) deadline: OffsetDateTime,
    /// Marks the intents of this invocation.
    pub(crate) attempt: String,
}

/// What the store says about the Xero contacts and account references in question.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    linked: BTreeMap<XeroContactId, ContactId>,
    pub(crate) holders: BTreeMap<AccountReference, ContactId>,
}

/// Why no contact of a batch could be worked. Nothing was touched, and every message comes again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BatchError {
    /// The store, the vault or the token secret.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store.
    #[error(transparent)]
    Table(#[from] TableError),
}

impl BatchError {
    /// Whether another contact may fare better.
    pub(crate) fn is_one_items_fault(&self) -> bool {
        matches!(self, Self::Table(TableError::Refused(_)))
    }
}

/// How each contact ended, or why its message has to be delivered again.
pub(crate) type Results = HashMap<ContactId, Result<Done, String>>;

/// A batch's contacts, each with who asked for it.
pub(crate) type Asked = BTreeMap<ContactId, AskedBy>;

/// Works a batch. Every contact is in the result: how it ended, or why its message has to be delivered again. While the switch is off, only those are worked that a
/// person asked for; it is read once, so that a batch which has begun is worked to its end.
pub(crate) async fn run(
    worker: &Worker,
    contacts: &Asked,
    deadline: OffsetDateTime,
) -> Result<Results, BatchError> {
    if contacts.is_empty() {
        return Ok(Results::new());
    }
    let Opened { records, ready, .. } = worker.parts.xero.open().await?;
    let (settings, now) = (&worker.parts.settings, worker.parts.surroundings.now());
    let switch = runtime::switch::switch(&records, settings, now).await?;
    let (worked, held_back): (Asked, Asked) = contacts
        .iter()
        .partition(|(_, asked_by)| switch.lets_through(**asked_by));
    let follower = Follower::of(&records).await;
    let mut results = put_off_until_switched_on(&records, held_back.keys(), now).await;
    if !worked.is_empty() {
        let worked = run_opened(worker, &worked, deadline, records.clone(), ready);
        results.extend(Box::pin(worked).await?);
    }
    follower
        .note(&records, worker.parts.surroundings.now(), &results)
        .await;
    Ok(results)
}

async fn run_opened(
    worker: &Worker,
    contacts: &Asked,
    deadline: OffsetDateTime,
    records: Records,
    ready: Result<XeroSession<'_>, Wait>,
) -> Result<Results, BatchError> {
    let now = worker.parts.surroundings.now();
    let session = match ready {
        Ok(session) => session,
        Err(Wait { until, reason }) => {
            return Ok(defer_all(&records, contacts, now, until, reason).await);
        }
    };
    let bigchange = match worker.parts.bigchange().await {
        Ok(bigchange) => bigchange,
        // A person must fill the secret in. The contacts wait, and their messages do not use up their receives.
        Err(error) => {
            tracing::error!("BigChange cannot be asked: {error}");
            worker.parts.surroundings.count(Metric::BigChangeAuthLost);
            let reason = DeferReason::BigChangeRefusedLogin;
            return Ok(defer_all(&records, contacts, now, now + LOGIN_WAIT, reason).await);
        }
    };
    let attempt = worker.parts.surroundings.unique().to_string();
    let batch = Batch {
        worker,
        records,
        session,
        bigchange,
        groups: OnceCell::new(),
        group_names: OnceCell::new(),
        refused_queries: Mutex::default(),
        now,
        deadline,
        attempt,
    };
    let mut works = batch.read_records(contacts).await?;
    // Boxed, for every caller would carry its size.
    Box::pin(batch.work(&mut works)).await;
    if works.len() > 1
        && let Some(error) = works.iter().find_map(spoilt_item)
    {
        // It may have kept the others from being worked too.
        return Err(error.clone().into());
    }
    if let Some(observer) = &worker.observer {
        works.iter().for_each(|work| observer(work));
    }
    Ok(works
        .into_iter()
        .map(|work| (work.id, told(work.ending)))
        .collect())
}

/// Why a contact was not worked, where that is an item in the store.
fn spoilt_item(work: &Work) -> Option<&TableError> {
    match &work.ending {
        Some(Err(error @ TableError::Refused(_))) => Some(error),
        _ => None,
    }
}

fn told(ending: Option<crate::work::Ending>) -> Result<Done, String> {
    match ending {
        Some(Ok(done)) => Ok(done),
        Some(Err(error)) => Err(error.to_string()),
        None => {
            Err("it came to no end; that is a fault of the program, please report it".to_owned())
        }
    }
}

/// Waiting costs next to nothing: one write for each contact, no call to either system.
async fn defer_all(
    records: &Records,
    contacts: &Asked,
    now: OffsetDateTime,
    due: OffsetDateTime,
    reason: DeferReason,
) -> Results {
    let defer = |contact: ContactId, asked_by: AskedBy| async move {
        let old = records.get::<DeferredRecord>(contact).await?;
        let basis = whatever_is_there(old.as_ref());
        let (since, attempts, incomplete_answers, unknown_answers, by) = old.map_or_else(
            || (now, 0, 0, UnknownAnswers::default(), asked_by),
            |old| {
                let old = old.value;
                let by = old.by.max(asked_by);
                (
                    old.since,
                    old.attempts,
                    old.incomplete_answers,
                    old.unknown_answers,
                    by,
                )
            },
        );
        records
            .write(vec![records.put(
                contact,
                &DeferredRecord {
                    since,
                    due,
                    reason,
                    attempts,
                    incomplete_answers,
                    unknown_answers,
                    by,
                },
                basis,
            )?])
            .await
    };
    let deferrals = contacts.iter().map(|(contact, asked_by)| async move {
        let result: Result<(), TableError> = defer(*contact, *asked_by).await;
        (
            *contact,
            result
                .map(|()| Done::Deferred(reason))
                .map_err(|error| error.to_string()),
        )
    });
    stream::iter(deferrals)
        .buffer_unordered(STORE_AT_ONCE)
        .collect()
        .await
}

/// Forgets that a contact was put off, and tells whoever follows along that it is given up, as far as the store can be reached.
pub(crate) async fn given_up(worker: &Worker, contact: ContactId, reason: &str) {
    let dropped = async {
        let Opened { records, .. } = worker.parts.xero.open().await?;
        let write = records.delete::<DeferredRecord>(contact, Expect::Anything);
        records.write(vec![write]).await?;
        let ended = Results::from([(contact, Ok(Done::GivenUp(reason.to_owned())))]);
        let now = worker.parts.surroundings.now();
        Follower::of(&records)
            .await
            .note(&records, now, &ended)
            .await;
        Ok::<_, BatchError>(())
    };
    if let Err(error) = dropped.await {
        tracing::warn!(%contact, "contact {contact} is given up, but may still be queued again: {error}");
    }
}

impl Batch<'_> {
    async fn read_records(&self, contacts: &Asked) -> Result<Vec<Work>, TableError> {
        let ids = || contacts.keys().copied();
        let (mut records, mut problems, mut deferred, mut unread) = futures::try_join!(
            self.records.get_many::<ContactRecord>(ids()),
            self.records.get_many::<ProblemRecord>(ids()),
            self.records.get_many::<DeferredRecord>(ids()),
            self.records.get_many::<UnreadRecord>(ids()),
        )?;
        let work = |(id, asked_by): (&ContactId, &AskedBy)| {
            let id = *id;
            let key = id.to_string();
            let deferred = deferred.remove(&key);
            // What a person asked for once is theirs until it comes to an end.
            let earlier = deferred.as_ref().map(|deferred| deferred.value.by);
            let count = deferred.as_ref().map(|old| old.value.incomplete_answers);
            Work {
                id,
                asked_by: earlier.unwrap_or_default().max(*asked_by),
                record: records.remove(&key),
                problem: problems.remove(&key),
                unread: unread.remove(&key),
                contact: None,
                customer: None,
                found: Lookup::NotAsked,
                intent_before: None,
                gave_back: false,
                incomplete_answers: count.unwrap_or(0),
                answer_is_whole: false,
                deferred,
                looked_again: false,
                unknown: None,
                changes: Vec::new(),
                ending: None,
            }
        };
        // In the order of their ids, whatever the queue's: of contacts that compete, the one that has been in BigChange for longer goes first.
        Ok(contacts.iter().map(work).collect())
    }

    async fn work(&self, works: &mut [Work]) {
        self.wait_for_other_workers(works).await;
        self.wait_for_newer_version(works).await;
        self.read_contacts(works).await;
        let mut claims = Claims::default();
        self.reserve_references(works, &mut claims).await;
        for round in 0..ROUNDS {
            if open(works).next().is_none() {
                break;
            }
            self.round(works, &mut claims, round).await;
        }
        for work in open(works) {
            match work.unknown {
                Some(unknown) => self.keep_in_doubt(work, unknown).await,
                None => {
                    self.defer(work, DeferReason::AfterItsTwin, self.now + SHORT_WAIT)
                        .await
                }
            }
        }
        self.redo_conflicts(works).await;
        self.wake_waiting(works).await;
    }

    /// What another worker, or the poll, changed meanwhile has to be read first. That is no failure of the message.
    async fn redo_conflicts(&self, works: &mut [Work]) {
        for work in works {
            if matches!(work.ending, Some(Err(TableError::Conflict))) {
                let intent = work
                    .record
                    .as_ref()
                    .and_then(|record| record.value.intent.as_ref());
                let until = intent.and_then(|intent| intent.live_until(self.now));
                self.defer(
                    work,
                    DeferReason::AnotherWorker,
                    until.unwrap_or(self.now).max(self.now + SHORT_WAIT),
                )
                .await;
            }
        }
    }

    /// A contact that another worker may still be writing for is left to it: two at once could write old over new.
    async fn wait_for_other_workers(&self, works: &mut [Work]) {
        for work in open(works) {
            let intent = work
                .record
                .as_ref()
                .and_then(|record| record.value.intent.as_ref());
            if let Some(until) = intent.and_then(|intent| intent.live_until(self.now)) {
                self.defer(work, DeferReason::AnotherWorker, until).await;
            }
        }
    }

    /// What a newer version may have written when it stopped, in a way that this version does not know, must not be guessed: the newer version finishes it.
    async fn wait_for_newer_version(&self, works: &mut [Work]) {
        for work in open(works) {
            let intent = work
                .record
                .as_ref()
                .and_then(|record| record.value.intent.as_ref());
            if intent.is_some_and(|intent| matches!(intent.plan.xero, XeroWrite::Unknown(_))) {
                self.defer_for_its_own_sake(work, DeferReason::NewerVersion, None)
                    .await;
            }
        }
    }

    async fn read_contacts(&self, works: &mut [Work]) {
        let reads = open(works).map(|work| work.id).collect::<Vec<_>>();
        // However slow BigChange is, half of the time is left for those that were read; or the same ones would be put off again and again.
        let read_until = self.now + (self.deadline - self.now) / 2;
        let is_late = || self.worker.parts.surroundings.now() > read_until;
        let mut answers: HashMap<_, _> = stream::iter(reads.into_iter().map(|id| async move {
            if is_late() {
                (id, None)
            } else {
                (id, Some(self.bigchange.contact(id).await))
            }
        }))
        .buffer_unordered(BIGCHANGE_AT_ONCE)
        .collect()
        .await;
        let (mut login_refused, mut no_right, mut was_let_in) = (false, false, false);
        let mut left_out: Vec<BTreeSet<&'static str>> = Vec::new();
        for work in open(works) {
            match answers.remove(&work.id).flatten() {
                None => self.defer(work, DeferReason::OutOfTime, self.now).await,
                Some(Ok(Some(contact))) => {
                    was_let_in = true;
                    left_out.push(contact.missing.iter().map(|field| field.key()).collect());
                    let participation = participation(&contact, &self.worker.parts.settings);
                    work.contact = Some(contact);
                    match participation {
                        Participation::Skip(skip) => {
                            self.keep_from_being_generated(work).await;
                            self.skip(work, skip).await;
                        }
                        Participation::Held(problem) => {
                            self.keep_from_being_generated(work).await;
                            self.hold(work, problem).await;
                        }
                        Participation::TakesPart(customer) => {
                            let is_linked = work.content().link.is_some();
                            match needed_and_missing(&customer, is_linked) {
                                // Before anything is reserved or released for it.
                                Some(field) => self.incomplete(work, field.key()).await,
                                None => {
                                    work.answer_is_whole = true;
                                    work.customer = Some(*customer);
                                }
                            }
                        }
                    }
                }
                Some(Ok(None)) => self.skip(work, rules::Skip::Deleted).await,
                Some(Err(error)) => {
                    match &error {
                        bigchange::Error::AuthLost(AuthProblem::NoRight(_)) => no_right = true,
                        bigchange::Error::Incomplete { key, .. } => left_out.push([*key].into()),
                        error => login_refused |= matches!(error, bigchange::Error::AuthLost(_)),
                    }
                    self.bigchange_failed(work, &error).await;
                }
            }
        }
        self.tell_what_is_always_left_out(&left_out);
        // One contact that the user may not see, as of a group without the right to it, is no lost login.
        if login_refused || (no_right && !was_let_in) {
            self.bigchange_login_refused().await;
        }
    }

    /// One field that is missing in every contact of a batch is a matter of BigChange's settings.
    fn tell_what_is_always_left_out(&self, left_out: &[BTreeSet<&'static str>]) {
        let Some((first, others)) = left_out
            .split_first()
            .filter(|(_, others)| !others.is_empty())
        else {
            return;
        };
        let always = first
            .iter()
            .find(|key| others.iter().all(|missing| missing.contains(*key)));
        if let Some(key) = always {
            let surroundings = &self.worker.parts.surroundings;
            surroundings.count(Metric::BigChangeLeavesOut);
            tracing::error!(
                key,
                contacts = left_out.len(),
                "BigChange leaves the field {key} out of every contact of this batch; is an accounts package chosen in its account settings?"
            );
        }
    }

    /// BigChange's answer lacks a key without which nothing can be decided. It is asked again, and in the
    /// end a person is told.
    async fn incomplete(&self, work: &mut Work, key: &'static str) {
        let problem = Problem::IncompleteAnswer {
            key: key.to_owned(),
        };
        let known = work.problem.as_ref().map(|known| &known.value.problem);
        let is_held_for_it = known == Some(&problem);
        work.incomplete_answers += 1;
        work.answer_is_whole = false;
        if is_held_for_it || holds_after_incomplete_answers(work.incomplete_answers) {
            self.hold(work, problem).await;
        } else {
            tracing::warn!(contact = %work.id, key, "contact {}: BigChange's answer has no field {key}", work.id);
            // No attempt is counted: a contact that has waited long for another reason is told of as well.
            self.defer(work, DeferReason::UnexpectedAnswer, self.now + SHORT_WAIT)
                .await;
        }
    }

    /// A person must act; what they correct in the secret is seen by the next batch.
    pub(crate) async fn bigchange_login_refused(&self) {
        let surroundings = &self.worker.parts.surroundings;
        surroundings.count(Metric::BigChangeAuthLost);
        self.worker.parts.forget_bigchange().await;
    }

    /// What a failed call to BigChange means for its contact.
    pub(crate) async fn bigchange_failed(&self, work: &mut Work, error: &bigchange::Error) {
        if !matches!(error, bigchange::Error::Rejected { .. }) {
            tracing::warn!(contact = %work.id, "contact {}: {error}", work.id);
        }
        match error {
            bigchange::Error::Transient { retry_after, .. } => {
                self.defer_for_its_own_sake(work, DeferReason::BigChangeUnavailable, *retry_after)
                    .await;
            }
            bigchange::Error::AuthLost(_) => {
                self.defer(
                    work,
                    DeferReason::BigChangeRefusedLogin,
                    self.now + LOGIN_WAIT,
                )
                .await
            }
            bigchange::Error::Rejected { .. } | bigchange::Error::TooLong { .. } => {
                let words = error
                    .refusal()
                    .map_or_else(|| error.to_string(), str::to_owned);
                self.hold_refused(work, Problem::RefusedByBigChange { words })
                    .await;
            }
            bigchange::Error::Incomplete { key, .. } => self.incomplete(work, key).await,
            bigchange::Error::Unexpected { .. } => {
                self.defer_for_its_own_sake(work, DeferReason::UnexpectedAnswer, None)
                    .await
            }
        }
    }

    /// Decides about every open contact, asking what has to be asked, and applies what was decided.
    async fn round(&self, works: &mut [Work], claims: &mut Claims, round: u32) {
        if self.is_out_of_time() {
            for work in open(works) {
                self.defer(work, DeferReason::OutOfTime, self.now).await;
            }
            return;
        }
        let mut questions: BTreeMap<ContactId, Question> = BTreeMap::new();
        for work in open(works) {
            if let Decision::Ask(question) = self.decide(work, claims) {
                match self.waits_for_a_change(work) {
                    Some(code) => self.stay_held(work, code).await,
                    None => drop(questions.insert(work.id, question)),
                }
            }
        }
        // Boxed, for every caller would carry their size.
        Box::pin(self.look(works, &questions, round > 0)).await;
        if let Err(error) = self.read_claims(works, claims).await {
            for work in open(works) {
                work.ending = Some(Err(error.clone()));
            }
            return;
        }
        Box::pin(self.generate_codes(works, claims)).await;
        let mut plans: HashMap<ContactId, Plan> = HashMap::new();
        for work in open(works) {
            match self.decide(work, claims) {
                Decision::Apply(plan) => match self
                    .waits_for_a_change(work)
                    .filter(|_| !plan.writes_nothing())
                {
                    Some(code) => self.stay_held(work, code).await,
                    None => match work.unknown.filter(|_| plan.xero.is_write()) {
                        // Looked for, and still to be written.
                        Some(unknown) => self.keep_in_doubt(work, unknown).await,
                        None => drop(plans.insert(work.id, *plan)),
                    },
                },
                Decision::Hold(problem) => self.hold(work, problem).await,
                // A code could not be had this time, or its reference changed meanwhile: the next round, or the next delivery.
                Decision::NeedsCode | Decision::Ask(_) => {}
                Decision::Incomplete(field) => self.incomplete(work, field.key()).await,
            }
        }
        keep_twins_back(works, &mut plans);
        for Applied {
            contact,
            look_again,
        } in self.apply(works, plans).await
        {
            if look_again && let Some(work) = works.iter_mut().find(|work| work.id == contact) {
                work.found = Lookup::NotAsked;
            }
        }
    }

    pub(crate) fn decide(&self, work: &Work, claims: &Claims) -> Decision {
        let Some(customer) = &work.customer else {
            return Decision::NeedsCode;
        };
        let content = work.content();
        decide(&Snapshot {
            customer,
            settings: &self.worker.parts.settings,
            link: content.link.as_ref(),
            word: &content.word(),
            in_doubt: content.in_doubt().as_ref(),
            generated: content.code(),
            contact_reference_due: content.contact_reference_in_doubt(),
            found: work.found.found(),
            linked: &claims.linked,
            holders: &claims.holders,
        })
    }

    /// A held contact is asked about again only when it or the settings changed, or somebody asked for it: each try costs a call.
    fn waits_for_a_change(&self, work: &Work) -> Option<&'static str> {
        let problem = &work.problem.as_ref()?.value;
        let in_doubt = work
            .record
            .as_ref()
            .is_some_and(|record| record.value.intent.is_some());
        let waits = problem.problem.depends_on_xero()
            && !problem.retry
            && !in_doubt
            && problem.fingerprint == self.fingerprint(work);
        waits.then(|| problem.problem.code())
    }

    async fn read_claims(&self, works: &[Work], claims: &mut Claims) -> Result<(), TableError> {
        let found = || {
            works
                .iter()
                .filter(|work| work.ending.is_none())
                .flat_map(|work| work.found.contacts())
        };
        let links = self
            .records
            .get_many::<XeroContactRecord>(found().map(|contact| contact.id))
            .await?;
        claims.linked.extend(
            links
                .into_iter()
                .filter_map(|(sort, record)| Some((sort.parse().ok()?, record.value.contact))),
        );
        let numbers: Vec<_> = found()
            .filter_map(|contact| AccountReference::parse(&contact.account_number).ok())
            .collect();
        let edited = works
            .iter()
            .filter_map(|work| work.customer.as_ref()?.account_reference.clone());
        self.read_holders(numbers.into_iter().chain(edited), claims)
            .await
    }

    /// A contact that got into line, or gave back what it held, may be what others were waiting for.
    async fn wake_waiting(&self, works: &[Work]) {
        // What follows from what a person asked for is the person's too: it must not stop half-way because the switch is off.
        let in_line: HashMap<ContactId, AskedBy> = works
            .iter()
            .filter(|work| {
                let got_into_line = matches!(&work.ending, Some(Ok(Done::InLine(outcome))) if *outcome != rules::Outcome::Unchanged);
                got_into_line || work.gave_back
            })
            .map(|work| (work.id, work.asked_by))
            .collect();
        if in_line.is_empty() {
            return;
        }
        if let Err(error) = self.try_wake_waiting(&in_line).await {
            // The daily sweep tries every held contact again.
            tracing::warn!("contacts that wait for another were not woken: {error}");
        }
    }

    async fn try_wake_waiting(
        &self,
        in_line: &HashMap<ContactId, AskedBy>,
    ) -> Result<(), TableError> {
        let waiting = self.records.list::<WaitingRecord>("").await?;
        let waiters: Vec<Message> = waiting
            .into_iter()
            .filter_map(|waiting| {
                Some(Message {
                    contact_id: waiting.value.waiter,
                    by: *in_line.get(&waiting.value.named)?,
                })
            })
            .collect();
        if waiters.is_empty() {
            return Ok(());
        }
        for (_, problem) in self
            .records
            .get_many::<ProblemRecord>(waiters.iter().map(|waiter| waiter.contact_id))
            .await?
        {
            match self
                .records
                .write(vec![self.records.try_again(&problem)?])
                .await
            {
                Ok(()) | Err(TableError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        self.worker
            .parts
            .queue
            .send(&waiters)
            .await
            .map_err(|error| TableError::Unavailable(error.to_string()))
    }

    pub(crate) fn is_out_of_time(&self) -> bool {
        self.worker.parts.surroundings.now() > self.deadline - TIME_TO_RECORD
    }
}

/// The contacts that have not come to an end.
pub(crate) fn open(works: &mut [Work]) -> impl Iterator<Item = &mut Work> {
    works.iter_mut().filter(|work| work.ending.is_none())
}

/// Of contacts that would create or link the same, the first goes first; the others are decided again when it is done.
fn keep_twins_back(works: &mut [Work], plans: &mut HashMap<ContactId, Plan>) {
    let mut names = HashSet::new();
    let mut references = HashSet::new();
    let mut xero_ids = HashSet::new();
    for work in open(works) {
        let Some(plan) = plans.get(&work.id) else {
            continue;
        };
        let first_of_name = match &plan.xero {
            XeroWrite::Create(new) => names.insert(NameKey::of(&new.name)),
            XeroWrite::Nothing { .. } | XeroWrite::Change { .. } | XeroWrite::Unknown(_) => true,
        };
        let first_of_reference = references.insert(plan.account_reference.clone());
        let first_of_xero = plan.xero.existing().is_none_or(|id| xero_ids.insert(id));
        if !(first_of_name && first_of_reference && first_of_xero) {
            plans.remove(&work.id);
            work.found = Lookup::NotAsked;
        }
    }
}
