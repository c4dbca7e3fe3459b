//! What every stage of a batch works with.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use bigchange::BigChange;
use rules::{AccountReference, ContactId, GroupId, Settings, XeroContactId};
use runtime::clock_skew::TWO_CLOCKS;
use runtime::records::{QueryKind, Records};
use runtime::telemetry::Metric;
use runtime::{AccountReferences, Host, XeroClaims, XeroSession};
use store::TableError;
use time::{Duration, OffsetDateTime};
use tokio::sync::{Mutex, OnceCell};

use crate::model::{Candidate, Matched};
use crate::worker::Worker;

/// Calls to BigChange at once; no limit is published, so few.
pub(crate) const BIGCHANGE_AT_ONCE: usize = 4;
/// Writes to the store at once.
pub(crate) const STORE_AT_ONCE: usize = 16;
/// How long a contact waits for another worker that may still be at it, or for another contact of
/// its batch.
pub(crate) const SHORT_WAIT: Duration = Duration::minutes(1);
/// How long a contact waits for a person to mend BigChange's login.
pub(crate) const LOGIN_WAIT: Duration = Duration::minutes(5);
/// A batch stops beginning new work this long before its function is stopped: enough for one call
/// to each system, and for recording what is left.
const TIME_TO_RECORD: Duration = Duration::seconds(40);
/// An intent outlives its function by the longest exchange that may still be under way (a minute,
/// after which Xero ends its calls) and by what two clocks may differ.
const INTENT_MARGIN: Duration = Duration::minutes(1).saturating_add(TWO_CLOCKS);

/// One batch: the systems, the records and the time that it has. Nothing in it changes what is
/// decided about a contact while the batch is worked.
pub(crate) struct Context<'a> {
    pub(crate) worker: &'a Worker,
    pub(crate) records: Records,
    pub(crate) session: XeroSession<'a>,
    pub(crate) bigchange: Arc<BigChange>,
    /// The names of BigChange's contact groups, read when a person is told of one; none where they
    /// could not be had, which is not tried again.
    pub(crate) group_names: OnceCell<HashMap<GroupId, String>>,
    /// The kinds of query that Xero refuses, once the table was asked.
    pub(crate) refused_queries: Mutex<Option<HashSet<QueryKind>>>,
    /// When the batch began.
    pub(crate) now: OffsetDateTime,
    /// When its function is stopped.
    pub(crate) deadline: OffsetDateTime,
    /// Marks the intents of this invocation.
    pub(crate) attempt: String,
}

impl Context<'_> {
    pub(crate) fn settings(&self) -> &Settings {
        &self.worker.services.settings
    }

    pub(crate) fn host(&self) -> &Host {
        &self.worker.services.host
    }

    /// Whether there is only time left to record what is unfinished.
    pub(crate) fn is_out_of_time(&self) -> bool {
        self.host().now() > self.deadline - TIME_TO_RECORD
    }

    /// When the intents of this batch expire.
    pub(crate) fn intents_expire_at(&self) -> OffsetDateTime {
        self.deadline + INTENT_MARGIN
    }

    /// How long it takes until the intents of this batch have expired.
    pub(crate) fn until_intents_expire(&self) -> Option<std::time::Duration> {
        (self.intents_expire_at() - self.now).try_into().ok()
    }

    pub(crate) fn account_references(&self) -> AccountReferences<'_> {
        AccountReferences::of(&self.records)
    }

    pub(crate) fn xero_claims(&self) -> XeroClaims<'_> {
        XeroClaims::of(&self.records)
    }

    /// BigChange refuses the login: a person must act. What they correct in the secret is seen by
    /// the next batch.
    pub(crate) async fn bigchange_login_refused(&self) {
        self.host().count(Metric::BigChangeAuthLost);
        self.worker.services.forget_bigchange().await;
    }
}

/// What the table says about the Xero contacts and account references in question.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// Which BigChange contact each Xero contact belongs to.
    pub(crate) linked: BTreeMap<XeroContactId, ContactId>,
    /// Which BigChange contact holds each account reference.
    pub(crate) holders: BTreeMap<AccountReference, ContactId>,
}

impl Claims {
    /// Reads who holds the references that BigChange has for the candidates.
    pub(crate) async fn read_own(
        &mut self,
        context: &Context<'_>,
        candidates: &[Candidate],
    ) -> Result<(), TableError> {
        let own = candidates.iter().filter_map(Candidate::own_reference);
        self.read_holders(context, own.cloned().collect()).await
    }

    /// Reads whose the found Xero contacts are, and who holds their account numbers.
    pub(crate) async fn read_found(
        &mut self,
        context: &Context<'_>,
        matched: &[Matched],
    ) -> Result<(), TableError> {
        let found = || matched.iter().flat_map(|one| one.found.iter().flatten());
        let alike = || matched.iter().flat_map(|one| &one.alike);
        let ids = found().map(|contact| contact.id);
        let ids = ids.chain(alike().map(|one| one.xero.id));
        self.linked.extend(context.xero_claims().owners(ids).await?);
        let numbers = found().filter_map(|one| AccountReference::parse(&one.account_number).ok());
        let own = matched
            .iter()
            .filter_map(|one| one.candidate.own_reference());
        self.read_holders(context, numbers.chain(own.cloned()).collect())
            .await
    }

    async fn read_holders(
        &mut self,
        context: &Context<'_>,
        mut wanted: Vec<AccountReference>,
    ) -> Result<(), TableError> {
        wanted.retain(|reference| !self.holders.contains_key(reference));
        self.holders
            .extend(context.account_references().holders(&wanted).await?);
        Ok(())
    }
}
