//! Problems in the words of a reader who has no terminal: the accounts admin with a report.

use std::collections::BTreeMap;

use crate::problem_words::{groups_not_read, no_reference, none_generated, not_in_xero};
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
