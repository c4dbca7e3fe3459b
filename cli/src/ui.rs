//! What a person sees: text, tables, progress, questions.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::LazyLock;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, bail};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::hints::for_target;
use crate::listing::{Listing, WIDTH};

/// Everything that moves on the terminal, so that lines can be told above it.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

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
        self.print(for_target(&line.to_string()))
    }

    /// The same, of what is not for the person at this terminal: JSON, a spreadsheet, a page.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn print(&self, line: impl Display) -> io::Result<()> {
        writeln!(anstream::stdout().lock(), "{line}")
    }

    /// Prints JSON to standard output.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn say_json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(value)?;
        Ok(self.print(text)?)
    }

    /// Tells the person at the terminal something that is no result: it goes to standard error, above whatever moves there.
    pub fn tell(&self, line: impl Display) {
        // Ignore write errors: nobody reads any more.
        let line = line.to_string();
        let line = for_target(&line);
        BARS.suspend(|| drop(writeln!(anstream::stderr().lock(), "{line}")));
    }

    /// A bar over `length` steps; invisible where standard error is no terminal.
    #[must_use]
    pub fn bar(&self, length: usize, what: &'static str) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let bar = BARS.add(ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX)));
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
        let spinner = BARS.add(ProgressBar::new_spinner());
        spinner.set_message(what.into());
        spinner.enable_steady_tick(Duration::from_millis(100));
        spinner
    }

    /// Whether somebody can answer questions.
    #[must_use]
    pub fn can_ask(&self) -> bool {
        self.interactive
    }

    /// Asks yes or no; no is the default.
    ///
    /// # Errors
    /// Where nobody can answer: `flag` is what says yes beforehand.
    pub async fn confirm(&self, question: &str, flag: &str) -> anyhow::Result<bool> {
        if !self.interactive {
            bail!("nobody can be asked here: give {flag} to say yes beforehand");
        }
        let question = question.to_owned();
        answered(move || {
            dialoguer::Confirm::new()
                .with_prompt(question)
                .default(false)
                .interact()
        })
        .await
    }

    /// Asks for a text.
    ///
    /// # Errors
    /// Where nobody can answer: `instead` is what to give.
    pub async fn ask(&self, prompt: &str, instead: &str) -> anyhow::Result<String> {
        if !self.interactive {
            bail!("nobody can be asked for the {prompt} here: {instead}");
        }
        let prompt = prompt.to_owned();
        let text = answered(move || {
            dialoguer::Input::<String>::new()
                .with_prompt(prompt)
                .interact_text()
        });
        Ok(text.await?.trim().to_owned())
    }

    /// Asks for a text that is not shown.
    ///
    /// # Errors
    /// Where nobody can answer: `instead` is what to give.
    pub async fn ask_secretly(&self, prompt: &str, instead: &str) -> anyhow::Result<String> {
        if !self.interactive {
            bail!("nobody can be asked for the {prompt} here: {instead}");
        }
        let prompt = format!("{prompt} (is not shown)");
        answered(move || dialoguer::Password::new().with_prompt(prompt).interact()).await
    }

    /// Lets one of several be chosen.
    ///
    /// # Errors
    /// Where nobody can answer: `instead` is what to give.
    pub async fn choose(
        &self,
        prompt: &'static str,
        items: &[String],
        instead: &str,
    ) -> anyhow::Result<usize> {
        if !self.interactive {
            bail!(
                "nobody can be asked here: {instead}; there are {}",
                items.join(", ")
            );
        }
        let items = items.to_vec();
        answered(move || {
            dialoguer::Select::new()
                .with_prompt(prompt)
                .items(&items)
                .default(0)
                .interact()
        })
        .await
    }

    /// Rows under these headings, as wide as the terminal; where there is none, as wide as the
    /// variable `COLUMNS` says.
    #[must_use]
    pub fn listing(&self, headings: &[&str]) -> Listing {
        let terminal = comfy_table::Table::new().width();
        let columns = std::env::var("COLUMNS").ok();
        let columns = columns.and_then(|columns| columns.trim().parse().ok());
        let columns = columns.filter(|columns| *columns > 0);
        Listing::new(headings, terminal.or(columns).unwrap_or(WIDTH))
    }
}

/// A number of things, such as `1 contact` or `2 contacts`.
#[must_use]
pub fn counted(count: impl TryInto<u64>, thing: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{s}")
}

/// Asks on a thread of its own, so that Ctrl-C is heeded while nobody answers.
async fn answered<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, dialoguer::Error> + Send + 'static,
) -> anyhow::Result<T> {
    let dialoguer::Error::IO(error) = match tokio::task::spawn_blocking(question).await? {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    Err(error).context("the question was not answered")
}

/// The terminal as it was at the start, to be put back: a question that is never answered would leave its echo off.
pub struct Terminal {
    #[cfg(unix)]
    settings: Option<rustix::termios::Termios>,
}

impl Terminal {
    /// Remembers it.
    #[must_use]
    pub fn remember() -> Self {
        Self {
            #[cfg(unix)]
            settings: rustix::termios::tcgetattr(io::stdin()).ok(),
        }
    }

    /// Puts it back.
    pub fn restore(&self) {
        #[cfg(unix)]
        if let Some(settings) = &self.settings {
            // Where the terminal is gone there is nothing to put back.
            let _ = rustix::termios::tcsetattr(
                io::stdin(),
                rustix::termios::OptionalActions::Now,
                settings,
            );
            if io::stderr().is_terminal() {
                // A choice hides the cursor.
                let _ = write!(io::stderr(), "\u{1b}[?25h");
            }
        }
    }
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

/// A text that cannot upset a terminal: whatever comes from outside may hold control characters, or such as turn the direction of the text or are not seen; those are
/// shown as what they are.
#[must_use]
pub fn one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_format_character(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Marks of direction, joiners, separators of lines: they have no shape of their own.
pub(crate) fn is_format_character(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_from_outside_stays_in_its_line_and_direction() {
        for (text, shown) in [
            ("Acme & Söhne 日本 🙂", "Acme & Söhne 日本 🙂"),
            ("a\tb\nc", "a\\tb\\nc"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("abc\u{202e}fed", "abc\\u{202e}fed"),
            ("a\u{200b}b", "a\\u{200b}b"),
        ] {
            assert_eq!(one_line(text), shown);
        }
    }
}
