//! What the three functions share beside the rules: the time and identifiers, what the table holds,
//! the queue, and the session with Xero.

mod announcement_records;
mod aws;
mod claims;
pub mod clock_skew;
mod directory_records;
mod environment;
pub mod function;
mod lease;
pub mod manual_match;
pub mod new_contacts;
mod newer;
pub mod organisation;
mod queue;
pub mod records;
mod references;
pub mod switch;
pub mod telemetry;
mod uk_time;
mod wiring;
mod xero_session;

pub use aws::aws_config;
pub use claims::XeroClaims;
pub use environment::{Configuration, ConfigurationError, Host};
pub use lease::Lease;
pub use queue::{DeadLetter, Message, Queue, QueueError, SqsQueue};
pub use references::{AccountReferences, Reserving};
pub use uk_time::{in_london, london_offset, london_zone};
pub use wiring::{Services, StartError};
pub use xero_session::{CallError, OpenError, Pause, Session, XeroConnection, XeroSession};
