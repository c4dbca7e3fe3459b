//! What each failure is taken for, and that none shows what it must not.

use std::time::Duration;

use crate::support::*;
use rules::XeroChanges;
use serde_json::{Value, json};
use transport::{Response, TransportError};
use xero::{AuthLostCause, Error, LimitProblem, Limits, Refusal};

async fn read(answer: Result<Response, TransportError>) -> Error {
    let stub = Stub::with(answer);
    let result = xero(&stub).directory_page(&access(), 1, None).await;
    result.unwrap_err()
}

async fn create(answer: Result<Response, TransportError>) -> Error {
    let stub = Stub::with(answer);
    let contacts = [bare_contact(1, "A")];
    let result = xero(&stub).create(&access(), &contacts, "key").await;
    result.unwrap_err()
}

fn transient(retry_after: Option<u64>, answer_lost: bool) -> Error {
    Error::Transient {
        retry_after: retry_after.map(Duration::from_secs),
        answer_lost,
    }
}

fn unauthorized(status: u16, detail: &str, www_authenticate: &str) -> Response {
    let body = json!({"Type": null, "Title": "Unauthorized", "Status": status, "Detail": detail, "Instance": id(1), "Extensions": {}});
    let headers = [("WWW-Authenticate", www_authenticate)];
    response(status, &headers, body.to_string())
}

#[tokio::test]
async fn a_429_says_which_limit_and_how_long_in_its_headers() {
    let some = |seconds| Some(Duration::from_secs(seconds));
    for (problem, retry_after, expected, wait) in [
        ("minute", Some("27"), LimitProblem::Minute, some(27)),
        ("Minute", Some("27"), LimitProblem::Minute, some(27)),
        ("day", Some("40000"), LimitProblem::Day, some(40_000)),
        ("concurrent", None, LimitProblem::Concurrent, None),
        ("other", Some("soon"), LimitProblem::Unknown, None),
        ("day", Some("99999999999"), LimitProblem::Day, some(86_400)),
    ] {
        let mut headers = vec![
            ("X-Rate-Limit-Problem", problem),
            ("X-MinLimit-Remaining", "0"),
            ("X-DayLimit-Remaining", "812"),
        ];
        headers.extend(retry_after.map(|seconds| ("Retry-After", seconds)));
        let limited = || Ok(response(429, &headers, ""));
        let expected = Error::RateLimited {
            problem: expected,
            retry_after: wait,
            limits: Limits {
                minute_remaining: Some(0),
                day_remaining: Some(812),
            },
        };
        assert_eq!(read(limited()).await, expected, "{problem}");
        assert_eq!(create(limited()).await, expected, "{problem}");
    }
}

#[tokio::test]
async fn a_lost_answer_is_transient_and_only_a_write_may_have_been_done() {
    assert_eq!(
        read(Err(TransportError::NotSent)).await,
        transient(None, false)
    );
    assert_eq!(
        create(Err(TransportError::NotSent)).await,
        transient(None, false)
    );
    assert_eq!(
        read(Err(TransportError::AnswerLost)).await,
        transient(None, false)
    );
    assert_eq!(
        create(Err(TransportError::AnswerLost)).await,
        transient(None, true)
    );
}

#[tokio::test]
async fn an_answer_too_large_to_read_may_have_followed_a_write_and_fails_a_read() {
    let too_large = || Err(TransportError::TooLarge { limit_bytes: 1 });
    assert_eq!(create(too_large()).await, transient(None, true));
    assert!(matches!(
        read(too_large()).await,
        Error::Unexpected { status: None, .. }
    ));
}

#[tokio::test]
async fn a_server_out_of_order_is_transient() {
    let json = json!({"Title": "An error occurred", "Detail": "An error occurred in Xero. Check the API Status page", "Status": 500, "Instance": id(1)}).to_string();
    for (status, body) in [
        (500, json.as_str()),
        (502, ""),
        (503, "The Organisation is offline"),
        (503, "The Xero API is currently offline for maintenance"),
        (504, "<html>"),
        (408, ""),
    ] {
        let headers = [("Retry-After", "30")];
        let broken = || Ok(response(status, &headers, body.to_owned()));
        assert_eq!(read(broken()).await, transient(Some(30), false), "{status}");
        assert_eq!(
            create(broken()).await,
            transient(Some(30), true),
            "{status}"
        );
    }
}

#[tokio::test]
async fn an_expired_token_is_told_from_a_connection_that_is_gone() {
    let missing = Error::AuthLost {
        cause: AuthLostCause::MissingScope,
    };
    let not_connected = Error::AuthLost {
        cause: AuthLostCause::NotConnected,
    };
    let expired = "TokenExpired: token expired at 01/01/2001 00:00:00";
    for (answer, expected) in [
        (unauthorized(401, expired, ""), Error::AuthExpired),
        (
            unauthorized(401, "TokenInvalidSignature", "Bearer"),
            Error::AuthExpired,
        ),
        (response(401, &[], ""), Error::AuthExpired),
        (
            unauthorized(401, "", r#"Bearer error="insufficient_scope""#),
            missing.clone(),
        ),
        (
            unauthorized(401, "", r#"Bearer error="insufficent_scope""#),
            missing.clone(),
        ),
        (
            unauthorized(401, "AuthorizationUnsuccessful", ""),
            missing.clone(),
        ),
        (
            unauthorized(403, "", r#"Bearer error="insufficient_scope""#),
            missing,
        ),
        (
            unauthorized(403, "AuthenticationUnsuccessful", ""),
            not_connected,
        ),
    ] {
        assert_eq!(read(Ok(answer)).await, expected);
    }
}

#[tokio::test]
async fn what_a_gateway_answers_in_xeros_place_is_a_passing_fault() {
    const PAGE: &str = "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD></HTML>";
    let own = json!({"Title": "Forbidden", "Status": 403, "Detail": "AuthenticationUnsuccessful"});
    let own = own.to_string();
    let html = [("Content-Type", "text/html; charset=UTF-8")];
    let json = [("Content-Type", "application/json")];
    for (status, headers, body) in [
        (403, html.as_slice(), PAGE),
        (403, &html, ""),
        (403, &[], ""),
        (403, &json, ""),
        (403, &json, r#"{"message":"Forbidden"}"#),
        (403, &json, r#"{"Title":"Forbidden","Status":403}"#),
        (
            403,
            &json,
            r#"{"Title":"Forbidden","Status":500,"Detail":"x"}"#,
        ),
        (403, &json, r#"["Title"]"#),
        // Whatever a page quotes.
        (403, &html, own.as_str()),
        (401, &html, PAGE),
        (400, &html, PAGE),
        (405, &html, PAGE),
        (302, &html, ""),
        (503, &html, PAGE),
        // A page in place of an answer that went well.
        (200, &html, PAGE),
    ] {
        let answer = || Ok(response(status, headers, body.to_owned()));
        assert_eq!(
            read(answer()).await,
            transient(None, false),
            "{status} {body}"
        );
        assert_eq!(
            create(answer()).await,
            transient(None, true),
            "{status} {body}"
        );
    }
    // Xero's own form without a declared type, and with the status as text.
    for body in [own.replace("403", "\"403\""), own] {
        let cause = AuthLostCause::NotConnected;
        assert_eq!(
            read(Ok(response(403, &[], body))).await,
            Error::AuthLost { cause }
        );
    }
}

#[tokio::test]
async fn an_authorisation_that_is_lost_names_its_cure() {
    for cause in [AuthLostCause::MissingScope, AuthLostCause::NotConnected] {
        let error = Error::AuthLost { cause };
        assert!(error.to_string().contains("a person must connect it again"));
    }
}

#[tokio::test]
async fn a_refusal_of_the_whole_call_keeps_xeros_words_to_itself() {
    let words = "The contact name Private Person is already assigned to another contact.";
    let element = json!({"ContactID": id(1), "Name": "Private Person", "HasValidationErrors": true, "ValidationErrors": [{"Message": words}]});
    let body = json!({"ErrorNumber": 10, "Type": "ValidationException", "Message": "A validation exception occurred", "Elements": [element]});
    let error = create(Ok(json_response(400, &body))).await;
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("Private"), "{shown}");
    let Error::Rejected { kind, messages } = error else {
        panic!("it is rejected")
    };
    assert_eq!(kind, Refusal::NameTaken);
    assert_eq!(messages[..], [words.to_owned()]);
}

#[tokio::test]
async fn each_kind_of_bad_request_is_told_apart() {
    let exception = |number: u32, kind: &str, message: &str| json!({"ErrorNumber": number, "Type": kind, "Message": message});
    let key = "Idempotency Key: a-key is used with a different request.";
    for (body, expected) in [
        (
            exception(51, "HighVolumeException", "too many"),
            Error::QueryRefused,
        ),
        (
            exception(9_191_919, "HighVolumeFilterUnavailableApiException", "no"),
            Error::QueryRefused,
        ),
        (
            exception(16, "QueryParseException", "Syntax error"),
            Error::QueryRefused,
        ),
        (
            exception(10, "ValidationException", key),
            Error::IdempotencyKeyReused,
        ),
        (json!({"Title": key}), Error::IdempotencyKeyReused),
        (json!({"Detail": key}), Error::IdempotencyKeyReused),
    ] {
        assert_eq!(read(Ok(json_response(400, &body))).await, expected);
    }
    let plain = exception(
        14,
        "PostDataInvalidException",
        "JSON for post data was invalid",
    );
    let error = create(Ok(json_response(400, &plain))).await;
    assert!(matches!(error, Error::NothingProcessed { .. }));
    let nothing = exception(17, "NoDataProcessedException", "No data has been processed");
    let error = create(Ok(json_response(400, &nothing))).await;
    let Error::NothingProcessed { messages } = error else {
        panic!("{error:?}")
    };
    assert_eq!(messages[..], ["No data has been processed".to_owned()]);
    // With elements it is a refusal of those.
    let mut with_elements = nothing;
    with_elements["Elements"] =
        json!([{"ValidationErrors": [{"Message": "Email address must be valid"}]}]);
    let error = create(Ok(json_response(400, &with_elements))).await;
    assert!(matches!(
        error,
        Error::Rejected {
            kind: Refusal::Invalid,
            ..
        }
    ));
    for nonsense in ["", "<html>", "[]", "{}", "null"] {
        let error = create(Ok(response(400, &[], nonsense))).await;
        assert!(
            matches!(
                error,
                Error::Unexpected {
                    status: Some(400),
                    ..
                }
            ),
            "{nonsense}"
        );
    }
}

#[tokio::test]
async fn what_no_call_should_bring_is_unexpected() {
    for status in [204, 301, 304, 404, 405, 413, 422] {
        let error = create(Ok(response(status, &[], ""))).await;
        assert!(
            matches!(error, Error::Unexpected { status: Some(s), .. } if s == status),
            "{status}"
        );
    }
    let xml = response(200, &[("Content-Type", "text/xml")], "<Response/>");
    assert!(matches!(
        read(Ok(xml)).await,
        Error::Unexpected {
            status: Some(200),
            ..
        }
    ));
}

#[tokio::test]
async fn no_error_shows_a_name_a_token_or_an_address() {
    let private = "Private-Person";
    let value = json!({"Name": private, "Message": private, "Detail": private, "Type": private, "Contacts": private, "error": private});
    for status in [200, 301, 400, 401, 403, 404, 409, 429, 500, 503] {
        let leaky: Value = value.clone();
        let headers = [
            ("X-Rate-Limit-Problem", private),
            ("WWW-Authenticate", private),
            ("Location", private),
        ];
        let answer = || Stub::with(Ok(response(status, &headers, leaky.to_string())));
        let (changes, names) = (XeroChanges::default(), [private.to_owned()]);
        let mut errors = Vec::new();
        let stub = answer();
        errors.extend(xero(&stub).contacts_by_name(&access(), &names).await.err());
        let stub = answer();
        errors.extend(
            xero(&stub)
                .contacts_by_search(&access(), private, 1)
                .await
                .err(),
        );
        let stub = answer();
        let create = [bare_contact(1, private)];
        errors.extend(xero(&stub).create(&access(), &create, private).await.err());
        let stub = answer();
        let contact = id(1).parse().unwrap();
        errors.extend(
            xero(&stub)
                .update(&access(), contact, &changes, private)
                .await
                .err(),
        );
        assert!(errors.len() >= 3, "{status}");
        for error in errors {
            let shown = format!("{error} {error:?}");
            for hidden in [private, TOKEN, "https://", "where="] {
                assert!(!shown.contains(hidden), "{status}: {shown}");
            }
        }
    }
}
