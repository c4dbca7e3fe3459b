//! Whose state a stored key is about.

use rules::Subject;

use crate::support::{contact_id, xero_id};

#[test]
fn a_stored_key_of_today_is_a_contact_of_bigchange() {
    for (key, subject) in [
        ("1017", Subject::BigChange(contact_id(1017))),
        (
            "00000000-0000-0000-0000-000000000003",
            Subject::Xero(xero_id(3)),
        ),
    ] {
        assert_eq!(key.parse(), Ok(subject), "{key}");
        assert_eq!(subject.to_string(), key);
    }
    for neither in ["", "0", "-1", "BigChange-1017"] {
        assert!(neither.parse::<Subject>().is_err(), "{neither}");
    }
    assert_eq!(
        Subject::from(contact_id(7)),
        Subject::BigChange(contact_id(7))
    );
}
