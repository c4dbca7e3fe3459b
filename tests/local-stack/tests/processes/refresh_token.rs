//! `refresh-token` under faults.

use std::time::SystemTime;

use anyhow::bail;
use bytes::Bytes;
use fake_bigchange::FakeBigChange;
use fake_xero::CallKind;
use local_stack::{Ended, Function};
use runtime::records::{DeadConnectionRecord, SINGLETON};
use serde_json::{Value, json};
use transport::{HttpTransport, Transport};

use crate::faults::{Case, kills, lost_answers};
use crate::world::{Ground, Run, Snapshot, World};

/// Each further run may ask Xero for one token more.
const MAX_TOKEN_CALLS: usize = 3;

/// A token that a person just got by connecting: the run renews it, and learns the organisation. That is every step there is.
struct FirstRefresh {
    ground: Ground,
    snapshot: Snapshot,
}

impl FirstRefresh {
    async fn new() -> Self {
        Self {
            ground: Ground::start().await,
            snapshot: Snapshot {
                items: Vec::new(),
                bigchange: FakeBigChange::new(),
                xero: json!([]),
            },
        }
    }
}

impl Case for FirstRefresh {
    const FUNCTION: Function = Function::RefreshToken;

    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    fn event(&self) -> Value {
        json!({})
    }

    async fn prepare(&self, world: &World<'_>) -> anyhow::Result<()> {
        let token = world.token().await?;
        let connected = json!({"refresh_token": token["refresh_token"]});
        world.put_token(&connected).await
    }

    async fn check(&self, world: &World<'_>, run: &Run) -> anyhow::Result<()> {
        if let Ended::Exited(status) = &run.ended {
            bail!("it ended by itself: {status}");
        }
        if run.order.is_none() && run.answer()? != "organisation_learnt" {
            bail!("an undisturbed run ended with {}", run.answer()?);
        }
        // Whatever is current now must be of use to the next run.
        check_refresh_token(world).await?;
        world.let_time_pass().await?;
        let next = world.run_undisturbed(Self::FUNCTION, &json!({})).await?;
        let outcome = next.answer()?;
        let known = ["fresh", "refreshed", "recovered", "organisation_learnt"];
        if !known.iter().any(|known| outcome == known) {
            bail!("the next run ended with {outcome}");
        }
        check_end(world).await?;
        let last = world.run_undisturbed(Self::FUNCTION, &json!({})).await?;
        let outcome = last.answer()?;
        if outcome != "fresh" || !last.calls_that_matter().is_empty() {
            bail!("one more run was not for nothing: {outcome}");
        }
        Ok(())
    }
}

/// The current token is one that Xero accepts, it is complete, and nobody thinks the connection dead.
async fn check_end(world: &World<'_>) -> anyhow::Result<()> {
    check_refresh_token(world).await?;
    let token = world.token().await?;
    let tenant = world.xero.core().tenant_id().to_string();
    if token["tenant_id"] != tenant {
        bail!("the organisation is not known");
    }
    let bearer = format!("Bearer {}", text(&token, "access_token"));
    let url = format!("{}/connections", world.xero.url());
    let request = http::Request::get(url).header("authorization", bearer);
    let answer = HttpTransport::new()?
        .send(request.body(Bytes::new())?)
        .await?;
    if !answer.status().is_success() {
        bail!(
            "Xero answers the current access token with {}",
            answer.status()
        );
    }
    let dead = world.records.get::<DeadConnectionRecord>(SINGLETON).await?;
    if let Some(dead) = dead {
        bail!("the connection is thought dead: {}", dead.value.why);
    }
    let calls = world.xero.core().call_count(CallKind::Token);
    if calls > MAX_TOKEN_CALLS {
        bail!("Xero was asked for a token {calls} times");
    }
    Ok(())
}

async fn check_refresh_token(world: &World<'_>) -> anyhow::Result<()> {
    let token = world.token().await?;
    let refresh_token = text(&token, "refresh_token");
    let now = SystemTime::now();
    if !world.xero.core().accepts_refresh_token(now, refresh_token) {
        bail!("Xero does not take the refresh token that is current");
    }
    Ok(())
}

fn text<'a>(token: &'a Value, field: &str) -> &'a str {
    token[field].as_str().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_token_is_killed_at_each_call_and_the_connection_lives() {
    kills(&FirstRefresh::new().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refresh_token_loses_the_answer_of_each_write_and_the_connection_lives() {
    lost_answers(&FirstRefresh::new().await).await;
}
