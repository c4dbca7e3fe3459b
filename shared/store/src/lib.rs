//! The store: one DynamoDB table behind a small contract, [`Table`], that an in-memory table keeps as well.
//!
//! Every item has a version. Every write names the version that it expects, so that of two workers that read the same item only one can write it;
//! everything that must be unique (a link, a reservation of an account reference, a lease) is built on that one rule.

mod dynamo;
mod encoding;
mod limits;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "memory")]
mod overlay;
mod table;

pub use dynamo::DynamoTable;
#[cfg(feature = "memory")]
pub use memory::MemoryTable;
#[cfg(feature = "memory")]
pub use overlay::OverlayTable;
pub use table::{
    Expect, Item, Key, MAX_BODY_BYTES, MAX_ITEMS, MAX_PARTITION_BYTES, MAX_SORT_BYTES, MAX_WRITES,
    Table, TableError, Write,
};
