//! Contacts beside those of Xero that are like them, for a terminal.

use crate::rows::Row;
use crate::ui::{Ui, one_line};

/// More of them are for the HTML report.
const MOST_SHOWN: usize = 20;

/// Each contact that has a likely or possible namesake in Xero, with it; `None` where there is none.
#[must_use]
pub fn table<'a>(ui: &Ui, rows: impl Iterator<Item = &'a Row>) -> Option<String> {
    let is_alike = |row: &&Row| row.candidates.iter().any(|one| !one.likeness.is_empty());
    let rows: Vec<&Row> = rows.filter(is_alike).collect();
    if rows.is_empty() {
        return None;
    }
    let mut table = ui.listing(&["In BigChange", "In Xero", "What they have in common"]);
    table.at_most([34, 44, 70]);
    for row in rows.iter().take(MOST_SHOWN) {
        for (at, candidate) in row.candidates.iter().enumerate() {
            let contact = match at {
                0 => format!("{} {}", row.id, one_line(&row.name)),
                _ => String::new(),
            };
            table.add_row([contact, candidate.named(), candidate.why()]);
        }
    }
    let mut lines = vec![table.to_string()];
    if rows.len() > MOST_SHOWN {
        lines.push(format!("and {} more", rows.len() - MOST_SHOWN));
    }
    Some(lines.join("\n"))
}
