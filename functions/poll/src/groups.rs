//! Reading BigChange's contact groups. A group that cannot be read leaves the others alone.

use std::collections::{BTreeMap, BTreeSet};

use bigchange::BigChange;
use rules::{AccountReference, ContactId, Fingerprint, GroupId, looks_like_a_code};
use time::OffsetDateTime;

use crate::{GroupError, PollError};

/// A group of 200,000 contacts is ten times the largest that is expected.
pub(crate) const MAX_PAGES: u32 = 200;

/// A group that was read to its end.
pub(crate) struct Listing {
    pub(crate) group: GroupId,
    /// Its contacts, also those of which the list could be read no further than the id: the detail may be readable all the same.
    /// With how the list shows them, where that can be read.
    pub(crate) contacts: BTreeMap<ContactId, Option<Fingerprint>>,
    /// Contact references in use that look like a generated code.
    pub(crate) code_like: BTreeSet<AccountReference>,
}

/// What came of reading some groups.
pub(crate) struct Reading {
    /// The groups that were read to their end.
    pub(crate) listings: Vec<Listing>,
    /// How many groups were to be read.
    asked: usize,
    /// The first that could not be read, and why.
    failure: Option<(GroupId, GroupError)>,
}

impl Reading {
    /// Reads groups: their changes since a moment, or the whole group. `is_late` says when no further page may be asked for.
    pub(crate) async fn of(
        bigchange: &BigChange,
        groups: &[(GroupId, Option<OffsetDateTime>)],
        is_late: impl Fn() -> bool,
    ) -> Self {
        let mut reading = Self {
            listings: Vec::with_capacity(groups.len()),
            asked: groups.len(),
            failure: None,
        };
        for (group, changed_since) in groups {
            match list(bigchange, *group, *changed_since, &is_late).await {
                Ok(listing) => reading.listings.push(listing),
                Err(error) => {
                    let stop = error.is_login_refused();
                    tracing::warn!(%group, "contact group {group} cannot be read: {error}");
                    reading.failure.get_or_insert((*group, error));
                    if stop {
                        break;
                    }
                }
            }
        }
        reading
    }

    /// Every contact that was listed, with how.
    pub(crate) fn contacts(&self) -> BTreeMap<ContactId, Option<&Fingerprint>> {
        self.listings
            .iter()
            .flat_map(|listing| &listing.contacts)
            .map(|(contact, as_listed)| (*contact, as_listed.as_ref()))
            .collect()
    }

    /// Every contact that was listed in one of these groups.
    pub(crate) fn contacts_in(&self, groups: &BTreeSet<GroupId>) -> BTreeSet<ContactId> {
        self.listings
            .iter()
            .filter(|listing| groups.contains(&listing.group))
            .flat_map(|listing| listing.contacts.keys().copied())
            .collect()
    }

    /// Every contact reference that looks like a generated code.
    pub(crate) fn code_like(&self) -> BTreeSet<&AccountReference> {
        self.listings
            .iter()
            .flat_map(|listing| &listing.code_like)
            .collect()
    }

    /// Whether BigChange let this program see nothing at all.
    pub(crate) fn is_shut_out(&self) -> bool {
        let refused = self
            .failure
            .as_ref()
            .is_some_and(|(_, error)| error.is_login_refused());
        refused && self.listings.is_empty()
    }

    /// Why not every group was read to its end; `None` where each was.
    pub(crate) fn error(&self) -> Option<PollError> {
        let (first, why) = self.failure.clone()?;
        Some(PollError::Groups {
            failed: self.asked - self.listings.len(),
            groups: self.asked,
            first,
            why,
        })
    }
}

/// Reads one group to its end. A contact that leaves the group while its pages are read can push another one to a page that was read already: the daily sweep finds it.
async fn list(
    bigchange: &BigChange,
    group: GroupId,
    changed_since: Option<OffsetDateTime>,
    is_late: impl Fn() -> bool,
) -> Result<Listing, GroupError> {
    let mut listing = Listing {
        group,
        contacts: BTreeMap::new(),
        code_like: BTreeSet::new(),
    };
    for number in 0..MAX_PAGES {
        if is_late() {
            return Err(GroupError::OutOfTime);
        }
        let page = bigchange
            .contacts_in_group(group, number, changed_since)
            .await?;
        let unreadable = page.unreadable_ids.into_iter();
        listing.contacts.extend(unreadable.map(|id| (id, None)));
        for contact in page.contacts {
            listing.contacts.insert(contact.id, Some(contact.as_listed));
            if looks_like_a_code(&contact.contact_reference) {
                listing
                    .code_like
                    .extend(AccountReference::parse(&contact.contact_reference));
            }
        }
        if page.last {
            return Ok(listing);
        }
    }
    Err(GroupError::TooManyPages)
}
