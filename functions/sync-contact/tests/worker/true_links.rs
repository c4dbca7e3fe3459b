//! A link stays true: what people changed in Xero is read before it is written over, kept and told;
//! and a link follows its Xero contact where a person merged that into another.

use rules::{Notice, Problem, Side};
use runtime::manual_match;
use runtime::records::{
    DeferReason, DeferredRecord, HistoryEvent, HistoryRecord, XeroContactRecord,
};
use serde_json::json;
use time::Duration;
use uuid::Uuid;

use crate::cures::at;
use crate::world::{World, contact};

const CORRECTED: &str = "accounts@acme.example";

/// Acme, created and linked a day ago.
async fn linked(settings: &[(&str, &str)]) -> (World, u64, Uuid) {
    let mut all = vec![("CREATE_IN_XERO", "true")];
    all.extend(settings);
    let mut world = World::new(&all);
    let acme = world.customer_with_reference("Acme", "A1");
    world.sync(&[acme]).await;
    let xero = world.linked(acme).await.unwrap();
    world.pass(Duration::DAY);
    world.reset_calls();
    (world, acme, xero)
}

/// What the poll does where it sees that a Xero contact is not as its link says.
pub(crate) async fn look(world: &World, id: u64) {
    let mark = DeferredRecord {
        since: world.now(),
        due: world.now() + Duration::minutes(15),
        reason: DeferReason::ChangedInXero,
        attempts: 0,
        incomplete_answers: 0,
        unknown_answers: rules::UnknownAnswers::default(),
        by: rules::AskedBy::Schedule,
        look_at_xero: true,
    };
    world.put(id, &mark).await;
    world.sync(&[id]).await;
    assert_eq!(world.deferred(id).await, None, "the look is over");
}

async fn history(world: &World, id: u64) -> Vec<HistoryRecord> {
    let all = world.all::<HistoryRecord>().await;
    let prefix = HistoryRecord::prefix(contact(id));
    let of_contact = all.into_iter().filter(|(key, _)| key.starts_with(&prefix));
    of_contact.map(|(_, record)| record).collect()
}

/// The field, what stood there and what was written, of the last thing done.
async fn last_change(world: &World, id: u64) -> Vec<(String, String, String)> {
    let last = history(world, id).await.pop().unwrap();
    let told = |change: rules::Change| {
        let field = change.field.label().to_owned();
        (field, change.before, change.after)
    };
    last.changes.into_iter().map(told).collect()
}

#[tokio::test]
async fn a_correction_in_xero_is_read_before_it_is_written_over() {
    let (world, acme, xero) = linked(&[]).await;
    world.edit_in_xero(xero, json!({"EmailAddress": CORRECTED}));
    world.edit(acme, |c| c.email = "new@acme.example".into());
    world.sync(&[acme]).await;
    assert_eq!(world.xero_calls(), 2, "{:?}", world.xero_call_log());
    assert_eq!(world.in_xero(xero).text("EmailAddress"), "new@acme.example");
    let change = ("email".into(), CORRECTED.into(), "new@acme.example".into());
    assert_eq!(last_change(&world, acme).await, [change]);
    let last = history(&world, acme).await.pop().unwrap();
    assert_eq!(last.notices.len(), 1, "{last:?}");
    let told = world.record(acme).await.notices;
    assert!(
        matches!(told.as_slice(), [Notice::CorrectionOverwritten { in_xero, .. }] if in_xero == CORRECTED),
        "{told:?}"
    );
    world.is_quiet(&[acme]).await;
    // Told once: the next thing that is done about it is another.
    world.edit(acme, |c| c.phone = "+4420".into());
    world.sync(&[acme]).await;
    assert_eq!(world.record(acme).await.notices, []);
}

#[tokio::test]
async fn what_xero_has_already_is_not_sent_and_a_correction_of_another_unit_stays() {
    let (world, acme, xero) = linked(&[]).await;
    world.edit_in_xero(xero, json!({"EmailAddress": "new@acme.example"}));
    let phones = json!([{"PhoneType": "DEFAULT", "PhoneNumber": "+1", "PhoneAreaCode": "", "PhoneCountryCode": ""}]);
    world.edit_in_xero(xero, json!({ "Phones": phones }));
    world.edit(acme, |c| c.email = "new@acme.example".into());
    world.sync(&[acme]).await;
    assert_eq!(world.xero_calls(), 1, "{:?}", world.xero_call_log());
    assert_eq!(world.in_xero(xero).phone("DEFAULT", "PhoneNumber"), "+1");
    assert_eq!(history(&world, acme).await.len(), 1, "only the create");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_phone_that_a_person_entered_in_three_parts_is_the_same() {
    let (world, acme, xero) = linked(&[]).await;
    let phones = json!([{"PhoneType": "DEFAULT", "PhoneCountryCode": "44", "PhoneAreaCode": "113", "PhoneNumber": "0000001"}]);
    world.edit_in_xero(xero, json!({ "Phones": phones }));
    let before = world.in_bigchange(acme).phone;
    assert_eq!(before, "+441130000001");
    world.edit(acme, |c| c.phone = "+4420".into());
    world.sync(&[acme]).await;
    assert_eq!(world.in_xero(xero).phone("DEFAULT", "PhoneNumber"), "+4420");
    assert_eq!(world.in_xero(xero).phone("DEFAULT", "PhoneAreaCode"), "");
    assert_eq!(world.record(acme).await.notices, [], "nobody corrected it");
}

#[tokio::test]
async fn one_changed_contact_takes_two_calls_and_forty_no_more() {
    for (count, calls) in [(1, 2), (40, 2), (45, 3)] {
        let mut world = World::creating();
        let ids: Vec<u64> = (0..count)
            .map(|n| world.customer_with_reference(&format!("Customer {n}"), &format!("C{n}")))
            .collect();
        world.sync(&ids).await;
        world.pass(Duration::DAY);
        world.reset_calls();
        for id in &ids {
            world.edit(*id, |c| c.phone = "+4420".into());
        }
        world.sync(&ids).await;
        assert_eq!(world.xero_calls(), calls, "{:?}", world.xero_call_log());
        for id in &ids {
            let xero = world.linked(*id).await.unwrap();
            assert_eq!(world.in_xero(xero).phone("DEFAULT", "PhoneNumber"), "+4420");
        }
        world.is_quiet(&ids).await;
    }
}

const HOLD: (&str, &str) = ("ON_CONFLICT", "hold");

#[tokio::test]
async fn a_unit_that_changed_in_both_is_held_while_the_others_go() {
    let (mut world, acme, xero) = linked(&[HOLD]).await;
    world.edit_in_xero(xero, json!({"EmailAddress": CORRECTED}));
    world.edit(acme, |c| {
        c.email = "new@acme.example".into();
        c.phone = "+4420".into();
    });
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "ChangedInBoth");
    let sentence = world.problem(acme).await.unwrap().sentence;
    for part in ["Acme", CORRECTED, "new@acme.example"] {
        assert!(sentence.contains(part), "{sentence}");
    }
    assert_eq!(world.in_xero(xero).text("EmailAddress"), CORRECTED);
    assert_eq!(world.in_xero(xero).phone("DEFAULT", "PhoneNumber"), "+4420");
    assert_eq!(world.linked(acme).await, Some(xero));
    world.is_quiet(&[acme]).await;
    // A later edit of another unit goes, and the unit stays held since when it was.
    let since = world.problem(acme).await.unwrap().first_seen;
    world.pass(Duration::hours(3));
    world.edit(acme, |c| c.phone = "+4421".into());
    world.sync(&[acme]).await;
    assert_eq!(world.in_xero(xero).phone("DEFAULT", "PhoneNumber"), "+4421");
    assert_eq!(world.problem_code(acme).await, "ChangedInBoth");
    assert_eq!(world.problem(acme).await.unwrap().first_seen, since);
    // Made equal in BigChange.
    world.edit(acme, |c| c.email = CORRECTED.into());
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_person_says_whose_value_stays_and_the_worker_does_it() {
    for (side, stays) in [
        (Side::Xero, CORRECTED),
        (Side::BigChange, "new@acme.example"),
    ] {
        let (world, acme, xero) = linked(&[HOLD]).await;
        let records = world.records();
        let nothing_held = manual_match::held_units(&records, contact(acme)).await;
        assert!(nothing_held.is_err());
        world.edit_in_xero(xero, json!({"EmailAddress": CORRECTED}));
        world.edit(acme, |c| c.email = "new@acme.example".into());
        world.sync(&[acme]).await;
        let held = manual_match::held_units(&records, contact(acme)).await;
        manual_match::keep(&records, contact(acme), side, &held.unwrap(), at(&world))
            .await
            .unwrap();
        world.sync(&[acme]).await;
        assert_eq!(world.problem_code(acme).await, "", "{side:?}");
        assert_eq!(world.in_xero(xero).text("EmailAddress"), stays);
        assert_eq!(world.record(acme).await.keep, None, "it was said for once");
        let is_told = world.record(acme).await.notices.len() == 1;
        assert_eq!(is_told, side == Side::BigChange);
        world.is_quiet(&[acme]).await;
        // The next edit is another matter.
        world.edit(acme, |c| c.email = "newer@acme.example".into());
        world.sync(&[acme]).await;
        let code = world.problem_code(acme).await;
        assert_eq!(code == "ChangedInBoth", side == Side::Xero, "{code}");
    }
}

#[tokio::test]
async fn what_a_lost_write_overwrote_is_kept_and_told_by_the_next_attempt() {
    for arrived in [true, false] {
        let (mut world, acme, xero) = linked(&[]).await;
        world.edit_in_xero(xero, json!({"EmailAddress": CORRECTED}));
        world.edit(acme, |c| c.email = "new@acme.example".into());
        let kind = if arrived {
            fake_xero::FaultKind::LostAnswer
        } else {
            fake_xero::FaultKind::LostRequest
        };
        let fault = fake_xero::Fault::next_call(kind).on("POST", "/Contacts");
        world.network.xero().inject(fault);
        world.sync(&[acme]).await;
        assert_eq!(history(&world, acme).await.len(), 1, "only the create");
        world.settle().await;
        assert_eq!(world.in_xero(xero).text("EmailAddress"), "new@acme.example");
        let change = ("email".into(), CORRECTED.into(), "new@acme.example".into());
        assert_eq!(last_change(&world, acme).await, [change], "{arrived}");
        assert_eq!(world.record(acme).await.notices.len(), 1, "{arrived}");
        world.is_quiet(&[acme]).await;
    }
}

#[tokio::test]
async fn what_the_look_finds_becomes_a_problem_and_clears_by_itself() {
    let rows = [
        (
            "ArchivedInXero",
            json!({"ContactStatus": "ARCHIVED"}),
            json!({"ContactStatus": "ACTIVE"}),
        ),
        (
            "AccountReferenceChanged",
            json!({"AccountNumber": "B2"}),
            json!({"AccountNumber": "A1"}),
        ),
        (
            "OwnedByAnotherProgram",
            json!({"ContactNumber": "CRM-1"}),
            json!({"ContactNumber": "BigChange-1"}),
        ),
    ];
    for (code, changed, mended) in rows {
        let (mut world, acme, xero) = linked(&[]).await;
        world.edit_in_xero(xero, changed);
        look(&world, acme).await;
        assert_eq!(world.problem_code(acme).await, code);
        assert_eq!(world.xero_calls(), 1, "{code}");
        world.is_quiet(&[acme]).await;
        world.edit_in_xero(xero, mended);
        crate::cures::hourly_look(&mut world, acme, xero).await;
        assert_eq!(world.problem_code(acme).await, "", "{code}");
        assert_eq!(world.linked(acme).await, Some(xero));
        world.is_quiet(&[acme]).await;
    }
    // One that was erased stays so.
    let (world, acme, xero) = linked(&[]).await;
    world.edit_in_xero(xero, json!({"ContactStatus": "GDPRREQUEST"}));
    look(&world, acme).await;
    assert_eq!(world.problem_code(acme).await, "ErasedInXero");
    // A number that was taken away is entered again.
    let (world, acme, xero) = linked(&[]).await;
    world.edit_in_xero(xero, json!({"AccountNumber": ""}));
    look(&world, acme).await;
    assert_eq!(world.problem_code(acme).await, "");
    assert_eq!(world.in_xero(xero).text("AccountNumber"), "A1");
    assert_eq!(world.record(acme).await.notices.len(), 1);
    // Where nothing is wrong, nothing is written.
    let before = world.record(acme).await;
    look(&world, acme).await;
    assert_eq!(world.record(acme).await, before);
}

async fn claims(world: &World) -> Vec<Uuid> {
    let claims = world.all::<XeroContactRecord>().await;
    let mut claims: Vec<Uuid> = claims.iter().map(|(id, _)| id.parse().unwrap()).collect();
    claims.sort_unstable();
    claims
}

/// A person merges one Xero contact into another.
fn merge(world: &World, from: Uuid, into: Uuid) {
    let merged = json!({"ContactStatus": "ARCHIVED", "MergedToContactID": into});
    world.edit_in_xero(from, merged);
}

#[tokio::test]
async fn a_link_follows_a_merge_into_a_contact_with_its_number() {
    let (world, acme, xero) = linked(&[]).await;
    let other = world.xero_contact(json!({"Name": "Acme Group", "ContactNumber": "CRM-7"}));
    world.edit_in_xero(xero, json!({"AccountNumber": ""}));
    world.edit_in_xero(other, json!({"AccountNumber": "A1"}));
    merge(&world, xero, other);
    look(&world, acme).await;
    assert_eq!(world.problem_code(acme).await, "");
    assert_eq!(world.linked(acme).await, Some(other));
    let mut both = vec![xero, other];
    both.sort_unstable();
    assert_eq!(
        claims(&world).await,
        both,
        "the merged one is nobody else's"
    );
    let last = history(&world, acme).await.pop().unwrap();
    assert_eq!(last.event, HistoryEvent::FollowedMerge);
    let code = |notice: &Notice| notice.code();
    let told: Vec<_> = last.notices.iter().map(code).collect();
    assert_eq!(told, ["FollowedMerge"]);
    world.is_quiet(&[acme]).await;
    // Later edits go to the survivor.
    world.edit(acme, |c| c.phone = "+4420".into());
    world.sync(&[acme]).await;
    assert_eq!(
        world.in_xero(other).phone("DEFAULT", "PhoneNumber"),
        "+4420"
    );
    // Xero's support undoes the merge.
    let undone = json!({"ContactStatus": "ACTIVE", "MergedToContactID": null});
    world.edit_in_xero(xero, undone);
    look(&world, acme).await;
    assert_eq!(world.problem_code(acme).await, "AmbiguousMatch");
    // Deleted in BigChange, it lets go of both.
    world.network.bigchange().delete(world.network.now(), acme);
    world.sync(&[acme]).await;
    assert_eq!(claims(&world).await, Vec::<Uuid>::new());
}

#[tokio::test]
async fn a_blank_survivor_gets_our_number_or_the_new_one_that_a_person_enters() {
    let (world, acme, xero) = linked(&[]).await;
    let other = world.xero_contact(json!({"Name": "Acme Group"}));
    merge(&world, xero, other);
    look(&world, acme).await;
    assert_eq!(world.problem_code(acme).await, "NumberHeldByArchived");
    assert_eq!(world.linked(acme).await, Some(xero), "it has not moved");
    assert_eq!(world.record(acme).await.intent, None);
    assert_eq!(claims(&world).await, [xero], "nothing else is claimed");
    world.is_quiet(&[acme]).await;
    world.edit(acme, |c| c.account_reference = "A9".into());
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "");
    assert_eq!(world.linked(acme).await, Some(other));
    assert_eq!(world.in_xero(other).text("AccountNumber"), "A9");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_survivor_with_a_number_of_its_own_waits_for_that_number() {
    let (world, acme, xero) = linked(&[]).await;
    let other = world.xero_contact(json!({"Name": "Acme Group", "AccountNumber": "G1"}));
    merge(&world, xero, other);
    look(&world, acme).await;
    assert_eq!(world.problem_code(acme).await, "MergedInXero");
    let problem = world.problem(acme).await.unwrap();
    assert!(problem.cure.contains("enter G1"), "{}", problem.cure);
    world.is_quiet(&[acme]).await;
    world.edit(acme, |c| c.account_reference = "G1".into());
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "");
    assert_eq!(world.linked(acme).await, Some(other));
    assert_eq!(
        world
            .record(acme)
            .await
            .link
            .unwrap()
            .account_reference
            .as_str(),
        "G1"
    );
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_merge_into_another_customers_contact_names_that_customer() {
    let (mut world, acme, xero) = linked(&[]).await;
    let bolt = world.customer_with_reference("Bolt", "B1");
    world.sync(&[bolt]).await;
    let of_bolt = world.linked(bolt).await.unwrap();
    merge(&world, xero, of_bolt);
    look(&world, acme).await;
    let problem = world.problem(acme).await.unwrap().problem;
    let Problem::LinkedToAnotherContact {
        other,
        merged_from: Some(from),
        ..
    } = problem
    else {
        panic!("{problem:?}");
    };
    assert_eq!((other.get(), Uuid::from(from.id)), (bolt, xero));
    // The same customer: the other is deleted in BigChange, and this one is told what to enter.
    world.network.bigchange().delete(world.network.now(), bolt);
    world.sync(&[bolt]).await;
    world.settle().await;
    assert_eq!(world.problem_code(acme).await, "MergedInXero");
    world.edit(acme, |c| c.account_reference = "B1".into());
    world.sync(&[acme]).await;
    assert_eq!(world.linked(acme).await, Some(of_bolt));
    assert_eq!(world.problem_code(acme).await, "");
}

#[tokio::test]
async fn a_merge_in_the_moment_of_our_write_is_followed_at_once() {
    let (world, acme, xero) = linked(&[]).await;
    let other = world.xero_contact(json!({"Name": "Acme Group", "AccountNumber": "G1"}));
    world.edit(acme, |c| c.phone = "+4420".into());
    let is_write = |request: &transport::Request| *request.method() == http::Method::POST;
    world.network.just_before(is_write, move |network| {
        let merged =
            json!([{"ContactID": xero, "ContactStatus": "ARCHIVED", "MergedToContactID": other}]);
        network.xero().seed(network.now(), &merged).unwrap();
    });
    world.sync(&[acme]).await;
    assert_eq!(world.problem_code(acme).await, "MergedInXero");
    assert_eq!(world.record(acme).await.intent, None);
    world.edit(acme, |c| c.account_reference = "G1".into());
    world.sync(&[acme]).await;
    assert_eq!(world.linked(acme).await, Some(other));
    assert_eq!(
        world.in_xero(other).phone("DEFAULT", "PhoneNumber"),
        "+4420"
    );
}

#[tokio::test]
async fn a_chain_of_merges_is_read_to_its_end() {
    let (world, acme, xero) = linked(&[]).await;
    let chain = world.xero_contacts(
        &json!([{"Name": "Two"}, {"Name": "Three"}, {"Name": "Four", "AccountNumber": "F4"}]),
    );
    merge(&world, xero, chain[0]);
    merge(&world, chain[0], chain[1]);
    merge(&world, chain[1], chain[2]);
    look(&world, acme).await;
    let problem = world.problem(acme).await.unwrap().problem;
    let Problem::MergedInXero { xero: survivor, .. } = problem else {
        panic!("{problem:?}");
    };
    assert_eq!(Uuid::from(survivor.id), chain[2]);
    assert_eq!(world.xero_calls(), 4, "one for each contact of the chain");
}
