//! Notices of what a plan would do: nothing of it has happened yet.

use rules::{Field, LeftOut, Notice, XeroContactRef};

use crate::candidate::Candidate;

/// What a notice says before what it tells of has happened.
#[must_use]
pub(crate) fn ahead(notice: &Notice) -> String {
    match notice {
        Notice::FieldLeftOut(LeftOut { field, takes }) => format!(
            "The {} will not be sent to Xero, which takes {takes}; correct it in BigChange (CRM → Contacts → the contact → General).",
            field.label()
        ),
        Notice::LinkedUnderAnotherName { in_xero } => format!(
            "It will be linked to the Xero contact \"{in_xero}\", which has its account number but another name."
        ),
        Notice::ContactReferenceNotWritten { reason, .. } => format!(
            "The contact reference will not be written, because BigChange does not take it ({}).",
            reason.trim().trim_end_matches('.')
        ),
        Notice::CreatedBesideLikely { candidates } => {
            let named: Vec<String> = candidates.iter().map(named).collect();
            format!(
                "It will be created in Xero, where likely the same customer is already: {}. If it is, ask the person who runs contact-sync to link the two instead (contact-sync link).",
                named.join(", ")
            )
        }
        Notice::CorrectionOverwritten {
            field: Field::AccountReference,
            sent,
            ..
        } => format!(
            "Its account number was taken away in Xero; {sent} will be entered there again. To keep this customer out of the synchronisation, tick \"Exclude from financial sync\" in BigChange (CRM → Contacts → the contact → Financials)."
        ),
        Notice::CorrectionOverwritten {
            field,
            in_xero,
            sent,
        } => format!(
            "The {} was changed in BigChange to {}, and Xero, which has {} of its own, will get that. If Xero's is right, enter it in BigChange (CRM → Contacts → the contact → General).",
            field.label(),
            quoted(sent),
            quoted(in_xero)
        ),
        Notice::FollowedMerge { from, to } => format!(
            "Its Xero contact {} was merged there into {}, to which it will be linked.",
            named(from),
            named(to)
        ),
        // What only a newer version knows says so whenever it happens.
        other => other.sentence(),
    }
}

fn named(xero: &XeroContactRef) -> String {
    Candidate::from(xero).named()
}

fn quoted(value: &str) -> String {
    if value.is_empty() {
        "nothing".to_owned()
    } else {
        format!("\"{value}\"")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn what_is_planned_is_not_told_as_done() {
        let xero = XeroContactRef {
            id: "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77".parse().unwrap(),
            name: "Acme Ltd".to_owned(),
            account_number: "A-1".to_owned(),
        };
        let overwritten = |field| Notice::CorrectionOverwritten {
            field,
            in_xero: String::new(),
            sent: "A-2".to_owned(),
        };
        let notices = [
            Notice::FieldLeftOut(LeftOut {
                field: Field::Email,
                takes: "one email address".to_owned(),
            }),
            Notice::LinkedUnderAnotherName {
                in_xero: "Acme Ltd".to_owned(),
            },
            Notice::ContactReferenceNotWritten {
                reason: "too long".to_owned(),
                field: None,
            },
            Notice::CreatedBesideLikely {
                candidates: vec![xero.clone()],
            },
            overwritten(Field::AccountReference),
            overwritten(Field::Phone),
            Notice::FollowedMerge {
                from: xero.clone(),
                to: xero,
            },
        ];
        for notice in notices {
            let (ahead, done) = (ahead(&notice), notice.sentence());
            assert!(ahead.contains(" will "), "{ahead}");
            assert!(!done.contains(" will "), "{done}");
            for past in ["was created", "was linked", "was not", "was entered"] {
                assert!(!ahead.contains(past), "{ahead}");
            }
        }
    }
}
