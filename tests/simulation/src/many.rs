//! Many seeds, on all processors.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::{Coverage, Failure, Planted, simulate_planted};

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What those went through in which every promise held.
    pub coverage: Coverage,
    /// The others, in no order, without a trace.
    pub failures: Vec<Failure>,
}

/// How many failing seeds are enough.
const ENOUGH_FAILURES: usize = 20;

/// Runs the seeds of a range, or as many of it as fit into `time`. Stops early where many fail, unless `to_the_end`.
#[must_use]
pub fn run(seeds: Range<u64>, time: Option<Duration>, to_the_end: bool) -> Outcome {
    run_planted(seeds, time, to_the_end, None)
}

/// The same, with a planted bug if one is given.
#[must_use]
pub fn run_planted(
    seeds: Range<u64>,
    time: Option<Duration>,
    to_the_end: bool,
    planted: Option<Planted>,
) -> Outcome {
    let until = time.map(|time| Instant::now() + time);
    let next = AtomicU64::new(seeds.start);
    let is_enough = AtomicBool::new(false);
    let outcome = Mutex::new(Outcome::default());
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !is_enough.load(Ordering::Relaxed)
                    && until.is_none_or(|until| Instant::now() < until)
                {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let result = simulate_planted(seed, false, planted);
                    let Ok(mut outcome) = outcome.lock() else {
                        break;
                    };
                    match result {
                        Ok(success) => outcome.coverage.add(&success.coverage),
                        Err(failure) => outcome.failures.push(*failure),
                    }
                    let many = outcome.failures.len() >= ENOUGH_FAILURES && !to_the_end;
                    is_enough.fetch_or(many, Ordering::Relaxed);
                }
            });
        }
    });
    outcome.into_inner().unwrap_or_default()
}
