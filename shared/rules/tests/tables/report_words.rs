//! Problems in the words of a reader who has no terminal.

use std::collections::BTreeMap;

use rules::Problem;

use crate::problems::every_problem;
use crate::support::{contact_id, group_id, reference};

/// The parameters of the template by which contacts are decided.
const PARAMETERS: [&str; 9] = [
    "AccountGroupIds",
    "SiteGroupIds",
    "GenerateAccountRef",
    "CreateInXero",
    "MatchByName",
    "UpdateInXero",
    "HoldLikelyDuplicates",
    "OnConflict",
    "stack parameter",
];

#[test]
fn no_cure_in_words_names_a_parameter_and_each_says_all_else() {
    let mut in_other_words = Vec::new();
    for (code, problem, ..) in every_problem() {
        let words = problem.cure_in_words();
        for parameter in PARAMETERS {
            assert!(!words.contains(parameter), "{code}: {words}");
        }
        if words != problem.cure() {
            in_other_words.push(code);
            assert!(words.contains("whoever runs contact-sync"), "{words}");
        }
    }
    let parameters = [
        "NotInXero",
        "NotInXero",
        "NotInXero",
        "NoAccountReference",
        "NoAccountReference",
    ];
    assert_eq!(in_other_words, parameters);
    for (problem, parts) in [
        (
            Problem::NotInXero {
                reference: Some(reference("A-1")),
                candidates: Vec::new(),
            },
            ["with this account number", "create contacts."],
        ),
        (
            Problem::NotInXero {
                reference: None,
                candidates: Vec::new(),
            },
            ["under this name", "create contacts."],
        ),
        (
            Problem::NoAccountReference {
                unread_groups: Vec::new(),
            },
            ["enter one (CRM → Contacts", "generate them."],
        ),
        (
            Problem::NoAccountReference {
                unread_groups: vec![group_id(10)],
            },
            ["right to see", "correct the contact groups"],
        ),
    ] {
        let words = problem.cure_in_words();
        for part in parts {
            assert!(words.contains(part), "{part}: {words}");
        }
    }
}

#[test]
fn groups_are_told_by_their_names_where_those_are_known() {
    let names = BTreeMap::from([
        (group_id(10), "Trade".to_owned()),
        (group_id(20), " ".to_owned()),
    ]);
    let unread = |groups: &[u64]| Problem::NoAccountReference {
        unread_groups: groups.iter().map(|&id| group_id(id)).collect(),
    };
    let parent = |group: Option<u64>| Problem::ParentInSiteGroup {
        group: group.map(group_id),
    };
    for (problem, part) in [
        (unread(&[10]), Some("contact group \"Trade\" (10) cannot")),
        (
            unread(&[10, 20]),
            Some("contact groups \"Trade\" (10), 20 (whose name BigChange does not tell) cannot"),
        ),
        (unread(&[]), None),
        (parent(Some(10)), Some("is in the contact group \"Trade\",")),
        // What the problem's own record says stays: it may know the name.
        (parent(Some(20)), None),
        (parent(Some(30)), None),
        (parent(None), None),
        (
            Problem::SiteContactInAccountGroup {
                parent: contact_id(3),
                group: Some(group_id(10)),
            },
            Some("the contact group \"Trade\""),
        ),
        (Problem::XeroRefusesLookups, None),
    ] {
        let told = problem.sentence_with_groups(contact_id(7), "Acme Ltd", &names);
        match part {
            Some(part) => {
                let told = told.unwrap_or_default();
                assert!(told.contains(part), "{part}: {told}");
                assert!(
                    told.starts_with("\"Acme Ltd\" (BigChange contact 7)"),
                    "{told}"
                );
            }
            None => assert_eq!(told, None, "{problem:?}"),
        }
    }
}
