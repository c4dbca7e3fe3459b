//! Why a contact is left alone or put off.

use rules::Skip;
use runtime::records::DeferReason;
use sync_contact::model::ContactOutcome;

/// Why a contact is left alone or put off; blank for any other.
#[must_use]
pub fn why(ending: &ContactOutcome) -> &'static str {
    match ending {
        ContactOutcome::Skipped(skip) => why_left_alone(*skip),
        ContactOutcome::Deferred(reason) => why_put_off(*reason),
        ContactOutcome::GivenUp(_) => {
            "It could not be read, several times; look at the functions' logs."
        }
        ContactOutcome::Held(_) | ContactOutcome::StillHeld(_) | ContactOutcome::InLine(_) => "",
    }
}

/// Why a contact is left alone.
#[must_use]
pub fn why_left_alone(skip: Skip) -> &'static str {
    match skip {
        Skip::Deleted => {
            "BigChange has no contact with this id (any more); its Xero contact, if it has one, is left alone."
        }
        Skip::SiteContact => "A site contact: never created in Xero.",
        Skip::NotAnAccountCustomer => "In no group of account customers.",
        Skip::ExcludedFromSync => "Excluded from financial sync in BigChange.",
    }
}

/// Why a contact is put off.
#[must_use]
pub fn why_put_off(reason: DeferReason) -> &'static str {
    match reason {
        DeferReason::XeroLimit => "Xero's limit of calls is reached; it goes on by itself.",
        DeferReason::XeroUnavailable => {
            "Xero cannot be reached or is out of order; it is tried again by itself."
        }
        DeferReason::NotConnected => {
            "The connection to Xero is not usable now: contact-sync status says why, and what to do."
        }
        DeferReason::BigChangeUnavailable => {
            "BigChange gave no answer; it is tried again by itself."
        }
        DeferReason::BigChangeRefusedLogin => "BigChange does not let the synchronisation in.",
        DeferReason::AnotherWorker => {
            "The deployed functions are at this contact now, or at one that it competes with; it is tried again in a minute or a few."
        }
        DeferReason::ReferencesNotRead => {
            "It needs a generated account reference, and not every account contact has been read yet: contact-sync sync, without a choice, reads them all."
        }
        DeferReason::BatchConflict => {
            "It shares its name or account reference with another contact, which goes first."
        }
        DeferReason::UnexpectedAnswer => {
            "It could not be read or looked up now; it is tried again by itself. If it stays so, look at the functions' logs."
        }
        DeferReason::XeroRefusesLookups => {
            "Xero refuses to search for it, and has too many contacts to read them all; it is tried again by itself."
        }
        DeferReason::ChangedInXero => {
            "Its Xero contact is not as its link says; it is looked at in a minute or a few."
        }
        DeferReason::OutOfTime => "No time was left; it is tried again by itself.",
        DeferReason::NewerVersion => {
            "A newer version of the functions began to write it and finishes it; if it stays so, deploy that version again."
        }
        DeferReason::Unknown => {
            "A newer version of the functions put it off; contact-sync of that version says why."
        }
        DeferReason::SwitchedOff => {
            "The synchronisation is switched off; it goes on when it is on again (contact-sync enable)."
        }
    }
}
