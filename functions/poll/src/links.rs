//! Links compared with Xero, in memory: only contacts whose link is no longer true are queued.

use std::collections::{BTreeMap, BTreeSet};

use rules::{ContactId, XeroContact, XeroContactId};
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, Records, XeroContactRecord, expect,
};
use runtime::{CallError, XeroSession};
use store::{MAX_WRITES, TableError};
use time::OffsetDateTime;
use xero::{Pages, Step};

use crate::deferred::QUEUED_AGAIN_AFTER;

/// So many pages of Xero's list are compared in one poll: a minute or two, and no more than the
/// calls that a minute allows the workers too.
const PAGES_A_POLL: u32 = 40;
/// A mark that meets another write of the same record is tried again so often.
const ATTEMPTS: usize = 5;

/// Which BigChange contact holds on to each Xero contact.
pub struct Links {
    owners: BTreeMap<XeroContactId, ContactId>,
}

/// What comparing brought.
pub(crate) struct Compared {
    /// The contacts whose link is no longer true.
    pub(crate) contradicted: BTreeSet<ContactId>,
    /// Where to go on, if it has not come to the end of the list.
    pub(crate) next_page: Option<u32>,
}

impl Links {
    /// Reads them.
    ///
    /// # Errors
    /// As the store says.
    pub async fn read(records: &Records) -> Result<Self, TableError> {
        let claims = records.list::<XeroContactRecord>("").await?;
        let owner =
            |claim: runtime::records::Stored<XeroContactRecord>| -> Option<(XeroContactId, ContactId)> {
                Some((claim.sort_key.parse().ok()?, claim.value.contact))
            };
        let owners = claims.into_iter().filter_map(owner).collect();
        Ok(Self { owners })
    }

    /// Whether nobody is linked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }

    /// The contacts whose link one of these Xero contacts contradicts.
    ///
    /// # Errors
    /// As the store says.
    pub async fn contradicted_by(
        &self,
        records: &Records,
        contacts: &[XeroContact],
    ) -> Result<BTreeSet<ContactId>, TableError> {
        let owned = contacts
            .iter()
            .filter_map(|contact| Some((*self.owners.get(&contact.id)?, contact)));
        let owned: Vec<(ContactId, &XeroContact)> = owned.collect();
        let owners = owned.iter().map(|(owner, _)| *owner);
        let linked = records.get_many::<ContactRecord>(owners).await?;
        let is_contradicted = |(owner, contact): &(ContactId, &XeroContact)| {
            let link = linked.get(&owner.to_string());
            let link = link.and_then(|linked| linked.value.link.as_ref());
            link.is_some_and(|link| link.is_contradicted_by(contact))
        };
        let contradicted = owned.into_iter().filter(is_contradicted);
        Ok(contradicted.map(|(owner, _)| owner).collect())
    }

    /// Compares every link with the whole list, from a page on. Where it comes to the end in one
    /// go, those whose Xero contact is not in the list are told too.
    pub(crate) async fn compare(
        &self,
        records: &Records,
        session: &XeroSession<'_>,
        from: u32,
        is_late: impl Fn() -> bool,
    ) -> Result<Compared, CallError> {
        let stored = |error: TableError| CallError::Open(error.into());
        let mut contradicted = BTreeSet::new();
        let mut listed = BTreeSet::new();
        let mut pages = Pages::going_on_at(from);
        for _ in 0..PAGES_A_POLL {
            let number = pages.page();
            if is_late() {
                break;
            }
            let page = session.call(|xero, access| async move {
                xero.directory_page(&access, number, None).await
            });
            let page = match page.await {
                Ok(page) => page,
                // What was compared so far is not compared again.
                Err(CallError::Paused(_)) if number > from => break,
                Err(error) => return Err(error),
            };
            let found = self.contradicted_by(records, &page.contacts).await;
            contradicted.extend(found.map_err(stored)?);
            listed.extend(page.contacts.iter().map(|contact| contact.id));
            let step = pages.take(&page.contacts, page.unreadable, page.page_count);
            if !matches!(step, Step::Next(_)) {
                if from == 1 && page.unreadable == 0 {
                    let gone = self.not_listed(records, &listed).await;
                    contradicted.extend(gone.map_err(stored)?);
                }
                let next_page = None;
                return Ok(Compared {
                    contradicted,
                    next_page,
                });
            }
        }
        Ok(Compared {
            contradicted,
            next_page: Some(pages.page()),
        })
    }

    /// The contacts that are linked to a Xero contact which is not in the list. One that moved from
    /// page to page meanwhile is found when it is looked at.
    ///
    /// # Errors
    /// As the store says.
    pub async fn not_listed(
        &self,
        records: &Records,
        listed: &BTreeSet<XeroContactId>,
    ) -> Result<BTreeSet<ContactId>, TableError> {
        let gone = self.owners.iter().filter(|(id, _)| !listed.contains(id));
        let gone: Vec<(XeroContactId, ContactId)> = gone.map(|(id, owner)| (*id, *owner)).collect();
        let owners = gone.iter().map(|(_, owner)| *owner);
        let linked = records.get_many::<ContactRecord>(owners).await?;
        let is_linked = |(id, owner): &(XeroContactId, ContactId)| {
            let link = linked.get(&owner.to_string());
            let link = link.and_then(|linked| linked.value.link.as_ref());
            link.is_some_and(|link| link.xero_id == *id)
        };
        let gone = gone.into_iter().filter(is_linked);
        Ok(gone.map(|(_, owner)| owner).collect())
    }
}

/// Notes that the Xero contacts of these have to be looked at: nothing changed in BigChange, so a
/// worker would not. The note is a deferral, so that it outlasts a message that is lost.
///
/// # Errors
/// As the store says.
pub async fn mark(
    records: &Records,
    contacts: &[ContactId],
    now: OffsetDateTime,
) -> Result<(), TableError> {
    for contacts in contacts.chunks(MAX_WRITES) {
        let mut attempts = 0;
        while let Err(error) = mark_once(records, contacts, now).await {
            attempts += 1;
            if error != TableError::Conflict || attempts == ATTEMPTS {
                return Err(error);
            }
        }
    }
    Ok(())
}

async fn mark_once(
    records: &Records,
    contacts: &[ContactId],
    now: OffsetDateTime,
) -> Result<(), TableError> {
    let known = records.get_many::<DeferredRecord>(contacts).await?;
    let marks = contacts.iter().map(|contact| {
        let known = known.get(&contact.to_string());
        let fresh = || DeferredRecord {
            since: now,
            due: now + QUEUED_AGAIN_AFTER,
            reason: DeferReason::ChangedInXero,
            attempts: 0,
            incomplete_answers: 0,
            unknown_answers: rules::UnknownAnswers::default(),
            by: rules::AskedBy::default(),
            look_at_xero: true,
        };
        let marked = known.map_or_else(fresh, |known| DeferredRecord {
            look_at_xero: true,
            ..known.value.clone()
        });
        records.put(contact, &marked, expect(known))
    });
    records.write(marks.collect::<Result<_, _>>()?).await
}
