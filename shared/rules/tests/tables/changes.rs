//! What a plan changes, as people are shown it.

use rules::{Change, Field, System, changes};

use crate::support::{Case, XeroContactExt, customer, namesake, xero};

/// Each change as `system field: before → after`.
fn told(case: &Case) -> Vec<String> {
    let customer = customer(&case.contact);
    let synced = case.link.as_ref().map(|link| &link.synced);
    let all = changes(&case.plan(), &customer, synced);
    let told = |change: &Change| {
        let Change {
            system,
            field,
            before,
            after,
        } = change;
        format!(
            "{} {}: {before:?} → {after:?}",
            system.name(),
            field.label()
        )
    };
    all.iter().map(told).collect()
}

#[test]
fn a_create_fills_every_field_that_bigchange_has() {
    let case = Case::new()
        .settings(&[("CREATE_IN_XERO", "true"), ("GENERATE_ACCOUNT_REF", "true")])
        .generated("ACME0001")
        .found([]);
    assert_eq!(
        told(&case),
        [
            r#"Xero name: "" → "Acme Ltd""#,
            r#"Xero account reference: "" → "ACME0001""#,
            r#"Xero contact number: "" → "BigChange-7""#,
            r#"Xero address: "" → "1 High Street, Leeds, LS1 1AA, United Kingdom""#,
            r#"Xero phone: "" → "+441130000000""#,
            r#"Xero email: "" → "jo@acme.example""#,
            r#"Xero contact person: "" → "Jo van Dam""#,
            r#"BigChange account reference: "" → "ACME0001""#,
            r#"BigChange account type: "" → "1 (Xero)""#,
            r#"BigChange contact reference: "" → "ACME0001""#,
        ]
    );
}

#[test]
fn linking_fills_the_account_number_and_nothing_else() {
    let case = Case::new()
        .account_reference("A-1")
        .with(|contact| contact.account_type = Some(rules::AccountType::XERO))
        .found([namesake(1)]);
    assert_eq!(told(&case), [r#"Xero account reference: "" → "A-1""#]);
}

#[test]
fn a_number_that_is_taken_over_shows_in_bigchange_only() {
    let case = Case::new()
        .with(|contact| contact.account_type = Some(rules::AccountType(2)))
        .found([xero(1).named("Acme Ltd").account("B-2")]);
    assert_eq!(
        told(&case),
        [
            r#"BigChange account reference: "" → "B-2""#,
            r#"BigChange account type: "2" → "1 (Xero)""#,
        ]
    );
}

#[test]
fn an_edit_shows_what_was_last_carried_over_and_what_is_sent() {
    let case = Case::linked().with(|contact| {
        contact.phone.clear();
        "2 Low Street".clone_into(&mut contact.street);
        "Jo Dam".clone_into(&mut contact.person);
    });
    assert_eq!(
        told(&case),
        [
            r#"Xero address: "1 High Street, Leeds, LS1 1AA, United Kingdom" → "2 Low Street, Leeds, LS1 1AA, United Kingdom""#,
            r#"Xero phone: "+441130000000" → """#,
            r#"Xero contact person: "Jo van Dam" → "Jo Dam""#,
        ]
    );
}

#[test]
fn nothing_differs_nothing_is_shown() {
    assert!(told(&Case::linked()).is_empty());
    let restored = changes(
        &Case::linked().account_reference("").plan(),
        &customer(&Case::linked().account_reference("").contact),
        None,
    );
    let fields: Vec<_> = restored.iter().map(|c| (c.system, c.field)).collect();
    assert_eq!(fields, [(System::BigChange, Field::AccountReference)]);
}
