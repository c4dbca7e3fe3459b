//! What a plan changes, field by field: for people to look at before, and to look up afterwards.

use crate::unit::{full_name, in_one_line};
use crate::{
    AccountType, Change, ContactNumber, Customer, Details, Field, NewXeroContact, Plan, System,
    Unit, XeroWrite,
};

/// What `plan` writes, field by field, Xero first. `synced` is what was last carried over to the
/// Xero contact, or may have been; it stands for what was there where the plan does not say.
#[must_use]
pub fn changes(plan: &Plan, customer: &Customer, synced: Option<&Details>) -> Vec<Change> {
    let mut all = Vec::new();
    let mut xero = |field, before: String, after: String| {
        all.push(Change {
            system: System::Xero,
            field,
            before,
            after,
        });
    };
    match &plan.xero {
        XeroWrite::Nothing { .. } | XeroWrite::Unknown(_) => {}
        XeroWrite::Create(new) => {
            for (field, after) in created(new) {
                xero(field, String::new(), after);
            }
        }
        XeroWrite::Change { changes, .. } => {
            let nothing = Details::default();
            let before = plan.xero.stood_there().or(synced).unwrap_or(&nothing);
            if let Some(number) = &changes.account_number {
                // Only ever into a blank one.
                xero(Field::AccountReference, String::new(), number.to_string());
            }
            for unit in Unit::ALL.into_iter().filter(|unit| unit.is_in(changes)) {
                let after = unit.text(&plan.synced);
                xero(unit.field(), unit.text(before), after);
            }
        }
    }
    all.extend(in_bigchange(plan, customer));
    all
}

fn in_bigchange(plan: &Plan, customer: &Customer) -> Vec<Change> {
    let reference = plan.account_reference.to_string();
    let change = |field, before: String, after: String| Change {
        system: System::BigChange,
        field,
        before,
        after,
    };
    let mut all = Vec::new();
    if plan.bigchange_account {
        let before = customer.account_reference.as_ref();
        let before = before.map(ToString::to_string).unwrap_or_default();
        if before != reference {
            all.push(change(Field::AccountReference, before, reference.clone()));
        }
        if customer.account_type != Some(AccountType::XERO) {
            let before = customer.account_type.map(account_type).unwrap_or_default();
            let after = account_type(AccountType::XERO);
            all.push(change(Field::AccountType, before, after));
        }
    }
    if plan.bigchange_contact_reference {
        let before = customer.contact_reference.clone();
        all.push(change(Field::ContactReference, before, reference));
    }
    all
}

fn created(new: &NewXeroContact) -> Vec<(Field, String)> {
    let NewXeroContact {
        name,
        account_number,
        contact_number,
        address,
        phone,
        email,
        person,
    } = new;
    let number = |number: &ContactNumber| number.to_string();
    let always = [
        (Field::Name, name.clone()),
        (Field::AccountReference, account_number.to_string()),
        (Field::ContactNumber, number(contact_number)),
    ];
    let given = [
        (Field::Address, address.as_ref().map(in_one_line)),
        (Field::Phone, phone.clone()),
        (Field::Email, email.clone()),
        (Field::Person, person.as_ref().map(full_name)),
    ];
    let given = given
        .into_iter()
        .filter_map(|(field, value)| Some((field, value?)));
    always.into_iter().chain(given).collect()
}

fn account_type(account_type: AccountType) -> String {
    if account_type == AccountType::XERO {
        "1 (Xero)".to_owned()
    } else {
        account_type.0.to_string()
    }
}
