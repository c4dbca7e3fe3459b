//! What the commands share by which a person says which contacts belong together.

use anyhow::{Context as _, anyhow, bail};
use rules::{
    ContactId, Customer, DisplayNames, Participation, Problem, normalise_spaces, participation,
};
use runtime::manual_match::{ManualMatchError, Remembering};
use store::TableError;
use time::OffsetDateTime;

use crate::tool::Tool;
use crate::ui::one_line;
use crate::why::why_left_alone;

pub(crate) fn remembering(tool: &Tool) -> Remembering {
    Remembering {
        at: OffsetDateTime::now_utc(),
        days: tool.configuration.history_days,
    }
}

/// With what to do.
pub(crate) fn told(contact: ContactId, error: ManualMatchError) -> anyhow::Error {
    let cure = match &error {
        ManualMatchError::InWork(_) => format!(
            "let it finish (contact-sync sync --contact {contact}) and try again in ten minutes"
        ),
        ManualMatchError::Linked { .. } => format!("contact-sync unlink {contact} first"),
        ManualMatchError::Taken { other, .. } => {
            format!("contact-sync unlink {other} first, if that is wrong")
        }
        ManualMatchError::Table(TableError::Conflict) => "try again".to_owned(),
        ManualMatchError::NameTaken { xero_id, .. } => format!(
            "give one of the two another name (in BigChange: CRM → Contacts → the contact → General; in Xero: Contacts → the contact → Edit), or link them: contact-sync link \
             {contact} {xero_id}"
        ),
        ManualMatchError::NotHeldAsDuplicate(_) => {
            format!(
                "contact-sync problems tells what it is held for, and contact-sync plan --contact {contact} what will become of it"
            )
        }
        ManualMatchError::NotChangedInBoth(_) => {
            format!("contact-sync problems {contact} tells what it is held for, if it is")
        }
        ManualMatchError::NotLinked(_) | ManualMatchError::Table(_) => return error.into(),
    };
    anyhow!("{error}: {cure}")
}

/// A contact as BigChange has it now, if it takes part.
///
/// # Errors
/// One line that says why it does not, or that BigChange cannot be asked.
pub(crate) async fn read_customer(tool: &Tool, id: ContactId) -> anyhow::Result<Customer> {
    let bigchange = tool.real_parts().bigchange().await?;
    let contact = bigchange.contact(id).await?;
    let contact = contact
        .with_context(|| format!("BigChange has no contact {id}, or it was deleted there"))?;
    match participation(&contact, &tool.configuration.settings) {
        Participation::TakesPart(customer) => Ok(*customer),
        Participation::Skip(skip) => bail!(
            "contact {id} does not take part in the synchronisation: {}",
            why_left_alone(skip)
        ),
        Participation::Held(problem) => {
            let groups = bigchange.groups().await?;
            let group = groups
                .iter()
                .find(|group| Some(group.id) == problem.group());
            let names = DisplayNames {
                group: group.map(|group| normalise_spaces(&group.name)),
                contact: None,
            };
            let name = normalise_spaces(&contact.name);
            bail!(in_the_way(&problem, id, &name, &names))
        }
    }
}

pub(crate) fn in_the_way(
    problem: &Problem,
    contact: ContactId,
    name: &str,
    names: &DisplayNames,
) -> String {
    one_line(&format!(
        "{} {}",
        problem.sentence(contact, name, names),
        problem.cure()
    ))
}
