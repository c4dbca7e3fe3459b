//! Tells the other workers what is about to be created: Xero would take two contacts that are likely
//! one customer.

use rules::{ContactId, XeroWrite};
use runtime::new_contacts::{AnnouncedContact, announce};
use runtime::records::DeferReason;
use store::TableError;

use crate::context::{Claims, Context};
use crate::endings::after_another;
use crate::model::{InWork as _, Planned, Stage};

/// Announces the creates. A contact that is likely the same as one that another worker is about to
/// create waits, and is decided anew when that one is in Xero.
pub(crate) async fn run(
    context: &Context<'_>,
    planned: Vec<Planned>,
    claims: &Claims,
    round: u32,
) -> Stage<Planned> {
    let creates: Vec<AnnouncedContact> = planned
        .iter()
        .filter_map(|one| created(one, claims))
        .collect();
    let is_needed = context.settings().hold_likely_duplicates && context.worker.dry_run.is_none();
    if creates.is_empty() || !is_needed {
        return planned.into_iter().map(Ok).collect();
    }
    let is_create = |id: &ContactId| creates.iter().any(|create| create.contact == *id);
    let key = format!("{}#{round}", context.attempt);
    let announced = announce(
        &context.records,
        &key,
        &creates,
        context.now,
        context.intents_expire_at(),
    );
    let announced = announced.await;
    let steps = planned.into_iter().map(|planned| {
        let id = planned.matched.id();
        let waits = match &announced {
            Ok(taken) => taken.contains(&id),
            Err(_) => is_create(&id),
        };
        match &announced {
            _ if !waits => Ok(planned),
            Err(error) if *error != TableError::Conflict => Err(planned.end(error.clone())),
            _ => {
                let reason = DeferReason::AnotherWorker;
                let ending = after_another(context, planned.matched.state(), reason);
                Err(planned.end(ending))
            }
        }
    });
    steps.collect()
}

fn created(planned: &Planned, claims: &Claims) -> Option<AnnouncedContact> {
    let XeroWrite::Create(new) = &planned.plan.xero else {
        return None;
    };
    Some(AnnouncedContact {
        contact: planned.matched.id(),
        name: new.name.clone(),
        data: new.data(),
        seen: planned
            .matched
            .alike
            .iter()
            .filter_map(|one| claims.linked.get(&one.xero.id).copied())
            .collect(),
    })
}
