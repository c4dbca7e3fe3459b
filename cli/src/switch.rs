//! `enable` and `disable`: the switch, which is a record of the table, so that no deployment can
//! reset it.

use anyhow::{Context as _, bail};
use rules::Switch;
use serde_json::json;
use store::TableError;
use time::OffsetDateTime;

use crate::args::Confirm;
use crate::tool::Tool;
use crate::{ExitStatus, plan};

/// Runs it.
///
/// # Errors
/// Where the two systems are not connected yet, the table cannot be written, or nobody confirms.
pub async fn run(tool: &Tool, wanted: Switch, confirm: Confirm) -> anyhow::Result<ExitStatus> {
    let name = &tool.deployment.name;
    let enable = wanted == Switch::On;
    let state = if enable { "on" } else { "off" };
    let records = tool.records().await?;
    let (position, since) = tool.switch(&records).await?;
    // One that nobody has touched is written all the same: then it is a person's word.
    if position == wanted && since.is_some() {
        if tool.ui.json {
            tool.ui
                .say_json(&json!({"enabled": enable, "changed": false}))?;
        } else {
            tool.ui
                .say(format!("The synchronisation of {name} is {state} already."))?;
        }
        return Ok(ExitStatus::Success);
    }
    if !confirm.yes && !tool.ui.can_ask() {
        bail!("nobody can be asked here: give --yes to say yes beforehand");
    }
    tool.check_clock().await?;
    if enable {
        if let Some(changed) = tool.organisation_changed().await? {
            bail!(changed);
        }
        ready(tool).await?;
        let settings = &tool.configuration.settings;
        tool.ui.tell(format!(
            "Once on, everything runs by itself: a full sweep first, then a poll a minute and a full sweep a day. Creating contacts in Xero is {}, generating account references is {}.",
            on_or_off(settings.create_in_xero),
            on_or_off(settings.generate_account_reference)
        ));
        if !confirm.yes {
            for line in plan::in_short(tool).await? {
                tool.ui.tell(line);
            }
            tool.ui.tell("Contact by contact: contact-sync plan");
        }
    } else {
        tool.ui.tell(
            "Once off, no change reaches Xero by itself. Nothing is lost: what is queued waits until it is on again, and the connection is kept alive. What a person asks for (sync, retry, link) is still worked.",
        );
    }
    let question = format!("Switch the synchronisation of {name} {state}?");
    if !confirm.yes && !tool.ui.confirm(&question, "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let now = OffsetDateTime::now_utc();
    let turned = if enable {
        poll::enable(&records, now).await
    } else {
        poll::disable(&records, now).await
    };
    match turned {
        Ok(()) => {}
        Err(TableError::Conflict) => bail!(
            "somebody else has just turned the switch: contact-sync status shows how it stands"
        ),
        Err(error) => return Err(error).context("the switch could not be turned"),
    }
    if tool.ui.json {
        tool.ui
            .say_json(&json!({"enabled": enable, "changed": true}))?;
    } else if enable {
        tool.ui.say(format!(
            "The synchronisation of {name} is on. The next poll, within a minute, begins the full sweep: contact-sync status shows how it stands."
        ))?;
    } else {
        tool.ui.say(format!(
            "The synchronisation of {name} is off. What the functions have begun is worked to its end, in two minutes at most."
        ))?;
    }
    Ok(ExitStatus::Success)
}

fn on_or_off(value: bool) -> &'static str {
    if value { "on" } else { "off" }
}

/// Switched on without both connections, it would only raise alarms.
async fn ready(tool: &Tool) -> anyhow::Result<()> {
    let token = tool.token().await?;
    if token.access_token.is_none() && token.refresh_token.is_none() {
        bail!("no Xero organisation is connected yet: contact-sync connect xero");
    }
    match tool.real_parts().bigchange().await {
        Ok(_) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
