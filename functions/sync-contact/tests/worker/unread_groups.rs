//! Contact groups that BigChange does not give out.

use rules::{GroupId, Problem};
use runtime::records::{DeferReason, ReferenceScan, SINGLETON};
use runtime::telemetry::Metric;

use crate::world::World;

#[tokio::test]
async fn a_contact_that_needs_a_code_is_told_which_group_stands_in_its_way() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme", |_| ());
    let known: ReferenceScan = world.get(SINGLETON).await.unwrap();
    let groups: Vec<GroupId> = vec![GroupId::try_from(77).unwrap()];
    let missing = ReferenceScan {
        complete: false,
        missing: groups.iter().copied().collect(),
        ..known.clone()
    };
    world.put(SINGLETON, &missing).await;
    world.sync(&[acme]).await;
    let held = world.problem(acme).await.unwrap();
    assert_eq!(
        held.problem,
        Problem::NoAccountReference {
            unread_groups: groups
        }
    );
    assert_eq!(held.problem.code(), "NoAccountReference");
    assert!(held.sentence.contains("77"), "{}", held.sentence);
    assert_eq!(world.deferred(acme).await, None);
    // The group has been read, and the poll lets the contact be tried again.
    world.put(SINGLETON, &known).await;
    let records = world.records();
    let held = records.get(acme).await.unwrap().unwrap();
    records
        .write(vec![records.try_again(&held).unwrap()])
        .await
        .unwrap();
    world.sync(&[acme]).await;
    assert_eq!(world.in_bigchange(acme).account_reference, "ACME0001");
    assert_eq!(world.problem(acme).await, None);
}

#[tokio::test]
async fn a_contact_that_the_user_may_not_see_has_not_left_and_is_no_lost_login() {
    let mut world = World::creating();
    let [acme, bolt] = ["Acme", "Bolt"].map(|name| world.customer_with_reference(name, name));
    world.sync(&[acme, bolt]).await;
    let linked = world.linked(acme).await;
    assert!(linked.is_some());
    let other_group = 11;
    world
        .network
        .bigchange()
        .add_group(other_group, "Elsewhere");
    world.edit(acme, |contact| contact.group_id = other_group);
    let no_right = "misc_noRight".to_owned();
    world
        .network
        .bigchange()
        .behaviour
        .refused_groups
        .insert(other_group, no_right);
    world.sync(&[acme, bolt]).await;
    assert_eq!(world.linked(acme).await, linked);
    assert_eq!(
        world.defer_reason(acme).await,
        Some(DeferReason::BigChangeRefusedLogin)
    );
    assert!(
        !world
            .metrics
            .lock()
            .unwrap()
            .contains(&Metric::BigChangeAuthLost)
    );
    // Where nothing can be read it may be the login.
    world.sync(&[acme]).await;
    assert!(
        world
            .metrics
            .lock()
            .unwrap()
            .contains(&Metric::BigChangeAuthLost)
    );
}
