//! Reading BigChange's contact groups. A group that cannot be read leaves the others alone.

use std::collections::{BTreeMap, BTreeSet};

use bigchange::BigChange;
use rules::{AccountReference, ContactId, Fingerprint, GroupId, looks_like_a_code};
use time::OffsetDateTime;

use crate::error::MAX_PAGES;
use crate::{GroupError, PollError};

/// How much of a group is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// All of it.
    Whole,
    /// What changed since.
    Changes(OffsetDateTime),
    /// What changed since and, if that can be read, all of it: a full sweep was made without the
    /// group.
    ChangesThenWhole(OffsetDateTime),
}

/// A group that was read to its end.
pub(crate) struct Listing {
    pub(crate) group: GroupId,
    /// Whether all of it was read, and not only what changed.
    pub(crate) is_whole: bool,
    /// Its contacts, also those of which the list could be read no further than the id: the detail
    /// may be readable all the same. With how the list shows them, where that can be read.
    pub(crate) contacts: BTreeMap<ContactId, Option<Fingerprint>>,
    /// Contact references in use that look like a generated code.
    pub(crate) code_like: BTreeSet<AccountReference>,
}

/// What came of reading some groups.
pub(crate) struct Reading {
    /// The groups that were read to their end.
    pub(crate) listings: Vec<Listing>,
    /// The groups that could not be read, and why.
    pub(crate) failures: Vec<(GroupId, GroupError)>,
    /// Those of the listed groups of which all was to be read and only the changes could be, and
    /// why.
    pub(crate) not_whole: Vec<(GroupId, GroupError)>,
    /// How many groups were to be read.
    asked: usize,
}

impl Reading {
    /// Reads groups. `is_late` says when no further page may be asked for.
    pub(crate) async fn of(
        bigchange: &BigChange,
        groups: &[(GroupId, Extent)],
        is_late: impl Fn() -> bool,
    ) -> Self {
        let mut reading = Self {
            listings: Vec::with_capacity(groups.len()),
            failures: Vec::new(),
            not_whole: Vec::new(),
            asked: groups.len(),
        };
        for (group, extent) in groups {
            let changed_since = match extent {
                Extent::Whole => None,
                Extent::Changes(since) | Extent::ChangesThenWhole(since) => Some(*since),
            };
            let mut listing = match list(bigchange, *group, changed_since, &is_late).await {
                Ok(listing) => listing,
                Err(error) => {
                    let stop = error.is_login_lost();
                    tracing::warn!(%group, "contact group {group} cannot be read: {error}");
                    reading.failures.push((*group, error));
                    if stop {
                        break;
                    }
                    continue;
                }
            };
            if let Extent::ChangesThenWhole(_) = extent {
                match list(bigchange, *group, None, &is_late).await {
                    Ok(whole) => listing = whole,
                    Err(error) => {
                        tracing::warn!(%group, "only the changes of contact group {group} can be read: {error}");
                        reading.not_whole.push((*group, error));
                    }
                }
            }
            reading.listings.push(listing);
        }
        reading
    }

    /// The groups of which all was read.
    pub(crate) fn whole_groups(&self) -> BTreeSet<GroupId> {
        let whole = self.listings.iter().filter(|listing| listing.is_whole);
        whole.map(|listing| listing.group).collect()
    }

    /// Every contact that was listed, with how.
    pub(crate) fn contacts(&self) -> BTreeMap<ContactId, Option<&Fingerprint>> {
        self.listings
            .iter()
            .flat_map(|listing| &listing.contacts)
            .map(|(contact, list_fingerprint)| (*contact, list_fingerprint.as_ref()))
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

    /// Whether the login is lost: BigChange bars the user, or refuses every group. One group that
    /// is refused is that group's own fault.
    pub(crate) fn is_login_lost(&self) -> bool {
        let is_barred = self.failures.iter().any(|(_, error)| error.is_login_lost());
        let refuses_all = !self.failures.is_empty()
            && self.listings.is_empty()
            && self.failures.iter().all(|(_, error)| error.is_refusal());
        is_barred || refuses_all
    }

    /// Whether BigChange let this program see nothing at all.
    pub(crate) fn is_shut_out(&self) -> bool {
        self.is_login_lost() && self.listings.is_empty()
    }

    /// Why the poll as a whole did not succeed. A group that fails for itself does not count, as
    /// long as another can be read; `fails_for_itself` says which do.
    pub(crate) fn error(
        &self,
        fails_for_itself: impl Fn(GroupId, &GroupError) -> bool,
    ) -> Option<PollError> {
        let login_lost = self.is_login_lost();
        let counts = |(group, error): &&(GroupId, GroupError)| {
            login_lost || self.listings.is_empty() || !fails_for_itself(*group, error)
        };
        let (first, why) = self.failures.iter().find(counts)?.clone();
        Some(PollError::Groups {
            failed: self.asked - self.listings.len(),
            groups: self.asked,
            first,
            why,
            login_lost,
        })
    }
}

/// Reads one group to its end. A contact that leaves the group while its pages are read can push
/// another one to a page that was read already: the daily sweep finds it.
async fn list(
    bigchange: &BigChange,
    group: GroupId,
    changed_since: Option<OffsetDateTime>,
    is_late: impl Fn() -> bool,
) -> Result<Listing, GroupError> {
    let mut listing = Listing {
        group,
        is_whole: changed_since.is_none(),
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
            listing
                .contacts
                .insert(contact.id, Some(contact.list_fingerprint));
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
