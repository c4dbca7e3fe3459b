//! What each action does.

use serde_json::{Value, json};
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::addressing::{Acted, addressed, number, with_reference};
use crate::answer::{self, Outcome, Spelling};
use crate::parameters::Parameters;
use crate::{FakeBigChange, FakeContact, Write, notes};

/// The actions that the fake knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Ping,
    ContactGroups,
    ContactListByGroupPaged,
    ContactDetail,
    ContactsByParent,
    ContactUpdateRef,
    ContactExtraSave,
    ContactDelete,
    ContactNotes,
    ContactNoteSave,
    ContactSaveNoteType,
}

impl Action {
    const ALL: [Self; 11] = [
        Self::Ping,
        Self::ContactGroups,
        Self::ContactListByGroupPaged,
        Self::ContactDetail,
        Self::ContactsByParent,
        Self::ContactUpdateRef,
        Self::ContactExtraSave,
        Self::ContactDelete,
        Self::ContactNotes,
        Self::ContactNoteSave,
        Self::ContactSaveNoteType,
    ];

    /// The action of that name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|action| action.name().eq_ignore_ascii_case(name))
    }

    /// The name as the reference spells it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::ContactGroups => "ContactGroups",
            Self::ContactListByGroupPaged => "ContactListByGroupPaged",
            Self::ContactDetail => "ContactDetail",
            Self::ContactsByParent => "ContactsByParent",
            Self::ContactUpdateRef => "ContactUpdateRef",
            Self::ContactExtraSave => "ContactExtraSave",
            Self::ContactDelete => "ContactDelete",
            Self::ContactNotes => "ContactNotes",
            Self::ContactNoteSave => "ContactNoteSave",
            Self::ContactSaveNoteType => "ContactSaveNoteType",
        }
    }
}

/// The largest page of `ContactListByGroupPaged`, which is also what a call without `PageSize` gets.
const MAX_PAGE_SIZE: usize = 5000;
/// The reference names no limit for the account reference; this is the limit of Xero's own account number, which it goes to.
const MAX_ACCOUNT_REFERENCE_CHARS: usize = 50;

/// The longest contact reference of BigChange's other forms.
const MAX_CONTACT_REFERENCE_CHARS: usize = 40;

pub(crate) fn act(
    company: &mut FakeBigChange,
    now: OffsetDateTime,
    action: Action,
    parameters: &Parameters,
) -> Outcome {
    let outcome = match action {
        Action::Ping => Ok(Outcome::Result(json!("pong"))),
        Action::ContactGroups => Ok(groups(company)),
        Action::ContactListByGroupPaged => list(company, parameters),
        Action::ContactDetail => detail(company, parameters),
        Action::ContactsByParent => by_parent(company, parameters),
        Action::ContactUpdateRef => update_reference(company, now, parameters),
        Action::ContactExtraSave => save_extra(company, now, parameters),
        Action::ContactDelete => delete(company, now, parameters),
        Action::ContactNotes => notes::list(company, parameters),
        Action::ContactNoteSave => notes::save(company, now, parameters),
        Action::ContactSaveNoteType => notes::save_type(company, parameters),
    };
    outcome.unwrap_or_else(Outcome::Refused)
}

fn groups(company: &FakeBigChange) -> Outcome {
    let items = company
        .groups
        .iter()
        .map(|(id, name)| {
            let spell = Spelling::of(&company.behaviour, *id);
            json!({"Id": spell.number(*id), "Name": name})
        })
        .collect();
    let behaviour = &company.behaviour;
    Outcome::list(
        items,
        behaviour.empty_list,
        behaviour.lists_of_one_as_object,
    )
}

fn list(company: &FakeBigChange, parameters: &Parameters) -> Acted {
    let group: u64 = number(parameters, "GroupId")?.ok_or("Invalid GroupId parameter.")?;
    if let Some(words) = company.behaviour.refused_groups.get(&group) {
        return Err(words.clone());
    }
    let page: usize = number(parameters, "Page")?.unwrap_or(0);
    let page_size: usize = number(parameters, "PageSize")?.unwrap_or(MAX_PAGE_SIZE);
    if !(1..=MAX_PAGE_SIZE).contains(&page_size) {
        return Err("Invalid PageSize parameter.".to_owned());
    }
    let changed_since = parameters
        .filled("LastUpdated")
        .map(|text| parse_date(text).ok_or("Invalid LastUpdated parameter."))
        .transpose()?;
    let behaviour = &company.behaviour;
    let items = company
        .contacts
        .values()
        .filter(|c| c.group_id == group)
        .filter(|c| c.deleted_at.is_none() || behaviour.deleted_in_lists)
        .filter(|c| changed_since.is_none_or(|since| c.last_updated.is_some_and(|at| at > since)))
        .skip(page.saturating_mul(page_size))
        .take(page_size)
        .map(|c| {
            let group_name = company.groups.get(&group).map_or("", String::as_str);
            let parent = parent_of(company, c);
            answer::list_item(
                c,
                group_name,
                parent,
                parameters.is_on("IncludeExtra"),
                behaviour,
            )
        })
        .collect();
    let one_as_object = behaviour.lists_of_one_as_object;
    Ok(Outcome::list(items, behaviour.empty_page, one_as_object))
}

fn detail(company: &FakeBigChange, parameters: &Parameters) -> Acted {
    let include_deleted = parameters.is_on("IncludeDeleted");
    let visible = |c: &&FakeContact| include_deleted || c.deleted_at.is_none();
    let found = if let Some(id) = number::<u64>(parameters, "ContactId")? {
        company.contacts.get(&id).filter(visible)
    } else if let Some(reference) = parameters.filled("ContactRef") {
        with_reference(company, reference).find(visible)
    } else {
        return Err("contactId or contactRef parameter required".to_owned());
    };
    let contact = found.ok_or("No contacts found")?;
    let refused = company.behaviour.refused_groups.get(&contact.group_id);
    if let Some(words) = refused.filter(|words| *words == "misc_noRight") {
        return Err(words.clone());
    }
    Ok(Outcome::Result(answer::detail(
        contact,
        parent_of(company, contact),
        &company.behaviour,
    )))
}

fn by_parent(company: &FakeBigChange, parameters: &Parameters) -> Acted {
    let parent = addressed(company, parameters)?.ok_or("No contacts found")?;
    let items = company
        .contacts
        .values()
        .filter(|c| c.parent_id == Some(parent) && c.deleted_at.is_none())
        .map(|c| {
            let spell = Spelling::of(&company.behaviour, c.id);
            json!({"ContactId": spell.number(c.id)})
        })
        .collect();
    let behaviour = &company.behaviour;
    let one_as_object = behaviour.lists_of_one_as_object;
    Ok(Outcome::list(items, behaviour.empty_list, one_as_object))
}

/// Sets the contact reference and nothing else. The reference names no limit here; `ContactSave` takes
/// 40 characters.
fn update_reference(
    company: &mut FakeBigChange,
    now: OffsetDateTime,
    parameters: &Parameters,
) -> Acted {
    let (Some(id), Some(reference)) = (
        parameters.filled("ContactId"),
        parameters.filled("ContactRef"),
    ) else {
        return Err("contactId and contactRef parameters required".to_owned());
    };
    let id: u64 = id.parse().map_err(|_| "Invalid Format - contactId")?;
    let before = company.contacts.get(&id).ok_or("No matching contact")?;
    let is_taken = with_reference(company, reference).any(|c| c.id != id);
    if reference.chars().count() > MAX_CONTACT_REFERENCE_CHARS
        || (is_taken && company.behaviour.contact_references_are_unique)
    {
        return Err("Reference Update Failed".to_owned());
    }
    let after = FakeContact {
        contact_reference: reference.to_owned(),
        last_updated: Some(now),
        ..before.clone()
    };
    let before = Some(before.clone());
    commit(company, now, Action::ContactUpdateRef, before, after);
    Ok(Outcome::Result(json!("Reference Updated")))
}

/// The Financials tab. What is left out keeps its value.
fn save_extra(company: &mut FakeBigChange, now: OffsetDateTime, parameters: &Parameters) -> Acted {
    let id = addressed(company, parameters)?.ok_or("No contacts found")?;
    let before = company.contacts.get(&id).ok_or("No contacts found")?;
    let mut after = before.clone();
    if let Some(reference) = parameters.get("ContactExtraAccountReference") {
        let reference = at_most(
            "ContactExtraAccountReference",
            reference,
            MAX_ACCOUNT_REFERENCE_CHARS,
        )?;
        reference.clone_into(&mut after.account_reference);
    }
    if let Some(account_type) = number::<u32>(parameters, "ContactExtraAccountType")? {
        after.account_type = Some(account_type.into());
    }
    if parameters.get("ContactExtraFinancialSyncExclude").is_some() {
        after.financial_sync_exclude = parameters.is_on("ContactExtraFinancialSyncExclude");
    }
    if parameters.get("ContactExtraUseParentRef").is_some() {
        after.use_parent_reference = parameters.is_on("ContactExtraUseParentRef");
    }
    if company.behaviour.financial_edits_bump_last_updated {
        after.last_updated = Some(now);
    }
    let words = format!("Contact {id} {} has updated successfully", after.name);
    let before = Some(before.clone());
    commit(company, now, Action::ContactExtraSave, before, after);
    Ok(Outcome::Result(Value::String(words)))
}

fn delete(company: &mut FakeBigChange, now: OffsetDateTime, parameters: &Parameters) -> Acted {
    let id = addressed(company, parameters)?.ok_or("No contacts found")?;
    let before = company.contacts.get(&id).ok_or("No contacts found")?;
    let mut after = before.clone();
    after.deleted_at = Some(now);
    after.last_updated = Some(now);
    let before = Some(before.clone());
    commit(company, now, Action::ContactDelete, before, after);
    Ok(Outcome::Result(json!(id)))
}

fn commit(
    company: &mut FakeBigChange,
    at: OffsetDateTime,
    action: Action,
    before: Option<FakeContact>,
    after: FakeContact,
) {
    company.contacts.insert(after.id, after.clone());
    company.writes.push(Write {
        at,
        action: action.name(),
        before,
        after,
    });
}

fn parent_of<'a>(company: &'a FakeBigChange, contact: &FakeContact) -> Option<&'a FakeContact> {
    contact.parent_id.and_then(|id| company.contacts.get(&id))
}

fn at_most<'a>(name: &str, text: &'a str, max_chars: usize) -> Result<&'a str, String> {
    if text.chars().count() > max_chars {
        Err(format!(
            "The parameter {name} is limited to {max_chars} characters"
        ))
    } else {
        Ok(text)
    }
}

fn parse_date(text: &str) -> Option<OffsetDateTime> {
    const FORMAT: &[time::format_description::BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
    PrimitiveDateTime::parse(text, FORMAT)
        .ok()
        .map(PrimitiveDateTime::assume_utc)
}
