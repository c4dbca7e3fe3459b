//! No personal data and no secret in any log line, error, metric, dead letter, queue message or
//! key.

use std::cell::RefCell;
use std::io;

use fake_bigchange::{Fault as BigChangeFault, FaultKind as BigChangeFaultKind};
use fake_xero::{Fault, FaultKind};
use serde_json::json;
use store::{Expect, Key, Table, Write};

use crate::world::{SITES, World, event, message};

thread_local! {
    /// What this thread has logged. A subscriber of one thread alone would do, but for threads
    /// without one that meet a line of logging first: it stays off then.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Takes down what is logged, for each thread by itself.
struct Log;

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const MARK: &str = "zqmark";

fn marked(contact: &mut fake_bigchange::FakeContact) {
    for field in [
        &mut contact.street,
        &mut contact.town,
        &mut contact.country,
        &mut contact.person,
        &mut contact.extra,
    ] {
        field.push_str(" zqmark");
    }
    contact.phone = "zqmark-phone".into();
    contact.email = "zqmark@example.com".into();
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_personal_and_no_secret_is_ever_logged_or_sent() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(|| Log)
        .init();
    let mut world = World::generating().await;
    world.vault.set_current(
        "bigchange",
        json!({"username": "zqmark-user", "password": "zqmark-password", "key": "zqmark-key"})
            .to_string(),
    );
    {
        let credentials = &mut world.network.bigchange().credentials;
        "zqmark-user".clone_into(&mut credentials.username);
        "zqmark-password".clone_into(&mut credentials.password);
        "zqmark-key".clone_into(&mut credentials.key);
    }
    world.xero_contacts(&json!([
        {"Name": "Archived zqmark", "ContactStatus": "ARCHIVED"},
        {"Name": "Taken zqmark", "AccountNumber": "OTHER"},
        {"Name": "Match zqmark"},
    ]));
    let mut ids = Vec::new();
    for name in [
        "New zqmark",
        "Twin zqmark",
        "Twin zqmark",
        "Archived zqmark",
        "Taken zqmark",
        "Match zqmark",
        "Bad <zqmark>",
        "In \"quotes\" zqmark",
    ] {
        let reference = if name.starts_with("New") {
            ""
        } else {
            name.split(' ').next().unwrap_or_default()
        };
        ids.push(world.customer(name, |c| {
            marked(c);
            reference.clone_into(&mut c.account_reference);
        }));
    }
    ids.push(world.customer("Site zqmark", |c| {
        marked(c);
        c.group_id = SITES;
    }));
    world.sync(&ids).await;
    world.settle().await;
    // Faults of every kind, and refusals in words that name a customer.
    let refusal = |words: &str| BigChangeFaultKind::Refusal {
        words: words.to_owned(),
    };
    let status = |status| BigChangeFaultKind::Status {
        status,
        retry_after_seconds: None,
    };
    for fault in [
        refusal("zqmark is locked"),
        status(503),
        status(404),
        BigChangeFaultKind::LostAnswer,
        BigChangeFaultKind::ServerError,
    ] {
        world
            .network
            .bigchange()
            .order_fault(BigChangeFault::next_of("ContactDetail", fault));
    }
    for kind in [
        FaultKind::LostAnswer,
        FaultKind::Status { status: 500 },
        FaultKind::Status { status: 404 },
        FaultKind::Status { status: 400 },
        FaultKind::LostRequest,
    ] {
        world.network.xero().inject(Fault::next_call(kind));
    }
    for round in 0..6 {
        for id in &ids {
            world.edit(*id, |c| {
                c.phone = format!("zqmark-phone-{round}");
                c.name = format!("Twin zqmark {}", round % 2);
            });
        }
        world.sync(&ids).await;
        world.pass(time::Duration::minutes(10));
    }
    world.settle().await;
    // Poison, and messages that nobody can read.
    *world.network.poison.lock().unwrap() = Some(ids[0]);
    let strange = json!({"messageId": "m", "body": "{\"contact_id\": \"zqmark\"}"});
    let records = json!({"Records": [strange, message(ids[0], 5)]});
    world.deliver(&records).await.unwrap();
    // An item that this program did not write.
    let key = Key::new(format!("{}#problem", world.tenant()), ids[1].to_string());
    let spoilt = Write::Put {
        key: key.clone(),
        expect: Expect::Any,
        body: json!({"name": "zqmark", "problem": "zqmark"}),
        expires_at_unix_seconds: None,
    };
    world.table.inner.write(vec![spoilt]).await.unwrap();
    let last = json!({"Records": [message(ids[1], 5)]});
    world.deliver(&last).await.unwrap();
    let expect = Expect::Any;
    let removal = Write::Delete { key, expect };
    world.table.inner.write(vec![removal]).await.unwrap();
    let tenant = world.network.xero().tenant_id();
    world.network.xero().set_connected(tenant, false);
    world.deliver(&event(&ids)).await.unwrap();
    // A new connection, but secrets that are none.
    world.network.xero().set_connected(tenant, true);
    world.connect();
    for (secret, text) in [
        ("bigchange", "{\"username\": [\"zqmark\"]}"),
        ("xero-token", "{\"access_token\": \"zqmark\""),
        ("xero-token", "{\"tenant_id\": \"zqmark\"}"),
    ] {
        world.vault.set_current(secret, text);
        world.restart();
        world.deliver(&last).await.unwrap();
    }
    let mut told = String::new();
    for strange in [json!({"Records": "zqmark"}), json!(["zqmark"])] {
        let error = world.deliver(&strange).await.unwrap_err();
        told += &format!("{error} {error:?}\n");
    }
    told += &format!("{:?}\n", world.metrics.lock().unwrap());
    assert!(
        told.contains("ConnectionDead") && told.contains("BigChangeAuthLost"),
        "{told}"
    );

    let log = String::from_utf8(LOG.take()).unwrap();
    assert!(log.lines().count() > 50, "the log was taken down");
    for line in log.lines().chain(told.lines()) {
        assert!(!line.to_lowercase().contains(MARK), "{line}");
        assert!(
            !line.contains("access-") && !line.contains("refresh-"),
            "{line}"
        );
    }
    let letters = world.letters();
    assert!(letters.len() >= 5, "{letters:?}");
    for letter in letters {
        let body = serde_json::to_string(&letter).unwrap();
        assert!(!body.to_lowercase().contains(MARK), "{body}");
    }
    for item in world.dump() {
        assert!(!format!("{:?}", item.key).contains(MARK), "{:?}", item.key);
    }
}
