//! The contract that every table keeps.

use futures::future::BoxFuture;
use serde_json::Value;

/// DynamoDB takes at most this many writes in one transaction.
pub const MAX_WRITES: usize = 100;
/// The longest partition key that DynamoDB takes, in bytes of UTF-8.
pub const MAX_PARTITION_BYTES: usize = 2048;
/// The longest sort key that DynamoDB takes, in bytes of UTF-8.
pub const MAX_SORT_BYTES: usize = 1024;
/// The largest body of an item, in bytes of JSON text: DynamoDB takes 400 KiB for everything in an item, which leaves room for the keys.
pub const MAX_BODY_BYTES: usize = 384 * 1024;
/// The most items that one read returns: ten times the largest population that is expected, and still well within a function's memory.
pub const MAX_ITEMS: usize = 200_000;

/// Where an item lives: a partition, read as a whole or by prefix, and a sort key within it.
///
/// Neither part may be empty; at most [`MAX_PARTITION_BYTES`] and [`MAX_SORT_BYTES`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The partition key, for instance `<tenant>#contact`.
    pub partition: String,
    /// The sort key, for instance a BigChange contact id.
    pub sort_key: String,
}

impl Key {
    /// A key from its two parts.
    pub fn new(partition: impl Into<String>, sort_key: impl Into<String>) -> Self {
        Self {
            partition: partition.into(),
            sort_key: sort_key.into(),
        }
    }
}

/// An item as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Where it lives.
    pub key: Key,
    /// 1 when first written, one more with every write since.
    ///
    /// An item that was removed and is written anew begins at 1 again. Where somebody may still hold the old version (a lease, an intent), mark the
    /// item as done instead of removing it, or put an owner into the body and compare that too.
    pub version: u64,
    /// What it holds: always a JSON object. A number comes back as the shortest that is equal, so `1.0` as `1`; read it into an `f64` and nothing is lost.
    pub body: Value,
}

/// What a write expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Nothing is stored under the key.
    Absent,
    /// The item has just this version.
    Version(u64),
    /// Anything or nothing: for marks that are the same whoever writes them.
    Any,
}

/// One conditional write.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// Stores a whole item.
    Put {
        /// Where.
        key: Key,
        /// On what condition.
        expect: Expect,
        /// What: must be a JSON object, at most [`MAX_BODY_BYTES`] as JSON text.
        body: Value,
        /// When DynamoDB may delete it, in seconds since 1970. A hint for tidying only: whoever reads must compare times itself.
        expires_at_unix_seconds: Option<i64>,
    },
    /// Removes an item. Removing what is not there succeeds, whatever was expected: the wish is fulfilled.
    Delete {
        /// Where.
        key: Key,
        /// On what condition, if an item is there.
        expect: Expect,
    },
    /// Writes nothing, but lets the transaction pass only if the item is as expected.
    Check {
        /// Where.
        key: Key,
        /// What must hold.
        expect: Expect,
    },
}

impl Write {
    /// The key that is written or checked.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Delete { key, .. } | Self::Check { key, .. } => key,
        }
    }
}

/// Why the table did not do as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TableError {
    /// An item was not as expected: read again and decide anew. Nothing of this call stands in the store.
    #[error("an item was changed by another worker meanwhile")]
    Conflict,
    /// The store could not be asked, or gave no answer: whether a write took effect is unknown. Try the whole piece of work again later.
    #[error("the store cannot be reached or gave no answer: {0}")]
    Unavailable(String),
    /// The store refused, or holds something that this program did not write: a person must look.
    #[error("the store refused: {0}")]
    Refused(String),
}

/// The contract that both stores keep; one suite of tests (`tests/contract.rs`) holds both to it.
pub trait Table: Send + Sync + 'static {
    /// Reads items, each consistently by itself; those that do not exist are left out, and a key given twice is read once. In no particular order.
    ///
    /// # Errors
    /// `Refused` for more than [`MAX_ITEMS`] keys; otherwise see [`TableError`].
    fn get_many<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Item>, TableError>>;
    /// Reads all items of a partition whose sort key begins with `prefix` (all of it where that is empty), consistently, ascending by sort key (bytewise).
    ///
    /// # Errors
    /// `Refused` where there are more than [`MAX_ITEMS`]; otherwise see [`TableError`].
    fn query<'a>(
        &'a self,
        partition: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Item>, TableError>>;
    /// Applies all the writes or none, at most [`MAX_WRITES`], each to a different key. An empty list is a success.
    ///
    /// # Errors
    /// See [`TableError`]; after `Conflict` and `Refused` nothing was written.
    fn write(&self, writes: Vec<Write>) -> BoxFuture<'_, Result<(), TableError>>;
}
