//! What was queued a moment ago. Cursors lag, so that a change is listed by many polls in a row; to
//! queue it each time would read it from BigChange as often.

use std::collections::HashMap;

use rules::{ContactId, Fingerprint};
use time::Duration;
use time::OffsetDateTime;

/// A cursor stays this much behind the poll's start: BigChange's clock may be behind ours, and a
/// save that began before the poll may show only after it. The rest is for contacts that are not
/// queued again at once (see [`RecentlyQueued`]).
pub(crate) const OVERLAP: Duration = Duration::minutes(10);

/// For how long a contact that looks in the list as it did is not queued again.
///
/// No change is lost by it. One that the list does not show (a field that is not in it; a change
/// there and back; a second save within BigChange's second) may come after the worker has read the
/// contact. But it is listed for [`OVERLAP`] after it was made, which is longer than this rest by
/// the two minutes that BigChange's clock may be behind, the two that a save may take to show, and
/// some seconds, of which BigChange's dates have no fractions: so a poll that comes after the rest
/// still sees it, and queues it.
const REST: Duration = Duration::seconds(5 * 60 + 30);
const _: () = assert!(OVERLAP.whole_seconds() - REST.whole_seconds() >= 4 * 60 + 2);

/// The contacts that one process has queued lately. Where another process takes over, it knows of
/// none and queues them once more, which is harmless.
#[derive(Debug, Default)]
pub(crate) struct RecentlyQueued(HashMap<ContactId, (Fingerprint, OffsetDateTime)>);

impl RecentlyQueued {
    /// Whether a contact that the poll beginning now finds listed like this has to be queued.
    pub(crate) fn is_due(
        &self,
        contact: ContactId,
        list_fingerprint: Option<&Fingerprint>,
        now: OffsetDateTime,
    ) -> bool {
        let Some((before, at)) = self.0.get(&contact) else {
            return true;
        };
        list_fingerprint != Some(before) || !rests(*at, now)
    }

    /// It was queued by the poll that began then. One whose item could not be read is not
    /// remembered.
    pub(crate) fn queued(
        &mut self,
        contact: ContactId,
        list_fingerprint: Option<&Fingerprint>,
        poll_began: OffsetDateTime,
    ) {
        match list_fingerprint {
            Some(list_fingerprint) => {
                self.0
                    .insert(contact, (list_fingerprint.clone(), poll_began));
            }
            None => drop(self.0.remove(&contact)),
        }
    }

    /// Lets go of those that would be queued again anyway.
    pub(crate) fn forget_old(&mut self, now: OffsetDateTime) {
        self.0.retain(|_, (_, at)| rests(*at, now));
    }
}

/// If the clock went backwards, treat the entry as expired.
fn rests(queued_at: OffsetDateTime, now: OffsetDateTime) -> bool {
    (Duration::ZERO..REST).contains(&(now - queued_at))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use proptest::collection::vec;
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-11-02 10:00 UTC);

    #[test]
    fn what_is_due() {
        let contact = ContactId::try_from(7).unwrap();
        let [one, other] = ["one", "other"].map(|text| Fingerprint::of([text]));
        let mut recent = RecentlyQueued::default();
        assert!(recent.is_due(contact, Some(&one), START), "never seen");
        recent.queued(contact, Some(&one), START);
        let after = |seconds| START + Duration::seconds(seconds);
        for (list_fingerprint, seconds, is_due) in [
            (Some(&one), 0, false),
            (Some(&one), 329, false),
            (Some(&one), 330, true),
            (Some(&other), 1, true),
            (None, 1, true),
            // Put back.
            (Some(&one), -1, true),
        ] {
            let due = recent.is_due(contact, list_fingerprint, after(seconds));
            assert_eq!(due, is_due, "{list_fingerprint:?} after {seconds} s");
        }
        recent.forget_old(after(329));
        assert!(!recent.is_due(contact, Some(&one), after(1)));
        recent.forget_old(after(330));
        assert!(recent.is_due(contact, Some(&one), after(1)));
    }

    /// A save, by our clock: when it was made, when it shows, and whether the list shows what it
    /// changed.
    #[derive(Debug, Clone, Copy)]
    struct Save {
        made_at: i64,
        takes: i64,
        is_listed: bool,
    }

    fn save() -> impl Strategy<Value = Save> {
        (0..7_200_i64, 0..=120_i64, any::<bool>()).prop_map(|(made_at, takes, is_listed)| Save {
            made_at,
            takes,
            is_listed,
        })
    }

    proptest! {
        /// One process, polls that are late or left out, BigChange's clock up to two minutes off,
        /// saves that take as long to show: whoever reads a contact when it is queued has read
        /// every save.
        #[test]
        fn every_save_is_followed_by_a_poll_that_queues_it(
            saves in vec(save(), 1..12),
            waits in vec(prop_oneof![8 => 60..75_i64, 1 => 75..2_400_i64], 200),
            ahead in -120..=120_i64,
        ) {
            let contact = ContactId::try_from(7).unwrap();
            let at = |seconds| START + Duration::seconds(seconds);
            let mut recent = RecentlyQueued::default();
            let mut queued_at = Vec::new();
            let mut cursor = i64::MIN;
            let mut now = 0;
            for wait in waits {
                now += wait;
                let shown: Vec<&Save> = saves.iter().filter(|s| s.made_at + s.takes <= now).collect();
                // As the strictest reading has it: a save in the cursor's own second is not listed.
                let is_listed = shown.iter().any(|s| s.made_at + ahead > cursor);
                let list_fingerprint = shown.iter().filter(|s| s.is_listed).count().to_string();
                let list_fingerprint = Fingerprint::of([list_fingerprint.as_str()]);
                recent.forget_old(at(now));
                if is_listed && recent.is_due(contact, Some(&list_fingerprint), at(now)) {
                    recent.queued(contact, Some(&list_fingerprint), at(now));
                    queued_at.push(now);
                }
                cursor = now - OVERLAP.whole_seconds();
            }
            for save in &saves {
                let shows_at = save.made_at + save.takes;
                let is_queued = queued_at.iter().any(|queued| *queued >= shows_at);
                prop_assert!(is_queued, "{save:?} is lost: queued at {queued_at:?}");
            }
        }
    }
}
