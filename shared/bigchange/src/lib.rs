//! A client of BigChange's JobWatch web services, as far as the contact synchronisation needs them.
//!
//! These older services are the ones to use: the newer REST API has contacts without their account reference, account type and "exclude from financial sync".
//! Every call is a GET with everything in the query string, which is how BigChange's customers call it; so no address ever goes into an error or a log line.
//!
//! The services spell one field in several ways, write numbers as text here and there, begin JSON with a byte-order mark and report "nothing found" as an error.
//! What is read is therefore read tolerantly, but never guessed: what is there and can't be understood is [`Error::Unexpected`], not blank.

mod client;
mod credentials;
mod envelope;
mod error;
mod fields;
mod limits;
mod query;
mod read;

pub use client::{BigChange, Page};
pub use credentials::Credentials;
pub use error::{AuthProblem, Cause, Error, Words};
pub use limits::{MAX_QUERY_CHARS, PAGE_SIZE};
