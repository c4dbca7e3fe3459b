//! The switch: what is worked while it is on and while it is off, and who asked.

use rules::{AskedBy, Switch};
use serde_json::json;

use crate::support::settings;

#[test]
fn while_it_is_off_only_a_persons_work_goes_through() {
    for (switch, asked_by, goes_through) in [
        (Switch::On, AskedBy::Schedule, true),
        (Switch::On, AskedBy::Person, true),
        (Switch::Off, AskedBy::Schedule, false),
        (Switch::Off, AskedBy::Person, true),
    ] {
        assert_eq!(
            switch.lets_through(asked_by),
            goes_through,
            "{switch:?} {asked_by:?}"
        );
    }
}

#[test]
fn nobody_has_touched_it_it_stands_as_sync_enabled_says() {
    for (set, position) in [
        (&[][..], Switch::Off),
        (&[("SYNC_ENABLED", "false")], Switch::Off),
        (&[("SYNC_ENABLED", "true")], Switch::On),
    ] {
        let settings = settings(set);
        assert_eq!(
            Switch::untouched(settings.sync_enabled),
            position,
            "{set:?}"
        );
    }
}

#[test]
fn it_is_no_setting_by_which_contacts_are_decided_so_it_starts_no_sweep() {
    let on = settings(&[("SYNC_ENABLED", "true")]);
    let off = settings(&[]);
    assert_eq!(on.fingerprint(), off.fingerprint());
    assert_eq!(on.groups_fingerprint(), off.groups_fingerprint());
}

#[test]
fn who_asked_is_read_from_any_value_and_a_person_only_from_its_own_word() {
    for (written, asked_by) in [
        (json!("person"), AskedBy::Person),
        (json!("schedule"), AskedBy::Schedule),
        (json!("Person"), AskedBy::Schedule),
        (json!("somebody new"), AskedBy::Schedule),
        (json!(null), AskedBy::Schedule),
        (json!(true), AskedBy::Schedule),
        (json!(7), AskedBy::Schedule),
        (json!(-7), AskedBy::Schedule),
        (json!(0.5), AskedBy::Schedule),
        (json!(["person"]), AskedBy::Schedule),
        (json!({"person": {"by": [1]}}), AskedBy::Schedule),
    ] {
        let text = written.to_string();
        let read: AskedBy = serde_json::from_str(&text).unwrap();
        assert_eq!(read, asked_by, "{text}");
        let read: AskedBy = serde_json::from_value(written).unwrap();
        assert_eq!(read, asked_by, "{text}");
    }
}

#[test]
fn who_asked_is_read_as_it_was_written_and_a_person_counts_for_more() {
    for asked_by in [AskedBy::Schedule, AskedBy::Person] {
        let written = serde_json::to_value(asked_by).unwrap();
        assert_eq!(
            serde_json::from_value::<AskedBy>(written).unwrap(),
            asked_by
        );
    }
    assert_eq!(json!(AskedBy::Person), "person");
    assert_eq!(AskedBy::Schedule.max(AskedBy::Person), AskedBy::Person);
    assert!(AskedBy::Schedule.is_schedule());
    assert!(!AskedBy::Person.is_schedule());
}
