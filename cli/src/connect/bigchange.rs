//! `connect bigchange`.

use anyhow::{Context as _, bail};
use bigchange::{BigChange, Credentials};
use rules::GroupId;
use secrecy::{ExposeSecret as _, SecretString};
use secrets::BigChangeSecret;
use serde_json::json;

use super::{NOT_STORED, from_environment, new_version};
use crate::ExitStatus;
use crate::groups;
use crate::tool::Tool;
use crate::ui::{Ui, one_line};

const USERNAME: &str = "BIGCHANGE_USERNAME";
const PASSWORD: &str = "BIGCHANGE_PASSWORD";
const KEY: &str = "BIGCHANGE_KEY";

/// Runs it.
///
/// # Errors
/// Where nobody answers, or BigChange does not let it in: nothing is stored then.
pub async fn run(tool: &Tool) -> anyhow::Result<ExitStatus> {
    let secret = ask(tool.ui).await?;
    let credentials = Credentials {
        username: secret.username.expose_secret().to_owned(),
        password: secret.password.clone(),
        key: secret.key.clone(),
    };
    let bigchange = BigChange::new(
        tool.transport.clone(),
        tool.configuration.bigchange_url.clone(),
        credentials,
    );
    let spinner = tool.ui.spinner("Asking BigChange");
    let answered = async {
        bigchange.ping().await?;
        bigchange.groups().await
    };
    let groups = answered.await;
    spinner.finish_and_clear();
    let groups = match groups {
        Ok(groups) => groups,
        Err(bigchange::Error::AuthLost(problem)) => {
            bail!(
                "BigChange does not let this user in ({problem}), so nothing was stored: check user name, password and company key, and that the user may use the web services"
            )
        }
        Err(error) => bail!("BigChange gave no usable answer, so nothing was stored: {error}"),
    };
    let id = &tool.configuration.bigchange_secret_id;
    secrets::replace(&*tool.vault, id, &secret.to_json(), || new_version(tool))
        .await
        .context(NOT_STORED)?;
    let settings = &tool.configuration.settings;
    let is_known = |id: &GroupId| groups.iter().any(|group| group.id == *id);
    let unknown: Vec<String> = settings
        .account_groups
        .iter()
        .chain(&settings.site_groups)
        .filter(|id| !is_known(id))
        .map(ToString::to_string)
        .collect();
    if tool.ui.json {
        tool.ui
            .say_json(&json!({"connected": true, "unknown_groups": unknown}))?;
    } else {
        tool.ui
            .say("Connected to BigChange; the secret is stored.")?;
        for group in groups
            .iter()
            .filter(|group| settings.account_groups.contains(&group.id))
        {
            tool.ui.say(format!(
                "  account customers: {} ({})",
                one_line(&group.name),
                group.id
            ))?;
        }
        for group in groups
            .iter()
            .filter(|group| settings.site_groups.contains(&group.id))
        {
            tool.ui.say(format!(
                "  site contacts: {} ({})",
                one_line(&group.name),
                group.id
            ))?;
        }
    }
    if unknown.is_empty() {
        return Ok(ExitStatus::Success);
    }
    tool.ui.tell(format!(
        "BigChange has no contact group {}; {}. Correct the setting: contact-sync set AccountGroupIds=… or SiteGroupIds=…",
        unknown.join(", "),
        groups::listed(&groups)
    ));
    Ok(ExitStatus::Attention)
}

/// Asks for what opens BigChange, or takes it from the environment.
///
/// # Errors
/// Where nobody can be asked, or what was given cannot be sent.
pub(crate) async fn ask(ui: Ui) -> anyhow::Result<BigChangeSecret> {
    let username = match from_environment(USERNAME) {
        Some(username) => username,
        None => {
            let instead = format!("set {USERNAME}");
            ui.ask("BigChange user name", &instead).await?
        }
    };
    let secret = BigChangeSecret {
        username: username.into(),
        password: secretly(ui, PASSWORD, "BigChange password").await?,
        key: secretly(ui, KEY, "BigChange company key").await?,
    };
    // As the functions will read it.
    Ok(BigChangeSecret::parse(&secret.to_json())?)
}

async fn secretly(ui: Ui, variable: &str, prompt: &str) -> anyhow::Result<SecretString> {
    let value = match from_environment(variable) {
        Some(value) => value,
        None => {
            let instead = format!("set {variable}");
            ui.ask_secretly(prompt, &instead).await?
        }
    };
    Ok(value.into())
}
