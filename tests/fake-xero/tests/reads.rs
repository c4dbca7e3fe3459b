//! What Xero answers to those who look.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use bytes::Bytes;
use fake_xero::{Config, QueryRefusal, SearchReading};
use serde_json::{Value, json};
use support::{CONTACTS, Caller};
use uuid::Uuid;

#[test]
fn pages_are_clamped_and_counted() {
    let mut caller = Caller::new();
    let contacts: Vec<Value> = (0..1_100)
        .map(|i| json!({ "Name": format!("N{i:04}") }))
        .collect();
    caller.fake.seed(caller.now, &json!(contacts)).unwrap();
    for (query, page, size, pages, shown) in [
        ("?page=1", 1, 100, 11, 100),
        ("?page=0&pageSize=2", 1, 2, 550, 2),
        ("?page=2&pageSize=1000", 2, 1000, 2, 100),
        ("?page=1&pageSize=5000", 1, 1000, 2, 1000),
        ("?page=9&pageSize=1000", 9, 1000, 2, 0),
    ] {
        let (status, body) = caller.get(query);
        assert_eq!(status, 200);
        assert_eq!(
            body["pagination"],
            json!({ "page": page, "pageSize": size, "pageCount": pages, "itemCount": 1100 })
        );
        assert_eq!(body["Contacts"].as_array().unwrap().len(), shown, "{query}");
    }
    let (_, body) = caller.get("");
    assert_eq!(body.get("pagination"), None);
    assert_eq!(body["Contacts"].as_array().unwrap().len(), 1_100);
}

#[test]
fn lists_show_less_than_pages_and_summaries_less_than_lists() {
    let mut caller = Caller::new();
    let survivor = caller.seed(json!({ "Name": "S" }));
    let id = caller.seed(json!({
        "Name": "A", "ContactStatus": "ARCHIVED", "MergedToContactID": survivor, "ContactPersons": [{ "FirstName": "P" }],
        "Addresses": [{ "AddressType": "POBOX", "City": "Leeds" }],
    }));
    let shown: BTreeMap<&str, Value> = [
        "?page=1&",
        "?page=1&summaryOnly=true&",
        "?",
        "?summaryOnly=true&",
    ]
    .into_iter()
    .map(|query| {
        let (_, mut body) = caller.get(&format!("{query}includeArchived=true&IDs={id}"));
        (query, body["Contacts"][0].take())
    })
    .collect();
    let has = |query: &str, field: &str| shown[query].get(field).is_some();
    for (field, page, summary_page, list, summary_list) in [
        ("Name", true, true, true, true),
        ("Addresses", true, false, true, false),
        ("ContactGroups", true, false, true, false),
        ("ContactPersons", true, false, false, false),
        ("MergedToContactID", true, false, false, false),
        ("AccountNumber", false, false, false, false),
    ] {
        assert_eq!(has("?page=1&", field), page, "{field}");
        assert_eq!(
            has("?page=1&summaryOnly=true&", field),
            summary_page,
            "{field}"
        );
        assert_eq!(has("?", field), list, "{field}");
        assert_eq!(has("?summaryOnly=true&", field), summary_list, "{field}");
    }
    assert_eq!(
        shown["?page=1&"]["Addresses"],
        json!([{ "AddressType": "STREET" }, { "AddressType": "POBOX", "City": "Leeds" }])
    );
}

#[test]
fn archived_contacts_are_listed_only_on_request_and_shown_on_their_own() {
    let mut caller = Caller::new();
    caller.seed(json!({ "Name": "Active" }));
    let id = caller.seed(
        json!({ "Name": "Archived", "ContactNumber": "Big Change+1", "ContactStatus": "ARCHIVED" }),
    );
    assert_eq!(caller.names("?order=Name"), ["Active"]);
    assert_eq!(
        caller.names("?order=Name&includeArchived=true"),
        ["Active", "Archived"]
    );
    assert!(caller.names(&format!("?IDs={id}")).is_empty());
    assert_eq!(caller.names(&format!("/{id}")), ["Archived"]);
    assert_eq!(caller.names("/big%20change+1"), ["Archived"]);
    let missing = caller.send(
        "GET",
        &format!("{CONTACTS}/{}", Uuid::from_u128(9)),
        Bytes::new(),
    );
    assert_eq!(missing.status(), 404);
    assert_eq!(missing.headers()["content-type"], "text/html");
}

#[test]
fn contacts_are_found_by_where_and_search_term() {
    let mut caller = Caller::new();
    caller.seed(json!({ "Name": "Müller & Söhne", "AccountNumber": "M1" }));
    caller.seed(json!({ "Name": "Acme", "AccountNumber": "ACME0001", "FirstName": "Mia" }));
    for (query, found) in [
        (
            "?where=Name%3D%3D%22muller%20%26%20sohne%22",
            &["Müller & Söhne"][..],
        ),
        ("?where=AccountNumber==%22acme0001%22", &["Acme"]),
        (
            "?where=AccountNumber==%22m1%22+OR+AccountNumber==%22acme0001%22&order=Name+ASC",
            &["Acme", "Müller & Söhne"],
        ),
        (
            "?where=Name==%22Acme%22%20AND%20AccountNumber==%22M1%22",
            &[],
        ),
        ("?searchTerm=mi", &["Acme"]),
        ("?searchTerm=ACME0001", &[]),
    ] {
        assert_eq!(caller.names(query), found, "{query}");
    }
    let (status, body) = caller.get("?where=Name==%22a%22b%22");
    assert_eq!(status, 400);
    assert_eq!(
        body,
        json!({ "ErrorNumber": 16, "Type": "QueryParseException", "Message": "Syntax error" })
    );
}

#[test]
fn ids_fail_past_two_thousand_characters() {
    let mut caller = Caller::new();
    let ids = |n: u128| {
        (1..=n)
            .map(|i| Uuid::from_u128(i).to_string())
            .collect::<Vec<_>>()
            .join(",")
    };
    assert_eq!(caller.get(&format!("?IDs={}", ids(40))).0, 200);
    assert_eq!(caller.get(&format!("?IDs={}", ids(54))).0, 404);
    assert_eq!(caller.get("?IDs=x").0, 400);
}

#[test]
fn modified_since_filters_to_the_second() {
    let mut caller = Caller::new();
    caller.seed(json!({ "Name": "Old" }));
    caller.pass(10);
    caller.seed(json!({ "Name": "New" }));
    caller.set_header("if-modified-since", "Mon, 21 Sep 2026 14:13:29 GMT");
    assert_eq!(caller.names("?page=1"), ["New"]);
    caller.set_header("if-modified-since", "2026-09-21T14:13:20");
    assert_eq!(caller.names("?page=1"), ["Old", "New"]);
}

#[test]
fn orders() {
    let mut caller = Caller::new();
    let first = caller.seed(json!({ "Name": "b" }));
    caller.pass(1);
    let second = caller.seed(json!({ "Name": "A" }));
    let by_id = if first < second {
        ["b", "A"]
    } else {
        ["A", "b"]
    };
    assert_eq!(caller.names("?order=Name%20ASC"), ["A", "b"]);
    assert_eq!(caller.names("?order=Name%20DESC"), ["b", "A"]);
    assert_eq!(caller.names("?order=UpdatedDateUTC%20ASC"), ["b", "A"]);
    assert_eq!(caller.names("?order=ContactID%20ASC"), by_id);
    assert_eq!(caller.get("?order=Shoe%20size").0, 400);
}

#[test]
fn an_unoptimised_query_of_a_very_large_organisation_is_refused() {
    let mut caller = Caller::with(Config {
        high_volume_contacts: 1,
        ..Config::default()
    });
    caller.seed(json!({ "Name": "A" }));
    caller.seed(json!({ "Name": "B" }));
    for query in [
        "",
        "?where=ContactNumber==%221%22",
        "?page=1&where=Name==%22A%22%20OR%20Name==%22B%22",
    ] {
        let (status, body) = caller.get(query);
        assert_eq!(
            (status, &body["ErrorNumber"], &body["Type"]),
            (400, &json!(51), &json!("HighVolumeException")),
            "{query}"
        );
    }
    for query in ["?page=1", "?searchTerm=A", "?where=Name==%22A%22"] {
        assert_eq!(caller.get(query).0, 200, "{query}");
    }
}

#[test]
fn a_search_finds_beginnings_of_words_or_any_part_of_them() {
    for (search, found) in [
        (SearchReading::BeginningsOfWords, [true, true, false, false]),
        (SearchReading::Anywhere, [true, true, true, true]),
    ] {
        let mut caller = Caller::with(Config {
            search,
            ..Config::default()
        });
        caller.seed(json!({ "Name": "Caf\u{e9}  Zo\u{eb} Ltd" }));
        for (term, found) in ["caf", "Ltd", "oe", "Cafe"].into_iter().zip(found) {
            let names = caller.names(&format!("?searchTerm={term}"));
            assert_eq!(!names.is_empty(), found, "{search:?} {term}");
        }
    }
}

#[test]
fn queries_can_be_refused_and_page_counts_left_out() {
    for (refusal, number) in [
        (QueryRefusal::Syntax, 16),
        (QueryRefusal::HighVolume, 51),
        (QueryRefusal::FilterUnavailable, 9_191_919),
    ] {
        let mut caller = Caller::with(Config {
            refuse_filters: Some(refusal),
            without_pagination: true,
            ..Config::default()
        });
        caller.seed(json!({ "Name": "Acme" }));
        let (status, body) = caller.get("?where=Name==%22Acme%22");
        assert_eq!((status, &body["ErrorNumber"]), (400, &json!(number)));
        let (status, body) = caller.get("?searchTerm=Acme&page=1");
        assert_eq!((status, body.get("pagination")), (200, None));
        caller.fake.config_mut().refuse_searches = Some(refusal);
        assert_eq!(caller.get("?searchTerm=Acme").0, 400);
    }
}

#[test]
fn of_two_contacts_with_one_number_one_is_shown_on_its_own_and_both_are_searched() {
    let mut caller = Caller::new();
    for name in ["One", "Two"] {
        caller.seed(json!({ "Name": name, "ContactNumber": "BigChange-7" }));
    }
    assert_eq!(caller.names("/BigChange-7").len(), 1);
    assert_eq!(caller.names("?searchTerm=bigchange-7").len(), 2);
}

#[test]
fn a_contact_that_no_page_has_is_found_in_every_other_way() {
    let mut caller = Caller::new();
    let id = caller.seed(json!({ "Name": "Acme", "ContactNumber": "N1" }));
    caller
        .fake
        .leave_out_of_pages(id.to_string().parse().unwrap());
    assert!(caller.names("?page=1").is_empty());
    for query in ["?where=Name==%22Acme%22", "?searchTerm=Acme", "/N1"] {
        assert_eq!(caller.names(query), ["Acme"], "{query}");
    }
}
