//! Tells people where they work: notes on held contacts in BigChange, the digest by mail, and an
//! alarm where held contacts pile up.
//!
//! It comes after everything else of a poll, whatever became of that, and nothing that fails here
//! fails the poll: contacts are synchronised whether or not somebody can be told.

use rules::{FIRST_SWEEP, OpenCount, counted, problems_grow};
use runtime::Services;
use runtime::people::OpenCountsRecord;
use runtime::records::{ProblemRecord, Records, SINGLETON, Stored, expect};
use runtime::switch::SwitchRecord;
use runtime::telemetry::Metric;
use store::TableError;
use time::OffsetDateTime;

use crate::digest;
use crate::notes::Notes;
use crate::told::Told;
use crate::writes::write_where_unchanged;

/// Tells people what is due, and logs what fails. `is_shut_out`: Xero may not be called now.
pub(crate) async fn tell(
    services: &Services,
    records: &Records,
    told: &Told,
    started: OffsetDateTime,
    is_shut_out: bool,
) {
    if let Err(error) = digest::send_if_due(services, records, told, is_shut_out).await {
        tracing::warn!("the digest was not sent: {error}");
    }
    if !told.is_due(services.host.now()) {
        return;
    }
    if let Err(error) = look_through(services, records, started).await {
        tracing::warn!("the held contacts were not looked through: {error}");
    }
}

async fn look_through(
    services: &Services,
    records: &Records,
    started: OffsetDateTime,
) -> Result<(), TableError> {
    let Some(switch) = SwitchRecord::stored(records).await? else {
        return Ok(());
    };
    let first_sweep_until = switch.value.since + FIRST_SWEEP;
    let problems = records.list::<ProblemRecord>("").await?;
    if services.host.now() >= first_sweep_until {
        count(services, records, &problems).await?;
    }
    let notes = Notes {
        services,
        records,
        first_sweep_until,
        started,
    };
    notes.keep_up(&problems).await
}

/// Counts the held contacts once an hour, and says so where they pile up. Not while the first sweep
/// finds what was there before.
async fn count(
    services: &Services,
    records: &Records,
    problems: &[Stored<ProblemRecord>],
) -> Result<(), TableError> {
    let stored = records.get::<OpenCountsRecord>(SINGLETON).await?;
    let before = stored.as_ref().map(|stored| stored.value.counts.as_slice());
    let before = before.unwrap_or_default();
    let now = OpenCount {
        at_unix_seconds: services.host.now().unix_timestamp(),
        open: problems.len(),
    };
    let Some(counts) = counted(before, now) else {
        return Ok(());
    };
    let first_seen = problems.iter().map(|held| held.value.first_seen);
    let oldest = first_seen.min().map(OffsetDateTime::unix_timestamp);
    if problems_grow(before, now, oldest) {
        services.host.count(Metric::ProblemsGrowing);
        tracing::warn!(
            open = now.open,
            "held contacts pile up: {} are held (contact-sync problems)",
            now.open
        );
    }
    let record = OpenCountsRecord { counts };
    let write = records.put(SINGLETON, &record, expect(stored.as_ref()))?;
    write_where_unchanged(records, vec![write]).await
}
