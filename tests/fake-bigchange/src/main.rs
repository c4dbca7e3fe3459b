//! The fake BigChange by itself: serves until it is interrupted.
#![expect(
    clippy::print_stdout,
    reason = "its one line of output is for the person or script that started it"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use clap::Parser;
use fake_bigchange::{FakeBigChange, FakeCredentials, Seed, Server};

/// A stand-in for BigChange's JobWatch web services, on loopback.
#[derive(Parser)]
struct Arguments {
    /// The port to serve on; 0 takes any free one.
    #[arg(long)]
    port: u16,
    /// A JSON file of groups and contacts to begin with.
    #[arg(long)]
    seed_file: Option<PathBuf>,
    /// How long every answer takes at least, in milliseconds.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// The user name to ask for.
    #[arg(long, default_value = "fake-user")]
    username: String,
    /// The password to ask for.
    #[arg(long, default_value = "fake-password")]
    password: String,
    /// The company key to ask for.
    #[arg(long, default_value = "fake-key")]
    key: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut core = FakeBigChange::new();
    core.credentials = FakeCredentials {
        username: arguments.username,
        password: arguments.password,
        key: arguments.key,
    };
    if let Some(path) = &arguments.seed_file {
        let text = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let seed: Seed = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a seed", path.display()))?;
        core.seed(SystemTime::now(), seed);
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let latency = Duration::from_millis(arguments.latency_ms);
    let server = Server::start(address, core, latency)
        .await
        .with_context(|| format!("serving on {address}"))?;
    println!("BigChange (fake) is at {}", server.url());
    tokio::signal::ctrl_c()
        .await
        .context("waiting for Ctrl-C")?;
    server.shutdown().await.context("shutting down")
}
