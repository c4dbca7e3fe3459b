//! Generates account references: only when every reference in use is known, and each is reserved
//! before it is used.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use rules::{
    AccountReference, MayGenerate, ReferencesKnown, RetryPolicy, code_prefix, codes, may_generate,
};
use runtime::records::{
    ContactRecord, DeferReason, PendingReferenceScan, ReferenceScan, SINGLETON, expect,
};
use runtime::{CallError, OpenError};
use store::TableError;
use time::Duration;

use crate::context::{Claims, Context};
use crate::directory_reads::freshen;
use crate::endings::{after_another, held, is_refused, put_off, xero_failed};
use crate::model::{ContactState, InWork as _, Matched, Stage, Step};
use crate::plan::needs_code;
use crate::queries::{self, store_failed};

/// Where the organisation is not known as a whole, more codes are asked for than are needed, since
/// some may be taken there: so many for a single contact, fewer each where many prefixes share a
/// call.
const MOST_SPARE_CODES: usize = 7;
const SPARE_CODES_A_CALL: usize = 24;
/// How many times a free code is looked for before the contact is put off.
const MAX_TRIES: usize = 8;

/// What is known of the codes of one prefix.
#[derive(Debug, Default)]
struct Pool {
    /// Reserved, or in Xero.
    taken: HashSet<AccountReference>,
    /// Neither, as far as was seen.
    free: VecDeque<AccountReference>,
}

type Pools = HashMap<String, Pool>;

/// Gives a code to every contact that needs one.
pub(crate) async fn generate(
    context: &Context<'_>,
    matched: Vec<Matched>,
    claims: &mut Claims,
) -> Stage<Matched> {
    let mut wanted = BTreeMap::<String, usize>::new();
    for one in matched
        .iter()
        .filter(|one| needs_code(context, one, claims))
    {
        *wanted.entry(prefix_of(one)).or_default() += 1;
    }
    if wanted.is_empty() {
        return matched.into_iter().map(Ok).collect();
    }
    let mut generator = Generator::begin(context, &wanted).await;
    let mut stage = Stage::default();
    for one in matched {
        // With every code that is generated, another contact may turn out to need none.
        if !needs_code(context, &one, claims) {
            stage.go_on.push(one);
            continue;
        }
        let generated = generator.generate(context, one).await;
        stage.take(generated.map(|(one, code)| {
            claims.holders.insert(code, one.id());
            one
        }));
    }
    stage
}

/// What decides whether codes can be had in this batch.
struct Generator {
    may_generate: Result<MayGenerate, TableError>,
    /// Whether free codes were looked for.
    looked: Result<(), CallError>,
    pools: Pools,
}

impl Generator {
    async fn begin(context: &Context<'_>, wanted: &BTreeMap<String, usize>) -> Self {
        let known = references_known(context).await;
        let may_generate = known.map(|known| may_generate(&known));
        let mut pools = Pools::new();
        let looked = match may_generate {
            // Together: one call tells of many.
            Ok(MayGenerate::Yes) => match find_free_codes(context, wanted, &mut pools).await {
                // Something about one of the prefixes: it must not hold up the others, which are
                // looked for one by one.
                Err(error) if wanted.len() > 1 && is_one_prefixs_fault(&error) => Ok(()),
                looked => looked,
            },
            _ => Ok(()),
        };
        Self {
            may_generate,
            looked,
            pools,
        }
    }

    async fn generate(
        &mut self,
        context: &Context<'_>,
        mut matched: Matched,
    ) -> Step<(Matched, AccountReference)> {
        match (&self.may_generate, &self.looked) {
            (Ok(MayGenerate::Yes), Ok(())) => {
                match reserve_code(context, &mut matched, &mut self.pools).await {
                    Ok(Some(code)) => Ok((matched, code)),
                    Ok(None) => {
                        let reason = DeferReason::AnotherWorker;
                        let ending = after_another(context, matched.state(), reason);
                        Err(matched.end(ending))
                    }
                    Err(error) => {
                        let ending = xero_failed(context, matched.state(), &error);
                        Err(matched.end(ending))
                    }
                }
            }
            (Ok(MayGenerate::Yes), Err(error)) => {
                let ending = xero_failed(context, matched.state(), error);
                Err(matched.end(ending))
            }
            (Ok(MayGenerate::No(problem)), _) => Err(matched.end(held(problem.clone()))),
            (Ok(MayGenerate::Later), _) => {
                let ending = until_references_are_read(context, matched.state());
                Err(matched.end(ending))
            }
            (Err(error), _) => Err(matched.end(error.clone())),
        }
    }
}

/// Each try asks Xero first, so one that has waited long waits longer.
fn until_references_are_read(context: &Context<'_>, state: &ContactState) -> crate::model::Ending {
    let wait = RetryPolicy::STANDARD.wait_with_others(state.waited(context.now));
    let due = context.now + Duration::try_from(wait).unwrap_or(Duration::HOUR);
    put_off(state, DeferReason::ReferencesNotRead, due)
}

/// What is known of the references in use: each is reserved once its contact has been read.
async fn references_known(context: &Context<'_>) -> Result<ReferencesKnown, TableError> {
    let groups = context.settings().groups_fingerprint();
    let state = context.records.get::<ReferenceScan>(SINGLETON).await?;
    let Some(state) = state.filter(|state| state.value.settings == groups) else {
        return Ok(ReferencesKnown::NotYet);
    };
    if !state.value.missing.is_empty() {
        let missing = state.value.missing.into_iter().collect();
        return Ok(ReferencesKnown::WithoutGroups(missing));
    }
    if state.value.complete {
        return Ok(ReferencesKnown::All);
    }
    if !context
        .records
        .list::<PendingReferenceScan>("")
        .await?
        .is_empty()
    {
        return Ok(ReferencesKnown::NotYet);
    }
    let complete = ReferenceScan {
        complete: true,
        ..state.value.clone()
    };
    let write = context.records.put(SINGLETON, &complete, state.as_read())?;
    match context.records.write(vec![write]).await {
        Ok(()) => Ok(ReferencesKnown::All),
        // Another worker saw the same, or a poll began anew: then the next try tells.
        Err(TableError::Conflict) => Ok(ReferencesKnown::NotYet),
        Err(error) => Err(error),
    }
}

/// Reserves a free code; `None` where others were always quicker.
async fn reserve_code(
    context: &Context<'_>,
    matched: &mut Matched,
    pools: &mut Pools,
) -> Result<Option<AccountReference>, CallError> {
    let prefix = prefix_of(matched);
    for _ in 0..MAX_TRIES {
        if pools.get(&prefix).is_none_or(|pool| pool.free.is_empty()) {
            let one = BTreeMap::from([(prefix.clone(), 1)]);
            find_free_codes(context, &one, pools).await?;
        }
        let pool = pools.entry(prefix.clone()).or_default();
        let Some(code) = pool.free.pop_front() else {
            continue;
        };
        pool.taken.insert(code.clone());
        let reserved = try_reserve(context, matched.state_mut(), &code).await;
        if reserved.map_err(store_failed)? {
            return Ok(Some(code));
        }
        // Somebody else is at it: what they took must be known before the next try.
        read_reserved(context, &prefix, pool).await?;
    }
    Ok(None)
}

/// Adds at least so many free codes of each prefix to the pools, unless those that were looked at
/// turn out to be taken.
async fn find_free_codes(
    context: &Context<'_>,
    wanted: &BTreeMap<String, usize>,
    pools: &mut Pools,
) -> Result<(), CallError> {
    for prefix in wanted.keys() {
        if !pools.contains_key(prefix) {
            let mut pool = Pool::default();
            read_reserved(context, prefix, &mut pool).await?;
            pools.insert(prefix.clone(), pool);
        }
    }
    match find_free_codes_of(context, wanted, pools).await {
        Err(error) if is_refused(&error) => {
            // Xero does not say which of a few account numbers are taken: the list of all contacts
            // does.
            let mut directory = context.worker.directory.lock().await;
            freshen(context, &mut directory, true).await?;
            let is_read = directory.is_some();
            drop(directory);
            if is_read {
                find_free_codes_of(context, wanted, pools).await
            } else {
                Err(error)
            }
        }
        found => found,
    }
}

async fn find_free_codes_of(
    context: &Context<'_>,
    wanted: &BTreeMap<String, usize>,
    pools: &mut Pools,
) -> Result<(), CallError> {
    let directory = context.worker.directory.lock().await;
    let tenant = context.records.tenant();
    let known = directory.as_ref().filter(|known| known.is_of(tenant));
    let spare = match known {
        Some(_) => 0,
        None => (SPARE_CODES_A_CALL / wanted.len().max(1)).clamp(1, MOST_SPARE_CODES),
    };
    let mut candidates = Vec::new();
    for (prefix, count) in wanted {
        let pool = pools.entry(prefix.clone()).or_default();
        let is_candidate = |code: &AccountReference| {
            let is_known = pool.taken.contains(code) || pool.free.contains(code);
            !is_known && !known.is_some_and(|known| known.has_account_number(code))
        };
        let found = codes(prefix).filter(is_candidate).take(count + spare);
        candidates.extend(found.map(|code| (prefix, code)));
    }
    let in_xero: HashSet<AccountReference> = if known.is_some() {
        HashSet::new()
    } else {
        drop(directory);
        let numbers = candidates.iter().map(|(_, code)| code.as_str().to_owned());
        let numbers: Vec<_> = numbers.collect();
        let found = queries::by_account_number(context, &numbers).await?;
        let numbers = found.iter().map(|contact| &contact.account_number);
        numbers
            .filter_map(|number| AccountReference::parse(number).ok())
            .collect()
    };
    for (prefix, code) in candidates {
        let pool = pools.entry(prefix.clone()).or_default();
        if in_xero.contains(&code) {
            pool.taken.insert(code);
        } else {
            pool.free.push_back(code);
        }
    }
    Ok(())
}

async fn read_reserved(
    context: &Context<'_>,
    prefix: &str,
    pool: &mut Pool,
) -> Result<(), CallError> {
    let in_use = context.account_references().in_use(prefix).await;
    pool.taken.extend(in_use.map_err(store_failed)?);
    pool.free.retain(|code| !pool.taken.contains(code));
    Ok(())
}

async fn try_reserve(
    context: &Context<'_>,
    state: &mut ContactState,
    code: &AccountReference,
) -> Result<bool, TableError> {
    let content = ContactRecord {
        reserved: Some(code.clone()),
        generated: true,
        ..state.content()
    };
    let read = expect(state.record.as_ref());
    let writes = vec![
        context
            .account_references()
            .reserve_generated(code, state.id)?,
        context.records.put(state.subject, &content, read)?,
    ];
    match context.records.write(writes).await {
        Ok(()) => {
            state.wrote(content);
            Ok(true)
        }
        Err(TableError::Conflict) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What a contact's code begins with.
fn prefix_of(matched: &Matched) -> String {
    code_prefix(&matched.candidate.customer.details.name)
}

/// Whether a search failed for a reason that a search for other prefixes need not share.
fn is_one_prefixs_fault(error: &CallError) -> bool {
    match error {
        CallError::Failed(error) => !matches!(error, xero::Error::Transient { .. }),
        CallError::Open(OpenError::Table(TableError::Refused(_))) => true,
        CallError::Open(_) | CallError::Paused(_) => false,
    }
}
