//! Sends the digest. Its day is claimed before anything is sent, so that at most one mail goes out
//! a day; what it told counts as told only once SNS has taken it, so that what a lost one would
//! have told is in the next.

use rules::{DigestFacts, DigestNotice, DigestProblem, ToldProblems, digest, digest_due};
use runtime::people::{DigestRecord, MAX_TOLD, NewsRecord, NoteTrialRecord};
use runtime::records::{
    DeadConnectionRecord, ProblemRecord, Records, SINGLETON, Stored, XeroContactRecord, expect,
};
use runtime::{MailError, Services, london_moment};
use store::{MAX_WRITES, TableError};
use time::OffsetDateTime;

use crate::told::Told;
use crate::writes::contact_of;

/// Why a digest was not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DigestError {
    #[error(transparent)]
    Store(#[from] TableError),
    #[error(transparent)]
    Mail(#[from] MailError),
}

/// Sends the digest of the day, if it is due.
pub(crate) async fn send_if_due(
    services: &Services,
    records: &Records,
    told: &Told,
    is_shut_out: bool,
) -> Result<(), DigestError> {
    let Some(mail) = &services.mail else {
        return Ok(());
    };
    let now = services.host.now();
    if digest_due(now.unix_timestamp(), told.digest_day()).is_none() {
        return Ok(());
    }
    let stored = records.get::<DigestRecord>(SINGLETON).await?;
    let last = stored.as_ref().map(|stored| stored.value.clone());
    let last = last.unwrap_or_default();
    let Some(day) = digest_due(now.unix_timestamp(), last.claimed) else {
        last.claimed
            .into_iter()
            .for_each(|day| told.digest_is_claimed(day));
        return Ok(());
    };
    let claimed = DigestRecord {
        claimed: Some(day),
        ..last.clone()
    };
    let claim = records.put(SINGLETON, &claimed, expect(stored.as_ref()))?;
    match records.write(vec![claim]).await {
        // Another poll sends it.
        Err(TableError::Conflict) => return Ok(()),
        written => written?,
    }
    told.digest_is_claimed(day);
    let news = Facts::read(services, records, is_shut_out).await?;
    let subscribers = if day.is_monday() {
        // A mail without this is better than none.
        mail.subscribers().await.ok()
    } else {
        None
    };
    let facts = DigestFacts {
        is_monday: day.is_monday(),
        subscribers,
        ..news.facts(services, &last)
    };
    let Some(digest) = digest(&facts) else {
        tracing::info!("no digest today, for nothing is new");
        return Ok(());
    };
    mail.send(&digest).await?;
    let sent = DigestRecord {
        told: news.told(),
        sent_at: Some(services.host.now()),
        standstill: news.standstill.as_ref().map(|(since, _)| *since),
        ..claimed
    };
    records
        .write(vec![records.replace(SINGLETON, &sent).await?])
        .await?;
    for told in news.notices.chunks(MAX_WRITES) {
        let forget = told
            .iter()
            .map(|news| records.delete::<NewsRecord>(&news.sort_key, store::Expect::Any));
        records.write(forget.collect()).await?;
    }
    tracing::info!(
        open = news.problems.len(),
        notices = news.notices.len(),
        "the digest was sent"
    );
    Ok(())
}

/// What a digest is made of, as it stands in the table.
struct Facts {
    problems: Vec<DigestProblem>,
    notices: Vec<Stored<NewsRecord>>,
    told_notices: Vec<DigestNotice>,
    linked: usize,
    /// Since when nothing is synchronised, and why.
    standstill: Option<(OffsetDateTime, String)>,
    has_notes: bool,
}

impl Facts {
    async fn read(
        services: &Services,
        records: &Records,
        is_shut_out: bool,
    ) -> Result<Self, TableError> {
        let now = services.host.now();
        let problems = records.list::<ProblemRecord>("").await?;
        let mut notices = records.list::<NewsRecord>("").await?;
        notices.retain(|news| news.value.is_to_be_told(now));
        // The record outlives a person's connecting anew, until the next token refresh.
        let dead = records.get::<DeadConnectionRecord>(SINGLETON).await?;
        let dead = dead.filter(|_| is_shut_out);
        let note_type = services.settings.people.note_type;
        let trial = records.get::<NoteTrialRecord>(SINGLETON).await?;
        let works = |trial: Stored<NoteTrialRecord>| {
            trial.value.outcome.objection().is_none() && Some(trial.value.note_type) == note_type
        };
        let mut facts = Self {
            problems: problems.iter().map(told_of).collect::<Result<_, _>>()?,
            told_notices: notices.iter().map(notice_of).collect(),
            notices,
            linked: records.list::<XeroContactRecord>("").await?.len(),
            standstill: dead.map(|dead| (dead.value.since, dead.value.why)),
            has_notes: trial.is_some_and(works),
        };
        facts.problems.sort_by_key(|held| held.contact);
        Ok(facts)
    }

    fn facts<'a>(&'a self, services: &'a Services, last: &'a DigestRecord) -> DigestFacts<'a> {
        let people = &services.settings.people;
        let standstill = self.standstill.as_ref();
        DigestFacts {
            stack: &services.stack_name,
            is_monday: false,
            open: &self.problems,
            told: &last.told,
            notices: &self.told_notices,
            linked: self.linked,
            standstill: standstill.map(|(_, why)| why.as_str()),
            standstill_is_new: standstill.map(|(since, _)| *since) != last.standstill,
            subscribers: None,
            has_notes: self.has_notes,
            with_names: people.names_in_digest,
            ask: &people.contact_name,
        }
    }

    fn told(&self) -> ToldProblems {
        let told = self.problems.iter().take(MAX_TOLD);
        told.map(|held| (held.contact, held.code.clone())).collect()
    }
}

fn told_of(held: &Stored<ProblemRecord>) -> Result<DigestProblem, TableError> {
    let ProblemRecord {
        problem,
        sentence,
        cure,
        first_seen,
        ..
    } = &held.value;
    Ok(DigestProblem {
        contact: contact_of(held)?,
        code: problem.code().to_owned(),
        title: problem.title().to_owned(),
        sentence: sentence.clone(),
        cure: if cure.is_empty() {
            problem.cure()
        } else {
            cure.clone()
        },
        since_unix_seconds: first_seen.unix_timestamp(),
        since: london_moment(*first_seen),
    })
}

fn notice_of(news: &Stored<NewsRecord>) -> DigestNotice {
    DigestNotice {
        contact: news.value.contact,
        notice: news.value.notice.clone(),
    }
}
