//! How a customer is looked for in Xero without reading every contact of the organisation.

use std::time::Duration;

use unicode_normalization::UnicodeNormalization;

/// A word of at least so many characters is rare enough to be looked for.
const TELLING_CHARS: usize = 4;
/// A contact whose look-up Xero refuses is tried this often, or for this long, before a person is told.
const MAX_ATTEMPTS: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_secs(2 * 60 * 60);

/// The beginning of a word of `name` by which Xero's search finds every contact whose name equals it
/// as [`NameKey`](crate::NameKey) compares names. `None` where no such word can be relied on: then
/// only the list of all contacts tells.
///
/// A whole name would miss one with repeated spaces. Whether Xero's search finds parts of words or only
/// beginnings, and whether it ignores accents, is not documented; so the beginning of one word is
/// taken, up to the first character that can be written in more than one way. The first word long
/// enough to be rare is preferred, else the longest.
#[must_use]
pub fn search_word(name: &str) -> Option<String> {
    let beginnings: Vec<String> = name
        .split(|c: char| c.is_whitespace() || c.is_control())
        .map(plain_beginning)
        .filter(|beginning| !beginning.is_empty())
        .collect();
    let is_telling = |beginning: &&String| beginning.chars().count() >= TELLING_CHARS;
    let telling = beginnings.iter().find(is_telling);
    let longest = || {
        beginnings
            .iter()
            .rev()
            .max_by_key(|beginning| beginning.chars().count())
    };
    telling.or_else(longest).cloned()
}

/// The letters and digits with which a word begins, as far as each has one spelling apart from case.
fn plain_beginning(word: &str) -> String {
    let composed: Vec<char> = word.nfc().collect();
    let mut beginning = String::new();
    for (at, c) in composed.iter().enumerate() {
        let next = composed.get(at + 1);
        // Two s can stand for a sharp one, and a mark that follows belongs to the letter before it.
        let is_double_s = c.eq_ignore_ascii_case(&'s')
            && next.is_some_and(|next| next.eq_ignore_ascii_case(&'s'));
        let is_marked = next.is_some_and(|next| unicode_normalization::char::is_combining_mark(*next));
        if !c.is_alphanumeric() || !has_one_spelling(*c) || is_double_s || is_marked {
            break;
        }
        beginning.push(*c);
    }
    beginning
}

fn has_one_spelling(c: char) -> bool {
    let text = c.to_string();
    let folded = caseless::default_case_fold_str(&text);
    let is_plain = |text: &str| text.nfkd().eq(text.chars());
    folded.chars().count() == 1 && is_plain(&text) && is_plain(&folded)
}

/// Whether a contact whose look-up Xero refuses is held now, so that a person is told, rather than put
/// off once more: it was put off often or for long, or it is held for this already and only the daily
/// try came round.
#[must_use]
pub fn holds_after_refused_lookup(put_off: u32, waited: Duration, is_held_for_it: bool) -> bool {
    is_held_for_it || put_off.saturating_add(1) >= MAX_ATTEMPTS || waited >= LONGEST_WAIT
}
