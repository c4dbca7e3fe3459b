//! What a decision about one customer is made from, and what it can be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    AccountReference, Alike, ContactId, Customer, Field, InDoubt, Keep, Link, Plan, Problem,
    Settings, XeroContact, XeroContactId,
};

/// What a person said about which Xero contact a customer is. It overrules the match table, and
/// nothing else.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualMatch {
    /// It is this one, whatever its name and whatever else would fit. Until that has led to a link.
    #[serde(default, rename = "is", skip_serializing_if = "Option::is_none")]
    pub pinned: Option<XeroContactId>,
    /// It is none of these, although it was linked to each of them once. Until a person says that
    /// it is that one after all.
    #[serde(default, rename = "is_not", skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<XeroContactId>,
    /// It is another customer than these, however like they are: those that were candidates when a
    /// person said that it is a new customer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub distinct_from: Vec<XeroContactId>,
}

impl ManualMatch {
    /// Whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Everything that a decision about one customer is made from.
#[derive(Debug, Clone, Copy)]
pub struct Snapshot<'a> {
    /// The customer, as BigChange has it now.
    pub customer: &'a Customer,
    /// The settings.
    pub settings: &'a Settings,
    /// The stored link, if there is one.
    pub link: Option<&'a Link>,
    /// What a person said about it; matters while it is not linked.
    pub manual_match: &'a ManualMatch,
    /// What an earlier attempt may have written.
    pub in_doubt: Option<&'a InDoubt>,
    /// The code that was generated and reserved for this contact earlier; it keeps it through any
    /// retry.
    pub generated: Option<&'a AccountReference>,
    /// A contact reference that an earlier attempt meant to write last and may not have.
    pub contact_reference_due: Option<&'a AccountReference>,
    /// Whose value stays where both systems changed one, as a person said.
    pub keep: Option<&'a Keep>,
    /// Whether a linked contact's Xero contact has to be looked at although nothing changed in
    /// BigChange: it was seen not to be as the link says, or the contact is held for what it showed.
    pub is_to_be_looked_at: bool,
    /// What was found in Xero, or `None` if Xero was not asked. May hold contacts that do not
    /// match: they are compared here.
    pub found: Option<&'a [XeroContact]>,
    /// The active Xero contacts that are like it, the likeliest first. Those that the match table
    /// finds may be among them.
    pub alike: &'a [Alike],
    /// To which BigChange contact each found Xero contact is linked, and each that is like it.
    pub linked: &'a BTreeMap<XeroContactId, ContactId>,
    /// Which BigChange contact holds each account reference in question.
    pub holders: &'a BTreeMap<AccountReference, ContactId>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing can be said before Xero was asked this.
    Ask(Question),
    /// BigChange left this field out of its answer, and nothing can be decided without it.
    Incomplete(Field),
    /// Nothing can be written before a code was generated and reserved.
    NeedsCode,
    /// Held: a person must mend it.
    Hold(Problem),
    /// Write this; an empty plan means that nothing differs.
    Apply(Box<Plan>),
}

/// What to ask Xero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Which contacts carry this account number, this name, or (where a create of ours is in doubt)
    /// our contact number?
    Match {
        /// The account reference, if the contact has one.
        account_reference: Option<AccountReference>,
        /// The name, if names are matched.
        name: Option<String>,
        /// Whether an earlier create of ours may have reached Xero.
        create_in_doubt: bool,
    },
    /// How do these contacts look now, and what was each merged into? The first is linked, or was
    /// named by a person; the others were merged into it.
    Linked(Vec<XeroContactId>),
}
