//! When Xero or BigChange may not be called, or answer what they should not.

use fake_bigchange::{Fault as BigChangeFault, FaultKind as BigChangeFaultKind};
use fake_xero::{Config, Fault, FaultKind, RateLimitProblem};
use runtime::records::{DayLimitRecord, DeadConnectionRecord, DeferReason, PauseRecord, SINGLETON};
use time::Duration;
use uuid::Uuid;

use crate::world::World;

fn inject(world: &World, kind: FaultKind) {
    world.network.xero().inject(Fault::next_call(kind));
}

#[tokio::test]
async fn a_reached_limit_pauses_every_worker_until_it_is_over() {
    for (problem, seconds) in [
        (RateLimitProblem::Minute, 37),
        (RateLimitProblem::Day, 7_200),
    ] {
        let mut world = World::creating();
        let ids = ["A", "B"].map(|name| world.customer_with_reference(name, name));
        inject(
            &world,
            FaultKind::RateLimit {
                problem,
                retry_after_seconds: Some(seconds),
            },
        );
        world.sync(&ids).await;
        let until = world.now() + Duration::seconds(i64::try_from(seconds).unwrap());
        assert_eq!(
            world.get::<PauseRecord>(SINGLETON).await.unwrap().until,
            until
        );
        for id in ids {
            let deferred = world.deferred(id).await.unwrap();
            assert_eq!(
                (deferred.due, deferred.reason),
                (until, DeferReason::XeroLimit)
            );
            assert_eq!(deferred.attempts, 0);
        }
        // Another worker, another contact: no call to either system.
        let third = world.customer_with_reference("C", "C");
        world.restart();
        world.reset_calls();
        world.sync(&[third]).await;
        assert_eq!(world.xero_calls(), 0);
        assert_eq!(world.network.bigchange().calls().len(), 0);
        assert_eq!(world.deferred(third).await.unwrap().due, until);
        world.settle().await;
        assert_eq!(world.xero_population(), 3);
        world.is_quiet(&[ids[0], ids[1], third]).await;
    }
}

#[tokio::test]
async fn a_minutes_last_calls_are_not_used_up() {
    let mut config = Config::default();
    config.limits.per_minute = 10;
    let mut world = World::with(&[("CREATE_IN_XERO", "true")], config);
    let ids: Vec<u64> = (0..700)
        .map(|n| world.customer_with_reference(&format!("N{n}"), &format!("R{n}")))
        .collect();
    world.sync(&ids).await;
    assert!(world.xero_calls() < 10, "{}", world.xero_calls());
    world.settle().await;
    assert_eq!(world.xero_population(), 700);
    let refused = world
        .network
        .xero()
        .calls()
        .filter(|call| call.status == 429)
        .count();
    assert_eq!(refused, 0);
    world.is_quiet(&ids).await;
}

#[tokio::test]
async fn the_last_two_percent_of_a_day_are_kept_for_people() {
    for (per_day, reserve) in [(5_000, 100), (1_000, 20)] {
        let mut config = Config::default();
        config.limits.per_day = per_day;
        config.limits.per_minute = 100_000;
        let mut world = World::with(&[("CREATE_IN_XERO", "true")], config);
        if per_day == 5_000 {
            world
                .put(SINGLETON, &DayLimitRecord { at_least: 4_999 })
                .await;
        }
        let acme = world.customer_with_reference("Acme", "A1");
        // Other calls of the day.
        {
            let tenant = world.network.xero().tenant_id();
            let now = world.network.now();
            let mut xero = world.network.xero();
            let token = xero.issue_tokens(now).access_token;
            for _ in 0..per_day - reserve - 1 {
                let request = http::Request::get(
                    "https://api.xero.com/api.xro/2.0/Contacts?page=1&pageSize=1",
                )
                .header("authorization", format!("Bearer {token}"))
                .header("xero-tenant-id", tenant.to_string())
                .header("accept", "application/json")
                .body(bytes::Bytes::new())
                .unwrap();
                assert_eq!(xero.handle(now, &request).status(), 200);
            }
            xero.reset_calls();
        }
        world.sync(&[acme]).await;
        assert_eq!(
            world.xero_calls(),
            1,
            "the one that shows how many are left"
        );
        assert_eq!(world.defer_reason(acme).await, Some(DeferReason::XeroLimit));
        world.settle().await;
        assert_eq!(world.created_for(acme).len(), 1);
    }
}

#[tokio::test]
async fn an_offline_organisation_puts_contacts_off_longer_each_time() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let offline = FaultKind::Status { status: 503 };
    world
        .network
        .xero()
        .inject(Fault::next_call(offline).times(3));
    let mut waits = Vec::new();
    for _ in 0..3 {
        world.sync(&[acme]).await;
        let deferred = world.deferred(acme).await.unwrap();
        assert_eq!(deferred.reason, DeferReason::XeroUnavailable);
        waits.push(deferred.due - world.now());
        world.pass(deferred.due - world.now());
    }
    assert!(waits.is_sorted() && waits[0] < waits[2], "{waits:?}");
    world.settle().await;
    assert_eq!(world.created_for(acme).len(), 1);
    assert_eq!(world.deferred(acme).await, None);
}

#[tokio::test]
async fn an_expired_token_is_read_again_once_and_the_call_made_with_the_renewed_one() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let bolt = world.customer_with_reference("Bolt", "B1");
    world.connect_until(world.now() + Duration::hours(3));
    world.sync(&[acme]).await;
    world.clock.pass(Duration::minutes(31)); // Xero's own clock says that it is over
    world.connect();
    world.reset_calls();
    world.sync(&[bolt]).await;
    assert_eq!(world.created_for(bolt).len(), 1);
    let refused = world
        .network
        .xero()
        .calls()
        .filter(|call| call.status == 401)
        .count();
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn an_expired_token_that_nobody_renewed_puts_contacts_off() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.connect_until(world.now() + Duration::hours(3));
    world.clock.pass(Duration::minutes(31));
    world.sync(&[acme]).await;
    assert_eq!(world.xero_calls(), 1);
    assert_eq!(
        world.defer_reason(acme).await,
        Some(DeferReason::NotConnected)
    );
    // Where the secret says so itself, not even that call is made.
    world.clock.pass(Duration::hours(3));
    world.restart();
    world.reset_calls();
    world.sync(&[acme]).await;
    assert_eq!(world.xero_calls(), 0);
    assert_eq!(world.network.bigchange().calls().len(), 0);
    world.connect();
    world.settle().await;
    assert_eq!(world.created_for(acme).len(), 1);
}

#[tokio::test]
async fn a_renewed_token_that_is_refused_too_puts_contacts_off_without_blaming_them() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.connect_until(world.now() + Duration::hours(3));
    let other = world.customer_with_reference("Bolt", "B1");
    world.sync(&[other]).await;
    world.connect_until(world.now() + Duration::hours(3));
    world.clock.pass(Duration::minutes(31));
    world.reset_calls();
    world.sync(&[acme]).await;
    assert_eq!(world.xero_calls(), 2);
    let deferred = world.deferred(acme).await.unwrap();
    assert_eq!(
        (deferred.reason, deferred.attempts),
        (DeferReason::NotConnected, 0)
    );
}

#[tokio::test]
async fn a_dead_connection_is_called_no_more_until_somebody_connects_again() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let tenant = world.network.xero().tenant_id();
    world.network.xero().set_connected(tenant, false);
    world.sync(&[acme]).await;
    assert_eq!(
        world.defer_reason(acme).await,
        Some(DeferReason::NotConnected)
    );
    assert!(world.get::<DeadConnectionRecord>(SINGLETON).await.is_some());
    for restarts in [false, true] {
        if restarts {
            world.restart();
        }
        world.reset_calls();
        world.sync(&[acme]).await;
        assert_eq!(world.xero_calls(), 0);
        assert_eq!(world.network.bigchange().calls().len(), 0);
    }
    // Connected again, the same process goes on at once.
    world.network.xero().set_connected(tenant, true);
    world.connect();
    world.sync(&[acme]).await;
    assert_eq!(world.created_for(acme).len(), 1);
}

#[tokio::test]
async fn a_token_that_nobody_has_refused_is_never_declared_dead() {
    let mut world = World::creating();
    let [acme, bolt] = ["Acme", "Bolt"].map(|name| world.customer_with_reference(name, name));
    world.sync(&[acme]).await;
    // The app is disconnected; a person connects it anew and stores what the README asks for, while
    // this process still has the token of before.
    let tenant = world.network.xero().tenant_id();
    world.network.xero().set_connected(tenant, false);
    world.vault.set_current(
        "xero-token",
        serde_json::json!({"refresh_token": "new", "tenant_id": tenant}).to_string(),
    );
    world.sync(&[bolt]).await;
    assert_eq!(
        world.defer_reason(bolt).await,
        Some(DeferReason::NotConnected)
    );
    assert_eq!(world.get::<DeadConnectionRecord>(SINGLETON).await, None);
}

#[tokio::test]
async fn another_organisation_is_never_called_and_its_contacts_wait_under_the_confirmed_one() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let bolt = world.customer_with_reference("Bolt", "B1");
    world.sync(&[acme]).await;
    let other = Uuid::from_u128(0xbad);
    world
        .network
        .xero()
        .add_organisation(other, "Another Company");
    world.connect_to(other, world.now() + Duration::minutes(30));
    world.restart();
    world.reset_calls();
    world.edit(acme, |c| c.phone = "+4420".into());
    world.sync(&[acme, bolt]).await;
    assert_eq!(world.xero_calls(), 0);
    assert_eq!(world.network.bigchange().calls().len(), 0);
    assert_eq!(
        world.defer_reason(bolt).await,
        Some(DeferReason::NotConnected)
    );
    assert_eq!(world.network.xero().contacts_of(other).count(), 0);
    // The right one again: the same process goes on at once.
    world.connect();
    world.settle().await;
    assert_eq!(world.created_for(bolt).len(), 1);
    assert_eq!(world.network.xero().contacts_of(other).count(), 0);
}

#[tokio::test]
async fn bigchange_out_of_order_puts_a_contact_off_and_the_others_go_on() {
    let mut world = World::creating();
    let ids = ["A", "B", "C"].map(|name| world.customer_with_reference(name, name));
    let out_of_order = BigChangeFaultKind::Status {
        status: 503,
        retry_after_seconds: Some(600),
    };
    world
        .network
        .bigchange()
        .order_fault(BigChangeFault::next_of("ContactDetail", out_of_order));
    world.sync(&ids).await;
    assert_eq!(world.xero_population(), 2);
    let deferred: Vec<_> = world.all::<runtime::records::DeferredRecord>().await;
    let [(_, deferred)] = deferred.try_into().unwrap();
    assert_eq!(deferred.reason, DeferReason::BigChangeUnavailable);
    assert_eq!(deferred.due - world.now(), Duration::minutes(10));
    world.settle().await;
    assert_eq!(world.xero_population(), 3);
    world.is_quiet(&ids).await;
}

#[tokio::test]
async fn a_wrong_login_to_bigchange_is_read_again_once_it_is_corrected() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    "other".clone_into(&mut world.network.bigchange().credentials.password);
    world.sync(&[acme]).await;
    assert_eq!(
        world.defer_reason(acme).await,
        Some(DeferReason::BigChangeRefusedLogin)
    );
    world.vault.set_current(
        "bigchange",
        serde_json::json!({"username": "fake-user", "password": "other", "key": "fake-key"})
            .to_string(),
    );
    world.settle().await;
    assert_eq!(world.created_for(acme).len(), 1);
}

#[tokio::test]
async fn a_missing_right_to_write_to_bigchange_does_not_undo_the_link() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme", |_| ());
    world
        .network
        .bigchange()
        .behaviour
        .actions_without_right
        .insert("contactextrasave".into());
    world.sync(&[acme]).await;
    assert!(world.linked(acme).await.is_some());
    // Everything can be read, so the login is not lost: the contact is held, and the others go on.
    let problem = world.problem(acme).await.unwrap().problem;
    let words = "misc_noRight".to_owned();
    assert_eq!(problem, rules::Problem::RefusedByBigChange { words });
    world
        .network
        .bigchange()
        .behaviour
        .actions_without_right
        .clear();
    world.reset_calls();
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "");
    assert_eq!(world.xero_calls(), 0);
    let contact = world.in_bigchange(acme);
    assert_eq!(contact.account_reference, "ACME0001");
    assert_eq!(contact.contact_reference, "ACME0001");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn what_bigchange_refuses_is_a_problem_in_its_words() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme", |_| ());
    let words = "Accounts are locked".to_owned();
    world
        .network
        .bigchange()
        .order_fault(BigChangeFault::next_of(
            "ContactExtraSave",
            BigChangeFaultKind::Refusal {
                words: words.clone(),
            },
        ));
    world.sync(&[acme]).await;
    let problem = world.problem(acme).await.unwrap().problem;
    assert_eq!(problem, rules::Problem::RefusedByBigChange { words });
    assert!(world.linked(acme).await.is_some());
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "");
    assert_eq!(world.in_bigchange(acme).contact_reference, "ACME0001");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_contact_that_bigchange_no_longer_has_is_skipped_and_a_strange_answer_is_not_taken_for_that()
 {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme, 999]).await;
    assert_eq!(world.problem_code(999).await, "");
    let linked = world.linked(acme).await;
    for status in [404, 302] {
        let strange = BigChangeFaultKind::Status {
            status,
            retry_after_seconds: None,
        };
        world
            .network
            .bigchange()
            .order_fault(BigChangeFault::next(strange));
        world.sync(&[acme]).await;
        assert_eq!(world.linked(acme).await, linked);
        assert_eq!(
            world.defer_reason(acme).await,
            Some(DeferReason::UnexpectedAnswer)
        );
    }
}
