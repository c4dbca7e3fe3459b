//! A cure is a promise: carried out to the letter, it leads to a link or lets the change through.

use rules::Problem;
use runtime::manual_match::{self, Remembering};
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::world::{World, contact};

pub(crate) fn at(world: &World) -> Remembering {
    Remembering {
        at: world.now(),
        days: 0,
    }
}

/// What `contact-sync link` does.
pub(crate) async fn link(world: &World, id: u64, xero: Uuid) {
    let xero = xero.try_into().unwrap();
    manual_match::pin(&world.records(), contact(id), xero, at(world))
        .await
        .unwrap();
    world.sync(&[id]).await;
}

/// What `contact-sync retry` and the hourly look do.
async fn retry(world: &mut World, id: u64) {
    let mut problem = world.problem(id).await.unwrap();
    problem.retry = true;
    world.put(id, &problem).await;
    world.pass(Duration::hours(1));
    world.sync(&[id]).await;
}

/// What the hourly look does where a person's edit in Xero touches what the contact waits for.
pub(crate) async fn hourly_look(world: &mut World, id: u64, changed: Uuid) {
    let problem = world.problem(id).await.unwrap();
    let in_xero = world.in_xero(changed);
    let seen = rules::XeroContact {
        id: changed.try_into().unwrap(),
        name: in_xero.name().to_owned(),
        account_number: in_xero.text("AccountNumber").to_owned(),
        contact_number: None,
        status: rules::ContactStatus::Active,
        merged_into: None,
        data: rules::ContactData::default(),
        details: None,
    };
    assert!(problem.watch.is_touched_by(&seen));
    retry(world, id).await;
}

async fn is_linked(world: &World, id: u64, xero: Uuid, says: &str) {
    assert_eq!(world.problem_code(id).await, "", "{says}");
    assert_eq!(world.linked(id).await, Some(xero), "{says}");
}

#[tokio::test]
async fn two_customers_of_one_name_are_two_once_one_has_another_name() {
    for reference in ["A2", "A1"] {
        let mut world = World::creating();
        let first = world.customer_with_reference("Acme", "A1");
        world.sync(&[first]).await;
        let second = world.customer_with_reference("Acme", reference);
        world.sync(&[second]).await;
        assert_eq!(world.problem_code(second).await, "LinkedToAnotherContact");
        let cure = world.problem(second).await.unwrap().cure;
        assert!(cure.contains("another name"), "{cure}");
        world.edit(second, |c| {
            c.name = "Acme (Leeds)".into();
            c.account_reference = "A2".into();
        });
        world.sync(&[second]).await;
        let created = world.created_for(second)[0].id;
        is_linked(&world, second, created, reference).await;
    }
}

#[tokio::test]
async fn a_duplicate_reference_is_cured_by_one_of_its_own() {
    let mut world = World::new(&[]);
    let xero = world.xero_contact(json!({"Name": "Bolt Ltd", "AccountNumber": "B1"}));
    let first = world.customer_with_reference("Acme", "A1");
    let second = world.customer_with_reference("Bolt", "A1");
    world.sync(&[first, second]).await;
    assert_eq!(
        world.problem_code(second).await,
        "DuplicateAccountReference"
    );
    world.edit(second, |c| c.account_reference = "B1".into());
    world.sync(&[second]).await;
    is_linked(&world, second, xero, "its own").await;
}

/// Acme, which has the reference A1 and is held: one Xero contact has its name, another its number.
async fn ambiguous() -> (World, u64, Uuid, Uuid) {
    let mut world = World::new(&[]);
    let of_name = world.xero_contact(json!({"Name": "Acme"}));
    let of_number = world.xero_contact(json!({"Name": "Bolt", "AccountNumber": "A1"}));
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "AmbiguousMatch");
    (world, acme, of_name, of_number)
}

#[tokio::test]
async fn an_ambiguous_match_is_cured_in_xero() {
    let (mut world, acme, of_name, of_number) = ambiguous().await;
    let merged = json!({"ContactStatus": "ARCHIVED", "MergedToContactID": of_number});
    world.edit_in_xero(of_name, merged);
    hourly_look(&mut world, acme, of_name).await;
    is_linked(
        &world,
        acme,
        of_number,
        "merged, the one with the number kept",
    )
    .await;

    let (mut world, acme, of_name, of_number) = ambiguous().await;
    world.edit_in_xero(of_number, json!({"AccountNumber": ""}));
    hourly_look(&mut world, acme, of_number).await;
    is_linked(&world, acme, of_name, "the other's number taken away").await;
    assert_eq!(world.in_xero(of_name).text("AccountNumber"), "A1");

    let (mut world, acme, of_name, of_number) = ambiguous().await;
    world.edit_in_xero(of_name, json!({"Name": "Another Acme"}));
    hourly_look(&mut world, acme, of_name).await;
    is_linked(&world, acme, of_number, "the other's name taken away").await;
}

#[tokio::test]
async fn an_account_number_that_an_archived_contact_holds_is_taken_away_by_restoring_it() {
    let mut world = World::new(&[]);
    let of_name = world.xero_contact(json!({"Name": "Acme"}));
    let archived = json!({"Name": "Bolt", "AccountNumber": "A1", "ContactStatus": "ARCHIVED"});
    let of_number = world.xero_contact(archived);
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "AmbiguousMatch");
    world.edit_in_xero(of_number, json!({"ContactStatus": "ACTIVE"}));
    world.edit_in_xero(of_number, json!({"AccountNumber": ""}));
    world.edit_in_xero(of_number, json!({"ContactStatus": "ARCHIVED"}));
    hourly_look(&mut world, acme, of_number).await;
    is_linked(&world, acme, of_name, "restored, cleared, archived again").await;
    assert_eq!(world.in_xero(of_name).text("AccountNumber"), "A1");
}

#[tokio::test]
async fn an_ambiguous_match_is_cured_by_a_persons_choice() {
    let (world, acme, _, of_number) = ambiguous().await;
    link(&world, acme, of_number).await;
    is_linked(&world, acme, of_number, "the one with the number").await;

    // The one without a number can be chosen once no other has this contact's.
    let (mut world, acme, of_name, of_number) = ambiguous().await;
    link(&world, acme, of_name).await;
    let Problem::AmbiguousMatch { found } = world.problem(acme).await.unwrap().problem else {
        panic!("another problem");
    };
    let found: Vec<Uuid> = found.iter().map(|named| named.id.into()).collect();
    assert_eq!(found, [of_name, of_number]);
    assert_eq!(world.in_xero(of_name).text("AccountNumber"), "");
    world.is_quiet(&[acme]).await;
    world.edit_in_xero(of_number, json!({"AccountNumber": ""}));
    hourly_look(&mut world, acme, of_number).await;
    is_linked(&world, acme, of_name, "the number taken away").await;
}

#[tokio::test]
async fn a_contact_that_is_not_in_xero_is_found_entered_or_created() {
    let world = |settings: &[(&str, &str)]| {
        let mut world = World::new(settings);
        let acme = world.customer_with_reference("Acme", "A1");
        (world, acme)
    };
    let (held, acme) = world(&[]);
    let other = held.xero_contact(json!({"Name": "The Acme Company", "AccountNumber": "X9"}));
    held.sync(&[acme]).await;
    let cure = held.problem(acme).await.unwrap().cure;
    assert!(
        cure.starts_with("If it is in Xero under another name"),
        "{cure}"
    );
    held.edit(acme, |c| c.account_reference = "X9".into());
    held.sync(&[acme]).await;
    is_linked(&held, acme, other, "its account number entered").await;

    let (mut held, acme) = world(&[]);
    held.sync(&[acme]).await;
    assert_eq!(held.problem_code(acme).await, "NotInXero");
    let made = held.xero_contact(json!({"Name": "Acme Ltd", "AccountNumber": "A1"}));
    hourly_look(&mut held, acme, made).await;
    is_linked(&held, acme, made, "made in Xero").await;

    let (mut held, acme) = world(&[]);
    held.sync(&[acme]).await;
    held.set("CREATE_IN_XERO", "true");
    held.sync(&[acme]).await;
    let created = held.created_for(acme)[0].id;
    is_linked(&held, acme, created, "created").await;
}

#[tokio::test]
async fn a_taken_name_is_cured_by_merging_or_renaming() {
    let renamed_to_a_taken_name = async || {
        let mut world = World::creating();
        let holder = world.xero_contact(json!({"Name": "Bolt"}));
        let acme = world.customer_with_reference("Acme", "A1");
        world.sync(&[acme]).await;
        world.edit(acme, |c| c.name = "Bolt".into());
        world.sync(&[acme]).await;
        assert_eq!(world.problem_code(acme).await, "NameTakenInXero");
        (world, acme, holder)
    };
    let (mut world, acme, holder) = renamed_to_a_taken_name().await;
    let linked = world.linked(acme).await.unwrap();
    let merged = json!({"ContactStatus": "ARCHIVED", "MergedToContactID": linked});
    world.edit_in_xero(holder, merged);
    hourly_look(&mut world, acme, holder).await;
    is_linked(&world, acme, linked, "merged").await;
    assert_eq!(world.in_xero(linked).name(), "Bolt");

    let (mut world, acme, holder) = renamed_to_a_taken_name().await;
    let linked = world.linked(acme).await.unwrap();
    world.edit_in_xero(holder, json!({"Name": "Bolt (old)"}));
    hourly_look(&mut world, acme, holder).await;
    assert_eq!(world.in_xero(linked).name(), "Bolt");

    // A name that is another customer's in BigChange too names that customer.
    let mut world = World::creating();
    let bolt = world.customer_with_reference("Bolt", "B1");
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[bolt, acme]).await;
    world.edit(acme, |c| c.name = "Bolt".into());
    world.sync(&[acme]).await;
    let Problem::LinkedToAnotherContact { other, .. } = world.problem(acme).await.unwrap().problem
    else {
        panic!("another problem");
    };
    assert_eq!(u64::from(other), bolt);
    world.edit(acme, |c| c.name = "Bolt (Leeds)".into());
    world.sync(&[acme]).await;
    let linked = world.linked(acme).await.unwrap();
    assert_eq!(world.in_xero(linked).name(), "Bolt (Leeds)");

    // Names are not matched, and Xero has the name all the same.
    let mut world = World::new(&[("CREATE_IN_XERO", "true"), ("MATCH_BY_NAME", "false")]);
    let holder = world.xero_contact(json!({"Name": "Acme", "AccountNumber": "X9"}));
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "PossibleDuplicate");
    world.is_quiet(&[acme]).await;
    world.edit(acme, |c| c.account_reference = "X9".into());
    world.sync(&[acme]).await;
    is_linked(&world, acme, holder, "made equal").await;
}

#[tokio::test]
async fn a_linked_contact_that_xero_does_not_know_is_unlinked_and_linked_to_the_right_one() {
    for others in [0, 3] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        let mut ids = vec![acme];
        ids.extend(
            (0..others)
                .map(|n| world.customer_with_reference(&format!("Other {n}"), &format!("O{n}"))),
        );
        world.sync(&ids).await;
        let right = world.linked(acme).await.unwrap();
        let gone = Uuid::from_u128(0x99);
        let mut record = world.record(acme).await;
        if let Some(link) = &mut record.link {
            link.xero_id = gone.try_into().unwrap();
        }
        world.put(acme, &record).await;
        for id in &ids {
            world.edit(*id, |c| c.phone = "+4420".into());
        }
        world.sync(&ids).await;
        let problem = world.problem(acme).await.unwrap().problem;
        let expected = Problem::LinkedContactNotInXero {
            xero_id: gone.try_into().unwrap(),
        };
        assert_eq!(problem, expected);
        assert_eq!(world.record(acme).await.intent, None);
        world.is_quiet(&ids).await;
        let gone = gone.try_into().unwrap();
        manual_match::unlink(&world.records(), contact(acme), gone, at(&world))
            .await
            .unwrap();
        // That the right one is its own from before does not matter to the test.
        let claims = world.records();
        let claim = claims.delete::<runtime::records::XeroContactRecord>(right, store::Expect::Any);
        claims.write(vec![claim]).await.unwrap();
        link(&world, acme, right).await;
        is_linked(&world, acme, right, "linked to the right one").await;
    }
}

#[tokio::test]
async fn a_website_that_is_not_valid_in_xero_holds_every_change_until_it_is_corrected_there() {
    for others in [0, 4] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        let mut ids = vec![acme];
        ids.extend(
            (0..others)
                .map(|n| world.customer_with_reference(&format!("Other {n}"), &format!("O{n}"))),
        );
        world.sync(&ids).await;
        let xero = world.linked(acme).await.unwrap();
        world.edit_in_xero(xero, json!({"Website": "acme"}));
        for id in &ids {
            world.edit(*id, |c| c.phone = "+4420".into());
        }
        world.sync(&ids).await;
        assert_eq!(world.problem_code(acme).await, "WebsiteInXero");
        let problem = world.problem(acme).await.unwrap();
        assert!(
            problem
                .cure
                .contains("Contacts → the contact → Edit → Website")
        );
        for id in &ids[1..] {
            let created = &world.created_for(*id)[0];
            assert_eq!(created.phone("DEFAULT", "PhoneNumber"), "+4420");
        }
        world.is_quiet(&ids).await;
        world.edit_in_xero(xero, json!({"Website": "http://acme.example"}));
        hourly_look(&mut world, acme, xero).await;
        is_linked(&world, acme, xero, "corrected").await;
        assert_eq!(
            world.in_xero(xero).phone("DEFAULT", "PhoneNumber"),
            "+4420",
            "the change was still pending"
        );
    }
}

#[tokio::test]
async fn a_website_that_is_not_valid_in_xero_holds_a_link_until_it_is_corrected_there() {
    let mut world = World::new(&[]);
    let xero = world.xero_contact(json!({"Name": "Acme", "Website": "acme"}));
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "WebsiteInXero");
    assert_eq!(world.record(acme).await.intent, None);
    world.is_quiet(&[acme]).await;
    world.edit_in_xero(xero, json!({"Website": ""}));
    hourly_look(&mut world, acme, xero).await;
    is_linked(&world, acme, xero, "cleared").await;
    assert_eq!(world.in_xero(xero).text("AccountNumber"), "A1");
}

#[tokio::test]
async fn what_xero_refuses_in_its_words_is_corrected_in_bigchange_or_tried_once_more() {
    for corrects in [true, false] {
        let mut world = World::creating();
        let acme = world.customer_with_reference("Acme", "A1");
        let refuses = fake_xero::FaultKind::Garbled {
            how: fake_xero::Garbling::NothingDone,
        };
        let fault = fake_xero::Fault::next_call(refuses).on("PUT", "/Contacts");
        world.network.xero().inject(fault.times(2));
        world.sync(&[acme]).await;
        world.settle().await;
        assert_eq!(world.problem_code(acme).await, "RefusedByXero");
        world.is_quiet(&[acme]).await;
        if corrects {
            world.edit(acme, |c| c.phone = "+4420".into());
            world.sync(&[acme]).await;
        } else {
            retry(&mut world, acme).await;
        }
        let created = world.created_for(acme)[0].id;
        is_linked(&world, acme, created, "at last").await;
    }
}
