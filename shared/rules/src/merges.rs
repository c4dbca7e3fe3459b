//! Where a linked Xero contact has gone that a person merged into another.

use crate::{ContactStatus, XeroContact, XeroContactId};

/// A chain of merges is followed so far. Xero keeps what each contact was merged into, and a person
/// may merge a survivor again; a longer chain was never seen.
pub const MAX_MERGES: usize = 5;

/// Where a linked Xero contact stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing<'a> {
    /// Xero does not know it.
    Gone,
    /// It is in use.
    Active(&'a XeroContact),
    /// It cannot be used: itself, or the contact at the end of its merges, is archived or erased.
    Unusable(&'a XeroContact),
    /// A person merged it, and the contact at the end of its merges is in use.
    Merged {
        /// The linked one.
        from: &'a XeroContact,
        /// The one in use.
        survivor: &'a XeroContact,
    },
}

/// Where the contact `id` stands, by what was read: it, and what it was merged into.
///
/// | it is | and | standing |
/// |---|---|---|
/// | not among them | | gone |
/// | active | | active, whatever was merged into it |
/// | archived or erased | not merged | unusable |
/// | archived | the end of its merges is active | merged into that |
/// | archived | the end is archived or erased, and not merged | the end is unusable |
/// | archived | the end is not known, or further than five merges, or the merges go round | itself unusable |
pub(crate) fn standing(id: XeroContactId, read: &[XeroContact]) -> Standing<'_> {
    let with_id = |id: XeroContactId| read.iter().find(|contact| contact.id == id);
    let Some(from) = with_id(id) else {
        return Standing::Gone;
    };
    let mut at = from;
    for _ in 0..=MAX_MERGES {
        match (at.status, at.merged_into) {
            (ContactStatus::Active, _) if at.id == id => return Standing::Active(at),
            (ContactStatus::Active, _) => {
                let survivor = at;
                return Standing::Merged { from, survivor };
            }
            (ContactStatus::Erased, _) | (ContactStatus::Archived, None) => {
                return Standing::Unusable(at);
            }
            (ContactStatus::Archived, Some(next)) => match with_id(next) {
                Some(next) => at = next,
                None => break,
            },
        }
    }
    Standing::Unusable(from)
}

/// The contacts that have to be read to know where those stand that were read: what an archived one
/// was merged into.
#[must_use]
pub fn merged_into_unread(read: &[XeroContact]) -> Vec<XeroContactId> {
    let is_read = |id: &XeroContactId| read.iter().any(|contact| contact.id == *id);
    let archived = read
        .iter()
        .filter(|contact| contact.status == ContactStatus::Archived);
    let mut unread: Vec<_> = archived.filter_map(|contact| contact.merged_into).collect();
    unread.retain(|id| !is_read(id));
    unread.sort_unstable();
    unread.dedup();
    unread
}
