//! No personal data and no secret where people and machines look for other things.

use std::collections::BTreeSet;

use local_stack::play::Play;
use local_stack::{Function, company};
use serde_json::Value;

/// A mark that is shorter could occur by chance.
const SHORTEST_MARK: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn logs_queues_and_keys_hold_no_personal_data_and_no_secret() {
    let mut play = Play::start().await.expect("the local stack starts");
    let mut marks = personal_data();
    play.look_first().await.unwrap();
    marks.extend(secrets(&play).await);
    let queued = play.stack.what_a_sweep_queues().await.unwrap();
    assert!(!queued.is_empty());
    play.authorise().await.unwrap();
    play.refuse_in_bigchange().await.unwrap();
    play.edit_many().await.unwrap();
    marks.extend(secrets(&play).await);

    let mut searched = Vec::new();
    for function in Function::ALL {
        let lines = play.stack.logs(function).await.unwrap();
        assert!(
            !lines.is_empty(),
            "{} logged nothing",
            function.crate_name()
        );
        searched.extend(lines.into_iter().map(|line| ("a log line", line)));
    }
    searched.extend(queued.into_iter().map(|body| ("a message", body)));
    let letters = play.stack.dead_letters().await.unwrap();
    searched.extend(letters.into_iter().map(|body| ("a dead letter", body)));
    for item in play.stack.raw_items().await.unwrap() {
        for key in ["pk", "sk"] {
            let key = item[key]["S"].as_str().unwrap_or_default().to_owned();
            // An account reference is a key by design; it is no personal data.
            searched.push(("a key", key));
        }
    }
    for (place, text) in &searched {
        for mark in &marks {
            assert!(
                !text.contains(mark.as_str()),
                "{mark:?} is in {place}: {text}"
            );
        }
    }
}

/// Names, people, phones, emails and addresses of every contact that there ever is.
fn personal_data() -> BTreeSet<String> {
    let mut marks = BTreeSet::new();
    for contact in company::bigchange().contacts {
        marks.extend([
            contact.name,
            contact.street,
            contact.postcode,
            contact.person,
            contact.phone,
            contact.email,
        ]);
    }
    for contact in company::xero().as_array().unwrap() {
        marks.extend(contact["Name"].as_str().map(str::to_owned));
    }
    marks.extend(
        [
            "Otley Orchards",
            "Nidd Valley Stoves",
            "Fox and Hounds Inn",
            "+441144960912",
        ]
        .map(str::to_owned),
    );
    marks.retain(|mark| mark.chars().count() >= SHORTEST_MARK || !mark.is_ascii());
    marks.remove("");
    marks
}

/// What the three secrets hold now.
async fn secrets(play: &Play) -> BTreeSet<String> {
    /// Fields that are no secret.
    const PUBLIC: [&str; 3] = ["grant_type", "expires_at", "tenant_id"];
    let mut marks = BTreeSet::new();
    for content in play.stack.secrets().await.unwrap() {
        let content: Value = serde_json::from_str(&content).unwrap();
        for (field, value) in content.as_object().unwrap() {
            if !PUBLIC.contains(&field.as_str()) {
                marks.extend(value.as_str().map(str::to_owned));
            }
        }
    }
    assert!(marks.len() >= 5, "the secrets are filled in");
    marks
}
