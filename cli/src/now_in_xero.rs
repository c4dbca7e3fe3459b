//! What Xero itself says of the contacts that a report shows.

use std::collections::{BTreeMap, BTreeSet};

use rules::{Problem, XeroContactId, XeroContactRef};

use crate::dry_run::{DryRunResult, PlannedContact, named, read_xero_contacts};
use crate::tool::Tool;

/// Reads the Xero contacts that some contacts are, or would be, linked to, or theirs was merged into, and that the dry run did
/// not read. Where Xero does not answer now, the report shows less; it does not fail for that.
pub async fn read_missing(tool: &Tool, result: &mut DryRunResult) {
    let linked = result.contacts.values().filter_map(PlannedContact::xero_id);
    let held = result
        .contacts
        .values()
        .filter_map(|one| one.problem.as_ref());
    let survivors = held.filter_map(|held| held.problem.survivor());
    let missing: BTreeSet<XeroContactId> = linked
        .chain(survivors)
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

/// The contacts that archived ones were merged into, whose names no problem has. Where Xero does not
/// answer now, they are told by their ids.
pub async fn survivors<'a>(
    tool: &Tool,
    problems: impl Iterator<Item = &'a Problem>,
) -> BTreeMap<XeroContactId, XeroContactRef> {
    let survivors: BTreeSet<XeroContactId> = problems.filter_map(Problem::survivor).collect();
    if survivors.is_empty() {
        return BTreeMap::new();
    }
    let survivors: Vec<XeroContactId> = survivors.into_iter().collect();
    match read_xero_contacts(tool, &survivors, &[]).await {
        Ok(read) => named(&read),
        Err(error) => {
            tracing::debug!(%error, "the survivors of merges are told by their ids");
            BTreeMap::new()
        }
    }
}
