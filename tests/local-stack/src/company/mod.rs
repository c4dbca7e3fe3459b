//! A sample company: what it has in BigChange and in Xero before anything is synchronised, and what is expected of each contact.
//!
//! Names, people and places' details are invented; phone numbers are from the ranges that Ofcom keeps for drama, emails end in `.example`.

mod contacts;
mod edits;
mod entry;
mod groups;
mod near_namesakes;
mod organisation;

use std::collections::BTreeMap;

use fake_bigchange::{FakeGroup, Seed};
use rules::{InvalidSetting, Settings};

pub use contacts::entries;
pub use edits::{Edit, edits};
pub use entry::{Entry, Expected, Synced, contact, created};
pub use groups::{CUSTOMERS, LEADS, SITES, SUPPLIERS, TRADE_ACCOUNTS};
pub use organisation::xero;

/// The company's name.
pub const NAME: &str = "Harewell Facilities (sample company)";

/// Two contacts that have one account reference. The older one gets it where a batch holds both; where the queue hands them to two workers at once, whichever of the
/// workers is quicker.
pub const COMPETING: [u64; 2] = [1024, 1025];

const GROUPS: [(u64, &str); 5] = [
    (CUSTOMERS, "Customers"),
    (TRADE_ACCOUNTS, "Trade accounts"),
    (SITES, "Sites"),
    (SUPPLIERS, "Suppliers"),
    (LEADS, "Leads"),
];

/// The name of a contact group.
#[must_use]
pub fn group_name(id: u64) -> &'static str {
    let group = GROUPS.iter().find(|(group, _)| *group == id);
    group.map_or("none", |(_, name)| name)
}

/// What the company has in BigChange.
#[must_use]
pub fn bigchange() -> Seed {
    Seed {
        groups: GROUPS
            .iter()
            .map(|(id, name)| FakeGroup {
                id: *id,
                name: (*name).to_owned(),
            })
            .collect(),
        contacts: entries().into_iter().map(|entry| entry.contact).collect(),
    }
}

/// What the company chooses at a deployment. Everything else stays at the template's defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choices {
    /// `SyncEnabled`: a switch that nobody has turned is on.
    pub sync_enabled: bool,
    /// `GenerateAccountRef`.
    pub generate_account_reference: bool,
    /// `CreateInXero`.
    pub create_in_xero: bool,
}

impl Choices {
    /// The template's defaults, under which nothing is created: one looks first.
    pub const CAUTIOUS: Self = Self {
        sync_enabled: false,
        generate_account_reference: false,
        create_in_xero: false,
    };
    /// Everything authorised. The switch stays off: here, each run is started by hand.
    pub const AUTHORISED: Self = Self {
        generate_account_reference: true,
        create_in_xero: true,
        ..Self::CAUTIOUS
    };

    /// As parameters of the template.
    #[must_use]
    pub fn template_parameters(self) -> Vec<String> {
        vec![
            format!("AccountGroupIds={CUSTOMERS},{TRADE_ACCOUNTS}"),
            format!("SiteGroupIds={SITES}"),
            format!("SyncEnabled={}", self.sync_enabled),
            format!("GenerateAccountRef={}", self.generate_account_reference),
            format!("CreateInXero={}", self.create_in_xero),
        ]
    }

    /// As the rules take them.
    ///
    /// # Errors
    /// Never for the values that this type can have.
    pub fn settings(self) -> Result<Settings, InvalidSetting> {
        let variables = BTreeMap::from([
            ("ACCOUNT_GROUP_IDS", format!("{CUSTOMERS},{TRADE_ACCOUNTS}")),
            ("SITE_GROUP_IDS", SITES.to_string()),
            (
                "GENERATE_ACCOUNT_REF",
                self.generate_account_reference.to_string(),
            ),
            ("CREATE_IN_XERO", self.create_in_xero.to_string()),
        ]);
        Settings::read(|name| variables.get(name).cloned())
    }
}
