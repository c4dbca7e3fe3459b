//! Polls that overlap.

use poll::{Mode, Report};
use rules::AskedBy;
use runtime::records::LeaseRecord;
use time::Duration;

use crate::world::World;

async fn another_is_at_it(world: &World) {
    let lease = LeaseRecord {
        holder: "another".to_owned(),
        expires_at: world.now() + Duration::minutes(6),
    };
    world.put("poll", &lease).await;
}

#[tokio::test]
async fn of_two_polls_at_once_one_works() {
    let world = World::new();
    let (poller, other_poller) = (world.poller(), world.poller());
    let (one, other) = tokio::join!(
        poller.poll(Mode::Changes, AskedBy::Schedule),
        other_poller.poll(Mode::Changes, AskedBy::Schedule)
    );
    assert!(matches!(one.unwrap(), Report::Done(_)));
    assert_eq!(other.unwrap(), Report::AnotherIsAtIt);
    assert_eq!(world.queue.take(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_poll_that_ended_leaves_no_lease_whether_it_succeeded_or_not() {
    let world = World::new();
    world.set_password("mistyped");
    world.poll(Mode::Changes).await.unwrap_err();
    world.set_password("fake-password");
    world.polled().await;
    world.polled().await;
}

#[tokio::test]
async fn a_full_sweep_that_meets_another_poll_is_made_by_the_next() {
    let world = World::swept().await;
    another_is_at_it(&world).await;
    let report = world.poll(Mode::Full).await.unwrap();
    assert_eq!(report, Report::AnotherIsAtIt);
    world.pass(Duration::minutes(6));
    let (queued, contacts) = world.polled().await;
    assert!(queued.full_sweep);
    assert_eq!(contacts, [1, 2, 3, 4]);
    assert!(!world.polled().await.0.full_sweep);
}

#[tokio::test]
async fn a_full_sweep_that_is_asked_for_during_a_sweep_is_made_after_it() {
    let world = World::new();
    let (poller, other_poller) = (world.poller(), world.poller());
    let (one, other) = tokio::join!(
        poller.poll(Mode::Full, AskedBy::Schedule),
        other_poller.poll(Mode::Full, AskedBy::Schedule)
    );
    assert!(matches!(one.unwrap(), Report::Done(_)));
    assert_eq!(other.unwrap(), Report::AnotherIsAtIt);
    assert!(world.polled().await.0.full_sweep);
    assert!(!world.polled().await.0.full_sweep);
}

#[tokio::test]
async fn a_lease_that_ends_far_off_stops_no_poll() {
    let world = World::swept().await;
    for far_off in [Duration::minutes(11), Duration::days(3_650)] {
        let lease = LeaseRecord {
            holder: "a clock that was wrong".to_owned(),
            expires_at: world.now() + far_off,
        };
        world.put("poll", &lease).await;
        world.edit(3, |contact| contact.name.push('!'));
        assert_eq!(world.polled().await.1, [3], "{far_off}");
    }
}
