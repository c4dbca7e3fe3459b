//! Two contacts that would be the same in Xero.

use runtime::records::ReferenceRecord;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn twins_in_one_batch_become_one_xero_contact_and_the_second_is_held() {
    for seed in 0..40 {
        for (references, settings) in [(["A1", "A1"], "true"), (["A1", "A2"], "true")] {
            let mut world = World::new(&[("CREATE_IN_XERO", settings)]);
            world.trouble.shuffle(seed);
            let ids =
                references.map(|reference| world.customer_with_reference("Acme Ltd", reference));
            // The queue has no order.
            let delivered = if seed % 2 == 0 { ids } else { [ids[1], ids[0]] };
            world.sync(&delivered).await;
            world.settle().await;
            assert_eq!(world.xero_population(), 1, "{references:?}");
            let codes = [
                world.problem_code(ids[0]).await,
                world.problem_code(ids[1]).await,
            ];
            assert_eq!(codes, ["", "LinkedToAnotherContact"], "{references:?}");
            world.is_quiet(&ids).await;
        }
    }
}

#[tokio::test]
async fn two_names_under_one_reference_become_one_xero_contact() {
    for seed in 0..20 {
        let mut world = World::creating();
        world.trouble.shuffle(seed);
        let ids = ["Acme", "Bolt"].map(|name| world.customer_with_reference(name, "A1"));
        world.sync(&ids).await;
        for id in ids {
            assert_eq!(
                world.deferred(id).await,
                None,
                "it needs no second delivery"
            );
        }
        world.settle().await;
        assert_eq!(world.xero_population(), 1);
        world.is_quiet(&ids).await;
        let held = ids[1];
        assert!(world.linked(ids[0]).await.is_some(), "the older one");
        assert_eq!(world.problem_code(held).await, "LinkedToAnotherContact");
        // Given a reference of its own, it is created.
        world.edit(held, |c| c.account_reference = "A2".into());
        world.sync(&[held]).await;
        world.holds_its_promises("mended");
        assert_eq!(world.problem_code(held).await, "");
    }
}

#[tokio::test]
async fn twins_that_fit_one_xero_contact_do_not_share_it() {
    for seed in 0..20 {
        let mut world = World::generating().await;
        world.trouble.shuffle(seed);
        let xero = world.xero_contact(json!({"Name": "Acme"}));
        let ids = [0, 1].map(|_| world.customer("Acme", |_| ()));
        world.sync(&ids).await;
        world.settle().await;
        let linked = [world.linked(ids[0]).await, world.linked(ids[1]).await];
        assert_eq!(linked, [Some(xero), None]);
        world.holds_its_promises("twins");
        world.is_quiet(&ids).await;
    }
}

#[tokio::test]
async fn two_workers_with_one_batch_do_not_make_two() {
    for seed in 0..60 {
        let mut world = World::generating().await;
        world.trouble.shuffle(seed);
        world.xero_contact(json!({"Name": "Match"}));
        let ids = [
            world.customer_with_reference("Acme", "A1"),
            world.customer("Bolt", |_| ()),
            world.customer("Match", |_| ()),
            world.customer_with_reference("Acme", "A2"),
        ];
        let other = world.another_worker();
        let event = crate::world::event(&ids);
        let deadline = world.now() + time::Duration::minutes(2);
        let (one, two) = tokio::join!(
            world.deliver(&event),
            sync_contact::handle(&other, &event, deadline)
        );
        world.holds_its_promises(&format!("seed {seed}"));
        // What failed comes again.
        for response in [one.unwrap(), two.unwrap()] {
            for failure in response.batch_item_failures {
                let id = failure
                    .item_identifier
                    .rsplit('-')
                    .next()
                    .unwrap()
                    .parse()
                    .unwrap();
                world
                    .queue
                    .sent
                    .lock()
                    .unwrap()
                    .push(crate::world::queued(id));
            }
        }
        world.settle().await;
        world.holds_its_promises(&format!("seed {seed}, settled"));
        assert_eq!(world.xero_population(), 3, "seed {seed}");
        // Acme, Bolt, and where it was quicker than its twin's link the other Acme, which Xero
        // refuses.
        let elements = elements_created(&world);
        assert!(elements <= 3, "seed {seed}: {elements} were sent");
        for id in &ids[..3] {
            assert!(world.linked(*id).await.is_some() || world.problem(*id).await.is_some());
        }
        world.is_quiet(&ids).await;
    }
}

/// How many contacts Xero was asked to create.
fn elements_created(world: &World) -> usize {
    let xero = world.network.xero();
    let creates = xero.calls().filter(|call| call.method == "PUT");
    creates.map(|call| call.elements).sum()
}

/// Two workers at once, each with one of two contacts.
async fn race(world: &mut World, ids: [u64; 2]) {
    let other = world.another_worker();
    let events = ids.map(|id| crate::world::event(&[id]));
    let deadline = world.now() + time::Duration::minutes(2);
    let (one, two) = tokio::join!(
        world.deliver(&events[0]),
        sync_contact::handle(&other, &events[1], deadline)
    );
    for (id, response) in ids.into_iter().zip([one, two]) {
        if response.unwrap() != sync_contact::Response::default() {
            world
                .queue
                .sent
                .lock()
                .unwrap()
                .push(crate::world::queued(id));
        }
    }
}

#[tokio::test]
async fn two_workers_do_not_link_one_xero_contact_twice() {
    for seed in 0..60 {
        let mut world = World::new(&[]);
        world.trouble.shuffle(seed);
        let xero = world.xero_contact(json!({"Name": "Acme"}));
        let ids = ["A1", "A2"].map(|reference| world.customer_with_reference("Acme", reference));
        race(&mut world, ids).await;
        world.settle().await;
        let linked = [world.linked(ids[0]).await, world.linked(ids[1]).await];
        assert_eq!(
            linked.iter().flatten().collect::<Vec<_>>(),
            [&xero],
            "seed {seed}"
        );
        let winner = if linked[0].is_some() { "A1" } else { "A2" };
        assert_eq!(
            world.in_xero(xero).text("AccountNumber"),
            winner,
            "seed {seed}"
        );
        let writes = world
            .xero_call_log()
            .iter()
            .filter(|call| call.starts_with("POST"))
            .count();
        assert_eq!(writes, 1, "seed {seed}");
        world.is_quiet(&ids).await;
    }
}

#[tokio::test]
async fn two_workers_do_not_generate_one_code_twice() {
    for seed in 0..60 {
        let mut world = World::generating().await;
        world.trouble.shuffle(seed);
        let ids = ["Acme North", "Acme South"].map(|name| world.customer(name, |_| ()));
        race(&mut world, ids).await;
        world.settle().await;
        assert_eq!(
            elements_created(&world),
            2,
            "seed {seed}: no code was refused"
        );
        for id in ids {
            let code = world.in_bigchange(id).account_reference;
            let reservation = world
                .get::<ReferenceRecord>(code.to_lowercase())
                .await
                .unwrap();
            assert_eq!(reservation.holder.map(u64::from), Some(id), "seed {seed}");
        }
        world.is_quiet(&ids).await;
    }
}

#[tokio::test]
async fn two_workers_do_not_give_one_account_reference_to_two() {
    for seed in 0..60 {
        let mut world = World::new(&[]);
        world.trouble.shuffle(seed);
        // One takes over Xero's number, the other has it in BigChange.
        world.xero_contact(json!({"Name": "Acme", "AccountNumber": "N1"}));
        let ids = [
            world.customer("Acme", |_| ()),
            world.customer_with_reference("Bolt", "N1"),
        ];
        race(&mut world, ids).await;
        world.settle().await;
        let references = ids.map(|id| world.in_bigchange(id).account_reference);
        let linked = [world.linked(ids[0]).await, world.linked(ids[1]).await];
        assert_eq!(linked.iter().flatten().count(), 1, "seed {seed}");
        assert_eq!(references[0].is_empty(), linked[0].is_none(), "seed {seed}");
        let holder = world.get::<ReferenceRecord>("n1").await.unwrap().holder;
        let winner = if linked[0].is_some() { ids[0] } else { ids[1] };
        assert_eq!(holder.map(u64::from), Some(winner), "seed {seed}");
        world.is_quiet(&ids).await;
    }
}
