//! Writes that may give way to another worker's.

use rules::ContactId;
use runtime::records::{ProblemRecord, Record, Records, Stored};
use store::{MAX_WRITES, TableError, Write};

/// Applies each write whose condition holds; where it does not, another worker knows better. They
/// go together as far as that works, since one call takes a hundred.
pub(crate) async fn write_where_unchanged(
    records: &Records,
    writes: Vec<Write>,
) -> Result<(), TableError> {
    for chunk in writes.chunks(MAX_WRITES) {
        match records.write(chunk.to_vec()).await {
            Err(TableError::Conflict) => one_by_one(records, chunk).await?,
            together => together?,
        }
    }
    Ok(())
}

async fn one_by_one(records: &Records, writes: &[Write]) -> Result<(), TableError> {
    for write in writes {
        match records.write(vec![write.clone()]).await {
            Ok(()) | Err(TableError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The contact that a record is of, where its id is the sort key.
pub(crate) fn contact_of<R: Record>(record: &Stored<R>) -> Result<ContactId, TableError> {
    record.sort_key.parse().map_err(|_| {
        TableError::Refused(format!(
            "the {} record {} has a key that is no contact id",
            R::KIND,
            record.sort_key
        ))
    })
}

/// Lets the worker ask Xero again about held contacts; it would not by itself, where neither the
/// contact nor the settings changed.
pub(crate) async fn try_again<'a>(
    records: &Records,
    problems: impl Iterator<Item = &'a Stored<ProblemRecord>>,
) -> Result<(), TableError> {
    let marks = problems
        .filter(|held| held.value.problem.depends_on_xero() && !held.value.retry)
        .map(|held| records.try_again(held));
    write_where_unchanged(records, marks.collect::<Result<_, _>>()?).await
}
