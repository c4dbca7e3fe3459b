//! What is to be done, once for many contacts.

use std::collections::BTreeMap;

use rules::ReportRank;
use serde::Serialize;

use crate::rows::Row;

/// What is to be done about the rows that have a problem: the most harmful first, then the most
/// frequent.
#[must_use]
pub fn cures_of(rows: &[Row]) -> Vec<Cure> {
    by_harm(rows, |row| &row.cure)
}

/// What [`cures_of`] tells, for a reader who has no terminal.
#[must_use]
pub fn cures_in_words(rows: &[Row]) -> Vec<Cure> {
    by_harm(rows, Row::cure_in_words)
}

fn by_harm(rows: &[Row], words: impl Fn(&Row) -> &str) -> Vec<Cure> {
    let held = || rows.iter().filter(|row| !row.code.is_empty());
    let mut cures = cures(held().map(|row| (&*row.code, &*row.title, words(row))));
    let mut worst: BTreeMap<(&str, &str), ReportRank> = BTreeMap::new();
    for row in held() {
        let known = worst.entry((&row.code, words(row))).or_insert(row.rank);
        *known = row.rank.min(*known);
    }
    // Stable: the most frequent stays first among equals.
    cures.sort_by_key(|cure| worst.get(&(&*cure.code, &*cure.cure)).copied());
    cures
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_do_harm_comes_before_what_is_more_frequent() {
        let row = |code: &str, cure: &str, rank| Row {
            code: code.to_owned(),
            cure: cure.to_owned(),
            rank,
            ..Row::default()
        };
        let rows = [
            row("InvalidField", "a", ReportRank::OtherProblem),
            row("InvalidField", "a", ReportRank::OtherProblem),
            row("InvalidField", "b", ReportRank::OtherProblem),
            row("InvalidField", "b", ReportRank::OtherProblem),
            row("InvalidField", "b", ReportRank::OtherProblem),
            row("AmbiguousMatch", "c", ReportRank::RiskyProblem),
            Row::default(),
        ];
        let cures = cures_of(&rows);
        let told: Vec<_> = cures.iter().map(|cure| (&*cure.cure, cure.count)).collect();
        assert_eq!(told, [("c", 1), ("b", 3), ("a", 2)]);
    }
}
