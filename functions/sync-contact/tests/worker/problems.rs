//! What a person must mend: every row, under its code, until it is mended.

use rules::Problem;
use serde_json::{Value, json};
use time::Duration;
use uuid::Uuid;

use crate::world::{CUSTOMERS, SITES, World};

/// A world with these Xero contacts and one customer.
async fn held(
    settings: &[(&str, &str)],
    in_xero: Value,
    name: &str,
    reference: &str,
) -> (World, u64, Vec<Uuid>) {
    let mut world = World::new(settings);
    let xero = world.xero_contacts(&in_xero);
    let id = world.customer_with_reference(name, reference);
    world.sync(&[id]).await;
    (world, id, xero)
}

#[tokio::test]
#[rustfmt::skip] // a table: one row, one line
async fn every_row_of_the_match_table_is_recorded_under_its_code() {
    let creating: &[(&str, &str)] = &[("CREATE_IN_XERO", "true")];
    let by_reference_only: &[(&str, &str)] = &[("MATCH_BY_NAME", "false")];
    let rows = [
        (creating,          json!([{"Name": "Acme", "AccountNumber": "OTHER"}]),                                               "Acme", "A1", "NameTakenInXero"),
        (creating,          json!([{"Name": "Acme", "ContactStatus": "ARCHIVED"}]),                                            "Acme", "A1", "ArchivedInXero"),
        (creating,          json!([{"Name": "Old", "AccountNumber": "A1", "ContactStatus": "ARCHIVED"}]),                      "Acme", "A1", "ArchivedInXero"),
        (creating,          json!([{"Name": "Old", "AccountNumber": "A1", "ContactStatus": "GDPRREQUEST"}]),                   "Acme", "A1", "ErasedInXero"),
        (creating,          json!([{"Name": "Acme"}, {"Name": "Bolt", "AccountNumber": "A1"}]),                                "Acme", "A1", "AmbiguousMatch"),
        (creating,          json!([{"Name": "Acme", "ContactNumber": "CRM-9"}]),                                               "Acme", "A1", "OwnedByAnotherProgram"),
        (&[][..],           json!([]),                                                                                         "Acme", "A1", "NotInXero"),
        (by_reference_only, json!([{"Name": "Acme"}]),                                                                         "Acme", "A1", "NotInXero"),
        (creating,          json!([]),                                                                                         "Acme", "",   "NoAccountReference"),
        (creating,          json!([]),                                                                                         "A <b>", "A1", "InvalidField"),
    ];
    for (settings, in_xero, name, reference, code) in rows {
        let (world, id, _) = held(settings, in_xero.clone(), name, reference).await;
        assert_eq!(world.problem_code(id).await, code, "{in_xero}");
        let problem = world.problem(id).await.unwrap();
        assert_eq!(problem.name, name);
        assert!(problem.sentence.contains(name));
        assert_eq!(world.linked(id).await, None);
        assert_eq!(world.xero_call_log().iter().filter(|call| !call.starts_with("GET")).count(), 0, "{code}: nothing is written");
        world.is_quiet(&[id]).await;
    }
}

#[tokio::test]
async fn a_problem_names_what_is_in_conflict() {
    let (world, id, xero) = held(
        &[],
        json!([{"Name": "Acme", "AccountNumber": "OTHER"}]),
        "Acme",
        "A1",
    )
    .await;
    let Problem::NameTakenInXero {
        in_bigchange,
        xero: named,
    } = world.problem(id).await.unwrap().problem
    else {
        panic!("another problem");
    };
    assert_eq!(in_bigchange.as_str(), "A1");
    assert_eq!(
        (named.name.as_str(), named.account_number.as_str()),
        ("Acme", "OTHER")
    );
    assert_eq!(Uuid::from(named.id), xero[0]);
}

#[tokio::test]
async fn a_problem_clears_when_the_contact_is_mended_in_bigchange() {
    let (world, id, xero) = held(
        &[],
        json!([{"Name": "Acme", "AccountNumber": "OTHER"}]),
        "Acme",
        "A1",
    )
    .await;
    world.edit(id, |c| c.account_reference = "other".into());
    world.sync(&[id]).await;
    assert_eq!(world.problem_code(id).await, "");
    assert_eq!(world.linked(id).await, Some(xero[0]));
}

#[tokio::test]
async fn a_problem_clears_when_xero_is_mended_and_somebody_asks_for_another_try() {
    let (mut world, id, xero) = held(
        &[],
        json!([{"Name": "Acme", "AccountNumber": "OTHER"}]),
        "Acme",
        "A1",
    )
    .await;
    world.edit_in_xero(xero[0], json!({"AccountNumber": "A1"}));
    world.pass(Duration::hours(1));
    world.is_quiet(&[id]).await;
    let mut problem = world.problem(id).await.unwrap();
    problem.retry = true;
    world.put(id, &problem).await;
    world.sync(&[id]).await;
    assert_eq!(world.problem_code(id).await, "");
    assert_eq!(world.linked(id).await, Some(xero[0]));
}

#[tokio::test]
async fn a_problem_is_tried_again_when_the_settings_change() {
    let (mut world, id, _) = held(&[], json!([]), "Acme", "A1").await;
    world.set("CREATE_IN_XERO", "true");
    world.sync(&[id]).await;
    assert_eq!(world.problem_code(id).await, "");
    assert_eq!(world.created_for(id).len(), 1);
}

#[tokio::test]
async fn a_problem_keeps_when_it_was_first_seen_and_is_written_at_most_daily() {
    let (mut world, id, _) = held(&[], json!([]), "Acme", "A1").await;
    let first = world.problem(id).await.unwrap();
    world.pass(Duration::hours(23));
    world.edit(id, |c| c.extra = "no matter".into());
    world.sync(&[id]).await;
    assert_eq!(world.problem(id).await.unwrap().last_seen, first.last_seen);
    world.pass(Duration::hours(2));
    let mut again = first.clone();
    again.retry = true;
    world.put(id, &again).await;
    world.sync(&[id]).await;
    let later = world.problem(id).await.unwrap();
    assert_eq!(later.first_seen, first.first_seen);
    assert_eq!(later.last_seen, world.now());
}

#[tokio::test]
async fn who_asks_for_another_try_is_not_answered_from_what_was_read_before() {
    // A reference that no filter can hold is looked up in the whole list, which the worker keeps.
    let reference = "A\"1";
    let (world, id, _) = held(&[], json!([]), "Acme", reference).await;
    assert_eq!(world.problem_code(id).await, "NotInXero");
    let xero = world.xero_contact(json!({"Name": "Acme", "AccountNumber": reference}));
    let mut problem = world.problem(id).await.unwrap();
    problem.retry = true;
    world.put(id, &problem).await;
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(xero));
}

#[tokio::test]
async fn who_takes_part_is_decided_by_group_and_parent() {
    let mut world = World::creating();
    let site = world.customer("Site", |c| {
        c.group_id = SITES;
        c.parent_id = Some(99);
        c.account_reference = "S1".into();
    });
    let orphan = world.customer("Orphan", |c| c.group_id = SITES);
    let mixed = world.customer("Mixed", |c| c.parent_id = Some(99));
    let excluded = world.customer("Excluded", |c| c.financial_sync_exclude = true);
    let elsewhere = world.customer("Elsewhere", |c| c.group_id = 77);
    let all = [site, orphan, mixed, excluded, elsewhere];
    world.sync(&all).await;
    let mut codes = Vec::new();
    for id in all {
        codes.push(world.problem_code(id).await);
    }
    assert_eq!(
        codes,
        ["", "ParentInSiteGroup", "SiteContactInAccountGroup", "", ""]
    );
    assert_eq!(world.xero_calls(), 0);
    assert_eq!(world.xero_population(), 0);
    for (id, group) in [(orphan, "Sites"), (mixed, "Customers")] {
        let sentence = world.problem(id).await.unwrap().sentence;
        let named = format!("the contact group \"{group}\"");
        assert!(sentence.contains(&named), "{sentence}");
    }
    // Mended, the problem goes by itself.
    world.edit(orphan, |c| c.parent_id = Some(99));
    world.sync(&[orphan]).await;
    assert_eq!(world.problem_code(orphan).await, "");
}

#[tokio::test]
async fn where_the_groups_cannot_be_read_a_problem_names_one_by_its_id_and_asks_once() {
    let mut world = World::creating();
    let orphans = [0, 1, 2].map(|_| world.customer("Orphan", |c| c.group_id = SITES));
    world
        .network
        .bigchange()
        .order_fault(fake_bigchange::Fault {
            times: 100,
            ..fake_bigchange::Fault::next_of(
                "ContactGroups",
                fake_bigchange::FaultKind::Refusal {
                    words: "misc_noRight".into(),
                },
            )
        });
    world.sync(&orphans).await;
    for id in orphans {
        let problem = world.problem(id).await.unwrap();
        assert_eq!(problem.problem.code(), "ParentInSiteGroup");
        let named = format!("in contact group {SITES}, ");
        assert!(problem.sentence.contains(&named), "{}", problem.sentence);
    }
    assert_eq!(world.network.bigchange().call_counts()["ContactGroups"], 1);
}

#[tokio::test]
async fn a_contact_that_leaves_its_group_keeps_its_link_for_its_return() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    let linked = world.linked(acme).await;
    world.edit(acme, |c| c.group_id = 77);
    world.sync(&[acme]).await;
    world.is_quiet(&[acme]).await;
    assert_eq!(world.linked(acme).await, linked);
    // Nobody acted on what was seen in Xero meanwhile: it is looked at, once.
    world.edit(acme, |c| c.group_id = CUSTOMERS);
    world.sync(&[acme]).await;
    assert_eq!(world.xero_calls(), 1);
    assert_eq!(world.linked(acme).await, linked);
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn what_happened_in_xero_while_a_contact_was_left_alone_or_held_is_seen_on_its_return() {
    for is_held in [true, false] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        world.sync(&[acme]).await;
        let xero = world.linked(acme).await.unwrap();
        world.pass(Duration::DAY);
        world.edit(acme, |c| {
            if is_held {
                c.name = "Acme <Leeds>".into();
            } else {
                c.financial_sync_exclude = true;
            }
        });
        world.sync(&[acme]).await;
        world.edit_in_xero(xero, json!({"ContactStatus": "ARCHIVED"}));
        world.sync(&[acme]).await;
        world.edit(acme, |c| {
            c.name = "Acme".into();
            c.financial_sync_exclude = false;
        });
        world.sync(&[acme]).await;
        assert_eq!(world.problem_code(acme).await, "ArchivedInXero");
    }
}

#[tokio::test]
async fn a_deleted_contact_releases_its_link_and_reference_and_its_xero_contact_is_left_alone() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    let xero = world.linked(acme).await.unwrap();
    let waiting = world.customer_with_reference("Acme again", "A1");
    world.sync(&[waiting]).await;
    assert_eq!(world.problem_code(waiting).await, "LinkedToAnotherContact");
    world.network.bigchange().delete(world.network.now(), acme);
    let before = world.in_xero(xero);
    world.sync(&[acme]).await;
    assert_eq!(world.in_xero(xero), before);
    assert_eq!(world.linked(acme).await, None);
    // What waited for it is queued again by itself.
    world.settle().await;
    assert_eq!(world.linked(waiting).await, Some(xero));
    assert_eq!(world.problem_code(waiting).await, "");
    world.is_quiet(&[acme, waiting]).await;
}

#[tokio::test]
async fn an_edited_account_reference_is_accepted_once_xero_has_it_too() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    let xero = world.linked(acme).await.unwrap();
    world.edit(acme, |c| c.account_reference = "A2".into());
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "AccountReferenceChanged");
    assert_eq!(world.in_xero(xero).text("AccountNumber"), "A1");
    world.is_quiet(&[acme]).await;
    world.edit_in_xero(xero, json!({"AccountNumber": "a2"}));
    let mut problem = world.problem(acme).await.unwrap();
    problem.retry = true;
    world.put(acme, &problem).await;
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "");
    assert_eq!(
        world
            .record(acme)
            .await
            .link
            .unwrap()
            .account_reference
            .as_str(),
        "A2"
    );
    // The old reference is free for another.
    let other = world.customer_with_reference("Other", "A1");
    world.pass(Duration::minutes(1));
    world.sync(&[other]).await;
    assert_eq!(world.created_for(other).len(), 1);
}

#[tokio::test]
async fn a_rename_to_a_taken_name_names_the_holder_and_is_not_tried_again_until_something_changes()
{
    let mut world = World::creating();
    let holder = world.xero_contact(json!({"Name": "Bolt", "AccountNumber": "B1"}));
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    world.edit(acme, |c| c.name = "Bolt".into());
    world.sync(&[acme]).await;
    let Problem::NameTakenInXero { in_bigchange, xero } =
        world.problem(acme).await.unwrap().problem
    else {
        panic!("another problem");
    };
    assert_eq!(in_bigchange.as_str(), "A1");
    assert_eq!(Uuid::from(xero.id), holder);
    assert_eq!(world.record(acme).await.intent, None);
    world.is_quiet(&[acme]).await;
    world.edit(acme, |c| c.name = "Acme".into());
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "");
}

#[tokio::test]
async fn a_refused_update_of_a_contact_that_was_archived_is_told_as_archived() {
    for others in [0, 3] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        let mut ids = vec![acme];
        ids.extend(
            (0..others)
                .map(|n| world.customer_with_reference(&format!("Other {n}"), &format!("O{n}"))),
        );
        world.sync(&ids).await;
        let xero = world.linked(acme).await.unwrap();
        world.edit_in_xero(xero, json!({"ContactStatus": "ARCHIVED"}));
        for id in &ids {
            world.edit(*id, |c| c.phone = "+4420".into());
        }
        world.sync(&ids).await;
        assert_eq!(world.problem_code(acme).await, "ArchivedInXero");
        for id in &ids[1..] {
            assert_eq!(world.problem_code(*id).await, "");
            assert_eq!(
                world.created_for(*id)[0].phone("DEFAULT", "PhoneNumber"),
                "+4420"
            );
        }
        world.is_quiet(&ids).await;
    }
}

#[tokio::test]
async fn a_taken_over_number_is_free_again_where_the_link_came_to_nothing() {
    let mut world = World::new(&[]);
    // Found by name with number N1; renamed before it is written to BigChange's account reference.
    let xero = world.xero_contact(json!({"Name": "Acme"}));
    let acme = world.customer_with_reference("Acme", "A1");
    world.network.just_before(
        |request| {
            request
                .uri()
                .query()
                .is_some_and(|query| query.contains("IDs="))
        },
        move |network| {
            let taken = json!([{"ContactID": xero, "AccountNumber": "N1"}]);
            network.xero().seed(network.now(), &taken).unwrap();
        },
    );
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "NameTakenInXero");
    assert_eq!(world.in_xero(xero).text("AccountNumber"), "N1");
    let bolt = world.customer_with_reference("Bolt", "N1");
    world.pass(Duration::minutes(1));
    world.sync(&[bolt]).await;
    assert_eq!(world.linked(bolt).await, Some(xero));
}

#[tokio::test]
async fn a_linked_contact_keeps_its_reference_until_its_link_has_another() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    let xero = world.linked(acme).await.unwrap();
    // The reference is changed in both systems, but Xero refuses what else has changed.
    world.edit(acme, |contact| {
        contact.account_reference = "B2".into();
        contact.phone = "+4420".into();
    });
    world.edit_in_xero(xero, json!({"AccountNumber": "B2", "Website": "acme"}));
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "WebsiteInXero");
    let other = world.customer_with_reference("Brack", "A1");
    world.pass(Duration::minutes(1));
    world.sync(&[other]).await;
    assert_eq!(world.problem_code(other).await, "DuplicateAccountReference");
    // Once the link has the new one, the old one is free.
    world.edit_in_xero(xero, json!({"Website": ""}));
    world.try_again(&[acme]).await;
    world.sync(&[acme]).await;
    let link = world.record(acme).await.link.unwrap();
    assert_eq!(link.account_reference.as_str(), "B2");
    world.sync(&[other]).await;
    assert_eq!(world.created_for(other)[0].text("AccountNumber"), "A1");
    world.holds_its_promises("each under its own reference");
}
