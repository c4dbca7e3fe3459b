//! What may be asked of a table at once. Both tables check it before anything else, so that they refuse alike.

use std::collections::HashSet;

use crate::{Key, TableError, Write};

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

pub(crate) fn check_key(key: &Key) -> Result<(), TableError> {
    check_partition(&key.partition)?;
    check_part("sort", &key.sort, MAX_SORT_BYTES)
}

pub(crate) fn check_partition(partition: &str) -> Result<(), TableError> {
    check_part("partition", partition, MAX_PARTITION_BYTES)
}

/// Says how long a key is, not what it is: keys may be made of what people entered.
fn check_part(what: &str, text: &str, max_bytes: usize) -> Result<(), TableError> {
    if (1..=max_bytes).contains(&text.len()) {
        return Ok(());
    }
    Err(TableError::Refused(format!(
        "a {what} key of {} bytes; it takes 1 to {max_bytes}",
        text.len()
    )))
}

pub(crate) fn check_count(items: usize) -> Result<(), TableError> {
    if items > MAX_ITEMS {
        return Err(TableError::Refused(format!(
            "more than {MAX_ITEMS} items in one read"
        )));
    }
    Ok(())
}

pub(crate) fn check_writes(writes: &[Write]) -> Result<(), TableError> {
    if writes.len() > MAX_WRITES {
        return Err(TableError::Refused(format!(
            "{} writes at once; a transaction takes at most {MAX_WRITES}",
            writes.len()
        )));
    }
    let mut keys = HashSet::new();
    for write in writes {
        check_key(write.key())?;
        if !keys.insert(write.key()) {
            return Err(TableError::Refused(
                "two writes to the same key in one transaction".to_owned(),
            ));
        }
        if let Write::Put { body, .. } = write {
            check_body(body)?;
        }
    }
    Ok(())
}

fn check_body(body: &serde_json::Value) -> Result<(), TableError> {
    if !body.is_object() {
        return Err(TableError::Refused(
            "the body of an item must be a JSON object".to_owned(),
        ));
    }
    let bytes = body.to_string().len();
    if bytes > MAX_BODY_BYTES {
        return Err(TableError::Refused(format!(
            "a body of {bytes} bytes; an item takes at most {MAX_BODY_BYTES}"
        )));
    }
    Ok(())
}
