//! The seeds that every change must pass: a fixed set, and as many random ones as there is time for.
#![allow(
    clippy::print_stderr,
    clippy::expect_used,
    reason = "what was covered is told; a test fails by panicking"
)]

use std::time::Duration;

use simulation::many::{self, Outcome};
use simulation::simulate;

/// The fixed set.
const SEEDS: u64 = 300;
/// How long random seeds are run; `SIMULATION_SECONDS` says otherwise.
const RANDOM: Duration = Duration::from_secs(60);

fn every_promise_held(name: &str, outcome: Outcome) {
    eprintln!("{name}: {}", outcome.coverage);
    if let Some(first) = outcome.failures.first() {
        let seed = first.seed;
        if let Err(failure) = simulate(seed, true) {
            let skipped = failure.trace.len().saturating_sub(80);
            for line in &failure.trace[skipped..] {
                eprintln!("{line}");
            }
        }
        panic!(
            "{} seeds failed; replay the first with `cargo run -p simulation -- --seed {seed}`: {first}",
            outcome.failures.len()
        );
    }
}

#[test]
fn every_promise_holds_in_the_fixed_seeds_and_they_meet_every_kind_of_fault() {
    let outcome = many::run(1..SEEDS + 1, None, false);
    let coverage = outcome.coverage.clone();
    every_promise_held("fixed seeds", outcome);
    assert_eq!(coverage.seeds, SEEDS);
    for kind in [
        "process stalled before the call",
        "slow answer",
        "failure before the effect",
        "failure after the effect, answer lost",
        "time-out, request lost",
        "time-out, effect later",
        "crash before the effect",
        "crash after the effect",
        "429 minute",
        "429 day",
        "429 concurrent",
        "answer that does not tell all",
        "401",
        "500",
        "503",
    ] {
        let times = coverage.faults.get(kind).copied().unwrap_or_default();
        assert!(times > 0, "no seed met: {kind}");
    }
    assert!(coverage.people.len() >= 17, "{:?}", coverage.people);
    assert!(coverage.duplicates > 0 && coverage.codes > 0 && coverage.created > 0);
}

#[test]
fn every_promise_holds_in_random_seeds() {
    let seconds = std::env::var("SIMULATION_SECONDS").ok();
    let time = seconds.map_or(RANDOM, |seconds| {
        Duration::from_secs(seconds.parse().expect("SIMULATION_SECONDS is a number"))
    });
    let from = fastrand::u64(1_000_000..u64::from(u32::MAX));
    let outcome = many::run(from..u64::MAX, Some(time), false);
    every_promise_held(&format!("random seeds from {from}"), outcome);
}

#[test]
fn a_seed_replays_step_by_step() {
    for seed in 1..=8 {
        let digest = || simulate(seed, false).map(|success| success.digest);
        let [first, second] =
            [digest(), digest()].map(|run| run.map_err(|failure| failure.to_string()));
        assert_eq!(first, second, "seed {seed}");
        assert!(first.is_ok(), "{first:?}");
    }
}
