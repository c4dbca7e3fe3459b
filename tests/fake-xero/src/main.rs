//! The fake Xero on its own: `fake-xero --port 8082 --seed-file contacts.json`.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use clap::Parser;
use fake_xero::{Config, FakeXero, Limits, Server};
use uuid::Uuid;

/// A fake Xero on a loopback port, with a control API under `/_fake/`.
#[derive(Parser)]
struct Arguments {
    /// The port; 0 takes a free one, which is printed.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Contacts to begin with: a JSON list of contacts as Xero writes them, or an object with the list `Contacts`.
    #[arg(long)]
    seed_file: Option<PathBuf>,
    /// The app's client id.
    #[arg(long)]
    client_id: Option<String>,
    /// The app's client secret.
    #[arg(long)]
    client_secret: Option<String>,
    /// The organisation's tenant id.
    #[arg(long)]
    tenant_id: Option<Uuid>,
    /// Holds every answer back for this time, in milliseconds.
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Calls in any 60 seconds.
    #[arg(long, default_value_t = Limits::default().per_minute)]
    per_minute: usize,
    /// Calls in any 24 hours.
    #[arg(long, default_value_t = Limits::default().per_day)]
    per_day: usize,
    /// Calls at once.
    #[arg(long, default_value_t = Limits::default().concurrent)]
    concurrent: usize,
    /// Shows a text that a contact does not have as "", where it is left out otherwise.
    #[arg(long)]
    shows_blank_texts: bool,
    /// Refuses an element of many that carries its ContactID and no name.
    #[arg(long)]
    batch_needs_names: bool,
    /// What ids and tokens are derived from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Arguments {
    fn config(&self) -> Config {
        let default = Config::default();
        Config {
            client_id: self.client_id.clone().unwrap_or(default.client_id),
            client_secret: self.client_secret.clone().unwrap_or(default.client_secret),
            tenant_id: self.tenant_id.unwrap_or(default.tenant_id),
            batch_needs_names: self.batch_needs_names,
            limits: Limits {
                per_minute: self.per_minute,
                per_day: self.per_day,
                concurrent: self.concurrent,
                ..default.limits
            },
            shows_blank_texts: self.shows_blank_texts,
            seed: self.seed,
            ..Config::default()
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let mut core = FakeXero::new(arguments.config());
    if let Some(path) = &arguments.seed_file {
        let text = std::fs::read(path).context("the seed file cannot be read")?;
        let contacts = serde_json::from_slice(&text).context("the seed file is not JSON")?;
        core.seed(SystemTime::now(), &contacts)
            .context("the seed file")?;
    }
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let server = Server::start(address, core)
        .await
        .context("the server cannot start")?;
    server.set_latency(Duration::from_millis(arguments.latency_ms));
    writeln!(std::io::stdout(), "fake-xero listens on {}", server.url())?;
    tokio::signal::ctrl_c().await?;
    server.shutdown().await?;
    Ok(())
}
