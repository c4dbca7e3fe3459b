//! The figures as tables: on the terminal, and in `docs/BENCHMARKS.md`.

use std::fmt::Write as _;

use local_stack::report::{at_most, table};

/// One figure.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) how: String,
    pub(crate) figure: String,
    /// What it is to be, and whether it is.
    pub(crate) target: Option<(String, bool)>,
}

impl Row {
    pub(crate) fn new(
        what: impl Into<String>,
        how: impl Into<String>,
        figure: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            how: how.into(),
            figure: figure.into(),
            target: None,
        }
    }

    pub(crate) fn target(mut self, target: impl Into<String>, is_met: bool) -> Self {
        self.target = Some((target.into(), is_met));
        self
    }

    fn cells(&self) -> [String; 4] {
        let target = match &self.target {
            None => String::new(),
            Some((target, true)) => format!("{target}: met"),
            Some((target, false)) => format!("{target}: MISSED"),
        };
        [
            self.what.clone(),
            self.how.clone(),
            self.figure.clone(),
            target,
        ]
    }
}

/// Figures that belong together.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    pub(crate) title: &'static str,
    /// Read before the table.
    pub(crate) intro: String,
    pub(crate) rows: Vec<Row>,
    /// Read after it.
    pub(crate) notes: Vec<String>,
}

const COLUMNS: [&str; 4] = ["What", "How measured", "Figure", "Target"];

impl Section {
    pub(crate) fn for_a_terminal(&self) -> String {
        let mut table = table();
        table.set_header(COLUMNS);
        table.set_constraints([at_most(48), at_most(52), at_most(44), at_most(16)]);
        for row in &self.rows {
            table.add_row(row.cells());
        }
        format!("{}\n{table}", self.title)
    }

    pub(crate) fn for_the_document(&self) -> String {
        let mut text = format!("## {}\n\n{}\n\n", self.title, self.intro);
        let line = |cells: [String; 4]| {
            let cells = cells.map(|cell| cell.replace('|', "\\|").replace('\n', "<br>"));
            format!("| {} |\n", cells.join(" | "))
        };
        text += &line(COLUMNS.map(str::to_owned));
        text += "| --- | --- | --- | --- |\n";
        for row in &self.rows {
            text += &line(row.cells());
        }
        for note in &self.notes {
            // Writing to a String does not fail.
            let _ = write!(text, "\n{note}\n");
        }
        text
    }
}

/// A number with a comma after each thousand.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A quotient, with as many places as say something.
pub(crate) fn per(amount: usize, of: usize) -> String {
    let quotient = amount as f64 / of as f64;
    if quotient >= 10.0 {
        format!("{quotient:.0}")
    } else {
        format!("{quotient:.2}")
    }
}
