//! Nothing runs by itself before a person has looked.

use local_stack::company::Choices;
use local_stack::{LocalStack, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn the_schedules_are_off_until_they_are_enabled() {
    let mut stack = LocalStack::start(Setup::sample_company(Choices::CAUTIOUS))
        .await
        .expect("the local stack starts");
    let schedules = stack.schedules().await.unwrap();
    assert_eq!(schedules.len(), 3, "{schedules:?}");
    assert!(
        schedules.values().all(|state| state == "DISABLED"),
        "{schedules:?}"
    );

    let enabled = Choices {
        sync_enabled: true,
        ..Choices::CAUTIOUS
    };
    stack.deploy(enabled).await.expect("the stack is updated");
    let schedules = stack.schedules().await.unwrap();
    assert!(
        schedules.values().all(|state| state == "ENABLED"),
        "{schedules:?}"
    );
}
