//! BigChange's preconditions, counted over a dry run of everything.

use std::collections::BTreeMap;

use rules::{GroupId, Precondition, Problem};
use serde::Serialize;

use crate::args::Part;
use crate::dry_run::{DryRunResult, PlannedContact};
use crate::report::Stray;
use crate::rows::group_name;

/// How a precondition stands.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// Which.
    pub precondition: Precondition,
    /// As a sentence.
    pub sentence: &'static str,
    /// Contacts of which it holds.
    pub good: usize,
    /// Contacts that it concerns.
    pub of: usize,
    /// What the numbers include.
    pub remark: String,
}

/// A mixed group.
#[derive(Debug, Serialize)]
pub struct Mixed {
    /// The group's name.
    pub group: String,
    /// The contacts that do not belong there.
    pub strays: Vec<Stray>,
}

/// How each precondition stands.
#[must_use]
pub fn standings(result: &DryRunResult) -> Vec<Standing> {
    let breaks = |planned: &&PlannedContact, precondition: Precondition| {
        let held = planned.problem.as_ref();
        held.is_some_and(|held| held.problem.precondition() == precondition)
    };
    let contacts = || result.contacts.values();
    let is_decided = |planned: &&PlannedContact| Part::of(&planned.ending) != Part::PutOff;
    let takes_part = |planned: &&PlannedContact| {
        let part = Part::of(&planned.ending);
        part != Part::LeftAlone && is_decided(planned) && !breaks(planned, Precondition::RightGroup)
    };
    let count = |part: Part| contacts().filter(|r| Part::of(&r.ending) == part).count();
    let (creates, links) = (count(Part::Creates), count(Part::Links));
    // Of a contact whose Xero contact is not known, it cannot be said whether the references are the same.
    let is_matched = |planned: &&PlannedContact| {
        takes_part(planned) && !breaks(planned, Precondition::LinkedOrLinkable)
    };
    let is_filled = |planned: &&PlannedContact| {
        let mut changes = planned.changes.iter();
        Part::of(&planned.ending) != Part::Creates
            && changes.any(|change| change.field == rules::Field::AccountReference)
    };
    Precondition::ALL
        .into_iter()
        .map(|precondition| {
            let of = match precondition {
                Precondition::RightGroup => contacts().filter(is_decided).count(),
                Precondition::LinkedOrLinkable => contacts().filter(takes_part).count(),
                Precondition::MatchingReference => contacts().filter(is_matched).count(),
            };
            let broken = contacts()
                .filter(|planned| breaks(planned, precondition))
                .count();
            let remarks: Vec<String> = match precondition {
                Precondition::RightGroup => Vec::new(),
                Precondition::LinkedOrLinkable => [
                    (links, "not linked yet, but can be"),
                    (creates, "not in Xero yet, to be created as authorised"),
                ]
                .into_iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, what)| format!("{what}: {count}"))
                .collect(),
                Precondition::MatchingReference => {
                    let filled = contacts().filter(is_filled).count();
                    let remark = format!("blank on one side, to be filled in: {filled}");
                    (filled > 0).then_some(remark).into_iter().collect()
                }
            };
            Standing {
                precondition,
                sentence: precondition.sentence(),
                good: of.saturating_sub(broken),
                of,
                remark: remarks.join("; "),
            }
        })
        .collect()
}

/// The groups that mix account customers and site contacts, with what does not belong there.
#[must_use]
pub fn mixed_groups(result: &DryRunResult, names: &BTreeMap<GroupId, String>) -> Vec<Mixed> {
    let mut strays: BTreeMap<String, Vec<Stray>> = BTreeMap::new();
    for planned in result.contacts.values() {
        let Some(held) = &planned.problem else {
            continue;
        };
        let (Problem::ParentInSiteGroup { group }
        | Problem::SiteContactInAccountGroup { group, .. }) = &held.problem
        else {
            continue;
        };
        let group = group.map_or_else(|| "no group".to_owned(), |id| group_name(id, names));
        strays.entry(group).or_default().push(Stray {
            id: planned.id.to_string(),
            name: planned.name(),
            sentence: held.sentence.clone(),
        });
    }
    let mixed = strays
        .into_iter()
        .map(|(group, strays)| Mixed { group, strays });
    mixed.collect()
}
