//! What there is to do: companies and organisations of a given size.

use serde_json::{Value, json};

use crate::world::World;

/// What a world holds at its beginning has not just been edited, as far as lists of what changed are concerned.
const EDITED_A_WHILE_AGO: time::Duration = time::Duration::hours(1);

/// Contacts to be brought into an organisation for the first time. One in five, as far as the organisation has so many, is there already under the same name, without an account number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstSync {
    /// Account customers in BigChange, each with an account reference unless `without_reference`.
    pub(crate) contacts: usize,
    /// Contacts that Xero holds before, the matches among them.
    pub(crate) in_xero: usize,
    /// The account references are blank, so that each has to be generated.
    pub(crate) without_reference: bool,
}

/// One customer of a first synchronisation.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub(crate) name: String,
    pub(crate) reference: String,
    pub(crate) is_in_xero: bool,
}

/// Every how many customers one is in Xero already.
const MATCH_EVERY: usize = 5;

impl FirstSync {
    pub(crate) fn new(contacts: usize, in_xero: usize) -> Self {
        Self {
            contacts,
            in_xero,
            without_reference: false,
        }
    }

    pub(crate) fn without_reference(self) -> Self {
        Self {
            without_reference: true,
            ..self
        }
    }

    pub(crate) fn customers(self) -> Vec<Customer> {
        let customer = |n: usize| Customer {
            name: name_of(n),
            reference: if self.without_reference {
                String::new()
            } else {
                format!("REF{n}")
            },
            is_in_xero: n.is_multiple_of(MATCH_EVERY) && n / MATCH_EVERY <= self.in_xero,
        };
        (1..=self.contacts).map(customer).collect()
    }

    /// What Xero holds before.
    pub(crate) fn organisation(self) -> Value {
        let customers = self.customers();
        let matches: Vec<Value> = customers
            .iter()
            .filter(|customer| customer.is_in_xero)
            .map(|customer| json!({ "Name": customer.name }))
            .collect();
        let others = self.in_xero.saturating_sub(matches.len());
        let mut all = organisation(others);
        all.extend(matches);
        all.into()
    }

    /// A world in which it is to be done.
    pub(crate) fn fill(self, world: &mut World) -> anyhow::Result<Vec<u64>> {
        world.add_to_xero(&self.organisation())?;
        let add = |customer: Customer| world.add_customer(&customer.name, &customer.reference);
        let contacts = self.customers().into_iter().map(add).collect();
        world.pass(EDITED_A_WHILE_AGO);
        world.network.reset();
        Ok(contacts)
    }
}

/// Contacts of Xero that have nothing to do with the company's customers.
pub(crate) fn organisation(contacts: usize) -> Vec<Value> {
    (0..contacts)
        .map(|n| json!({"Name": format!("Supplier {n} Ltd"), "AccountNumber": format!("S{n}"), "EmailAddress": format!("accounts{n}@supplier.example")}))
        .collect()
}

const FIRST_WORDS: [&str; 20] = [
    "Ashdown",
    "Bramley",
    "Calder",
    "Dunmore",
    "Elmfield",
    "Fairway",
    "Granby",
    "Hartley",
    "Ivybridge",
    "Jubilee",
    "Kingsmead",
    "Larkhill",
    "Marston",
    "Northgate",
    "Oakwell",
    "Pennine",
    "Quarry",
    "Ridgeway",
    "Stanley",
    "Thornhill",
];
const SECOND_WORDS: [&str; 10] = [
    "Dairies",
    "Electrical",
    "Facilities",
    "Flooring",
    "Heating",
    "Joinery",
    "Logistics",
    "Lifts",
    "Roofing",
    "Windows",
];

/// Names as companies have them: many share their first word, and so the beginning of their codes.
pub(crate) fn name_of(n: usize) -> String {
    let first = FIRST_WORDS[n % FIRST_WORDS.len()];
    let second = SECOND_WORDS[n / FIRST_WORDS.len() % SECOND_WORDS.len()];
    format!("{first} {second} {n} Ltd")
}
