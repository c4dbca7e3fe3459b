//! Asking Xero which contacts fit: the cheaper of reading a few and reading them all.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use rules::{AccountReference, ContactId, ContactNumber, Question, XeroContact, XeroContactId};
use runtime::records::{DeferReason, DirectoryRecord, ONLY};
use runtime::{CallError, Wait};
use store::Expect;
use xero::{Access, Answer, Xero};

use crate::batch::{Batch, open};
use crate::directory::Directory;
use crate::work::Work;

/// An organisation of unknown size is taken for one of two pages; the first page tells.
const USUAL_PAGES: u32 = 2;
/// So many codes of four digits are asked for in one call.
const CODES_A_CALL: usize = 40;
/// A larger organisation is never read as a whole: 50,000 contacts are about 20 MB of memory.
const MAX_PAGES: u32 = 50;

/// The largest directory that is read for what it would have saved: two workers that come to it at once stay within one minute's calls, and within their time.
const MAX_PAGES_FOR_SAVINGS: u32 = 25;

/// What a batch wants to know of Xero, as calls that ask for just that.
#[derive(Debug, Default)]
struct Targets {
    account_numbers: Vec<AccountReference>,
    names: Vec<String>,
    /// Names that cannot stand in a filter.
    search_terms: Vec<String>,
    contact_numbers: Vec<ContactNumber>,
    /// Contacts for which a code may have to be generated, which is looked up next.
    codes: usize,
    /// An account number that no look-up can ask for.
    needs_directory: bool,
}

impl Batch<'_> {
    /// Asks the questions and gives every contact what was found. A contact whose question could not be asked is put off.
    pub(crate) async fn look(
        &self,
        works: &mut [Work],
        questions: &BTreeMap<ContactId, Question>,
        again: bool,
    ) {
        if questions.is_empty() {
            return;
        }
        let linked: Vec<XeroContactId> = questions
            .values()
            .filter_map(|question| {
                if let Question::Linked(id) = question {
                    Some(*id)
                } else {
                    None
                }
            })
            .collect();
        let read = self.read_by_id(&linked).await;
        let is_linked = |work: &Work| matches!(questions.get(&work.id), Some(Question::Linked(_)));
        self.hand_out(works, read, is_linked, |contacts, _| contacts.clone())
            .await;

        let is_match =
            |work: &Work| matches!(questions.get(&work.id), Some(Question::Match { .. }));
        let targets = self.targets(questions, again);
        if targets.is_empty() {
            // There is nothing to match by: nothing is found.
            self.hand_out(works, Ok(()), is_match, |(), _| Vec::new())
                .await;
            return;
        }
        // Whoever asked for another try has just changed something in Xero, or another contact has: what was read a moment before would miss it.
        let asked_again = |work: &Work| {
            let problem = work.problem.as_ref();
            problem.is_some_and(|problem| problem.value.retry) && questions.contains_key(&work.id)
        };
        let needs_fresh = again || works.iter().any(asked_again);
        let mut directory = self.worker.directory.lock().await;
        match self
            .directory_is_cheaper(&mut directory, &targets, needs_fresh)
            .await
        {
            Ok(true) => {
                let Some(directory) = directory.as_ref() else {
                    return;
                };
                self.hand_out(works, Ok(()), is_match, |(), work| {
                    work.customer
                        .as_ref()
                        .map(|customer| directory.candidates(customer))
                        .unwrap_or_default()
                })
                .await;
            }
            Ok(false) => {
                let found = self.read_targets(&targets).await;
                self.would_have_saved(targets.look_ups(self.session.client()).saturating_sub(1));
                if questions.len() > 1 && is_one_contacts_fault(&found) {
                    return self.look_one_by_one(works, questions, again).await;
                }
                self.hand_out(works, found, is_match, |contacts, _| contacts.clone())
                    .await;
            }
            Err(error) => {
                self.hand_out(works, Err::<(), _>(error), is_match, |(), _| Vec::new())
                    .await
            }
        }
    }

    /// Something about one of them cannot be looked up: it must not hold up the others.
    async fn look_one_by_one(
        &self,
        works: &mut [Work],
        questions: &BTreeMap<ContactId, Question>,
        again: bool,
    ) {
        for (contact, question) in questions {
            if !matches!(question, Question::Match { .. }) {
                continue;
            }
            let mut targets = self.targets(&BTreeMap::from([(*contact, question.clone())]), again);
            let mut found = self.read_targets(&targets).await;
            if matches!(found, Err(CallError::Failed(xero::Error::QueryRefused))) {
                // Xero could not read the filter: the search takes any name.
                targets.search_terms.append(&mut targets.names);
                found = self.read_targets(&targets).await;
            }
            let is_it = |work: &Work| work.id == *contact;
            self.hand_out(works, found, is_it, |contacts, _| contacts.clone())
                .await;
        }
    }

    fn targets(&self, questions: &BTreeMap<ContactId, Question>, again: bool) -> Targets {
        let mut targets = Targets::default();
        for (contact, question) in questions {
            let Question::Match {
                account_reference,
                name,
                create_in_doubt,
            } = question
            else {
                continue;
            };
            // A filter cannot hold every character, and the search does not look at account numbers.
            match account_reference {
                Some(reference) if xero::can_be_queried(reference.as_str()) => {
                    targets.account_numbers.push(reference.clone());
                }
                Some(_) => targets.needs_directory = true,
                None => {
                    targets.codes +=
                        usize::from(self.worker.parts.settings.generate_account_reference)
                }
            }
            if let Some(name) = name {
                if xero::can_be_queried(name) {
                    targets.names.push(name.clone())
                } else {
                    targets.search_terms.push(name.clone())
                }
            }
            if *create_in_doubt || again {
                targets.contact_numbers.push(ContactNumber::ours(*contact));
            }
        }
        targets.account_numbers.sort();
        targets.account_numbers.dedup();
        targets.names.sort();
        targets.names.dedup();
        targets
    }

    async fn hand_out<T>(
        &self,
        works: &mut [Work],
        read: Result<T, CallError>,
        concerns: impl Fn(&Work) -> bool,
        found: impl Fn(&T, &Work) -> Vec<XeroContact>,
    ) {
        for work in open(works).filter(|work| concerns(work)) {
            match &read {
                Ok(read) => work.found = Some(found(read, work)),
                Err(error) => self.call_failed(work, error).await,
            }
        }
    }

    /// What a failed call to Xero, which wrote nothing, means for a contact.
    pub(crate) async fn call_failed(&self, work: &mut Work, error: &CallError) {
        match error {
            CallError::Wait(Wait { until, reason }) => self.defer(work, *reason, *until).await,
            CallError::Failed(xero::Error::Transient { retry_after, .. }) => {
                self.defer_for_its_own_sake(work, DeferReason::XeroUnavailable, *retry_after)
                    .await;
            }
            CallError::Failed(error) => {
                tracing::warn!(contact = %work.id, "contact {}: {error}", work.id);
                self.defer_for_its_own_sake(work, DeferReason::UnexpectedAnswer, None)
                    .await;
            }
            CallError::Open(error) => {
                work.ending = Some(Err(store::TableError::Unavailable(error.to_string())))
            }
        }
    }

    /// One call to Xero, unless there is no time left to record what comes of it.
    pub(crate) async fn call<T, F>(&self, make: impl Fn(Xero, Access) -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<Answer<T>, xero::Error>>,
    {
        if self.is_out_of_time() {
            return Err(CallError::Wait(Wait {
                until: self.now,
                reason: DeferReason::OutOfTime,
            }));
        }
        self.session.call(make).await
    }

    /// Reads Xero contacts by id, 40 a call.
    pub(crate) async fn read_by_id(
        &self,
        ids: &[XeroContactId],
    ) -> Result<Vec<XeroContact>, CallError> {
        let mut contacts = Vec::with_capacity(ids.len());
        for ids in ids.chunks(xero::MAX_IDS) {
            contacts.extend(
                self.call(|xero, access| async move { xero.contacts_by_id(&access, ids).await })
                    .await?,
            );
        }
        Ok(contacts)
    }

    pub(crate) async fn read_account_numbers(
        &self,
        references: &[AccountReference],
    ) -> Result<Vec<XeroContact>, CallError> {
        let mut found = Vec::new();
        for references in self.session.client().split_account_numbers(references) {
            found.extend(
                self.call(|xero, access| async move {
                    xero.contacts_by_account_number(&access, references).await
                })
                .await?,
            );
        }
        Ok(found)
    }

    async fn read_targets(&self, targets: &Targets) -> Result<Vec<XeroContact>, CallError> {
        let mut found = self.read_account_numbers(&targets.account_numbers).await?;
        for names in self.session.client().split_names(&targets.names) {
            found.extend(
                self.call(
                    |xero, access| async move { xero.contacts_by_name(&access, names).await },
                )
                .await?,
            );
        }
        for term in &targets.search_terms {
            found.extend(
                self.call(
                    |xero, access| async move { xero.contacts_by_search(&access, term).await },
                )
                .await?,
            );
        }
        for number in &targets.contact_numbers {
            found.extend(
                self.call(
                    |xero, access| async move { xero.contact_by_number(&access, number).await },
                )
                .await?,
            );
        }
        Ok(found)
    }

    /// Makes the directory fresh if that is the cheaper way to answer, counted in calls.
    async fn directory_is_cheaper(
        &self,
        directory: &mut Option<Directory>,
        targets: &Targets,
        needs_fresh: bool,
    ) -> Result<bool, CallError> {
        let tenant = self.records.tenant();
        if directory
            .as_ref()
            .is_some_and(|directory| !directory.is_of(tenant))
        {
            *directory = None;
        }
        let calls = targets.calls(self.session.client());
        let saved = &self.worker.calls_without_directory;
        // Who has looked up so much that it would have paid to read everything does that now.
        let with_savings = calls.saturating_add(saved.load(Ordering::Relaxed));
        let worth = calls.max(with_savings.min(MAX_PAGES_FOR_SAVINGS));
        match directory {
            Some(known) if !needs_fresh && known.is_fresh(self.now) => Ok(true),
            // One call, unless much has changed: no look-up is cheaper.
            Some(known) => {
                let is_fresh = self.refresh(known).await?;
                if !is_fresh {
                    *directory = None;
                }
                Ok(is_fresh)
            }
            None => {
                let known = self
                    .records
                    .get::<DirectoryRecord>(ONLY)
                    .await
                    .map_err(|error| CallError::Open(error.into()))?;
                let known = known.map(|record| record.value.pages);
                // Where two pages were only guessed, a look-up that costs no more cannot turn out to be in vain.
                let is_cheaper = match known {
                    Some(pages) => pages <= worth.min(MAX_PAGES),
                    None => USUAL_PAGES < calls,
                };
                if is_cheaper {
                    // Spent, whether it succeeds or not: a reading that is broken off must not be begun again and again while no contact gets on.
                    saved.store(0, Ordering::Relaxed);
                    *directory = self.read_directory(known, worth).await?;
                }
                Ok(directory.is_some())
            }
        }
    }

    /// Remembers what was spent because there is no directory.
    pub(crate) fn would_have_saved(&self, calls: usize) {
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        let saved = &self.worker.calls_without_directory;
        saved.fetch_add(calls, Ordering::Relaxed);
    }

    /// Asks for what changed. `false` where that is more than is ever read: then a few look-ups are cheaper, and the directory is of no more use.
    async fn refresh(&self, directory: &mut Directory) -> Result<bool, CallError> {
        let since = directory.changed_since();
        let mut page = 1;
        let mut as_of = None;
        loop {
            let answer = self
                .call(|xero, access| async move {
                    xero.directory_page(&access, page, Some(since)).await
                })
                .await?;
            if answer.page_count > MAX_PAGES {
                return Ok(false);
            }
            as_of = as_of.or(Some(answer.as_of));
            answer
                .contacts
                .into_iter()
                .for_each(|contact| directory.put(contact));
            if page >= answer.page_count {
                break;
            }
            page += 1;
        }
        // As of the first page: what changed while the others were read is asked for again.
        if let Some(as_of) = as_of {
            directory.refreshed(as_of, self.now);
        }
        Ok(true)
    }

    /// Reads everything, unless the first page tells that it is not worth that many calls.
    async fn read_directory(
        &self,
        known_pages: Option<u32>,
        worth: u32,
    ) -> Result<Option<Directory>, CallError> {
        let mut directory: Option<Directory> = None;
        let mut page = 1;
        loop {
            let answer = self
                .call(|xero, access| async move { xero.directory_page(&access, page, None).await })
                .await?;
            let pages = answer.page_count;
            if page == 1 && known_pages != Some(pages) {
                let write = self
                    .records
                    .put(ONLY, &DirectoryRecord { pages }, Expect::Anything)
                    .map_err(|error| CallError::Open(error.into()))?;
                self.records
                    .write(vec![write])
                    .await
                    .map_err(|error| CallError::Open(error.into()))?;
            }
            if pages > MAX_PAGES || (page == 1 && pages.saturating_sub(1) > worth) {
                return Ok(None);
            }
            if answer.unreadable > 0 {
                tracing::warn!(
                    unreadable = answer.unreadable,
                    "Xero's list holds contacts that cannot be read; they are never matched"
                );
            }
            let directory = directory.get_or_insert_with(|| {
                Directory::new(self.records.tenant(), answer.as_of, self.now)
            });
            answer
                .contacts
                .into_iter()
                .for_each(|contact| directory.put(contact));
            if page >= pages {
                break;
            }
            page += 1;
        }
        Ok(directory)
    }
}

/// Whether a look-up failed for a reason that another look-up need not share.
fn is_one_contacts_fault<T>(found: &Result<T, CallError>) -> bool {
    matches!(found, Err(CallError::Failed(error)) if !matches!(error, xero::Error::Transient { .. }))
}

impl Targets {
    fn is_empty(&self) -> bool {
        let nothing = self.account_numbers.is_empty()
            && self.names.is_empty()
            && self.search_terms.is_empty()
            && self.contact_numbers.is_empty();
        nothing && !self.needs_directory
    }

    /// How many calls they take, those for codes included.
    fn calls(&self, xero: &Xero) -> u32 {
        if self.needs_directory {
            return u32::MAX;
        }
        let codes = self.codes.div_ceil(CODES_A_CALL);
        u32::try_from(self.look_ups(xero) + codes).unwrap_or(u32::MAX)
    }

    /// How many calls it takes to look them up.
    fn look_ups(&self, xero: &Xero) -> usize {
        let single = self.search_terms.len() + self.contact_numbers.len();
        let filters = xero.split_account_numbers(&self.account_numbers).len()
            + xero.split_names(&self.names).len();
        single + filters
    }
}
