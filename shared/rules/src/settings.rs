//! What a person chose at setup.

use std::collections::BTreeSet;

use crate::{Fingerprint, GroupId, NoteTypeId};

/// The settings of a deployment; the same for every function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Contact groups of account customers; never empty.
    pub account_groups: BTreeSet<GroupId>,
    /// Contact groups of site contacts; shares none with the account groups.
    pub site_groups: BTreeSet<GroupId>,
    /// The box "Generate account ref".
    pub generate_account_reference: bool,
    /// Creating contacts in Xero is authorised.
    pub create_in_xero: bool,
    /// An existing Xero contact may also be found by its exact name.
    pub match_by_name: bool,
    /// Later edits in BigChange are carried over to the linked Xero contact.
    pub update_in_xero: bool,
    /// A contact that is very like one that Xero has already is held, not created.
    pub hold_likely_duplicates: bool,
    /// What becomes of a unit that changed in BigChange and has a value of its own in Xero.
    pub on_conflict: OnConflict,
    /// Who is told, and how. Of no matter to what is decided, so it is in no fingerprint.
    pub people: PeopleSettings,
    /// Where the switch stands for the first organisation, until a person touches it
    /// ([`Switch::untouched`](crate::Switch::untouched)). Of no matter afterwards, so it is in no
    /// fingerprint.
    pub sync_enabled: bool,
}

/// Who is told of held contacts, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleSettings {
    /// The type of the notes in BigChange that tell of held contacts; `None`: no notes.
    pub note_type: Option<NoteTypeId>,
    /// Whether the digest may hold names and values, rather than ids and codes alone.
    pub names_in_digest: bool,
    /// Whom the accounts admin may ask; blank for nobody. At most [`MAX_CONTACT_NAME_CHARS`].
    pub contact_name: String,
}

/// The longest `ContactName`, in characters.
pub const MAX_CONTACT_NAME_CHARS: usize = 100;

/// A setting that is missing or wrong. One line, which names the setting and what it takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting {variable} (template parameter {parameter}) {wrong}: it takes {takes}")]
pub struct InvalidSetting {
    /// The environment variable.
    pub variable: &'static str,
    /// The template parameter that sets it.
    pub parameter: &'static str,
    /// What is wrong with it.
    pub wrong: String,
    /// What it takes.
    pub takes: &'static str,
}

/// What becomes of a unit (name, address, phone, e-mail, person) that changed in BigChange and has a
/// value of its own in Xero, where a person corrected it or it differed when the two were linked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnConflict {
    /// BigChange's is sent; what stood in Xero is kept in the history and told.
    #[default]
    BigChange,
    /// It is held back until a person says which one stays.
    Hold,
}

impl OnConflict {
    fn as_str(self) -> &'static str {
        match self {
            Self::BigChange => "bigchange",
            Self::Hold => "hold",
        }
    }
}

const GROUPS: &str = "BigChange contact group ids, whole numbers above 0 separated by commas (BigChange: Admin Settings → Contacts & notes → Contact groups)";
const SITE_GROUPS: &str = "BigChange contact group ids, whole numbers above 0 separated by commas, none of which is in AccountGroupIds; or nothing";
const NOTE_TYPE: &str = "the id of a note type in BigChange, a whole number above 0 (contact-sync connect bigchange --make-note-type makes one), or nothing";
const CONTACT_NAME: &str =
    "a name of at most 100 characters on one line, such as Jane in Accounts, or nothing";
const BOOLEAN: &str = "true or false";

impl Settings {
    /// Reads the settings through `lookup`, which gives the value of an environment variable.
    ///
    /// # Errors
    /// At the first setting that is missing or wrong.
    pub fn read(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let get = |name: &str| {
            lookup(name)
                .map(|v| v.trim().to_owned())
                .filter(|v| !v.is_empty())
        };
        let source = get("SYNC_SOURCE").unwrap_or_else(|| "bigchange".to_owned());
        if source != "bigchange" {
            let wrong = if source == "xero" {
                "is \"xero\", and entries made in Xero cannot be the source yet".to_owned()
            } else {
                format!("is {source:?}")
            };
            return Err(InvalidSetting {
                variable: "SYNC_SOURCE",
                parameter: "SyncSource",
                wrong,
                takes: "bigchange",
            });
        }
        let account_groups = groups(
            "ACCOUNT_GROUP_IDS",
            "AccountGroupIds",
            GROUPS,
            get("ACCOUNT_GROUP_IDS"),
        )?;
        if account_groups.is_empty() {
            return Err(InvalidSetting {
                variable: "ACCOUNT_GROUP_IDS",
                parameter: "AccountGroupIds",
                wrong: "is missing".to_owned(),
                takes: GROUPS,
            });
        }
        let site_groups = groups(
            "SITE_GROUP_IDS",
            "SiteGroupIds",
            SITE_GROUPS,
            get("SITE_GROUP_IDS"),
        )?;
        if let Some(both) = account_groups.intersection(&site_groups).next() {
            let wrong = format!("names group {both}, which is in AccountGroupIds too");
            return Err(InvalidSetting {
                variable: "SITE_GROUP_IDS",
                parameter: "SiteGroupIds",
                wrong,
                takes: SITE_GROUPS,
            });
        }
        let flag =
            |variable, parameter, default| boolean(variable, parameter, get(variable), default);
        Ok(Self {
            account_groups,
            site_groups,
            generate_account_reference: flag("GENERATE_ACCOUNT_REF", "GenerateAccountRef", false)?,
            create_in_xero: flag("CREATE_IN_XERO", "CreateInXero", false)?,
            match_by_name: flag("MATCH_BY_NAME", "MatchByName", true)?,
            update_in_xero: flag("UPDATE_IN_XERO", "UpdateInXero", true)?,
            hold_likely_duplicates: flag("HOLD_LIKELY_DUPLICATES", "HoldLikelyDuplicates", true)?,
            on_conflict: on_conflict(get("ON_CONFLICT"))?,
            people: PeopleSettings {
                note_type: note_type(get("NOTE_TYPE_ID"))?,
                names_in_digest: flag("NAMES_IN_DIGEST", "NamesInDigest", false)?,
                contact_name: contact_name(get("CONTACT_NAME"))?,
            },
            sync_enabled: flag("SYNC_ENABLED", "SyncEnabled", false)?,
        })
    }

    /// Changes when the account or site groups do: then other contacts' references have to be known
    /// before a code is generated.
    #[must_use]
    pub fn groups_fingerprint(&self) -> Fingerprint {
        Fingerprint::of([
            ids(&self.account_groups).as_str(),
            ids(&self.site_groups).as_str(),
        ])
    }

    /// Changes when any setting does by which contacts are decided: a change starts a full sweep,
    /// and every held contact is tried again.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of([
            ids(&self.account_groups).as_str(),
            ids(&self.site_groups).as_str(),
            flag(self.generate_account_reference),
            flag(self.create_in_xero),
            flag(self.match_by_name),
            flag(self.update_in_xero),
            flag(self.hold_likely_duplicates),
            self.on_conflict.as_str(),
        ])
    }
}

fn ids(groups: &BTreeSet<GroupId>) -> String {
    groups
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

fn flag(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn groups(
    variable: &'static str,
    parameter: &'static str,
    takes: &'static str,
    value: Option<String>,
) -> Result<BTreeSet<GroupId>, InvalidSetting> {
    let value = value.unwrap_or_default();
    let wrong = |item: &str| InvalidSetting {
        variable,
        parameter,
        wrong: format!("holds {:?}", item.trim()),
        takes,
    };
    value
        .split(',')
        .filter(|item| !item.trim().is_empty())
        .map(|item| item.parse::<GroupId>().map_err(|_| wrong(item)))
        .collect()
}

fn note_type(value: Option<String>) -> Result<Option<NoteTypeId>, InvalidSetting> {
    let Some(value) = value else {
        return Ok(None);
    };
    value.parse().map(Some).map_err(|_| InvalidSetting {
        variable: "NOTE_TYPE_ID",
        parameter: "NoteTypeId",
        wrong: format!("is {value:?}"),
        takes: NOTE_TYPE,
    })
}

fn contact_name(value: Option<String>) -> Result<String, InvalidSetting> {
    let value = value.unwrap_or_default();
    if value.chars().count() > MAX_CONTACT_NAME_CHARS || value.chars().any(char::is_control) {
        return Err(InvalidSetting {
            variable: "CONTACT_NAME",
            parameter: "ContactName",
            wrong: format!("has {} characters", value.chars().count()),
            takes: CONTACT_NAME,
        });
    }
    Ok(value)
}

fn on_conflict(value: Option<String>) -> Result<OnConflict, InvalidSetting> {
    match value.map(|value| value.to_ascii_lowercase()).as_deref() {
        None | Some("bigchange") => Ok(OnConflict::BigChange),
        Some("hold") => Ok(OnConflict::Hold),
        Some(other) => Err(InvalidSetting {
            variable: "ON_CONFLICT",
            parameter: "OnConflict",
            wrong: format!("is {other:?}"),
            takes: "bigchange or hold",
        }),
    }
}

fn boolean(
    variable: &'static str,
    parameter: &'static str,
    value: Option<String>,
    default: bool,
) -> Result<bool, InvalidSetting> {
    match value.map(|v| v.to_ascii_lowercase()).as_deref() {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(other) => Err(InvalidSetting {
            variable,
            parameter,
            wrong: format!("is {other:?}"),
            takes: BOOLEAN,
        }),
    }
}
