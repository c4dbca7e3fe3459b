//! Generating account references: only when every reference in use is known, and each reserved before it is used.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use rules::{
    AccountReference, Decision, MayGenerate, ReferencesKnown, code_prefix, codes, may_generate,
};
use runtime::records::{
    ContactRecord, DeferReason, ONLY, ReferenceRecord, ReferencesReadRecord, UnreadRecord, expect,
};
use runtime::{CallError, OpenError};
use store::{Expect, TableError};
use time::Duration;

use crate::batch::{Batch, Claims, SHORT_WAIT, open};
use crate::lookup::is_refused;
use crate::settle::LONGEST_WAIT;
use crate::work::Work;

/// Where the organisation is not known as a whole, more codes are asked for than are needed, since some may be taken there: so many for a single contact,
/// fewer each where many prefixes share a call.
const MOST_SPARE_CODES: usize = 7;
const SPARE_CODES_A_CALL: usize = 24;
/// How many times a free code is looked for before the contact is put off.
const MAX_TRIES: usize = 8;

/// What is known of the codes of one prefix.
#[derive(Debug, Default)]
struct Stock {
    /// Reserved, or in Xero.
    taken: HashSet<AccountReference>,
    /// Neither, as far as was seen.
    free: VecDeque<AccountReference>,
}

type Stocks = HashMap<String, Stock>;

impl Batch<'_> {
    /// Gives a code to every contact that needs one.
    pub(crate) async fn generate_codes(&self, works: &mut [Work], claims: &mut Claims) {
        let needs_code = |work: &Work, claims: &Claims| {
            work.ending.is_none()
                && work.found.found().is_some()
                && matches!(self.decide(work, claims), Decision::NeedsCode)
        };
        let mut wanted = BTreeMap::<String, usize>::new();
        for work in works.iter().filter(|work| needs_code(work, claims)) {
            *wanted.entry(prefix_of(work)).or_default() += 1;
        }
        if wanted.is_empty() {
            return;
        }
        let known = self.references_known().await;
        let known = known.map(|known| may_generate(&known));
        let mut stocks = Stocks::new();
        let found = match known {
            // Together: one call tells of many.
            Ok(MayGenerate::Yes) => match self.find_free_codes(&wanted, &mut stocks).await {
                // Something about one of the prefixes: it must not hold up the others, which are looked for one by one.
                Err(error) if wanted.len() > 1 && is_one_prefixs_fault(&error) => Ok(()),
                found => found,
            },
            _ => Ok(()),
        };
        for work in open(works) {
            if !needs_code(work, claims) {
                continue;
            }
            match (&known, &found) {
                (Ok(MayGenerate::Yes), Ok(())) => {
                    match self.reserve_code(work, &mut stocks).await {
                        Ok(Some(code)) => drop(claims.holders.insert(code, work.id)),
                        Ok(None) => {
                            self.defer(work, DeferReason::AnotherWorker, self.now + SHORT_WAIT)
                                .await
                        }
                        Err(error) => self.call_failed(work, &error).await,
                    }
                }
                (Ok(MayGenerate::Yes), Err(error)) => self.call_failed(work, error).await,
                (Ok(MayGenerate::No(problem)), _) => self.hold(work, problem.clone()).await,
                (Ok(MayGenerate::Later), _) => {
                    // Each try asks Xero first, so one that has waited long waits longer.
                    let waited: Duration = work
                        .deferred
                        .as_ref()
                        .map_or(Duration::ZERO, |deferred| self.now - deferred.value.since);
                    let wait = Duration::clamp(waited / 2, SHORT_WAIT, LONGEST_WAIT);
                    self.defer(work, DeferReason::ReferencesNotRead, self.now + wait)
                        .await;
                }
                (Err(error), _) => work.ending = Some(Err(error.clone())),
            }
        }
    }

    /// What is known of the references in use: each is reserved once its contact has been read.
    async fn references_known(&self) -> Result<ReferencesKnown, TableError> {
        let groups = self.worker.parts.settings.groups_fingerprint();
        let Some(state) = self
            .records
            .get::<ReferencesReadRecord>(ONLY)
            .await?
            .filter(|state| state.value.settings == groups)
        else {
            return Ok(ReferencesKnown::NotYet);
        };
        if !state.value.missing.is_empty() {
            let missing = state.value.missing.into_iter().collect();
            return Ok(ReferencesKnown::WithoutGroups(missing));
        }
        if state.value.complete {
            return Ok(ReferencesKnown::All);
        }
        if !self.records.list::<UnreadRecord>("").await?.is_empty() {
            return Ok(ReferencesKnown::NotYet);
        }
        let complete = ReferencesReadRecord {
            complete: true,
            ..state.value.clone()
        };
        match self
            .records
            .write(vec![self.records.put(ONLY, &complete, state.as_read())?])
            .await
        {
            // Another worker saw the same, or a poll began anew: then the next try tells.
            Ok(()) => Ok(ReferencesKnown::All),
            Err(TableError::Conflict) => Ok(ReferencesKnown::NotYet),
            Err(error) => Err(error),
        }
    }

    /// Reserves a free code; `None` where others were always quicker.
    async fn reserve_code(
        &self,
        work: &mut Work,
        stocks: &mut Stocks,
    ) -> Result<Option<AccountReference>, CallError> {
        let prefix = prefix_of(work);
        for _ in 0..MAX_TRIES {
            if stocks
                .get(&prefix)
                .is_none_or(|stock| stock.free.is_empty())
            {
                let one = BTreeMap::from([(prefix.clone(), 1)]);
                self.find_free_codes(&one, stocks).await?;
            }
            let stock = stocks.entry(prefix.clone()).or_default();
            let Some(code) = stock.free.pop_front() else {
                continue;
            };
            stock.taken.insert(code.clone());
            if self.try_reserve(work, &code).await.map_err(store_failed)? {
                return Ok(Some(code));
            }
            // Somebody else is at it: what they took must be known before the next try.
            self.read_reserved(&prefix, stock).await?;
        }
        Ok(None)
    }

    /// Adds at least so many free codes of each prefix to the stocks, unless those that were looked at turn out to be taken.
    async fn find_free_codes(
        &self,
        wanted: &BTreeMap<String, usize>,
        stocks: &mut Stocks,
    ) -> Result<(), CallError> {
        for prefix in wanted.keys() {
            if !stocks.contains_key(prefix) {
                let mut stock = Stock::default();
                self.read_reserved(prefix, &mut stock).await?;
                stocks.insert(prefix.clone(), stock);
            }
        }
        match self.find_free_codes_of(wanted, stocks).await {
            Err(error) if is_refused(&error) => {
                // Xero does not say which of a few account numbers are taken: the list of all contacts does.
                let mut directory = self.worker.directory.lock().await;
                let is_read = self.read_whole(&mut directory).await?;
                drop(directory);
                if is_read {
                    self.find_free_codes_of(wanted, stocks).await
                } else {
                    Err(error)
                }
            }
            found => found,
        }
    }

    async fn find_free_codes_of(
        &self,
        wanted: &BTreeMap<String, usize>,
        stocks: &mut Stocks,
    ) -> Result<(), CallError> {
        let directory = self.worker.directory.lock().await;
        let known = directory
            .as_ref()
            .filter(|directory| directory.is_of(self.records.tenant()));
        let spare = match known {
            Some(_) => 0,
            None => (SPARE_CODES_A_CALL / wanted.len().max(1)).clamp(1, MOST_SPARE_CODES),
        };
        let mut candidates = Vec::new();
        for (prefix, count) in wanted {
            let stock = stocks.entry(prefix.clone()).or_default();
            let is_candidate = |code: &AccountReference| {
                let is_known = stock.taken.contains(code) || stock.free.contains(code);
                !is_known && !known.is_some_and(|known| known.has_account_number(code))
            };
            let found = codes(prefix).filter(is_candidate).take(count + spare);
            candidates.extend(found.map(|code| (prefix, code)));
        }
        let in_xero: HashSet<AccountReference> = if known.is_some() {
            HashSet::new()
        } else {
            drop(directory);
            let numbers: Vec<_> = candidates
                .iter()
                .map(|(_, code)| code.as_str().to_owned())
                .collect();
            let calls = self.session.client().split_account_numbers(&numbers);
            self.would_have_saved(calls.len());
            let found = self.read_account_numbers(&numbers).await?;
            let numbers = found.iter().map(|contact| &contact.account_number);
            numbers
                .filter_map(|number| AccountReference::parse(number).ok())
                .collect()
        };
        for (prefix, code) in candidates {
            let stock = stocks.entry(prefix.clone()).or_default();
            if in_xero.contains(&code) {
                stock.taken.insert(code);
            } else {
                stock.free.push_back(code);
            }
        }
        Ok(())
    }

    async fn read_reserved(&self, prefix: &str, stock: &mut Stock) -> Result<(), CallError> {
        let folded = prefix.to_lowercase();
        let reserved = self.records.list::<ReferenceRecord>(&folded).await;
        let reserved = reserved.map_err(store_failed)?;
        stock
            .taken
            .extend(reserved.into_iter().map(|record| record.value.reference));
        stock.free.retain(|code| !stock.taken.contains(code));
        Ok(())
    }

    async fn try_reserve(
        &self,
        work: &mut Work,
        code: &AccountReference,
    ) -> Result<bool, TableError> {
        let content = ContactRecord {
            reserved: Some(code.clone()),
            generated: true,
            ..work.content()
        };
        let reservation = ReferenceRecord {
            reference: code.clone(),
            holder: Some(work.id),
        };
        let writes = vec![
            self.records
                .put(code.folded(), &reservation, Expect::Absent)?,
            self.records
                .put(work.id, &content, expect(work.record.as_ref()))?,
        ];
        match self.records.write(writes).await {
            Ok(()) => {
                work.wrote(content);
                Ok(true)
            }
            Err(TableError::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Xero refused a generated code, and no create of ours took it: it is burnt, and another is generated in its place.
    pub(crate) async fn burn_code(&self, work: &mut Work) -> Result<(), TableError> {
        let mut content = work.content();
        let Some(code) = content.code().cloned() else {
            return Ok(());
        };
        content.reserved = None;
        content.generated = false;
        content.intent = None;
        let burnt = ReferenceRecord {
            reference: code.clone(),
            holder: None,
        };
        let mut writes = vec![
            self.records.replace(code.folded(), &burnt).await?,
            self.records
                .put(work.id, &content, expect(work.record.as_ref()))?,
        ];
        writes.extend(self.unclaim(work, &content).await?);
        self.records.write(writes).await?;
        work.wrote(content);
        Ok(())
    }
}

/// What a contact's code begins with.
fn prefix_of(work: &Work) -> String {
    let customer = work.customer.as_ref();
    code_prefix(customer.map_or("", |customer| &customer.details.name))
}

/// Whether a search failed for a reason that a search for other prefixes need not share.
fn is_one_prefixs_fault(error: &CallError) -> bool {
    match error {
        CallError::Failed(error) => !matches!(error, xero::Error::Transient { .. }),
        CallError::Open(OpenError::Table(TableError::Refused(_))) => true,
        CallError::Open(_) | CallError::Wait(_) => false,
    }
}

fn store_failed(error: TableError) -> CallError {
    CallError::Open(error.into())
}
