//! Queueing contacts for the deployed functions, and following along until they are done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration as StdDuration;

use anyhow::bail;
use rules::{AskedBy, ContactId, Notice, Switch};
use runtime::Message;
use runtime::clock_skew::ONE_CLOCK;
use runtime::records::{
    ContactRecord, DeferReason, DeferredRecord, EndingKind, FollowRecord, OutcomeRecord,
    ProblemRecord, Records, SINGLETON, Stored,
};
use serde::{Serialize, Serializer};
use serde_json::json;
use store::Expect;
use time::{Duration, OffsetDateTime};

use crate::args::{Following, Part};
use crate::now_in_xero;
use crate::rows::with_survivor;
use crate::time_text::{moment, span};
use crate::tool::{Tool, contact_of, names};
use crate::ui::{Tone, counted, one_line, toned};
use crate::{ExitStatus, critical};

/// How long the functions go on noting outcomes after this tool has last asked for it: it asks again before.
const FOLLOWED_FOR: Duration = Duration::minutes(3);
const ASKED_AGAIN_AFTER: Duration = Duration::minutes(1);
const PAUSE: StdDuration = StdDuration::from_millis(500);
/// Whoever waits in vain for so long is told what may be the matter.
const QUIET_FOR: Duration = Duration::minutes(2);

/// How often a contact is queued again before it is due.
const MAX_EARLY_ROUNDS: u32 = 3;

/// How often a contact that was put off was queued again.
#[derive(Debug, Default)]
struct Round {
    count: u32,
    /// When it had been put off before it was queued last.
    queued_after: Option<OffsetDateTime>,
}

/// What whoever interrupts this tool after the queueing should know.
pub(crate) const QUEUED: &str =
    "what is queued goes on without this tool: contact-sync status shows how it stands";

/// So few contacts are all shown.
const FEW: usize = 20;

/// How one contact ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// Which.
    pub contact: ContactId,
    /// Its name, where something is stored that tells it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// How, in the words that a plan has for it; `None` where nothing was heard of it.
    #[serde(rename = "outcome", serialize_with = "key_of")]
    pub ending: Option<EndingKind>,
    /// The problem's code, or the reason.
    pub detail: String,
    /// What is wrong, in a sentence.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sentence: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cure: String,
    /// What is good to know of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
}

fn key_of<S: Serializer>(ending: &Option<EndingKind>, serializer: S) -> Result<S::Ok, S::Error> {
    let key = match ending {
        None => return serializer.serialize_none(),
        Some(EndingKind::Created) => Part::Creates.key(),
        Some(EndingKind::Linked) => Part::Links.key(),
        Some(EndingKind::Updated) => Part::Updates.key(),
        Some(EndingKind::Unchanged) => Part::Unchanged.key(),
        Some(EndingKind::LeftAlone) => Part::LeftAlone.key(),
        Some(EndingKind::Held) => Part::Problems.key(),
        Some(EndingKind::PutOff) => Part::PutOff.key(),
        Some(EndingKind::GivenUp) => "given-up",
        Some(EndingKind::Unknown) => "unknown",
    };
    serializer.serialize_str(key)
}

/// A following that has begun: from before anything is queued, so that no outcome is missed.
pub struct Follower<'a> {
    tool: &'a Tool,
    records: Records,
    began: OffsetDateTime,
    /// The notes of before, by version and time: one that has expired since begins at version 1 again.
    before: BTreeMap<ContactId, (u64, OffsetDateTime)>,
    asked: OffsetDateTime,
    /// While it is off, the poll brings only round what a person asked for.
    switch: Switch,
}

impl<'a> Follower<'a> {
    /// Asks the functions to note how their contacts end.
    ///
    /// # Errors
    /// Where the store cannot be written.
    pub async fn begin(tool: &'a Tool, records: Records) -> anyhow::Result<Self> {
        let now = OffsetDateTime::now_utc();
        let noted = records.list::<OutcomeRecord>("").await?;
        let before = noted
            .iter()
            .map(|noted| Ok((contact_of(noted)?, (noted.version, noted.value.at))));
        let mut follower = Self {
            tool,
            switch: tool.switch(&records).await?.0,
            before: before.collect::<anyhow::Result<_>>()?,
            records,
            began: now,
            asked: now,
        };
        follower.ask(now).await?;
        Ok(follower)
    }

    async fn ask(&mut self, now: OffsetDateTime) -> anyhow::Result<()> {
        let follow = FollowRecord {
            until: now + FOLLOWED_FOR + ONE_CLOCK,
        };
        let write = self
            .records
            .put_expiring(SINGLETON, &follow, Expect::Any, follow.until)?;
        self.records.write(vec![write]).await?;
        self.asked = now;
        Ok(())
    }

    /// What was noted of `contacts` since this following began: one query, which reads only what was noted at all.
    async fn noted(
        &self,
        contacts: &BTreeSet<ContactId>,
    ) -> anyhow::Result<BTreeMap<ContactId, OutcomeRecord>> {
        let noted = self.records.list::<OutcomeRecord>("").await?;
        let mut fresh = BTreeMap::new();
        for record in noted {
            let contact = contact_of(&record)?;
            if !contacts.contains(&contact) {
                continue;
            }
            let noted = (record.version, record.value.at);
            if self.before.get(&contact) != Some(&noted) {
                fresh.insert(contact, record.value);
            }
        }
        Ok(fresh)
    }

    /// Follows along until each contact has come to an end, and tells how.
    ///
    /// # Errors
    /// Where the store cannot be read, or time runs out.
    pub async fn follow(
        mut self,
        contacts: &BTreeSet<ContactId>,
        following: Following,
    ) -> anyhow::Result<Vec<Ended>> {
        let limit = Duration::minutes(i64::try_from(following.timeout).unwrap_or(1));
        let bar = self.tool.ui.bar(contacts.len(), "Synchronising");
        let mut ended: BTreeMap<ContactId, OutcomeRecord> = BTreeMap::new();
        let mut last_heard = self.began;
        let mut told_quiet = false;
        let mut rounds = BTreeMap::new();
        loop {
            let now = OffsetDateTime::now_utc();
            let open: BTreeSet<ContactId> = contacts
                .iter()
                .filter(|contact| {
                    let ended = ended.get(contact);
                    ended.is_none_or(|ended| ended.ending == EndingKind::PutOff)
                })
                .copied()
                .collect();
            let noted = self.noted(&open).await?;
            for (contact, outcome) in noted {
                if ended.insert(contact, outcome.clone()) != Some(outcome) {
                    last_heard = now;
                }
            }
            let done = ended
                .values()
                .filter(|ended| ended.ending != EndingKind::PutOff)
                .count();
            bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
            let unheard = contacts.iter().any(|contact| !ended.contains_key(contact));
            if done == contacts.len() {
                break;
            }
            let is_quiet = now - last_heard > QUIET_FOR;
            if (!unheard || is_quiet) && self.switch == Switch::Off {
                let put_off = ended
                    .iter()
                    .filter(|(_, ended)| ended.ending == EndingKind::PutOff);
                let put_off: BTreeMap<ContactId, OffsetDateTime> = put_off
                    .map(|(contact, ended)| (*contact, ended.at))
                    .collect();
                let comes_round = self
                    .bring_round(&put_off, &mut rounds, self.began + limit)
                    .await?;
                if !comes_round && !unheard {
                    break;
                }
            }
            if now - self.began > limit {
                bar.abandon();
                self.tool.ui.tell(format!(
                    "After {} this tool stops following; the functions go on with what was asked for by themselves. contact-sync status shows how it stands.",
                    span(limit)
                ));
                break;
            }
            if is_quiet && !told_quiet {
                told_quiet = true;
                self.tool.ui.tell(
                    "Nothing was heard for two minutes: Xero's limits or another sweep may hold the functions up (contact-sync status); their logs say more.",
                );
            }
            if now - self.asked > ASKED_AGAIN_AFTER {
                self.ask(now).await?;
            }
            // Each round reads what was noted of all; for thousands a glance now and then will do.
            let glances = u32::try_from(open.len() / 500).unwrap_or(u32::MAX);
            tokio::time::sleep(PAUSE * glances.clamp(1, 20)).await;
        }
        bar.finish_and_clear();
        self.tell(contacts, &ended).await
    }

    /// Queues those again that were put off and are due, as the next polls would, only sooner. `false` where none comes round before `until`.
    async fn bring_round(
        &self,
        put_off: &BTreeMap<ContactId, OffsetDateTime>,
        rounds: &mut BTreeMap<ContactId, Round>,
        until: OffsetDateTime,
    ) -> anyhow::Result<bool> {
        let now = OffsetDateTime::now_utc();
        let deferred = self
            .records
            .get_many::<DeferredRecord>(put_off.keys())
            .await?;
        let mut again = Vec::new();
        let mut is_awaited = false;
        for record in deferred.into_values() {
            let contact = contact_of(&record)?;
            let Some(noted_at) = put_off.get(&contact) else {
                continue;
            };
            let round = rounds.entry(contact).or_default();
            if round.queued_after == Some(*noted_at) {
                // Queued since, and not heard of again yet.
                is_awaited = true;
                continue;
            }
            // What these waited for was done by the others, which have all come to an end by now.
            let waited_for_others = matches!(
                record.value.reason,
                DeferReason::ReferencesNotRead
                    | DeferReason::BatchConflict
                    | DeferReason::OutOfTime
                    | DeferReason::NotConnected
            );
            let is_due = record.value.due <= now;
            if is_due || (waited_for_others && round.count < MAX_EARLY_ROUNDS) {
                round.count += 1;
                round.queued_after = Some(*noted_at);
                again.push(contact);
            }
            // Without a full sweep, the others that it waits for are never read.
            let is_in_vain = record.value.reason == DeferReason::ReferencesNotRead
                && round.count >= MAX_EARLY_ROUNDS;
            is_awaited |= record.value.due <= until && !is_in_vain;
        }
        self.tool
            .queue
            .send(&Message::for_each(&again, AskedBy::Person))
            .await?;
        Ok(is_awaited || !again.is_empty())
    }

    async fn tell(
        &self,
        contacts: &BTreeSet<ContactId>,
        ended: &BTreeMap<ContactId, OutcomeRecord>,
    ) -> anyhow::Result<Vec<Ended>> {
        let problems = self.records.get_many::<ProblemRecord>(contacts).await?;
        let held = problems.values().map(|held| &held.value.problem);
        let survivors = now_in_xero::survivors(self.tool, held).await;
        let deferred = self.records.get_many::<DeferredRecord>(contacts).await?;
        let known = self.records.get_many::<ContactRecord>(contacts).await?;
        let mut names = names(&self.records, contacts).await?;
        let all = contacts.iter().map(|contact| {
            let key = contact.to_string();
            let outcome = ended.get(contact);
            let held = problems
                .get(&key)
                .filter(|_| outcome.is_some_and(|ended| ended.ending == EndingKind::Held));
            let due = deferred
                .get(&key)
                .filter(|_| outcome.is_none_or(|ended| ended.ending == EndingKind::PutOff))
                .map(|deferred| {
                    let why = crate::why::why_put_off(deferred.value.reason);
                    format!("{why} Due {}.", moment(deferred.value.due))
                });
            Ended {
                contact: *contact,
                name: names.remove(contact).unwrap_or_default(),
                ending: outcome.map(|ended| ended.ending),
                // Worked again since it was noted, it may be held by something else now: the code is that of the sentence.
                detail: held
                    .map(|held| held.value.problem.code().to_owned())
                    .or_else(|| Some(outcome?.detail.clone()))
                    .unwrap_or_default(),
                sentence: held
                    .map(|held| {
                        let ProblemRecord { problem, name, .. } = &held.value;
                        let named = with_survivor(problem, *contact, name, &survivors);
                        named.unwrap_or_else(|| held.value.sentence.clone())
                    })
                    .or(due)
                    .unwrap_or_default(),
                cure: held.map(|held| held.value.cure.clone()).unwrap_or_default(),
                notices: known.get(&key).map(told_notices).unwrap_or_default(),
            }
        });
        Ok(all.collect())
    }
}

/// Queues contacts, and follows along unless that is not wanted.
///
/// # Errors
/// Where the store or the queue cannot be reached.
pub async fn queue_and_follow(
    tool: &Tool,
    contacts: &BTreeSet<ContactId>,
    following: Following,
) -> anyhow::Result<ExitStatus> {
    if contacts.is_empty() {
        tool.ui.tell("There is nothing to do: no contact fits.");
        if tool.ui.json {
            tool.ui.say_json(&json!({ "contacts": [] }))?;
        }
        return Ok(ExitStatus::Success);
    }
    let records = tool.records().await?;
    let all: Vec<ContactId> = contacts.iter().copied().collect();
    let follower = Follower::begin(tool, records).await?;
    critical::goes_on(QUEUED);
    tool.queue
        .send(&Message::for_each(&all, AskedBy::Person))
        .await?;
    follow_to_the_end(tool, follower, contacts, following).await
}

/// Follows contacts that are queued, and tells how they ended.
///
/// # Errors
/// Where the store cannot be reached.
pub async fn follow_to_the_end(
    tool: &Tool,
    follower: Follower<'_>,
    contacts: &BTreeSet<ContactId>,
    following: Following,
) -> anyhow::Result<ExitStatus> {
    if following.no_wait {
        tool.ui.tell(format!(
            "{} queued; contact-sync status shows how it stands.",
            counted(contacts.len(), "contact")
        ));
        if tool.ui.json {
            tool.ui.say_json(&json!({ "queued": contacts }))?;
        }
        return Ok(ExitStatus::Success);
    }
    let ended = follower.follow(contacts, following).await?;
    show(tool, &ended)
}

fn show(tool: &Tool, ended: &[Ended]) -> anyhow::Result<ExitStatus> {
    let is_fine = |ended: &Ended| {
        let ending = ended.ending;
        ending.is_some_and(|ending| {
            !matches!(
                ending,
                EndingKind::Held | EndingKind::PutOff | EndingKind::GivenUp
            )
        })
    };
    let exit = if ended.iter().all(is_fine) {
        ExitStatus::Success
    } else {
        ExitStatus::Attention
    };
    if tool.ui.json {
        tool.ui.say_json(&json!({ "contacts": ended }))?;
        return Ok(exit);
    }
    let few = ended.len() <= FEW;
    for ended in ended {
        // Where much is synchronised, what is as it was is only counted.
        let is_news = !matches!(
            ended.ending,
            Some(EndingKind::Unchanged | EndingKind::LeftAlone)
        );
        if is_news || few {
            tool.ui.say(line(ended))?;
        }
    }
    let mut counts = BTreeMap::<&str, usize>::new();
    for ended in ended {
        *counts.entry(label(ended.ending)).or_default() += 1;
    }
    let counts: Vec<String> = counts
        .into_iter()
        .map(|(label, count)| format!("{count} {label}"))
        .collect();
    tool.ui.say(counts.join(" · "))?;
    if let noticed @ 1.. = ended
        .iter()
        .filter(|ended| !ended.notices.is_empty())
        .count()
    {
        tool.ui.say(format!(
            "Good to know of {}: contact-sync problems --notices",
            counted(noticed, "contact")
        ))?;
    }
    Ok(exit)
}

fn line(ended: &Ended) -> String {
    let tone = match ended.ending {
        Some(EndingKind::Created | EndingKind::Linked | EndingKind::Updated) => Tone::Good,
        Some(EndingKind::Held | EndingKind::GivenUp) | None => Tone::Bad,
        Some(_) => Tone::Plain,
    };
    let label = toned(tone, label(ended.ending));
    let mut line = match ended.name.as_str() {
        "" => format!("{} {label}", ended.contact),
        name => format!("{} {}: {label}", ended.contact, one_line(name)),
    };
    if !ended.detail.is_empty() && ended.ending != Some(EndingKind::PutOff) {
        line.push_str(&format!(" ({})", one_line(&ended.detail)));
    }
    if !ended.sentence.is_empty() {
        line.push_str(&format!(": {}", one_line(&ended.sentence)));
    }
    if !ended.cure.is_empty() {
        line.push_str(&format!("\n  → {}", one_line(&ended.cure)));
    }
    for notice in &ended.notices {
        line.push_str(&format!("\n  Good to know: {}", one_line(notice)));
    }
    line
}

fn told_notices(known: &Stored<ContactRecord>) -> Vec<String> {
    let notices = known.value.notices.iter();
    notices.map(Notice::sentence).collect()
}

/// An ending as a person reads it.
#[must_use]
pub fn label(ending: Option<EndingKind>) -> &'static str {
    match ending {
        Some(EndingKind::Created) => "created",
        Some(EndingKind::Linked) => "linked",
        Some(EndingKind::Updated) => "updated",
        Some(EndingKind::Unchanged) => "unchanged",
        Some(EndingKind::LeftAlone) => "left alone",
        Some(EndingKind::Held) => "problem",
        Some(EndingKind::PutOff) => "put off",
        Some(EndingKind::GivenUp) => "given up",
        Some(EndingKind::Unknown) => "done by a newer version",
        None => "not done yet",
    }
}

/// More contacts than anybody gives by their ids.
pub(crate) const MAX_CHOSEN: usize = 1_000;

/// Refuses more contacts by id than anybody types.
pub(crate) fn check_chosen(contacts: &[ContactId]) -> anyhow::Result<()> {
    if contacts.len() > MAX_CHOSEN {
        bail!("at most {MAX_CHOSEN} contacts can be given by their ids; leave them out for all");
    }
    Ok(())
}
