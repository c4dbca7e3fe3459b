//! What one process of the poll remembers of what people were told.

use std::sync::{Mutex, PoisonError};

use rules::LondonDay;
use time::{Duration, OffsetDateTime};

/// How often held contacts are looked through. A note comes after an hour, so that minutes do not
/// matter.
const EVERY: Duration = Duration::minutes(5);

/// What one process remembers, so that not every poll reads every held contact.
#[derive(Default)]
pub(crate) struct Told {
    looked_at: Mutex<Option<OffsetDateTime>>,
    digest: Mutex<Option<LondonDay>>,
}

impl Told {
    /// Whether held contacts are to be looked through; if so, they count as looked through.
    pub(crate) fn is_due(&self, now: OffsetDateTime) -> bool {
        let mut looked_at = self
            .looked_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_recent = looked_at.is_some_and(|last| last <= now && now - last < EVERY);
        if !is_recent {
            *looked_at = Some(now);
        }
        !is_recent
    }

    /// The day whose digest this process knows to be claimed.
    pub(crate) fn digest_day(&self) -> Option<LondonDay> {
        *self.digest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn digest_is_claimed(&self, day: LondonDay) {
        *self.digest.lock().unwrap_or_else(PoisonError::into_inner) = Some(day);
    }
}
