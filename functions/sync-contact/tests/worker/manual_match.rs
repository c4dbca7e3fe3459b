//! A person's word about which Xero contact it is, carried out.

use std::collections::BTreeSet;

use rules::{ManualMatch, XeroContactId};
use runtime::manual_match::{self, ManualMatchError, Remembering};
use runtime::records::ContactRecord;
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::trouble::Fault;
use crate::world::{World, contact};

fn xero_id(id: Uuid) -> XeroContactId {
    id.to_string().parse().unwrap()
}

async fn choose(world: &World, id: u64, xero: Uuid) -> Result<(), ManualMatchError> {
    manual_match::pin(&world.records(), contact(id), xero_id(xero), now(world)).await
}

async fn part(world: &World, id: u64) -> Result<(), ManualMatchError> {
    let xero_id = manual_match::unlink_target(&world.records(), contact(id), world.now()).await?;
    manual_match::unlink(&world.records(), contact(id), xero_id, now(world)).await
}

fn now(world: &World) -> Remembering {
    Remembering {
        at: world.now(),
        days: 400,
    }
}

#[tokio::test]
async fn a_choice_links_what_is_ambiguous_and_touches_nothing_else() {
    let mut world = World::creating();
    let right = world.xero_contact(
        json!({"Name": "Acme Holdings", "AccountNumber": "A-1", "ContactNumber": "CRM-7"}),
    );
    let namesake = world.xero_contact(json!({"Name": "Acme Ltd"}));
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    world.sync(&[id]).await;
    assert_eq!(world.problem_code(id).await, "AmbiguousMatch");
    let before = world.in_xero(namesake);
    choose(&world, id, right).await.unwrap();
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(right));
    assert_eq!(world.problem_code(id).await, "");
    assert!(
        world.record(id).await.manual_match.is_empty(),
        "it has led to a link"
    );
    assert_eq!(world.in_xero(right).name(), "Acme Holdings");
    assert_eq!(world.in_xero(right).text("ContactNumber"), "CRM-7");
    assert_eq!(world.in_xero(namesake), before);
    world.is_quiet(&[id]).await;
}

#[tokio::test]
async fn an_unlinked_contact_stays_apart_until_another_fits_or_a_person_says_so() {
    let mut world = World::creating();
    let xero = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "A-1"}));
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    world.sync(&[id]).await;
    let before = world.in_xero(xero);
    assert_eq!(part(&world, id).await, Ok(()));
    assert_eq!(
        part(&world, id).await,
        Err(ManualMatchError::NotLinked(contact(id)))
    );
    world.sync(&[id]).await;
    assert_eq!(world.problem_code(id).await, "UnlinkedByPerson");
    world.is_quiet(&[id]).await;
    // Another BigChange contact may have it now.
    let other = world.customer_with_reference("Acme Ltd", "A-2");
    choose(&world, other, xero).await.unwrap();
    world.sync(&[other]).await;
    assert_eq!(
        world.problem_code(other).await,
        "AccountReferenceChanged",
        "a word does not overrule that"
    );
    assert_eq!(world.in_xero(xero), before);
    // Corrected in BigChange, it is matched as any other.
    let right = world.xero_contact(json!({"Name": "Acme North", "AccountNumber": "N-1"}));
    world.edit(id, |c| c.account_reference = "N-1".into());
    world.edit(id, |c| c.name = "Acme North".into());
    world.pass(Duration::minutes(1));
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(right));
    assert_eq!(
        world.record(id).await.manual_match.excluded,
        [xero_id(xero)],
        "for good"
    );
}

#[tokio::test]
async fn a_word_is_refused_where_a_worker_is_at_it_or_it_is_somebody_elses() {
    let mut world = World::creating();
    let xero = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "A-1"}));
    let linked = world.customer_with_reference("Acme Ltd", "A-1");
    world.sync(&[linked]).await;
    let id = world.customer_with_reference("New Ltd", "N-1");
    let taken = ManualMatchError::Taken {
        xero_id: xero_id(xero),
        other: contact(linked),
    };
    assert_eq!(choose(&world, id, xero).await, Err(taken));
    let again = ManualMatchError::Linked {
        contact: contact(linked),
        xero_id: xero_id(xero),
    };
    assert_eq!(choose(&world, linked, Uuid::from_u128(5)).await, Err(again));
    // A create whose answer was lost may have reached Xero: it has to be looked for before anybody
    // says that it is another one.
    let fault =
        fake_xero::Fault::next_call(fake_xero::FaultKind::LostAnswer).on("PUT", "/Contacts");
    world.network.xero().inject(fault);
    world.sync(&[id]).await;
    let other = world.xero_contact(json!({"Name": "Other Ltd"}));
    let in_work = ManualMatchError::InWork(contact(id));
    assert_eq!(choose(&world, id, other).await, Err(in_work.clone()));
    assert_eq!(part(&world, id).await, Err(in_work));
    world.settle().await;
    assert_eq!(world.created_for(id).len(), 1);
}

#[tokio::test]
async fn who_waits_for_a_xero_contact_gets_it_when_xero_refuses_the_other() {
    let mut world = World::creating();
    let wanted = world.xero_contact(json!({"Name": "Old name"}));
    world.xero_contact(json!({"Name": "Another", "AccountNumber": "A-1"}));
    let refused = world.customer_with_reference("Acme Ltd", "A-1");
    let waits = world.customer_with_reference("Bolt Ltd", "B-1");
    for id in [refused, waits] {
        choose(&world, id, wanted).await.unwrap();
    }
    // The first has claimed it, and its write is in doubt.
    let fault =
        fake_xero::Fault::next_call(fake_xero::FaultKind::LostRequest).on("POST", "/Contacts");
    world.network.xero().inject(fault);
    world.sync(&[refused]).await;
    // An answer that was lost pauses everybody for a moment.
    world.pass(Duration::minutes(1));
    world.sync(&[waits]).await;
    assert_eq!(world.problem_code(waits).await, "LinkedToAnotherContact");
    // Its account number belongs to another, as Xero says when it is written again.
    world.settle().await;
    assert_eq!(world.problem_code(refused).await, "AmbiguousMatch");
    assert_eq!(
        world.record(refused).await.intent,
        None,
        "nothing is in doubt"
    );
    assert_eq!(
        world.linked(waits).await,
        Some(wanted),
        "without waiting for the daily sweep"
    );
    world.is_quiet(&[refused, waits]).await;
}

#[tokio::test]
async fn a_first_link_in_doubt_does_not_keep_a_person_from_saying_which_one_it_is() {
    let mut world = World::creating();
    let first = world.xero_contact(json!({"Name": "Acme Ltd"}));
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    let fault =
        fake_xero::Fault::next_call(fake_xero::FaultKind::LostAnswer).on("POST", "/Contacts");
    world.network.xero().inject(fault);
    world.sync(&[id]).await;
    assert!(world.record(id).await.intent.is_some());
    // The number has arrived; but a person gave it to another, and this one keeps the name.
    world.edit_in_xero(first, json!({"AccountNumber": ""}));
    let second = world.xero_contact(json!({"Name": "Acme North", "AccountNumber": "A-1"}));
    world.settle().await;
    assert_eq!(world.problem_code(id).await, "AmbiguousMatch");
    assert_eq!(world.record(id).await.claims(), BTreeSet::new());
    choose(&world, id, second).await.unwrap();
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(second));
    world.holds_its_promises("chosen");
}

#[tokio::test]
async fn a_link_can_be_taken_away_although_an_update_in_doubt_never_ends() {
    let mut world = World::creating();
    world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "A-1"}));
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    world.sync(&[id]).await;
    // An update is in doubt, and then the contact is held before it is repeated.
    let fault =
        fake_xero::Fault::next_call(fake_xero::FaultKind::LostAnswer).on("POST", "/Contacts");
    world.network.xero().inject(fault);
    world.edit(id, |c| c.phone = "+4420".into());
    world.sync(&[id]).await;
    assert_eq!(
        part(&world, id).await,
        Err(ManualMatchError::InWork(contact(id))),
        "a worker may still be at it"
    );
    world.edit(id, |c| c.account_reference = "A-2".into());
    world.settle().await;
    assert_eq!(world.problem_code(id).await, "AccountReferenceChanged");
    assert!(world.record(id).await.intent.is_some(), "left in doubt");
    assert_eq!(part(&world, id).await, Ok(()));
    let record = world.record(id).await;
    assert_eq!((record.link, record.intent), (None, None));
    let right = world.xero_contact(json!({"Name": "Acme Two", "AccountNumber": "A-2"}));
    choose(&world, id, right).await.unwrap();
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(right));
    world.holds_its_promises("parted");
}

#[tokio::test]
async fn even_a_word_that_slipped_in_before_a_create_in_doubt_makes_no_second_contact() {
    let mut world = World::creating();
    let id = world.customer_with_reference("New Ltd", "N-1");
    let fault =
        fake_xero::Fault::next_call(fake_xero::FaultKind::LostAnswer).on("PUT", "/Contacts");
    world.network.xero().inject(fault);
    world.sync(&[id]).await;
    let other = world.xero_contact(json!({"Name": "Other Ltd"}));
    let with_a_word = ContactRecord {
        manual_match: ManualMatch {
            pinned: Some(xero_id(other)),
            ..ManualMatch::default()
        },
        ..world.record(id).await
    };
    world.put(id, &with_a_word).await;
    world.settle().await;
    let created = world.created_for(id);
    assert_eq!(created.len(), 1);
    assert_eq!(world.linked(id).await, Some(created[0].id));
    assert_eq!(world.in_xero(other).text("AccountNumber"), "");
}

/// A choice between two blank ones, so that everything is written: a code, the account number, the
/// account reference, the contact reference.
async fn chosen() -> (World, u64, Uuid) {
    let mut world = World::generating().await;
    let xero = world.xero_contact(json!({"Name": "Old Name Ltd"}));
    world.xero_contact(json!({"Name": "Acme Ltd"}));
    let id = world.customer("Acme Ltd", |_| ());
    choose(&world, id, xero).await.unwrap();
    (world, id, xero)
}

#[tokio::test]
async fn whatever_goes_wrong_a_choice_leads_to_that_link_and_no_other() {
    for fault in Fault::ALL {
        for at_call in 0.. {
            let (mut world, id, xero) = chosen().await;
            world.trouble.order(at_call, fault);
            world.deliver_or_crash(&[id]).await;
            if !world.trouble.is_over() {
                assert!(at_call > 10, "there are more calls than {at_call}");
                break;
            }
            let says = format!("{fault:?} at call {at_call}");
            world.pass(Duration::minutes(12));
            world
                .queue
                .sent
                .lock()
                .unwrap()
                .push(crate::world::queued(id));
            world.settle().await;
            world.holds_its_promises(&says);
            assert_eq!(
                world.linked(id).await,
                Some(xero),
                "{says}: {}",
                world.problem_code(id).await
            );
            assert_eq!(world.xero_population(), 2, "{says}");
            let number = world.in_xero(xero).text("AccountNumber").to_owned();
            assert_eq!(world.in_bigchange(id).account_reference, number, "{says}");
            assert!(world.record(id).await.manual_match.is_empty(), "{says}");
            world.is_quiet(&[id]).await;
        }
    }
}

#[tokio::test]
async fn whatever_goes_wrong_an_unlinked_contact_is_not_linked_again_and_not_created() {
    for fault in Fault::ALL {
        for at_call in 0.. {
            let mut world = World::creating();
            let id = world.customer_with_reference("Acme Ltd", "A-1");
            world.sync(&[id]).await;
            part(&world, id).await.unwrap();
            world.trouble.order(at_call, fault);
            world.deliver_or_crash(&[id]).await;
            if !world.trouble.is_over() {
                break;
            }
            let says = format!("{fault:?} at call {at_call}");
            world.pass(Duration::minutes(12));
            world
                .queue
                .sent
                .lock()
                .unwrap()
                .push(crate::world::queued(id));
            world.settle().await;
            assert_eq!(world.problem_code(id).await, "UnlinkedByPerson", "{says}");
            assert_eq!(world.xero_population(), 1, "{says}");
            assert_eq!(world.linked(id).await, None, "{says}");
        }
    }
}

#[tokio::test]
async fn what_a_person_unlinked_stays_so_through_other_links_and_a_deletion() {
    let mut world = World::creating();
    let first = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "A-1"}));
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    world.sync(&[id]).await;
    part(&world, id).await.unwrap();
    let second = world.xero_contact(json!({"Name": "Acme North", "AccountNumber": "N-1"}));
    world.edit(id, |c| c.account_reference = "N-1".into());
    world.pass(Duration::minutes(1));
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(second));
    part(&world, id).await.unwrap();
    let excluded = world.record(id).await.manual_match.excluded;
    assert_eq!(excluded, [xero_id(first), xero_id(second)]);
    let now = world.network.now();
    world.network.bigchange().delete(now, id);
    world.sync(&[id]).await;
    assert_eq!(world.record(id).await.manual_match.excluded, excluded);
}

#[tokio::test]
async fn a_choice_that_led_to_nothing_can_be_taken_back() {
    let mut world = World::creating();
    let right = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "A-1"}));
    let mistyped = world.xero_contact(json!({"Name": "Other Ltd", "ContactStatus": "ARCHIVED"}));
    let id = world.customer_with_reference("Acme Ltd", "A-1");
    choose(&world, id, mistyped).await.unwrap();
    world.sync(&[id]).await;
    assert_eq!(world.problem_code(id).await, "ArchivedInXero");
    part(&world, id).await.unwrap();
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(right));
    // What was shown is what is taken back.
    let shown = xero_id(mistyped);
    let other = manual_match::unlink(&world.records(), contact(id), shown, self::now(&world)).await;
    assert!(
        matches!(other, Err(ManualMatchError::Linked { .. })),
        "{other:?}"
    );
}
