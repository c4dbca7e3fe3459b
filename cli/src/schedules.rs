//! `enable` and `disable`: the schedules.

use anyhow::bail;
use runtime::StartError;
use serde_json::json;

use crate::args::Confirm;
use crate::tool::Tool;
use crate::{Exit, plan};

/// Runs it.
///
/// # Errors
/// Where the stack cannot be updated, or nobody confirms.
pub async fn run(tool: &Tool, enable: bool, confirm: Confirm) -> anyhow::Result<Exit> {
    let name = &tool.deployment.name;
    let state = if enable { "on" } else { "off" };
    if tool.deployment.is_enabled() == enable {
        if tool.ui.json {
            tool.ui
                .say_json(&json!({"enabled": enable, "changed": false}))?;
        } else {
            tool.ui
                .say(format!("The schedules of {name} are {state} already."))?;
        }
        return Ok(Exit::Fine);
    }
    if !confirm.yes && !tool.ui.can_ask() {
        bail!("nobody can be asked here: give --yes to say yes beforehand");
    }
    if enable {
        ready(tool).await?;
        let settings = &tool.configuration.settings;
        tool.ui.tell(format!(
            "Once on, everything runs by itself: a poll a minute, a full sweep a day. Creating contacts in Xero is {}, generating account references is {}.",
            on_or_off(settings.create_in_xero),
            on_or_off(settings.generate_account_reference)
        ));
        if !confirm.yes {
            for line in plan::in_short(tool).await? {
                tool.ui.tell(line);
            }
            tool.ui.tell("Contact by contact: contact-sync plan");
        }
    }
    if !enable {
        tool.ui.tell(
            "Once off, nothing is polled and the Xero token is not renewed: after 60 days without use, Xero ends the connection.",
        );
    }
    let question = format!("Switch the schedules of {name} {state}?");
    if !confirm.yes && !tool.ui.confirm(&question, "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(Exit::Attention);
    }
    let spinner = tool.ui.spinner(format!("Updating the stack {name}"));
    let updated = tool.deployment.set_enabled(enable).await;
    spinner.finish_and_clear();
    updated?;
    if tool.ui.json {
        tool.ui
            .say_json(&json!({"enabled": enable, "changed": true}))?;
    } else {
        tool.ui.say(format!(
            "The schedules of {name} are {state}. Give SyncEnabled={enable} at the next sam deploy too, or it switches them back."
        ))?;
    }
    Ok(Exit::Fine)
}

fn on_or_off(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

/// Schedules without connections would only raise alarms.
async fn ready(tool: &Tool) -> anyhow::Result<()> {
    let token = tool.token().await?;
    if token.access_token.is_none() && token.refresh_token.is_none() {
        bail!("no Xero organisation is connected yet: contact-sync connect xero");
    }
    match tool.real_parts().bigchange().await {
        Ok(_) => Ok(()),
        Err(StartError::Secret(error)) => {
            bail!("BigChange is not connected yet: contact-sync connect bigchange ({error})")
        }
        Err(error) => Err(error.into()),
    }
}
