//! An invented organisation of any size: family firms, persons with one surname, chains with
//! numbers, the customers of managing agents, namesakes in several towns. The same for each seed.

use std::collections::BTreeSet;

use rules::{Compared, ContactData};

/// A contact of the organisation, or one that is new.
pub(crate) struct Party {
    /// Its name.
    pub(crate) name: String,
    /// Its other data.
    pub(crate) data: ContactData,
}

impl Party {
    /// As it is compared.
    pub(crate) fn compared(&self) -> Compared<'_> {
        Compared {
            name: &self.name,
            data: &self.data,
        }
    }
}

/// So many parties, no two of which are one: another trade, house, branch or person under each name.
/// Cut in two, none of the one part is in the other.
pub(crate) fn parties(count: usize, seed: u64) -> Vec<Party> {
    let mut numbers = Numbers(seed);
    let mut known = BTreeSet::new();
    let mut parties = Vec::with_capacity(count);
    while parties.len() < count {
        let party = party(&mut numbers, parties.len());
        if known.insert(without_form(&party.name)) {
            parties.push(party);
        }
    }
    parties
}

/// A legal form does not make another firm of one.
fn without_form(name: &str) -> String {
    let forms = LEGAL_FORMS.iter().filter(|form| !form.is_empty());
    let bare = forms.fold(name, |name, form| name.strip_suffix(form).unwrap_or(name));
    bare.to_lowercase()
}

const STARTS: [&str; 24] = [
    "Ack", "Barn", "Cald", "Dun", "Elm", "Fair", "Gar", "Hep", "Ing", "Jes", "Kir", "Lang", "Mar",
    "Nether", "Oaken", "Pen", "Raven", "Sud", "Thorn", "Under", "Var", "Whit", "Yar", "Win",
];
const ENDS: [&str; 18] = [
    "bury", "by", "croft", "den", "field", "ford", "gate", "ham", "hurst", "ley", "more", "royd",
    "shaw", "stone", "thwaite", "ton", "wick", "worth",
];
const TRADES: [&str; 40] = [
    "Aerials",
    "Bakery",
    "Blinds",
    "Bricks",
    "Carpets",
    "Catering",
    "Cleaning",
    "Dairies",
    "Decorating",
    "Doors",
    "Drainage",
    "Electrical",
    "Engineering",
    "Fencing",
    "Flooring",
    "Garage",
    "Glazing",
    "Haulage",
    "Heating",
    "Insulation",
    "Interiors",
    "Joinery",
    "Kitchens",
    "Landscapes",
    "Lifts",
    "Locksmiths",
    "Logistics",
    "Motors",
    "Nurseries",
    "Paving",
    "Plastering",
    "Plumbing",
    "Printing",
    "Roofing",
    "Scaffolding",
    "Security",
    "Signs",
    "Surfacing",
    "Tiling",
    "Tyres",
];
const FIRST_NAMES: [&str; 26] = [
    "Asha", "Bryn", "Carys", "Dougal", "Eilidh", "Farid", "Greta", "Hamish", "Isla", "Jack",
    "Kiran", "Lowri", "Malcolm", "Nia", "Owen", "Priya", "Quentin", "Rhona", "Sanjay", "Tamsin",
    "Una", "Victor", "Wendy", "Xanthe", "Yusuf", "Zara",
];
const HOUSES: [&str; 12] = [
    "Court", "Gardens", "Grange", "Heights", "House", "Lodge", "Manor", "Mews", "Place", "Towers",
    "View", "Wharf",
];
const LEGAL_FORMS: [&str; 5] = ["", "", " Ltd", " Limited", " LLP"];
/// About fifteen addresses have one postcode.
const ADDRESSES_A_POSTCODE: usize = 15;

fn place(numbers: &mut Numbers) -> String {
    format!("{}{}", numbers.one_of(&STARTS), numbers.one_of(&ENDS))
}

fn party(numbers: &mut Numbers, at: usize) -> Party {
    let form = *numbers.one_of(&LEGAL_FORMS);
    match numbers.below(100) {
        0..45 => of_its_own(
            format!("{} {}{form}", place(numbers), numbers.one_of(&TRADES)),
            numbers,
            at,
        ),
        // The same firm's name in several towns.
        45..60 => of_its_own(
            format!(
                "{} {} {}{form}",
                place(numbers),
                numbers.one_of(&TRADES),
                place(numbers)
            ),
            numbers,
            at,
        ),
        60..75 => {
            let first = *numbers.one_of(&FIRST_NAMES);
            let name = if numbers.below(10) == 0 {
                format!("{} {}", &first[..1], place(numbers))
            } else {
                format!("{first} {}", place(numbers))
            };
            of_its_own(name, numbers, at)
        }
        // Branches by number; the head office has the e-mail address and the phone of all.
        75..88 => {
            let chain = numbers.below(40);
            let (start, end) = (STARTS[chain % STARTS.len()], ENDS[chain % ENDS.len()]);
            Party {
                name: format!(
                    "{start}{end} {} {}",
                    TRADES[chain],
                    1 + numbers.below(4_000)
                ),
                data: address(numbers)
                    .email(&format!("accounts@chain{chain}.example"))
                    .phone(&format!("0113 496{chain:04}")),
            }
        }
        // Houses and flats, by their agent's e-mail address and phone.
        _ => {
            let agent = numbers.below(60);
            Party {
                name: format!("{} {}", place(numbers), numbers.one_of(&HOUSES)),
                data: address(numbers)
                    .email(&format!("lettings@agent{agent}.example"))
                    .phone(&format!("0114 496{agent:04}")),
            }
        }
    }
}

fn of_its_own(name: String, numbers: &mut Numbers, at: usize) -> Party {
    Party {
        name,
        data: address(numbers)
            .email(&format!("office@customer{at}.example"))
            .phone(&format!("0116 {at:07}")),
    }
}

fn address(numbers: &mut Numbers) -> ContactData {
    let postcode = numbers.below(20_000 / ADDRESSES_A_POSTCODE);
    ContactData::default()
        .postcode(&format!("LS{} {}AA", postcode / 10, postcode % 10))
        .street(&format!("{} High Street", 1 + numbers.below(90)))
}

/// A sequence of numbers that is the same for each seed: Knuth's linear congruential generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % limit as u64).unwrap_or_default()
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}
