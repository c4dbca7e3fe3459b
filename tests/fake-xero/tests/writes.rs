//! What Xero does with contacts that are sent to it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use bytes::Bytes;
use fake_xero::{CallKind, Config, Fault, FaultKind, Garbling, Status};
use serde_json::{Value, json};
use support::{CONTACTS, Caller, message};
use uuid::Uuid;

const ARCHIVED: &str = "The specified contact details matched an archived contact. Archived contacts cannot currently be edited via the API.";
const ACCOUNT_NUMBER: &str =
    "The Account Number already exists. Please enter a different Account Number.";
const NAME_EMPTY: &str = "Contact Name cannot be empty.";

fn name_taken(name: &str) -> String {
    format!(
        "The contact name {name} is already assigned to another contact. The contact name must be unique across all active contacts."
    )
}

#[test]
fn put_creates_and_ignores_is_customer() {
    let mut caller = Caller::new();
    let saved = caller.write_one(
        "PUT",
        json!({
            "Name": "Acme Ltd", "AccountNumber": "A1", "ContactNumber": "N1", "EmailAddress": "a@example.org", "IsCustomer": true,
            "Addresses": [{ "AddressType": "POBOX", "City": "Leeds" }], "Phones": [{ "PhoneType": "DEFAULT", "PhoneNumber": "1" }],
        }),
    );
    assert_eq!(message(&saved), "");
    let id: Uuid = saved["ContactID"].as_str().unwrap().parse().unwrap();
    let contact = caller.fake.contact(id).unwrap();
    assert_eq!(contact.name(), "Acme Ltd");
    assert_eq!(contact.text("AccountNumber"), "A1");
    assert_eq!(contact.address("POBOX", "City"), "Leeds");
    assert_eq!(contact.phone("DEFAULT", "PhoneNumber"), "1");
    assert_eq!(saved["IsCustomer"], false);
    assert_eq!(saved["UpdatedDateUTC"], "/Date(1790000000000+0000)/");
}

#[test]
fn a_saved_contact_is_answered_with_every_slot_filled() {
    let mut caller = Caller::new();
    let (status, body) = caller.call("PUT", CONTACTS, json!({ "Contacts": [{ "Name": "A" }] }));
    assert_eq!(status, 200);
    assert_eq!(body["Status"], "OK");
    assert_eq!(body["DateTimeUTC"], "/Date(1790000000000)/");
    let contact = &body["Contacts"][0];
    assert_eq!(
        contact.get("StatusAttributeString"),
        None,
        "only with summarizeErrors=false"
    );
    assert_eq!(
        contact["Addresses"][1],
        json!({ "AddressType": "POBOX", "City": "", "Region": "", "PostalCode": "", "Country": "" })
    );
    let phones: Vec<&str> = contact["Phones"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["PhoneType"].as_str().unwrap())
        .collect();
    assert_eq!(phones, ["DEFAULT", "DDI", "FAX", "MOBILE"]);
    assert_eq!(contact["BankAccountDetails"], "");
}

#[test]
fn put_refuses_what_matches_an_existing_contact() {
    let mut caller = Caller::without_limits();
    caller.seed(json!({ "Name": "Taken", "AccountNumber": "A1", "ContactNumber": "N1" }));
    caller.seed(json!({ "Name": "Old", "AccountNumber": "A2", "ContactNumber": "N2", "ContactStatus": "ARCHIVED" }));
    let known = caller.seed(json!({ "Name": "Known" }));
    for (element, reason) in [
        (json!({ "Name": "tAKEN" }), name_taken("tAKEN").as_str()),
        (
            json!({ "Name": "New", "AccountNumber": "a1" }),
            ACCOUNT_NUMBER,
        ),
        (
            json!({ "Name": "New", "AccountNumber": "a2" }),
            ACCOUNT_NUMBER,
        ),
        (json!({ "Name": "New", "ContactNumber": "n2" }), ARCHIVED),
        (json!({ "AccountNumber": "A9" }), NAME_EMPTY),
        (json!({ "Name": "" }), NAME_EMPTY),
    ] {
        let refused = caller.write_one("PUT", element.clone());
        assert_eq!(message(&refused), reason, "{element}");
    }
    let refused = caller.write_one("PUT", json!({ "Name": "New", "ContactNumber": "n1" }));
    assert_eq!(
        message(&refused),
        "The contact number n1 is already assigned to another contact. The contact number must be unique across all contacts."
    );
    let refused = caller.write_one("PUT", json!({ "ContactID": known, "Name": "Known" }));
    assert_ne!(message(&refused), "");
    assert_eq!(caller.fake.contacts().count(), 3);
    let reused = caller.write_one("PUT", json!({ "Name": "Old" }));
    assert_eq!(message(&reused), "", "an archived contact's name is free");
}

#[test]
fn a_refused_create_is_echoed_under_an_id_of_zeros() {
    let mut caller = Caller::new();
    let refused = caller.write_one("PUT", json!({ "Name": "A ", "AccountNumber": "A1" }));
    assert_ne!(message(&refused), "");
    assert_eq!(refused["ContactID"], json!(Uuid::nil()));
    assert_eq!(refused["Name"], "A ");
    assert_eq!(refused["AccountNumber"], "A1");
    assert_eq!(refused["Addresses"], json!([]));
    let retried = caller.write_one("POST", json!({ "ContactID": Uuid::nil(), "Name": "A" }));
    assert_eq!(message(&retried), "", "an id of zeros is no id");
}

#[test]
fn elements_of_one_call_see_each_other() {
    let mut caller = Caller::new();
    let twice = json!({ "Contacts": [{ "Name": "A" }, { "Name": "a" }, { "Name": "B" }] });
    let (status, body) = caller.call("PUT", &format!("{CONTACTS}?summarizeErrors=false"), twice);
    assert_eq!(status, 200);
    let fared: Vec<&Value> = body["Contacts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["StatusAttributeString"])
        .collect();
    assert_eq!(fared, ["OK", "ERROR", "OK"]);
    assert_eq!(caller.fake.contacts().count(), 2);
}

#[test]
fn without_summarize_errors_the_good_siblings_of_a_refused_element_are_saved_and_not_told() {
    let mut caller = Caller::new();
    let kept = caller.seed(json!({ "Name": "Kept", "AccountNumber": "A1" }));
    let elements = json!({ "Contacts": [{ "Name": "New" }, { "ContactID": kept, "Name": "Renamed" }, { "Name": "" }] });
    let (status, body) = caller.call("POST", CONTACTS, elements);
    assert_eq!(status, 400);
    assert_eq!(body["ErrorNumber"], 10);
    assert_eq!(body["Type"], "ValidationException");
    assert_eq!(body["Elements"].as_array().unwrap().len(), 1);
    assert_eq!(body["Elements"][0].get("StatusAttributeString"), None);
    assert_eq!(
        body["Elements"][0]["ValidationErrors"][0]["Message"],
        NAME_EMPTY
    );
    assert_eq!(caller.fake.contact(kept).unwrap().name(), "Renamed");
    let again = caller.write_one("PUT", json!({ "Name": "New" }));
    assert_eq!(message(&again), name_taken("New"), "it was saved");
}

#[test]
fn post_falls_through_from_id_to_contact_number_to_name() {
    let mut caller = Caller::without_limits();
    let by_id = caller.seed(json!({ "Name": "Id" }));
    let by_number = caller.seed(json!({ "Name": "Number", "ContactNumber": "N1" }));
    let by_name =
        caller.seed(json!({ "Name": "Name", "ContactNumber": "theirs", "AccountNumber": "A1" }));
    for (element, target) in [
        (
            json!({ "ContactID": by_id, "Name": "Id", "FirstName": "x" }),
            by_id,
        ),
        (
            json!({ "ContactNumber": "n1", "Name": "Name 2", "FirstName": "x" }),
            by_number,
        ),
        (
            json!({ "Name": "nAME", "ContactNumber": "ours", "FirstName": "x" }),
            by_name,
        ),
    ] {
        let saved = caller.write_one("POST", element);
        assert_eq!(message(&saved), "");
        assert_eq!(saved["ContactID"], json!(target));
    }
    let overwritten = caller.fake.contact(by_name).unwrap();
    assert_eq!(
        overwritten.text("ContactNumber"),
        "ours",
        "silently overwritten"
    );
    assert_eq!(
        overwritten.text("AccountNumber"),
        "A1",
        "what was not sent is kept"
    );
    let created = caller.write_one("POST", json!({ "Name": "Nobody" }));
    assert_eq!(message(&created), "");
    assert_eq!(caller.fake.contacts().count(), 4);
}

#[test]
fn a_batch_element_with_an_id_does_without_its_name_unless_the_switch_says_otherwise() {
    for needs_names in [false, true] {
        let mut caller = Caller::with(Config {
            batch_needs_names: needs_names,
            ..Config::default()
        });
        let id = caller.seed(json!({ "Name": "A" }));
        let answer = caller.write_one("POST", json!({ "ContactID": id, "FirstName": "x" }));
        assert_eq!(message(&answer), if needs_names { NAME_EMPTY } else { "" });
        assert_eq!(answer["ContactID"], json!(id));
        let without_id = caller.write_one("POST", json!({ "FirstName": "x" }));
        assert_eq!(message(&without_id), NAME_EMPTY);
        let unknown = caller.write_one(
            "POST",
            json!({ "ContactID": Uuid::from_u128(9), "Name": "B" }),
        );
        assert_ne!(message(&unknown), "", "an unknown id never creates");
        assert_eq!(caller.fake.contacts().count(), 1);
    }
}

#[test]
fn an_invalid_website_refuses_every_update_and_cannot_be_changed_here() {
    let mut caller = Caller::without_limits();
    for (website, is_valid) in [
        ("", true),
        ("http://acme.example", true),
        ("HTTPS://www.acme.example/a?b", true),
        ("www.acme.example", false),
        ("http://acme", false),
        ("http://acme..example", false),
        ("acme example.com", false),
    ] {
        let id = caller.seed(json!({ "Name": format!("A {website}"), "Website": website }));
        for change in [
            json!({ "FirstName": "x" }),
            json!({ "Website": "http://good.example" }),
            json!({ "Website": "" }),
        ] {
            let (status, body) = caller.update(id, change);
            assert_eq!(status, if is_valid { 200 } else { 400 }, "{website}");
            let refusal = &body["Elements"][0]["ValidationErrors"][0]["Message"];
            assert_eq!(refusal == "Website must be valid.", !is_valid, "{website}");
        }
        let element = json!({ "ContactID": id, "FirstName": "x" });
        assert_eq!(
            message(&caller.write_one("POST", element)).is_empty(),
            is_valid
        );
        assert_eq!(caller.fake.contact(id).unwrap().text("Website"), website);
    }
}

#[test]
fn an_answer_can_leave_open_what_was_done() {
    for (how, elements) in [
        (Garbling::Reversed, 2),
        (Garbling::FirstLeftOut, 1),
        (Garbling::NilIds, 2),
        (Garbling::Anonymous, 2),
    ] {
        let mut caller = Caller::new();
        caller
            .fake
            .inject(Fault::next_call(FaultKind::Garbled { how }));
        let two = json!({ "Contacts": [{ "Name": "A" }, { "Name": "B" }] });
        let (status, body) = caller.call("PUT", &format!("{CONTACTS}?summarizeErrors=false"), two);
        assert_eq!(status, 200);
        let contacts = body["Contacts"].as_array().unwrap();
        assert_eq!(contacts.len(), elements);
        assert_eq!(contacts[0]["Name"] == "A", how == Garbling::NilIds);
        assert_eq!(caller.fake.contacts().count(), 2);
    }
    let mut caller = Caller::new();
    let how = Garbling::Summarised;
    caller
        .fake
        .inject(Fault::next_call(FaultKind::Garbled { how }));
    let two = json!({ "Contacts": [{ "Name": "A" }, { "Name": "" }] });
    let (status, _) = caller.call("PUT", &format!("{CONTACTS}?summarizeErrors=false"), two);
    assert_eq!((status, caller.fake.contacts().count()), (400, 1));
}

#[test]
fn a_single_update_keeps_what_it_does_not_carry() {
    let mut caller = Caller::new();
    let id = caller.seed(json!({
        "Name": "A", "FirstName": "F", "AccountNumber": "A1", "IsCustomer": true,
        "Addresses": [{ "AddressType": "STREET", "City": "Hull" }, { "AddressType": "POBOX", "City": "Leeds", "Region": "Yorkshire" }],
        "Phones": [{ "PhoneType": "MOBILE", "PhoneNumber": "2" }],
    }));
    caller.pass(60);
    let (status, body) = caller.update(
        id,
        json!({ "FirstName": "", "Addresses": [{ "AddressType": "POBOX", "City": "York" }], "Phones": [{ "PhoneType": "DEFAULT", "PhoneNumber": "1" }] }),
    );
    assert_eq!(status, 200);
    assert_eq!(
        body["Contacts"][0]["UpdatedDateUTC"],
        "/Date(1790000060000+0000)/"
    );
    let contact = caller.fake.contact(id).unwrap();
    assert_eq!(
        (
            contact.name(),
            contact.text("FirstName"),
            contact.text("AccountNumber")
        ),
        ("A", "", "A1")
    );
    assert_eq!(contact.address("STREET", "City"), "Hull");
    assert_eq!(contact.address("POBOX", "City"), "York");
    assert_eq!(contact.address("POBOX", "Region"), "Yorkshire");
    assert_eq!(contact.phone("MOBILE", "PhoneNumber"), "2");
    assert_eq!(contact.phone("DEFAULT", "PhoneNumber"), "1");
    assert_eq!(body["Contacts"][0]["IsCustomer"], true);
}

#[test]
fn a_single_update_is_held_to_the_rules() {
    let mut caller = Caller::new();
    caller.seed(json!({ "Name": "Other", "AccountNumber": "A1" }));
    let id = caller.seed(json!({ "Name": "A" }));
    let reason = |(status, body): (u16, Value)| {
        assert_eq!(status, 400);
        body["Elements"][0]["ValidationErrors"][0]["Message"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        reason(caller.update(id, json!({ "Name": "OTHER" }))),
        name_taken("OTHER")
    );
    assert_eq!(reason(caller.update(id, json!({ "Name": "" }))), NAME_EMPTY);
    assert_eq!(
        reason(caller.update(id, json!({ "AccountNumber": "a1" }))),
        ACCOUNT_NUMBER
    );
    assert_eq!(
        caller.update(id, json!({ "Name": "a" })).0,
        200,
        "its own name in another case"
    );
}

#[test]
fn an_unknown_contact_in_the_path_is_an_empty_html_page() {
    let mut caller = Caller::new();
    for path in [Uuid::from_u128(9).to_string(), "no-uuid".to_owned()] {
        let body = Bytes::from(json!({ "Contacts": [{ "Name": "A" }] }).to_string());
        let answer = caller.send("POST", &format!("{CONTACTS}/{path}"), body);
        assert_eq!(answer.status(), 404);
        assert_eq!(answer.headers()["content-type"], "text/html");
        assert!(answer.body().is_empty());
    }
    assert_eq!(caller.fake.contacts().count(), 0);
}

#[test]
fn archived_and_erased_contacts_refuse_every_edit() {
    let mut caller = Caller::without_limits();
    let archived =
        caller.seed(json!({ "Name": "A", "ContactNumber": "N1", "ContactStatus": "ARCHIVED" }));
    let erased = caller.seed(json!({ "Name": "E", "ContactStatus": "GDPRREQUEST" }));
    for element in [
        json!({ "FirstName": "x" }),
        json!({ "ContactStatus": "ARCHIVED" }),
        json!({ "ContactStatus": "ACTIVE" }),
    ] {
        let (status, body) = caller.update(archived, element.clone());
        assert_eq!(status, 400);
        assert_eq!(
            body["Elements"][0]["ValidationErrors"][0]["Message"],
            ARCHIVED
        );
        assert_eq!(body["Elements"][0]["ContactStatus"], "ARCHIVED");
        assert_eq!(caller.update(erased, element).0, 400);
    }
    let by_number = caller.write_one("POST", json!({ "Name": "New", "ContactNumber": "n1" }));
    assert_eq!(message(&by_number), ARCHIVED);
    assert_eq!(by_number["ContactID"], json!(archived));
}

#[test]
fn an_active_contact_can_be_archived() {
    let mut caller = Caller::new();
    let id = caller.seed(json!({ "Name": "A" }));
    assert_eq!(
        caller.update(id, json!({ "ContactStatus": "ARCHIVED" })).0,
        200
    );
    assert_eq!(caller.fake.contact(id).unwrap().status, Status::Archived);
}

#[test]
fn more_than_fifty_elements_or_three_and_a_half_megabytes_are_refused() {
    let mut caller = Caller::new();
    let elements = |n: usize| json!({ "Contacts": (0..n).map(|i| json!({ "Name": format!("N{i}") })).collect::<Vec<_>>() });
    assert_eq!(caller.call("PUT", CONTACTS, elements(51)).0, 400);
    assert_eq!(caller.fake.contacts().count(), 0);
    assert_eq!(caller.call("PUT", CONTACTS, elements(50)).0, 200);
    let huge = json!({ "Contacts": [{ "Name": "A", "Unknown": "x".repeat(3_500_000) }] });
    assert_eq!(caller.call("PUT", CONTACTS, huge).0, 400);
    assert_eq!(caller.fake.contacts().count(), 50);
}

#[test]
fn a_body_that_cannot_be_read_is_refused_as_a_whole() {
    let mut caller = Caller::new();
    for body in [
        json!({}),
        json!([]),
        json!({ "Contacts": [] }),
        json!({ "Contacts": [1] }),
        json!({ "Contacts": [{ "Name": 1 }] }),
        json!({ "Contacts": [{ "Name": "A" }, { "Name": "B", "ContactID": "x" }] }),
        json!({ "Contacts": [{ "Name": "A", "Addresses": {} }] }),
    ] {
        let (status, answer) = caller.call(
            "POST",
            &format!("{CONTACTS}?summarizeErrors=false"),
            body.clone(),
        );
        assert_eq!(
            (status, &answer["Type"]),
            (400, &json!("PostDataInvalidException")),
            "{body}"
        );
    }
    assert_eq!(caller.fake.contacts().count(), 0);
    assert_eq!(caller.fake.call_count(CallKind::Upsert), 7);
}

#[test]
fn the_default_is_xml() {
    let mut caller = Caller::new();
    caller.set_header("accept", "");
    let answer = caller.send("GET", CONTACTS, Bytes::new());
    assert_eq!(answer.headers()["content-type"], "text/xml; charset=utf-8");
    caller.set_header("accept", "application/json");
    caller.set_header("content-type", "");
    assert_eq!(
        caller
            .call("PUT", CONTACTS, json!({ "Contacts": [{ "Name": "A" }] }))
            .0,
        400
    );
}
