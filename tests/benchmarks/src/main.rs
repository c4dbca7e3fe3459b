//! `make bench`: measures what the synchronisation costs, prints it, and writes it into `docs/BENCHMARKS.md`.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what it prints is for the person who started it"
)]

mod aws;
mod bill;
mod calls_section;
#[cfg(test)]
mod guard;
mod network;
mod processes;
mod report;
mod rivals;
mod running;
mod work;
mod world;
mod xero_calls;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use local_stack::{Function, project};
use time::OffsetDateTime;
use time::macros::format_description;

use crate::report::Section;
use crate::work::FirstSync;

/// Measures calls, time, memory, size and money, and writes them into docs/BENCHMARKS.md.
#[derive(Parser)]
struct Arguments {
    /// Print only; leave the document as it is.
    #[arg(long)]
    print_only: bool,
}

const DOCUMENT: &str = "docs/BENCHMARKS.md";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.print_only).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(print_only: bool) -> anyhow::Result<()> {
    let work = FirstSync::new(1_000, 1_600);
    // First what is timed, while nothing else runs.
    eprintln!("Starting the functions' processes ...");
    let starts = processes::starts().await?;
    eprintln!("The same in an organisation of 20,000 ...");
    let large = processes::large_organisation().await?;
    eprintln!("Bringing 1,000 contacts in line with one worker, at 100 ms a call ...");
    let one = processes::end_to_end(work, 1).await?;
    eprintln!("The same with two workers at once ...");
    let two = processes::end_to_end(work, 2).await?;
    eprintln!("The same by the local stack's event source ...");
    let local_stack_calls = processes::by_the_local_event_source(work).await?;
    eprintln!("Deciding (builds the rules as they are deployed) ...");
    let rules = running::rules_section().await?;
    eprintln!("Counting calls to Xero, for this and two other clients (some minutes) ...");
    let calls = calls_section::section(local_stack_calls).await?;
    eprintln!("Sizes (builds the functions once more, with names) ...");
    let sizes = running::size_section(&starts, &large).await?;
    let template = std::fs::read_to_string(project().join("template.yaml"))?;
    let refresh = starts
        .iter()
        .find(|start| start.function == Function::RefreshToken)
        .context("the token refresh was not started")?;
    let measured = bill::Measured::new(&two, refresh, &template)?;
    let sections = [
        calls,
        running::time_section(&one, &two),
        sizes,
        rules,
        bill::section(&two, &measured)?,
    ];
    for section in &sections {
        println!("\n{}", section.for_a_terminal());
    }
    if !print_only {
        std::fs::write(project().join(DOCUMENT), document(&sections).await?)
            .context("writing docs/BENCHMARKS.md")?;
        println!("\nWritten to {DOCUMENT}.");
    }
    Ok(())
}

async fn document(sections: &[Section]) -> anyhow::Result<String> {
    let date = OffsetDateTime::now_utc().format(format_description!("[year]-[month]-[day]"))?;
    let mut text = format!(
        "# Benchmarks\n\nWritten by `make bench` on {date} at commit {}, on {}. Every figure in the tables is from that one run; none is a test. What is deterministic (the calls to Xero, \
         the sizes, the one TLS stack) is guarded in CI.\n",
        commit().await.unwrap_or_else(|| "unknown".to_owned()),
        machine(),
    );
    for section in sections {
        text += "\n";
        text += &section.for_the_document();
    }
    Ok(text)
}

async fn commit() -> Option<String> {
    let output = tokio::process::Command::new("git")
        .args(["describe", "--always", "--dirty", "--exclude", "*"])
        .current_dir(project())
        .output()
        .await
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The processor, as far as the system tells.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(':'))
        .map_or("an unknown processor", |(_, model)| model.trim());
    format!("{cores} cores of {model}")
}
