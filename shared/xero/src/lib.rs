//! The client of Xero: its Contacts, its connections ([`Xero`]) and its token endpoint ([`Identity`]), over a [`transport::Transport`].
//!
//! One method is one call. Nothing here is sent twice, waited for or cached: whoever calls decides that, helped by errors that are named
//! by what to do about them ([`Error`], [`IdentityError`]).
//!
//! What this crate stands on, as Xero documents it or as it was seen to behave:
//! - `PUT /Contacts` only creates. `POST /Contacts` looks for its target by ContactID, then ContactNumber, then *Name*, and a match by name is silently
//!   overwritten; so every update here carries a ContactID.
//! - Status 200 never means saved: with `summarizeErrors=false` each element of the answer says for itself whether it was ([`ElementResult`]).
//! - Xero leaves out empty fields or sends them as `""`; both read as blank.
//! - Names and values are personal data: no error of this crate shows them, nor an address with its query.

mod answer;
mod call;
mod client;
mod error;
mod failure;
mod identity;
mod ms_date;
mod organisation;
mod pages;
mod query;
mod read;
mod refusal;
mod results;
mod revocation;
mod write;

pub use answer::{
    Access, Answer, Connection, DirectoryPage, ElementResult, Limits, Organisation, SearchPage,
};
pub use client::Xero;
pub use error::{AuthLostCause, Error, LimitProblem};
pub use identity::{CONSENT_SCOPES, ConsentRequest, Identity, IdentityError, SCOPES, Tokens};
pub use pages::{Pages, Step};
pub use query::{MAX_IDS, PAGE_SIZE, can_be_queried};
pub use refusal::Messages;
pub use revocation::revoke;
pub use rules::Refusal;
pub use write::{MAX_BATCH, RenamesGoSingly, Update};
