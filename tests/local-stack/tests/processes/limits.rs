//! Many contacts, and Xero's real limits.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime};

use fake_bigchange::{FakeContact, Seed};
use fake_xero::{Call, Limits};
use local_stack::company::{self, CUSTOMERS, Choices};
use local_stack::{Function, LocalStack, Remembered, Setup};
use serde_json::{Value, json};

const CONTACTS: u64 = 500;
const FIRST: u64 = 3001;
/// How often the schedule starts a poll here; a minute would only make the test slower.
const POLL_EVERY: Duration = Duration::from_secs(5);
/// How long an answer of Xero takes, so that calls meet.
const LATENCY: Duration = Duration::from_millis(100);
/// What it may take: the calls of some minutes.
const TIME_LIMIT: Duration = Duration::from_secs(5 * 60);
const MINUTE: Duration = Duration::from_secs(60);
/// What work and polls add to the minutes that the calls need.
const SLACK: Duration = Duration::from_secs(30);
/// Beyond a refused call now and then, the limits would be crossed on purpose.
const MAX_REFUSED: usize = 3;

/// What is to happen to a contact.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Created,
    LinkedByReference,
    /// Its account number in Xero is blank, and filled in.
    LinkedByName,
}

/// Those of a kind follow each other, as they do in a list: the stand-in for AWS hands over 10 at a time, and one of each kind among them would take every kind of call.
fn kind_of(id: u64) -> Kind {
    match id - FIRST {
        0..300 => Kind::Created,
        300..450 => Kind::LinkedByReference,
        _ => Kind::LinkedByName,
    }
}

fn name_of(id: u64) -> String {
    format!("Customer {id} Ltd")
}

/// A code to be generated would wait until every contact has been read, which has nothing to do with Xero's limits.
fn reference_of(id: u64) -> String {
    format!("REF-{id}")
}

fn ids() -> impl Iterator<Item = u64> {
    FIRST..FIRST + CONTACTS
}

fn setup() -> Setup {
    let contacts = ids().map(|id| FakeContact {
        account_reference: reference_of(id),
        ..company::contact(id, CUSTOMERS, &name_of(id))
    });
    let in_xero = ids().filter_map(|id| match kind_of(id) {
        Kind::LinkedByReference => Some(
            json!({"Name": format!("{} (old)", name_of(id)), "AccountNumber": reference_of(id)}),
        ),
        Kind::LinkedByName => Some(json!({"Name": name_of(id)})),
        Kind::Created => None,
    });
    Setup {
        choices: Choices::AUTHORISED,
        bigchange: Seed {
            contacts: contacts.collect(),
            ..company::bigchange()
        },
        xero: Value::Array(in_xero.collect()),
        limits: Limits::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::print_stderr,
    reason = "what was covered is for the person who ran the tests"
)]
async fn five_hundred_contacts_pass_under_xeros_real_limits() {
    let stack = LocalStack::start(setup()).await;
    let stack = stack.expect("the local stack starts");
    stack.connect().await.unwrap();
    stack.refresh_token().await.unwrap();
    stack.xero.set_latency(LATENCY);
    stack.reset_calls();
    let began = Instant::now();
    let remembered = poll_until_done(&stack, began).await;
    let took = began.elapsed();

    for id in ids() {
        let record = &remembered.contacts[&id.try_into().unwrap()].value;
        let link = record.link.as_ref();
        assert!(link.is_some(), "contact {id} is not linked");
        assert!(record.intent.is_none(), "an intent is left on contact {id}");
    }
    assert!(remembered.problems.is_empty(), "{:?}", remembered.problems);
    check_xero(&stack);
    assert_eq!(stack.dead_letters().await.unwrap(), Vec::<String>::new());
    let log = stack.logs(Function::SyncContact).await.unwrap();
    let failed: Vec<&String> = log
        .iter()
        .filter(|l| l.contains("could not be worked"))
        .collect();
    assert!(failed.is_empty(), "messages used up receives: {failed:?}");
    let (calls, refused, busiest) = usage(&stack);
    eprintln!(
        "limits: {CONTACTS} contacts with {calls} calls to Xero, {refused} of them refused, at most {busiest} in a minute, in {:.0} s",
        took.as_secs_f64()
    );
    assert!(refused <= MAX_REFUSED, "{refused} calls were refused");
    let minutes = u32::try_from(calls.div_ceil(Limits::default().per_minute)).unwrap();
    let allowed = MINUTE * minutes + SLACK;
    assert!(took <= allowed, "it took longer than {allowed:?}");
}

/// Polls as the schedule does, until every contact has come to its end.
async fn poll_until_done(stack: &LocalStack, began: Instant) -> Remembered {
    loop {
        stack.poll().await.unwrap();
        tokio::time::sleep(POLL_EVERY).await;
        let remembered = stack.remembered().await.unwrap();
        let links = remembered.contacts.values();
        let linked = links.filter(|record| record.value.link.is_some()).count();
        let waiting = stack
            .messages_in(&stack.outputs().sync_queue)
            .await
            .unwrap();
        let is_done = linked as u64 == CONTACTS && remembered.deferred.is_empty() && waiting == 0;
        if is_done {
            return remembered;
        }
        if began.elapsed() > TIME_LIMIT {
            let deferred = remembered.deferred.values();
            let reasons: Vec<_> = deferred.map(|d| (d.value.reason, d.value.due)).collect();
            let log = stack.log_tail(Function::SyncContact).await;
            panic!(
                "after {TIME_LIMIT:?} {linked} of {CONTACTS} are linked; {waiting} are queued, put off: {reasons:?}\n{log}"
            );
        }
    }
}

/// Each contact is in Xero once, under its own number.
fn check_xero(stack: &LocalStack) {
    let xero = stack.xero.core();
    let mut numbers = BTreeMap::<String, usize>::new();
    let mut names = BTreeMap::<String, usize>::new();
    for contact in xero.contacts() {
        *names.entry(contact.name().to_owned()).or_default() += 1;
        let number = contact.text("AccountNumber").to_owned();
        *numbers.entry(number).or_default() += 1;
    }
    assert_eq!(names.len() as u64, CONTACTS);
    assert!(names.values().all(|times| *times == 1), "{names:?}");
    assert_eq!(numbers.len() as u64, CONTACTS);
    let company = stack.bigchange.core();
    for contact in company.contacts() {
        let number = &contact.account_reference;
        assert_eq!(numbers.get(number), Some(&1), "contact {}", contact.id);
    }
}

/// How many calls counted against the limits, how many were refused, and the most that were let in within a minute.
fn usage(stack: &LocalStack) -> (usize, usize, usize) {
    let xero = stack.xero.core();
    let calls: Vec<&Call> = xero.calls().filter(|call| call.kind.is_limited()).collect();
    let refused = calls.iter().filter(|call| call.status == 429).count();
    let let_in: Vec<SystemTime> = calls
        .iter()
        .filter(|call| call.status != 429)
        .map(|call| call.at)
        .collect();
    let within_a_minute = |from: &SystemTime| {
        let later = let_in.iter().filter(|at| *at >= from);
        later
            .filter(|at| at.duration_since(*from).is_ok_and(|d| d < MINUTE))
            .count()
    };
    let busiest = let_in.iter().map(within_a_minute).max();
    (calls.len(), refused, busiest.unwrap_or_default())
}
