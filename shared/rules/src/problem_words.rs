//! What problems say to every reader; how they end depends on who reads.

/// The cure of a contact that is not in Xero; `last_way` takes a change of the settings.
pub(crate) fn not_in_xero(has_reference: bool, last_way: &str) -> String {
    let under = if has_reference {
        "with this account number"
    } else {
        "under this name"
    };
    format!(
        "If it is in Xero under another name, enter its account number in BigChange (CRM → \
         Contacts → the contact → Financials → Terms → Account reference). If it is not there, \
         create it in Xero (Contacts → New contact) {under}, or {last_way}."
    )
}

/// The cure of a contact for which no reference may be generated.
pub(crate) fn no_reference(last_way: &str) -> String {
    format!(
        "In BigChange, enter one (CRM → Contacts → the contact → Financials → Terms → Account \
         reference), or {last_way}."
    )
}

/// The cure of a contact for which no reference may be generated before some groups are read.
pub(crate) fn groups_not_read(last_way: &str) -> String {
    format!(
        "In BigChange, give the user that the synchronisation logs in with the right to see the \
         contact group, or enter an account reference for this contact (CRM → Contacts → the \
         contact → Financials → Terms → Account reference). If there is no such group, {last_way}."
    )
}

/// The sentence of a contact for which no reference may be generated before some groups are read.
pub(crate) fn none_generated(who: &str, groups: &[String]) -> String {
    format!(
        "{who} has no account reference, and none may be generated: BigChange's contact {} {} \
         cannot be read, so which references are in use there is not known.",
        if groups.len() == 1 { "group" } else { "groups" },
        groups.join(", ")
    )
}
