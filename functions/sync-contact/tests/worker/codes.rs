//! Generated account references.

use runtime::records::{DeferReason, PendingReferenceScan, ReferenceRecord};
use serde_json::json;
use store::{Expect, Key, Table, Write};
use time::Duration;

use crate::world::{SITES, World, message};

#[tokio::test]
async fn no_code_is_generated_before_every_reference_is_known() {
    let mut world = World::new(&[("CREATE_IN_XERO", "true"), ("GENERATE_ACCOUNT_REF", "true")]);
    let acme = world.customer("Acme", |_| ());
    let known = world.customer_with_reference("Other", "ACME0001");
    world.sync(&[acme]).await;
    assert_eq!(
        world.defer_reason(acme).await,
        Some(DeferReason::ReferencesNotRead)
    );
    assert_eq!(world.xero_population(), 0);
    world.references_are_read(false).await;
    world.put(known, &PendingReferenceScan {}).await;
    world.sync(&[acme]).await;
    assert_eq!(
        world.defer_reason(acme).await,
        Some(DeferReason::ReferencesNotRead)
    );
    world.sync(&[known]).await;
    world.settle().await;
    assert_eq!(world.in_bigchange(acme).account_reference, "ACME0002");
    world.is_quiet(&[acme, known]).await;
}

#[tokio::test]
async fn a_code_is_unique_against_everything_that_is_known() {
    for pages in [None, Some(30)] {
        let mut world = World::generating().await;
        if let Some(pages) = pages {
            world.organisation_has_pages(pages).await;
        }
        let site = world.customer("Site", |c| {
            c.group_id = SITES;
            c.parent_id = Some(99);
            c.account_reference = "ACME0001".into();
        });
        // Held, so that its reference is in no Xero contact either.
        let other = world.customer_with_reference("Other", "acme0002");
        world.xero_contacts(&json!([
            {"Name": "Other", "AccountNumber": "TAKEN"},
            {"Name": "X", "AccountNumber": "ACME0003"},
            {"Name": "Y", "AccountNumber": "ACME0004", "ContactStatus": "ARCHIVED"},
        ]));
        let twins = [1, 2].map(|n| world.customer(&format!("Acme {n}"), |_| ()));
        world.sync(&[site, other]).await;
        assert_eq!(world.problem_code(other).await, "NameTakenInXero");
        world.pass(Duration::minutes(1));
        world.sync(&twins).await;
        let mut codes = twins.map(|id| world.in_bigchange(id).account_reference);
        codes.sort();
        assert_eq!(codes, ["ACME0005", "ACME0006"], "{pages:?}");
        world.holds_its_promises("codes");
    }
}

#[tokio::test]
async fn a_code_that_a_leaving_contact_carries_is_not_generated_for_another() {
    let mut world = World::generating().await;
    let leaver = world.customer_with_reference("Other", "ACME0001");
    world.set("CREATE_IN_XERO", "false");
    world.sync(&[leaver]).await;
    world.edit(leaver, |c| c.group_id = 77);
    world.sync(&[leaver]).await;
    world.set("CREATE_IN_XERO", "true");
    let acme = world.customer("Acme", |_| ());
    world.sync(&[acme]).await;
    assert_eq!(world.in_bigchange(acme).account_reference, "ACME0002");
    world.is_quiet(&[acme, leaver]).await;
}

#[tokio::test]
async fn a_code_that_xero_refuses_is_burnt_and_replaced() {
    for pages in [None, Some(30)] {
        let mut world = World::generating().await;
        if let Some(pages) = pages {
            world.organisation_has_pages(pages).await;
        }
        let acme = world.customer("Acme", |_| ());
        world.network.just_before(
            |request| request.method() == "PUT",
            |network| {
                let taken = json!([{"Name": "Quicker", "AccountNumber": "ACME0001"}]);
                network.xero().seed(network.now(), &taken).unwrap();
            },
        );
        world.sync(&[acme]).await;
        world.settle().await;
        assert_eq!(world.created_for(acme)[0].text("AccountNumber"), "ACME0002");
        assert_eq!(world.in_bigchange(acme).account_reference, "ACME0002");
        let burnt = world.get::<ReferenceRecord>("acme0001").await.unwrap();
        assert_eq!(burnt.holder, None);
        world.is_quiet(&[acme]).await;
    }
}

#[tokio::test]
async fn a_contact_keeps_its_code_through_any_retry() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme", |_| ());
    let offline = fake_xero::FaultKind::Status { status: 503 };
    world
        .network
        .xero()
        .inject(fake_xero::Fault::next_call(offline).on("PUT", "/Contacts"));
    world.sync(&[acme]).await;
    assert_eq!(
        world.record(acme).await.code().unwrap().as_str(),
        "ACME0001"
    );
    world.settle().await;
    assert_eq!(world.created_for(acme)[0].text("AccountNumber"), "ACME0001");
}

#[tokio::test]
async fn a_reference_that_a_person_enters_takes_the_place_of_a_code_not_yet_used() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme", |_| ());
    let limit = fake_xero::FaultKind::RateLimit {
        problem: fake_xero::RateLimitProblem::Minute,
        retry_after_seconds: Some(60),
    };
    world
        .network
        .xero()
        .inject(fake_xero::Fault::next_call(limit).on("PUT", "/Contacts"));
    world.sync(&[acme]).await;
    assert_eq!(
        world.record(acme).await.code().unwrap().as_str(),
        "ACME0001"
    );
    world.edit(acme, |c| c.account_reference = "MINE".into());
    world.settle().await;
    assert_eq!(world.created_for(acme)[0].text("AccountNumber"), "MINE");
    assert_eq!(world.in_bigchange(acme).account_reference, "MINE");
    // The code is nobody's, and is generated for nobody else: somebody may have it as a contact
    // reference.
    let mark = world.get::<ReferenceRecord>("acme0001").await;
    assert_eq!(mark.unwrap().holder, None);
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_name_without_latin_letters_gets_a_neutral_code() {
    let mut world = World::generating().await;
    let arabic = world.customer("شركة أكمي", |_| ());
    world.sync(&[arabic]).await;
    assert_eq!(world.in_bigchange(arabic).account_reference, "CUSTOMER0001");
}

#[tokio::test]
async fn a_spoilt_reference_holds_up_only_the_codes_that_begin_like_it() {
    for pages in [None, Some(30)] {
        let mut world = World::generating().await;
        if let Some(pages) = pages {
            world.organisation_has_pages(pages).await;
        }
        let spoilt = Write::Put {
            key: Key::new(
                format!("{}#reference", world.tenant()),
                "acme0001".to_owned(),
            ),
            expect: Expect::Any,
            body: json!({"reference": 7}),
            expires_at_unix_seconds: None,
        };
        world.table.inner.write(vec![spoilt]).await.unwrap();
        let [acme, best] = ["Acme", "Best"].map(|name| world.customer(name, |_| ()));
        let messages = [acme, best].map(|id| message(id, 1));
        let mut failed = vec![acme, best];
        for _ in 0..3 {
            let response = world
                .deliver(&json!({ "Records": messages }))
                .await
                .unwrap();
            let failures = response.batch_item_failures.into_iter();
            let failures: Vec<_> = failures.map(|failure| failure.item_identifier).collect();
            failed.retain(|id| failures.contains(&format!("message-{id}")));
        }
        assert_eq!(failed, [acme], "{pages:?}");
        assert_eq!(world.in_bigchange(best).account_reference, "BEST0001");
        assert_eq!(world.in_bigchange(acme).account_reference, "");
    }
}
