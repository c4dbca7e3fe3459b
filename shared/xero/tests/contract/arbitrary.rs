//! Whatever Xero answers, each call ends in a result that can be worked with or in an error, and no error shows anything of the answer.

use std::fmt::{Debug, Display};
use std::sync::Arc;

use crate::support::*;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use rules::{ContactNumber, XeroChanges, XeroContactId};
use serde_json::{Map, Value, json};
use time::Duration;
use transport::{Response, Transport};
use xero::{Error, Identity, Update};

/// Stands in every text of an answer, as a customer's name or a token would.
const MARK: &str = "zqmark";
const KEY: &str = "a-key";

const FIELDS: [&str; 28] = [
    "Contacts",
    "ContactID",
    "ContactStatus",
    "ContactNumber",
    "AccountNumber",
    "Name",
    "MergedToContactID",
    "HasValidationErrors",
    "StatusAttributeString",
    "ValidationErrors",
    "Message",
    "Elements",
    "pagination",
    "pageCount",
    "itemCount",
    "DateTimeUTC",
    "ErrorNumber",
    "Type",
    "Title",
    "Detail",
    "tenantId",
    "tenantName",
    "tenantType",
    "access_token",
    "refresh_token",
    "expires_in",
    "token_type",
    "error",
];

/// Values that mean something in one place or another.
const TELLING: [&str; 18] = [
    "aaaaaaaa-0000-0000-0000-000000000001",
    "00000000-0000-0000-0000-000000000000",
    "BigChange-1",
    "ACTIVE",
    "ARCHIVED",
    "GDPRREQUEST",
    "ERROR",
    "/Date(1789380593539)/",
    "/Date(-377705116800000)/",
    "/Date(253402300799999+0000)/",
    "QueryParseException",
    "HighVolumeException",
    "AuthorizationUnsuccessful",
    "Idempotency key zqmark was used with a different request",
    "The contact name zqmark is already assigned to another contact.",
    "bearer",
    "invalid_grant",
    "invalid_client",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..60_u32).prop_map(Value::from),
        any::<String>().prop_map(|text| format!("{MARK}{text}").into()),
        proptest::sample::select(&TELLING[..]).prop_map(Value::from),
        Just(Value::from(MARK.repeat(300))),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 48, 6, |inner| {
        let field = proptest::sample::select(&FIELDS[..]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((field, inner), 0..8).prop_map(object),
        ]
    })
}

fn object(fields: Vec<(&str, Value)>) -> Value {
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    fields.into()
}

/// An answer of the right form, of which something is not as it should be.
fn nearly_right() -> impl Strategy<Value = Value> {
    let wrong = || {
        let field = proptest::sample::select(&FIELDS[..]);
        prop::collection::vec((field, any_json()), 0..3).prop_map(object)
    };
    let contacts = prop::collection::vec(wrong(), 0..3).prop_map(|wrongs| {
        let contacts = wrongs
            .iter()
            .zip(1..)
            .map(|(wrong, number)| with(contact(number, MARK), wrong));
        contacts.collect::<Vec<_>>()
    });
    let pages = json!({"pagination": {"page": 1, "pageCount": 1, "itemCount": 2}});
    let directory = (contacts, wrong())
        .prop_map(move |(contacts, wrong)| with(with(envelope(&contacts), &pages), &wrong));
    let refusal = wrong().prop_map(|wrong| {
        let refusal = json!({
            "ErrorNumber": 10, "Type": "ValidationException", "Message": MARK,
            "Elements": [{"ValidationErrors": [{"Message": MARK}]}],
        });
        with(refusal, &wrong)
    });
    let tokens = wrong().prop_map(|wrong| {
        let tokens = json!({"access_token": MARK, "refresh_token": MARK, "expires_in": 1800, "token_type": "Bearer"});
        with(tokens, &wrong)
    });
    let connections = wrong().prop_map(|wrong| {
        let connection =
            json!({"tenantId": TENANT, "tenantType": "ORGANISATION", "tenantName": MARK});
        json!([with(connection, &wrong)])
    });
    prop_oneof![4 => directory, 1 => refusal, 1 => tokens, 1 => connections]
}

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let of_json = |json: Value| json.to_string().into_bytes();
    prop_oneof![
        4 => nearly_right().prop_map(of_json),
        2 => any_json().prop_map(of_json),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => any::<String>().prop_map(|text| format!("{MARK}{text}").into_bytes()),
    ]
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let name = proptest::sample::select(vec![
        "retry-after",
        "x-rate-limit-problem",
        "x-minlimit-remaining",
        "x-daylimit-remaining",
        "x-appminlimit-remaining",
        "www-authenticate",
        "date",
        "content-type",
        "location",
    ]);
    let value = prop_oneof![
        "-?[0-9]{0,25}(\\.[0-9])?".prop_map(String::into_bytes),
        "[ \t]?(minute|appminute|day|concurrent|zqmark|application/json|Wed, 21 Oct 2026 07:28:00 GMT|Wed, 21 Oct 0001 07:28:00 GMT)"
            .prop_map(String::into_bytes),
        "Bearer error=\"insufficient_scope\", zqmark".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec((name, value), 0..6).prop_map(|headers| {
        headers
            .into_iter()
            .filter_map(|(name, value)| {
                let value = HeaderValue::from_bytes(&value).ok()?;
                Some((HeaderName::from_static(name), value))
            })
            .collect()
    })
}

fn any_response() -> impl Strategy<Value = Response> {
    let status = prop_oneof![
        4 => Just(200_u16),
        3 => proptest::sample::select(vec![201, 204, 207, 301, 304, 400, 401, 403, 404, 408, 409, 412, 429, 500, 501, 503]),
        1 => 200..1_000_u16,
    ];
    (status, any_headers(), any_body()).prop_map(|(status, headers, body)| {
        let mut response = response(status, &[], body);
        *response.headers_mut() = headers;
        response
    })
}

/// What a result is, once it is sure that an error tells nothing.
fn quiet<T, E: Display + Debug>(result: Result<T, E>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            let told = format!("{error} {error:?}");
            assert!(!told.contains(MARK), "{told}");
            assert!(!told.contains(char::is_control), "{told}");
            None
        }
    }
}

async fn every_read(answer: &Response) {
    let stub = || Stub::with(Ok(answer.clone()));
    let access = access();
    let number = ContactNumber::from_xero("BigChange-1").unwrap();
    let contact: XeroContactId = id(1).parse().unwrap();
    for since in [None, Some(time::OffsetDateTime::UNIX_EPOCH)] {
        let page = xero(&stub()).directory_page(&access, 1, since).await;
        if let Some(page) = quiet(page) {
            // Whoever asks for later changes goes back a little.
            assert!(page.value.as_of - Duration::days(1) < page.value.as_of);
            assert!(page.value.contacts.len() + page.value.unreadable <= xero::PAGE_SIZE);
        }
    }
    quiet(xero(&stub()).contacts_by_id(&access, &[contact]).await);
    quiet(
        xero(&stub())
            .contacts_by_account_number(&access, &["ACME0001".to_owned()])
            .await,
    );
    quiet(
        xero(&stub())
            .contacts_by_name(&access, &["A".to_owned()])
            .await,
    );
    quiet(xero(&stub()).contacts_by_search(&access, "A", 1).await);
    let found = xero(&stub()).contact_by_number(&access, &number).await;
    if let Some(Some(found)) = quiet(found).map(|answer| answer.value) {
        assert_eq!(
            found.contact_number,
            Some(number),
            "the one that was asked for"
        );
    }
    quiet(xero(&stub()).connections(&access.token).await);
}

async fn every_write(answer: &Response) {
    let stub = || Stub::with(Ok(answer.clone()));
    let access = access();
    let contact: XeroContactId = id(1).parse().unwrap();
    let wanted = [bare_contact(1, "A")];
    let created = quiet(xero(&stub()).create(&access, &wanted, KEY).await);
    let changes = XeroChanges::default();
    let updated = quiet(xero(&stub()).update(&access, contact, &changes, KEY).await);
    let update = Update::new(contact, changes).unwrap();
    let updated_many = quiet(xero(&stub()).update_many(&access, &[update], KEY).await);
    for results in [created, updated_many].into_iter().flatten() {
        assert!(
            answer.status().is_success(),
            "only a success can have saved anything"
        );
        assert_eq!(results.value.len(), 1, "every element is told of");
        assert!(!format!("{results:?}").contains(MARK) || is_saved(&results.value[0]));
    }
    if let Some(result) = updated {
        assert!(answer.status().is_success() || !is_saved(&result.value));
    }
}

fn is_saved(result: &xero::ElementResult) -> bool {
    matches!(result, xero::ElementResult::Saved(_))
}

async fn every_token_call(answer: &Response) {
    let identity = || {
        let stub: Arc<dyn Transport> = Stub::with(Ok(answer.clone()));
        let url = "https://identity.xero.com".parse().unwrap();
        Identity::new(stub, url, "client".to_owned(), MARK.to_owned().into())
    };
    let tokens = [
        quiet(identity().refresh(&MARK.to_owned().into()).await),
        quiet(identity().client_credentials().await),
    ];
    for tokens in tokens.into_iter().flatten() {
        assert_eq!(answer.status(), 200);
        assert!(!format!("{tokens:?}").contains(MARK), "{tokens:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_answer_is_survived_and_no_error_tells_of_it(answer in any_response()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            every_read(&answer).await;
            every_write(&answer).await;
            every_token_call(&answer).await;
        });
    }
}

#[tokio::test]
async fn json_that_is_nested_too_deep_is_survived() {
    let deep = format!("{{\"Contacts\":{}", "[".repeat(100_000));
    for status in [200, 400, 401] {
        let answer = response(status, &[], deep.clone());
        every_read(&answer).await;
        every_write(&answer).await;
        every_token_call(&answer).await;
    }
}

#[tokio::test]
async fn a_date_at_the_end_of_the_calendar_is_none() {
    for date in ["/Date(-377705116800000)/", "/Date(253402300799999)/"] {
        let pages = json!({"DateTimeUTC": date, "pagination": {"pageCount": 1, "itemCount": 0}});
        let stub = Stub::with(Ok(json_response(200, &with(envelope(&[]), &pages))));
        let page = xero(&stub).directory_page(&access(), 1, None).await;
        assert!(matches!(page, Err(Error::Unexpected { .. })), "{page:?}");
    }
}
