//! Compares two contacts, row by row.

use serde::{Deserialize, Serialize};

use super::data::{ContactData, SharedData};
use super::name::{Kind, Word, in_one_piece, names, with_equal_initials};

/// More active Xero contacts than this with one e-mail address and phone are the customers of one
/// switchboard or managing agent, not one customer.
const MOST_THAT_SHARE: usize = 3;

/// How like each other two contacts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// Perhaps the same customer: shown to people, and holds nothing.
    Possible,
    /// Very likely the same customer: not created beside the other one unless a person says so.
    Likely,
}

/// A grade, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Likeness {
    /// The grade.
    pub grade: Grade,
    /// What the two have in common, for people: "same name but for Ltd / Limited; same postcode".
    pub evidence: String,
}

/// A contact as it is compared.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its other data.
    pub data: &'a ContactData,
}

/// How like two contacts are; `None` for two customers. `sharing` is how many active Xero contacts
/// share the e-mail address and the phone, or the e-mail address and the postcode, that these two
/// share.
#[must_use]
pub fn likeness(a: Compared<'_>, b: Compared<'_>, sharing: usize) -> Option<Likeness> {
    likeness_of(&names(a.name), a, b, sharing)
}

/// The same of one whose names were taken apart before, because it is compared with many.
pub(super) fn likeness_of(
    names_of_a: &[Vec<Word>],
    a: Compared<'_>,
    b: Compared<'_>,
    sharing: usize,
) -> Option<Likeness> {
    let shared = a.data.shared_with(b.data);
    let names_of_b = names(b.name);
    let mut best: Option<(Grade, Row)> = None;
    let mut are_others = false;
    for of_a in names_of_a {
        for of_b in &names_of_b {
            let row = row(of_a, of_b);
            are_others |= matches!(row, Row::AnotherCompany);
            let Some(grade) = grade(&row, shared, sharing) else {
                continue;
            };
            if best.as_ref().is_none_or(|(known, _)| grade > *known) {
                best = Some((grade, row));
            }
        }
    }
    // A business with two names, one of which tells it from the other contact, is another.
    let (grade, row) = best.filter(|(_, row)| !(are_others && matches!(row, Row::Others)))?;
    Some(Likeness {
        grade,
        evidence: evidence(&row, a.name, b.name, shared),
    })
}

/// How the names of two contacts compare.
#[derive(Debug)]
enum Row {
    AnotherCompany,
    Same,
    OtherOrder,
    /// Some words differ a little.
    Spelling,
    /// One has all words of the other, and more.
    MoreWords,
    Others,
}

/// More words than these are not paired with each other: names that differ so much are others.
const MOST_SPELLINGS: usize = 3;

fn row(a: &[Word], b: &[Word]) -> Row {
    let (a, b) = with_equal_initials(a, b);
    let are_two = if differs_in_kind(&a, &b) {
        agree(&plain(&a), &plain(&b)).is_some()
    } else if let Some(row) = agree(&a, &b) {
        return row;
    } else {
        initials_of_another(&a, &b) || initials_of_another(&b, &a)
    };
    if are_two {
        return Row::AnotherCompany;
    }
    if has_more_words(&a, &b) || has_more_words(&b, &a) {
        Row::MoreWords
    } else {
        Row::Others
    }
}

fn plain(words: &[Word]) -> Vec<Word> {
    let plain = words.iter().filter(|word| word.kind == Kind::Plain);
    plain.cloned().collect()
}

/// Whether a number or an initial differs, or one has a distinguishing word that the other has not.
/// A number or an initial that only one of them has is a word more.
fn differs_in_kind(a: &[Word], b: &[Word]) -> bool {
    let texts = |words: &[Word], kind: Kind| -> Vec<String> {
        let words = words.iter().filter(|word| word.kind == kind);
        words.map(|word| word.text.clone()).collect()
    };
    let letters = |words: &[Word]| -> Vec<char> {
        let initials = texts(words, Kind::Initials).concat();
        initials.chars().collect()
    };
    let (numbers_of_a, numbers_of_b) = (texts(a, Kind::Number), texts(b, Kind::Number));
    let differ = |kind| {
        let (a, b) = (texts(a, kind), texts(b, kind));
        !without(&a, &b).is_empty() || !without(&b, &a).is_empty()
    };
    differ(Kind::Distinguishing)
        || neither_has_all(&numbers_of_a, &numbers_of_b)
        || neither_has_all(&letters(a), &letters(b))
}

fn neither_has_all<T: Clone + PartialEq>(a: &[T], b: &[T]) -> bool {
    !without(a, b).is_empty() && !without(b, a).is_empty()
}

/// Whether `a` begins with initials where `b` has first names that begin otherwise, and the rest
/// agrees: "D Cawthorne", "Alan Cawthorne".
fn initials_of_another(a: &[Word], b: &[Word]) -> bool {
    let Some((first, rest)) = a.split_first() else {
        return false;
    };
    let length = first.text.len();
    first.kind == Kind::Initials
        && b.len() > length
        && b[..length].iter().all(|name| name.kind == Kind::Plain)
        && agree(rest, &b[length..]).is_some()
}

/// Whether two names are the same, in another order, or spelled a little differently.
fn agree(a: &[Word], b: &[Word]) -> Option<Row> {
    if a == b || in_one_piece(a) == in_one_piece(b) {
        return Some(Row::Same);
    }
    if a.len() != b.len() {
        return None;
    }
    let (only_in_a, only_in_b) = (without(a, b), without(b, a));
    if only_in_a.is_empty() {
        return Some(Row::OtherOrder);
    }
    let may_be_paired = only_in_a.len() <= MOST_SPELLINGS;
    (may_be_paired && are_paired(&only_in_a, &only_in_b)).then_some(Row::Spelling)
}

/// What is left of `all` without the elements of `others`, each taken once.
fn without<T: Clone + PartialEq>(all: &[T], others: &[T]) -> Vec<T> {
    let mut others: Vec<&T> = others.iter().collect();
    let mut left = Vec::new();
    for one in all {
        match others.iter().position(|other| *other == one) {
            Some(at) => drop(others.swap_remove(at)),
            None => left.push(one.clone()),
        }
    }
    left
}

/// Whether each word has a partner of its own in the other name that it may be a spelling of.
fn are_paired(a: &[Word], b: &[Word]) -> bool {
    let Some((first, rest)) = a.split_first() else {
        return b.is_empty();
    };
    (0..b.len()).any(|at| {
        let others = [&b[..at], &b[at + 1..]].concat();
        are_spellings(first, &b[at]) && are_paired(rest, &others)
    })
}

fn are_spellings(a: &Word, b: &Word) -> bool {
    let are_plain = a.kind == Kind::Plain && b.kind == Kind::Plain;
    are_plain && (a.in_full() == b.in_full() || is_one_slip(&a.text, &b.text))
}

/// Shorter words are other words with one letter changed.
const SHORTEST_WITH_A_SLIP: usize = 3;

/// A letter left out, doubled, changed, or two that changed places.
fn is_one_slip(a: &str, b: &str) -> bool {
    a.len().min(b.len()) >= SHORTEST_WITH_A_SLIP && strsim::osa_distance(a, b) <= 1
}

/// Whether `a` has all words of `b`, and more.
fn has_more_words(a: &[Word], b: &[Word]) -> bool {
    let in_full = |words: &[Word]| -> Vec<String> {
        let words = words.iter().flat_map(|word| match word.kind {
            Kind::Initials => word.text.chars().map(String::from).collect(),
            _ => vec![word.in_full().to_owned()],
        });
        words.collect()
    };
    let (a, b) = (in_full(a), in_full(b));
    !b.is_empty() && without(&b, &a).is_empty() && !without(&a, &b).is_empty()
}

fn grade(row: &Row, shared: SharedData, sharing: usize) -> Option<Grade> {
    let likely_if = |enough| {
        Some(if enough {
            Grade::Likely
        } else {
            Grade::Possible
        })
    };
    match row {
        Row::AnotherCompany => None,
        Row::Same => Some(Grade::Likely),
        Row::OtherOrder | Row::Spelling => likely_if(shared.count() >= 1),
        Row::MoreWords => likely_if(shared.count() >= 2),
        Row::Others => {
            let is_one = shared.identify() && sharing <= MOST_THAT_SHARE;
            is_one.then_some(Grade::Likely)
        }
    }
}

fn evidence(row: &Row, a: &str, b: &str, shared: SharedData) -> String {
    let mut evidence = match row {
        Row::AnotherCompany | Row::Others => "another name".to_owned(),
        Row::OtherOrder => "the same words in another order".to_owned(),
        Row::Same | Row::Spelling | Row::MoreWords => same_but_for(a, b),
    };
    let values = [
        (shared.email, "e-mail address"),
        (shared.phone, "phone"),
        (shared.postcode, "postcode"),
        (shared.street, "street"),
    ];
    for (_, value) in values.iter().filter(|(is_shared, _)| *is_shared) {
        evidence.push_str("; same ");
        evidence.push_str(value);
    }
    evidence
}

/// Where two names differ, in their own words.
fn same_but_for(a: &str, b: &str) -> String {
    let words = |name: &str| -> Vec<(String, String)> {
        let words = name.split_whitespace();
        words
            .map(|word| (compared(word), word.to_owned()))
            .collect()
    };
    let (a, b) = (words(a), words(b));
    let only = |of: &[(String, String)], than: &[(String, String)]| {
        let known = |key: &String| than.iter().any(|(other, _)| other == key);
        let only = of.iter().filter(|(key, _)| !known(key));
        let only: Vec<&str> = only.map(|(_, word)| word.as_str()).collect();
        only.join(" ")
    };
    match (only(&a, &b), only(&b, &a)) {
        (a, b) if a.is_empty() && b.is_empty() => "same name but for its punctuation".to_owned(),
        (a, b) if a.is_empty() || b.is_empty() => format!("same name but for {a}{b}"),
        (a, b) => format!("same name but for {a} / {b}"),
    }
}

fn compared(word: &str) -> String {
    let letters = word.chars().filter(|c| c.is_alphanumeric());
    let letters: String = letters.flat_map(char::to_lowercase).collect();
    match (letters.as_str(), word) {
        ("", "&" | "+") => "and".to_owned(),
        ("", _) => word.to_owned(),
        _ => letters,
    }
}
