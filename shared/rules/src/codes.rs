//! Generating account references that can be read aloud: `ACME0001`.

use crate::AccountReference;

/// At most so many letters of the name.
const MAX_LETTERS: usize = 8;
/// A first word shorter than this borrows from the next ("A1 Gas" gives `AGAS`).
const MIN_LETTERS: usize = 3;
/// For names without a Latin letter.
const NEUTRAL_PREFIX: &str = "CUSTOMER";
/// A name that has used up this many numbers is told, rather than searched for ever.
const MAX_NUMBER: u32 = 999_999;

/// The letters that a customer's code begins with: upper case A to Z, from the first word of the
/// name (not "The"), accents taken off.
#[must_use]
pub fn code_prefix(name: &str) -> String {
    let mut words: Vec<String> = name
        .split_whitespace()
        .map(latin_letters)
        .filter(|word| !word.is_empty())
        .collect();
    if words.len() > 1 && words[0] == "THE" {
        words.remove(0);
    }
    let mut prefix = String::new();
    for word in words {
        prefix.push_str(&word);
        if prefix.len() >= MIN_LETTERS {
            break;
        }
    }
    prefix.truncate(MAX_LETTERS); // all ASCII
    if prefix.is_empty() {
        NEUTRAL_PREFIX.to_owned()
    } else {
        prefix
    }
}

/// The codes of a prefix in order, from number 1: four digits, more when they run out.
pub fn codes(prefix: &str) -> impl Iterator<Item = AccountReference> {
    (1..=MAX_NUMBER)
        .filter_map(move |number| AccountReference::parse(&format!("{prefix}{number:04}")).ok())
}

/// Whether a text could be a code that this module makes, so that a contact reference of that shape
/// must not be generated for somebody else.
#[must_use]
pub fn looks_like_a_code(text: &str) -> bool {
    let text = text.trim();
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let letters = text.len() - digits;
    (4..=6).contains(&digits)
        && (1..=MAX_LETTERS).contains(&letters)
        && text.bytes().take(letters).all(|b| b.is_ascii_alphabetic())
}

fn latin_letters(word: &str) -> String {
    word.chars()
        .filter(|c| c.is_ascii_alphabetic() || is_accented_latin(*c))
        .flat_map(|c| deunicode::deunicode_char(c).unwrap_or_default().chars())
        .filter(char::is_ascii_alphabetic)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Only Latin letters are taken: a transliteration of other scripts would put words into a
/// customer's mouth.
fn is_accented_latin(c: char) -> bool {
    matches!(c, '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}') && c.is_alphabetic()
}
