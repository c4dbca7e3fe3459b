//! Xero's limits: calls at once, in a minute and in a day for each organisation, and in a minute for the app.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::answer::{self, Answer};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Calls in flight at once, per organisation.
    pub concurrent: usize,
    /// Calls in any 60 seconds, per organisation.
    pub per_minute: usize,
    /// Calls in any 24 hours, per organisation.
    pub per_day: usize,
    /// Calls in any 60 seconds, of the whole app.
    pub app_per_minute: usize,
}

impl Default for Limits {
    /// Xero's own limits on its paid plans: 5, 60, 5,000 and 10,000.
    fn default() -> Self {
        Self {
            concurrent: 5,
            per_minute: 60,
            per_day: 5_000,
            app_per_minute: 10_000,
        }
    }
}

/// Which limit was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RateLimitProblem {
    /// Too many calls at once.
    Concurrent,
    /// Too many in a minute.
    Minute,
    /// Too many in a day.
    Day,
    /// Too many of the app in a minute.
    AppMinute,
}

impl RateLimitProblem {
    fn as_str(self) -> &'static str {
        match self {
            Self::Concurrent => "concurrent",
            Self::Minute => "minute",
            Self::Day => "day",
            Self::AppMinute => "appminute",
        }
    }
}

/// The answer past a limit: empty, and without a content type.
pub(crate) fn too_many(problem: RateLimitProblem, retry_after: Option<Duration>) -> Answer {
    let mut answer = answer::empty(StatusCode::TOO_MANY_REQUESTS);
    let headers = answer.headers_mut();
    headers.insert(
        HeaderName::from_static("x-rate-limit-problem"),
        HeaderValue::from_static(problem.as_str()),
    );
    if let Some(wait) = retry_after {
        // Rounded up, so that whoever waits just that long is let in.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    answer
}

/// Counts calls. Windows roll: no 60 seconds hold more than a minute's calls, whenever they begin. A refused call is not counted.
#[derive(Default)]
pub(crate) struct Meter {
    organisations: BTreeMap<Uuid, Usage>,
    app: VecDeque<SystemTime>,
}

#[derive(Default)]
struct Usage {
    /// When the calls of the last day were let in, oldest first.
    calls: VecDeque<SystemTime>,
    in_flight: usize,
}

impl Meter {
    pub(crate) fn open(&mut self, tenant: Uuid) {
        self.organisations.entry(tenant).or_default().in_flight += 1;
    }

    pub(crate) fn close(&mut self, tenant: Uuid) {
        let usage = self.organisations.entry(tenant).or_default();
        usage.in_flight = usage.in_flight.saturating_sub(1);
    }

    /// Lets a call in and counts it, or gives the answer that refuses it.
    pub(crate) fn admit(
        &mut self,
        limits: &Limits,
        tenant: Uuid,
        now: SystemTime,
    ) -> Result<(), Box<Answer>> {
        forget(&mut self.app, now, MINUTE);
        let usage = self.organisations.entry(tenant).or_default();
        forget(&mut usage.calls, now, DAY);
        if usage.in_flight > limits.concurrent {
            return Err(Box::new(too_many(RateLimitProblem::Concurrent, None)));
        }
        let full = [
            (RateLimitProblem::Day, &usage.calls, limits.per_day, DAY),
            (
                RateLimitProblem::Minute,
                &usage.calls,
                limits.per_minute,
                MINUTE,
            ),
            (
                RateLimitProblem::AppMinute,
                &self.app,
                limits.app_per_minute,
                MINUTE,
            ),
        ]
        .into_iter()
        .find_map(|(problem, calls, max, window)| {
            Some((problem, wait_for_room(calls, max, window, now)?))
        });
        if let Some((problem, wait)) = full {
            return Err(Box::new(too_many(problem, Some(wait))));
        }
        usage.calls.push_back(now);
        self.app.push_back(now);
        Ok(())
    }

    /// Writes what is left onto an answer.
    pub(crate) fn mark(
        &self,
        limits: &Limits,
        tenant: Uuid,
        now: SystemTime,
        headers: &mut HeaderMap,
    ) {
        let none = VecDeque::new();
        let calls = self
            .organisations
            .get(&tenant)
            .map_or(&none, |usage| &usage.calls);
        for (name, calls, max, window) in [
            ("x-minlimit-remaining", calls, limits.per_minute, MINUTE),
            ("x-daylimit-remaining", calls, limits.per_day, DAY),
            (
                "x-appminlimit-remaining",
                &self.app,
                limits.app_per_minute,
                MINUTE,
            ),
        ] {
            let left = max.saturating_sub(count_within(calls, window, now));
            headers.insert(HeaderName::from_static(name), HeaderValue::from(left));
        }
    }
}

fn age(at: SystemTime, now: SystemTime) -> Duration {
    now.duration_since(at).unwrap_or(Duration::ZERO)
}

fn forget(calls: &mut VecDeque<SystemTime>, now: SystemTime, window: Duration) {
    while calls.front().is_some_and(|at| age(*at, now) >= window) {
        calls.pop_front();
    }
}

fn count_within(calls: &VecDeque<SystemTime>, window: Duration, now: SystemTime) -> usize {
    calls
        .iter()
        .rev()
        .take_while(|at| age(**at, now) < window)
        .count()
}

/// How long until fewer than `max` calls lie within the window; `None` if that is so already.
fn wait_for_room(
    calls: &VecDeque<SystemTime>,
    max: usize,
    window: Duration,
    now: SystemTime,
) -> Option<Duration> {
    if count_within(calls, window, now) < max {
        return None;
    }
    // The call that must leave the window first; a limit of 0 never has room.
    let blocking = calls
        .len()
        .checked_sub(max)
        .and_then(|index| calls.get(index));
    Some(blocking.map_or(window, |at| window.saturating_sub(age(*at, now))))
}
