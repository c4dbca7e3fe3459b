//! One lease for the poll and the token refresh: of several at once only one works.
//!
//! A lease saves calls and nothing else. Two holders at once are harmless, because whatever must be
//! right is a conditional write.

use store::{Expect, TableError, Write};
use time::{Duration, OffsetDateTime};

use crate::Host;
use crate::clock_skew::TWO_CLOCKS;
use crate::records::{LeaseRecord, Records, Stored, expect};

/// A lease that is held. It expires by itself if it is not given back.
pub struct Lease {
    records: Records,
    name: &'static str,
    taken: Stored<LeaseRecord>,
}

impl Lease {
    /// Takes the lease on `name` for `length`; `None` where another holds it.
    ///
    /// # Errors
    /// As the store says.
    pub async fn take(
        records: Records,
        name: &'static str,
        length: Duration,
        host: &Host,
    ) -> Result<Option<Self>, TableError> {
        let now = host.now();
        let found = records.get::<LeaseRecord>(name).await?;
        if let Some(found) = &found {
            if is_held(&found.value, length, now) {
                return Ok(None);
            }
            if found.value.expires_at > now {
                tracing::warn!(
                    lease = name,
                    expires_at = %found.value.expires_at,
                    "a lease would last longer than any that is taken, so it counts as expired: a clock was wrong, or somebody edited it"
                );
            }
        }
        let record = LeaseRecord {
            holder: host.new_id().to_string(),
            expires_at: now + length,
        };
        let put = records.put(name, &record, expect(found.as_ref()))?;
        match records.write(vec![put]).await {
            Ok(()) => Ok(Some(Self {
                records,
                name,
                taken: Stored::written(found.as_ref(), name.to_owned(), record),
            })),
            Err(TableError::Conflict) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The write that makes the lease on `name` free, whoever holds it: for a table that is thrown
    /// away, in which nobody else works.
    #[must_use]
    pub fn freed(records: &Records, name: &'static str) -> Write {
        records.delete::<LeaseRecord>(name, Expect::Any)
    }

    /// Ends the lease, unless it has passed to another. Its record stays, because the versions of
    /// one that was removed would begin anew, and an old holder could take a new lease for its own.
    /// If the store does not answer, the lease expires by itself.
    pub async fn give_back(self) {
        let ended = LeaseRecord {
            expires_at: OffsetDateTime::UNIX_EPOCH,
            ..self.taken.value.clone()
        };
        let put = self.records.put(self.name, &ended, self.taken.as_read());
        let written = match put {
            Ok(put) => self.records.write(vec![put]).await,
            Err(error) => Err(error),
        };
        match written {
            Ok(()) | Err(TableError::Conflict) => {}
            Err(error) => {
                tracing::warn!(
                    lease = self.name,
                    "the lease could not be given back, and will expire: {error}"
                );
            }
        }
    }
}

/// If a lease would last longer than any that is taken, treat it as expired: it comes from a clock
/// that is wrong, or from a hand that slipped.
fn is_held(lease: &LeaseRecord, length: Duration, now: OffsetDateTime) -> bool {
    lease.expires_at > now && lease.expires_at <= now + length + TWO_CLOCKS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_held_until_it_expires_and_never_longer_than_any_lease_lasts() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let length = Duration::minutes(6);
        for (left, held) in [
            (Duration::seconds(-1), false),
            (Duration::ZERO, false),
            (Duration::seconds(1), true),
            (length, true),
            (length + TWO_CLOCKS, true),
            (length + TWO_CLOCKS + Duration::seconds(1), false),
            (Duration::days(1), false),
            (Duration::days(100_000), false),
        ] {
            let lease = LeaseRecord {
                holder: String::new(),
                expires_at: now + left,
            };
            assert_eq!(is_held(&lease, length, now), held, "{left}");
        }
    }
}
