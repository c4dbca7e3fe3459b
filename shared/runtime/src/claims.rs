//! Which BigChange contact each Xero contact belongs to: the only writer of those records.
//!
//! A claim is written conditionally, in one transaction with the intent or the link that it belongs
//! to, so that two contacts cannot be linked to one Xero contact.

use std::collections::BTreeMap;

use rules::{ContactId, XeroContactId};
use store::{Expect, TableError, Write};

use crate::records::{Records, XeroContactRecord};

/// The claims on the Xero contacts of one organisation.
#[derive(Clone, Copy)]
pub struct XeroClaims<'a> {
    records: &'a Records,
}

impl<'a> XeroClaims<'a> {
    /// Those that `records` hold.
    #[must_use]
    pub fn of(records: &'a Records) -> Self {
        Self { records }
    }

    /// Claims a Xero contact; `None` where it is this contact's already.
    ///
    /// # Errors
    /// `Conflict` where another contact has claimed it; otherwise as the store says.
    pub async fn claim(
        &self,
        xero_id: XeroContactId,
        contact: ContactId,
    ) -> Result<Option<Write>, TableError> {
        match self.owner(xero_id).await? {
            Some(owner) if owner == contact => Ok(None),
            Some(_) => Err(TableError::Conflict),
            None => {
                let claim = XeroContactRecord { contact };
                self.records.put(xero_id, &claim, Expect::Absent).map(Some)
            }
        }
    }

    /// Gives a claim back, if it is this contact's.
    ///
    /// # Errors
    /// As the store says.
    pub async fn release(
        &self,
        xero_id: XeroContactId,
        contact: ContactId,
    ) -> Result<Option<Write>, TableError> {
        let claim = self.records.get::<XeroContactRecord>(xero_id).await?;
        let ours = claim.filter(|claim| claim.value.contact == contact);
        Ok(ours.map(|claim| {
            self.records
                .delete::<XeroContactRecord>(xero_id, claim.as_read())
        }))
    }

    /// Whose a Xero contact is.
    ///
    /// # Errors
    /// As the store says.
    pub async fn owner(&self, xero_id: XeroContactId) -> Result<Option<ContactId>, TableError> {
        let claim = self.records.get::<XeroContactRecord>(xero_id).await?;
        Ok(claim.map(|claim| claim.value.contact))
    }

    /// Whose the Xero contacts are; those that nobody has claimed are left out.
    ///
    /// # Errors
    /// As the store says.
    pub async fn owners(
        &self,
        xero_ids: impl IntoIterator<Item = XeroContactId>,
    ) -> Result<BTreeMap<XeroContactId, ContactId>, TableError> {
        let claims = self.records.get_many::<XeroContactRecord>(xero_ids).await?;
        let claims = claims.into_iter();
        Ok(claims
            .filter_map(|(id, claim)| Some((id.parse().ok()?, claim.value.contact)))
            .collect())
    }
}
