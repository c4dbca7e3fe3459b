//! What a person sees: text, tables, progress, questions.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, bail};
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// The width of a table where there is no terminal to ask.
const WIDTH: u16 = 150;

/// How this run talks to people.
#[derive(Debug, Clone, Copy)]
pub struct Ui {
    /// JSON is wanted: nothing else goes to standard output.
    pub json: bool,
    /// Standard error is a terminal: progress is shown there.
    progress: bool,
    /// Somebody can answer questions.
    interactive: bool,
}

/// A finding that is coloured on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// A person should look.
    Bad,
    /// Neither.
    Plain,
}

impl Ui {
    /// As this process's terminal allows.
    #[must_use]
    pub fn new(json: bool) -> Self {
        Self {
            json,
            progress: io::stderr().is_terminal(),
            interactive: io::stdin().is_terminal() && io::stderr().is_terminal(),
        }
    }

    /// Prints a line to standard output. Colours are dropped where it is no terminal, or under `NO_COLOR`.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn say(&self, line: impl Display) -> io::Result<()> {
        writeln!(anstream::stdout().lock(), "{line}")
    }

    /// Prints JSON to standard output.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn say_json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(value)?;
        Ok(self.say(text)?)
    }

    /// Tells the person at the terminal something that is no result: it goes to standard error.
    pub fn tell(&self, line: impl Display) {
        // Where nobody reads, nobody is told.
        let _ = writeln!(anstream::stderr().lock(), "{line}");
    }

    /// A bar over `length` steps; invisible where standard error is no terminal.
    #[must_use]
    pub fn bar(&self, length: usize, what: &'static str) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX));
        if let Ok(style) =
            ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len} ({elapsed}, {eta} to go)")
        {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        bar
    }

    /// A line that moves while something of unknown length is done; invisible where standard error is no terminal.
    #[must_use]
    pub fn spinner(&self, what: impl Into<String>) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let spinner = ProgressBar::new_spinner();
        spinner.set_message(what.into());
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }

    /// Asks yes or no; no is the default.
    ///
    /// # Errors
    /// Where nobody can answer: `flag` is what says yes beforehand.
    pub fn confirm(&self, question: &str, flag: &str) -> anyhow::Result<bool> {
        if !self.interactive {
            bail!("nobody can be asked here: give {flag} to say yes beforehand");
        }
        let question = dialoguer::Confirm::new()
            .with_prompt(question)
            .default(false);
        question.interact().context("the question was not answered")
    }

    /// Asks for a text.
    ///
    /// # Errors
    /// Where nobody can answer: `instead` is what to give.
    pub fn ask(&self, prompt: &str, instead: &str) -> anyhow::Result<String> {
        if !self.interactive {
            bail!("nobody can be asked for the {prompt} here: {instead}");
        }
        let input = dialoguer::Input::<String>::new().with_prompt(prompt);
        let text = input
            .interact_text()
            .context("the question was not answered")?;
        Ok(text.trim().to_owned())
    }

    /// Asks for a text that is not shown.
    ///
    /// # Errors
    /// Where nobody can answer: `instead` is what to give.
    pub fn ask_secretly(&self, prompt: &str, instead: &str) -> anyhow::Result<String> {
        if !self.interactive {
            bail!("nobody can be asked for the {prompt} here: {instead}");
        }
        let prompt = format!("{prompt} (is not shown)");
        let input = dialoguer::Password::new().with_prompt(prompt);
        input.interact().context("the question was not answered")
    }

    /// Lets one of several be chosen.
    ///
    /// # Errors
    /// Where nobody can answer: `instead` is what to give.
    pub fn choose(&self, prompt: &str, items: &[String], instead: &str) -> anyhow::Result<usize> {
        if !self.interactive {
            bail!(
                "nobody can be asked here: {instead}; there are {}",
                items.join(", ")
            );
        }
        let choice = dialoguer::Select::new()
            .with_prompt(prompt)
            .items(items)
            .default(0);
        choice.interact().context("nothing was chosen")
    }

    /// An empty table, as wide as the terminal.
    #[must_use]
    pub fn table(&self, header: &[&str]) -> Table {
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic);
        if table.width().is_none() {
            table.set_width(WIDTH);
        }
        table.set_header(header.iter().copied());
        table
    }
}

/// A number of things, such as `1 contact` or `2 contacts`.
#[must_use]
pub fn counted(count: impl TryInto<u64>, thing: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{s}")
}

/// A text in the colour of its tone.
#[must_use]
pub fn toned(tone: Tone, text: impl Display) -> String {
    let style = match tone {
        Tone::Good => Style::new().fg_color(Some(AnsiColor::Green.into())),
        Tone::Bad => Style::new().fg_color(Some(AnsiColor::Red.into())).bold(),
        Tone::Plain => Style::new(),
    };
    format!("{style}{text}{style:#}")
}

/// A bold text.
#[must_use]
pub fn bold(text: impl Display) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

/// A column that is no wider. Columns of little text leave the width to the others.
#[must_use]
pub fn at_most(width: u16) -> ColumnConstraint {
    ColumnConstraint::UpperBoundary(Width::Fixed(width))
}

/// A text that cannot upset a terminal: whatever comes from outside may hold control characters, and those are shown as what they are.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}
