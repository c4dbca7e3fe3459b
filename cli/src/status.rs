//! `status`: how it stands.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use anyhow::{Context as _, anyhow};
use aws_sdk_sqs::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::QueueAttributeName;
use rules::{GroupId, Switch};
use runtime::records::{
    CursorRecord, DeferReason, DeferredRecord, DisconnectionRecord, PauseRecord, Records,
    SINGLETON, SweepRecord, XeroContactRecord,
};
use secrets::{GrantType, XeroAppSecret, XeroTokenSecret};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use xero::{Access, LimitProblem};

use crate::ExitStatus;
use crate::cures::{Cure, cures};
use crate::deployment::aws_words;
use crate::group_faults;
use crate::notices;
use crate::samconfig;
use crate::status_news::{self, Attention};
use crate::status_people;
use crate::time_text::{moment, span};
use crate::tool::{Tool, problems};
use crate::ui::{Tone, bold, counted, one_line, toned};
use crate::why::why_put_off;

/// Polls run once a minute; one that is this late needs attention.
const LATE_POLL: Duration = Duration::minutes(15);
/// A sweep runs once a day.
const LATE_SWEEP: Duration = Duration::hours(30);
/// A token that ends sooner should have been renewed.
const TOKEN_MARGIN: Duration = Duration::minutes(3);

/// How it stands. `attention` says in words what a person should do something about.
#[derive(Debug, Default, Serialize)]
struct Status {
    stack: String,
    enabled: bool,
    /// Since when it is on or off; `None` where nobody has touched the switch yet.
    #[serde(with = "time::serde::rfc3339::option")]
    enabled_since: Option<OffsetDateTime>,
    healthy: bool,
    attention: Vec<Attention>,
    organisation: String,
    tenant_id: Option<String>,
    connected_by: &'static str,
    #[serde(with = "time::serde::rfc3339::option")]
    token_until: Option<OffsetDateTime>,
    bigchange: String,
    #[serde(with = "time::serde::rfc3339::option")]
    last_poll: Option<OffsetDateTime>,
    last_poll_seconds_ago: Option<i64>,
    #[serde(with = "time::serde::rfc3339::option")]
    last_sweep: Option<OffsetDateTime>,
    queued: u64,
    in_work: u64,
    dead_letters: u64,
    deferred: usize,
    deferred_by_reason: BTreeMap<String, usize>,
    linked: usize,
    problems: usize,
    problems_by_code: Vec<Cure>,
    xero_calls_left_today: Option<u32>,
    xero_calls_left_this_minute: Option<u32>,
    #[serde(with = "time::serde::rfc3339::option")]
    paused_until: Option<OffsetDateTime>,
    paused_because: Option<String>,
    paused_reason: Option<String>,
    /// The contact groups that cannot be read now.
    groups_not_read: Vec<u64>,
    /// How many contacts have notices; `None` where they were not counted.
    notices: Option<usize>,
    /// Notes on held contacts in BigChange: on, or off and why.
    notes: String,
    /// The digest: when the last one was sent, and to how many.
    digest: String,
    #[serde(skip)]
    put_off: Vec<(DeferReason, usize)>,
    /// Whether a person disconnected it: no alarm rings for that.
    disconnected_by_person: bool,
    /// Whether Xero has not confirmed that yet.
    disconnect_unconfirmed: bool,
    /// What is to be told in place of the connection.
    #[serde(skip)]
    connection: String,
    /// The connection is known to be dead.
    #[serde(skip)]
    is_dead: bool,
}

impl Status {
    /// Something that a person should do something about.
    fn attend(&mut self, key: &str, text: impl Into<String>) {
        self.attend_to(key, 1, text);
    }

    /// The same, of so many.
    fn attend_to(&mut self, key: &str, count: u64, text: impl Into<String>) {
        self.attention.push(Attention {
            key: key.to_owned(),
            count,
            text: text.into(),
        });
    }
}

/// Runs it. It writes nothing, but with `only_new` what was told.
///
/// # Errors
/// Where AWS does not answer. That BigChange or Xero does not is what it is there to tell.
pub async fn run(tool: &Tool, only_new: bool) -> anyhow::Result<ExitStatus> {
    let mut status = read(tool).await?;
    // That reads every contact's record, which a look from cron can do without.
    if !only_new && let Ok(records) = tool.records().await {
        status.notices = Some(notices::count(&records).await?);
    }
    if tool.ui.json {
        tool.ui.say_json(&status)?;
    } else {
        show(tool, &status)?;
    }
    let is_told = match tool.records().await {
        Ok(records) if only_new => !status_news::is_news(&records, &status.attention).await?,
        // Before anything is connected there is nowhere to keep what was told.
        _ => status.healthy,
    };
    Ok(if is_told {
        ExitStatus::Success
    } else {
        ExitStatus::Attention
    })
}

async fn read(tool: &Tool) -> anyhow::Result<Status> {
    let mut status = Status {
        stack: tool.deployment.name.clone(),
        ..Status::default()
    };
    let now = OffsetDateTime::now_utc();
    bigchange(tool, &mut status).await;
    queues(tool, &mut status).await?;
    // What is stored comes first: it says whether Xero may be called.
    if let Ok(Some(tenant)) = tool.tenant().await {
        let records = Records::new(tool.table.clone(), tenant);
        let (position, since) = tool.switch(&records).await?;
        status.enabled = position == Switch::On;
        status.enabled_since = since;
        stored(tool, &records, &mut status, now).await?;
        let people = status_people::read(tool, &records).await?;
        status.notes = people.notes;
        status.digest = people.digest;
        let attention = people.attention.into_iter();
        attention.for_each(|(key, text)| status.attend(key, text));
    }
    connection(tool, &mut status, now).await?;
    if !status.enabled && status.linked > 0 {
        // No alarm tells it: a person switched it off.
        status.attend("switched-off", 
            "the synchronisation is switched off, so no change reaches Xero by itself: contact-sync enable"
                .to_owned(),
        );
    }
    let deployment = &tool.deployment;
    for reverted in samconfig::reverts(&deployment.name, &deployment.parameters) {
        status.attend("samconfig", reverted);
    }
    status.healthy = status.attention.is_empty();
    Ok(status)
}

/// Connected as whom, until when, and what Xero still allows.
async fn connection(tool: &Tool, status: &mut Status, now: OffsetDateTime) -> anyhow::Result<()> {
    let app = tool
        .vault
        .current(&tool.configuration.xero_app_secret_id)
        .await?;
    let app = match XeroAppSecret::parse(&app.value) {
        Ok(app) => app,
        Err(_) if XeroAppSecret::is_blank(&app.value) => {
            status.organisation = "not connected".to_owned();
            status.attend(
                "xero-not-connected",
                "Xero is not connected yet: contact-sync connect xero".to_owned(),
            );
            return Ok(());
        }
        Err(error) => {
            status.organisation = "not connected".to_owned();
            status.attend("xero-app-secret", error.to_string());
            return Ok(());
        }
    };
    status.connected_by = match app.grant_type {
        GrantType::AuthorizationCode => "a person's consent",
        GrantType::ClientCredentials => "a custom connection",
    };
    let token = match tool.token().await {
        Ok(token) => token,
        Err(error) => {
            status.organisation = "not connected".to_owned();
            status.attend("xero-token-secret", format!("{error:#}"));
            return Ok(());
        }
    };
    status.tenant_id = token.tenant_id.map(|tenant| tenant.to_string());
    status.token_until = token.expires_at;
    let (Some(tenant), Some(access_token)) = (token.tenant_id, token.access_token.clone()) else {
        status.organisation = "not connected".to_owned();
        status.attend(
            "xero-not-connected",
            "no Xero organisation is connected yet: contact-sync connect xero".to_owned(),
        );
        return Ok(());
    };
    status.organisation = tenant.to_string();
    if let Some(changed) = tool.organisation_changed().await? {
        status.attend("organisation-changed", changed);
    }
    if status.disconnected_by_person {
        return Ok(());
    }
    if is_over(&token, now) {
        status.attend("token-old", "the Xero token has run out and was not renewed: read the log of the token refresh (output RefreshTokenFunction), or connect again (contact-sync connect xero)".to_owned());
        return Ok(());
    }
    status.organisation = tool.organisation_name(&access_token, tenant).await;
    if status.paused_until.is_some() || status.is_dead {
        // A call would only be refused, or take one of the last.
        return Ok(());
    }
    let access = Access {
        token: access_token,
        tenant,
    };
    // The cheapest call that says what is left: contacts changed since just now.
    match tool.xero().directory_page(&access, 1, Some(now)).await {
        Ok(answer) => {
            status.xero_calls_left_today = answer.limits.day_remaining;
            status.xero_calls_left_this_minute = answer.limits.minute_remaining;
        }
        Err(xero::Error::RateLimited { problem, .. }) => {
            if problem == LimitProblem::Day {
                status.xero_calls_left_today = Some(0);
            }
            status.xero_calls_left_this_minute = Some(0);
        }
        Err(xero::Error::AuthLost { .. } | xero::Error::AuthExpired) => status.attend("connection-refused", 
            "Xero no longer accepts this connection, or is no longer connected to this organisation: contact-sync connect xero"
                .to_owned(),
        ),
        Err(error) => status.attend("xero-other", format!("Xero: {error}")),
    }
    Ok(())
}

fn as_count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn is_over(token: &XeroTokenSecret, now: OffsetDateTime) -> bool {
    token.expires_at.is_none_or(|end| end < now + TOKEN_MARGIN)
}

async fn bigchange(tool: &Tool, status: &mut Status) {
    let pinged = async {
        let bigchange = tool.real_parts().bigchange().await?;
        bigchange.ping().await?;
        anyhow::Ok(())
    };
    match pinged.await {
        Ok(()) => status.bigchange = "answers".to_owned(),
        Err(error) => {
            let told = error.downcast_ref::<bigchange::Error>();
            let (state, then) = match told {
                Some(bigchange::Error::Transient { .. }) => (
                    "does not answer",
                    "; nothing is lost by it, and the work goes on when it answers again",
                ),
                Some(bigchange::Error::AuthLost(_)) => ("does not let the synchronisation in", ""),
                _ => ("cannot be asked", ""),
            };
            status.bigchange = state.to_owned();
            status.attend("bigchange", format!("BigChange: {error:#}{then}"));
        }
    }
}

async fn queues(tool: &Tool, status: &mut Status) -> anyhow::Result<()> {
    let (queued, in_work) = waiting(tool, &tool.configuration.sync_queue_url).await?;
    let (dead, dead_in_sight) = waiting(tool, &tool.configuration.dead_letter_queue_url).await?;
    status.queued = queued;
    status.in_work = in_work;
    status.dead_letters = dead + dead_in_sight;
    if status.dead_letters > 0 {
        status.attend_to(
            "dead-letters",
            status.dead_letters,
            format!(
                "given up after several attempts: {} (contact-sync retry --dead-letters)",
                counted(status.dead_letters, "message")
            ),
        );
    }
    Ok(())
}

/// Messages that wait, and that are being worked on, as SQS estimates them.
async fn waiting(tool: &Tool, queue: &str) -> anyhow::Result<(u64, u64)> {
    use QueueAttributeName::{
        ApproximateNumberOfMessages, ApproximateNumberOfMessagesDelayed,
        ApproximateNumberOfMessagesNotVisible,
    };
    let answer = tool
        .sqs
        .get_queue_attributes()
        .queue_url(queue)
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
        .map_err(|error| anyhow!(aws_words(error.code(), error.message(), &error)))
        .context("the queue cannot be looked at")?;
    let attributes = answer.attributes.unwrap_or_default();
    let count = |name: QueueAttributeName| -> u64 {
        let text = attributes.get(&name);
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    };
    let waiting = count(ApproximateNumberOfMessages) + count(ApproximateNumberOfMessagesDelayed);
    Ok((waiting, count(ApproximateNumberOfMessagesNotVisible)))
}

async fn stored(
    tool: &Tool,
    records: &Records,
    status: &mut Status,
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    dead_connection(tool, records, status).await?;
    let pause = records.get::<PauseRecord>(SINGLETON).await?;
    if let Some(pause) = pause.filter(|pause| pause.value.until > now) {
        status.paused_until = Some(pause.value.until);
        status.paused_because = Some(pause.value.why);
        status.paused_reason = Some(format!("{:?}", pause.value.reason));
    }
    polls(tool, records, status, now).await?;
    // Each linked contact has claimed its Xero contact; a claim is a fraction of a contact's record to read.
    status.linked = records.list::<XeroContactRecord>("").await?.len();
    put_off(records, status).await?;
    let open = problems(records).await?;
    status.problems = open.len();
    status.problems_by_code = cures(open.values().map(|stored| {
        let problem = &stored.value;
        (
            problem.problem.code(),
            problem.problem.title(),
            problem.cure.as_str(),
        )
    }));
    if status.problems > 0 {
        status.attend_to(
            "held",
            as_count(status.problems),
            format!(
                "held by a problem: {} (contact-sync problems)",
                counted(status.problems, "contact")
            ),
        );
    }
    Ok(())
}

/// Whether the connection is known to have ended, and by whom.
async fn dead_connection(
    tool: &Tool,
    records: &Records,
    status: &mut Status,
) -> anyhow::Result<()> {
    let Some(dead) = records.get::<DisconnectionRecord>(SINGLETON).await? else {
        return Ok(());
    };
    let current = tool.vault.current(&tool.configuration.xero_token_secret_id);
    let current = current.await?.id;
    let DisconnectionRecord {
        ended,
        is_unconfirmed,
    } = &dead.value;
    if ended.secret_version != current {
        return Ok(());
    }
    status.is_dead = true;
    let since = moment(ended.since);
    if !dead.value.is_of(&current) {
        status.attend(
            "connection-dead",
            format!(
                "the connection to Xero has been dead since {since}: {}",
                ended.why
            ),
        );
        return Ok(());
    }
    status.disconnected_by_person = true;
    status.disconnect_unconfirmed = *is_unconfirmed;
    status.connection = format!("disconnected since {since}: {}", ended.why);
    if *is_unconfirmed {
        status.attend("disconnect-unconfirmed", format!(
            "a person began to disconnect Xero on {since}, and Xero has not confirmed that, so its token may still work: contact-sync disconnect does it again"
        ));
    } else {
        status.attend("disconnected", format!(
            "a person disconnected Xero on {since}, so nothing is synchronised: contact-sync connect xero connects it again"
        ));
    }
    Ok(())
}

/// The contacts that were put off, by why: the most frequent reason first.
async fn put_off(records: &Records, status: &mut Status) -> anyhow::Result<()> {
    for deferred in records.list::<DeferredRecord>("").await? {
        status.deferred += 1;
        let reason = deferred.value.reason;
        let known = status
            .put_off
            .iter_mut()
            .find(|(known, _)| *known == reason);
        match known {
            Some((_, count)) => *count += 1,
            None => status.put_off.push((reason, 1)),
        }
    }
    status.put_off.sort_by_key(|(_, count)| Reverse(*count));
    let by_reason = status.put_off.iter();
    status.deferred_by_reason = by_reason
        .map(|(reason, count)| (format!("{reason:?}"), *count))
        .collect();
    Ok(())
}

/// A cursor is moved by every poll that queued everything, so the oldest one tells when that was.
async fn polls(
    tool: &Tool,
    records: &Records,
    status: &mut Status,
    now: OffsetDateTime,
) -> anyhow::Result<()> {
    let settings = &tool.configuration.settings;
    let failing = group_faults::failing(records, settings).await?;
    for (group, fault) in &failing {
        status.groups_not_read.push(group.get());
        if group_faults::needs_attention(fault, now) {
            status.attend(
                &format!("group-{group}"),
                group_faults::describe(*group, fault),
            );
        }
    }
    // The cursor of a group that cannot be read stands still while the polls go on. Where none can be read, no poll succeeds.
    let goes_on = |group: &&GroupId| !failing.contains_key(*group);
    let groups: Vec<_> = settings
        .account_groups
        .iter()
        .chain(&settings.site_groups)
        .filter(goes_on)
        .collect();
    let cursors = records.get_many::<CursorRecord>(groups.iter()).await?;
    let oldest = cursors
        .values()
        .map(|cursor| cursor.value.changed_since + poll::CURSOR_OVERLAP)
        .min();
    let last_poll = oldest.filter(|_| cursors.len() == groups.len());
    status.last_poll = last_poll;
    status.last_poll_seconds_ago = last_poll.map(|at| (now - at).whole_seconds());
    let sweep = records.get::<SweepRecord>(SINGLETON).await?;
    let last_sweep = sweep.map(|sweep| sweep.value.at);
    status.last_sweep = last_sweep;
    if status.enabled {
        // While it was off, nothing was polled or swept.
        let since = status.enabled_since;
        // One from the future comes from a clock that is wrong, and says nothing.
        let is_late = |at: Option<OffsetDateTime>, limit| {
            at.max(since).is_none_or(|at| (now - at).abs() > limit)
        };
        if is_late(last_poll, LATE_POLL) {
            status.attend("late-poll", 
                "no poll of BigChange has succeeded for a quarter of an hour: read the log of the poll (output PollFunction)"
                    .to_owned(),
            );
        }
        if last_sweep.is_some() && is_late(last_sweep, LATE_SWEEP) {
            status.attend("late-sweep", 
                "no full sweep has succeeded for more than a day: read the log of the poll (output PollFunction)"
                    .to_owned(),
            );
        }
    }
    Ok(())
}

fn show(tool: &Tool, status: &Status) -> anyhow::Result<()> {
    let lag = status.last_poll_seconds_ago.map(Duration::seconds);
    let last_poll = match (status.last_poll, lag) {
        (Some(at), Some(lag)) if lag.is_negative() => {
            format!("{} ({} ahead: a clock is wrong)", moment(at), span(lag))
        }
        (Some(at), Some(lag)) => format!("{} ({} ago)", moment(at), span(lag)),
        _ => "none yet".to_owned(),
    };
    let connection = match status.token_until {
        _ if !status.connection.is_empty() => one_line(&status.connection),
        Some(until) if !status.connected_by.is_empty() => {
            let token = if until > OffsetDateTime::now_utc() {
                format!("token good until {}", moment(until))
            } else {
                format!("token ran out {}, renewed at the next use", moment(until))
            };
            format!(
                "{} (by {}, {token})",
                one_line(&status.organisation),
                status.connected_by
            )
        }
        _ => one_line(&status.organisation),
    };
    let calls = match (
        status.xero_calls_left_today,
        status.xero_calls_left_this_minute,
    ) {
        (Some(day), Some(minute)) => format!("{day} left today, {minute} in this minute"),
        (Some(day), None) => format!("{day} left today"),
        _ => "not known now".to_owned(),
    };
    let state = if status.enabled { "on" } else { "off" };
    let state = match status.enabled_since {
        Some(since) => format!("{state} since {}", moment(since)),
        None => state.to_owned(),
    };
    let mut lines = vec![
        ("Stack", format!("{}, {state}", status.stack)),
        ("Xero", connection),
        ("BigChange", status.bigchange.clone()),
        ("Last poll", last_poll),
        (
            "Last sweep",
            status
                .last_sweep
                .map_or_else(|| "none yet".to_owned(), moment),
        ),
        (
            "Queue",
            format!(
                "{} waiting, {} in work, {} put off, {}",
                status.queued,
                status.in_work,
                status.deferred,
                counted(status.dead_letters, "dead letter")
            ),
        ),
        ("Linked", counted(status.linked, "contact")),
        ("Xero calls", calls),
    ];
    if let (Some(until), Some(why)) = (status.paused_until, &status.paused_because) {
        let until = moment(until);
        lines.push(("Paused", format!("until {until}: {}", one_line(why))));
    }
    if !status.notes.is_empty() {
        lines.push(("Notes", status.notes.clone()));
        lines.push(("Digest", status.digest.clone()));
    }
    if let Some(notices @ 1..) = status.notices {
        let notices = counted(notices, "contact");
        lines.push((
            "Notices",
            format!("{notices} (contact-sync problems --notices)"),
        ));
    }
    lines.push(("Problems", status.problems.to_string()));
    for (label, text) in lines {
        tool.ui.say(format!("{label:<11} {text}"))?;
        if label == "Queue" {
            for (reason, count) in &status.put_off {
                let why = why_put_off(*reason);
                tool.ui.say(format!("  {count:>5} put off: {why}"))?;
            }
        }
    }
    let mut by_code: BTreeMap<&str, Vec<&Cure>> = BTreeMap::new();
    for cure in &status.problems_by_code {
        by_code.entry(&cure.code).or_default().push(cure);
    }
    for (code, cures) in by_code {
        let count: usize = cures.iter().map(|cure| cure.count).sum();
        let title = cures.first().map_or("", |cure| cure.title.as_str());
        tool.ui
            .say(format!("  {count:>5} {}: {title}", bold(code)))?;
        for cure in cures {
            tool.ui.say(format!("        → {}", one_line(&cure.cure)))?;
        }
    }
    if status.healthy {
        tool.ui.say(toned(Tone::Good, "Healthy."))?;
    } else {
        tool.ui.say(toned(Tone::Bad, "Needs attention:"))?;
        for line in &status.attention {
            tool.ui.say(format!("  • {}", one_line(&line.text)))?;
        }
    }
    Ok(())
}
