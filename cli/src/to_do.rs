//! The to-do list of the HTML report: each line leads to the very contacts that it counts.

use std::collections::BTreeMap;

use crate::cures::{Cure, cures_in_words};
use crate::rows::Row;

/// One thing to put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToDo {
    /// What its contacts are found by: the problem's code, with a number behind it where the
    /// problem has several cures.
    pub key: String,
    /// What is wrong, what to do, and for how many contacts.
    pub cure: Cure,
    /// Which of the problem's cures it is, such as `cure 2 of 3`; blank where there is one only.
    pub of_several: String,
}

/// A contact of the list, with the to-do that it waits for.
#[derive(Debug)]
pub struct ListedRow<'a> {
    /// The contact.
    pub row: &'a Row,
    /// The [key](ToDo::key) of the to-do; blank where nothing is to be done.
    pub to_do: String,
    /// What the accounts admin should know, blank sentences left out.
    pub notices: Vec<&'a str>,
}

impl ToDo {
    /// What is wrong, in a few words, or by its code where there are none.
    #[must_use]
    pub fn title(&self) -> &str {
        if self.cure.title.is_empty() {
            &self.cure.code
        } else {
            &self.cure.title
        }
    }
}

/// What is to be done about the rows, the most harmful first.
#[must_use]
pub fn list(rows: &[Row]) -> Vec<ToDo> {
    let cures = cures_in_words(rows);
    let mut of_code: BTreeMap<String, usize> = BTreeMap::new();
    for cure in &cures {
        *of_code.entry(cure.code.clone()).or_default() += 1;
    }
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let to_dos = cures.into_iter().map(|cure| {
        let all = of_code.get(&cure.code).copied().unwrap_or_default();
        let number = numbers.entry(cure.code.clone()).or_default();
        *number += 1;
        let (key, of_several) = if all > 1 {
            (
                format!("{}.{number}", cure.code),
                format!("cure {number} of {all}"),
            )
        } else {
            (cure.code.clone(), String::new())
        };
        ToDo {
            key,
            cure,
            of_several,
        }
    });
    to_dos.collect()
}

/// The rows, each with its to-do.
#[must_use]
pub fn listed<'a>(rows: &'a [Row], to_dos: &[ToDo]) -> Vec<ListedRow<'a>> {
    let keys: BTreeMap<(&str, &str), &str> = to_dos
        .iter()
        .map(|to_do| ((&*to_do.cure.code, &*to_do.cure.cure), &*to_do.key))
        .collect();
    let listed = rows.iter().map(|row| ListedRow {
        row,
        to_do: keys
            .get(&(&*row.code, row.cure_in_words()))
            .map(|&key| key.to_owned())
            .unwrap_or_default(),
        notices: row
            .notices
            .iter()
            .map(String::as_str)
            .filter(|notice| !notice.trim().is_empty())
            .collect(),
    });
    listed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_to_do_counts_the_rows_that_have_its_key() {
        let row = |code: &str, cure: &str| Row {
            code: code.to_owned(),
            cure: cure.to_owned(),
            ..Row::default()
        };
        let rows = [
            row("NotInXero", "with a number"),
            row("NotInXero", "without one"),
            row("NotInXero", "with a number"),
            row("ArchivedInXero", "restore it"),
            row("", ""),
        ];
        let to_dos = list(&rows);
        let told: Vec<_> = to_dos
            .iter()
            .map(|to_do| (&*to_do.key, to_do.cure.count, &*to_do.of_several))
            .collect();
        assert_eq!(
            told,
            [
                ("NotInXero.1", 2, "cure 1 of 2"),
                ("ArchivedInXero", 1, ""),
                ("NotInXero.2", 1, "cure 2 of 2"),
            ]
        );
        let listed = listed(&rows, &to_dos);
        for to_do in &to_dos {
            let rows = listed.iter().filter(|listed| listed.to_do == to_do.key);
            assert_eq!(rows.count(), to_do.cure.count, "{}", to_do.key);
        }
        assert_eq!(listed[4].to_do, "");
    }
}
