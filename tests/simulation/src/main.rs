//! Runs seeds of the simulation.
#![allow(clippy::print_stdout, reason = "what it prints is what it is for")]

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use simulation::{Invariant, Planted, many, simulate_planted};

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
    /// Plant a bug, to see whether a promise breaks.
    #[arg(long, value_enum, conflicts_with = "all_planted")]
    planted: Option<Planted>,
    /// Plant every bug in turn, and print in how many seeds which promise breaks. Ends with 1 if a bug is not found, or if a promise breaks without one.
    #[arg(long, conflicts_with = "minutes")]
    all_planted: bool,
}

/// How much of a failing seed's trace is printed.
const LAST_LINES: usize = 60;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.seed {
        Some(seed) => replay(seed, arguments.planted),
        None if arguments.all_planted => plant_all(&arguments),
        None => run_many(&arguments),
    }
}

/// Prints a table in Markdown.
fn plant_all(arguments: &Arguments) -> ExitCode {
    let from = arguments.from.unwrap_or(1);
    let seeds = from..from.saturating_add(arguments.seeds);
    let broken_by = |planted| broken(&many::run_planted(seeds.clone(), None, true, planted));
    let unplanted = broken_by(None);
    if !unplanted.is_empty() {
        println!("Without a planted bug: {}", listed(&unplanted));
        return ExitCode::FAILURE;
    }
    println!("| Planted bug | Caught by (seeds) | Seeds |");
    println!("|---|---|---|");
    let mut not_found = Vec::new();
    for planted in Planted::all() {
        let broken = broken_by(Some(*planted));
        if broken.is_empty() {
            not_found.push(planted.name());
        }
        let found: usize = broken.values().sum();
        println!(
            "| `{}`: {} | {} | {found} of {} |",
            planted.name(),
            planted.description(),
            listed(&broken),
            arguments.seeds
        );
    }
    if not_found.is_empty() {
        return ExitCode::SUCCESS;
    }
    println!("Not found: {}", not_found.join(", "));
    ExitCode::FAILURE
}

/// In how many seeds which promise broke.
fn broken(outcome: &many::Outcome) -> BTreeMap<Invariant, usize> {
    let mut broken = BTreeMap::new();
    for failure in &outcome.failures {
        *broken.entry(failure.violation.invariant).or_default() += 1;
    }
    broken
}

fn listed(broken: &BTreeMap<Invariant, usize>) -> String {
    let mut counts: Vec<_> = broken.iter().collect();
    counts.sort_by_key(|(_, seeds)| std::cmp::Reverse(**seeds));
    let counts = counts
        .into_iter()
        .map(|(invariant, seeds)| format!("{invariant} ({seeds})"));
    counts.collect::<Vec<_>>().join(", ")
}

fn replay(seed: u64, planted: Option<Planted>) -> ExitCode {
    match simulate_planted(seed, true, planted) {
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
    let outcome = many::run_planted(from..end, time, arguments.count, arguments.planted);
    println!("{}", outcome.coverage);
    if outcome.failures.is_empty() {
        println!("Every promise held.");
        return ExitCode::SUCCESS;
    }
    println!("BROKEN in {} seeds:", outcome.failures.len());
    for (invariant, seeds) in broken(&outcome) {
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
        if let Err(failure) = simulate_planted(first.seed, true, arguments.planted) {
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
