//! How Xero's limits are kept: which calls are left to others, and how long to wait.
//!
//! Xero allows 60 calls a minute, five at once, and 5,000 a day (1,000 on the starter tier), for
//! one app and one organisation together. Its answers say how many are left.

use core::time::Duration;

/// How many calls are left, as far as an answer of Xero said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallsLeft {
    /// In this minute.
    pub minute: Option<u32>,
    /// On this day.
    pub day: Option<u32>,
}

/// A limit that Xero said is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Of calls at once. It is over as soon as another call ends, so the other workers are not
    /// told.
    Concurrent,
    /// Of calls in a minute.
    Minute,
    /// Of calls in a day.
    Day,
    /// One that Xero did not name.
    Unnamed,
}

/// Why Xero is left alone after a call that it carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PauseReason {
    /// So many calls of the day are left, which are kept for people.
    DayKeptForPeople(u32),
    /// The calls of the minute are used up, but for those of another worker that are under way.
    MinuteUsedUp,
}

/// How many calls are left to others, and how long Xero is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitPolicy {
    /// Calls of a minute that are left to the other worker, which may have some under way.
    pub minute_reserve: u32,
    /// Calls of a day that are kept for a person's own retries.
    pub day_reserve: u32,
    /// The same on the starter tier.
    pub starter_day_reserve: u32,
    /// The most calls of a day on the starter tier.
    pub starter_day_limit: u32,
    /// The same on every other tier.
    pub day_limit: u32,
    /// So many percent of a day's calls must be left for the whole list to be read for nothing but
    /// a comparison.
    pub percent_for_comparing: u32,
    /// How long to wait where Xero does not say, when the calls of a minute are used up.
    pub minute_pause: Duration,
    /// The same for the calls of a day.
    pub day_pause: Duration,
    /// The same for the calls at once.
    pub concurrent_pause: Duration,
    /// The same when Xero is out of order.
    pub outage_pause: Duration,
    /// No pause is longer, whatever an answer says: a day's limit is over by then.
    pub longest_pause: Duration,
}

impl LimitPolicy {
    /// Two percent of a day's calls are kept for people.
    pub const STANDARD: Self = Self {
        minute_reserve: 3,
        day_reserve: 100,
        starter_day_reserve: 20,
        starter_day_limit: 1_000,
        day_limit: 5_000,
        percent_for_comparing: 30,
        minute_pause: Duration::from_secs(60),
        day_pause: Duration::from_secs(60 * 60),
        concurrent_pause: Duration::from_secs(10),
        outage_pause: Duration::from_secs(30),
        longest_pause: Duration::from_secs(24 * 60 * 60),
    };

    /// Whether Xero may be called while a stored pause still has so much `left`. A pause that is
    /// longer than any that is stored, by more than two clocks may differ (`skew`), comes from a
    /// clock that is wrong, or a hand that slipped, and must not stop everything without a sound.
    #[must_use]
    pub fn may_call(&self, left: Option<Duration>, skew: Duration) -> bool {
        left.is_none_or(|left| left.is_zero() || left > self.longest_pause + skew)
    }

    /// How long to leave Xero alone after a call that it carried out, and why; `None` where the
    /// next call may be made. `day_limit_at_least` is the most calls of a day that were ever left.
    #[must_use]
    pub fn pause_after(
        &self,
        left: CallsLeft,
        day_limit_at_least: u32,
    ) -> Option<(Duration, PauseReason)> {
        let kept = if self.is_starter(day_limit_at_least) {
            self.starter_day_reserve
        } else {
            self.day_reserve
        };
        match left {
            CallsLeft { day: Some(day), .. } if day <= kept => {
                Some((self.day_pause, PauseReason::DayKeptForPeople(day)))
            }
            CallsLeft {
                minute: Some(minute),
                ..
            } if minute <= self.minute_reserve => {
                Some((self.minute_pause, PauseReason::MinuteUsedUp))
            }
            CallsLeft { .. } => None,
        }
    }

    fn is_starter(&self, day_limit_at_least: u32) -> bool {
        day_limit_at_least <= self.starter_day_limit
    }

    /// Whether enough calls of the day are left to read the whole list of contacts for nothing but
    /// a comparison. Where Xero does not say how many are left, it is read.
    #[must_use]
    pub fn may_compare(&self, left: CallsLeft, day_limit_at_least: u32) -> bool {
        let limit = if self.is_starter(day_limit_at_least) {
            self.starter_day_limit
        } else {
            self.day_limit.max(day_limit_at_least)
        };
        let least = u64::from(limit) * u64::from(self.percent_for_comparing);
        left.day.is_none_or(|day| u64::from(day) * 100 >= least)
    }

    /// How long to leave Xero alone after it said that a limit is reached. `asked` is what it asked
    /// for.
    #[must_use]
    pub fn pause_after_limit(&self, limit: Limit, asked: Option<Duration>) -> Duration {
        let usual = match limit {
            Limit::Concurrent => self.concurrent_pause,
            Limit::Day => self.day_pause,
            Limit::Minute | Limit::Unnamed => self.minute_pause,
        };
        asked.unwrap_or(usual).min(self.longest_pause)
    }

    /// How long to leave Xero alone when it is out of order. `asked` is what it asked for.
    #[must_use]
    pub fn pause_after_outage(&self, asked: Option<Duration>) -> Duration {
        asked.unwrap_or(self.outage_pause).min(self.longest_pause)
    }

    /// Whether an answer shows for the first time that the organisation is not on the starter tier,
    /// which other workers are told.
    #[must_use]
    pub fn shows_a_larger_tier(&self, left: CallsLeft, day_limit_at_least: u32) -> bool {
        let day = left.day.unwrap_or(0);
        day > self.starter_day_limit && day_limit_at_least <= self.starter_day_limit
    }
}
