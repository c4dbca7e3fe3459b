//! Nothing is synchronised by itself before a person has looked and switched it on; the schedules always run.

use local_stack::company::Choices;
use local_stack::{LocalStack, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn the_schedules_always_run_and_a_deployment_does_not_turn_the_switch() {
    let mut stack = LocalStack::start(Setup::sample_company(Choices::CAUTIOUS))
        .await
        .expect("the local stack starts");
    let enabled = Choices {
        sync_enabled: true,
        ..Choices::CAUTIOUS
    };
    for choices in [Choices::CAUTIOUS, enabled] {
        stack.deploy(choices).await.expect("the stack is updated");
        let schedules = stack.schedules().await.unwrap();
        assert_eq!(schedules.len(), 3, "{schedules:?}");
        assert!(
            schedules.values().all(|state| state == "ENABLED"),
            "{schedules:?}"
        );
    }

    stack.deploy(Choices::CAUTIOUS).await.unwrap();
    stack.connect().await.unwrap();
    stack.refresh_token().await.unwrap();
    // Whichever function comes first has stored how the switch stands.
    stack.poll().await.unwrap();
    stack.settle().await.unwrap();
    stack.deploy(enabled).await.unwrap();
    stack.send(r#"{"contact_id":1001}"#).await.unwrap();
    stack.drain().await.unwrap();
    let remembered = stack.remembered().await.unwrap();
    let deferred: Vec<_> = remembered.deferred.values().collect();
    assert_eq!(deferred.len(), 1, "{deferred:?}");
    assert_eq!(
        deferred[0].value.reason,
        runtime::records::DeferReason::SwitchedOff
    );
}
