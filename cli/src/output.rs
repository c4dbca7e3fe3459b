//! Where a report goes.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::Value;
use uuid::Uuid;

use crate::args::{Format, ReportArguments};
use crate::ui::{Ui, is_format_character};

/// By which a spreadsheet knows that a file is UTF-8.
pub const BYTE_ORDER_MARK: char = '\u{feff}';

/// What a report can be made into.
pub trait Printable {
    /// For other programs.
    ///
    /// # Errors
    /// Where it cannot be written as JSON.
    fn json(&self) -> anyhow::Result<Value>;
    /// For a terminal.
    fn table(&self, ui: &Ui) -> String;
    /// For a spreadsheet.
    ///
    /// # Errors
    /// Where memory runs out.
    fn csv(&self) -> anyhow::Result<String>;
    /// For a browser.
    ///
    /// # Errors
    /// Where memory runs out.
    fn html(&self) -> anyhow::Result<String>;
}

/// The form that was asked for.
///
/// # Errors
/// Where two were.
pub fn format(ui: &Ui, arguments: &ReportArguments) -> anyhow::Result<Format> {
    match (ui.json, arguments.format) {
        (true, None | Some(Format::Json)) => Ok(Format::Json),
        (true, Some(_)) => {
            bail!("--json and --format ask for two different forms: give one of them")
        }
        (false, format) => Ok(format.unwrap_or(Format::Table)),
    }
}

/// Writes a report in the form and to the place that were asked for.
///
/// # Errors
/// Where the file cannot be written, standard output is closed, or two forms were asked for.
pub fn print(ui: &Ui, what: &impl Printable, arguments: &ReportArguments) -> anyhow::Result<()> {
    let format = format(ui, arguments)?;
    let text = match format {
        Format::Json => serde_json::to_string_pretty(&what.json()?)?,
        // Without the mark Excel takes UTF-8 for something else.
        Format::Csv => format!("{BYTE_ORDER_MARK}{}", what.csv()?),
        Format::Html => what.html()?,
        Format::Table => what.table(ui),
    };
    let file = arguments.output.as_deref();
    let Some(path) = file.filter(|path| *path != Path::new("-")) else {
        let text = text.trim_end();
        let printed = match format {
            Format::Table => ui.say(text),
            Format::Json | Format::Csv | Format::Html => ui.print(text),
        };
        return Ok(printed?);
    };
    let mut text = anstream::adapter::strip_str(text.trim_end()).to_string();
    text.push('\n');
    write(path, text.as_bytes())
        .with_context(|| format!("{} cannot be written", path.display()))?;
    ui.tell(format!("Written to {}", path.display()));
    Ok(())
}

/// A file appears whole or not at all, and only its owner may read it: it holds personal data. What is there and no file (a device) is written to as it is.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.exists() && !path.is_file() {
        return std::fs::write(path, bytes);
    }
    // Where a link leads is where the file goes.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.unfinished", Uuid::new_v4().simple()));
    let unfinished = path.with_file_name(name);
    let written =
        write_privately(&unfinished, bytes).and_then(|()| std::fs::rename(&unfinished, &path));
    if written.is_err() {
        // It may not have come into being at all.
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

fn write_privately(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.open(path)?.write_all(bytes)
}

/// Rows as CSV, for a spreadsheet: a cell that a spreadsheet would take for a formula gets an apostrophe in front, and every cell is quoted, so that a semicolon in one
/// ends it nowhere.
///
/// # Errors
/// Never, with rows of equal length.
pub fn csv(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> anyhow::Result<String> {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    let bytes = writer.into_inner().context("CSV could not be written")?;
    Ok(String::from_utf8(bytes)?)
}

fn harmless(cell: &str) -> String {
    // The wide forms too: some spreadsheets take them for the narrow ones.
    let begins = |c: char| !c.is_whitespace() && !is_format_character(c);
    let is_formula = cell
        .trim_start_matches(|c| !begins(c))
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'])
        || cell.starts_with(['\t', '\r', '\n']);
    if is_formula {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        for formula in [
            "=1+1",
            "+1",
            "-1",
            "@x",
            " =1",
            "\t=1",
            "\r1",
            "\n1",
            "＝1",
            "\u{feff}=1",
            "\u{200b} +44 113",
            "\u{a0}@x",
        ] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        for plain in ["", "Acme", "a=b", "A-1", "x;=HYPERLINK(1)"] {
            assert_eq!(harmless(plain), plain);
        }
        let rows = [vec!["x;=1".to_owned(), "a,\"b\"".to_owned()]];
        let text = csv(&["x", "y"], rows).unwrap();
        assert_eq!(text, "\"x\",\"y\"\n\"x;=1\",\"a,\"\"b\"\"\"\n");
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        write(Path::new("/dev/null"), b"x").unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
