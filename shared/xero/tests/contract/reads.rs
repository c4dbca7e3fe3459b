//! Reading from Xero: what is asked, and what is made of the answers.

use crate::support::*;
use rules::{ContactData, ContactNumber, ContactStatus};
use serde_json::{Value, json};
use time::macros::datetime;
use xero::{Error, Limits, MAX_IDS};

const QUERY_TAIL: &str = "&includeArchived=true&page=1&pageSize=1000";

fn page_of(contacts: &[Value]) -> Value {
    let counts =
        json!({"pagination": {"page": 1, "pageSize": 1000, "pageCount": 2, "itemCount": 1631}});
    with(envelope(contacts), &counts)
}

#[tokio::test]
async fn a_directory_page_asks_for_everything_in_a_stable_order() {
    let stub = Stub::with(Ok(json_response(200, &page_of(&[]))));
    xero(&stub)
        .directory_page(&access(), 2, None)
        .await
        .unwrap();
    let request = stub.only_request();
    assert_eq!(request.method(), "GET");
    assert_eq!(
        request.uri().to_string(),
        "https://api.xero.com/api.xro/2.0/Contacts?page=2&pageSize=1000&includeArchived=true&order=ContactID%20ASC"
    );
    assert_eq!(request.headers()["authorization"], "Bearer an-access-token");
    assert!(request.headers()["authorization"].is_sensitive());
    assert_eq!(request.headers()["xero-tenant-id"], TENANT);
    assert_eq!(request.headers()["accept"], "application/json");
    assert!(!request.headers().contains_key("if-modified-since"));
    assert!(!request.headers().contains_key("idempotency-key"));
}

#[tokio::test]
async fn a_directory_page_reads_contacts_counts_limits_and_the_servers_clock() {
    let sparse = json!({"ContactID": id(2), "ContactStatus": "ARCHIVED", "Name": "Old Ltd", "MergedToContactID": id(1)});
    let page = page_of(&[contact(1, "Acme Ltd"), sparse]);
    let stub = Stub::with(Ok(json_response(200, &page)));
    let answer = xero(&stub)
        .directory_page(&access(), 1, None)
        .await
        .unwrap();
    let page = answer.value;
    assert_eq!(
        (page.page_count, page.item_count, page.unreadable),
        (Some(2), Some(1631), 0)
    );
    assert_eq!(page.as_of, datetime!(2026-09-14 10:09:53.539 UTC));
    assert_eq!(
        answer.limits,
        Limits {
            minute_remaining: Some(59),
            day_remaining: Some(4999)
        }
    );
    let [acme, old] = page.contacts.as_slice() else {
        panic!("two contacts")
    };
    assert_eq!(
        (acme.name.as_str(), acme.account_number.as_str()),
        ("Acme Ltd", "ACME0001")
    );
    assert_eq!(acme.contact_number, ContactNumber::from_xero("BigChange-1"));
    assert_eq!(
        (acme.status, acme.merged_into),
        (ContactStatus::Active, None)
    );
    assert_eq!(
        (old.account_number.as_str(), &old.contact_number),
        ("", &None)
    );
    assert_eq!(
        (old.status, old.merged_into),
        (ContactStatus::Archived, Some(id(1).parse().unwrap()))
    );
}

#[tokio::test]
async fn a_contact_is_read_with_what_it_is_compared_by() {
    let whole = with(
        contact(1, "Acme Ltd"),
        &json!({
            "EmailAddress": "Office@Acme.example",
            "Phones": [
                {"PhoneType": "DEFAULT", "PhoneNumber": "4960333", "PhoneAreaCode": "113", "PhoneCountryCode": "44"},
                {"PhoneType": "MOBILE", "PhoneNumber": "07700 900123"},
                {"PhoneType": "FAX", "PhoneNumber": "", "PhoneAreaCode": null},
                {"PhoneType": "DDI"},
            ],
            "Addresses": [
                {"AddressType": "STREET", "AddressLine1": "12 Mill Road\n", "PostalCode": "LS1 4DY"},
                {"AddressType": "DELIVERY", "AddressLine2": "Unit 5", "PostalCode": "LS2 4DY"},
                {"AddressType": "POBOX"},
            ],
        }),
    );
    let odd = with(
        contact(2, "Odd Ltd"),
        &json!({"EmailAddress": 7, "Phones": [1, {"PhoneNumber": 2}], "Addresses": {"AddressLine1": "x"}}),
    );
    let stub = Stub::with(Ok(json_response(200, &page_of(&[whole, odd]))));
    let page = xero(&stub).directory_page(&access(), 1, None).await;
    let page = page.unwrap().value;
    let expected = ContactData::default()
        .email("office@acme.example")
        .phone("0113 496 0333")
        .phone("+447700900123")
        .street("12 Mill Road")
        .postcode("LS1 4DY")
        .street("Unit 5")
        .postcode("LS2 4DY");
    assert_eq!(page.contacts[0].data, expected);
    // What cannot be read is not compared, and its contact is there all the same.
    assert_eq!((page.unreadable, page.contacts.len()), (0, 2));
    assert!(page.contacts[1].data.is_empty());
}

#[tokio::test]
async fn empty_and_null_texts_read_like_absent_ones() {
    let empty = json!({"ContactID": id(1), "ContactStatus": "ACTIVE", "Name": "A", "AccountNumber": "", "ContactNumber": " ", "MergedToContactID": ""});
    let null = json!({"ContactID": id(1), "ContactStatus": "ACTIVE", "Name": "A", "AccountNumber": null, "ContactNumber": null, "MergedToContactID": null});
    let absent = json!({"ContactID": id(1), "ContactStatus": "ACTIVE", "Name": "A"});
    let stub = Stub::with(Ok(json_response(200, &page_of(&[empty, null, absent]))));
    let page = xero(&stub)
        .directory_page(&access(), 1, None)
        .await
        .unwrap()
        .value;
    assert_eq!(page.contacts.len(), 3);
    assert_eq!(page.contacts[0], page.contacts[1]);
    assert_eq!(page.contacts[0], page.contacts[2]);
}

#[tokio::test]
async fn a_status_that_is_not_known_reads_as_not_usable() {
    let statuses = [
        ("ACTIVE", ContactStatus::Active),
        ("active", ContactStatus::Active),
        ("ARCHIVED", ContactStatus::Archived),
        ("GDPRREQUEST", ContactStatus::Erased),
        ("PENDING", ContactStatus::Archived),
        ("", ContactStatus::Archived),
    ];
    let contacts: Vec<_> = statuses
        .iter()
        .map(|(status, _)| with(contact(1, "A"), &json!({"ContactStatus": status})))
        .collect();
    let stub = Stub::with(Ok(json_response(200, &page_of(&contacts))));
    let page = xero(&stub)
        .directory_page(&access(), 1, None)
        .await
        .unwrap()
        .value;
    let read: Vec<_> = page.contacts.iter().map(|contact| contact.status).collect();
    assert_eq!(read, statuses.map(|(_, status)| status));
}

#[tokio::test]
async fn an_unreadable_row_is_counted_and_takes_no_other_with_it() {
    let rows = [
        json!({"ContactID": "00000000-0000-0000-0000-000000000000", "Name": "Nil"}),
        json!({"Name": "No id"}),
        json!({"ContactID": id(9), "Name": ["not", "a", "text"]}),
        json!({"ContactID": id(9), "Name": "x".repeat(1001)}),
        json!(7),
        contact(1, "Acme Ltd"),
    ];
    let stub = Stub::with(Ok(json_response(200, &page_of(&rows))));
    let page = xero(&stub)
        .directory_page(&access(), 1, None)
        .await
        .unwrap()
        .value;
    assert_eq!((page.contacts.len(), page.unreadable), (1, 5));
}

#[tokio::test]
async fn changes_are_asked_for_to_the_second_in_utc() {
    let stub = Stub::with(Ok(json_response(200, &page_of(&[]))));
    let since = datetime!(2026-09-14 11:09:53.999 +1);
    xero(&stub)
        .directory_page(&access(), 1, Some(since))
        .await
        .unwrap();
    let request = stub.only_request();
    assert_eq!(
        request.headers()["if-modified-since"],
        "2026-09-14T10:09:53Z"
    );
}

#[tokio::test]
async fn not_modified_is_an_empty_page_only_where_changes_were_asked_for() {
    let not_modified = || response(304, &[("Date", "Mon, 14 Sep 2026 10:09:53 GMT")], "");
    let stub = Stub::with(Ok(not_modified()));
    let since = datetime!(2026-09-14 10:00 UTC);
    let page = xero(&stub)
        .directory_page(&access(), 1, Some(since))
        .await
        .unwrap()
        .value;
    assert_eq!((page.contacts.len(), page.page_count), (0, Some(0)));
    assert_eq!(page.as_of, datetime!(2026-09-14 10:09:53 UTC));

    let stub = Stub::with(Ok(not_modified()));
    let whole = xero(&stub).directory_page(&access(), 1, None).await;
    assert!(
        matches!(whole, Err(Error::Unexpected { .. })),
        "a directory must not look empty"
    );
}

#[tokio::test]
async fn a_page_without_contacts_or_without_a_date_is_not_trusted() {
    for missing in ["DateTimeUTC", "Contacts"] {
        let mut page = page_of(&[]);
        page.as_object_mut().unwrap().remove(missing);
        let stub = Stub::with(Ok(json_response(200, &page)));
        let answer = xero(&stub).directory_page(&access(), 1, None).await;
        assert!(
            matches!(answer, Err(Error::Unexpected { .. })),
            "without {missing}"
        );
    }
}

#[tokio::test]
async fn a_page_that_does_not_say_how_many_there_are_is_read() {
    let mut page = page_of(&[contact(1, "A")]);
    page.as_object_mut().unwrap().remove("pagination");
    let stub = Stub::with(Ok(json_response(200, &page)));
    let answer = xero(&stub).directory_page(&access(), 1, None).await;
    let page = answer.unwrap().value;
    assert_eq!((page.contacts.len(), page.page_count), (1, None));
}

#[tokio::test]
async fn a_look_up_as_long_as_one_of_xeros_own_pages_may_have_more() {
    let reference = ["A1".to_owned()];
    for (rows, is_whole) in [(99, true), (100, false)] {
        let stub = Stub::with(Ok(json_response(
            200,
            &envelope(&vec![contact(1, "A"); rows]),
        )));
        let answer = xero(&stub)
            .contacts_by_account_number(&access(), &reference)
            .await;
        assert_eq!(answer.is_ok(), is_whole, "{rows}");
        assert!(is_whole || answer == Err(Error::TooManyContacts));
    }
}

#[tokio::test]
async fn more_rows_than_a_page_holds_are_not_trusted() {
    let rows = vec![contact(1, "A"); 1001];
    let stub = Stub::with(Ok(json_response(200, &page_of(&rows))));
    let answer = xero(&stub).directory_page(&access(), 1, None).await;
    assert!(matches!(answer, Err(Error::Unexpected { .. })));
}

#[tokio::test]
async fn ids_are_looked_up_together_archived_included() {
    let stub = Stub::with(Ok(json_response(200, &envelope(&[contact(1, "A")]))));
    let ids = [id(1).parse().unwrap(), id(2).parse().unwrap()];
    let answer = xero(&stub).contacts_by_id(&access(), &ids).await.unwrap();
    assert_eq!(answer.value.len(), 1);
    assert_eq!(
        stub.only_request().uri().to_string(),
        format!(
            "https://api.xero.com/api.xro/2.0/Contacts?IDs={}%2C{}{QUERY_TAIL}",
            id(1),
            id(2)
        )
    );
}

#[tokio::test]
async fn account_numbers_and_names_are_looked_up_by_equality() {
    let stub = Stub::with(Ok(json_response(200, &envelope(&[]))));
    let references = ["A1", "B+2"].map(str::to_owned);
    xero(&stub)
        .contacts_by_account_number(&access(), &references)
        .await
        .unwrap();
    assert_eq!(
        stub.only_request().uri().query().unwrap(),
        format!(
            "where={}{QUERY_TAIL}",
            ["A1", "B%2B2"]
                .map(|number| format!("AccountNumber%3D%3D%22{number}%22"))
                .join("%20OR%20")
        )
    );

    let stub = Stub::with(Ok(json_response(200, &envelope(&[]))));
    xero(&stub)
        .contacts_by_name(&access(), &["Smith & Sons".to_owned()])
        .await
        .unwrap();
    assert_eq!(
        stub.only_request().uri().query().unwrap(),
        format!("where=Name%3D%3D%22Smith%20%26%20Sons%22{QUERY_TAIL}")
    );
}

#[tokio::test]
async fn what_cannot_be_queried_is_searched_for() {
    let quoted = r#"The "Best" Ltd"#.to_owned();
    let stub = Stub::with(Ok(json_response(200, &envelope(&[]))));
    let refused = xero(&stub)
        .contacts_by_name(&access(), std::slice::from_ref(&quoted))
        .await;
    assert!(matches!(refused, Err(Error::InvalidRequest { .. })));
    assert!(!stub.was_asked());
    xero(&stub)
        .contacts_by_search(&access(), &quoted, 3)
        .await
        .unwrap();
    assert_eq!(
        stub.only_request().uri().query().unwrap(),
        "searchTerm=The%20%22Best%22%20Ltd&includeArchived=true&page=3&pageSize=1000&order=ContactID%20ASC"
    );
}

#[tokio::test]
async fn a_lookup_of_nothing_asks_nothing() {
    let stub = std::sync::Arc::new(Stub::default());
    let (xero, access) = (xero(&stub), access());
    assert!(
        xero.contacts_by_id(&access, &[])
            .await
            .unwrap()
            .value
            .is_empty()
    );
    assert!(
        xero.contacts_by_name(&access, &[])
            .await
            .unwrap()
            .value
            .is_empty()
    );
    let none = xero.contacts_by_account_number(&access, &[]).await.unwrap();
    assert!(none.value.is_empty());
    let blank = xero.contacts_by_search(&access, "  ", 1).await.unwrap();
    assert!(blank.value.contacts.is_empty());
    assert!(!stub.was_asked());
}

#[tokio::test]
async fn a_lookup_beyond_its_limits_is_not_sent() {
    let stub = std::sync::Arc::new(Stub::default());
    let (xero, access) = (xero(&stub), access());
    let ids: Vec<_> = (1..=41).map(|n| id(n).parse().unwrap()).collect();
    assert_eq!(ids.len(), MAX_IDS + 1);
    let names = vec!["n".repeat(255); 10];
    let no_page = xero.directory_page(&access, 0, None).await;
    assert!(matches!(no_page, Err(Error::InvalidRequest { .. })));
    let too_many = xero.contacts_by_id(&access, &ids).await;
    assert!(matches!(too_many, Err(Error::InvalidRequest { .. })));
    let too_long = xero.contacts_by_name(&access, &names).await;
    assert!(matches!(too_long, Err(Error::InvalidRequest { .. })));
    for number in [".", ".."] {
        let number = ContactNumber::from_xero(number).unwrap();
        let dots = xero.contact_by_number(&access, &number).await;
        assert!(matches!(dots, Err(Error::InvalidRequest { .. })));
    }
    assert!(!stub.was_asked());
}

#[tokio::test]
async fn a_split_lookup_is_sent_whole() {
    let names: Vec<_> = (0..100).map(|n| format!("Customer & Sons {n}")).collect();
    let stub = std::sync::Arc::new(Stub::default());
    let xero = xero(&stub);
    let parts = xero.split_names(&names);
    assert!(parts.len() > 1);
    assert_eq!(parts.concat(), names);
    for part in parts {
        let stub = Stub::with(Ok(json_response(200, &envelope(&[]))));
        crate::support::xero(&stub)
            .contacts_by_name(&access(), part)
            .await
            .unwrap();
        assert!(stub.only_request().uri().to_string().len() < 2000);
    }
}

#[tokio::test]
async fn a_lookup_that_is_not_whole_is_an_error() {
    let stub = Stub::with(Ok(json_response(200, &page_of(&[contact(1, "A")]))));
    let more_pages = xero(&stub)
        .contacts_by_name(&access(), &["a".to_owned()])
        .await;
    assert_eq!(more_pages, Err(Error::TooManyContacts));

    let unreadable = envelope(&[contact(1, "A"), json!({"Name": "No id"})]);
    let stub = Stub::with(Ok(json_response(200, &unreadable)));
    let answer = xero(&stub).contacts_by_search(&access(), "a", 1).await;
    assert!(matches!(answer, Err(Error::Unexpected { .. })));
}

#[tokio::test]
async fn a_404_of_a_list_is_not_taken_for_nothing_found() {
    let stub = Stub::with(Ok(response(404, &[("Content-Type", "text/html")], "")));
    let answer = xero(&stub)
        .contacts_by_id(&access(), &[id(1).parse().unwrap()])
        .await;
    assert!(matches!(
        answer,
        Err(Error::Unexpected {
            status: Some(404),
            ..
        })
    ));
}

#[tokio::test]
async fn a_contact_is_found_by_its_number_or_is_not_there() {
    let number = ContactNumber::from_xero("BigChange-7").unwrap();
    let archived = with(
        contact(7, "A"),
        &json!({"ContactStatus": "ARCHIVED", "ContactNumber": "bigchange-7"}),
    );
    let stub = Stub::with(Ok(json_response(200, &envelope(&[archived]))));
    let found = xero(&stub)
        .contact_by_number(&access(), &number)
        .await
        .unwrap()
        .value
        .unwrap();
    assert_eq!(found.status, ContactStatus::Archived);
    assert_eq!(
        stub.only_request().uri().to_string(),
        "https://api.xero.com/api.xro/2.0/Contacts/BigChange-7"
    );

    let stub = Stub::with(Ok(response(404, &[("Content-Type", "text/html")], "")));
    let none = xero(&stub)
        .contact_by_number(&access(), &number)
        .await
        .unwrap();
    assert_eq!(none.value, None);
}

#[tokio::test]
async fn another_contact_than_the_one_asked_for_is_not_trusted() {
    let number = ContactNumber::from_xero("BigChange-7").unwrap();
    for contacts in [
        vec![],
        vec![contact(8, "B")],
        vec![contact(7, "A"), contact(7, "A")],
    ] {
        let stub = Stub::with(Ok(json_response(200, &envelope(&contacts))));
        let answer = xero(&stub).contact_by_number(&access(), &number).await;
        assert!(matches!(answer, Err(Error::Unexpected { .. })));
    }
}

#[tokio::test]
async fn connections_are_read_without_a_tenant() {
    let body = json!([
        {"id": id(1), "authEventId": id(2), "tenantId": TENANT, "tenantType": "ORGANISATION", "tenantName": "Demo Company", "createdDateUtc": "2026-01-01T00:00:00.0000000", "updatedDateUtc": "2026-01-01T00:00:00.0000000"},
        {"id": id(3), "tenantId": id(4), "tenantType": "PRACTICE", "tenantName": null},
    ]);
    let stub = Stub::with(Ok(json_response(200, &body)));
    let connections = xero(&stub).connections(&access().token).await.unwrap();
    assert_eq!(connections.len(), 2);
    assert_eq!(connections[0].tenant_id, TENANT.parse().unwrap());
    assert_eq!(connections[0].tenant_name, "Demo Company");
    assert_eq!(connections[1].tenant_type, "PRACTICE");
    let request = stub.only_request();
    assert_eq!(
        request.uri().to_string(),
        "https://api.xero.com/connections"
    );
    assert!(!request.headers().contains_key("xero-tenant-id"));
}

#[tokio::test]
async fn a_token_with_a_line_break_is_not_sent() {
    let stub = std::sync::Arc::new(Stub::default());
    let answer = xero(&stub).connections(&"a\nb".to_owned().into()).await;
    assert!(matches!(answer, Err(Error::InvalidRequest { .. })));
    assert!(!stub.was_asked());
}
