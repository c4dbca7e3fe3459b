//! What may be asked of a table at once. Both tables check it before anything else, so that they refuse alike.

use std::collections::HashSet;

use crate::table::{
    Key, MAX_BODY_BYTES, MAX_ITEMS, MAX_PARTITION_BYTES, MAX_SORT_BYTES, MAX_WRITES, TableError,
    Write,
};

pub(crate) fn check_key(key: &Key) -> Result<(), TableError> {
    check_partition(&key.partition)?;
    check_part("sort", &key.sort_key, MAX_SORT_BYTES)
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
