//! The settings, good and bad.

use rules::{NoteTypeId, OnConflict, PeopleSettings, Settings};

use crate::support::{group_id, settings};

const GROUPS: &str = "BigChange contact group ids, whole numbers above 0 separated by commas (BigChange: Admin Settings → Contacts & notes → Contact groups)";
const SITES: &str = "BigChange contact group ids, whole numbers above 0 separated by commas, none of which is in AccountGroupIds; or nothing";

fn read(set: &[(&str, &str)]) -> Result<Settings, String> {
    Settings::read(|name| {
        let found = set.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| (*value).to_owned())
    })
    .map_err(|e| e.to_string())
}

#[test]
fn only_the_account_groups_are_required_and_the_rest_has_defaults() {
    let settings = read(&[("ACCOUNT_GROUP_IDS", "10")]).unwrap();
    assert_eq!(settings.account_groups, [group_id(10)].into());
    assert!(settings.site_groups.is_empty());
    assert!(!settings.generate_account_reference);
    assert!(!settings.create_in_xero);
    assert!(settings.match_by_name);
    assert!(settings.update_in_xero);
    assert!(settings.hold_likely_duplicates);
    assert_eq!(settings.on_conflict, OnConflict::BigChange);
}

#[test]
fn every_setting_can_be_set() {
    let settings = read(&[
        ("SYNC_SOURCE", "bigchange"),
        ("ACCOUNT_GROUP_IDS", " 10, , 11,10, "),
        ("SITE_GROUP_IDS", "20"),
        ("GENERATE_ACCOUNT_REF", "true"),
        ("CREATE_IN_XERO", "TRUE"),
        ("MATCH_BY_NAME", " false "),
        ("UPDATE_IN_XERO", "False"),
        ("HOLD_LIKELY_DUPLICATES", "false"),
        ("ON_CONFLICT", " Hold"),
        ("NOTE_TYPE_ID", "83519 "),
        ("NAMES_IN_DIGEST", "true"),
        ("CONTACT_NAME", " Jane in Accounts "),
    ])
    .unwrap();
    assert_eq!(settings.account_groups, [group_id(10), group_id(11)].into());
    assert_eq!(settings.site_groups, [group_id(20)].into());
    assert!(settings.generate_account_reference);
    assert!(settings.create_in_xero);
    assert!(!settings.match_by_name);
    assert!(!settings.update_in_xero);
    assert!(!settings.hold_likely_duplicates);
    assert_eq!(settings.on_conflict, OnConflict::Hold);
    assert_eq!(settings.people.note_type.map(NoteTypeId::get), Some(83_519));
    assert!(settings.people.names_in_digest);
    assert_eq!(settings.people.contact_name, "Jane in Accounts");
    // Who is told changes nothing about what is decided.
    let silent = Settings {
        people: PeopleSettings::default(),
        ..settings.clone()
    };
    assert_eq!(silent.fingerprint(), settings.fingerprint());
}

#[test]
fn a_note_type_or_a_name_that_cannot_be_one_is_refused() {
    for (variable, value) in [
        ("NOTE_TYPE_ID", "0"),
        ("NOTE_TYPE_ID", "Contact sync"),
        ("CONTACT_NAME", "Jane\nin Accounts"),
        ("CONTACT_NAME", "x".repeat(101).as_str()),
    ] {
        let refused = read(&[("ACCOUNT_GROUP_IDS", "10"), (variable, value)]).unwrap_err();
        assert!(refused.contains(variable), "{refused}");
    }
}

#[test]
fn a_blank_setting_is_as_good_as_none() {
    let blank = [
        ("SYNC_SOURCE", ""),
        ("ACCOUNT_GROUP_IDS", "10"),
        ("SITE_GROUP_IDS", "  "),
        ("GENERATE_ACCOUNT_REF", ""),
        ("CREATE_IN_XERO", " "),
        ("MATCH_BY_NAME", ""),
        ("UPDATE_IN_XERO", ""),
        ("HOLD_LIKELY_DUPLICATES", ""),
        ("ON_CONFLICT", " "),
    ];
    assert_eq!(read(&blank), read(&[("ACCOUNT_GROUP_IDS", "10")]));
}

#[test]
#[rustfmt::skip] // a table: one row, one line
fn a_bad_value_is_one_line_that_names_the_setting_and_what_it_takes() {
    let rows: [(&str, &str, String); 22] = [
        ("SYNC_SOURCE", "xero", "setting SYNC_SOURCE (template parameter SyncSource) is \"xero\", and entries made in Xero cannot be the source yet: it takes bigchange".into()),
        ("SYNC_SOURCE", "sage", "setting SYNC_SOURCE (template parameter SyncSource) is \"sage\": it takes bigchange".into()),
        ("SYNC_SOURCE", "a\nb", "setting SYNC_SOURCE (template parameter SyncSource) is \"a\\nb\": it takes bigchange".into()),
        ("ACCOUNT_GROUP_IDS", "", format!("setting ACCOUNT_GROUP_IDS (template parameter AccountGroupIds) is missing: it takes {GROUPS}")),
        ("ACCOUNT_GROUP_IDS", " , ", format!("setting ACCOUNT_GROUP_IDS (template parameter AccountGroupIds) is missing: it takes {GROUPS}")),
        ("ACCOUNT_GROUP_IDS", "10, customers", format!("setting ACCOUNT_GROUP_IDS (template parameter AccountGroupIds) holds \"customers\": it takes {GROUPS}")),
        ("ACCOUNT_GROUP_IDS", "0", format!("setting ACCOUNT_GROUP_IDS (template parameter AccountGroupIds) holds \"0\": it takes {GROUPS}")),
        ("ACCOUNT_GROUP_IDS", "-3", format!("setting ACCOUNT_GROUP_IDS (template parameter AccountGroupIds) holds \"-3\": it takes {GROUPS}")),
        ("ACCOUNT_GROUP_IDS", "10;11", format!("setting ACCOUNT_GROUP_IDS (template parameter AccountGroupIds) holds \"10;11\": it takes {GROUPS}")),
        ("ACCOUNT_GROUP_IDS", "1.5", format!("setting ACCOUNT_GROUP_IDS (template parameter AccountGroupIds) holds \"1.5\": it takes {GROUPS}")),
        ("ACCOUNT_GROUP_IDS", "99999999999999999999", format!("setting ACCOUNT_GROUP_IDS (template parameter AccountGroupIds) holds \"99999999999999999999\": it takes {GROUPS}")),
        ("ACCOUNT_GROUP_IDS", "1\n2", format!("setting ACCOUNT_GROUP_IDS (template parameter AccountGroupIds) holds \"1\\n2\": it takes {GROUPS}")),
        ("SITE_GROUP_IDS", "sites", format!("setting SITE_GROUP_IDS (template parameter SiteGroupIds) holds \"sites\": it takes {SITES}")),
        ("SITE_GROUP_IDS", "20,0", format!("setting SITE_GROUP_IDS (template parameter SiteGroupIds) holds \"0\": it takes {SITES}")),
        ("SITE_GROUP_IDS", "20, 10", format!("setting SITE_GROUP_IDS (template parameter SiteGroupIds) names group 10, which is in AccountGroupIds too: it takes {SITES}")),
        ("GENERATE_ACCOUNT_REF", "yes", "setting GENERATE_ACCOUNT_REF (template parameter GenerateAccountRef) is \"yes\": it takes true or false".into()),
        ("CREATE_IN_XERO", "1", "setting CREATE_IN_XERO (template parameter CreateInXero) is \"1\": it takes true or false".into()),
        ("MATCH_BY_NAME", "on", "setting MATCH_BY_NAME (template parameter MatchByName) is \"on\": it takes true or false".into()),
        ("ON_CONFLICT", "xero", "setting ON_CONFLICT (template parameter OnConflict) is \"xero\": it takes bigchange or hold".into()),
        ("HOLD_LIKELY_DUPLICATES", "off", "setting HOLD_LIKELY_DUPLICATES (template parameter HoldLikelyDuplicates) is \"off\": it takes true or false".into()),
        ("UPDATE_IN_XERO", "tru", "setting UPDATE_IN_XERO (template parameter UpdateInXero) is \"tru\": it takes true or false".into()),
        ("UPDATE_IN_XERO", "no\nway", "setting UPDATE_IN_XERO (template parameter UpdateInXero) is \"no\\nway\": it takes true or false".into()),
    ];
    for (variable, value, message) in rows {
        let said = read(&[(variable, value), ("ACCOUNT_GROUP_IDS", "10")]).unwrap_err();
        assert_eq!(said, message);
        assert!(!said.contains('\n'), "more than one line: {said}");
    }
    assert!(read(&[]).unwrap_err().contains("ACCOUNT_GROUP_IDS"));
}

#[test]
fn the_fingerprint_changes_with_any_setting() {
    let plain = settings(&[]);
    let others = [
        ("ACCOUNT_GROUP_IDS", "10,11"),
        ("SITE_GROUP_IDS", "20,21"),
        ("GENERATE_ACCOUNT_REF", "true"),
        ("CREATE_IN_XERO", "true"),
        ("MATCH_BY_NAME", "false"),
        ("UPDATE_IN_XERO", "false"),
        ("HOLD_LIKELY_DUPLICATES", "false"),
        ("ON_CONFLICT", "hold"),
    ];
    assert_eq!(plain.fingerprint(), settings(&[]).fingerprint());
    for other in others {
        let changed = settings(&[other]);
        assert_ne!(plain.fingerprint(), changed.fingerprint(), "{other:?}");
        assert_eq!(
            plain.groups_fingerprint() != changed.groups_fingerprint(),
            other.0.ends_with("GROUP_IDS"),
            "{other:?}"
        );
    }
}
