//! Which kinds of query Xero refuses in this organisation. That is remembered in the table, for Xero
//! refuses them by the organisation's size and would refuse each one again.

use std::collections::HashSet;

use runtime::CallError;
use runtime::records::{QueryKind, RefusedQueryRecord};
use store::{Expect, TableError};
use time::Duration;
use xero::{Access, Answer, Xero};

use crate::batch::Batch;

/// Xero is asked in a refused way again after this: a little less than a day, so that what the daily
/// sweep tries again is asked for.
const REMEMBERED_FOR: Duration = Duration::hours(23);

impl Batch<'_> {
    /// One call to Xero that asks in a way that Xero may refuse. One that it is known to refuse is not made.
    pub(crate) async fn ask<T, F>(
        &self,
        kind: QueryKind,
        make: impl Fn(Xero, Access) -> F,
    ) -> Result<T, CallError>
    where
        F: Future<Output = Result<Answer<T>, xero::Error>>,
    {
        if self.refuses(kind).await? {
            return Err(CallError::Failed(xero::Error::QueryRefused));
        }
        let answer = self.call(make).await;
        if matches!(answer, Err(CallError::Failed(xero::Error::QueryRefused))) {
            self.remember_refusal(kind).await?;
        }
        answer
    }

    /// Whether Xero is known to refuse this kind of query.
    pub(crate) async fn refuses(&self, kind: QueryKind) -> Result<bool, CallError> {
        let mut known = self.refused_queries.lock().await;
        if let Some(known) = known.as_ref() {
            return Ok(known.contains(&kind));
        }
        let kinds = [QueryKind::AccountNumber, QueryKind::Search];
        let records = self.records.get_many::<RefusedQueryRecord>(kinds).await;
        let records = records.map_err(stored)?;
        let is_refused = |kind: &QueryKind| {
            let record = records.get(&kind.to_string());
            record.is_some_and(|record| record.value.until > self.now)
        };
        let refused: HashSet<QueryKind> = kinds.into_iter().filter(is_refused).collect();
        let is_refused = refused.contains(&kind);
        *known = Some(refused);
        Ok(is_refused)
    }

    async fn remember_refusal(&self, kind: QueryKind) -> Result<(), CallError> {
        tracing::warn!(
            "Xero refuses queries of the kind {kind}; the list of all contacts is read instead"
        );
        let mut known = self.refused_queries.lock().await;
        known.get_or_insert_default().insert(kind);
        let until = self.now + REMEMBERED_FOR;
        let record = RefusedQueryRecord { until };
        let write = self
            .records
            .put_expiring(kind, &record, Expect::Anything, until)
            .map_err(stored)?;
        self.records.write(vec![write]).await.map_err(stored)
    }
}

fn stored(error: TableError) -> CallError {
    CallError::Open(error.into())
}
