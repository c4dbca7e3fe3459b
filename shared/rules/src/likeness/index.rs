//! Finds the contacts that are like a customer among many, without comparing it with each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::compare::{Compared, Likeness, likeness_of};
use super::data::{ContactData, DataKind};
use super::name::{Word, blocks, names};

/// What more contacts share than this says nothing about which customer one is, and would have each
/// compared with all.
const TOO_COMMON: usize = 500;
/// So many contacts with a word are compared for it; a word that more have is left to their other
/// words. Only what is possibly the same rests on single words.
const TOO_COMMON_A_WORD: usize = 60;

/// Contacts by all that two that are likely the same have in common. It keeps no contact, only where
/// to look: whoever keeps it tells of each contact that comes, changes or goes. `Id` is what they
/// are known by.
#[derive(Debug, Clone)]
pub struct MatchIndex<Id> {
    /// The keys, each with the number of a contact that has it.
    entries: BTreeSet<(u64, u32)>,
    numbers: BTreeMap<Id, u32>,
    ids: BTreeMap<u32, Id>,
}

impl<Id> Default for MatchIndex<Id> {
    fn default() -> Self {
        Self {
            entries: BTreeSet::new(),
            numbers: BTreeMap::new(),
            ids: BTreeMap::new(),
        }
    }
}

impl<Id: Copy + Ord> MatchIndex<Id> {
    /// Takes in a contact that is not in it.
    pub fn insert(&mut self, id: Id, contact: Compared<'_>) {
        let next = self.ids.last_key_value().map_or(0, |(last, _)| last + 1);
        let number = *self.numbers.entry(id).or_insert(next);
        self.ids.insert(number, id);
        let keys = keys(contact).into_iter();
        self.entries.extend(keys.map(|key| (key, number)));
    }

    /// Forgets a contact, told as it was taken in.
    pub fn remove(&mut self, id: Id, contact: Compared<'_>) {
        if let Some(number) = self.numbers.remove(&id) {
            self.ids.remove(&number);
            for key in keys(contact) {
                self.entries.remove(&(key, number));
            }
        }
    }

    /// The contacts that are like a customer, the likeliest first. `contact` tells of each as it
    /// was taken in.
    pub fn alike<'a>(
        &self,
        customer: Compared<'_>,
        contact: impl Fn(Id) -> Option<Compared<'a>>,
    ) -> Vec<(Id, Likeness)> {
        let mut ids = BTreeSet::new();
        let names = names(customer.name);
        let names_and_data = name_keys(&names).into_iter();
        for key in names_and_data.chain(data_keys(customer.data)) {
            ids.extend(self.with(key, TOO_COMMON));
        }
        for key in word_keys(&names) {
            ids.extend(self.with(key, TOO_COMMON_A_WORD));
        }
        let contacts: Vec<(Id, Compared<'a>)> = ids
            .into_iter()
            .filter_map(|id| Some((id, contact(id)?)))
            .collect();
        let is_identified =
            |(_, other): &&(Id, Compared<'a>)| customer.data.shared_with(other.data).identify();
        let sharing = contacts.iter().filter(is_identified).count();
        let mut alike: Vec<(Id, Likeness)> = contacts
            .into_iter()
            .filter_map(|(id, other)| {
                let found = likeness_of(&names, customer, other, sharing)?;
                Some((id, found))
            })
            .collect();
        alike.sort_by_key(|(id, found)| (Reverse(found.grade), *id));
        alike
    }

    fn with(&self, key: u64, at_most: usize) -> Vec<Id> {
        let entries = self.entries.range((key, 0)..=(key, u32::MAX));
        let numbers: Vec<u32> = entries
            .take(at_most + 1)
            .map(|(_, number)| *number)
            .collect();
        if numbers.len() > at_most {
            return Vec::new();
        }
        let ids = numbers.iter().filter_map(|number| self.ids.get(number));
        ids.copied().collect()
    }
}

fn keys(compared: Compared<'_>) -> Vec<u64> {
    let names = names(compared.name);
    let mut keys = name_keys(&names);
    keys.extend(data_keys(compared.data));
    keys.extend(word_keys(&names));
    keys
}

/// Of names that are the same, at least one is equal.
fn name_keys(names: &[Vec<Word>]) -> Vec<u64> {
    let blocks = names.iter().flat_map(|words| blocks(words));
    blocks.map(|block| key("name", &block)).collect()
}

/// A street without a postcode is in every town.
fn data_keys(data: &ContactData) -> Vec<u64> {
    let marks = data.marks().iter();
    marks
        .filter(|mark| mark.kind() != DataKind::Street)
        .map(|mark| key("data", mark))
        .collect()
}

fn word_keys(names: &[Vec<Word>]) -> Vec<u64> {
    let words = names.iter().flatten();
    words.map(|word| key("word", word.in_full())).collect()
}

fn key(kind: &str, of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, of).hash(&mut hasher);
    hasher.finish()
}
