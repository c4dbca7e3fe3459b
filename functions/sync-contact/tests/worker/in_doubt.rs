//! Writes of which nobody knows whether they were done.

use fake_xero::{Fault, FaultKind, RateLimitProblem};
use runtime::records::DeferReason;
use serde_json::json;
use time::Duration;

use crate::world::World;

fn inject(world: &World, method: &str, kind: FaultKind) {
    let fault = Fault::next_call(kind).on(method, "/Contacts");
    world.network.xero().inject(fault);
}

fn phone(world: &World, id: u64) -> String {
    world.created_for(id)[0]
        .phone("DEFAULT", "PhoneNumber")
        .to_owned()
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_waits_for_its_intent_and_is_then_recognised() {
    for restarts in [false, true] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        inject(&world, "PUT", FaultKind::LostAnswer);
        world.sync(&[acme]).await;
        assert_eq!(world.created_for(acme).len(), 1);
        assert_eq!(world.linked(acme).await, None);
        let intent = world.record(acme).await.intent.unwrap();
        let deferred = world.deferred(acme).await.unwrap();
        assert_eq!(deferred.reason, DeferReason::XeroUnavailable);
        assert!(deferred.due >= intent.expires_at);
        // A redelivery before that does nothing.
        world.reset_calls();
        world.sync(&[acme]).await;
        assert_eq!(world.xero_calls(), 0);
        if restarts {
            world.restart();
        }
        world.settle().await;
        assert_eq!(world.created_for(acme).len(), 1);
        assert_eq!(
            world.linked(acme).await,
            Some(world.created_for(acme)[0].id)
        );
        assert_eq!(world.deferred(acme).await, None);
        world.is_quiet(&[acme]).await;
    }
}

#[tokio::test]
async fn a_create_in_doubt_is_recognised_under_its_old_name_and_reference_and_brought_up_to_date() {
    let mut world = World::creating();
    world.organisation_has_pages(60).await; // so that it is looked up, not read as a whole
    let acme = world.customer_with_reference("Acme", "A1");
    inject(&world, "PUT", FaultKind::LostAnswer);
    world.sync(&[acme]).await;
    world.edit(acme, |c| {
        c.name = "Bolt".into();
        c.phone = "+4420".into();
    });
    world.settle().await;
    assert_eq!(world.xero_population(), 1);
    let created = &world.created_for(acme)[0];
    assert_eq!(created.name(), "Bolt");
    assert_eq!(created.phone("DEFAULT", "PhoneNumber"), "+4420");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_create_that_was_lost_on_its_way_is_done_later() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme", |_| ());
    inject(&world, "PUT", FaultKind::LostRequest);
    world.sync(&[acme]).await;
    assert_eq!(world.xero_population(), 0);
    world.settle().await;
    assert_eq!(world.created_for(acme)[0].text("AccountNumber"), "ACME0001");
    assert_eq!(world.in_bigchange(acme).contact_reference, "ACME0001");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn an_update_whose_answer_was_lost_and_that_was_edited_back_is_sent_again() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    let before = phone(&world, acme);
    world.edit(acme, |c| c.phone = "+4420".into());
    inject(&world, "POST", FaultKind::LostAnswer);
    world.sync(&[acme]).await;
    assert_eq!(phone(&world, acme), "+4420");
    world.edit(acme, |c| c.phone.clone_from(&before));
    world.settle().await;
    assert_eq!(phone(&world, acme), before);
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn an_update_in_doubt_stays_in_doubt_through_a_refused_attempt() {
    let refusals = [
        FaultKind::RateLimit {
            problem: RateLimitProblem::Minute,
            retry_after_seconds: Some(30),
        },
        FaultKind::RateLimit {
            problem: RateLimitProblem::Concurrent,
            retry_after_seconds: None,
        },
        FaultKind::Status { status: 403 },
    ];
    for refusal in refusals {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        world.sync(&[acme]).await;
        let before = phone(&world, acme);
        world.edit(acme, |c| c.phone = "+4420".into());
        inject(&world, "POST", FaultKind::LostAnswer);
        world.sync(&[acme]).await;
        world.edit(acme, |c| c.phone.clone_from(&before));
        inject(&world, "POST", refusal.clone());
        world.pass(Duration::minutes(8));
        world.sync(&[acme]).await;
        assert_eq!(phone(&world, acme), "+4420", "{refusal:?}");
        assert!(world.record(acme).await.intent.is_some());
        world.connect(); // after a 403, a person connects again
        world.settle().await;
        assert_eq!(phone(&world, acme), before, "{refusal:?}");
        world.is_quiet(&[acme]).await;
    }
}

#[tokio::test]
async fn what_is_in_doubt_stays_so_while_bigchange_refuses_to_show_the_contact() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    let before = phone(&world, acme);
    world.edit(acme, |c| c.phone = "+4420".into());
    inject(&world, "POST", FaultKind::LostAnswer);
    world.sync(&[acme]).await;
    world.edit(acme, |c| c.phone.clone_from(&before));
    world.pass(Duration::minutes(8));
    let words = "Something is wrong with this contact".to_owned();
    world
        .network
        .bigchange()
        .order_fault(fake_bigchange::Fault::next_of(
            "ContactDetail",
            fake_bigchange::FaultKind::Refusal { words },
        ));
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "RefusedByBigChange");
    assert!(world.record(acme).await.intent.is_some());
    world.sync(&[acme]).await;
    assert_eq!(phone(&world, acme), before);
    assert_eq!(world.problem_code(acme).await, "");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_write_that_was_done_is_known_although_its_limits_could_not_be_noted() {
    let mut world = World::creating();
    world.organisation_has_pages(60).await;
    let acme = world.customer_with_reference("Acme", "A1");
    // The store takes no note of Xero's limits.
    *world.table.refuses.lock().unwrap() = Some(Box::new(|writes| {
        writes
            .iter()
            .any(|write| write.key().partition.ends_with("state-day-limit"))
    }));
    world.sync(&[acme]).await;
    assert_eq!(
        world.linked(acme).await,
        Some(world.created_for(acme)[0].id)
    );
}

#[tokio::test]
async fn a_link_whose_answer_was_lost_is_finished() {
    let mut world = World::generating().await;
    let xero = world.xero_contact(json!({"Name": "Acme"}));
    let acme = world.customer("Acme", |_| ());
    inject(&world, "POST", FaultKind::LostAnswer);
    world.sync(&[acme]).await;
    assert_eq!(world.in_xero(xero).text("AccountNumber"), "ACME0001");
    world.settle().await;
    assert_eq!(world.linked(acme).await, Some(xero));
    let contact = world.in_bigchange(acme);
    assert_eq!(contact.account_reference, "ACME0001");
    assert_eq!(contact.contact_reference, "ACME0001");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_contact_on_which_xero_always_breaks_is_tried_alone_and_given_up_in_the_end() {
    let mut world = World::creating();
    let ids = [
        world.customer_with_reference("Acme", "A1"),
        world.customer_with_reference("Bolt", "B1"),
    ];
    // Every write that holds Acme breaks.
    for _ in 0..40 {
        world.network.just_before(
            |request| {
                request.method() == "PUT"
                    && String::from_utf8_lossy(request.body()).contains("BigChange-1\"")
            },
            |network| {
                let breaks = FaultKind::Status { status: 500 };
                network.xero().inject(Fault::next_call(breaks));
            },
        );
    }
    world.sync(&ids).await;
    world.settle().await;
    assert_eq!(world.created_for(ids[1]).len(), 1, "the other is done");
    assert_eq!(world.created_for(ids[0]).len(), 0);
    let [letter] = world.letters().try_into().unwrap();
    assert_eq!(letter.contact_id.map(u64::from), Some(ids[0]));
    assert_eq!(world.deferred(ids[0]).await, None);
}

#[tokio::test]
async fn an_ending_stands_although_another_worker_put_the_contact_off_meanwhile() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world
        .network
        .bigchange()
        .order_fault(fake_bigchange::Fault::next(
            fake_bigchange::FaultKind::ServerError,
        ));
    world.sync(&[acme]).await;
    let deferred = world.deferred(acme).await.unwrap();
    // A duplicate delivery to another worker, which finds the intent of this one.
    let (records, later) = (world.records(), deferred);
    world.table.script.lock().unwrap().push((
        Box::new(|writes| {
            writes
                .iter()
                .any(|write| write.key().partition.ends_with("#xero-contact"))
        }),
        Box::new(move |table| {
            let put = records.put(acme, &later, store::Expect::Any).unwrap();
            futures::FutureExt::now_or_never(store::Table::write(table, vec![put]))
                .unwrap()
                .unwrap();
        }),
    ));
    world.sync(&[acme]).await;
    assert!(world.linked(acme).await.is_some());
    assert!(
        world.deferred(acme).await.is_some(),
        "what the other one wrote stands"
    );
    world.settle().await;
    assert_eq!(world.deferred(acme).await, None);
    assert_eq!(world.xero_population(), 1);
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn nothing_is_written_where_another_worker_began_first() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let bolt = world.customer_with_reference("Bolt", "B1");
    world.edit(bolt, |c| c.phone = "+4420".into());
    world
        .network
        .xero()
        .inject(Fault::next_call(FaultKind::LostRequest).on("PUT", "/Contacts"));
    world.sync(&[bolt]).await;
    // The intent of a worker that is still at it. The pause that goes with an outage is over.
    world.pass(time::Duration::minutes(1));
    let theirs = world.record(bolt).await;
    let records = world.records();
    world.reset_calls();
    world.table.script.lock().unwrap().push((
        Box::new(|writes| {
            let has_intent = |write: &store::Write| matches!(write, store::Write::Put { body, .. } if body.get("intent").is_some());
            writes.iter().any(has_intent)
        }),
        Box::new(move |table| {
            let put = records.put(acme, &theirs, store::Expect::Any).unwrap();
            futures::FutureExt::now_or_never(store::Table::write(table, vec![put]))
                .unwrap()
                .unwrap();
        }),
    ));
    world.sync(&[acme]).await;
    assert_eq!(
        world.defer_reason(acme).await,
        Some(DeferReason::AnotherWorker)
    );
    let writes = world
        .xero_call_log()
        .iter()
        .filter(|call| !call.starts_with("GET"))
        .count();
    assert_eq!(writes, 0);
}

#[tokio::test]
async fn an_outage_of_xero_is_met_once_and_not_by_every_batch() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    let bolt = world.customer_with_reference("Bolt", "B1");
    let kind = FaultKind::Status { status: 503 };
    world
        .network
        .xero()
        .inject(Fault::next_call(kind).on("GET", "/Contacts"));
    world.sync(&[acme]).await;
    world.reset_calls();
    world.sync(&[bolt]).await;
    assert_eq!(world.xero_call_log().len(), 0);
    assert_eq!(
        world.defer_reason(bolt).await,
        Some(DeferReason::XeroUnavailable)
    );
    world.settle().await;
    assert_eq!(world.xero_population(), 2);
    world.is_quiet(&[acme, bolt]).await;
}

#[tokio::test]
async fn a_look_up_that_cannot_be_understood_is_repeated_for_each_contact_alone() {
    let mut world = World::creating();
    world.organisation_has_pages(60).await;
    let ids = [
        world.customer_with_reference("Acme", "A1"),
        world.customer_with_reference("Bolt", "B1"),
    ];
    let kind = FaultKind::Status { status: 404 };
    world
        .network
        .xero()
        .inject(Fault::next_call(kind).on("GET", "/Contacts"));
    world.sync(&ids).await;
    assert_eq!(world.xero_population(), 2);
    world.is_quiet(&ids).await;
}

#[tokio::test]
async fn the_edited_reference_of_a_linked_contact_is_in_use_though_it_is_not_accepted() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    world
        .network
        .bigchange()
        .edit_financials(world.network.now(), acme, |c| {
            c.account_reference = "ACME0001".into();
        });
    world.sync(&[acme]).await;
    let records = world.records();
    let mark = records
        .get::<runtime::records::ReferenceRecord>("acme0001")
        .await;
    let mark = mark.unwrap().expect("no code may equal it");
    assert_eq!(mark.value.holder, None);
}
