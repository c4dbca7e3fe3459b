//! How like two contacts are: whether creating one beside the other would put one customer twice
//! into the ledger.
//!
//! Xero refuses only equal names. People write one name in many ways, and two companies can have
//! nearly one name, so the grade comes with its evidence in words, for a person to judge. The first
//! row that fits:
//!
//! | the names | the contacts are |
//! |---|---|
//! | agree but for a number, an initial or a word like Group, Holdings or North | another company, whatever else they share |
//! | are the same but for case, accents, punctuation, "and", "the", titles, the country, the legal form; or initials of one are first names of the other | likely the same |
//! | have the same words in another order, or words that are short forms or one slip of the pen apart | likely the same if they share an e-mail address, phone or postcode, else possibly |
//! | one has whole words more | likely the same if they share two of these, else possibly |
//! | are others | likely the same if they share e-mail address and phone, or e-mail address, postcode and street, which not more than three contacts in Xero do; else others |

mod compare;
mod data;
mod index;
mod name;
mod words;

pub use compare::{Compared, Grade, Likeness, likeness};
pub use data::{ContactData, DataKind, Mark, SharedData};
pub use index::MatchIndex;
