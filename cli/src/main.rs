//! `contact-sync`, the operator's tool.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use contact_sync::args::Arguments;
use tracing::Level;

/// The tool could not do it.
const FAILED: u8 = 2;
/// As a shell has it for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    start_tracing(arguments.verbose);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let exit = runtime.block_on(async {
        tokio::select! {
            ended = contact_sync::run(arguments) => ended.map_or_else(|error| failed(&error), ExitCode::from),
            // Every write of this tool is one conditional write, so it is done or not: nothing is left half-done.
            _ = tokio::signal::ctrl_c() => ExitCode::from(INTERRUPTED),
        }
    });
    // A question may still be waiting for an answer.
    runtime.shutdown_background();
    exit
}

fn failed(error: &anyhow::Error) -> ExitCode {
    let closed = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == ErrorKind::BrokenPipe)
    };
    if error.chain().any(closed) {
        // Whoever read has read enough.
        return ExitCode::SUCCESS;
    }
    let _ = writeln!(
        anstream::stderr(),
        "{}: {error:#}",
        contact_sync::ui::toned(contact_sync::ui::Tone::Bad, "contact-sync")
    );
    ExitCode::from(FAILED)
}

/// What the functions' code logs stays quiet unless it is asked for: what matters of it is told by the command.
fn start_tracing(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => Level::INFO,
        _ => Level::DEBUG,
    };
    let own = [
        "contact_sync",
        "sync_contact",
        "poll",
        "refresh_token",
        "runtime",
        "bigchange",
        "xero",
        "store",
        "secrets",
    ];
    let targets: tracing_subscriber::filter::Targets =
        own.into_iter().map(|target| (target, level)).collect();
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time();
    tracing_subscriber::registry()
        .with(targets)
        .with(lines)
        .init();
}
