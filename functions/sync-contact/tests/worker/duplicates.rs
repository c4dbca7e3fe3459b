//! No double customers: a contact that is likely one that Xero has already is held.

use std::collections::{BTreeMap, BTreeSet};

use fake_bigchange::FakeContact;
use rules::{ContactData, Notice, Problem};
use runtime::manual_match::{self, ManualMatchError};
use runtime::new_contacts::{AnnouncedContact, AnnouncementRecord};
use runtime::records::DeferReason;
use serde::Deserialize;
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::cures::at;
use crate::world::{World, contact};

#[derive(Debug, Deserialize)]
struct Pair {
    expected: String,
    kind: String,
    bigchange_name: String,
    xero_name: String,
    bigchange_street: String,
    bigchange_town: String,
    bigchange_postcode: String,
    bigchange_phone: String,
    bigchange_email: String,
    xero_street: String,
    xero_town: String,
    xero_postcode: String,
    xero_phone: String,
    xero_email: String,
}

fn pairs() -> Vec<Pair> {
    let file = include_bytes!("../../../../shared/rules/tests/near-duplicates.csv");
    let mut reader = csv::Reader::from_reader(file.as_slice());
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

impl Pair {
    /// Whether the contact is held beside the Xero contact.
    async fn is_held(&self) -> bool {
        let mut world = World::creating();
        world.xero_contact(json!({
            "Name": self.xero_name,
            "EmailAddress": self.xero_email,
            "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": self.xero_phone}],
            "Addresses": [{
                "AddressType": "POBOX",
                "AddressLine1": self.xero_street,
                "City": self.xero_town,
                "PostalCode": self.xero_postcode,
            }],
        }));
        let id = world.customer(&self.bigchange_name, |new| {
            *new = FakeContact {
                account_reference: "NEW1".into(),
                street: self.bigchange_street.clone(),
                town: self.bigchange_town.clone(),
                postcode: self.bigchange_postcode.clone(),
                phone: self.bigchange_phone.clone(),
                email: self.bigchange_email.clone(),
                ..new.clone()
            };
        });
        world.sync(&[id]).await;
        let code = world.problem_code(id).await;
        assert!(matches!(code, "" | "PossibleDuplicate"), "{code}: {self:?}");
        assert_eq!(
            world.linked(id).await.is_none(),
            code == "PossibleDuplicate"
        );
        code == "PossibleDuplicate"
    }
}

#[tokio::test]
async fn the_labelled_pairs_are_held_or_created_rightly() {
    let mut by_kind = BTreeMap::<(String, String), (usize, usize)>::new();
    let mut wrong = Vec::new();
    for pair in pairs() {
        let held = pair.is_held().await;
        let counted = by_kind
            .entry((pair.expected.clone(), pair.kind.clone()))
            .or_default();
        *counted = (counted.0 + usize::from(held), counted.1 + 1);
        if held != (pair.expected == "hold") {
            wrong.push(pair);
        }
    }
    let share = |wanted: &str| {
        let mut sum = (0, 0);
        for ((expected, kind), (held, of)) in &by_kind {
            if expected == wanted {
                println!("{expected}: {kind}: {held} of {of} held");
                sum = (sum.0 + held, sum.1 + of);
            }
        }
        println!("{wanted}: {} of {} held", sum.0, sum.1);
        sum.0 * 100 / sum.1
    };
    assert!(share("hold") >= 97, "{wrong:#?}");
    assert!(share("create") <= 2, "{wrong:#?}");
}

/// A world where Xero has Acme Limited, and BigChange the new customer Acme Ltd.
async fn beside(acme_limited: serde_json::Value) -> (World, Uuid, u64) {
    let mut world = World::creating();
    let mut fields = acme_limited;
    fields["Name"] = json!("Acme Limited");
    let xero = world.xero_contact(fields);
    let id = world.customer_with_reference("Acme Ltd", "A1");
    world.sync(&[id]).await;
    assert_eq!(world.problem_code(id).await, "PossibleDuplicate");
    assert_eq!(world.xero_population(), 1);
    world.is_quiet(&[id]).await;
    (world, xero, id)
}

async fn declare_new(world: &World, id: u64) -> Result<(), ManualMatchError> {
    let candidates = manual_match::candidates(&world.records(), contact(id)).await?;
    manual_match::declare_new(&world.records(), contact(id), &candidates, at(world)).await
}

async fn is_created(world: &World, id: u64) {
    let sentence = world.problem(id).await.map(|problem| problem.sentence);
    assert_eq!(sentence, None);
    assert_eq!(world.created_for(id).len(), 1);
    world.is_quiet(&[id]).await;
}

#[tokio::test]
async fn what_is_held_is_told_with_its_evidence() {
    let (world, _, id) = beside(json!({"AccountNumber": "X9"})).await;
    let problem = world.problem(id).await.unwrap();
    assert_eq!(
        problem.sentence,
        "\"Acme Ltd\" (BigChange contact 1) is likely a customer that Xero has already: \"Acme Limited\" (account number X9): same name but for Ltd / Limited."
    );
}

#[tokio::test]
async fn the_same_customer_is_linked_by_its_account_number() {
    let (world, xero, id) = beside(json!({"AccountNumber": "X9"})).await;
    world.edit(id, |contact| contact.account_reference = "X9".into());
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(xero));
    world.is_quiet(&[id]).await;
}

#[tokio::test]
async fn the_same_customer_is_linked_by_bigchanges_reference_as_its_account_number() {
    let (mut world, xero, id) = beside(json!({})).await;
    world.edit_in_xero(xero, json!({"AccountNumber": "A1"}));
    world.pass(Duration::minutes(1));
    world.try_again(&[id]).await;
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(xero));
    world.is_quiet(&[id]).await;
}

#[tokio::test]
async fn the_same_customer_is_linked_by_a_persons_word() {
    let (world, xero, id) = beside(json!({})).await;
    let chosen = xero.try_into().unwrap();
    let pinned = manual_match::pin(&world.records(), contact(id), chosen, at(&world)).await;
    pinned.unwrap();
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(xero));
    assert_eq!(world.in_xero(xero).text("AccountNumber"), "A1");
    world.is_quiet(&[id]).await;
}

#[tokio::test]
async fn another_customer_is_created_once_a_person_says_so() {
    let (mut world, _, id) = beside(json!({"AccountNumber": "X9"})).await;
    declare_new(&world, id).await.unwrap();
    world.sync(&[id]).await;
    is_created(&world, id).await;
    // It stays another customer, but not than one that comes later.
    let later = world.customer_with_reference("ACME (UK)", "A2");
    world.pass(Duration::minutes(1));
    world.sync(&[later]).await;
    let Problem::PossibleDuplicate { candidates, .. } = world.problem(later).await.unwrap().problem
    else {
        panic!("another problem");
    };
    assert_eq!(candidates.len(), 2);
    let owners: Vec<_> = candidates.iter().filter_map(|one| one.linked_to).collect();
    assert_eq!(owners, [contact(id)]);
    declare_new(&world, later).await.unwrap();
    world.sync(&[later]).await;
    is_created(&world, later).await;
}

#[tokio::test]
async fn another_customer_is_linked_once_it_was_created_in_xero() {
    let (mut world, _, id) = beside(json!({"AccountNumber": "X9"})).await;
    let made = world.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "A1"}));
    world.pass(Duration::minutes(1));
    world.try_again(&[id]).await;
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(made));
    world.is_quiet(&[id]).await;
}

#[tokio::test]
async fn a_new_customer_with_a_name_that_xero_has_is_refused() {
    let mut world = World::new(&[("CREATE_IN_XERO", "true"), ("MATCH_BY_NAME", "false")]);
    world.xero_contact(json!({"Name": "acme ltd"}));
    let id = world.customer_with_reference("Acme Ltd", "A1");
    world.sync(&[id]).await;
    let refused = declare_new(&world, id).await;
    assert!(
        matches!(refused, Err(ManualMatchError::NameTaken { .. })),
        "{refused:?}"
    );
    let other = world.customer_with_reference("Bolt", "B1");
    let refused = declare_new(&world, other).await;
    assert_eq!(
        refused,
        Err(ManualMatchError::NotHeldAsDuplicate(contact(other)))
    );
}

#[tokio::test]
async fn of_two_bigchange_contacts_the_second_stays_held_until_it_is_deleted() {
    let mut world = World::creating();
    let first = world.customer_with_reference("Acme Ltd", "A1");
    let second = world.customer_with_reference("Acme Limited", "A2");
    world.sync(&[first, second]).await;
    is_created(&world, first).await;
    let problem = world.problem(second).await.unwrap();
    assert_eq!(problem.problem.names_contact(), Some(contact(first)));
    assert!(
        problem
            .sentence
            .contains("belongs to \"Acme Ltd\" (BigChange contact 1)"),
        "{}",
        problem.sentence
    );
    for _ in 0..2 {
        world.edit(first, |contact| contact.town.push('!'));
        world.pass(Duration::hours(24));
        world.try_again(&[second]).await;
        world.sync(&[first, second]).await;
        assert_eq!(world.problem_code(second).await, "PossibleDuplicate");
        assert_eq!(world.xero_population(), 1);
    }
    // The same customer: one of the two is deleted in BigChange.
    world
        .network
        .bigchange()
        .delete(world.network.now(), second);
    world.sync(&[second]).await;
    assert_eq!(world.problem_code(second).await, "");
    world.is_quiet(&[first, second]).await;
}

#[tokio::test]
async fn where_the_linked_one_is_deleted_its_xero_contact_can_be_taken_over() {
    let mut world = World::creating();
    let first = world.customer_with_reference("Acme Ltd", "A1");
    let second = world.customer_with_reference("Acme Limited", "A2");
    world.sync(&[first, second]).await;
    let xero = world.linked(first).await.unwrap();
    world.network.bigchange().delete(world.network.now(), first);
    world.sync(&[first]).await;
    world.settle().await;
    assert_eq!(world.problem_code(second).await, "PossibleDuplicate");
    world.edit(second, |contact| contact.account_reference = "A1".into());
    world.sync(&[second]).await;
    assert_eq!(world.linked(second).await, Some(xero));
}

#[tokio::test]
async fn a_contact_that_was_linked_long_ago_has_no_double() {
    let mut world = World::creating();
    let first = world.customer_with_reference("Acme Ltd", "A1");
    world.sync(&[first]).await;
    world.pass(Duration::days(90));
    world.restart();
    let second = world.customer_with_reference("The Acme Co., Ltd.", "A2");
    let third = world.customer_with_reference("ACME", "A3");
    world.sync(&[second, third]).await;
    // "Co." is a word more; with nothing else in common but the postcode it is not held.
    assert_eq!(world.problem_code(second).await, "");
    assert_eq!(world.problem_code(third).await, "PossibleDuplicate");
}

#[tokio::test]
async fn a_worker_that_was_just_started_sees_what_was_created_a_moment_ago() {
    let mut world = World::creating();
    let first = world.customer_with_reference("Acme Ltd", "A1");
    world.sync(&[first]).await;
    world.restart();
    // No time has passed since the table was told what is in Xero, which was nothing.
    let second = world.customer_with_reference("Acme Limited", "A2");
    world.sync(&[second]).await;
    assert_eq!(world.problem_code(second).await, "PossibleDuplicate");
    assert_eq!(world.xero_population(), 1);
}

#[tokio::test]
async fn a_name_that_is_taken_and_freed_holds_as_long_as_it_is_taken() {
    let (mut world, xero, id) = beside(json!({"AccountNumber": "X9"})).await;
    world.edit_in_xero(xero, json!({"Name": "Bolt"}));
    world.pass(Duration::minutes(1));
    world.try_again(&[id]).await;
    world.sync(&[id]).await;
    is_created(&world, id).await;
    // Archived is free too.
    let (mut world, xero, id) = beside(json!({"AccountNumber": "X9"})).await;
    world.edit_in_xero(xero, json!({"ContactStatus": "ARCHIVED"}));
    world.pass(Duration::minutes(1));
    world.try_again(&[id]).await;
    world.sync(&[id]).await;
    is_created(&world, id).await;
}

#[tokio::test]
async fn an_archived_namesake_is_named_beside_the_likely_one() {
    let mut world = World::creating();
    world.xero_contact(json!({"Name": "Acme Limited"}));
    let old = world.xero_contact(json!({"Name": "Acme Ltd", "ContactStatus": "ARCHIVED"}));
    let id = world.customer_with_reference("Acme Ltd", "A1");
    world.sync(&[id]).await;
    let problem = world.problem(id).await.unwrap();
    assert_eq!(problem.problem.code(), "PossibleDuplicate");
    assert!(
        problem
            .sentence
            .contains("Archived there under its name: \"Acme Ltd\"")
    );
    // Restored, it is the one.
    world.edit_in_xero(old, json!({"ContactStatus": "ACTIVE"}));
    world.pass(Duration::minutes(1));
    world.try_again(&[id]).await;
    world.sync(&[id]).await;
    assert_eq!(world.linked(id).await, Some(old));
}

#[tokio::test]
async fn two_workers_at_once_create_one_of_two_near_namesakes() {
    for (first_name, second_name, share_phone) in [
        ("Acme Ltd", "Acme Limited", false),
        ("Baker Roofing", "Baker Roofig", true),
        ("Calder Joinery", "Irene Baker", true),
    ] {
        let mut world = World::creating();
        let first = world.customer_with_reference(first_name, "A1");
        let second = world.customer_with_reference(second_name, "A2");
        if share_phone {
            for id in [first, second] {
                world.edit(id, |contact| {
                    contact.phone = "+441134960333".into();
                    contact.email = "office@example.com".into();
                });
            }
        }
        let (one, two) = (world.another_worker(), world.another_worker());
        let deadline = world.now() + Duration::minutes(5);
        let (of_first, of_second) = (
            crate::world::event(&[first]),
            crate::world::event(&[second]),
        );
        let (one, two) = tokio::join!(
            sync_contact::handle(&one, &of_first, deadline),
            sync_contact::handle(&two, &of_second, deadline),
        );
        one.unwrap();
        two.unwrap();
        assert_eq!(world.xero_population(), 1, "{first_name}, {second_name}");
        world.settle().await;
        assert_eq!(world.xero_population(), 1, "{first_name}, {second_name}");
        let codes = [
            world.problem_code(first).await,
            world.problem_code(second).await,
        ];
        assert!(codes.contains(&"PossibleDuplicate"), "{codes:?}");
    }
}

#[tokio::test]
async fn what_another_worker_is_about_to_create_is_waited_for() {
    let mut world = World::creating();
    let id = world.customer_with_reference("Acme Ltd", "A1");
    let until = world.now() + Duration::minutes(7);
    let announced = AnnouncementRecord {
        until,
        contacts: vec![AnnouncedContact {
            contact: contact(99),
            name: "Acme Limited".to_owned(),
            data: ContactData::default(),
            seen: BTreeSet::new(),
        }],
    };
    world.put("another#0", &announced).await;
    world.sync(&[id]).await;
    let reason = world.defer_reason(id).await;
    assert_eq!(reason, Some(DeferReason::AnotherWorker));
    assert_eq!(world.xero_population(), 0);
    // It came to nothing.
    world.pass(Duration::minutes(8));
    world.settle().await;
    is_created(&world, id).await;
}

#[tokio::test]
async fn where_they_are_not_to_be_held_they_are_created_and_told() {
    let mut world = World::new(&[
        ("CREATE_IN_XERO", "true"),
        ("HOLD_LIKELY_DUPLICATES", "false"),
    ]);
    let xero = world.xero_contact(json!({"Name": "Acme Limited", "AccountNumber": "X9"}));
    let id = world.customer_with_reference("Acme Ltd", "A1");
    world.sync(&[id]).await;
    is_created(&world, id).await;
    let notices = world.record(id).await.notices;
    let [Notice::CreatedBesideLikely { candidates }] = notices.as_slice() else {
        panic!("not that notice: {notices:?}");
    };
    assert_eq!(Uuid::from(candidates[0].id), xero);
}

#[tokio::test]
async fn where_creating_is_not_authorised_those_like_it_are_named() {
    let mut world = World::new(&[]);
    world.xero_contact(json!({"Name": "Acme Limited"}));
    let id = world.customer_with_reference("Acme Ltd", "A1");
    world.sync(&[id]).await;
    let problem = world.problem(id).await.unwrap();
    assert_eq!(problem.problem.code(), "NotInXero");
    assert!(
        problem.sentence.contains("Like it are: \"Acme Limited\""),
        "{}",
        problem.sentence
    );
}
