//! What stands in a contact's way, told to the accounts admin: a stable code, one sentence that
//! names the contact and the values in conflict, one that says what to do.

use serde::{Deserialize, Serialize};

use crate::notice::quoted;
use crate::problem_words;
use crate::text::NameKey;
use crate::{
    AccountReference, Alike, Contact, ContactId, Field, Fingerprint, GroupId, UnitConflict,
    XeroContact, XeroContactId, XeroContactRef,
};

/// Something that a person must mend. The names of the variants are the stable codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code")]
pub enum Problem {
    /// A contact without a parent in a group of site contacts.
    ParentInSiteGroup {
        /// The group.
        group: Option<GroupId>,
    },
    /// A site contact in a group of account customers: the group mixes the two.
    SiteContactInAccountGroup {
        /// Its parent.
        parent: ContactId,
        /// The group.
        group: Option<GroupId>,
    },
    /// The name or the account reference cannot be used in Xero.
    InvalidField {
        /// Which.
        field: Field,
        /// What Xero takes.
        limit: String,
        /// How long the value is.
        chars: usize,
    },
    /// More than one Xero contact fits.
    AmbiguousMatch {
        /// Those that fit.
        found: Vec<XeroContactRef>,
    },
    /// Its Xero contact was erased on a person's request.
    ErasedInXero {
        /// The erased contact.
        xero: XeroContactRef,
    },
    /// Its Xero contact is archived.
    ArchivedInXero {
        /// The archived contact.
        xero: XeroContactRef,
        /// The contact that it was merged into, where Xero says so.
        survivor: Option<XeroContactId>,
    },
    /// The Xero contact that fits belongs to another BigChange contact.
    LinkedToAnotherContact {
        /// The Xero contact.
        xero: XeroContactRef,
        /// To whom it is linked.
        other: ContactId,
        /// The contact that was linked to this one, and was merged into it in Xero.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        merged_from: Option<Box<XeroContactRef>>,
    },
    /// The Xero contact of this name has another account number.
    NameTakenInXero {
        /// The account reference in BigChange.
        in_bigchange: AccountReference,
        /// The Xero contact.
        xero: XeroContactRef,
    },
    /// The Xero contact of this name carries another program's contact number.
    OwnedByAnotherProgram {
        /// The Xero contact.
        xero: XeroContactRef,
        /// Its contact number.
        contact_number: String,
        /// Whether the contact is linked to it, so that the number has come since.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        is_linked: bool,
    },
    /// Another BigChange contact holds this account reference.
    DuplicateAccountReference {
        /// The reference.
        reference: AccountReference,
        /// Who holds it.
        holder: ContactId,
    },
    /// It is not in Xero, but contacts are that are likely the same customer.
    PossibleDuplicate {
        /// Those, the likeliest first; at most [`MAX_CANDIDATES`].
        candidates: Vec<Alike>,
        /// A contact of exactly its name that is archived.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        archived: Option<XeroContactRef>,
    },
    /// It is not in Xero, and creating it there was not authorised.
    NotInXero {
        /// The account reference that was looked for, if there is one.
        reference: Option<AccountReference>,
        /// Contacts that are likely or possibly the same; at most [`MAX_CANDIDATES`].
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        candidates: Vec<Alike>,
    },
    /// It has no account reference, and none may be generated.
    NoAccountReference {
        /// The contact groups that were never read under the present settings, because BigChange
        /// does not give them out: references that are in use there could be generated again. Empty
        /// where none may be generated anyway.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unread_groups: Vec<GroupId>,
    },
    /// The account reference of a linked contact was edited, and Xero does not have the new one.
    AccountReferenceChanged {
        /// What BigChange says now.
        in_bigchange: AccountReference,
        /// What its Xero contact says; blank where it has no account number.
        in_xero: String,
    },
    /// Its Xero contact was merged there into one with an account number of its own.
    MergedInXero {
        /// The one that was merged.
        from: Box<XeroContactRef>,
        /// The one that it was merged into.
        xero: Box<XeroContactRef>,
        /// The account reference in BigChange, or that of the link where it has none.
        in_bigchange: AccountReference,
        /// The other BigChange contact that has the survivor's number as its account reference.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<ContactId>,
    },
    /// Its Xero contact was merged there into one without an account number, and Xero does not take
    /// this contact's for it, because an archived contact has it still.
    NumberHeldByArchived {
        /// The account reference.
        reference: AccountReference,
        /// The contact that is to have it.
        xero: XeroContactRef,
        /// The archived one that has it.
        archived: Box<XeroContactRef>,
    },
    /// Units were changed in both systems, and the settings hold such a change.
    ChangedInBoth {
        /// Those, with both values.
        units: Vec<UnitConflict>,
    },
    /// A person took the link to this Xero contact away, and it is still the one that fits.
    UnlinkedByPerson {
        /// The Xero contact.
        xero: XeroContactRef,
    },
    /// It is linked to a Xero contact, or a person chose one, that Xero does not know.
    LinkedContactNotInXero {
        /// Its id, as it was given.
        xero_id: XeroContactId,
    },
    /// Xero refuses every change of its Xero contact until the website there is corrected.
    WebsiteInXero {
        /// The Xero contact.
        xero: XeroContactRef,
    },
    /// BigChange left a field out of its answer three times in a row, without which nothing can be
    /// decided.
    IncompleteAnswer {
        /// The key that was not there, as BigChange's reference spells it.
        key: String,
    },
    /// Xero refuses to be asked for single contacts, and has too many to read them all.
    XeroRefusesLookups,
    /// Xero refused, in its own words.
    RefusedByXero {
        /// Xero's words.
        words: Vec<String>,
    },
    /// BigChange refused, in its own words.
    RefusedByBigChange {
        /// BigChange's words.
        words: String,
    },
    /// A problem that only a newer version of this software knows: read from a record, never
    /// decided. The record has its sentence and its cure.
    #[serde(other)]
    Unknown,
}

/// The most contacts that a problem keeps as candidates. Each of them is one that a person says it
/// is not, with `contact-sync link --new`.
pub const MAX_CANDIDATES: usize = 50;
/// The most that its sentence names.
const MAX_TOLD: usize = 5;

/// The stable codes of all problems.
pub const PROBLEM_CODES: [&str; 24] = [
    "ParentInSiteGroup",
    "SiteContactInAccountGroup",
    "InvalidField",
    "AmbiguousMatch",
    "ErasedInXero",
    "ArchivedInXero",
    "LinkedToAnotherContact",
    "NameTakenInXero",
    "OwnedByAnotherProgram",
    "DuplicateAccountReference",
    "PossibleDuplicate",
    "NotInXero",
    "NoAccountReference",
    "AccountReferenceChanged",
    "MergedInXero",
    "NumberHeldByArchived",
    "ChangedInBoth",
    "UnlinkedByPerson",
    "LinkedContactNotInXero",
    "WebsiteInXero",
    "IncompleteAnswer",
    "XeroRefusesLookups",
    "RefusedByXero",
    "RefusedByBigChange",
];

/// Names that a problem's sentence tells beside the contact's own, as far as they are known.
/// Without them an id has to do, which says less to people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DisplayNames {
    /// Of the contact group [`Problem::group`].
    pub group: Option<String>,
    /// Of the other BigChange contact [`Problem::names_contact`].
    pub contact: Option<String>,
}

/// A linked contact stays linked, whatever reference it is given.
const UNLINK_FIRST: &str = "(If it is linked to the old one, ask the person who runs contact-sync to take that link away first: contact-sync unlink.)";

impl Problem {
    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ParentInSiteGroup { .. } => "ParentInSiteGroup",
            Self::SiteContactInAccountGroup { .. } => "SiteContactInAccountGroup",
            Self::InvalidField { .. } => "InvalidField",
            Self::AmbiguousMatch { .. } => "AmbiguousMatch",
            Self::ErasedInXero { .. } => "ErasedInXero",
            Self::ArchivedInXero { .. } => "ArchivedInXero",
            Self::LinkedToAnotherContact { .. } => "LinkedToAnotherContact",
            Self::NameTakenInXero { .. } => "NameTakenInXero",
            Self::OwnedByAnotherProgram { .. } => "OwnedByAnotherProgram",
            Self::DuplicateAccountReference { .. } => "DuplicateAccountReference",
            Self::PossibleDuplicate { .. } => "PossibleDuplicate",
            Self::NotInXero { .. } => "NotInXero",
            Self::NoAccountReference { .. } => "NoAccountReference",
            Self::AccountReferenceChanged { .. } => "AccountReferenceChanged",
            Self::MergedInXero { .. } => "MergedInXero",
            Self::NumberHeldByArchived { .. } => "NumberHeldByArchived",
            Self::ChangedInBoth { .. } => "ChangedInBoth",
            Self::UnlinkedByPerson { .. } => "UnlinkedByPerson",
            Self::LinkedContactNotInXero { .. } => "LinkedContactNotInXero",
            Self::WebsiteInXero { .. } => "WebsiteInXero",
            Self::IncompleteAnswer { .. } => "IncompleteAnswer",
            Self::XeroRefusesLookups => "XeroRefusesLookups",
            Self::RefusedByXero { .. } => "RefusedByXero",
            Self::RefusedByBigChange { .. } => "RefusedByBigChange",
            Self::Unknown => "Unknown",
        }
    }

    /// What is wrong, in a few words that are true of every contact with this code.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self {
            Self::ParentInSiteGroup { .. } => {
                "A contact without a parent in a group of site contacts"
            }
            Self::SiteContactInAccountGroup { .. } => {
                "A site contact in a group of account customers"
            }
            Self::InvalidField { .. } => "A name or account reference that Xero cannot use",
            Self::AmbiguousMatch { .. } => "More than one Xero contact fits",
            Self::ErasedInXero { .. } => "Erased in Xero on a data-protection request",
            Self::ArchivedInXero { .. } => "Archived in Xero, or merged there into another",
            Self::LinkedToAnotherContact { .. } => {
                "Its Xero contact belongs to another BigChange contact"
            }
            Self::NameTakenInXero { .. } => {
                "Xero's contact of that name has another account number"
            }
            Self::OwnedByAnotherProgram { .. } => {
                "Xero's contact of that name is kept by another program"
            }
            Self::DuplicateAccountReference { .. } => {
                "Another BigChange contact has the same account reference"
            }
            Self::PossibleDuplicate { .. } => "Xero has a contact that is likely the same customer",
            Self::NotInXero { .. } => "Not in Xero, and creating is not authorised",
            Self::NoAccountReference { .. } => "No account reference on either side",
            Self::AccountReferenceChanged { .. } => {
                "The account reference and Xero's account number differ"
            }
            Self::MergedInXero { .. } => {
                "Merged in Xero into a contact with another account number"
            }
            Self::NumberHeldByArchived { .. } => {
                "Merged in Xero, where the archived contact has the account number still"
            }
            Self::ChangedInBoth { .. } => "Changed in BigChange and in Xero",
            Self::UnlinkedByPerson { .. } => "Unlinked by a person, and no other Xero contact fits",
            Self::LinkedContactNotInXero { .. } => {
                "Linked to a contact that this Xero organisation does not have"
            }
            Self::WebsiteInXero { .. } => "The website in Xero is not valid",
            Self::IncompleteAnswer { .. } => {
                "BigChange does not tell everything about this contact"
            }
            Self::XeroRefusesLookups => "Xero does not say whether it has this contact",
            Self::RefusedByXero { .. } => "Refused by Xero",
            Self::RefusedByBigChange { .. } => "Refused by BigChange",
            Self::Unknown => "A problem that only a newer version of this software knows",
        }
    }

    /// The contact group that the contact is wrong in, whose name [`Self::sentence`] is to be
    /// given.
    #[must_use]
    pub fn group(&self) -> Option<GroupId> {
        match self {
            Self::ParentInSiteGroup { group } | Self::SiteContactInAccountGroup { group, .. } => {
                *group
            }
            _ => None,
        }
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

    /// One sentence: what to do, and where in which menu.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::ParentInSiteGroup { .. } => {
                "In BigChange, open CRM → Contacts → the contact → General, and either set its parent or move it to an account group.".to_owned()
            }
            Self::SiteContactInAccountGroup { .. } => {
                "In BigChange, open CRM → Contacts → the contact → General, and either move it to a site group or remove its parent.".to_owned()
            }
            Self::InvalidField { field: Field::AccountReference, .. } => {
                "In BigChange, correct it in CRM → Contacts → the contact → Financials → Terms → Account reference.".to_owned()
            }
            Self::InvalidField { .. } => "In BigChange, correct it in CRM → Contacts → the contact → General.".to_owned(),
            Self::AmbiguousMatch { .. } => "In Xero, merge those that are this customer, keeping the one with its account number (Contacts → tick them → Options → Merge). \
                 From one that is another customer, take away this customer's account number or name (Contacts → the contact → Edit; restore an archived one for that). \
                 Or ask the person who runs contact-sync to say which one it is (contact-sync link): one without an account number can be chosen once no other in Xero has this \
                 contact's."
                .to_owned(),
            Self::ErasedInXero { .. } => format!("In BigChange, tick \"Exclude from financial sync\" for this contact, or give it the account reference of another Xero \
                 contact (CRM → Contacts → the contact → Financials → Terms). {UNLINK_FIRST}"),
            Self::ArchivedInXero { survivor: None, .. } => format!("In Xero, restore it (Contacts → Archived → tick it → Restore); or give the contact the account \
                 reference of another Xero contact in BigChange (CRM → Contacts → the contact → Financials → Terms). {UNLINK_FIRST}"),
            Self::ArchivedInXero { survivor: Some(_), .. } => format!("In BigChange, enter the account number of the Xero contact that it was merged into (CRM → \
                 Contacts → the contact → Financials → Terms → Account reference). {UNLINK_FIRST}"),
            Self::LinkedToAnotherContact { merged_from: Some(_), .. } => "If the two BigChange contacts are the same customer, delete one of them in BigChange (CRM → Contacts). If \
                 not, ask the person who runs contact-sync to take this one's link away (contact-sync unlink), create it in Xero under a new account number (Contacts → New contact), and enter that \
                 number in BigChange (CRM → Contacts → the contact → Financials → Terms → Account reference)."
                .to_owned(),
            Self::LinkedToAnotherContact { .. } => "If the two BigChange contacts are the same customer, delete one of them (CRM → Contacts). If not, give this one \
                 another name (CRM → Contacts → the contact → General) and, where they share it, an account reference of its own (Financials → Terms): Xero takes each \
                 name and each account number only once."
                .to_owned(),
            Self::DuplicateAccountReference { .. } => "If the two BigChange contacts are the same customer, delete one of them (CRM → Contacts). If not, give this one an \
                 account reference of its own (CRM → Contacts → the contact → Financials → Terms)."
                .to_owned(),
            Self::NameTakenInXero { .. } => "If they are the same customer, make the two equal: Account reference in BigChange (CRM → Contacts → the contact → \
                 Financials → Terms) and Account number in Xero (Contacts → the contact → Edit); if this one is linked to another Xero contact already, merge the two \
                 there, keeping that one (Contacts → tick them → Options → Merge). If not, change one of the names."
                .to_owned(),
            Self::OwnedByAnotherProgram { is_linked: true, .. } => "If it is this customer all the same, ask the person who runs contact-sync to say so (contact-sync link, with the id of that Xero \
                 contact). If not, ask them to take the link away (contact-sync unlink), and enter the account number of the right Xero contact in BigChange (CRM → Contacts → the contact → \
                 Financials → Terms → Account reference)."
                .to_owned(),
            Self::OwnedByAnotherProgram { .. } => "If it is the same customer, enter its Xero account number in BigChange (CRM → Contacts → the contact → \
                 Financials → Terms → Account reference): that is your consent to share it. If not, change one of the names."
                .to_owned(),
            Self::PossibleDuplicate { candidates, archived } => cure_of_likely(candidates, archived.is_some()),
            Self::NotInXero { reference, .. } => problem_words::not_in_xero(
                reference.is_some(),
                "let the synchronisation create contacts (stack parameter CreateInXero=true)",
            ),
            Self::NoAccountReference { unread_groups } if unread_groups.is_empty() => {
                problem_words::no_reference(
                    "let the synchronisation generate them (stack parameter \
                     GenerateAccountRef=true)",
                )
            }
            Self::NoAccountReference { .. } => problem_words::groups_not_read(
                "correct the stack parameters AccountGroupIds and SiteGroupIds. contact-sync \
                 status says why it cannot be read",
            ),
            Self::AccountReferenceChanged { .. } => "Make the two equal: change the account number in Xero (Contacts → the contact → Edit → Account \
                 number), or the account reference in BigChange (CRM → Contacts → the contact → Financials → Terms)."
                .to_owned(),
            Self::MergedInXero { holder: None, xero, .. } => format!(
                "In BigChange, enter {} (CRM → Contacts → the contact → Financials → Terms → Account reference): the contact belongs to that Xero contact then.",
                xero.account_number
            ),
            Self::MergedInXero { .. } => "If the two BigChange contacts are the same customer, delete the other one in BigChange (CRM → Contacts). If not, give that one another account \
                 reference there (CRM → Contacts → the contact → Financials → Terms). Then enter the account number in this one."
                .to_owned(),
            Self::NumberHeldByArchived { .. } => "In BigChange, give the contact a new account reference that nobody else has (CRM → Contacts → the contact → Financials → Terms → Account \
                 reference): it is entered in Xero then."
                .to_owned(),
            Self::ChangedInBoth { .. } => "Make the two equal: enter Xero's value in BigChange (CRM → Contacts → the contact → General) or BigChange's in Xero (Contacts → the contact → \
                 Edit). Or ask the person who runs contact-sync to say whose stays (contact-sync keep … --bigchange or --xero)."
                .to_owned(),
            Self::UnlinkedByPerson { .. } => "Correct the account reference or the name in BigChange (CRM → Contacts → the contact → Financials → Terms) so that it \
                 fits the right Xero contact, or ask the person who runs contact-sync to say which one it is (contact-sync link)."
                .to_owned(),
            Self::LinkedContactNotInXero { .. } => "Look the right one up in Xero (Contacts → the contact: its id is the last part of the address), then ask the person who runs contact-sync to \
                 take the present link away (contact-sync unlink) and link it to that one (contact-sync link)."
                .to_owned(),
            Self::WebsiteInXero { .. } => "In Xero, correct or clear the website (Contacts → the contact → Edit → Website): it begins with http:// or https://. Xero lets no other \
                 program change that field. What is waiting is sent within the hour after that."
                .to_owned(),
            Self::RefusedByXero { .. } => "Correct in BigChange what Xero's words name: the account reference in CRM → Contacts → the contact → Financials → Terms, anything else in \
                 CRM → Contacts → the contact → General. It is tried again then. If they name nothing to correct, ask the person who runs contact-sync to try it once more (contact-sync \
                 retry)."
                .to_owned(),
            Self::IncompleteAnswer { key } if !key.starts_with("Account") => "In BigChange, see that the contact can be opened and that the user that the synchronisation \
                 logs in with may see its General tab (CRM → Contacts → the contact → General), then ask the person who runs contact-sync to try it again (contact-sync retry). If it stays so, \
                 ask BigChange's support why its web service leaves that field out of ContactDetail."
                .to_owned(),
            Self::IncompleteAnswer { .. } => "In BigChange, see that an accounts package is chosen in the account settings (without one a contact has no Financials → Terms → Account reference), and \
                 that the user that the synchronisation logs in with may see the Financials tab (CRM → Contacts → the contact → Financials). It is tried again once a day and with the \
                 contact's next edit, or at once when the person who runs contact-sync asks for it (contact-sync retry)."
                .to_owned(),
            Self::XeroRefusesLookups => "Nothing is wrong with the contact, and it is tried again once a day. To have it sooner, look for it in Xero (Contacts → search for its \
                 name), create it there if it is not found (Contacts → New contact), then ask the person who runs contact-sync to say which one it is (contact-sync link)."
                .to_owned(),
            Self::RefusedByBigChange { .. } => "Look in BigChange (CRM → Contacts → the contact) at what its words name, and at the rights of the user that \
                 the synchronisation logs in with."
                .to_owned(),
            Self::Unknown => "Ask the person who runs contact-sync to deploy that version again; until then the contact is tried again once a day.".to_owned(),
        }
    }

    /// Which of BigChange's preconditions it breaks.
    #[must_use]
    pub fn precondition(&self) -> Precondition {
        match self {
            Self::ParentInSiteGroup { .. } | Self::SiteContactInAccountGroup { .. } => {
                Precondition::RightGroup
            }
            Self::InvalidField {
                field: Field::AccountReference,
                ..
            }
            | Self::NameTakenInXero { .. }
            | Self::DuplicateAccountReference { .. }
            | Self::NoAccountReference { .. }
            | Self::AccountReferenceChanged { .. }
            | Self::MergedInXero { .. }
            | Self::NumberHeldByArchived { .. }
            | Self::IncompleteAnswer { .. }
            | Self::RefusedByBigChange { .. } => Precondition::MatchingReference,
            Self::InvalidField { .. }
            | Self::AmbiguousMatch { .. }
            | Self::ErasedInXero { .. }
            | Self::ArchivedInXero { .. }
            | Self::LinkedToAnotherContact { .. }
            | Self::OwnedByAnotherProgram { .. }
            | Self::PossibleDuplicate { .. }
            | Self::NotInXero { .. }
            | Self::ChangedInBoth { .. }
            | Self::UnlinkedByPerson { .. }
            | Self::LinkedContactNotInXero { .. }
            | Self::WebsiteInXero { .. }
            | Self::RefusedByXero { .. }
            | Self::XeroRefusesLookups
            | Self::Unknown => Precondition::LinkedOrLinkable,
        }
    }

    /// Whether what is in Xero could clear it: such a contact is tried again only when something
    /// that matters to it changed, since each try costs a call.
    #[must_use]
    pub fn depends_on_xero(&self) -> bool {
        !matches!(
            self,
            Self::ParentInSiteGroup { .. }
                | Self::SiteContactInAccountGroup { .. }
                | Self::InvalidField { .. }
                | Self::IncompleteAnswer { .. }
                | Self::RefusedByBigChange { .. }
        )
    }

    /// Whether it says that a link may be to the wrong Xero contact, so that a person who names that
    /// contact once more confirms the link.
    #[must_use]
    pub fn contradicts_a_link(&self) -> bool {
        matches!(
            self,
            Self::AmbiguousMatch { .. } | Self::OwnedByAnotherProgram { .. }
        )
    }

    /// The other BigChange contact that it names: when that one syncs, this one is tried again.
    #[must_use]
    pub fn names_contact(&self) -> Option<ContactId> {
        match self {
            Self::LinkedToAnotherContact { other, .. } => Some(*other),
            Self::DuplicateAccountReference { holder, .. } => Some(*holder),
            Self::MergedInXero { holder, .. } => *holder,
            Self::PossibleDuplicate { candidates, .. } => {
                candidates.iter().find_map(|candidate| candidate.linked_to)
            }
            _ => None,
        }
    }

    /// The Xero contacts that it names.
    #[must_use]
    pub fn named(&self) -> Vec<&XeroContactRef> {
        match self {
            Self::AmbiguousMatch { found } => found.iter().collect(),
            Self::PossibleDuplicate {
                candidates,
                archived,
            } => {
                let candidates = candidates.iter().map(|candidate| &candidate.xero);
                candidates.chain(archived).collect()
            }
            Self::NotInXero { candidates, .. } => {
                candidates.iter().map(|candidate| &candidate.xero).collect()
            }
            Self::LinkedToAnotherContact {
                xero, merged_from, ..
            } => std::iter::once(xero)
                .chain(merged_from.as_deref())
                .collect(),
            Self::MergedInXero { from, xero, .. } => vec![xero, from],
            Self::NumberHeldByArchived { xero, archived, .. } => vec![xero, archived],
            Self::ErasedInXero { xero }
            | Self::ArchivedInXero { xero, .. }
            | Self::NameTakenInXero { xero, .. }
            | Self::OwnedByAnotherProgram { xero, .. }
            | Self::WebsiteInXero { xero }
            | Self::UnlinkedByPerson { xero } => vec![xero],
            _ => Vec::new(),
        }
    }

    /// The Xero contacts that it names because they are like the contact.
    #[must_use]
    pub fn alike(&self) -> &[Alike] {
        match self {
            Self::PossibleDuplicate { candidates, .. } | Self::NotInXero { candidates, .. } => {
                candidates
            }
            _ => &[],
        }
    }

    fn xero_ids(&self) -> Vec<XeroContactId> {
        match self {
            Self::AmbiguousMatch { .. }
            | Self::PossibleDuplicate { .. }
            | Self::LinkedToAnotherContact { .. }
            | Self::MergedInXero { .. }
            | Self::NumberHeldByArchived { .. }
            | Self::NotInXero { .. } => self.named().iter().map(|named| named.id).collect(),
            Self::ArchivedInXero { xero, survivor } => {
                std::iter::once(xero.id).chain(*survivor).collect()
            }
            Self::ErasedInXero { xero }
            | Self::NameTakenInXero { xero, .. }
            | Self::UnlinkedByPerson { xero }
            | Self::WebsiteInXero { xero }
            | Self::OwnedByAnotherProgram { xero, .. } => vec![xero.id],
            Self::LinkedContactNotInXero { xero_id } => vec![*xero_id],
            _ => Vec::new(),
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

/// What to do about candidates that are likely the same customer.
fn cure_of_likely(candidates: &[Alike], has_archived: bool) -> String {
    let has_number = |one: &&Alike| !one.xero.account_number.is_empty();
    let (linked, free): (Vec<_>, Vec<_>) =
        candidates.iter().partition(|one| one.linked_to.is_some());
    let mut ways = Vec::new();
    if free.iter().any(has_number) {
        ways.push("enter that contact's account number in BigChange (CRM → Contacts → the contact → Financials → Terms → Account reference)");
    }
    if !free.iter().all(has_number) {
        ways.push("enter the contact's account reference in BigChange (CRM → Contacts → the contact → Financials → Terms → Account reference) and the same as the account number of that contact in Xero (Contacts → the contact → Edit → Account number)");
    }
    if !free.is_empty() {
        ways.push("ask the person who runs contact-sync to link the two (contact-sync link)");
    }
    if !linked.is_empty() {
        ways.push("where that one belongs to another BigChange contact, delete this one in BigChange (CRM → Contacts)");
    }
    if has_archived {
        ways.push("restore the archived one in Xero if it is that one (Contacts → Archived → tick it → Restore)");
    }
    format!(
        "If it is the same customer: {}. If it is another customer: ask the person who runs contact-sync to say so (contact-sync link … --new), or create it in Xero under exactly \
         this name and account number (Contacts → New contact).",
        ways.join("; or ")
    )
}

/// What BigChange's help centre asks of a company before its contacts are synchronised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Precondition {
    /// Account customers are in account groups and site contacts in others; no group mixes the two.
    RightGroup,
    /// Each is linked to a Xero contact, or can be.
    LinkedOrLinkable,
    /// Each account reference is valid, unique and the same as its Xero contact's.
    MatchingReference,
}

impl Precondition {
    /// All of them.
    pub const ALL: [Self; 3] = [
        Self::RightGroup,
        Self::LinkedOrLinkable,
        Self::MatchingReference,
    ];

    /// As a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::RightGroup => "Every contact is in the right kind of group",
            Self::LinkedOrLinkable => {
                "Every account customer is linked, or can be, to one Xero contact"
            }
            Self::MatchingReference => {
                "Every account reference is valid, unique and the same as in Xero"
            }
        }
    }
}

/// What a held contact waits for in Xero: a change to one of the contacts that its problem names,
/// or to one that has its name or account reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// The held contact's name, as names are compared; as a mark, so that no name is kept where it
    /// isn't needed.
    pub name: Fingerprint,
    /// Its account reference.
    pub account_reference: Option<AccountReference>,
    /// Xero contacts that its problem names, and the one that it is linked to.
    pub xero_ids: Vec<XeroContactId>,
}

impl Watch {
    /// What `contact` waits for.
    #[must_use]
    pub fn of(contact: &Contact, problem: &Problem, linked: Option<XeroContactId>) -> Self {
        Self {
            name: name_mark(&contact.name),
            account_reference: AccountReference::parse(&contact.account_reference).ok(),
            xero_ids: problem.xero_ids().into_iter().chain(linked).collect(),
        }
    }

    /// Nothing in Xero can clear it.
    #[must_use]
    pub fn nothing() -> Self {
        Self {
            name: Fingerprint::of([]),
            account_reference: None,
            xero_ids: Vec::new(),
        }
    }

    /// Whether a change of this Xero contact may matter.
    #[must_use]
    pub fn is_touched_by(&self, changed: &XeroContact) -> bool {
        let same_reference = || {
            let number = AccountReference::parse(&changed.account_number).ok();
            number.is_some() && number == self.account_reference
        };
        self.xero_ids.contains(&changed.id)
            || self.name == name_mark(&changed.name)
            || same_reference()
    }
}

fn name_mark(name: &str) -> Fingerprint {
    Fingerprint::of([NameKey::of(name).as_str()])
}
