//! Which problems there are.

use serde::{Deserialize, Serialize};

use crate::{
    AccountReference, Alike, ContactId, Field, GroupId, UnitConflict, XeroContactId, XeroContactRef,
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
}
