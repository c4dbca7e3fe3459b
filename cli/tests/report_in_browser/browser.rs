//! A browser that shows one report.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Map, Value, json};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

/// No more browsers at a time than a small machine bears.
static BROWSERS: Semaphore = Semaphore::const_new(2);
/// Tells apart the folders of the browsers of one test run.
static FOLDERS: AtomicUsize = AtomicUsize::new(0);

const MISSING: &str = "The report is tested in a real browser, and chromedriver could not be started. Install chromium and chromium-driver \
    (Debian: apt-get install chromium chromium-driver), or say where they are in CHROMEDRIVER and CHROMIUM.";

/// A chromedriver of its own with one browser, which shows one report; all of it goes when this is dropped.
pub(crate) struct Browser {
    pub(crate) client: Client,
    // Dropped in this order: the driver ends (and its browser with it), the folder is removed, the next test may start.
    _driver: Driver,
    _folder: Folder,
    _turn: SemaphorePermit<'static>,
}

/// A chromedriver; ended when dropped, with its browser.
struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// Starts one on a free port and waits until it answers.
    async fn start() -> Result<Self> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let program =
            std::env::var_os("CHROMEDRIVER").unwrap_or_else(|| OsString::from("chromedriver"));
        let process = Command::new(&program)
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("{MISSING} (tried {})", program.display()))?;
        let mut driver = Self { process, port };
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = driver.process.try_wait()? {
                bail!("{MISSING} ({} ended at once: {status})", program.display());
            }
            ensure!(
                Instant::now() < until,
                "{MISSING} ({} did not answer for 20 seconds)",
                program.display()
            );
            sleep(Duration::from_millis(50)).await;
        }
        Ok(driver)
    }

    /// Asks it to end: killed at once, it would leave its browser behind.
    fn ask_to_end(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
            self.port
        )?;
        stream.read_to_end(&mut Vec::new())?;
        Ok(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if self.ask_to_end().is_ok() {
            for _ in 0..100 {
                if matches!(self.process.try_wait(), Ok(Some(_))) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        // It may have ended by itself already; there is nobody to tell.
        if self.process.kill().is_ok() {
            let _ = self.process.wait();
        }
    }
}

/// The browser's profile and the report; removed when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let number = FOLDERS.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("report-in-browser-{}-{number}", std::process::id()));
        std::fs::create_dir_all(path.join("profile"))
            .with_context(|| format!("creating {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The browser may still be writing its last files for a moment.
        for _ in 0..20 {
            if std::fs::remove_dir_all(&self.0).is_ok() || !self.0.exists() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// What a test asks of its browser.
#[derive(Clone, Copy)]
pub(crate) struct Wish {
    /// A phone of this width, which is narrower than a window can be made.
    pub(crate) phone: Option<u32>,
    pub(crate) scripts: bool,
    /// Whether the reader's machine is set to dark colours.
    pub(crate) dark: bool,
}

pub(crate) const DESK: Wish = Wish {
    phone: None,
    scripts: true,
    dark: false,
};
pub(crate) const DARK: Wish = Wish { dark: true, ..DESK };
pub(crate) const WITHOUT_SCRIPTS: Wish = Wish {
    scripts: false,
    ..DESK
};

fn capabilities(folder: &Path, wish: Wish) -> Map<String, Value> {
    let mut arguments: Vec<String> = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ]
    .map(str::to_owned)
    .to_vec();
    arguments.push(format!(
        "--user-data-dir={}",
        folder.join("profile").display()
    ));
    arguments.push("--window-size=1280,900".to_owned());
    if wish.dark {
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    let mut options = json!({ "args": arguments });
    let usual = "/usr/bin/chromium";
    let binary = std::env::var("CHROMIUM")
        .ok()
        .or_else(|| Path::new(usual).exists().then(|| usual.to_owned()));
    if let Some(binary) = binary {
        options["binary"] = json!(binary);
    }
    if let Some(width) = wish.phone {
        // Not as a mobile browser, which would widen its view to what does not fit.
        options["mobileEmulation"] = json!({ "deviceMetrics": { "width": width, "height": 844, "pixelRatio": 2, "mobile": false, "touch": false } });
    }
    if !wish.scripts {
        options["prefs"] = json!({ "profile.managed_default_content_settings.javascript": 2 });
    }
    let mut capabilities = Map::new();
    capabilities.insert("browserName".to_owned(), json!("chrome"));
    capabilities.insert("goog:chromeOptions".to_owned(), options);
    capabilities
}

/// A browser of a chromedriver.
async fn session(driver: &Driver, folder: &Path, wish: Wish) -> Result<Client> {
    let mut builder = ClientBuilder::new(HttpConnector::new());
    builder.capabilities(capabilities(folder, wish));
    timeout(
        Duration::from_secs(60),
        builder.connect(&format!("http://127.0.0.1:{}", driver.port)),
    )
    .await
    .with_context(|| format!("{MISSING} (the browser did not start within a minute)"))?
    .with_context(|| format!("{MISSING} (the browser did not start)"))
}

impl Browser {
    pub(crate) async fn open(html: &str, wish: Wish) -> Result<Self> {
        let turn = BROWSERS.acquire().await?;
        let folder = Folder::new()?;
        let report = folder.0.join("report.html");
        std::fs::write(&report, html)?;
        let driver = Driver::start().await?;
        let client = session(&driver, &folder.0, wish).await?;
        let browser = Self {
            client,
            _driver: driver,
            _folder: folder,
            _turn: turn,
        };
        browser
            .client
            .goto(&format!("file://{}", report.display()))
            .await?;
        if wish.scripts {
            browser.until("return document.readyState === 'complete' && document.documentElement.classList.contains('js')").await?;
        }
        Ok(browser)
    }

    /// Ends the browser in good order; where a test fails before, dropping ends it.
    pub(crate) async fn close(self) -> Result<()> {
        self.client.clone().close().await?;
        Ok(())
    }

    pub(crate) async fn run(&self, script: &str) -> Result<Value> {
        self.client
            .execute(script, Vec::new())
            .await
            .with_context(|| format!("running {script}"))
    }

    pub(crate) async fn text(&self, script: &str) -> Result<String> {
        let value = self.run(script).await?;
        Ok(value
            .as_str()
            .with_context(|| format!("{script} gave {value}"))?
            .to_owned())
    }

    pub(crate) async fn number(&self, script: &str) -> Result<u64> {
        let value = self.run(script).await?;
        value
            .as_u64()
            .with_context(|| format!("{script} gave {value}"))
    }

    /// Waits until a script returns true.
    pub(crate) async fn until(&self, script: &str) -> Result<()> {
        let until = Instant::now() + Duration::from_secs(15);
        while self.run(script).await? != json!(true) {
            ensure!(
                Instant::now() < until,
                "not true within 15 seconds: {script}"
            );
            sleep(Duration::from_millis(30)).await;
        }
        Ok(())
    }

    pub(crate) async fn click(&self, css: &str) -> Result<()> {
        let element = self
            .client
            .find(Locator::Css(css))
            .await
            .with_context(|| format!("finding {css}"))?;
        element
            .click()
            .await
            .with_context(|| format!("clicking {css}"))?;
        Ok(())
    }

    /// Presses keys at what has the focus: those that are held, and one more.
    pub(crate) async fn press(&self, held: &[Key], key: char) -> Result<()> {
        let mut keys = KeyActions::new("keyboard".to_owned());
        for held in held {
            keys = keys.then(KeyAction::Down {
                value: char::from(*held),
            });
        }
        keys = keys
            .then(KeyAction::Down { value: key })
            .then(KeyAction::Up { value: key });
        for held in held.iter().rev() {
            keys = keys.then(KeyAction::Up {
                value: char::from(*held),
            });
        }
        self.client.perform_actions(keys).await?;
        Ok(())
    }

    /// Types into the search box, in place of what is there, and waits for the answer.
    pub(crate) async fn search(&self, words: &str) -> Result<()> {
        let field = self.client.find(Locator::Id("search")).await?;
        field.clear().await?;
        if !words.is_empty() {
            field.send_keys(words).await?;
        }
        self.settled().await
    }

    /// Waits until the search's pause is over: the page then writes what is looked for into its address.
    pub(crate) async fn settled(&self) -> Result<()> {
        self.until(
            "return (new URLSearchParams(location.hash.slice(1)).get('search') || '') === document.getElementById('search').value",
        )
        .await?;
        self.run("document.documentElement.offsetHeight").await?;
        Ok(())
    }

    /// The names of the contacts that are shown, in order.
    pub(crate) async fn names(&self) -> Result<Vec<String>> {
        self.list("return Array.from(document.querySelectorAll('.row:not([hidden]) .n'), e => e.textContent)").await
    }

    pub(crate) async fn list(&self, script: &str) -> Result<Vec<String>> {
        let value = self.run(script).await?;
        let list = value
            .as_array()
            .with_context(|| format!("{script} gave {value}"))?;
        Ok(list
            .iter()
            .map(|item| {
                item.as_str()
                    .map_or_else(|| item.to_string(), str::to_owned)
            })
            .collect())
    }

    /// How many contacts are shown, and what the report says about it.
    pub(crate) async fn shown(&self) -> Result<(u64, String)> {
        let shown = self
            .number("return document.querySelectorAll('.row:not([hidden])').length")
            .await?;
        Ok((
            shown,
            self.text("return document.getElementById('count').textContent")
                .await?,
        ))
    }
}

/// 1234 as the report writes it.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(crate) fn sentence(shown: u64, all: u64) -> String {
    format!(
        "{} of {} contact{}",
        grouped(shown),
        grouped(all),
        if all == 1 { "" } else { "s" }
    )
}
