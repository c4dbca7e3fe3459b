//! Asking Xero which contacts fit: the cheaper of reading a few and reading them all.
//!
//! Both ways find the same: a name is looked for by one of its words, since Xero's own comparison of
//! whole names heeds spaces, and whatever comes is compared here, by [`Directory::candidates`]. A
//! question that Xero refuses is answered from the list of all contacts, never taken for "not found".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use rules::{
    ContactId, ContactNumber, ContactStatus, Problem, Question, XeroContact, XeroContactId,
    account_number_spellings, holds_after_refused_lookup, search_words,
};
use runtime::records::{DeferReason, DirectoryRecord, ONLY, QueryKind};
use runtime::telemetry::Metric;
use runtime::{CallError, Wait};
use time::Duration;
use xero::{Access, Answer, Pages, Step, Xero};

use crate::batch::{Batch, open};
use crate::directory::{Directory, HalfRead};
use crate::work::{Lookup, Work};

/// An organisation of unknown size is taken for one of two pages; the first page tells.
const USUAL_PAGES: u32 = 2;
/// So many codes of four digits are asked for in one call.
const CODES_A_CALL: usize = 40;
/// A larger organisation is never read as a whole: 50,000 contacts are about 20 MB of memory.
pub(crate) const MAX_PAGES: u32 = 50;
/// Where a search finds more pages than this, the directory tells more for fewer calls.
const MAX_SEARCH_PAGES: u32 = 5;

/// From so many look-ups on, a batch is taken for one of several.
const MANY_LOOK_UPS: u32 = 10;

/// What a batch wants to know of Xero, as calls that ask for just that.
#[derive(Debug, Default)]
struct Targets {
    /// In every spelling that is asked for.
    account_numbers: Vec<String>,
    /// A word of each name.
    words: BTreeSet<String>,
    contact_numbers: Vec<ContactNumber>,
    /// Contacts for which a code may have to be generated, which is looked up next.
    codes: usize,
    /// An account number or a name that no look-up can ask for.
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
        let refused: BTreeSet<ContactId> = works
            .iter()
            .filter(|work| work.looked_again && is_match(work))
            .map(|work| work.id)
            .collect();
        let targets = self.targets(questions, &refused);
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
        let mut kept = self.worker.directory.lock().await;
        let mut is_read = self
            .directory_is_cheaper(&mut kept, &targets, needs_fresh)
            .await;
        let mut unanswered = None;
        if matches!(is_read, Ok(false)) {
            let found = self.read_targets(&targets).await;
            self.would_have_saved(targets.look_ups(self.session.client()).saturating_sub(1));
            if !found.as_ref().is_err_and(is_refused) {
                drop(kept);
                if questions.len() > 1 && is_one_contacts_fault(&found) {
                    return self.look_one_by_one(works, questions, &refused).await;
                }
                return self.hand_out_found(works, found, is_match).await;
            }
            // Xero does not take the question: the list of all contacts answers it as well.
            is_read = self.read_whole(&mut kept).await;
            unanswered = found.err();
        }
        match (is_read, kept.as_mut()) {
            (Ok(true), Some(directory)) => {
                self.hand_out_from(works, directory, is_match).await;
                self.look_behind_refusals(works, questions, &refused, directory)
                    .await;
                self.read_archived(works, directory, is_match).await;
            }
            (Ok(_), _) => {
                drop(kept);
                match unanswered {
                    Some(error) if questions.len() == 1 => {
                        self.hand_out_found(works, Err(error), is_match).await
                    }
                    // Too many to read: only those are put off whose own question Xero refuses.
                    _ => self.look_one_by_one(works, questions, &refused).await,
                }
            }
            (Err(error), _) => {
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
        refused: &BTreeSet<ContactId>,
    ) {
        for (contact, question) in questions {
            if !matches!(question, Question::Match { .. }) {
                continue;
            }
            let question = BTreeMap::from([(*contact, question.clone())]);
            let targets = self.targets(&question, refused);
            let found = self.read_targets(&targets).await;
            self.hand_out_found(works, found, |work| work.id == *contact)
                .await;
        }
    }

    /// Looks for each contact whose create Xero refused, whatever the directory says: a contact that
    /// moved while pages were read may be in none of them, and does not show among the changes either.
    async fn look_behind_refusals(
        &self,
        works: &mut [Work],
        questions: &BTreeMap<ContactId, Question>,
        refused: &BTreeSet<ContactId>,
        directory: &mut Directory,
    ) {
        let questions: BTreeMap<_, _> = questions
            .iter()
            .filter(|(contact, _)| refused.contains(contact))
            .map(|(contact, question)| (*contact, question.clone()))
            .collect();
        if questions.is_empty() {
            return;
        }
        let targets = self.targets(&questions, refused);
        let concerns = |work: &Work| questions.contains_key(&work.id);
        match self.read_what_can_be_asked(&targets).await {
            Ok(found) => {
                found.into_iter().for_each(|contact| directory.put(contact));
                self.hand_out_from(works, directory, concerns).await;
            }
            Err(error) => {
                self.hand_out(works, Err::<(), _>(error), concerns, |(), _| Vec::new())
                    .await
            }
        }
    }

    /// Reads the archived contacts among the candidates by id: Xero's short list may leave out what a contact was merged into, which a person is told.
    async fn read_archived(
        &self,
        works: &mut [Work],
        directory: &mut Directory,
        concerns: impl Fn(&Work) -> bool,
    ) {
        let is_open_question = |found: &&XeroContact| {
            found.status == ContactStatus::Archived && found.merged_into.is_none()
        };
        let has_open_question = |work: &Work| {
            concerns(work) && work.found.contacts().any(|found| is_open_question(&found))
        };
        let ids: BTreeSet<XeroContactId> = open(works)
            .filter(|work| concerns(work))
            .flat_map(|work| work.found.contacts().filter(is_open_question))
            .map(|found| found.id)
            .collect();
        if ids.is_empty() {
            return;
        }
        let ids: Vec<_> = ids.into_iter().collect();
        match self.read_by_id(&ids).await {
            Ok(read) => {
                read.into_iter().for_each(|contact| directory.put(contact));
                self.hand_out_from(works, directory, has_open_question)
                    .await;
            }
            Err(error) => {
                self.hand_out(works, Err::<(), _>(error), has_open_question, |(), _| {
                    Vec::new()
                })
                .await
            }
        }
    }

    fn targets(
        &self,
        questions: &BTreeMap<ContactId, Question>,
        refused: &BTreeSet<ContactId>,
    ) -> Targets {
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
                    targets
                        .account_numbers
                        .extend(account_number_spellings(reference));
                }
                Some(_) => targets.needs_directory = true,
                None => {
                    targets.codes +=
                        usize::from(self.worker.parts.settings.generate_account_reference)
                }
            }
            if let Some(name) = name {
                let words = search_words(name);
                targets.needs_directory |= words.is_empty();
                targets.words.extend(words);
            }
            if *create_in_doubt || refused.contains(contact) {
                targets.contact_numbers.push(ContactNumber::ours(*contact));
            }
        }
        targets.account_numbers.sort();
        targets.account_numbers.dedup();
        targets
    }

    /// Gives every contact those of a directory that may be its own.
    async fn hand_out_from(
        &self,
        works: &mut [Work],
        directory: &Directory,
        concerns: impl Fn(&Work) -> bool,
    ) {
        self.hand_out(works, Ok(()), concerns, |(), work| {
            work.customer
                .as_ref()
                .map(|customer| directory.candidates(customer))
                .unwrap_or_default()
        })
        .await;
    }

    /// Gives every contact those of a few that may be its own, as the directory would.
    async fn hand_out_found(
        &self,
        works: &mut [Work],
        found: Result<Vec<XeroContact>, CallError>,
        concerns: impl Fn(&Work) -> bool,
    ) {
        match found {
            Ok(found) => {
                let mut few = Directory::new(self.records.tenant(), self.now, self.now);
                found.into_iter().for_each(|contact| few.put(contact));
                self.hand_out_from(works, &few, concerns).await;
            }
            Err(error) => {
                self.hand_out(works, Err::<(), _>(error), concerns, |(), _| Vec::new())
                    .await
            }
        }
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
                Ok(read) => work.found = Lookup::Found(found(read, work)),
                Err(error) => {
                    work.found = Lookup::NotAnswered;
                    self.call_failed(work, error).await;
                }
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
            error if is_refused(error) => self.lookup_refused(work).await,
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

    /// Xero does not say whether it has this contact, in whichever way it is asked.
    async fn lookup_refused(&self, work: &mut Work) {
        work.found = Lookup::Refused;
        let deferred = work.deferred.as_ref();
        let waited = deferred.map_or(Duration::ZERO, |deferred| self.now - deferred.value.since);
        let problem = work.problem.as_ref().map(|problem| &problem.value.problem);
        let is_held_for_it = problem == Some(&Problem::XeroRefusesLookups);
        let waited = waited.try_into().unwrap_or_default();
        if holds_after_refused_lookup(work.attempts(), waited, is_held_for_it) {
            let surroundings = &self.worker.parts.surroundings;
            surroundings.count(Metric::XeroRefusesLookups);
            self.hold(work, Problem::XeroRefusesLookups).await;
        } else {
            self.defer_for_its_own_sake(work, DeferReason::XeroRefusesLookups, None)
                .await;
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
        numbers: &[String],
    ) -> Result<Vec<XeroContact>, CallError> {
        let mut found = Vec::new();
        for numbers in self.session.client().split_account_numbers(numbers) {
            found.extend(
                self.ask(QueryKind::AccountNumber, |xero, access| async move {
                    xero.contacts_by_account_number(&access, numbers).await
                })
                .await?,
            );
        }
        Ok(found)
    }

    /// Everything that Xero's search finds.
    pub(crate) async fn search(&self, term: &str) -> Result<Vec<XeroContact>, CallError> {
        let mut found = Vec::new();
        let mut pages = Pages::at_most(MAX_SEARCH_PAGES);
        loop {
            let page = pages.page();
            let answer = self
                .ask(QueryKind::Search, |xero, access| async move {
                    xero.contacts_by_search(&access, term, page).await
                })
                .await?;
            let step = pages.take(&answer.contacts, 0, answer.page_count);
            found.extend(answer.contacts);
            match step {
                Step::Next(_) => {}
                Step::End => return Ok(found),
                Step::TooMany => return Err(CallError::Failed(xero::Error::TooManyContacts)),
            }
        }
    }

    /// All that carry a contact number: two can, and Xero's answer for the number alone would name one of them.
    async fn read_contact_number(
        &self,
        number: &ContactNumber,
    ) -> Result<Vec<XeroContact>, CallError> {
        match self.search(number.as_str()).await {
            Ok(mut found) => {
                let is_it =
                    |held: &ContactNumber| held.as_str().eq_ignore_ascii_case(number.as_str());
                found.retain(|contact| contact.contact_number.as_ref().is_some_and(is_it));
                Ok(found)
            }
            // This works in organisations of any size. Where it finds one, no create follows.
            Err(error) if is_refused(&error) => {
                let one = self
                    .call(
                        |xero, access| async move { xero.contact_by_number(&access, number).await },
                    )
                    .await?;
                Ok(one.into_iter().collect())
            }
            Err(error) => Err(error),
        }
    }

    /// Looks up everything that is wanted. An error where anything of it is not known.
    async fn read_targets(&self, targets: &Targets) -> Result<Vec<XeroContact>, CallError> {
        if targets.needs_directory || self.refuses_any(targets, false).await? {
            return Err(CallError::Failed(xero::Error::QueryRefused));
        }
        let mut found = self.read_account_numbers(&targets.account_numbers).await?;
        for word in &targets.words {
            found.extend(self.search(word).await?);
        }
        for number in &targets.contact_numbers {
            found.extend(self.read_contact_number(number).await?);
        }
        Ok(found)
    }

    /// Looks up what Xero lets itself be asked, for adding to what the directory knows.
    async fn read_what_can_be_asked(
        &self,
        targets: &Targets,
    ) -> Result<Vec<XeroContact>, CallError> {
        let unless_refused = |found: Result<Vec<XeroContact>, CallError>| match found {
            Err(error) if is_refused(&error) => Ok(Vec::new()),
            found => found,
        };
        let mut found = unless_refused(self.read_account_numbers(&targets.account_numbers).await)?;
        for word in &targets.words {
            found.extend(unless_refused(self.search(word).await)?);
        }
        for number in &targets.contact_numbers {
            found.extend(self.read_contact_number(number).await?);
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
        let calls = if self.refuses_any(targets, true).await? {
            u32::MAX
        } else {
            targets.calls(self.session.client())
        };
        let saved = &self.worker.calls_without_directory;
        // Who has looked up so much that it would have paid to read everything does that now.
        let with_savings = calls.saturating_add(saved.load(Ordering::Relaxed));
        // A batch of so many look-ups is hardly the last: the directory serves the next one too.
        let for_this_batch = if calls >= MANY_LOOK_UPS {
            calls.saturating_mul(2)
        } else {
            calls
        };
        let worth = for_this_batch.max(with_savings.min(MAX_PAGES));
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
                let read_before = match &*self.worker.half_read.lock().await {
                    Some(half) if half.can_go_on(tenant, self.now) => half.pages.page() - 1,
                    _ => 0,
                };
                let is_cheaper = match known {
                    Some(pages) if pages > MAX_PAGES => false,
                    Some(pages) => pages.saturating_sub(read_before) <= worth,
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

    /// Whether Xero is known to refuse a question that the targets need, or that their codes will.
    async fn refuses_any(&self, targets: &Targets, with_codes: bool) -> Result<bool, CallError> {
        let by_number = !targets.account_numbers.is_empty() || (with_codes && targets.codes > 0);
        Ok((by_number && self.refuses(QueryKind::AccountNumber).await?)
            || (!targets.words.is_empty() && self.refuses(QueryKind::Search).await?))
    }

    /// Reads everything, or what changed since, because Xero cannot be asked for less. `false` where that is too much.
    pub(crate) async fn read_whole(
        &self,
        directory: &mut Option<Directory>,
    ) -> Result<bool, CallError> {
        let everything = Targets {
            needs_directory: true,
            ..Targets::default()
        };
        self.directory_is_cheaper(directory, &everything, true)
            .await
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
        let mut pages = Pages::at_most(MAX_PAGES);
        let mut as_of = None;
        loop {
            let page = pages.page();
            let answer = self
                .call(|xero, access| async move {
                    xero.directory_page(&access, page, Some(since)).await
                })
                .await?;
            as_of = as_of.or(Some(answer.as_of));
            let step = pages.take(&answer.contacts, answer.unreadable, answer.page_count);
            answer
                .contacts
                .into_iter()
                .for_each(|contact| directory.put(contact));
            match step {
                Step::Next(_) => {}
                Step::End => break,
                Step::TooMany => return Ok(false),
            }
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
        let mut half_read = self.worker.half_read.lock().await;
        let begun = half_read.take();
        let begun = begun.filter(|begun| begun.can_go_on(self.records.tenant(), self.now));
        let goes_on = begun.is_some();
        let (mut directory, mut pages) = match begun {
            Some(HalfRead { directory, pages }) => (Some(directory), pages),
            None => (None, Pages::at_most(MAX_PAGES)),
        };
        loop {
            let page = pages.page();
            let answer = self
                .call(|xero, access| async move { xero.directory_page(&access, page, None).await })
                .await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => {
                    // What was read is not lost: two workers that meet the limit here would begin for ever.
                    *half_read = directory.map(|directory| HalfRead { directory, pages });
                    return Err(error);
                }
            };
            let step = pages.take(&answer.contacts, answer.unreadable, answer.page_count);
            // Where Xero does not say how many pages there are, the last one tells.
            let told = match (answer.page_count, step) {
                (Some(count), _) if page == 1 => Some(count),
                (None, Step::End) => Some(page),
                (None, Step::TooMany) => Some(page + 1),
                _ => None,
            };
            if let Some(count) = told.filter(|count| known_pages != Some(*count)) {
                self.remember_pages(count).await?;
            }
            let is_not_worth_it = answer
                .page_count
                .is_some_and(|count| page == 1 && count.saturating_sub(1) > worth);
            if step == Step::TooMany || is_not_worth_it {
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
            if step == Step::End {
                break;
            }
        }
        // What changed since it was begun is not in the pages that were read then.
        if goes_on
            && let Some(whole) = &mut directory
            && !self.refresh(whole).await?
        {
            return Ok(None);
        }
        Ok(directory)
    }

    async fn remember_pages(&self, pages: u32) -> Result<(), CallError> {
        let stored = |error: store::TableError| CallError::Open(error.into());
        let write = self
            .records
            .replace(ONLY, &DirectoryRecord { pages })
            .await
            .map_err(stored)?;
        self.records.write(vec![write]).await.map_err(stored)
    }
}

/// Whether a look-up failed for a reason that another look-up need not share.
fn is_one_contacts_fault<T>(found: &Result<T, CallError>) -> bool {
    matches!(found, Err(CallError::Failed(error)) if !matches!(error, xero::Error::Transient { .. }))
}

/// Whether Xero did not take the question, or found more than is read: then nothing is known, least of all that there is no such contact.
pub(crate) fn is_refused(error: &CallError) -> bool {
    use xero::Error;
    matches!(
        error,
        CallError::Failed(Error::QueryRefused | Error::TooManyContacts | Error::NotAsked { .. })
    )
}

impl Targets {
    fn is_empty(&self) -> bool {
        let nothing = self.account_numbers.is_empty()
            && self.words.is_empty()
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
        let filters = xero.split_account_numbers(&self.account_numbers).len();
        filters + self.words.len() + self.contact_numbers.len()
    }
}
