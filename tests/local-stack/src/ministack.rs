//! The process that stands in for AWS: one `ministack` on a loopback port, which runs the functions' own binaries.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use transport::{HttpTransport, Transport};

/// How long it may take to be ready; a third of a second is usual.
const START_LIMIT: Duration = Duration::from_secs(30);
/// A free port may be taken by another program before `ministack` has it: then another is tried.
const START_ATTEMPTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(25);

/// The checkout.
#[must_use]
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A note of where a local stack runs.
pub struct RunningNote {
    file: PathBuf,
}

impl Drop for RunningNote {
    fn drop(&mut self) {
        // Gone already is gone.
        let _ = std::fs::remove_file(&self.file);
    }
}

/// A running `ministack`. Dropping it ends it and the functions that it runs; it keeps nothing.
pub struct Ministack {
    process: Child,
    program: PathBuf,
    endpoint: String,
    /// Its temporary files, and its log.
    folder: PathBuf,
    http: HttpTransport,
}

impl Ministack {
    /// Starts one of its own, on a free port. The program is `MINISTACK_BIN`, or else the one that `make` installs into the checkout.
    ///
    /// # Errors
    /// When it is not installed, or does not become ready.
    pub async fn start() -> anyhow::Result<Self> {
        let program = std::env::var_os("MINISTACK_BIN")
            .map_or_else(|| project().join(".venv/bin/ministack"), PathBuf::from);
        if !program.is_file() {
            bail!(
                "the local stack is not installed ({} is missing): run `make venv`",
                program.display()
            );
        }
        let mut failure = anyhow!("no attempt was made");
        for _ in 0..START_ATTEMPTS {
            match Self::start_once(&program).await {
                Ok(started) => return Ok(started),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Leaves a note in the checkout of where it runs, for `contact-sync --local`; the note goes when what is returned is dropped.
    ///
    /// # Errors
    /// When the note cannot be written.
    pub fn tell_where_it_runs(&self) -> anyhow::Result<RunningNote> {
        let file = project().join("target/local-stack/running.json");
        let note = serde_json::json!({ "endpoint": self.endpoint });
        std::fs::write(&file, note.to_string())
            .with_context(|| format!("writing {}", file.display()))?;
        Ok(RunningNote { file })
    }

    async fn start_once(program: &Path) -> anyhow::Result<Self> {
        let port = free_port().context("no free port on loopback")?;
        let endpoint = format!("http://{}:{port}", Ipv4Addr::LOCALHOST);
        let folder = project().join(format!("target/local-stack/{port}"));
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("creating {}", folder.display()))?;
        let log = File::create(folder.join("log")).context("creating the local stack's log")?;
        let process = Command::new(program)
            .env("BIND_HOST", Ipv4Addr::LOCALHOST.to_string())
            .env("MINISTACK_HOST", Ipv4Addr::LOCALHOST.to_string())
            .env("GATEWAY_PORT", port.to_string())
            .env("IOT_MTLS_ENABLED", "0")
            .env("TMPDIR", &folder)
            // The functions are given the address of AWS from its own environment only.
            .env("AWS_ENDPOINT_URL", &endpoint)
            // Whatever this machine is logged in to stays out of it.
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_DEFAULT_REGION", "us-east-1")
            .env_remove("AWS_CONFIG_FILE")
            .env_remove("AWS_SHARED_CREDENTIALS_FILE")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("sharing the local stack's log")?)
            .stderr(log)
            // A group of its own, to which the functions' processes belong too, so that all of it can be ended.
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let mut started = Self {
            process,
            program: program.to_owned(),
            endpoint,
            folder,
            http: HttpTransport::new().context("building an HTTP client")?,
        };
        started.wait_until_ready().await?;
        Ok(started)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if let Some(status) = self.process.try_wait()? {
                let log = self.log();
                let last = log.lines().last().unwrap_or("nothing in its log");
                bail!("the local stack ended at its start ({status}): {last}");
            }
            let health = http::Request::get(format!("{}/_ministack/health", self.endpoint));
            if let Ok(answer) = self.http.send(health.body(Bytes::new())?).await
                && answer.status().is_success()
            {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("the local stack was not ready after {START_LIMIT:?}")
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The Python that it was installed with, which has AWS's client library.
    #[must_use]
    pub fn python(&self) -> PathBuf {
        self.program.with_file_name("python")
    }

    /// What it has logged, the functions' lines included.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Calls an AWS service by its JSON protocol; `operation` is for instance `AmazonSQS.SendMessage`.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn aws(&self, operation: &str, input: &Value) -> anyhow::Result<Value> {
        let request = http::Request::post(format!("{}/", self.endpoint))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", operation)
            .body(Bytes::from(serde_json::to_vec(input)?))?;
        let answer = self
            .http
            .send(request)
            .await
            .context(operation.to_owned())?;
        if !answer.status().is_success() {
            let words = String::from_utf8_lossy(answer.body());
            bail!("{operation}: {}: {words}", answer.status());
        }
        if answer.body().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(answer.body()).with_context(|| format!("{operation}: not JSON"))
    }

    /// Sends a plain request to it; `path` begins with a slash.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(
        &self,
        method: http::Method,
        path: &str,
        body: Vec<u8>,
    ) -> anyhow::Result<http::Response<Bytes>> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header("content-type", "application/json")
            .body(Bytes::from(body))?;
        Ok(self.http.send(request).await?)
    }
}

impl Drop for Ministack {
    fn drop(&mut self) {
        // At once: everything that it holds is in memory, and the functions would outlive a polite end.
        if let Some(group) = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw)
        {
            // An error means that it has ended by itself.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port())
}
