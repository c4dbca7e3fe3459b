//! A stateful fake of the part of Xero that contact synchronisation uses: the Contacts API, the connections and the token endpoint.
//!
//! It refuses what Xero refuses. Where public sources disagree about Xero it takes the reading that is harder on a client, so that a client which
//! works here works there: archived contacts count when account numbers are compared; a batch element
//! without a `ContactID` falls through to the contact number and then to the name, and silently overwrites what it finds.
//!
//! [`FakeXero`] is pure state: time is a parameter and ids come from a seed, so that a simulation can replay a run exactly. [`Server`] puts it on a
//! loopback port, and the binary `fake-xero` runs that server alone.
//!
//! The texts of the refusals were recorded from Xero where its documentation or users report them. Others are worded here: a client must not read them.

mod answer;
mod calls;
mod config;
mod contact;
mod contacts;
mod control;
mod directory;
mod faults;
mod garbling;
mod idempotency;
mod ids;
mod inspect;
mod limits;
mod list;
mod oauth;
mod organisation;
mod query;
mod seed;
mod server;
mod shared;
mod state;
mod text;
mod validation;

pub use calls::{Call, CallKind};
pub use config::{Config, QueryRefusal, SearchReading};
pub use contact::{Contact, Status};
pub use faults::{Delivery, Fault, FaultKind, Garbling};
pub use limits::{Limits, RateLimitProblem};
pub use oauth::TokenPair;
pub use seed::SeedError;
pub use server::Server;
pub use state::{FakeXero, OpenCall};
