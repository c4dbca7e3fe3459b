use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bigchange::{BigChange, Error};
use fake_bigchange::{
    Behaviour, EmptyList, FakeBigChange, FakeContact, Fault, FaultKind, InProcess,
};
use rules::{AccountReference, AccountType, Contact};
use time::macros::datetime;

use crate::hand_made::client_of;
use crate::{contact_id, group_id};

const NOW: time::OffsetDateTime = datetime!(2026-11-02 10:00 UTC);

/// Two account customers, the second with a site, and everything that a query string could garble.
fn company() -> (BigChange, InProcess) {
    let mut company = FakeBigChange::new();
    let now = SystemTime::from(NOW);
    company.add_group(10, "Account customers & friends");
    company.add_group(11, "Sites");
    company.add_contact(
        now,
        FakeContact {
            id: 1,
            group_id: 10,
            name: "Example + Söhne & Co = 100 %".to_owned(),
            street: "1 Example Street\nYard #2".to_owned(),
            town: "Exampleton".to_owned(),
            postcode: "EX1 1EX".to_owned(),
            country: "United Kingdom".to_owned(),
            person: "Pat Example".to_owned(),
            phone: "+440000000000".to_owned(),
            email: "pat+accounts@example.com".to_owned(),
            extra: "Ring; wait? \"ask\" <twice>".to_owned(),
            contact_reference: "REF/1".to_owned(),
            account_reference: "0001".to_owned(),
            account_type: Some(1),
            ..FakeContact::default()
        },
    );
    company.add_contact(
        now,
        FakeContact {
            id: 2,
            group_id: 10,
            name: "Example Two".to_owned(),
            street: "2 Example Street".to_owned(),
            financial_sync_exclude: true,
            ..FakeContact::default()
        },
    );
    company.add_contact(
        now,
        FakeContact {
            id: 3,
            group_id: 11,
            name: "Example Two, Yard".to_owned(),
            street: "3 Example Street".to_owned(),
            parent_id: Some(2),
            ..FakeContact::default()
        },
    );
    let later = now + Duration::from_secs(3600);
    let fake = InProcess::with_clock(Arc::new(Mutex::new(company)), Arc::new(move || later));
    (client_of(Arc::new(fake.clone())), fake)
}

fn first_contact() -> Contact {
    Contact {
        id: contact_id(1),
        group: Some(group_id(10)),
        parent: None,
        deleted: false,
        excluded_from_financial_sync: false,
        name: "Example + Söhne & Co = 100 %".to_owned(),
        street: "1 Example Street\nYard #2".to_owned(),
        town: "Exampleton".to_owned(),
        postcode: "EX1 1EX".to_owned(),
        country: "United Kingdom".to_owned(),
        person: "Pat Example".to_owned(),
        phone: "+440000000000".to_owned(),
        email: "pat+accounts@example.com".to_owned(),
        extra: "Ring; wait? \"ask\" <twice>".to_owned(),
        contact_reference: "REF/1".to_owned(),
        account_reference: "0001".to_owned(),
        account_type: Some(AccountType::XERO),
        missing: std::collections::BTreeSet::new(),
    }
}

#[tokio::test]
async fn ping_answers() {
    assert_eq!(company().0.ping().await, Ok(()));
}

#[tokio::test]
async fn groups_come_with_their_names() {
    let (client, fake) = company();
    let groups = client.groups().await.unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0].id, group_id(10));
    assert_eq!(groups[0].name, "Account customers & friends");
    *fake.core() = FakeBigChange::new();
    assert_eq!(client.groups().await.unwrap(), []);
}

#[tokio::test]
async fn a_contact_is_read_whole_however_its_numbers_are_written() {
    let (client, fake) = company();
    for numbers_as_text in [true, false] {
        fake.core().behaviour.numbers_as_text = numbers_as_text;
        assert_eq!(
            client.contact(contact_id(1)).await.unwrap(),
            Some(first_contact())
        );
        let second = client.contact(contact_id(2)).await.unwrap().unwrap();
        assert!(second.excluded_from_financial_sync);
        assert_eq!((second.account_type, second.parent), (None, None));
        let site = client.contact(contact_id(3)).await.unwrap().unwrap();
        assert_eq!(site.parent, Some(contact_id(2)));
    }
}

#[tokio::test]
async fn a_contact_that_is_unknown_or_deleted_is_none() {
    let (client, fake) = company();
    fake.core().delete(SystemTime::from(NOW), 1);
    assert_eq!(client.contact(contact_id(1)).await, Ok(None));
    assert_eq!(client.contact(contact_id(99)).await, Ok(None));
}

#[tokio::test]
async fn a_list_tells_sites_from_parents_and_ends_with_a_page_that_is_not_full() {
    let (client, _) = company();
    let page = client
        .contacts_in_group(group_id(11), 0, None)
        .await
        .unwrap();
    assert_eq!(page.contacts.len(), 1);
    assert_eq!(page.contacts[0].parent, Some(contact_id(2)));
    assert!(page.last);
    assert_eq!(page.unreadable, 0);
}

#[tokio::test]
async fn a_full_page_is_followed_by_another() {
    let (client, fake) = company();
    for id in 100..1200 {
        let contact = FakeContact {
            id,
            group_id: 12,
            ..FakeContact::default()
        };
        fake.core().add_contact(SystemTime::from(NOW), contact);
    }
    let group = group_id(12);
    let first = client.contacts_in_group(group, 0, None).await.unwrap();
    assert_eq!((first.contacts.len(), first.last), (1000, false));
    let second = client.contacts_in_group(group, 1, None).await.unwrap();
    assert_eq!((second.contacts.len(), second.last), (100, true));
    assert_eq!(second.contacts[0].id, contact_id(1100));
}

#[tokio::test]
async fn a_page_without_contacts_is_empty_and_the_last_however_it_is_said() {
    let (client, fake) = company();
    for said in [
        EmptyList::NotFound,
        EmptyList::WithoutResult,
        EmptyList::Text,
        EmptyList::TextOfOne,
        EmptyList::NoneInGroup,
    ] {
        fake.core().behaviour.empty_page = said;
        let page = client
            .contacts_in_group(group_id(10), 1, None)
            .await
            .unwrap();
        assert!(page.last && page.contacts.is_empty(), "{said:?}");
    }
}

#[tokio::test]
async fn a_list_of_one_may_come_as_that_one_object() {
    let (client, fake) = company();
    fake.core().behaviour.lists_of_one_as_object = true;
    fake.core()
        .edit(SystemTime::from(NOW), 2, |c| c.group_id = 12);
    let page = client.contacts_in_group(group_id(12), 0, None).await;
    let page = page.unwrap();
    assert_eq!((page.contacts.len(), page.last), (1, true));
    assert_eq!(page.contacts[0].id, contact_id(2));
}

#[tokio::test]
async fn a_wrong_group_is_not_an_empty_group() {
    let (client, fake) = company();
    for words in [
        "The contact group parameters are incorrect.",
        "No matching contact group",
    ] {
        let words_of_group = (10, words.to_owned());
        fake.core().behaviour.refused_groups = [words_of_group].into();
        let page = client.contacts_in_group(group_id(10), 0, None).await;
        assert_eq!(page.unwrap_err().refusal(), Some(words));
    }
}

#[tokio::test]
async fn a_list_can_be_of_changes_only() {
    let (client, fake) = company();
    let edited_at = SystemTime::from(NOW) + Duration::from_secs(60);
    fake.core()
        .edit(edited_at, 2, |c| c.town = "Elsewhere".to_owned());
    let since = NOW.to_offset(time::UtcOffset::from_hms(5, 0, 0).unwrap());
    let page = client
        .contacts_in_group(group_id(10), 0, Some(since))
        .await
        .unwrap();
    assert_eq!(page.contacts.len(), 1);
    assert_eq!(page.contacts[0].id, contact_id(2));
}

#[tokio::test]
async fn a_deleted_contact_in_a_list_is_marked() {
    let (client, fake) = company();
    fake.core().behaviour = Behaviour {
        deleted_in_lists: true,
        ..Behaviour::default()
    };
    fake.core().delete(SystemTime::from(NOW), 1);
    let page = client
        .contacts_in_group(group_id(10), 0, None)
        .await
        .unwrap();
    let deleted: Vec<bool> = page.contacts.iter().map(|c| c.deleted).collect();
    assert_eq!(deleted, [true, false]);
}

#[tokio::test]
async fn saving_the_account_sets_two_fields_and_no_other() {
    let (client, fake) = company();
    let before = fake.core().contact(2).unwrap().clone();
    let reference = AccountReference::parse("A&B+1").unwrap();
    client
        .save_account(contact_id(2), &reference, AccountType::XERO)
        .await
        .unwrap();
    let expected = FakeContact {
        account_reference: "A&B+1".to_owned(),
        account_type: Some(1),
        ..before
    };
    assert_eq!(fake.core().contact(2), Some(&expected));
}

#[tokio::test]
async fn setting_the_contact_reference_changes_no_other_field() {
    let (client, fake) = company();
    let before = fake.core().contact(1).unwrap().clone();
    let reference = AccountReference::parse("NEW 1").unwrap();
    let set = client.set_contact_reference(contact_id(1), &reference);
    set.await.unwrap();
    let after = fake.core().contact(1).unwrap().clone();
    let expected = FakeContact {
        contact_reference: "NEW 1".to_owned(),
        last_updated: after.last_updated,
        ..before
    };
    assert_eq!(after, expected);
}

#[tokio::test]
async fn a_contact_reference_that_bigchange_does_not_take_is_rejected_with_its_words() {
    let (client, _) = company();
    let taken = AccountReference::parse("X".repeat(41).as_str()).unwrap();
    let set = client.set_contact_reference(contact_id(1), &taken).await;
    let error = set.unwrap_err();
    assert_eq!(error.refusal(), Some("Reference Update Failed"));
}

#[tokio::test]
async fn a_right_that_is_missing_for_a_save_alone_is_no_lost_login() {
    let (client, fake) = company();
    let reference = AccountReference::parse("A1").unwrap();
    let actions = ["contactextrasave", "contactupdateref"];
    fake.core().behaviour.actions_without_right = actions.map(str::to_owned).into();
    let id = contact_id(1);
    let saves = [
        client.save_account(id, &reference, AccountType::XERO).await,
        client.set_contact_reference(id, &reference).await,
    ];
    for saved in saves {
        assert_eq!(saved.unwrap_err().refusal(), Some("misc_noRight"));
    }
    assert!(client.contact(id).await.unwrap().is_some());
}

#[tokio::test]
async fn saving_to_a_contact_that_is_gone_is_rejected_and_not_taken_for_done() {
    let (client, _) = company();
    let reference = AccountReference::parse("A1").unwrap();
    let saved = client
        .save_account(contact_id(99), &reference, AccountType::XERO)
        .await;
    assert!(matches!(saved, Err(Error::Rejected { .. })));
}

#[tokio::test]
async fn an_answer_lost_after_a_save_says_that_it_may_have_acted() {
    let (client, fake) = company();
    fake.core().order_fault(Fault::next(FaultKind::LostAnswer));
    let reference = AccountReference::parse("A1").unwrap();
    let saved = client
        .save_account(contact_id(2), &reference, AccountType::XERO)
        .await;
    assert!(matches!(
        saved,
        Err(Error::Transient {
            may_have_acted: true,
            ..
        })
    ));
    assert_eq!(fake.core().writes().len(), 1);
}

#[tokio::test]
async fn wrong_credentials_and_missing_rights_are_lost_authorisation() {
    let (client, fake) = company();
    let unlocked = fake.core().credentials.clone();
    fake.core().credentials.password = "another".to_owned();
    assert!(matches!(client.ping().await, Err(Error::AuthLost(_))));
    fake.core().credentials = unlocked.clone();
    fake.core().credentials.key = "another".to_owned();
    assert!(matches!(client.ping().await, Err(Error::AuthLost(_))));
    fake.core().credentials = unlocked;
    fake.core()
        .behaviour
        .actions_without_right
        .insert("contactdetail".to_owned());
    let error = client.contact(contact_id(1)).await.unwrap_err();
    assert!(error.to_string().contains("no right to ContactDetail"));
}
