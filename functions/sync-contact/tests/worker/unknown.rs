//! Answers of Xero that do not tell what became of each contact, and elements without a name.

use fake_xero::{Config, Fault, FaultKind, Garbling};
use rules::{Problem, UnknownAnswers};
use runtime::records::{DeferReason, DeferredRecord};
use serde_json::json;
use time::Duration;

use crate::world::{World, contact};

fn garble(world: &World, method: &str, how: Garbling, calls: u32) {
    let fault = Fault::next_call(FaultKind::Garbled { how });
    let fault = fault.on(method, "/Contacts").times(calls);
    world.network.xero().inject(fault);
}

/// So many customers with account references, not yet in Xero.
fn customers(world: &mut World, count: usize) -> Vec<u64> {
    (0..count)
        .map(|n| world.customer_with_reference(&format!("Acme {n}"), &format!("A{n}")))
        .collect()
}

/// Customers that are linked, each with a changed phone.
async fn changed(world: &mut World, count: usize) -> Vec<u64> {
    let ids = customers(world, count);
    world.sync(&ids).await;
    for id in &ids {
        world.edit(*id, |c| c.phone = "+4420".into());
    }
    ids
}

fn phone(world: &World, id: u64) -> String {
    let [created] = world.created_for(id).try_into().unwrap();
    created.phone("DEFAULT", "PhoneNumber").to_owned()
}

async fn all_are_in_line(world: &World, ids: &[u64]) {
    for id in ids {
        assert_eq!(world.problem_code(*id).await, "", "{id}");
        let [created] = world.created_for(*id).try_into().unwrap();
        assert_eq!(world.linked(*id).await, Some(created.id), "{id}");
    }
    assert_eq!(world.xero_population(), ids.len());
    world.is_quiet(ids).await;
}

#[tokio::test]
async fn creates_are_linked_each_to_its_own_whatever_the_order_of_the_answer() {
    let mut world = World::creating();
    let ids = customers(&mut world, 4);
    garble(&world, "PUT", Garbling::Reversed, 1);
    world.sync(&ids).await;
    all_are_in_line(&world, &ids).await;
}

#[tokio::test]
async fn a_create_of_which_the_answer_does_not_tell_is_looked_for_at_once_and_linked() {
    for pages in [1, 60] {
        for how in [
            Garbling::FirstLeftOut,
            Garbling::NilIds,
            Garbling::Anonymous,
        ] {
            for count in [1, 3] {
                let mut world = World::creating();
                world.organisation_has_pages(pages).await;
                let ids = customers(&mut world, count);
                garble(&world, "PUT", how, 1);
                world.sync(&ids).await;
                let puts = |world: &World| {
                    let log = world.xero_call_log();
                    log.iter().filter(|call| call.starts_with("PUT")).count()
                };
                assert_eq!(puts(&world), 1, "{how:?}: it is not sent again");
                all_are_in_line(&world, &ids).await;
            }
        }
    }
}

#[tokio::test]
async fn a_create_that_stays_unknown_is_sent_alone_twice_and_then_held_with_what_came() {
    let mut world = World::creating();
    let ids = customers(&mut world, 2);
    // Every write that holds the first is lost on its way to Xero's records: it answers OK without
    // an id.
    for _ in 0..10 {
        world.network.just_before(
            |request| {
                request.method() == "PUT"
                    && String::from_utf8_lossy(request.body()).contains("BigChange-1\"")
            },
            |network| {
                let fault = FaultKind::Garbled {
                    how: Garbling::NothingDone,
                };
                network.xero().inject(Fault::next_call(fault));
            },
        );
    }
    world.sync(&ids).await;
    let deferred = world.deferred(ids[0]).await.unwrap();
    assert_eq!(deferred.reason, DeferReason::UnexpectedAnswer);
    let once = UnknownAnswers {
        together: 1,
        alone: 0,
    };
    assert_eq!(deferred.unknown_answers, once);
    let intent = world.record(ids[0]).await.intent.unwrap();
    assert!(deferred.due >= intent.expires_at, "it may still be at it");
    world.settle().await;
    let Problem::RefusedByXero { words } = world.problem(ids[0]).await.unwrap().problem else {
        panic!("another problem");
    };
    assert!(words[0].contains("without a ContactID"), "{words:?}");
    assert_eq!(world.created_for(ids[0]).len(), 0);
    assert_eq!(world.created_for(ids[1]).len(), 1, "the other is done");
    let log = world.xero_call_log();
    let puts = log.iter().filter(|call| call.starts_with("PUT")).count();
    assert_eq!(
        puts, 4,
        "together, the other alone, and twice alone: {log:?}"
    );
    assert_eq!(world.deferred(ids[0]).await, None);
    assert_eq!(world.record(ids[0]).await.intent, None);
    world.is_quiet(&ids).await;
}

#[tokio::test]
async fn an_update_of_which_the_answer_does_not_tell_is_sent_again_alone() {
    for how in [
        Garbling::FirstLeftOut,
        Garbling::NilIds,
        Garbling::Anonymous,
    ] {
        for count in [1, 4] {
            let mut world = World::creating();
            let ids = changed(&mut world, count).await;
            garble(&world, "POST", how, 1);
            world.sync(&ids).await;
            let unknown = world.record(ids[0]).await;
            let is_open = unknown.intent.is_some();
            world.reset_calls();
            world.settle().await;
            for id in &ids {
                assert_eq!(phone(&world, *id), "+4420", "{how:?}");
            }
            let log = world.xero_call_log();
            assert!(
                !is_open || log.iter().all(|call| call.contains("/Contacts/")),
                "alone: {log:?}"
            );
            all_are_in_line(&world, &ids).await;
        }
    }
}

#[tokio::test]
async fn an_update_that_stays_unknown_is_held_and_stays_in_doubt() {
    let mut world = World::creating();
    let ids = changed(&mut world, 1).await;
    let before = phone(&world, ids[0]);
    garble(&world, "POST", Garbling::NothingDone, 3);
    world.sync(&ids).await;
    world.settle().await;
    assert_eq!(world.problem_code(ids[0]).await, "RefusedByXero");
    assert!(world.record(ids[0]).await.intent.is_some());
    // Edited back meanwhile: what may have been written is looked for.
    world.edit(ids[0], |c| c.phone.clone_from(&before));
    world.pass(Duration::minutes(10));
    world.network.xero().clear_faults();
    world.sync(&ids).await;
    world.settle().await;
    assert_eq!(phone(&world, ids[0]), before);
    all_are_in_line(&world, &ids).await;
}

#[tokio::test]
async fn an_answer_that_tells_of_refused_elements_only_leaves_all_of_them_in_doubt() {
    let mut world = World::creating();
    let ids = customers(&mut world, 3);
    // Another takes the name of the first just before.
    world.network.just_before(
        |request| request.method() == "PUT",
        |network| {
            let taken = json!([{"Name": "Acme 0", "AccountNumber": "OTHER"}]);
            network.xero().seed(network.now(), &taken).unwrap();
        },
    );
    garble(&world, "PUT", Garbling::Summarised, 1);
    world.sync(&ids).await;
    for id in &ids {
        assert!(world.record(*id).await.intent.is_some(), "in doubt");
        assert_eq!(world.problem_code(*id).await, "");
    }
    world.settle().await;
    assert_eq!(world.problem_code(ids[0]).await, "NameTakenInXero");
    for id in &ids[1..] {
        assert_eq!(world.created_for(*id).len(), 1);
        assert!(world.linked(*id).await.is_some());
    }
    world.is_quiet(&ids).await;
}

#[tokio::test]
async fn an_element_that_xero_refuses_for_its_missing_name_goes_singly_in_the_same_batch() {
    for needs_names in [false, true] {
        let config = Config {
            batch_needs_names: needs_names,
            ..Config::default()
        };
        let mut world = World::with(&[("CREATE_IN_XERO", "true")], config);
        let mut ids = changed(&mut world, 4).await;
        let to_link = world.xero_contact(json!({"Name": "Old friend"}));
        ids.push(world.customer_with_reference("Old friend", "F1"));
        world.reset_calls();
        world.sync(&ids).await;
        for id in &ids[..4] {
            assert_eq!(phone(&world, *id), "+4420");
        }
        assert_eq!(world.linked(ids[4]).await, Some(to_link));
        assert_eq!(world.in_xero(to_link).text("AccountNumber"), "F1");
        let log = world.xero_call_log();
        let single = |call: &&String| call.starts_with("POST") && call.contains("/Contacts/");
        let singly = log.iter().filter(single).count();
        assert_eq!(singly, if needs_names { 5 } else { 0 }, "{log:?}");
        world.is_quiet(&ids).await;
    }
}

#[tokio::test]
async fn a_rename_in_xero_in_the_moment_of_a_batch_update_stays() {
    let mut world = World::creating();
    let ids = changed(&mut world, 4).await;
    let renamed = world.linked(ids[1]).await.unwrap();
    world.network.just_before(
        |request| request.method() == "POST",
        move |network| {
            let person = json!([{"ContactID": renamed, "Name": "XeroContactRef by a person"}]);
            network.xero().seed(network.now(), &person).unwrap();
        },
    );
    world.sync(&ids).await;
    assert_eq!(world.in_xero(renamed).name(), "XeroContactRef by a person");
    assert_eq!(phone(&world, ids[1]), "+4420");
}

#[tokio::test]
async fn an_old_name_that_xero_would_refuse_today_blocks_neither_a_change_nor_a_link() {
    let long = "x".repeat(263);
    for old in [long.as_str(), "Link  Spaced Ltd", " Outer ", "A <b> Ltd"] {
        let mut world = World::creating();
        let ids = changed(&mut world, 4).await;
        for (n, id) in ids.iter().enumerate() {
            let xero = world.linked(*id).await.unwrap();
            let name = if n == 0 {
                old.to_owned()
            } else {
                format!("{old}{n}")
            };
            world.edit_in_xero(xero, json!({ "Name": name }));
        }
        let by_number =
            world.xero_contact(json!({"Name": format!("{old} 9"), "AccountNumber": ""}));
        let to_link = world.customer_with_reference("Link me", "L1");
        let (records, remembering) = (world.records(), crate::cures::at(&world));
        let chosen = by_number.try_into().unwrap();
        runtime::manual_match::pin(&records, contact(to_link), chosen, remembering)
            .await
            .unwrap();
        let all: Vec<u64> = ids.iter().copied().chain([to_link]).collect();
        world.sync(&all).await;
        for id in &ids {
            assert_eq!(phone(&world, *id), "+4420", "{old}");
        }
        assert_eq!(
            world.in_xero(by_number).text("AccountNumber"),
            "L1",
            "{old}"
        );
        assert_eq!(world.linked(to_link).await, Some(by_number));
        world.is_quiet(&all).await;
    }
}

#[tokio::test]
async fn a_create_that_is_refused_because_our_own_is_there_already_is_linked_to_it() {
    for pages in [1, 60] {
        let mut world = World::creating();
        world.organisation_has_pages(pages).await;
        let acme = world.customer_with_reference("Acme", "A1");
        // An earlier create of ours, renamed and renumbered by a person, that nobody has looked
        // for.
        world.network.just_before(
            |request| request.method() == "PUT",
            |network| {
                let ours = json!([{"Name": "Renamed", "ContactNumber": "BigChange-1"}]);
                network.xero().seed(network.now(), &ours).unwrap();
            },
        );
        world.sync(&[acme]).await;
        let [ours] = world.created_for(acme).try_into().unwrap();
        assert_eq!(world.linked(acme).await, Some(ours.id), "{pages}");
        assert_eq!(world.xero_population(), 1);
        world.is_quiet(&[acme]).await;
    }
}

#[tokio::test]
async fn two_refusals_that_are_answered_the_other_way_round_are_told_of_the_right_contacts() {
    let mut world = World::creating();
    let ids = customers(&mut world, 2);
    let (all, xero) = changed_in_xero(&mut world, &ids).await;
    garble(&world, "POST", Garbling::Reversed, 1);
    world.sync(&all).await;
    world.settle().await;
    assert_eq!(world.problem_code(ids[0]).await, "WebsiteInXero");
    assert_eq!(world.problem_code(ids[1]).await, "ArchivedInXero");
    for id in xero {
        assert_ne!(world.in_xero(id).phone("DEFAULT", "PhoneNumber"), "+4420");
    }
}

/// The first has a website that Xero does not take, the second is archived between its reading and
/// its writing; others go with them, so that they are sent as one.
async fn changed_in_xero(world: &mut World, ids: &[u64]) -> (Vec<u64>, Vec<uuid::Uuid>) {
    let others = [
        world.customer_with_reference("Other 1", "O1"),
        world.customer_with_reference("Other 2", "O2"),
    ];
    let all: Vec<u64> = ids.iter().chain(&others).copied().collect();
    world.sync(&all).await;
    let mut xero = Vec::new();
    for id in ids {
        xero.push(world.linked(*id).await.unwrap());
    }
    world.edit_in_xero(xero[0], json!({"Website": "acme"}));
    let archived = xero[1];
    world.network.just_before(
        |request| request.method() == "POST",
        move |network| {
            let archive = json!([{"ContactID": archived, "ContactStatus": "ARCHIVED"}]);
            network.xero().seed(network.now(), &archive).unwrap();
        },
    );
    for id in &all {
        world.edit(*id, |c| c.phone = "+4420".into());
    }
    (all, xero)
}

#[tokio::test]
async fn a_link_of_which_the_answer_does_not_tell_is_read_again_and_not_written_twice() {
    for how in [
        Garbling::FirstLeftOut,
        Garbling::NilIds,
        Garbling::Anonymous,
    ] {
        let mut world = World::new(&[]);
        let xero = world.xero_contact(json!({"Name": "Acme"}));
        let acme = world.customer_with_reference("Acme", "A1");
        garble(&world, "POST", how, 1);
        world.sync(&[acme]).await;
        assert_eq!(world.linked(acme).await, Some(xero), "{how:?}");
        assert_eq!(world.in_xero(xero).text("AccountNumber"), "A1");
        let log = world.xero_call_log();
        let writes = log.iter().filter(|call| call.starts_with("POST")).count();
        assert_eq!(writes, 1, "{how:?}: {log:?}");
        world.is_quiet(&[acme]).await;
    }
}

#[test]
fn a_deferral_that_version_0_1_wrote_is_read() {
    let stored = json!({
        "since": "2026-11-02T09:00:00Z", "due": "2026-11-02T09:07:00Z",
        "reason": "XeroUnavailable", "attempts": 1,
    });
    let read: DeferredRecord = serde_json::from_value(stored.clone()).unwrap();
    assert!(read.unknown_answers.is_none());
    assert_eq!(serde_json::to_value(&read).unwrap(), stored);
}
