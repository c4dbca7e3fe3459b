//! Contacts that are not in Xero yet.

use rules::Notice;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_new_customer_is_created_in_xero_with_everything_bigchange_knows() {
    let mut world = World::creating();
    let acme = world.customer_with_reference("Acme  Ltd ", "ACME01");
    world.edit(acme, |c| c.account_type = None);
    world.sync(&[acme]).await;
    let [created] = world.created_for(acme).try_into().unwrap();
    for (field, text) in [
        ("Name", "Acme Ltd"),
        ("AccountNumber", "ACME01"),
        ("ContactNumber", "BigChange-1"),
        ("FirstName", "Mary Ann"),
        ("LastName", "Smith"),
        ("EmailAddress", "office1@example.com"),
    ] {
        assert_eq!(created.text(field), text, "{field}");
    }
    for (field, text) in [
        ("AddressLine1", "1 High Street"),
        ("City", "Leeds"),
        ("PostalCode", "LS1 1AA"),
        ("Country", "United Kingdom"),
    ] {
        assert_eq!(created.address("POBOX", field), text, "{field}");
    }
    assert_eq!(created.phone("DEFAULT", "PhoneNumber"), "+441130000001");
    assert_eq!(world.linked(acme).await, Some(created.id));
    assert_eq!(world.record(acme).await.intent, None);
    let contact = world.in_bigchange(acme);
    assert_eq!(contact.account_reference, "ACME01");
    assert_eq!(contact.account_type, Some(1));
    assert_eq!(contact.contact_reference, "");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_generated_code_is_written_to_both_systems_and_into_a_blank_contact_reference() {
    let mut world = World::generating().await;
    let blank = world.customer("Acme Ltd", |_| ());
    let kept = world.customer("Bolt & Sons", |c| c.contact_reference = "OLD-7".into());
    world.sync(&[blank, kept]).await;
    for (id, code, contact_reference) in
        [(blank, "ACME0001", "ACME0001"), (kept, "BOLT0001", "OLD-7")]
    {
        let contact = world.in_bigchange(id);
        assert_eq!(contact.account_reference, code);
        assert_eq!(contact.account_type, Some(1));
        assert_eq!(contact.contact_reference, contact_reference);
        assert_eq!(world.created_for(id)[0].text("AccountNumber"), code);
        // Nothing else of it may have changed.
        assert_eq!(contact.street, format!("{id} High Street"));
        assert_eq!(contact.person, "Mary Ann Smith");
        assert_eq!(contact.group_id, crate::world::CUSTOMERS);
    }
    assert_eq!(
        world.bigchange_writes(),
        ["ContactExtraSave", "ContactUpdateRef", "ContactExtraSave"]
    );
    world.is_quiet(&[blank, kept]).await;
}

#[tokio::test]
async fn a_contact_reference_that_bigchange_does_not_take_is_told_as_a_notice() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme Ltd", |_| ());
    // Of a contact in a group that is not synchronised nothing is known.
    let taken = world.customer("Somebody", |c| {
        c.group_id = 999;
        c.contact_reference = "ACME0001".into();
    });
    world.sync(&[acme]).await;
    let contact = world.in_bigchange(acme);
    assert_eq!(contact.account_reference, "ACME0001");
    assert_eq!(contact.contact_reference, "");
    let not_written = Notice::ContactReferenceNotWritten {
        reason: "Reference Update Failed".to_owned(),
        field: None,
    };
    let notices = world.record(acme).await.notices;
    assert_eq!(notices, std::slice::from_ref(&not_written));
    world.is_quiet(&[acme]).await;
    assert_eq!(world.record(acme).await.notices, [not_written]);
    assert_eq!(world.in_bigchange(taken).contact_reference, "ACME0001");
}

#[tokio::test]
async fn a_user_without_the_right_to_set_contact_references_gets_the_notice_and_no_lost_login() {
    let mut world = World::generating().await;
    let acme = world.customer("Acme Ltd", |_| ());
    world.network.bigchange().behaviour.actions_without_right =
        ["contactupdateref".to_owned()].into();
    world.sync(&[acme]).await;
    let notices = world.record(acme).await.notices;
    let reason = "misc_noRight".to_owned();
    let field = None;
    assert_eq!(
        notices,
        [Notice::ContactReferenceNotWritten { reason, field }]
    );
    assert_eq!(world.in_bigchange(acme).account_reference, "ACME0001");
    assert_eq!(world.problem_code(acme).await, "");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn a_field_that_xero_would_refuse_is_left_out_and_told() {
    let mut world = World::creating();
    let acme = world.customer("Acme Ltd", |c| {
        c.account_reference = "A1".into();
        c.country = "England 1".into();
        c.email = "a@example.com; b@example.com".into();
    });
    world.sync(&[acme]).await;
    let created = &world.created_for(acme)[0];
    assert_eq!(created.address("POBOX", "Country"), "");
    assert_eq!(created.address("POBOX", "City"), "Leeds");
    assert_eq!(created.text("EmailAddress"), "");
    let notices = world.record(acme).await.notices;
    let codes: Vec<_> = notices.iter().map(Notice::code).collect();
    assert_eq!(codes, ["FieldLeftOut", "FieldLeftOut"]);
    assert_eq!(world.problem_code(acme).await, "");
    world.is_quiet(&[acme]).await;
}

#[tokio::test]
async fn one_bad_element_of_a_batch_does_not_keep_the_others_from_being_created() {
    let mut world = World::creating();
    // Xero counts the account numbers of archived contacts too.
    world.xero_contact(json!({"Name": "Gone", "AccountNumber": "B1", "ContactStatus": "ARCHIVED"}));
    let ids: Vec<u64> = (1..=60)
        .map(|n| world.customer_with_reference(&format!("Customer {n}"), &format!("C{n}")))
        .collect();
    // An email that we let pass and Xero does not.
    world.edit(7, |c| c.email = ".office@example.com".into());
    world.sync(&ids).await;
    for id in ids {
        let created = world.created_for(id).len();
        let code = world.problem_code(id).await;
        match id {
            7 => assert_eq!((created, code), (1 - code.len().min(1), code)),
            _ => assert_eq!((created, code), (1, "")),
        }
    }
}
