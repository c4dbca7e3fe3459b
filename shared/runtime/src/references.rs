//! The account references in use: the only writer of their records.
//!
//! Every reference that BigChange or Xero was seen to use has one record, written conditionally, so
//! that two contacts cannot hold one reference and no generated code can equal one in use. The
//! methods return the write, which goes into one transaction with what it belongs to.

use std::collections::{BTreeMap, BTreeSet};

use rules::{AccountReference, ContactId, looks_like_a_code};
use store::{Expect, TableError, Write};

use crate::records::{Records, ReferenceRecord, expect};

/// The account references in use in one organisation.
#[derive(Clone, Copy)]
pub struct AccountReferences<'a> {
    records: &'a Records,
}

/// What came of wanting a reference for a contact.
#[derive(Debug, Clone, PartialEq)]
pub enum Reserving {
    /// It is free, or marked only: this write reserves it.
    With(Write),
    /// Another contact holds it.
    HeldBy(ContactId),
}

impl<'a> AccountReferences<'a> {
    /// Those that `records` hold.
    #[must_use]
    pub fn of(records: &'a Records) -> Self {
        Self { records }
    }

    /// Reserves a reference for a contact, over a mark too.
    ///
    /// # Errors
    /// As the store says.
    pub async fn reserve(
        &self,
        reference: &AccountReference,
        contact: ContactId,
    ) -> Result<Reserving, TableError> {
        let known = self
            .records
            .get::<ReferenceRecord>(reference.folded())
            .await?;
        let holder = known.as_ref().and_then(|known| known.value.holder);
        if let Some(other) = holder.filter(|holder| *holder != contact) {
            return Ok(Reserving::HeldBy(other));
        }
        let record = held_by(reference, Some(contact));
        let put = self
            .records
            .put(reference.folded(), &record, expect(known.as_ref()))?;
        Ok(Reserving::With(put))
    }

    /// Reserves a code that was just generated: the write fails where the code has a record
    /// already.
    ///
    /// # Errors
    /// As [`Records::put`].
    pub fn reserve_generated(
        &self,
        code: &AccountReference,
        contact: ContactId,
    ) -> Result<Write, TableError> {
        let record = held_by(code, Some(contact));
        self.records.put(code.folded(), &record, Expect::Absent)
    }

    /// Gives a contact's reservation back; `None` where it holds none. A reference that a code
    /// could equal stays marked: another contact may carry it as its contact reference, which was
    /// marked before this contact took it, or this contact may carry it still.
    ///
    /// # Errors
    /// As the store says.
    pub async fn release(
        &self,
        reference: &AccountReference,
        contact: ContactId,
    ) -> Result<Option<Write>, TableError> {
        let known = self
            .records
            .get::<ReferenceRecord>(reference.folded())
            .await?;
        let Some(held) = known.filter(|known| known.value.holder == Some(contact)) else {
            return Ok(None);
        };
        if looks_like_a_code(reference.as_str()) {
            let mark = held_by(reference, None);
            return self
                .records
                .put(reference.folded(), &mark, held.as_read())
                .map(Some);
        }
        let key = reference.folded();
        Ok(Some(
            self.records.delete::<ReferenceRecord>(key, held.as_read()),
        ))
    }

    /// Marks references that are in use although no contact that takes part holds them, so that no
    /// code equals one. Those that have a record already are left out.
    ///
    /// # Errors
    /// As the store says.
    pub async fn mark(
        &self,
        references: &BTreeSet<&AccountReference>,
    ) -> Result<Vec<Write>, TableError> {
        if references.is_empty() {
            return Ok(Vec::new());
        }
        let keys = references.iter().map(|reference| reference.folded());
        let known = self.records.get_many::<ReferenceRecord>(keys).await?;
        references
            .iter()
            .filter(|reference| !known.contains_key(reference.folded()))
            .map(|reference| {
                let mark = held_by(reference, None);
                self.records.put(reference.folded(), &mark, Expect::Absent)
            })
            .collect()
    }

    /// Retires a generated code that Xero refused: no contact holds it, and it is never generated
    /// again.
    ///
    /// # Errors
    /// As the store says.
    pub async fn retire(&self, code: &AccountReference) -> Result<Write, TableError> {
        self.records
            .replace(code.folded(), &held_by(code, None))
            .await
    }

    /// Which contact holds each of the references; those that none holds are left out.
    ///
    /// # Errors
    /// As the store says.
    pub async fn holders(
        &self,
        references: impl IntoIterator<Item = &AccountReference>,
    ) -> Result<BTreeMap<AccountReference, ContactId>, TableError> {
        let keys = references.into_iter().map(AccountReference::folded);
        let known = self.records.get_many::<ReferenceRecord>(keys).await?;
        let held = known.into_values().map(|known| known.value);
        Ok(held
            .filter_map(|known| Some((known.reference, known.holder?)))
            .collect())
    }

    /// Every reference with a record that begins with `prefix`, whoever holds it.
    ///
    /// # Errors
    /// As the store says.
    pub async fn in_use(&self, prefix: &str) -> Result<Vec<AccountReference>, TableError> {
        let known = self
            .records
            .list::<ReferenceRecord>(&prefix.to_lowercase())
            .await?;
        Ok(known
            .into_iter()
            .map(|known| known.value.reference)
            .collect())
    }
}

fn held_by(reference: &AccountReference, holder: Option<ContactId>) -> ReferenceRecord {
    ReferenceRecord {
        reference: reference.clone(),
        holder,
    }
}
