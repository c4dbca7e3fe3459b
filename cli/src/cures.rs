//! What is to be done, once for many contacts.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::rows::Row;

/// What is to be done about the rows that have a problem.
#[must_use]
pub fn cures_of(rows: &[Row]) -> Vec<Cure> {
    let held = rows.iter().filter(|row| !row.code.is_empty());
    cures(held.map(|row| (row.code.as_str(), row.title.as_str(), row.cure.as_str())))
}

/// What is to be done, once for each code and cure, the most frequent first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cure {
    /// The problem's code.
    pub code: String,
    /// How many contacts have it.
    pub count: usize,
    /// What is wrong, in a few words.
    pub title: String,
    /// What to do, with the menu path.
    pub cure: String,
}

/// The cures of problems given as (code, title, cure).
pub fn cures<'a>(problems: impl IntoIterator<Item = (&'a str, &'a str, &'a str)>) -> Vec<Cure> {
    let mut cures: BTreeMap<(&str, &str), Cure> = BTreeMap::new();
    for (code, title, cure) in problems {
        let counted = cures.entry((code, cure)).or_insert_with(|| Cure {
            code: code.to_owned(),
            count: 0,
            title: title.to_owned(),
            cure: cure.to_owned(),
        });
        counted.count += 1;
    }
    let mut cures: Vec<Cure> = cures.into_values().collect();
    cures.sort_by_key(|cure| std::cmp::Reverse(cure.count));
    cures
}
