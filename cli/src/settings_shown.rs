//! The settings that a report was made under, in the words of its reader.

use std::collections::{BTreeMap, BTreeSet};

use rules::{GroupId, OnConflict, Settings};

use crate::report::Setting;

/// The settings, each contact group with its name as far as `names` tells it.
#[must_use]
pub fn settings(settings: &Settings, names: &BTreeMap<GroupId, String>) -> Vec<Setting> {
    let yes = |value: bool| if value { "yes" } else { "no" }.to_owned();
    let likely = if settings.hold_likely_duplicates {
        "held until a person has looked"
    } else {
        "created, with a notice"
    };
    let in_both = match settings.on_conflict {
        OnConflict::BigChange => "BigChange's value is sent, Xero's kept in the history",
        OnConflict::Hold => "held until a person says which value stays",
    };
    [
        ("Account groups", groups(&settings.account_groups, names)),
        ("Site groups", groups(&settings.site_groups, names)),
        ("Create contacts in Xero", yes(settings.create_in_xero)),
        (
            "Generate account ref",
            yes(settings.generate_account_reference),
        ),
        ("Match by name", yes(settings.match_by_name)),
        ("Likely duplicates", likely.to_owned()),
        ("Carry later edits over", yes(settings.update_in_xero)),
        ("Changed in both systems", in_both.to_owned()),
    ]
    .into_iter()
    .map(|(label, value)| Setting {
        label: label.to_owned(),
        value,
    })
    .collect()
}

/// Contact groups by their names, each with its number.
fn groups(groups: &BTreeSet<GroupId>, names: &BTreeMap<GroupId, String>) -> String {
    let named = groups.iter().map(|id| {
        let name = names.get(id).map(|name| name.trim());
        match name.filter(|name| !name.is_empty()) {
            Some(name) => format!("{name} ({id})"),
            None => format!("{id} (its name is not known now)"),
        }
    });
    let named: Vec<String> = named.collect();
    if named.is_empty() {
        "none".to_owned()
    } else {
        named.join(", ")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn groups_have_their_names_and_nothing_is_called_by_its_parameter() {
        let read = Settings::read(|name| (name == "ACCOUNT_GROUP_IDS").then(|| "101,102".into()));
        let names = BTreeMap::from([("101".parse().unwrap(), "Trade accounts".to_owned())]);
        let settings = settings(&read.unwrap(), &names);
        let value_of = |label: &str| {
            let mut settings = settings.iter();
            settings
                .find(|one| one.label == label)
                .unwrap()
                .value
                .clone()
        };
        assert_eq!(
            value_of("Account groups"),
            "Trade accounts (101), 102 (its name is not known now)"
        );
        assert_eq!(value_of("Site groups"), "none");
        assert_eq!(value_of("Create contacts in Xero"), "no");
        assert_eq!(
            value_of("Likely duplicates"),
            "held until a person has looked"
        );
        for Setting { label, value } in &settings {
            for text in [label, value] {
                assert!(!text.contains("InXero") && !text.contains('='), "{text}");
            }
        }
    }
}
