//! Manners on a terminal: colour, progress, questions. The tool runs under `script`, which gives it a pseudo-terminal.

use std::process::Stdio;
use std::time::Duration;

use local_stack::company::Choices;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::harness::Ground;

/// Nothing that is waited for here takes longer.
const LIMIT: Duration = Duration::from_secs(60);

/// The tool on a terminal.
struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: ChildStdout,
    seen: Vec<u8>,
}

impl Terminal {
    /// Runs the tool on a terminal of its own, and then tells how the terminal was left.
    fn run(ground: &Ground, arguments: &str, variables: &[(&str, &str)]) -> Self {
        Self::run_at(150, ground, arguments, variables)
    }

    /// The same on one of so many columns.
    fn run_at(columns: u16, ground: &Ground, arguments: &str, variables: &[(&str, &str)]) -> Self {
        let tool = env!("CARGO_BIN_EXE_contact-sync");
        let endpoint = ground.stack.aws().endpoint();
        // The shell gets Ctrl-C too, and has to outlast it.
        let line = format!(
            "trap : INT; stty columns {columns}; '{tool}' '--local={endpoint}' {arguments}; code=$?; stty -a; exit $code"
        );
        let mut child = Command::new("script")
            .args([
                "--quiet",
                "--flush",
                "--return",
                "--command",
                &line,
                "/dev/null",
            ])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm-256color")
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("script (Debian: bsdutils) is there");
        Self {
            keyboard: child.stdin.take().unwrap(),
            screen: child.stdout.take().unwrap(),
            child,
            seen: Vec::new(),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.seen).into_owned()
    }

    /// Reads on. `false` at the end.
    async fn read(&mut self) -> bool {
        let mut some = [0; 4096];
        let read = tokio::time::timeout(LIMIT, self.screen.read(&mut some)).await;
        let read = read.unwrap_or_else(|_| panic!("it stands still at:\n{}", self.text()));
        let read = read.unwrap();
        self.seen.extend_from_slice(&some[..read]);
        read > 0
    }

    /// Waits until these words are on the screen.
    async fn until(&mut self, words: &str) {
        while !self.text().contains(words) {
            assert!(self.read().await, "{words:?} never came:\n{}", self.text());
        }
    }

    /// Types what is not to be seen: the terminal's echo is switched off only after the question is asked.
    async fn types_unseen(&mut self, keys: &str) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.types(keys).await;
    }

    async fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).await.unwrap();
        self.keyboard.flush().await.unwrap();
    }

    /// Waits for the end: the exit code, and all that was on the screen.
    async fn ends(mut self) -> (i32, String) {
        while self.read().await {}
        let status = self.child.wait().await.unwrap();
        (status.code().unwrap(), self.text())
    }
}

/// Whether the colour or weight of text is changed: ESC [ numbers m.
fn is_styled(screen: &str) -> bool {
    screen.split("\u{1b}[").skip(1).any(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';');
        end.is_some_and(|end| rest[end..].starts_with('m'))
    })
}

/// The terminal shows again what is typed.
#[track_caller]
fn echoes(screen: &str) {
    let told = screen.split_whitespace().any(|word| word == "echo");
    assert!(told, "the echo is off:\n{screen}");
}

#[tokio::test]
async fn colour_is_for_a_terminal_and_never_under_no_color() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    let (code, screen) = Terminal::run(&ground, "status", &[]).ends().await;
    assert_eq!(code, 0, "{screen}");
    assert!(is_styled(&screen), "{screen:?}");
    let (code, screen) = Terminal::run(&ground, "status", &[("NO_COLOR", "1")])
        .ends()
        .await;
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("Healthy"), "{screen}");
    assert!(!is_styled(&screen), "{screen:?}");
}

#[tokio::test]
async fn progress_is_shown_on_a_terminal_and_cleared_away() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground
        .stack
        .bigchange
        .set_latency(Duration::from_millis(200));
    let (code, screen) = Terminal::run(&ground, "plan --only creates", &[])
        .ends()
        .await;
    assert_eq!(code, 0, "{screen}");
    for words in ["Reading BigChange's contact groups", "Reading contacts"] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    let last = screen.rfind("Reading contacts").unwrap();
    assert!(
        screen[last..].contains("\u{1b}[2K"),
        "it is cleared: {screen:?}"
    );
}

#[tokio::test]
async fn a_question_is_answered_or_broken_off_and_then_nothing_was_done() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    ground
        .run(&["sync", "--yes", "--contact", "1001"])
        .await
        .exits(0)
        .says("1001 Aire Valley Plumbing Ltd: linked");
    ground.stack.drain().await.unwrap();
    let before = ground.table().await;
    for (keys, exit, says) in [("n\r", 1, "Nothing was changed."), ("\u{3}", 130, "")] {
        let mut terminal = Terminal::run(&ground, "unlink 1001", &[]);
        terminal.until("Unlink it?").await;
        terminal.types(keys).await;
        let (code, screen) = terminal.ends().await;
        assert_eq!(code, exit, "{screen}");
        assert!(
            screen.contains("\"Aire Valley Plumbing Ltd\""),
            "by its name: {screen}"
        );
        assert!(screen.contains(says), "{screen}");
        echoes(&screen);
        assert_eq!(ground.table().await, before);
    }
    let mut terminal = Terminal::run(&ground, "unlink 1001", &[]);
    terminal.until("Unlink it?").await;
    terminal.types("y\r").await;
    let (code, screen) = terminal.ends().await;
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("Unlinked."), "{screen}");
    assert_ne!(ground.table().await, before);
}

#[tokio::test]
async fn what_is_secret_is_not_shown_as_it_is_typed() {
    let ground = Ground::deployed(Choices::CAUTIOUS).await;
    let mut terminal = Terminal::run(&ground, "connect bigchange", &[]);
    terminal.until("user name").await;
    terminal.types("fake-user\r").await;
    terminal.until("password").await;
    terminal.types_unseen("fake-password\r").await;
    terminal.until("key").await;
    terminal.types_unseen("fake-key\r").await;
    let (code, screen) = terminal.ends().await;
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("fake-user"), "{screen}");
    assert!(
        !screen.contains("fake-password") && !screen.contains("fake-key"),
        "{screen}"
    );
    echoes(&screen);
    // Broken off at the password, with the echo off.
    let mut terminal = Terminal::run(&ground, "connect bigchange", &[]);
    terminal.until("user name").await;
    terminal.types("fake-user\r").await;
    terminal.until("password").await;
    terminal.types_unseen("half\u{3}").await;
    let (code, screen) = terminal.ends().await;
    assert_eq!(code, 130, "{screen}");
    assert!(!screen.contains("half"), "{screen}");
    echoes(&screen);
}

#[tokio::test]
async fn sync_counts_what_it_would_write_and_asks() {
    let ground = Ground::connected(Choices::AUTHORISED).await;
    let before = ground.table().await;
    let mut terminal = Terminal::run(&ground, "sync", &[]);
    terminal.until("Synchronise now?").await;
    terminal.types("n\r").await;
    let (code, screen) = terminal.ends().await;
    assert_eq!(code, 1, "{screen}");
    let counts = screen
        .find("to create in Xero")
        .expect("creates are counted");
    let links = screen.find("to link to").expect("links are counted");
    assert!(counts < links, "creates first: {screen}");
    assert_eq!(ground.table().await, before);
    let mut terminal = Terminal::run(&ground, "sync --contact 1001", &[]);
    terminal.until("Synchronise now?").await;
    terminal.types("y\r").await;
    let (code, screen) = terminal.ends().await;
    assert_eq!(code, 0, "{screen}");
    assert!(screen.contains("1 linked"), "{screen}");
}

#[tokio::test]
async fn a_narrow_terminal_gets_blocks_and_whole_words() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground.run(&["sync", "--yes"]).await.exits(1);
    let (_, screen) = Terminal::run_at(70, &ground, "problems", &[]).ends().await;
    assert!(!screen.contains('│'), "{screen}");
    let (problems, _) = screen
        .split_once("open problems")
        .expect("they are counted");
    let widest = problems.lines().map(|line| {
        let line = anstream::adapter::strip_str(line).to_string();
        line.trim_end().chars().count()
    });
    assert!(widest.max() <= Some(70), "{screen}");
    assert!(screen.contains("  Problem: NotInXero"), "{screen}");
    // Without a terminal the width is that of COLUMNS.
    let blocks = ground.run_with(&["problems"], &[("COLUMNS", "80")]).await;
    assert!(!blocks.out.contains('│'), "{}", blocks.out);
    let table = ground.run_with(&["problems"], &[("COLUMNS", "120")]).await;
    assert!(table.out.contains('│'), "{}", table.out);
}
