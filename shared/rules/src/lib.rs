//! Every business rule of the contact synchronisation, pure: no I/O, no async, no clock, no randomness.
//!
//! Snapshots of a contact in BigChange ([`Contact`]), of the contacts found in Xero ([`XeroContact`]) and of what was stored ([`Link`]) go in,
//! a [`Decision`] with its reason comes out. Whoever calls it reads, decides, then applies.

mod account_reference;
mod contact;
mod ids;
mod xero_contact;

pub use account_reference::{AccountReference, InvalidAccountReference};
pub use contact::{AccountType, Contact, ContactForm, Group, ListedContact};
pub use ids::{ContactId, ContactNumber, GroupId, InvalidId, TenantId, XeroContactId};
pub use xero_contact::{Address, ContactStatus, NewXeroContact, Person, XeroChanges, XeroContact};
