//! Carrying out plans: an intent, then Xero, then BigChange, then the link.

use std::collections::HashMap;

use futures::{StreamExt, stream};
use rules::{AccountType, Contact, ContactId, Field, Link, Notice, Plan, Problem, XeroContactId};
use runtime::records::{
    ContactRecord, DeferReason, Intent, ReferenceRecord, XeroContactRecord, expect,
};
use store::{Expect, TableError, Write};
use time::Duration;

use crate::batch::{BIGCHANGE_AT_ONCE, Batch, SHORT_WAIT, STORE_AT_ONCE};
use crate::settle::without_create_that_never_was;
use crate::work::{Done, Work};
use crate::xero_writes::Written;

/// An intent outlives its function by the longest exchange that may still be under way (a minute, after which Xero ends its calls) and by what two clocks may
/// differ that are each up to two minutes off.
pub(crate) const INTENT_MARGIN: Duration = Duration::minutes(5);

/// A contact whose plan was tried and that has not come to an end.
pub(crate) struct Applied {
    pub(crate) contact: ContactId,
    /// What was found in Xero is not so any more.
    pub(crate) look_again: bool,
}

/// How much of a plan BigChange has taken.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Told {
    /// The account reference and type.
    pub(crate) account: bool,
    /// The contact reference.
    pub(crate) contact_reference: bool,
    /// There is nothing left to tell it.
    all: bool,
}

impl Batch<'_> {
    /// Carries out the plans. Those contacts that have come to no end are returned.
    pub(crate) async fn apply(
        &self,
        works: &mut [Work],
        mut plans: HashMap<ContactId, Plan>,
    ) -> Vec<Applied> {
        self.begin(works, &mut plans).await;
        let mut written = self.write_to_xero(works, &plans).await;
        let mut again = Vec::new();
        let mut bigchange = Vec::new();
        for work in works.iter_mut().filter(|work| work.ending.is_none()) {
            let Some(plan) = plans.remove(&work.id) else {
                continue;
            };
            match written.remove(&work.id).unwrap_or(Written::InDoubt) {
                Written::Done(xero_id) => bigchange.push((work, plan, xero_id)),
                other => {
                    if let Some(look_again) = self.not_written(work, &plan, other).await {
                        again.push(Applied {
                            contact: work.id,
                            look_again,
                        });
                    }
                }
            }
        }
        stream::iter(
            bigchange
                .into_iter()
                .map(|(work, plan, xero_id)| self.write_to_bigchange(work, plan, xero_id)),
        )
        .buffer_unordered(BIGCHANGE_AT_ONCE)
        .collect::<Vec<()>>()
        .await;
        again
    }

    /// Stores what is about to be written. Where that fails nothing is.
    async fn begin(&self, works: &mut [Work], plans: &mut HashMap<ContactId, Plan>) {
        let begun = works
            .iter_mut()
            .filter(|work| {
                work.ending.is_none()
                    && plans
                        .get(&work.id)
                        .is_some_and(|plan| !plan.writes_nothing())
            })
            .map(|work| {
                let plan = &plans[&work.id];
                async move {
                    match self.try_begin(work, plan).await {
                        Ok(()) => {}
                        // Another worker, or another contact, was quicker: what they did has to be read first.
                        Err(TableError::Conflict) => {
                            self.defer(work, DeferReason::AnotherWorker, self.now + SHORT_WAIT)
                                .await
                        }
                        Err(error) => work.ending = Some(Err(error)),
                    }
                }
            });
        stream::iter(begun.collect::<Vec<_>>())
            .buffer_unordered(STORE_AT_ONCE)
            .collect::<Vec<()>>()
            .await;
        let open: Vec<ContactId> = works
            .iter()
            .filter(|work| work.ending.is_none())
            .map(|work| work.id)
            .collect();
        plans.retain(|contact, _| open.contains(contact));
    }

    async fn try_begin(&self, work: &mut Work, plan: &Plan) -> Result<(), TableError> {
        let mut content = work.content();
        let mut writes = self.reserve_for(work, plan, &mut content).await?;
        if let Some(xero_id) = plan.xero.existing().filter(|_| content.link.is_none()) {
            writes.extend(self.claim(work, xero_id).await?);
        }
        let due = content
            .contact_reference_in_doubt()
            .filter(|due| **due == plan.account_reference)
            .cloned();
        content.contact_reference_due = due;
        let before = content.intent.replace(Intent {
            attempt: self.attempt.clone(),
            expires_at: self.deadline + INTENT_MARGIN,
            plan: plan.clone(),
        });
        let unclaimed = self.unclaim(work, &content).await?;
        let gives_back = unclaimed.is_some();
        writes.extend(unclaimed);
        writes.push(
            self.records
                .put(work.id, &content, expect(work.record.as_ref()))?,
        );
        self.records.write(writes).await?;
        work.gave_back |= gives_back;
        let is_in_doubt = without_create_that_never_was(work).is_none();
        work.intent_before = before.filter(|_| is_in_doubt);
        work.wrote(content);
        Ok(())
    }

    /// The account reference of the plan, reserved for this contact; the one that it had before is given back.
    async fn reserve_for(
        &self,
        work: &Work,
        plan: &Plan,
        content: &mut ContactRecord,
    ) -> Result<Vec<Write>, TableError> {
        let reference = &plan.account_reference;
        if content.reserved.as_ref() == Some(reference) {
            return Ok(Vec::new());
        }
        let mut writes = Vec::new();
        if let Some(old) = content.reserved.take() {
            writes.extend(self.release(work, &old).await?);
        }
        let known = self
            .records
            .get::<ReferenceRecord>(reference.folded())
            .await?;
        if known
            .as_ref()
            .is_some_and(|known| known.value.holder.is_some_and(|holder| holder != work.id))
        {
            return Err(TableError::Conflict);
        }
        let record = ReferenceRecord {
            reference: reference.clone(),
            holder: Some(work.id),
        };
        writes.push(
            self.records
                .put(reference.folded(), &record, expect(known.as_ref()))?,
        );
        content.reserved = Some(reference.clone());
        content.generated = false;
        Ok(writes)
    }

    /// The Xero contact, claimed for this contact.
    async fn claim(
        &self,
        work: &Work,
        xero_id: XeroContactId,
    ) -> Result<Option<Write>, TableError> {
        match self.records.get::<XeroContactRecord>(xero_id).await? {
            Some(claim) if claim.value.contact == work.id => Ok(None),
            Some(_) => Err(TableError::Conflict),
            None => self
                .records
                .put(
                    xero_id,
                    &XeroContactRecord { contact: work.id },
                    Expect::Absent,
                )
                .map(Some),
        }
    }

    /// What becomes of a contact whose write to Xero was not done. `Some` if it is to be decided anew, with whether Xero is to be asked again.
    async fn not_written(&self, work: &mut Work, plan: &Plan, written: Written) -> Option<bool> {
        match written {
            Written::Done(_) => None,
            Written::Stale => {
                self.drop_intent(work).await;
                Some(true)
            }
            Written::InDoubt => {
                // Not before the intent has expired; longer each time, for what Xero chokes on may be this contact.
                let at_least = self.deadline + INTENT_MARGIN - self.now;
                self.defer_for_its_own_sake(
                    work,
                    DeferReason::XeroUnavailable,
                    at_least.try_into().ok(),
                )
                .await;
                None
            }
            Written::NotCalled(error) => {
                self.drop_intent(work).await;
                if work.ending.is_none() {
                    self.call_failed(work, &error).await;
                }
                None
            }
            Written::Refused { kind, words } => {
                Box::pin(self.refused(work, plan, kind, words)).await
            }
            Written::Gone(xero_id) => {
                self.hold_refused(work, Problem::LinkedContactNotInXero { xero_id })
                    .await;
                None
            }
            // Its intent stands: the write may have been done. Whether it was is looked up at once.
            Written::Unknown(unknown) => {
                work.unknown = Some(unknown);
                Some(true)
            }
        }
    }

    pub(crate) async fn drop_intent(&self, work: &mut Work) {
        let dropped = async {
            let Some((content, writes)) = self.intent_ended(work).await? else {
                return Ok(None);
            };
            self.records.write(writes).await?;
            Ok(Some(content))
        };
        match dropped.await {
            Ok(Some(content)) => {
                work.gave_back |= work.claimed() != content.claimed();
                work.wrote(content);
            }
            Ok(None) => {}
            Err(error) => work.ending = Some(Err(error)),
        }
    }

    async fn write_to_bigchange(&self, work: &mut Work, plan: Plan, xero_id: XeroContactId) {
        let mut notices = plan.notices.clone();
        let mut told = Told::default();
        let written = self
            .try_write_to_bigchange(work, &plan, &mut notices, &mut told)
            .await;
        if let Err(error) = self.link(work, &plan, xero_id, notices, told).await {
            work.ending = Some(Err(error));
            return;
        }
        match written {
            Ok(()) if told.all => work.ending = Some(Ok(Done::InLine(plan.outcome))),
            // No time was left.
            Ok(()) => self.defer(work, DeferReason::OutOfTime, self.now).await,
            Err(error) => {
                if matches!(error, bigchange::Error::AuthLost(_)) {
                    self.bigchange_login_refused().await;
                }
                self.bigchange_failed(work, &error).await;
            }
        }
    }

    async fn try_write_to_bigchange(
        &self,
        work: &Work,
        plan: &Plan,
        notices: &mut Vec<Notice>,
        told: &mut Told,
    ) -> Result<(), bigchange::Error> {
        let bigchange = &self.bigchange;
        if plan.bigchange_account {
            if self.is_out_of_time() {
                return Ok(());
            }
            bigchange
                .save_account(work.id, &plan.account_reference, AccountType::XERO)
                .await?;
            told.account = true;
        }
        if !plan.bigchange_contact_reference {
            told.all = true;
            return Ok(());
        }
        if self.is_out_of_time() {
            return Ok(());
        }
        // Last, and from a fresh read: a person may have entered one meanwhile, which stays.
        let read = bigchange.contact(work.id).await?;
        let is_told = |contact: &Contact| !contact.missing.contains(&Field::ContactReference);
        if read.as_ref().is_some_and(|contact| !is_told(contact)) {
            notices.push(Notice::ContactReferenceNotWritten {
                reason: "its answer does not say whether there is one".to_owned(),
                field: None,
            });
        }
        let is_blank = read.is_some_and(|contact| {
            is_told(&contact) && contact.contact_reference.trim().is_empty()
        });
        if is_blank {
            let set = bigchange.set_contact_reference(work.id, &plan.account_reference);
            match set.await {
                Ok(()) => told.contact_reference = true,
                // The account reference is written, and it is the key: a search term is not worth
                // holding the contact for.
                Err(
                    error @ (bigchange::Error::Rejected { .. } | bigchange::Error::TooLong { .. }),
                ) => {
                    let words = error.refusal().filter(|words| !words.is_empty());
                    notices.push(Notice::ContactReferenceNotWritten {
                        reason: words.map_or_else(|| error.to_string(), str::to_owned),
                        field: None,
                    });
                }
                Err(error) => return Err(error),
            }
        }
        told.all = true;
        Ok(())
    }

    /// Records the link. Where BigChange has not taken its part yet, what is missing shows in BigChange itself, but for the contact reference, which is noted.
    async fn link(
        &self,
        work: &mut Work,
        plan: &Plan,
        xero_id: XeroContactId,
        notices: Vec<Notice>,
        told: Told,
    ) -> Result<(), TableError> {
        let bigchange_done = told.all;
        let mut content = work.content();
        let mut writes = if bigchange_done {
            self.clearing(work)
        } else {
            Vec::new()
        };
        writes.extend(self.reserve_for(work, plan, &mut content).await?);
        if content.link.is_none() {
            writes.extend(self.claim(work, xero_id).await?);
        }
        let done = self.changes_of(work, plan, told);
        content.link = Some(Link {
            xero_id,
            account_reference: plan.account_reference.clone(),
            synced: plan.synced.clone(),
        });
        content.intent = None;
        // What it is not, it is not for good.
        content.word.is = None;
        let lasting = content
            .notices
            .drain(..)
            .filter(|notice| notice.outlasts(plan, work.customer.as_ref()));
        content.notices = notices
            .into_iter()
            .chain(lasting.collect::<Vec<_>>())
            .collect();
        content.contact_reference_due = (!bigchange_done && plan.bigchange_contact_reference)
            .then(|| plan.account_reference.clone());
        let changed = work
            .record
            .as_ref()
            .is_none_or(|record| record.value != content);
        if changed {
            writes.push(
                self.records
                    .put(work.id, &content, expect(work.record.as_ref()))?,
            );
            writes.extend(self.history(work, plan, xero_id, &done)?);
        }
        if bigchange_done {
            self.end(work, writes).await?;
        } else {
            self.records.write(writes).await?;
        }
        if changed {
            work.wrote(content);
            work.changes.extend(done);
        }
        Ok(())
    }
}
