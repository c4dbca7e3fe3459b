//! Time, memory and size, as rows.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use local_stack::gate::System;
use local_stack::{Function, Memory, project};
use serde::Deserialize;
use tokio::process::Command;

use crate::processes::{BATCH, EndToEnd, LATENCY, Large, Start};
use crate::report::{Row, Section, grouped, per};

const START_LIMIT: Duration = Duration::from_millis(15);
const MEMORY_LIMIT_BYTES: u64 = 40 * 1024 * 1024;
const ZIP_LIMIT_BYTES: u64 = 4_000_000;
/// How many crates of a function are listed.
const CRATES: usize = 12;

/// Calls to BigChange and the time that everything takes.
pub(crate) fn time_section(one: &EndToEnd, two: &EndToEnd) -> Section {
    let mut rows = Vec::new();
    for (run, workers) in [(one, "one worker"), (two, "two workers at once")] {
        for (what, spent, contacts) in [
            ("first synchronisation", &run.first, run.contacts),
            ("update", &run.update, run.edited),
            ("full sweep, nothing changed", &run.sweep, run.contacts),
        ] {
            let bigchange = spent.calls_to(System::BigChange);
            rows.push(Row::new(
                format!("{} contacts: {what}, {workers}", grouped(contacts)),
                "the functions' processes: a poll, then events of 200",
                format!(
                    "{:.1} s; {} calls to BigChange ({} a contact), {} to Xero",
                    spent.elapsed.as_secs_f64(),
                    grouped(bigchange),
                    per(bigchange, contacts),
                    spent.calls_to(System::Xero),
                ),
            ));
        }
    }
    let refused = one.refused + two.refused;
    Section {
        title: "Calls to BigChange, and time",
        intro: format!(
            "Organisation of 1,600; one in five contacts is in Xero already. Every answer of BigChange and of Xero takes {} ms. A worker has at most four calls to BigChange open and one to Xero; \
             Xero's limits (5 at once, 60 a minute) are in force and refused {refused} calls in all runs. A contact is read once, and saved where its reference or account type has to be written \
             back; a generated code takes three more calls to enter it as contact reference too. The rest are the poll's lists. Left out: what SQS takes to hand messages over (up to five seconds to fill an event) and the minute until the next poll; and the one more reading \
             of each changed contact about six minutes later, while the lists still show it, which finds nothing to write.",
            LATENCY.as_millis()
        ),
        rows,
        notes: Vec::new(),
    }
}

/// The functions' processes.
pub(crate) async fn size_section(starts: &[Start], large: &Large) -> anyhow::Result<Section> {
    let zips = zip_sizes().await?;
    let mut rows = Vec::new();
    for start in starts {
        let name = start.function.crate_name();
        let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
        rows.push(
            Row::new(
                format!("{name}: process start to first `/next`"),
                "median of 21 starts, from the spawn to the request's arrival",
                format!("{} (slowest {})", ms(start.start), ms(start.slowest_start)),
            )
            .target("≤ 15 ms", start.start <= START_LIMIT),
        );
        rows.push(Row::new(
            format!("{name}: first and second invocation"),
            match start.function {
                Function::Poll => {
                    "a full sweep of 102 contacts, then a poll that queues nothing; no latency"
                }
                Function::SyncContact => "one new contact each; no latency",
                Function::RefreshToken => "a token that is fresh; no latency",
            },
            format!("{}, {}", ms(start.first), ms(start.second)),
        ));
        let when = match start.function {
            Function::SyncContact => {
                format!("after a batch of {BATCH} new contacts, organisation of 1,600")
            }
            Function::Poll | Function::RefreshToken => "after its second invocation".to_owned(),
        };
        rows.push(memory_row(name, &when, start.memory));
        let zip = zips
            .get(name)
            .copied()
            .context("a function without a zip")?;
        rows.push(
            Row::new(
                format!("{name}: zip"),
                "zipped as for a deployment",
                format!("{:.2} MB", zip as f64 / 1e6),
            )
            .target("≤ 4 MB", zip <= ZIP_LIMIT_BYTES),
        );
    }
    let organisation = format!("organisation of {}", grouped(large.contacts));
    for (memory, whose) in [
        (large.looked_through, "the first to look through it"),
        (
            large.taken_from_table,
            "started later, so that it took what the table keeps of it",
        ),
    ] {
        let when = format!("after a batch of {BATCH} new contacts, {organisation}, {whose}");
        rows.push(memory_row("sync-contact", &when, memory));
    }
    rows.push(Row::new(
        "sync-contact: first invocation in a large organisation",
        format!("one new contact, {organisation}, kept in the table; no latency"),
        format!("{:.0} ms", large.first.as_secs_f64() * 1e3),
    ));
    let mut notes = vec![
        "Nothing is called at a start, and nothing read but the machine's root certificates: settings and credentials come from the environment, clients are built once, secrets and tokens are read by the first \
         event that needs them. On Lambda a first invocation also pays for TLS handshakes with AWS, BigChange and Xero, which are not measured here.".to_owned(),
    ];
    for function in Function::ALL {
        notes.push(crates(function).await?);
    }
    notes.push(DONE_ABOUT_THEM.to_owned());
    Ok(Section {
        title: "Start, memory and size",
        intro: "The binaries that `make build` leaves, each under a runtime of its own on this machine; the stand-in for AWS and the fakes run beside them and take processor time too.".to_owned(),
        rows,
        notes,
    })
}

fn memory_row(name: &str, when: &str, memory: Memory) -> Row {
    let mb = |bytes: u64| format!("{:.1} MB", bytes as f64 / (1024.0 * 1024.0));
    let (resident, peak) = (mb(memory.resident_bytes), mb(memory.peak_bytes));
    Row::new(
        format!("{name}: resident memory"),
        format!("the kernel's count {when}"),
        format!("{resident} (at most {peak})"),
    )
    .target("≤ 40 MB", memory.resident_bytes <= MEMORY_LIMIT_BYTES)
}

const DONE_ABOUT_THEM: &str = "**What was done about the largest.** The standard library and this project's own crates aside:\n\n\
    - *aws_sdk_dynamodb*: built without default features, and with link-time optimisation over everything, so that only the six operations in use are left of it.\n\
    - *rustls*, with ring and webpki: one TLS stack for the AWS clients and for BigChange and Xero; the default features of the SDK would bring a second one. The dependency check of CI refuses another.\n\
    - *aws_config*: its usual chain (profile files, instance metadata, STS) is left out, for on Lambda the credentials stand in the environment. It brought two crates and looked for files at each start.\n\
    - Further: logs are filtered by target instead of by `env-filter`, which leaves a regex engine out; `opt-level = \"z\"`, one codegen unit, stripped.";

async fn zip_sizes() -> anyhow::Result<BTreeMap<String, u64>> {
    let arch = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "x86_64"
    };
    let mut python = Command::new(project().join(".venv/bin/python"));
    python
        .arg(project().join("tests/tools/check_bundle.py"))
        .args(["--arch", arch, "--glibc", "2.34", "--json"]);
    Ok(serde_json::from_slice(&output(python).await?)?)
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Bloat {
    text_section_size: u64,
    crates: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    size: u64,
}

/// What the crates of a function add to its code.
async fn crates(function: Function) -> anyhow::Result<String> {
    let name = function.crate_name();
    let tool = std::env::var("CARGO_BLOAT").context("CARGO_BLOAT is not set: run `make bench`")?;
    let mut bloat = Command::new(tool);
    bloat
        .args([
            "bloat",
            "--release",
            "--locked",
            "--crates",
            "-n",
            "0",
            "--message-format",
            "json",
        ])
        .args(["--package", name, "--bin", name])
        // Names are what it counts by.
        .env("CARGO_PROFILE_RELEASE_STRIP", "false")
        .current_dir(project());
    let bloat: Bloat = serde_json::from_slice(&output(bloat).await?)?;
    let kb = |size: u64| grouped(usize::try_from(size / 1_000).unwrap_or_default());
    let listed = bloat.crates.iter().take(CRATES);
    let listed: Vec<String> = listed
        .map(|c| format!("{} {}", c.name, kb(c.size)))
        .collect();
    let rest = bloat.crates.len().saturating_sub(CRATES);
    Ok(format!(
        "**{name}**, code in kB by crate (`cargo bloat`, {} in all; generic code counts for whoever uses it): {}; {rest} more.",
        kb(bloat.text_section_size),
        listed.join(", "),
    ))
}

#[derive(Deserialize)]
struct Allocated {
    contacts: usize,
    allocations: usize,
    bytes: usize,
    peak_bytes: usize,
}

#[derive(Deserialize)]
struct Estimates {
    mean: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    point_estimate: f64,
}

/// Processor time and memory to decide.
pub(crate) async fn rules_section() -> anyhow::Result<Section> {
    let bench = |target: &str| {
        let mut cargo = Command::new("cargo");
        cargo
            .args([
                "bench",
                "--locked",
                "--quiet",
                "--package",
                "rules",
                "--bench",
                target,
            ])
            .current_dir(project());
        cargo
    };
    // Or the estimates of an earlier run could be taken for this one's.
    let criterion = project().join("target/criterion");
    for group in ["deciding", "comparing"] {
        let _ = std::fs::remove_dir_all(criterion.join(group));
    }
    output(bench("deciding")).await?;
    let allocated = output(bench("allocations")).await?;
    let allocated: Vec<Allocated> = String::from_utf8(allocated)?
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let mut rows = Vec::new();
    for allocated in allocated {
        let contacts = allocated.contacts;
        let ns = mean_ns(&criterion, "deciding", contacts)?;
        rows.push(Row::new(
            format!("Deciding about {} contacts", grouped(contacts)),
            "criterion, and dhat for allocations; the build that is deployed",
            format!(
                "{:.1} ms: {:.2} µs a contact; {} allocations and {} bytes a contact, {} bytes at most at once",
                ns / 1e6,
                ns / 1e3 / contacts as f64,
                per(allocated.allocations, contacts),
                per(allocated.bytes, contacts),
                grouped(allocated.peak_bytes),
            ),
        ));
    }
    for contacts in COMPARED_WITH {
        let ns = mean_ns(&criterion, "comparing", contacts)?;
        let row = Row::new(
            format!("Comparing 1,000 new contacts with {}", grouped(contacts)),
            "criterion; taking the organisation in, then each new contact; the build that is deployed",
            format!("{:.0} ms of processor time", ns / 1e6),
        );
        rows.push(if contacts == LARGE {
            row.target("< 1,000 ms", ns < 1e9)
        } else {
            row
        });
    }
    Ok(Section {
        title: "Deciding",
        intro: "The rules alone, without any call: whether a contact takes part, what to ask Xero, and what to do with the answer. Five kinds of contacts in equal parts: new with an account \
            reference, new without one, matched by name, linked and unchanged, linked and changed. It is linear as far as the time for one contact is the same in each row.".to_owned(),
        rows,
        notes: Vec::new(),
    })
}

/// The organisations that the benchmark of the rules compares with.
const COMPARED_WITH: [usize; 3] = [5_000, LARGE, 50_000];
const LARGE: usize = 20_000;

fn mean_ns(criterion: &Path, group: &str, contacts: usize) -> anyhow::Result<f64> {
    let path = criterion.join(format!("{group}/{contacts}/new/estimates.json"));
    let text = std::fs::read(&path)
        .with_context(|| format!("criterion left no estimate for {contacts} contacts"))?;
    let estimates: Estimates = serde_json::from_slice(&text)?;
    Ok(estimates.mean.point_estimate)
}

/// What a command prints.
async fn output(mut command: Command) -> anyhow::Result<Vec<u8>> {
    let output = command
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{:?} failed: {}",
            command.as_std().get_program(),
            words.trim()
        );
    }
    Ok(output.stdout)
}
