//! Everything that can go wrong at any one call to the outside, and at any two.

use serde_json::json;

use crate::trouble::Fault;
use crate::world::World;

/// Contacts of every kind: to create, to link with and without a write, to generate for, to update,
/// and twins.
async fn population() -> (World, Vec<u64>) {
    let mut world = World::generating().await;
    world.xero_contacts(
        &json!([{"Name": "By Name"}, {"Name": "By Reference", "AccountNumber": "R1"}]),
    );
    let linked = world.customer_with_reference("Linked", "L1");
    world.sync(&[linked]).await;
    world.edit(linked, |c| c.phone = "+4420".into());
    let ids = vec![
        linked,
        world.customer_with_reference("New", "N1"),
        world.customer("To Generate", |_| ()),
        world.customer("By Name", |_| ()),
        world.customer_with_reference("By Reference", "R1"),
        world.customer_with_reference("New", "N2"),
    ];
    world.pass(time::Duration::minutes(1));
    (world, ids)
}

/// Brings everything in line after the trouble, and looks whether it is.
async fn converges(world: &mut World, ids: &[u64], says: &str) {
    world.holds_its_promises(says);
    // What SQS delivers again, once the messages are visible again.
    world.pass(time::Duration::minutes(12));
    let all = ids.iter().map(|id| crate::world::queued(*id));
    world.queue.sent.lock().unwrap().extend(all);
    world.settle().await;
    world.holds_its_promises(says);
    assert_eq!(world.xero_population(), 5, "{says}");
    // Of the twins the quicker one is linked.
    let [one, two] = [ids[1], ids[5]];
    let (first, second) = if world.linked(one).await.is_some() {
        (one, two)
    } else {
        (two, one)
    };
    for id in [ids[0], first, ids[2], ids[3], ids[4]].iter() {
        assert!(
            world.linked(*id).await.is_some(),
            "{says}: contact {id} is not linked, but {}",
            world.problem_code(*id).await
        );
        assert_eq!(world.record(*id).await.intent, None, "{says}");
        assert!(
            !world.in_bigchange(*id).account_reference.is_empty(),
            "{says}"
        );
    }
    // Which of the two depends on whether the first one's link was recorded when the second one was
    // looked at.
    let code = world.problem_code(second).await;
    assert!(
        ["LinkedToAnotherContact", "NameTakenInXero"].contains(&code),
        "{says}: {code:?}"
    );
    let phone = world.created_for(ids[0])[0]
        .phone("DEFAULT", "PhoneNumber")
        .to_owned();
    assert_eq!(phone, world.in_bigchange(ids[0]).phone, "{says}");
    let generated = world.in_bigchange(ids[2]);
    assert_eq!(
        generated.contact_reference, generated.account_reference,
        "{says}"
    );
    world.is_quiet(ids).await;
}

#[tokio::test]
async fn whatever_goes_wrong_at_one_call_everything_ends_in_line_and_nothing_twice() {
    for fault in Fault::ALL {
        for at_call in 0.. {
            let (mut world, ids) = population().await;
            world.trouble.order(at_call, fault);
            world.deliver_or_crash(&ids).await;
            if !world.trouble.is_over() {
                assert!(at_call > 30, "there are more calls than {at_call}");
                break;
            }
            converges(&mut world, &ids, &format!("{fault:?} at call {at_call}")).await;
        }
    }
}

#[tokio::test]
async fn an_edit_made_while_a_write_is_in_doubt_is_not_lost() {
    for fault in [Fault::LostRequest, Fault::LostAnswer, Fault::CrashAfter] {
        for at_call in 0.. {
            let (mut world, ids) = population().await;
            let before = world.created_for(ids[0])[0]
                .phone("DEFAULT", "PhoneNumber")
                .to_owned();
            world.trouble.order(at_call, fault);
            world.deliver_or_crash(&ids).await;
            if !world.trouble.is_over() {
                break;
            }
            // Edited back, and another one renamed.
            world.edit(ids[0], |c| c.phone.clone_from(&before));
            for twin in [ids[1], ids[5]] {
                world.edit(twin, |c| c.street = "9 Other Street".into());
            }
            let says = format!("{fault:?} at call {at_call}");
            converges(&mut world, &ids, &says).await;
            let created = [world.created_for(ids[1]), world.created_for(ids[5])].concat();
            let street = created[0].address("POBOX", "AddressLine1");
            assert_eq!(street, "9 Other Street", "{says}");
        }
    }
}

#[tokio::test]
async fn a_second_fault_while_the_first_is_being_mended_does_no_harm() {
    for first in [Fault::LostAnswer, Fault::CrashAfter, Fault::CrashBefore] {
        for second in [Fault::LostAnswer, Fault::CrashAfter, Fault::LostRequest] {
            for at_call in (0..).step_by(3) {
                let (mut world, ids) = population().await;
                world.trouble.shuffle(at_call as u64);
                world.trouble.order(at_call, first);
                world.deliver_or_crash(&ids).await;
                if !world.trouble.is_over() {
                    break;
                }
                world.pass(time::Duration::minutes(12));
                world.trouble.order(at_call * 7 % 40, second);
                world.deliver_or_crash(&ids).await;
                world.trouble.is_over();
                let says = format!(
                    "{first:?} at call {at_call}, then {second:?} at {}",
                    at_call * 7 % 40
                );
                converges(&mut world, &ids, &says).await;
            }
        }
    }
}
