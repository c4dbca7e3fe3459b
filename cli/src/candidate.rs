//! Contacts of Xero that a problem names, or that are like a contact.

use rules::{Alike, Grade, Problem, XeroContactRef};
use serde::Serialize;

use crate::ui::one_line;

/// A Xero contact that a problem names, or that is like a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Its id, as `contact-sync link` takes it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its account number; blank where there is none.
    pub account_number: String,
    /// How like the two are, in words; blank where it is named for another reason.
    pub likeness: String,
    /// What the two have in common.
    pub evidence: String,
    /// The BigChange contact that it is linked to; blank where there is none.
    pub linked_to: String,
    /// The address of its page in Xero; blank where that is not known.
    pub page: String,
}

impl From<&XeroContactRef> for Candidate {
    fn from(named: &XeroContactRef) -> Self {
        Self {
            id: named.id.to_string(),
            name: named.name.clone(),
            account_number: named.account_number.clone(),
            ..Self::default()
        }
    }
}

impl From<&Alike> for Candidate {
    fn from(alike: &Alike) -> Self {
        let likeness = match alike.grade {
            Grade::Likely => "likely the same",
            Grade::Possible => "possibly the same",
        };
        let linked_to = alike.linked_to.map(|id| id.to_string());
        Self {
            likeness: likeness.to_owned(),
            evidence: alike.evidence.clone(),
            linked_to: linked_to.unwrap_or_default(),
            ..Self::from(&alike.xero)
        }
    }
}

impl Candidate {
    /// Those that a problem names, with what makes them alike.
    #[must_use]
    pub fn of(problem: &Problem, named: &[XeroContactRef]) -> Vec<Self> {
        let alike = problem.alike();
        let candidates = named.iter().map(|named| {
            let alike = alike.iter().find(|alike| alike.xero.id == named.id);
            match (alike, problem) {
                (Some(alike), _) => Self::from(alike),
                // Beside those that are alike, only the archived one is named.
                (None, Problem::PossibleDuplicate { .. }) => Self {
                    likeness: "archived".to_owned(),
                    evidence: "exactly this name".to_owned(),
                    ..Self::from(named)
                },
                (None, _) => Self::from(named),
            }
        });
        candidates.collect()
    }

    /// Why it is shown; blank where the problem says it.
    #[must_use]
    pub fn why(&self) -> String {
        let mut why: Vec<String> = Vec::new();
        if !self.likeness.is_empty() {
            why.push(format!("{}: {}", self.likeness, one_line(&self.evidence)));
        }
        if !self.linked_to.is_empty() {
            why.push(format!("linked to BigChange contact {}", self.linked_to));
        }
        why.join("; ")
    }

    /// Its name and account number.
    #[must_use]
    pub fn named(&self) -> String {
        let number = if self.account_number.is_empty() {
            "no account number".to_owned()
        } else {
            format!("account number {}", one_line(&self.account_number))
        };
        format!("{} ({number})", one_line(&self.name))
    }

    /// In one line, without its id.
    #[must_use]
    pub fn told(&self) -> String {
        match self.why() {
            why if why.is_empty() => self.named(),
            why => format!("{}: {why}", self.named()),
        }
    }
}

/// Candidates as one cell of a spreadsheet, each with the address of its page or with its id.
#[must_use]
pub fn in_one_cell(candidates: &[Candidate]) -> String {
    let told = candidates.iter().map(|candidate| {
        let place = if candidate.page.is_empty() {
            format!("id {}", candidate.id)
        } else {
            candidate.page.clone()
        };
        format!("{}, {place}", candidate.told())
    });
    told.collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_leads_to_each_candidate_or_tells_its_id() {
        let candidate = |page: &str| Candidate {
            id: "5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77".to_owned(),
            name: "Acme Ltd".to_owned(),
            account_number: "A-1".to_owned(),
            page: page.to_owned(),
            ..Candidate::default()
        };
        let cell = in_one_cell(&[candidate("https://go.xero.com/app/!1/x"), candidate("")]);
        assert_eq!(
            cell,
            "Acme Ltd (account number A-1), https://go.xero.com/app/!1/x | \
             Acme Ltd (account number A-1), id 5d0b5c2e-8f6a-4a44-9c3e-0f3a6b1d2c77"
        );
    }
}
