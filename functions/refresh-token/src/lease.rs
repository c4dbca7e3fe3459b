//! The lease: of several refreshers only one calls Xero. It saves calls; what keeps the token right is the swap.

use runtime::Surroundings;
use runtime::records::{LeaseRecord, Records, expect};
use store::{Expect, TableError};
use time::{Duration, OffsetDateTime};

/// What is leased.
const NAME: &str = "xero-token";
/// How far the clocks of two machines may differ.
const CLOCK_DIFFERENCE: Duration = Duration::minutes(2);
/// How long a lease lasts whose holder crashed: the function's own time limit of a minute, seen from a clock that is behind.
const LEASE: Duration = Duration::minutes(1).saturating_add(CLOCK_DIFFERENCE);

/// A lease that was got. Expires by itself if it is not given back.
pub(crate) struct Lease {
    records: Records,
    record: LeaseRecord,
    version: u64,
}

impl Lease {
    /// Takes the lease; `None` where another has it.
    pub(crate) async fn take(
        records: Records,
        surroundings: &Surroundings,
    ) -> Result<Option<Self>, TableError> {
        let now = surroundings.now();
        let found = records.get::<LeaseRecord>(NAME).await?;
        if let Some(found) = &found
            && is_held(&found.value, now)
        {
            return Ok(None);
        }
        let record = LeaseRecord {
            holder: surroundings.unique().to_string(),
            expires_at: now + LEASE,
        };
        let put = records.put(NAME, &record, expect(found.as_ref()))?;
        match records.write(vec![put]).await {
            Ok(()) => Ok(Some(Self {
                records,
                record,
                version: found.map_or(0, |found| found.version) + 1,
            })),
            Err(TableError::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Marks the lease as expired long ago, unless it has passed to another. It is not removed, so that its versions never begin again.
    pub(crate) async fn give_back(self) {
        let record = LeaseRecord {
            expires_at: OffsetDateTime::UNIX_EPOCH,
            ..self.record
        };
        let expected = Expect::Version(self.version);
        let written = match self.records.put(NAME, &record, expected) {
            Ok(put) => self.records.write(vec![put]).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) | Err(TableError::Conflict) => {}
            Err(error) => {
                tracing::warn!("the lease of the token refresh stays until it expires: {error}");
            }
        }
    }
}

/// A lease that would last longer than any that is taken comes from a clock that is wrong, and holds nobody up.
fn is_held(lease: &LeaseRecord, now: OffsetDateTime) -> bool {
    let left = lease.expires_at - now;
    left.is_positive() && left <= LEASE + CLOCK_DIFFERENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_held_until_it_expires_and_never_longer_than_any_lease_lasts() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        for (left, held) in [
            (Duration::seconds(-1), false),
            (Duration::ZERO, false),
            (Duration::seconds(1), true),
            (LEASE, true),
            (LEASE + CLOCK_DIFFERENCE, true),
            (Duration::days(1), false),
        ] {
            let lease = LeaseRecord {
                holder: String::new(),
                expires_at: now + left,
            };
            assert_eq!(is_held(&lease, now), held, "{left}");
        }
    }
}
