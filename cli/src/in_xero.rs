//! Linked contacts as Xero itself has them, beside what BigChange has.

use crate::rows::Row;
use crate::ui::{Ui, bold, one_line};

/// More of them are for the HTML report.
const MOST_SHOWN: usize = 20;
/// The columns of a spreadsheet that [`cells`] fills.
pub const COLUMNS: [&str; 5] = [
    "xero_contact",
    "xero_account_number",
    "xero_contact_id",
    "xero_page",
    "differs_from_bigchange",
];
/// What the sign in front of a value means, for below a table.
pub const LEGEND: &str = "≠ differs from what BigChange has";

/// The cells of a row under [`COLUMNS`].
#[must_use]
pub fn cells(row: &Row) -> [String; 5] {
    [
        row.xero.clone(),
        row.xero_account_number.clone(),
        row.xero_id.clone(),
        row.xero_page.clone(),
        row.differs.join("; "),
    ]
}

/// The name and account number in Xero, a line each, with a sign at what differs.
#[must_use]
pub fn in_lines(row: &Row) -> String {
    if row.xero_id.is_empty() {
        return String::new();
    }
    let line = |value: &str, field: &str, nothing: &str| {
        let value = if value.is_empty() {
            nothing.to_owned()
        } else {
            one_line(value)
        };
        let sign = if row.differs(field) { "≠ " } else { "" };
        format!("{sign}{value}")
    };
    [
        line(&row.xero, "name", "(no name)"),
        line(
            &row.xero_account_number,
            "account number",
            "(no account number)",
        ),
    ]
    .join("\n")
}

/// Each linked contact that has another name or account number in Xero; `None` where none has.
#[must_use]
pub fn table<'a>(ui: &Ui, rows: impl Iterator<Item = &'a Row>) -> Option<String> {
    let rows: Vec<&Row> = rows.filter(|row| !row.differs.is_empty()).collect();
    if rows.is_empty() {
        return None;
    }
    let mut table = ui.listing(&["In BigChange", "Account ref", "In Xero"]);
    table.at_most([44, 20, 48]);
    for row in rows.iter().take(MOST_SHOWN) {
        table.add_row([
            format!("{} {}", row.id, one_line(&row.name)),
            one_line(&row.reference),
            in_lines(row),
        ]);
    }
    let heading = "Under another name or account number in Xero";
    let mut lines = vec![bold(heading), table.to_string(), LEGEND.to_owned()];
    if rows.len() > MOST_SHOWN {
        lines.push(format!("and {} more", rows.len() - MOST_SHOWN));
    }
    Some(lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, number: &str, differs: &[&str]) -> Row {
        Row {
            id: "4711".to_owned(),
            name: "Acme Ltd".to_owned(),
            reference: "A-1".to_owned(),
            xero: name.to_owned(),
            xero_account_number: number.to_owned(),
            xero_id: "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77".to_owned(),
            differs: differs.iter().map(|&field| field.to_owned()).collect(),
            ..Row::default()
        }
    }

    #[test]
    fn a_sign_marks_what_differs_and_nothing_else() {
        for (row, lines) in [
            (row("Acme Ltd", "A-1", &[]), "Acme Ltd\nA-1"),
            (row("Acme", "A-1", &["name"]), "≠ Acme\nA-1"),
            (
                row("Acme", "", &["name", "account number"]),
                "≠ Acme\n≠ (no account number)",
            ),
            (Row::default(), ""),
        ] {
            assert_eq!(in_lines(&row), lines);
        }
    }

    #[test]
    fn the_table_holds_only_those_that_differ_and_says_what_the_sign_means() {
        let ui = Ui::new(false);
        let same = row("Acme Ltd", "A-1", &[]);
        assert_eq!(table(&ui, [&same].into_iter()), None);
        let mut all: Vec<Row> = (0..22).map(|_| row("Acme", "A-1", &["name"])).collect();
        all.push(same);
        let text = table(&ui, all.iter()).unwrap_or_default();
        assert_eq!(text.matches("≠ Acme").count(), 20, "{text}");
        assert!(
            text.contains(LEGEND) && text.ends_with("and 2 more"),
            "{text}"
        );
    }

    #[test]
    fn a_spreadsheet_names_what_differs() {
        let row = row("Acme", "A-2", &["name", "account number"]);
        let cells = cells(&row);
        assert_eq!(cells[0], "Acme");
        assert_eq!(cells[1], "A-2");
        assert_eq!(cells[4], "name; account number");
        assert_eq!(cells.len(), COLUMNS.len());
    }
}
