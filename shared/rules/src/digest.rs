//! The digest: a mail to the accounts admin on working days, about what is new since the last one.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{ContactId, Notice, UkTime};

/// The mail goes out with the first poll after this hour in London.
const HOUR: i64 = 7;
/// A mail has at most this many lines.
pub const MAX_LINES: usize = 200;
/// A line has at most so many bytes: Amazon SNS takes 256 kB in all.
const MAX_LINE_BYTES: usize = 1_200;
/// So many of the contacts that have been held for longest are told.
const MAX_OLDEST: usize = 5;

const SECONDS_OF_HOUR: i64 = 60 * 60;
const SECONDS_OF_DAY: i64 = 24 * SECONDS_OF_HOUR;

/// A day in London, in days since 1 January 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LondonDay(i64);

impl LondonDay {
    /// The day that it is in London at a moment, in seconds since 1970 in UTC.
    #[must_use]
    pub fn at(unix_seconds: i64) -> Self {
        Self(in_london(unix_seconds).div_euclid(SECONDS_OF_DAY))
    }

    /// Whether it is a Monday.
    #[must_use]
    pub fn is_monday(self) -> bool {
        self.days_since_monday() == 0
    }

    fn is_working_day(self) -> bool {
        self.days_since_monday() < 5
    }

    /// 1 January 1970 was a Thursday.
    fn days_since_monday(self) -> i64 {
        (self.0 + 3).rem_euclid(7)
    }
}

fn in_london(unix_seconds: i64) -> i64 {
    unix_seconds + i64::from(UkTime::at(unix_seconds).hours_ahead()) * SECONDS_OF_HOUR
}

/// The day whose digest is due at a moment, in seconds since 1970 in UTC: on Monday to Friday from
/// 07:00 in London on, and not twice. `last` is the day of the last one; one that lies ahead comes
/// from a clock that was wrong, and does not stop the digests.
#[must_use]
pub fn digest_due(unix_seconds: i64, last: Option<LondonDay>) -> Option<LondonDay> {
    let today = LondonDay::at(unix_seconds);
    let hour = in_london(unix_seconds).rem_euclid(SECONDS_OF_DAY) / SECONDS_OF_HOUR;
    let is_due = today.is_working_day() && hour >= HOUR && last != Some(today);
    is_due.then_some(today)
}

/// A contact that is held now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestProblem {
    /// The contact.
    pub contact: ContactId,
    /// The problem's stable code.
    pub code: String,
    /// What is wrong in a few words that name nobody ([`crate::Problem::title`]).
    pub title: String,
    /// What is wrong, with names and values ([`crate::Problem::sentence`]).
    pub sentence: String,
    /// What to do about it.
    pub cure: String,
    /// Since when, in seconds since 1970.
    pub since_unix_seconds: i64,
    /// The same as people read it.
    pub since: String,
}

/// A notice that no digest has told yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestNotice {
    /// The contact.
    pub contact: ContactId,
    /// What it is.
    pub notice: Notice,
}

/// Which problems the last digest told of, by contact: the code of each.
pub type ToldProblems = BTreeMap<ContactId, String>;

/// Who has confirmed that they want the digest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subscribers {
    /// So many addresses get it.
    pub confirmed: usize,
    /// So many have not confirmed yet, and get nothing.
    pub unconfirmed: usize,
}

/// What a digest is made of.
#[derive(Debug, Clone)]
pub struct DigestFacts<'a> {
    /// Which deployment.
    pub stack: &'a str,
    /// Whether today is the day of the week on which a digest comes even without news.
    pub is_monday: bool,
    /// Every contact that is held now.
    pub open: &'a [DigestProblem],
    /// What the last digest told; empty before the first.
    pub told: &'a ToldProblems,
    /// What no digest has told yet.
    pub notices: &'a [DigestNotice],
    /// How many contacts are linked.
    pub linked: usize,
    /// Why nothing is synchronised at all, with the cure, where that is so.
    pub standstill: Option<&'a str>,
    /// Whether that began since the last digest.
    pub standstill_is_new: bool,
    /// Who gets it, where that is known.
    pub subscribers: Option<Subscribers>,
    /// Whether held contacts have a note in BigChange.
    pub has_notes: bool,
    /// Whether names and values may be told.
    pub with_names: bool,
    /// Whom the reader may ask; blank for nobody.
    pub ask: &'a str,
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Its subject: ASCII, fewer than 100 characters, as Amazon SNS takes it.
    pub subject: String,
    /// Its text, of at most [`MAX_LINES`] lines.
    pub body: String,
}

/// The digest of a day; `None` on one without news, except on Mondays.
///
/// News is: a problem that the last digest did not tell, one that it told and that is solved, a
/// notice, a standstill. Of an open problem nothing is ever left untold: what a mail that was lost
/// would have told is news to the next one, since only a mail that was sent changes what counts as
/// told.
#[must_use]
pub fn digest(facts: &DigestFacts<'_>) -> Option<Digest> {
    let is_told =
        |problem: &&DigestProblem| facts.told.get(&problem.contact) == Some(&problem.code);
    let (told, new): (Vec<_>, Vec<_>) = facts.open.iter().partition(is_told);
    let open: BTreeSet<_> = facts.open.iter().map(|open| open.contact).collect();
    let solved = facts
        .told
        .iter()
        .filter(|(contact, _)| !open.contains(contact));
    let solved: Vec<_> = solved.collect();
    let is_news = !new.is_empty() || !solved.is_empty() || !facts.notices.is_empty();
    let stands_still = facts.standstill.is_some() && facts.standstill_is_new;
    if !is_news && !stands_still && !facts.is_monday {
        return None;
    }
    let head = head(facts, new.len(), solved.len());
    let tail = tail(facts);
    let mut news = Vec::new();
    tell_new(&mut news, &new, facts.with_names);
    tell_notices(&mut news, facts);
    tell_solved(&mut news, &solved);
    tell_oldest(&mut news, told, facts.with_names);
    let room = MAX_LINES - head.len() - tail.len();
    let lines = head.into_iter().chain(cut(news, room)).chain(tail);
    let subject = if is_news {
        format!(
            "Contact sync: {} new, {} solved, {} open",
            new.len(),
            solved.len(),
            facts.open.len()
        )
    } else {
        format!("Contact sync: nothing new, {} open", facts.open.len())
    };
    Some(Digest {
        subject,
        body: lines.collect::<Vec<_>>().join("\n"),
    })
}

/// A line of the news.
struct Line {
    text: String,
    /// Whether it tells of one contact, rather than standing above those that do.
    is_contact: bool,
}

fn heading(text: impl Into<String>) -> Line {
    Line {
        text: text.into(),
        is_contact: false,
    }
}

fn contact(text: impl Into<String>) -> Line {
    Line {
        text: one_line(&text.into()),
        is_contact: true,
    }
}

/// A value of a contact must not begin a line of its own. What is longer than a line may be is cut;
/// the note and the tool tell all of it.
fn one_line(text: &str) -> String {
    let parts = text.split(|c: char| c.is_control());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
    let line = parts.join(" ");
    if line.len() <= MAX_LINE_BYTES {
        return line;
    }
    let end = line.floor_char_boundary(MAX_LINE_BYTES - "…".len());
    format!("{}…", &line[..end])
}

fn head(facts: &DigestFacts<'_>, new: usize, solved: usize) -> Vec<String> {
    let mut head = vec![
        format!(
            "Contact synchronisation from BigChange to Xero ({})",
            facts.stack
        ),
        String::new(),
        format!(
            "{} linked. {} held, {new} of them new since the last mail. {solved} solved since then.",
            contacts(facts.linked),
            contacts(facts.open.len()),
        ),
    ];
    if let Some(standstill) = facts.standstill {
        head.push(format!(
            "NOTHING IS SYNCHRONISED NOW: {}",
            one_line(standstill)
        ));
    }
    if let Some(unconfirmed @ 1..) = facts.subscribers.map(|all| all.unconfirmed) {
        head.push(format!(
            "{unconfirmed} of the addresses that are to get this mail {} not confirmed it yet; the confirmation is in an earlier mail from AWS Notifications.",
            if unconfirmed == 1 { "has" } else { "have" }
        ));
    }
    head
}

fn tail(facts: &DigestFacts<'_>) -> Vec<String> {
    let mut tail = vec![String::new()];
    let mut by_code: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for open in facts.open {
        *by_code.entry((&open.title, &open.code)).or_default() += 1;
    }
    if !by_code.is_empty() {
        tail.push("ALL THAT ARE HELD".to_owned());
        let counted = by_code.into_iter();
        tail.extend(counted.map(|((title, code), count)| format!("- {count}: {title} ({code})")));
        tail.push(String::new());
    }
    if !facts.with_names {
        let more = if facts.has_notes {
            "; the note on the contact there says more"
        } else {
            ""
        };
        tail.push(format!("Contacts appear by their id in BigChange{more}."));
    }
    if !facts.ask.is_empty() {
        tail.push(format!("Questions? Ask {}.", one_line(facts.ask)));
    }
    tail
}

fn tell_new(lines: &mut Vec<Line>, new: &[&DigestProblem], with_names: bool) {
    if new.is_empty() {
        return;
    }
    lines.push(heading(""));
    lines.push(heading("NEW"));
    // Those with one cure stand together, the largest group first.
    let mut by_cure: BTreeMap<(&str, &str, &str), Vec<&DigestProblem>> = BTreeMap::new();
    for problem in new {
        let key = (
            problem.title.as_str(),
            problem.code.as_str(),
            problem.cure.as_str(),
        );
        by_cure.entry(key).or_default().push(problem);
    }
    let mut groups: Vec<_> = by_cure.into_iter().collect();
    groups.sort_by_key(|(_, held)| std::cmp::Reverse(held.len()));
    for ((title, code, cure), held) in groups {
        lines.push(heading(format!(
            "{title} ({code}): {}",
            contacts(held.len())
        )));
        lines.push(heading(format!("What to do: {}", one_line(cure))));
        lines.extend(held.into_iter().map(|held| tell(held, with_names)));
    }
}

fn tell_notices(lines: &mut Vec<Line>, facts: &DigestFacts<'_>) {
    if facts.notices.is_empty() {
        return;
    }
    lines.push(heading(""));
    lines.push(heading("GOOD TO KNOW (nothing is held for it)"));
    lines.extend(facts.notices.iter().map(|one| {
        let says = if facts.with_names {
            one.notice.sentence()
        } else {
            one.notice.title()
        };
        contact(format!("- {}: {says}", one.contact))
    }));
}

fn tell_solved(lines: &mut Vec<Line>, solved: &[(&ContactId, &String)]) {
    if solved.is_empty() {
        return;
    }
    lines.push(heading(""));
    lines.push(heading("SOLVED"));
    let told = solved
        .iter()
        .map(|(id, code)| contact(format!("- {id} ({code})")));
    lines.extend(told);
}

fn tell_oldest(lines: &mut Vec<Line>, mut told: Vec<&DigestProblem>, with_names: bool) {
    if told.is_empty() {
        return;
    }
    told.sort_by_key(|held| (held.since_unix_seconds, held.contact));
    lines.push(heading(""));
    lines.push(heading("WAITING LONGEST"));
    let oldest = told.into_iter().take(MAX_OLDEST);
    lines.extend(oldest.map(|held| tell(held, with_names)));
}

fn tell(held: &DigestProblem, with_names: bool) -> Line {
    let DigestProblem {
        contact: id,
        code,
        sentence,
        since,
        ..
    } = held;
    contact(if with_names {
        format!("- {id}, since {since}: {sentence}")
    } else {
        format!("- {id}, since {since} ({code})")
    })
}

/// As many lines as there is room for; if that is not all of them, the last one says how many
/// contacts are left out.
fn cut(mut lines: Vec<Line>, room: usize) -> impl Iterator<Item = String> {
    if lines.len() > room {
        let left_out = lines.split_off(room.saturating_sub(1));
        let left_out = left_out.iter().filter(|line| line.is_contact).count();
        lines.push(heading(format!("and {left_out} more")));
    }
    lines.into_iter().map(|line| line.text)
}

fn contacts(count: usize) -> String {
    if count == 1 {
        "1 contact".to_owned()
    } else {
        format!("{count} contacts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_of_a_contact_begins_a_line_of_its_own() {
        assert_eq!(one_line("Acme\r\nSOLVED\n- 1"), "Acme SOLVED - 1");
    }

    #[test]
    fn a_digest_of_the_longest_lines_is_one_that_sns_takes() {
        let longest = one_line(&"🚲".repeat(1_000));
        assert!(longest.ends_with("🚲…") && longest.len() > MAX_LINE_BYTES - 4);
        assert!((longest.len() + 1) * MAX_LINES < 256 * 1024);
    }
}
