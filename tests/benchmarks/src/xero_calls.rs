//! How many calls to Xero work takes, counted by the fake with Xero's limits in force.

use anyhow::ensure;
use poll::Mode;
use time::Duration;

use crate::network::Traffic;
use crate::rivals::{Rival, Way};
use crate::work::{Customer, FirstSync, name_of, organisation};
use crate::world::{EVENT_SIZE, GROUPS, Setup, World, minutes};

/// What a piece of work took.
#[derive(Debug, Clone)]
pub(crate) struct Spent {
    pub(crate) traffic: Traffic,
    /// Of the world's clock.
    pub(crate) minutes: u64,
}

impl Spent {
    fn of(world: &World, minutes: u64) -> Self {
        Self {
            traffic: world.traffic(),
            minutes,
        }
    }

    /// Calls to Xero.
    pub(crate) fn calls(&self) -> usize {
        self.traffic.xero_calls
    }
}

/// A whole first synchronisation, from the first poll until nothing is left to do.
pub(crate) async fn first_sync(work: FirstSync, setup: Setup) -> anyhow::Result<Spent> {
    let mut world = World::new(setup)?;
    work.fill(&mut world)?;
    let minutes = world.until_done().await?;
    world.expect_all_linked(work.contacts).await?;
    Ok(Spent::of(&world, minutes))
}

/// The same work by another client, in events of the same size.
pub(crate) fn first_sync_by(way: Way, work: FirstSync) -> anyhow::Result<Spent> {
    let mut world = World::new(Setup::default())?;
    work.fill(&mut world)?;
    let began = world.network.now();
    let mut rival = Rival::new(&world.network);
    for customers in work.customers().chunks(EVENT_SIZE) {
        rival.sync(way, customers)?;
    }
    let spent = Spent::of(&world, minutes(world.network.now() - began));
    let new = work.customers().iter().filter(|c| !c.is_in_xero).count();
    let in_xero = world.network.xero().contacts().count();
    ensure!(
        in_xero == work.in_xero + new,
        "{way:?}, {work:?}: {in_xero} contacts in Xero, not {}",
        work.in_xero + new
    );
    Ok(spent)
}

/// What comes after a first synchronisation.
#[derive(Debug, Clone)]
pub(crate) struct Afterwards {
    /// The polls of the next quarter of an hour, in which the worker's own writes to BigChange show as changes.
    pub(crate) write_back: Spent,
    /// A full sweep over contacts that are all in line.
    pub(crate) unchanged_sweep: Spent,
    /// The daily look: what changed in Xero, and every link compared with the whole list.
    pub(crate) daily_look: Spent,
    /// The hourly look: what changed in Xero.
    pub(crate) hourly_look: Spent,
    /// One linked contact was edited.
    pub(crate) one_edit: Spent,
    /// Forty linked contacts were edited.
    pub(crate) forty_edits: Spent,
    /// One linked contact was saved, and nothing that is synchronised changed.
    pub(crate) one_empty_save: Spent,
}

/// Longer than a write shows as a change.
pub(crate) const WRITE_BACK_POLLS: usize = 15;

/// Work on a company that is in line.
pub(crate) async fn afterwards(contacts: usize, in_xero: usize) -> anyhow::Result<Afterwards> {
    let mut world = World::new(Setup::default())?;
    // Generated, so that the contact reference is written too: that is the write which BigChange's lists show as a change.
    let work = FirstSync::new(contacts, in_xero).without_reference();
    let ids = work.fill(&mut world)?;
    world.until_done().await?;
    world.expect_all_linked(contacts).await?;
    world.network.reset();
    for _ in 0..WRITE_BACK_POLLS {
        world.pass(Duration::minutes(1));
        world.poll(Mode::Changes).await?;
    }
    let write_back = Spent::of(&world, 0);
    let lists = WRITE_BACK_POLLS * GROUPS;
    ensure!(
        write_back.traffic.bigchange_calls > lists,
        "no write-back came round, so that its cost was not measured"
    );
    world.pass(Duration::hours(1));
    world.network.reset();
    world.poll(Mode::Full).await?;
    let unchanged_sweep = Spent::of(&world, 0);
    world.network.reset();
    world.poll(Mode::Changes).await?;
    let daily_look = Spent::of(&world, 0);
    world.pass(Duration::hours(1));
    world.network.reset();
    world.poll(Mode::Changes).await?;
    let hourly_look = Spent::of(&world, 0);
    world.network.reset();
    world.edit(ids[0], |contact| contact.phone = "+441139999999".to_owned());
    world.poll(Mode::Changes).await?;
    let one_edit = Spent::of(&world, 0);
    world.pass(Duration::minutes(10));
    world.network.reset();
    for id in ids.iter().take(40) {
        world.edit(*id, |contact| contact.phone = "+441138888888".to_owned());
    }
    world.poll(Mode::Changes).await?;
    let forty_edits = Spent::of(&world, 0);
    world.pass(Duration::minutes(10));
    world.network.reset();
    world.edit(ids[1], |contact| {
        contact.extra = "ring the bell twice".to_owned()
    });
    world.poll(Mode::Changes).await?;
    let one_empty_save = Spent::of(&world, 0);
    Ok(Afterwards {
        write_back,
        unchanged_sweep,
        daily_look,
        hourly_look,
        one_edit,
        forty_edits,
        one_empty_save,
    })
}

/// One new contact, by a worker that was just started, in an organisation of this size that was
/// looked through before.
pub(crate) async fn one_new(in_xero: usize, reference: &str) -> anyhow::Result<Spent> {
    let mut world = World::new(Setup::default())?;
    world.add_to_xero(&organisation(in_xero).into())?;
    world.pass(Duration::hours(1));
    // An earlier contact: for it the organisation is looked through.
    world.add_customer("Earlier Ltd", "EARLIER");
    world.until_done().await?;
    world.restart_workers()?;
    world.pass(Duration::hours(1));
    world.network.reset();
    world.add_customer("New Customer Ltd", reference);
    world.until_done().await?;
    world.expect_all_linked(2).await?;
    Ok(Spent::of(&world, 0))
}

/// What happens in one minute of a trickle.
#[derive(Debug, Clone)]
enum Change {
    /// A field that is synchronised, of a contact that is linked.
    Edit(usize),
    /// Saved, and nothing that is synchronised changed.
    EmptySave(usize),
    /// A new contact without an account reference; some of them are in Xero under the same name.
    New(Customer),
}

const LINKED_BEFORE: usize = 200;
const TRICKLE_MINUTES: usize = 60;

/// An hour with 1 to 5 changes in each minute: the same ones for everybody, by a seed.
fn trickle() -> Vec<Vec<Change>> {
    let mut rng = fastrand::Rng::with_seed(1_124);
    let mut next = LINKED_BEFORE;
    let mut minutes = Vec::with_capacity(TRICKLE_MINUTES);
    for _ in 0..TRICKLE_MINUTES {
        let count = rng.usize(1..=5);
        let change = |_| match rng.u8(0..10) {
            0..5 => Change::Edit(rng.usize(0..LINKED_BEFORE)),
            5..7 => Change::EmptySave(rng.usize(0..LINKED_BEFORE)),
            kind => {
                next += 1;
                let is_in_xero = kind == 9;
                Change::New(Customer {
                    name: name_of(next),
                    reference: String::new(),
                    is_in_xero,
                })
            }
        };
        minutes.push((0..count).map(change).collect());
    }
    minutes
}

/// How many changes the hour has.
pub(crate) fn trickle_changes() -> usize {
    trickle().iter().map(Vec::len).sum()
}

/// Who works in the hour of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// This project's poll and worker.
    Us,
    Rival(Way),
}

/// An hour of changes in a company of 200 linked contacts, by whoever works on it.
pub(crate) async fn trickle_hour(who: Who, in_xero: usize) -> anyhow::Result<Spent> {
    let mut world = World::new(Setup::default())?;
    let first = FirstSync::new(LINKED_BEFORE, in_xero);
    let mut ids = first.fill(&mut world)?;
    world.until_done().await?;
    // The worker that meets the hour was started for it, and its own writes have come round.
    for _ in 0..15 {
        world.pass(Duration::minutes(1));
        world.poll(Mode::Changes).await?;
    }
    world.restart_workers()?;
    let linked = first.customers();
    let hour = trickle();
    let matches = hour.iter().flatten().filter_map(Change::in_xero_before);
    let matches: Vec<_> = matches
        .map(|name| serde_json::json!({ "Name": name }))
        .collect();
    world.add_to_xero(&matches.into())?;
    world.pass(Duration::hours(1));
    world.network.reset();
    let began = world.network.now();
    for (minute, changes) in (1..).zip(&hour) {
        for change in changes {
            match change {
                Change::Edit(n) => world.edit(ids[*n], |c| c.phone = format!("+44113{minute:07}")),
                Change::EmptySave(n) => world.edit(ids[*n], |c| c.extra = format!("{minute}")),
                Change::New(customer) => {
                    ids.push(world.add_customer(&customer.name, &customer.reference));
                }
            }
        }
        match who {
            Who::Us => world.poll(Mode::Changes).await?,
            Who::Rival(way) => {
                let touched: Vec<Customer> = changes.iter().map(|c| c.customer(&linked)).collect();
                Rival::new(&world.network).sync(way, &touched)?;
            }
        }
        let until = began + Duration::minutes(minute);
        let wait = until - world.network.now();
        if wait.is_positive() {
            world.pass(wait);
        }
    }
    if who == Who::Us {
        world.until_done().await?;
        world.expect_all_linked(ids.len()).await?;
    }
    Ok(Spent::of(&world, minutes(world.network.now() - began)))
}

impl Change {
    fn in_xero_before(&self) -> Option<&str> {
        match self {
            Self::New(customer) if customer.is_in_xero => Some(&customer.name),
            _ => None,
        }
    }

    /// Whom it concerns, as another client sees it: that nothing changed which matters it cannot know.
    fn customer(&self, linked: &[Customer]) -> Customer {
        match self {
            Self::Edit(n) | Self::EmptySave(n) => linked[*n].clone(),
            Self::New(customer) => customer.clone(),
        }
    }
}
