//! Customers beside whom Xero has one with nearly the same name: most are the same customer, some
//! are not.

use fake_bigchange::FakeContact;
use serde_json::{Map, Value, json};

use super::entry::{Entry, Expected, contact, created, held};
use super::groups::CUSTOMERS;

/// What a customer in BigChange and a contact in Xero have in common besides their names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shared {
    Email,
    Phone,
    /// The street and the postcode.
    Address,
}

/// A contact in Xero.
struct InXero {
    name: &'static str,
    number: &'static str,
    shares: &'static [Shared],
    is_archived: bool,
}

/// A customer, and what Xero has beside it.
struct Pair {
    id: u64,
    name: &'static str,
    in_xero: Vec<InXero>,
    shows: &'static str,
    authorised: Expected,
}

/// The customers.
pub(super) fn entries() -> Vec<Entry> {
    let customer = |pair: Pair| {
        let contact = in_bigchange(&pair);
        // Whether its own name may be used again is to be settled whatever is authorised.
        let is_archived = pair.in_xero.iter().any(|namesake| namesake.is_archived);
        let cautious = if is_archived {
            "PossibleDuplicate"
        } else {
            "NotInXero"
        };
        Entry::new(contact, pair.shows, held(cautious)).then(pair.authorised)
    };
    pairs().into_iter().map(customer).collect()
}

/// The contacts of Xero beside them, in its own JSON.
pub(super) fn xero() -> Vec<Value> {
    let contacts = pairs().into_iter().flat_map(|pair| {
        let customer = in_bigchange(&pair);
        let contacts = pair.in_xero.into_iter();
        contacts.map(move |contact| contact.beside(&customer))
    });
    contacts.collect()
}

fn in_bigchange(pair: &Pair) -> FakeContact {
    contact(pair.id, CUSTOMERS, pair.name)
}

impl InXero {
    fn beside(self, customer: &FakeContact) -> Value {
        let mut contact = Map::new();
        let mut set = |field: &str, value: Value| contact.insert(field.to_owned(), value);
        set("Name", json!(self.name));
        set("IsCustomer", json!(true));
        if !self.number.is_empty() {
            set("AccountNumber", json!(self.number));
        }
        if self.is_archived {
            set("ContactStatus", json!("ARCHIVED"));
        }
        for shared in self.shares {
            match shared {
                Shared::Email => set("EmailAddress", json!(customer.email)),
                Shared::Phone => set(
                    "Phones",
                    json!([{"PhoneType": "DEFAULT", "PhoneNumber": customer.phone}]),
                ),
                Shared::Address => set(
                    "Addresses",
                    json!([{
                        "AddressType": "POBOX",
                        "AddressLine1": customer.street,
                        "City": customer.town,
                        "PostalCode": customer.postcode,
                    }]),
                ),
            };
        }
        Value::Object(contact)
    }
}

const fn active(name: &'static str, number: &'static str, shares: &'static [Shared]) -> InXero {
    InXero {
        name,
        number,
        shares,
        is_archived: false,
    }
}

fn pairs() -> Vec<Pair> {
    let pair = |id, name, in_xero, shows, authorised| Pair {
        id,
        name,
        in_xero,
        shows,
        authorised,
    };
    let likely = || held("PossibleDuplicate");
    vec![
        pair(
            1061,
            "Addingham Plastering Limited",
            vec![active("Addingham Plastering", "ADD61", &[])],
            "likely the same: the name but for its legal form",
            likely(),
        ),
        pair(
            1062,
            "Burnsall & Sons Removals",
            vec![active("Burnsall and Sons Removals Ltd", "BURN62", &[])],
            "likely the same: \"&\" and \"and\"",
            likely(),
        ),
        pair(
            1063,
            "Café Conistone",
            vec![active("The CAFE CONISTONE", "", &[])],
            "likely the same: accents, capitals and \"The\"; Xero has no account number for it",
            likely(),
        ),
        pair(
            1064,
            "Malcolm Draughton",
            vec![active("Mr M Draughton", "DRAU64", &[])],
            "likely the same: an initial and its first name",
            likely(),
        ),
        pair(
            1065,
            "R Elslack t/a Elslack Aerials",
            vec![active("Elslack Aerials", "ELS65", &[])],
            "likely the same: one of its two names",
            likely(),
        ),
        pair(
            1066,
            "Gargrave Galvanising",
            vec![active("Gargave Galvanising", "GARG66", &[Shared::Email])],
            "likely the same: a slip of the pen, and one e-mail address",
            likely(),
        ),
        pair(
            1067,
            "Hetton Brothers Engineering",
            vec![active("Hetton Bros Eng", "HETT67", &[Shared::Phone])],
            "likely the same: short forms, and one phone",
            likely(),
        ),
        pair(
            1068,
            "Linton Landscapes",
            vec![active(
                "Linton Landscapes Wharfeside",
                "LINT68",
                &[Shared::Email, Shared::Address],
            )],
            "likely the same: a word more, and one e-mail address and postcode",
            likely(),
        ),
        pair(
            1069,
            "Rylstone Quarry",
            vec![active(
                "Threshfield Stone",
                "RYL69",
                &[Shared::Email, Shared::Phone],
            )],
            "likely the same: another name, and one e-mail address and phone",
            likely(),
        ),
        pair(
            1070,
            "Cracoe Carpets",
            vec![
                active("Cracoe Carpets Ltd", "CRAC70", &[]),
                InXero {
                    is_archived: true,
                    ..active("Cracoe Carpets", "", &[])
                },
            ],
            "likely the same as an active contact; the one with exactly its name is archived",
            likely(),
        ),
        pair(
            1071,
            "Fellside Lettings Ltd",
            vec![],
            "likely the same as the Xero contact of another BigChange contact",
            likely(),
        ),
        pair(
            1072,
            "Malham Masonry",
            vec![active("Malhem Masonry", "MALH72", &[])],
            "possibly the same: a slip of the pen, and nothing in common; created",
            created("MALHAM0001").contact_reference("MALHAM0001"),
        ),
        pair(
            1073,
            "Starbotton Properties",
            vec![active(
                "Starbotton Holdings",
                "STAR73",
                &[Shared::Email, Shared::Phone, Shared::Address],
            )],
            "another company of one group, whatever they have in common",
            created("STARBOTT0001").contact_reference("STARBOTT0001"),
        ),
        pair(
            1074,
            "Airton Storage 2",
            vec![active(
                "Airton Storage 1",
                "AIRT74",
                &[Shared::Email, Shared::Phone],
            )],
            "another branch of one chain, by its number",
            created("AIRTON0001").contact_reference("AIRTON0001"),
        ),
        pair(
            1075,
            "Bordley Court",
            ["Cove Mews", "Dale House", "Eller Lodge", "Force Gardens"]
                .map(|name| active(name, "", &[Shared::Email, Shared::Phone]))
                .into(),
            "another customer of one managing agent, by whose e-mail address and phone four are known",
            created("BORDLEY0001").contact_reference("BORDLEY0001"),
        ),
    ]
}
