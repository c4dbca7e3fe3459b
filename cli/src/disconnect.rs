//! `disconnect`: a person ends the connection to Xero, and no alarm rings for it.

use anyhow::{Context as _, bail};
use rules::normalise_spaces;
use runtime::Lease;
use runtime::records::{DeadCause, DeadConnectionRecord, DisconnectionRecord, Records, SINGLETON};
use secrets::{GrantType, XeroAppSecret, XeroTokenSecret};
use serde_json::json;

use crate::ExitStatus;
use crate::args::Confirm;
use crate::time_text::moment;
use crate::tool::Tool;
use crate::ui::one_line;

const DISCONNECTING: &str = "a person began to disconnect it, and Xero has not confirmed that yet: contact-sync disconnect does it again";
/// Kept with the connection that a person ended, and shown by `status`.
const DISCONNECTED: &str = "a person disconnected it; contact-sync connect xero connects it again";
/// A token that is renewed meanwhile is revoked too; the lease keeps that from happening more often.
const ATTEMPTS: usize = 3;

/// Runs it. That nobody uses the connection any more is stored before it is revoked: where it stops
/// in between, the token lives unused until a person runs this again, and no alarm rings. The other
/// way round, the next refresh would find a dead connection, and say so loudly.
///
/// # Errors
/// Where nothing is connected, nobody confirms, or Xero does not answer.
pub async fn run(tool: &Tool, confirm: Confirm) -> anyhow::Result<ExitStatus> {
    let records = tool.records().await?;
    let configuration = &tool.configuration;
    let app = tool
        .vault
        .current(&configuration.xero_app_secret_id)
        .await?;
    let app = XeroAppSecret::parse(&app.value)?;
    if let Some(since) = is_disconnected(tool, &records).await? {
        return told(
            tool,
            &format!("Xero is disconnected already, since {since}."),
        );
    }
    let organisation = tool.organisation().await;
    tool.ui.tell(format!(
        "This disconnects {} from Xero \"{}\": nothing is synchronised any more, and no alarm rings for it. Links and settings stay; contact-sync connect xero connects it again.",
        tool.deployment.name,
        normalise_spaces(&one_line(&organisation))
    ));
    if !confirm.yes && !tool.ui.confirm("Disconnect it?", "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let host = tool.host();
    let (lease, length) = (refresh_token::LEASE, refresh_token::LEASE_LENGTH);
    let lease = Lease::take(records.clone(), lease, length, &host).await?;
    let lease =
        lease.context("the token is being renewed at this moment: try again in a minute")?;
    let ended = end(tool, &records, &app).await;
    lease.give_back().await;
    ended?;
    let after = match app.grant_type {
        GrantType::AuthorizationCode => "Xero has confirmed it.",
        GrantType::ClientCredentials => {
            "A custom connection cannot be revoked from here: remove it at developer.xero.com → My Apps → the app → Connection management."
        }
    };
    told(tool, &format!("Xero is disconnected. {after}"))
}

async fn end(tool: &Tool, records: &Records, app: &XeroAppSecret) -> anyhow::Result<()> {
    let id = &tool.configuration.xero_token_secret_id;
    for _ in 0..ATTEMPTS {
        let current = tool.vault.current(id).await?;
        let token = XeroTokenSecret::parse(&current.value)?;
        note(tool, records, &current.id, false).await?;
        if let Some(refresh_token) = &token.refresh_token {
            let revoked = xero::revoke(
                &*tool.transport,
                &tool.configuration.xero_identity_url,
                &app.client_id,
                &app.client_secret,
                refresh_token,
            );
            revoked.await.context(
                "Xero did not confirm that it is disconnected; nobody uses the connection any more, but do this again",
            )?;
        }
        note(tool, records, &current.id, true).await?;
        if tool.vault.current(id).await?.id == current.id {
            return Ok(());
        }
    }
    bail!("the token was replaced again and again meanwhile: is somebody connecting it now?")
}

async fn note(
    tool: &Tool,
    records: &Records,
    secret_version: &str,
    is_confirmed: bool,
) -> anyhow::Result<()> {
    let why = if is_confirmed {
        DISCONNECTED
    } else {
        DISCONNECTING
    };
    let record = DisconnectionRecord {
        ended: DeadConnectionRecord {
            since: tool.host().now(),
            why: why.to_owned(),
            secret_version: secret_version.to_owned(),
            cause: DeadCause::DisconnectedByPerson,
        },
        is_unconfirmed: !is_confirmed,
    };
    let put = records.replace(SINGLETON, &record).await?;
    Ok(records.write(vec![put]).await?)
}

/// Since when it has been disconnected, if Xero has confirmed that.
async fn is_disconnected(tool: &Tool, records: &Records) -> anyhow::Result<Option<String>> {
    let record = records.get::<DisconnectionRecord>(SINGLETON).await?;
    let current = tool.vault.current(&tool.configuration.xero_token_secret_id);
    let current = current.await?.id;
    let record = record.map(|record| record.value);
    let record = record.filter(|record| record.is_of(&current) && !record.is_unconfirmed);
    Ok(record.map(|record| moment(record.ended.since)))
}

fn told(tool: &Tool, text: &str) -> anyhow::Result<ExitStatus> {
    if tool.ui.json {
        tool.ui.say_json(&json!({ "connected": false }))?;
    } else {
        tool.ui.say(text)?;
    }
    Ok(ExitStatus::Success)
}
