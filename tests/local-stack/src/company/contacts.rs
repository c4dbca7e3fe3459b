//! What the company has in BigChange.

use rules::Skip;
use time::macros::datetime;

use super::entry::{Entry, Expected, contact, created, held, linked};
use super::groups::{CUSTOMERS, LEADS, SITES, SUPPLIERS, TRADE_ACCOUNTS};
use super::near_namesakes;

/// Every contact, with what it shows.
#[must_use]
pub fn entries() -> Vec<Entry> {
    let mut entries = matched();
    entries.extend(given_a_reference());
    entries.extend(held_in_xero());
    entries.extend(near_namesakes::entries());
    entries.extend(taking_no_part());
    entries.extend(everyday());
    entries
}

fn customer(id: u64, name: &str, shows: &'static str, expected: Expected) -> Entry {
    Entry::new(contact(id, CUSTOMERS, name), shows, expected)
}

/// "Which Xero contact is it?": the rows that end in a link.
fn matched() -> Vec<Entry> {
    vec![
        customer(
            1001,
            "Aire Valley Plumbing Ltd",
            "account reference = AccountNumber; both references stay",
            linked("Aire Valley Plumbing Ltd", "AIRE01"),
        )
        .account_reference("AIRE01"),
        customer(
            1002,
            "Brackendale School",
            "account reference = AccountNumber, whatever the case and the outer spaces",
            linked("Brackendale School", " brack-02 "),
        )
        .account_reference(" brack-02 ")
        .with(|c| c.account_type = Some(1)),
        customer(
            1003,
            "Calderbrook Nurseries",
            "found by account number under another name: linked, and told",
            linked("Calder Brook Nurseries (2019) Ltd", "CALD003")
                .notice("LinkedUnderAnotherName"),
        )
        .account_reference("CALD003"),
        customer(
            1004,
            "Dunmore   Catering",
            "found by exact name, whatever the case and the spaces · reference blank, AccountNumber there, contact reference set",
            linked("DUNMORE Catering", "DUN04"),
        )
        .contact_reference("Kitchen 4"),
        customer(
            1005,
            "Eskdale Vets",
            "reference blank, AccountNumber there, contact reference blank, generate not ticked",
            linked("Eskdale Vets", "ESK05"),
        ),
        customer(
            1015,
            "Marfield Theatre",
            "carries our own contact number: a create whose answer was lost",
            linked("Marfield Theatre", "MARF15"),
        ),
        customer(
            1016,
            "Wharfedale Glazing",
            "an archived contact found only by name gives way to the active one",
            linked("Wharfedale Glazing", "WHARF16"),
        ),
        customer(
            1023,
            "Thornwaite Feeds",
            "another program's contact, but its account number was entered: that is consent",
            linked("Thornwaite Feeds", "THORN23"),
        )
        .account_reference("THORN23"),
        customer(
            1034,
            "Harthill Steel",
            "a supplier in Xero is linked like a customer",
            linked("Harthill Steel", "HART34"),
        )
        .account_reference("HART34"),
        customer(
            1035,
            "Copley & Daughters \"The Forge\"",
            "found by a name with characters that searches stumble over",
            linked("Copley & Daughters \"The Forge\"", "FORGE35"),
        ),
    ]
}

/// The rows in which an account reference is generated, or a contact created.
fn given_a_reference() -> Vec<Entry> {
    vec![
        customer(
            1006,
            "Fellside Lettings",
            "reference blank, match without AccountNumber, contact reference blank: the two match",
            held("NoAccountReference"),
        )
        .then(linked("Fellside Lettings", "FELLSIDE0001").contact_reference("FELLSIDE0001")),
        customer(
            1007,
            "Garth House Dental Practice",
            "reference blank, match without AccountNumber, contact reference set: the two differ",
            held("NoAccountReference"),
        )
        .contact_reference("Dentist")
        .then(linked("Garth House Dental Practice", "GARTH0001")),
        customer(
            1008,
            "Hollin Bank Farm",
            "reference blank, no match, contact reference blank: created, the two match",
            held("NotInXero"),
        )
        .then(created("HOLLIN0001").contact_reference("HOLLIN0001")),
        customer(
            1009,
            "Ingleby Motors",
            "reference blank, no match, contact reference set: created, the two differ",
            held("NotInXero"),
        )
        .contact_reference("Bay 9")
        .then(created("INGLEBY0001")),
        customer(
            1010,
            "Jervaulx Joinery Ltd",
            "reference set, no match: created under it",
            held("NotInXero"),
        )
        .account_reference("JERV10")
        .then(created("JERV10")),
        customer(
            1011,
            "Kirkby Bakehouse",
            "a code is unique: the first is archived in Xero, the second is a contact reference",
            held("NotInXero"),
        )
        .then(created("KIRKBY0003").contact_reference("KIRKBY0003")),
        customer(
            1012,
            "Kirkby Tyres",
            "its contact reference looks like a code, so nobody else is given that",
            linked("Kirkby Tyres", "KTYRES"),
        )
        .account_reference("KTYRES")
        .contact_reference("KIRKBY0002"),
        customer(
            1013,
            "Весна",
            "a name without Latin letters gets a neutral code",
            held("NotInXero"),
        )
        .then(created("CUSTOMER0001").contact_reference("CUSTOMER0001")),
        customer(
            1014,
            "Écosse Interiors",
            "accents are taken off in a code",
            held("NotInXero"),
        )
        .then(created("ECOSSE0001").contact_reference("ECOSSE0001")),
        customer(
            1028,
            "Westerdale   Laundry",
            "spaces are normalised; a country that Xero would refuse is left out, and told",
            held("NotInXero"),
        )
        .account_reference("WEST28")
        .with(|c| c.country = "U.K.".to_owned())
        .then(created("WEST28").notice("FieldLeftOut")),
        customer(
            1029,
            "Yarrow Crafts",
            "another contact, in a group that is not looked at, has the code as its contact reference: told instead",
            held("NotInXero"),
        )
        .then(created("YARROW0001").notice("ContactReferenceNotWritten")),
    ]
}

/// "Which Xero contact is it?": the rows that end in a problem.
fn held_in_xero() -> Vec<Entry> {
    vec![
        customer(
            1017,
            "Netherby Hall Hotel",
            "the reference finds one and the name another",
            held("AmbiguousMatch"),
        )
        .account_reference("NETH17"),
        customer(
            1018,
            "Oakenshaw Surgery",
            "erased on a data-protection request",
            held("ErasedInXero"),
        )
        .account_reference("OAK18"),
        customer(
            1019,
            "Penhill Roofing",
            "merged into another contact",
            held("ArchivedInXero"),
        ),
        customer(
            1020,
            "Quernmore Textiles",
            "archived",
            held("ArchivedInXero"),
        )
        .account_reference("QUERN20"),
        customer(
            1021,
            "Ribblehead Tea Rooms",
            "found by name, and the references differ",
            held("NameTakenInXero"),
        )
        .account_reference("RIBB21"),
        customer(
            1022,
            "Saltmarsh Boats",
            "found by name only, with another program's contact number",
            held("OwnedByAnotherProgram"),
        ),
        customer(
            1024,
            "Ulverton Print",
            "has the account reference first",
            held("NotInXero"),
        )
        .account_reference("ULV24")
        .then(created("ULV24")),
        customer(
            1025,
            "Ulverton Print Shop",
            "has the same account reference: a duplicate, whose Xero contact is the other's",
            held("DuplicateAccountReference"),
        )
        .account_reference("ULV24")
        // Which one depends on whether its worker knows yet what another has just created; both tell what to do.
        .then(Expected::HeldByEither(
            "LinkedToAnotherContact",
            "DuplicateAccountReference",
        )),
        customer(
            1026,
            "Vale Tyres",
            "an email that Xero would refuse is left out, and told",
            held("NotInXero"),
        )
        .account_reference("VALE26")
        .with(|c| c.email = "office@[192.0.2.26]".to_owned())
        .then(created("VALE26").notice("FieldLeftOut")),
    ]
}

/// "Who takes part": everything but the last row.
fn taking_no_part() -> Vec<Entry> {
    let site = |id, name: &str, parent| {
        let shows = "in a site group: never created in Xero";
        Entry::new(
            contact(id, SITES, name),
            shows,
            Expected::Skip(Skip::SiteContact),
        )
        .site_of(parent)
    };
    let other = |id, group, name: &str| {
        let expected = Expected::Skip(Skip::NotAnAccountCustomer);
        Entry::new(contact(id, group, name), "in no account group", expected)
    };
    vec![
        customer(
            1030,
            "Zetland Arms",
            "an account reference with a tab in it",
            held("InvalidField"),
        )
        .account_reference("ZET\t30"),
        customer(
            1031,
            "Fox < Hounds Inn",
            "a name that Xero refuses",
            held("InvalidField"),
        ),
        customer(
            1032,
            "Moorcroft Charity Shop",
            "excluded from financial sync",
            Expected::Skip(Skip::ExcludedFromSync),
        )
        .with(|c| c.financial_sync_exclude = true),
        customer(
            1033,
            "Bilton Cycles",
            "deleted in BigChange",
            Expected::Skip(Skip::Deleted),
        )
        .with(|c| c.deleted_at = Some(datetime!(2026-06-01 10:00 UTC))),
        Entry::new(
            contact(1109, TRADE_ACCOUNTS, "Aire Valley Plumbing, Unit 4"),
            "has a parent, in an account group: the group is mixed, its parents go on",
            held("SiteContactInAccountGroup"),
        )
        .site_of(1001),
        site(1201, "Aire Valley Plumbing, Depot", 1001),
        site(1202, "Brackendale School, Sports Hall", 1002),
        site(1203, "Eskdale Vets, Branch Surgery", 1005),
        site(1204, "Hollin Bank Farm, Dairy", 1008),
        site(1205, "Hollin Bank Farm, Holiday Barn", 1008),
        site(1206, "Thornwaite Feeds, Mill", 1023),
        Entry::new(
            contact(1211, SITES, "Pavilion at Long Meadow"),
            "in a site group without a parent",
            held("ParentInSiteGroup"),
        ),
        other(1301, SUPPLIERS, "Bramhope Fixings"),
        other(1302, SUPPLIERS, "Calverley Cable Co"),
        other(1303, SUPPLIERS, "Denholme Tool Hire"),
        other(1401, LEADS, "Esholt Allotments"),
        other(1402, LEADS, "Farnley Bowls Club")
            .with(|c| c.contact_reference = "YARROW0001".to_owned()),
    ]
}

/// The rest of the trade accounts: most in Xero already, some new.
fn everyday() -> Vec<Entry> {
    let known = |id, name: &'static str, reference: &'static str| {
        let shows = "in both systems under one account reference";
        let expected = linked(name, reference);
        Entry::new(contact(id, TRADE_ACCOUNTS, name), shows, expected).account_reference(reference)
    };
    let new = |id, name: &str, reference: &'static str| {
        let shows = "not in Xero yet";
        Entry::new(contact(id, TRADE_ACCOUNTS, name), shows, held("NotInXero"))
            .account_reference(reference)
            .then(created(reference))
    };
    vec![
        known(1101, "Ardley Flooring", "ARD101"),
        known(1102, "Bewerley Brickwork", "BEW102"),
        known(1103, "Cowgill Conservatories", "COW103"),
        known(1104, "Dacre Drainage", "DAC104"),
        known(1105, "Embsay Electrical", "EMB105"),
        known(1106, "Feizor Fencing", "FEI106"),
        new(1107, "Grassington Gates", "GRA107"),
        new(1108, "Hubberholme Heating", "HUB108"),
        new(1110, "Ickornshaw Insulation", "ICK110"),
    ]
}
