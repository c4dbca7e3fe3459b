//! `contact-sync`, the operator's tool.

use std::io::{ErrorKind, Write as _};
use std::pin::pin;
use std::process::ExitCode;

use clap::Parser as _;
use contact_sync::args::Arguments;
use contact_sync::hints::for_target;
use contact_sync::ui::{Terminal, Tone, toned};
use contact_sync::{ExitStatus, critical, logging};

/// The tool could not do it.
const FAILED: u8 = 2;
/// As a shell has it for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logging::start(arguments.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let terminal = Terminal::remember();
    let exit = runtime.block_on(async {
        let mut run = pin!(contact_sync::run(arguments));
        tokio::select! {
            ended = &mut run => return exit_code(ended),
            _ = tokio::signal::ctrl_c() => {}
        }
        // What must not be left half-done goes on until it is done.
        if critical::is_busy() {
            tell("ends as soon as nothing is half-done; Ctrl-C once more ends it at once");
        }
        let exit = tokio::select! {
            ended = &mut run => return exit_code(ended),
            () = critical::settled() => ExitCode::from(INTERRUPTED),
            _ = tokio::signal::ctrl_c() => ExitCode::from(INTERRUPTED),
        };
        if let Some(what) = critical::what_goes_on() {
            tell(what);
        }
        exit
    });
    // A question may still be waiting for an answer, with the echo off.
    terminal.restore();
    runtime.shutdown_background();
    exit
}

fn tell(what: &str) {
    let _ = writeln!(anstream::stderr(), "\ncontact-sync: {}", for_target(what));
}

fn exit_code(ended: anyhow::Result<ExitStatus>) -> ExitCode {
    ended.map_or_else(|error| failed(&error), ExitCode::from)
}

fn failed(error: &anyhow::Error) -> ExitCode {
    let kind_of = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.map(std::io::Error::kind)
    };
    match error.chain().find_map(kind_of) {
        // Whoever read has read enough.
        Some(ErrorKind::BrokenPipe) => return ExitCode::SUCCESS,
        Some(ErrorKind::Interrupted) => return ExitCode::from(INTERRUPTED),
        _ => {}
    }
    let name = toned(Tone::Bad, "contact-sync");
    let error = format!("{error:#}");
    let _ = writeln!(anstream::stderr(), "{name}: {}", for_target(&error));
    ExitCode::from(FAILED)
}
