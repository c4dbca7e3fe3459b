//! Calls to Xero, as rows.

use std::collections::BTreeMap;

use crate::network::Purpose;
use crate::report::{Row, Section, grouped, per};
use crate::rivals::Way;
use crate::work::FirstSync;
use crate::world::Setup;
use crate::xero_calls::{
    Spent, Who, afterwards, first_sync, first_sync_by, one_new, trickle_changes, trickle_hour,
};

/// The most calls that may bring 1,000 contacts into an organisation of 1,600.
pub(crate) const HEADLINE: usize = 36;
/// Full writes of 50 and the directory's two pages: nothing that looks before it writes can do with fewer.
const FLOOR: usize = 22;
const HOW: &str = "counted by the fake Xero, its limits in force; events of 200; the real poll and worker by a clock of their own";
const HOW_RIVAL: &str = "the same contacts, in events of the same size";

/// The rows of the calls.
pub(crate) async fn section(local_stack_calls: usize) -> anyhow::Result<Section> {
    let mut rows = Vec::new();
    let headline = first_sync(FirstSync::new(1_000, 1_600), Setup::default()).await?;
    rows.push(
        first_row(FirstSync::new(1_000, 1_600), ", one worker", &headline)
            .target(format!("≤ {HEADLINE}"), headline.calls() <= HEADLINE),
    );
    let two = Setup {
        workers: 2,
        ..Setup::default()
    };
    let both = first_sync(FirstSync::new(1_000, 1_600), two).await?;
    rows.push(
        first_row(
            FirstSync::new(1_000, 1_600),
            ", two workers in turn, as deployed",
            &both,
        )
        .target(format!("≤ {HEADLINE}"), both.calls() <= HEADLINE),
    );
    rows.push(Row::new(
        "The same by the local stack's own event source",
        "real processes; it hands over 10 messages at a time, Xero's limit of a minute raised",
        format!("{local_stack_calls} calls"),
    ));
    for (contacts, in_xero) in [
        (100, 1_600),
        (10_000, 1_600),
        (100, 20_000),
        (1_000, 20_000),
        (10_000, 20_000),
    ] {
        let work = FirstSync::new(contacts, in_xero);
        let spent = first_sync(work, Setup::default()).await?;
        rows.push(first_row(work, "", &spent));
    }
    for in_xero in [1_600, 20_000] {
        let work = FirstSync::new(1_000, in_xero).without_reference();
        let spent = first_sync(work, Setup::default()).await?;
        rows.push(first_row(work, ", each reference generated", &spent));
    }
    for (contacts, in_xero) in [
        (100, 1_600),
        (1_000, 1_600),
        (10_000, 1_600),
        (1_000, 20_000),
        (10_000, 20_000),
    ] {
        let work = FirstSync::new(contacts, in_xero);
        let ways: &[Way] = if contacts * in_xero > 20_000_000 {
            &[Way::ListFirst]
        } else {
            &[Way::FindThenCreate, Way::ListFirst]
        };
        for way in ways {
            let spent = first_sync_by(*way, work)?;
            let what = format!(
                "{}: {} into {}",
                way.name(),
                grouped(contacts),
                grouped(in_xero)
            );
            rows.push(Row::new(what, HOW_RIVAL, figure(&spent, Some(contacts))));
        }
    }
    let after = afterwards(200, 1_600).await?;
    let one = |spent: &Spent| match spent.calls() {
        1 => "1 call".to_owned(),
        calls => format!("{calls} calls"),
    };
    for (what, spent, most) in [
        ("One changed, linked contact", &after.one_edit, 2),
        ("40 changed, linked contacts", &after.forty_edits, 3),
        (
            "The hourly look at what changed in Xero, where nothing did",
            &after.hourly_look,
            1,
        ),
        (
            "The daily look: the same, and 200 links compared with an organisation of 1,760",
            &after.daily_look,
            3,
        ),
        (
            "One linked contact saved without a change that matters",
            &after.one_empty_save,
            0,
        ),
        (
            "A full sweep over 200 unchanged contacts",
            &after.unchanged_sweep,
            0,
        ),
        (
            "Our own write-back coming round: the 15 polls after a first synchronisation of 200, each reference generated",
            &after.write_back,
            0,
        ),
    ] {
        rows.push(
            Row::new(what, HOW, one(spent)).target(format!("≤ {most}"), spent.calls() <= most),
        );
    }
    for (what, reference) in [("", "NEW1"), (" without a reference", "")] {
        let spent = one_new(20_000, reference).await?;
        rows.push(
            Row::new(
                format!("One new contact{what}, organisation of 20,000 that was looked through before, by a worker that was just started"),
                HOW,
                one(&spent),
            )
            .target("≤ 3", spent.calls() <= 3),
        );
    }
    let changes = trickle_changes();
    for in_xero in [1_600, 20_000] {
        for (name, who) in [
            ("", Who::Us),
            ("find-then-create: ", Who::Rival(Way::FindThenCreate)),
            ("list-first: ", Who::Rival(Way::ListFirst)),
        ] {
            let spent = trickle_hour(who, in_xero).await?;
            let how = match who {
                Who::Us => {
                    "one poll a minute; half are edits, a fifth saves that change nothing, the rest new contacts without a reference"
                }
                Who::Rival(_) => "the same changes, one event a minute",
            };
            let what = format!(
                "{name}an hour of {changes} changes, 1 to 5 a minute, organisation of {}",
                grouped(in_xero)
            );
            rows.push(Row::new(what, how, figure(&spent, Some(changes))));
        }
    }
    Ok(Section {
        title: "Calls to Xero",
        intro: "Xero allows 60 calls a minute and 5,000 a day (1,000 on its starter tier) to each organisation, and counts calls, not contacts. One in five of the contacts \
            (as far as the organisation has so many) is in Xero already, under the same name and with a blank account number. Bytes are those of Xero's answers as JSON, uncompressed. \"Minutes\" are of the clock of the \
            run, on which a call to Xero takes 100 ms and one to BigChange 25 ms (four at once at 100 ms).\n\n\
            Two other clients do the same work in the same run. *Find-then-create* looks each contact up and then writes it. *List-first* reads the whole list in every event, \
            in the largest pages, and writes 50 at a time. They do less: they write name and account number only, and generate no reference. Neither reads again before it overwrites, reserves a reference or remembers a write in doubt; \
            both wait as long as Xero tells them. (Find-then-create is left out for 10,000 contacts into 20,000: two calls a contact, as everywhere.)".to_owned(),
        rows,
        notes: vec![
            explanation(&headline),
            "The template runs two workers. Each keeps a directory of its own, which is what the second row has more than the first. A worker that has spent as much on look-ups as a directory \
             of up to 25 pages takes reads it once, so that a single contact may cost up to 25 calls more, once for each process."
                .to_owned(),
        ],
    })
}

fn first_row(work: FirstSync, more: &str, spent: &Spent) -> Row {
    let what = format!(
        "{} contacts into {}{more}",
        grouped(work.contacts),
        grouped(work.in_xero)
    );
    Row::new(what, HOW, figure(spent, Some(work.contacts)))
}

fn figure(spent: &Spent, contacts: Option<usize>) -> String {
    let traffic = &spent.traffic;
    let mut text = format!("{} calls", grouped(spent.calls()));
    if let Some(contacts) = contacts {
        text += &format!(" ({} each)", per(spent.calls(), contacts));
    }
    text += &format!(", {:.1} MB read", traffic.xero_bytes as f64 / 1e6);
    if spent.minutes > 0 {
        text += &format!(", {}", told_minutes(spent.minutes));
    }
    if traffic.xero_refused > 0 {
        text += &format!(", {} refused", traffic.xero_refused);
    }
    text
}

fn told_minutes(minutes: u64) -> String {
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{:.1} days", minutes as f64 / 1_440.0),
    }
}

/// What each call above the floor buys.
fn explanation(headline: &Spent) -> String {
    let count = |purpose| {
        headline
            .traffic
            .xero_purposes
            .get(&purpose)
            .copied()
            .unwrap_or_default()
    };
    let purposes = BTreeMap::from([
        ("directory pages", count(Purpose::Page)),
        ("refreshes of the directory", count(Purpose::Refresh)),
        ("creates", count(Purpose::Create)),
        ("reads before links", count(Purpose::ReadAgain)),
        ("link writes", count(Purpose::Write)),
        ("look-ups", count(Purpose::LookUp)),
    ]);
    let told: Vec<String> = purposes
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    format!(
        "The first row is {}. The floor is {FLOOR}: 16 creates, 4 link writes, 2 directory pages. Above it: {} creates and {} link writes, because an event of 200 is written \
         before the next one is seen, so that its last write is not full; {} reads before links, so that nothing is written to a contact that a person changed since the directory was read; \
         {} refreshes, so that a contact that a person made meanwhile is found rather than refused (a directory younger than 15 seconds is not refreshed).",
        told.join(", "),
        count(Purpose::Create).saturating_sub(16),
        count(Purpose::Write).saturating_sub(4),
        count(Purpose::ReadAgain),
        count(Purpose::Refresh),
    )
}
