//! One poll at a time. A lease saves work, no more: two polls at once would queue contacts twice, which is harmless.

use runtime::records::{LeaseRecord, Records, expect};
use store::{Expect, TableError};
use time::{Duration, OffsetDateTime};

/// What is leased.
pub(crate) const POLL: &str = "poll";
/// Longer than the function may run (300 seconds in the template), so that a lease ends while its holder works only if the clocks differ by more than a minute.
const LENGTH: Duration = Duration::minutes(6);

/// A lease that this poll holds.
#[derive(Debug)]
pub(crate) struct Lease {
    holder: String,
    version: u64,
}

impl Lease {
    /// Takes the lease; `None` where another poll holds it.
    pub(crate) async fn take(
        records: &Records,
        holder: String,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, TableError> {
        let last = records.get::<LeaseRecord>(POLL).await?;
        if last
            .as_ref()
            .is_some_and(|last| last.value.expires_at > now)
        {
            return Ok(None);
        }
        let version = last.as_ref().map_or(1, |last| last.version + 1);
        let taken = LeaseRecord {
            holder: holder.clone(),
            expires_at: now + LENGTH,
        };
        let write = records.put(POLL, &taken, expect(last.as_ref()))?;
        match records.write(vec![write]).await {
            Ok(()) => Ok(Some(Self { holder, version })),
            Err(TableError::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Ends the lease, by whatever clock. Its record stays, because the versions of one that was removed would begin anew, and an old holder could take a new lease for its own.
    pub(crate) async fn give_back(self, records: &Records) -> Result<(), TableError> {
        let ended = LeaseRecord {
            holder: self.holder,
            expires_at: OffsetDateTime::UNIX_EPOCH,
        };
        let write = records.put(POLL, &ended, Expect::Version(self.version))?;
        match records.write(vec![write]).await {
            // It had expired, and another poll has taken it.
            Ok(()) | Err(TableError::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
