//! The client against the stateful fake: what it sends does what it is meant to do.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot be set up has failed"
)]

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use fake_xero::{Config, Delivery, FakeXero, Fault, FaultKind, RateLimitProblem};
use futures::future::BoxFuture;
use rules::{
    AccountReference, Address, ContactId, ContactNumber, ContactStatus, NewXeroContact, Person,
    XeroChanges, XeroContactId,
};
use serde_json::{Value, json};
use time::OffsetDateTime;
use transport::{Request, Response, Transport, TransportError};
use xero::{
    Access, AuthLostCause, ElementResult, Error, Identity, IdentityError, LimitProblem, Refusal,
    Update, Xero,
};

/// A fake Xero and its clock, reached without a socket.
struct Fake {
    xero: Mutex<FakeXero>,
    now: Mutex<SystemTime>,
}

impl Transport for Fake {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let answer = self.xero.lock().unwrap().handle(self.now(), &request);
        let is_lost = answer.extensions().get::<Delivery>() == Some(&Delivery::Lost);
        Box::pin(async move {
            if is_lost {
                Err(TransportError::AnswerLost)
            } else {
                Ok(answer)
            }
        })
    }
}

impl Fake {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            xero: Mutex::new(FakeXero::new(Config::default())),
            now: Mutex::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_000_000)),
        })
    }

    fn now(&self) -> SystemTime {
        *self.now.lock().unwrap()
    }

    fn pass(&self, time: Duration) {
        *self.now.lock().unwrap() += time;
    }

    fn inject(&self, kind: FaultKind) {
        self.xero.lock().unwrap().inject(Fault::next_call(kind));
    }

    fn seed(&self, contacts: &Value) -> Vec<XeroContactId> {
        let ids = self.xero.lock().unwrap().seed(self.now(), contacts);
        ids.unwrap()
            .into_iter()
            .map(|id| id.try_into().unwrap())
            .collect()
    }

    fn access(&self) -> Access {
        let mut fake = self.xero.lock().unwrap();
        Access {
            token: fake.issue_tokens(self.now()).access_token.into(),
            tenant: fake.tenant_id().try_into().unwrap(),
        }
    }

    fn client(self: &Arc<Self>) -> Xero {
        let transport: Arc<dyn Transport> = self.clone();
        Xero::new(transport, "https://api.xero.com".parse().unwrap())
    }

    fn identity(self: &Arc<Self>, client_secret: &str) -> Identity {
        let client_id = Config::default().client_id;
        let url = "https://identity.xero.com".parse().unwrap();
        let secret = client_secret.to_owned().into();
        Identity::new(self.clone(), url, client_id, secret)
    }

    /// A field of a contact as the fake holds it.
    fn held(&self, id: XeroContactId, read: impl Fn(&fake_xero::Contact) -> &str) -> String {
        let fake = self.xero.lock().unwrap();
        read(fake.contact(id.into()).unwrap()).to_owned()
    }
}

fn wanted(number: u64, name: &str, account_number: &str) -> NewXeroContact {
    NewXeroContact {
        name: name.to_owned(),
        account_number: AccountReference::parse(account_number).unwrap(),
        contact_number: ContactNumber::ours(ContactId::try_from(number).unwrap()),
        address: Some(Address {
            street: "1 High Street".to_owned(),
            town: "Leeds".to_owned(),
            postcode: "LS1 1AA".to_owned(),
            country: "United Kingdom".to_owned(),
        }),
        phone: Some("01130000000".to_owned()),
        email: Some("office@example.com".to_owned()),
        person: Some(Person {
            first_names: "Jo".to_owned(),
            last_name: "Smith".to_owned(),
        }),
    }
}

fn saved(result: &ElementResult) -> &rules::XeroContact {
    match result {
        ElementResult::Saved(contact) => contact,
        ElementResult::Refused { kind, .. } => panic!("refused as {kind:?}"),
        ElementResult::Unknown { what } => panic!("{what}"),
    }
}

fn refusal(result: &ElementResult) -> Refusal {
    match result {
        ElementResult::Saved(_) => panic!("saved"),
        ElementResult::Refused { kind, .. } => *kind,
        ElementResult::Unknown { what } => panic!("{what}"),
    }
}

#[tokio::test]
async fn a_created_contact_is_found_in_every_way() {
    let fake = Fake::new();
    let (xero, access) = (fake.client(), fake.access());
    let new = wanted(7, "Café & Sons + Co", "CAFE 0007");
    let results = xero
        .create(&access, std::slice::from_ref(&new), "k1")
        .await
        .unwrap()
        .value;
    let created = saved(&results[0]).clone();
    assert_eq!(created.status, ContactStatus::Active);
    assert_eq!(created.contact_number, Some(new.contact_number.clone()));
    assert_eq!(
        fake.held(created.id, |contact| contact.address("POBOX", "City")),
        "Leeds"
    );

    let expected = vec![created.clone()];
    let by_id = xero.contacts_by_id(&access, &[created.id]).await.unwrap();
    assert_eq!(by_id.value, expected);
    let references = ["cafe 0007".to_owned()];
    let by_reference = xero.contacts_by_account_number(&access, &references).await;
    assert_eq!(by_reference.unwrap().value, expected);
    let names = ["CAFE & SONS + CO".to_owned(), "Other".to_owned()];
    let by_name = xero.contacts_by_name(&access, &names).await.unwrap();
    assert_eq!(by_name.value, expected);
    let by_search = xero
        .contacts_by_search(&access, "& Sons +", 1)
        .await
        .unwrap();
    // A list of many holds what they are found by, and not what they show.
    let in_a_list = rules::XeroContact {
        details: None,
        ..created.clone()
    };
    assert_eq!(by_search.value.contacts, [in_a_list]);
    let page = xero.directory_page(&access, 1, None).await.unwrap();
    assert!(page.value.contacts.iter().all(|one| one.details.is_none()));
    let by_number = xero.contact_by_number(&access, &new.contact_number).await;
    assert_eq!(by_number.unwrap().value, Some(created));
    let other = ContactNumber::from_xero("BigChange-8").unwrap();
    let none = xero.contact_by_number(&access, &other).await.unwrap();
    assert_eq!(none.value, None);
}

#[tokio::test]
async fn archived_contacts_are_found_with_what_they_were_merged_into() {
    let fake = Fake::new();
    let ids = fake.seed(&json!([{"Name": "Survivor"}]));
    let merged = json!([{"Name": "Loser", "AccountNumber": "L1", "ContactNumber": "other-1", "ContactStatus": "ARCHIVED", "MergedToContactID": ids[0]}]);
    fake.seed(&merged);
    let (xero, access) = (fake.client(), fake.access());
    let references = ["L1".to_owned()];
    let found = xero
        .contacts_by_account_number(&access, &references)
        .await
        .unwrap()
        .value;
    assert_eq!(found[0].status, ContactStatus::Archived);
    assert_eq!(found[0].merged_into, Some(ids[0]));
    let number = ContactNumber::from_xero("other-1").unwrap();
    let single = xero.contact_by_number(&access, &number).await.unwrap();
    assert_eq!(single.value.as_ref(), found.first());
}

#[tokio::test]
async fn the_directory_is_read_page_by_page_and_then_by_what_changed() {
    let fake = Fake::new();
    let contacts: Vec<_> = (0..1_050)
        .map(|n| json!({"Name": format!("Customer {n}"), "ContactStatus": if n % 10 == 0 { "ARCHIVED" } else { "ACTIVE" }}))
        .collect();
    fake.seed(&Value::from(contacts));
    let (xero, access) = (fake.client(), fake.access());
    let first = xero.directory_page(&access, 1, None).await.unwrap().value;
    let second = xero.directory_page(&access, 2, None).await.unwrap().value;
    assert_eq!((first.page_count, first.item_count), (Some(2), Some(1_050)));
    assert_eq!((first.contacts.len(), second.contacts.len()), (1_000, 50));
    assert_eq!((first.unreadable, second.unreadable), (0, 0));
    let ids: Vec<_> = first
        .contacts
        .iter()
        .chain(&second.contacts)
        .map(|contact| contact.id)
        .collect();
    assert!(ids.is_sorted());
    assert_eq!(first.as_of, OffsetDateTime::from(fake.now()));

    fake.pass(Duration::from_secs(60));
    let since = OffsetDateTime::from(fake.now());
    let nothing = xero
        .directory_page(&access, 1, Some(since))
        .await
        .unwrap()
        .value;
    assert_eq!((nothing.contacts.len(), nothing.page_count), (0, Some(0)));
    fake.seed(&json!([{"ContactID": ids[3], "Name": "Renamed"}]));
    let changed = xero
        .directory_page(&access, 1, Some(since))
        .await
        .unwrap()
        .value;
    assert_eq!(changed.contacts.len(), 1);
    assert_eq!(changed.contacts[0].name, "Renamed");
}

#[tokio::test]
async fn each_refusal_of_a_create_is_recognised_beside_saved_siblings() {
    let fake = Fake::new();
    fake.seed(&json!([
        {"Name": "Taken", "AccountNumber": "T1", "ContactNumber": "BigChange-90"},
        {"Name": "Gone", "ContactNumber": "BigChange-91", "ContactStatus": "ARCHIVED"},
    ]));
    let (xero, access) = (fake.client(), fake.access());
    let mut invalid = wanted(5, "Five", "N5");
    invalid.email = Some("no address".to_owned());
    let contacts = [
        wanted(1, "taken", "N1"),
        wanted(2, "Two", "t1"),
        wanted(90, "Three", "N3"),
        wanted(91, "Four", "N4"),
        invalid,
        wanted(6, "Six", "N6"),
    ];
    let results = xero.create(&access, &contacts, "k1").await.unwrap().value;
    let refusals: Vec<_> = results[..5].iter().map(refusal).collect();
    assert_eq!(
        refusals,
        [
            Refusal::NameTaken,
            Refusal::AccountNumberTaken,
            Refusal::ContactNumberTaken,
            Refusal::Archived,
            Refusal::Invalid
        ]
    );
    assert_eq!(saved(&results[5]).name, "Six");
}

#[tokio::test]
async fn an_update_changes_only_what_it_names_and_whole_units() {
    let fake = Fake::new();
    let ids = fake.seed(&json!([{
        "Name": "Acme", "EmailAddress": "old@example.com", "FirstName": "Old",
        "Addresses": [{"AddressType": "POBOX", "AddressLine1": "Old", "AddressLine2": "Floor 2", "Region": "Yorks", "City": "York"}, {"AddressType": "STREET", "City": "Hull"}],
        "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "1", "PhoneAreaCode": "0113", "PhoneCountryCode": "44"}],
    }]));
    let (xero, access) = (fake.client(), fake.access());
    let changes = XeroChanges {
        name: Some("Acme Limited".to_owned()),
        account_number: Some(AccountReference::parse("A1").unwrap()),
        address: Some(Address {
            street: "2 New Street".to_owned(),
            ..Address::default()
        }),
        phone: Some("02".to_owned()),
        ..XeroChanges::default()
    };
    let answer = xero.update(&access, ids[0], &changes, "k1").await.unwrap();
    let contact = saved(&answer.value);
    assert_eq!(
        (contact.name.as_str(), contact.account_number.as_str()),
        ("Acme Limited", "A1")
    );
    for (kind, field, expected) in [
        ("POBOX", "AddressLine1", "2 New Street"),
        ("POBOX", "AddressLine2", ""),
        ("POBOX", "Region", ""),
        ("POBOX", "City", ""),
        ("STREET", "City", "Hull"),
    ] {
        let held = fake.held(ids[0], |contact| contact.address(kind, field));
        assert_eq!(held, expected, "{kind} {field}");
    }
    for (field, expected) in [
        ("PhoneNumber", "02"),
        ("PhoneAreaCode", ""),
        ("PhoneCountryCode", ""),
    ] {
        let held = fake.held(ids[0], |contact| contact.phone("DEFAULT", field));
        assert_eq!(held, expected, "{field}");
    }
    assert_eq!(
        fake.held(ids[0], |contact| contact.text("EmailAddress")),
        "old@example.com"
    );
    assert_eq!(
        fake.held(ids[0], |contact| contact.text("FirstName")),
        "Old"
    );
}

#[tokio::test]
async fn updates_of_archived_and_unknown_contacts_are_told_apart() {
    let fake = Fake::new();
    let ids = fake.seed(&json!([{"Name": "Gone", "ContactStatus": "ARCHIVED"}]));
    let (xero, access) = (fake.client(), fake.access());
    let changes = XeroChanges {
        email: Some(String::new()),
        ..XeroChanges::default()
    };
    let archived = xero.update(&access, ids[0], &changes, "k1").await.unwrap();
    assert_eq!(refusal(&archived.value), Refusal::Archived);
    let unknown = "99999999-0000-0000-0000-000000000001".parse().unwrap();
    let missing = xero.update(&access, unknown, &changes, "k2").await;
    assert_eq!(missing, Err(Error::NotFound));
}

#[tokio::test]
async fn many_updates_are_saved_each_for_itself() {
    let fake = Fake::new();
    let ids = fake.seed(&json!([
        {"Name": "One"}, {"Name": "Two", "ContactStatus": "ARCHIVED"}, {"Name": "Three", "AccountNumber": "T3"},
    ]));
    let (xero, access) = (fake.client(), fake.access());
    let update = |id, reference: &str| {
        let changes = XeroChanges {
            account_number: Some(AccountReference::parse(reference).unwrap()),
            ..XeroChanges::default()
        };
        Update::new(id, changes).unwrap()
    };
    let updates = [
        update(ids[0], "N1"),
        update(ids[1], "N2"),
        update(ids[2], "T3"),
    ];
    let results = xero
        .update_many(&access, &updates, "k1")
        .await
        .unwrap()
        .value;
    assert_eq!(saved(&results[0]).account_number, "N1");
    assert_eq!(refusal(&results[1]), Refusal::Archived);
    assert_eq!(saved(&results[2]).id, ids[2]);
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_found_by_its_number() {
    let fake = Fake::new();
    let (xero, access) = (fake.client(), fake.access());
    let new = [wanted(7, "Acme", "A1")];
    fake.inject(FaultKind::LostAnswer);
    let lost = xero.create(&access, &new, "k1").await;
    assert_eq!(
        lost,
        Err(Error::Transient {
            retry_after: None,
            answer_lost: true
        })
    );
    let found = xero
        .contact_by_number(&access, &new[0].contact_number)
        .await
        .unwrap();
    assert_eq!(found.value.unwrap().name, "Acme");
    let again = xero.create(&access, &new, "k1").await.unwrap().value;
    assert_eq!(
        saved(&again[0]).name,
        "Acme",
        "the same call under the same key is replayed"
    );
    let other = [wanted(8, "Beta", "B1")];
    let reused = xero.create(&access, &other, "k1").await;
    assert_eq!(reused, Err(Error::IdempotencyKeyReused));
}

#[tokio::test]
async fn limits_and_faults_are_told_by_what_to_do() {
    let fake = Fake::new();
    let (xero, access) = (fake.client(), fake.access());
    let answer = xero.directory_page(&access, 1, None).await.unwrap();
    assert_eq!(answer.limits.minute_remaining, Some(59));
    assert_eq!(answer.limits.day_remaining, Some(4_999));
    fake.inject(FaultKind::RateLimit {
        problem: RateLimitProblem::Day,
        retry_after_seconds: Some(3_600),
    });
    let limited = xero.directory_page(&access, 1, None).await;
    let Err(Error::RateLimited {
        problem,
        retry_after,
        ..
    }) = limited
    else {
        panic!("a limit is reached")
    };
    assert_eq!(problem, LimitProblem::Day);
    assert_eq!(retry_after, Some(Duration::from_secs(3_600)));
    for status in [500, 503] {
        fake.inject(FaultKind::Status { status });
        let broken = xero.directory_page(&access, 1, None).await;
        assert!(matches!(broken, Err(Error::Transient { .. })), "{status}");
    }
}

#[tokio::test]
async fn a_token_expires_and_a_connection_ends() {
    let fake = Fake::new();
    let (xero, access) = (fake.client(), fake.access());
    let connections = xero.connections(&access.token).await.unwrap();
    assert_eq!(connections[0].tenant_id, access.tenant);
    assert_eq!(connections[0].tenant_type, "ORGANISATION");

    let tenant = access.tenant.into();
    fake.xero.lock().unwrap().set_connected(tenant, false);
    let gone = xero.directory_page(&access, 1, None).await;
    let cause = AuthLostCause::NotConnected;
    assert_eq!(gone.unwrap_err(), Error::AuthLost { cause });

    fake.pass(Duration::from_secs(1_801));
    let expired = xero.directory_page(&access, 1, None).await;
    assert_eq!(expired.unwrap_err(), Error::AuthExpired);
}

#[tokio::test]
async fn a_refresh_rotates_and_the_old_token_works_for_half_an_hour() {
    let fake = Fake::new();
    let issued = fake.xero.lock().unwrap().issue_tokens(fake.now());
    let first = issued.refresh_token.unwrap().into();
    let identity = fake.identity(&Config::default().client_secret);
    let tokens = identity.refresh(&first).await.unwrap();
    assert_eq!(tokens.expires_in, Duration::from_secs(1_800));
    let access = Access {
        token: tokens.access_token,
        ..fake.access()
    };
    assert!(fake.client().directory_page(&access, 1, None).await.is_ok());

    fake.inject(FaultKind::LostAnswer);
    let second = tokens.refresh_token.unwrap();
    let lost = identity.refresh(&second).await.unwrap_err();
    assert_eq!(
        lost,
        IdentityError::Transient {
            retry_after: None,
            answer_lost: true
        }
    );
    assert!(identity.refresh(&second).await.is_ok(), "within the grace");
    fake.pass(Duration::from_secs(31 * 60));
    let dead = identity.refresh(&second).await.unwrap_err();
    assert_eq!(dead, IdentityError::InvalidGrant);
}

#[tokio::test]
async fn a_custom_connection_works_and_a_wrong_secret_is_rejected() {
    let fake = Fake::new();
    let identity = fake.identity(&Config::default().client_secret);
    let tokens = identity.client_credentials().await.unwrap();
    assert!(tokens.refresh_token.is_none());
    let access = Access {
        token: tokens.access_token,
        ..fake.access()
    };
    assert!(fake.client().directory_page(&access, 1, None).await.is_ok());
    let wrong = fake.identity("wrong").client_credentials().await;
    assert_eq!(wrong.unwrap_err(), IdentityError::InvalidClient);
}

#[tokio::test]
async fn the_organisation_tells_its_short_code_or_has_none() {
    let fake = Fake::new();
    let (xero, access) = (fake.client(), fake.access());
    let told = xero.organisation(&access).await.unwrap().value;
    let code = told.short_code.map(|code| code.to_string());
    assert_eq!(code.as_deref(), Some("!Fake1"));
    for short_code in [None, Some(String::new()), Some("//evil.example".to_owned())] {
        fake.xero.lock().unwrap().config_mut().short_code = short_code;
        let told = xero.organisation(&access).await.unwrap().value;
        assert_eq!(told.short_code, None);
    }
}
