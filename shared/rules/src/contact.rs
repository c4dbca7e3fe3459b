//! A contact as BigChange holds it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{ContactId, Field, Fingerprint, GroupId};

/// A contact group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Its name, by which BigChange's own form refers to it.
    pub name: String,
}

/// A contact as a list of BigChange shows it: without the financial fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedContact {
    /// Its id.
    pub id: ContactId,
    /// The contact reference of the General tab; blank where there is none.
    pub contact_reference: String,
    /// Whether it has a parent: a site contact does.
    pub parent: Option<ContactId>,
    /// Whether BigChange has a deletion date for it.
    pub deleted: bool,
    /// The same for two listings in which everything that the list shows of it is the same.
    pub list_fingerprint: Fingerprint,
}

/// A contact as BigChange's detail shows it. Texts are as they were read, blank where BigChange has
/// none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// Its contact group, if it is in one.
    pub group: Option<GroupId>,
    /// The contact that it is a site of, if any.
    pub parent: Option<ContactId>,
    /// Whether BigChange has a deletion date for it.
    pub deleted: bool,
    /// "Exclude from financial sync".
    pub excluded_from_financial_sync: bool,
    /// The name of the customer.
    pub name: String,
    /// Street.
    pub street: String,
    /// Town.
    pub town: String,
    /// Postcode.
    pub postcode: String,
    /// Country.
    pub country: String,
    /// The person to ask for.
    pub person: String,
    /// Phone.
    pub phone: String,
    /// Email.
    pub email: String,
    /// Free text of the General tab.
    pub extra: String,
    /// The contact reference of the General tab, for searching; need not be unique.
    pub contact_reference: String,
    /// The account reference (Financials → Terms) as it stands there: the key to Xero.
    pub account_reference: String,
    /// The accounts package that the account reference belongs to.
    pub account_type: Option<AccountType>,
    /// Fields whose key was not in BigChange's answer. Nothing is known of them: what stands in
    /// their place here is blank and means nothing. (A field that is there and empty is blank.)
    pub missing: BTreeSet<Field>,
}

/// BigChange's account type: which accounts package an account reference belongs to, relative to
/// the package chosen in its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountType(pub i64);

impl AccountType {
    /// Xero.
    pub const XERO: Self = Self(1);
}
