//! Rows for a terminal: a table where it is wide enough, else one block for each row. No word is
//! ever cut.

use std::fmt;

use anstyle::Style;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width};

use crate::hints::for_target;

/// The width where nothing says how wide the terminal is.
pub const WIDTH: u16 = 150;
/// Below this a table's columns are too narrow to be read.
const NARROW: u16 = 100;
/// What the frame of a table takes for each column, and once more.
const FRAME: usize = 3;
/// No line of a block is narrower, however narrow the terminal is.
const NARROWEST: usize = 30;

/// Rows under headings.
pub struct Listing {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
    widest: Vec<Option<u16>>,
    width: u16,
}

impl Listing {
    /// Without rows, for a terminal of this width in characters.
    #[must_use]
    pub fn new(headings: &[&str], width: u16) -> Self {
        Self {
            headings: headings.iter().map(|&heading| heading.to_owned()).collect(),
            rows: Vec::new(),
            widest: Vec::new(),
            width,
        }
    }

    /// The first columns are no wider than this, as far as their words allow: columns of little text
    /// leave the width to the others.
    pub fn at_most(&mut self, widths: impl IntoIterator<Item = u16>) {
        self.widest = widths.into_iter().map(Some).collect();
    }

    /// Adds a row: a cell for each heading.
    pub fn add_row(&mut self, cells: impl IntoIterator<Item = String>) {
        let cells = cells.into_iter();
        // Before a command is wrapped.
        let cells = cells.map(|cell| for_target(&cell).into_owned());
        self.rows.push(cells.collect());
    }

    /// The longest word of each column, in characters.
    fn longest_words(&self) -> Vec<usize> {
        let columns = 0..self.headings.len();
        let longest = columns.map(|column| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            let texts = cells.chain(self.headings.get(column));
            let words = texts.flat_map(|text| text.split_whitespace());
            words.map(textwrap::core::display_width).max().unwrap_or(1)
        });
        longest.collect()
    }

    fn table(&self, longest_words: &[usize]) -> Table {
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.width)
            .set_header(&self.headings);
        let constraints = longest_words.iter().enumerate().map(|(column, word)| {
            // With the padding.
            let lower = u16::try_from(word + 2).unwrap_or(u16::MAX);
            let upper = self.widest.get(column).copied().flatten();
            match upper {
                Some(upper) => ColumnConstraint::Boundaries {
                    lower: Width::Fixed(lower),
                    upper: Width::Fixed(upper.max(lower)),
                },
                None => ColumnConstraint::LowerBoundary(Width::Fixed(lower)),
            }
        });
        table.set_constraints(constraints.collect::<Vec<_>>());
        for row in &self.rows {
            table.add_row(row);
        }
        table
    }

    fn block(&self, row: &[String]) -> String {
        let width = usize::from(self.width).max(NARROWEST);
        let mut lines = Vec::new();
        for (column, (heading, cell)) in self.headings.iter().zip(row).enumerate() {
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            if column == 0 {
                let wrapped = textwrap::wrap(cell, options(width, "", "  "));
                let bold = Style::new().bold();
                lines.extend(wrapped.iter().map(|line| format!("{bold}{line}{bold:#}")));
                continue;
            }
            let first = format!("  {heading}: ");
            let wrapped = textwrap::wrap(cell, options(width, &first, "    "));
            lines.extend(wrapped.into_iter().map(std::borrow::Cow::into_owned));
        }
        lines.join("\n")
    }
}

/// A word that is wider than the terminal stays whole: an id that is cut cannot be copied.
fn options<'a>(width: usize, first: &'a str, next: &'a str) -> textwrap::Options<'a> {
    textwrap::Options::new(width)
        .initial_indent(first)
        .subsequent_indent(next)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest_words = self.longest_words();
        let frame = FRAME * longest_words.len() + 1;
        let least = longest_words.iter().sum::<usize>() + frame;
        if self.width >= NARROW && least <= usize::from(self.width) {
            return self.table(&longest_words).fmt(f);
        }
        let blocks = self.rows.iter().map(|row| self.block(row));
        f.write_str(&blocks.collect::<Vec<_>>().join("\n\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77";

    fn listing(width: u16) -> String {
        let mut listing = Listing::new(&["Contact", "Problem", "What to do"], width);
        listing.at_most([12, 10]);
        listing.add_row([
            "4711 Acme Heating and Plumbing Ltd".to_owned(),
            "PossibleDuplicate".to_owned(),
            format!("Link it to {ID}, or say that it is a new customer.\n→ ask Jane"),
        ]);
        listing.add_row(["4712 Bolt".to_owned(), String::new(), "Nothing".to_owned()]);
        anstream::adapter::strip_str(&listing.to_string()).to_string()
    }

    #[test]
    fn no_word_is_cut_however_narrow_the_terminal_is() {
        for width in [1, 20, 40, 60, 80, 99, 100, 120, 150, 400] {
            let text = listing(width);
            for word in [ID, "PossibleDuplicate", "Plumbing", "customer.", "4712"] {
                assert!(text.contains(word), "{word} at {width}:\n{text}");
            }
        }
    }

    #[test]
    fn lines_keep_to_the_width_where_their_words_do() {
        for width in [60, 80, 99, 100, 120, 150] {
            let text = listing(width);
            let widest = text.lines().map(textwrap::core::display_width).max();
            assert!(
                widest <= Some(width.into()),
                "{widest:?} at {width}:\n{text}"
            );
        }
    }

    #[test]
    fn a_narrow_terminal_gets_a_block_for_each_row_and_a_wide_one_a_table() {
        assert_eq!(
            listing(50),
            format!(
                "4711 Acme Heating and Plumbing Ltd\n  Problem: PossibleDuplicate\n  What to do: Link it to\n    {ID}, or say\n    that it is a new customer.\n    → ask Jane\n\n4712 Bolt\n  What to do: Nothing"
            )
        );
        assert!(listing(150).contains('│'));
    }
}
