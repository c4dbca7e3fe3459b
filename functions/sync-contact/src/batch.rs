//! A batch from its messages to their outcomes: whether it can be worked at all, and the work.

use rules::ContactId;
use runtime::records::{DeferReason, Records};
use runtime::telemetry::Metric;
use runtime::{OpenError, Pause, Session, XeroSession};
use store::TableError;
use time::OffsetDateTime;
use tokio::sync::{Mutex, OnceCell};

use crate::commit::unworked::{defer_all, forget, put_off_until_switched_on};
use crate::context::{Context, LOGIN_WAIT};
use crate::follow::Follower;
use crate::load::Asked;
use crate::model::{Committed, ContactOutcome, Outcomes};
use crate::pipeline;
use crate::worker::Worker;

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

/// Works a batch. Every contact is in the result. While the switch is off, only those are worked
/// that a person asked for; it is read once, so that a batch which has begun is worked to its end.
pub(crate) async fn run(
    worker: &Worker,
    contacts: &Asked,
    deadline: OffsetDateTime,
) -> Result<Outcomes, BatchError> {
    if contacts.is_empty() {
        return Ok(Outcomes::new());
    }
    let Session { records, ready, .. } = worker.services.xero.open().await?;
    let (settings, now) = (&worker.services.settings, worker.services.host.now());
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
        .note(&records, worker.services.host.now(), &results)
        .await;
    Ok(results)
}

async fn run_opened(
    worker: &Worker,
    contacts: &Asked,
    deadline: OffsetDateTime,
    records: Records,
    ready: Result<XeroSession<'_>, Pause>,
) -> Result<Outcomes, BatchError> {
    let now = worker.services.host.now();
    let session = match ready {
        Ok(session) => session,
        Err(Pause { until, reason }) => {
            return Ok(defer_all(&records, contacts, now, until, reason).await);
        }
    };
    let bigchange = match worker.services.bigchange().await {
        Ok(bigchange) => bigchange,
        // A person must fill the secret in. The contacts wait, and their messages do not use up
        // their receives.
        Err(error) => {
            tracing::error!("BigChange cannot be asked: {error}");
            worker.services.host.count(Metric::BigChangeAuthLost);
            let reason = DeferReason::BigChangeRefusedLogin;
            return Ok(defer_all(&records, contacts, now, now + LOGIN_WAIT, reason).await);
        }
    };
    let context = Context {
        worker,
        records,
        session,
        bigchange,
        group_names: OnceCell::new(),
        refused_queries: Mutex::default(),
        now,
        deadline,
        attempt: worker.services.host.new_id().to_string(),
    };
    // Boxed, for every caller would carry its size.
    let done = Box::pin(pipeline::run(&context, contacts)).await?;
    if done.len() > 1
        && let Some(error) = done.iter().find_map(spoilt_item)
    {
        // It may have kept the others from being worked too.
        return Err(error.clone().into());
    }
    done.iter().for_each(|committed| worker.show(committed));
    Ok(done.into_iter().map(result_of).collect())
}

/// Why a contact was not worked, where that is an item in the store.
fn spoilt_item(committed: &Committed) -> Option<&TableError> {
    let error = committed.outcome.as_ref().err()?;
    matches!(error, TableError::Refused(_)).then_some(error)
}

fn result_of(committed: Committed) -> (ContactId, Result<ContactOutcome, String>) {
    let outcome = committed.outcome.map_err(|error| error.to_string());
    (committed.state.id, outcome)
}

/// Forgets that a contact was put off, and tells whoever follows along that it is given up, as far
/// as the store can be reached.
pub(crate) async fn given_up(worker: &Worker, contact: ContactId, reason: &str) {
    let dropped = async {
        let Session { records, .. } = worker.services.xero.open().await?;
        forget(&records, contact).await?;
        let outcome = ContactOutcome::GivenUp(reason.to_owned());
        let ended = Outcomes::from([(contact, Ok(outcome))]);
        let now = worker.services.host.now();
        let follower = Follower::of(&records).await;
        follower.note(&records, now, &ended).await;
        Ok::<_, BatchError>(())
    };
    if let Err(error) = dropped.await {
        tracing::warn!(%contact, "contact {contact} is given up, but may still be queued again: {error}");
    }
}
