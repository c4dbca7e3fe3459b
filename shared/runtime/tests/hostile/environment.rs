//! Environment variables.

use std::collections::BTreeMap;

use proptest::prelude::*;
use runtime::{Configuration, ConfigurationError};

use crate::MARK;

/// Every variable that is read, with a value that it takes.
const VARIABLES: [(&str, &str); 18] = [
    ("SYNC_SOURCE", "bigchange"),
    ("ACCOUNT_GROUP_IDS", "10,11"),
    ("SITE_GROUP_IDS", "20"),
    ("GENERATE_ACCOUNT_REF", "true"),
    ("CREATE_IN_XERO", "false"),
    ("MATCH_BY_NAME", "TRUE"),
    ("UPDATE_IN_XERO", "false"),
    ("HOLD_LIKELY_DUPLICATES", "false"),
    ("TABLE_NAME", "table"),
    ("SYNC_QUEUE_URL", "https://queue.example/1/sync"),
    ("SYNC_DEAD_LETTER_QUEUE_URL", "https://queue.example/1/dead"),
    ("BIGCHANGE_SECRET_ID", "bigchange"),
    ("XERO_APP_SECRET_ID", "xero-app"),
    ("XERO_TOKEN_SECRET_ID", "xero-token"),
    ("BIGCHANGE_URL", "https://bigchange.example/services.ashx"),
    ("XERO_API_URL", "http://localhost:4010"),
    ("XERO_IDENTITY_URL", "http://[::1]/"),
    ("MAX_RECEIVE_COUNT", "5"),
];

/// What a person, a script or a mistaken template may leave there.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        any::<String>().prop_map(|text| format!("{text}{MARK}{text}")),
        "[ \t\r\n\u{feff}\u{2028}]{0,5}(zqmark)?[\r\n]{0,2}",
        "[0-9, ;-]{0,40}",
        "-?[0-9]{1,40}(\\.[0-9]+)?",
        "(https?|ftp|file|data|javascript)://?(zqmark:zqmark@)?[a-z.\\[\\]:0-9]{0,20}(:[0-9]{0,7})?/zqmark?.{0,5}",
        "(http|https):.{0,30}",
        Just(MARK.repeat(2_000)),
    ]
}

/// Most of them as they should be, so that reading comes as far as the others.
fn any_environment() -> impl Strategy<Value = BTreeMap<&'static str, String>> {
    let variables: Vec<_> = VARIABLES
        .into_iter()
        .map(|(variable, good)| {
            let value = prop_oneof![
                20 => Just(Some(good.to_owned())),
                1 => Just(None),
                2 => any_text().prop_map(Some),
            ];
            value.prop_map(move |value| (variable, value))
        })
        .collect();
    variables.prop_map(|variables| {
        variables
            .into_iter()
            .filter_map(|(variable, value)| Some((variable, value?)))
            .collect()
    })
}

fn named(error: &ConfigurationError) -> &'static str {
    match error {
        ConfigurationError::Setting(setting) => setting.variable,
        ConfigurationError::Variable { variable, .. } => variable,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_environment_is_read_or_refused_in_one_line_that_names_the_variable(
        environment in any_environment()
    ) {
        let read = Configuration::read(|variable| environment.get(variable).cloned());
        let Err(error) = read else { return Ok(()) };
        let line = error.to_string();
        prop_assert!(!line.contains(|c: char| c.is_control() || "\u{2028}\u{2029}".contains(c)), "{line:?}");
        let variable = named(&error);
        prop_assert!(line.contains(variable), "{line}");
        let (_, good) = VARIABLES.into_iter().find(|(known, _)| *known == variable).unwrap();
        prop_assert_ne!(environment.get(variable).map(String::as_str), Some(good));
        // A setting is no secret, and its value is shown where it is wrong. Names and addresses may
        // hold one.
        if let ConfigurationError::Variable { .. } = error {
            let told = format!("{line} {error:?}");
            prop_assert!(!told.contains(MARK), "{told}");
        }
    }

    #[test]
    fn credentials_are_sent_unencrypted_to_this_machine_only(
        address in "(http|https|HTTP|ftp|ws|file)://(user:key@)?(localhost|127.0.0.1|127.1|2130706433|0x7f.1|\\[::1\\]|\\[::ffff:127.0.0.1\\]|0.0.0.0|10.0.0.1|localhost.example|example.com|xn--nxasmq6b)(:[0-9]{1,5})?(/[a-z]{0,5})?"
    ) {
        for variable in ["BIGCHANGE_URL", "XERO_API_URL", "XERO_IDENTITY_URL"] {
            let read = Configuration::read(|name| {
                let (_, good) = VARIABLES.into_iter().find(|(known, _)| *known == name)?;
                Some(if name == variable { address.clone() } else { good.to_owned() })
            });
            let Ok(read) = read else { continue };
            for url in [read.bigchange_url, read.xero_api_url, read.xero_identity_url] {
                let host = url.host_str().unwrap();
                // All of 127.0.0.0/8 is this machine (RFC 1122, 3.2.1.3), and there are many ways
                // to write such an address.
                let is_here = ["localhost", "[::1]"].contains(&host)
                    || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.octets()[0] == 127);
                prop_assert!(url.scheme() == "https" || is_here, "{url}");
            }
        }
    }
}

#[test]
fn the_values_that_every_variable_takes_are_taken() {
    let read = |left_out: &str| {
        Configuration::read(|name| {
            let (_, good) = VARIABLES.into_iter().find(|(known, _)| *known == name)?;
            (name != left_out).then(|| good.to_owned())
        })
    };
    assert!(read("").is_ok());
    let required: Vec<&str> = VARIABLES
        .into_iter()
        .map(|(variable, _)| variable)
        .filter(|variable| read(variable).is_err())
        .collect();
    let expected = [
        "ACCOUNT_GROUP_IDS",
        "TABLE_NAME",
        "SYNC_QUEUE_URL",
        "SYNC_DEAD_LETTER_QUEUE_URL",
        "BIGCHANGE_SECRET_ID",
        "XERO_APP_SECRET_ID",
        "XERO_TOKEN_SECRET_ID",
    ];
    assert_eq!(required, expected);
    for variable in required {
        let error = read(variable).unwrap_err();
        assert_eq!(named(&error), variable);
        assert!(error.to_string().contains("is missing"), "{error}");
    }
}
