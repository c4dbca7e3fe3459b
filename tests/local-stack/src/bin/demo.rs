//! `make demo`: the whole bundle on this machine with a sample company, and what happened.
#![expect(
    clippy::print_stdout,
    reason = "what it prints is for the person who started it"
)]

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use local_stack::observed::Observed;
use local_stack::play::{Act, EDITED_ALONE, Play, REFUSED_AT_FIRST};
use local_stack::{company, report};
use tokio::signal::unix::{SignalKind, signal};

/// Runs the whole bundle on this machine with a sample company, and shows what happened.
#[derive(Parser)]
struct Arguments {
    /// Leave everything running until Ctrl-C, and print the addresses.
    #[arg(long)]
    keep: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments.keep).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether everything was as expected. Whatever ends it, everything that was started is dropped, and so ended, first.
async fn run(keep: bool) -> anyhow::Result<bool> {
    let (play, as_expected) = tokio::select! {
        shown = demo() => shown?,
        interrupted = interrupted() => {
            interrupted?;
            bail!("interrupted");
        }
    };
    if keep {
        tell_addresses(&play);
        // Where `contact-sync --local` looks.
        let running = play.stack.aws().tell_where_it_runs()?;
        let ended = interrupted().await;
        drop(running);
        ended?;
    }
    Ok(as_expected)
}

async fn interrupted() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

async fn demo() -> anyhow::Result<(Play, bool)> {
    let began = Instant::now();
    let steps = Steps::new();
    let mut as_expected = true;

    steps.begin("Starting the local stack and deploying template.yaml");
    let mut play = Play::start().await?;
    steps.begin("Connecting, then the first poll: creating and generating are not authorised yet");
    let looked = play.look_first().await?;
    steps.begin("Deploying again with CreateInXero=true and GenerateAccountRef=true, then polling");
    let authorised = play.authorise().await?;
    steps.begin("Polling again: nothing has changed");
    let unchanged = play.poll_unchanged().await?;
    steps.begin("Editing one phone number in BigChange");
    let phone = play.edit_one_phone().await?;
    steps.begin("Entering a contact while BigChange refuses its account reference");
    let refused = play.refuse_in_bigchange().await?;
    steps.begin("Editing contacts in both systems, then the daily sweep");
    let edited = play.edit_many().await?;
    steps.end();

    heading("1. A look first: nothing may be created or generated");
    println!("Held for the settings' sake; the other problems are below.\n");
    println!(
        "{}",
        report::contacts(looked.seen.iter().filter_map(|(id, seen)| {
            let later = authorised.seen.get(id).and_then(Observed::problem_code);
            let code = seen.problem_code()?;
            (later != Some(code)).then_some(seen)
        }))
    );
    println!("{}", report::totals(looked.seen.values()));
    println!("{}", report::calls(&looked.calls));
    as_expected &= verdict(&looked);

    heading("2. Authorised: CreateInXero=true, GenerateAccountRef=true");
    println!("{}", report::contacts(authorised.seen.values()));
    println!("{}", report::totals(authorised.seen.values()));
    println!("{}", report::calls(&authorised.calls));
    as_expected &= verdict(&authorised);

    heading("3. A second poll over the unchanged contacts");
    println!("{}", report::calls(&unchanged.calls));
    println!("Writes to BigChange: {}", unchanged.calls.bigchange_writes);
    if unchanged.failures.is_empty() {
        println!(
            "It made no Xero call and no write, and the table's contacts and problems stayed as they were."
        );
    }
    as_expected &= verdict(&unchanged);

    heading("4. Later");
    let mut rows = vec![
        (
            "its phone is edited in BigChange: carried over by two calls to Xero, of which one reads what stands there",
            &phone.seen[&EDITED_ALONE],
        ),
        (
            "entered while BigChange refuses its account reference",
            &refused.seen[&REFUSED_AT_FIRST],
        ),
        ("BigChange takes it again", &edited.seen[&REFUSED_AT_FIRST]),
    ];
    let edits = company::edits();
    rows.extend(
        edits
            .iter()
            .filter_map(|edit| Some((edit.what, edited.seen.get(&edit.contact)?))),
    );
    println!("{}", report::edits(rows));
    println!("{}", report::calls(&edited.calls));
    for act in [&phone, &refused, &edited] {
        as_expected &= verdict(act);
    }

    println!();
    println!("Took {:.1} s.", began.elapsed().as_secs_f64());
    Ok((play, as_expected))
}

fn heading(text: &str) {
    println!("\n{text}\n");
}

/// Says what was not as expected; whether everything was.
fn verdict(act: &Act) -> bool {
    for failure in &act.failures {
        println!("NOT AS EXPECTED: {failure}");
    }
    act.failures.is_empty()
}

fn tell_addresses(play: &Play) {
    let stack = &play.stack;
    let outputs = stack.outputs();
    println!("\nStill running:");
    println!(
        "  AWS         {} (any credentials, region us-east-1)",
        stack.aws().endpoint()
    );
    println!("  BigChange   {}", stack.bigchange.url());
    println!("  Xero        {}", stack.xero.url());
    println!(
        "  functions   {}, {}, {}",
        outputs.poll_function, outputs.sync_contact_function, outputs.refresh_token_function
    );
    println!("  queue       {}", outputs.sync_queue);
    println!("  table       {}", outputs.table);
    println!(
        "What the two systems hold and were asked: /_fake/contacts and /_fake/calls at their addresses."
    );
    println!(
        "The operator's tool, from this folder: cargo run --package contact-sync -- --local status (or any other command of it)."
    );
    println!("Ctrl-C ends all of it.");
}

/// Progress: a line that moves on a terminal, plain lines elsewhere.
struct Steps {
    spinner: Option<ProgressBar>,
}

impl Steps {
    fn new() -> Self {
        let spinner = std::io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                spinner.set_style(style);
            }
            spinner.enable_steady_tick(Duration::from_millis(100));
            spinner
        });
        Self { spinner }
    }

    fn begin(&self, step: &str) {
        match &self.spinner {
            Some(spinner) => spinner.set_message(format!("{step} ...")),
            None => println!("{step} ..."),
        }
    }

    fn end(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
