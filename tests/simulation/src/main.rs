//! Runs seeds of the simulation.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

use std::process::ExitCode;

use clap::Parser;
use simulation::simulate;

/// Runs the simulation: one seed with everything that happened, or many.
#[derive(Parser)]
struct Arguments {
    /// Replay this seed and print what happened.
    #[arg(long)]
    seed: Option<u64>,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.seed {
        return match simulate(seed, true) {
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
        };
    }
    let mut coverage = simulation::Coverage::default();
    let mut failed = 0;
    for seed in arguments.from..arguments.from + arguments.seeds {
        match simulate(seed, false) {
            Ok(success) => coverage.add(&success.coverage),
            Err(failure) => {
                failed += 1;
                println!("{failure}");
            }
        }
    }
    println!("{coverage}");
    println!("{failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
