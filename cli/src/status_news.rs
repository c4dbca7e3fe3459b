//! What of `status` is news to whoever runs it from cron.

use std::collections::BTreeMap;

use runtime::people::StatusToldRecord;
use runtime::records::{Records, SINGLETON, expect};
use serde::{Serialize, Serializer};
use store::TableError;

/// Something that a person should do something about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attention {
    /// What it is about: the same at every look, whatever the sentence says of times and numbers.
    pub(crate) key: String,
    /// Of how many it is, where more of them are news again; else 1.
    pub(crate) count: u64,
    /// What it says.
    pub(crate) text: String,
}

impl Serialize for Attention {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// By its key, of how many each thing was that was told.
type Told = BTreeMap<String, u64>;

/// Those that were not told yet, or of fewer.
fn news<'a>(told: &Told, now: &'a [Attention]) -> Vec<&'a Attention> {
    let is_news = |one: &&Attention| told.get(&one.key).is_none_or(|told| *told < one.count);
    now.iter().filter(is_news).collect()
}

/// Whether there is news since this was last asked. What is told counts as told from now on, and
/// what is over is news when it comes back.
///
/// # Errors
/// As the store says. Of two that ask at once, one is told.
pub(crate) async fn is_news(records: &Records, now: &[Attention]) -> Result<bool, TableError> {
    let stored = records.get::<StatusToldRecord>(SINGLETON).await?;
    let before = stored.as_ref().map(|stored| stored.value.told.clone());
    let before = before.unwrap_or_default();
    let is_news = !news(&before, now).is_empty();
    let told: Told = now.iter().map(|one| (one.key.clone(), one.count)).collect();
    if told == before {
        return Ok(is_news);
    }
    let put = records.put(
        SINGLETON,
        &StatusToldRecord { told },
        expect(stored.as_ref()),
    )?;
    match records.write(vec![put]).await {
        Err(TableError::Conflict) => Ok(false),
        written => written.map(|()| is_news),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys and counts.
    type Counted = &'static [(&'static str, u64)];

    #[test]
    #[rustfmt::skip] // a table: one row, one line
    fn news_is_what_was_not_told_or_is_of_more() {
        let rows: [(Counted, Counted, &[&str]); 7] = [
            // told before          now                          news
            (&[],                   &[("late-poll", 1)],         &["late-poll"]),
            (&[("late-poll", 1)],   &[("late-poll", 1)],         &[]),
            (&[("held", 3)],        &[("held", 3)],              &[]),
            (&[("held", 3)],        &[("held", 4)],              &["held"]),
            (&[("held", 3)],        &[("held", 2)],              &[]),
            (&[("held", 3)],        &[],                         &[]),
            (&[("held", 3)],        &[("held", 3), ("dead", 1)], &["dead"]),
        ];
        for (told, now, expected) in rows {
            let told: Told = told.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect();
            let now: Vec<_> = now.iter().map(|(key, count)| Attention {
                key: (*key).to_owned(),
                count: *count,
                text: String::new(),
            }).collect();
            let news: Vec<&str> = news(&told, &now).iter().map(|one| one.key.as_str()).collect();
            assert_eq!(news, expected, "{told:?}, {now:?}");
        }
    }
}
