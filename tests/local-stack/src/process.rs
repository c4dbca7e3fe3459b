//! One process of a function: its real binary, with a runtime of its own that hands it events, and a gate around it through which all of its calls go.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::Function;
use crate::gate::{Call, Destinations, Gate, Treatment};
use crate::ministack::project;
use crate::runtime_api::{Answer, RuntimeApi};
use crate::stack::is_trouble;

/// How much of a process's log is shown after a failure.
const LOG_LINES: usize = 30;
/// Beyond its own time limit, after which AWS would end it.
const GRACE: Duration = Duration::from_secs(10);

static STARTED: AtomicU32 = AtomicU32::new(0);

/// How an event ended.
#[derive(Debug)]
pub enum Ended {
    /// With this answer.
    Answered(Value),
    /// The function answered that it failed.
    Failed(Value),
    /// It was killed, as it was ordered.
    Killed,
    /// The process ended by itself.
    Exited(ExitStatus),
}

/// What a process holds in memory.
#[derive(Debug, Clone, Copy)]
pub struct Memory {
    /// Now.
    pub resident_bytes: u64,
    /// At most so far.
    pub peak_bytes: u64,
}

/// A running process. Dropping it kills it.
pub struct Process {
    child: Child,
    spawned_at: Instant,
    runtime: RuntimeApi,
    gate: Gate,
    log: PathBuf,
    time_limit: Duration,
}

impl Process {
    /// Starts a function's binary, as `make build` left it, with the environment that the deployed one has, but for where it calls.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(
        function: Function,
        environment: &BTreeMap<String, String>,
        time_limit: Duration,
        destinations: Destinations,
        treatment: Treatment,
    ) -> anyhow::Result<Self> {
        let runtime = RuntimeApi::start().await?;
        let gate = Gate::open(destinations, treatment).await?;
        let name = function.crate_name();
        let bigchange_path = environment
            .get("BIGCHANGE_URL")
            .and_then(|url| Some(url.parse::<http::Uri>().ok()?.path().to_owned()))
            .context("the function has no BIGCHANGE_URL")?;
        let folder = project().join("target/local-stack");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("creating {}", folder.display()))?;
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let log = folder.join(format!("{name}-{}-{number}.log", std::process::id()));
        let output = File::create(&log).context("creating a process's log")?;
        let spawned_at = Instant::now();
        let child = Command::new(project().join(format!("target/lambda/{name}/bootstrap")))
            // Whatever this machine is logged in to stays out of it.
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", runtime.address())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_ENDPOINT_URL", gate.url())
            .env("BIGCHANGE_URL", format!("{}{bigchange_path}", gate.url()))
            .env("XERO_API_URL", gate.url())
            .env("XERO_IDENTITY_URL", gate.url())
            .stdin(Stdio::null())
            .stdout(output.try_clone().context("sharing a process's log")?)
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        Ok(Self {
            child,
            spawned_at,
            runtime,
            gate,
            log,
            time_limit,
        })
    }

    /// Hands it an event, and waits for how that ends. Where the gate's order says so, the process is killed meanwhile; then every call that is under way is waited for.
    ///
    /// # Errors
    /// When it takes longer than the function may.
    pub async fn invoke(&mut self, event: &Value) -> anyhow::Result<Ended> {
        self.runtime.hand_out(event, self.time_limit)?;
        tokio::select! {
            answer = self.runtime.answer() => Ok(match answer? {
                Answer::Done(value) => Ended::Answered(value),
                Answer::Failed(value) => Ended::Failed(value),
            }),
            () = self.gate.kill_is_due() => {
                // SIGKILL: it is not asked, and has no time for anything.
                self.child.start_kill().context("killing the process")?;
                self.child.wait().await?;
                self.gate.shut().await;
                Ok(Ended::Killed)
            }
            status = self.child.wait() => Ok(Ended::Exited(status?)),
            () = tokio::time::sleep(self.time_limit + GRACE) => {
                bail!("no answer within the function's time limit\n{}", self.troubles())
            }
        }
    }

    /// How long it took from its start until it asked for its first event.
    ///
    /// # Errors
    /// When it does not ask within some seconds.
    pub async fn start_time(&self) -> anyhow::Result<Duration> {
        let asked = tokio::time::timeout(GRACE, self.runtime.first_asked()).await;
        let asked = asked.context("the process does not ask for an event")??;
        Ok(asked.duration_since(self.spawned_at))
    }

    /// The memory that it holds now, by the kernel's count.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&self) -> anyhow::Result<Memory> {
        let process = self.child.id().context("the process has ended")?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
        let bytes = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes =
                line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            kilobytes
                .map(|k| k * 1024)
                .with_context(|| format!("the kernel does not say {name}"))
        };
        Ok(Memory {
            resident_bytes: bytes("VmRSS:")?,
            peak_bytes: bytes("VmHWM:")?,
        })
    }

    /// What it has called so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.gate.calls()
    }

    /// Whether the call that the order is about was made.
    #[must_use]
    pub fn order_was_carried_out(&self) -> bool {
        self.gate.order_was_carried_out()
    }

    /// What went wrong by its log, for a person to read after a failure.
    #[must_use]
    pub fn troubles(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let troubles: Vec<&str> = text.lines().filter(|line| is_trouble(line)).collect();
        troubles[troubles.len().saturating_sub(LOG_LINES)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.log);
    }
}
