//! A stand-in for BigChange's JobWatch web services (`/v01/services.ashx?action=…`), as far as contacts go.
//!
//! [`FakeBigChange`] is the whole of it, without a socket or a clock: a request and the time go in, an answer comes out, and the same calls give the same
//! answers. [`InProcess`] puts it behind [`transport::Transport`] for tests and simulations; [`Server`] puts it on a loopback port, for a program that speaks HTTP;
//! the binary `fake-bigchange` is that server by itself.
//!
//! Where BigChange's reference leaves a behaviour open, the fake does what is hardest on its caller, and [`Behaviour`] can change that. Its oddities (a byte-order
//! mark, numbers as text, a "null" date, an envelope without a result) are on from the start.

mod actions;
mod addressing;
mod answer;
mod behaviour;
mod calls;
mod company;
mod contact;
mod fault;
mod handle;
mod in_process;
mod notes;
mod parameters;
mod server;

pub use behaviour::{Behaviour, EmptyList, NoteUpdates};
pub use calls::{Call, Write};
pub use company::{FakeBigChange, FakeCredentials, PATH};
pub use contact::{FakeContact, FakeGroup, FakeNote, Seed};
pub use fault::{Fault, FaultKind, Hold, LostAnswer};
pub use in_process::InProcess;
pub use server::Server;
