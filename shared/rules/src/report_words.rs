//! Problems in the words of a reader who has no terminal: the accounts admin with a report.

use std::collections::BTreeMap;

use crate::{ContactId, DisplayNames, GroupId, Problem};

impl Problem {
    /// What [`Problem::cure`] says, without the parameters of the stack: they say nothing to a
    /// person who does not deploy it.
    #[must_use]
    pub fn cure_in_words(&self) -> String {
        match self {
            Self::NotInXero { reference, .. } => not_in_xero(
                reference.is_some(),
                "have whoever runs contact-sync let the synchronisation create contacts",
            ),
            Self::NoAccountReference { unread_groups } if unread_groups.is_empty() => {
                no_reference("have whoever runs contact-sync let the synchronisation generate them")
            }
            Self::NoAccountReference { .. } => groups_not_read(
                "have whoever runs contact-sync correct the contact groups that are synchronised; \
                 contact-sync status tells them why it cannot be read",
            ),
            other => other.cure(),
        }
    }

    /// Its sentence with every contact group by its name, where the sentence names groups and
    /// their names are known; `None` for any other problem.
    #[must_use]
    pub fn sentence_with_groups(
        &self,
        contact: ContactId,
        name: &str,
        names: &BTreeMap<GroupId, String>,
    ) -> Option<String> {
        let known = |id: &GroupId| names.get(id).filter(|name| !name.trim().is_empty());
        match self {
            Self::NoAccountReference { unread_groups } if !unread_groups.is_empty() => {
                let groups = unread_groups.iter().map(|id| match known(id) {
                    Some(name) => format!("\"{name}\" ({id})"),
                    None => format!("{id} (whose name BigChange does not tell)"),
                });
                let who = format!("\"{name}\" (BigChange contact {contact})");
                Some(none_generated(&who, &groups.collect::<Vec<_>>()))
            }
            _ => {
                let names = DisplayNames {
                    group: Some(known(&self.group()?)?.clone()),
                    ..DisplayNames::default()
                };
                Some(self.sentence(contact, name, &names))
            }
        }
    }
}

/// The cure of [`Problem::NotInXero`]; `last_way` is the one that takes a change of the settings.
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
