//! What a held contact waits for in Xero.

use serde::{Deserialize, Serialize};

use super::kinds::Problem;
use crate::text::NameKey;
use crate::{AccountReference, Contact, Fingerprint, XeroContact, XeroContactId};

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
