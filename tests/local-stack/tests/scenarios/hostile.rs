//! Messages that nobody should have sent.

use local_stack::play::Play;
use rules::ContactId;
use runtime::DeadLetter;

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_message_holds_up_nobody_and_is_not_lost() {
    const UNPARSABLE: [&str; 4] = [
        "this is not a message",
        r#"{"contact_id":0}"#,
        r#"{"contact_id":-7}"#,
        r#"{"contact":1001}"#,
    ];
    let play = Play::start().await.expect("the local stack starts");
    let stack = &play.stack;
    stack.connect().await.unwrap();
    stack.refresh_token().await.unwrap();
    let known = ContactId::try_from(1001).unwrap();
    let unknown = ContactId::try_from(999_999_999).unwrap();
    for body in UNPARSABLE {
        stack.send(body).await.unwrap();
    }
    stack
        .send(r#"{"contact_id":999999999,"by":"person"}"#)
        .await
        .unwrap();
    stack
        .send(r#"{"contact_id":1001,"by":"person"}"#)
        .await
        .unwrap();

    stack.settle().await.expect("nothing stays in the queue");
    let remembered = stack.remembered().await.unwrap();
    assert!(remembered.contacts[&known].value.link.is_some());
    let letters = stack.dead_letters().await.unwrap();
    assert_eq!(letters.len(), UNPARSABLE.len(), "{letters:?}");
    for letter in &letters {
        let letter: DeadLetter = serde_json::from_str(letter).expect("a reason is given");
        assert_eq!(letter.contact_id, None);
        assert!(!letter.reason.is_empty());
    }
    // A contact that BigChange does not have is left alone, like one that was deleted there.
    assert!(!remembered.contacts.contains_key(&unknown));
    assert!(!remembered.problems.contains_key(&unknown));
}
