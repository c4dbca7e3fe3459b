//! Generating account references: only when every reference in use is known, and each reserved before it is used.

use std::collections::{HashMap, HashSet};

use rules::{AccountReference, Decision, code_prefix, codes};
use runtime::CallError;
use runtime::records::{
    ContactRecord, DeferReason, ONLY, ReferenceRecord, ReferencesReadRecord, UnreadRecord, expect,
};
use store::{Expect, TableError};
use time::Duration;

use crate::batch::{Batch, Claims, SHORT_WAIT, open};
use crate::settle::LONGEST_WAIT;
use crate::work::Work;

/// How many codes are asked for in one call where the organisation is not known as a whole.
const CODES_PER_LOOKUP: usize = 8;
/// How many times a free code is looked for before the contact is put off.
const MAX_TRIES: usize = 8;

/// What is known to be taken, by prefix.
type Taken = HashMap<String, HashSet<AccountReference>>;

impl Batch<'_> {
    /// Gives a code to every contact that needs one.
    pub(crate) async fn generate_codes(&self, works: &mut [Work], claims: &mut Claims) {
        let needs_code = |batch: &Self, work: &Work, claims: &Claims| {
            work.found.is_some() && matches!(batch.decide(work, claims), Decision::NeedsCode)
        };
        if !works
            .iter()
            .any(|work| work.ending.is_none() && needs_code(self, work, claims))
        {
            return;
        }
        let known = self.references_are_known().await;
        let mut taken = Taken::new();
        for work in open(works) {
            if !needs_code(self, work, claims) {
                continue;
            }
            match known {
                Ok(true) => match self.reserve_code(work, &mut taken).await {
                    Ok(Some(code)) => drop(claims.holders.insert(code, work.id)),
                    Ok(None) => {
                        self.defer(work, DeferReason::AnotherWorker, self.now + SHORT_WAIT)
                            .await
                    }
                    Err(error) => self.call_failed(work, &error).await,
                },
                Ok(false) => {
                    // Each try asks Xero first, so one that has waited long waits longer.
                    let waited: Duration = work
                        .deferred
                        .as_ref()
                        .map_or(Duration::ZERO, |deferred| self.now - deferred.value.since);
                    let wait = Duration::clamp(waited / 2, SHORT_WAIT, LONGEST_WAIT);
                    self.defer(work, DeferReason::ReferencesNotRead, self.now + wait)
                        .await;
                }
                Err(ref error) => work.ending = Some(Err(error.clone())),
            }
        }
    }

    /// Whether every account contact has been read once, so that its reference is reserved.
    async fn references_are_known(&self) -> Result<bool, TableError> {
        let groups = self.worker.parts.settings.groups_fingerprint();
        let Some(state) = self
            .records
            .get::<ReferencesReadRecord>(ONLY)
            .await?
            .filter(|state| state.value.settings == groups)
        else {
            return Ok(false);
        };
        if state.value.complete {
            return Ok(true);
        }
        if !self.records.list::<UnreadRecord>("").await?.is_empty() {
            return Ok(false);
        }
        let complete = ReferencesReadRecord {
            settings: groups,
            complete: true,
        };
        match self
            .records
            .write(vec![self.records.put(ONLY, &complete, state.as_read())?])
            .await
        {
            // Another worker saw the same, or a poll began anew: then the next try tells.
            Ok(()) => Ok(true),
            Err(TableError::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Finds a free code and reserves it; `None` where others were always quicker.
    async fn reserve_code(
        &self,
        work: &mut Work,
        taken: &mut Taken,
    ) -> Result<Option<AccountReference>, CallError> {
        let store = |error: TableError| CallError::Open(error.into());
        let name = work
            .customer
            .as_ref()
            .map(|customer| customer.details.name.as_str())
            .unwrap_or_default();
        let prefix = code_prefix(name);
        for attempt in 0..MAX_TRIES {
            if attempt > 0 || !taken.contains_key(&prefix) {
                let reserved = self
                    .records
                    .list::<ReferenceRecord>(&prefix.to_lowercase())
                    .await
                    .map_err(store)?;
                taken
                    .entry(prefix.clone())
                    .or_default()
                    .extend(reserved.into_iter().map(|record| record.value.reference));
            }
            let known = taken.entry(prefix.clone()).or_default();
            let Some(code) = self.free_code(&prefix, known).await? else {
                continue;
            };
            known.insert(code.clone());
            if self.try_reserve(work, &code).await.map_err(store)? {
                return Ok(Some(code));
            }
        }
        Ok(None)
    }

    async fn free_code(
        &self,
        prefix: &str,
        known: &mut HashSet<AccountReference>,
    ) -> Result<Option<AccountReference>, CallError> {
        if let Some(directory) = self
            .worker
            .directory
            .lock()
            .await
            .as_ref()
            .filter(|directory| directory.is_of(self.records.tenant()))
        {
            return Ok(codes(prefix)
                .find(|code| !known.contains(code) && !directory.has_account_number(code)));
        }
        let candidates: Vec<_> = codes(prefix)
            .filter(|code| !known.contains(code))
            .take(CODES_PER_LOOKUP)
            .collect();
        let in_xero = self.read_account_numbers(&candidates).await?;
        known.extend(
            in_xero
                .iter()
                .filter_map(|contact| AccountReference::parse(&contact.account_number).ok()),
        );
        Ok(candidates.into_iter().find(|code| !known.contains(code)))
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
            self.records.put(code.folded(), &burnt, Expect::Anything)?,
            self.records
                .put(work.id, &content, expect(work.record.as_ref()))?,
        ];
        writes.extend(self.unclaim(work, &content).await?);
        self.records.write(writes).await?;
        work.wrote(content);
        Ok(())
    }
}
