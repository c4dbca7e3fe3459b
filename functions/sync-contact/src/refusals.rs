//! What becomes of a contact whose write Xero refused, or answered without telling: the rules say, and
//! what they want to see is read here.

use std::collections::BTreeMap;

use rules::{
    AfterRefusal, AfterUnknown, ContactId, Evidence, Plan, Refusal, RefusedContact, RefusedWrite,
    XeroContact, XeroContactId, account_number_spellings, after_refusal, refused_by_xero,
    search_words, unknown_to_the_end,
};
use runtime::CallError;
use runtime::records::{DeferReason, XeroContactRecord};

use crate::apply::INTENT_MARGIN;
use crate::batch::Batch;
use crate::settle::without_moot_intent;
use crate::work::Work;
use crate::xero_writes::Unknown;

impl Batch<'_> {
    /// `Some` if the contact is to be decided anew, with whether Xero is to be asked again.
    pub(crate) async fn refused(
        &self,
        work: &mut Work,
        plan: &Plan,
        refusal: Refusal,
        words: Vec<String>,
    ) -> Option<bool> {
        let content = work.content();
        let write = RefusedWrite {
            refusal,
            outcome: plan.outcome,
            target: plan.xero.existing(),
            looked_again: work.looked_again,
            has_code: content.code().is_some(),
        };
        let evidence = match after_refusal(&write) {
            AfterRefusal::LookAgain => {
                work.looked_again = true;
                self.drop_intent(work).await;
                return Some(true);
            }
            AfterRefusal::ReplaceCode => {
                if let Err(error) = self.burn_code(work).await {
                    work.ending = Some(Err(error));
                    return None;
                }
                return Some(false);
            }
            AfterRefusal::Hold(evidence) => evidence,
        };
        let refused = RefusedContact::of(work.id, plan, content.link.as_ref());
        // Where it cannot be read, Xero's words have to do.
        let read = self.read_evidence(&refused, evidence).await;
        let read = read.unwrap_or_default();
        let claimed = self.claimed(&read).await;
        let problem = refused_by_xero(&refused, refusal, words, &read, &claimed);
        self.hold_refused(work, problem).await;
        None
    }

    async fn read_evidence(
        &self,
        refused: &RefusedContact,
        evidence: Evidence,
    ) -> Result<Vec<XeroContact>, CallError> {
        let number = &refused.account_reference;
        match evidence {
            Evidence::Nothing => Ok(Vec::new()),
            Evidence::Target(id) => self.read_by_id(&[id]).await,
            Evidence::HolderOfName => self.read_name(&refused.name).await,
            Evidence::HolderOfNumber if xero::can_be_queried(number.as_str()) => {
                self.read_account_numbers(&account_number_spellings(number))
                    .await
            }
            Evidence::HolderOfNumber => Ok(Vec::new()),
        }
    }

    async fn read_name(&self, name: &str) -> Result<Vec<XeroContact>, CallError> {
        let mut found = Vec::new();
        for word in search_words(name) {
            found.extend(self.search(&word).await?);
        }
        Ok(found)
    }

    async fn claimed(&self, read: &[XeroContact]) -> BTreeMap<XeroContactId, ContactId> {
        let ids = read.iter().map(|contact| contact.id);
        let claims = self.records.get_many::<XeroContactRecord>(ids).await;
        let claims = claims.unwrap_or_default().into_iter();
        claims
            .filter_map(|(id, claim)| Some((id.parse().ok()?, claim.value.contact)))
            .collect()
    }

    /// A contact of whose write Xero's answer did not tell, and which was not found in Xero since: its
    /// intent stands, and it is sent alone once that is over, or held.
    pub(crate) async fn keep_in_doubt(&self, work: &mut Work, unknown: Unknown) {
        match work.unknown_answers().after() {
            AfterUnknown::SendAlone => {
                let at_least = self.deadline + INTENT_MARGIN - self.now;
                let reason = DeferReason::UnexpectedAnswer;
                self.defer_for_its_own_sake(work, reason, at_least.try_into().ok())
                    .await;
            }
            AfterUnknown::Hold => {
                let problem = unknown_to_the_end(unknown.what);
                if without_moot_intent(work).is_some() {
                    // Xero was asked since, and it was not done.
                    self.hold_refused(work, problem).await;
                } else {
                    self.hold(work, problem).await;
                }
            }
        }
    }
}
