//! A company's or a person's name as words that can be compared.

use super::words::{
    COUNTRY, DISTINGUISHING, FILLERS, LEGAL_FORMS, NUMBERS, Runs, SECOND_NAME, SHORT_FORMS, TITLES,
};

/// A word of a name, without case, accents and punctuation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word {
    /// It, or the digits that it stands for.
    pub(super) text: String,
    /// What it is for telling companies apart.
    pub(super) kind: Kind,
}

/// What a word is for telling companies apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Any other word.
    Plain,
    /// Single letters: "J", "J.M.".
    Initials,
    /// Something with a digit, or a number in words.
    Number,
    /// Group, Holdings, North.
    Distinguishing,
}

impl Word {
    fn of(text: String, is_initials: bool) -> Self {
        let (text, kind) = if is_initials {
            (text, Kind::Initials)
        } else if let Some(digits) = NUMBERS.get(text.as_str()) {
            ((*digits).to_owned(), Kind::Number)
        } else if text.contains(|c: char| c.is_ascii_digit()) {
            let significant = text.trim_start_matches('0');
            let text = if significant.is_empty() {
                "0"
            } else {
                significant
            };
            (text.to_owned(), Kind::Number)
        } else if let Some(word) = DISTINGUISHING.get(text.as_str()) {
            ((*word).to_owned(), Kind::Distinguishing)
        } else {
            (text, Kind::Plain)
        };
        Self { text, kind }
    }

    /// What it stands for, if it is a known short form, else itself.
    pub(super) fn in_full(&self) -> &str {
        SHORT_FORMS
            .get(self.text.as_str())
            .unwrap_or(&self.text.as_str())
    }
}

/// The names that a contact is known by: two where it says "t/a", else one. A name without a letter
/// or digit has none.
pub(super) fn names(name: &str) -> Vec<Vec<Word>> {
    let tokens = tokens(name);
    let mut parts: Vec<&[Token]> = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < tokens.len() {
        match second_name_begins(&tokens[at..]) {
            // At the very beginning it separates nothing.
            Some(length) if at > from && at + length < tokens.len() => {
                parts.push(&tokens[from..at]);
                from = at + length;
                at = from;
            }
            _ => at += 1,
        }
    }
    parts.push(&tokens[from..]);
    let names = parts.into_iter().map(words);
    names.filter(|words| !words.is_empty()).collect()
}

/// A run of letters and digits.
#[derive(Debug, Clone)]
struct Token {
    text: String,
    is_initials: bool,
    /// What stands before it.
    after: Between,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// A space, or other punctuation.
    Other,
    Slash,
}

fn second_name_begins(tokens: &[Token]) -> Option<usize> {
    // "t/a", and "T/A:".
    if let [t, a, ..] = tokens
        && (t.text.as_str(), a.text.as_str(), a.after) == ("t", "a", Between::Slash)
    {
        return Some(2);
    }
    longest(&SECOND_NAME, tokens)
}

/// The length of the longest of these runs of words that the tokens begin with.
fn longest(runs: &Runs, tokens: &[Token]) -> Option<usize> {
    let runs = runs.get(tokens.first()?.text.as_str())?;
    let begins = |run: &&&[&str]| {
        run.len() <= tokens.len()
            && run
                .iter()
                .zip(tokens)
                .all(|(word, token)| *word == token.text)
    };
    runs.iter().filter(begins).map(|run| run.len()).max()
}

/// Letters and digits in Latin script, lower case; an apostrophe joins what stands around it, a dot
/// between single letters too.
fn tokens(name: &str) -> Vec<Token> {
    let latin = deunicode::deunicode_with_tofu(name, " ").to_ascii_lowercase();
    let latin = latin.replace("'n'", " and ").replace(['\'', '`'], "");
    let mut tokens: Vec<Token> = Vec::new();
    let (mut text, mut after) = (String::new(), Between::Other);
    let mut end = |text: &mut String, after: &mut Between| {
        if !text.is_empty() {
            let text = std::mem::take(text);
            tokens.push(Token {
                text,
                is_initials: false,
                after: std::mem::replace(after, Between::Other),
            });
        }
    };
    for c in latin.chars() {
        if c.is_ascii_alphanumeric() {
            text.push(c);
            continue;
        }
        end(&mut text, &mut after);
        match c {
            '/' => after = Between::Slash,
            '&' | '+' => end(&mut "and".to_owned(), &mut after),
            _ => {}
        }
    }
    end(&mut text, &mut after);
    joined(tokens)
}

/// Single letters that follow each other as one run of initials.
fn joined(tokens: Vec<Token>) -> Vec<Token> {
    let mut joined: Vec<Token> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let is_letter = token.text.len() == 1 && !token.text.as_bytes()[0].is_ascii_digit();
        match joined.last_mut() {
            Some(last) if is_letter && last.is_initials && token.after != Between::Slash => {
                last.text.push_str(&token.text);
            }
            _ => joined.push(Token {
                is_initials: is_letter,
                ..token
            }),
        }
    }
    joined
}

/// The words that tell who it is: without legal form, country, titles and fillers. A name of such
/// words only keeps them all.
fn words(tokens: &[Token]) -> Vec<Word> {
    let mut words = Vec::with_capacity(tokens.len());
    let (mut at, mut may_be_title) = (0, true);
    while at < tokens.len() {
        let rest = &tokens[at..];
        if let Some(length) = longest(&LEGAL_FORMS, rest).or_else(|| longest(&COUNTRY, rest)) {
            at += length;
            continue;
        }
        let token = &tokens[at];
        let text = token.text.as_str();
        at += 1;
        if FILLERS.contains(&text) {
            may_be_title = true;
        } else if !(may_be_title && TITLES.contains(&text)) {
            may_be_title = false;
            words.push(Word::of(token.text.clone(), token.is_initials));
        }
    }
    if words.is_empty() {
        let all = tokens.iter();
        words = all
            .map(|token| Word::of(token.text.clone(), token.is_initials))
            .collect();
    }
    words
}

/// What two names have to share before they can be the same but for initials: each name with its
/// first one, two or three words as initials, and the whole of it in one piece.
pub(super) fn blocks(words: &[Word]) -> Vec<String> {
    let whole: String = words.iter().map(|word| word.text.as_str()).collect();
    let mut blocks = vec![whole];
    let [first, rest @ ..] = words else {
        return blocks;
    };
    if rest.is_empty() {
        return blocks;
    }
    if first.kind == Kind::Initials {
        blocks.push(format!("{}|{}", first.text, in_one_piece(rest)));
    } else {
        let mut initials = String::new();
        for (at, word) in words.iter().take(words.len() - 1).take(3).enumerate() {
            if word.kind != Kind::Plain {
                break;
            }
            initials.extend(word.text.chars().next());
            blocks.push(format!("{initials}|{}", in_one_piece(&words[at + 1..])));
        }
    }
    blocks
}

/// A name without its spaces.
pub(super) fn in_one_piece(words: &[Word]) -> String {
    words.iter().map(|word| word.text.as_str()).collect()
}

/// Two names with the first names of one as initials, where the other begins with those.
pub(super) fn with_equal_initials(a: &[Word], b: &[Word]) -> (Vec<Word>, Vec<Word>) {
    (as_initials(a, b), as_initials(b, a))
}

/// The name with as many of its first words as initials as `other` begins with, if they are those.
fn as_initials(name: &[Word], other: &[Word]) -> Vec<Word> {
    let initials = other.first().filter(|word| word.kind == Kind::Initials);
    let (Some(initials), Some(first)) = (initials, name.first()) else {
        return name.to_vec();
    };
    // "JM Mills" beside "J.M. Mills".
    if first.text == initials.text {
        return std::iter::once(initials)
            .chain(&name[1..])
            .cloned()
            .collect();
    }
    if initials.text.len() >= name.len() {
        return name.to_vec();
    }
    let (first_names, rest) = name.split_at(initials.text.len());
    let is_first_name = |word: &Word| word.kind == Kind::Plain && word.text.len() > 1;
    let letters = first_names.iter().map(|word| word.text.as_bytes()[0]);
    if first_names.iter().all(is_first_name) && letters.eq(initials.text.bytes()) {
        std::iter::once(initials).chain(rest).cloned().collect()
    } else {
        name.to_vec()
    }
}
