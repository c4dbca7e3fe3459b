//! What is known of a whole Xero organisation, kept by the process between invocations and
//! refreshed with what changed since.

use std::collections::HashMap;

use rules::{
    AccountReference, Alike, Compared, ContactId, ContactNumber, ContactStatus, Customer, Grade,
    Likeness, MAX_CANDIDATES, MatchIndex, NameKey, TenantId, XeroContact, XeroContactId,
};
use time::{Duration, OffsetDateTime};

/// A directory this young is not refreshed for another batch: what it does not know yet costs a
/// refused call, never a wrong write.
const FRESH_FOR: Duration = Duration::seconds(15);
/// Changes are asked for from a little before the last answer: Xero dates them to the second.
const OVERLAP: Duration = Duration::seconds(30);

/// The contacts of an organisation, archived ones too, by what they are found by.
#[derive(Debug, Clone)]
pub struct Directory {
    tenant: TenantId,
    /// Xero's clock when it was read.
    as_of: OffsetDateTime,
    /// Our clock when it was read.
    read_at: OffsetDateTime,
    contacts: HashMap<XeroContactId, XeroContact>,
    by_account_number: HashMap<AccountReference, Vec<XeroContactId>>,
    by_name: HashMap<NameKey, Vec<XeroContactId>>,
    /// Two contacts can carry one number, though Xero means them to be unique.
    by_contact_number: HashMap<String, Vec<XeroContactId>>,
    /// The active ones, by what makes two contacts alike.
    likeness: MatchIndex<XeroContactId>,
    /// When the table was given all of it.
    pub(crate) kept_at: Option<OffsetDateTime>,
    /// How many contacts have changed since.
    pub(crate) changes_since_kept: usize,
}

/// So many that are only possibly the same customer are shown to a person.
const MAX_POSSIBLE: usize = 5;

/// How long a directory that was broken off can be read on: what changed since it was begun is
/// asked for when it is whole, and after so long that may be more than it saves.
const HALF_READ_LASTS: Duration = Duration::minutes(30);

/// A directory of which some pages are missing: it answers nothing, and is read on by the next
/// batch. Xero's pages are in the order of the ids, so that a page can be repeated meanwhile and
/// none is missed.
#[derive(Debug)]
pub struct HalfRead {
    pub(crate) directory: Directory,
    /// Where to go on.
    pub(crate) pages: xero::Pages,
}

impl HalfRead {
    /// Whether it is of this organisation and can be read on.
    pub(crate) fn can_go_on(&self, tenant: TenantId, now: OffsetDateTime) -> bool {
        self.directory.is_of(tenant) && (now - self.directory.read_at).abs() < HALF_READ_LASTS
    }
}

impl Directory {
    /// An empty directory, to be filled with all pages.
    #[must_use]
    pub fn new(tenant: TenantId, as_of: OffsetDateTime, read_at: OffsetDateTime) -> Self {
        Self {
            tenant,
            as_of,
            read_at,
            contacts: HashMap::new(),
            by_account_number: HashMap::new(),
            by_name: HashMap::new(),
            by_contact_number: HashMap::new(),
            likeness: MatchIndex::default(),
            kept_at: None,
            changes_since_kept: 0,
        }
    }

    /// Whether it is of this organisation.
    #[must_use]
    pub fn is_of(&self, tenant: TenantId) -> bool {
        self.tenant == tenant
    }

    /// Whether it needs no refresh yet.
    #[must_use]
    pub fn is_fresh(&self, now: OffsetDateTime) -> bool {
        (now - self.read_at).abs() < FRESH_FOR
    }

    /// When it was read, by Xero's clock.
    #[must_use]
    pub fn as_of(&self) -> OffsetDateTime {
        self.as_of
    }

    /// All of its contacts.
    pub fn contacts(&self) -> impl Iterator<Item = &XeroContact> {
        self.contacts.values()
    }

    /// How many pages of Xero's list they fill.
    #[must_use]
    pub fn pages(&self) -> u32 {
        u32::try_from(self.contacts.len().div_ceil(xero::PAGE_SIZE)).unwrap_or(u32::MAX)
    }

    /// From when changes have to be asked for.
    #[must_use]
    pub fn changed_since(&self) -> OffsetDateTime {
        self.as_of - OVERLAP
    }

    /// It has been refreshed.
    pub fn refreshed(&mut self, as_of: OffsetDateTime, read_at: OffsetDateTime) {
        self.as_of = self.as_of.max(as_of);
        self.read_at = read_at;
    }

    /// Takes a contact as it is now.
    pub fn put(&mut self, contact: XeroContact) {
        let id = contact.id;
        if let Some(old) = self.contacts.remove(&id) {
            self.likeness.remove(id, old.compared());
            let (number, contact_number) = keys(&old);
            if let Some(ids) = number.and_then(|number| self.by_account_number.get_mut(&number)) {
                ids.retain(|known| *known != id);
            }
            if let Some(ids) =
                contact_number.and_then(|number| self.by_contact_number.get_mut(&number))
            {
                ids.retain(|known| *known != id);
            }
            if let Some(ids) = self.by_name.get_mut(&NameKey::of(&old.name)) {
                ids.retain(|known| *known != id);
            }
        }
        let (number, contact_number) = keys(&contact);
        if let Some(number) = number {
            self.by_account_number.entry(number).or_default().push(id);
        }
        self.by_name
            .entry(NameKey::of(&contact.name))
            .or_default()
            .push(id);
        if let Some(contact_number) = contact_number {
            self.by_contact_number
                .entry(contact_number)
                .or_default()
                .push(id);
        }
        if contact.status == ContactStatus::Active {
            self.likeness.insert(id, contact.compared());
        }
        self.contacts.insert(id, contact);
    }

    /// The active contacts that are like this customer, the likeliest first.
    #[must_use]
    pub fn alike(&self, customer: &Customer) -> Vec<Alike> {
        let data = customer.details.data();
        let compared = Compared {
            name: &customer.details.name,
            data: &data,
        };
        let known = |id| self.contacts.get(&id).map(XeroContact::compared);
        let mut alike = self.likeness.alike(compared, known);
        let likely = alike.partition_point(|(_, found)| found.grade == Grade::Likely);
        alike.truncate(MAX_CANDIDATES.min(likely + MAX_POSSIBLE));
        let told = |(id, found): (XeroContactId, Likeness)| {
            Some(Alike {
                xero: self.contacts.get(&id)?.into(),
                linked_to: None,
                grade: found.grade,
                evidence: found.evidence,
            })
        };
        alike.into_iter().filter_map(told).collect()
    }

    /// The contacts that may be this customer's.
    #[must_use]
    pub fn candidates(&self, customer: &Customer) -> Vec<XeroContact> {
        let by_number = customer
            .account_reference
            .as_ref()
            .and_then(|reference| self.by_account_number.get(reference));
        let by_name = self.by_name.get(&NameKey::of(&customer.details.name));
        let own = self.by_contact_number.get(&own_number(customer.id));
        let mut ids: Vec<XeroContactId> = by_number
            .into_iter()
            .chain(by_name)
            .chain(own)
            .flatten()
            .copied()
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids.iter()
            .filter_map(|id| self.contacts.get(id))
            .cloned()
            .collect()
    }

    /// The contact with this id.
    #[must_use]
    pub fn get(&self, id: XeroContactId) -> Option<&XeroContact> {
        self.contacts.get(&id)
    }

    /// The contacts with this name.
    pub fn with_name(&self, name: &str) -> impl Iterator<Item = &XeroContact> {
        let ids = self.by_name.get(&NameKey::of(name));
        ids.into_iter()
            .flatten()
            .filter_map(|id| self.contacts.get(id))
    }

    /// The contacts with this account number, archived ones too.
    pub fn with_account_number(
        &self,
        number: &AccountReference,
    ) -> impl Iterator<Item = &XeroContact> {
        let ids = self.by_account_number.get(number);
        ids.into_iter()
            .flatten()
            .filter_map(|id| self.contacts.get(id))
    }

    /// Whether any contact, archived or not, has this account number.
    #[must_use]
    pub fn has_account_number(&self, reference: &AccountReference) -> bool {
        self.by_account_number
            .get(reference)
            .is_some_and(|ids| !ids.is_empty())
    }
}

fn keys(contact: &XeroContact) -> (Option<AccountReference>, Option<String>) {
    let number = AccountReference::parse(&contact.account_number).ok();
    (
        number,
        contact
            .contact_number
            .as_ref()
            .map(|number| number.as_str().to_ascii_lowercase()),
    )
}

fn own_number(contact: ContactId) -> String {
    ContactNumber::ours(contact).as_str().to_ascii_lowercase()
}
