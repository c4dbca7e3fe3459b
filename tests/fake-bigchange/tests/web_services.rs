//! What the fake answers, call by call, without a socket.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop where it is"
)]

use std::time::{Duration, SystemTime};

use base64::Engine;
use bytes::Bytes;
use fake_bigchange::{
    Behaviour, EmptyList, FakeBigChange, FakeContact, Fault, FaultKind, Hold, LostAnswer, PATH,
};
use serde_json::{Value, json};

const START: SystemTime = SystemTime::UNIX_EPOCH;

fn at(seconds: u64) -> SystemTime {
    START + Duration::from_secs(seconds)
}

fn company() -> FakeBigChange {
    let mut company = FakeBigChange::new();
    company.add_group(10, "Account customers");
    company.add_group(11, "Sites");
    for (id, group_id) in [(1, 10), (2, 10), (3, 11)] {
        company.add_contact(
            at(100),
            FakeContact {
                id,
                group_id,
                name: format!("Example {id}"),
                street: "1 Example Street".to_owned(),
                town: "Exampleton".to_owned(),
                phone: "+440000000000".to_owned(),
                extra: "Ring the bell".to_owned(),
                contact_reference: format!("REF{id}"),
                parent_id: (id == 3).then_some(1),
                ..FakeContact::default()
            },
        );
    }
    company
}

fn request(query: &str) -> http::Request<Bytes> {
    let basic = base64::engine::general_purpose::STANDARD.encode("fake-user:fake-password");
    http::Request::get(format!("https://localhost{PATH}?{query}"))
        .header("authorization", format!("Basic {basic}"))
        .header("key", "fake-key")
        .body(Bytes::new())
        .unwrap()
}

fn text(response: &http::Response<Bytes>) -> String {
    String::from_utf8(response.body().to_vec()).unwrap()
}

fn ask(company: &mut FakeBigChange, seconds: u64, query: &str) -> Value {
    let response = company.handle(at(seconds), &request(&format!("format=JSON&{query}")));
    assert_eq!(response.status(), 200);
    serde_json::from_str(text(&response).trim_start_matches('\u{feff}')).unwrap()
}

fn refused(words: &str) -> Value {
    json!({"Code": 2, "Result": words})
}

fn ids(answer: &Value) -> Vec<String> {
    answer["Result"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| item["Id"].to_string().replace('"', ""))
        .collect()
}

#[test]
fn json_begins_with_a_byte_order_mark_unless_switched_off() {
    let mut company = company();
    let ping = request("action=PING&format=json");
    assert!(text(&company.handle(START, &ping)).starts_with("\u{feff}{"));
    company.behaviour.byte_order_mark = false;
    assert!(text(&company.handle(START, &ping)).starts_with('{'));
}

#[test]
fn another_format_than_json_is_xml() {
    let response = company().handle(START, &request("action=ping"));
    assert!(text(&response).starts_with("<?xml"));
}

#[test]
fn names_ignore_case_and_may_come_in_a_form() {
    let mut company = company();
    let (mut head, _) = request("ACTION=contactdetail").into_parts();
    head.method = http::Method::POST;
    head.headers.insert(
        "content-type",
        "application/x-www-form-urlencoded".parse().unwrap(),
    );
    let form = http::Request::from_parts(head, Bytes::from("FORMAT=json&contactID=2"));
    let response = company.handle(START, &form);
    assert!(text(&response).contains("Example 2"));
    assert_eq!(company.calls()[0].action, "ContactDetail");
}

#[test]
fn a_wrong_password_is_401_and_a_wrong_key_has_no_right() {
    let mut company = company();
    company.credentials.password = "another".to_owned();
    let ping = request("action=ping&format=json");
    assert_eq!(company.handle(START, &ping).status(), 401);
    company.credentials.password = "fake-password".to_owned();
    company.credentials.key = "another".to_owned();
    assert!(text(&company.handle(START, &ping)).contains("misc_noRight"));
}

#[test]
fn a_right_can_be_taken_for_one_action() {
    let mut company = company();
    company
        .behaviour
        .actions_without_right
        .insert("contactgroups".to_owned());
    assert_eq!(
        ask(&mut company, 0, "action=ContactGroups"),
        refused("misc_noRight")
    );
    assert_eq!(ask(&mut company, 0, "action=ping")["Code"], 0);
}

#[test]
fn a_query_string_past_the_web_servers_limit_is_404() {
    let long = format!("action=ping&format=json&x={}", "y".repeat(2048));
    assert_eq!(company().handle(START, &request(&long)).status(), 404);
}

#[test]
fn a_list_shows_no_financial_fields_and_a_detail_does() {
    let mut company = company();
    let list = ask(
        &mut company,
        0,
        "action=ContactListByGroupPaged&GroupId=11&Page=0&PageSize=1000",
    );
    let item = &list["Result"][0];
    assert_eq!(item["Id"], "3"); // odd ids are written as text
    assert_eq!(item["ParentId"], "1");
    assert_eq!(item["contactParentReference"], "REF1");
    assert_eq!(item["DeletionDate"], "0001-01-01 00:00:00");
    assert!(item.get("AccountReference").is_none());
    assert!(item.get("Extra").is_none());
    let detail = ask(&mut company, 0, "action=ContactDetail&ContactId=2");
    assert_eq!(detail["Result"]["Id"], 2);
    assert_eq!(detail["Result"]["AccountReference"], "");
    assert_eq!(detail["Result"]["Extra"], "Ring the bell");
}

#[test]
fn pages_begin_at_0_and_one_past_the_end_finds_no_contacts() {
    let mut company = company();
    let page = |company: &mut FakeBigChange, page: u32| {
        let query = format!(
            "action=ContactListByGroupPaged&GroupId=10&Page={page}&PageSize=1&IncludeExtra=1"
        );
        ask(company, 0, &query)
    };
    assert_eq!(ids(&page(&mut company, 0)), ["1"]);
    assert_eq!(ids(&page(&mut company, 1)), ["2"]);
    assert_eq!(page(&mut company, 2), refused("No contacts found"));
    company.behaviour.empty_page = EmptyList::Text;
    assert_eq!(
        page(&mut company, 2),
        json!({"Code": 0, "Result": "No results"})
    );
    company.behaviour.empty_page = EmptyList::WithoutResult;
    assert_eq!(page(&mut company, 2), json!({"Code": 0}));
}

#[test]
fn a_page_size_outside_1_to_5000_is_refused() {
    for size in ["0", "5001", "many"] {
        let query = format!("action=ContactListByGroupPaged&GroupId=10&PageSize={size}");
        assert_eq!(
            ask(&mut company(), 0, &query),
            refused("Invalid PageSize parameter.")
        );
    }
}

#[test]
fn last_updated_leaves_only_what_a_save_touched_since() {
    let mut company = company();
    let since_1970_01_01_00_02 =
        "action=ContactListByGroupPaged&GroupId=10&LastUpdated=1970-01-01+00:02:00";
    assert_eq!(
        ask(&mut company, 130, since_1970_01_01_00_02),
        refused("No contacts found")
    );
    company.edit(at(121), 2, |c| c.town = "Elsewhere".to_owned());
    assert_eq!(ids(&ask(&mut company, 130, since_1970_01_01_00_02)), ["2"]);
}

#[test]
fn an_edit_in_financials_is_not_seen_by_the_lists_unless_switched_on() {
    let save = "action=ContactExtraSave&ContactId=2&ContactExtraAccountReference=ACME0001&ContactExtraAccountType=1";
    let since = "action=ContactListByGroupPaged&GroupId=10&LastUpdated=1970-01-01+00:02:00";
    let mut company = company();
    assert_eq!(
        ask(&mut company, 125, save)["Result"],
        "Contact 2 Example 2 has updated successfully"
    );
    let saved = company.contact(2).unwrap();
    assert_eq!(saved.account_reference, "ACME0001");
    assert_eq!(saved.account_type, Some(1));
    assert_eq!(ask(&mut company, 130, since), refused("No contacts found"));
    company.behaviour.financial_edits_bump_last_updated = true;
    ask(&mut company, 135, save);
    assert_eq!(ids(&ask(&mut company, 140, since)), ["2"]);
}

#[test]
fn a_detail_needs_a_known_living_contact() {
    let mut company = company();
    company.delete(at(200), 2);
    for (query, words) in [
        ("", "contactId or contactRef parameter required"),
        ("&ContactId=two", "Invalid ContactId parameter."),
        ("&ContactId=99", "No contacts found"),
        ("&ContactRef=REF99", "No contacts found"),
        ("&ContactId=2", "No contacts found"),
    ] {
        let query = format!("action=ContactDetail{query}");
        assert_eq!(ask(&mut company, 0, &query), refused(words), "{query}");
    }
    let deleted = "action=ContactDetail&ContactId=2&IncludeDeleted=1";
    assert_eq!(ask(&mut company, 0, deleted)["Code"], 0);
    let by_reference = "action=ContactDetail&ContactRef=ref1";
    assert_eq!(ask(&mut company, 0, by_reference)["Code"], 0);
}

#[test]
fn an_extra_save_needs_an_id_or_a_reference() {
    assert_eq!(
        ask(&mut company(), 0, "action=ContactExtraSave"),
        refused(
            "Missing parameters. You must include at least a Contact Id or a Contact Reference"
        )
    );
}

#[test]
fn a_deleted_contact_leaves_the_lists_and_keeps_its_record() {
    let mut company = company();
    assert_eq!(
        ask(&mut company, 200, "action=ContactDelete&ContactId=1")["Code"],
        0
    );
    let list = "action=ContactListByGroupPaged&GroupId=10";
    assert_eq!(ids(&ask(&mut company, 0, list)), ["2"]);
    assert!(company.contact(1).unwrap().deleted_at.is_some());
    company.behaviour.deleted_in_lists = true;
    let listed = ask(&mut company, 0, list);
    assert_eq!(listed["Result"][0]["DeletionDate"], "1970-01-01 00:03:20");
}

#[test]
fn the_contact_reference_is_set_alone() {
    let mut company = company();
    let before = company.contact(2).unwrap().clone();
    let set = "action=ContactUpdateRef&ContactId=2&ContactRef=NEW+1";
    let answer = json!({"Code": 0, "Result": "Reference Updated"});
    assert_eq!(ask(&mut company, 300, set), answer);
    let expected = FakeContact {
        contact_reference: "NEW 1".to_owned(),
        last_updated: Some(at(300).into()),
        ..before
    };
    assert_eq!(company.contact(2), Some(&expected));
}

#[test]
fn a_contact_reference_that_cannot_be_set_changes_nothing() {
    let long = format!("ContactId=1&ContactRef={}", "x".repeat(41));
    for (parameters, words) in [
        (
            "ContactId=1",
            "contactId and contactRef parameters required",
        ),
        (
            "ContactRef=R",
            "contactId and contactRef parameters required",
        ),
        ("ContactId=one&ContactRef=R", "Invalid Format - contactId"),
        ("ContactId=99&ContactRef=R", "No matching contact"),
        ("ContactId=1&ContactRef=ref2", "Reference Update Failed"),
        (&long, "Reference Update Failed"),
    ] {
        let mut company = company();
        let before = company.dump();
        let query = format!("action=ContactUpdateRef&{parameters}");
        let answer = ask(&mut company, 0, &query);
        assert_eq!(answer, json!({"Code": 2, "Result": words}), "{parameters}");
        assert_eq!(company.dump(), before, "{parameters}");
        assert!(company.writes().is_empty());
    }
    let mut company = company();
    company.behaviour.contact_references_are_unique = false;
    let set = "action=ContactUpdateRef&ContactId=1&ContactRef=ref2";
    assert_eq!(ask(&mut company, 0, set)["Code"], 0);
}

#[test]
fn the_sites_of_a_parent_are_listed_and_none_is_no_result() {
    let mut company = company();
    assert_eq!(
        ask(&mut company, 0, "action=ContactsByParent&ContactId=1"),
        json!({"Code": 0, "Result": [{"ContactId": "3"}]})
    );
    assert_eq!(
        ask(
            &mut company,
            0,
            "action=ContactsByParent&ContactReference=REF2"
        ),
        json!({"Code": 0})
    );
}

#[test]
fn a_failure_before_effect_comes_as_often_as_ordered_and_changes_nothing() {
    let mut company = company();
    company.order_fault(Fault {
        times: 2,
        ..Fault::next_of(
            "contactdelete",
            FaultKind::Status {
                status: 429,
                retry_after_seconds: Some(7),
            },
        )
    });
    let delete = request("action=ContactDelete&ContactId=1&format=json");
    assert_eq!(ask(&mut company, 0, "action=ping")["Code"], 0);
    for _ in 0..2 {
        let response = company.handle(START, &delete);
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "7");
    }
    assert!(company.writes().is_empty());
    assert_eq!(company.handle(START, &delete).status(), 200);
    assert!(company.faults().is_empty());
    assert_eq!(company.call_counts()["ContactDelete"], 3);
}

#[test]
fn a_server_error_can_be_inside_the_envelope() {
    let mut company = company();
    company.order_fault(Fault::next(FaultKind::ServerError));
    assert_eq!(ask(&mut company, 0, "action=ping")["Code"], 3);
}

#[test]
fn a_lost_answer_has_its_effect() {
    let mut company = company();
    company.order_fault(Fault::next(FaultKind::LostAnswer));
    company.order_fault(Fault::next(FaultKind::Delay { milliseconds: 5 }));
    let delete = request("action=ContactDelete&ContactId=1&format=json");
    let lost = company.handle(START, &delete);
    assert!(lost.extensions().get::<LostAnswer>().is_some());
    assert_eq!(company.writes().len(), 1);
    assert!(company.calls()[0].answer_lost);
    let held = company.handle(START, &delete);
    assert_eq!(
        held.extensions().get(),
        Some(&Hold(Duration::from_millis(5)))
    );
}

#[test]
fn writes_are_logged_with_before_and_after_until_reset() {
    let mut company = company();
    ask(
        &mut company,
        0,
        "action=ContactExtraSave&ContactId=2&ContactExtraAccountReference=A1",
    );
    let write = &company.writes()[0];
    assert_eq!(write.action, "ContactExtraSave");
    assert_eq!(write.before.as_ref().unwrap().account_reference, "");
    assert_eq!(write.after.account_reference, "A1");
    assert_eq!(
        company.calls()[0].parameters["contactextraaccountreference"],
        "A1"
    );
    company.reset_calls();
    assert!(company.calls().is_empty() && company.writes().is_empty());
}

#[test]
fn the_plain_behaviour_has_numbers_and_nulls() {
    let mut company = company();
    company.behaviour = Behaviour {
        numbers_as_text: false,
        null_dates: false,
        ..Behaviour::default()
    };
    let list = ask(&mut company, 0, "action=ContactListByGroupPaged&GroupId=11");
    assert_eq!(list["Result"][0]["Id"], 3);
    assert_eq!(list["Result"][0]["DeletionDate"], Value::Null);
}

#[test]
fn a_dump_seeds_the_same_company() {
    let company = company();
    let mut copy = FakeBigChange::new();
    let text = serde_json::to_string(&company.dump()).unwrap();
    copy.seed(at(999), serde_json::from_str(&text).unwrap());
    assert_eq!(copy.dump(), company.dump());
    assert_eq!(copy.contacts().count(), 3);
}
