//! A contact group of BigChange that cannot be read while others can.

use serde::{Deserialize, Serialize};

use crate::{GroupId, Problem};

/// Why a contact group cannot be read. BigChange tells a wrong group and a missing right from an
/// empty group by its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum GroupFault {
    /// `misc_noRight`: the user of the web services has no right to the group.
    NoRight,
    /// There is no such group: it was deleted, or its id is mistyped.
    NoSuchGroup,
    /// BigChange refuses it in other words.
    Refused,
    /// Its list is not of the documented form.
    Unreadable,
    /// It has more contacts than are read.
    TooLarge,
    /// BigChange does not answer for it, or not in time. This passes by itself.
    NoAnswer,
    /// Stored by a version that knows other faults.
    #[serde(other)]
    Unknown,
}

impl GroupFault {
    /// Whether it lasts until a person acts. A fault that passes is waited for.
    #[must_use]
    pub fn is_lasting(self) -> bool {
        !matches!(self, Self::NoAnswer | Self::Unknown)
    }

    /// One sentence: which group, and what is wrong.
    #[must_use]
    pub fn sentence(self, group: GroupId) -> String {
        let why = match self {
            Self::NoRight => "the user of the web services has no right to it",
            Self::NoSuchGroup => "there is no such group",
            Self::Refused => "BigChange refuses it",
            Self::Unreadable => "what BigChange answers is not of the documented form",
            Self::TooLarge => "it has more contacts than are read",
            Self::NoAnswer => "BigChange does not answer for it, or not in time",
            Self::Unknown => "BigChange does not give it out",
        };
        format!("BigChange's contact group {group} cannot be read: {why}.")
    }

    /// What to do about it.
    #[must_use]
    pub fn cure(self) -> &'static str {
        match self {
            Self::NoRight => {
                "In BigChange, give the user that the synchronisation logs in with the right to see this contact group; or take its id out of the stack \
                 parameters AccountGroupIds and SiteGroupIds."
            }
            Self::NoSuchGroup => {
                "Look the id up in BigChange (Admin Settings → Contacts & notes → Contact groups), and correct the stack parameters AccountGroupIds and \
                 SiteGroupIds."
            }
            Self::TooLarge => {
                "In BigChange, divide it into smaller contact groups, and name them in the stack parameters AccountGroupIds and SiteGroupIds."
            }
            Self::Refused | Self::Unreadable | Self::NoAnswer | Self::Unknown => {
                "Look whether the contact group opens in BigChange (Admin Settings → Contacts & notes → Contact groups). If it does, ask BigChange's support \
                 why the web services do not list it (ContactListByGroupPaged)."
            }
        }
    }
}

/// What is known of the account references in use, on which it depends whether one may be
/// generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferencesKnown {
    /// Every contact of every group was read once.
    All,
    /// Some contacts are still to be read; it is only a matter of time.
    NotYet,
    /// These groups were never read under the present settings, and cannot be read now.
    WithoutGroups(Vec<GroupId>),
}

/// Whether an account reference may be generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MayGenerate {
    /// Yes.
    Yes,
    /// Not yet: try the contact again later.
    Later,
    /// Not before a person has acted: hold the contact.
    No(Problem),
}

/// Whether an account reference may be generated: it could be in use by any contact whose reference
/// is not known. A group that was read once does not forbid it, whatever became of the group since.
#[must_use]
pub fn may_generate(known: &ReferencesKnown) -> MayGenerate {
    match known {
        ReferencesKnown::All => MayGenerate::Yes,
        ReferencesKnown::NotYet => MayGenerate::Later,
        ReferencesKnown::WithoutGroups(groups) => MayGenerate::No(Problem::NoAccountReference {
            unread_groups: groups.clone(),
        }),
    }
}
