//! The client against the fake BigChange, and against answers made by hand.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop where it is"
)]

mod against_fake;
mod answers;
mod arbitrary;
mod hand_made;
mod notes;

use rules::{ContactId, GroupId};

fn contact_id(id: u64) -> ContactId {
    ContactId::try_from(id).unwrap()
}

fn group_id(id: u64) -> GroupId {
    GroupId::try_from(id).unwrap()
}
