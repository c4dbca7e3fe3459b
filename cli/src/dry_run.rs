//! A dry run: the deployed functions' own code, run here over every contact, with nothing written
//! anywhere.
//!
//! The poll and the worker run as they are, but the worker's pipeline makes no writes
//! ([`sync_contact::dry_run`]). The table is the real one, with everything that would be stored kept in
//! memory above it; BigChange and Xero are only read. So the plan is what would happen, and not a second
//! copy of the rules.

mod read_only;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration as StdDuration;

use anyhow::{Context as _, bail};
use futures::future::BoxFuture;
use indicatif::ProgressBar;
use poll::links::{self, Links};
use poll::{Mode, Poller, Report};
use rules::{
    AccountReference, Alike, AskedBy, Change, Contact, ContactId, GroupFault, Notice, Problem,
    SyncAction, XeroContact, XeroContactId, XeroContactRef,
};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, PauseRecord, ProblemRecord, Records, Stored,
};
use runtime::{CallError, DeadLetter, Lease, Message, Queue, QueueError, Services};
use secrets::{GrantType, XeroAppSecret};
use serde::Serialize;
use serde_json::{Value, json};
use store::{OverlayTable, Table};
use sync_contact::Worker;
use sync_contact::directory::Directory;
use sync_contact::dry_run::DryRun;
use sync_contact::model::{Committed, ContactOutcome};
use time::{Duration, OffsetDateTime};
use xero::IdentityError;

use read_only::ReadOnly;
pub use sync_contact::dry_run::XeroCalls;

use crate::critical;
use crate::group_faults;
use crate::groups;
use crate::tool::{Tool, contact_of, mark_for_retry};

/// Contacts of one event, as the template has it.
pub const BATCH: usize = 200;
/// What a batch may take at most: Xero's limits of a minute may have to be waited for in between.
const BATCH_TIME: Duration = Duration::hours(1);
/// A token that ends sooner is renewed before it is relied upon.
const LEAST_TOKEN_LIFE: Duration = Duration::minutes(5);
/// Whoever is just renewing it takes a few seconds.
const LOOKS_FOR_TOKEN: u32 = 20;
const BETWEEN_LOOKS: StdDuration = StdDuration::from_millis(500);
/// Pages of 1,000 contacts.
const MAX_XERO_PAGES: u32 = 100;
/// How often contacts that were put off are looked at again.
const MAX_PASSES: usize = 60;
/// A pause of Xero that is longer is not waited for.
const LONGEST_PAUSE: Duration = Duration::minutes(3);

/// What would become of one contact.
#[derive(Debug, Clone)]
pub struct PlannedContact {
    /// Which.
    pub id: ContactId,
    /// It, as BigChange has it; `None` where it could not be read or is gone.
    pub contact: Option<Contact>,
    /// What would become of it.
    pub ending: ContactOutcome,
    /// What stands in its way.
    pub problem: Option<Held>,
    /// What would be written.
    pub changes: Vec<Change>,
    /// What the accounts admin should know.
    pub notices: Vec<Notice>,
    /// What of that is so already, and is not only planned.
    pub noted_before: Vec<Notice>,
    /// Its record, as it would be afterwards.
    pub record: ContactRecord,
    /// What was found in Xero.
    pub found: Vec<XeroContact>,
    /// The contacts of Xero that are like it and are there now.
    pub alike: Vec<Alike>,
}

/// A problem, in words.
#[derive(Debug, Clone)]
pub struct Held {
    /// What is wrong.
    pub problem: Problem,
    /// In a sentence.
    pub sentence: String,
    /// What to do about it.
    pub cure: String,
    /// The Xero contacts that it names and that are there now: one that would first be created has no id yet that anybody could use.
    pub candidates: Vec<XeroContactRef>,
}

impl Held {
    /// A problem with its words. `is_there` tells whether a Xero contact is there now.
    #[must_use]
    pub fn new(
        problem: Problem,
        sentence: String,
        cure: String,
        is_there: impl Fn(XeroContactId) -> bool,
    ) -> Self {
        let named = problem.named().into_iter();
        let candidates = named.filter(|named| is_there(named.id)).cloned().collect();
        Self {
            problem,
            sentence,
            cure,
            candidates,
        }
    }
}

impl PlannedContact {
    /// Its name, in one line.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.contact.as_ref().map(|contact| contact.name.as_str());
        rules::normalise_spaces(name.unwrap_or_default())
    }

    /// The Xero contact that it is, or would be, linked to; `None` for one that would be created.
    #[must_use]
    pub fn xero_id(&self) -> Option<XeroContactId> {
        let would_be_created = matches!(self.ending, ContactOutcome::InLine(SyncAction::Created));
        let link = self.record.link.as_ref()?;
        (!would_be_created).then_some(link.xero_id)
    }

    /// The account reference that BigChange has now; blank where it has none, or did not tell it.
    /// What it would become is one of the [changes](Self::changes).
    #[must_use]
    pub fn reference(&self) -> String {
        let contact = self.contact.as_ref();
        let reference = contact.map(|contact| contact.account_reference.trim().to_owned());
        reference.unwrap_or_default()
    }
}

/// What came of a dry run.
pub struct DryRunResult {
    /// The contacts, by id.
    pub contacts: BTreeMap<ContactId, PlannedContact>,
    /// The calls to Xero that one worker makes for them.
    pub calls: XeroCalls,
    /// How many problems are recorded now.
    pub recorded: Recorded,
    /// Xero's contacts as they are there now, as far as they were read.
    pub in_xero: BTreeMap<XeroContactId, XeroContactRef>,
}

/// The problems that are recorded now, beside those that a dry run finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Recorded {
    /// How many there are, as `contact-sync problems` and `status` count them.
    pub problems: usize,
    /// How many of them a dry run does not find any more.
    pub cleared: usize,
}

impl Recorded {
    /// Why a dry run with so many problems counts others than `contact-sync problems`; `None` where
    /// it does not.
    #[must_use]
    pub fn differs_from(self, found: usize) -> Option<String> {
        let Self { problems, cleared } = self;
        let new = (found + cleared).saturating_sub(problems);
        (new > 0 || cleared > 0).then(|| {
            format!(
                "contact-sync problems and status count the {problems} that are recorded: {new} of those here are not recorded yet, and {cleared} recorded ones clear when their contacts are next synchronised."
            )
        })
    }
}

/// What is planned.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// Everything; Xero is asked as the deployed worker asks it.
    Everything,
    /// These contacts.
    Contacts(&'a [ContactId]),
    /// Everything, and every contact of the Xero organisation is read first.
    BothSides,
}

/// Runs a dry run: of everything, or of some contacts.
///
/// # Errors
/// Where a system does not answer or a person must act first; one line that says which.
pub async fn run(tool: &Tool, scope: Scope<'_>) -> anyhow::Result<DryRunResult> {
    let runner = Runner::begin(tool).await?;
    // Where names are not matched the synchronisation does not look them up, and Xero refuses one that
    // is taken: only who knows them can foresee that.
    let is_of_all = !matches!(scope, Scope::Contacts(_));
    let mut in_xero = BTreeMap::new();
    if is_of_all || !tool.configuration.settings.match_by_name {
        let spinner = tool.ui.spinner("Reading the Xero organisation");
        let read = runner.read_xero(tool).await;
        spinner.finish_and_clear();
        let read = read?;
        if is_of_all {
            runner.compare_links(&read).await?;
        }
        in_xero = named(read.values());
        if !matches!(scope, Scope::BothSides) {
            runner.forget_what_was_read().await;
        }
    }
    let recorded = runner.records.list::<ProblemRecord>("").await?;
    let contacts = if let Scope::Contacts(only) = scope {
        mark_for_retry(&runner.records, only).await?;
        links::mark(&runner.records, only, OffsetDateTime::now_utc()).await?;
        only.iter().copied().collect()
    } else {
        let spinner = tool.ui.spinner("Reading BigChange's contact groups");
        let listed = runner.list_everything(tool).await;
        spinner.finish_and_clear();
        listed?
    };
    let asked = contacts.clone();
    let bar = tool.ui.bar(contacts.len(), "Reading contacts");
    let worked = runner.work(tool, contacts, &bar).await;
    bar.finish_and_clear();
    worked?;
    let stored = Records::new(tool.table.clone(), runner.records.tenant());
    let mut result = runner.result(&asked, &recorded).await?;
    note_what_was_noted(&stored, &mut result).await?;
    result.in_xero = in_xero;
    Ok(result)
}

/// Tells the notices that are recorded already from those that are only planned.
async fn note_what_was_noted(stored: &Records, result: &mut DryRunResult) -> anyhow::Result<()> {
    let contacts = result.contacts.values_mut();
    let noticed: Vec<&mut PlannedContact> = contacts
        .filter(|planned| !planned.notices.is_empty())
        .collect();
    let ids: Vec<ContactId> = noticed.iter().map(|planned| planned.id).collect();
    let mut known = stored.get_many::<ContactRecord>(&ids).await?;
    for planned in noticed {
        if let Some(known) = known.remove(&planned.id.to_string()) {
            planned.noted_before = known.value.notices;
        }
    }
    Ok(())
}

/// Contacts of Xero by their ids, with what people know them by.
pub fn named<'a>(
    contacts: impl IntoIterator<Item = &'a XeroContact>,
) -> BTreeMap<XeroContactId, XeroContactRef> {
    let contacts = contacts.into_iter();
    contacts
        .map(|contact| (contact.id, XeroContactRef::from(contact)))
        .collect()
}

/// The worker and what is around it.
struct Runner {
    worker: Worker,
    poller: Poller,
    records: Records,
    queue: Arc<Captured>,
    read_only: Arc<ReadOnly>,
    dry_run: Arc<DryRun>,
    seen: Arc<Mutex<BTreeMap<ContactId, PlannedContact>>>,
}

impl Runner {
    async fn begin(tool: &Tool) -> anyhow::Result<Self> {
        fresh_token(tool).await?;
        let configuration = &tool.configuration;
        let table: Arc<dyn Table> = Arc::new(OverlayTable::over(tool.table.clone()));
        let queue = Arc::new(Captured::default());
        let read_only = Arc::new(ReadOnly::new(
            tool.transport.clone(),
            configuration.bigchange_url.clone(),
            configuration.xero_api_url.clone(),
        ));
        let seen = Arc::new(Mutex::new(BTreeMap::new()));
        let parts = || tool.parts(table.clone(), queue.clone(), read_only.clone());
        let poller = Poller::new(parts());
        let records = {
            let opened = poller.services.xero.open().await?;
            if opened.organisation_changed {
                bail!(another_organisation(tool).await?);
            }
            if let Err(wait) = opened.ready {
                bail!(cannot_ask_xero(&opened.records, wait.reason).await?);
            }
            opened.records
        };
        let observed = seen.clone();
        let observer = move |committed: &Committed| {
            if let Some(planned) = planned(committed) {
                let mut seen = observed.lock().unwrap_or_else(PoisonError::into_inner);
                seen.insert(planned.id, planned);
            }
        };
        let dry_run = Arc::new(DryRun::new(records.tenant(), OffsetDateTime::now_utc()));
        let worker = Worker::new(parts()).with_dry_run(dry_run.clone());
        Ok(Self {
            worker: worker.with_observer(Arc::new(observer)),
            poller,
            records,
            queue,
            read_only,
            dry_run,
            seen,
        })
    }

    /// What a full sweep would queue.
    async fn list_everything(&self, tool: &Tool) -> anyhow::Result<BTreeSet<ContactId>> {
        // A real poll may hold the lease at this moment; it does not see this one.
        let lease = Lease::freed(&self.records, poll::LEASE);
        self.records.write(vec![lease]).await?;
        let report = match self.poller.poll(Mode::Full, AskedBy::Person).await {
            Ok(report) => report,
            Err(error) => return Err(groups::explained(tool, error).await),
        };
        match report {
            Report::Done(_) => {
                let settings = &tool.configuration.settings;
                for (group, fault) in group_faults::failing(&self.records, settings).await? {
                    tool.ui.tell(group_faults::describe(group, &fault));
                    if fault.fault == GroupFault::NoSuchGroup
                        && let Ok(groups) = tool.groups().await
                    {
                        tool.ui
                            .tell(format!("BigChange: {}.", groups::listed(&groups)));
                    }
                }
                Ok(self.queue.take())
            }
            Report::AnotherIsAtIt | Report::SwitchedOff { .. } | Report::NotConnectedYet => {
                bail!("the contact groups could not be read; try again")
            }
            Report::OrganisationChanged => bail!(another_organisation(tool).await?),
        }
    }

    /// What the daily look does: links that are no longer true are looked at.
    async fn compare_links(
        &self,
        in_xero: &BTreeMap<XeroContactId, XeroContact>,
    ) -> anyhow::Result<()> {
        let links = Links::read(&self.records).await?;
        let contacts: Vec<XeroContact> = in_xero.values().cloned().collect();
        let mut contradicted = links.contradicted_by(&self.records, &contacts).await?;
        let listed = in_xero.keys().copied().collect();
        contradicted.extend(links.not_listed(&self.records, &listed).await?);
        let contradicted: Vec<ContactId> = contradicted.into_iter().collect();
        links::mark(&self.records, &contradicted, OffsetDateTime::now_utc()).await?;
        Ok(())
    }

    /// Every contact of the organisation. The worker is given it too, so that it need not ask again.
    async fn read_xero(&self, tool: &Tool) -> anyhow::Result<BTreeMap<XeroContactId, XeroContact>> {
        let mut contacts = BTreeMap::new();
        let mut directory = None;
        let mut pages = xero::Pages::at_most(MAX_XERO_PAGES);
        loop {
            let page = pages.page();
            let opened = self.poller.services.xero.open().await?;
            let session = match opened.ready {
                Ok(session) => session,
                Err(wait) => bail!(cannot_ask_xero(&self.records, wait.reason).await?),
            };
            let answer = session
                .call(|xero, access| async move { xero.directory_page(&access, page, None).await })
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(CallError::Paused(wait)) if wait.reason.is_pause_of_xero() => {
                    self.wait_for_xero(tool, wait.until).await?;
                    continue;
                }
                Err(CallError::Paused(wait)) => {
                    bail!(cannot_ask_xero(&self.records, wait.reason).await?)
                }
                Err(CallError::Failed(error)) => {
                    return Err(error).context("Xero could not be read");
                }
                Err(CallError::Open(error)) => return Err(error.into()),
            };
            let read_at = OffsetDateTime::now_utc();
            let known = directory.get_or_insert_with(|| {
                Directory::new(self.records.tenant(), answer.as_of, read_at)
            });
            let step = pages.take(&answer.contacts, answer.unreadable, answer.page_count);
            for contact in answer.contacts {
                known.put(contact.clone());
                contacts.insert(contact.id, contact);
            }
            match step {
                xero::Step::Next(_) => {}
                xero::Step::End => break,
                xero::Step::TooMany => bail!(
                    "the Xero organisation has more than {MAX_XERO_PAGES},000 contacts, which is more than can be checked"
                ),
            }
        }
        if let Some(known) = &directory {
            self.dry_run.know(known.clone());
        }
        *self.worker.directory.lock().await = directory;
        Ok(contacts)
    }

    /// The reading was for foresight: the worker does not know of it, and its calls do not count.
    async fn forget_what_was_read(&self) {
        *self.worker.directory.lock().await = None;
        self.read_only.forget_reads();
    }

    /// Works the contacts, and again those that were put off or woken, as the poll and the queue would bring them round.
    async fn work(
        &self,
        tool: &Tool,
        contacts: BTreeSet<ContactId>,
        bar: &ProgressBar,
    ) -> anyhow::Result<()> {
        let mut next = contacts;
        let mut tried_again = BTreeSet::new();
        for _ in 0..MAX_PASSES {
            let asked = next;
            let all: Vec<ContactId> = asked.iter().copied().collect();
            for batch in all.chunks(BATCH) {
                // A long dry run outlives a token; and the deployed refresh may be late.
                fresh_token(tool).await?;
                let deadline = OffsetDateTime::now_utc() + BATCH_TIME;
                sync_contact::handle(&self.worker, &event(batch), deadline).await?;
                bar.set_position(u64::try_from(self.seen().len()).unwrap_or(u64::MAX));
            }
            next = self.queue.take();
            let deferred = self.records.list::<DeferredRecord>("").await?;
            let mut until = None;
            for record in deferred {
                let contact = contact_of(&record)?;
                if !asked.contains(&contact) {
                    continue;
                }
                match record.value.reason {
                    DeferReason::XeroLimit => {
                        until = until.max(Some(record.value.due));
                        next.insert(contact);
                    }
                    DeferReason::ReferencesNotRead
                    | DeferReason::BatchConflict
                    | DeferReason::OutOfTime
                    | DeferReason::ChangedInXero
                    | DeferReason::SwitchedOff => drop(next.insert(contact)),
                    DeferReason::XeroUnavailable => {
                        if tried_again.insert(contact) {
                            until = until.max(Some(record.value.due));
                            next.insert(contact);
                        }
                    }
                    DeferReason::BigChangeUnavailable
                    | DeferReason::UnexpectedAnswer
                    | DeferReason::XeroRefusesLookups => {
                        if tried_again.insert(contact) {
                            next.insert(contact);
                        }
                    }
                    DeferReason::BigChangeRefusedLogin => bail!(
                        "BigChange does not let the synchronisation in: contact-sync connect bigchange"
                    ),
                    DeferReason::NotConnected => {
                        bail!(cannot_ask_xero(&self.records, record.value.reason).await?)
                    }
                    // A real worker is at it, or was when it stopped.
                    DeferReason::AnotherWorker
                    | DeferReason::NewerVersion
                    | DeferReason::Unknown => {}
                }
            }
            // Where nothing has come of a pass but the same again, nothing will of another.
            if next.is_empty() || (until.is_none() && next == asked) {
                return Ok(());
            }
            if let Some(until) = until {
                self.wait_for_xero(tool, until).await?;
            }
        }
        tool.ui
            .tell("Some contacts are still put off after many rounds; plan again later.");
        Ok(())
    }

    async fn wait_for_xero(&self, tool: &Tool, until: OffsetDateTime) -> anyhow::Result<()> {
        let wait = until - OffsetDateTime::now_utc();
        if wait > LONGEST_PAUSE {
            bail!(
                "Xero is left alone for {} minutes more; try again then",
                wait.whole_minutes()
            );
        }
        tool.ui.tell(format!(
            "Xero's limit of calls is reached, or Xero does not answer; going on in {} s",
            wait.whole_seconds().max(1)
        ));
        let wait = StdDuration::try_from(wait).unwrap_or_default();
        tokio::time::sleep(wait + StdDuration::from_secs(1)).await;
        Ok(())
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, BTreeMap<ContactId, PlannedContact>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn result(
        self,
        asked: &BTreeSet<ContactId>,
        recorded: &[Stored<ProblemRecord>],
    ) -> anyhow::Result<DryRunResult> {
        let problems = self.records.list::<ProblemRecord>("").await?;
        let is_there = |id| !self.dry_run.would_be_created(id);
        let mut contacts = std::mem::take(&mut *self.seen());
        for planned in contacts.values_mut() {
            planned.alike.retain(|one| is_there(one.xero.id));
        }
        for id in asked {
            contacts.entry(*id).or_insert_with(|| not_seen(*id));
        }
        for problem in problems {
            if let Some(planned) = contacts.get_mut(&contact_of(&problem)?)
                && matches!(
                    planned.ending,
                    ContactOutcome::Held(_) | ContactOutcome::StillHeld(_)
                )
            {
                let ProblemRecord {
                    problem,
                    sentence,
                    cure,
                    ..
                } = problem.value;
                planned.problem = Some(Held::new(problem, sentence, cure, is_there));
            }
        }
        let is_held = |contact: &ContactId| {
            let planned = contacts.get(contact);
            planned.is_some_and(|planned| planned.problem.is_some())
        };
        let mut cleared = 0;
        for problem in recorded {
            cleared += usize::from(!is_held(&contact_of(problem)?));
        }
        Ok(DryRunResult {
            recorded: Recorded {
                problems: recorded.len(),
                cleared,
            },
            contacts,
            calls: self.dry_run.calls(self.read_only.xero_reads()),
            in_xero: BTreeMap::new(),
        })
    }
}

/// Whether the deployed functions could get on with what is queued now; the Xero token is renewed where it has run out.
///
/// # Errors
/// Where a person must act first: one line that says what.
pub async fn ready_to_work(tool: &Tool) -> anyhow::Result<()> {
    fresh_token(tool).await?;
    let parts = looking_parts(tool);
    let opened = parts.xero.open().await?;
    if opened.organisation_changed {
        bail!(another_organisation(tool).await?);
    }
    match opened.ready {
        // A pause of Xero is waited for by whoever works.
        Ok(_) => Ok(()),
        Err(wait) if wait.reason.is_pause_of_xero() => Ok(()),
        Err(wait) => bail!(cannot_ask_xero(&opened.records, wait.reason).await?),
    }
}

/// Services that write nothing.
fn looking_parts(tool: &Tool) -> Services {
    let table: Arc<dyn Table> = Arc::new(OverlayTable::over(tool.table.clone()));
    tool.parts(table, Arc::new(Captured::default()), tool.transport.clone())
}

/// Contacts of the Xero organisation, by their ids and account numbers: as they are now.
///
/// # Errors
/// Where Xero cannot be asked.
pub async fn read_xero_contacts(
    tool: &Tool,
    ids: &[XeroContactId],
    account_numbers: &[AccountReference],
) -> anyhow::Result<Vec<XeroContact>> {
    let parts = looking_parts(tool);
    let opened = parts.xero.open().await?;
    if opened.organisation_changed {
        bail!(another_organisation(tool).await?);
    }
    let session = match opened.ready {
        Ok(session) => session,
        Err(wait) => bail!(cannot_ask_xero(&opened.records, wait.reason).await?),
    };
    let mut contacts = Vec::with_capacity(ids.len());
    for ids in ids.chunks(xero::MAX_IDS) {
        let found = session
            .call(|xero, access| async move { xero.contacts_by_id(&access, ids).await })
            .await;
        contacts.extend(or_say_why(&opened.records, found).await?);
    }
    let spellings: Vec<String> = account_numbers
        .iter()
        .flat_map(rules::account_number_spellings)
        .collect();
    for numbers in session.client().split_account_numbers(&spellings) {
        let found =
            session
                .call(|xero, access| async move {
                    xero.contacts_by_account_number(&access, numbers).await
                })
                .await;
        contacts.extend(or_say_why(&opened.records, found).await?);
    }
    Ok(contacts)
}

async fn or_say_why<T>(records: &Records, found: Result<T, CallError>) -> anyhow::Result<T> {
    match found {
        Ok(found) => Ok(found),
        Err(CallError::Paused(wait)) => bail!(cannot_ask_xero(records, wait.reason).await?),
        Err(CallError::Failed(error)) => Err(error).context("Xero could not be read"),
        Err(CallError::Open(error)) => Err(error.into()),
    }
}

async fn another_organisation(tool: &Tool) -> anyhow::Result<String> {
    let changed = tool.organisation_changed().await?;
    Ok(changed.unwrap_or_else(|| "the Xero organisation has just changed; try again".to_owned()))
}

/// Renews the Xero token where it has run out, or soon will, as the deployed refresh does.
///
/// # Errors
/// Where a person must act.
pub async fn fresh_token(tool: &Tool) -> anyhow::Result<()> {
    use refresh_token::{Outcome as Refreshed, RefreshError};
    if has_fresh_token(tool).await? {
        return Ok(());
    }
    if is_never_connected(tool).await? {
        bail!("Xero is not connected yet: contact-sync connect xero");
    }
    tool.check_clock().await?;
    tool.ui.tell("The Xero token has run out; renewing it ...");
    // Xero has replaced the old token once it has answered: what it answered must be stored, whatever comes.
    let section = critical::section().await;
    let refreshed = refresh_token::refresh(&tool.refresh_parts()).await;
    drop(section);
    match refreshed.map_err(|error| match error {
        RefreshError::Secret(_)
        | RefreshError::AppNotEntered(_)
        | RefreshError::NoRefreshToken
        | RefreshError::NoOrganisation
        | RefreshError::SeveralOrganisations(_) => {
            anyhow::anyhow!("Xero is not connected rightly: {error}")
        }
        RefreshError::Vault(_) | RefreshError::Table(_) => error.into(),
    })? {
        Refreshed::Fresh
        | Refreshed::Refreshed
        | Refreshed::Recovered
        | Refreshed::OrganisationLearnt => Ok(()),
        Refreshed::AnotherIsAtIt | Refreshed::Superseded => {
            for _ in 0..LOOKS_FOR_TOKEN {
                if has_fresh_token(tool).await? {
                    return Ok(());
                }
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
            bail!("the Xero token is just being renewed by another; try again in a minute")
        }
        Refreshed::NotConnectedYet => {
            bail!("no Xero organisation is connected yet: contact-sync connect xero")
        }
        Refreshed::TryAgain => {
            bail!("Xero's token service gives no usable answer; try again in a few minutes")
        }
        Refreshed::ConnectionDead | Refreshed::Disconnected => {
            bail!("Xero no longer accepts this connection: contact-sync connect xero")
        }
        Refreshed::DisconnectedByPerson => {
            bail!("a person disconnected Xero: contact-sync connect xero connects it again")
        }
        Refreshed::AppRejected => bail!(IdentityError::InvalidClient),
        Refreshed::ScopesRefused => bail!(IdentityError::InvalidScope),
    }
}

/// Whether nobody has connected Xero yet. A custom connection gets its token by itself.
///
/// # Errors
/// Where the secrets cannot be read.
pub async fn is_never_connected(tool: &Tool) -> anyhow::Result<bool> {
    let app = tool.vault.current(&tool.configuration.xero_app_secret_id);
    let app = app.await?.value;
    if XeroAppSecret::is_blank(&app) {
        return Ok(true);
    }
    let waits_for_a_person =
        XeroAppSecret::parse(&app).is_ok_and(|app| app.grant_type == GrantType::AuthorizationCode);
    Ok(waits_for_a_person && tool.token().await.is_ok_and(|token| token.is_blank()))
}

async fn has_fresh_token(tool: &Tool) -> anyhow::Result<bool> {
    let token = tool.token().await?;
    let end = token
        .expires_at
        .filter(|_| token.access_token.is_some() && token.tenant_id.is_some());
    Ok(end.is_some_and(|end| end > OffsetDateTime::now_utc() + LEAST_TOKEN_LIFE))
}

async fn cannot_ask_xero(records: &Records, reason: DeferReason) -> anyhow::Result<String> {
    if reason.is_pause_of_xero() {
        let pause = records
            .get::<PauseRecord>(runtime::records::SINGLETON)
            .await?;
        let pause = pause.context("Xero is left alone for a while; try again in a minute")?;
        return Ok(format!(
            "Xero is left alone until {}: {}; try again then",
            crate::time_text::moment(pause.value.until),
            pause.value.why
        ));
    }
    Ok(
        "the connection to Xero is not usable now: contact-sync status says how it stands, contact-sync connect xero connects it anew"
            .to_owned(),
    )
}

/// A contact that came to no end: the store or a system failed over it.
fn not_seen(id: ContactId) -> PlannedContact {
    PlannedContact {
        id,
        contact: None,
        ending: ContactOutcome::Deferred(DeferReason::UnexpectedAnswer),
        problem: None,
        changes: Vec::new(),
        notices: Vec::new(),
        noted_before: Vec::new(),
        record: ContactRecord::default(),
        found: Vec::new(),
        alike: Vec::new(),
    }
}

fn planned(committed: &Committed) -> Option<PlannedContact> {
    let ending = committed.outcome.as_ref().ok()?.clone();
    let record = committed.state.content();
    Some(PlannedContact {
        id: committed.state.id,
        contact: committed.seen.contact.clone(),
        ending,
        problem: None,
        changes: committed.state.met.changes.clone(),
        notices: record.notices.clone(),
        noted_before: Vec::new(),
        record,
        found: committed.seen.found.clone().unwrap_or_default(),
        alike: committed.seen.alike.clone(),
    })
}

/// An event as SQS would hand it over.
fn event(contacts: &[ContactId]) -> Value {
    let records = contacts.iter().map(|contact| {
        json!({
            "messageId": contact.to_string(),
            "body": json!({"contact_id": contact, "by": AskedBy::Person}).to_string(),
        })
    });
    json!({ "Records": records.collect::<Vec<_>>() })
}

/// A queue that only remembers.
#[derive(Default)]
struct Captured {
    contacts: Mutex<BTreeSet<ContactId>>,
}

impl Captured {
    fn take(&self) -> BTreeSet<ContactId> {
        let mut contacts = self.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *contacts)
    }
}

impl Queue for Captured {
    fn send<'a>(&'a self, messages: &'a [Message]) -> BoxFuture<'a, Result<(), QueueError>> {
        let mut all = self.contacts.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend(messages.iter().map(|message| message.contact_id));
        Box::pin(async { Ok(()) })
    }

    fn give_up<'a>(&'a self, _letter: &'a DeadLetter) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async { Ok(()) })
    }
}
