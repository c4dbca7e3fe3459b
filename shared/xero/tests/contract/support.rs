//! A transport that gives prepared answers and keeps what it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::future::BoxFuture;
use rules::{AccountReference, Address, ContactId, ContactNumber, NewXeroContact, Person};
use serde_json::{Value, json};
use transport::{Request, Response, Transport, TransportError};
use xero::{Access, Xero};

pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const TOKEN: &str = "an-access-token";

#[derive(Default)]
pub(crate) struct Stub {
    answers: Mutex<VecDeque<Result<Response, TransportError>>>,
    requests: Mutex<Vec<Request>>,
}

impl Stub {
    pub(crate) fn with(answer: Result<Response, TransportError>) -> Arc<Self> {
        let stub = Self::default();
        stub.answers.lock().unwrap().push_back(answer);
        Arc::new(stub)
    }

    pub(crate) fn only_request(&self) -> Request {
        let mut requests = self.requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "one method is one call");
        requests.pop().unwrap()
    }

    pub(crate) fn was_asked(&self) -> bool {
        !self.requests.lock().unwrap().is_empty()
    }
}

impl Transport for Stub {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        self.requests.lock().unwrap().push(request);
        let answer = self.answers.lock().unwrap().pop_front();
        Box::pin(async move { answer.expect("an answer was prepared") })
    }
}

pub(crate) fn xero(stub: &Arc<Stub>) -> Xero {
    let transport: Arc<dyn Transport> = stub.clone();
    Xero::new(transport, "https://api.xero.com".parse().unwrap())
}

pub(crate) fn access() -> Access {
    Access {
        token: TOKEN.to_owned().into(),
        tenant: TENANT.parse().unwrap(),
    }
}

pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).unwrap()
}

pub(crate) fn json_response(status: u16, body: &Value) -> Response {
    response(
        status,
        &[
            ("Content-Type", "application/json; charset=utf-8"),
            ("X-MinLimit-Remaining", "59"),
            ("X-DayLimit-Remaining", "4999"),
        ],
        body.to_string(),
    )
}

pub(crate) fn envelope(contacts: &[Value]) -> Value {
    json!({
        "Id": "99999999-0000-0000-0000-000000000000",
        "Status": "OK",
        "ProviderName": "My App",
        "DateTimeUTC": "/Date(1789380593539)/",
        "Contacts": contacts,
    })
}

pub(crate) fn id(number: u32) -> String {
    format!("aaaaaaaa-0000-0000-0000-{number:012}")
}

/// A contact as a write answers it.
pub(crate) fn contact(number: u32, name: &str) -> Value {
    json!({
        "ContactID": id(number), "ContactStatus": "ACTIVE", "Name": name, "EmailAddress": "", "BankAccountDetails": "",
        "ContactNumber": format!("BigChange-{number}"), "AccountNumber": format!("ACME{number:04}"),
        "Addresses": [{"AddressType": "STREET", "City": "", "Region": "", "PostalCode": "", "Country": ""}, {"AddressType": "POBOX", "City": "Leeds"}],
        "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": "0113", "PhoneAreaCode": "", "PhoneCountryCode": ""}],
        "UpdatedDateUTC": "/Date(1789378193493+0000)/", "ContactGroups": [], "IsSupplier": false, "IsCustomer": false,
        "SalesTrackingCategories": [], "PurchasesTrackingCategories": [], "ContactPersons": [], "HasValidationErrors": false,
    })
}

pub(crate) fn with(mut value: Value, changes: &Value) -> Value {
    for (key, change) in changes.as_object().unwrap() {
        value[key] = change.clone();
    }
    value
}

pub(crate) fn bare_contact(number: u32, name: &str) -> NewXeroContact {
    let ours = ContactId::try_from(u64::from(number)).unwrap();
    NewXeroContact {
        name: name.to_owned(),
        account_number: AccountReference::parse(&format!("ACME{number:04}")).unwrap(),
        contact_number: ContactNumber::ours(ours),
        address: None,
        phone: None,
        email: None,
        person: None,
    }
}

pub(crate) fn full_contact(number: u32, name: &str) -> NewXeroContact {
    NewXeroContact {
        address: Some(Address {
            street: "1 High Street".to_owned(),
            town: "Leeds".to_owned(),
            postcode: "LS1 1AA".to_owned(),
            country: "United Kingdom".to_owned(),
        }),
        phone: Some("01130000000".to_owned()),
        email: Some("office@example.com".to_owned()),
        person: Some(Person {
            first_names: "Jo Ann".to_owned(),
            last_name: "Smith".to_owned(),
        }),
        ..bare_contact(number, name)
    }
}
