//! Which contact an action is about, and its other parameters.

use std::str::FromStr;

use crate::answer::Outcome;
use crate::parameters::Parameters;
use crate::{FakeBigChange, FakeContact};

/// An action's outcome, or the words that refuse it.
pub(crate) type Acted = Result<Outcome, String>;

/// The living contact that `ContactId` or `ContactReference` names, if there is one.
pub(crate) fn addressed(
    company: &FakeBigChange,
    parameters: &Parameters,
) -> Result<Option<u64>, String> {
    let alive = |c: &&FakeContact| c.deleted_at.is_none();
    if let Some(id) = number::<u64>(parameters, "ContactId")? {
        return Ok(company.contacts.get(&id).filter(alive).map(|c| c.id));
    }
    let reference = parameters.filled("ContactReference").ok_or(
        "Missing parameters. You must include at least a Contact Id or a Contact Reference",
    )?;
    Ok(with_reference(company, reference).find(alive).map(|c| c.id))
}

pub(crate) fn with_reference<'a>(
    company: &'a FakeBigChange,
    reference: &'a str,
) -> impl Iterator<Item = &'a FakeContact> {
    company
        .contacts
        .values()
        .filter(move |c| c.contact_reference.eq_ignore_ascii_case(reference))
}

pub(crate) fn number<N: FromStr>(parameters: &Parameters, name: &str) -> Result<Option<N>, String> {
    parameters
        .filled(name)
        .map(|text| {
            text.parse()
                .map_err(|_| format!("Invalid {name} parameter."))
        })
        .transpose()
}
