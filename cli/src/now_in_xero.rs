//! What Xero itself says of the contacts that a report shows.

use std::collections::BTreeSet;

use rules::XeroContactId;

use crate::dry_run::{DryRunResult, PlannedContact, named, read_xero_contacts};
use crate::tool::Tool;

/// Reads the Xero contacts that some contacts are, or would be, linked to and that the dry run did
/// not read. Where Xero does not answer now, the report shows less; it does not fail for that.
pub async fn read_missing(tool: &Tool, result: &mut DryRunResult) {
    let linked = result.contacts.values().filter_map(PlannedContact::xero_id);
    let missing: BTreeSet<XeroContactId> = linked
        .filter(|id| !result.in_xero.contains_key(id))
        .collect();
    if missing.is_empty() {
        return;
    }
    let missing: Vec<XeroContactId> = missing.into_iter().collect();
    match read_xero_contacts(tool, &missing, &[]).await {
        Ok(read) => result.in_xero.extend(named(&read)),
        Err(error) => tool.ui.tell(format!(
            "Xero's own names and account numbers are not shown: {error}"
        )),
    }
}
