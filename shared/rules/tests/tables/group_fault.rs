//! Contact groups that cannot be read.

use rules::{GroupFault, MayGenerate, Problem, ReferencesKnown, may_generate};

use crate::support::*;

#[test]
#[rustfmt::skip] // a table: one row, one line
fn every_fault_of_a_group_names_the_group_and_a_cure() {
    for (fault, lasts, says, cure) in [
        (GroupFault::NoRight,     true,  "no right",               "the right to see this contact group"),
        (GroupFault::NoSuchGroup, true,  "no such group",          "AccountGroupIds and SiteGroupIds"),
        (GroupFault::Refused,     true,  "refuses it",             "support"),
        (GroupFault::Unreadable,  true,  "not of the documented",  "support"),
        (GroupFault::TooLarge,    true,  "more contacts than",     "smaller contact groups"),
        (GroupFault::NoAnswer,    false, "does not answer for it", "support"),
        (GroupFault::Unknown,     false, "does not give it out",   "support"),
    ] {
        assert_eq!(fault.is_lasting(), lasts, "{fault:?}");
        let sentence = fault.sentence(group_id(10));
        assert!(sentence.contains("contact group 10") && sentence.contains(says), "{sentence}");
        assert!(fault.cure().contains(cure), "{}", fault.cure());
    }
}

#[test]
fn a_fault_that_a_later_version_stored_reads_as_unknown() {
    let read = |text: &str| serde_json::from_value::<GroupFault>(text.into()).unwrap();
    assert_eq!(read("NoRight"), GroupFault::NoRight);
    assert_eq!(read("Eclipsed"), GroupFault::Unknown);
}

#[test]
fn a_reference_is_generated_only_when_every_group_was_read_once() {
    let groups = vec![group_id(10), group_id(20)];
    for (known, expected) in [
        (ReferencesKnown::All, MayGenerate::Yes),
        (ReferencesKnown::NotYet, MayGenerate::Later),
        (
            ReferencesKnown::WithoutGroups(groups.clone()),
            MayGenerate::No(Problem::NoAccountReference {
                unread_groups: groups,
            }),
        ),
    ] {
        assert_eq!(may_generate(&known), expected);
    }
}
