//! What Xero itself says of the contacts that a report shows.

use std::collections::{BTreeMap, BTreeSet};

use rules::{ContactId, XeroContact, XeroContactId, XeroContactRef};

use super::{PlannedContact, read_xero_contacts};
use crate::tool::Tool;

/// Contacts by their ids, with what people know them by.
pub(super) fn named<'a>(
    contacts: impl Iterator<Item = &'a XeroContact>,
) -> BTreeMap<XeroContactId, XeroContactRef> {
    contacts
        .map(|contact| (contact.id, XeroContactRef::from(contact)))
        .collect()
}

/// Reads the Xero contacts that some contacts are, or would be, linked to and that are not known
/// yet. Where Xero does not answer now, the report shows less; it does not fail for that.
pub(super) async fn read_missing(
    tool: &Tool,
    contacts: &BTreeMap<ContactId, PlannedContact>,
    known: &mut BTreeMap<XeroContactId, XeroContactRef>,
) {
    let linked = contacts.values().filter_map(PlannedContact::xero_id);
    let missing: BTreeSet<XeroContactId> = linked.filter(|id| !known.contains_key(id)).collect();
    if missing.is_empty() {
        return;
    }
    let missing: Vec<XeroContactId> = missing.into_iter().collect();
    match read_xero_contacts(tool, &missing, &[]).await {
        Ok(read) => known.extend(named(read.iter())),
        Err(error) => tool.ui.tell(format!(
            "Xero's own names and account numbers are not shown: {error}"
        )),
    }
}
