//! What people are told: notes in BigChange and the digest, by the deployed bundle itself.

use std::time::SystemTime;

use aws_config::Region;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use fake_bigchange::{FakeNote, NoteUpdates};
use local_stack::Function;
use local_stack::company::Choices;
use rules::{Digest, Subscribers};
use runtime::records::{ProblemRecord, Record, Records, SINGLETON};
use runtime::switch::SwitchRecord;
use runtime::{Mail as _, SnsMail};
use serde_json::{Value, json};
use store::Expect;
use time::{Duration, OffsetDateTime};

use crate::harness::Ground;

/// "Whitby Hire" of the sample company: in an account group, and not in Xero.
const HELD: u64 = 1008;

async fn records(ground: &Ground) -> Records {
    ground.stack.records_in(&ground.stack.outputs().table)
}

async fn put<R: Record>(records: &Records, sort_key: impl ToString, record: &R) {
    let write = records.put(sort_key, record, Expect::Any).unwrap();
    records.write(vec![write]).await.unwrap();
}

fn notes(ground: &Ground) -> Vec<FakeNote> {
    ground.stack.bigchange.core().notes().to_vec()
}

/// A stack with a note type, made and set by the tool.
async fn with_note_type() -> Ground {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    let made = ground
        .run(&["connect", "bigchange", "--make-note-type", "Xero sync"])
        .await
        .exits(2);
    made.says("--yes");
    let made = ground
        .run(&[
            "connect",
            "bigchange",
            "--make-note-type",
            "Xero sync",
            "--yes",
            "--json",
        ])
        .await
        .exits(0)
        .json();
    let setting = format!("NoteTypeId={}", made["note_type"]);
    ground.run(&["set", &setting, "--yes"]).await.exits(0);
    ground
}

async fn try_note(ground: &Ground) -> crate::harness::Ran {
    let contact = HELD.to_string();
    let arguments = ["connect", "bigchange", "--try-note", &contact, "--yes"];
    ground.run(&arguments).await
}

#[tokio::test]
async fn notes_stay_off_where_trying_shows_that_they_would_double_or_stay() {
    let ground = with_note_type().await;
    ground
        .run(&["status"])
        .await
        .says("off until they were tried")
        .says("--try-note");
    ground.stack.bigchange.core().behaviour.note_updates = NoteUpdates::Never;
    try_note(&ground)
        .await
        .exits(1)
        .says("made a second note")
        .says("still open on contact 1008");
    ground.run(&["status"]).await.says("made a second note");
    ground.stack.bigchange.core().behaviour.note_updates = NoteUpdates::ByReference;
    ground.stack.bigchange.core().behaviour.notes_stay_open = true;
    try_note(&ground).await.exits(1).says("left it open");
    ground.stack.bigchange.core().behaviour.notes_stay_open = false;
    ground
        .stack
        .bigchange
        .core()
        .behaviour
        .actions_without_right = ["contactnotesave".to_owned()].into();
    try_note(&ground).await.exits(1).says("refused");
    ground
        .stack
        .bigchange
        .core()
        .behaviour
        .actions_without_right = std::collections::BTreeSet::new();
    try_note(&ground).await.exits(0).says("Notes work");
    ground.run(&["status"]).await.says("on, 0 open");
    let missing = ["connect", "bigchange", "--try-note", "999999", "--yes"];
    ground
        .run(&missing)
        .await
        .exits(2)
        .says("no contact 999999");
}

#[tokio::test]
async fn a_contact_that_is_held_for_long_gets_a_note_which_is_completed_once_it_is_in_line() {
    let ground = with_note_type().await;
    try_note(&ground).await.exits(0);
    let tried = notes(&ground).len();
    ground.edit(HELD, |contact| {
        "HOLL1".clone_into(&mut contact.account_reference)
    });
    ground.stack.sweep().await.unwrap();
    ground.stack.settle().await.unwrap();
    let records = records(&ground).await;
    let ago = |hours| OffsetDateTime::now_utc() - Duration::hours(hours);
    let switch = SwitchRecord {
        on: true,
        since: ago(5),
    };
    put(&records, SINGLETON, &switch).await;
    let held = records.get::<ProblemRecord>(HELD).await.unwrap();
    let held = held.expect("it is held").value;
    assert_eq!(held.problem.code(), "NotInXero");
    let held_for_long = ProblemRecord {
        first_seen: ago(2),
        ..held.clone()
    };
    put(&records, HELD, &held_for_long).await;
    ground.stack.poll().await.unwrap();
    let open: Vec<FakeNote> = notes(&ground).split_off(tried);
    let [note] = open.as_slice() else {
        panic!("{open:?}")
    };
    assert_eq!(note.contact_id, HELD);
    assert_eq!(note.reference, format!("SYNC-{HELD}"));
    assert_eq!(note.subject, held.sentence);
    assert_eq!(note.text, held.cure);
    assert!(note.is_open());
    ground.run(&["status"]).await.says("on, 1 open");
    // A person creates it in Xero, as the cure says.
    let name = ground
        .stack
        .bigchange
        .core()
        .contact(HELD)
        .unwrap()
        .name
        .clone();
    let number = ground
        .stack
        .bigchange
        .core()
        .contact(HELD)
        .unwrap()
        .account_reference
        .clone();
    let created = json!([{ "Name": name, "AccountNumber": number }]);
    ground
        .stack
        .xero
        .core()
        .seed(SystemTime::now(), &created)
        .unwrap();
    let contact = HELD.to_string();
    ground.run(&["retry", &contact]).await.exits(0);
    // Another process of the poll, which has not looked yet.
    ground
        .run(&["set", "HistoryDays=399", "--yes"])
        .await
        .exits(0);
    ground.stack.poll().await.unwrap();
    let note = notes(&ground).split_off(tried).remove(0);
    assert_eq!(note.status, "Completed");
    assert!(note.completion_text.contains("in line"), "{note:?}");
}

/// A queue that gets what the digest's topic sends, as an address gets a mail.
async fn mailbox(ground: &Ground) -> String {
    let aws = ground.stack.aws();
    let queue = aws
        .aws("AmazonSQS.CreateQueue", &json!({ "QueueName": "mailbox" }))
        .await
        .unwrap();
    let url = queue["QueueUrl"].as_str().unwrap().to_owned();
    let subscribe = sns(ground).subscribe().topic_arn(topic(ground).await);
    let subscribe = subscribe
        .protocol("sqs")
        .endpoint("arn:aws:sqs:us-east-1:000000000000:mailbox")
        .attributes("RawMessageDelivery", "true");
    subscribe.send().await.unwrap();
    url
}

fn sns(ground: &Ground) -> aws_sdk_sns::Client {
    let credentials = Credentials::new("test", "test", None, None, "test");
    let aws = runtime::aws_config()
        .into_builder()
        .endpoint_url(ground.stack.aws().endpoint())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build();
    aws_sdk_sns::Client::new(&aws)
}

async fn topic(ground: &Ground) -> String {
    let environment = ground.stack.environment_of(Function::Poll).await.unwrap();
    environment["DIGEST_TOPIC_ARN"].clone()
}

async fn mails(ground: &Ground, mailbox: &str) -> Vec<String> {
    let input = json!({ "QueueUrl": mailbox, "MaxNumberOfMessages": 10 });
    let answer = ground
        .stack
        .aws()
        .aws("AmazonSQS.ReceiveMessage", &input)
        .await
        .unwrap();
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    let body = |message: &Value| message["Body"].as_str().unwrap().to_owned();
    messages.iter().map(body).collect()
}

#[tokio::test]
async fn the_deployed_poll_sends_the_digest_where_it_is_due() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground
        .run(&[
            "set",
            "DigestEmail=accounts@example.com",
            "ContactName=Jane",
            "--yes",
        ])
        .await
        .exits(0)
        .says("AWS now sends a mail to accounts@example.com");
    let mailbox = mailbox(&ground).await;
    ground.stack.sweep().await.unwrap();
    ground.stack.settle().await.unwrap();
    let records = records(&ground).await;
    let switch = SwitchRecord {
        on: true,
        since: OffsetDateTime::now_utc(),
    };
    put(&records, SINGLETON, &switch).await;
    let is_due = || {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        rules::digest_due(now, None).is_some()
    };
    let was_due = is_due();
    ground.stack.poll().await.unwrap();
    ground.stack.poll().await.unwrap();
    let mails = mails(&ground, &mailbox).await;
    // Between two days of the week nothing can be said for certain of what the poll saw.
    if was_due == is_due() {
        assert_eq!(mails.len(), usize::from(was_due), "{mails:?}");
    }
    for mail in &mails {
        assert!(mail.contains("- 1008, since "), "{mail}");
        assert!(mail.contains("Questions? Ask Jane."), "{mail}");
        assert!(
            !mail.contains("Hollin Bank"),
            "names only if that was chosen"
        );
    }
    let sent = if mails.is_empty() {
        "none sent yet"
    } else {
        "last sent"
    };
    ground.run(&["status"]).await.says(sent);
}

#[tokio::test]
async fn a_digest_goes_through_the_topic_to_whoever_confirmed() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    ground
        .run(&["set", "DigestEmail=accounts@example.com", "--yes"])
        .await
        .exits(0);
    let mailbox = mailbox(&ground).await;
    let mail = SnsMail::new(sns(&ground), topic(&ground).await);
    let digest = Digest {
        subject: "Contact sync: 1 new, 0 solved, 1 open".to_owned(),
        body: "NEW → a line\nand another".to_owned(),
    };
    mail.send(&digest).await.unwrap();
    assert_eq!(
        mails(&ground, &mailbox).await,
        *std::slice::from_ref(&digest.body)
    );
    // The local stack takes every subscription for confirmed.
    let subscribed = Subscribers {
        confirmed: 2,
        unconfirmed: 0,
    };
    assert_eq!(mail.subscribers().await, Ok(subscribed));
    ground.run(&["status"]).await.says("to 2 addresses");
    let gone = SnsMail::new(sns(&ground), format!("{}-gone", topic(&ground).await));
    let error = gone.send(&digest).await.unwrap_err();
    assert!(!error.to_string().contains("NEW"), "{error}");
}

#[tokio::test]
async fn check_warns_where_bigchanges_own_integration_is_on() {
    let ground = Ground::connected(Choices::CAUTIOUS).await;
    let quiet = ground.run(&["check", "--json"]).await.json();
    assert!(quiet["other_integration"].is_null());
    let error = FakeNote {
        contact_id: HELD,
        reference: "INT-77".to_owned(),
        status: "Open".to_owned(),
        created_at: Some(OffsetDateTime::now_utc() - Duration::days(3)),
        ..FakeNote::default()
    };
    {
        let mut core = ground.stack.bigchange.core();
        let type_id = core.add_note_type("Integration Error");
        core.add_note(FakeNote { type_id, ..error });
    }
    ground
        .run(&["check"])
        .await
        .exits(1)
        .says("BigChange's own integration seems to be on");
}
