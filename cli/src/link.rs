//! `link` and `unlink`: a person's word about which Xero contact a BigChange contact is.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use rules::{
    AccountReference, ContactId, ContactStatus, Customer, Decision, DisplayNames, ManualMatch,
    Problem, Snapshot, XeroContact, XeroContactId, decide,
};
use runtime::manual_match;
use runtime::records::{ContactRecord, ProblemRecord, Records, ReferenceRecord};
use serde_json::json;
use time::OffsetDateTime;

use crate::ExitStatus;
use crate::args::{LinkArguments, UnlinkArguments};
use crate::dry_run::{fresh_token, read_xero_contacts};
use crate::follow::queue_and_follow;
use crate::link_parts::{in_the_way, read_customer, remembering, told};
use crate::new_customer;
use crate::tool::{Tool, names, problems};
use crate::ui::one_line;

/// Links.
///
/// # Errors
/// One line that says what stands in the way.
pub async fn link(tool: &Tool, arguments: &LinkArguments) -> anyhow::Result<ExitStatus> {
    tool.check_clock().await?;
    fresh_token(tool).await?;
    let contact_id = arguments.contact;
    let Some(xero_id) = arguments.xero else {
        return new_customer::run(tool, arguments).await;
    };
    let records = tool.records().await?;
    let record = records.get::<ContactRecord>(contact_id).await?;
    let link = record.and_then(|record| record.value.link);
    let held = records.get::<ProblemRecord>(contact_id).await?;
    let is_contradicted = held.is_some_and(|held| held.value.problem.contradicts_a_link());
    let is_linked = link.as_ref().is_some_and(|link| link.xero_id == xero_id);
    if is_linked && is_contradicted {
        return confirm_link(tool, arguments, xero_id).await;
    }
    if is_linked {
        tool.ui.tell(format!(
            "Contact {contact_id} is linked to that Xero contact already."
        ));
        return nothing_to_do(tool);
    }
    let customer = read_customer(tool, contact_id).await?;
    let reference = customer.account_reference.as_ref();
    let (xero, others) = read_xero_contact(tool, xero_id, reference).await?;
    let possible = manual_match::check_pin(&records, contact_id, xero_id).await;
    possible.map_err(|error| told(contact_id, error))?;
    check_pair(tool, &records, &customer, &xero, others).await?;
    let reference = match (&customer.account_reference, xero.account_number.trim()) {
        (Some(reference), _) => format!("account reference {reference}"),
        (None, "") => "a generated account reference".to_owned(),
        (None, number) => format!("account reference {number}, from Xero"),
    };
    let then = if tool.configuration.settings.update_in_xero {
        "From then on changes in BigChange are carried over to that Xero contact."
    } else {
        "Changes in BigChange are not carried over to it (UpdateInXero=false)."
    };
    tool.ui.tell(format!(
        "BigChange contact {contact_id} \"{}\" will be linked to the Xero contact \"{}\", under {}.\n{then}",
        one_line(&customer.details.name),
        one_line(&xero.name),
        one_line(&reference),
    ));
    if !arguments.confirm.yes && !tool.ui.confirm("Link them?", "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let chosen = manual_match::pin(&records, contact_id, xero_id, remembering(tool)).await;
    chosen.map_err(|error| told(contact_id, error))?;
    queue_and_follow(tool, &BTreeSet::from([contact_id]), arguments.follow).await
}

/// A person says that a linked contact belongs to that Xero contact all the same.
async fn confirm_link(
    tool: &Tool,
    arguments: &LinkArguments,
    xero_id: XeroContactId,
) -> anyhow::Result<ExitStatus> {
    let id = arguments.contact;
    let records = tool.records().await?;
    tool.ui.tell(format!(
        "BigChange contact {id} is linked to that Xero contact, and stays so, whatever contact-sync problems {id} says against it."
    ));
    if !arguments.confirm.yes && !tool.ui.confirm("Is it that one?", "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let chosen = manual_match::pin(&records, id, xero_id, remembering(tool)).await;
    chosen.map_err(|error| told(id, error))?;
    queue_and_follow(tool, &BTreeSet::from([id]), arguments.follow).await
}

fn nothing_to_do(tool: &Tool) -> anyhow::Result<ExitStatus> {
    if tool.ui.json {
        tool.ui.say_json(&json!({ "contacts": [] }))?;
    }
    Ok(ExitStatus::Success)
}

/// Takes a link away, or a choice that led to none. The contact is not queued: what becomes of it should be looked at first.
///
/// # Errors
/// One line that says what stands in the way.
pub async fn unlink(tool: &Tool, arguments: &UnlinkArguments) -> anyhow::Result<ExitStatus> {
    tool.check_clock().await?;
    let contact_id = arguments.contact;
    let records = tool.records().await?;
    let xero_id =
        manual_match::unlink_target(&records, contact_id, OffsetDateTime::now_utc()).await;
    let xero_id = xero_id.map_err(|error| told(contact_id, error))?;
    let name = names(&records, &BTreeSet::from([contact_id])).await?;
    let name = name.get(&contact_id);
    let name = name.map_or_else(String::new, |name| format!(" \"{}\"", one_line(name)));
    tool.ui.tell(format!(
        "BigChange contact {contact_id}{name} will no longer belong to the Xero contact {xero_id}, and is not linked to that one again unless you say so. Nothing is changed in \
         BigChange or in Xero by this.",
    ));
    let record = records.get::<ContactRecord>(contact_id).await?;
    let link = record.and_then(|record| record.value.link);
    let creates = tool.configuration.settings.create_in_xero;
    tool.ui.tell(match link {
        Some(link) => after_a_link(contact_id, &link.account_reference),
        None => after_a_choice(creates),
    });
    if !arguments.confirm.yes && !tool.ui.confirm("Unlink it?", "--yes").await? {
        tool.ui.tell("Nothing was changed.");
        return Ok(ExitStatus::Attention);
    }
    let parted = manual_match::unlink(&records, contact_id, xero_id, remembering(tool)).await;
    parted.map_err(|error| told(contact_id, error))?;
    let waiting = problems(&records).await?.into_iter();
    let waiting = waiting.filter(|(_, held)| {
        matches!(held.value.problem, Problem::LinkedToAnotherContact { other, .. } if other == contact_id)
    });
    let waiting: Vec<String> = waiting.map(|(waiting, _)| waiting.to_string()).collect();
    if !waiting.is_empty() {
        tool.ui.tell(format!(
            "Held because of that link until now, and not tried again before the daily sweep unless you say so: contact-sync retry {}",
            waiting.join(" ")
        ));
    }
    if tool.ui.json {
        tool.ui
            .say_json(&json!({"contact": contact_id, "unlinked_from": xero_id}))?;
    } else {
        tool.ui.say(format!(
            "Unlinked. What will become of it: contact-sync plan --contact {contact_id}"
        ))?;
    }
    Ok(ExitStatus::Success)
}

/// What becomes of a contact whose link is taken away: both sides keep the account reference, so
/// the same Xero contact fits still.
fn after_a_link(contact: ContactId, reference: &AccountReference) -> String {
    format!(
        "The account reference {} stays in both, so that Xero contact still fits: at its next turn (an edit in BigChange, the daily sweep, contact-sync sync) the contact is held as UnlinkedByPerson, unless another one fits.\nThen say which one it is (contact-sync link {contact} XERO-CONTACT). If it is a new customer, give it in BigChange a name (CRM → Contacts → the contact → General) and an account reference (→ Financials → Terms) of its own, and say so (contact-sync link {contact} --new).",
        one_line(reference.as_str())
    )
}

/// What becomes of a contact whose choice is taken back before it led to a link.
fn after_a_choice(creates: bool) -> String {
    let otherwise = if creates {
        "is created there"
    } else {
        "is reported as a problem"
    };
    format!(
        "At its next turn (an edit in BigChange, the daily sweep, contact-sync sync) it is matched anew without that one: it is linked to another that fits; held as UnlinkedByPerson where only that one has its name or account reference; or, where none has, {otherwise}."
    )
}

/// The Xero contact, and after it those that carry the customer's account reference: Xero would refuse
/// to give that number to this one as well.
async fn read_xero_contact(
    tool: &Tool,
    id: XeroContactId,
    reference: Option<&AccountReference>,
) -> anyhow::Result<(XeroContact, Vec<XeroContact>)> {
    let askable = reference.filter(|reference| xero::can_be_queried(reference.as_str()));
    let numbers: Vec<_> = askable.into_iter().cloned().collect();
    let found = read_xero_contacts(tool, &[id], &numbers).await?;
    let (chosen, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.id == id);
    let chosen = chosen.into_iter().next().with_context(|| {
        format!("this Xero organisation has no contact {id}: the id is the last part of the address when the contact is open in Xero")
    })?;
    Ok((chosen, others))
}

/// What a person's word does not overrule: the rules say, as they will to the worker.
async fn check_pair(
    tool: &Tool,
    records: &Records,
    customer: &Customer,
    xero: &XeroContact,
    others: Vec<XeroContact>,
) -> anyhow::Result<()> {
    let found: Vec<_> = std::iter::once(xero.clone()).chain(others).collect();
    let number = AccountReference::parse(&xero.account_number).ok();
    let references = customer.account_reference.iter().chain(&number);
    let held = records
        .get_many::<ReferenceRecord>(references.map(AccountReference::folded))
        .await?;
    let holders: BTreeMap<AccountReference, ContactId> = held
        .into_values()
        .filter_map(|held| Some((held.value.reference, held.value.holder?)))
        .collect();
    let word = ManualMatch {
        pinned: Some(xero.id),
        ..ManualMatch::default()
    };
    let decision = decide(&Snapshot {
        customer,
        settings: &tool.configuration.settings,
        link: None,
        manual_match: &word,
        in_doubt: None,
        generated: None,
        contact_reference_due: None,
        keep: None,
        is_to_be_looked_at: false,
        found: Some(&found),
        alike: &[],
        // Whose it is by a link was looked at before.
        linked: &BTreeMap::new(),
        holders: &holders,
    });
    match decision {
        Decision::Hold(Problem::AmbiguousMatch { .. }) => bail!(number_elsewhere(
            customer,
            xero,
            found.iter().filter(|other| other.id != xero.id)
        )),
        Decision::Hold(problem) => {
            bail!(in_the_way(
                &problem,
                customer.id,
                &customer.details.name,
                &DisplayNames::default()
            ))
        }
        Decision::Incomplete(field) => bail!(
            "BigChange's answer about this contact has no field {}, so it cannot be linked now: is an accounts package chosen in BigChange's account settings?",
            field.key()
        ),
        Decision::Apply(_) | Decision::NeedsCode | Decision::Ask(_) => Ok(()),
    }
}

/// Who has the account number that the chosen contact would get, and what to do about it: Xero
/// takes each number only once.
fn number_elsewhere<'a>(
    customer: &Customer,
    chosen: &XeroContact,
    others: impl Iterator<Item = &'a XeroContact>,
) -> String {
    let contact = customer.id;
    let reference = customer.account_reference.as_ref();
    let has_it = |other: &&XeroContact| {
        let number = AccountReference::parse(&other.account_number).ok();
        number.is_some() && number.as_ref() == reference
    };
    let holders: Vec<&XeroContact> = others.filter(has_it).collect();
    let named: Vec<String> = holders
        .iter()
        .map(|holder| {
            let archived = if holder.status == ContactStatus::Active {
                ""
            } else {
                ", archived"
            };
            format!("\"{}\" ({}{archived})", one_line(&holder.name), holder.id)
        })
        .collect();
    let mut ways = Vec::new();
    if let [holder] = holders.as_slice()
        && holder.status == ContactStatus::Active
    {
        ways.push(format!(
            "If that one is this customer, link it instead: contact-sync link {contact} {}",
            holder.id
        ));
    }
    ways.push(
        "If not, take the number away from it in Xero (Contacts → the contact → Edit → Account number; an archived one has to be restored for that: Contacts → Archived → tick it → Restore), then link again"
            .to_owned(),
    );
    format!(
        "the account reference {} of BigChange contact {contact} is the account number of {} in Xero, so \"{}\" (no account number) cannot get it: Xero takes each account number only once. {}",
        one_line(reference.map_or("", AccountReference::as_str)),
        named.join(" and "),
        one_line(&chosen.name),
        ways.join(". ")
    )
}
