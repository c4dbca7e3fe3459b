//! The same binaries and the event files of `sam local invoke`, under AWS's own runtime interface emulator, cold and warm.

use std::process::Command;

use local_stack::play::Play;
use local_stack::{Function, project};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn the_event_files_run_under_the_runtime_emulator_cold_and_warm() {
    let play = Play::start().await.expect("the local stack starts");
    let stack = &play.stack;
    stack.connect().await.unwrap();
    // The emulator is to be the only worker: of two that are at one contact, one puts it off.
    stack.hand_over_messages(false).await.unwrap();
    for (function, events) in [
        (Function::RefreshToken, vec!["refresh-token.json"]),
        (Function::Poll, vec!["poll.json", "poll-full.json"]),
        (
            Function::SyncContact,
            vec!["sync-contact.json", "sync-contact-hostile.json"],
        ),
    ] {
        let environment = stack.environment_of(function).await.unwrap();
        let output = Command::new(stack.aws().python())
            .arg(project().join("tests/rie/run.py"))
            .arg(function.crate_name())
            .args(
                events
                    .iter()
                    .map(|event| project().join("tests/events").join(event)),
            )
            .envs(environment)
            .output()
            .unwrap();
        let name = function.crate_name();
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {log}");
        let posts: Vec<Value> = String::from_utf8_lossy(&output.stdout)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(posts.len(), 2 * events.len(), "{name}: {posts:?}");
        assert_eq!(posts[0]["start"], "cold");
        assert!(posts[1..].iter().all(|post| post["start"] == "warm"));
        assert!(
            posts.iter().all(|post| post["failed"] == false),
            "{posts:?}"
        );
    }
    let remembered = stack.remembered().await.unwrap();
    for id in [1001, 1002] {
        let record = &remembered.contacts[&id.try_into().unwrap()];
        assert!(record.value.link.is_some(), "{id} is linked");
    }
}
