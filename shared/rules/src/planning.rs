//! What every plan has in common, whatever it is made for.

use crate::{
    AccountReference, AccountType, ContactStatus, Details, Earlier, Field, Notice, Plan, Problem,
    Snapshot, SyncAction, XeroChanges, XeroContact, XeroContactId, XeroWrite,
};

/// Why a Xero contact cannot be linked to or changed, if that is so.
pub(crate) fn unusable(contact: &XeroContact) -> Option<Problem> {
    match contact.status {
        ContactStatus::Active => None,
        ContactStatus::Erased => Some(Problem::ErasedInXero {
            xero: contact.into(),
        }),
        ContactStatus::Archived => Some(Problem::ArchivedInXero {
            xero: contact.into(),
            survivor: contact.merged_into,
        }),
    }
}

pub(crate) fn held_by_another(s: &Snapshot<'_>, reference: &AccountReference) -> Option<Problem> {
    let holder = *s.holders.get(reference)?;
    (holder != s.customer.id).then(|| Problem::DuplicateAccountReference {
        reference: reference.clone(),
        holder,
    })
}

/// The longest contact reference, in characters, by BigChange's reference. An account number in
/// Xero may have 50.
const CONTACT_REFERENCE_MAX: usize = 40;

/// What is written to BigChange, by the table:
///
/// | account reference in BigChange | match in Xero | generate | contact reference | account reference becomes | contact reference becomes |
/// |---|---|---|---|---|---|
/// | set | any or none | any | any | unchanged | unchanged |
/// | blank | has an account number | any | blank | Xero's | the same, if generate is ticked |
/// | blank | has an account number | any | set | Xero's | unchanged |
/// | blank | none, or no account number | ticked | blank | generated | the same code |
/// | blank | none, or no account number | ticked | set | generated | unchanged |
pub(crate) fn plan(
    s: &Snapshot<'_>,
    outcome: SyncAction,
    account_reference: AccountReference,
    xero: XeroWrite,
    synced: Details,
) -> Plan {
    let customer = s.customer;
    let is_missing = |field| customer.missing.contains(&field);
    // What BigChange did not tell is neither blank nor wrong, and is not written over.
    let blank = customer.account_reference.is_none() && !is_missing(Field::AccountReference);
    let other_type = customer.account_type != Some(AccountType::XERO)
        && !is_missing(Field::AccountType)
        && !is_missing(Field::AccountReference);
    let due = s.contact_reference_due == Some(&account_reference);
    // A restored reference of a linked contact was not generated now: its contact reference is left
    // alone.
    let fills_contact_reference =
        due || (s.link.is_none() && blank && s.settings.generate_account_reference);
    // Also where BigChange did not tell it: it is read again before it is written, and stays if it
    // is there.
    let is_wanted = customer.contact_reference.is_empty() && fills_contact_reference;
    let fits = account_reference.as_str().chars().count() <= CONTACT_REFERENCE_MAX;
    let mut notices = Notice::of_fields(customer);
    if is_wanted && !fits {
        notices.push(Notice::ContactReferenceNotWritten {
            reason: format!("a contact reference has at most {CONTACT_REFERENCE_MAX} characters"),
            field: None,
        });
    }
    Plan {
        outcome,
        bigchange_account: blank || other_type,
        bigchange_contact_reference: is_wanted && fits,
        account_reference,
        xero,
        synced,
        notices,
        conflicts: Vec::new(),
        earlier: Earlier::default(),
        forgets_moves: false,
    }
}

pub(crate) fn xero_change(
    id: XeroContactId,
    changes: XeroChanges,
    expected: Option<&XeroContact>,
) -> XeroWrite {
    if changes.is_empty() {
        XeroWrite::Nothing { id }
    } else {
        XeroWrite::Change {
            id,
            changes: Box::new(changes),
            expected: expected.cloned().map(Box::new),
            before: None,
        }
    }
}
