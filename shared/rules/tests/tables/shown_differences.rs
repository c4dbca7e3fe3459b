//! What a report marks as different between a contact and its Xero contact.

use rules::Field::{self, AccountReference, Name};
use rules::{XeroContactRef, shown_differences};

use crate::support::{acme, xero_id};

#[test]
fn a_report_marks_another_name_and_another_account_number() {
    type Row = (
        (&'static str, &'static str),
        (&'static str, &'static str),
        &'static [Field],
    );
    let rows: [Row; 11] = [
        (("Acme Ltd", "A-1"), ("Acme Ltd", "A-1"), &[]),
        (("Acme Ltd", "A-1"), (" Acme  Ltd ", " A-1 "), &[]),
        (("Acme Ltd", "a-1"), ("Acme Ltd", "A-1"), &[]),
        (("Acme Ltd", ""), ("Acme Ltd", " "), &[]),
        (("Acme Ltd", "A-1"), ("Acme Limited", "A-1"), &[Name]),
        (("Acme Ltd", "A-1"), ("ACME LTD", "A-1"), &[Name]),
        (("Acme Ltd", "A-1"), ("", "A-1"), &[Name]),
        (
            ("Acme Ltd", "A-1"),
            ("Acme Ltd", "A-2"),
            &[AccountReference],
        ),
        (("Acme Ltd", ""), ("Acme Ltd", "A-2"), &[AccountReference]),
        (("Acme Ltd", "A-1"), ("Acme Ltd", ""), &[AccountReference]),
        (("Acme", "A-1"), ("Bolt", "B-1"), &[Name, AccountReference]),
    ];
    for ((name, reference), (xero_name, number), differ) in rows {
        let mut contact = acme();
        contact.name = name.to_owned();
        contact.account_reference = reference.to_owned();
        let xero = XeroContactRef {
            id: xero_id(1),
            name: xero_name.to_owned(),
            account_number: number.to_owned(),
        };
        let found = shown_differences(&contact, &xero);
        assert_eq!(found, differ, "{name} {reference} / {xero_name} {number}");
        // Nothing is known of what BigChange left out of its answer.
        contact.missing.extend([Name, AccountReference]);
        assert_eq!(shown_differences(&contact, &xero), []);
    }
}
