//! What the stack's parameters take, in plain words.

use std::collections::BTreeMap;

use anyhow::{anyhow, bail};
use rules::InvalidSetting;
use runtime::ConfigurationError;

use crate::deployment::parameter_of;
use crate::ui::one_line;

/// A parameter that no function reads, so that only CloudFormation would look at its value.
struct Unread {
    parameter: &'static str,
    is_valid: fn(&str) -> bool,
    takes: &'static str,
}

const UNREAD: [Unread; 4] = [
    Unread {
        parameter: "DigestEmail",
        is_valid: is_address_or_nothing,
        takes: "one email address, or nothing",
    },
    Unread {
        parameter: "AlarmEmail",
        is_valid: is_address_or_nothing,
        takes: "one email address, or nothing",
    },
    Unread {
        parameter: "LogRetentionDays",
        is_valid: |value| LOG_DAYS.contains(&value),
        takes: "7, 14, 30, 60, 90, 180 or 365 days",
    },
    Unread {
        parameter: "ReserveConcurrency",
        is_valid: |value| ["true", "false"].contains(&value),
        takes: "true or false",
    },
];
const LOG_DAYS: [&str; 7] = ["7", "14", "30", "60", "90", "180", "365"];
/// Parameters whose address AWS asks to confirm, with what goes there.
const ADDRESSES: [(&str, &str); 2] = [("DigestEmail", "digest"), ("AlarmEmail", "alarm")];

/// As the template spells it, which knows only `true`, `false`, `bigchange` and `hold`.
#[must_use]
pub(crate) fn spelled(key: &str, value: &str, before: &str) -> String {
    let is_word = ["true", "false"].contains(&before) || key == "OnConflict";
    if is_word {
        value.to_ascii_lowercase()
    } else {
        value.to_owned()
    }
}

/// Refuses values that only CloudFormation would look at.
///
/// # Errors
/// One line that says what the parameter takes.
pub(crate) fn check(changes: &BTreeMap<String, String>) -> anyhow::Result<()> {
    for (key, value) in changes {
        let unread = UNREAD.iter().find(|unread| unread.parameter == key);
        if let Some(unread) = unread.filter(|unread| !(unread.is_valid)(value)) {
            bail!(
                "nothing was changed: {key} is {value:?}: it takes {}",
                unread.takes
            );
        }
    }
    Ok(())
}

/// What is wrong with a value that the functions would not take, by the parameter's name alone.
pub(crate) fn plainly(error: anyhow::Error) -> anyhow::Error {
    let (parameter, wrong, takes) = match error.downcast_ref::<ConfigurationError>() {
        Some(ConfigurationError::Setting(InvalidSetting {
            parameter,
            wrong,
            takes,
            ..
        })) => (*parameter, wrong.as_str(), *takes),
        Some(ConfigurationError::Variable {
            variable,
            wrong,
            takes,
        }) => match parameter_of(variable) {
            Some(parameter) => (parameter, *wrong, *takes),
            None => return error.context("nothing was changed"),
        },
        None => return error.context("nothing was changed"),
    };
    anyhow!("nothing was changed: {parameter} {wrong}: it takes {takes}")
}

/// What an address that was set has still to do.
#[must_use]
pub(crate) fn to_confirm(changes: &BTreeMap<String, String>) -> Vec<String> {
    let new = ADDRESSES.iter().filter_map(|(parameter, what)| {
        let address = changes.get(*parameter).filter(|value| !value.is_empty())?;
        let shown = match *parameter {
            "DigestEmail" => "; contact-sync status tells whether that was done",
            _ => "",
        };
        Some(format!(
            "AWS now sends a mail to {} (from AWS Notifications): no {what} goes there before its link is followed{shown}.",
            one_line(address)
        ))
    });
    new.collect()
}

fn is_address_or_nothing(value: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace());
    let parts = value.split_once('@');
    value.is_empty()
        || parts
            .is_some_and(|(name, domain)| is_part(name) && is_part(domain) && !domain.contains('@'))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const TEMPLATE: &str = include_str!("../../template.yaml");

    fn one(key: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(key.to_owned(), value.to_owned())])
    }

    #[test]
    fn a_value_that_only_cloudformation_would_refuse_is_refused_here() {
        for (key, value, takes) in [
            (
                "DigestEmail",
                "accounts",
                Some("one email address, or nothing"),
            ),
            (
                "DigestEmail",
                "a@b.example, c@d.example",
                Some("one email address"),
            ),
            ("DigestEmail", "a@b@c", Some("one email address")),
            ("DigestEmail", "", None),
            ("AlarmEmail", "a@b.example", None),
            (
                "LogRetentionDays",
                "31",
                Some("7, 14, 30, 60, 90, 180 or 365 days"),
            ),
            ("LogRetentionDays", "90", None),
            ("ReserveConcurrency", "yes", Some("true or false")),
            ("ContactName", "yes", None),
        ] {
            let refused = check(&one(key, value)).err().map(|error| error.to_string());
            assert_eq!(refused.is_some(), takes.is_some(), "{key}={value}");
            let refused = refused.unwrap_or_default();
            assert!(refused.contains(takes.unwrap_or_default()), "{refused}");
        }
        let allowed = format!("AllowedValues: [{}]", LOG_DAYS.join(", "));
        assert!(TEMPLATE.contains(&allowed), "as the template has them");
        for Unread { parameter, .. } in UNREAD {
            assert!(TEMPLATE.contains(&format!("\n  {parameter}:\n")));
        }
    }

    #[test]
    fn a_word_is_spelled_as_the_template_has_it() {
        for (key, value, before, spelling) in [
            ("CreateInXero", "True", "false", "true"),
            ("OnConflict", "Hold", "bigchange", "hold"),
            ("ContactName", "Jane", "", "Jane"),
        ] {
            assert_eq!(spelled(key, value, before), spelling);
        }
    }

    #[test]
    fn an_error_names_the_parameter_and_not_the_variable() {
        for (variable, value, says) in [
            (
                "MATCH_BY_NAME",
                "perhaps",
                "MatchByName is \"perhaps\": it takes true or false",
            ),
            (
                "HISTORY_DAYS",
                "x",
                "HistoryDays is no number from 0 to 3650: it takes days",
            ),
            (
                "ON_CONFLICT",
                "xero",
                "OnConflict is \"xero\": it takes bigchange or hold",
            ),
            (
                "ACCOUNT_GROUP_IDS",
                "10a",
                "AccountGroupIds holds \"10a\": it takes",
            ),
        ] {
            let given = |name: &str| match name {
                name if name == variable => Some(value.to_owned()),
                "ACCOUNT_GROUP_IDS" => Some("101".to_owned()),
                _ => None,
            };
            let error = runtime::Configuration::read(given).unwrap_err();
            let told = plainly(anyhow::Error::from(error).context("the stack is wrong"));
            let told = format!("{told:#}");
            assert!(told.contains(says), "{told}");
            assert!(!told.contains(variable), "{told}");
        }
    }

    #[test]
    fn a_new_address_is_to_be_confirmed() {
        let told = to_confirm(&one("DigestEmail", "a@b.example"));
        assert!(told[0].contains("to a@b.example (from AWS Notifications)"));
        assert!(to_confirm(&one("DigestEmail", "")).is_empty());
        assert!(to_confirm(&one("ContactName", "Jane")).is_empty());
    }
}
