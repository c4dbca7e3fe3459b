//! What stands in a contact's way, told to the accounts admin: a stable code, one sentence that
//! names the contact and the values in conflict, one that says what to do.

mod about;
mod cure;
mod kinds;
mod precondition;
mod sentence;
mod watch;

pub use kinds::{MAX_CANDIDATES, PROBLEM_CODES, Problem};
pub use precondition::Precondition;
pub use sentence::DisplayNames;
pub use watch::Watch;
