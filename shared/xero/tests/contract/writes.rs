//! Writing to Xero: what is sent, and what each element's answer is taken for.

use std::sync::Arc;

use crate::support::*;
use rules::{AccountReference, Address, Person, XeroChanges, XeroContactId};
use serde_json::{Value, json};
use xero::{ElementResult, Error, MAX_BATCH, Refusal, RenamesGoSingly, Update};

const KEY: &str = "a-key";

fn body_of(stub: &Stub) -> Value {
    serde_json::from_slice(stub.only_request().body()).unwrap()
}

fn contact_id(number: u32) -> XeroContactId {
    id(number).parse().unwrap()
}

fn refused(number: u32, message: &str) -> Value {
    json!({
        "ContactID": id(number), "ContactStatus": "ARCHIVED", "Name": "A", "Addresses": [], "Phones": [], "ContactGroups": [], "ContactPersons": [],
        "HasValidationErrors": true, "StatusAttributeString": "ERROR", "ValidationErrors": [{"Message": message}],
    })
}

fn update(number: u32) -> Update {
    let changes = XeroChanges {
        phone: Some("1".to_owned()),
        ..XeroChanges::default()
    };
    Update::new(contact_id(number), changes).unwrap()
}

#[tokio::test]
async fn a_create_only_creates_and_lets_each_element_fail_by_itself() {
    let answer = envelope(&[contact(1, "Acme Ltd"), contact(2, "Beta Ltd")]);
    let stub = Stub::with(Ok(json_response(200, &answer)));
    let wanted = [full_contact(1, "Acme Ltd"), bare_contact(2, "Beta Ltd")];
    let results = xero(&stub)
        .create(&access(), &wanted, KEY)
        .await
        .unwrap()
        .value;
    assert!(
        matches!(&results[..], [ElementResult::Saved(acme), ElementResult::Saved(_)] if acme.id == contact_id(1))
    );
    let request = stub.only_request();
    assert_eq!(request.method(), "PUT");
    assert_eq!(
        request.uri().to_string(),
        "https://api.xero.com/api.xro/2.0/Contacts?summarizeErrors=false"
    );
    assert_eq!(request.headers()["idempotency-key"], KEY);
    assert_eq!(request.headers()["content-type"], "application/json");
    assert_eq!(request.headers()["xero-tenant-id"], TENANT);
    let sent: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        sent,
        json!({"Contacts": [
            {
                "Name": "Acme Ltd", "AccountNumber": "ACME0001", "ContactNumber": "BigChange-1",
                "FirstName": "Jo Ann", "LastName": "Smith", "EmailAddress": "office@example.com",
                "Addresses": [{
                    "AddressType": "POBOX", "AddressLine1": "1 High Street", "AddressLine2": "", "AddressLine3": "", "AddressLine4": "",
                    "City": "Leeds", "Region": "", "PostalCode": "LS1 1AA", "Country": "United Kingdom",
                }],
                "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "01130000000", "PhoneAreaCode": "", "PhoneCountryCode": ""}],
            },
            {"Name": "Beta Ltd", "AccountNumber": "ACME0002", "ContactNumber": "BigChange-2"},
        ]})
    );
}

#[tokio::test]
async fn status_200_is_not_taken_for_saved() {
    let saved = contact(1, "Acme Ltd");
    for (sign, element) in [
        (
            "an error status",
            with(saved.clone(), &json!({"StatusAttributeString": "ERROR"})),
        ),
        (
            "validation errors",
            with(saved.clone(), &json!({"HasValidationErrors": true})),
        ),
        (
            "a message",
            with(
                saved.clone(),
                &json!({"ValidationErrors": [{"Message": "no"}]}),
            ),
        ),
    ] {
        let stub = Stub::with(Ok(json_response(200, &envelope(&[element]))));
        let results = xero(&stub)
            .create(&access(), &[bare_contact(1, "Acme Ltd")], KEY)
            .await
            .unwrap()
            .value;
        assert!(
            matches!(
                results[..],
                [ElementResult::Refused {
                    kind: Refusal::Invalid,
                    ..
                }]
            ),
            "{sign}"
        );
    }
    for status in ["OK", "WARNING"] {
        let element = with(saved.clone(), &json!({"StatusAttributeString": status}));
        let stub = Stub::with(Ok(json_response(200, &envelope(&[element]))));
        let results = xero(&stub)
            .create(&access(), &[bare_contact(1, "Acme Ltd")], KEY)
            .await
            .unwrap()
            .value;
        assert!(matches!(results[..], [ElementResult::Saved(_)]), "{status}");
    }
}

#[tokio::test]
async fn a_refused_element_leaves_its_siblings_saved_and_keeps_xeros_words() {
    let words = "The Account Number already exists. Please enter a different Account Number.";
    let echo = json!({"ContactID": "00000000-0000-0000-0000-000000000000", "Name": "Beta Ltd", "StatusAttributeString": "ERROR", "HasValidationErrors": true, "ValidationErrors": [{"Message": words}]});
    let answer = envelope(&[contact(1, "Acme Ltd"), echo, contact(3, "Gamma Ltd")]);
    let stub = Stub::with(Ok(json_response(200, &answer)));
    let wanted = [
        bare_contact(1, "Acme Ltd"),
        bare_contact(2, "Beta Ltd"),
        bare_contact(3, "Gamma Ltd"),
    ];
    let results = xero(&stub)
        .create(&access(), &wanted, KEY)
        .await
        .unwrap()
        .value;
    let [
        ElementResult::Saved(_),
        ElementResult::Refused { kind, messages },
        ElementResult::Saved(_),
    ] = &results[..]
    else {
        panic!("the second is refused")
    };
    assert_eq!(*kind, Refusal::AccountNumberTaken);
    assert_eq!(messages[..], [words.to_owned()]);
    assert!(!format!("{results:?}").contains(words));
}

#[tokio::test]
async fn an_update_sends_only_what_changes_and_names_its_contact() {
    let stub = Stub::with(Ok(json_response(200, &envelope(&[contact(1, "Acme Ltd")]))));
    let changes = XeroChanges {
        email: Some(String::new()),
        ..XeroChanges::default()
    };
    xero(&stub)
        .update(&access(), contact_id(1), &changes, KEY)
        .await
        .unwrap();
    let request = stub.only_request();
    assert_eq!(request.method(), "POST");
    assert_eq!(
        request.uri().to_string(),
        format!("https://api.xero.com/api.xro/2.0/Contacts/{}", id(1))
    );
    let sent: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        sent,
        json!({"Contacts": [{"ContactID": id(1), "EmailAddress": ""}]})
    );
}

#[tokio::test]
async fn emptying_an_address_a_phone_or_a_person_leaves_no_part_of_it() {
    let stub = Stub::with(Ok(json_response(200, &envelope(&[contact(1, "Acme Ltd")]))));
    let changes = XeroChanges {
        name: Some("Acme Limited".to_owned()),
        account_number: Some(AccountReference::parse("ACME0001").unwrap()),
        address: Some(Address::default()),
        phone: Some(String::new()),
        person: Some(Person::default()),
        ..XeroChanges::default()
    };
    xero(&stub)
        .update(&access(), contact_id(1), &changes, KEY)
        .await
        .unwrap();
    assert_eq!(
        body_of(&stub),
        json!({"Contacts": [{
            "ContactID": id(1), "Name": "Acme Limited", "AccountNumber": "ACME0001", "FirstName": "", "LastName": "",
            "Addresses": [{
                "AddressType": "POBOX", "AddressLine1": "", "AddressLine2": "", "AddressLine3": "", "AddressLine4": "",
                "City": "", "Region": "", "PostalCode": "", "Country": "",
            }],
            "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "", "PhoneAreaCode": "", "PhoneCountryCode": ""}],
        }]})
    );
}

#[tokio::test]
async fn a_single_update_that_is_refused_comes_as_400_or_as_an_element() {
    let words = "The contact name Beta Ltd is already assigned to another contact. The contact name must be unique across all active contacts.";
    let mut element = refused(1, words);
    element
        .as_object_mut()
        .unwrap()
        .remove("StatusAttributeString");
    let exception = json!({"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred", "Elements": [element]});
    let in_200 = envelope(&[refused(1, words)]);
    for response in [json_response(400, &exception), json_response(200, &in_200)] {
        let stub = Stub::with(Ok(response));
        let answer = xero(&stub)
            .update(&access(), contact_id(1), &XeroChanges::default(), KEY)
            .await
            .unwrap();
        let ElementResult::Refused { kind, messages } = answer.value else {
            panic!("it is refused")
        };
        assert_eq!(kind, Refusal::NameTaken);
        assert_eq!(messages.into_vec(), [words]);
        assert_eq!(answer.limits.minute_remaining, Some(59));
    }
}

#[tokio::test]
async fn an_update_of_an_unknown_contact_is_not_found() {
    let stub = Stub::with(Ok(response(404, &[("Content-Type", "text/html")], "")));
    let answer = xero(&stub)
        .update(&access(), contact_id(1), &XeroChanges::default(), KEY)
        .await;
    assert_eq!(answer, Err(Error::NotFound));
}

#[tokio::test]
async fn many_updates_carry_their_id_and_what_changes_and_never_a_name() {
    let rename = XeroChanges {
        name: Some("New".to_owned()),
        ..XeroChanges::default()
    };
    assert_eq!(Update::new(contact_id(1), rename), Err(RenamesGoSingly));

    let archived = "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.";
    let answer = envelope(&[contact(1, "Acme Ltd"), refused(2, archived)]);
    let stub = Stub::with(Ok(json_response(200, &answer)));
    let results = xero(&stub)
        .update_many(&access(), &[update(1), update(2)], KEY)
        .await
        .unwrap()
        .value;
    assert!(matches!(
        results[..],
        [
            ElementResult::Saved(_),
            ElementResult::Refused {
                kind: Refusal::Archived,
                ..
            }
        ]
    ));
    let request = stub.only_request();
    assert_eq!(request.method(), "POST");
    assert_eq!(request.uri().query(), Some("summarizeErrors=false"));
    let sent: Value = serde_json::from_slice(request.body()).unwrap();
    let phones = json!([{"PhoneType": "DEFAULT", "PhoneNumber": "1", "PhoneAreaCode": "", "PhoneCountryCode": ""}]);
    assert_eq!(
        sent["Contacts"][1],
        json!({"ContactID": id(2), "Phones": phones})
    );
}

#[tokio::test]
async fn a_write_beyond_its_limits_is_not_sent() {
    let stub = Arc::new(Stub::default());
    let (xero, access) = (xero(&stub), access());
    let many: Vec<_> = (1..=51).map(|n| bare_contact(n, "A")).collect();
    assert_eq!(many.len(), MAX_BATCH + 1);
    let too_many = xero.create(&access, &many, KEY).await;
    assert!(matches!(too_many, Err(Error::InvalidRequest { .. })));
    for key in ["", &"k".repeat(129), "line\nbreak"] {
        let bad_key = xero.create(&access, &many[..1], key).await;
        assert!(
            matches!(bad_key, Err(Error::InvalidRequest { .. })),
            "{key}"
        );
    }
    for twice in [
        [bare_contact(1, "Acme Ltd"), bare_contact(2, " ACME  ltd")],
        [bare_contact(1, "Acme Ltd"), bare_contact(1, "Beta Ltd")],
    ] {
        let same = xero.create(&access, &twice, KEY).await;
        assert!(matches!(same, Err(Error::InvalidRequest { .. })));
    }
    let same = xero
        .update_many(&access, &[update(1), update(1)], KEY)
        .await;
    assert!(matches!(same, Err(Error::InvalidRequest { .. })));
    let nothing = xero.create(&access, &[], KEY).await.unwrap();
    assert!(nothing.value.is_empty());
    assert!(!stub.was_asked());
}
