//! `samconfig.toml`: settings that `sam deploy --guided` saved there would undo what was set since,
//! at every later deployment. Left out of it, SAM keeps the stack's own values.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

const FILE: &str = "samconfig.toml";
/// This one says something about new stacks only.
const HARMLESS: &str = "SyncEnabled";

/// What the file in the current folder would change in the stack at the next `sam deploy`, a line
/// for each of its environments. None where there is no file that can be read.
#[must_use]
pub fn reverts(stack: &str, deployed: &BTreeMap<String, String>) -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    warnings(&text, stack, deployed)
}

fn warnings(text: &str, stack: &str, deployed: &BTreeMap<String, String>) -> Vec<String> {
    let Ok(file) = text.parse::<Table>() else {
        return Vec::new();
    };
    let environments = file.iter().filter_map(|(environment, commands)| {
        // What stands under deploy comes before what is for all commands.
        let of = |name: &str| {
            ["deploy", "global"].into_iter().find_map(|command| {
                commands.get(command)?.get("parameters")?.get(name)
            })
        };
        let is_other = of("stack_name")
            .and_then(Value::as_str)
            .is_some_and(|name| name != stack);
        let overrides = of("parameter_overrides").filter(|_| !is_other)?;
        let changes: Vec<String> = parameters(overrides)
            .into_iter()
            .filter(|(key, _)| key != HARMLESS)
            .filter_map(|(key, value)| {
                let before = deployed.get(&key)?;
                (*before != value).then(|| format!("{key} from {before:?} to {value:?}"))
            })
            .collect();
        (!changes.is_empty()).then(|| {
            format!(
                "the next sam deploy from this folder would set {}: remove parameter_overrides from {FILE} (environment {environment}), and SAM keeps the stack's own values",
                changes.join(", ")
            )
        })
    });
    environments.collect()
}

/// The parameters of an override, in any of the forms that SAM takes: one text or a list of
/// texts, each with `Key=Value` or `ParameterKey=Key,ParameterValue=Value`, values in quotes or
/// not.
fn parameters(overrides: &Value) -> Vec<(String, String)> {
    let texts: Vec<&str> = match overrides {
        Value::String(text) => vec![text],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words = texts.into_iter().flat_map(words);
    let pairs = words.filter_map(|word| {
        if let Some(long) = word.strip_prefix("ParameterKey=") {
            let (key, value) = long.split_once(",ParameterValue=")?;
            return Some((key.to_owned(), value.to_owned()));
        }
        let (key, value) = word.split_once('=')?;
        Some((key.to_owned(), value.to_owned()))
    });
    pairs.collect()
}

/// The words of a text, as a shell splits them: quotes keep spaces, a backslash keeps a quote.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = None::<String>;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (_, '\\') => word.get_or_insert_default().extend(characters.next()),
            (Some(open), _) if character == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, _) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployed() -> BTreeMap<String, String> {
        let values = [
            ("AccountGroupIds", "101,102"),
            ("AlarmEmail", ""),
            ("CreateInXero", "true"),
            ("SyncEnabled", "true"),
        ];
        values
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    }

    fn told(overrides: &str) -> Vec<String> {
        let text = format!(
            "version = 0.1\n[default.deploy.parameters]\nstack_name = \"contact-sync\"\ncapabilities = \"CAPABILITY_IAM\"\nparameter_overrides = {overrides}\n"
        );
        warnings(&text, "contact-sync", &deployed())
    }

    #[test]
    fn overrides_that_would_change_the_stack_are_told_in_every_form() {
        for overrides in [
            r#""AccountGroupIds=\"101,102\" CreateInXero=\"false\" SyncEnabled=\"false\"""#,
            r#""CreateInXero=false""#,
            r#"["AccountGroupIds=101,102", "CreateInXero=false"]"#,
            r#""ParameterKey=CreateInXero,ParameterValue=false""#,
            r#"'CreateInXero="false"'"#,
        ] {
            let told = told(overrides);
            assert_eq!(told.len(), 1, "{overrides}: {told:?}");
            assert!(
                told.iter().all(
                    |line| line.contains("CreateInXero from \"true\" to \"false\":")
                        && line.contains("environment default")
                ),
                "{overrides}: {told:?}"
            );
        }
    }

    #[test]
    fn what_changes_nothing_is_not_told() {
        for overrides in [
            r#""AccountGroupIds=101,102 CreateInXero=true""#,
            r#""SyncEnabled=false""#,
            r#""NoSuchParameter=1 AlarmEmail=\"\"""#,
            "[]",
            "7",
        ] {
            assert!(told(overrides).is_empty(), "{overrides}");
        }
    }

    #[test]
    fn files_of_other_stacks_or_of_any_other_form_say_nothing() {
        let other = "[default.deploy.parameters]\nstack_name = \"other\"\nparameter_overrides = \"CreateInXero=false\"\n";
        for text in [other, "", "default = 7", "[[[", "[default]\ndeploy = [1]"] {
            assert!(
                warnings(text, "contact-sync", &deployed()).is_empty(),
                "{text}"
            );
        }
        let everywhere = "[prod.global.parameters]\nparameter_overrides = \"CreateInXero=false\"\n";
        assert_eq!(warnings(everywhere, "contact-sync", &deployed()).len(), 1);
    }
}
