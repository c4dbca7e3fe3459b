use std::time::Duration;

use bigchange::{AuthProblem, BigChange, Cause, Credentials, Error};
use bytes::Bytes;
use rules::{AccountReference, AccountType, Field};
use time::macros::datetime;
use transport::TransportError;

use crate::hand_made::{answered, credentials, told, told_with_status};
use crate::{contact_id, group_id};

async fn detail_of(json: &str) -> Result<Option<rules::Contact>, Error> {
    told(format!("{{\"Code\":0,\"Result\":{json}}}"))
        .contact(contact_id(5))
        .await
}

async fn read(json: &str) -> rules::Contact {
    detail_of(&whole(json)).await.unwrap().unwrap()
}

/// With blanks in the place of the keys that every detail has.
fn whole(json: &str) -> String {
    let mut detail: serde_json::Value = serde_json::from_str(json).unwrap();
    let fields = detail.as_object_mut().unwrap();
    let names: Vec<String> = fields.keys().map(|key| key.to_ascii_lowercase()).collect();
    let is_there = |names: &[String], key: &str| names.iter().any(|name| name == key);
    if !is_there(&names, "name") && !is_there(&names, "contactname") {
        fields.insert("Name".to_owned(), "".into());
    }
    if !is_there(&names, "parentid") && !is_there(&names, "contactparentid") {
        fields.insert("ParentId".to_owned(), serde_json::Value::Null);
    }
    detail.to_string()
}

#[tokio::test]
async fn a_field_is_found_by_any_of_its_names_and_in_any_case() {
    let contact = read(
        r#"{"contactID":"5","ContactGroupId":"7","contactparentid":"9","ContactName":"N","CONTACTSTREET":"S","contactPostcode":"P",
            "Reference":"R","ContactExtraAccountReference":"A","ContactExtraAccountType":"1","ContactExtraFinancialSyncExclude":"1"}"#,
    )
    .await;
    assert_eq!(contact.group, Some(group_id(7)));
    assert_eq!(contact.parent, Some(contact_id(9)));
    assert_eq!(
        [&contact.name, &contact.street, &contact.postcode],
        ["N", "S", "P"]
    );
    assert_eq!(contact.contact_reference, "R");
    assert_eq!(contact.account_reference, "A");
    assert_eq!(contact.account_type, Some(AccountType::XERO));
    assert!(contact.excluded_from_financial_sync);
}

#[tokio::test]
async fn a_name_with_a_value_goes_before_one_without() {
    for json in [
        r#"{"Id":5,"GroupId":7,"AccountReference":null,"ContactExtraAccountReference":"A"}"#,
        r#"{"Id":5,"GroupId":7,"AccountReference":" ","ContactExtraAccountReference":"A"}"#,
        r#"{"Id":5,"GroupId":7,"AccountReference":"A","ContactExtraAccountReference":"B"}"#,
    ] {
        assert_eq!(read(json).await.account_reference, "A");
    }
}

#[tokio::test]
async fn a_text_that_came_as_a_number_keeps_its_digits() {
    let contact = read(r#"{"Id":5,"GroupId":7,"ContactReference":1042,"PostCode":90210}"#).await;
    assert_eq!(contact.contact_reference, "1042");
    assert_eq!(contact.postcode, "90210");
}

#[tokio::test]
async fn spaces_in_a_text_are_kept_for_the_rules_to_see() {
    assert_eq!(
        read(r#"{"Id":5,"GroupId":7,"Name":" A  B "}"#).await.name,
        " A  B "
    );
}

#[tokio::test]
async fn no_parent_has_many_spellings() {
    for parent in ["0", "\"0\"", "\"\"", "null"] {
        let contact = read(&format!(r#"{{"Id":5,"GroupId":7,"ParentId":{parent}}}"#)).await;
        assert_eq!(contact.parent, None, "{parent}");
    }
}

#[tokio::test]
async fn a_parent_that_cannot_be_read_is_never_taken_for_none() {
    for json in [
        r#"{"Id":5,"GroupId":7,"ParentId":"nine"}"#,
        r#"{"Id":5,"GroupId":7,"ParentId":-1}"#,
        r#"{"Id":5,"GroupId":7,"ParentId":true}"#,
        r#"{"Id":5,"GroupId":7,"ParentName":"Example"}"#,
        r#"{"Id":5,"GroupId":7,"ParentId":0,"contactParentReference":"R"}"#,
    ] {
        assert!(
            matches!(detail_of(&whole(json)).await, Err(Error::Unexpected { .. })),
            "{json}"
        );
    }
}

#[tokio::test]
async fn yes_and_no_have_many_spellings() {
    for (value, excluded) in [
        ("1", true),
        ("\"1\"", true),
        ("true", true),
        ("\"True\"", true),
        ("0", false),
        ("\"0\"", false),
        ("false", false),
        ("\"false\"", false),
        ("null", false),
        ("\"\"", false),
    ] {
        let contact = read(&format!(
            r#"{{"Id":5,"GroupId":7,"FinancialSyncExclude":{value}}}"#
        ))
        .await;
        assert_eq!(contact.excluded_from_financial_sync, excluded, "{value}");
    }
    let unclear = detail_of(&whole(
        r#"{"Id":5,"GroupId":7,"ExcludeFromFinancialSync":"perhaps"}"#,
    ))
    .await;
    assert!(matches!(unclear, Err(Error::Unexpected { .. })));
}

#[tokio::test]
async fn the_null_date_is_no_deletion() {
    for (date, deleted) in [
        ("\"0001-01-01 00:00:00\"", false),
        ("\"0001-01-01T00:00:00\"", false),
        ("\"\"", false),
        ("null", false),
        ("\"2026-10-01 09:30:00\"", true),
    ] {
        let contact = read(&format!(r#"{{"Id":5,"GroupId":7,"DeletionDate":{date}}}"#)).await;
        assert_eq!(contact.deleted, deleted, "{date}");
    }
    let unclear = detail_of(&whole(r#"{"Id":5,"GroupId":7,"DeletionDate":"never"}"#)).await;
    assert!(matches!(unclear, Err(Error::Unexpected { .. })));
}

#[tokio::test]
async fn a_text_past_the_bound_is_unexpected_and_not_cut() {
    let json = |chars: usize| format!(r#"{{"Id":5,"GroupId":7,"Extra":"{}"}}"#, "x".repeat(chars));
    assert_eq!(read(&json(4096)).await.extra.len(), 4096);
    assert!(matches!(
        detail_of(&whole(&json(4097))).await,
        Err(Error::Unexpected { .. })
    ));
}

#[tokio::test]
async fn a_detail_without_a_key_that_is_needed_is_incomplete_and_names_it() {
    assert_eq!(read(r#"{"Id":5,"GroupId":0}"#).await.group, None);
    for (json, missing) in [
        ("{}", "Id"),
        (r#"{"GroupId":7,"ParentId":null,"Name":"N"}"#, "Id"),
        (r#"{"Id":5,"ParentId":null,"Name":"N"}"#, "GroupId"),
        (r#"{"Id":5,"GroupId":7,"Name":"N"}"#, "ParentId"),
        (r#"{"Id":5,"GroupId":7,"ParentId":null}"#, "Name"),
    ] {
        let answer = detail_of(json).await;
        let is_it = matches!(answer, Err(Error::Incomplete { key, .. }) if key == missing);
        assert!(is_it, "{json}: {answer:?}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_there_is_told_from_a_blank_field() {
    const KEYS: [(&str, Field); 10] = [
        ("Street", Field::Street),
        ("Town", Field::Town),
        ("PostCode", Field::Postcode),
        ("Country", Field::Country),
        ("Person", Field::Person),
        ("Phone", Field::Phone),
        ("Email", Field::Email),
        ("ContactReference", Field::ContactReference),
        ("AccountReference", Field::AccountReference),
        ("AccountType", Field::AccountType),
    ];
    let none = read(r#"{"Id":5,"GroupId":7}"#).await;
    assert_eq!(none.missing, KEYS.map(|(_, field)| field).into());
    for blank in ["null", "\"\""] {
        let all = KEYS.map(|(key, _)| format!("\"{key}\":{blank}")).join(",");
        let blank = read(&format!(r#"{{"Id":5,"GroupId":7,{all}}}"#)).await;
        assert_eq!(blank.missing, [].into());
    }
}

#[tokio::test]
async fn a_detail_that_says_no_result_is_of_a_contact_that_is_not_there() {
    for words in ["\"No results\"", "\"No result\"", "\"no results.\""] {
        assert_eq!(detail_of(words).await, Ok(None), "{words}");
    }
}

#[tokio::test]
async fn the_detail_of_another_contact_is_unexpected() {
    for json in [
        r#"{"Id":6,"GroupId":7,"ParentId":null,"Name":"N"}"#,
        "[]",
        "\"There are no contacts in this group\"",
        "null",
    ] {
        assert!(
            matches!(detail_of(json).await, Err(Error::Unexpected { .. })),
            "{json}"
        );
    }
}

#[tokio::test]
async fn not_found_is_none_in_any_case_and_at_any_status() {
    for status in [200, 400, 404] {
        let client = told_with_status(status, r#"{"Code":"2","Result":"NO contacts FOUND"}"#);
        assert_eq!(client.contact(contact_id(5)).await, Ok(None), "{status}");
    }
}

#[tokio::test]
async fn another_refusal_is_rejected_with_words_that_no_log_shows() {
    let client = told(r#"{"Code":2,"Result":"Contact Pat Example is a duplicate"}"#);
    let error = client.contact(contact_id(5)).await.unwrap_err();
    assert_eq!(error.refusal(), Some("Contact Pat Example is a duplicate"));
    assert!(!format!("{error} {error:?}").contains("Pat"));
}

#[tokio::test]
async fn a_code_may_be_a_text_and_json_may_begin_with_a_byte_order_mark() {
    for body in [
        "\u{feff}{\"Code\":0}",
        "\u{feff}\u{feff} {\"code\":\"0\",\"result\":\"pong\"}",
    ] {
        assert_eq!(told(body).ping().await, Ok(()));
    }
}

#[tokio::test]
async fn code_3_is_transient() {
    assert_eq!(
        told(r#"{"Code":3,"Result":"Server error"}"#).ping().await,
        Err(Error::Transient {
            cause: Cause::ServerError,
            retry_after: None,
            may_have_acted: true
        })
    );
}

#[tokio::test]
async fn an_unknown_code_or_no_code_is_unexpected() {
    for body in [r#"{"Code":7}"#, r#"{"Result":[]}"#, "[]", "0", "", "<html>"] {
        assert!(
            matches!(told(body).ping().await, Err(Error::Unexpected { .. })),
            "{body}"
        );
    }
    assert!(matches!(
        told(Bytes::from_static(&[0xff, 0xfe, 0x7b])).ping().await,
        Err(Error::Unexpected { .. })
    ));
}

#[tokio::test]
async fn a_status_says_what_to_do_even_with_html() {
    for status in [408, 429, 500, 502, 503, 504] {
        let expected = Error::Transient {
            cause: Cause::Status(status),
            retry_after: None,
            may_have_acted: status != 429,
        };
        let client = told_with_status(status, "<html>");
        assert_eq!(client.ping().await, Err(expected));
    }
    for status in [302, 400, 404, 414] {
        let client = told_with_status(status, "<html>");
        assert!(matches!(client.ping().await, Err(Error::Unexpected { .. })));
    }
    assert_eq!(
        told_with_status(401, "").ping().await,
        Err(Error::AuthLost(AuthProblem::Unauthorised))
    );
    assert_eq!(
        told_with_status(403, "").ping().await,
        Err(Error::AuthLost(AuthProblem::Forbidden))
    );
}

#[tokio::test]
async fn a_code_0_at_an_error_status_is_no_success() {
    let client = told_with_status(500, r#"{"Code":0}"#);
    assert!(matches!(client.ping().await, Err(Error::Transient { .. })));
}

#[tokio::test]
async fn retry_after_is_read_in_seconds_and_at_most_a_day() {
    for (header, expected) in [
        ("7", Some(Duration::from_secs(7))),
        ("999999999", Some(Duration::from_secs(86_400))),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-1", None),
    ] {
        let response = http::Response::builder()
            .status(429)
            .header("Retry-After", header)
            .body(Bytes::new())
            .unwrap();
        let Err(Error::Transient { retry_after, .. }) = answered(Ok(response)).0.ping().await
        else {
            panic!("a 429 must be transient");
        };
        assert_eq!(retry_after, expected, "{header}");
    }
}

#[tokio::test]
async fn without_an_answer_a_save_may_have_acted_unless_nothing_was_sent() {
    let reference = AccountReference::parse("A1").unwrap();
    for (failure, expected) in [
        (TransportError::NotSent, false),
        (TransportError::AnswerLost, true),
    ] {
        let (client, _) = answered(Err(failure));
        let saved = client
            .save_account(contact_id(5), &reference, AccountType::XERO)
            .await;
        let Err(Error::Transient { may_have_acted, .. }) = saved else {
            panic!("{failure:?} must be transient");
        };
        assert_eq!(may_have_acted, expected);
    }
    let (client, _) = answered(Err(TransportError::TooLarge { limit_bytes: 1 }));
    assert!(matches!(client.ping().await, Err(Error::Unexpected { .. })));
}

#[tokio::test]
async fn an_unreadable_item_is_counted_and_does_not_stop_the_page() {
    let client = told(
        r#"{"Code":0,"Result":[{"Id":1},"?",{"Id":"2","ParentId":"x"},{"Name":"no id"},null,{"Id":3,"ContactReference":{}}]}"#,
    );
    let page = client
        .contacts_in_group(group_id(1), 0, None)
        .await
        .unwrap();
    assert_eq!(page.contacts.len(), 1);
    assert_eq!(page.unreadable, 5);
    assert_eq!(page.unreadable_ids, [contact_id(2), contact_id(3)]);
}

#[tokio::test]
async fn a_result_that_is_no_list_is_unexpected() {
    for result in ["{}", "5", "\"Something else\"", "true"] {
        let client = told(format!("{{\"Code\":0,\"Result\":{result}}}"));
        assert!(
            matches!(client.groups().await, Err(Error::Unexpected { .. })),
            "{result}"
        );
    }
}

#[tokio::test]
async fn a_group_may_be_spelled_otherwise_and_one_without_a_name_is_left_out() {
    let client = told(
        r#"{"Code":0,"Result":[{"ContactGroupId":"4","GroupName":"Customers"},{"Id":5,"Name":""}]}"#,
    );
    let groups = client.groups().await.unwrap();
    assert_eq!(groups.len(), 1);
    assert_eq!(
        (groups[0].id, groups[0].name.as_str()),
        (group_id(4), "Customers")
    );
    let unreadable = told(r#"{"Code":0,"Result":[{"Name":"no id"}]}"#);
    assert!(matches!(
        unreadable.groups().await,
        Err(Error::Unexpected { .. })
    ));
}

#[tokio::test]
async fn every_call_is_a_get_with_both_credentials_and_json() {
    let (client, transport) =
        answered(Ok(http::Response::new(Bytes::from_static(b"{\"Code\":0}"))));
    let since = datetime!(2026-03-29 02:30:15.9 +01:00);
    client
        .contacts_in_group(group_id(7), 2, Some(since))
        .await
        .unwrap();
    let asked = &transport.asked()[0];
    assert_eq!(asked.method(), http::Method::GET);
    assert_eq!(
        asked.uri().to_string(),
        "https://bigchange.example/v01/services.ashx?action=ContactListByGroupPaged&Format=JSON&GroupId=7&Page=2&PageSize=1000&IncludeExtra=0&LastUpdated=2026-03-29+01%3A30%3A15"
    );
    assert_eq!(asked.headers()["key"], "fake-key");
    assert_eq!(
        asked.headers()["authorization"],
        "Basic ZmFrZS11c2VyOmZha2UtcGFzc3dvcmQ="
    );
    assert!(
        asked
            .headers()
            .values()
            .all(http::HeaderValue::is_sensitive)
    );
}

#[tokio::test]
async fn a_key_that_no_header_can_carry_is_lost_authorisation_and_nothing_is_sent() {
    let (_, transport) = answered(Err(TransportError::NotSent));
    let url = "https://bigchange.example/".parse().unwrap();
    let broken = Credentials {
        key: "two\nlines".to_owned().into(),
        ..credentials()
    };
    let client = BigChange::new(transport.clone(), url, broken);
    assert_eq!(
        client.ping().await,
        Err(Error::AuthLost(AuthProblem::Unsendable))
    );
    assert!(transport.asked().is_empty());
}

#[tokio::test]
async fn a_line_break_after_the_key_is_forgiven() {
    let (_, transport) = answered(Err(TransportError::NotSent));
    let url = "https://bigchange.example/".parse().unwrap();
    let pasted = Credentials {
        key: "fake-key\n".to_owned().into(),
        ..credentials()
    };
    let client = BigChange::new(transport.clone(), url, pasted);
    assert!(client.ping().await.is_err());
    assert_eq!(transport.asked()[0].headers()["key"], "fake-key");
}
