//! How everything stands in the end, so that a disturbed run can be held against an undisturbed one.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use fake_bigchange::FakeContact;
use rules::ContactId;
use runtime::records::{
    ContactRecord, DeferredRecord, PendingReferenceScan, ProblemRecord, Record, Records,
    XeroContactRecord,
};
use serde_json::Value;

use crate::population::TWINS;
use crate::world::World;

/// How everything stands: a line for each contact of either system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    /// By BigChange's contact id: what became of it.
    pub(crate) outcomes: BTreeMap<u64, String>,
    /// What BigChange holds.
    bigchange: Vec<String>,
    /// What Xero holds.
    xero: Vec<String>,
}

impl Standing {
    /// Looks, and finds out whether all work is done: nothing may be under way any more, and the links and claims must agree.
    pub(crate) async fn of(world: &World<'_>) -> anyhow::Result<Self> {
        let contacts = by_contact::<ContactRecord>(&world.records).await?;
        let problems = by_contact::<ProblemRecord>(&world.records).await?;
        let deferred = by_contact::<DeferredRecord>(&world.records).await?;
        let unread = by_contact::<PendingReferenceScan>(&world.records).await?;
        if let Some((id, _)) = contacts.iter().find(|(_, c)| c.intent.is_some()) {
            bail!("an intent is left on contact {id}");
        }
        if !deferred.is_empty() || !unread.is_empty() {
            bail!("work is left over: {deferred:?} {unread:?}");
        }
        let letters = world.take_dead_letters().await?;
        if !letters.is_empty() {
            bail!("there are dead letters: {letters:?}");
        }
        check_claims(world, &contacts).await?;
        let in_xero = world.xero_contacts().await?;
        check_numbers(&in_xero)?;
        let company = world.bigchange.core().dump().contacts;
        let mut outcomes = BTreeMap::new();
        for contact in &company {
            let link = contacts.get(&contact.id).and_then(|c| c.link.as_ref());
            let outcome = match (problems.get(&contact.id), link) {
                (Some(held), _) => format!("held: {}", held.problem.code()),
                (None, Some(link)) => {
                    let id = uuid::Uuid::from(link.xero_id).to_string();
                    let linked = in_xero.iter().find(|c| text(c, "ContactID") == id);
                    let linked =
                        linked.with_context(|| format!("{} is linked to nothing", contact.id))?;
                    let number = text(linked, "AccountNumber");
                    if !number.eq_ignore_ascii_case(contact.account_reference.trim()) {
                        bail!(
                            "contact {} has {:?}, but its Xero contact {number:?}",
                            contact.id,
                            contact.account_reference
                        );
                    }
                    format!("linked to {} ({number})", text(linked, "Name"))
                }
                (None, None) => "left alone".to_owned(),
            };
            outcomes.insert(contact.id, outcome);
        }
        Ok(Self {
            outcomes,
            bigchange: company.iter().map(in_bigchange).collect(),
            xero: in_xero.iter().map(in_organisation).collect(),
        }
        .without_who_was_first())
    }

    /// Of two twins one is linked and the other is held, whichever came first; the rest is as it is.
    fn without_who_was_first(mut self) -> Self {
        for [one, other] in TWINS {
            let both = [&one, &other].map(|id| self.outcomes.remove(id).unwrap_or_default());
            // The held one's problem is another one before it is woken than afterwards; a killed worker leaves that to the daily sweep.
            let mut both = both.map(|outcome| first_word(&outcome).to_owned());
            both.sort();
            self.outcomes.extend([one, other].into_iter().zip(both));
        }
        self.bigchange.sort();
        self.xero.sort();
        self
    }

    /// In which lines it differs from another.
    pub(crate) fn differences(&self, expected: &Self) -> Vec<String> {
        let (found, wanted) = (self.lines(), expected.lines());
        let missing = lines_beyond(&wanted, &found).map(|line| format!("missing: {line}"));
        let too_many = lines_beyond(&found, &wanted).map(|line| format!("too much: {line}"));
        missing.chain(too_many).collect()
    }

    fn lines(&self) -> Vec<String> {
        let outcomes = self.outcomes.iter();
        let outcomes = outcomes.map(|(id, outcome)| format!("{id}: {outcome}"));
        let others = self.bigchange.iter().chain(&self.xero).cloned();
        outcomes.chain(others).collect()
    }
}

/// The lines that there are more of here than there.
fn lines_beyond<'a>(here: &'a [String], there: &'a [String]) -> impl Iterator<Item = &'a String> {
    let count = |line: &String, lines: &[String]| lines.iter().filter(|l| *l == line).count();
    here.iter()
        .filter(move |line| count(line, here) > count(line, there))
}

/// Each link has a claim on its Xero contact, and each claim a link.
async fn check_claims(
    world: &World<'_>,
    contacts: &BTreeMap<u64, ContactRecord>,
) -> anyhow::Result<()> {
    let claims = world.records.list::<XeroContactRecord>("").await?;
    let claims: BTreeMap<String, u64> = claims
        .into_iter()
        .map(|claim| (claim.sort_key, claim.value.contact.get()))
        .collect();
    let linked: BTreeMap<String, u64> = contacts
        .iter()
        .filter_map(|(id, c)| Some((c.link.as_ref()?.xero_id.to_string(), *id)))
        .collect();
    if claims != linked {
        bail!("the links {linked:?} are not the claims {claims:?}");
    }
    Ok(())
}

/// One BigChange contact is never two Xero contacts.
fn check_numbers(in_xero: &[Value]) -> anyhow::Result<()> {
    for field in ["ContactNumber", "Name"] {
        let mut seen = BTreeMap::<String, usize>::new();
        for contact in in_xero {
            *seen.entry(text(contact, field).to_lowercase()).or_default() += 1;
        }
        seen.remove("");
        if let Some((value, times)) = seen.iter().find(|(_, times)| **times > 1) {
            bail!("{times} Xero contacts have the {field} {value:?}");
        }
    }
    Ok(())
}

async fn by_contact<R: Record>(records: &Records) -> anyhow::Result<BTreeMap<u64, R>> {
    let records = records.list::<R>("").await?;
    records
        .into_iter()
        .map(|record| Ok((record.sort_key.parse::<ContactId>()?.get(), record.value)))
        .collect()
}

fn is_twin(id: u64) -> bool {
    TWINS.iter().flatten().any(|twin| *twin == id)
}

/// Everything but the time of the last save, which the clock decides.
fn in_bigchange(contact: &FakeContact) -> String {
    let mut contact = contact.clone();
    contact.last_updated = None;
    contact.deleted_at = None;
    if is_twin(contact.id) {
        // Whether these were written depends on which one came first; the outcomes tell.
        contact.account_reference.clear();
        contact.contact_reference.clear();
        contact.account_type = None;
    }
    format!("BigChange {contact:?}")
}

/// Everything but ids, times, and which of two twins it is.
fn in_organisation(contact: &Value) -> String {
    let number = text(contact, "ContactNumber");
    let ours = number.strip_prefix("BigChange-");
    if ours.is_some_and(|id| id.parse().is_ok_and(is_twin)) {
        let name = first_word(text(contact, "Name"));
        let status = text(contact, "ContactStatus");
        return format!("Xero: a contact of ours, {name}, {status}");
    }
    let mut contact = contact.clone();
    if let Some(fields) = contact.as_object_mut() {
        fields.remove("ContactID");
        fields.remove("UpdatedDateUTC");
    }
    format!("Xero {contact}")
}

fn text<'a>(contact: &'a Value, field: &str) -> &'a str {
    contact[field].as_str().unwrap_or_default()
}

/// All that two twins have in common.
fn first_word(text: &str) -> &str {
    text.split([' ', ':']).next().unwrap_or_default()
}
