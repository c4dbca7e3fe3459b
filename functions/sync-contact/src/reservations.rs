//! Who holds which account reference.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};
use rules::{AccountReference, ContactId, looks_like_a_code};
use runtime::records::{DeferReason, ReferenceRecord, UnreadRecord, expect};
use store::{Expect, TableError};

use crate::batch::{Batch, Claims, SHORT_WAIT, STORE_AT_ONCE, open};
use crate::work::Work;

impl Batch<'_> {
    /// A reference in BigChange that is not reserved, since its contact does not take part or is linked under another, is in use all the same: no code may equal it.
    pub(crate) async fn keep_from_being_generated(&self, work: &Work) {
        let reference = work
            .contact
            .as_ref()
            .and_then(|contact| AccountReference::parse(&contact.account_reference).ok());
        let Some(reference) = reference.filter(|reference| looks_like_a_code(reference.as_str()))
        else {
            return;
        };
        let mark = async {
            if self
                .records
                .get::<ReferenceRecord>(reference.folded())
                .await?
                .is_some()
            {
                return Ok(());
            }
            let record = ReferenceRecord {
                reference: reference.clone(),
                holder: None,
            };
            self.records
                .write(vec![self.records.put(
                    reference.folded(),
                    &record,
                    Expect::Absent,
                )?])
                .await
        };
        match mark.await {
            Ok(()) | Err(TableError::Conflict) => {}
            Err(error) => {
                tracing::warn!(contact = %work.id, "an account reference could not be marked as in use: {error}")
            }
        }
    }

    /// Reserves each customer's own reference, so that no code is generated that equals it and no other contact takes it.
    pub(crate) async fn reserve_references(&self, works: &mut [Work], claims: &mut Claims) {
        let references: Vec<AccountReference> = works
            .iter()
            .filter(|work| work.ending.is_none())
            .filter_map(own_reference)
            .collect();
        if let Err(error) = self.read_holders(references, claims).await {
            for work in open(works) {
                work.ending = Some(Err(error.clone()));
            }
        }
        let holders = &claims.holders;
        let reservations = in_turn(works).into_iter().map(|twins| async move {
            let mut reserved = Vec::new();
            for work in twins {
                reserved.extend(self.reserve_own(work, holders).await);
            }
            reserved
        });
        let reserved: Vec<_> = stream::iter(reservations.collect::<Vec<_>>())
            .buffer_unordered(STORE_AT_ONCE)
            .collect()
            .await;
        claims.holders.extend(reserved.into_iter().flatten());
    }

    /// Reserves a contact's own reference. It is returned if it is now this contact's.
    async fn reserve_own(
        &self,
        work: &mut Work,
        holders: &BTreeMap<AccountReference, ContactId>,
    ) -> Option<(AccountReference, ContactId)> {
        let reference = own_reference(work);
        let mut result = self.reserve(work, reference.as_ref(), holders).await;
        if result == Err(TableError::Conflict) {
            // Another worker was quicker: now its reservation is there to be seen.
            result = self.reserve(work, reference.as_ref(), holders).await;
        }
        match result {
            Ok(true) => reference.map(|reference| (reference, work.id)),
            Ok(false) => {
                self.keep_from_being_generated(work).await;
                None
            }
            Err(TableError::Conflict) => {
                self.defer(work, DeferReason::AnotherWorker, self.now + SHORT_WAIT)
                    .await;
                None
            }
            Err(error) => {
                work.ending = Some(Err(error));
                None
            }
        }
    }

    /// Whether the reference is now this contact's. A contact that was read is no longer unread, whatever comes of it.
    async fn reserve(
        &self,
        work: &mut Work,
        reference: Option<&AccountReference>,
        holders: &BTreeMap<AccountReference, ContactId>,
    ) -> Result<bool, TableError> {
        let mut content = work.content();
        let mut writes = Vec::new();
        let mut gives_back = false;
        let linked = content.link.is_some();
        let held_by_another = reference
            .and_then(|reference| holders.get(reference))
            .is_some_and(|holder| *holder != work.id);
        // The reservation of a linked contact follows its link; that of a code being generated stays until it is written.
        let follows_bigchange =
            !linked && content.intent.is_none() && (reference.is_some() || !content.generated);
        if follows_bigchange
            && content.reserved.as_ref() != reference
            && (content.reserved.is_some() || !held_by_another)
        {
            if let Some(old) = content.reserved.take() {
                let released = self.release(work, &old).await?;
                gives_back = released.is_some();
                writes.extend(released);
            }
            content.generated = false;
            if let Some(reference) = reference.filter(|_| !held_by_another) {
                let known = self
                    .records
                    .get::<ReferenceRecord>(reference.folded())
                    .await?;
                if known.as_ref().is_none_or(|known| {
                    known.value.holder.is_none() || known.value.holder == Some(work.id)
                }) {
                    let record = ReferenceRecord {
                        reference: reference.clone(),
                        holder: Some(work.id),
                    };
                    writes.push(self.records.put(
                        reference.folded(),
                        &record,
                        expect(known.as_ref()),
                    )?);
                    content.reserved = Some(reference.clone());
                }
            }
            writes.push(
                self.records
                    .put(work.id, &content, expect(work.record.as_ref()))?,
            );
        }
        let reserves = !writes.is_empty();
        if work.unread.is_some() {
            writes.push(
                self.records
                    .delete::<UnreadRecord>(work.id, Expect::Anything),
            );
        }
        self.records.write(writes).await?;
        work.unread = None;
        work.gave_back |= gives_back;
        if reserves {
            work.wrote(content);
        }
        Ok(work
            .record
            .as_ref()
            .is_some_and(|record| record.value.reserved.as_ref() == reference))
    }

    pub(crate) async fn read_holders(
        &self,
        references: impl IntoIterator<Item = AccountReference>,
        claims: &mut Claims,
    ) -> Result<(), TableError> {
        let wanted: BTreeSet<AccountReference> = references
            .into_iter()
            .filter(|reference| !claims.holders.contains_key(reference))
            .collect();
        let found = self
            .records
            .get_many::<ReferenceRecord>(wanted.iter().map(AccountReference::folded))
            .await?;
        claims.holders.extend(
            found
                .into_values()
                .filter_map(|record| Some((record.value.reference, record.value.holder?))),
        );
        Ok(())
    }
}

fn own_reference(work: &Work) -> Option<AccountReference> {
    work.customer.as_ref()?.account_reference.clone()
}

/// The open contacts, those with one reference together: they reserve it one after the other, so that who gets it is not a matter of whose write arrives first.
fn in_turn(works: &mut [Work]) -> Vec<Vec<&mut Work>> {
    let mut twins: BTreeMap<AccountReference, Vec<&mut Work>> = BTreeMap::new();
    let mut alone = Vec::new();
    for work in open(works) {
        match own_reference(work) {
            Some(reference) => twins.entry(reference).or_default().push(work),
            None => alone.push(vec![work]),
        }
    }
    alone.extend(twins.into_values());
    alone
}
