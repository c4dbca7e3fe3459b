//! How many calls to Xero things cost.

use serde_json::{Value, json};
use time::Duration;

use crate::world::World;

fn organisation(of: usize) -> Value {
    (0..of)
        .map(|n| json!({"Name": format!("Existing {n}"), "AccountNumber": format!("E{n}")}))
        .collect()
}

#[tokio::test]
async fn a_thousand_contacts_in_five_events_take_36_calls() {
    let mut world = World::creating();
    world.xero_contacts(&organisation(1_400));
    let matches: Value = (1..=200)
        .map(|n| json!({"Name": format!("Match {n}")}))
        .collect();
    world.xero_contacts(&matches);
    world.pass(Duration::hours(1)); // so that these are no recent changes
    let mut events = Vec::new();
    for event in 0..5 {
        let new = (1..=160).map(|n| ("New", event * 160 + n));
        let matched = (1..=40).map(|n| ("Match", event * 40 + n));
        let ids: Vec<u64> = new
            .chain(matched)
            .map(|(kind, n)| {
                world.customer_with_reference(&format!("{kind} {n}"), &format!("{kind}{n}"))
            })
            .collect();
        events.push(ids);
    }
    for (number, ids) in events.iter().enumerate() {
        world.sync(ids).await;
        let calls = world.xero_calls();
        assert!(
            calls <= 8 + 7 * number,
            "{calls} after event {number}: {:?}",
            world.xero_call_log()
        );
        world.pass(Duration::seconds(16));
    }
    assert!(world.xero_calls() <= 36, "{} calls", world.xero_calls());
    assert_eq!(world.xero_population(), 1_600 + 800);
    let all: Vec<u64> = events.concat();
    for id in &all {
        assert!(world.linked(*id).await.is_some(), "{id}");
        assert_eq!(world.problem_code(*id).await, "");
    }
    world.is_quiet(&all).await;
}

#[tokio::test]
async fn one_new_contact_in_an_organisation_of_20000_takes_two_calls() {
    let mut world = World::generating().await;
    world.xero_contacts(&organisation(20_000));
    world.pass(Duration::hours(1));
    let first = world.customer_with_reference("First Customer", "FIRST1");
    world.sync(&[first]).await;
    assert_eq!(world.xero_calls(), 20 + 1, "all pages, the create");
    let rows = [
        ("Brack", "BRACK1", true),
        ("Dale", "", true),
        ("Calder", "CALDER1", false),
        ("Eastwood", "", false),
    ];
    for (name, reference, has_just_started) in rows {
        if has_just_started {
            world.restart();
        }
        world.pass(Duration::hours(1));
        world.reset_calls();
        let new = world.customer_with_reference(name, reference);
        world.sync(&[new]).await;
        assert_eq!(world.created_for(new).len(), 1);
        assert_eq!(world.xero_calls(), 2, "{:?}", world.xero_call_log());
    }
}

#[tokio::test]
async fn two_events_at_once_share_one_look_at_the_organisation() {
    let mut world = World::creating();
    world.xero_contacts(&organisation(1_600));
    let ids: Vec<u64> = (0..200)
        .map(|n| world.customer_with_reference(&format!("New {n}"), &format!("N{n}")))
        .collect();
    world.sync(&ids[..150]).await;
    world.reset_calls();
    world.pass(Duration::seconds(5));
    world.sync(&ids[150..]).await;
    assert_eq!(world.xero_calls(), 1, "the create");
}

#[tokio::test]
async fn names_that_a_filter_cannot_hold_are_found_all_the_same() {
    let mut world = World::new(&[]);
    world.organisation_has_pages(60).await;
    let names = [
        "The \"Best\" Ltd",
        "A & B + C",
        "Café Zoë",
        "O'Neill \\ Sons",
        "شركة أكمي",
        "🙂 Ltd",
    ];
    for (n, name) in names.into_iter().enumerate() {
        let xero = world.xero_contact(json!({"Name": name}));
        let id = world.customer_with_reference(name, &format!("R-{n}"));
        world.sync(&[id]).await;
        assert_eq!(world.linked(id).await, Some(xero), "{name}");
    }
}

#[tokio::test]
async fn codes_are_looked_up_together() {
    let mut world = World::generating().await;
    world.organisation_has_pages(60).await;
    world.xero_contact(json!({"Name": "Somebody else", "AccountNumber": "NEW0003"}));
    let new: Vec<u64> = (0..40)
        .map(|n| world.customer(&format!("{} {n}", ["New", "Old", "Odd"][n % 3]), |_| ()))
        .collect();
    world.sync(&new).await;
    let codes: std::collections::BTreeSet<_> = new
        .iter()
        .map(|id| world.in_bigchange(*id).account_reference)
        .collect();
    assert_eq!(codes.len(), 40);
    assert!(!codes.contains("NEW0003"));
    // A search for each of the three words that the names have, two filters for the codes, the
    // create.
    let calls = world.xero_calls();
    assert!(calls <= 6, "{:?}", world.xero_call_log());
}

#[tokio::test]
async fn a_worker_reads_everything_once() {
    let mut world = World::creating();
    world.xero_contacts(&organisation(5_500));
    world.pass(Duration::hours(1));
    let mut calls = Vec::new();
    for n in 0..4 {
        let new = world.customer_with_reference(&format!("New {n}"), &format!("N{n}"));
        world.reset_calls();
        world.sync(&[new]).await;
        calls.push(world.xero_calls());
        world.pass(Duration::minutes(1));
    }
    // Six pages and a create; what changed, and a create.
    assert_eq!(calls, [7, 2, 2, 2]);
}

#[tokio::test]
async fn a_directory_that_is_broken_off_is_read_on() {
    let mut world = World::creating();
    world.xero_contacts(&organisation(5_500));
    world.pass(Duration::hours(1));
    // The limit is reached at the third page, for whoever else has used the minute up.
    let is_third_page = |request: &transport::Request| {
        let query = request.uri().query().unwrap_or_default();
        query.contains("page=3&")
    };
    world.network.just_before(is_third_page, |network| {
        let limit = fake_xero::FaultKind::RateLimit {
            problem: fake_xero::RateLimitProblem::Minute,
            retry_after_seconds: Some(30),
        };
        let fault = fake_xero::Fault::next_call(limit);
        network.xero().inject(fault);
    });
    let new = world.customer_with_reference("New", "N1");
    world.sync(&[new]).await;
    let log = world.xero_call_log();
    assert_eq!(world.linked(new).await, None, "{log:?}");
    world.reset_calls();
    world.settle().await;
    assert!(world.linked(new).await.is_some());
    // The four pages that are left, what changed meanwhile, the create.
    assert_eq!(world.xero_calls(), 6, "{:?}", world.xero_call_log());
}
