//! The digest: at most one a day, and nothing is told never.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use poll::{Mode, Poller};
use rules::{AskedBy, Digest, Field, LeftOut, Notice, Subscribers};
use runtime::people::{DigestRecord, NewsRecord};
use runtime::records::{DeadCause, DeadConnectionRecord, ProblemRecord, SINGLETON};
use runtime::telemetry::Metric;
use runtime::{Mail, MailError};
use secrets::Vault as _;
use store::Expect;
use time::Duration;

use crate::world::{TOKEN_SECRET, World, contact_id, not_in_xero};

#[derive(Default)]
pub(crate) struct Mails {
    sent: Mutex<Vec<Digest>>,
    /// SNS takes the mail, and the answer is lost.
    pub(crate) answers_are_lost: AtomicBool,
    unconfirmed: Mutex<usize>,
}

impl Mails {
    pub(crate) fn take(&self) -> Vec<Digest> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }

    fn subjects(&self) -> Vec<String> {
        let sent = self.take().into_iter();
        sent.map(|digest| digest.subject.replace("Contact sync: ", ""))
            .collect()
    }
}

impl Mail for Mails {
    fn send<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            self.sent.lock().unwrap().push(digest.clone());
            if self.answers_are_lost.load(Ordering::SeqCst) {
                return Err(MailError("no answer".to_owned()));
            }
            Ok(())
        })
    }

    fn subscribers(&self) -> BoxFuture<'_, Result<Subscribers, MailError>> {
        Box::pin(async {
            Ok(Subscribers {
                confirmed: 1,
                unconfirmed: *self.unconfirmed.lock().unwrap(),
            })
        })
    }
}

/// Monday 2 November 2026, from 11:00 UTC.
async fn mailed() -> (World, Arc<Mails>) {
    (World::swept().await, Arc::default())
}

pub(crate) fn poller(world: &World, mails: &Arc<Mails>, settings: &[(&str, &str)]) -> Poller {
    let mut poller = world.poller_over(Arc::new(world.table.clone()), settings);
    poller.services.mail = Some(mails.clone());
    poller
}

/// A poll by a new process.
async fn poll(world: &World, mails: &Arc<Mails>) {
    let poller = poller(world, mails, &[]);
    poller.poll(Mode::Changes, AskedBy::Schedule).await.unwrap();
}

async fn pass(world: &World, mails: &Arc<Mails>, time: Duration) {
    world.pass(time);
    poll(world, mails).await;
}

async fn solve(world: &World, id: u64) {
    let records = world.records();
    let solved = records.delete::<ProblemRecord>(id, Expect::Any);
    records.write(vec![solved]).await.unwrap();
}

#[tokio::test]
async fn a_digest_goes_out_once_a_working_day_where_there_is_news() {
    let (world, mails) = mailed().await;
    world.hold(1, "Acme", not_in_xero()).await;
    for _ in 0..3 {
        poll(&world, &mails).await;
    }
    assert_eq!(mails.subjects(), ["1 new, 0 solved, 1 open"]);
    // Tuesday: nothing is new.
    pass(&world, &mails, Duration::days(1)).await;
    assert_eq!(mails.subjects(), [""; 0]);
    // Held later on Tuesday: told on Wednesday, and not before 07:00.
    world.hold(2, "Bolt", not_in_xero()).await;
    solve(&world, 1).await;
    pass(&world, &mails, Duration::hours(18)).await;
    assert_eq!(mails.subjects(), [""; 0]);
    pass(&world, &mails, Duration::hours(1)).await;
    assert_eq!(mails.subjects(), ["1 new, 1 solved, 1 open"]);
    // Friday evening's news waits for Monday.
    world.pass(Duration::days(2) + Duration::hours(12));
    world.hold(3, "Cobb", not_in_xero()).await;
    for _ in 0..3 {
        pass(&world, &mails, Duration::hours(16)).await;
    }
    assert_eq!(mails.subjects(), [""; 0]);
    pass(&world, &mails, Duration::hours(16)).await;
    assert_eq!(mails.subjects(), ["1 new, 0 solved, 2 open"]);
    // A week later: nothing is new, but it is a Monday.
    pass(&world, &mails, Duration::days(7)).await;
    assert_eq!(mails.subjects(), ["nothing new, 2 open"]);
}

#[tokio::test]
async fn what_a_lost_mail_told_is_told_again_the_next_day() {
    let (world, mails) = mailed().await;
    world.hold(1, "Acme", not_in_xero()).await;
    mails.answers_are_lost.store(true, Ordering::SeqCst);
    poll(&world, &mails).await;
    poll(&world, &mails).await;
    assert_eq!(
        mails.subjects().len(),
        1,
        "one mail that day, come what may"
    );
    mails.answers_are_lost.store(false, Ordering::SeqCst);
    pass(&world, &mails, Duration::days(1)).await;
    assert_eq!(mails.subjects(), ["1 new, 0 solved, 1 open"]);
    pass(&world, &mails, Duration::days(1)).await;
    assert_eq!(mails.subjects(), [""; 0]);
}

#[tokio::test]
async fn two_polls_at_once_send_one_mail() {
    let (world, mails) = mailed().await;
    world.hold(1, "Acme", not_in_xero()).await;
    let (one, other) = (poller(&world, &mails, &[]), poller(&world, &mails, &[]));
    let both = futures::join!(
        one.poll(Mode::Changes, AskedBy::Schedule),
        other.poll(Mode::Changes, AskedBy::Schedule)
    );
    assert!(both.0.is_ok() && both.1.is_ok());
    assert_eq!(mails.subjects().len(), 1);
}

#[tokio::test]
async fn a_notice_is_told_once() {
    let (world, mails) = mailed().await;
    let news = NewsRecord {
        at: world.now(),
        contact: contact_id(2),
        notice: Notice::FieldLeftOut(LeftOut {
            field: Field::Email,
            takes: "one address".to_owned(),
        }),
    };
    world.put(news.key(0), &news).await;
    let outdated = NewsRecord {
        at: world.now() - Duration::days(31),
        ..news.clone()
    };
    world.put(outdated.key(0), &outdated).await;
    poll(&world, &mails).await;
    let [digest] = mails.take().try_into().unwrap();
    let told = digest.body.matches("The email was not sent to Xero");
    assert_eq!(told.count(), 1, "{}", digest.body);
    pass(&world, &mails, Duration::days(1)).await;
    assert_eq!(mails.subjects(), [""; 0]);
}

#[tokio::test]
async fn a_digest_says_that_nothing_is_synchronised_and_who_has_not_confirmed_it() {
    let (world, mails) = mailed().await;
    *mails.unconfirmed.lock().unwrap() = 1;
    let dead = DeadConnectionRecord {
        since: world.now(),
        why: "Xero takes no token; connect it again (contact-sync connect xero)".to_owned(),
        secret_version: "another".to_owned(),
        cause: DeadCause::RefreshRefused,
    };
    // Of a token that a person has replaced since: work goes on.
    world.put(SINGLETON, &dead).await;
    poll(&world, &mails).await;
    let [digest] = mails.take().try_into().unwrap();
    assert!(!digest.body.contains("NOTHING IS SYNCHRONISED"));
    assert!(
        digest.body.contains("1 of the addresses"),
        "{}",
        digest.body
    );
    world.pass(Duration::days(1));
    let secret_version = world.vault.current(TOKEN_SECRET).await.unwrap().id;
    let dead = DeadConnectionRecord {
        secret_version,
        ..dead
    };
    world.put(SINGLETON, &dead).await;
    poll(&world, &mails).await;
    let [digest] = mails.take().try_into().unwrap();
    let line = "NOTHING IS SYNCHRONISED NOW: Xero takes no token";
    assert!(digest.body.contains(line), "{}", digest.body);
}

#[tokio::test]
async fn names_and_whom_to_ask_come_from_the_settings() {
    let (world, mails) = mailed().await;
    world.hold(1, "Acme", not_in_xero()).await;
    let held: ProblemRecord = world.read(1).await.unwrap();
    let sentence = "\"Acme\" is not in Xero.".to_owned();
    world.put(1, &ProblemRecord { sentence, ..held }).await;
    let settings = [("NAMES_IN_DIGEST", "true"), ("CONTACT_NAME", "Jane")];
    let with_names = poller(&world, &mails, &settings);
    with_names
        .poll(Mode::Changes, AskedBy::Schedule)
        .await
        .unwrap();
    let [digest] = mails.take().try_into().unwrap();
    assert!(digest.body.contains("\"Acme\" is not in Xero."));
    assert!(digest.body.ends_with("Questions? Ask Jane."));
}

#[tokio::test]
async fn no_digest_while_the_switch_is_off() {
    let (world, mails) = mailed().await;
    world.hold(1, "Acme", not_in_xero()).await;
    poll::disable(&world.records(), world.now()).await.unwrap();
    poll(&world, &mails).await;
    assert_eq!(mails.subjects(), [""; 0]);
    assert_eq!(world.read::<DigestRecord>(SINGLETON).await, None);
}

#[tokio::test]
async fn held_contacts_that_pile_up_are_counted_once_an_hour() {
    let (world, mails) = mailed().await;
    let grows = |world: &World| {
        let metrics = world.take_metrics();
        let grows = |metric: &&Metric| **metric == Metric::ProblemsGrowing;
        metrics.iter().filter(grows).count()
    };
    // Found by the first sweep: nothing grew.
    for id in 1..30 {
        world.hold(id, "Acme", not_in_xero()).await;
    }
    for _ in 0..30 {
        pass(&world, &mails, Duration::hours(1)).await;
    }
    assert_eq!(grows(&world), 0);
    for id in 30..40 {
        world.hold(id, "Acme", not_in_xero()).await;
    }
    pass(&world, &mails, Duration::hours(1)).await;
    pass(&world, &mails, Duration::minutes(10)).await;
    assert_eq!(grows(&world), 1);
    // A day later that is how it is; a week later one has waited for too long.
    world.pass(Duration::hours(30));
    poll(&world, &mails).await;
    world.take_metrics();
    pass(&world, &mails, Duration::hours(25)).await;
    assert_eq!(grows(&world), 0);
    pass(&world, &mails, Duration::days(6)).await;
    assert_eq!(grows(&world), 1);
}
