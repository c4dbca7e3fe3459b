//! A person turns the switch.

use rules::Switch;
use runtime::records::Records;
use runtime::switch::SwitchRecord;
use store::TableError;
use time::OffsetDateTime;

use crate::sweep;

/// Switches the synchronisation on, and asks for a full sweep: while it was off, nothing was seen.
/// What was put off because it was off is due from then on. Both are one write, so that neither is
/// there without the other.
///
/// # Errors
/// `Conflict` where the switch was turned by somebody else since; otherwise as the store says.
pub async fn enable(records: &Records, now: OffsetDateTime) -> Result<(), TableError> {
    let stored = SwitchRecord::stored(records).await?;
    let on = SwitchRecord::put(records, Switch::On, now, stored.as_ref())?;
    records.write(vec![on, sweep::wanted(records).await?]).await
}

/// Switches the synchronisation off. A batch that a worker has begun is worked to its end; whatever
/// begins later heeds it.
///
/// # Errors
/// As [`enable`].
pub async fn disable(records: &Records, now: OffsetDateTime) -> Result<(), TableError> {
    let stored = SwitchRecord::stored(records).await?;
    let off = SwitchRecord::put(records, Switch::Off, now, stored.as_ref())?;
    records.write(vec![off]).await
}
