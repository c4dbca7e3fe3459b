//! Contacts of every kind: some that were synchronised long ago and have changed since, and some that are new.

use std::collections::BTreeSet;
use std::time::SystemTime;

use fake_bigchange::{FakeBigChange, FakeContact, Seed};
use local_stack::Function;
use local_stack::company::{self, CUSTOMERS, SITES};
use serde_json::{Value, json};

use crate::sync_contact::settle;
use crate::world::{Ground, Snapshot};

/// Its phone is edited.
const PHONE_EDITED: u64 = 2001;
/// It is renamed.
pub(crate) const RENAMED: u64 = 2002;
/// It is linked, and nothing happens to it.
const UNCHANGED: u64 = 2003;
/// It is linked, and deleted in BigChange.
const DELETED: u64 = 2004;
/// It was held, because Xero has it only as an archived contact.
pub(crate) const ARCHIVED_IN_XERO: u64 = 2005;

/// Two contacts of one name, and two with one account reference: which one of them is linked and which one is held depends on who comes first.
pub(crate) const TWINS: [[u64; 2]; 2] = [[2018, 2019], [2020, 2021]];

/// What is expected of each contact when nothing goes wrong.
pub(crate) const EXPECTED: [(u64, &str); 20] = [
    (PHONE_EDITED, "linked to Ashgrove Builders (ASH01)"),
    (RENAMED, "linked to Birchwood Joinery and Sons (BIR02)"),
    (UNCHANGED, "linked to Cedar House Hotel (CED03)"),
    (DELETED, "left alone"),
    (ARCHIVED_IN_XERO, "held: ArchivedInXero"),
    (2010, "linked to Elm Tree Garage (ELM10)"),
    (2011, "linked to Foxglove Florists (FOX11)"),
    (2012, "linked to Gorse Hill Farm (GORSE0001)"),
    (2013, "linked to Hazelmere Kennels (HAZELMER0001)"),
    (2014, "linked to Ivy Lane Surgery (IVY14)"),
    (2015, "linked to Juniper Fencing (JUN15)"),
    (2016, "linked to Kestrel Coaches (KESTREL0001)"),
    (2017, "linked to Larch & Co (LAR17)"),
    // Of twins the first stands for the held one, whichever that is.
    (2018, "held"),
    (2019, "linked"),
    (2020, "held"),
    (2021, "linked"),
    (2022, "left alone"),
    (2023, "held: SiteContactInAccountGroup"),
    (2024, "linked to Nettlebed Nursery (NET24)"),
];

/// Every contact of the event.
pub(crate) fn everyone() -> BTreeSet<u64> {
    EXPECTED.iter().map(|(id, _)| *id).collect()
}

fn customer(id: u64, name: &str, account_reference: &str) -> FakeContact {
    FakeContact {
        account_reference: account_reference.to_owned(),
        ..company::contact(id, CUSTOMERS, name)
    }
}

/// Those that were synchronised long ago.
fn old() -> Vec<FakeContact> {
    vec![
        customer(PHONE_EDITED, "Ashgrove Builders", "ASH01"),
        customer(RENAMED, "Birchwood Joinery", "BIR02"),
        customer(UNCHANGED, "Cedar House Hotel", "CED03"),
        customer(DELETED, "Dogwood Print", "DOG04"),
        customer(ARCHIVED_IN_XERO, "Damson Catering", "DAM05"),
    ]
}

/// Those that are new.
fn new() -> Vec<FakeContact> {
    let blank = "";
    vec![
        // Created, under a reference of its own.
        customer(2010, "Elm Tree Garage", "ELM10"),
        FakeContact {
            contact_reference: "Shop".to_owned(),
            ..customer(2011, "Foxglove Florists", "FOX11")
        },
        // Created, under a generated code: the contact reference is the same, or stays.
        customer(2012, "Gorse Hill Farm", blank),
        FakeContact {
            contact_reference: "Kennels".to_owned(),
            ..customer(2013, "Hazelmere Kennels", blank)
        },
        // Found by name: with an account number, with a blank one, and with none on either side.
        customer(2014, "Ivy Lane Surgery", blank),
        customer(2015, "Juniper Fencing", "JUN15"),
        customer(2016, "Kestrel Coaches", blank),
        // Found by reference, under another name.
        customer(2017, "Larch and Company", "LAR17"),
        customer(2018, "Maple Removals", blank),
        customer(2019, "Maple Removals", blank),
        customer(2020, "Oakdene Motors", "OAK20"),
        customer(2021, "Oakdene Tyres", "OAK20"),
        FakeContact {
            group_id: SITES,
            parent_id: Some(UNCHANGED),
            ..customer(2022, "Cedar House Annexe", blank)
        },
        FakeContact {
            parent_id: Some(UNCHANGED),
            ..customer(2023, "Cedar House Stables", blank)
        },
        // A create of ours from long ago, of which the table knows nothing.
        customer(2024, "Nettlebed Nursery", "NET24"),
    ]
}

/// What Xero holds at the beginning.
fn xero() -> Value {
    json!([
        {"Name": "Ashgrove Builders", "AccountNumber": "ASH01"},
        {"Name": "Birchwood Joinery", "AccountNumber": "BIR02"},
        {"Name": "Cedar House Hotel", "AccountNumber": "CED03"},
        {"Name": "Dogwood Print", "AccountNumber": "DOG04"},
        {"Name": "Damson Catering", "AccountNumber": "DAM05", "ContactStatus": "ARCHIVED"},
        {"Name": "Ivy Lane Surgery", "AccountNumber": "IVY14"},
        {"Name": "Juniper Fencing"},
        {"Name": "Kestrel Coaches"},
        {"Name": "Larch & Co", "AccountNumber": "LAR17"},
        {"Name": "Nettlebed Nursery", "AccountNumber": "NET24", "ContactNumber": "BigChange-2024"},
        // Nothing to do with BigChange.
        {"Name": "Plumtree Power", "IsSupplier": true},
        {"Name": "Quince Insurance", "AccountNumber": "QUI99", "IsSupplier": true},
    ])
}

/// The company and the organisation at the moment at which the old contacts have been synchronised, and everything else has just been entered.
pub(crate) async fn snapshot(ground: &Ground) -> Snapshot {
    let mut bigchange = FakeBigChange::new();
    bigchange.seed(
        SystemTime::now(),
        Seed {
            contacts: old(),
            ..company::bigchange()
        },
    );
    let beginning = Snapshot {
        items: Vec::new(),
        bigchange,
        xero: xero(),
    };
    let world = ground.world(&beginning).await.unwrap();
    // The second poll finds that every reference has been read.
    for _ in 0..2 {
        let polled = world.run_undisturbed(Function::Poll, &json!({})).await;
        polled.unwrap();
        let queued = world.take_queued().await.unwrap();
        settle(&world, queued).await.unwrap();
    }
    {
        let now = SystemTime::now();
        let mut company = world.bigchange.core();
        company.edit(now, PHONE_EDITED, |c| c.phone = "+441134960999".to_owned());
        company.edit(now, RENAMED, |c| {
            c.name = "Birchwood Joinery and Sons".to_owned();
        });
        company.delete(now, DELETED);
        for contact in new() {
            company.add_contact(now, contact);
        }
        company.reset_calls();
    }
    world.snapshot().await.unwrap()
}
