//! How a customer is looked for in Xero without reading every contact of the organisation.

use core::time::Duration; // `core` holds no clock

use unicode_normalization::UnicodeNormalization;

use crate::AccountReference;

/// A word of at least so many characters is rare enough to be looked for.
const TELLING_CHARS: usize = 4;
/// A contact whose look-up Xero refuses is tried this often, or for this long, before a person is
/// told.
const MAX_ATTEMPTS: u32 = 5;
const LONGEST_WAIT: Duration = Duration::from_secs(2 * 60 * 60);

/// The spellings in which an account number is asked for. Xero compares the text that it stores,
/// and numbers of old contacts have outer spaces. One with more than one of them on a side is found
/// only where everything is read.
#[must_use]
pub fn account_number_spellings(reference: &AccountReference) -> [String; 4] {
    let reference = reference.as_str();
    [
        reference.to_owned(),
        format!(" {reference}"),
        format!("{reference} "),
        format!(" {reference} "),
    ]
}

/// What to search for in Xero so that every contact is found whose name equals `name` as
/// [`NameKey`](crate::NameKey) compares names: the beginning of one word. Empty for a blank name.
///
/// A whole name would miss one with repeated spaces. Whether Xero's search finds parts of words or
/// only beginnings, and whether it ignores accents, is not documented; so the beginning of a word
/// is taken, up to the first character that can be written in more than one way. The first word
/// long enough to be rare is preferred, else the longest. Where every word begins with a character
/// of more than one spelling, the first word is searched for in each of its spellings.
#[must_use]
pub fn search_words(name: &str) -> Vec<String> {
    let words: Vec<&str> = name
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let best = best(&words, char::is_alphanumeric).or_else(|| best(&words, |_| true));
    if let Some(beginning) = best {
        return vec![beginning];
    }
    let Some(first) = words.first() else {
        return Vec::new();
    };
    let mut spellings = vec![
        (*first).to_owned(),
        first.nfc().collect(),
        first.nfd().collect(),
    ];
    spellings.sort();
    spellings.dedup();
    spellings
}

fn best(words: &[&str], takes: fn(char) -> bool) -> Option<String> {
    let beginnings: Vec<String> = words
        .iter()
        .map(|word| plain_beginning(word, takes))
        .filter(|beginning| !beginning.is_empty())
        .collect();
    let is_telling = |beginning: &&String| beginning.chars().count() >= TELLING_CHARS;
    let telling = beginnings.iter().find(is_telling);
    let longest = || {
        let beginnings = beginnings.iter().rev();
        beginnings.max_by_key(|beginning| beginning.chars().count())
    };
    telling.or_else(longest).cloned()
}

/// The characters with which a word begins, as far as each has one spelling apart from case.
fn plain_beginning(word: &str, takes: fn(char) -> bool) -> String {
    let composed: Vec<char> = word.nfc().collect();
    let mut beginning = String::new();
    for (at, c) in composed.iter().enumerate() {
        let next = composed.get(at + 1);
        // Two s can stand for a sharp one, and a mark that follows belongs to the letter before it.
        let is_double_s = c.eq_ignore_ascii_case(&'s')
            && next.is_some_and(|next| next.eq_ignore_ascii_case(&'s'));
        let is_marked =
            next.is_some_and(|next| unicode_normalization::char::is_combining_mark(*next));
        if !takes(*c) || !has_one_spelling(*c) || is_double_s || is_marked {
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

/// Whether a contact whose look-up Xero refuses is held now, so that a person is told, rather than
/// put off once more: it was put off often or for long, or it is held for this already and only the
/// daily try came round.
#[must_use]
pub fn holds_after_refused_lookup(put_off: u32, waited: Duration, is_held_for_it: bool) -> bool {
    is_held_for_it || put_off.saturating_add(1) >= MAX_ATTEMPTS || waited >= LONGEST_WAIT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_chosen_that_is_rare_and_has_one_spelling() {
        for (name, words) in [
            ("Link  Spaced Ltd", &["Link"][..]),
            ("  The Best Ltd", &["Best"]),
            ("A & B Co", &["Co"]),
            ("Acme\tLtd", &["Acme"]),
            ("O'Neill \\ Sons", &["Sons"]),
            ("Caf\u{e9} Zo\u{eb}", &["Caf"]),
            ("Cafe\u{301} Zoe", &["Caf"]),
            ("Glass Ltd", &["Gla"]),
            ("Gro\u{df}e Stra\u{df}e", &["Stra"]),
            ("Smith-Jones", &["Smith"]),
            ("\"Best\"", &["\"Best\""]),
            ("-", &["-"]),
            ("\u{e9}\u{e9}", &["e\u{301}e\u{301}", "\u{e9}\u{e9}"]),
            (" \u{0} ", &[]),
        ] {
            assert_eq!(search_words(name), words, "{name:?}");
        }
    }

    #[test]
    fn a_contact_is_held_after_five_refusals_or_two_hours() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        for (put_off, waited, is_held_for_it, holds) in [
            (0, 0, false, false),
            (3, 119, false, false),
            (4, 0, false, true),
            (0, 120, false, true),
            (u32::MAX, 0, false, true),
            (0, 0, true, true),
        ] {
            assert_eq!(
                holds_after_refused_lookup(put_off, minutes(waited), is_held_for_it),
                holds,
                "{put_off} times, {waited} minutes, {is_held_for_it}"
            );
        }
    }
}
