//! What people do later, in both systems, and what is expected to come of it.

use std::time::SystemTime;

use fake_bigchange::{FakeBigChange, FakeContact};
use fake_xero::FakeXero;
use rules::Skip;
use serde_json::json;

use super::entry::{Expected, contact, created, held, linked};
use super::groups::{CUSTOMERS, LEADS};

/// One thing that a person does.
pub struct Edit {
    /// The BigChange contact that it is about.
    pub contact: u64,
    /// What is done.
    pub what: &'static str,
    /// What is expected to come of it.
    pub expected: Expected,
    /// Does it.
    pub make: fn(SystemTime, &mut FakeBigChange, &mut FakeXero),
}

/// Everything that people do in the second act: edits on both tabs of BigChange, corrections in Xero, problems mended on either side.
#[must_use]
pub fn edits() -> Vec<Edit> {
    vec![
        Edit {
            contact: 1002,
            what: "its account reference is cleared: restored",
            expected: linked("Brackendale School", "brack-02"),
            make: |now, bigchange, _| {
                bigchange.edit_financials(now, 1002, |c| c.account_reference.clear());
            },
        },
        Edit {
            contact: 1005,
            what: "its account number is changed in both systems: accepted",
            expected: linked("Eskdale Vets", "ESK-NORTH"),
            make: |now, bigchange, xero| {
                bigchange.edit_financials(now, 1005, |c| {
                    "ESK-NORTH".clone_into(&mut c.account_reference);
                });
                change(xero, now, "Eskdale Vets", "AccountNumber", "ESK-NORTH");
            },
        },
        Edit {
            contact: 1012,
            what: "its account number is changed in Xero: held until the two are equal",
            expected: held("AccountReferenceChanged"),
            make: |now, bigchange, xero| {
                bigchange.edit(now, 1012, |c| "+441144960912".clone_into(&mut c.phone));
                // The phone waits with it.
                change(xero, now, "Kirkby Tyres", "AccountNumber", "KTYRES-2");
            },
        },
        Edit {
            contact: 1022,
            what: "another program's account number is entered: that is consent",
            expected: linked("Saltmarsh Boats", "SALT22"),
            make: |now, bigchange, _| {
                bigchange.edit_financials(now, 1022, |c| {
                    "SALT22".clone_into(&mut c.account_reference);
                });
            },
        },
        Edit {
            contact: 1031,
            what: "its name is corrected: created",
            expected: created("FOX0001").contact_reference("FOX0001"),
            make: |now, bigchange, _| {
                bigchange.edit(now, 1031, |c| "Fox and Hounds Inn".clone_into(&mut c.name));
            },
        },
        Edit {
            contact: 1051,
            what: "a new contact that Xero has already, contact reference blank, generate ticked: both are Xero's",
            expected: linked("Nidd Valley Stoves", "NIDD51").contact_reference("NIDD51"),
            make: |now, bigchange, _| {
                add(
                    bigchange,
                    now,
                    contact(1051, CUSTOMERS, "Nidd Valley Stoves"),
                )
            },
        },
        Edit {
            contact: 1053,
            what: "a customer is entered a second time",
            expected: held("LinkedToAnotherContact"),
            make: |now, bigchange, _| {
                add(
                    bigchange,
                    now,
                    contact(1053, CUSTOMERS, "Jervaulx Joinery Ltd"),
                )
            },
        },
        Edit {
            contact: 1061,
            what: "the account number of its likely namesake is entered: linked",
            expected: linked("Addingham Plastering", "ADD61").notice("LinkedUnderAnotherName"),
            make: |now, bigchange, _| {
                bigchange.edit_financials(now, 1061, |c| {
                    "ADD61".clone_into(&mut c.account_reference);
                });
            },
        },
        Edit {
            contact: 1063,
            what: "its account reference is entered in both systems, for its likely namesake had none: linked",
            expected: linked("The CAFE CONISTONE", "CAFE63").notice("LinkedUnderAnotherName"),
            make: |now, bigchange, xero| {
                bigchange.edit_financials(now, 1063, |c| {
                    "CAFE63".clone_into(&mut c.account_reference);
                });
                change(xero, now, "The CAFE CONISTONE", "AccountNumber", "CAFE63");
            },
        },
        Edit {
            contact: 1064,
            what: "is another customer, and created in Xero by hand: linked",
            expected: linked("Malcolm Draughton", "MALC64").contact_reference("MALC64"),
            make: |now, _, xero| {
                let created = json!([{"Name": "Malcolm Draughton", "AccountNumber": "MALC64"}]);
                // As in `change`.
                let _ = xero.seed(now, &created);
            },
        },
        Edit {
            contact: 1071,
            what: "is the same customer as 1006, and deleted",
            expected: Expected::Skip(Skip::Deleted),
            make: |now, bigchange, _| bigchange.delete(now, 1071),
        },
        Edit {
            contact: 1101,
            what: "its account reference is changed, and Xero does not have the new one",
            expected: held("AccountReferenceChanged"),
            make: |now, bigchange, _| {
                bigchange.edit_financials(now, 1101, |c| {
                    "ARDLEY-1".clone_into(&mut c.account_reference);
                });
            },
        },
        Edit {
            contact: 1103,
            what: "moved to the leads: left alone, its link kept for its return",
            expected: Expected::Skip(Skip::NotAnAccountCustomer),
            make: |now, bigchange, _| bigchange.edit(now, 1103, |c| c.group_id = LEADS),
        },
        Edit {
            contact: 1104,
            what: "deleted in BigChange: its link is released, its Xero contact left alone",
            expected: Expected::Skip(Skip::Deleted),
            make: |now, bigchange, _| bigchange.delete(now, 1104),
        },
        Edit {
            contact: 1105,
            what: "its e-mail address is corrected in Xero and changed in BigChange: BigChange's is sent, Xero's kept and told",
            expected: linked("Embsay Electrical", "EMB105").notice("CorrectionOverwritten"),
            make: |now, bigchange, xero| {
                change(
                    xero,
                    now,
                    "Embsay Electrical",
                    "EmailAddress",
                    "ledger@embsay.example",
                );
                bigchange.edit(now, 1105, |c| {
                    "office@embsay.example".clone_into(&mut c.email);
                });
            },
        },
        Edit {
            contact: 1106,
            what: "its Xero contact is merged into one with an account number of its own",
            expected: held("MergedInXero"),
            make: |now, bigchange, xero| {
                let survivor = json!([{"Name": "Feizor Fencing Group", "AccountNumber": "FEIZ1"}]);
                let survivor = xero.seed(now, &survivor).unwrap_or_default();
                let merged = xero.contacts().find(|c| c.name() == "Feizor Fencing");
                let merged = json!([{
                    "ContactID": merged.map(|c| c.id),
                    "ContactStatus": "ARCHIVED",
                    "MergedToContactID": survivor.first(),
                }]);
                // As in `change`.
                let _ = xero.seed(now, &merged);
                bigchange.edit(now, 1106, |c| "+441144960106".clone_into(&mut c.phone));
            },
        },
        Edit {
            contact: 1211,
            what: "is given the parent that it lacked",
            expected: Expected::Skip(Skip::SiteContact),
            make: |now, bigchange, _| bigchange.edit(now, 1211, |c| c.parent_id = Some(1001)),
        },
    ]
}

fn add(bigchange: &mut FakeBigChange, now: SystemTime, contact: FakeContact) {
    let entered = FakeContact {
        last_updated: None,
        ..contact
    };
    bigchange.add_contact(now, entered);
}

/// A person's change in Xero's own pages.
fn change(xero: &mut FakeXero, now: SystemTime, name: &str, field: &str, text: &str) {
    let id = xero.contacts().find(|c| c.name() == name).map(|c| c.id);
    let changed = json!([{"ContactID": id, field: text}]);
    // The sample company's own contact, in a form that the fake reads: it cannot fail, and if it did the expectation would.
    let _ = xero.seed(now, &changed);
}
