//! What is kept for people to be told: notices for the digest, and since when a held contact was
//! put off.

use rules::Notice;
use runtime::people::NewsRecord;
use time::Duration;

use crate::world::World;

const DIGEST: (&str, &str) = ("DIGEST_TOPIC_ARN", "arn:aws:sns:eu-west-2:1:digest");

async fn news(world: &World) -> Vec<(u64, Notice)> {
    let all = world.all::<NewsRecord>().await.into_iter();
    all.map(|(_, news)| (news.contact.get(), news.notice))
        .collect()
}

#[tokio::test]
async fn a_notice_is_kept_for_the_digest_once() {
    let mut world = World::new(&[("CREATE_IN_XERO", "true"), DIGEST]);
    let id = world.customer("Acme", |contact| {
        contact.account_reference = "A1".into();
        contact.email = "not an address".into();
    });
    world.sync(&[id]).await;
    let kept = news(&world).await;
    let [(contact, Notice::FieldLeftOut(_))] = kept.as_slice() else {
        panic!("{kept:?}")
    };
    assert_eq!(*contact, id);
    // The notice stays; it is no news any more.
    world.pass(Duration::minutes(1));
    world.edit(id, |contact| contact.phone = "+4420".into());
    world.sync(&[id]).await;
    assert_eq!(world.record(id).await.notices.len(), 1);
    assert_eq!(news(&world).await.len(), 1);
}

#[tokio::test]
async fn without_a_digest_nothing_is_kept_for_it() {
    let mut world = World::creating();
    let id = world.customer("Acme", |contact| {
        contact.account_reference = "A1".into();
        contact.email = "not an address".into();
    });
    world.sync(&[id]).await;
    assert_eq!(world.record(id).await.notices.len(), 1);
    assert_eq!(news(&world).await, []);
}

#[tokio::test]
async fn a_correction_that_was_written_over_is_told_even_if_another_change_follows() {
    let mut world = World::new(&[("CREATE_IN_XERO", "true"), DIGEST]);
    let id = world.customer("Acme", |contact| {
        contact.account_reference = "A1".into();
        contact.phone = "+441".into();
    });
    world.sync(&[id]).await;
    let xero = world.linked(id).await.unwrap();
    world.edit_in_xero(
        xero,
        serde_json::json!({"EmailAddress": "people@example.com"}),
    );
    world.pass(Duration::minutes(1));
    world.edit(id, |contact| contact.email = "office@example.com".into());
    world.sync(&[id]).await;
    world.pass(Duration::minutes(1));
    world.edit(id, |contact| contact.phone = "+442".into());
    world.sync(&[id]).await;
    assert_eq!(world.record(id).await.notices, []);
    let kept = news(&world).await;
    let [(_, Notice::CorrectionOverwritten { in_xero, .. })] = kept.as_slice() else {
        panic!("{kept:?}")
    };
    assert_eq!(in_xero, "people@example.com");
}

#[tokio::test]
async fn a_held_contact_tells_since_when_it_was_put_off_before() {
    let mut world = World::new(&[]);
    let id = world.customer_with_reference("Acme", "A1");
    world.sync(&[id]).await;
    assert_eq!(world.problem(id).await.unwrap().put_off_since, None);
    let mut world = World::new(&[]);
    let id = world.customer_with_reference("Acme", "A1");
    let offline = fake_bigchange::FaultKind::Status {
        status: 503,
        retry_after_seconds: None,
    };
    let fault = fake_bigchange::Fault::next_of("ContactDetail", offline);
    world.network.bigchange().order_fault(fault);
    let put_off = world.now();
    world.sync(&[id]).await;
    world.pass(Duration::hours(3));
    world.settle().await;
    let held = world.problem(id).await.unwrap();
    assert_eq!(held.put_off_since, Some(put_off));
    assert!(held.first_seen > put_off);
}
