//! No personal data and no secret in any log line, error, report, metric, queue message or key.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fake_bigchange::{Fault, FaultKind};
use fake_xero::{Fault as XeroFault, FaultKind as XeroFaultKind};
use poll::{Mode, PollError, Report};
use rules::{AskedBy, NoteTrial, Notice};
use runtime::people::{NewsRecord, NoteTrialRecord};
use runtime::records::{ProblemRecord, SINGLETON};
use runtime::telemetry::Metric;
use serde_json::json;
use store::{Expect, Key, Table, Write};
use time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::digest::{Mails, poller};
use crate::world::{BIGCHANGE_SECRET, RETAIL, TOKEN_SECRET, World, contact_id, not_in_xero};

thread_local! {
    /// What this thread has logged. A subscriber of one thread alone would do, but for threads
    /// without one that meet a line of logging first: it stays off then.
    static LOG: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Takes down whatever is logged, at any level and of any crate, for each thread by itself.
struct Log;

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

fn take_down(metadata: &Metadata<'_>, record: impl FnOnce(&mut dyn Visit)) {
    LOG.with_borrow_mut(|log| {
        write!(log, "{} {}", metadata.level(), metadata.target()).unwrap();
        record(&mut Line(log));
        log.push('\n');
    });
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        take_down(span.metadata(), |line| span.record(line));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        LOG.with_borrow_mut(|log| values.record(&mut Line(log)));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        take_down(event.metadata(), |line| event.record(line));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

const MARK: &str = "zqmark";

/// What everyone is told who does not look into the table or the two systems.
#[derive(Default)]
struct Told {
    text: String,
    errors: usize,
    mails: Arc<Mails>,
    digests: usize,
}

impl Told {
    async fn poll(&mut self, world: &World, mode: Mode) {
        let poller = poller(world, &self.mails, &[("NOTE_TYPE_ID", "83519")]);
        match poller.poll(mode, AskedBy::Schedule).await {
            Ok(report) => {
                let json = serde_json::to_string(&report).unwrap();
                writeln!(self.text, "{report:?} {json}").unwrap();
            }
            Err(error) => {
                self.errors += 1;
                writeln!(self.text, "{error} {error:?}").unwrap();
            }
        }
        writeln!(self.text, "queued {:?}", world.queue.take()).unwrap();
        // Without NamesInDigest a digest names nobody.
        for digest in self.mails.take() {
            self.digests += 1;
            writeln!(self.text, "{}\n{}", digest.subject, digest.body).unwrap();
        }
        let lose = self.digests % 2 == 1;
        self.mails.answers_are_lost.store(lose, Ordering::SeqCst);
        world.pass(Duration::hours(2));
    }
}

fn marked_world() -> World {
    let world = World::new();
    let secret =
        json!({"username": "zqmark-user", "password": "zqmark-password", "key": "zqmark-key"});
    world
        .vault
        .set_current(BIGCHANGE_SECRET, secret.to_string());
    {
        let mut company = world.bigchange.core();
        "zqmark-user".clone_into(&mut company.credentials.username);
        "zqmark-password".clone_into(&mut company.credentials.password);
        "zqmark-key".clone_into(&mut company.credentials.key);
        for (group, name) in [
            (10, "Trade zqmark"),
            (11, "Retail zqmark"),
            (20, "Sites zqmark"),
        ] {
            company.add_group(group, name);
        }
    }
    for id in 1..=4 {
        mark(&world, id);
    }
    world
}

fn mark(world: &World, id: u64) {
    world.edit(id, |contact| {
        for field in [
            &mut contact.name,
            &mut contact.street,
            &mut contact.town,
            &mut contact.postcode,
            &mut contact.country,
            &mut contact.person,
            &mut contact.phone,
            &mut contact.email,
            &mut contact.extra,
        ] {
            field.push_str("zqmark");
        }
        contact.contact_reference = format!("zqmark {id}");
    });
}

/// Names and values in what is told of contacts: they belong in notes, and nowhere else.
async fn people_are_told(world: &World) {
    let note_type = world.bigchange.core().add_note_type("zqmark");
    let trial = NoteTrialRecord {
        at: world.now(),
        note_type: note_type.try_into().unwrap(),
        outcome: NoteTrial::Works,
    };
    world.put(SINGLETON, &trial).await;
    for id in [1, 2] {
        let held: ProblemRecord = world.read(id).await.unwrap();
        let told = ProblemRecord {
            sentence: "\"Acme zqmark\" is not in Xero.".to_owned(),
            cure: "In Xero, create it.".to_owned(),
            ..held
        };
        world.put(id, &told).await;
    }
    let news = NewsRecord {
        at: world.now(),
        contact: contact_id(3),
        notice: Notice::LinkedUnderAnotherName {
            in_xero: "zqmark".to_owned(),
        },
    };
    world.put(news.key(0), &news).await;
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_personal_and_no_secret_is_ever_logged_told_or_queued() {
    tracing::subscriber::set_global_default(Log).unwrap();
    let world = marked_world();
    let mut told = Told::default();
    told.poll(&world, Mode::Changes).await;
    told.poll(&world, Mode::Full).await;
    for id in 1..=4 {
        mark(&world, id);
    }
    // What a list cannot show as a contact.
    world.add(9, RETAIL);
    world.edit(9, |contact| {
        contact.contact_reference = "zqmark".repeat(1_000)
    });
    world.hold(1, "Acme zqmark", not_in_xero()).await;
    world.hold(2, "Bolt zqmark", not_in_xero()).await;
    people_are_told(&world).await;
    world.add_in_xero("Acme zqmark");
    told.poll(&world, Mode::Changes).await;
    xero_fails(&world, &mut told).await;
    bigchange_fails(&world, &mut told).await;
    world.queue.is_down.store(true, Ordering::SeqCst);
    mark(&world, 1);
    told.poll(&world, Mode::Changes).await;
    world.queue.is_down.store(false, Ordering::SeqCst);
    items_are_strange(&world, &mut told).await;
    secrets_are_strange(&world, &mut told).await;

    let notes = world.bigchange.core().notes().to_vec();
    assert!(
        notes.iter().any(|note| note.subject.contains(MARK)) && told.digests > 1,
        "people are told: {notes:?}, {} digests",
        told.digests
    );
    let log = LOG.take();
    assert!(
        log.lines().count() > 100 && told.errors > 20,
        "{}",
        told.errors
    );
    for line in log.lines().chain(told.text.lines()) {
        assert!(!line.to_lowercase().contains(MARK), "{line}");
        assert!(
            !line.contains("access-") && !line.contains("Basic "),
            "{line}"
        );
    }
    let metrics = world.metrics.lock().unwrap();
    assert!(
        metrics.contains(&Metric::PollSucceeded) && metrics.contains(&Metric::BigChangeAuthLost)
    );
    assert!(!format!("{metrics:?}").contains(MARK));
    for item in world.table.dump() {
        assert!(!format!("{:?}", item.key).contains(MARK), "{:?}", item.key);
    }
}

async fn xero_fails(world: &World, told: &mut Told) {
    for kind in [
        XeroFaultKind::LostAnswer,
        XeroFaultKind::Status { status: 500 },
        XeroFaultKind::Status { status: 404 },
        XeroFaultKind::Status { status: 400 },
        XeroFaultKind::Status { status: 401 },
        XeroFaultKind::Status { status: 403 },
        XeroFaultKind::LostRequest,
    ] {
        world.add_in_xero(&format!("{kind:?} zqmark"));
        let fault = XeroFault::next_call(kind);
        world.xero.lock().unwrap().inject(fault);
        told.poll(world, Mode::Changes).await;
    }
}

async fn bigchange_fails(world: &World, told: &mut Told) {
    let status = |status| FaultKind::Status {
        status,
        retry_after_seconds: Some(1),
    };
    let refusal = |words: &str| FaultKind::Refusal {
        words: words.to_owned(),
    };
    for kind in [
        refusal("Contact zqmark Ltd is locked"),
        refusal("zqmark misc_noRight"),
        status(400),
        status(401),
        status(403),
        status(404),
        status(429),
        status(503),
        FaultKind::ServerError,
        FaultKind::LostAnswer,
    ] {
        for mode in [Mode::Changes, Mode::Full] {
            world
                .bigchange
                .core()
                .order_fault(Fault::next(kind.clone()));
            told.poll(world, mode).await;
        }
    }
}

async fn items_are_strange(world: &World, told: &mut Told) {
    let tenant = world.records().tenant();
    for (partition, sort) in [
        (format!("{tenant}#deferred"), "1"),
        (format!("{tenant}#problem"), "1"),
        (format!("{tenant}#contact"), "1"),
        (format!("{tenant}#cursor"), "10"),
        (format!("{tenant}#state-sweep"), "only"),
        (format!("{tenant}#state-look"), "only"),
        (format!("{tenant}#state-pause"), "only"),
        (format!("{tenant}#lease"), "poll"),
        ("organisation".to_owned(), "confirmed"),
    ] {
        let key = Key::new(partition, sort);
        let before = world
            .table
            .get_many(std::slice::from_ref(&key))
            .await
            .unwrap();
        let write = |body| Write::Put {
            key: key.clone(),
            expect: Expect::Any,
            body,
            expires_at_unix_seconds: None,
        };
        let strange =
            json!({"link": MARK, "since": MARK, "name": MARK, "until": MARK, "tenant": MARK});
        world.table.write(vec![write(strange)]).await.unwrap();
        for mode in [Mode::Changes, Mode::Full] {
            told.poll(world, mode).await;
        }
        let again = match before.into_iter().next() {
            Some(item) => write(item.body),
            None => Write::Delete {
                key: key.clone(),
                expect: Expect::Any,
            },
        };
        world.table.write(vec![again]).await.unwrap();
    }
}

async fn secrets_are_strange(world: &World, told: &mut Told) {
    for text in [
        "zqmark",
        "{\"username\": \"zqmark\"",
        "{\"password\": [\"zqmark\"]}",
        "{}",
    ] {
        world.vault.set_current(BIGCHANGE_SECRET, text);
        told.poll(world, Mode::Changes).await;
    }
    // The world's clock stands still here, or it would connect anew.
    for text in [
        "zqmark",
        "{\"access_token\": \"zqmark\"",
        "{\"tenant_id\": \"zqmark\"}",
        "{}",
    ] {
        world.vault.set_current(TOKEN_SECRET, text);
        let error = world.poll(Mode::Full).await.unwrap_err();
        assert!(matches!(error, PollError::Open(_)), "{error}");
        writeln!(told.text, "{error} {error:?}").unwrap();
        told.errors += 1;
    }
    world.connect_another_organisation();
    let report = world.poll(Mode::Full).await.unwrap();
    assert_eq!(report, Report::OrganisationChanged);
}
