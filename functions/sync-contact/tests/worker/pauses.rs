//! What is told of a pause, and what a gateway in front of Xero means.

use fake_xero::{Fault, FaultKind};
use futures::FutureExt as _;
use runtime::records::{DeadCause, DeadConnectionRecord, DeferReason, PauseRecord, SINGLETON};
use runtime::telemetry::Metric;
use secrets::Vault as _;
use time::Duration;

use crate::world::{TOKEN_SECRET, World};

#[tokio::test]
async fn a_gateways_page_ends_no_connection() {
    for blank in [false, true] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        let kind = FaultKind::Gateway { status: 403, blank };
        world.network.xero().inject(Fault::next_call(kind).times(2));
        for _ in 0..2 {
            world.sync(&[acme]).await;
            assert_eq!(world.get::<DeadConnectionRecord>(SINGLETON).await, None);
            let deferred = world.deferred(acme).await.unwrap();
            assert_eq!(deferred.reason, DeferReason::XeroUnavailable);
            world.pass(deferred.due - world.now());
        }
        // The very same token goes on.
        world.settle().await;
        assert_eq!(world.created_for(acme).len(), 1);
    }
}

#[tokio::test]
async fn xeros_own_refusal_says_that_the_organisation_is_not_connected() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let refused = FaultKind::Status { status: 403 };
    world.network.xero().inject(Fault::next_call(refused));
    world.sync(&[acme]).await;
    let dead = world.get::<DeadConnectionRecord>(SINGLETON).await.unwrap();
    assert_eq!(dead.cause, DeadCause::NotConnected);
}

#[tokio::test]
async fn contacts_that_wait_are_told_why_and_are_not_blamed() {
    for (fault, expected) in [
        (
            FaultKind::Status { status: 503 },
            DeferReason::XeroUnavailable,
        ),
        (
            FaultKind::Gateway {
                status: 503,
                blank: false,
            },
            DeferReason::XeroUnavailable,
        ),
        (FaultKind::Status { status: 401 }, DeferReason::NotConnected),
        (
            FaultKind::RateLimit {
                problem: fake_xero::RateLimitProblem::Minute,
                retry_after_seconds: Some(60),
            },
            DeferReason::XeroLimit,
        ),
    ] {
        let mut world = World::creating();
        let [first, second] = ["A", "B"].map(|name| world.customer_with_reference(name, name));
        world
            .network
            .xero()
            .inject(Fault::next_call(fault).times(2));
        world.sync(&[first]).await;
        let pause = world.get::<PauseRecord>(SINGLETON).await.unwrap();
        assert_eq!(pause.reason, expected, "{}", pause.why);
        // Another worker: it calls nobody, and its contact waits for the same reason.
        world.restart();
        world.reset_calls();
        for _ in 0..20 {
            world.sync(&[second]).await;
        }
        assert_eq!(world.xero_calls(), 0);
        let deferred = world.deferred(second).await.unwrap();
        assert_eq!((deferred.reason, deferred.attempts), (expected, 0));
        assert_eq!(deferred.due, pause.until);
    }
}

#[tokio::test]
async fn a_pause_of_version_0_1_reads_as_it_was_told_then() {
    let stored = serde_json::json!({"until": "2026-11-02T10:00:00Z", "why": "it is out of order"});
    let pause: PauseRecord = serde_json::from_value(stored).unwrap();
    assert_eq!(pause.reason, DeferReason::XeroLimit);
}

#[tokio::test]
async fn an_intent_that_ends_far_off_does_not_keep_its_contact_waiting() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    // The answer of the create is lost, so its intent stays.
    let lost = Fault::next_call(FaultKind::LostAnswer).on("PUT", "/Contacts");
    world.network.xero().inject(lost);
    world.sync(&[acme]).await;
    let mut record: runtime::records::ContactRecord = world.get(acme).await.unwrap();
    let mut intent = record.intent.take().unwrap();
    assert!(intent.live_until(world.now()).is_some());
    intent.expires_at = world.now() + Duration::days(3_650);
    assert_eq!(intent.live_until(world.now()), None);
    record.intent = Some(intent);
    world.put(acme, &record).await;
    world.pass(Duration::minutes(10));
    world.sync(&[acme]).await;
    assert!(world.linked(acme).await.is_some());
    assert_eq!(world.created_for(acme).len(), 1);
}

#[tokio::test]
async fn what_a_person_disconnected_costs_no_call_and_rings_no_alarm() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let version = world.vault.current(TOKEN_SECRET).await.unwrap().id;
    let ended = DeadConnectionRecord {
        since: world.now(),
        why: "a person disconnected it".to_owned(),
        secret_version: version,
        cause: DeadCause::DisconnectedByPerson,
    };
    world.put(SINGLETON, &ended).await;
    world.restart();
    let calls = world.xero_calls();
    world.sync(&[acme]).await;
    assert_eq!(world.xero_calls(), calls);
    let deferred = world.deferred(acme).await.unwrap();
    assert_eq!(deferred.reason, DeferReason::NotConnected);
    let rings = |metric: &Metric| *metric == Metric::ConnectionDead;
    assert!(!world.metrics.lock().unwrap().iter().any(rings));
    // Connected again, it goes on by itself.
    world.connect();
    world.pass(deferred.due - world.now());
    world.settle().await;
    assert_eq!(world.created_for(acme).len(), 1);
}

#[tokio::test]
async fn a_call_under_way_while_a_person_disconnects_rings_no_alarm() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let version = world.vault.current(TOKEN_SECRET).await.unwrap().id;
    let ended = DeadConnectionRecord {
        since: world.now(),
        why: "a person disconnected it".to_owned(),
        secret_version: version,
        cause: DeadCause::DisconnectedByPerson,
    };
    // It is stored after the batch has begun, and before Xero refuses the call.
    let refused = FaultKind::Status { status: 403 };
    world.network.xero().inject(Fault::next_call(refused));
    let records = world.records();
    let write = records.put(SINGLETON, &ended, store::Expect::Any).unwrap();
    let is_of_xero =
        |request: &http::Request<bytes::Bytes>| request.uri().host() != Some("localhost");
    world.network.just_before(is_of_xero, move |_| {
        let written = records.write(vec![write]).now_or_never();
        written.expect("a table in memory answers at once").unwrap();
    });
    world.sync(&[acme]).await;
    let rings = |metric: &Metric| *metric == Metric::ConnectionDead;
    assert!(!world.metrics.lock().unwrap().iter().any(rings));
    let kept = world.get::<DeadConnectionRecord>(SINGLETON).await;
    assert_eq!(kept, Some(ended));
}
