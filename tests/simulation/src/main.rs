//! Runs seeds of the simulation.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use simulation::{Invariant, many, simulate};

/// Runs the simulation: one seed with everything that happened, or many.
///
/// Ends with 0 if every promise held, and with 1 if one was broken: then each failing seed is named, and the first is replayed with the end of its trace.
#[derive(Parser)]
struct Arguments {
    /// Replay this seed, and print everything that happened.
    #[arg(long)]
    seed: Option<u64>,
    /// The first of many seeds [default: 1, or with --minutes a random one].
    #[arg(long)]
    from: Option<u64>,
    /// How many seeds.
    #[arg(long, default_value_t = 200, conflicts_with = "minutes")]
    seeds: u64,
    /// Run as many seeds as there is time for.
    #[arg(long)]
    minutes: Option<f64>,
    /// Run on however many seeds fail, and only count what was broken.
    #[arg(long)]
    count: bool,
}

/// How much of a failing seed's trace is printed.
const LAST_LINES: usize = 60;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => replay(seed),
        None => run_many(&arguments),
    }
}

fn replay(seed: u64) -> ExitCode {
    match simulate(seed, true) {
        Ok(success) => {
            for line in success.trace {
                println!("{line}");
            }
            println!("{}", success.coverage);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn run_many(arguments: &Arguments) -> ExitCode {
    let from = arguments.from.unwrap_or_else(|| {
        if arguments.minutes.is_some() {
            fastrand::u64(1_000_000..u64::from(u32::MAX))
        } else {
            1
        }
    });
    let time = arguments
        .minutes
        .map(|minutes| Duration::from_secs_f64(minutes.max(0.0) * 60.0));
    let end = time.map_or(from.saturating_add(arguments.seeds), |_| u64::MAX);
    println!("Seeds from {from}");
    let outcome = many::run(from..end, time, arguments.count);
    println!("{}", outcome.coverage);
    if outcome.failures.is_empty() {
        println!("Every promise held.");
        return ExitCode::SUCCESS;
    }
    let mut broken: BTreeMap<Invariant, usize> = BTreeMap::new();
    for failure in &outcome.failures {
        *broken.entry(failure.violation.invariant).or_default() += 1;
    }
    println!("BROKEN in {} seeds:", outcome.failures.len());
    for (invariant, seeds) in broken {
        println!("{seeds:5}  {invariant}");
    }
    for failure in &outcome.failures {
        println!("{failure}");
    }
    if arguments.count {
        return ExitCode::FAILURE;
    }
    if let Some(first) = outcome.failures.first() {
        println!("\nThe end of seed {}:", first.seed);
        if let Err(failure) = simulate(first.seed, true) {
            let skipped = failure.trace.len().saturating_sub(LAST_LINES);
            for line in &failure.trace[skipped..] {
                println!("{line}");
            }
        }
        println!(
            "\nAll of it: cargo run -p simulation -- --seed {}",
            first.seed
        );
    }
    ExitCode::FAILURE
}
