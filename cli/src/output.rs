//! Where a report goes.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;

use crate::ui::Ui;

/// A report, ready to be written.
pub enum Document {
    /// Text of any kind.
    Text(String),
    /// JSON.
    Json(serde_json::Value),
}

/// Writes a report to a file, or to standard output. A file appears whole or not at all, and only its owner may read it: it holds personal data.
///
/// # Errors
/// Where the file cannot be written, or standard output is closed.
pub fn write(ui: &Ui, document: &Document, file: Option<&Path>) -> anyhow::Result<()> {
    let text = match document {
        Document::Text(text) => text.clone(),
        Document::Json(value) => serde_json::to_string_pretty(value)?,
    };
    let Some(path) = file else {
        return Ok(ui.say(text.trim_end())?);
    };
    let text = anstream::adapter::strip_str(&text).to_string();
    let unfinished = path.with_extension("unfinished");
    let written =
        write_privately(&unfinished, &text).and_then(|()| std::fs::rename(&unfinished, path));
    written.with_context(|| format!("{} cannot be written", path.display()))?;
    ui.tell(format!("Written to {}", path.display()));
    Ok(())
}

fn write_privately(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(text.trim_end().as_bytes())?;
    file.write_all(b"\n")
}

/// Rows as CSV, for a spreadsheet: a cell that a spreadsheet would take for a formula gets an apostrophe in front.
///
/// # Errors
/// Never, with rows of equal length.
pub fn csv(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for row in rows {
        writer.write_record(row.iter().map(|cell| harmless(cell)))?;
    }
    let bytes = writer.into_inner().context("CSV could not be written")?;
    Ok(String::from_utf8(bytes)?)
}

fn harmless(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
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
        let rows = [vec!["=1+1".to_owned(), "a,\"b\"".to_owned()]];
        let text = csv(&["x", "y"], rows).unwrap();
        assert_eq!(text, "x,y\n'=1+1,\"a,\"\"b\"\"\"\n");
    }
}
