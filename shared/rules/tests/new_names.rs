//! How many of 2,000 really new customers are held beside an organisation of 20,000: those who are
//! held for nothing cost a person's time.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test prints what it measured"
)]

mod organisation;

use rules::{Grade, MatchIndex};

use crate::organisation::{Party, parties};

const ORGANISATION: usize = 20_000;
const NEW: usize = 2_000;

#[test]
fn hardly_any_really_new_customer_is_held() {
    for seed in [1, 2] {
        let parties = parties(ORGANISATION + NEW, seed);
        let (known, new) = parties.split_at(ORGANISATION);
        let mut index = MatchIndex::default();
        for (at, party) in known.iter().enumerate() {
            index.insert(at, party.compared());
        }
        let held: Vec<String> = new
            .iter()
            .filter_map(|customer| held_beside(customer, known, &index))
            .collect();
        println!("seed {seed}: {} of {NEW} held", held.len());
        assert!(
            held.len() * 100 <= NEW * 2,
            "{} held: {held:#?}",
            held.len()
        );
    }
}

fn held_beside(customer: &Party, known: &[Party], index: &MatchIndex<usize>) -> Option<String> {
    let alike = index.alike(customer.compared(), |at| known.get(at).map(Party::compared));
    let (at, found) = alike.first()?;
    let is_held = found.grade == Grade::Likely;
    is_held.then(|| {
        format!(
            "{} | {}: {}",
            customer.name, known[*at].name, found.evidence
        )
    })
}
