//! `link --new`: a person's word that a contact is none of the Xero contacts that it is held for.

use anyhow::bail;
use rules::{
    AccountReference, Alike, ContactId, ContactStatus, Customer, Grade, NameKey, XeroContact,
};
use runtime::manual_match::{self, ManualMatchError};
use runtime::records::Records;

use crate::ExitStatus;
use crate::args::LinkArguments;
use crate::dry_run::read_xero_contacts;
use crate::follow::queue_and_follow;
use crate::link_parts::{read_customer, remembering, told};
use crate::tool::Tool;
use crate::ui::one_line;

/// Runs it: of a contact that is held beside others that are like it, or that a person unlinked.
///
/// # Errors
/// One line that says what stands in the way.
pub(crate) async fn run(tool: &Tool, arguments: &LinkArguments) -> anyhow::Result<ExitStatus> {
    let id = arguments.contact;
    let records = tool.records().await?;
    let held_for = manual_match::candidates(&records, id).await;
    // Whether it takes part at all is of no matter where nothing is to be said.
    let (customer, candidates) = match held_for {
        Err(ManualMatchError::NotHeldAsDuplicate(_)) => unlinked(tool, &records, id).await?,
        held_for => {
            let candidates = held_for.map_err(|error| told(id, error))?;
            (read_customer(tool, id).await?, candidates)
        }
    };
    let then = if tool.configuration.settings.create_in_xero {
        "It is created in Xero beside them."
    } else {
        "Creating in Xero is not authorised (CreateInXero=false), so it stays held until it is."
    };
    let list = candidates.iter().map(|one| {
        let (name, evidence) = (one_line(&one.xero.name), one_line(&one.evidence));
        format!("  {} \"{name}\": {evidence}\n", one.xero.id)
    });
    tool.ui.tell(format!(
        "BigChange contact {id} \"{}\" is a new customer, none of these Xero contacts:\n{}{then}",
        one_line(&customer.details.name),
        list.collect::<String>(),
    ));
    if !arguments.confirm.yes && !tool.ui.confirm("Is that so?", "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let declared = manual_match::declare_new(&records, id, &candidates, remembering(tool)).await;
    declared.map_err(|error| told(id, error))?;
    queue_and_follow(tool, &[id].into(), arguments.follow).await
}

/// The Xero contacts that it was unlinked from, as they are now.
async fn unlinked(
    tool: &Tool,
    records: &Records,
    id: ContactId,
) -> anyhow::Result<(Customer, Vec<Alike>)> {
    let ids = manual_match::unlinked_from(records, id).await;
    let ids = ids.map_err(|error| told(id, error))?;
    let customer = read_customer(tool, id).await?;
    let unlinked = read_xero_contacts(tool, &ids, &[]).await?;
    if let Some(why) = unlinked
        .iter()
        .find_map(|one| cannot_be_new(&customer, one))
    {
        bail!(why);
    }
    let alike = unlinked.iter().map(|one| Alike {
        xero: one.into(),
        linked_to: None,
        grade: Grade::Likely,
        evidence: "a person unlinked it from that one".to_owned(),
    });
    Ok((customer, alike.collect()))
}

/// Why Xero would not take a customer beside the contact that it was unlinked from, and what to do.
fn cannot_be_new(customer: &Customer, unlinked: &XeroContact) -> Option<String> {
    let id = customer.id;
    let who = format!("\"{}\" ({})", one_line(&unlinked.name), unlinked.id);
    if unlinked.is_ours_for(id) {
        return Some(format!(
            "the Xero contact {who} was created for BigChange contact {id} and keeps its contact number, which Xero takes only once: create the new customer in Xero by hand (Contacts → New contact), then link it (contact-sync link {id} XERO-CONTACT)"
        ));
    }
    let has_name = unlinked.status == ContactStatus::Active
        && NameKey::of(&unlinked.name) == NameKey::of(&customer.details.name);
    let number = AccountReference::parse(&unlinked.account_number).ok();
    let has_number = number.is_some() && number == customer.account_reference;
    let (has, then) = match (has_name, has_number) {
        (false, false) => return None,
        (true, false) => (
            "the name",
            "a name of its own in BigChange (CRM → Contacts → the contact → General)",
        ),
        (false, true) => (
            "the account reference",
            "an account reference of its own in BigChange (CRM → Contacts → the contact → Financials → Terms → Account reference)",
        ),
        (true, true) => (
            "the name and the account reference",
            "a name (CRM → Contacts → the contact → General) and an account reference (→ Financials → Terms → Account reference) of its own in BigChange",
        ),
    };
    Some(format!(
        "the Xero contact {who} has {has} of BigChange contact {id}, and Xero takes each only once: give the contact {then}, then say it again (contact-sync link {id} --new)"
    ))
}
