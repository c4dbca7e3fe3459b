//! `connect xero`: a person's consent, or a custom connection.

use std::time::Duration;

use anyhow::{Context as _, bail};
use rules::TenantId;
use runtime::organisation::{confirm_tenant, stored_tenant};
use runtime::records::{ContactRecord, Records, Stored};
use secrecy::SecretString;
use secrets::{Entered, GrantType, XeroAppSecret, XeroTokenSecret};
use serde_json::json;
use store::TableError;
use time::OffsetDateTime;
use xero::{CONSENT_SCOPES, Connection, Identity, IdentityError, SCOPES, Tokens};

use super::callback::{Answered, Listening, PATH};
use super::{NOT_STORED, from_environment, new_version};
use crate::args::ConnectXero;
use crate::time_text::{moment, rfc3339};
use crate::tool::Tool;
use crate::ui::one_line;
use crate::{ExitStatus, critical};

const CLIENT_SECRET: &str = "XERO_CLIENT_SECRET";

/// Runs it.
///
/// # Errors
/// One line that says what went wrong and what to do. Nothing is stored then.
pub async fn run(tool: &Tool, arguments: &ConnectXero) -> anyhow::Result<ExitStatus> {
    let (app, is_new) = app(tool, arguments).await?;
    let (asked_at, tokens) = match app.grant_type {
        GrantType::AuthorizationCode => consent(tool, arguments, &app).await?,
        GrantType::ClientCredentials => {
            let asked_at = OffsetDateTime::now_utc();
            let tokens = identity(tool, &app).client_credentials().await;
            (asked_at, tokens.map_err(told)?)
        }
    };
    check_scopes(&app, &tokens)?;
    let organisation = organisation(tool, arguments, &tokens).await?;
    let tenant = organisation.tenant_id;
    let before = stored_tenant(&*tool.table).await?;
    let Some(moves) = moves_to(tool, arguments, before.as_ref(), &organisation).await? else {
        tool.ui
            .tell("Nothing was stored: the connection is as it was.");
        return Ok(ExitStatus::Attention);
    };

    let expires_at = asked_at + tokens.expires_in;
    let token = XeroTokenSecret {
        access_token: Some(tokens.access_token),
        refresh_token: tokens.refresh_token,
        expires_at: Some(expires_at),
        tenant_id: Some(tenant),
    };
    // Not to be left half-done: a new token with the old app, or the other way round, is a dead connection.
    let section = critical::section().await;
    store(tool, is_new.then_some(&app), &token).await?;
    if moves || before.is_none() {
        // Last: until then all work is stopped.
        confirm(tool, before.as_ref(), tenant).await?;
    }
    drop(section);
    say(tool, &app, &organisation, expires_at)?;
    Ok(ExitStatus::Success)
}

/// Stores both before it makes either current, and the app first: a refresh in between has a fresh token, or meets a pair that does not fit and tries again.
async fn store(
    tool: &Tool,
    new_app: Option<&XeroAppSecret>,
    token: &XeroTokenSecret,
) -> anyhow::Result<()> {
    let vault = &*tool.vault;
    let new_app = match new_app {
        None => None,
        Some(app) => {
            let id = &tool.configuration.xero_app_secret_id;
            let staged = Entered::stage(vault, id, &app.to_json(), new_version(tool)).await;
            Some(staged.context(NOT_STORED)?)
        }
    };
    let id = &tool.configuration.xero_token_secret_id;
    let staged = Entered::stage(vault, id, &token.to_json(), new_version(tool)).await;
    let new_token = staged.context(NOT_STORED)?;
    if let Some(new_app) = new_app {
        new_app.make_current(vault).await.context(NOT_STORED)?;
    }
    new_token
        .make_current(vault)
        .await
        .context("the app is stored, but its token could not be: run this again at once")
}

async fn confirm(
    tool: &Tool,
    before: Option<&Stored<TenantId>>,
    tenant: TenantId,
) -> anyhow::Result<()> {
    match confirm_tenant(tool.table.clone(), before, tenant, OffsetDateTime::now_utc()).await {
        // A function may have been quicker to see the first connection.
        Err(TableError::Conflict)
            if stored_tenant(&*tool.table)
                .await?
                .is_some_and(|stored| stored.value == tenant) =>
        {
            Ok(())
        }
        confirmed => confirmed.context(
            "the connection is stored, but the organisation could not be confirmed, so all work is stopped: run this again",
        ),
    }
}

fn say(
    tool: &Tool,
    app: &XeroAppSecret,
    organisation: &Connection,
    expires_at: OffsetDateTime,
) -> anyhow::Result<()> {
    if tool.ui.json {
        return tool.ui.say_json(&json!({
            "connected": true,
            "organisation": organisation.tenant_name,
            "tenant_id": organisation.tenant_id,
            "token_until": rfc3339(expires_at),
            "connected_by": connected_by(app),
        }));
    }
    let lasting = match app.grant_type {
        GrantType::AuthorizationCode => {
            "the deployed token refresh keeps it fresh, also while the synchronisation is switched off"
        }
        GrantType::ClientCredentials => {
            "the deployed token refresh gets the next ones, also while the synchronisation is switched off"
        }
    };
    tool.ui.say(format!(
        "Connected to \"{}\" (tenant {}) by {} to the app {}. The token is good until {}; {lasting}.",
        one_line(&organisation.tenant_name),
        organisation.tenant_id,
        connected_by(app),
        one_line(&app.client_id),
        moment(expires_at),
    ))?;
    Ok(())
}

fn connected_by(app: &XeroAppSecret) -> &'static str {
    match app.grant_type {
        GrantType::AuthorizationCode => "your consent",
        GrantType::ClientCredentials => "a custom connection",
    }
}

/// The app, and whether it is another one than is stored.
async fn app(tool: &Tool, arguments: &ConnectXero) -> anyhow::Result<(XeroAppSecret, bool)> {
    let grant_type = if arguments.custom_connection {
        GrantType::ClientCredentials
    } else {
        GrantType::AuthorizationCode
    };
    let stored = tool
        .vault
        .current(&tool.configuration.xero_app_secret_id)
        .await?;
    let stored = XeroAppSecret::parse(&stored.value)
        .ok()
        .filter(|app| app.grant_type == grant_type);
    let is_other = |stored: &XeroAppSecret| {
        let wanted = arguments.client_id.as_ref();
        wanted.is_some_and(|wanted| *wanted != stored.client_id)
    };
    if let Some(app) = stored
        && !arguments.new_app
        && !is_other(&app)
    {
        return Ok((app, false));
    }
    if grant_type == GrantType::AuthorizationCode {
        tool.ui.tell(format!(
            "The app at developer.xero.com must have the redirect address http://localhost:{}{PATH}",
            arguments.port
        ));
    }
    let client_id = match &arguments.client_id {
        Some(client_id) => client_id.clone(),
        None => {
            tool.ui
                .ask("client id of the Xero app", "give --client-id")
                .await?
        }
    };
    let client_secret = match from_environment(CLIENT_SECRET) {
        Some(client_secret) => client_secret,
        None => {
            let instead = format!("set {CLIENT_SECRET}");
            tool.ui
                .ask_secretly("client secret of the Xero app", &instead)
                .await?
        }
    };
    let app = XeroAppSecret {
        client_id,
        client_secret: client_secret.into(),
        grant_type,
    };
    // As the functions will read it.
    Ok((XeroAppSecret::parse(&app.to_json())?, true))
}

fn identity(tool: &Tool, app: &XeroAppSecret) -> Identity {
    Identity::new(
        tool.transport.clone(),
        tool.configuration.xero_identity_url.clone(),
        app.client_id.clone(),
        app.client_secret.clone(),
    )
}

async fn consent(
    tool: &Tool,
    arguments: &ConnectXero,
    app: &XeroAppSecret,
) -> anyhow::Result<(OffsetDateTime, Tokens)> {
    let listening = Listening::on(arguments.port).await?;
    // "localhost" and not an address: Xero takes no other redirect over http.
    let redirect = format!("http://localhost:{}{PATH}", listening.port);
    let request = Identity::ask_for_consent(
        &app.client_id,
        &tool.configuration.xero_identity_url,
        &redirect,
    )?;
    tool.ui.tell(format!(
        "Log in to Xero and allow access, within {} minutes:\n\n  {}\n",
        arguments.timeout, request.address
    ));
    if !arguments.no_browser && open::that_detached(request.address.as_str()).is_err() {
        tool.ui
            .tell("No browser could be opened here; open that address in one on this machine.");
    }
    let spinner = tool.ui.spinner("Waiting for the browser");
    let limit = Duration::from_secs(arguments.timeout * 60);
    let came_back = listening
        .wait(&request.state, limit, || {
            tool.ui.tell("An answer came that does not belong to this request (an older window?); still waiting.");
        })
        .await;
    spinner.finish_and_clear();
    let code: SecretString = match came_back? {
        Answered::Code(code) => code,
        Answered::Refused(error) => return Err(told(error)),
        Answered::Declined(why) => bail!(
            "Xero was not connected, and nothing was stored ({}): run this again and choose \"Allow access\"",
            one_line(&why)
        ),
    };
    // The token's life is counted from here: the person may have taken long.
    let asked_at = OffsetDateTime::now_utc();
    let tokens = identity(tool, app)
        .exchange_code(request, code)
        .await
        .map_err(|error| match error {
            IdentityError::InvalidGrant => anyhow::anyhow!(
                "Xero no longer takes the code that the browser brought (it is good for five minutes, once), so nothing was stored: run this again"
            ),
            other => told(other),
        })?;
    Ok((asked_at, tokens))
}

fn told(error: IdentityError) -> anyhow::Error {
    match error {
        IdentityError::InvalidClient | IdentityError::InvalidGrant => anyhow::anyhow!(
            "Xero does not take this client id and secret, so nothing was stored: check them at developer.xero.com → My Apps, and run this with --new-app"
        ),
        IdentityError::UnauthorizedClient | IdentityError::InvalidScope => {
            anyhow::anyhow!("{error}. Nothing was stored")
        }
        other => anyhow::anyhow!("{other}; nothing was stored, so run this again"),
    }
}

fn check_scopes(app: &XeroAppSecret, tokens: &Tokens) -> anyhow::Result<()> {
    let wanted: &[&str] = match app.grant_type {
        GrantType::AuthorizationCode => &CONSENT_SCOPES,
        GrantType::ClientCredentials => &SCOPES,
    };
    let mut missing = tokens.missing_scopes(wanted);
    if app.grant_type == GrantType::AuthorizationCode && tokens.refresh_token.is_none() {
        missing.extend(CONSENT_SCOPES.first());
        missing.sort_unstable();
        missing.dedup();
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!(
        "Xero did not allow everything that is needed, so nothing was stored: {} is missing. Run this again and allow it; for a custom connection, add it to the app at developer.xero.com first",
        missing.join(", ")
    )
}

async fn organisation(
    tool: &Tool,
    arguments: &ConnectXero,
    tokens: &Tokens,
) -> anyhow::Result<Connection> {
    let connections = tool
        .xero()
        .connections(&tokens.access_token)
        .await
        .context("Xero does not say which organisations are connected, so nothing was stored")?;
    let mut organisations: Vec<Connection> = connections
        .into_iter()
        .filter(xero::Connection::is_organisation)
        .collect();
    organisations.sort_by(|a, b| a.tenant_name.cmp(&b.tenant_name));
    let label = |organisation: &Connection| {
        format!(
            "{} ({})",
            one_line(&organisation.tenant_name),
            organisation.tenant_id
        )
    };
    if let Some(wanted) = &arguments.organisation {
        let mut fitting = organisations.iter().filter(|organisation| {
            let is_name = organisation
                .tenant_name
                .trim()
                .eq_ignore_ascii_case(wanted.trim());
            is_name
                || organisation
                    .tenant_id
                    .to_string()
                    .eq_ignore_ascii_case(wanted.trim())
        });
        let found = fitting.next();
        if fitting.next().is_some() {
            bail!(
                "several organisations are called {wanted}: give the tenant id with --organisation; there are {}",
                organisations
                    .iter()
                    .map(label)
                    .collect::<Vec<_>>()
                    .join(", ")
            );
        }
        return found.cloned().with_context(|| {
            let all: Vec<String> = organisations.iter().map(label).collect();
            format!(
                "the app is not connected to an organisation called {wanted}, so nothing was stored; there are {}",
                if all.is_empty() { "none".to_owned() } else { all.join(", ") }
            )
        });
    }
    match organisations.len() {
        0 => bail!(
            "the app is connected to no organisation, so nothing was stored: run this again, and choose one on Xero's page"
        ),
        1 => {}
        _ => {
            let items: Vec<String> = organisations.iter().map(label).collect();
            let question = "Which organisation's contacts are to be kept?";
            let instead = "give --organisation NAME-OR-ID";
            let chosen = tool.ui.choose(question, &items, instead).await?;
            organisations.swap(0, chosen);
        }
    }
    organisations
        .into_iter()
        .next()
        .context("no organisation was chosen")
}

/// Whether this leads to another organisation than before, which a person has then confirmed; `None` where they did not.
async fn moves_to(
    tool: &Tool,
    arguments: &ConnectXero,
    before: Option<&Stored<TenantId>>,
    organisation: &Connection,
) -> anyhow::Result<Option<bool>> {
    let tenant = organisation.tenant_id;
    let Some(before) = before.filter(|before| before.value != tenant) else {
        return Ok(Some(false));
    };
    let records = Records::new(tool.table.clone(), before.value);
    let contacts = records.list::<ContactRecord>("").await?;
    let linked = contacts
        .iter()
        .filter(|record| !record.value.claims().is_empty())
        .count();
    if linked == 0 {
        return Ok(Some(true));
    }
    let name = one_line(&organisation.tenant_name);
    tool.ui.tell(format!(
        "\"{name}\" is another organisation than the one in which {} linked (tenant {}).\n\
         To move there means: those links are set aside, and every account customer is matched anew in \"{name}\": linked where it is found, and where creating is \
         authorised, created where it is not. Account references in BigChange stay. Nothing is changed in the old organisation, and moving back takes the old links up again. \
         The synchronisation is switched off in \"{name}\" until you have looked (contact-sync plan) and switch it on (contact-sync enable).",
        if linked == 1 { "1 contact is".to_owned() } else { format!("{linked} contacts are") },
        before.value
    ));
    if arguments.confirm_organisation == Some(tenant) {
        return Ok(Some(true));
    }
    if let Some(other) = arguments.confirm_organisation {
        bail!(
            "--confirm-organisation names {other}, but \"{name}\" is {tenant}; nothing was stored"
        );
    }
    let question = format!("Move to \"{name}\"?");
    let flag = format!("--confirm-organisation {tenant}");
    let is_confirmed = tool.ui.confirm(&question, &flag).await?;
    Ok(is_confirmed.then_some(true))
}
