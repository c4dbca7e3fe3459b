//! What is wrong, in a sentence that names the contact and the values in conflict.

use super::kinds::Problem;
use crate::notice::quoted;
use crate::problem_words;
use crate::{Alike, ContactId, GroupId, XeroContactId, XeroContactRef};

/// The most that its sentence names.
const MAX_TOLD: usize = 5;

/// Names that a problem's sentence tells beside the contact's own, as far as they are known.
/// Without them an id has to do, which says less to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DisplayNames {
    /// Of the contact group [`Problem::group`].
    pub group: Option<String>,
    /// Of the other BigChange contact [`Problem::names_contact`].
    pub contact: Option<String>,
}

impl Problem {
    /// The contact that an archived one was merged into, which its sentence names by its id alone.
    #[must_use]
    pub fn survivor(&self) -> Option<XeroContactId> {
        match self {
            Self::ArchivedInXero { survivor, .. } => *survivor,
            _ => None,
        }
    }

    /// Its sentence with [`Self::survivor`] by its name, as Xero has it now; `None` for any other
    /// problem.
    #[must_use]
    pub fn sentence_with_survivor(
        &self,
        contact: ContactId,
        name: &str,
        survivor: &XeroContactRef,
    ) -> Option<String> {
        let Self::ArchivedInXero { xero, .. } = self else {
            return None;
        };
        (self.survivor() == Some(survivor.id)).then(|| {
            format!(
                "\"{name}\" (BigChange contact {contact}) matches the Xero contact {}, which was merged into {}.",
                xero.told(),
                survivor.told()
            )
        })
    }

    /// One sentence: the contact, and the values in conflict. `name` is the contact's name in
    /// BigChange.
    #[must_use]
    pub fn sentence(&self, contact: ContactId, name: &str, others: &DisplayNames) -> String {
        let who = format!("\"{name}\" (BigChange contact {contact})");
        let group_text = |group: &Option<GroupId>| match (&others.group, group) {
            (Some(name), _) => format!("the contact group \"{name}\""),
            (None, Some(id)) => format!("contact group {id}"),
            (None, None) => "its contact group".to_owned(),
        };
        let other_text = |id: &ContactId| match &others.contact {
            Some(name) => format!("\"{name}\" (BigChange contact {id})"),
            None => format!("BigChange contact {id}"),
        };
        match self {
            Self::ParentInSiteGroup { group } => format!(
                "{who} has no parent contact but is in {}, which is for site contacts.",
                group_text(group)
            ),
            Self::SiteContactInAccountGroup { parent, group } => {
                format!(
                    "{who} is a site of contact {parent} but is in {}, which is for account customers; the group mixes the two.",
                    group_text(group)
                )
            }
            // How long it is says nothing of what it must not hold.
            Self::InvalidField { field, limit, .. } if limit.starts_with("no ") => format!(
                "The {} of {who} cannot be used in Xero, which takes {limit}.",
                field.label()
            ),
            Self::InvalidField {
                field,
                limit,
                chars,
            } => {
                format!(
                    "The {} of {who} has {chars} characters and cannot be used in Xero, which takes {limit}.",
                    field.label()
                )
            }
            Self::AmbiguousMatch { found } => {
                let list = found
                    .iter()
                    .map(XeroContactRef::told)
                    .collect::<Vec<_>>()
                    .join(", ");
                format!("More than one Xero contact could be {who}: {list}.")
            }
            Self::ErasedInXero { xero } => format!(
                "{who} matches the Xero contact {}, which was erased on a data-protection request.",
                xero.told()
            ),
            Self::ArchivedInXero {
                xero,
                survivor: None,
            } => format!(
                "{who} matches the Xero contact {}, which is archived.",
                xero.told()
            ),
            Self::ArchivedInXero {
                xero,
                survivor: Some(id),
            } => {
                format!(
                    "{who} matches the Xero contact {}, which was merged into another Xero contact ({id}).",
                    xero.told()
                )
            }
            Self::LinkedToAnotherContact {
                xero,
                other,
                merged_from: Some(from),
            } => format!(
                "The Xero contact {} of {who} was merged there into {}, which already belongs to {}.",
                from.told(),
                xero.told(),
                other_text(other)
            ),
            Self::LinkedToAnotherContact { xero, other, .. } => {
                format!(
                    "{who} matches the Xero contact {}, which already belongs to {}.",
                    xero.told(),
                    other_text(other)
                )
            }
            Self::NameTakenInXero { in_bigchange, xero } => {
                format!(
                    "{who} has account reference {in_bigchange}, but Xero's contact of that name is {}.",
                    xero.told()
                )
            }
            Self::OwnedByAnotherProgram {
                xero,
                contact_number,
                is_linked: true,
            } => format!(
                "The Xero contact {} of {who} has been taken over by another program, which keeps it under contact code {contact_number} now.",
                xero.told()
            ),
            Self::OwnedByAnotherProgram {
                xero,
                contact_number,
                ..
            } => {
                format!(
                    "{who} has the name of the Xero contact {}, which another program keeps under contact code {contact_number}.",
                    xero.told()
                )
            }
            Self::DuplicateAccountReference { reference, holder } => {
                format!(
                    "{who} has account reference {reference}, which {} has already.",
                    other_text(holder)
                )
            }
            Self::PossibleDuplicate {
                candidates,
                archived,
            } => {
                let archived = archived.as_ref().map_or_else(String::new, |archived| {
                    format!(" Archived there under its name: {}.", archived.told())
                });
                format!(
                    "{who} is likely a customer that Xero has already: {}.{archived}",
                    told(candidates, other_text)
                )
            }
            Self::NotInXero {
                reference,
                candidates,
            } => {
                let sought = match reference {
                    Some(reference) => format!(
                        "No Xero contact has the account number {reference} or the name of {who}."
                    ),
                    None => format!(
                        "No Xero contact has the name of {who}, which has no account reference either."
                    ),
                };
                match candidates.as_slice() {
                    [] => sought,
                    candidates => {
                        format!("{sought} Like it are: {}.", told(candidates, other_text))
                    }
                }
            }
            Self::NoAccountReference { unread_groups } if unread_groups.is_empty() => format!(
                "{who} has no account reference, and its Xero contact, if any, has no account number that it could take over."
            ),
            Self::NoAccountReference { unread_groups } => {
                let numbers: Vec<String> = unread_groups.iter().map(ToString::to_string).collect();
                problem_words::none_generated(&who, &numbers)
            }
            Self::AccountReferenceChanged {
                in_bigchange,
                in_xero,
            } if in_xero.is_empty() => {
                format!(
                    "{who} has account reference {in_bigchange}, but its Xero contact has no account number."
                )
            }
            Self::AccountReferenceChanged {
                in_bigchange,
                in_xero,
            } => {
                format!(
                    "{who} has account reference {in_bigchange}, but its Xero contact has account number {in_xero}."
                )
            }
            Self::MergedInXero {
                from,
                xero,
                in_bigchange,
                holder,
            } => {
                let holder = holder.as_ref().map_or_else(String::new, |holder| {
                    format!(
                        " In BigChange, {} has that account reference.",
                        other_text(holder)
                    )
                });
                format!(
                    "The Xero contact {} of {who}, whose account reference is {in_bigchange}, was merged there into {}.{holder}",
                    from.told(),
                    xero.told()
                )
            }
            Self::NumberHeldByArchived {
                reference,
                xero,
                archived,
            } => format!(
                "The Xero contact of {who} was merged there into {}, which cannot get the account number {reference}: the archived contact {} has it still.",
                xero.told(),
                archived.told()
            ),
            Self::ChangedInBoth { units } => {
                let units = units.iter().map(|conflict| {
                    format!(
                        "{} is {} in BigChange and {} in Xero",
                        conflict.unit.field().label(),
                        quoted(&conflict.in_bigchange),
                        quoted(&conflict.in_xero)
                    )
                });
                let units: Vec<String> = units.collect();
                format!(
                    "{who} was changed in both systems: the {}.",
                    units.join("; the ")
                )
            }
            Self::UnlinkedByPerson { xero } => format!(
                "A person unlinked {who} from the Xero contact {}, and no other Xero contact fits.",
                xero.told()
            ),
            Self::LinkedContactNotInXero { xero_id } => format!(
                "{who} belongs to the Xero contact {xero_id}, by its link or by a person's word, which this Xero organisation does not have."
            ),
            Self::WebsiteInXero { xero } => format!(
                "Xero refuses every change of its contact {}, to which {who} belongs, because the website entered there is not valid.",
                xero.told()
            ),
            Self::IncompleteAnswer { key } => format!(
                "BigChange's answer about {who} has no field {key}, three times in a row, so nothing is decided about it."
            ),
            Self::XeroRefusesLookups => format!(
                "Xero refuses to search for {who}, and this Xero organisation has too many contacts to read them all, so it is not known whether Xero has it."
            ),
            Self::RefusedByXero { words } => format!("Xero refused {who}: {}", words.join(" ")),
            Self::RefusedByBigChange { words } => {
                format!("BigChange refused the account reference of {who}: {words}")
            }
            Self::Unknown => format!(
                "A newer version of the synchronisation held {who} for a reason that this version does not know."
            ),
        }
    }
}

/// The first of the candidates, each with what it has in common with the contact.
fn told(candidates: &[Alike], other_text: impl Fn(&ContactId) -> String) -> String {
    let mut told: Vec<String> = candidates
        .iter()
        .take(MAX_TOLD)
        .map(|candidate| {
            let belongs = candidate
                .linked_to
                .as_ref()
                .map_or_else(String::new, |other| {
                    format!(", belongs to {}", other_text(other))
                });
            let (xero, evidence) = (candidate.xero.told(), &candidate.evidence);
            format!("{xero}: {evidence}{belongs}")
        })
        .collect();
    if let more @ 1.. = candidates.len().saturating_sub(MAX_TOLD) {
        told.push(format!("and {more} more"));
    }
    told.join(" · ")
}
