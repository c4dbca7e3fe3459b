//! `set`: other settings for the deployed stack, all others as they are.

use std::collections::BTreeMap;

use anyhow::bail;
use rules::GroupId;
use serde_json::json;

use crate::ExitStatus;
use crate::args::SetArguments;
use crate::groups;
use crate::samconfig;
use crate::setting_values;
use crate::tool::Tool;
use crate::ui::one_line;

/// What cannot be set without more than a parameter, and what to do instead.
const ELSEWHERE: [(&str, &str); 2] = [
    (
        "SyncEnabled",
        "it only says how the switch of a new stack stands: contact-sync enable and disable turn it",
    ),
    (
        "Architecture",
        "the functions must be built for it: make build ARCH=…, then sam deploy --parameter-overrides Architecture=…",
    ),
];

/// Runs it.
///
/// # Errors
/// Where a setting or its value is none, CloudFormation refuses, or nobody confirms.
pub async fn run(tool: &Tool, arguments: &SetArguments) -> anyhow::Result<ExitStatus> {
    let deployed = &tool.deployment.parameters;
    let wanted = read(&arguments.settings, deployed)?;
    let changes: BTreeMap<String, String> = wanted
        .into_iter()
        .map(|(key, value)| {
            let before = deployed.get(&key).map_or("", String::as_str);
            let value = setting_values::spelled(&key, &value, before);
            (key, value)
        })
        .filter(|(key, value)| deployed.get(key) != Some(value))
        .collect();
    if changes.is_empty() {
        tool.ui
            .tell("Nothing to change: the stack has these values already.");
        if tool.ui.json {
            tool.ui.say_json(&json!({ "changed": {} }))?;
        }
        return Ok(ExitStatus::Success);
    }
    // As the functions will read them: a bad value would stop them at their start.
    let mut after = deployed.clone();
    after.extend(changes.clone());
    let read = tool.deployment.configuration_with(&after);
    read.map_err(setting_values::plainly)?;
    setting_values::check(&changes)?;
    let names_groups = |key: &String| key.ends_with("GroupIds");
    if changes.keys().any(names_groups) {
        refuse_unknown_groups(tool, &after).await?;
    }
    for (key, value) in &changes {
        let before = deployed.get(key).map_or("", String::as_str);
        tool.ui
            .tell(format!("{key}: {} → {}", shown(before), shown(value)));
    }
    let question = format!("Change the stack {}?", tool.deployment.name);
    if !arguments.confirm.yes && !tool.ui.confirm(&question, "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let spinner = tool
        .ui
        .spinner(format!("Updating the stack {}", tool.deployment.name));
    let updated = tool.deployment.set(&changes).await;
    spinner.finish_and_clear();
    updated?;
    for warning in samconfig::reverts(&tool.deployment.name, &after) {
        tool.ui.tell(warning);
    }
    for line in setting_values::to_confirm(&changes) {
        tool.ui.tell(line);
    }
    if tool.ui.json {
        tool.ui.say_json(&json!({ "changed": changes }))?;
    } else {
        tool.ui
            .say(format!("The stack {} is updated.", tool.deployment.name))?;
    }
    Ok(ExitStatus::Success)
}

/// A group that does not exist would be read in vain every minute. Where BigChange cannot be asked,
/// the functions will tell.
async fn refuse_unknown_groups(
    tool: &Tool,
    after: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let Ok(bigchange) = tool.real_parts().bigchange().await else {
        return Ok(());
    };
    let Ok(groups) = bigchange.groups().await else {
        return Ok(());
    };
    let settings = tool.deployment.configuration_with(after)?.settings;
    let wanted = settings.account_groups.iter().chain(&settings.site_groups);
    let is_unknown = |id: &&GroupId| !groups.iter().any(|group| group.id == **id);
    let unknown: Vec<String> = wanted.filter(is_unknown).map(ToString::to_string).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    bail!(
        "nothing was changed: BigChange has no contact group {}; {}",
        unknown.join(", "),
        groups::listed(&groups)
    )
}

fn shown(value: &str) -> String {
    if value.is_empty() {
        "(empty)".to_owned()
    } else {
        one_line(value)
    }
}

/// Reads `KEY=VALUE` against the parameters that the stack has.
fn read(
    settings: &[String],
    deployed: &BTreeMap<String, String>,
) -> anyhow::Result<BTreeMap<String, String>> {
    let mut wanted = BTreeMap::new();
    for setting in settings {
        let Some((key, value)) = setting.split_once('=') else {
            bail!("{setting:?} is no KEY=VALUE, for instance CreateInXero=true");
        };
        let key = key.trim();
        if let Some((_, instead)) = ELSEWHERE.iter().find(|(name, _)| *name == key) {
            bail!("{key} is not set here: {instead}");
        }
        if !deployed.contains_key(key) {
            let known: Vec<&str> = deployed.keys().map(String::as_str).collect();
            bail!(
                "the stack has no setting {key:?}; it has {}",
                known.join(", ")
            );
        }
        let value = value.trim().to_owned();
        if wanted.insert(key.to_owned(), value).is_some() {
            bail!("{key} is given twice");
        }
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn deployed() -> BTreeMap<String, String> {
        let keys = [
            "AccountGroupIds",
            "Architecture",
            "CreateInXero",
            "SyncEnabled",
        ];
        keys.map(|key| (key.to_owned(), String::new())).into()
    }

    fn read_all(settings: &[&str]) -> anyhow::Result<BTreeMap<String, String>> {
        let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
        read(&settings, &deployed())
    }

    #[test]
    fn settings_are_read_with_whatever_their_value_holds() {
        let read = read_all(&["CreateInXero=true", " AccountGroupIds = 101,102=3 "]).unwrap();
        assert_eq!(read["CreateInXero"], "true");
        assert_eq!(read["AccountGroupIds"], "101,102=3");
        assert_eq!(read_all(&["CreateInXero="]).unwrap()["CreateInXero"], "");
    }

    #[test]
    fn what_is_no_setting_is_refused_with_what_to_do() {
        for (settings, says) in [
            (&["CreateInXero"][..], "KEY=VALUE"),
            (&["createInXero=true"], "it has AccountGroupIds, "),
            (&["CreateInXero=true", "CreateInXero=false"], "twice"),
            (&["SyncEnabled=true"], "contact-sync enable"),
            (&["Architecture=arm64"], "make build"),
        ] {
            let error = read_all(settings).unwrap_err().to_string();
            assert!(error.contains(says), "{settings:?}: {error}");
        }
    }
}
