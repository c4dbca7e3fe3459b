//! Looking contacts up: a few by themselves finds what the list of all contacts would, a refused
//! question is never taken for "not found", and neither is what no page had.

use fake_xero::{QueryRefusal, SearchReading};
use runtime::records::DeferReason;
use runtime::telemetry::Metric;
use serde_json::{Value, json};
use time::Duration;

use crate::world::World;

/// The number of pages at which a contact is looked up by itself, and at which everything is read.
const WAYS_TO_LOOK: [u32; 2] = [60, 1];
const READINGS: [SearchReading; 2] = [SearchReading::BeginningsOfWords, SearchReading::Anywhere];
const REFUSALS: [QueryRefusal; 3] = [
    QueryRefusal::Syntax,
    QueryRefusal::HighVolume,
    QueryRefusal::FilterUnavailable,
];

fn counted(world: &World, metric: Metric) -> usize {
    let metrics = world.metrics.lock().unwrap();
    metrics.iter().filter(|counted| **counted == metric).count()
}

fn customers(world: &mut World, count: usize) -> Vec<u64> {
    (0..count)
        .map(|n| world.customer_with_reference(&format!("Customer{n} Ltd"), &format!("C{n}")))
        .collect()
}

fn organisation(of: usize) -> Value {
    (0..of)
        .map(|n| json!({"Name": format!("Existing {n}"), "AccountNumber": format!("E{n}")}))
        .collect()
}

#[tokio::test]
async fn both_ways_of_looking_find_a_name_in_every_spelling() {
    for (in_bigchange, in_xero) in [
        ("Link Spaced Ltd", "Link  Spaced Ltd"),
        ("Link Spaced Ltd", " Link Spaced Ltd "),
        ("Link Spaced Ltd", "Link\tSpaced\u{a0}Ltd"),
        ("link spaced ltd", "LINK   SPACED LTD"),
        ("The Best Co", "The  Best Co"),
        ("A & B", "A  &  B"),
        ("Caf\u{e9} Zo\u{eb}", "Cafe\u{301}  Zoe\u{308}"),
        ("\u{c9}t\u{e9}", "E\u{301}te\u{301}"),
        ("Stra\u{df}e Ltd", "STRASSE LTD"),
        ("O'Neill  & Sons", " o'neill & sons"),
        ("\"Best\"", "\"BEST\" "),
        ("\u{1f642}", " \u{1f642}"),
    ] {
        for reading in READINGS {
            for pages in WAYS_TO_LOOK {
                let mut world = World::generating().await;
                world.network.xero().config_mut().search = reading;
                world.organisation_has_pages(pages).await;
                let made = world.xero_contact(json!({"Name": in_xero, "AccountNumber": "X1"}));
                let id = world.customer_with_reference(in_bigchange, "");
                world.sync(&[id]).await;
                let says = format!("{in_bigchange:?} {in_xero:?} {reading:?} {pages}");
                assert_eq!(world.linked(id).await, Some(made), "{says}");
                assert_eq!(world.xero_population(), 1, "{says}");
                assert_eq!(world.in_bigchange(id).account_reference, "X1", "{says}");
            }
        }
    }
}

#[tokio::test]
async fn both_ways_of_looking_find_an_account_number_with_outer_spaces() {
    for number in ["ACME01", " ACME01", "acme01 ", " Acme01 "] {
        for pages in WAYS_TO_LOOK {
            let mut world = World::creating();
            world.organisation_has_pages(pages).await;
            let made = world.xero_contact(json!({"Name": "Old Name", "AccountNumber": number}));
            let id = world.customer_with_reference("Acme", "ACME01");
            world.sync(&[id]).await;
            assert_eq!(world.linked(id).await, Some(made), "{number:?} {pages}");
            assert_eq!(world.xero_population(), 1);
        }
    }
}

#[tokio::test]
async fn a_search_that_finds_more_than_a_page_is_read_on() {
    let mut world = World::creating();
    let others: Value = (0..2_500)
        .map(|n| json!({"Name": format!("Common {n}")}))
        .collect();
    world.xero_contacts(&others);
    world.organisation_has_pages(60).await;
    for (n, without_pagination) in [false, true].into_iter().enumerate() {
        world.network.xero().config_mut().without_pagination = without_pagination;
        let made = world.xero_contact(
            json!({"Name": format!("Common  Last {n}"), "AccountNumber": format!("L{n}")}),
        );
        let id = world.customer_with_reference(&format!("Common Last {n}"), "");
        world.sync(&[id]).await;
        assert_eq!(world.linked(id).await, Some(made), "{without_pagination}");
    }
}

#[tokio::test]
async fn where_xero_refuses_filters_the_list_answers() {
    for refusal in REFUSALS {
        let mut world = World::creating();
        world.xero_contacts(&organisation(4_000));
        world.pass(Duration::hours(1));
        world.network.xero().config_mut().refuse_filters = Some(refusal);
        let ids = customers(&mut world, 20);
        world.sync(&ids).await;
        assert_eq!(world.xero_calls(), 5, "{:?}", world.xero_call_log());
        assert_eq!(world.xero_population(), 4_020);
        world.is_quiet(&ids).await;

        // The next worker needs no question.
        world.restart();
        world.pass(Duration::minutes(1));
        let one = world.customer_with_reference("One More", "ONE1");
        world.reset_calls();
        world.sync(&[one]).await;
        assert_eq!(world.problem_code(one).await, "");
        assert!(world.linked(one).await.is_some());
        assert_eq!(world.xero_calls(), 1 + 1, "what changed, the create");
    }
}

#[tokio::test]
async fn codes_are_generated_where_xero_refuses_filters() {
    let mut world = World::generating().await;
    world.organisation_has_pages(4).await;
    world.xero_contact(json!({"Name": "Other", "AccountNumber": "ACME0001"}));
    world.network.xero().config_mut().refuse_filters = Some(QueryRefusal::FilterUnavailable);
    let acme = world.customer("Acme", |_| ());
    world.sync(&[acme]).await;
    assert_eq!(world.in_bigchange(acme).account_reference, "ACME0002");
}

#[tokio::test]
async fn what_xero_refuses_to_say_of_a_huge_organisation_is_told_and_tried_daily() {
    for (filters, searches) in [(true, true), (true, false), (false, true)] {
        let mut world = World::creating();
        world.organisation_has_pages(60).await;
        let refusal = Some(QueryRefusal::HighVolume);
        {
            let mut xero = world.network.xero();
            xero.config_mut().refuse_filters = refusal.filter(|_| filters);
            xero.config_mut().refuse_searches = refusal.filter(|_| searches);
        }
        let ids = customers(&mut world, 3);
        let begun = world.now();
        world.sync(&ids).await;
        assert_eq!(
            world.defer_reason(ids[0]).await,
            Some(DeferReason::XeroRefusesLookups)
        );
        world.settle().await;
        assert!(world.now() - begun <= Duration::hours(2));
        assert_eq!(world.xero_population(), 0);
        for id in &ids {
            assert_eq!(world.problem_code(*id).await, "XeroRefusesLookups");
        }
        assert_eq!(counted(&world, Metric::XeroRefusesLookups), ids.len());
        assert!(world.xero_calls() <= 4, "{:?}", world.xero_call_log());

        // The daily try is one try, and one that succeeds where Xero answers again.
        world.pass(Duration::hours(24));
        world.try_again(&ids).await;
        world.sync(&ids).await;
        for id in &ids {
            assert_eq!(world.problem_code(*id).await, "XeroRefusesLookups");
            assert_eq!(world.deferred(*id).await, None);
        }
        {
            let mut xero = world.network.xero();
            xero.config_mut().refuse_filters = None;
            xero.config_mut().refuse_searches = None;
        }
        world.pass(Duration::hours(24));
        world.try_again(&ids).await;
        world.sync(&ids).await;
        assert_eq!(world.xero_population(), ids.len());
        for id in &ids {
            assert_eq!(world.problem_code(*id).await, "");
        }
    }
}

#[tokio::test]
async fn an_account_reference_that_no_filter_takes_is_not_taken_for_unknown() {
    let mut world = World::creating();
    world.organisation_has_pages(60).await;
    world.xero_contact(json!({"Name": "Old Name", "AccountNumber": "A\"1"}));
    let id = world.customer_with_reference("Acme", "A\"1");
    world.sync(&[id]).await;
    world.settle().await;
    assert_eq!(world.problem_code(id).await, "XeroRefusesLookups");
    assert_eq!(world.xero_population(), 1);
}

#[tokio::test]
async fn lists_that_do_not_say_how_many_pages_there_are_are_read_to_their_end() {
    let mut world = World::creating();
    world.network.xero().config_mut().without_pagination = true;
    world.xero_contacts(&organisation(1_400));
    let made = world.xero_contacts(&json!([{"Name": "Customer3 Ltd"}, {"Name": "Customer69 Ltd"}]));
    let ids = customers(&mut world, 70);
    world.sync(&ids).await;
    for id in &ids {
        assert!(world.linked(*id).await.is_some(), "{id}");
    }
    assert_eq!(world.linked(ids[3]).await, Some(made[0]));
    assert_eq!(world.linked(ids[69]).await, Some(made[1]));
    assert_eq!(world.xero_population(), 1_400 + 70);
    world.is_quiet(&ids).await;
    // What changed since is asked for in pages too, also what is dated hours ahead.
    world.pass(Duration::minutes(1));
    let hours_ahead = world.network.now() + std::time::Duration::from_secs(5 * 60 * 60);
    let seeded = world
        .network
        .xero()
        .seed(hours_ahead, &json!([{"Name": "Later Ltd"}]));
    let later = world.customer_with_reference("Later Ltd", "L1");
    world.sync(&[later]).await;
    assert_eq!(world.linked(later).await, Some(seeded.unwrap()[0]));
    world.pass(Duration::minutes(1));
    let last = world.customer_with_reference("Last Ltd", "L2");
    world.reset_calls();
    world.sync(&[last]).await;
    assert!(world.linked(last).await.is_some());
    assert!(world.xero_calls() <= 3, "{:?}", world.xero_call_log());
}

#[tokio::test]
async fn a_contact_that_no_page_had_is_found_after_the_refusal() {
    for by in [
        json!({"Name": "Customer1 Ltd"}),
        json!({"Name": "Customer1  Ltd", "AccountNumber": "C1"}),
        json!({"Name": "Another", "AccountNumber": "C1"}),
    ] {
        let mut world = World::creating();
        world.xero_contacts(&organisation(1_200));
        let hidden = world.xero_contact(by.clone());
        world.network.xero().leave_out_of_pages(hidden);
        world.pass(Duration::hours(1));
        let ids = customers(&mut world, 40);
        world.sync(&ids).await;
        assert_eq!(world.linked(ids[1]).await, Some(hidden), "{by}");
        assert_eq!(world.problem_code(ids[1]).await, "");
        assert_eq!(world.xero_population(), 1_200 + 40);
        for id in &ids {
            assert!(world.linked(*id).await.is_some(), "{id}");
        }
    }
}

#[tokio::test]
async fn two_contacts_with_our_number_are_both_found() {
    for pages in WAYS_TO_LOOK {
        for refuse_searches in [false, true] {
            for statuses in [["ACTIVE", "ACTIVE"], ["ARCHIVED", "ACTIVE"]] {
                let mut world = World::creating();
                world.organisation_has_pages(pages).await;
                let acme = world.customer_with_reference("Acme", "A1");
                create_in_doubt(&mut world, acme).await;
                for (n, status) in statuses.into_iter().enumerate() {
                    world.xero_contact(json!({
                        "Name": format!("Renamed {n}"),
                        "ContactNumber": format!("bigchange-{acme}"),
                        "ContactStatus": status,
                    }));
                }
                world.xero_contact(json!({
                    "Name": "Longer",
                    "ContactNumber": format!("BigChange-{acme}0"),
                }));
                if refuse_searches {
                    let refusal = Some(QueryRefusal::HighVolume);
                    world.network.xero().config_mut().refuse_searches = refusal;
                }
                world.settle().await;
                let says = format!("{pages} {refuse_searches} {statuses:?}");
                let code = world.problem_code(acme).await;
                // By name it cannot be looked for then, and there is too much to read.
                let expected = match (pages, refuse_searches) {
                    (60, true) => "XeroRefusesLookups",
                    _ => "AmbiguousMatch",
                };
                assert_eq!(code, expected, "{says}");
                assert_eq!(world.xero_population(), 3, "{says}");
            }
        }
    }
}

/// A create that was sent, and of which nobody knows whether it was done: it was not.
async fn create_in_doubt(world: &mut World, id: u64) {
    let lost = fake_xero::Fault::next_call(fake_xero::FaultKind::LostRequest);
    world.network.xero().inject(lost.on("PUT", "/Contacts"));
    world.sync(&[id]).await;
    assert!(world.record(id).await.intent.is_some());
}

#[tokio::test]
async fn an_archived_contact_is_told_with_what_it_was_merged_into() {
    for pages in WAYS_TO_LOOK {
        let mut world = World::creating();
        world.organisation_has_pages(pages).await;
        let survivor = world.xero_contact(json!({"Name": "Survivor"}));
        world.xero_contact(json!({
            "Name": "Acme", "AccountNumber": "A1",
            "ContactStatus": "ARCHIVED", "MergedToContactID": survivor,
        }));
        let acme = world.customer_with_reference("Acme", "A1");
        world.sync(&[acme]).await;
        let problem = world.problem(acme).await.unwrap().problem;
        let rules::Problem::ArchivedInXero { survivor: told, .. } = problem else {
            panic!("{problem:?}")
        };
        assert_eq!(told.map(uuid::Uuid::from), Some(survivor), "{pages}");
    }
}
