//! When a contact that could not be worked is tried again, and when it is given up.

use core::time::Duration;

/// How long a contact waits that failed for its own sake, and how often that is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The first wait; each one after that is twice as long.
    pub first_wait: Duration,
    /// The longest wait, unless the system asks for more.
    pub longest_wait: Duration,
    /// After so many waits a contact is given up.
    pub max_attempts: u32,
    /// While a system is out of order, nothing is given up before this has passed.
    pub longest_outage: Duration,
}

/// What makes a contact fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// A system is out of order, which may last: the contact is not to blame.
    Outage,
    /// An answer that this software does not understand: another try rarely brings a better one.
    StrangeAnswer,
}

/// How a contact was put off so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutOff {
    /// How often for its own sake.
    pub attempts: u32,
    /// How long ago it was first put off.
    pub waited: Duration,
}

/// What to do with a contact that failed once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Try it again after this.
    After(Duration),
    /// Give it up: a person has to look at it.
    GiveUp,
}

impl RetryPolicy {
    /// A minute first, an hour at most, given up after about four hours; in an outage after a day.
    pub const STANDARD: Self = Self {
        first_wait: Duration::from_secs(60),
        longest_wait: Duration::from_secs(60 * 60),
        max_attempts: 9,
        longest_outage: Duration::from_secs(24 * 60 * 60),
    };

    /// What to do with a contact that failed once more. `at_least` is how long the system asked to
    /// be left alone.
    #[must_use]
    pub fn next(&self, trouble: Trouble, put_off: PutOff, at_least: Option<Duration>) -> Retry {
        let is_over = trouble != Trouble::Outage || put_off.waited >= self.longest_outage;
        if put_off.attempts >= self.max_attempts && is_over {
            return Retry::GiveUp;
        }
        let doubled = 2_u32.saturating_pow(put_off.attempts.min(16));
        let wait = self.first_wait.saturating_mul(doubled);
        Retry::After(
            wait.min(self.longest_wait)
                .max(at_least.unwrap_or_default()),
        )
    }

    /// How long a contact waits for something that concerns many, such as the references that are
    /// still to be read: half as long as it has waited already.
    #[must_use]
    pub fn wait_with_others(&self, waited: Duration) -> Duration {
        (waited / 2).clamp(self.first_wait, self.longest_wait)
    }
}
